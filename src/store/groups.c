#include "store/groups.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/embedded_private.h"
#include "store/encode.h"

#define PREFIX "group/"
#define PREFIX_MAX (sizeof PREFIX + 16)
#define KEY_MAX (PREFIX_MAX + ORD_ENTRY_KEY_MAX)
#define CRC_SIZE 4

struct loading {
    struct ord_embedded *store;
    const struct ord_place *place;
    ord_group_entry_found *found;
    void *found_context;
    char prefix[PREFIX_MAX];
    size_t prefix_size;
    uint32_t damaged;
};

static size_t prefix_of(uint32_t worker, char ret[PREFIX_MAX])
{
    return (size_t)snprintf(ret, PREFIX_MAX, PREFIX "%" PRIu32 "/", worker);
}

/* Takes a value apart. False: it is not what was written. */
static bool decode(const MDB_val *key, const MDB_val *value, struct ord_place *ret_place,
                   struct ord_group_entry *ret_entry)
{
    const uint8_t *bytes = value->mv_data;
    struct ord_record record;
    if (value->mv_size < ORD_RECORD_SIZE + CRC_SIZE)
        return false;
    size_t size = value->mv_size - CRC_SIZE;
    if (get32(bytes + size) != checksum_of(key, bytes, size) ||
        ord_record_decode(bytes, ORD_RECORD_SIZE, &record, NULL) != ORD_OK)
        return false;
    *ret_place = record.place;
    ret_entry->value = bytes + ORD_RECORD_SIZE;
    ret_entry->size = size - ORD_RECORD_SIZE;
    return true;
}

static enum ord_verdict judge(struct loading *loading, const MDB_val *key, const MDB_val *value,
                              struct ord_error *error)
{
    char text[KEY_MAX];
    struct ord_group_entry entry;
    struct ord_place place;
    size_t size = key->mv_size - loading->prefix_size;
    if (size >= sizeof text || !decode(key, value, &place, &entry)) {
        loading->damaged++;
        return ORD_ENTRY_DROP;
    }
    memcpy(text, (const char *)key->mv_data + loading->prefix_size, size);
    text[size] = '\0';
    entry.key = text;
    bool is_alike = place.node == loading->place->node && ord_place_counts_alike(&place, loading->place);
    return loading->found(loading->found_context, &entry, is_alike, error);
}

static enum ord_code judge_all(struct loading *loading, MDB_cursor *cursor, struct ord_error *error)
{
    MDB_val key = {.mv_size = loading->prefix_size, .mv_data = loading->prefix}, value;
    int result = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);
    while (result == 0 && key.mv_size > loading->prefix_size &&
           memcmp(key.mv_data, loading->prefix, loading->prefix_size) == 0) {
        enum ord_verdict verdict = judge(loading, &key, &value, error);
        if (verdict == ORD_ENTRY_FAIL)
            return error->code;
        if (verdict == ORD_ENTRY_DROP)
            result = mdb_cursor_del(cursor, 0);
        if (result == 0)
            result = mdb_cursor_get(cursor, &key, &value, MDB_NEXT);
    }
    return result == 0 || result == MDB_NOTFOUND ? ORD_OK : ord_database_fail(error, result, "read");
}

static enum ord_code load_within(MDB_txn *txn, MDB_dbi dbi, void *context, struct ord_error *error)
{
    struct loading *loading = context;
    MDB_cursor *cursor;
    enum ord_code code = ord_embedded_check_ours(loading->store, txn, dbi, error);
    if (code != ORD_OK)
        return code;
    int result = mdb_cursor_open(txn, dbi, &cursor);
    if (result != 0)
        return ord_database_fail(error, result, "read");
    code = judge_all(loading, cursor, error);
    mdb_cursor_close(cursor);
    return code;
}

static enum ord_code load(void *context, const struct ord_place *place, ord_group_entry_found *found,
                          void *found_context, uint32_t *ret_damaged, struct ord_error *error)
{
    struct ord_error cause; /* whoever refuses an entry fills it */
    struct loading loading = {.store = context, .place = place, .found = found, .found_context = found_context};
    loading.prefix_size = prefix_of(place->worker, loading.prefix);
    enum ord_code code = ord_embedded_write(context, load_within, &loading, &cause);
    if (code == ORD_OK)
        *ret_damaged = loading.damaged;
    else if (error)
        *error = cause;
    return code;
}

struct committing {
    struct ord_embedded *store;
    const struct ord_group_entries *entries;
    uint8_t record[ORD_RECORD_SIZE];
};

static int put(MDB_txn *txn, MDB_dbi dbi, MDB_val *key, const struct committing *committing,
               const struct ord_group_entry *entry)
{
    MDB_val value = {.mv_size = ORD_RECORD_SIZE + entry->size + CRC_SIZE};
    int result = mdb_put(txn, dbi, key, &value, MDB_RESERVE);
    if (result != 0)
        return result;
    uint8_t *bytes = value.mv_data;
    memcpy(bytes, committing->record, ORD_RECORD_SIZE);
    memcpy(bytes + ORD_RECORD_SIZE, entry->value, entry->size);
    size_t size = ORD_RECORD_SIZE + entry->size;
    put32(bytes + size, checksum_of(key, bytes, size));
    return 0;
}

static int apply(MDB_txn *txn, MDB_dbi dbi, const struct committing *committing,
                 const struct ord_group_entry *entry)
{
    char text[KEY_MAX];
    size_t used = prefix_of(committing->store->place.worker, text);
    int length = snprintf(text + used, sizeof text - used, "%s", entry->key);
    MDB_val key = {.mv_size = used + (size_t)length, .mv_data = text};
    if (entry->value)
        return put(txn, dbi, &key, committing, entry);
    int result = mdb_del(txn, dbi, &key, NULL);
    return result == MDB_NOTFOUND ? 0 : result;
}

static enum ord_code commit_within(MDB_txn *txn, MDB_dbi dbi, void *context, struct ord_error *error)
{
    const struct committing *committing = context;
    struct ord_group_entry entry;
    size_t at = 0;
    int result = 0;
    enum ord_code code = ord_embedded_check_ours(committing->store, txn, dbi, error);
    if (code != ORD_OK)
        return code;
    while (result == 0 && ord_group_entries_next(committing->entries, &at, &entry))
        result = apply(txn, dbi, committing, &entry);
    return result == 0 ? ORD_OK : ord_database_fail(error, result, "write");
}

static enum ord_code commit(void *context, const struct ord_group_entries *entries, struct ord_error *error)
{
    struct ord_embedded *store = context;
    struct committing committing = {.store = store, .entries = entries};
    struct ord_record record = {.place = store->place, .generation = store->record.generation};
    ord_record_encode(&record, committing.record);
    return ord_embedded_write(store, commit_within, &committing, error);
}

struct ord_group_port ord_embedded_groups(struct ord_embedded *store)
{
    return (struct ord_group_port){.context = store, .load = load, .commit = commit};
}

static enum ord_code load_nothing(void *context, const struct ord_place *place, ord_group_entry_found *found,
                                  void *found_context, uint32_t *ret_damaged, struct ord_error *error)
{
    *ret_damaged = 0;
    return ORD_OK;
}

static enum ord_code commit_nothing(void *context, const struct ord_group_entries *entries,
                                    struct ord_error *error)
{
    return ORD_OK;
}

struct ord_group_port ord_memory_groups(void)
{
    return (struct ord_group_port){.load = load_nothing, .commit = commit_nothing};
}
