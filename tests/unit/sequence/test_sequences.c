/* The engine of sequences, on a disk that fails when it is told to. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "disk.h"

static struct disk disk;
static struct ord_sequences *sequences;

static void open_all(void)
{
    disk_init(&disk);
    sequences = disk_opened(&disk, 0, 100);
}

static void close_all(void)
{
    struct ord_error error;
    ord_sequences_close(sequences, &error);
    cr_expect_eq(error.code, ORD_OK, "%s", error.text);
    disk_finish(&disk);
}

static void reopen(void)
{
    struct ord_error error;
    ord_sequences_close(sequences, &error);
    cr_assert_eq(error.code, ORD_OK, "%s", error.text);
    sequences = disk_opened(&disk, 0, 100);
}

static void crash(void)
{
    disk_crash(&disk, sequences);
    sequences = disk_opened(&disk, 0, 100);
}

TestSuite(sequences, .init = open_all, .fini = close_all, .timeout = 60);

Test(sequences, one_is_created_once)
{
    cr_expect_eq(do_create(sequences, "a", &gapless), ORD_OK);
    cr_expect_eq(do_create(sequences, "a", &gapless), ORD_OK);
    cr_expect_eq(do_create(sequences, "a", &blocks_of_ten), ORD_ALREADY_EXISTS);
    cr_expect_eq(value_of(sequences, "a"), 1);
    struct ord_sequence_record record;
    cr_expect_eq(do_get(sequences, "a", &record), ORD_OK);
    cr_expect_eq(record.at.next, 2);
    cr_expect_eq(record.created_us, disk.now_us);
    cr_expect_eq(do_get(sequences, "b", &record), ORD_NOT_FOUND);
}

Test(sequences, gapless_values_are_durable_before_they_leave)
{
    do_create(sequences, "a", &gapless);
    for (int64_t value = 1; value <= 20; value++) {
        cr_expect_eq(value_of(sequences, "a"), value);
        cr_expect_eq(disk_record(&disk, "a").at.next, value + 1);
    }
    crash();
    cr_expect_eq(value_of(sequences, "a"), 21);
}

Test(sequences, a_gapless_one_has_no_hole_after_a_failure_whether_it_was_stored_or_not)
{
    int64_t first;
    do_create(sequences, "a", &gapless);
    for (int lands = 0; lands < 2; lands++) {
        disk.lands = lands;
        disk.fails = 1;
        cr_expect_eq(do_next(sequences, "a", 3, "", &first), ORD_UNAVAILABLE);
        cr_expect_eq(value_of(sequences, "a"), 1 + lands);
    }
}

Test(sequences, a_key_brings_the_same_values_also_after_a_crash)
{
    int64_t first, again;
    do_create(sequences, "a", &gapless);
    cr_assert_eq(do_next(sequences, "a", 3, "k", &first), ORD_OK);
    cr_expect_eq(value_of(sequences, "a"), 4);
    cr_expect_eq(do_next(sequences, "a", 3, "k", &again), ORD_OK);
    cr_expect_eq(again, first);
    cr_expect_eq(do_next(sequences, "a", 2, "k", &again), ORD_REQUEST_MISMATCH);
    crash();
    again = 0;
    cr_expect_eq(do_next(sequences, "a", 3, "k", &again), ORD_OK);
    cr_expect_eq(again, first);
    cr_expect_eq(value_of(sequences, "a"), 5);
}

Test(sequences, a_key_that_failed_brings_nothing_that_another_got)
{
    int64_t first;
    do_create(sequences, "a", &gapless);
    disk.fails = 1;
    disk.lands = true;
    cr_expect_eq(do_next(sequences, "a", 1, "k", &first), ORD_UNAVAILABLE);
    cr_expect_eq(disk.request_count, 1);
    cr_expect_eq(value_of(sequences, "a"), 1);
    cr_expect_eq(disk.request_count, 0, "the stored key is written over before its value is given");
    crash();
    cr_expect_eq(do_next(sequences, "a", 1, "k", &first), ORD_OK);
    cr_expect_eq(first, 2);
}

Test(sequences, a_key_that_was_stored_and_told_failed_counts_after_a_crash)
{
    int64_t first = 0;
    do_create(sequences, "a", &gapless);
    disk.fails = 1;
    disk.lands = true;
    cr_expect_eq(do_next(sequences, "a", 1, "k", &first), ORD_UNAVAILABLE);
    crash();
    cr_expect_eq(value_of(sequences, "a"), 2);
    cr_expect_eq(do_next(sequences, "a", 1, "k", &first), ORD_OK);
    cr_expect_eq(first, 1);
}

Test(sequences, keys_are_a_sequences_own_and_bounded)
{
    int64_t first;
    struct asker asker;
    char key[16];
    do_create(sequences, "a", &gapless);
    do_create(sequences, "b", &gapless);
    cr_expect_eq(do_next(sequences, "a", 1, "k", &first), ORD_OK);
    cr_expect_eq(do_next(sequences, "b", 2, "k", &first), ORD_OK);
    cr_expect_eq(first, 1);
    for (int i = 0; i < 98; i++) {
        snprintf(key, sizeof key, "%d", i);
        cr_expect_eq(do_next(sequences, "a", 1, key, &first), ORD_OK);
    }
    asker_init(&asker, ORD_SEQUENCE_NEXT, "a");
    asker.ask.next.count = 1;
    asker.ask.next.request_id = "more";
    cr_expect_eq(do_ask(sequences, &asker), ORD_CAPACITY);
    cr_expect_eq(asker.error.retry_after_ms, 1);
    cr_expect_eq(ord_sequences_counts(sequences).requests, 100);
    disk.now_us += 1000;
    cr_expect_eq(do_next(sequences, "a", 1, "more", &first), ORD_OK);
    cr_expect_lt(ord_sequences_counts(sequences).requests, 100);
    cr_expect_eq(ord_sequences_damaged(sequences), 3);
}

Test(sequences, a_block_is_reserved_ahead_and_a_crash_skips_no_more)
{
    do_create(sequences, "a", &blocks_of_ten);
    cr_expect_eq(disk_record(&disk, "a").at.next, 1);
    cr_expect_eq(value_of(sequences, "a"), 1);
    cr_expect_eq(disk_record(&disk, "a").at.next, 11);
    for (int64_t value = 2; value <= 1000; value++)
        cr_expect_eq(value_of(sequences, "a"), value);
    crash();
    int64_t after = value_of(sequences, "a");
    cr_expect(after > 1000 && after <= 1011, "%d", (int)after);
}

Test(sequences, a_clean_stop_skips_nothing)
{
    struct ord_values values;
    do_create(sequences, "a", &blocks_of_ten);
    for (int64_t value = 1; value <= 25; value++) {
        cr_expect_eq(value_of(sequences, "a"), value);
        reopen();
        cr_expect_not(ord_sequences_take(sequences, "a", 1, &values), "it is not in memory yet");
    }
}

Test(sequences, values_within_the_reserve_need_no_storage)
{
    struct ord_values values;
    do_create(sequences, "a", &blocks_of_ten);
    value_of(sequences, "a");
    cr_expect_eq(do_set(sequences, "a", 1, false), ORD_PRECONDITION);
    disk_hold(&disk);
    for (int64_t value = 2; value <= 10; value++) {
        cr_assert(ord_sequences_take(sequences, "a", 1, &values));
        cr_expect_eq(values.first, value);
    }
    cr_expect_not(ord_sequences_take(sequences, "a", 1, &values));
    disk_let_go(&disk);
    cr_expect_eq(value_of(sequences, "a"), 11);
}

Test(sequences, a_block_is_renewed_before_it_is_used_up, .timeout = 20)
{
    struct ord_values values;
    do_create(sequences, "a", &blocks_of_ten);
    value_of(sequences, "a");
    disk_hold(&disk);
    for (int64_t value = 2; value <= 5; value++)
        cr_assert(ord_sequences_take(sequences, "a", 1, &values));
    disk_wait_until_held(&disk);
    cr_assert(ord_sequences_take(sequences, "a", 1, &values), "nobody waits for that");
    disk_let_go(&disk);
}

Test(sequences, those_who_wait_for_a_block_are_served_in_order)
{
    enum {
        ASKERS = 40
    };
    static struct asker askers[ASKERS];
    do_create(sequences, "a", &blocks_of_ten);
    disk_hold(&disk);
    for (int i = 0; i < ASKERS; i++) {
        asker_init(&askers[i], ORD_SEQUENCE_NEXT, "a");
        askers[i].ask.next.count = (uint32_t)i + 1;
        askers[i].ask.next.request_id = i % 5 == 4 ? "key" : "";
        askers[i].ask.next.count = i % 5 == 4 ? 1 : (uint32_t)i + 1;
        ord_sequences_ask(sequences, &askers[i].ask);
    }
    disk_wait_until_held(&disk);
    disk_let_go(&disk);
    int64_t before = 0;
    for (int i = 0; i < ASKERS; i++) {
        cr_assert_eq(asker_wait(&askers[i]), ORD_OK, "%d: %s", i, askers[i].error.text);
        if (i % 5 == 4)
            continue;
        cr_expect_gt(askers[i].ask.values.first, before, "%d", i);
        before = askers[i].ask.values.first + i;
    }
    cr_expect_eq(askers[4].ask.values.first, askers[39].ask.values.first);
}

Test(sequences, more_than_a_block_at_a_time)
{
    int64_t first;
    do_create(sequences, "a", &blocks_of_ten);
    cr_expect_eq(do_next(sequences, "a", 1000000, "", &first), ORD_OK);
    cr_expect_eq(first, 1);
    cr_expect_eq(value_of(sequences, "a"), 1000001);
    crash();
    first = value_of(sequences, "a");
    cr_expect(first > 1000001 && first <= 1000012, "%d", (int)first);
}

Test(sequences, a_block_whose_reserve_cannot_be_renewed_gives_it_out_and_then_refuses)
{
    int64_t first;
    do_create(sequences, "a", &blocks_of_ten);
    value_of(sequences, "a");
    disk.fails = INT32_MAX;
    for (int64_t value = 2; value <= 10; value++)
        cr_expect_eq(value_of(sequences, "a"), value);
    for (int i = 0; i < 3; i++)
        cr_expect_eq(do_next(sequences, "a", 1, "", &first), ORD_UNAVAILABLE);
    cr_expect_eq(do_next(sequences, "a", 1, "k", &first), ORD_UNAVAILABLE);
    disk.fails = 0;
    cr_expect_eq(value_of(sequences, "a"), 11);
}

static void exhausts(enum ord_sequence_mode mode)
{
    int64_t first;
    struct ord_sequence what = {.mode = mode,
                                .block = mode == ORD_SEQUENCE_BLOCK ? 2 : 0,
                                .start = INT64_MAX - 6,
                                .increment = 3,
                                .minimum = 0,
                                .maximum = INT64_MAX};
    do_create(sequences, "a", &what);
    cr_expect_eq(value_of(sequences, "a"), INT64_MAX - 6);
    cr_expect_eq(do_next(sequences, "a", 3, "", &first), ORD_EXHAUSTED);
    cr_expect_eq(do_next(sequences, "a", 3, "k", &first), ORD_EXHAUSTED);
    cr_expect_eq(do_next(sequences, "a", 2, "k", &first), ORD_OK);
    cr_expect_eq(first, INT64_MAX - 3);
    for (int i = 0; i < 3; i++) {
        cr_expect_eq(do_next(sequences, "a", 1, "", &first), ORD_EXHAUSTED);
        cr_expect_eq(do_next(sequences, "a", 1, "l", &first), ORD_EXHAUSTED);
        reopen();
    }
    struct ord_sequence_record record;
    cr_expect_eq(do_get(sequences, "a", &record), ORD_OK);
    cr_expect(record.at.is_over);
    crash();
    cr_expect_eq(do_next(sequences, "a", 1, "", &first), ORD_EXHAUSTED);
    cr_expect_eq(do_set(sequences, "a", INT64_MAX, false), ORD_PRECONDITION);
    cr_expect_eq(do_set(sequences, "a", INT64_MAX, true), ORD_OK);
    cr_expect_eq(value_of(sequences, "a"), INT64_MAX);
    cr_expect_eq(do_next(sequences, "a", 1, "", &first), ORD_EXHAUSTED);
}

Test(sequences, a_gapless_one_is_over_for_good)
{
    exhausts(ORD_SEQUENCE_GAPLESS);
}

Test(sequences, one_of_blocks_is_over_for_good)
{
    exhausts(ORD_SEQUENCE_BLOCK);
}

Test(sequences, the_whole_range_of_values)
{
    int64_t first;
    struct ord_sequence what = {.mode = ORD_SEQUENCE_BLOCK,
                                .block = 10,
                                .start = INT64_MIN,
                                .increment = INT64_MAX,
                                .minimum = INT64_MIN,
                                .maximum = INT64_MAX};
    do_create(sequences, "a", &what);
    cr_expect_eq(value_of(sequences, "a"), INT64_MIN);
    cr_expect_eq(value_of(sequences, "a"), -1);
    cr_expect_eq(value_of(sequences, "a"), INT64_MAX - 1);
    cr_expect_eq(do_next(sequences, "a", 1, "", &first), ORD_EXHAUSTED);
    what.increment = 1;
    do_create(sequences, "b", &what);
    cr_expect_eq(value_of(sequences, "b"), INT64_MIN);
    cr_expect_eq(do_set(sequences, "b", INT64_MAX, false), ORD_OK);
    cr_expect_eq(value_of(sequences, "b"), INT64_MAX);
    cr_expect_eq(do_next(sequences, "b", 1, "", &first), ORD_EXHAUSTED);
}

static void is_set(const struct ord_sequence *what)
{
    do_create(sequences, "a", what);
    cr_expect_eq(value_of(sequences, "a"), 1);
    cr_expect_eq(do_set(sequences, "a", 1, false), ORD_PRECONDITION);
    cr_expect_eq(do_set(sequences, "a", 0, true), ORD_OUT_OF_RANGE);
    cr_expect_eq(value_of(sequences, "a"), 2);
    cr_expect_eq(do_set(sequences, "a", 5, false), ORD_OK);
    cr_expect_eq(disk_record(&disk, "a").at.next, 5);
    cr_expect_eq(value_of(sequences, "a"), 5);
    cr_expect_eq(do_set(sequences, "a", 1000, false), ORD_OK);
    crash();
    cr_expect_eq(value_of(sequences, "a"), 1000);
    cr_expect_eq(do_set(sequences, "a", 1, true), ORD_OK);
    cr_expect_eq(value_of(sequences, "a"), 1);
    cr_expect_eq(do_set(sequences, "b", 1, false), ORD_NOT_FOUND);
}

Test(sequences, a_gapless_one_is_set)
{
    is_set(&gapless);
}

Test(sequences, one_of_blocks_is_set)
{
    is_set(&blocks_of_ten);
}

/* The new position may be stored; if the old one went on unhindered, values would come twice after a crash. */
static void set_that_fails(bool lands, bool crashes)
{
    do_create(sequences, "a", &blocks_of_ten);
    cr_expect_eq(value_of(sequences, "a"), 1);
    disk.fails = 1;
    disk.lands = lands;
    cr_expect_eq(do_set(sequences, "a", 5, false), ORD_UNAVAILABLE);
    struct ord_values values;
    cr_expect_not(ord_sequences_take(sequences, "a", 1, &values), "nothing leaves before that is settled");
    if (crashes)
        crash();
    int64_t value = value_of(sequences, "a");
    cr_expect_eq(value, !crashes ? 2 : lands ? 5 : 11, "%d", (int)value);
    cr_expect_eq(do_delete(sequences, "a"), ORD_OK);
}

