#include <grpc/byte_buffer_reader.h>
#include <grpc/grpc.h>
#include <grpc/grpc_security.h>
#include <grpc/health/v1/health.pb-c.h>
#include <grpc/support/alloc.h>
#include <grpc/support/log.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/address.h"
#include "cli/failure.h"
#include "cli/transport.h"
#include "wire/json.h"

#define TARGET_SCHEME "dns:///"

struct grpc_client {
    grpc_channel *channel;
    grpc_completion_queue *queue;
    int64_t timeout_ms;
    char target[]; /* TARGET_SCHEME and the address */
};

/* What one call sends and gets. The call owns what its metadata point to, so it lives as long. */
struct exchange {
    grpc_call *call;
    grpc_byte_buffer *sent, *received;
    grpc_metadata_array initial, trailing;
    grpc_status_code status;
    grpc_slice message;
};

static const char *address_of(const struct grpc_client *client)
{
    return client->target + strlen(TARGET_SCHEME);
}

static grpc_byte_buffer *packed(const ProtobufCMessage *message)
{
    grpc_slice slice = grpc_slice_malloc(protobuf_c_message_get_packed_size(message));
    protobuf_c_message_pack(message, GRPC_SLICE_START_PTR(slice));
    grpc_byte_buffer *buffer = grpc_raw_byte_buffer_create(&slice, 1);
    grpc_slice_unref(slice);
    return buffer;
}

static void exchange_start(struct exchange *exchange, const ProtobufCMessage *request)
{
    *exchange = (struct exchange){.sent = packed(request), .message = grpc_empty_slice()};
    grpc_metadata_array_init(&exchange->initial);
    grpc_metadata_array_init(&exchange->trailing);
}

static void exchange_finish(struct exchange *exchange)
{
    grpc_byte_buffer_destroy(exchange->sent);
    if (exchange->received)
        grpc_byte_buffer_destroy(exchange->received);
    grpc_metadata_array_destroy(&exchange->initial);
    grpc_metadata_array_destroy(&exchange->trailing);
    grpc_slice_unref(exchange->message);
    grpc_call_unref(exchange->call);
}

/* One batch carries the whole call; the deadline ends it, whatever happens. */
static void run(struct grpc_client *client, const char *path, struct exchange *exchange)
{
    gpr_timespec deadline =
        gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC), gpr_time_from_millis(client->timeout_ms, GPR_TIMESPAN));
    exchange->call = grpc_channel_create_call(client->channel, NULL, GRPC_PROPAGATE_DEFAULTS, client->queue,
                                              grpc_slice_from_static_string(path), NULL, deadline, NULL);
    const grpc_op ops[] = {
        {.op = GRPC_OP_SEND_INITIAL_METADATA},
        {.op = GRPC_OP_SEND_MESSAGE, .data.send_message.send_message = exchange->sent},
        {.op = GRPC_OP_SEND_CLOSE_FROM_CLIENT},
        {.op = GRPC_OP_RECV_INITIAL_METADATA, .data.recv_initial_metadata = {&exchange->initial}},
        {.op = GRPC_OP_RECV_MESSAGE, .data.recv_message = {&exchange->received}},
        {.op = GRPC_OP_RECV_STATUS_ON_CLIENT,
         .data.recv_status_on_client = {&exchange->trailing, &exchange->status, &exchange->message, NULL}},
    };
    if (grpc_call_start_batch(exchange->call, ops, sizeof ops / sizeof *ops, exchange, NULL) == GRPC_CALL_OK)
        grpc_completion_queue_next(client->queue, gpr_inf_future(GPR_CLOCK_MONOTONIC), NULL);
    else
        exchange->status = GRPC_STATUS_INTERNAL;
}

