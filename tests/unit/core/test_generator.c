#include <criterion/criterion.h>

#include "core/generator.h"

#define SLOTS 4096
#define NO_LIMIT UINT64_MAX

static struct ord_generator started(uint64_t start, uint32_t spread)
{
    struct ord_generator_options options = {
        .slots_per_tick = SLOTS,
        .ticks = UINT64_C(1) << 41,
        .borrow_ticks = 1000,
        .spread = spread,
        .start = start,
    };
    struct ord_generator generator;
    ord_generator_init(&generator, &options);
    return generator;
}

/* Takes and expects success without a wait. */
static uint64_t take(struct ord_generator *generator, uint64_t now, uint32_t count)
{
    uint64_t first = 0, wait = 77;
    cr_assert_eq(ord_generator_take(generator, now, count, 0, &first, &wait), ORD_OK);
    cr_assert_eq(wait, 0);
    return first;
}

Test(generator, gives_nothing_before_a_limit_is_raised)
{
    struct ord_generator generator = started(0, 1);
    uint64_t first = 7, wait = 0;
    cr_expect_eq(ord_generator_take(&generator, 5, 1, 0, &first, &wait), ORD_UNAVAILABLE);
    cr_expect_eq(first, 7);
    cr_expect_eq(ord_generator_next(&generator), 0);
}

Test(generator, follows_the_clock_when_idle_and_itself_when_busy)
{
    struct ord_generator generator = started(0, 1);
    ord_generator_raise_limit(&generator, NO_LIMIT);
    cr_expect_eq(take(&generator, 10, 1), 10 * SLOTS);
    cr_expect_eq(take(&generator, 10, 5), 10 * SLOTS + 1);
    cr_expect_eq(take(&generator, 9, 1), 10 * SLOTS + 6, "a clock that steps back changes nothing");
    cr_expect_eq(take(&generator, 0, 1), 10 * SLOTS + 7);
    cr_expect_eq(take(&generator, 11, 1), 11 * SLOTS);
}

Test(generator, starts_no_lower_than_told)
{
    struct ord_generator generator = started(50 * SLOTS + 3, 1);
    ord_generator_raise_limit(&generator, NO_LIMIT);
    cr_expect_eq(take(&generator, 10, 1), 50 * SLOTS + 3);
    cr_expect_eq(take(&generator, 49, 1), 50 * SLOTS + 4);
}

Test(generator, never_passes_the_limit)
{
    struct ord_generator generator = started(0, 1);
    uint64_t first = 7, wait = 0;
    ord_generator_raise_limit(&generator, 10 * SLOTS + 3);
    cr_expect_eq(ord_generator_take(&generator, 10, 4, 0, &first, &wait), ORD_UNAVAILABLE);
    cr_expect_eq(take(&generator, 10, 3), 10 * SLOTS, "up to the limit, not including it");
    cr_expect_eq(ord_generator_take(&generator, 10, 1, 0, &first, &wait), ORD_UNAVAILABLE);
    ord_generator_raise_limit(&generator, 10 * SLOTS + 4);
    cr_expect_eq(take(&generator, 10, 1), 10 * SLOTS + 3);
}

Test(generator, a_limit_is_never_lowered)
{
    struct ord_generator generator = started(0, 1);
    ord_generator_raise_limit(&generator, 100 * SLOTS);
    ord_generator_raise_limit(&generator, 50 * SLOTS);
    cr_expect_eq(ord_generator_limit(&generator), 100 * SLOTS);
    cr_expect_eq(take(&generator, 60, 1), 60 * SLOTS);
}

Test(generator, borrows_from_the_clock_up_to_the_bound)
{
    struct ord_generator generator = started(0, 1);
    ord_generator_raise_limit(&generator, NO_LIMIT);
    take(&generator, 10, 1000 * SLOTS);
    uint64_t first = 7, wait = 0;
    cr_expect_eq(ord_generator_take(&generator, 10, 1, 0, &first, &wait), ORD_CAPACITY);
    cr_expect_eq(wait, 1, "one tick later there is room");
    cr_expect_eq(first, 7);
    cr_expect_eq(ord_generator_take(&generator, 10, 3 * SLOTS, 0, &first, &wait), ORD_CAPACITY);
    cr_expect_eq(wait, 3);
    cr_expect_eq(take(&generator, 11, SLOTS), 1010 * SLOTS);
    cr_expect_eq(ord_generator_take(&generator, 11, 1, 0, &first, &wait), ORD_CAPACITY);
}

