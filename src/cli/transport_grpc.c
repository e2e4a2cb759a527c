#include <grpc/grpc.h>
#include <grpc/grpc_security.h>
#include <grpc/health/v1/health.pb-c.h>
#include <grpc/support/alloc.h>
#include <grpc/support/log.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/address.h"
#include "cli/exchange.h"
#include "cli/transport.h"

/* A server that was lost is looked for again soon: it may be restarting. An attempt may take this long. */
#define RECONNECT_MIN_MS 100
#define RECONNECT_MAX_MS 1000
#define CONNECT_MS 1000

/* The core works on connections while a call waits. Between calls it looks after them so often; by itself it
 * would every 5 s, and a server that is back would be noticed no sooner. */
#define BACKUP_POLL_MS "100"

/* A stream that has gone silent is tried by pings, no more often than the server takes them. */
#define KEEPALIVE_MS 12000
#define KEEPALIVE_TIMEOUT_MS 4000

/* One batch carries the whole call; the deadline ends it, whatever happens. */
static void run(struct ord_grpc_client *client, const char *path, struct ord_exchange *exchange)
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

static enum ord_code unary(struct ord_grpc_client *client, const char *path, const ProtobufCMessage *request,
                           const ProtobufCMessageDescriptor *type, struct ord_arena *arena,
                           ProtobufCMessage **ret_reply, struct ord_error *error)
{
    struct ord_exchange exchange;
    ord_exchange_start(&exchange, request);
    run(client, path, &exchange);

    enum ord_code code;
    if (exchange.status != GRPC_STATUS_OK)
        code = ord_exchange_failed(client, &exchange, error);
    else
        code = ord_exchange_take(client, &exchange, type, arena, ret_reply, error);
    ord_exchange_finish(&exchange);
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
    struct ord_grpc_client *client = context;
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
        {GRPC_ARG_INTEGER, (char *)GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, {.integer = RECONNECT_MIN_MS}},
        {GRPC_ARG_INTEGER, (char *)GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, {.integer = CONNECT_MS}},
        {GRPC_ARG_INTEGER, (char *)GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, {.integer = RECONNECT_MAX_MS}},
        {GRPC_ARG_INTEGER, (char *)GRPC_ARG_KEEPALIVE_TIME_MS, {.integer = KEEPALIVE_MS}},
        {GRPC_ARG_INTEGER, (char *)GRPC_ARG_KEEPALIVE_TIMEOUT_MS, {.integer = KEEPALIVE_TIMEOUT_MS}},
        {GRPC_ARG_INTEGER, (char *)GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, {.integer = 0}},
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

    size_t room = strlen(ORD_TARGET_SCHEME) + strlen(address) + 1;
    struct ord_grpc_client *client = calloc(1, sizeof *client + room);
    if (!client)
        return ord_fail(error, ORD_INTERNAL, "no memory");
    snprintf(client->target, room, ORD_TARGET_SCHEME "%s", address);
    client->timeout_ms = timeout_ms;

    if (!getenv("GRPC_VERBOSITY"))
        gpr_set_log_function(drop_log);
    setenv("GRPC_CLIENT_CHANNEL_BACKUP_POLL_INTERVAL_MS", BACKUP_POLL_MS, 0);
    grpc_init();
    client->queue = grpc_completion_queue_create_for_next(NULL);
    client->channel = channel_to(client->target);
    *ret_transport = (struct ord_transport){.context = client,
                                            .call = grpc_call_method,
                                            .listen = ord_grpc_listen,
                                            .check = grpc_check,
                                            .close = grpc_close,
                                            .has_services = true};
    return ORD_OK;
}
