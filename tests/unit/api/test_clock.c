/* The service's clock in made-up time: the linker puts these readings in place of the system's. */
#include <criterion/criterion.h>
#include <inttypes.h>
#include <string.h>

#include "api/methods.h"
#include "api/service.h"
#include "base/time.h"
#include "ordinal/v1/clock.pb-c.h"

#define SECOND INT64_C(1000000000)
#define HOUR (3600 * SECOND)
#define DAY (24 * HOUR)

static int64_t wall_ns, boot_ns;

int64_t __wrap_ord_wall_ns(void);
int64_t __wrap_ord_boot_ns(void);
void __wrap_ord_clocks_read(int64_t *ret_wall_ns, int64_t *ret_boot_ns);

int64_t __wrap_ord_wall_ns(void)
{
    return wall_ns;
}

int64_t __wrap_ord_boot_ns(void)
{
    return boot_ns;
}

void __wrap_ord_clocks_read(int64_t *ret_wall_ns, int64_t *ret_boot_ns)
{
    *ret_wall_ns = wall_ns;
    *ret_boot_ns = boot_ns;
}

/* A port that remembers the limit, and fails when told to. */
struct fake_store {
    uint64_t claimed_limit, limit;
    bool extend_fails;
    struct ord_service *watched; /* its clock is looked at in each extend */
    bool rejects;                /* someone rejects its step meanwhile */
    int64_t clock_at_extend_us;
};

static enum ord_code claim(void *context, const struct ord_place *place, struct ord_claim *ret_claim,
                           struct ord_error *error)
{
    struct fake_store *store = context;
    *ret_claim = (struct ord_claim){.node = place->node, .limit = store->claimed_limit};
    return ORD_OK;
}

static enum ord_code extend(void *context, uint64_t limit, struct ord_error *error)
{
    struct fake_store *store = context;
    if (store->extend_fails)
        return ord_fail(error, ORD_INTERNAL, "no space");
    store->limit = limit;
    if (store->watched)
        store->clock_at_extend_us = ord_service_now_us(store->watched);
    if (store->rejects)
        ord_service_reject_step(store->watched, NULL);
    return ORD_OK;
}

static enum ord_code release(void *context, uint64_t next, struct ord_error *error)
{
    return ORD_OK;
}

static struct ord_service_options options_for(struct fake_store *store)
{
    struct ord_layout layout;
    struct ord_service_options options = {
        .port = {.context = store, .claim = claim, .extend = extend, .release = release},
        .borrow_us = 1000000,
    };
    cr_assert_eq(ord_layout_parse("default", NULL, NULL, &layout, NULL), ORD_OK);
    cr_assert_eq(ord_place_init(&options.place, &layout, 3, 0, 1, NULL), ORD_OK);
    wall_ns = layout.epoch_us * 1000 + 100 * DAY;
    boot_ns = HOUR;
    return options;
}

static struct ord_service *opened(const struct ord_service_options *options)
{
    struct ord_service *service = NULL;
    struct ord_error error = {0};
    cr_assert_eq(ord_service_open(options, &service, &error), ORD_OK, "%s", error.text);
    return service;
}

static void pass(int64_t ns)
{
    wall_ns += ns;
    boot_ns += ns;
}

/* A quarter of a second goes by and the keeper comes. */
static void keep(struct ord_service *service)
{
    pass(SECOND / 4);
    cr_assert_eq(ord_service_keep(service, NULL), ORD_OK);
}

static uint64_t next_slot(struct ord_service *service)
{
    struct ord_ids ids;
    uint64_t wait_us;
    struct ord_error error = {0};
    cr_assert_eq(ord_service_take(service, 1, 0, 0, &ids, &wait_us, &error), ORD_OK, "%s", error.text);
    return ids.first;
}

static int64_t time_of(const struct ord_service_options *options, uint64_t slot)
{
    return ord_layout_time_of(&options->place.layout, slot / options->place.slots_per_tick) * 1000;
}

static uint64_t slot_at(const struct ord_service_options *options, int64_t time_ns)
{
    uint64_t tick;
    cr_assert_eq(ord_layout_tick_at(&options->place.layout, time_ns / 1000, &tick, NULL), ORD_OK);
    return tick * options->place.slots_per_tick;
}

