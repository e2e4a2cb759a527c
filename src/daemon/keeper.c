#include "daemon/keeper.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/time.h"
#include "daemon/ticker.h"

struct ord_keeper {
    struct ord_service *service;
    struct ord_ticker *keeping, *watching;
    bool failing; /* this and the next are what was logged last; the keeping thread's own */
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

static void keep(void *context)
{
    struct ord_keeper *keeper = context;
    struct ord_error error;
    log_reservation(keeper, ord_service_keep(keeper->service, &error), &error);
    log_clock(keeper);
}

/* Beside keep, since a disk that hangs holds keep up. */
static void watch(void *context)
{
    struct ord_keeper *keeper = context;
    struct ord_health *health = ord_service_health(keeper->service);
    if (!ord_service_is_covered(keeper->service)) {
        if (ord_health_move(health, ORD_SERVING, ORD_UNRESERVED))
            ord_log(ORD_LOG_ERROR, "no IDs can be given: the reservation is used up", NULL);
    } else if (ord_health_move(health, ORD_UNRESERVED, ORD_SERVING)) {
        ord_log(ORD_LOG_INFO, "IDs are given again", NULL);
    }
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
    enum ord_code code = ord_ticker_start(ORD_KEEP_MS, keep, keeper, &keeper->keeping, error);
    if (code == ORD_OK)
        code = ord_ticker_start(ORD_KEEP_MS, watch, keeper, &keeper->watching, error);
    if (code != ORD_OK) {
        ord_keeper_stop(keeper);
        return ord_wrap(error, "start keeper");
    }
    *ret_keeper = keeper;
    return ORD_OK;
}

struct ord_keeper *ord_keeper_stop(struct ord_keeper *keeper)
{
    if (!keeper)
        return NULL;
    keeper->watching = ord_ticker_stop(keeper->watching);
    keeper->keeping = ord_ticker_stop(keeper->keeping);
    free(keeper);
    return NULL;
}
