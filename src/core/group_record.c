#include "core/group_record.h"

#include <endian.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VERSION 1

enum flag {
    RENEWS = 1,
    ACKNOWLEDGES = 2,
};

/* As they stand in values, before the strings. */
struct epoch_fields {
    uint64_t version, epoch, event;
};

struct member_fields {
    uint32_t version, flags;
    uint64_t session, joined_us, acked, left;
    uint32_t ttl_ms, end;
};

struct command_fields {
    uint32_t version, receivers;
    uint64_t id, time_us, epoch, sender_session;
    uint32_t sender_rank, size;
};

/* Before each entry's key and value. */
struct head {
    uint32_t key_size, value_size; /* of the key with its end; of the value */
    bool is_removal;
};

void ord_group_entries_finish(struct ord_group_entries *entries)
{
    free(entries->bytes);
    *entries = (struct ord_group_entries){0};
}

void ord_group_entries_clear(struct ord_group_entries *entries)
{
    entries->size = entries->count = 0;
}

static bool make_room(struct ord_group_entries *entries, size_t more)
{
    if (entries->size + more <= entries->room)
        return true;
    size_t room = (entries->size + more) * 2;
    uint8_t *bytes = realloc(entries->bytes, room);
    if (!bytes)
        return false;
    entries->bytes = bytes;
    entries->room = room;
    return true;
}

static void append(struct ord_group_entries *entries, const void *bytes, size_t size)
{
    memcpy(entries->bytes + entries->size, bytes, size);
    entries->size += size;
}

/* What an entry's value consists of: fields, then strings. */
struct value {
    const void *fields;
    size_t size;
    const char *strings[3];
};

static size_t strings_size(const struct value *value)
{
    size_t size = 0;
    for (int i = 0; i < 3 && value->strings[i]; i++)
        size += strlen(value->strings[i]) + 1;
    return size;
}

/* `value` NULL: a removal. */
static bool put(struct ord_group_entries *entries, const char *key, const struct value *value)
{
    struct head head = {.key_size = (uint32_t)strlen(key) + 1, .is_removal = !value};
    if (value)
        head.value_size = (uint32_t)(value->size + strings_size(value));
    if (!make_room(entries, sizeof head + head.key_size + head.value_size))
        return false;
    append(entries, &head, sizeof head);
    append(entries, key, head.key_size);
    if (value) {
        append(entries, value->fields, value->size);
        for (int i = 0; i < 3 && value->strings[i]; i++)
            append(entries, value->strings[i], strlen(value->strings[i]) + 1);
    }
    entries->count++;
    return true;
}

bool ord_group_entries_remove(struct ord_group_entries *entries, const char *key)
{
    return put(entries, key, NULL);
}

bool ord_group_entries_next(const struct ord_group_entries *entries, size_t *at,
                            struct ord_group_entry *ret_entry)
{
    struct head head;
    if (*at >= entries->size)
        return false;
    const uint8_t *from = entries->bytes + *at;
    memcpy(&head, from, sizeof head);
    *ret_entry = (struct ord_group_entry){
        .key = (const char *)from + sizeof head,
        .value = head.is_removal ? NULL : from + sizeof head + head.key_size,
        .size = head.value_size,
    };
    *at += sizeof head + head.key_size + head.value_size;
    return true;
}

static void key_of(char kind, const char *group, int64_t id, char ret[ORD_ENTRY_KEY_MAX])
{
    snprintf(ret, ORD_ENTRY_KEY_MAX, "%c/%s/%016" PRIx64, kind, group, (uint64_t)id);
}

static bool put_epoch(struct ord_group_entries *entries, const char *key, int64_t epoch, int64_t event)
{
    struct epoch_fields fields = {htole64(VERSION), htole64((uint64_t)epoch), htole64((uint64_t)event)};
    return put(entries, key, &(struct value){&fields, sizeof fields, {NULL}});
}

static bool put_group(const struct ord_group *group, struct ord_group_entries *entries)
{
    char key[ORD_ENTRY_KEY_MAX];
    snprintf(key, sizeof key, "%c/%s", ORD_ENTRY_GROUP, group->name);
    return !group->is_dirty || put_epoch(entries, key, group->epoch, group->event);
}

