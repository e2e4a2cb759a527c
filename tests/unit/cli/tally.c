#include "cli/tally.h"

#include <criterion/criterion.h>
#include <stdlib.h>

struct call {
    int caller;
    int64_t began_ns, ended_ns;
    uint64_t first, last;
    uint64_t then; /* a second span of one slot; 0: none */
};

#define CALLERS 3

/* The calls of one run of the daemon; those of one caller stand in their order. */
static void run(struct ord_tally *tally, const struct call *calls, size_t count)
{
    struct ord_record records[CALLERS] = {0};
    for (size_t i = 0; i < count; i++) {
        struct ord_record *record = &records[calls[i].caller];
        cr_assert(ord_record_span(record, (struct ord_span){calls[i].first, calls[i].last}));
        if (calls[i].then)
            cr_assert(ord_record_span(record, (struct ord_span){calls[i].then, calls[i].then}));
        cr_assert(ord_record_call(record, calls[i].began_ns, calls[i].ended_ns));
    }
    cr_assert(ord_tally_add(tally, records, CALLERS));
    for (int i = 0; i < CALLERS; i++)
        ord_record_finish(&records[i]);
}

#define RUN(tally, ...)                                                                                        \
    run(tally, (const struct call[]){__VA_ARGS__},                                                             \
        sizeof(const struct call[]){__VA_ARGS__} / sizeof(struct call))

static void expect(struct ord_tally *tally, uint64_t repeated, uint64_t reordered)
{
    cr_assert_eq(tally->repeated, repeated, "%llu repeated", (unsigned long long)tally->repeated);
    cr_assert_eq(tally->reordered, reordered, "%llu reordered", (unsigned long long)tally->reordered);
    ord_tally_finish(tally);
}

Test(tally, good_runs_have_no_fault)
{
    struct ord_tally tally = {0};
    RUN(&tally, {0, 0, 10, 1, 5, 7}, {1, 1, 9, 6, 6, 0}, {2, 2, 12, 8, 10, 0}, {0, 11, 20, 11, 12, 0});
    RUN(&tally, {1, 30, 40, 20, 29, 0}, {0, 30, 35, 30, 30, 0}, {0, 36, 45, 31, 31, 0});
    cr_assert_eq(tally.calls, 7);
    cr_assert_eq(tally.slots, 24);
    cr_assert_eq(tally.highest, 31);
    cr_assert_eq(tally.lowest, 20);
    expect(&tally, 0, 0);
}

Test(tally, calls_at_the_same_time_may_come_in_any_order)
{
    struct ord_tally tally = {0};
    RUN(&tally, {0, 0, 10, 9, 9, 0}, {1, 1, 9, 3, 3, 0}, {2, 9, 20, 1, 1, 0});
    expect(&tally, 0, 0);
}

Test(tally, slot_0_is_no_exception)
{
    struct ord_tally tally = {0};
    RUN(&tally, {0, 0, 1, 0, 0, 0});
    RUN(&tally, {0, 2, 3, 0, 0, 0});
    expect(&tally, 1, 1);
}

Test(tally, a_repetition_between_callers_is_caught)
{
    struct ord_tally tally = {0};
    RUN(&tally, {0, 0, 10, 1, 5, 0}, {1, 0, 10, 5, 9, 0});
    expect(&tally, 1, 0);
}

Test(tally, a_repetition_within_a_call_is_caught)
{
    struct ord_tally tally = {0};
    RUN(&tally, {0, 0, 10, 1, 5, 5});
    expect(&tally, 1, 1);
}

Test(tally, a_repetition_of_an_earlier_run_is_caught)
{
    struct ord_tally tally = {0};
    RUN(&tally, {0, 0, 10, 1, 1000, 0});
    RUN(&tally, {0, 20, 30, 900, 1100, 0});
    expect(&tally, 101, 1);
}

Test(tally, a_fall_below_an_earlier_run_is_caught)
{
    struct ord_tally tally = {0};
    RUN(&tally, {0, 0, 10, 100, 200, 0});
    RUN(&tally, {1, 20, 30, 50, 60, 0}, {1, 40, 50, 300, 300, 0});
    expect(&tally, 0, 1);
}

Test(tally, a_caller_that_falls_is_caught)
{
    struct ord_tally tally = {0};
    RUN(&tally, {0, 0, 10, 5, 6, 0}, {0, 11, 20, 1, 2, 0});
    expect(&tally, 0, 1);
}

Test(tally, a_call_that_falls_within_is_caught)
{
    struct ord_tally tally = {0};
    RUN(&tally, {0, 0, 10, 5, 6, 3});
    expect(&tally, 0, 1);
}

Test(tally, reordering_is_caught_behind_longer_calls)
{
    struct ord_tally tally = {0};
    RUN(&tally, {0, 0, 2, 50, 50, 0}, {1, 0, 100, 10, 10, 0}, {2, 1, 4, 5, 5, 0}, {0, 5, 6, 20, 20, 0});
    expect(&tally, 0, 1);
}

Test(tally, the_last_slot_of_a_batch_counts)
{
    struct ord_tally tally = {0};
    RUN(&tally, {0, 0, 1, 1, 9, 0}, {1, 2, 3, 5, 5, 10});
    expect(&tally, 1, 1);
}

Test(tally, nothing_received_is_no_fault)
{
    struct ord_tally tally = {0};
    struct ord_record none[2] = {0};
    cr_assert(ord_tally_add(&tally, none, 2));
    cr_assert(ord_tally_add(&tally, NULL, 0));
    expect(&tally, 0, 0);
}
