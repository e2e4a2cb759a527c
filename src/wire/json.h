/*
 * Messages as JSON, by their protobuf-c descriptors: the proto3 JSON mapping (lowerCamelCase names, 64-bit
 * numbers as strings, enums by name), except that fields with default values are written too, so that a reader
 * sees every field. Fields that hold IDs (int64, named `id` or ending in `_id`) take the text form that the
 * caller chose.
 *
 * Any thread.
 */
#pragma once

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>

#include "base/arena.h"
#include "base/error.h"
#include "wire/idtext.h"
#include "wire/message.h"

/* Writes `message` as compact JSON into a string of the arena. ORD_INTERNAL: no memory. */
enum ord_code ord_json_write(const ProtobufCMessage *message, enum ord_id_format ids, struct ord_arena *arena,
                             const char **ret_text, struct ord_error *error);

/* As ord_json_write, of a request: IDs are decimal, and fields with default values are left out, since a server
 * takes those that are there as given. */
enum ord_code ord_json_write_request(const ProtobufCMessage *message, struct ord_arena *arena,
                                     const char **ret_text, struct ord_error *error);

/* Reads a JSON text into a new message in the arena. IDs are decimal; unknown names are skipped.
 * ORD_INVALID_ARGUMENT: not JSON, or not this message; the text says where. */
enum ord_code ord_json_read(const char *text, const ProtobufCMessageDescriptor *type, struct ord_arena *arena,
                            ProtobufCMessage **ret_message, struct ord_error *error);

/* Reads `size` bytes of JSON that a caller wrote into a fresh message; names that it does not have are refused.
 * The fields that came (a null counts as none) are in `*ret_given`. ORD_INVALID_ARGUMENT: not JSON, or a value
 * that cannot be read; ORD_OUT_OF_RANGE; ORD_UNKNOWN_PARAMETER; the text says where, and what is allowed. */
enum ord_code ord_json_read_request(const char *text, size_t size, enum ord_id_format ids,
                                    struct ord_arena *arena, ProtobufCMessage *message,
                                    ord_field_set *ret_given, struct ord_error *error);

/* A field's JSON name in `ret`: "time_ms" → "timeMs". */
#define ORD_JSON_NAME_MAX 64
void ord_json_name(const char *field, char ret[ORD_JSON_NAME_MAX]);

/* The JSON names of a type's fields in `ret` (of `size` bytes), with ", " between, cut if there is no room;
 * only those that `is_listed` takes, unless that is NULL. */
void ord_json_names(const ProtobufCMessageDescriptor *type,
                    bool (*is_listed)(const void *context, const ProtobufCFieldDescriptor *field),
                    const void *context, char *ret, size_t size);

/* The message that is set in a oneof of a message's, with its field's JSON name in `*ret_name` (in the arena);
 * NULL: there is none, or no memory. */
const ProtobufCMessage *ord_json_member(const ProtobufCMessage *message, struct ord_arena *arena,
                                        const char **ret_name);

/* Whether a field holds an ID. */
bool ord_field_is_id(const ProtobufCFieldDescriptor *field);