static bool put_member(const struct ord_group *group, const struct ord_member *member,
                       struct ord_group_entries *entries)
{
    struct member_fields fields = {
        .version = htole32(VERSION),
        .flags = htole32((member->renews ? RENEWS : 0) | (member->acknowledges ? ACKNOWLEDGES : 0)),
        .session = htole64((uint64_t)member->session),
        .joined_us = htole64((uint64_t)member->joined_us),
        .acked = htole64((uint64_t)member->acked),
        .left = htole64((uint64_t)member->left),
        .ttl_ms = htole32(member->ttl_ms),
        .end = htole32(member->end),
    };
    char key[ORD_ENTRY_KEY_MAX];
    key_of(ORD_ENTRY_MEMBER, group->name, member->session, key);
    struct value value = {&fields, sizeof fields, {member->name, member->url ? member->url : ""}};
    return !member->is_dirty || put(entries, key, &value);
}

static bool put_command(const struct ord_group *group, const struct ord_command *command,
                        struct ord_group_entries *entries)
{
    struct command_fields fields = {
        .version = htole32(VERSION),
        .receivers = htole32(command->receivers),
        .id = htole64((uint64_t)command->id),
        .time_us = htole64((uint64_t)command->time_us),
        .epoch = htole64((uint64_t)command->epoch),
        .sender_session = htole64((uint64_t)command->sender_session),
        .sender_rank = htole32(command->sender_rank),
        .size = htole32((uint32_t)command->size),
    };
    char key[ORD_ENTRY_KEY_MAX];
    key_of(ORD_ENTRY_COMMAND, group->name, command->id, key);
    struct value value = {&fields, sizeof fields, {command->sender, command->request_id, command->text}};
    return put(entries, key, &value);
}

/* Those behind the last one that is not dirty: commands are stored in their order, and do not change. */
static size_t first_dirty_command(const struct ord_group *group)
{
    size_t first = group->command_count;
    while (first > 0 && group->commands[first - 1]->is_dirty)
        first--;
    return first;
}

static bool put_all(const struct ord_group *group, struct ord_group_entries *entries)
{
    bool is_good = put_group(group, entries);
    for (size_t i = 0; i < group->count && is_good; i++)
        is_good = put_member(group, group->members[i], entries);
    for (const struct ord_member *at = group->departed; at && is_good; at = at->next)
        is_good = put_member(group, at, entries);
    for (size_t i = first_dirty_command(group); i < group->command_count && is_good; i++)
        is_good = put_command(group, group->commands[i], entries);
    return is_good;
}

static bool remove_all(const struct ord_group *group, struct ord_group_entries *entries)
{
    char key[ORD_ENTRY_KEY_MAX];
    bool is_good = true;
    for (const struct ord_member *at = group->gone_members; at && is_good; at = at->next) {
        key_of(ORD_ENTRY_MEMBER, group->name, at->session, key);
        is_good = !at->is_stored || ord_group_entries_remove(entries, key);
    }
    for (const struct ord_command *at = group->gone_commands; at && is_good; at = at->next) {
        key_of(ORD_ENTRY_COMMAND, group->name, at->id, key);
        is_good = !at->is_stored || ord_group_entries_remove(entries, key);
    }
    return is_good;
}

static void clean_member(struct ord_member *member)
{
    member->is_stored |= member->is_dirty;
    member->is_dirty = false;
}

static void clean(struct ord_group *group)
{
    group->is_stored |= group->is_dirty;
    group->is_dirty = false;
    for (size_t i = 0; i < group->count; i++)
        clean_member(group->members[i]);
    for (struct ord_member *at = group->departed; at; at = at->next)
        clean_member(at);
    for (size_t i = first_dirty_command(group); i < group->command_count; i++) {
        group->commands[i]->is_dirty = false;
        group->commands[i]->is_stored = true;
    }
    for (struct ord_member *at = group->gone_members; at; at = at->next)
        at->is_stored = false;
    for (struct ord_command *at = group->gone_commands; at; at = at->next)
        at->is_stored = false;
}

bool ord_group_stage(struct ord_group *group, struct ord_group_entries *entries)
{
    size_t size = entries->size, count = entries->count;
    if (put_all(group, entries) && remove_all(group, entries)) {
        clean(group);
        return true;
    }
    entries->size = size;
    entries->count = count;
    return false;
}

