/*
 * Base64 with padding (RFC 4648, section 4), as JSON has bytes. Private to wire/.
 *
 * Any thread.
 */
#pragma once

#include <protobuf-c/protobuf-c.h>

#include "base/arena.h"
#include "base/error.h"

/* NULL when there is no memory. */
const char *ord_base64_write(const ProtobufCBinaryData *bytes, struct ord_arena *arena);

/* Reads a whole text into memory of the arena. ORD_INVALID_ARGUMENT: not base64. ORD_INTERNAL: no memory. */
enum ord_code ord_base64_read(const char *text, struct ord_arena *arena, ProtobufCBinaryData *ret_bytes,
                              struct ord_error *error);
