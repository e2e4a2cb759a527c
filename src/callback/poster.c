#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "callback/internal.h"
#include "callback/target.h"

/* How long the thread sleeps when nothing is due, and when something could not be had. */
#define REST_MS 60000
#define LACK_MS 200

char ord_work_new, ord_work_withdrawn;

uint64_t ord_poster_now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void wake(struct ord_poster *poster)
{
    eventfd_write(poster->wake, 1);
}

static enum ord_code check(void *context, const char *url, struct ord_error *error)
{
    struct ord_poster *poster = context;
    const struct ord_curl *curl;
    char door[ORD_DOOR_TEXT_MAX];
    enum ord_code code = ord_curl_load(&curl, error);
    return code == ORD_OK ? ord_target_read(curl, &poster->options, url, door, error) : code;
}

static void post(void *context, struct ord_callback *callback)
{
    struct ord_poster *poster = context;
    callback->next = NULL;
    pthread_mutex_lock(&poster->lock);
    callback->work = &ord_work_new;
    *poster->inbox_end = callback;
    poster->inbox_end = &callback->next;
    bool is_first = poster->inbox == callback;
    pthread_mutex_unlock(&poster->lock);
    if (is_first)
        wake(poster);
}

static void cancel(void *context, struct ord_callback *callback)
{
    struct ord_poster *poster = context;
    pthread_mutex_lock(&poster->lock);
    if (callback->work == &ord_work_new) {
        callback->work = &ord_work_withdrawn;
    } else if (callback->work && callback->work != &ord_work_withdrawn) {
        struct ord_post *found = callback->work;
        if (!found->is_cancelled)
            TAILQ_INSERT_TAIL(&poster->cancelled, found, cancelled);
        found->is_cancelled = true;
    }
    pthread_mutex_unlock(&poster->lock);
    wake(poster);
}

static uint64_t tries(void *context, enum ord_callback_outcome outcome)
{
    struct ord_poster *poster = context;
    return atomic_load_explicit(&poster->tries[outcome], memory_order_relaxed);
}

struct ord_callback_port ord_poster_port(struct ord_poster *poster)
{
    return (struct ord_callback_port){
        .context = poster, .check = check, .post = post, .cancel = cancel, .tries = tries};
}

/* What every post says of itself. False: no memory. */
static bool make_headers(struct ord_poster *poster)
{
    static const char *const lines[] = {"Content-Type: application/json", "Forwarded: for=unknown", "Expect:"};
    const struct ord_curl *curl = poster->curl;
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        struct curl_slist *longer = curl->slist_append(poster->headers, lines[i]);
        if (!longer) {
            curl->slist_free_all(poster->headers);
            poster->headers = NULL;
            return false;
        }
        poster->headers = longer;
    }
    return true;
}

/* Prepares libcurl, before the first post. What has no memory is tried again later. */
static void load(struct ord_poster *poster)
{
    struct ord_error error;
    const struct ord_curl *curl;
    if (ord_curl_load(&curl, &error) != ORD_OK) {
        poster->is_unusable = true;
        if (poster->options.tell)
            poster->options.tell(poster->options.context, ORD_POSTER_UNUSABLE, NULL, error.text);
        return;
    }
    poster->curl = curl;
    poster->multi = curl->multi_init();
    if (!poster->multi ||
        curl->multi_setopt(poster->multi, CURLMOPT_MAXCONNECTS, (long)ORD_POSTER_MAX) != CURLM_OK ||
        !make_headers(poster)) {
        if (poster->multi)
            curl->multi_cleanup(poster->multi);
        poster->multi = NULL;
        poster->curl = NULL;
    }
}

static bool read_orders(struct ord_poster *poster, bool *ret_has_inbox)
{
    pthread_mutex_lock(&poster->lock);
    *ret_has_inbox = poster->inbox != NULL;
    bool go_on = !poster->is_stopping;
    pthread_mutex_unlock(&poster->lock);
    return go_on;
}

/* Lets libcurl work, and deals with what ended. */
static void perform(struct ord_poster *poster, uint64_t now_ms)
{
    const struct ord_curl *curl = poster->curl;
    int running, queued;
    curl->multi_perform(poster->multi, &running);
    for (CURLMsg *message; (message = curl->multi_info_read(poster->multi, &queued));) {
        char *owner = NULL;
        CURLcode result = message->data.result; /* the message goes with the try */
        curl->easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &owner);
        ord_poster_conclude(poster, (struct ord_post *)owner, result, now_ms);
    }
}

