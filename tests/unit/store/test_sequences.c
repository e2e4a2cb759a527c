#include "store/sequences.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "places.h"

#define LAYOUT "tick:41,node:10,sequence:12"

static const struct ord_sequence_record invoices = {
    .status = ORD_SEQUENCE_LIVE,
    .what = {.mode = ORD_SEQUENCE_BLOCK,
             .block = 7,
             .start = -5,
             .increment = 3,
             .minimum = INT64_MIN,
             .maximum = INT64_MAX},
    .at = {.next = INT64_MAX - 1},
    .birth = 9,
    .created_us = 1234567890123456,
};

static struct ord_embedded *held(const char *directory)
{
    struct ord_place place = place_of(LAYOUT, 7, 0, 1);
    struct ord_embedded *store = store_in(directory, (struct ord_embedded_options){0});
    claimed(store, &place);
    return store;
}

static enum ord_code commit(struct ord_embedded *store, const struct ord_sequence_item *items, size_t count,
                            const struct ord_request *gone, const struct ord_request *given)
{
    struct ord_sequence_port port = ord_embedded_sequences(store);
    struct ord_sequence_batch batch = {
        .items = items, .count = count, .requests = {.gone = gone, .given = given}};
    return port.commit(port.context, &batch, NULL);
}

static void put(struct ord_embedded *store, const char *name, const struct ord_sequence_record *record)
{
    struct ord_sequence_item item = {.name = name, .record = *record};
    cr_assert_eq(commit(store, &item, 1, NULL, NULL), ORD_OK, "%s", name);
}

static struct ord_sequence_item got(struct ord_embedded *store, const char *name)
{
    struct ord_sequence_port port = ord_embedded_sequences(store);
    struct ord_sequence_item item = {.name = name};
    struct ord_error error;
    cr_assert_eq(port.read(port.context, &item, 1, &error), ORD_OK, "%s", error.text);
    return item;
}

static void is_stored(struct ord_embedded *store, const char *name, const struct ord_sequence_record *expected)
{
    struct ord_sequence_record record = got(store, name).record;
    cr_expect_eq(record.status, expected->status, "%s", name);
    cr_expect(ord_sequence_equals(&record.what, &expected->what), "%s", name);
    cr_expect(record.at.next == expected->at.next && record.at.is_over == expected->at.is_over, "%s", name);
    cr_expect(record.birth == expected->birth && record.created_us == expected->created_us, "%s", name);
}

Test(sequences, what_was_written_is_read_by_the_next_run)
{
    char *directory = scratch();
    struct ord_embedded *store = held(directory);
    char longest[ORD_NAME_MAX + 1];
    memset(longest, 'x', ORD_NAME_MAX);
    longest[ORD_NAME_MAX] = '\0';
    struct ord_sequence_record over = invoices, deleted = invoices;
    over.what.mode = ORD_SEQUENCE_GAPLESS;
    over.what.block = 0;
    over.at = (struct ord_position){.next = INT64_MIN, .is_over = true};
    deleted.status = ORD_SEQUENCE_DELETED;
    put(store, longest, &invoices);
    put(store, "over", &over);
    put(store, "deleted", &deleted);
    put(store, "absent", &invoices);
    put(store, "absent", &(struct ord_sequence_record){.status = ORD_SEQUENCE_ABSENT});
    put(store, "never", &(struct ord_sequence_record){.status = ORD_SEQUENCE_ABSENT});
    ord_embedded_close(store);

    store = held(directory);
    is_stored(store, longest, &invoices);
    is_stored(store, "over", &over);
    is_stored(store, "deleted", &deleted);
    is_stored(store, "absent", &(struct ord_sequence_record){.status = ORD_SEQUENCE_ABSENT});
    ord_embedded_close(store);
    scratch_end(directory);
}

static bool join(void *context, const struct ord_sequence_item *item)
{
    char *text = context;
    strcat(strcat(text, item->is_damaged ? "damaged" : item->name), " ");
    return strlen(text) < 20;
}

static void lists(struct ord_embedded *store, const char *prefix, const char *after, const char *names)
{
    struct ord_sequence_port port = ord_embedded_sequences(store);
    char text[100] = "";
    cr_assert_eq(port.list(port.context, prefix, after, join, text, NULL), ORD_OK);
    cr_expect_str_eq(text, names, "\"%s\" after \"%s\": %s", prefix, after, text);
}

static struct ord_request *request(const char *key, uint64_t first, int64_t given_us)
{
    struct ord_request *made = calloc(1, sizeof *made + strlen(key) + 1);
    made->grant = (struct ord_grant){.first = first, .count = 3, .given_us = given_us};
    strcpy(made->key, key);
    return made;
}

Test(sequences, are_listed_by_name_and_nothing_else_is)
{
    char *directory = scratch();
    struct ord_embedded *store = held(directory);
    struct ord_request *given = request("a/1/k", 1, 1000);
    lists(store, "", "", "");
    cr_assert_eq(commit(store, NULL, 0, NULL, given), ORD_OK);
    lists(store, "", "", "");
    put(store, "b", &invoices);
    put(store, "a.1", &invoices);
    put(store, "a", &invoices);
    put(store, "~", &invoices);
    lists(store, "", "", "a a.1 b ~ ");
    lists(store, "a", "", "a a.1 ");
    lists(store, "a", "a", "a.1 ");
    lists(store, "", "a.1", "b ~ ");
    lists(store, "", "aa", "b ~ ");
    lists(store, "b", "a", "b ");
    lists(store, "b", "c", "");
    put(store, "a-name-of-20-letters", &invoices);
    lists(store, "", "", "a a-name-of-20-letters ");
    free(given);
    ord_embedded_close(store);
    scratch_end(directory);
}

