#include "bench/checker.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <stdlib.h>

#define DEFAULT "tick:41,node:10,sequence:12"

static struct ord_ledger ledger;
static struct ord_checker checker, other;

static void begin(const char *fields, uint32_t workers)
{
    struct ord_error error;
    cr_assert_eq(ord_ledger_init(&ledger, fields, workers, &error), ORD_OK, "%s", error.text);
    ord_checker_init(&checker, &ledger);
    ord_checker_init(&other, &ledger);
}

static void begin_default(void)
{
    begin(DEFAULT, 1);
}

static void end(uint64_t repeated, uint64_t reordered)
{
    ord_checker_finish(&checker);
    ord_checker_finish(&other);
    cr_assert_eq(ledger.repeated, repeated, "%llu repeated", (unsigned long long)ledger.repeated);
    cr_assert_eq(checker.reordered + other.reordered, reordered, "%llu reordered",
                 (unsigned long long)(checker.reordered + other.reordered));
    ord_ledger_finish(&ledger);
}

static size_t spans_of_ledger(void)
{
    size_t count = 0;
    for (int i = 0; i < ORD_LEDGER_SETS; i++)
        count += ledger.given[i].count;
    return count;
}

static int64_t id_of(uint64_t tick, uint64_t node, uint64_t sequence)
{
    return (int64_t)(tick << 22 | node << 12 | sequence);
}

static struct ord_mark now(struct ord_checker *which)
{
    struct ord_mark mark;
    ord_checker_turn(which);
    ord_checker_mark(which, &mark);
    return mark;
}

/* A reply of one run to a call sent at `mark`. */
static void reply(struct ord_checker *which, const struct ord_mark *mark, int64_t first, int64_t step,
                  uint32_t count)
{
    int64_t last = -1;
    ord_checker_run(which, mark, &last, &(struct ord_run){.first = first, .step = step, .count = count});
}

static void one(struct ord_checker *which, int64_t id)
{
    struct ord_mark mark = now(which);
    reply(which, &mark, id, 1, 1);
}

Test(checker, rising_ids_have_no_fault, .init = begin_default)
{
    for (uint64_t tick = 0; tick < 50; tick++)
        for (uint64_t sequence = 0; sequence < 4096; sequence++)
            one(&checker, id_of(tick, 1, sequence));
    cr_assert_eq(checker.ids, 50 * 4096);
    end(0, 0);
}

Test(checker, id_0_is_no_exception, .init = begin_default)
{
    one(&checker, 0);
    one(&checker, 0);
    end(1, 1);
}

Test(checker, a_repetition_is_found_and_named, .init = begin_default)
{
    struct ord_mark mark = now(&checker);
    reply(&checker, &mark, id_of(5, 3, 7), 1, 1);
    reply(&checker, &mark, id_of(5, 3, 8), 1, 1);
    reply(&checker, &mark, id_of(5, 3, 7), 1, 1);
    cr_assert_eq(ledger.finding_count, 1);
    cr_assert(ledger.findings[0].is_repetition);
    cr_assert_eq(ledger.findings[0].id, id_of(5, 3, 7));
    end(1, 0);
}

Test(checker, a_repetition_long_after_is_found, .init = begin_default)
{
    struct ord_mark mark = now(&checker);
    for (uint64_t tick = 0; tick < 200000; tick++)
        reply(&checker, &mark, id_of(tick, 1, 9), 1, 1);
    reply(&checker, &mark, id_of(3, 1, 9), 1, 1);
    ord_checker_finish(&checker);
    cr_assert_eq(ledger.findings[0].id, id_of(3, 1, 9));
    end(1, 0);
}

Test(checker, a_repetition_in_a_batch_is_found_and_named, .init = begin_default)
{
    struct ord_mark mark = now(&checker);
    reply(&checker, &mark, id_of(8, 1, 100), 1, 50);
    reply(&checker, &mark, id_of(8, 1, 120), 1, 1);
    reply(&checker, &mark, id_of(8, 1, 149), 1, 3);
    ord_checker_finish(&checker);
    cr_assert_eq(ledger.finding_count, 2);
    end(2, 0);
}

Test(checker, a_repetition_between_threads_is_found, .init = begin_default)
{
    struct ord_mark mark = now(&checker), theirs = now(&other);
    reply(&checker, &mark, id_of(8, 1, 100), 1, 1);
    reply(&other, &theirs, id_of(8, 1, 100), 1, 1);
    end(1, 0);
}