Test(service_clock, an_accepted_step_is_reserved_before_it_is_leapt_over)
{
    struct fake_store store = {0};
    struct ord_service_options options = options_for(&store);
    struct ord_service *service = opened(&options);
    char why[64];
    store.watched = service;
    wall_ns += HOUR;
    keep(service);
    cr_expect(ord_service_is_degraded(service, why, sizeof why));
    cr_expect_str_eq(why, "wall clock is 3600 s ahead");
    cr_assert_eq(ord_service_accept_step(service, NULL), ORD_OK);
    cr_expect_lt(time_of(&options, next_slot(service)), wall_ns - HOUR + SECOND, "not before the keeper comes");

    store.clock_at_extend_us = 0;
    keep(service);
    cr_expect_eq(ord_service_now_us(service), wall_ns / 1000);
    cr_expect_eq(store.clock_at_extend_us, (wall_ns - HOUR) / 1000, "reserved while the clock stood before");
    cr_expect_gt(time_of(&options, store.limit), wall_ns + 2 * SECOND);
    cr_expect_geq(time_of(&options, next_slot(service)), wall_ns - SECOND / 1000, "nobody is refused");
    cr_expect_not(ord_service_is_degraded(service, why, sizeof why));
    cr_expect_eq(ord_service_clock(service).leaps, 1);
    ord_service_close(service, NULL);
}

Test(service_clock, while_the_storage_fails_an_accepted_step_waits)
{
    struct fake_store store = {0};
    struct ord_service_options options = options_for(&store);
    struct ord_service *service = opened(&options);
    struct ord_error error;
    wall_ns += HOUR;
    keep(service);
    cr_assert_eq(ord_service_accept_step(service, NULL), ORD_OK);
    store.extend_fails = true;
    cr_expect_eq(ord_service_keep(service, &error), ORD_INTERNAL);
    cr_expect_str_eq(error.text, "reserve: no space");
    cr_expect_eq(ord_service_clock(service).step.state, ORD_CLOCK_ACCEPTED);
    cr_expect_lt(time_of(&options, next_slot(service)), wall_ns - HOUR + SECOND);
    store.extend_fails = false;
    keep(service);
    cr_expect_eq(ord_service_clock(service).step.state, ORD_CLOCK_FOLLOWING);
    cr_expect_eq(ord_service_now_us(service), wall_ns / 1000);
    ord_service_close(service, NULL);
}

/* What is durable would lie below what the generator may give. */
Test(service_clock, what_was_reserved_for_a_step_is_not_lowered_for_a_smaller_one)
{
    struct fake_store store = {0};
    struct ord_service_options options = options_for(&store);
    struct ord_service *service = store.watched = opened(&options);
    wall_ns += HOUR;
    keep(service);
    cr_assert_eq(ord_service_accept_step(service, NULL), ORD_OK);
    store.rejects = true;
    keep(service);
    uint64_t reserved = store.limit;
    cr_assert_eq(ord_service_clock(service).leaps, 0, "it was rejected while its reservation was made");

    store.rejects = false;
    wall_ns -= HOUR / 2;
    cr_assert_eq(ord_service_accept_step(service, NULL), ORD_OK);
    keep(service);
    cr_assert_eq(ord_service_accept_step(service, NULL), ORD_OK);
    keep(service);
    cr_assert_eq(ord_service_clock(service).leaps, 1);
    cr_expect_geq(store.limit, reserved, "%" PRIu64 " < %" PRIu64, store.limit, reserved);
    ord_service_close(service, NULL);
}

Test(service_clock, nothing_is_reserved_for_a_step_that_nobody_accepted)
{
    struct fake_store store = {0};
    struct ord_service_options options = options_for(&store);
    struct ord_service *service = opened(&options);
    char why[64];
    wall_ns += HOUR;
    for (int i = 0; i < 40; i++) {
        keep(service);
        if (i == 20)
            cr_assert_eq(ord_service_reject_step(service, NULL), ORD_OK);
        cr_expect_eq(ord_service_is_degraded(service, why, sizeof why), i < 20, "%d", i);
    }
    cr_expect_lt(time_of(&options, store.limit), wall_ns - HOUR + 5 * SECOND);
    cr_expect_eq(ord_service_now_us(service), (wall_ns - HOUR) / 1000);
    ord_service_close(service, NULL);
}

