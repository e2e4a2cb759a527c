#include "store/groups.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "places.h"
#include "store/embedded_private.h"

#define LAYOUT "tick:41,node:10,sequence:12"

/* What a load told: "KEY=VALUE " for each, with a ! before those of another layout. */
struct seen {
    char text[1000];
    const char *dropped; /* the key that is to be dropped */
    const char *failing;
};

static enum ord_verdict found(void *context, const struct ord_group_entry *entry, bool is_alike,
                              struct ord_error *error)
{
    struct seen *seen = context;
    sprintf(seen->text + strlen(seen->text), "%s%s=%.*s ", is_alike ? "" : "!", entry->key, (int)entry->size,
            (const char *)entry->value);
    if (seen->failing && strcmp(seen->failing, entry->key) == 0) {
        ord_fail(error, ORD_CAPACITY, "enough");
        return ORD_ENTRY_FAIL;
    }
    return seen->dropped && strcmp(seen->dropped, entry->key) == 0 ? ORD_ENTRY_DROP : ORD_ENTRY_KEEP;
}

static struct ord_embedded *held(const char *directory, const struct ord_place *place)
{
    struct ord_embedded *store =
        store_in(directory, (struct ord_embedded_options){.accept_layout_change = true});
    claimed(store, place);
    return store;
}

static const char *loaded(struct ord_embedded *store, const struct ord_place *place, struct seen *ret,
                          uint32_t *ret_damaged)
{
    struct ord_group_port port = ord_embedded_groups(store);
    struct ord_error error = {0};
    ret->text[0] = '\0';
    cr_assert_eq(port.load(port.context, place, found, ret, ret_damaged, &error), ORD_OK, "%s", error.text);
    return ret->text;
}

/* A group in the given epoch, or its removal. */
static void put(struct ord_group_entries *entries, const char *name, bool is_there)
{
    static const struct ord_group_limits limits = {.members_max = 1};
    struct ord_group group;
    ord_group_init(&group, name, &limits, 1, 2);
    group.is_dirty = true;
    cr_assert(is_there ? ord_group_stage(&group, entries) : ord_group_stage_end(&group, entries));
    ord_group_finish(&group);
}

static enum ord_code commit(struct ord_embedded *store, const struct ord_group_entries *entries,
                            struct ord_error *error)
{
    struct ord_group_port port = ord_embedded_groups(store);
    return port.commit(port.context, entries, error);
}

static void store_groups(struct ord_embedded *store, const char *names)
{
    struct ord_group_entries entries = {0};
    struct ord_error error = {0};
    for (; *names; names++)
        put(&entries, (char[]){*names, 0}, true);
    cr_assert_eq(commit(store, &entries, &error), ORD_OK, "%s", error.text);
    ord_group_entries_finish(&entries);
}

/* The names of the groups in what was seen. */
static const char *names(const char *seen)
{
    static char text[100];
    char *at = text;
    for (; *seen; seen++)
        if (*seen == '!' || (*seen == '/' && seen[2] == '='))
            *at++ = *seen == '!' ? '!' : seen[1];
    *at = '\0';
    return text;
}

Test(groups, what_was_committed_is_found_by_the_next_run)
{
    char *directory = scratch();
    struct ord_place place = place_of(LAYOUT, 7, 0, 1);
    struct ord_embedded *store = held(directory, &place);
    struct ord_group_entries entries = {0};
    struct seen seen = {0};
    uint32_t damaged;
    cr_assert_str_eq(loaded(store, &place, &seen, &damaged), "");
    store_groups(store, "cab");
    put(&entries, "a", false);
    put(&entries, "never", false);
    put(&entries, "d", true);
    put(&entries, "d", false);
    put(&entries, "e", true);
    cr_assert_eq(commit(store, &entries, NULL), ORD_OK);
    ord_group_entries_finish(&entries);
    ord_embedded_close(store);

    store = held(directory, &place);
    cr_assert_str_eq(names(loaded(store, &place, &seen, &damaged)), "bce");
    cr_assert_eq(damaged, 0);
    seen.dropped = "g/c";
    loaded(store, &place, &seen, &damaged);
    cr_assert_str_eq(names(loaded(store, &place, &seen, &damaged)), "be");
    ord_embedded_close(store);
    scratch_end(directory);
}

Test(groups, a_refused_entry_ends_the_load)
{
    char *directory = scratch();
    struct ord_place place = place_of(LAYOUT, 7, 0, 1);
    struct ord_embedded *store = held(directory, &place);
    struct ord_group_port port = ord_embedded_groups(store);
    struct seen seen = {.dropped = "g/a", .failing = "g/b"};
    struct ord_error error = {0};
    uint32_t damaged = 4711;
    store_groups(store, "abc");
    cr_assert_eq(port.load(port.context, &place, found, &seen, &damaged, &error), ORD_CAPACITY);
    cr_assert(strstr(error.text, "enough"));
    cr_assert_eq(damaged, 4711);
    cr_assert_eq(port.load(port.context, &place, found, &seen, &damaged, NULL), ORD_CAPACITY);
    cr_assert_str_eq(names(loaded(store, &place, &(struct seen){0}, &damaged)), "abc", "nothing was dropped");
    ord_embedded_close(store);
    scratch_end(directory);
}

