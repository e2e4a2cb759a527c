#include "store/sequences.h"

#include <stdio.h>
#include <string.h>

#include "store/embedded_private.h"
#include "store/encode.h"
#include "store/redo.h"

#define PREFIX "sequence/"
#define REQUEST_PREFIX "sequence-request/"

/* LMDB's own bound is 511. */
#define KEY_MAX 500

#define VERSION 1

enum {
    STATUS_AT = 4,
    MODE_AT = 8,
    BLOCK_AT = 12,
    BIRTH_AT = 16,
    OVER_AT = 20,
    START_AT = 24,
    INCREMENT_AT = 32,
    MINIMUM_AT = 40,
    MAXIMUM_AT = 48,
    NEXT_AT = 56,
    CREATED_AT = 64,
    CRC_AT = 72,
    VALUE_SIZE = CRC_AT + 4,
};

enum {
    COUNT_AT = 4,
    FIRST_AT = 8,
    GIVEN_AT = 16,
    REQUEST_CRC_AT = 24,
    REQUEST_SIZE = REQUEST_CRC_AT + 4,
};

static MDB_val key_of(const char *prefix, const char *name, char ret[KEY_MAX])
{
    int length = snprintf(ret, KEY_MAX, "%s%s", prefix, name);
    return (MDB_val){.mv_size = (size_t)length, .mv_data = ret};
}

/* What comes after the prefix, as a string; NULL: not of that form. */
static const char *rest_of(const MDB_val *key, size_t prefix, char ret[KEY_MAX])
{
    if (key->mv_size >= KEY_MAX)
        return NULL;
    memcpy(ret, key->mv_data, key->mv_size);
    ret[key->mv_size] = '\0';
    return strlen(ret) == key->mv_size ? ret + prefix : NULL;
}

static void encode(const MDB_val *key, const struct ord_sequence_record *record, uint8_t ret[VALUE_SIZE])
{
    put32(ret, VERSION);
    put32(ret + STATUS_AT, record->status);
    put32(ret + MODE_AT, record->what.mode);
    put32(ret + BLOCK_AT, record->what.block);
    put32(ret + BIRTH_AT, record->birth);
    put32(ret + OVER_AT, record->at.is_over);
    put64(ret + START_AT, (uint64_t)record->what.start);
    put64(ret + INCREMENT_AT, (uint64_t)record->what.increment);
    put64(ret + MINIMUM_AT, (uint64_t)record->what.minimum);
    put64(ret + MAXIMUM_AT, (uint64_t)record->what.maximum);
    put64(ret + NEXT_AT, (uint64_t)record->at.next);
    put64(ret + CREATED_AT, (uint64_t)record->created_us);
    put32(ret + CRC_AT, checksum_of(key, ret, CRC_AT));
}

/* What a sequence could not be: it was not written so. */
static bool is_sound(const struct ord_sequence_record *record)
{
    const struct ord_sequence *what = &record->what;
    return (record->status == ORD_SEQUENCE_LIVE || record->status == ORD_SEQUENCE_DELETED) &&
           (unsigned)what->mode < ORD_SEQUENCE_MODES && ord_sequence_check(what, NULL) == ORD_OK &&
           record->at.next >= what->minimum && record->at.next <= what->maximum;
}

static bool decode(const MDB_val *key, const MDB_val *value, struct ord_sequence_record *ret)
{
    const uint8_t *at = value->mv_data;
    if (value->mv_size != VALUE_SIZE || get32(at) != VERSION ||
        get32(at + CRC_AT) != checksum_of(key, at, CRC_AT))
        return false;
    struct ord_sequence_record record = {
        .status = (enum ord_sequence_status)get32(at + STATUS_AT),
        .what = {.mode = (enum ord_sequence_mode)get32(at + MODE_AT),
                 .block = get32(at + BLOCK_AT),
                 .start = (int64_t)get64(at + START_AT),
                 .increment = (int64_t)get64(at + INCREMENT_AT),
                 .minimum = (int64_t)get64(at + MINIMUM_AT),
                 .maximum = (int64_t)get64(at + MAXIMUM_AT)},
        .at = {.next = (int64_t)get64(at + NEXT_AT), .is_over = get32(at + OVER_AT) != 0},
        .birth = get32(at + BIRTH_AT),
        .created_us = (int64_t)get64(at + CREATED_AT),
    };
    if (!is_sound(&record))
        return false;
    *ret = record;
    return true;
}

