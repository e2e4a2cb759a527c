/*
 * The limit of gRPC on the C core: `grpc_core PORT default|tuned`.
 *
 * Answers IdService.GetId with a fixed ID, and each request of IdService.StreamIds with a fixed run of one; any
 * other method is told to be UNIMPLEMENTED, since the core would never answer it. No request is looked at, no
 * ID is made, nothing is counted: what ordinald costs beyond this is ordinald's own code. One completion queue,
 * one thread, 16 calls of GetId asked of the core ahead of time.
 *
 * `default` is the core as it comes: no channel arguments, and the request is read. `tuned` has the channel
 * arguments and the payload handling of src/grpc/server.c; a test compares the two tables.
 */
#include <grpc/byte_buffer.h>
#include <grpc/byte_buffer_reader.h>
#include <grpc/grpc.h>
#include <grpc/grpc_security.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "reply.h"

#define MEMORY_MAX (128 << 20)

static const struct {
    const char *key;
    int value;
} arguments[] = {
    {GRPC_ARG_MAX_CONCURRENT_STREAMS, 100},
    {GRPC_ARG_MAX_METADATA_SIZE, 8192},
    {GRPC_ARG_KEEPALIVE_TIME_MS, 4 * 1000},
    {GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 4 * 1000},
    {GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 0},
    {GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0},
    {GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 10 * 1000},
    {GRPC_ARG_HTTP2_MAX_PING_STRIKES, 2},
    {GRPC_ARG_ENABLE_PER_MESSAGE_COMPRESSION, 0},
    {GRPC_ARG_HTTP2_BDP_PROBE, 0},
    {GRPC_ARG_ENABLE_CHANNELZ, 0},
    {GRPC_ARG_MINIMAL_STACK, 1},
    {GRPC_ARG_ENABLE_PER_MESSAGE_DECOMPRESSION, 1},
};

#define ARGUMENTS (sizeof arguments / sizeof *arguments)

static grpc_server *server;
static grpc_completion_queue *queue;
static bool is_tuned;

struct call {
    void (*step)(struct call *call, bool ok); /* what to do when the core gives the call back */
    const struct method *method;
    grpc_call *call;
    gpr_timespec deadline;
    grpc_metadata_array metadata;
    grpc_call_details details; /* of a method that is not known */
    grpc_byte_buffer *request;
    int cancelled;
    struct call *next_free;
};

struct method {
    const char *path;
    bool reads_first; /* the request comes along with the call, if it is read at all */
    int outstanding;
    void (*begin)(struct call *call, bool ok);
    void *handle;
};

static struct call *free_calls;

static struct call *take_call(void)
{
    struct call *call = free_calls;
    if (!call)
        call = calloc(1, sizeof *call);
    if (!call)
        abort();
    free_calls = call->next_free;
    return call;
}

/* Asks the core for one more call of a method. */
static void ask(const struct method *method)
{
    struct call *call = take_call();
    bool reads = method->reads_first && !is_tuned;
    call->method = method;
    call->step = method->begin;
    call->metadata.count = 0;
    grpc_server_request_registered_call(server, method->handle, &call->call, &call->deadline, &call->metadata,
                                        reads ? &call->request : NULL, queue, queue, call);
}

static void drop_request(struct call *call)
{
    if (call->request)
        grpc_byte_buffer_destroy(call->request);
    call->request = NULL;
}

/* The request in one piece, of which nobody makes anything. */
static void read_request(struct call *call)
{
    grpc_byte_buffer_reader reader;
    if (!call->request || !grpc_byte_buffer_reader_init(&reader, call->request))
        return;
    grpc_slice_unref(grpc_byte_buffer_reader_readall(&reader));
    grpc_byte_buffer_reader_destroy(&reader);
}

static grpc_byte_buffer *message_of(const char *bytes, size_t size)
{
    grpc_slice slice = grpc_slice_from_copied_buffer(bytes, size);
    grpc_byte_buffer *message = grpc_raw_byte_buffer_create(&slice, 1);
    grpc_slice_unref(slice);
    return message;
}

static void start(struct call *call, const grpc_op *ops, size_t count, void (*step)(struct call *, bool))
{
    call->step = step;
    if (grpc_call_start_batch(call->call, ops, count, call, NULL) != GRPC_CALL_OK)
        abort();
}

static void over(struct call *call, bool ok)
{
    drop_request(call);
    grpc_call_unref(call->call);
    call->next_free = free_calls;
    free_calls = call;
}

static void get_id(struct call *call, bool ok)
{
    read_request(call);
    grpc_byte_buffer *message = message_of(BARE_ID_REPLY, sizeof BARE_ID_REPLY - 1);
    const grpc_op ops[] = {
        {.op = GRPC_OP_SEND_INITIAL_METADATA},
        {.op = GRPC_OP_SEND_MESSAGE, .data.send_message.send_message = message},
        {.op = GRPC_OP_SEND_STATUS_FROM_SERVER, .data.send_status_from_server.status = GRPC_STATUS_OK},
        {.op = GRPC_OP_RECV_CLOSE_ON_SERVER, .data.recv_close_on_server.cancelled = &call->cancelled},
    };
    start(call, ops, 4, over);
    grpc_byte_buffer_destroy(message);
    ask(call->method);
}