Test(sequences, to_set_may_fail)
{
    set_that_fails(false, false);
}

Test(sequences, to_set_may_fail_and_be_stored)
{
    set_that_fails(true, false);
}

Test(sequences, to_set_may_fail_before_a_crash)
{
    set_that_fails(false, true);
}

Test(sequences, to_set_may_fail_and_be_stored_before_a_crash)
{
    set_that_fails(true, true);
}

Test(sequences, a_deleted_name_is_taken_again_only_knowingly)
{
    int64_t first;
    struct asker asker;
    do_create(sequences, "a", &gapless);
    cr_expect_eq(do_next(sequences, "a", 1, "k", &first), ORD_OK);
    asker_init(&asker, ORD_SEQUENCE_DELETE, "a");
    cr_expect_eq(do_ask(sequences, &asker), ORD_OK);
    cr_expect_eq(asker.ask.record.at.next, 2, "how it stood");
    for (int i = 0; i < 2; i++) {
        cr_expect_eq(do_next(sequences, "a", 1, "", &first), ORD_DELETED);
        cr_expect_eq(do_next(sequences, "a", 1, "k", &first), ORD_DELETED);
        cr_expect_eq(do_delete(sequences, "a"), ORD_DELETED);
        cr_expect_eq(do_create(sequences, "a", &gapless), ORD_DELETED);
        crash();
    }
    asker_init(&asker, ORD_SEQUENCE_CREATE, "a");
    asker.ask.create.what = blocks_of_ten;
    asker.ask.create.revives = true;
    cr_expect_eq(do_ask(sequences, &asker), ORD_OK);
    cr_expect(asker.ask.is_new);
    cr_expect_eq(value_of(sequences, "a"), 1);
    cr_expect_eq(do_next(sequences, "a", 1, "k", &first), ORD_OK);
    cr_expect_eq(first, 2, "keys are of one life");
}

