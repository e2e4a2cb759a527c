/* A poster, the callbacks that it has, and what it tells. Criterion fails a wait that is too long. */
#pragma once

#include <criterion/criterion.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "callback/poster.h"
#include "receiver.h"

#define BODY "{\"id\":\"1\",\"text\":\"Gr\u00fc\u00dfe\"}"
#define LOOPBACK "127.0.0.0/8,::1/128"
#define BENCH_WAIT_S 40

struct bench {
    struct ord_poster *poster;
    struct ord_callback_port port;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    pthread_t caller; /* that `done` must not run in */
    unsigned fails, works, unusable;
    char reason[ORD_ERROR_TEXT_MAX], door[300];
};

struct item {
    struct ord_callback callback; /* first */
    struct bench *bench;
    unsigned done;
    bool is_accepted;
};

static inline void bench_tell(void *context, enum ord_poster_news news, const char *door, const char *reason)
{
    struct bench *bench = context;
    pthread_mutex_lock(&bench->lock);
    bench->fails += news == ORD_POSTER_FAILS;
    bench->works += news == ORD_POSTER_WORKS;
    bench->unusable += news == ORD_POSTER_UNUSABLE;
    if (reason)
        snprintf(bench->reason, sizeof bench->reason, "%s", reason);
    if (door)
        snprintf(bench->door, sizeof bench->door, "%s", door);
    pthread_cond_broadcast(&bench->changed);
    pthread_mutex_unlock(&bench->lock);
}

static inline void bench_open(struct bench *bench, const char *networks)
{
    struct ord_poster_options options = {.networks_text = networks, .tell = bench_tell, .context = bench};
    struct ord_error error = {0};
    *bench = (struct bench){.caller = pthread_self()};
    pthread_mutex_init(&bench->lock, NULL);
    pthread_cond_init(&bench->changed, NULL);
    cr_assert_eq(ord_networks_parse(networks, &options.networks, &error), ORD_OK, "%s", error.text);
    cr_assert_eq(ord_poster_open(&options, &bench->poster, &error), ORD_OK, "%s", error.text);
    bench->port = ord_poster_port(bench->poster);
}

static inline void bench_close(struct bench *bench)
{
    cr_assert_null(ord_poster_close(bench->poster));
}

static inline void item_done(struct ord_callback *callback, bool is_accepted)
{
    struct item *item = (struct item *)callback;
    cr_assert_not(pthread_equal(pthread_self(), item->bench->caller));
    cr_assert_null(callback->work);
    pthread_mutex_lock(&item->bench->lock);
    item->done++;
    item->is_accepted = is_accepted;
    pthread_cond_broadcast(&item->bench->changed);
    pthread_mutex_unlock(&item->bench->lock);
}

static inline void item_post(struct bench *bench, struct item *item, const char *url)
{
    *item = (struct item){.callback = {.url = url, .body = BODY, .size = strlen(BODY), .done = item_done},
                          .bench = bench};
    bench->port.post(bench->port.context, &item->callback);
}

static inline void item_cancel(struct item *item)
{
    struct bench *bench = item->bench;
    bench->port.cancel(bench->port.context, &item->callback);
}

/* Waits until `*number` is `least` or more; the lock is held while it changes. */
static inline void bench_wait(struct bench *bench, const unsigned *number, unsigned least)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += BENCH_WAIT_S;
    pthread_mutex_lock(&bench->lock);
    while (*number < least && pthread_cond_timedwait(&bench->changed, &bench->lock, &until) == 0)
        ;
    unsigned reached = *number;
    pthread_mutex_unlock(&bench->lock);
    cr_assert_geq(reached, least, "%s", bench->reason);
}

static inline bool item_wait(struct item *item)
{
    bench_wait(item->bench, &item->done, 1);
    cr_assert_eq(item->done, 1);
    return item->is_accepted;
}

static inline uint64_t bench_tries(const struct bench *bench, enum ord_callback_outcome outcome)
{
    return bench->port.tries(bench->port.context, outcome);
}

/* Waits until so many tries ended that way. */
static inline void bench_wait_tries(const struct bench *bench, enum ord_callback_outcome outcome,
                                    uint64_t least)
{
    for (int i = 0; bench_tries(bench, outcome) < least; i++) {
        cr_assert_lt(i, BENCH_WAIT_S * 1000, "%s", bench->reason);
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
}
