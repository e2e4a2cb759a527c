/* Lists of sequences, and more sequences than fit in memory. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "disk.h"

static struct disk disk;
static char buffer[1 << 16];
static struct ord_arena arena;

static void start(void)
{
    disk_init(&disk);
    ord_arena_init(&arena, buffer, sizeof buffer);
}

static void end(void)
{
    ord_arena_finish(&arena);
    disk_finish(&disk);
}

TestSuite(pages, .init = start, .fini = end, .timeout = 60);

static enum ord_code listed(struct ord_sequences *sequences, struct asker *asker, const char *prefix,
                            const char *after, size_t max)
{
    asker_init(asker, ORD_SEQUENCE_LIST, NULL);
    asker->ask.list.prefix = prefix;
    asker->ask.list.after = after;
    asker->ask.list.max = max;
    asker->ask.list.arena = &arena;
    return do_ask(sequences, asker);
}

/* The names of a page, one after the other, and "+" where there are more. */
static void expect(struct ord_sequences *sequences, const char *prefix, const char *after, size_t max,
                   const char *names)
{
    struct asker asker;
    char text[200] = "";
    cr_assert_eq(listed(sequences, &asker, prefix, after, max), ORD_OK, "%s", asker.error.text);
    for (size_t i = 0; i < asker.ask.page.count; i++)
        strcat(strcat(text, asker.ask.page.items[i].name), " ");
    if (asker.ask.page.end)
        strcat(strcat(text, "+"), asker.ask.page.end);
    cr_expect_str_eq(text, names, "prefix \"%s\" after \"%s\": %s", prefix, after, text);
}

Test(pages, go_by_name_and_start_after_one)
{
    static const char *const names[] = {"b", "a.2", "a.1", "a", "a.10", "c", "B"};
    struct ord_sequences *sequences = disk_opened(&disk, 0, 10);
    expect(sequences, "", "", 10, "");
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        do_create(sequences, names[i], &blocks_of_ten);
    expect(sequences, "", "", 10, "B a a.1 a.10 a.2 b c ");
    expect(sequences, "", "", 3, "B a a.1 +a.1");
    expect(sequences, "", "a.1", 3, "a.10 a.2 b +b");
    expect(sequences, "", "b", 3, "c ");
    expect(sequences, "", "c", 3, "");
    expect(sequences, "", "aaa", 2, "b c ");
    expect(sequences, "a.", "", 2, "a.1 a.10 +a.10");
    expect(sequences, "a.", "a.10", 2, "a.2 ");
    expect(sequences, "a.1", "a", 10, "a.1 a.10 ");
    expect(sequences, "x", "", 10, "");
    ord_sequences_close(sequences, NULL);
}

Test(pages, deleted_ones_are_left_out)
{
    struct ord_sequences *sequences = disk_opened(&disk, 0, 10);
    do_create(sequences, "a", &gapless);
    do_create(sequences, "b", &gapless);
    do_create(sequences, "c", &gapless);
    do_delete(sequences, "b");
    expect(sequences, "", "", 10, "a c ");
    ord_sequences_close(sequences, NULL);
    sequences = disk_opened(&disk, 0, 10);
    expect(sequences, "", "", 1, "a +a");
    expect(sequences, "", "a", 1, "c ");
    ord_sequences_close(sequences, NULL);
}

Test(pages, tell_where_each_stands)
{
    struct asker asker;
    struct ord_sequences *sequences = disk_opened(&disk, 0, 10);
    do_create(sequences, "a", &blocks_of_ten);
    cr_expect_eq(value_of(sequences, "a"), 1);
    cr_assert_eq(listed(sequences, &asker, "", "", 10), ORD_OK);
    cr_expect_eq(asker.ask.page.items[0].record.at.next, 2, "not where storage is reserved up to");
    ord_sequences_close(sequences, NULL);
}

