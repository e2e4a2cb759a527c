#include "bench/schedule.h"

#include <criterion/criterion.h>
#include <inttypes.h>

#define START INT64_C(5000000000000)

Test(schedule, calls_are_due_in_even_distances)
{
    const struct ord_schedule schedule = {START, 1000, 0, 1};
    for (uint64_t i = 0; i < 5000; i++)
        cr_assert_eq(ord_schedule_due_ns(&schedule, i), START + (int64_t)i * 1000000, "call %" PRIu64, i);
}

/* A rate that does not divide a second does not drift. */
Test(schedule, whole_seconds_have_the_whole_rate)
{
    static const uint64_t rates[] = {1, 3, 7, 999, 60001, 33333333, 100000000};
    for (size_t i = 0; i < sizeof rates / sizeof *rates; i++) {
        const struct ord_schedule schedule = {START, rates[i], 0, 1};
        for (int64_t second = 0; second < 100000; second = second * 3 + 1) {
            int64_t ns = START + second * INT64_C(1000000000);
            cr_assert_eq(ord_schedule_due_ns(&schedule, rates[i] * (uint64_t)second), ns, "rate %" PRIu64,
                         rates[i]);
            cr_assert_eq(ord_schedule_count(&schedule, ns), rates[i] * (uint64_t)second, "rate %" PRIu64,
                         rates[i]);
        }
    }
}

Test(schedule, the_count_is_of_calls_that_were_due_before)
{
    static const struct ord_schedule schedules[] = {
        {START, 7, 0, 1}, {START, 7, 2, 3}, {START, 60001, 1, 2}, {START, 3, 4, 5}, {START, 99999999, 0, 4},
    };
    for (size_t i = 0; i < sizeof schedules / sizeof *schedules; i++)
        for (uint64_t index = 0; index < 3000; index++) {
            int64_t due_ns = ord_schedule_due_ns(&schedules[i], index);
            cr_assert_eq(ord_schedule_count(&schedules[i], due_ns), index, "schedule %zu, call %" PRIu64, i,
                         index);
            cr_assert_eq(ord_schedule_count(&schedules[i], due_ns + 1), index + 1,
                         "schedule %zu, call %" PRIu64, i, index);
        }
}

Test(schedule, nothing_is_due_before_the_start)
{
    const struct ord_schedule schedule = {START, 1000, 0, 1};
    cr_assert_eq(ord_schedule_count(&schedule, START - 1000000000), 0);
    cr_assert_eq(ord_schedule_count(&schedule, START), 0);
}

/* The shares of threads are all calls, each once. */
Test(schedule, shares_make_the_whole)
{
    const struct ord_schedule all = {START, 1234, 0, 1};
    for (uint32_t thread = 0; thread < 4; thread++) {
        const struct ord_schedule share = {START, 1234, thread, 4};
        for (uint64_t i = 0; i < 2000; i++)
            cr_assert_eq(ord_schedule_due_ns(&share, i), ord_schedule_due_ns(&all, i * 4 + thread));
    }
}