static const grpc_slice *details_of(const struct exchange *exchange)
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
static enum ord_code failed(const struct grpc_client *client, const struct exchange *exchange,
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

static enum ord_code unary(struct grpc_client *client, const char *path, const ProtobufCMessage *request,
                           const ProtobufCMessageDescriptor *type, struct ord_arena *arena,
                           ProtobufCMessage **ret_reply, struct ord_error *error)
{
    struct exchange exchange;
    exchange_start(&exchange, request);
    run(client, path, &exchange);

    enum ord_code code = ORD_OK;
    ProtobufCMessage *reply = NULL;
    if (exchange.status != GRPC_STATUS_OK)
        code = failed(client, &exchange, error);
    else if (!(reply = unpacked(exchange.received, type, arena)))
        code = ord_fail(error, ORD_INTERNAL, "%s: the answer cannot be read as %s", address_of(client),
                        type->name);
    else
        *ret_reply = reply;
    exchange_finish(&exchange);
    return code;
}

static enum ord_code grpc_call_method(void *context, const struct ord_method *method,
                                      const ProtobufCMessage *request, struct ord_arena *arena,
                                      ProtobufCMessage **ret_reply, struct ord_error *error)
{
    return unary(context, method->path, request, method->reply, arena, ret_reply, error);
}

static enum ord_code grpc_check(void *context, const char *service, bool *ret_serving, struct ord_error *error)
{
    char buffer[1024];
    struct ord_arena arena;
    ord_arena_init(&arena, buffer, sizeof buffer);
    Grpc__Health__V1__HealthCheckRequest request = GRPC__HEALTH__V1__HEALTH_CHECK_REQUEST__INIT;
    request.service = (char *)service;

    ProtobufCMessage *reply;
    enum ord_code code = unary(context, "/grpc.health.v1.Health/Check", &request.base,
                               &grpc__health__v1__health_check_response__descriptor, &arena, &reply, error);
    if (code == ORD_OK)
        *ret_serving = ((const Grpc__Health__V1__HealthCheckResponse *)reply)->status ==
                       GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__SERVING_STATUS__SERVING;
    ord_arena_finish(&arena);
    return code;
}

static void grpc_close(void *context)
{
    struct grpc_client *client = context;
    grpc_channel_destroy(client->channel);
    grpc_completion_queue_shutdown(client->queue);
    while (grpc_completion_queue_next(client->queue, gpr_inf_future(GPR_CLOCK_MONOTONIC), NULL).type !=
           GRPC_QUEUE_SHUTDOWN)
        ;
    grpc_completion_queue_destroy(client->queue);
    free(client);
    grpc_shutdown();
}

/* The library's own log goes to stderr, where our one line is all that people should see. */
static void drop_log(gpr_log_func_args *line)
{
}

static grpc_channel *channel_to(const char *target)
{
    /* The library does not write to its arguments' names. */
    grpc_arg args[] = {
        {GRPC_ARG_INTEGER, (char *)GRPC_ARG_MAX_RECEIVE_MESSAGE_LENGTH, {.integer = ORD_REPLY_MAX}},
        {GRPC_ARG_INTEGER, (char *)GRPC_ARG_ENABLE_HTTP_PROXY, {.integer = 0}},
        {GRPC_ARG_STRING,
         (char *)GRPC_ARG_PRIMARY_USER_AGENT_STRING,
         {.string = (char *)"ordinal/" ORDINAL_VERSION}},
    };
    grpc_channel_args all = {.num_args = sizeof args / sizeof *args, .args = args};
    grpc_channel_credentials *credentials = grpc_insecure_credentials_create();
    grpc_channel *channel = grpc_channel_create(target, credentials, &all);
    grpc_channel_credentials_release(credentials);
    return channel;
}

enum ord_code ord_grpc_transport_open(const char *address, int64_t timeout_ms,
                                      struct ord_transport *ret_transport, struct ord_error *error)
{
    if (!ord_is_address(address))
        return ord_fail(error, ORD_INVALID_ARGUMENT,
                        "%s is not the address of a server; allowed HOST:PORT, with a port of 1 to 65535",
                        address);

    size_t room = strlen(TARGET_SCHEME) + strlen(address) + 1;
    struct grpc_client *client = calloc(1, sizeof *client + room);
    if (!client)
        return ord_fail(error, ORD_INTERNAL, "no memory");
    snprintf(client->target, room, TARGET_SCHEME "%s", address);
    client->timeout_ms = timeout_ms;

    if (!getenv("GRPC_VERBOSITY"))
        gpr_set_log_function(drop_log);
    grpc_init();
    client->queue = grpc_completion_queue_create_for_next(NULL);
    client->channel = channel_to(client->target);
    *ret_transport = (struct ord_transport){.context = client,
                                            .call = grpc_call_method,
                                            .check = grpc_check,
                                            .close = grpc_close,
                                            .has_services = true};
    return ORD_OK;
}