/* Node bits and tags below the sequence: neighbours are `step` apart. */
Test(checker, layouts_with_bits_below_the_sequence_are_no_exception)
{
    begin("tick:39,sequence:8,node:16", 1);
    struct ord_mark mark = now(&checker);
    reply(&checker, &mark, INT64_C(5) << 24 | 7, 1 << 16, 256);
    reply(&checker, &mark, INT64_C(6) << 24 | 7, 1 << 16, 256);
    reply(&checker, &mark, INT64_C(6) << 24 | 8, 1 << 16, 256);
    ord_checker_finish(&checker);
    cr_assert_eq(spans_of_ledger(), 2, "%zu spans: one for each node", spans_of_ledger());
    reply(&checker, &mark, INT64_C(6) << 24 | 255 << 16 | 8, 1, 1);
    ord_checker_finish(&checker);
    cr_assert_eq(ledger.findings[0].id, INT64_C(6) << 24 | 255 << 16 | 8);
    end(1, 0);
}

Test(checker, runs_that_are_not_neighbours_are_taken_apart, .init = begin_default)
{
    struct ord_mark mark = now(&checker);
    reply(&checker, &mark, 1000, 2, 10);
    reply(&checker, &mark, 1001, 2, 10);
    reply(&checker, &mark, 1018, 1, 1);
    end(1, 0);
}

Test(checker, without_a_layout_ids_are_just_numbers)
{
    begin(NULL, 0);
    one(&checker, INT64_MAX - 1);
    one(&checker, INT64_MAX);
    one(&other, 5);
    one(&checker, INT64_MAX);
    end(1, 2);
}

/* Ids above the layout's are numbers as well. */
Test(checker, ids_outside_of_the_layout_do_not_hide_others)
{
    begin("tick:30,node:2,sequence:8", 1);
    struct ord_mark mark = now(&checker);
    reply(&checker, &mark, INT64_C(1) << 50, 1, 1);
    reply(&checker, &mark, INT64_C(1) << 50, 1, 1);
    reply(&checker, &mark, 7, 1, 1);
    end(1, 0);
}

Test(checker, many_ids_of_a_tick_take_one_span, .init = begin_default)
{
    static int order[4096];
    struct ord_mark mark = now(&checker);
    for (uint64_t tick = 0; tick < 300; tick++) {
        for (int i = 0; i < 4096; i++) {
            int at = rand() % (i + 1);
            order[i] = order[at];
            order[at] = i;
        }
        for (int i = 0; i < 4096; i++)
            reply(&checker, &mark, id_of(tick, 1, (uint64_t)order[i]), 1, 1);
    }
    ord_checker_finish(&checker);
    cr_assert_eq(spans_of_ledger(), 1, "%zu spans", spans_of_ledger());
    end(0, 0);
}

Test(checker, few_ids_of_a_tick_take_one_span_too, .init = begin_default)
{
    struct ord_mark mark = now(&checker);
    for (uint64_t tick = 0; tick < 10000; tick++)
        for (uint64_t i = 0; i < 100; i++)
            reply(i % 2 ? &checker : &other, &mark, id_of(tick, 1, 30 + i), 1, 1);
    ord_checker_finish(&checker);
    ord_checker_finish(&other);
    cr_assert_eq(spans_of_ledger(), 10000, "%zu spans", spans_of_ledger());
    end(0, 0);
}

/* Nodes are kept apart, whatever bits they have in common. */
Test(checker, repetitions_of_any_node_are_found, .init = begin_default)
{
    struct ord_mark mark = now(&checker);
    for (int round = 0; round < 2; round++)
        for (uint64_t node = 0; node < 1024; node++)
            for (uint64_t sequence = 0; sequence < 100; sequence++)
                reply(&checker, &mark, id_of(77, node, sequence), 1, 1);
    end(1024 * 100, 0);
}

/* The last slot of a node and the first one of the next are neighbours as numbers. */
Test(checker, spans_do_not_reach_from_node_to_node, .init = begin_default)
{
    struct ord_mark mark = now(&checker);
    int64_t last = id_of((UINT64_C(1) << 41) - 1, 1, 4095);
    reply(&checker, &mark, last, 1, 1);
    reply(&checker, &mark, id_of(0, 2, 0), 1, 1);
    ord_checker_finish(&checker);
    reply(&checker, &mark, id_of(0, 2, 0), 1, 1);
    ord_checker_finish(&checker);
    reply(&checker, &mark, last, 1, 1);
    end(2, 0);
}

/* Order */

