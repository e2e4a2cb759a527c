/*
 * Fields of protobuf-c messages, one value at a time: where it lies, how large it is, its text. What JSON and
 * URL parameters have in common. Private to wire/.
 *
 * Any thread.
 */
#pragma once

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/error.h"
#include "wire/idtext.h"

/* Where a field's value (or, of a repeated field, the pointer to its values) lies in a message. */
void *ord_field_value(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field);

/* Where a repeated field's number of values lies in a message. */
size_t *ord_field_count(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field);

/* Whether a field is there: repeated and plain scalar fields always are, the others when they are set. */
bool ord_field_is_set(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field);

/* Whether a field has the value that it has when nobody sets it: zero, nothing; a member of a oneof that is set
 * has not. */
bool ord_field_is_default(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field);

/* Whether another member of the oneof that a field belongs to is set. */
bool ord_field_is_taken(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field);

/* Marks an optional field or a member of a oneof as the one that is set. */
void ord_field_mark(ProtobufCMessage *message, const ProtobufCFieldDescriptor *field);

/* The size in memory of one value of a type. */
size_t ord_scalar_size(ProtobufCType type);

/* Whether values of a type have a text: all but messages and bytes. */
bool ord_scalar_has_text(ProtobufCType type);

/* Reads a whole text, strictly. ORD_INVALID_ARGUMENT: not such a value; ORD_OUT_OF_RANGE: too large or too
 * small; the text says what is allowed. ORD_INTERNAL: no memory. */
enum ord_code ord_scalar_read(const ProtobufCFieldDescriptor *field, const char *text, enum ord_id_format ids,
                              struct ord_arena *arena, void *ret_value, struct ord_error *error);

/* One value as text; NULL when there is no memory. */
const char *ord_scalar_write(const ProtobufCFieldDescriptor *field, const void *value, enum ord_id_format ids,
                             struct ord_arena *arena);