Test(service_clock, steps_are_accepted_unasked_up_to_the_gap)
{
    struct fake_store store = {0};
    struct ord_service_options options = options_for(&store);
    options.accepts_steps = true;
    options.max_clock_gap_us = 2 * HOUR / 1000;
    options.clock_threshold_us = 60000000;
    struct ord_service *service = opened(&options);
    wall_ns += 60 * SECOND;
    keep(service);
    cr_expect_eq(ord_service_clock(service).leaps, 0, "below the threshold it is drawn");
    wall_ns += 2 * HOUR - 60 * SECOND;
    keep(service);
    cr_expect_eq(ord_service_clock(service).leaps, 1);
    cr_expect_eq(ord_service_now_us(service), wall_ns / 1000);

    wall_ns += 2 * HOUR + SECOND;
    keep(service);
    cr_expect_eq(ord_service_clock(service).leaps, 1);
    cr_expect_eq(ord_service_clock(service).step.state, ORD_CLOCK_QUARANTINED);
    cr_expect_eq(ord_service_accept_step(service, NULL), ORD_OK, "an operator may");
    keep(service);
    cr_expect_eq(ord_service_now_us(service), wall_ns / 1000);
    ord_service_close(service, NULL);
}

Test(service_clock, nobody_leaps_past_the_layouts_end)
{
    struct fake_store store = {0};
    struct ord_service_options options = options_for(&store);
    options.accepts_steps = true;
    struct ord_service *service = opened(&options);
    struct ord_error error;
    wall_ns = ord_layout_end_us(&options.place.layout) * 1000;
    keep(service);
    cr_expect_eq(ord_service_clock(service).step.state, ORD_CLOCK_QUARANTINED);
    cr_expect_eq(ord_service_accept_step(service, &error), ORD_PRECONDITION);
    cr_expect_not_null(strstr(error.text, "lies outside of the layout's time"), "%s", error.text);
    ord_service_close(service, NULL);
}

Test(service_clock, without_a_step_nothing_is_decided)
{
    struct fake_store store = {0};
    struct ord_service_options options = options_for(&store);
    struct ord_service *service = opened(&options);
    struct ord_error error;
    keep(service);
    cr_expect_eq(ord_service_accept_step(service, &error), ORD_PRECONDITION);
    cr_expect_str_eq(error.text, "the wall clock is followed; there is no step to decide on");
    cr_expect_eq(ord_service_reject_step(service, &error), ORD_PRECONDITION);
    ord_service_close(service, NULL);
}

Test(service_clock, the_methods_tell_how_it_stands)
{
    struct fake_store store = {0};
    struct ord_service_options options = options_for(&store);
    struct ord_service *service = opened(&options);
    wall_ns += HOUR;
    keep(service);
    static const struct {
        const char *method;
        Ordinal__V1__ClockState state;
    } rows[] = {
        {"GetClock", ORDINAL__V1__CLOCK_STATE__CLOCK_STATE_QUARANTINED},
        {"AcceptClockStep", ORDINAL__V1__CLOCK_STATE__CLOCK_STATE_ACCEPTED},
        {"RejectClockStep", ORDINAL__V1__CLOCK_STATE__CLOCK_STATE_REJECTED},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct ord_arena arena;
        ord_arena_init(&arena, NULL, 0);
        Ordinal__V1__GetClockRequest request = ORDINAL__V1__GET_CLOCK_REQUEST__INIT;
        Ordinal__V1__GetClockResponse reply = ORDINAL__V1__GET_CLOCK_RESPONSE__INIT; /* all three are alike */
        const struct ord_method *method = ord_method_by_name(rows[i].method);
        cr_assert_eq(method->handle(service, &request.base, &reply.base, &arena, NULL), ORD_OK);
        cr_expect_eq(reply.clock->state, rows[i].state, "%s: %d", rows[i].method, reply.clock->state);
        cr_expect_str_eq(reply.clock->time, "2026-04-11T00:00:00.250000Z");
        cr_expect_str_eq(reply.clock->wall_time, "2026-04-11T01:00:00.250000Z");
        cr_expect_eq(reply.clock->wall_ahead_us, HOUR / 1000);
        cr_expect_eq(reply.clock->step_us, HOUR / 1000);
        cr_expect_eq(reply.clock->threshold_us, 10000000);
        cr_expect_eq(reply.clock->ahead_us, 0);
        cr_expect_gt(reply.clock->reserved_us, 2000000);
        ord_arena_finish(&arena);
    }
    ord_service_close(service, NULL);
}

