#include <criterion/criterion.h>
#include <stdio.h>

#include "core/sequence.h"

static const struct ord_sequence plain = {
    .mode = ORD_SEQUENCE_BLOCK, .block = 10, .start = 1, .increment = 1, .minimum = 1, .maximum = INT64_MAX};

static const struct ord_sequence widest = {.mode = ORD_SEQUENCE_GAPLESS,
                                           .start = INT64_MIN,
                                           .increment = 1,
                                           .minimum = INT64_MIN,
                                           .maximum = INT64_MAX};

static void refuses(struct ord_sequence sequence, const char *text)
{
    struct ord_error error = {0};
    cr_expect_eq(ord_sequence_check(&sequence, &error), ORD_OUT_OF_RANGE, "%s", text);
    cr_expect_str_eq(error.text, text, "%s", error.text);
}

Test(sequence, properties_that_fit_are_taken)
{
    cr_expect_eq(ord_sequence_check(&plain, NULL), ORD_OK);
    cr_expect_eq(ord_sequence_check(&widest, NULL), ORD_OK);
    struct ord_sequence one = plain;
    one.start = one.minimum = one.maximum = -7;
    one.increment = INT64_MAX;
    one.block = ORD_SEQUENCE_BLOCK_MAX;
    cr_expect_eq(ord_sequence_check(&one, NULL), ORD_OK);
}

Test(sequence, properties_that_do_not_fit_are_refused)
{
    struct ord_sequence sequence = plain;
    sequence.increment = 0;
    refuses(sequence, "increment: 0 is out of range; allowed 1 to 9223372036854775807");
    sequence = plain;
    sequence.minimum = 2;
    refuses(sequence, "start: 1 is below the minimum 2; allowed from there to the maximum");
    sequence = plain;
    sequence.maximum = 0;
    refuses(sequence, "start: 1 is above the maximum 0; allowed from the minimum to there");
    sequence = plain;
    sequence.block = 0;
    refuses(sequence, "block: 0 is out of range; allowed 1 to 1000000");
    sequence.block = ORD_SEQUENCE_BLOCK_MAX + 1;
    refuses(sequence, "block: 1000001 is out of range; allowed 1 to 1000000");
    sequence = widest;
    sequence.block = 1;
    refuses(sequence, "block: 1 is out of range; mode gapless has no blocks");
}

Test(sequence, each_property_tells_two_apart)
{
    cr_expect(ord_sequence_equals(&plain, &plain));
    struct ord_sequence others[6] = {plain, plain, plain, plain, plain, plain};
    others[0].mode = ORD_SEQUENCE_GAPLESS;
    others[1].block++;
    others[2].start++;
    others[3].increment++;
    others[4].minimum--;
    others[5].maximum--;
    for (int i = 0; i < 6; i++)
        cr_expect_not(ord_sequence_equals(&plain, &others[i]), "%d", i);
}

Test(sequence, what_is_left_is_counted_over_the_whole_range)
{
    cr_expect_eq(ord_sequence_left(&plain, &(struct ord_position){.next = 1}), (uint64_t)INT64_MAX);
    cr_expect_eq(ord_sequence_left(&plain, &(struct ord_position){.next = INT64_MAX}), 1);
    cr_expect_eq(ord_sequence_left(&plain, &(struct ord_position){.next = INT64_MAX, .is_over = true}), 0);
    cr_expect_eq(ord_sequence_left(&widest, &(struct ord_position){.next = INT64_MIN}), UINT64_MAX);
    cr_expect_eq(ord_sequence_left(&widest, &(struct ord_position){.next = INT64_MIN + 1}), UINT64_MAX);
    cr_expect_eq(ord_sequence_left(&widest, &(struct ord_position){.next = INT64_MIN + 2}), UINT64_MAX - 1);
    struct ord_sequence threes = widest;
    threes.increment = 3;
    threes.maximum = 10;
    cr_expect_eq(ord_sequence_left(&threes, &(struct ord_position){.next = 1}), 4);
    cr_expect_eq(ord_sequence_left(&threes, &(struct ord_position){.next = 2}), 3);
    cr_expect_eq(ord_sequence_left(&threes, &(struct ord_position){.next = 10}), 1);
}

