#include "base/spans.h"

#include <criterion/criterion.h>
#include <stdlib.h>

static uint64_t add(struct ord_span_set *set, uint64_t first, uint64_t last)
{
    struct ord_span_repeats repeats;
    cr_assert(ord_span_set_add(set, (struct ord_span){first, last}, &repeats));
    return repeats.count;
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

Test(spans, the_lowest_repetition_is_told)
{
    struct ord_span_set set = {0};
    struct ord_span_repeats repeats;
    add(&set, 10, 19);
    add(&set, 30, 39);
    cr_assert(ord_span_set_add(&set, (struct ord_span){15, 33}, &repeats));
    cr_assert_eq(repeats.count, 9);
    cr_assert_eq(repeats.lowest, 15);
    cr_assert(ord_span_set_add(&set, (struct ord_span){0, 12}, &repeats));
    cr_assert_eq(repeats.lowest, 10);
    ord_span_set_finish(&set);
}