static void creation_that_fails(bool lands)
{
    disk.fails = 2;
    disk.lands = lands;
    cr_expect_eq(do_create(sequences, "a", &gapless), ORD_UNAVAILABLE);
    struct ord_sequence_record record;
    cr_expect_eq(do_get(sequences, "a", &record), ORD_NOT_FOUND);
    cr_expect_eq(do_create(sequences, "b", &gapless), ORD_OK, "the second failure was the attempt to settle");
    cr_expect_eq(disk_record(&disk, "a").status, ORD_SEQUENCE_ABSENT);
    cr_expect_eq(do_create(sequences, "a", &blocks_of_ten), ORD_OK);
    cr_expect_eq(value_of(sequences, "a"), 1);
}

Test(sequences, creation_may_fail)
{
    creation_that_fails(false);
}

Test(sequences, creation_may_fail_and_be_stored)
{
    creation_that_fails(true);
}

Test(sequences, deletion_may_fail_and_be_stored)
{
    do_create(sequences, "a", &blocks_of_ten);
    value_of(sequences, "a");
    disk.fails = 1;
    disk.lands = true;
    cr_expect_eq(do_delete(sequences, "a"), ORD_UNAVAILABLE);
    cr_expect_eq(value_of(sequences, "a"), 2);
    cr_expect_eq(disk_record(&disk, "a").status, ORD_SEQUENCE_LIVE);
}

