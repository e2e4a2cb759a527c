#include "client/pace.h"

#include <criterion/criterion.h>

#define MS INT64_C(1000000)

static struct ord_pace pace;

static void begin(void)
{
    ord_pace_init(&pace, 64, 1000000, 1000 * MS);
}

TestSuite(pace, .init = begin);

Test(pace, it_starts_with_the_fewest)
{
    cr_assert_eq(pace.batch, 64);
}

/* Requests follow each other as fast as `per_second` IDs are used up; returns the time between them. */
static int64_t settle(int64_t per_second)
{
    int64_t since = 0;
    for (int i = 0; i < 60; i++) {
        since = pace.batch * 1000 * MS / per_second;
        ord_pace_asked(&pace, since);
        ord_pace_answered(&pace, MS / 10, 1 + pace.batch / 4096, 512);
    }
    return since;
}

Test(pace, it_follows_any_rate)
{
    for (int64_t rate = 6400; rate <= 20000000; rate = rate * 7 / 2) {
        int64_t up = settle(rate);
        cr_assert(up >= 10 * MS && up <= 50 * MS, "%lld a second: %lld ns", (long long)rate, (long long)up);
    }
    for (int64_t rate = 20000000; rate >= 6400; rate = rate * 2 / 7) {
        int64_t down = settle(rate);
        cr_assert(down >= 10 * MS && down <= 50 * MS, "%lld a second: %lld ns", (long long)rate,
                  (long long)down);
    }
}

Test(pace, it_keeps_to_the_bounds)
{
    settle(1000000000000);
    cr_assert_eq(pace.batch, 1000000);
    settle(1);
    cr_assert_eq(pace.batch, 64);
}

Test(pace, a_burst_doubles_it_each_time)
{
    for (uint32_t batch = 64; batch < 1000000; batch *= 2) {
        cr_assert_eq(pace.batch, batch);
        ord_pace_asked(&pace, MS);
    }
}

Test(pace, one_long_pause_is_enough_to_start_small_again)
{
    settle(20000000);
    ord_pace_asked(&pace, 3600000 * MS);
    cr_assert_eq(pace.batch, 64);
}

Test(pace, a_crowded_server_is_asked_for_half_down_to_one)
{
    for (uint32_t batch = 32; batch >= 1; batch /= 2) {
        ord_pace_crowded(&pace);
        cr_assert_eq(pace.batch, batch);
    }
    ord_pace_crowded(&pace);
    cr_assert_eq(pace.batch, 1);
    ord_pace_asked(&pace, 100 * MS);
    cr_assert_eq(pace.batch, 1, "what is used up slowly stays small");
    ord_pace_asked(&pace, 20 * MS);
    cr_assert_eq(pace.batch, 2, "what is below the fewest grows");
}

Test(pace, the_layouts_most_is_found_and_kept_until_the_server_is_lost)
{
    settle(20000000);
    uint32_t batch = pace.batch;
    cr_assert(ord_pace_too_many(&pace));
    cr_assert_eq(pace.batch, batch / 2);
    settle(20000000);
    cr_assert_eq(pace.batch, batch / 2);
    ord_pace_lost(&pace);
    settle(20000000);
    cr_assert_gt(pace.batch, batch / 2);
}

Test(pace, fewer_than_one_cannot_be_asked_for)
{
    ord_pace_init(&pace, 3, 10, 1000 * MS);
    cr_assert(ord_pace_too_many(&pace));
    cr_assert_eq(pace.batch, 1);
    cr_assert_not(ord_pace_too_many(&pace));
    cr_assert_eq(pace.batch, 1);
}

Test(pace, no_more_runs_are_asked_for_than_can_be_kept)
{
    for (int i = 0; i < 30; i++) {
        ord_pace_asked(&pace, MS);
        ord_pace_answered(&pace, MS / 10, pace.batch / 16 + 1, 512);
        cr_assert_leq(pace.batch / 16 + 1, 512, "%u", pace.batch);
    }
    cr_assert_gt(pace.batch, 256 * 16);
}

Test(pace, a_far_server_is_asked_less_often)
{
    ord_pace_answered(&pace, 25 * MS, 1, 512);
    ord_pace_asked(&pace, 80 * MS); /* it would be much for a near one */
    cr_assert_eq(pace.batch, 128);
}

Test(pace, a_wait_for_room_is_no_distance)
{
    ord_pace_answered(&pace, MS / 10, 1, 512);
    ord_pace_answered(&pace, 400 * MS, 1, 512);
    cr_assert_eq(pace.low_ns, 10 * MS);
    cr_assert_eq(pace.high_ns, 50 * MS);
}

Test(pace, short_lives_are_used_up_in_time)
{
    ord_pace_init(&pace, 1, 1000000, 24 * MS);
    ord_pace_answered(&pace, 30 * MS, 1, 512);
    cr_assert_eq(pace.high_ns, 8 * MS);
    cr_assert_eq(pace.low_ns, 3 * MS);
}
