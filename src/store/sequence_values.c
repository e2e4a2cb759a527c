#include "store/sequence_values.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "store/encode.h"

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
};
static_assert(CRC_AT + 4 == ORD_SEQUENCE_VALUE_SIZE, "the header tells the size");

enum {
    COUNT_AT = 4,
    FIRST_AT = 8,
    GIVEN_AT = 16,
    REQUEST_CRC_AT = 24,
};
static_assert(REQUEST_CRC_AT + 4 == ORD_SEQUENCE_REQUEST_SIZE, "the header tells the size");

MDB_val ord_sequence_key(const char *prefix, const char *name, char ret[ORD_SEQUENCE_KEY_MAX])
{
    int length = snprintf(ret, ORD_SEQUENCE_KEY_MAX, "%s%s", prefix, name);
    return (MDB_val){.mv_size = (size_t)length, .mv_data = ret};
}

const char *ord_sequence_key_rest(const MDB_val *key, const char *prefix, char ret[ORD_SEQUENCE_KEY_MAX])
{
    if (key->mv_size >= ORD_SEQUENCE_KEY_MAX)
        return NULL;
    memcpy(ret, key->mv_data, key->mv_size);
    ret[key->mv_size] = '\0';
    return strlen(ret) == key->mv_size ? ret + strlen(prefix) : NULL;
}

void ord_sequence_encode(const MDB_val *key, const struct ord_sequence_record *record,
                         uint8_t ret[ORD_SEQUENCE_VALUE_SIZE])
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

bool ord_sequence_decode(const MDB_val *key, const MDB_val *value, struct ord_sequence_record *ret_record)
{
    const uint8_t *at = value->mv_data;
    if (value->mv_size != ORD_SEQUENCE_VALUE_SIZE || get32(at) != VERSION ||
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
    *ret_record = record;
    return true;
}

void ord_sequence_encode_request(const MDB_val *key, const struct ord_grant *grant,
                                 uint8_t ret[ORD_SEQUENCE_REQUEST_SIZE])
{
    put32(ret, VERSION);
    put32(ret + COUNT_AT, grant->count);
    put64(ret + FIRST_AT, grant->first);
    put64(ret + GIVEN_AT, (uint64_t)grant->given_us);
    put32(ret + REQUEST_CRC_AT, checksum_of(key, ret, REQUEST_CRC_AT));
}

bool ord_sequence_decode_request(const MDB_val *key, const MDB_val *value, struct ord_grant *ret_grant)
{
    const uint8_t *at = value->mv_data;
    if (value->mv_size != ORD_SEQUENCE_REQUEST_SIZE || get32(at) != VERSION ||
        get32(at + REQUEST_CRC_AT) != checksum_of(key, at, REQUEST_CRC_AT))
        return false;
    *ret_grant = (struct ord_grant){.first = get64(at + FIRST_AT),
                                    .count = get32(at + COUNT_AT),
                                    .given_us = (int64_t)get64(at + GIVEN_AT)};
    return true;
}