Test(sequence, goes_on_by_its_increment_and_ends_at_its_maximum)
{
    struct ord_sequence threes = plain;
    threes.increment = 3;
    threes.maximum = 10;
    struct ord_position at = {.next = 1};
    at = ord_sequence_after(&threes, &at, 2);
    cr_expect(at.next == 7 && !at.is_over);
    at = ord_sequence_after(&threes, &at, 2);
    cr_expect(at.next == 10 && at.is_over);

    at = ord_sequence_after(&widest, &(struct ord_position){.next = INT64_MIN}, UINT64_C(1) << 63);
    cr_expect(at.next == 0 && !at.is_over);
    at = ord_sequence_after(&widest, &at, UINT64_C(1) << 63);
    cr_expect(at.next == INT64_MAX && at.is_over);
}

Test(sequence, counts_are_checked)
{
    struct ord_error error;
    cr_expect_eq(ord_sequence_check_count(1, NULL), ORD_OK);
    cr_expect_eq(ord_sequence_check_count(ORD_SEQUENCE_COUNT_MAX, NULL), ORD_OK);
    cr_expect_eq(ord_sequence_check_count(0, &error), ORD_OUT_OF_RANGE);
    cr_expect_eq(ord_sequence_check_count(ORD_SEQUENCE_COUNT_MAX + 1, &error), ORD_OUT_OF_RANGE);
    cr_expect_str_eq(error.text, "count: 1000001 is out of range; allowed 1 to 1000000");
}

Test(sequence, exhaustion_says_what_is_left)
{
    struct ord_error error;
    cr_expect_eq(ord_sequence_refuse(&plain, 1, 0, &error), ORD_EXHAUSTED);
    cr_expect_str_eq(error.text, "no value is left up to the maximum 9223372036854775807");
    cr_expect_eq(ord_sequence_refuse(&plain, 10, 3, &error), ORD_EXHAUSTED);
    cr_expect_str_eq(error.text,
                     "count: 10 values are not left up to the maximum 9223372036854775807; allowed 1 to 3");
}

static void sets(bool is_ok, struct ord_position at, int64_t next, bool forced)
{
    struct ord_sequence sequence = plain;
    sequence.maximum = 100;
    cr_expect_eq(ord_sequence_check_set(&sequence, &at, next, forced, NULL) == ORD_OK, is_ok, "%d to %d",
                 (int)at.next, (int)next);
}

Test(sequence, is_set_forward_and_backward_only_by_force)
{
    struct ord_position fresh = {.next = 50}, over = {.next = 90, .is_over = true};
    sets(true, fresh, 50, false);
    sets(true, fresh, 100, false);
    sets(false, fresh, 49, false);
    sets(true, fresh, 1, true);
    sets(false, over, 90, false);
    sets(true, over, 91, false);
    sets(true, over, 90, true);
    sets(false, fresh, 0, true);
    sets(false, fresh, 101, true);
}

Test(sequence, refusals_to_set_say_why)
{
    struct ord_error error;
    struct ord_position at = {.next = 50};
    cr_expect_eq(ord_sequence_check_set(&plain, &at, 0, true, &error), ORD_OUT_OF_RANGE);
    cr_expect_str_eq(error.text, "next: 0 is out of range; allowed 1 to 9223372036854775807");
    cr_expect_eq(ord_sequence_check_set(&plain, &at, 5, false, &error), ORD_PRECONDITION);
    cr_expect_str_eq(error.text,
                     "next: 5 lies below the next value 50, so that values would come again; allowed "
                     "above that, or with the sequence's name as force");
    at.is_over = true;
    cr_expect_eq(ord_sequence_check_set(&plain, &at, 50, false, &error), ORD_PRECONDITION);
    cr_expect_str_eq(error.text, "next: 50 lies not above the last value 50, so that values would come again; "
                                 "allowed above that, or with the sequence's name as force");
}
