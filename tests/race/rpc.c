#include "rpc.h"

#include <grpc/byte_buffer_reader.h>
#include <grpc/grpc_security.h>
#include <grpc/support/alloc.h>
#include <stdio.h>
#include <stdlib.h>

void fail(const char *what, const char *detail)
{
    printf("not ok 1 - %s: %s\n", what, detail);
    exit(1);
}

void expect(bool holds, const char *what)
{
    if (!holds)
        fail("expected", what);
}

void rpc_connect(struct rpc_client *client, const char *address)
{
    grpc_arg own = {
        .type = GRPC_ARG_INTEGER, .key = (char *)GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, .value.integer = 1};
    grpc_channel_args args = {.num_args = 1, .args = &own};
    grpc_channel_credentials *credentials = grpc_insecure_credentials_create();
    client->channel = grpc_channel_create(address, credentials, &args);
    grpc_channel_credentials_release(credentials);
    client->queue = grpc_completion_queue_create_for_next(NULL);
}

void rpc_disconnect(struct rpc_client *client)
{
    grpc_channel_destroy(client->channel);
    grpc_completion_queue_shutdown(client->queue);
    while (grpc_completion_queue_next(client->queue, gpr_inf_future(GPR_CLOCK_MONOTONIC), NULL).type !=
           GRPC_QUEUE_SHUTDOWN)
        continue;
    grpc_completion_queue_destroy(client->queue);
}

static gpr_timespec in_ms(int ms)
{
    return gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC), gpr_time_from_millis(ms, GPR_TIMESPAN));
}

struct rpc_call rpc_open(struct rpc_client *client, const char *path, int limit_ms)
{
    gpr_timespec limit = limit_ms > 0 ? in_ms(limit_ms) : gpr_inf_future(GPR_CLOCK_MONOTONIC);
    struct rpc_call call = {.client = client};
    call.call = grpc_channel_create_call(client->channel, NULL, GRPC_PROPAGATE_DEFAULTS, client->queue,
                                         grpc_slice_from_static_string(path), NULL, limit, NULL);
    grpc_metadata_array_init(&call.initial);
    grpc_metadata_array_init(&call.trailing);
    return call;
}

bool rpc_batch(struct rpc_call *call, const grpc_op *ops, size_t count)
{
    expect(grpc_call_start_batch(call->call, ops, count, call, NULL) == GRPC_CALL_OK, "a batch is taken");
    grpc_event event = grpc_completion_queue_next(call->client->queue, in_ms(RPC_LIMIT_S * 1000), NULL);
    if (event.type != GRPC_OP_COMPLETE)
        fail("no answer within the limit", "batch");
    return event.success;
}

grpc_op rpc_send_op(grpc_byte_buffer *message)
{
    return (grpc_op){.op = GRPC_OP_SEND_MESSAGE, .data.send_message.send_message = message};
}

grpc_op rpc_status_op(struct rpc_call *call)
{
    return (grpc_op){.op = GRPC_OP_RECV_STATUS_ON_CLIENT,
                     .data.recv_status_on_client = {.trailing_metadata = &call->trailing,
                                                    .status = &call->status,
                                                    .status_details = &call->text}};
}

grpc_byte_buffer *rpc_pack(const ProtobufCMessage *message)
{
    grpc_slice slice = grpc_slice_malloc(protobuf_c_message_get_packed_size(message));
    protobuf_c_message_pack(message, GRPC_SLICE_START_PTR(slice));
    grpc_byte_buffer *buffer = grpc_raw_byte_buffer_create(&slice, 1);
    grpc_slice_unref(slice);
    return buffer;
}

void *rpc_unpack(grpc_byte_buffer *buffer, const ProtobufCMessageDescriptor *type)
{
    grpc_byte_buffer_reader reader;
    expect(grpc_byte_buffer_reader_init(&reader, buffer), "a reply can be read");
    grpc_slice slice = grpc_byte_buffer_reader_readall(&reader);
    void *message =
        protobuf_c_message_unpack(type, NULL, GRPC_SLICE_LENGTH(slice), GRPC_SLICE_START_PTR(slice));
    expect(message, "a reply is of its type");
    grpc_slice_unref(slice);
    grpc_byte_buffer_reader_destroy(&reader);
    grpc_byte_buffer_destroy(buffer);
    return message;
}

grpc_status_code rpc_close(struct rpc_call *call)
{
    char *text = grpc_slice_to_c_string(call->text);
    snprintf(call->client->last_text, sizeof call->client->last_text, "status %d, %s", call->status, text);
    gpr_free(text);
    grpc_metadata_array_destroy(&call->initial);
    grpc_metadata_array_destroy(&call->trailing);
    grpc_slice_unref(call->text);
    grpc_call_unref(call->call);
    return call->status;
}

static grpc_op initial_op(struct rpc_call *call)
{
    return (grpc_op){.op = GRPC_OP_RECV_INITIAL_METADATA,
                     .data.recv_initial_metadata.recv_initial_metadata = &call->initial};
}

static grpc_op message_op(grpc_byte_buffer **reply)
{
    return (grpc_op){.op = GRPC_OP_RECV_MESSAGE, .data.recv_message.recv_message = reply};
}

grpc_status_code rpc_unary(struct rpc_client *client, const char *path, int limit_ms,
                           const ProtobufCMessage *request, const ProtobufCMessageDescriptor *reply_type,
                           void **ret_reply)
{
    struct rpc_call call = rpc_open(client, path, limit_ms);
    grpc_byte_buffer *message = rpc_pack(request), *reply = NULL;
    grpc_op ops[] = {
        {.op = GRPC_OP_SEND_INITIAL_METADATA},
        rpc_send_op(message),
        {.op = GRPC_OP_SEND_CLOSE_FROM_CLIENT},
        initial_op(&call),
        message_op(&reply),
        rpc_status_op(&call),
    };
    rpc_batch(&call, ops, sizeof ops / sizeof *ops);
    grpc_byte_buffer_destroy(message);
    *ret_reply = reply ? rpc_unpack(reply, reply_type) : NULL;
    return rpc_close(&call);
}

void *rpc_listen(struct rpc_call *call, const ProtobufCMessage *request, const ProtobufCMessageDescriptor *type)
{
    grpc_byte_buffer *message = rpc_pack(request), *reply = NULL;
    grpc_op ops[] = {
        {.op = GRPC_OP_SEND_INITIAL_METADATA},
        rpc_send_op(message),
        {.op = GRPC_OP_SEND_CLOSE_FROM_CLIENT},
        initial_op(call),
        message_op(&reply),
    };
    rpc_batch(call, ops, sizeof ops / sizeof *ops);
    grpc_byte_buffer_destroy(message);
    return reply ? rpc_unpack(reply, type) : NULL;
}

void *rpc_next(struct rpc_call *call, const ProtobufCMessageDescriptor *type)
{
    grpc_byte_buffer *reply = NULL;
    grpc_op op = message_op(&reply);
    rpc_batch(call, &op, 1);
    return reply ? rpc_unpack(reply, type) : NULL;
}

grpc_status_code rpc_end(struct rpc_call *call)
{
    grpc_op op = rpc_status_op(call);
    rpc_batch(call, &op, 1);
    return rpc_close(call);
}