Test(pages, fail_with_storage)
{
    struct asker asker;
    struct ord_sequences *sequences = disk_opened(&disk, 0, 10);
    do_create(sequences, "a", &gapless);
    disk.reading_fails = 1;
    cr_expect_eq(listed(sequences, &asker, "", "", 10), ORD_UNAVAILABLE);
    cr_expect_str_eq(asker.error.text, "they cannot be read: read: Input/output error");
    disk.damaged = "a";
    cr_expect_eq(listed(sequences, &asker, "", "", 10), ORD_INTERNAL);
    cr_expect_str_eq(asker.error.text, "what is stored of the sequence a is damaged");
    ord_sequences_close(sequences, NULL);
}

enum {
    MANY = 200,
    LOADED = 16
};

static const char *name_of(int i)
{
    static char name[16];
    snprintf(name, sizeof name, "n%d", i);
    return name;
}

static struct ord_sequences *with_many(void)
{
    struct ord_sequences *sequences = disk_opened(&disk, LOADED, 10);
    for (int i = 0; i < MANY; i++)
        cr_assert_eq(do_create(sequences, name_of(i), i % 2 ? &gapless : &blocks_of_ten), ORD_OK);
    return sequences;
}

Test(pages, those_that_do_not_fit_in_memory_go_on_where_they_stood)
{
    struct ord_sequences *sequences = with_many();
    for (int64_t round = 1; round <= 5; round++)
        for (int i = 0; i < MANY; i++) {
            cr_assert_eq(value_of(sequences, name_of(i)), round, "%d", i);
            cr_assert_leq(ord_sequences_counts(sequences).loaded, LOADED);
        }
    struct ord_error error;
    ord_sequences_close(sequences, &error);
    cr_expect_eq(error.code, ORD_OK);
    sequences = disk_opened(&disk, LOADED, 10);
    for (int i = 0; i < MANY; i++)
        cr_assert_eq(value_of(sequences, name_of(i)), 6, "%d", i);
    disk_crash(&disk, sequences);
    sequences = disk_opened(&disk, LOADED, 10);
    for (int i = 0; i < MANY; i++) {
        int64_t value = value_of(sequences, name_of(i));
        cr_assert(i % 2 ? value == 7 : value >= 7 && value <= 17, "%d: %d", i, (int)value);
    }
    ord_sequences_close(sequences, NULL);
}

Test(pages, one_in_use_stays_in_memory)
{
    struct ord_values values;
    struct ord_sequence roomy = blocks_of_ten;
    roomy.block = 1000;
    struct ord_sequences *sequences = with_many();
    do_create(sequences, "used", &roomy);
    value_of(sequences, "used");
    for (int i = 0; i < MANY; i++) {
        value_of(sequences, name_of(i));
        if (i % 3 == 0)
            cr_expect(ord_sequences_take(sequences, "used", 1, &values), "%d", i);
    }
    ord_sequences_close(sequences, NULL);
}

Test(pages, none_leaves_memory_that_cannot_be_written)
{
    struct ord_sequences *sequences = with_many();
    int64_t first;
    for (int i = 0; i < LOADED; i += 2)
        value_of(sequences, name_of(i));
    disk.fails = 40;
    for (int i = 0; i < MANY; i++)
        do_next(sequences, name_of(i), 1, "", &first);
    disk.fails = 0;
    for (int i = 0; i < LOADED; i += 2) {
        int64_t value = value_of(sequences, name_of(i));
        cr_expect(value == 2 || value == 3, "%d: %d", i, (int)value);
    }
    ord_sequences_close(sequences, NULL);
}

Test(pages, a_stop_that_cannot_write_says_so)
{
    struct ord_error error;
    struct ord_sequences *sequences = disk_opened(&disk, 0, 10);
    do_create(sequences, "a", &blocks_of_ten);
    value_of(sequences, "a");
    disk.fails = 1;
    ord_sequences_close(sequences, &error);
    cr_expect_eq(error.code, ORD_UNAVAILABLE);
    cr_expect_str_eq(error.text, "sequences: it cannot be made durable: write: No space left on device");
}
