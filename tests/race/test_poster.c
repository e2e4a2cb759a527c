/*
 * One thread posts and cancels as the engine does, and frees what is done; others ask about URLs and count.
 * Each callback is told of exactly once, and not touched afterwards. A plain main, since Criterion cannot run
 * under ThreadSanitizer.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "callback/poster.h"
#include "unit/callback/receiver.h"

enum {
    POSTS = 3000,
    ASKERS = 2,
    AT_A_TIME = 200,
    WAIT_S = 60
};

struct item {
    struct ord_callback callback; /* first */
    unsigned done;
    bool is_accepted;
    struct item *next; /* in the list of those that are done */
};

static struct ord_poster *poster;
static struct ord_callback_port port;
static char good_url[64], bad_url[64], silent_url[64];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static struct item *finished;
static struct item *items[AT_A_TIME];
static unsigned accepted, given_up;
static atomic_bool is_over;

static void fail(const char *what)
{
    printf("not ok 1 - %s\n", what);
    fflush(stdout);
    _Exit(1);
}

static void done(struct ord_callback *callback, bool is_accepted)
{
    struct item *item = (struct item *)callback;
    pthread_mutex_lock(&lock);
    item->done++;
    item->is_accepted = is_accepted;
    item->next = finished;
    finished = item;
    pthread_cond_signal(&changed);
    pthread_mutex_unlock(&lock);
}

static void tell(void *context, enum ord_poster_news news, const char *door, const char *reason)
{
}

/* Frees what is done; with `waits` there is something, or the test fails. */
static void reap(bool waits)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += WAIT_S;
    pthread_mutex_lock(&lock);
    while (waits && !finished)
        if (pthread_cond_timedwait(&changed, &lock, &until) != 0)
            fail("a callback is not told of");
    struct item *list = finished;
    finished = NULL;
    pthread_mutex_unlock(&lock);
    for (struct item *item; (item = list);) {
        list = item->next;
        if (item->done != 1)
            fail("a callback is told of twice");
        accepted += item->is_accepted;
        given_up += !item->is_accepted;
        for (int i = 0; i < AT_A_TIME; i++)
            if (items[i] == item)
                items[i] = NULL;
        memset(item, 0xee, sizeof *item);
        free(item);
    }
}

static void *ask(void *context)
{
    struct ord_error error;
    while (!is_over) {
        if (port.check(port.context, good_url, &error) != ORD_OK)
            fail(error.text);
        if (port.check(port.context, "http://10.0.0.1/", &error) != ORD_OUT_OF_RANGE)
            fail("10.0.0.1 is allowed");
        port.tries(port.context, ORD_CALLBACK_ACCEPTED);
    }
    return NULL;
}

static void post_one(int place, unsigned lot)
{
    struct item *item = calloc(1, sizeof *item);
    const char *url = lot % 16 == 0 ? silent_url : lot % 4 == 0 ? bad_url : good_url;
    item->callback = (struct ord_callback){.url = url, .body = "{}", .size = 2, .done = done};
    items[place] = item;
    port.post(port.context, &item->callback);
}

static bool has_good(void)
{
    for (int i = 0; i < AT_A_TIME; i++)
        if (items[i] && items[i]->callback.url == good_url)
            return true;
    return false;
}

static void run(void)
{
    unsigned seed = 1;
    for (int posted = 0; posted < POSTS;) {
        int place = rand_r(&seed) % AT_A_TIME;
        unsigned lot = (unsigned)rand_r(&seed);
        bool is_free = !items[place];
        if (is_free) {
            post_one(place, lot);
            posted++;
        } else if (lot % 8 == 0) {
            port.cancel(port.context, &items[place]->callback);
        }
        reap(!is_free && has_good()); /* good ones are done soon, whatever becomes of the others */
    }
    for (int i = 0; i < AT_A_TIME; i++)
        if (items[i] && items[i]->callback.url != good_url)
            port.cancel(port.context, &items[i]->callback);
    while (accepted + given_up < POSTS)
        reap(true);
}

static void open_poster(void)
{
    struct ord_poster_options options = {.networks_text = "127.0.0.0/8", .tell = tell};
    struct ord_error error;
    if (ord_networks_parse(options.networks_text, &options.networks, &error) != ORD_OK ||
        ord_poster_open(&options, &poster, &error) != ORD_OK)
        fail(error.text);
    port = ord_poster_port(poster);
}

int main(void)
{
    pthread_t askers[ASKERS];
    struct receiver *good = receiver_open(), *bad = receiver_open(), *silent = receiver_open();
    snprintf(good_url, sizeof good_url, "%s", receiver_url(good, "/ok"));
    snprintf(bad_url, sizeof bad_url, "%s", receiver_url(bad, "/status/503"));
    snprintf(silent_url, sizeof silent_url, "%s", receiver_url(silent, "/never"));
    printf("1..1\n");
    open_poster();
    for (int i = 0; i < ASKERS; i++)
        pthread_create(&askers[i], NULL, ask, NULL);
    run();
    is_over = true;
    for (int i = 0; i < ASKERS; i++)
        pthread_join(askers[i], NULL);
    if (accepted == 0 || given_up == 0 || receiver_posts(good) < accepted)
        fail("too few were accepted, given up, or came");
    ord_poster_close(poster);
    receiver_close(silent);
    receiver_close(bad);
    receiver_close(good);
    printf("ok 1 - %u accepted, %u given up\n", accepted, given_up);
    return 0;
}
