#include "cli/exchange.h"

#include <grpc/byte_buffer_reader.h>
#include <grpc/support/alloc.h>
#include <string.h>

#include "cli/failure.h"
#include "wire/json.h"

static const char *address_of(const struct ord_grpc_client *client)
{
    return client->target + strlen(ORD_TARGET_SCHEME);
}

static grpc_byte_buffer *packed(const ProtobufCMessage *message)
{
    grpc_slice slice = grpc_slice_malloc(protobuf_c_message_get_packed_size(message));
    protobuf_c_message_pack(message, GRPC_SLICE_START_PTR(slice));
    grpc_byte_buffer *buffer = grpc_raw_byte_buffer_create(&slice, 1);
    grpc_slice_unref(slice);
    return buffer;
}

void ord_exchange_start(struct ord_exchange *exchange, const ProtobufCMessage *request)
{
    *exchange = (struct ord_exchange){.sent = packed(request), .message = grpc_empty_slice()};
    grpc_metadata_array_init(&exchange->initial);
    grpc_metadata_array_init(&exchange->trailing);
}

static void drop_received(struct ord_exchange *exchange)
{
    if (exchange->received)
        grpc_byte_buffer_destroy(exchange->received);
    exchange->received = NULL;
}

void ord_exchange_finish(struct ord_exchange *exchange)
{
    grpc_byte_buffer_destroy(exchange->sent);
    drop_received(exchange);
    grpc_metadata_array_destroy(&exchange->initial);
    grpc_metadata_array_destroy(&exchange->trailing);
    grpc_slice_unref(exchange->message);
    grpc_call_unref(exchange->call);
}

static const grpc_slice *details_of(const struct ord_exchange *exchange)
{
    for (size_t i = 0; i < exchange->trailing.count; i++)
        if (grpc_slice_str_cmp(exchange->trailing.metadata[i].key, "grpc-status-details-bin") == 0)
            return &exchange->trailing.metadata[i].value;
    return NULL;
}

/* The library says OK of a server that answers in HTTP/1. */
static const char *cause_of(const char *message)
{
    const char *cause = ord_failure_last_cause(message);
    return strcmp(cause, "OK") == 0 ? "it does not speak gRPC" : cause;
}

/* Without details, these are words of the library and not of our server. */
enum ord_code ord_exchange_failed(const struct ord_grpc_client *client, const struct ord_exchange *exchange,
                                  struct ord_error *error)
{
    const grpc_slice *details = details_of(exchange);
    if (!details && exchange->status == GRPC_STATUS_DEADLINE_EXCEEDED)
        return ord_failure_timeout(address_of(client), client->timeout_ms, error);

    char *message = grpc_slice_to_c_string(exchange->message);
    enum ord_code code;
    if (!details && exchange->status == GRPC_STATUS_UNAVAILABLE)
        code = ord_failure_unreachable(address_of(client), cause_of(message), error);
    else
        code = ord_failure_of_status(exchange->status, message, details ? GRPC_SLICE_START_PTR(*details) : NULL,
                                     details ? GRPC_SLICE_LENGTH(*details) : 0, error);
    gpr_free(message);
    if (!details && exchange->status != GRPC_STATUS_UNAVAILABLE)
        ord_wrap(error, "%s", address_of(client));
    return code;
}

static ProtobufCMessage *unpacked(grpc_byte_buffer *buffer, const ProtobufCMessageDescriptor *type,
                                  struct ord_arena *arena)
{
    grpc_byte_buffer_reader reader;
    if (!buffer || !grpc_byte_buffer_reader_init(&reader, buffer))
        return NULL;
    grpc_slice slice = grpc_byte_buffer_reader_readall(&reader);
    grpc_byte_buffer_reader_destroy(&reader);
    ProtobufCAllocator memory = ord_arena_allocator(arena);
    ProtobufCMessage *message =
        protobuf_c_message_unpack(type, &memory, GRPC_SLICE_LENGTH(slice), GRPC_SLICE_START_PTR(slice));
    grpc_slice_unref(slice);
    return message;
}

enum ord_code ord_exchange_take(const struct ord_grpc_client *client, struct ord_exchange *exchange,
                                const ProtobufCMessageDescriptor *type, struct ord_arena *arena,
                                ProtobufCMessage **ret_message, struct ord_error *error)
{
    ProtobufCMessage *message = unpacked(exchange->received, type, arena);
    drop_received(exchange);
    if (!message)
        return ord_fail(error, ORD_INTERNAL, "%s: the answer cannot be read as %s", address_of(client),
                        type->name);
    *ret_message = message;
    return ORD_OK;
}
