#include "store/journal.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "scratch.h"

#define NAME "a.journal"

static char *path;
static struct ord_directory directory;
static struct ord_journal journal;

static void set_up(void)
{
    path = scratch();
    cr_assert_eq(ord_directory_open(path, true, &directory, NULL), ORD_OK);
    ord_journal_init(&journal, &directory, NAME);
    cr_assert_eq(ord_journal_create(&journal, NULL), ORD_OK);
    ord_journal_begin(&journal, 7);
}

static void tear_down(void)
{
    ord_journal_close(&journal);
    ord_directory_close(&directory);
    scratch_end(path);
}

TestSuite(journal, .init = set_up, .fini = tear_down);

static void append(const char *text)
{
    struct ord_error error = {0};
    cr_assert_eq(ord_journal_append(&journal, (const uint8_t *)text, strlen(text), &error), ORD_OK, "%s",
                 error.text);
}

/* Adds what a record has, and a space; a large one is cut off. */
static enum ord_code join(void *context, const uint8_t *changes, size_t size, struct ord_error *error)
{
    char *told = context;
    size_t used = strlen(told);
    if (used > 150)
        return ord_fail(error, ORD_CAPACITY, "enough");
    snprintf(told + used, 20, "%.*s ", (int)size, (const char *)changes);
    return ORD_OK;
}

static void reads(uint64_t generation, const char *expected)
{
    char told[200] = "";
    struct ord_error error = {0};
    cr_assert_eq(ord_journal_read(&directory, NAME, generation, join, told, &error), ORD_OK, "%s", error.text);
    cr_expect_str_eq(told, expected);
}

static void spoil(off_t at)
{
    char byte, file[PATH_MAX];
    snprintf(file, sizeof file, "%s/" NAME, path);
    int fd = open(file, O_RDWR);
    cr_assert_eq(pread(fd, &byte, 1, at), 1);
    byte ^= 1;
    cr_assert_eq(pwrite(fd, &byte, 1, at), 1);
    close(fd);
}

Test(journal, what_was_appended_is_told_in_order)
{
    reads(7, "");
    append("one");
    append("two");
    append("three");
    reads(7, "one two three ");
    reads(6, "");
    reads(8, "");
}

Test(journal, the_next_generation_writes_over_the_last)
{
    append("one");
    append("two");
    append("three");
    ord_journal_begin(&journal, 8);
    reads(8, "");
    reads(7, "one two three ");
    append("four");
    reads(8, "four ");
}

Test(journal, a_new_file_has_nothing_of_the_old_one)
{
    append("one");
    int old = open("/dev/null", O_RDONLY);
    cr_assert_geq(dup2(journal.fd, old), 0);
    cr_assert_eq(ord_journal_create(&journal, NULL), ORD_OK);
    ord_journal_begin(&journal, 7);
    reads(7, "");
    cr_expect_not(ord_directory_still(&directory, NAME, old), "who writes there still reaches nobody");
    close(old);
}

Test(journal, a_record_may_have_many_blocks_up_to_the_end)
{
    size_t room = (size_t)ORD_JOURNAL_BLOCK * ORD_JOURNAL_BLOCKS - 32;
    uint8_t *large = calloc(1, room + 1);
    cr_expect(ord_journal_has_room(&journal, room));
    cr_expect_not(ord_journal_has_room(&journal, room + 1));
    append("one");
    cr_expect_not(ord_journal_has_room(&journal, room));
    room -= ORD_JOURNAL_BLOCK;
    cr_assert(ord_journal_has_room(&journal, room));
    cr_assert_eq(ord_journal_append(&journal, large, room, NULL), ORD_OK);
    cr_expect_not(ord_journal_has_room(&journal, 0));
    reads(7, "one  ");
    ord_journal_begin(&journal, 8);
    cr_assert_eq(ord_journal_append(&journal, large, ORD_JOURNAL_BLOCK - 32, NULL), ORD_OK);
    cr_expect_eq(journal.next, 1);
    cr_assert_eq(ord_journal_append(&journal, large, ORD_JOURNAL_BLOCK - 31, NULL), ORD_OK);
    cr_expect_eq(journal.next, 3);
    free(large);
}

Test(journal, what_was_torn_last_is_no_record)
{
    append("one");
    append("two");
    spoil(ORD_JOURNAL_BLOCK + 33);
    reads(7, "one ");
    spoil(0);
    reads(8, "");
}

Test(journal, what_is_damaged_before_the_last_is_told)
{
    char told[200] = "";
    struct ord_error error;
    append("one");
    append("two");
    append("three");
    for (int byte = 0; byte < 35; byte++) {
        spoil(ORD_JOURNAL_BLOCK + byte);
        told[0] = '\0';
        cr_expect_eq(ord_journal_read(&directory, NAME, 7, join, told, &error), ORD_INVALID_ARGUMENT, "%d",
                     byte);
        cr_expect(strstr(error.text, NAME ": block 1 is damaged: block 2 has a later record"), "%s",
                  error.text);
        cr_expect_str_eq(told, "one ");
        spoil(ORD_JOURNAL_BLOCK + byte);
    }
    reads(7, "one two three ");
}

Test(journal, what_cannot_be_read)
{
    char told[200] = "", file[PATH_MAX];
    struct ord_error error;
    append("one");
    cr_expect_eq(ord_journal_read(&directory, "no.journal", 7, join, told, &error), ORD_NOT_FOUND);
    cr_expect(strstr(error.text, "/no.journal is missing"), "%s", error.text);
    memset(told, 'x', sizeof told - 1);
    cr_expect_eq(ord_journal_read(&directory, NAME, 7, join, told, &error), ORD_CAPACITY, "the reader's own");
    snprintf(file, sizeof file, "%s/" NAME, path);
    cr_assert_eq(truncate(file, 4000), 0);
    reads(7, "one ");
    cr_assert_eq(truncate(file, 20), 0);
    reads(7, "");
}

Test(journal, what_cannot_be_written)
{
    struct ord_error error;
    int full = open("/dev/full", O_RDWR);
    cr_assert_geq(dup2(full, journal.fd), 0);
    cr_expect_eq(ord_journal_append(&journal, (const uint8_t *)"one", 3, &error), ORD_INTERNAL);
    cr_expect(strstr(error.text, NAME ": No space left on device"), "%s", error.text);
    close(full);
    cr_assert_eq(mkdirat(directory.fd, NAME ".new", 0700), 0);
    cr_expect_eq(ord_journal_create(&journal, &error), ORD_INTERNAL);
    cr_expect(strstr(error.text, NAME ".new: Is a directory"), "%s", error.text);
    cr_expect_eq(journal.fd, -1);
}
