#include "api/service.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/metrics_private.h"
#include "api/once.h"
#include "api/ranks_messages.h"
#include "base/time.h"
#include "core/generator.h"
#include "sequence/sequences.h"

/* Beyond what can be claimed at once, a reservation covers 2 s: one is made about once a second. */
#define RESERVATION_SPAN_US 2000000

/* Idle ticks rotate through a sixteenth of their slots, 256 at most. */
#define SPREAD_PART 16
#define SPREAD_MAX 256

#define HOUR_US (UINT64_C(3600) * 1000000)

/* A service whose reservation is behind is worth asking again after this. */
#define RETRY_MS 1000

struct ord_service {
    struct ord_generator generator;
    struct ord_clock clock;
    int64_t start_us;
    struct ord_place place;
    struct ord_reservation_port port;
    struct ord_reservation_policy policy;
    uint64_t ticks, tags; /* how many the layout has */
    uint64_t max_wait_ticks;
    uint32_t count_max;
    uint64_t max_clock_gap_us;
    bool accepts_steps;
    pthread_mutex_t trouble_lock;
    struct ord_once *once;           /* NULL: no keys are taken */
    struct ord_sequences *sequences; /* NULL: there are none */
    struct ord_ranks *ranks;         /* NULL: there are no groups */
    char trouble[256];               /* why the last reservation failed; empty: it did not */
    struct ord_health health;
    struct ord_metrics metrics;
};

static uint64_t ticks_of(const struct ord_layout *layout, uint64_t us)
{
    return (us + layout->unit_us - 1) / layout->unit_us;
}

