/*
 * What is stored of one worker's reservation, and its bytes: little endian, of one size, with a checksum.
 *
 *     at  size
 *      0     8  magic "ORDINALR"
 *      8     4  version, 1
 *     12     4  flags; bit 0: the run ended cleanly, `limit` is the exact next slot
 *     16     8  generation: how many times the place was claimed
 *     24     8  limit: slots below it may have left
 *     32     4  node
 *     36     4  worker
 *     40     4  workers
 *     44     4  length of a tick in microseconds
 *     48     8  epoch, Unix time in microseconds
 *     56     8  wall clock when it was written, Unix time in microseconds
 *     64    16  boot ID of the system that wrote it
 *     80    64  fields of the layout as text, filled up with zeros: "tick:41,node:10,sequence:12"
 *    144     4  CRC-32 of all that stands before it
 *
 * Pure; any thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "core/layout.h"

#define ORD_RECORD_SIZE 148
#define ORD_BOOT_ID_SIZE 16
#define ORD_SPLIT_TEXT_MAX (ORD_LAYOUT_TEXT_MAX + 32)

struct ord_record {
    struct ord_place place;
    uint64_t generation;
    uint64_t limit;
    bool clean;
    uint8_t boot_id[ORD_BOOT_ID_SIZE];
    int64_t written_us;
};

void ord_record_encode(const struct ord_record *record, uint8_t ret[ORD_RECORD_SIZE]);

/* ORD_INVALID_ARGUMENT: not a sound record; the text says which check failed, such as "the checksum is
 * wrong". */
enum ord_code ord_record_decode(const void *bytes, size_t size, struct ord_record *ret_record,
                                struct ord_error *error);

/* Whether two places count slots alike: fields, unit, epoch and number of workers agree. */
bool ord_place_counts_alike(const struct ord_place *a, const struct ord_place *b);

/* Layout and split in one line, the same for places that count alike:
 * "tick:41,node:10,sequence:12 of 1ms from 2026-01-01T00:00:00.000000Z in 4 parts". */
void ord_place_split_text(const struct ord_place *place, char ret[ORD_SPLIT_TEXT_MAX]);

/* The lowest limit in slots of `place` whose time is not before that of the record's limit, which is counted
 * in slots of the record's own layout and split. ORD_OUT_OF_RANGE: that time is past the layout's end. */
enum ord_code ord_record_limit_in(const struct ord_record *record, const struct ord_place *place,
                                  uint64_t *ret_limit, struct ord_error *error);
