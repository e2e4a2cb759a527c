#include "daemon/keeper.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/log.h"
#include "base/time.h"

struct ord_keeper {
    struct ord_service *service;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool stop;
    bool failing; /* this and the next are what was logged last; the thread's own */
    struct ord_service_clock clock;
    int64_t boot_us;
};

static void log_reservation(struct ord_keeper *keeper, enum ord_code code, const struct ord_error *error)
{
    bool failing = code != ORD_OK;
    if (failing && !keeper->failing)
        ord_log(ORD_LOG_ERROR, "reservation cannot be renewed; IDs are given up to the old limit", "error",
                error->text, NULL);
    else if (!failing && keeper->failing)
        ord_log(ORD_LOG_INFO, "reservation is renewed again", NULL);
    keeper->failing = failing;
}

/* What is said when a state of the clock is reached. */
static const struct {
    enum ord_log_level level;
    const char *message;
} clock_states[] = {
    [ORD_CLOCK_FOLLOWING] = {ORD_LOG_INFO, "wall clock is near again; IDs follow it"},
    [ORD_CLOCK_QUARANTINED] = {ORD_LOG_WARN, "wall clock stepped forward; IDs do not follow it until `ordinal "
                                             "clock accept`; `ordinal clock reject` if it is wrong"},
    [ORD_CLOCK_ACCEPTED] = {ORD_LOG_INFO, "wall clock's step is accepted; IDs follow once they are reserved"},
    [ORD_CLOCK_REJECTED] = {ORD_LOG_INFO, "wall clock's step is rejected; IDs do not follow it"},
};

static void log_seconds(enum ord_log_level level, const char *message, const char *key, int64_t us)
{
    char seconds[32];
    snprintf(seconds, sizeof seconds, "%.3f", (double)us / 1e6);
    ord_log(level, message, key, seconds, NULL);
}

static void log_clock(struct ord_keeper *keeper)
{
    struct ord_service_clock last = keeper->clock, clock = ord_service_clock(keeper->service);
    int64_t boot_us = ord_boot_ns() / 1000, passed_us = boot_us - keeper->boot_us;
    keeper->clock = clock;
    keeper->boot_us = boot_us;
    if (clock.leaps != last.leaps)
        log_seconds(ORD_LOG_WARN, "the clock leapt forward to the wall clock", "leap_seconds",
                    clock.now_us - last.now_us - passed_us);
    bool leapt_there = clock.leaps != last.leaps && clock.step.state == ORD_CLOCK_FOLLOWING;
    bool is_news = clock.step.state != last.step.state || clock.step.size_ns != last.step.size_ns;
    if (is_news && !leapt_there)
        log_seconds(clock_states[clock.step.state].level, clock_states[clock.step.state].message,
                    "ahead_seconds", clock.wall_us - clock.now_us);
}

static void keep(struct ord_keeper *keeper)
{
    struct ord_error error;
    log_reservation(keeper, ord_service_keep(keeper->service, &error), &error);
    log_clock(keeper);
}

/* Waits one period; false when it is time to stop. */
static bool wait_period(struct ord_keeper *keeper)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += ORD_KEEP_MS * 1000000L;
    until.tv_sec += until.tv_nsec / 1000000000L;
    until.tv_nsec %= 1000000000L;

    pthread_mutex_lock(&keeper->lock);
    int timeout = 0;
    while (!keeper->stop && timeout == 0)
        timeout = pthread_cond_timedwait(&keeper->wake, &keeper->lock, &until);
    bool go_on = !keeper->stop;
    pthread_mutex_unlock(&keeper->lock);
    return go_on;
}

static void *run(void *context)
{
    struct ord_keeper *keeper = context;
    while (wait_period(keeper))
        keep(keeper);
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

enum ord_code ord_keeper_start(struct ord_service *service, struct ord_keeper **ret_keeper,
                               struct ord_error *error)
{
    struct ord_keeper *keeper = calloc(1, sizeof *keeper);
    if (!keeper)
        return ord_fail(error, ORD_INTERNAL, "start keeper: no memory");
    keeper->service = service;
    keeper->clock = ord_service_clock(service);
    keeper->boot_us = ord_boot_ns() / 1000;
    pthread_mutex_init(&keeper->lock, NULL);
    init_wake(&keeper->wake);

    int errnum = pthread_create(&keeper->thread, NULL, run, keeper);
    if (errnum != 0) {
        pthread_cond_destroy(&keeper->wake);
        pthread_mutex_destroy(&keeper->lock);
        free(keeper);
        return ord_fail_errno(error, errnum, "start keeper");
    }
    *ret_keeper = keeper;
    return ORD_OK;
}

struct ord_keeper *ord_keeper_stop(struct ord_keeper *keeper)
{
    if (!keeper)
        return NULL;
    pthread_mutex_lock(&keeper->lock);
    keeper->stop = true;
    pthread_cond_signal(&keeper->wake);
    pthread_mutex_unlock(&keeper->lock);
    pthread_join(keeper->thread, NULL);
    pthread_cond_destroy(&keeper->wake);
    pthread_mutex_destroy(&keeper->lock);
    free(keeper);
    return NULL;
}
