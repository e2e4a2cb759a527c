#include "callback/wheel.h"

#include <criterion/criterion.h>
#include <stdlib.h>

#define TURN_MS (ORD_WHEEL_SLOTS * ORD_WHEEL_SLOT_MS)

Test(wheel, nothing_is_due_in_an_empty_one)
{
    struct ord_wheel wheel;
    ord_wheel_init(&wheel, 12345);
    cr_assert_null(ord_wheel_take(&wheel, 12345 + 10 * TURN_MS));
    cr_assert_eq(ord_wheel_wait_ms(&wheel, 12345), -1);
}

Test(wheel, never_early_and_hardly_late)
{
    enum {
        TIMERS = 2000
    };
    struct ord_wheel wheel;
    static struct {
        struct ord_timer timer;
        uint64_t due_ms;
    } items[TIMERS];
    uint64_t now_ms = 1000003;
    unsigned left = 0, taken = 0;
    srand(1);
    ord_wheel_init(&wheel, now_ms);
    for (; taken < TIMERS; now_ms += (uint64_t)rand() % 5) {
        if (left + taken < TIMERS && rand() % 3 == 0) {
            uint64_t after_ms = (uint64_t)rand() % (TURN_MS - ORD_WHEEL_SLOT_MS);
            items[left + taken].due_ms = now_ms + after_ms;
            ord_wheel_add(&wheel, &items[left + taken].timer, now_ms, after_ms);
            left++;
        }
        for (struct ord_timer *timer; (timer = ord_wheel_take(&wheel, now_ms)); left--, taken++) {
            uint64_t due_ms = items[((char *)timer - (char *)items) / sizeof *items].due_ms;
            cr_assert_geq(now_ms, due_ms);
            cr_assert_leq(now_ms, due_ms + 2 * ORD_WHEEL_SLOT_MS);
        }
        int64_t wait_ms = ord_wheel_wait_ms(&wheel, now_ms);
        cr_assert_eq(wait_ms < 0, left == 0);
    }
}

Test(wheel, a_wait_ends_when_one_is_due)
{
    struct ord_wheel wheel;
    struct ord_timer timer;
    ord_wheel_init(&wheel, 100);
    ord_wheel_add(&wheel, &timer, 100, 10000);
    uint64_t wait_ms = (uint64_t)ord_wheel_wait_ms(&wheel, 100);
    cr_assert(wait_ms >= 10000 && wait_ms < 10000 + ORD_WHEEL_SLOT_MS, "%ju", (uintmax_t)wait_ms);
    cr_assert_null(ord_wheel_take(&wheel, 100 + wait_ms - 1));
    cr_assert_eq(ord_wheel_wait_ms(&wheel, 100 + wait_ms - 1), 1);
    cr_assert_eq(ord_wheel_take(&wheel, 100 + wait_ms), &timer);
    cr_assert_eq(ord_wheel_wait_ms(&wheel, 100 + wait_ms), -1);
}

Test(wheel, removed_ones_do_not_come)
{
    struct ord_wheel wheel;
    struct ord_timer one, two;
    ord_wheel_init(&wheel, 0);
    ord_wheel_add(&wheel, &one, 0, 100);
    ord_wheel_add(&wheel, &two, 0, 100);
    ord_wheel_remove(&wheel, &one);
    cr_assert_eq(ord_wheel_take(&wheel, 200), &two);
    cr_assert_null(ord_wheel_take(&wheel, 300));
}

/* The wheel stood still while it was empty. */
Test(wheel, after_a_long_rest_and_beyond_a_turn)
{
    struct ord_wheel wheel;
    struct ord_timer one;
    ord_wheel_init(&wheel, 0);
    uint64_t now_ms = 100 * (uint64_t)TURN_MS + 7;
    ord_wheel_add(&wheel, &one, now_ms, 5000);
    cr_assert_null(ord_wheel_take(&wheel, now_ms + 4999));
    cr_assert_eq(ord_wheel_take(&wheel, now_ms + 5016), &one);

    ord_wheel_add(&wheel, &one, now_ms, 10 * TURN_MS);
    cr_assert_null(ord_wheel_take(&wheel, now_ms + TURN_MS - 2 * ORD_WHEEL_SLOT_MS));
    cr_assert_eq(ord_wheel_take(&wheel, now_ms + TURN_MS), &one);
}
