#include "cli/tally.h"

#include <criterion/criterion.h>
#include <stdlib.h>

static uint64_t add(struct ord_span_set *set, uint64_t first, uint64_t last)
{
    uint64_t repeated;
    cr_assert(ord_span_set_add(set, (struct ord_span){first, last}, &repeated));
    return repeated;
}

Test(spans, neighbours_are_joined)
{
    struct ord_span_set set = {0};
    cr_assert_eq(add(&set, 10, 19), 0);
    cr_assert_eq(add(&set, 30, 39), 0);
    cr_assert_eq(set.count, 2);
    cr_assert_eq(add(&set, 20, 29), 0);
    cr_assert_eq(set.count, 1);
    cr_assert_eq(set.spans[0].first, 10);
    cr_assert_eq(set.spans[0].last, 39);
    ord_span_set_finish(&set);
}

Test(spans, repetitions_are_counted)
{
    struct ord_span_set set = {0};
    add(&set, 10, 19);
    add(&set, 30, 39);
    cr_assert_eq(add(&set, 19, 19), 1, "the last of a span");
    cr_assert_eq(add(&set, 10, 10), 1, "the first of a span");
    cr_assert_eq(add(&set, 12, 14), 3, "inside of a span");
    cr_assert_eq(add(&set, 0, 100), 20, "around all spans");
    cr_assert_eq(set.count, 1);
    cr_assert_eq(add(&set, 0, 100), 101, "the whole");
    ord_span_set_finish(&set);
}

Test(spans, the_ends_of_the_numbers_are_no_exception)
{
    struct ord_span_set set = {0};
    cr_assert_eq(add(&set, 0, 0), 0);
    cr_assert_eq(add(&set, UINT64_MAX, UINT64_MAX), 0);
    cr_assert_eq(set.count, 2);
    cr_assert_eq(add(&set, 0, 0), 1);
    cr_assert_eq(add(&set, UINT64_MAX - 1, UINT64_MAX), 1);
    cr_assert_eq(add(&set, 1, UINT64_MAX - 2), 0);
    cr_assert_eq(set.count, 1);
    ord_span_set_finish(&set);
}

/* Against a plain table of what was given. */
Test(spans, agree_with_a_table)
{
    enum {
        SLOTS = 500
    };
    for (unsigned seed = 1; seed <= 200; seed++) {
        bool given[SLOTS] = {false};
        struct ord_span_set set = {0};
        srand(seed);
        for (int step = 0; step < 60; step++) {
            uint64_t first = (uint64_t)(rand() % SLOTS), last = first + (uint64_t)(rand() % 12);
            last = last < SLOTS ? last : SLOTS - 1;
            uint64_t expected = 0;
            for (uint64_t slot = first; slot <= last; slot++) {
                expected += given[slot];
                given[slot] = true;
            }
            uint64_t repeated = add(&set, first, last);
            cr_assert_eq(repeated, expected, "seed %u, step %d: %llu repeated, expected %llu", seed, step,
                         (unsigned long long)repeated, (unsigned long long)expected);
        }
        for (size_t i = 1; i < set.count; i++)
            cr_assert_gt(set.spans[i].first, set.spans[i - 1].last + 1, "seed %u: spans touch", seed);
        ord_span_set_finish(&set);
    }
}

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
