#include "wire/message.h"

static void *allocate(void *arena, size_t size)
{
    return ord_arena_alloc(arena, size);
}

static void keep(void *arena, void *memory)
{
}

ProtobufCAllocator ord_arena_allocator(struct ord_arena *arena)
{
    return (ProtobufCAllocator){.alloc = allocate, .free = keep, .allocator_data = arena};
}

ProtobufCMessage *ord_message_new(const ProtobufCMessageDescriptor *type, struct ord_arena *arena)
{
    ProtobufCMessage *message = ord_arena_alloc(arena, type->sizeof_message);
    if (message)
        protobuf_c_message_init(type, message);
    return message;
}
