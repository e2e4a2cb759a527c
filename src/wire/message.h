/*
 * Messages of protobuf-c in the memory of a call. Any thread; an arena is one thread's at a time.
 */
#pragma once

#include <protobuf-c/protobuf-c.h>
#include <stdint.h>

#include "base/arena.h"

/* A set of a message's fields, by their index in the descriptor. */
typedef uint64_t ord_field_set;

/* Memory for protobuf-c's unpack and init out of an arena; valid as long as the arena. */
ProtobufCAllocator ord_arena_allocator(struct ord_arena *arena);

/* A new message of that type with default values; NULL when there is no memory. */
ProtobufCMessage *ord_message_new(const ProtobufCMessageDescriptor *type, struct ord_arena *arena);