struct seen {
    int count;
    struct {
        char key[300];
        struct ord_grant grant;
    } at[8];
};

static bool found(void *context, const char *key, const struct ord_grant *grant)
{
    struct seen *seen = context;
    strcpy(seen->at[seen->count].key, key);
    seen->at[seen->count++].grant = *grant;
    return seen->count < 8;
}

static uint32_t load(struct ord_embedded *store, int64_t since_us, struct seen *ret)
{
    struct ord_sequence_port port = ord_embedded_sequences(store);
    uint32_t damaged = 99;
    *ret = (struct seen){0};
    cr_assert_eq(port.load_requests(port.context, since_us, found, ret, &damaged, NULL), ORD_OK);
    return damaged;
}

Test(sequences, requests_are_stored_with_them)
{
    char *directory = scratch();
    struct ord_embedded *store = held(directory);
    struct ord_sequence_item item = {.name = "a", .record = invoices};
    struct ord_request *one = request("a/1/k~ /x", (uint64_t)-5, 1000), *two = request("b/1/k", 7, 2000);
    struct seen seen;
    one->next = two;
    cr_assert_eq(commit(store, &item, 1, NULL, one), ORD_OK);
    ord_embedded_close(store);
    store = held(directory);
    is_stored(store, "a", &invoices);
    cr_expect_eq(load(store, 0, &seen), 0);
    cr_assert_eq(seen.count, 2);
    cr_expect_str_eq(seen.at[0].key, "a/1/k~ /x");
    cr_expect_eq((int64_t)seen.at[0].grant.first, -5);
    cr_expect_eq(seen.at[0].grant.count, 3);
    cr_expect_eq(seen.at[0].grant.given_us, 1000);
    cr_expect_eq(load(store, 1000, &seen), 0);
    cr_expect_eq(seen.count, 1, "the older one is past its life");
    load(store, 0, &seen);
    cr_expect_eq(seen.count, 1, "and removed");
    cr_assert_eq(commit(store, NULL, 0, two, NULL), ORD_OK);
    load(store, 0, &seen);
    cr_expect_eq(seen.count, 0);
    free(one);
    free(two);
    ord_embedded_close(store);
    scratch_end(directory);
}

/* A name or key that is changed in the file does not fit its checksum. */
static void spoil(const char *directory)
{
    char command[PATH_MAX + 128];
    snprintf(command, sizeof command, "LC_ALL=C sed -i 's/spoil-me/spoil-mE/g' '%s/node-7.mdb'", directory);
    cr_assert_eq(system(command), 0);
}

Test(sequences, what_is_damaged_is_told)
{
    char *directory = scratch();
    struct ord_embedded *store = held(directory);
    struct ord_request *given = request("a/1/spoil-me", 1, 1000);
    struct ord_sequence_item item = {.name = "spoil-me", .record = invoices};
    struct seen seen;
    cr_assert_eq(commit(store, &item, 1, NULL, given), ORD_OK);
    ord_embedded_close(store);
    spoil(directory);
    store = held(directory);
    cr_expect(got(store, "spoil-mE").is_damaged);
    cr_expect_not(got(store, "spoil-me").is_damaged);
    lists(store, "", "", "damaged ");
    cr_expect_eq(load(store, 0, &seen), 1);
    cr_expect_eq(seen.count, 0);
    cr_expect_eq(load(store, 0, &seen), 0, "it is told once, and removed");
    free(given);
    ord_embedded_close(store);
    scratch_end(directory);
}

Test(sequences, what_could_not_have_been_written_is_damage)
{
    char *directory = scratch();
    struct ord_embedded *store = held(directory);
    struct ord_sequence_record records[] = {invoices, invoices, invoices, invoices};
    records[0].status = (enum ord_sequence_status)7;
    records[1].what.mode = ORD_SEQUENCE_MODES;
    records[2].what.increment = 0;
    records[3].what.maximum = 5;
    for (int i = 0; i < 4; i++) {
        put(store, "a", &records[i]);
        cr_expect(got(store, "a").is_damaged, "%d", i);
    }
    ord_embedded_close(store);
    scratch_end(directory);
}

Test(sequences, a_place_that_another_has_claimed_is_neither_written_nor_read)
{
    char *directory = scratch(), lock[PATH_MAX];
    struct ord_embedded *store = held(directory);
    snprintf(lock, sizeof lock, "%s/node-7.lock", directory);
    cr_assert_eq(remove(lock), 0);
    struct ord_embedded *twin = held(directory);
    struct ord_sequence_item item = {.name = "a", .record = invoices};
    struct ord_sequence_port port = ord_embedded_sequences(store);
    char text[100] = "";
    cr_expect_neq(commit(store, &item, 1, NULL, NULL), ORD_OK);
    cr_expect_neq(port.read(port.context, &item, 1, NULL), ORD_OK);
    cr_expect_neq(port.list(port.context, "", "", join, text, NULL), ORD_OK);
    cr_expect_eq(commit(twin, &item, 1, NULL, NULL), ORD_OK);
    ord_embedded_close(store);
    ord_embedded_close(twin);
    scratch_end(directory);
}
