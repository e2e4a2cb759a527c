#include <criterion/criterion.h>

#include "core/clock.h"

#define SECOND INT64_C(1000000000)
#define MS INT64_C(1000000)

#define WALL (INT64_C(1770000000) * SECOND)
#define BOOT (5 * SECOND)

static struct ord_clock anchored(void)
{
    struct ord_clock clock;
    ord_clock_anchor(&clock, WALL, 0, BOOT);
    return clock;
}

Test(clock, follows_boot_time_from_its_anchor)
{
    struct ord_clock clock = anchored();
    cr_expect_eq(ord_clock_now(&clock, BOOT), WALL);
    cr_expect_eq(ord_clock_now(&clock, BOOT + 7), WALL + 7);
    cr_expect_eq(ord_clock_wall_ahead(&clock), 0);
    cr_expect_not(ord_clock_is_quarantined(&clock));
}

/* Observes a wall clock that is off by `step` every 250 ms for `seconds` and returns how far the clock has
 * moved from plain boot time. */
static int64_t drawn(struct ord_clock *clock, int64_t step, int seconds)
{
    int64_t boot = BOOT, last = ord_clock_now(clock, boot);
    for (int i = 0; i < seconds * 4; i++) {
        ord_clock_observe(clock, WALL + (boot - BOOT) + step, boot);
        for (int k = 0; k < 25; k++) {
            boot += 10 * MS;
            int64_t now = ord_clock_now(clock, boot);
            cr_assert_gt(now, last + 9 * MS, "rises steadily");
            cr_assert_lt(now, last + 11 * MS, "does not leap");
            last = now;
        }
    }
    return ord_clock_now(clock, boot) - (WALL + boot - BOOT);
}

Test(clock, is_drawn_towards_the_wall_clock_by_at_most_500_ppm)
{
    struct ord_clock clock = anchored();
    cr_expect_eq(drawn(&clock, SECOND, 10), 10 * 500000);
    clock = anchored();
    cr_expect_eq(drawn(&clock, -SECOND, 10), -10 * 500000);
}

Test(clock, arrives_and_stays)
{
    struct ord_clock clock = anchored();
    int64_t moved = drawn(&clock, MS, 30);
    cr_expect(moved > MS - 2000 && moved <= MS, "%ld", (long)moved);
    clock = anchored();
    moved = drawn(&clock, -MS, 30);
    cr_expect(moved < -MS + 2000 && moved >= -MS, "%ld", (long)moved);
}

Test(clock, a_step_back_of_years_costs_neither_a_leap_nor_a_stall)
{
    struct ord_clock clock = anchored();
    cr_expect_eq(drawn(&clock, -10 * 365 * 86400 * SECOND, 2), -2 * 500000);
    cr_expect_not(ord_clock_is_quarantined(&clock));
}

Test(clock, a_wall_clock_far_ahead_is_not_followed_until_it_is_near)
{
    struct ord_clock clock = anchored();
    cr_expect_eq(drawn(&clock, ORD_CLOCK_QUARANTINE_NS + 1, 5), 0);
    cr_expect(ord_clock_is_quarantined(&clock));
    cr_expect_eq(ord_clock_wall_ahead(&clock), ORD_CLOCK_QUARANTINE_NS + 1);

    clock = anchored();
    cr_expect_eq(drawn(&clock, ORD_CLOCK_QUARANTINE_NS, 5), 5 * 500000);
    cr_expect_not(ord_clock_is_quarantined(&clock));
}

Test(clock, starts_no_lower_than_its_floor_and_is_drawn_back_from_there)
{
    struct ord_clock clock;
    ord_clock_anchor(&clock, WALL, WALL + 3600 * SECOND, BOOT);
    cr_expect_eq(ord_clock_now(&clock, BOOT), WALL + 3600 * SECOND);
    cr_expect_eq(ord_clock_wall_ahead(&clock), -3600 * SECOND);
    cr_expect_eq(drawn(&clock, 0, 10), 3600 * SECOND - 10 * 500000);
}

Test(clock, a_floor_that_the_wall_clock_has_passed_changes_nothing)
{
    struct ord_clock clock;
    ord_clock_anchor(&clock, WALL, WALL - 3600 * SECOND, BOOT);
    cr_expect_eq(ord_clock_now(&clock, BOOT), WALL);
    cr_expect_eq(ord_clock_wall_ahead(&clock), 0);
}

