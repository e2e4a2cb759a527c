/* How the rows of the table of methods are answered over gRPC. */
#include "grpc/internal.h"
#include "wire/ids.h"
#include "wire/json.h"

/* A claim that is waited for comes back this long before the caller's deadline. */
#define DEADLINE_MARGIN_US 2000

grpc_slice ord_message_slice(const ProtobufCMessage *message)
{
    grpc_slice slice = grpc_slice_malloc(protobuf_c_message_get_packed_size(message));
    protobuf_c_message_pack(message, GRPC_SLICE_START_PTR(slice));
    return slice;
}

enum ord_code ord_request_read(struct ord_bytes request, const ProtobufCMessageDescriptor *type,
                               struct ord_arena *arena, ProtobufCMessage **ret, struct ord_error *error)
{
    ProtobufCAllocator allocator = ord_arena_allocator(arena);
    ProtobufCMessage *message = protobuf_c_message_unpack(type, &allocator, request.size, request.at);
    if (!message)
        return ord_fail(error, ORD_INVALID_ARGUMENT, "request: cannot be read as %s", type->name);
    *ret = message;
    return ORD_OK;
}

static struct ord_service *service_of(const struct ord_call *call)
{
    return call->entry->grpc->service;
}

/* How long a call that set a deadline may wait for room. */
static uint64_t patience_us(const struct ord_call *call)
{
    uint64_t left_us = ord_call_time_left_us(call);
    return left_us > DEADLINE_MARGIN_US ? left_us - DEADLINE_MARGIN_US : 0;
}

static enum ord_code answer_id(struct ord_call *call, struct ord_bytes request, struct ord_arena *arena,
                               struct ord_answered *ret, struct ord_error *error)
{
    struct ord_ids ids;
    uint64_t wait_us;
    enum ord_code code = ord_service_take(service_of(call), 1, 0, patience_us(call), &ids, &wait_us, error);
    if (code != ORD_OK)
        return code;

    struct ord_answered answered = {.hold_us = wait_us, .ids = 1};
    _Static_assert(ORD_PB_ID_MAX <= GRPC_SLICE_INLINED_SIZE, "an ID's reply needs no memory of its own");
    answered.message.data.inlined.length = (uint8_t)ord_pb_id_write(ord_place_id(ids.place, ids.first, ids.tag),
                                                                    answered.message.data.inlined.bytes);
    *ret = answered;
    return ORD_OK;
}

struct ord_answered ord_answered_runs(const struct ord_ids *ids, uint64_t hold_us)
{
    size_t size = ord_pb_ids_size(ids);
    grpc_slice message = grpc_slice_malloc(size);
    ord_pb_ids_write(ids, GRPC_SLICE_START_PTR(message), size);
    return (struct ord_answered){.message = message, .hold_us = hold_us, .ids = ids->count};
}

static enum ord_code answer_runs(struct ord_call *call, const struct ord_ids_request *wanted,
                                 uint64_t max_wait_us, struct ord_answered *ret, struct ord_error *error)
{
    struct ord_ids ids;
    uint64_t wait_us;
    enum ord_code code =
        ord_service_take(service_of(call), wanted->count, wanted->tag, max_wait_us, &ids, &wait_us, error);
    if (code != ORD_OK)
        return code;

    *ret = ord_answered_runs(&ids, wait_us);
    return ORD_OK;
}

static enum ord_code answer_once(struct ord_call *call, const struct ord_ids_request *wanted,
                                 struct ord_answered *ret, struct ord_error *error)
{
    struct ord_once_wanted once = {.key = wanted->request_id,
                                   .count = wanted->count,
                                   .tag = wanted->tag,
                                   .max_wait_us = patience_us(call)};
    return ord_call_await(call, &once, ret, error);
}