Test(groups, those_of_another_layout_are_told_apart)
{
    char *directory = scratch();
    struct ord_place place = place_of(LAYOUT, 7, 0, 1), other = place_of("tick:41,node:9,sequence:13", 7, 0, 1);
    struct ord_embedded *store = held(directory, &place);
    struct seen seen = {0};
    uint32_t damaged;
    store_groups(store, "a");
    ord_embedded_close(store);
    store = held(directory, &other);
    cr_assert_str_eq(names(loaded(store, &other, &seen, &damaged)), "!a");
    store_groups(store, "b");
    cr_assert_str_eq(names(loaded(store, &other, &seen, &damaged)), "!ab");
    ord_embedded_close(store);
    scratch_end(directory);
}

Test(groups, workers_have_their_own)
{
    char *directory = scratch();
    struct ord_place places[] = {place_of(LAYOUT, 7, 1, 12), place_of(LAYOUT, 7, 11, 12)};
    struct ord_embedded *stores[] = {held(directory, &places[0]), held(directory, &places[1])};
    struct seen seen = {0};
    uint32_t damaged;
    store_groups(stores[0], "a");
    store_groups(stores[1], "b");
    cr_assert_str_eq(names(loaded(stores[0], &places[0], &seen, &damaged)), "a");
    cr_assert_str_eq(names(loaded(stores[1], &places[1], &seen, &damaged)), "b");
    ord_embedded_close(stores[0]);
    ord_embedded_close(stores[1]);
    scratch_end(directory);
}

static enum ord_code spoil(MDB_txn *txn, MDB_dbi dbi, void *context, struct ord_error *error)
{
    static char text[] = "group/0/g/b", bytes[200];
    MDB_val key = {.mv_size = sizeof text - 1, .mv_data = text}, value;
    cr_assert_eq(mdb_get(txn, dbi, &key, &value), 0);
    memcpy(bytes, value.mv_data, value.mv_size);
    bytes[value.mv_size / 2]++;
    value = (MDB_val){.mv_size = value.mv_size, .mv_data = bytes};
    cr_assert_eq(mdb_put(txn, dbi, &key, &value, 0), 0);
    static char brief[] = "group/0/g/d";
    key = (MDB_val){.mv_size = sizeof brief - 1, .mv_data = brief};
    value.mv_size = 20;
    cr_assert_eq(mdb_put(txn, dbi, &key, &value, 0), 0);
    return ORD_OK;
}

Test(groups, damage_is_counted_and_removed)
{
    char *directory = scratch();
    struct ord_place place = place_of(LAYOUT, 7, 0, 1);
    struct ord_embedded *store = held(directory, &place);
    struct seen seen = {0};
    uint32_t damaged;
    store_groups(store, "abc");
    cr_assert_eq(ord_embedded_write(store, spoil, NULL, NULL), ORD_OK);
    cr_assert_str_eq(names(loaded(store, &place, &seen, &damaged)), "ac");
    cr_assert_eq(damaged, 2);
    cr_assert_str_eq(names(loaded(store, &place, &seen, &damaged)), "ac");
    cr_assert_eq(damaged, 0);
    ord_embedded_close(store);
    scratch_end(directory);
}

/* Two processes that both believe to hold the place: the later claim counts. */
Test(groups, whose_place_it_is)
{
    char *directory = scratch();
    struct ord_place place = place_of(LAYOUT, 7, 0, 1);
    struct ord_embedded *store = held(directory, &place);
    struct ord_group_port port = ord_embedded_groups(store);
    struct ord_group_entries entries = {0};
    struct ord_error error = {0};
    struct seen seen = {0};
    uint32_t damaged;
    store->record.generation++;
    put(&entries, "a", true);
    cr_assert_eq(commit(store, &entries, &error), ORD_UNAVAILABLE, "%s", error.text);
    cr_assert_eq(port.load(port.context, &place, found, &seen, &damaged, &error), ORD_UNAVAILABLE);
    ord_group_entries_finish(&entries);
    ord_embedded_close(store);
    scratch_end(directory);
}

Test(groups, nothing_is_kept_in_memory)
{
    struct ord_group_port port = ord_memory_groups();
    struct seen seen = {0};
    uint32_t damaged = 1;
    cr_assert_eq(port.commit(port.context, NULL, NULL), ORD_OK);
    cr_assert_eq(port.load(port.context, NULL, found, &seen, &damaged, NULL), ORD_OK);
    cr_assert_eq(damaged, 0);
    cr_assert_str_eq(seen.text, "");
}
