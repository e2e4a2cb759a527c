/* Server streams over gRPC. Each has a queue of its own, so that it can be waited for beside unary calls. */
#include <stdlib.h>

#include "cli/exchange.h"
#include "cli/transport.h"

struct ord_stream {
    const struct ord_grpc_client *client;
    const ProtobufCMessageDescriptor *type;
    grpc_completion_queue *queue;
    struct ord_exchange exchange;
    unsigned pending; /* batches that the library has */
    bool has_status;
    /* Tags: the address says which. */
    char begun, received, ended;
};

static void start(struct ord_stream *stream, const grpc_op *ops, size_t count, void *tag)
{
    if (grpc_call_start_batch(stream->exchange.call, ops, count, tag, NULL) == GRPC_CALL_OK)
        stream->pending++;
}

/* Waits until a batch is done; false when nothing is under way. */
static bool wait_for(struct ord_stream *stream, const void *tag)
{
    while (stream->pending > 0) {
        grpc_event event = grpc_completion_queue_next(stream->queue, gpr_inf_future(GPR_CLOCK_MONOTONIC), NULL);
        stream->pending--;
        if (event.tag == &stream->ended)
            stream->has_status = true;
        if (event.tag == tag)
            return true;
    }
    return false;
}

enum ord_code ord_grpc_listen(void *context, const struct ord_method *method, const ProtobufCMessage *request,
                              struct ord_stream **ret_stream, struct ord_error *error)
{
    const struct ord_grpc_client *client = context;
    struct ord_stream *stream = calloc(1, sizeof *stream);
    if (!stream)
        return ord_fail(error, ORD_INTERNAL, "no memory");
    stream->client = client;
    stream->type = method->reply;
    stream->queue = grpc_completion_queue_create_for_next(NULL);
    struct ord_exchange *exchange = &stream->exchange;
    ord_exchange_start(exchange, request);
    exchange->call = grpc_channel_create_call(client->channel, NULL, GRPC_PROPAGATE_DEFAULTS, stream->queue,
                                              grpc_slice_from_static_string(method->path), NULL,
                                              gpr_inf_future(GPR_CLOCK_MONOTONIC), NULL);
    const grpc_op begin[] = {
        {.op = GRPC_OP_SEND_INITIAL_METADATA},
        {.op = GRPC_OP_SEND_MESSAGE, .data.send_message.send_message = exchange->sent},
        {.op = GRPC_OP_SEND_CLOSE_FROM_CLIENT},
        {.op = GRPC_OP_RECV_INITIAL_METADATA, .data.recv_initial_metadata = {&exchange->initial}},
    };
    const grpc_op end = {
        .op = GRPC_OP_RECV_STATUS_ON_CLIENT,
        .data.recv_status_on_client = {&exchange->trailing, &exchange->status, &exchange->message, NULL}};
    start(stream, begin, sizeof begin / sizeof *begin, &stream->begun);
    start(stream, &end, 1, &stream->ended);
    *ret_stream = stream;
    return ORD_OK;
}

enum ord_code ord_stream_next(struct ord_stream *stream, struct ord_arena *arena,
                              ProtobufCMessage **ret_message, struct ord_error *error)
{
    struct ord_exchange *exchange = &stream->exchange;
    const grpc_op receive = {.op = GRPC_OP_RECV_MESSAGE, .data.recv_message = {&exchange->received}};
    if (!stream->has_status)
        start(stream, &receive, 1, &stream->received);
    wait_for(stream, &stream->received);
    if (exchange->received)
        return ord_exchange_take(stream->client, exchange, stream->type, arena, ret_message, error);

    if (!stream->has_status)
        wait_for(stream, &stream->ended);
    if (exchange->status != GRPC_STATUS_OK)
        return ord_exchange_failed(stream->client, exchange, error);
    *ret_message = NULL;
    return ORD_OK;
}

void ord_stream_cancel(struct ord_stream *stream)
{
    grpc_call_cancel(stream->exchange.call, NULL);
}

struct ord_stream *ord_stream_close(struct ord_stream *stream)
{
    if (!stream)
        return NULL;
    ord_stream_cancel(stream);
    wait_for(stream, NULL);
    ord_exchange_finish(&stream->exchange);
    grpc_completion_queue_shutdown(stream->queue);
    while (grpc_completion_queue_next(stream->queue, gpr_inf_future(GPR_CLOCK_MONOTONIC), NULL).type !=
           GRPC_QUEUE_SHUTDOWN)
        ;
    grpc_completion_queue_destroy(stream->queue);
    free(stream);
    return NULL;
}