static enum ord_code answer_batch(struct ord_call *call, struct ord_bytes request, struct ord_arena *arena,
                                  struct ord_answered *ret, struct ord_error *error)
{
    struct ord_ids_request wanted;
    enum ord_code code = ord_pb_get_ids_read(request.at, request.size, &wanted, error);
    if (code != ORD_OK)
        return code;
    if (*wanted.request_id)
        return answer_once(call, &wanted, ret, error);
    return answer_runs(call, &wanted, patience_us(call), ret, error);
}

static enum ord_code answer_stream(struct ord_call *call, struct ord_bytes request, struct ord_arena *arena,
                                   struct ord_answered *ret, struct ord_error *error)
{
    struct ord_ids_request wanted;
    enum ord_code code = ord_pb_stream_ids_read(request.at, request.size, &wanted, error);
    if (code != ORD_OK)
        return code;
    return answer_runs(call, &wanted, (uint64_t)wanted.max_wait_ms * 1000, ret, error);
}

enum ord_code ord_call_admit(const struct ord_call *call, struct ord_bytes request, struct ord_arena *arena,
                             ProtobufCMessage **ret, struct ord_error *error)
{
    const struct ord_method *method = call->entry->rpc.method;
    bool is_local = method->access == ORD_ACCESS_LOCAL && ord_call_is_local(call);
    enum ord_code code = ord_method_admit(method, is_local, error);
    if (code != ORD_OK)
        return code;
    return ord_request_read(request, method->request, arena, ret, error);
}

static enum ord_code answer_message(struct ord_call *call, struct ord_bytes request, struct ord_arena *arena,
                                    struct ord_answered *ret, struct ord_error *error)
{
    const struct ord_method *method = call->entry->rpc.method;
    ProtobufCMessage *message;
    enum ord_code code = ord_call_admit(call, request, arena, &message, error);
    if (code != ORD_OK)
        return code;
    ProtobufCMessage *reply = ord_message_new(method->reply, arena);
    if (!reply)
        return ord_fail(error, ORD_INTERNAL, "no memory");
    code = method->handle(service_of(call), message, reply, arena, error);
    if (code != ORD_OK)
        return code;
    *ret = (struct ord_answered){.message = ord_message_slice(reply)};
    return ORD_OK;
}

/* By shape and what is given. Outstanding calls are those asked of the core ahead of time. It searches all of
 * them, and those of every other method, once a call: a method that is not hot has one. */
static const struct ord_rpc kinds[][ORD_GIVES_RUNS + 1] = {
    [ORD_UNARY] =
        {
            [ORD_GIVES_MESSAGE] = {.shape = ORD_RPC_UNARY, .outstanding = 1, .answer = answer_message},
            [ORD_GIVES_ID] = {.shape = ORD_RPC_UNARY, .outstanding = 8, .unread = true, .answer = answer_id},
            [ORD_GIVES_RUNS] = {.shape = ORD_RPC_UNARY, .outstanding = 4, .answer = answer_batch},
        },
    [ORD_STREAM_PAIRED] =
        {
            [ORD_GIVES_MESSAGE] = {.shape = ORD_RPC_PAIRED, .outstanding = 1, .answer = answer_message},
            [ORD_GIVES_RUNS] = {.shape = ORD_RPC_PAIRED, .outstanding = 1, .answer = answer_stream},
        },
    [ORD_STREAM_PUSHED] =
        {
            [ORD_GIVES_MESSAGE] =
                {.shape = ORD_RPC_PUSHED, .outstanding = 1, .answer = ord_feed_open, .next = ord_feed_next},
        },
};

static const struct ord_rpc asks = {.shape = ORD_RPC_UNARY, .outstanding = 1, .answer = ord_call_ask};

struct ord_rpc ord_rpc_of_method(const struct ord_method *method)
{
    struct ord_rpc rpc = method->ask ? asks : kinds[method->shape][method->gives];
    rpc.request_max = method->request_max;
    rpc.service = method->service;
    rpc.name = method->name;
    rpc.method = method;
    return rpc;
}