Test(checker, calls_at_the_same_time_may_come_in_any_order, .init = begin_default)
{
    struct ord_mark mark = now(&checker);
    reply(&checker, &mark, id_of(9, 1, 5), 1, 1);
    reply(&checker, &mark, id_of(9, 1, 3), 1, 1);
    end(0, 0);
}

Test(checker, a_later_call_with_a_lower_id_is_found_and_named, .init = begin_default)
{
    one(&checker, id_of(9, 1, 5));
    one(&checker, id_of(9, 1, 3));
    cr_assert_eq(ledger.finding_count, 1);
    cr_assert_not(ledger.findings[0].is_repetition);
    cr_assert_eq(ledger.findings[0].id, id_of(9, 1, 3));
    cr_assert_eq(ledger.findings[0].above, id_of(9, 1, 5));
    end(0, 1);
}

/* What counts is when the call was sent, not when its reply came. */
Test(checker, a_call_sent_before_may_bring_a_lower_id, .init = begin_default)
{
    struct ord_mark before = now(&checker);
    one(&checker, id_of(9, 1, 5));
    reply(&checker, &before, id_of(9, 1, 3), 1, 1);
    end(0, 0);
}

Test(checker, order_holds_between_threads, .init = begin_default)
{
    one(&checker, id_of(9, 1, 5));
    ord_checker_turn(&checker);
    one(&other, id_of(9, 1, 3));
    end(0, 1);
}

Test(checker, each_issuer_has_its_own_order, .init = begin_default)
{
    one(&checker, id_of(9, 2, 5));
    one(&checker, id_of(7, 1, 5));
    one(&checker, id_of(10, 2, 5));
    one(&checker, id_of(8, 1, 5));
    one(&checker, id_of(7, 1, 6));
    end(0, 1);
}

Test(checker, workers_of_a_node_are_issuers)
{
    begin(DEFAULT, 2);
    one(&checker, id_of(9, 1, 2048));
    one(&checker, id_of(7, 1, 0));
    one(&checker, id_of(8, 1, 2049));
    end(0, 1);
}

Test(checker, issuers_beyond_the_table_are_told, .init = begin_default)
{
    for (uint64_t node = 0; node < ORD_ISSUERS_MAX + 2; node++)
        one(&checker, id_of(100 - node, node, 0));
    cr_assert_eq(checker.unordered, 2);
    end(0, 0);
}

Test(checker, runs_of_a_reply_rise, .init = begin_default)
{
    struct ord_mark mark = now(&checker);
    int64_t last = -1;
    ord_checker_run(&checker, &mark, &last, &(struct ord_run){.first = id_of(9, 1, 5), .step = 1, .count = 10});
    ord_checker_run(&checker, &mark, &last,
                    &(struct ord_run){.first = id_of(10, 1, 0), .step = 1, .count = 10});
    cr_assert_eq(last, id_of(10, 1, 9));
    ord_checker_run(&checker, &mark, &last,
                    &(struct ord_run){.first = id_of(9, 1, 15), .step = 1, .count = 10});
    end(0, 1);
}

/* Any number of repetitions and orders, against plain tables. */
Test(checker, agrees_with_a_table)
{
    enum {
        IDS = 3000
    };
    for (unsigned seed = 1; seed <= 100; seed++) {
        bool given[IDS] = {false};
        uint64_t repeated = 0;
        srand(seed);
        begin(seed % 2 ? DEFAULT : NULL, 1);
        struct ord_mark mark = now(&checker);
        for (int i = 0; i < 500; i++) {
            int first = rand() % IDS, count = 1 + rand() % 3 * (rand() % 80), step = 1 + rand() % 2;
            if (first + count * step >= IDS)
                continue;
            for (int j = 0; j < count; j++) {
                repeated += given[first + j * step];
                given[first + j * step] = true;
            }
            reply(rand() % 2 ? &checker : &other, &mark, first, step, (uint32_t)count);
        }
        end(repeated, 0);
    }
}

Test(checker, a_layout_that_is_none_is_refused)
{
    struct ord_error error;
    cr_assert_eq(ord_ledger_init(&ledger, "tick:99", 1, &error), ORD_OUT_OF_RANGE, "%s", error.text);
    cr_assert_eq(ord_ledger_init(&ledger, "nonsense", 1, &error), ORD_INVALID_ARGUMENT);
    cr_assert_eq(ord_ledger_init(&ledger, DEFAULT, 5000, &error), ORD_OUT_OF_RANGE);
}
