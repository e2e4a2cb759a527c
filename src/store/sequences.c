#include "store/sequences.h"

#include <string.h>

#include "store/embedded_private.h"
#include "store/redo.h"
#include "store/sequence_values.h"

/* What is committed goes through it; it is opened with the first call. */
static enum ord_code open_redo(struct ord_embedded *store, struct ord_error *error)
{
    return store->redo ? ORD_OK : ord_redo_open(store, &store->redo, error);
}

/* For those who read the database alone. */
static enum ord_code settle(struct ord_embedded *store, struct ord_error *error)
{
    enum ord_code code = open_redo(store, error);
    return code == ORD_OK ? ord_redo_settle(store->redo, error) : code;
}

/* What is done with one key of several that begin alike; false: no more of them. */
typedef bool visit(void *context, MDB_cursor *cursor, const MDB_val *key, const MDB_val *value,
                   int *ret_result);

/* Goes over the keys that begin with `prefix`, from `from` on, which does so too. */
static int go_over(MDB_txn *txn, MDB_dbi dbi, const MDB_val *prefix, MDB_val from, visit *each, void *context)
{
    MDB_cursor *cursor;
    MDB_val value;
    int result = mdb_cursor_open(txn, dbi, &cursor);
    if (result != 0)
        return result;
    result = mdb_cursor_get(cursor, &from, &value, MDB_SET_RANGE);
    while (result == 0 && from.mv_size >= prefix->mv_size &&
           memcmp(from.mv_data, prefix->mv_data, prefix->mv_size) == 0 &&
           each(context, cursor, &from, &value, &result)) {
        if (result == 0)
            result = mdb_cursor_get(cursor, &from, &value, MDB_NEXT);
    }
    mdb_cursor_close(cursor);
    return result == MDB_NOTFOUND ? 0 : result;
}

struct loading {
    struct ord_embedded *store;
    int64_t since_us;
    ord_request_found *found;
    void *found_context;
    uint32_t damaged;
    bool has_no_memory;
};

static bool load_one(void *context, MDB_cursor *cursor, const MDB_val *key, const MDB_val *value,
                     int *ret_result)
{
    struct loading *loading = context;
    char text[ORD_SEQUENCE_KEY_MAX];
    const char *name = ord_sequence_key_rest(key, ORD_SEQUENCE_REQUEST_PREFIX, text);
    struct ord_grant grant;
    bool is_sound = name && ord_sequence_decode_request(key, value, &grant);
    loading->damaged += !is_sound;
    if (!is_sound || grant.given_us <= loading->since_us)
        *ret_result = mdb_cursor_del(cursor, 0);
    else
        loading->has_no_memory = !loading->found(loading->found_context, name, &grant);
    return !loading->has_no_memory;
}

static enum ord_code load_within(MDB_txn *txn, MDB_dbi dbi, void *context, struct ord_error *error)
{
    struct loading *loading = context;
    MDB_val prefix = {.mv_size = sizeof ORD_SEQUENCE_REQUEST_PREFIX - 1,
                      .mv_data = (char *)ORD_SEQUENCE_REQUEST_PREFIX};
    enum ord_code code = ord_embedded_check_ours(loading->store, txn, dbi, error);
    if (code != ORD_OK)
        return code;
    int result = go_over(txn, dbi, &prefix, prefix, load_one, loading);
    if (loading->has_no_memory)
        return ord_fail(error, ORD_INTERNAL, "no memory");
    return result == 0 ? ORD_OK : ord_database_fail(error, result, "read");
}

static enum ord_code load_requests(void *context, int64_t since_us, ord_request_found *found,
                                   void *found_context, uint32_t *ret_damaged, struct ord_error *error)
{
    struct loading loading = {
        .store = context, .since_us = since_us, .found = found, .found_context = found_context};
    enum ord_code code = settle(context, error);
    if (code == ORD_OK)
        code = ord_embedded_write(context, load_within, &loading, error);
    if (code == ORD_OK)
        *ret_damaged = loading.damaged;
    return code;
}

struct reading {
    struct ord_embedded *store;
    struct ord_sequence_item *items;
    size_t count;
};

/* The value of a key as the changes have left it that the database does not have yet. */
static int get(const struct ord_redo *redo, MDB_txn *txn, MDB_dbi dbi, MDB_val *key, MDB_val *ret_value)
{
    const struct ord_overlay_value *changed = ord_overlay_find(ord_redo_overlay(redo), key);
    if (!changed)
        return mdb_get(txn, dbi, key, ret_value);
    *ret_value = (MDB_val){.mv_size = changed->size, .mv_data = (void *)changed->bytes};
    return changed->is_removal ? MDB_NOTFOUND : 0;
}

static int read_one(const struct ord_redo *redo, MDB_txn *txn, MDB_dbi dbi, struct ord_sequence_item *item)
{
    char text[ORD_SEQUENCE_KEY_MAX];
    MDB_val key = ord_sequence_key(ORD_SEQUENCE_PREFIX, item->name, text), value;
    int result = get(redo, txn, dbi, &key, &value);
    item->record = (struct ord_sequence_record){.status = ORD_SEQUENCE_ABSENT};
    item->is_damaged = result == 0 && !ord_sequence_decode(&key, &value, &item->record);
    return result == MDB_NOTFOUND ? 0 : result;
}