/* Opens with a limit of earlier runs that is `off` from the wall clock. */
static enum ord_code open_off(int64_t off, bool ignores_gap, struct ord_error *error)
{
    struct fake_store store = {0};
    struct ord_service_options options = options_for(&store);
    struct ord_service *service = NULL;
    options.max_clock_gap_us = DAY / 1000;
    options.ignores_gap = ignores_gap;
    store.claimed_limit = slot_at(&options, wall_ns + off);
    enum ord_code code = ord_service_open(&options, &service, error);
    cr_expect_eq(code == ORD_OK, service != NULL);
    cr_expect_eq(code == ORD_OK, store.limit > 0, "a refused start reserves nothing");
    ord_service_close(service, NULL);
    return code;
}

Test(service_clock, a_start_far_from_what_was_reserved_is_refused)
{
    struct ord_error error;
    cr_expect_eq(open_off(DAY, false, &error), ORD_OK);
    cr_expect_eq(open_off(-DAY, false, &error), ORD_OK);
    cr_expect_eq(open_off(DAY + SECOND, false, &error), ORD_OUT_OF_RANGE);
    cr_expect_str_eq(
        error.text,
        "the wall clock reads 2026-04-11T00:00:00Z, but earlier runs reserved up to "
        "2026-04-12T00:00:01Z, 24h away; allowed 24h (--max-clock-gap). Set the clock right; or if it "
        "is right, start once with --accept-clock-gap");
    cr_expect_eq(open_off(-40 * DAY, false, &error), ORD_OUT_OF_RANGE);
    cr_expect_not_null(strstr(error.text, "2026-03-02T00:00:00Z, 960h away"), "%s", error.text);
    cr_expect_eq(open_off(-40 * DAY, true, &error), ORD_OK);
    cr_expect_eq(open_off(40 * DAY, true, &error), ORD_OK);
}

Test(service_clock, a_first_start_has_no_gap)
{
    struct fake_store store = {0};
    struct ord_service_options options = options_for(&store);
    options.max_clock_gap_us = 1;
    ord_service_close(opened(&options), NULL);
}

Test(service_clock, starts_at_the_latest_of_clock_limit_and_floor)
{
    static const struct {
        int64_t limit, floor, first; /* from the wall clock */
    } rows[] = {
        {-HOUR, -2 * HOUR, 0},      {-HOUR, HOUR, HOUR},   {HOUR, 2 * HOUR, 2 * HOUR},
        {2 * HOUR, HOUR, 2 * HOUR}, {-2 * HOUR, -HOUR, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct fake_store store = {0};
        struct ord_service_options options = options_for(&store);
        store.claimed_limit = slot_at(&options, wall_ns + rows[i].limit);
        options.floor = slot_at(&options, wall_ns + rows[i].floor);
        options.max_clock_gap_us = DAY / 1000;
        struct ord_service *service = opened(&options);
        uint64_t slot = next_slot(service);
        cr_expect_eq(time_of(&options, slot), wall_ns + rows[i].first, "row %zu: %ld s", i,
                     (long)((time_of(&options, slot) - wall_ns) / SECOND));
        for (int k = 0; k < 8; k++)
            keep(service);
        cr_expect_lt(ord_service_ahead_us(service), 1000, "the clock starts there too, so nobody waits");
        ord_service_close(service, NULL);
    }
}

Test(service_clock, a_floor_far_in_the_future_is_refused)
{
    struct fake_store store = {0};
    struct ord_service_options options = options_for(&store);
    struct ord_service *service = NULL;
    struct ord_error error;
    options.max_clock_gap_us = DAY / 1000;
    options.floor = slot_at(&options, wall_ns + 2 * DAY);
    cr_expect_eq(ord_service_open(&options, &service, &error), ORD_OUT_OF_RANGE);
    cr_expect_not_null(strstr(error.text, "the adopted ID is of 2026-04-13T00:00:00Z, 48h later"), "%s",
                       error.text);
    options.floor = slot_at(&options, wall_ns - 90 * DAY);
    ord_service_close(opened(&options), NULL);
    options.floor = slot_at(&options, wall_ns + 2 * DAY);
    options.ignores_gap = true;
    ord_service_close(opened(&options), NULL);
}