bool ord_group_stage_end(const struct ord_group *group, struct ord_group_entries *entries)
{
    char key[ORD_ENTRY_KEY_MAX];
    snprintf(key, sizeof key, "%c/%s", ORD_ENTRY_GROUP, group->name);
    return ord_group_entries_remove(entries, key);
}

bool ord_floor_stage(int64_t epoch, int64_t event, struct ord_group_entries *entries)
{
    return put_epoch(entries, (const char[]){ORD_ENTRY_FLOOR, 0}, epoch, event);
}

enum ord_group_entry_kind ord_group_entry_kind(const char *key, char ret_group[ORD_NAME_MAX + 1])
{
    if (strcmp(key, (const char[]){ORD_ENTRY_FLOOR, 0}) == 0)
        return ORD_ENTRY_FLOOR;
    if (!*key || !strchr("gmc", *key) || key[1] != '/')
        return ORD_ENTRY_DAMAGED;
    size_t length = strcspn(key + 2, "/");
    if (length == 0 || length > ORD_NAME_MAX || (key[2 + length] == '\0') != (*key == ORD_ENTRY_GROUP))
        return ORD_ENTRY_DAMAGED;
    memcpy(ret_group, key + 2, length);
    ret_group[length] = '\0';
    return (enum ord_group_entry_kind) * key;
}

/* Copies the fields that a value starts with, and finds the strings behind them. */
static bool take_apart(const struct ord_group_entry *entry, void *ret_fields, size_t size,
                       const char **ret_strings, int count)
{
    if (entry->size < size)
        return false;
    const char *at = (const char *)entry->value + size, *end = (const char *)entry->value + entry->size;
    for (int i = 0; i < count; i++) {
        const char *zero = memchr(at, '\0', (size_t)(end - at));
        if (!zero)
            return false;
        ret_strings[i] = at;
        at = zero + 1;
    }
    memcpy(ret_fields, entry->value, size);
    return at == end;
}

bool ord_group_entry_epoch(const struct ord_group_entry *entry, int64_t *ret_epoch, int64_t *ret_event)
{
    struct epoch_fields fields;
    if (!take_apart(entry, &fields, sizeof fields, NULL, 0) || le64toh(fields.version) != VERSION)
        return false;
    *ret_epoch = (int64_t)le64toh(fields.epoch);
    *ret_event = (int64_t)le64toh(fields.event);
    return true;
}

bool ord_group_entry_member(const struct ord_group_entry *entry, struct ord_member *ret_member,
                            const char **ret_name)
{
    struct member_fields fields;
    const char *strings[2];
    if (!take_apart(entry, &fields, sizeof fields, strings, 2) || le32toh(fields.version) != VERSION)
        return false;
    uint32_t flags = le32toh(fields.flags);
    *ret_member = (struct ord_member){
        .session = (int64_t)le64toh(fields.session),
        .joined_us = (int64_t)le64toh(fields.joined_us),
        .acked = (int64_t)le64toh(fields.acked),
        .left = (int64_t)le64toh(fields.left),
        .ttl_ms = le32toh(fields.ttl_ms),
        .end = (enum ord_change_kind)le32toh(fields.end),
        .renews = flags & RENEWS,
        .acknowledges = flags & ACKNOWLEDGES,
        .url = *strings[1] ? (char *)strings[1] : NULL,
    };
    *ret_name = strings[0];
    return true;
}

bool ord_group_entry_command(const struct ord_group_entry *entry, struct ord_command *ret_command)
{
    struct command_fields fields;
    const char *strings[3];
    if (!take_apart(entry, &fields, sizeof fields, strings, 3) || le32toh(fields.version) != VERSION)
        return false;
    *ret_command = (struct ord_command){
        .id = (int64_t)le64toh(fields.id),
        .time_us = (int64_t)le64toh(fields.time_us),
        .epoch = (int64_t)le64toh(fields.epoch),
        .sender_session = (int64_t)le64toh(fields.sender_session),
        .sender_rank = le32toh(fields.sender_rank),
        .receivers = le32toh(fields.receivers),
        .size = strlen(strings[2]),
        .sender = strings[0],
        .request_id = strings[1],
        .text = strings[2],
    };
    return le32toh(fields.size) == ret_command->size;
}
