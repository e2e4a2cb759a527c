#include "daemon/ticker.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>

struct ord_ticker {
    uint32_t pause_ms;
    void (*tick)(void *context);
    void *context;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool stop;
};

/* Waits one pause; false when it is time to stop. */
static bool wait_pause(struct ord_ticker *ticker)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += ticker->pause_ms * 1000000L;
    until.tv_sec += until.tv_nsec / 1000000000L;
    until.tv_nsec %= 1000000000L;

    pthread_mutex_lock(&ticker->lock);
    int timeout = 0;
    while (!ticker->stop && timeout == 0)
        timeout = pthread_cond_timedwait(&ticker->wake, &ticker->lock, &until);
    bool go_on = !ticker->stop;
    pthread_mutex_unlock(&ticker->lock);
    return go_on;
}

static void *run(void *context)
{
    struct ord_ticker *ticker = context;
    while (wait_pause(ticker))
        ticker->tick(ticker->context);
    return NULL;
}

static void init_wake(pthread_cond_t *ret)
{
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(ret, &attributes);
    pthread_condattr_destroy(&attributes);
}

static struct ord_ticker *discard(struct ord_ticker *ticker)
{
    pthread_cond_destroy(&ticker->wake);
    pthread_mutex_destroy(&ticker->lock);
    free(ticker);
    return NULL;
}

enum ord_code ord_ticker_start(uint32_t pause_ms, void (*tick)(void *context), void *context,
                               struct ord_ticker **ret_ticker, struct ord_error *error)
{
    struct ord_ticker *ticker = calloc(1, sizeof *ticker);
    if (!ticker)
        return ord_fail(error, ORD_INTERNAL, "no memory");
    ticker->pause_ms = pause_ms;
    ticker->tick = tick;
    ticker->context = context;
    pthread_mutex_init(&ticker->lock, NULL);
    init_wake(&ticker->wake);

    int errnum = pthread_create(&ticker->thread, NULL, run, ticker);
    if (errnum != 0) {
        discard(ticker);
        return ord_fail_errno(error, errnum, "start a thread");
    }
    *ret_ticker = ticker;
    return ORD_OK;
}

struct ord_ticker *ord_ticker_stop(struct ord_ticker *ticker)
{
    if (!ticker)
        return NULL;
    pthread_mutex_lock(&ticker->lock);
    ticker->stop = true;
    pthread_cond_signal(&ticker->wake);
    pthread_mutex_unlock(&ticker->lock);
    pthread_join(ticker->thread, NULL);
    return discard(ticker);
}
