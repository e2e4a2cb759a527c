#include "store/requests.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/embedded_private.h"
#include "store/encode.h"

/* "request/", the worker and the caller's key. */
#define PREFIX "request/"
#define KEY_MAX (sizeof PREFIX + 16 + ORD_REQUEST_KEY_MAX)

/* The place as a record has it, then count, tag and a CRC-32 of the key and all of that. The record's limit is
 * the first slot, and its time the start of the request's life. */
#define COUNT_AT ORD_RECORD_SIZE
#define TAG_AT (COUNT_AT + 4)
#define CRC_AT (TAG_AT + 4)
#define VALUE_SIZE (CRC_AT + 4)

struct loading {
    struct ord_embedded *store;
    const struct ord_place *place;
    int64_t since_us;
    ord_request_found *found;
    void *found_context;
    uint32_t damaged;
};

static MDB_val key_of(const struct ord_embedded *store, const char *key, char ret[KEY_MAX])
{
    int length = snprintf(ret, KEY_MAX, PREFIX "%" PRIu32 "/%s", store->place.worker, key);
    return (MDB_val){.mv_size = (size_t)length, .mv_data = ret};
}

static void encode(const struct ord_embedded *store, const MDB_val *key, const struct ord_grant *grant,
                   uint8_t ret[VALUE_SIZE])
{
    struct ord_record record = {.place = store->place,
                                .generation = store->record.generation,
                                .limit = grant->first,
                                .written_us = grant->given_us};
    ord_record_encode(&record, ret);
    put32(ret + COUNT_AT, grant->count);
    put32(ret + TAG_AT, grant->tag);
    put32(ret + CRC_AT, checksum_of(key, ret, CRC_AT));
}

static bool decode(const MDB_val *key, const MDB_val *value, struct ord_place *ret_place, struct ord_grant *ret)
{
    const uint8_t *bytes = value->mv_data;
    struct ord_record record;
    if (value->mv_size != VALUE_SIZE || get32(bytes + CRC_AT) != checksum_of(key, bytes, CRC_AT) ||
        ord_record_decode(bytes, ORD_RECORD_SIZE, &record, NULL) != ORD_OK)
        return false;
    *ret_place = record.place;
    *ret = (struct ord_grant){.first = record.limit,
                              .count = get32(bytes + COUNT_AT),
                              .tag = get32(bytes + TAG_AT),
                              .given_us = record.written_us};
    return true;
}

/* The caller's part of a key, as a string; NULL: not of that form. */
static const char *callers_key(const MDB_val *key, char ret[KEY_MAX])
{
    if (key->mv_size >= KEY_MAX)
        return NULL;
    memcpy(ret, key->mv_data, key->mv_size);
    ret[key->mv_size] = '\0';
    const char *slash = strchr(ret + strlen(PREFIX), '/');
    return slash && slash[1] && strlen(ret) == key->mv_size ? slash + 1 : NULL;
}

static bool is_ours(const struct loading *loading, const struct ord_place *place)
{
    return place->node == loading->place->node && ord_place_counts_alike(place, loading->place);
}

/* Looks at one; `*ret_is_over` when it is to be removed. */
static enum ord_code look_at(struct loading *loading, const MDB_val *key, const MDB_val *value,
                             bool *ret_is_over, struct ord_error *error)
{
    char text[KEY_MAX];
    const char *name = callers_key(key, text);
    struct ord_place place;
    struct ord_grant grant;
    if (!name || !decode(key, value, &place, &grant)) {
        loading->damaged++;
        *ret_is_over = true;
        return ORD_OK;
    }
    bool is_alike = is_ours(loading, &place);
    *ret_is_over = false;
    if (is_alike && place.worker != loading->place->worker)
        return ORD_OK; /* another process looks after it */
    *ret_is_over = grant.given_us <= loading->since_us;
    if (*ret_is_over || !is_alike || loading->found(loading->found_context, name, &grant))
        return ORD_OK;
    return ord_fail(error, ORD_INTERNAL, "no memory");
}

static enum ord_code look_at_all(struct loading *loading, MDB_cursor *cursor, struct ord_error *error)
{
    const size_t length = sizeof PREFIX - 1;
    MDB_val key = {.mv_size = length, .mv_data = (char *)PREFIX}, value;
    int result = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);
    while (result == 0 && key.mv_size > length && memcmp(key.mv_data, PREFIX, length) == 0) {
        bool is_over;
        enum ord_code code = look_at(loading, &key, &value, &is_over, error);
        if (code != ORD_OK)
            return code;
        if (is_over)
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
    code = look_at_all(loading, cursor, error);
    mdb_cursor_close(cursor);
    return code;
}

static enum ord_code load(void *context, const struct ord_place *place, int64_t since_us,
                          ord_request_found *found, void *found_context, uint32_t *ret_damaged,
                          struct ord_error *error)
{
    struct loading loading = {
        .store = context, .place = place, .since_us = since_us, .found = found, .found_context = found_context};
    enum ord_code code = ord_embedded_write(context, load_within, &loading, error);
    if (code == ORD_OK)
        *ret_damaged = loading.damaged;
    return code;
}

struct committing {
    struct ord_embedded *store;
    const struct ord_request_batch *batch;
};

static enum ord_code commit_within(MDB_txn *txn, MDB_dbi dbi, void *context, struct ord_error *error)
{
    const struct committing *committing = context;
    char text[KEY_MAX];
    uint8_t bytes[VALUE_SIZE];
    enum ord_code code = ord_embedded_check_ours(committing->store, txn, dbi, error);
    if (code != ORD_OK)
        return code;
    int result = 0;
    for (const struct ord_request *at = committing->batch->gone; at && result == 0; at = at->next) {
        MDB_val key = key_of(committing->store, at->key, text);
        result = mdb_del(txn, dbi, &key, NULL);
        if (result == MDB_NOTFOUND)
            result = 0;
    }
    for (const struct ord_request *at = committing->batch->given; at && result == 0; at = at->next) {
        MDB_val key = key_of(committing->store, at->key, text);
        encode(committing->store, &key, &at->grant, bytes);
        result = mdb_put(txn, dbi, &key, &(MDB_val){.mv_size = sizeof bytes, .mv_data = bytes}, 0);
    }
    return result == 0 ? ORD_OK : ord_database_fail(error, result, "write");
}

static enum ord_code commit(void *context, const struct ord_request_batch *batch, struct ord_error *error)
{
    struct committing committing = {.store = context, .batch = batch};
    return ord_embedded_write(context, commit_within, &committing, error);
}

struct ord_request_port ord_embedded_requests(struct ord_embedded *store)
{
    return (struct ord_request_port){.context = store, .load = load, .commit = commit};
}

static enum ord_code load_nothing(void *context, const struct ord_place *place, int64_t since_us,
                                  ord_request_found *found, void *found_context, uint32_t *ret_damaged,
                                  struct ord_error *error)
{
    *ret_damaged = 0;
    return ORD_OK;
}

static enum ord_code commit_nothing(void *context, const struct ord_request_batch *batch,
                                    struct ord_error *error)
{
    return ORD_OK;
}

struct ord_request_port ord_memory_requests(void)
{
    return (struct ord_request_port){.load = load_nothing, .commit = commit_nothing};
}
