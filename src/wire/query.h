/*
 * Messages as parameters of a URL, by their protobuf-c descriptors: the names are the JSON names of the fields.
 * Scalar fields only. Any thread.
 */
#pragma once

#include <protobuf-c/protobuf-c.h>

#include "base/arena.h"
#include "base/error.h"
#include "wire/idtext.h"
#include "wire/message.h"

/*
 * Sets the field called `name` from text (percent-decoded already) and adds it to `*given`.
 * ORD_UNKNOWN_PARAMETER: no such field; the message names those that there are. ORD_REPEATED_PARAMETER: it is
 * in
 * `*given`. ORD_INVALID_ARGUMENT, ORD_OUT_OF_RANGE: the value, with what is allowed.
 */
enum ord_code ord_query_set(ProtobufCMessage *message, ord_field_set *given, const char *name,
                            const char *value, enum ord_id_format ids, struct ord_arena *arena,
                            struct ord_error *error);

/* Writes the fields that differ from their defaults as "name=value&…", percent-encoded, leaving out those
 * that are named in `except` (up to a NULL; may be NULL). NULL when there is no memory. */
const char *ord_query_write(const ProtobufCMessage *message, const char *const *except,
                            struct ord_arena *arena);

/* One scalar field as text, not encoded; NULL when there is no such field or no memory. */
const char *ord_query_value(const ProtobufCMessage *message, const char *name, struct ord_arena *arena);