Test(clock, does_not_run_on_when_nobody_observes)
{
    struct ord_clock clock = anchored();
    ord_clock_observe(&clock, WALL + SECOND, BOOT);
    int64_t later = BOOT + 3600 * SECOND;
    cr_expect_eq(ord_clock_now(&clock, later), WALL + 3600 * SECOND + 500000, "one second's worth and no more");
}

/* Observes once, with a wall clock that is `ahead` of the disciplined one. */
static void observe_ahead(struct ord_clock *clock, int64_t boot, int64_t ahead)
{
    ord_clock_observe(clock, ord_clock_now(clock, boot) + ahead, boot);
}

static void expect_step(const struct ord_clock *clock, enum ord_clock_state state, int64_t size)
{
    struct ord_clock_step step = ord_clock_step(clock);
    cr_expect_eq(step.state, state, "state %d, not %d", step.state, state);
    cr_expect_eq(step.size_ns, size, "%ld ns, not %ld", (long)step.size_ns, (long)size);
}

#define HOUR (3600 * SECOND)

static struct ord_clock quarantined(int64_t step)
{
    struct ord_clock clock = anchored();
    observe_ahead(&clock, BOOT, step);
    expect_step(&clock, ORD_CLOCK_QUARANTINED, step);
    return clock;
}

Test(clock, without_a_step_there_is_nothing_to_decide)
{
    struct ord_clock clock = anchored();
    cr_expect_not(ord_clock_accept(&clock));
    cr_expect_not(ord_clock_reject(&clock));
    cr_expect_not(ord_clock_leap(&clock, WALL + HOUR, BOOT));
    expect_step(&clock, ORD_CLOCK_FOLLOWING, 0);
    cr_expect_eq(ord_clock_now(&clock, BOOT), WALL);
    cr_expect_eq(ord_clock_leaps(&clock), 0);
}

Test(clock, a_step_that_nobody_accepted_is_not_leapt_over)
{
    struct ord_clock clock = quarantined(HOUR);
    cr_expect_not(ord_clock_leap(&clock, WALL + HOUR, BOOT));
    cr_expect_eq(ord_clock_now(&clock, BOOT), WALL);
    cr_expect(ord_clock_is_quarantined(&clock));
}

Test(clock, an_accepted_step_is_leapt_over_once_and_then_followed)
{
    struct ord_clock clock = quarantined(HOUR);
    cr_expect(ord_clock_accept(&clock));
    cr_expect(ord_clock_accept(&clock), "twice is as good as once");
    expect_step(&clock, ORD_CLOCK_ACCEPTED, HOUR);
    cr_expect(ord_clock_is_quarantined(&clock), "until the leap");
    cr_expect_eq(ord_clock_now(&clock, BOOT), WALL, "acceptance alone moves nothing");

    observe_ahead(&clock, BOOT + SECOND, HOUR + MS);
    cr_expect(ord_clock_leap(&clock, WALL + SECOND + HOUR + MS, BOOT + SECOND));
    expect_step(&clock, ORD_CLOCK_FOLLOWING, 0);
    cr_expect_eq(ord_clock_now(&clock, BOOT + SECOND), WALL + SECOND + HOUR + MS);
    cr_expect_eq(ord_clock_now(&clock, BOOT + SECOND + 5), WALL + SECOND + HOUR + MS + 5);
    cr_expect_eq(ord_clock_wall_ahead(&clock), 0);
    cr_expect_eq(ord_clock_leaps(&clock), 1);
    cr_expect_not(ord_clock_leap(&clock, WALL + 2 * HOUR, BOOT + SECOND), "a leap needs a decision of its own");

    observe_ahead(&clock, BOOT + 2 * SECOND, SECOND);
    cr_expect_eq(ord_clock_now(&clock, BOOT + 3 * SECOND), WALL + 3 * SECOND + HOUR + MS + 500000,
                 "it is drawn again");
}

Test(clock, a_leap_never_goes_back_nor_further_than_what_was_accepted)
{
    static const int64_t ahead[] = {-HOUR, -1, HOUR - ORD_CLOCK_QUARANTINE_NS - 1000,
                                    HOUR + ORD_CLOCK_QUARANTINE_NS + 1000, 10 * 365 * 24 * HOUR};
    for (size_t i = 0; i < sizeof ahead / sizeof *ahead; i++) {
        struct ord_clock clock = quarantined(HOUR);
        cr_assert(ord_clock_accept(&clock));
        cr_expect_not(ord_clock_leap(&clock, WALL + ahead[i], BOOT), "by %ld", (long)ahead[i]);
        cr_expect_eq(ord_clock_now(&clock, BOOT), WALL);
        expect_step(&clock, ORD_CLOCK_ACCEPTED, HOUR);
    }

    /* Sizes are whole microseconds: the one noted here is the threshold but for half of one. */
    struct ord_clock clock = anchored();
    clock.threshold_ns = HOUR + 500;
    observe_ahead(&clock, BOOT, HOUR + 501);
    cr_assert(ord_clock_accept(&clock));
    cr_expect_not(ord_clock_leap(&clock, WALL - 500, BOOT), "not back, by however little");
    cr_expect(ord_clock_leap(&clock, WALL + SECOND, BOOT));
}