static enum ord_code read_within(MDB_txn *txn, MDB_dbi dbi, void *context, struct ord_error *error)
{
    struct reading *reading = context;
    enum ord_code code = ord_embedded_check_ours(reading->store, txn, dbi, error);
    int result = 0;
    for (size_t i = 0; code == ORD_OK && i < reading->count && result == 0; i++)
        result = read_one(reading->store->redo, txn, dbi, &reading->items[i]);
    return result == 0 ? code : ord_database_fail(error, result, "read");
}

static enum ord_code read_items(void *context, struct ord_sequence_item *items, size_t count,
                                struct ord_error *error)
{
    struct reading reading = {.store = context, .items = items, .count = count};
    enum ord_code code = open_redo(context, error);
    return code == ORD_OK ? ord_embedded_read(context, read_within, &reading, error) : code;
}

struct listing {
    struct ord_embedded *store;
    const char *prefix, *after;
    ord_sequence_found *found;
    void *found_context;
};

static bool list_one(void *context, MDB_cursor *cursor, const MDB_val *key, const MDB_val *value,
                     int *ret_result)
{
    struct listing *listing = context;
    char text[ORD_SEQUENCE_KEY_MAX];
    struct ord_sequence_item item = {.name = ord_sequence_key_rest(key, ORD_SEQUENCE_PREFIX, text)};
    if (!item.name)
        return true;
    if (strcmp(item.name, listing->after) <= 0)
        return true;
    item.is_damaged = !ord_sequence_decode(key, value, &item.record);
    return listing->found(listing->found_context, &item);
}

static enum ord_code list_within(MDB_txn *txn, MDB_dbi dbi, void *context, struct ord_error *error)
{
    struct listing *listing = context;
    char prefix_text[ORD_SEQUENCE_KEY_MAX], from_text[ORD_SEQUENCE_KEY_MAX];
    const char *from = strcmp(listing->after, listing->prefix) > 0 ? listing->after : listing->prefix;
    MDB_val prefix = ord_sequence_key(ORD_SEQUENCE_PREFIX, listing->prefix, prefix_text);
    enum ord_code code = ord_embedded_check_ours(listing->store, txn, dbi, error);
    if (code != ORD_OK)
        return code;
    int result =
        go_over(txn, dbi, &prefix, ord_sequence_key(ORD_SEQUENCE_PREFIX, from, from_text), list_one, listing);
    return result == 0 ? ORD_OK : ord_database_fail(error, result, "read");
}

static enum ord_code list(void *context, const char *prefix, const char *after, ord_sequence_found *found,
                          void *found_context, struct ord_error *error)
{
    struct listing listing = {
        .store = context, .prefix = prefix, .after = after, .found = found, .found_context = found_context};
    enum ord_code code = settle(context, error);
    return code == ORD_OK ? ord_embedded_read(context, list_within, &listing, error) : code;
}

static void note_item(struct ord_changes *changes, const struct ord_sequence_item *item)
{
    char text[ORD_SEQUENCE_KEY_MAX];
    uint8_t bytes[ORD_SEQUENCE_VALUE_SIZE];
    MDB_val key = ord_sequence_key(ORD_SEQUENCE_PREFIX, item->name, text);
    if (item->record.status == ORD_SEQUENCE_ABSENT) {
        ord_changes_remove(changes, &key);
        return;
    }
    ord_sequence_encode(&key, &item->record, bytes);
    ord_changes_put(changes, &key, bytes, sizeof bytes);
}

static void note_requests(struct ord_changes *changes, const struct ord_request_batch *batch)
{
    char text[ORD_SEQUENCE_KEY_MAX];
    uint8_t bytes[ORD_SEQUENCE_REQUEST_SIZE];
    for (const struct ord_request *at = batch->gone; at; at = at->next) {
        MDB_val key = ord_sequence_key(ORD_SEQUENCE_REQUEST_PREFIX, at->key, text);
        ord_changes_remove(changes, &key);
    }
    for (const struct ord_request *at = batch->given; at; at = at->next) {
        MDB_val key = ord_sequence_key(ORD_SEQUENCE_REQUEST_PREFIX, at->key, text);
        ord_sequence_encode_request(&key, &at->grant, bytes);
        ord_changes_put(changes, &key, bytes, sizeof bytes);
    }
}

static enum ord_code commit(void *context, const struct ord_sequence_batch *batch, struct ord_error *error)
{
    struct ord_embedded *store = context;
    struct ord_changes changes = {0};
    enum ord_code code = open_redo(store, error);
    if (code != ORD_OK)
        return code;
    for (size_t i = 0; i < batch->count; i++)
        note_item(&changes, &batch->items[i]);
    note_requests(&changes, &batch->requests);
    code = ord_redo_commit(store->redo, &changes, error);
    ord_changes_finish(&changes);
    return code;
}

static enum ord_code finish(void *context, struct ord_error *error)
{
    struct ord_embedded *store = context;
    return store->redo ? ord_redo_finish(store->redo, error) : ORD_OK;
}

struct ord_sequence_port ord_embedded_sequences(struct ord_embedded *store)
{
    return (struct ord_sequence_port){.context = store,
                                      .load_requests = load_requests,
                                      .read = read_items,
                                      .list = list,
                                      .commit = commit,
                                      .finish = finish};
}