static uint64_t min(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t max(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

static int64_t now_us(const struct ord_service *service)
{
    return ord_clock_now(&service->clock, ord_boot_ns()) / 1000;
}

/* The disciplined clock's tick. A clock past the layout's end reads as the tick after the last, where the
 * generator refuses; one before the epoch cannot be, for the service did not open. */
static uint64_t now_tick(const struct ord_service *service)
{
    return min(ord_clock_tick(&service->clock, ord_boot_ns()), service->ticks);
}

/* Remembers how a reservation went, for the metrics and for those who are refused because of it. */
static void note_reservation(struct ord_service *service, bool is_ok, const char *trouble)
{
    atomic_fetch_add_explicit(&service->metrics.reservations[is_ok], 1, memory_order_relaxed);
    atomic_store_explicit(&service->metrics.reservation_failing, !is_ok, memory_order_relaxed);
    pthread_mutex_lock(&service->trouble_lock);
    snprintf(service->trouble, sizeof service->trouble, "%.255s", trouble);
    pthread_mutex_unlock(&service->trouble_lock);
}

/* Makes a reservation durable that lasts from `tick` on. Never one below what may be given already: a step that
 * was rejected while it was reserved for leaves a limit far ahead. */
static enum ord_code reserve(struct ord_service *service, uint64_t tick, struct ord_error *error)
{
    uint64_t target = ord_reservation_target(&service->policy, service->place.slots_per_tick, tick);
    uint64_t limit = max(target, ord_generator_limit(&service->generator));
    struct ord_error cause = {0};
    enum ord_code code = service->port.extend(service->port.context, limit, &cause);
    note_reservation(service, code == ORD_OK, cause.text);
    if (code != ORD_OK)
        return ord_fail(error, code, "reserve: %s", cause.text);
    ord_generator_raise_limit(&service->generator, limit);
    return ORD_OK;
}

static void set_bounds(struct ord_service *service, const struct ord_service_options *options)
{
    const struct ord_place *place = &service->place;
    uint64_t borrow_ticks = ticks_of(&place->layout, options->borrow_us);
    service->max_wait_ticks = options->max_wait_us / place->layout.unit_us;
    service->count_max = (uint32_t)min(ORD_COUNT_MAX, max(1, borrow_ticks) * place->slots_per_tick);
    service->policy = (struct ord_reservation_policy){
        .lead_ticks = borrow_ticks + service->max_wait_ticks,
        .span_ticks = max(2, ticks_of(&place->layout, RESERVATION_SPAN_US)),
    };
}

/* Sets clock and generator to start at or above `used`, the slots that earlier runs may have given. */
static void start(struct ord_service *service, const struct ord_service_options *options, uint64_t used)
{
    const struct ord_place *place = &service->place;
    uint64_t used_ticks = (used + place->slots_per_tick - 1) / place->slots_per_tick;
    int64_t wall_ns, boot_ns;
    ord_clocks_read(&wall_ns, &boot_ns);
    ord_clock_anchor(&service->clock, wall_ns, ord_layout_time_of(&place->layout, used_ticks) * 1000, boot_ns);
    ord_clock_set_ticks(&service->clock, place->layout.epoch_us, place->layout.unit_us);
    if (options->clock_threshold_us > 0)
        service->clock.threshold_ns = (int64_t)options->clock_threshold_us * 1000;

    uint32_t spread = place->slots_per_tick / SPREAD_PART;
    struct ord_generator_options generator = {
        .slots_per_tick = place->slots_per_tick,
        .ticks = service->ticks,
        .borrow_ticks = ticks_of(&place->layout, options->borrow_us),
        .spread = (uint32_t)max(1, min(spread, SPREAD_MAX)),
        .start = max(now_tick(service) * place->slots_per_tick, used),
    };
    ord_generator_init(&service->generator, &generator);
    set_bounds(service, options);
}

/* How many hours lie between two times, if that is more than `max_us` (0: any is allowed); else 0. */
static uint64_t gap_hours(int64_t a_us, int64_t b_us, uint64_t max_us)
{
    uint64_t gap_us = (uint64_t)(a_us > b_us ? a_us - b_us : b_us - a_us);
    return max_us == 0 || gap_us <= max_us ? 0 : max(1, gap_us / HOUR_US);
}

/* A run at a wrong time would spend the layout's time for good. The limit of earlier runs tells what time it
 * was then. */
static enum ord_code check_gaps(const struct ord_service_options *options, int64_t wall_us, uint64_t limit,
                                struct ord_error *error)
{
    const struct ord_place *place = &options->place;
    uint64_t max_us = options->max_clock_gap_us;
    int64_t limit_us = ord_layout_time_of(&place->layout, limit / place->slots_per_tick);
    int64_t floor_us = ord_layout_time_of(&place->layout, options->floor / place->slots_per_tick);
    char now[ORD_RFC3339_MAX], then[ORD_RFC3339_MAX];
    ord_rfc3339_format(wall_us, 0, now);

    uint64_t hours = limit > 0 ? gap_hours(wall_us, limit_us, max_us) : 0;
    ord_rfc3339_format(limit_us, 0, then);
    if (hours > 0)
        return ord_fail(error, ORD_OUT_OF_RANGE,
                        "the wall clock reads %s, but earlier runs reserved up to %s, %" PRIu64
                        "h away; allowed %" PRIu64
                        "h (--max-clock-gap). Set the clock right; or if it is right, "
                        "start once with --accept-clock-gap",
                        now, then, hours, max_us / HOUR_US);

    hours = floor_us > wall_us ? gap_hours(wall_us, floor_us, max_us) : 0;
    ord_rfc3339_format(floor_us, 0, then);
    if (hours > 0)
        return ord_fail(
            error, ORD_OUT_OF_RANGE,
            "the wall clock reads %s, but the adopted ID is of %s, %" PRIu64 "h later; allowed %" PRIu64
            "h (--max-clock-gap). Name the layout it was made in (--preset), or set the clock right; or "
            "if both are right, start once with --accept-clock-gap",
            now, then, hours, max_us / HOUR_US);
    return ORD_OK;
}

static enum ord_code take_one(void *context, int64_t *ret_id, struct ord_error *error)
{
    struct ord_ids ids;
    struct ord_run run;
    uint64_t wait_us;
    enum ord_code code = ord_service_take(context, 1, 0, 0, &ids, &wait_us, error);
    if (code != ORD_OK)
        return code;
    ord_ids_next_run(&ids, &run);
    *ret_id = run.first;
    return ORD_OK;
}

static int64_t tell_now_us(void *context)
{
    return now_us(context);
}

static enum ord_code open_ranks(struct ord_service *service, const struct ord_group_options *options,
                                struct ord_error *error)
{
    struct ord_rank_options ranks = {
        .place = service->place,
        .store = options->port,
        .callbacks = options->callbacks,
        .limits = options->limits,
        .groups_max = options->max,
        .log = options->log,
        .context = service,
        .take = take_one,
        .now_us = tell_now_us,
        .body = ord_command_body,
    };
    return ord_ranks_open(&ranks, &service->ranks, error);
}

/* Workers each have a place of their own in storage, and could not keep one order. */
static enum ord_code open_sequences(struct ord_service *service, const struct ord_sequence_options *options,
                                    struct ord_error *error)
{
    struct ord_sequences_options wanted = {
        .port = options->port,
        .request_max = options->request_max,
        .request_life_us = options->request_life_us,
        .counts_names = options->counts_names,
        .now_us = tell_now_us,
        .now_context = service,
    };
    if (!options->port.commit || service->place.workers > 1)
        return ORD_OK;
    return ord_sequences_open(&wanted, &service->sequences, error);
}

enum ord_code ord_service_open(const struct ord_service_options *options, struct ord_service **ret_service,
                               struct ord_error *error)
{
    int64_t wall_ns = ord_wall_ns();
    uint64_t tick;
    if (ord_layout_tick_at(&options->place.layout, wall_ns / 1000, &tick, error) != ORD_OK)
        return ord_wrap(error, "wall clock");

    struct ord_service *service = aligned_alloc(alignof(struct ord_service), sizeof *service);
    if (!service)
        return ord_fail(error, ORD_INTERNAL, "no memory");
    *service = (struct ord_service){
        .start_us = wall_ns / 1000,
        .place = options->place,
        .port = options->port,
        .ticks = ord_layout_values(&options->place.layout, ORD_TICK),
        .tags = ord_layout_values(&options->place.layout, ORD_TAG),
        .max_clock_gap_us = options->max_clock_gap_us,
        .accepts_steps = options->accepts_steps,
    };
    pthread_mutex_init(&service->trouble_lock, NULL);

    struct ord_claim claim;
    enum ord_code code = service->port.claim(service->port.context, &service->place, &claim, error);
    if (code == ORD_OK && !options->ignores_gap)
        code = check_gaps(options, wall_ns / 1000, claim.limit, error);
    if (code != ORD_OK)
        goto fail;
    service->place.node = claim.node;
    start(service, options, max(claim.limit, options->floor));
    code = reserve(service, now_tick(service), error);
    if (code == ORD_OK && options->requests.max > 0)
        code =
            ord_once_open(service, &options->requests, service->metrics.request_commits, &service->once, error);
    if (code == ORD_OK && options->groups.port.load)
        code = open_ranks(service, &options->groups, error);
    if (code == ORD_OK)
        code = open_sequences(service, &options->sequences, error);
    if (code != ORD_OK)
        goto fail;
    *ret_service = service;
    return ORD_OK;

fail:
    ord_ranks_close(service->ranks);
    ord_once_close(service->once);
    pthread_mutex_destroy(&service->trouble_lock);
    free(service);
    return code;
}

struct ord_service *ord_service_close(struct ord_service *service, struct ord_error *error)
{
    if (error)
        error->code = ORD_OK;
    if (!service)
        return NULL;
    service->ranks = ord_ranks_close(service->ranks);
    struct ord_error unwritten;
    service->sequences = ord_sequences_close(service->sequences, &unwritten);
    service->once = ord_once_close(service->once);
    uint64_t next = ord_generator_stop(&service->generator);
    if (service->port.release(service->port.context, next, error) != ORD_OK)
        ord_wrap(error, "release");
    else if (error && unwritten.code != ORD_OK)
        *error = unwritten;
    pthread_mutex_destroy(&service->trouble_lock);
    free(service);
    return NULL;
}

/* Whether a wall clock that is `ahead_us` ahead may be leapt to unasked. */
static bool is_within_gap(const struct ord_service *service, int64_t ahead_us)
{
    return service->max_clock_gap_us == 0 || ahead_us <= (int64_t)service->max_clock_gap_us;
}

/* Leaps over a step, if it is accepted. IDs go on from the time before it until those after it are reserved. */
static enum ord_code leap(struct ord_service *service, int64_t wall_ns, int64_t boot_ns,
                          struct ord_error *error)
{
    struct ord_clock_step step = ord_clock_step(&service->clock);
    uint64_t tick;
    if (step.state == ORD_CLOCK_FOLLOWING ||
        ord_layout_tick_at(&service->place.layout, wall_ns / 1000, &tick, NULL) != ORD_OK)
        return ORD_OK;
    if (step.state == ORD_CLOCK_QUARANTINED && service->accepts_steps &&
        is_within_gap(service, step.size_ns / 1000))
        ord_clock_accept(&service->clock);
    if (ord_clock_step(&service->clock).state != ORD_CLOCK_ACCEPTED)
        return ORD_OK;

    enum ord_code code = reserve(service, tick, error);
    if (code == ORD_OK)
        ord_clock_leap(&service->clock, wall_ns, boot_ns);
    return code;
}

enum ord_code ord_service_keep(struct ord_service *service, struct ord_error *error)
{
    int64_t wall_ns, boot_ns;
    ord_clocks_read(&wall_ns, &boot_ns);
    ord_clock_observe(&service->clock, wall_ns, boot_ns);
    enum ord_code code = leap(service, wall_ns, boot_ns, error);
    if (code != ORD_OK)
        return code;
    if (!ord_reservation_is_due(&service->policy, service->place.slots_per_tick, now_tick(service),
                                ord_generator_limit(&service->generator)))
        return ORD_OK;
    return reserve(service, now_tick(service), error);
}

static enum ord_code explain_unavailable(struct ord_service *service, struct ord_error *error)
{
    char trouble[sizeof service->trouble];
    pthread_mutex_lock(&service->trouble_lock);
    memcpy(trouble, service->trouble, sizeof trouble);
    pthread_mutex_unlock(&service->trouble_lock);
    if (!*trouble)
        return ord_fail_retry(error, ORD_UNAVAILABLE, RETRY_MS,
                              "no durable reservation covers more IDs just now");
    return ord_fail_retry(error, ORD_UNAVAILABLE, RETRY_MS, "the reservation cannot be renewed: %s", trouble);
}

/* Why the generator refused, in words and with the time after which to ask again. */
static enum ord_code explain(struct ord_service *service, enum ord_code code, uint64_t wait_ticks,
                             struct ord_error *error)
{
    uint64_t wait_ms = (wait_ticks * service->place.layout.unit_us + 999) / 1000;
    char end[ORD_RFC3339_MAX];
    switch (code) {
    case ORD_CAPACITY:
        return ord_fail_retry(error, code, (uint32_t)min(wait_ms, UINT32_MAX),
                              "all IDs up to the borrow limit are taken; there is room in %" PRIu64 " ms",
                              wait_ms);
    case ORD_UNAVAILABLE:
        return explain_unavailable(service, error);
    default:
        ord_rfc3339_format(ord_layout_end_us(&service->place.layout), 3, end);
        return ord_fail(error, code, "the layout's time ended at %s", end);
    }
}

enum ord_code ord_service_take(struct ord_service *service, uint32_t count, uint32_t tag, uint64_t max_wait_us,
                               struct ord_ids *ret_ids, uint64_t *ret_wait_us, struct ord_error *error)
{
    const struct ord_layout *layout = &service->place.layout;
    if (count < 1 || count > service->count_max)
        return ord_fail(error, ORD_OUT_OF_RANGE, "count: %" PRIu32 " is out of range; allowed 1 to %" PRIu32,
                        count, service->count_max);
    if (tag >= service->tags)
        return ord_fail(error, ORD_OUT_OF_RANGE,
                        "tag: %" PRIu32 " is out of range; allowed 0 to %" PRIu64
                        " (the layout has %d tag bits)",
                        tag, service->tags - 1, layout->bits[ORD_TAG]);

    uint64_t wait_ticks = max_wait_us > 0 ? min(max_wait_us / layout->unit_us, service->max_wait_ticks) : 0;
    uint64_t first, wait;
    enum ord_code code =
        ord_generator_take(&service->generator, now_tick(service), count, wait_ticks, &first, &wait);
    if (code != ORD_OK)
        return explain(service, code, wait, error);
    *ret_ids = (struct ord_ids){.place = &service->place, .first = first, .count = count, .tag = tag};
    *ret_wait_us = wait * layout->unit_us;
    return ORD_OK;
}

bool ord_service_take_once(struct ord_service *service, const struct ord_once_wanted *wanted,
                           struct ord_awaited *awaited)
{
    if (service->once)
        return ord_once_take(service->once, wanted, awaited);
    ord_fail(&awaited->error, ORD_UNIMPLEMENTED, "request_id: this server remembers none");
    return true;
}

struct ord_sequences *ord_service_sequences(struct ord_service *service, struct ord_error *error)
{
    if (service->sequences)
        return service->sequences;
    if (service->place.workers > 1)
        ord_fail(
            error, ORD_PRECONDITION,
            "this node is split among %" PRIu32
            " workers, which could not keep one order of a sequence; sequences are allowed on nodes with one "
            "(--worker 0/1)",
            service->place.workers);
    else
        ord_fail(error, ORD_UNIMPLEMENTED, "this server has no sequences");
    return NULL;
}

size_t ord_service_requests(struct ord_service *service)
{
    return service->once ? ord_once_count(service->once) : 0;
}

uint32_t ord_service_requests_damaged(const struct ord_service *service)
{
    return service->once ? ord_once_damaged(service->once) : 0;
}

uint64_t ord_service_hold_us(const struct ord_service *service, const struct ord_ids *ids)
{
    uint64_t ticks = ord_generator_wait(&service->generator, now_tick(service), ids->first + ids->count);
    return ticks * service->place.layout.unit_us;
}

bool ord_service_is_covered(const struct ord_service *service)
{
    uint64_t now = now_tick(service) * service->place.slots_per_tick;
    return max(now, ord_generator_next(&service->generator)) < ord_generator_limit(&service->generator);
}

int64_t ord_service_start_us(const struct ord_service *service)
{
    return service->start_us;
}

const struct ord_place *ord_service_place(const struct ord_service *service)
{
    return &service->place;
}

uint32_t ord_service_count_max(const struct ord_service *service)
{
    return service->count_max;
}

int64_t ord_service_now_us(const struct ord_service *service)
{
    return now_us(service);
}

/* How far slot number `slot` lies ahead of the clock. */
static int64_t ahead_of_clock_us(const struct ord_service *service, uint64_t slot)
{
    int64_t time_us = ord_layout_time_of(&service->place.layout, slot / service->place.slots_per_tick);
    int64_t ahead_us = time_us - now_us(service);
    return ahead_us > 0 ? ahead_us : 0;
}

int64_t ord_service_ahead_us(const struct ord_service *service)
{
    return ahead_of_clock_us(service, ord_generator_next(&service->generator));
}

int64_t ord_service_reserved_us(const struct ord_service *service)
{
    return ahead_of_clock_us(service, ord_generator_limit(&service->generator));
}

int64_t ord_service_wall_ahead_us(const struct ord_service *service)
{
    return ord_clock_wall_ahead(&service->clock) / 1000;
}

bool ord_service_clock_is_quarantined(const struct ord_service *service)
{
    return ord_clock_is_quarantined(&service->clock);
}

struct ord_service_clock ord_service_clock(const struct ord_service *service)
{
    int64_t wall_ns, boot_ns;
    ord_clocks_read(&wall_ns, &boot_ns);
    return (struct ord_service_clock){
        .now_us = ord_clock_now(&service->clock, boot_ns) / 1000,
        .wall_us = wall_ns / 1000,
        .step = ord_clock_step(&service->clock),
        .threshold_us = service->clock.threshold_ns / 1000,
        .leaps = ord_clock_leaps(&service->clock),
    };
}

static enum ord_code fail_without_step(struct ord_error *error)
{
    return ord_fail(error, ORD_PRECONDITION, "the wall clock is followed; there is no step to decide on");
}

enum ord_code ord_service_accept_step(struct ord_service *service, struct ord_error *error)
{
    uint64_t tick;
    struct ord_error cause;
    if (ord_layout_tick_at(&service->place.layout, ord_wall_ns() / 1000, &tick, &cause) != ORD_OK)
        return ord_fail(error, ORD_PRECONDITION, "the wall clock cannot be leapt to: %s", cause.text);
    return ord_clock_accept(&service->clock) ? ORD_OK : fail_without_step(error);
}

enum ord_code ord_service_reject_step(struct ord_service *service, struct ord_error *error)
{
    return ord_clock_reject(&service->clock) ? ORD_OK : fail_without_step(error);
}

bool ord_service_is_degraded(const struct ord_service *service, char *ret, size_t size)
{
    if (!ord_clock_is_quarantined(&service->clock))
        return false;
    snprintf(ret, size, "wall clock is %" PRId64 " s ahead",
             ord_clock_wall_ahead(&service->clock) / 1000000000);
    return true;
}

struct ord_health *ord_service_health(struct ord_service *service)
{
    return &service->health;
}

struct ord_metrics *ord_service_metrics(struct ord_service *service)
{
    return &service->metrics;
}

struct ord_ranks *ord_service_ranks(const struct ord_service *service)
{
    return service->ranks;
}
