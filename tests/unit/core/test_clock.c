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

Test(clock, does_not_run_on_when_nobody_observes)
{
    struct ord_clock clock = anchored();
    ord_clock_observe(&clock, WALL + SECOND, BOOT);
    int64_t later = BOOT + 3600 * SECOND;
    cr_expect_eq(ord_clock_now(&clock, later), WALL + 3600 * SECOND + 500000, "one second's worth and no more");
}
