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

/* Reads a JSON text into a new message in the arena. IDs are decimal; unknown names are skipped.
 * ORD_INVALID_ARGUMENT: not JSON, or not this message; the text says where. */
enum ord_code ord_json_read(const char *text, const ProtobufCMessageDescriptor *type, struct ord_arena *arena,
                            ProtobufCMessage **ret_message, struct ord_error *error);

/* A field's JSON name in `ret`: "time_ms" → "timeMs". */
#define ORD_JSON_NAME_MAX 64
void ord_json_name(const char *field, char ret[ORD_JSON_NAME_MAX]);

/* Whether a field holds an ID. */
bool ord_field_is_id(const ProtobufCFieldDescriptor *field);
