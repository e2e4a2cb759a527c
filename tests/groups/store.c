#include "groups/store.h"

#include <stdio.h>
#include <string.h>

/* Where a key is, or belongs. */
static unsigned place_of(const struct group_store *store, const char *key)
{
    unsigned i = 0;
    while (i < store->count && strcmp(store->entries[i].key, key) < 0)
        i++;
    return i;
}

static void put(struct group_store *store, const struct ord_group_entry *entry)
{
    unsigned i = place_of(store, entry->key);
    struct store_entry *at = &store->entries[i];
    bool is_there = i < store->count && strcmp(at->key, entry->key) == 0;
    size_t behind = (store->count - i) * sizeof *at;
    if (!entry->value) {
        if (is_there) {
            memmove(at, at + 1, behind - sizeof *at);
            store->count--;
        }
        return;
    }
    if (!is_there) {
        memmove(at + 1, at, behind);
        store->count++;
    }
    snprintf(at->key, sizeof at->key, "%s", entry->key);
    memcpy(at->value, entry->value, entry->size);
    at->size = entry->size;
}

bool group_store_stage(struct group_store *store, struct ord_group *group)
{
    return ord_group_stage(group, &store->staged);
}

void group_store_commit(struct group_store *store)
{
    struct ord_group_entry entry;
    for (size_t at = 0; ord_group_entries_next(&store->staged, &at, &entry);)
        put(store, &entry);
    ord_group_entries_clear(&store->staged);
}

void group_store_lose(struct group_store *store)
{
    ord_group_entries_finish(&store->staged);
    store->staged = (struct ord_group_entries){0};
}

static bool restore(struct ord_group *group, const struct ord_group_entry *entry, int64_t now_ns)
{
    struct ord_member member;
    struct ord_command command;
    const char *member_name;
    char group_name[ORD_NAME_MAX + 1];
    switch (ord_group_entry_kind(entry->key, group_name)) {
    case ORD_ENTRY_GROUP:
        return true;
    case ORD_ENTRY_MEMBER:
        return ord_group_entry_member(entry, &member, &member_name) &&
               ord_group_restore_member(group, &member, member_name, now_ns);
    case ORD_ENTRY_COMMAND:
        return ord_group_entry_command(entry, &command) && ord_group_restore_command(group, &command);
    default:
        return false;
    }
}

static struct ord_group_entry entry_of(const struct store_entry *stored)
{
    return (struct ord_group_entry){stored->key, stored->value, stored->size};
}

bool group_store_read(const struct group_store *store, const char *name, const struct ord_group_limits *limits,
                      int64_t now_ns, struct ord_group *ret_group)
{
    int64_t epoch = 0, event = 0;
    bool fits = true;
    char group_name[ORD_NAME_MAX + 1];
    for (unsigned i = 0; i < store->count; i++) {
        struct ord_group_entry entry = entry_of(&store->entries[i]);
        if (ord_group_entry_kind(entry.key, group_name) == ORD_ENTRY_GROUP)
            fits = ord_group_entry_epoch(&entry, &epoch, &event);
    }
    ord_group_init(ret_group, name, limits, epoch, event);
    ret_group->is_stored = store->count > 0;
    for (unsigned i = 0; i < store->count; i++) {
        struct ord_group_entry entry = entry_of(&store->entries[i]);
        fits = fits && restore(ret_group, &entry, now_ns);
    }
    return fits && ord_group_restored(ret_group);
}