/* A request of a stream came; or none, when its caller has no more or is gone. */
static void stream_received(struct call *call, bool ok)
{
    if (!ok || !call->request) {
        const grpc_op ops[] = {
            {.op = GRPC_OP_SEND_STATUS_FROM_SERVER, .data.send_status_from_server.status = GRPC_STATUS_OK},
            {.op = GRPC_OP_RECV_CLOSE_ON_SERVER, .data.recv_close_on_server.cancelled = &call->cancelled},
        };
        start(call, ops, 2, over);
        return;
    }
    read_request(call);
    drop_request(call);
    grpc_byte_buffer *message = message_of(BARE_RUN_REPLY, sizeof BARE_RUN_REPLY - 1);
    const grpc_op ops[] = {
        {.op = GRPC_OP_SEND_MESSAGE, .data.send_message.send_message = message},
        {.op = GRPC_OP_RECV_MESSAGE, .data.recv_message.recv_message = &call->request},
    };
    start(call, ops, 2, stream_received);
    grpc_byte_buffer_destroy(message);
}

static void stream_ids(struct call *call, bool ok)
{
    const grpc_op ops[] = {
        {.op = GRPC_OP_SEND_INITIAL_METADATA},
        {.op = GRPC_OP_RECV_MESSAGE, .data.recv_message.recv_message = &call->request},
    };
    start(call, ops, 2, stream_received);
    ask(call->method);
}

static void refuse(struct call *call, bool ok);

static void ask_unknown(void)
{
    struct call *call = take_call();
    call->step = refuse;
    call->metadata.count = 0;
    grpc_server_request_call(server, &call->call, &call->details, &call->metadata, queue, queue, call);
}

static void refuse(struct call *call, bool ok)
{
    const grpc_op ops[] = {
        {.op = GRPC_OP_SEND_INITIAL_METADATA},
        {.op = GRPC_OP_SEND_STATUS_FROM_SERVER,
         .data.send_status_from_server.status = GRPC_STATUS_UNIMPLEMENTED},
        {.op = GRPC_OP_RECV_CLOSE_ON_SERVER, .data.recv_close_on_server.cancelled = &call->cancelled},
    };
    start(call, ops, 3, over);
    grpc_slice_unref(call->details.method);
    grpc_slice_unref(call->details.host);
    ask_unknown();
}

static struct method methods[] = {
    {.path = "/ordinal.v1.IdService/GetId", .reads_first = true, .outstanding = 16, .begin = get_id},
    {.path = "/ordinal.v1.IdService/StreamIds", .outstanding = 2, .begin = stream_ids},
};

#define METHODS (sizeof methods / sizeof *methods)

static grpc_server *create_server(void)
{
    if (!is_tuned)
        return grpc_server_create(NULL, NULL);
    grpc_resource_quota *quota = grpc_resource_quota_create("bare");
    grpc_resource_quota_resize(quota, MEMORY_MAX);
    grpc_arg list[ARGUMENTS + 1];
    for (size_t i = 0; i < ARGUMENTS; i++)
        list[i] = (grpc_arg){
            .type = GRPC_ARG_INTEGER, .key = (char *)arguments[i].key, .value.integer = arguments[i].value};
    list[ARGUMENTS] = (grpc_arg){.type = GRPC_ARG_POINTER,
                                 .key = (char *)GRPC_ARG_RESOURCE_QUOTA,
                                 .value.pointer = {quota, grpc_resource_quota_arg_vtable()}};
    return grpc_server_create(&(grpc_channel_args){.num_args = ARGUMENTS + 1, .args = list}, NULL);
}

static int listen_at(const char *port)
{
    char address[32];
    snprintf(address, sizeof address, "127.0.0.1:%s", port);
    grpc_server_credentials *plaintext = grpc_insecure_server_credentials_create();
    int bound = grpc_server_add_http2_port(server, address, plaintext);
    grpc_server_credentials_release(plaintext);
    return bound;
}

static void stop(int signal)
{
    _exit(0);
}

int main(int argc, char **argv)
{
    if (argc < 3 || (strcmp(argv[2], "default") != 0 && strcmp(argv[2], "tuned") != 0)) {
        fprintf(stderr, "usage: grpc_core PORT default|tuned\n");
        return 2;
    }
    signal(SIGTERM, stop);
    is_tuned = strcmp(argv[2], "tuned") == 0;
    grpc_init();
    queue = grpc_completion_queue_create_for_next(NULL);
    server = create_server();
    grpc_server_register_completion_queue(server, queue, NULL);
    for (size_t i = 0; i < METHODS; i++) {
        bool reads = methods[i].reads_first && !is_tuned;
        methods[i].handle = grpc_server_register_method(
            server, methods[i].path, NULL,
            reads ? GRPC_SRM_PAYLOAD_READ_INITIAL_BYTE_BUFFER : GRPC_SRM_PAYLOAD_NONE, 0);
    }
    if (listen_at(argv[1]) == 0)
        return 1;
    grpc_server_start(server);
    for (size_t i = 0; i < METHODS; i++)
        for (int asked = 0; asked < methods[i].outstanding; asked++)
            ask(&methods[i]);
    ask_unknown();
    for (;;) {
        grpc_event event = grpc_completion_queue_next(queue, gpr_inf_future(GPR_CLOCK_MONOTONIC), NULL);
        struct call *call = event.tag;
        call->step(call, event.success);
    }
}
