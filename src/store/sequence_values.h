/*
 * Sequences as keys and values of the database.
 *
 * The key of a sequence is "sequence/" and its name. Its value, little endian:
 *
 *     at  size
 *      0     4  version, 1
 *      4     4  status: 1 live, 2 deleted
 *      8     4  mode: 0 block, 1 gapless
 *     12     4  block
 *     16     4  birth
 *     20     4  1: no value is left, else 0
 *     24     8  start
 *     32     8  increment
 *     40     8  minimum
 *     48     8  maximum
 *     56     8  next: values before it may have left
 *     64     8  when it was created, Unix time in microseconds
 *     72     4  CRC-32 of the key and all that stands before it
 *
 * The key of a request is "sequence-request/", the sequence's name, "/", its birth, "/" and the caller's key:
 *
 *      0     4  version, 1
 *      4     4  count
 *      8     8  first value
 *     16     8  when it was given, Unix time in microseconds
 *     24     4  CRC-32 of the key and all that stands before it
 */
#pragma once

#include <lmdb.h>
#include <stdbool.h>

#include "core/sequence.h"

/* LMDB's own bound is 511. */
#define ORD_SEQUENCE_KEY_MAX 500

#define ORD_SEQUENCE_PREFIX "sequence/"
#define ORD_SEQUENCE_REQUEST_PREFIX "sequence-request/"

enum {
    ORD_SEQUENCE_VALUE_SIZE = 76,
    ORD_SEQUENCE_REQUEST_SIZE = 28,
};

/* The key of a name or of a request, in `ret`. */
MDB_val ord_sequence_key(const char *prefix, const char *name, char ret[ORD_SEQUENCE_KEY_MAX]);

/* What comes after the prefix, as a string in `ret`; NULL: not of that form. */
const char *ord_sequence_key_rest(const MDB_val *key, const char *prefix, char ret[ORD_SEQUENCE_KEY_MAX]);

void ord_sequence_encode(const MDB_val *key, const struct ord_sequence_record *record,
                         uint8_t ret[ORD_SEQUENCE_VALUE_SIZE]);
void ord_sequence_encode_request(const MDB_val *key, const struct ord_grant *grant,
                                 uint8_t ret[ORD_SEQUENCE_REQUEST_SIZE]);

/* False: it is not what was written there. */
bool ord_sequence_decode(const MDB_val *key, const MDB_val *value, struct ord_sequence_record *ret_record);
bool ord_sequence_decode_request(const MDB_val *key, const MDB_val *value, struct ord_grant *ret_grant);