Test(sequences, nothing_is_assigned_while_storage_fails)
{
    int64_t first;
    do_create(sequences, "a", &blocks_of_ten);
    disk.fails = 100;
    for (int i = 0; i < 50; i++)
        cr_expect_eq(do_next(sequences, "a", 7, "", &first), ORD_UNAVAILABLE);
    for (int i = 0; i < 50; i++)
        cr_expect_eq(do_next(sequences, "a", 7, "k", &first), ORD_UNAVAILABLE);
    disk.fails = 0;
    cr_expect_eq(value_of(sequences, "a"), 1);
}

Test(sequences, what_cannot_be_read_is_refused_and_read_again)
{
    struct asker asker;
    disk.reading_fails = 1;
    asker_init(&asker, ORD_SEQUENCE_GET, "a");
    cr_expect_eq(do_ask(sequences, &asker), ORD_UNAVAILABLE);
    cr_expect_str_eq(asker.error.text, "it cannot be read: read: Input/output error");
    cr_expect_eq(asker.error.retry_after_ms, 1000);
    cr_expect_eq(do_create(sequences, "a", &gapless), ORD_OK);
}

Test(sequences, what_is_damaged_is_refused)
{
    struct asker asker;
    do_create(sequences, "a", &gapless);
    do_create(sequences, "b", &gapless);
    reopen();
    disk.damaged = "a";
    asker_init(&asker, ORD_SEQUENCE_CREATE, "a");
    asker.ask.create.what = gapless;
    cr_expect_eq(do_ask(sequences, &asker), ORD_INTERNAL);
    cr_expect_str_eq(asker.error.text, "name: what is stored of the sequence a is damaged");
    cr_expect_eq(value_of(sequences, "b"), 1);
}