Test(clock, another_step_takes_a_decision_back)
{
    struct ord_clock clock = quarantined(HOUR);
    cr_assert(ord_clock_accept(&clock));
    observe_ahead(&clock, BOOT, 5 * HOUR);
    expect_step(&clock, ORD_CLOCK_QUARANTINED, 5 * HOUR);
    cr_assert(ord_clock_accept(&clock));
    observe_ahead(&clock, BOOT, HOUR);
    expect_step(&clock, ORD_CLOCK_QUARANTINED, HOUR);
    cr_assert(ord_clock_accept(&clock));
    observe_ahead(&clock, BOOT, SECOND);
    expect_step(&clock, ORD_CLOCK_FOLLOWING, 0);
    cr_expect_not(ord_clock_leap(&clock, WALL + SECOND, BOOT));
}

Test(clock, a_rejected_step_is_quiet_until_it_grows_or_goes)
{
    struct ord_clock clock = quarantined(HOUR);
    cr_expect(ord_clock_reject(&clock));
    cr_expect(ord_clock_reject(&clock), "twice is as good as once");
    expect_step(&clock, ORD_CLOCK_REJECTED, HOUR);
    cr_expect_not(ord_clock_is_quarantined(&clock));
    cr_expect_not(ord_clock_leap(&clock, WALL + HOUR, BOOT));

    observe_ahead(&clock, BOOT, HOUR + ORD_CLOCK_QUARANTINE_NS);
    expect_step(&clock, ORD_CLOCK_REJECTED, HOUR);
    observe_ahead(&clock, BOOT, HOUR / 2);
    expect_step(&clock, ORD_CLOCK_REJECTED, HOUR);
    cr_expect_eq(ord_clock_now(&clock, BOOT + SECOND), WALL + SECOND, "not drawn");

    observe_ahead(&clock, BOOT, HOUR + ORD_CLOCK_QUARANTINE_NS + 1000);
    expect_step(&clock, ORD_CLOCK_QUARANTINED, HOUR + ORD_CLOCK_QUARANTINE_NS + 1000);

    cr_assert(ord_clock_reject(&clock));
    observe_ahead(&clock, BOOT, ORD_CLOCK_QUARANTINE_NS);
    expect_step(&clock, ORD_CLOCK_FOLLOWING, 0);
    cr_expect_eq(ord_clock_now(&clock, BOOT + SECOND), WALL + SECOND + 500000, "drawn again");
}

Test(clock, minds_can_change_until_the_leap)
{
    struct ord_clock clock = quarantined(HOUR);
    cr_assert(ord_clock_accept(&clock));
    cr_assert(ord_clock_reject(&clock));
    cr_expect_not(ord_clock_leap(&clock, WALL + HOUR, BOOT));
    cr_assert(ord_clock_accept(&clock));
    cr_expect(ord_clock_leap(&clock, WALL + HOUR, BOOT));
    cr_expect_not(ord_clock_reject(&clock));
}

Test(clock, the_threshold_is_the_owners)
{
    struct ord_clock clock = anchored();
    clock.threshold_ns = 2 * SECOND;
    observe_ahead(&clock, BOOT, 2 * SECOND);
    expect_step(&clock, ORD_CLOCK_FOLLOWING, 0);
    observe_ahead(&clock, BOOT, 2 * SECOND + 1000);
    expect_step(&clock, ORD_CLOCK_QUARANTINED, 2 * SECOND + 1000);
}

Test(clock, sizes_of_centuries_fit)
{
    int64_t centuries = INT64_C(7000000000) * SECOND / 1000 * 1000;
    struct ord_clock clock = quarantined(centuries);
    cr_assert(ord_clock_accept(&clock));
    cr_expect(ord_clock_leap(&clock, WALL + centuries, BOOT));
    cr_expect_eq(ord_clock_now(&clock, BOOT), WALL + centuries);
}
