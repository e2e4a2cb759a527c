/*
 * What is stored of groups: entries of a key and a value, which the port makes durable together.
 *
 *     key                     value
 *     f                       the floor: epoch and event that new groups begin above
 *     g/GROUP                 epoch, event
 *     m/GROUP/SESSION         a member, also one that has departed
 *     c/GROUP/ID              a command
 *
 * SESSION and ID have 16 hexadecimal digits, so that entries come back in their order. Numbers in values are
 * little-endian, strings end with a zero. Pure; one thread at a time.
 */
#pragma once

#include "core/group.h"
#include "core/layout.h"

#define ORD_ENTRY_KEY_MAX (ORD_NAME_MAX + 24)

/* Entries that become durable together, in the order in which they were put. */
struct ord_group_entries {
    uint8_t *bytes;
    size_t size, room, count;
};

struct ord_group_entry {
    const char *key;
    const uint8_t *value; /* NULL: it is to be removed */
    size_t size;
};

void ord_group_entries_finish(struct ord_group_entries *entries);

/* Forgets all of them, and keeps the memory. */
void ord_group_entries_clear(struct ord_group_entries *entries);

/* Puts a removal. False: no memory, and nothing is put. */
bool ord_group_entries_remove(struct ord_group_entries *entries, const char *key);

/* Reads the entry at `*at`, which starts at 0, and moves on. False: there are no more. */
bool ord_group_entries_next(const struct ord_group_entries *entries, size_t *at,
                            struct ord_group_entry *ret_entry);

/* Puts all that is dirty, and the removal of all that is gone; nothing is dirty then. False: no memory, and
 * nothing is put. */
bool ord_group_stage(struct ord_group *group, struct ord_group_entries *entries);

/* Puts the removal of a group, and the floor. */
bool ord_group_stage_end(const struct ord_group *group, struct ord_group_entries *entries);
bool ord_floor_stage(int64_t epoch, int64_t event, struct ord_group_entries *entries);

enum ord_group_entry_kind {
    ORD_ENTRY_DAMAGED,
    ORD_ENTRY_FLOOR = 'f',
    ORD_ENTRY_GROUP = 'g',
    ORD_ENTRY_MEMBER = 'm',
    ORD_ENTRY_COMMAND = 'c',
};

/* What an entry is of, and the name of its group. */
enum ord_group_entry_kind ord_group_entry_kind(const char *key, char ret_group[ORD_NAME_MAX + 1]);

/* Read values. Strings point into the value. False: it is damaged. */
bool ord_group_entry_epoch(const struct ord_group_entry *entry, int64_t *ret_epoch, int64_t *ret_event);
bool ord_group_entry_member(const struct ord_group_entry *entry, struct ord_member *ret_member,
                            const char **ret_name);
bool ord_group_entry_command(const struct ord_group_entry *entry, struct ord_command *ret_command);

/* What becomes of an entry that was found. */
enum ord_verdict {
    ORD_ENTRY_KEEP,
    ORD_ENTRY_DROP,
    ORD_ENTRY_FAIL, /* `error` says why */
};

/* Takes note of an entry. `is_alike`: it was written in the place's layout and split. */
typedef enum ord_verdict ord_group_entry_found(void *context, const struct ord_group_entry *entry,
                                               bool is_alike, struct ord_error *error);

/* One thread at a time; beside those of the other ports of the store. */
struct ord_group_port {
    void *context;
    /* Tells every entry of the place's worker, by key; removes those that are to be dropped, and those that
     * cannot be read, of which `*ret_damaged` is the number. Once, first. */
    enum ord_code (*load)(void *context, const struct ord_place *place, ord_group_entry_found *found,
                          void *found_context, uint32_t *ret_damaged, struct ord_error *error);
    /* ORD_OK only after all of it is durable. After a failure nobody knows whether any of it is. */
    enum ord_code (*commit)(void *context, const struct ord_group_entries *entries, struct ord_error *error);
};