Test(sequences, values_are_counted)
{
    int64_t first;
    do_create(sequences, "a", &gapless);
    do_create(sequences, "b", &blocks_of_ten);
    do_next(sequences, "a", 3, "", &first);
    for (int i = 0; i < 30; i++)
        value_of(sequences, "b");
    disk.fails = 1;
    do_next(sequences, "a", 3, "", &first);
    struct ord_sequences_counts counts = ord_sequences_counts(sequences);
    cr_expect_eq(counts.values[ORD_SEQUENCE_GAPLESS], 3);
    cr_expect_eq(counts.values[ORD_SEQUENCE_BLOCK], 30);
    cr_expect_eq(counts.commits[0], 1);
    cr_expect_geq(counts.commits[1], 5);
    cr_expect_eq(counts.loaded, 2);
}

struct told {
    int count;
    uint64_t values;
};

static void note(void *context, const char *name, enum ord_sequence_mode mode, uint64_t values)
{
    struct told *told = context;
    told->count++;
    told->values += values;
    cr_expect(strcmp(name, "b") == 0 ? mode == ORD_SEQUENCE_BLOCK : strcmp(name, "a") == 0);
}

Test(sequences, values_are_counted_by_name)
{
    struct told told = {0};
    int64_t first;
    do_create(sequences, "a", &gapless);
    do_create(sequences, "b", &blocks_of_ten);
    do_create(sequences, "c", &blocks_of_ten);
    do_delete(sequences, "c");
    do_next(sequences, "a", 3, "", &first);
    do_next(sequences, "b", 4, "", &first);
    ord_sequences_by_name(sequences, note, &told);
    cr_expect_eq(told.count, 2);
    cr_expect_eq(told.values, 7);
}