static void encode_request(const MDB_val *key, const struct ord_grant *grant, uint8_t ret[REQUEST_SIZE])
{
    put32(ret, VERSION);
    put32(ret + COUNT_AT, grant->count);
    put64(ret + FIRST_AT, grant->first);
    put64(ret + GIVEN_AT, (uint64_t)grant->given_us);
    put32(ret + REQUEST_CRC_AT, checksum_of(key, ret, REQUEST_CRC_AT));
}

static bool decode_request(const MDB_val *key, const MDB_val *value, struct ord_grant *ret)
{
    const uint8_t *at = value->mv_data;
    if (value->mv_size != REQUEST_SIZE || get32(at) != VERSION ||
        get32(at + REQUEST_CRC_AT) != checksum_of(key, at, REQUEST_CRC_AT))
        return false;
    *ret = (struct ord_grant){.first = get64(at + FIRST_AT),
                              .count = get32(at + COUNT_AT),
                              .given_us = (int64_t)get64(at + GIVEN_AT)};
    return true;
}

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
    char text[KEY_MAX];
    const char *name = rest_of(key, sizeof REQUEST_PREFIX - 1, text);
    struct ord_grant grant;
    bool is_sound = name && decode_request(key, value, &grant);
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
    MDB_val prefix = {.mv_size = sizeof REQUEST_PREFIX - 1, .mv_data = (char *)REQUEST_PREFIX};
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
    char text[KEY_MAX];
    MDB_val key = key_of(PREFIX, item->name, text), value;
    int result = get(redo, txn, dbi, &key, &value);
    item->record = (struct ord_sequence_record){.status = ORD_SEQUENCE_ABSENT};
    item->is_damaged = result == 0 && !decode(&key, &value, &item->record);
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
    char text[KEY_MAX];
    struct ord_sequence_item item = {.name = rest_of(key, sizeof PREFIX - 1, text)};
    if (!item.name)
        return true;
    if (strcmp(item.name, listing->after) <= 0)
        return true;
    item.is_damaged = !decode(key, value, &item.record);
    return listing->found(listing->found_context, &item);
}

static enum ord_code list_within(MDB_txn *txn, MDB_dbi dbi, void *context, struct ord_error *error)
{
    struct listing *listing = context;
    char prefix_text[KEY_MAX], from_text[KEY_MAX];
    const char *from = strcmp(listing->after, listing->prefix) > 0 ? listing->after : listing->prefix;
    MDB_val prefix = key_of(PREFIX, listing->prefix, prefix_text);
    enum ord_code code = ord_embedded_check_ours(listing->store, txn, dbi, error);
    if (code != ORD_OK)
        return code;
    int result = go_over(txn, dbi, &prefix, key_of(PREFIX, from, from_text), list_one, listing);
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
    char text[KEY_MAX];
    uint8_t bytes[VALUE_SIZE];
    MDB_val key = key_of(PREFIX, item->name, text);
    if (item->record.status == ORD_SEQUENCE_ABSENT) {
        ord_changes_remove(changes, &key);
        return;
    }
    encode(&key, &item->record, bytes);
    ord_changes_put(changes, &key, bytes, sizeof bytes);
}

static void note_requests(struct ord_changes *changes, const struct ord_request_batch *batch)
{
    char text[KEY_MAX];
    uint8_t bytes[REQUEST_SIZE];
    for (const struct ord_request *at = batch->gone; at; at = at->next) {
        MDB_val key = key_of(REQUEST_PREFIX, at->key, text);
        ord_changes_remove(changes, &key);
    }
    for (const struct ord_request *at = batch->given; at; at = at->next) {
        MDB_val key = key_of(REQUEST_PREFIX, at->key, text);
        encode_request(&key, &at->grant, bytes);
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