Test(generator, who_waits_owns_the_slots_at_once)
{
    struct ord_generator generator = started(0, 1);
    ord_generator_raise_limit(&generator, NO_LIMIT);
    take(&generator, 10, 1000 * SLOTS);
    uint64_t first = 7, wait = 0;
    cr_expect_eq(ord_generator_take(&generator, 10, 2 * SLOTS, 1, &first, &wait), ORD_CAPACITY);
    cr_expect_eq(wait, 2);
    cr_assert_eq(ord_generator_take(&generator, 10, 2 * SLOTS, 2, &first, &wait), ORD_OK);
    cr_expect_eq(first, 1010 * SLOTS);
    cr_expect_eq(wait, 2);
    cr_assert_eq(ord_generator_take(&generator, 11, 1, 5, &first, &wait), ORD_OK);
    cr_expect_eq(first, 1012 * SLOTS, "behind the one who waits");
    cr_expect_eq(wait, 2, "until tick 13");
}

Test(generator, refuses_past_the_layout_and_does_not_wrap)
{
    uint64_t end = (UINT64_C(1) << 41) * SLOTS;
    struct ord_generator generator = started(end - 3, 1);
    ord_generator_raise_limit(&generator, NO_LIMIT);
    uint64_t first = 7, wait = 0, now = (UINT64_C(1) << 41) - 1;
    cr_expect_eq(ord_generator_take(&generator, now, 4, 0, &first, &wait), ORD_LAYOUT_EXHAUSTED);
    cr_expect_eq(take(&generator, now, 3), end - 3);
    cr_expect_eq(ord_generator_take(&generator, now, 1, 0, &first, &wait), ORD_LAYOUT_EXHAUSTED);
    cr_expect_eq(ord_generator_take(&generator, now + 1, 1, 0, &first, &wait), ORD_LAYOUT_EXHAUSTED);
    cr_expect_eq(first, 7);
}

Test(generator, idle_ticks_start_all_round_the_spread)
{
    enum {
        SPREAD = 16,
        ROUNDS = 64
    };
    struct ord_generator generator = started(0, SPREAD);
    ord_generator_raise_limit(&generator, NO_LIMIT);
    int seen[SPREAD] = {0};
    for (uint64_t i = 0; i < SPREAD * ROUNDS; i++) {
        uint64_t slot = take(&generator, 10 + i * SPREAD, 1) % SLOTS;
        cr_assert_lt(slot, SPREAD);
        seen[slot]++;
    }
    for (int i = 0; i < SPREAD; i++)
        cr_expect_eq(seen[i], ROUNDS, "slot %d: %d times", i, seen[i]);
}

Test(generator, an_idle_tick_holds_the_largest_batch_wherever_the_rotation_stands)
{
    struct ord_generator generator = started(0, 256);
    ord_generator_raise_limit(&generator, NO_LIMIT);
    take(&generator, 10, 1);
    take(&generator, 10, 100);
    cr_expect_eq(take(&generator, 2000, 1000 * SLOTS), UINT64_C(2000) * SLOTS);
}

Test(generator, the_spread_costs_nothing_at_full_rate)
{
    struct ord_generator generator = started(0, 256);
    ord_generator_raise_limit(&generator, NO_LIMIT);
    uint64_t first = take(&generator, 10, 100);
    for (uint64_t tick = 10; tick < 20; tick++)
        for (int i = 0; i < 41; i++)
            first = take(&generator, tick, 100);
    cr_expect_eq(first, 10 * SLOTS + 41000, "410 batches of 100 follow the first without a gap");
}

Test(generator, full_ticks_follow_each_other_without_a_gap)
{
    struct ord_generator generator = started(0, 256);
    ord_generator_raise_limit(&generator, NO_LIMIT);
    for (uint64_t i = 0; i < 64; i++)
        cr_assert_eq(take(&generator, 10 + i / 8, SLOTS / 4), 10 * SLOTS + i * (SLOTS / 4), "claim %lu",
                     (unsigned long)i);
}

Test(generator, a_limit_that_is_raised_after_the_stop_brings_nothing_back)
{
    struct ord_generator generator = started(0, 1);
    uint64_t first = 7, wait;
    ord_generator_raise_limit(&generator, 10 * SLOTS);
    cr_expect_eq(ord_generator_stop(&generator), 0);
    ord_generator_raise_limit(&generator, NO_LIMIT);
    cr_expect_neq(ord_generator_take(&generator, 10, 1, 1000, &first, &wait), ORD_OK);
    cr_expect_eq(first, 7);
}

Test(generator, stop_tells_the_exact_next_and_gives_no_more)
{
    struct ord_generator generator = started(0, 1);
    ord_generator_raise_limit(&generator, NO_LIMIT);
    take(&generator, 10, 5);
    cr_expect_eq(ord_generator_stop(&generator), 10 * SLOTS + 5);
    uint64_t first, wait;
    cr_expect_neq(ord_generator_take(&generator, 11, 1, 0, &first, &wait), ORD_OK);
}
