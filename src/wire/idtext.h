/*
 * Text forms of an ID.
 *
 * Decimal is of variable width. The others have a fixed width, so that their text order is the numeric order:
 * hex 16 digits in lower case, base32 13 characters in Crockford's alphabet (0-9, A-Z without I, L, O, U),
 * base62 11 characters (0-9, A-Z, a-z: ASCII order). Each form reads back; base32 and hex in either case, and
 * base32 takes I and L for 1, O for 0, as Crockford's specification has it.
 *
 * Pure; any thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum ord_id_format {
    ORD_DECIMAL,
    ORD_HEX,
    ORD_BASE32,
    ORD_BASE62,
    ORD_ID_FORMATS,
};

#define ORD_ID_TEXT_MAX 20 /* longest form, without a terminating zero */

/* "decimal", "hex", "base32", "base62". Static. */
const char *ord_id_format_name(enum ord_id_format format);

/* ORD_INVALID_ARGUMENT: not one of the names. */
enum ord_code ord_id_format_parse(const char *name, enum ord_id_format *ret_format, struct ord_error *error);

/* Writes an ID (0 or above) without a terminating zero; returns the length. */
size_t ord_id_write(int64_t id, enum ord_id_format format, char ret[ORD_ID_TEXT_MAX]);

/* Reads a whole text. ORD_INVALID_ARGUMENT: not that form. ORD_OUT_OF_RANGE: above 2^63 - 1. */
enum ord_code ord_id_parse(const char *text, enum ord_id_format format, int64_t *ret_id,
                           struct ord_error *error);
