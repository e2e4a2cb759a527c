/*
 * Sequences and their values, for people to read. Texts are NULL when there is no memory.
 */
#pragma once

#include <ordinal/v1/sequences.pb-c.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

/*
 * A block of lines, aligned; `done` (may be NULL) says what was done, in the first one:
 *
 *     invoices created
 *     mode       gapless
 *     next       1
 *     increment  1
 *     range      1 to 9223372036854775807
 *     created    2026-03-01T12:00:00.000000Z
 */
const char *ord_seq_text(const Ordinal__V1__Sequence *sequence, const char *done, struct ord_arena *arena);

/* A line of a table, and its heading. */
extern const char ord_seq_head[];
const char *ord_seq_row(const Ordinal__V1__Sequence *sequence, struct ord_arena *arena);

/* A value and the end of its line; how many bytes that is, up to ORD_SEQ_VALUE_MAX. */
#define ORD_SEQ_VALUE_MAX 24
size_t ord_seq_value_write(int64_t value, char *ret);

/* False: `text` is not a whole number of 64 bits. */
bool ord_seq_value_read(const char *text, int64_t *ret);