static void rest(struct ord_poster *poster, bool lacks, uint64_t now_ms)
{
    int64_t pause_ms = ord_wheel_wait_ms(&poster->pauses, now_ms);
    int timeout_ms = pause_ms >= 0 && pause_ms < REST_MS ? (int)pause_ms : REST_MS;
    if (lacks && timeout_ms > LACK_MS)
        timeout_ms = LACK_MS;
    if (poster->curl) {
        struct curl_waitfd woken = {.fd = poster->wake, .events = CURL_WAIT_POLLIN};
        poster->curl->multi_poll(poster->multi, &woken, 1, timeout_ms, NULL);
    } else {
        struct pollfd woken = {.fd = poster->wake, .events = POLLIN};
        poll(&woken, 1, timeout_ms);
    }
    eventfd_t ignored;
    eventfd_read(poster->wake, &ignored);
}

/* One round; false when it is time to stop. */
static bool turn(struct ord_poster *poster)
{
    bool has_inbox;
    uint64_t now_ms = ord_poster_now_ms();
    if (!read_orders(poster, &has_inbox))
        return false;
    if (has_inbox && !poster->curl && !poster->is_unusable)
        load(poster);
    ord_poster_admit(poster, now_ms);
    if (poster->curl) {
        perform(poster, now_ms);
        ord_poster_drop_cancelled(poster, now_ms);
        ord_poster_resume(poster, now_ms);
        ord_poster_start_tries(poster, now_ms);
        ord_doors_sweep(&poster->doors, now_ms);
    }
    read_orders(poster, &has_inbox);
    rest(poster, has_inbox && !poster->is_unusable, now_ms);
    return true;
}

/* Nobody posts any more. */
static void give_up(struct ord_poster *poster)
{
    uint64_t now_ms = ord_poster_now_ms();
    for (struct ord_callback *callback = poster->inbox; callback; callback = callback->next)
        callback->work = &ord_work_withdrawn;
    ord_poster_admit(poster, now_ms);
    ord_poster_drop_all(poster, now_ms);
}

static void *run(void *context)
{
    struct ord_poster *poster = context;
    while (turn(poster))
        ;
    give_up(poster);
    return NULL;
}

static struct ord_poster *discard(struct ord_poster *poster)
{
    ord_poster_free_spare(poster);
    if (poster->curl) {
        poster->curl->multi_cleanup(poster->multi);
        poster->curl->slist_free_all(poster->headers);
    }
    ord_doors_finish(&poster->doors);
    pthread_mutex_destroy(&poster->lock);
    if (poster->wake >= 0)
        close(poster->wake);
    free(poster);
    return NULL;
}

static void prepare(struct ord_poster *poster, const struct ord_poster_options *options)
{
    poster->options = *options;
    poster->inbox_end = &poster->inbox;
    TAILQ_INIT(&poster->cancelled);
    TAILQ_INIT(&poster->posts);
    SLIST_INIT(&poster->spare);
    ord_wheel_init(&poster->pauses, ord_poster_now_ms());
    ord_doors_init(&poster->doors);
    pthread_mutex_init(&poster->lock, NULL);
    poster->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
}

enum ord_code ord_poster_open(const struct ord_poster_options *options, struct ord_poster **ret_poster,
                              struct ord_error *error)
{
    struct ord_poster *poster = calloc(1, sizeof *poster);
    if (!poster)
        return ord_fail(error, ORD_INTERNAL, "no memory");
    prepare(poster, options);
    int errnum = poster->wake < 0 ? errno : pthread_create(&poster->thread, NULL, run, poster);
    if (errnum != 0) {
        discard(poster);
        return ord_fail_errno(error, errnum, "start posting to members");
    }
    *ret_poster = poster;
    return ORD_OK;
}

struct ord_poster *ord_poster_close(struct ord_poster *poster)
{
    if (!poster)
        return NULL;
    pthread_mutex_lock(&poster->lock);
    poster->is_stopping = true;
    pthread_mutex_unlock(&poster->lock);
    wake(poster);
    pthread_join(poster->thread, NULL);
    return discard(poster);
}
