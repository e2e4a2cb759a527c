/* How requests and replies follow each other in the three shapes of a call. */
#include <stdalign.h>
#include <string.h>

#include "base/time.h"
#include "grpc/internal.h"

/* Where small answers are made without reaching malloc. */
#define SCRATCH_BYTES 2048

#define DRAIN_RETRY_MS 1000

/* The request in one piece; it comes in several only when it crossed the frames of a connection. */
static enum ord_code request_bytes(const struct ord_call *call, struct ord_arena *arena, struct ord_bytes *ret,
                                   struct ord_error *error)
{
    if (call->entry->rpc.unread) {
        *ret = (struct ord_bytes){0};
        return ORD_OK;
    }
    if (!call->request)
        return ord_fail(error, ORD_INVALID_ARGUMENT, "request: no message came");
    size_t size = grpc_byte_buffer_length(call->request);
    size_t max = call->entry->rpc.request_max;
    if (size > max)
        return ord_fail(error, ORD_TOO_LARGE, "request: %zu bytes are too many; allowed up to %zu", size, max);

    const grpc_slice_buffer *slices = &call->request->data.raw.slice_buffer;
    if (slices->count == 1) {
        *ret = (struct ord_bytes){GRPC_SLICE_START_PTR(slices->slices[0]), size};
        return ORD_OK;
    }
    uint8_t *whole = ord_arena_alloc(arena, size);
    if (!whole)
        return ord_fail(error, ORD_INTERNAL, "no memory");
    *ret = (struct ord_bytes){whole, size};
    for (size_t i = 0; i < slices->count; i++) {
        size_t length = GRPC_SLICE_LENGTH(slices->slices[i]);
        memcpy(whole, GRPC_SLICE_START_PTR(slices->slices[i]), length);
        whole += length;
    }
    return ORD_OK;
}

enum ord_code ord_call_answer(struct ord_call *call, struct ord_error *error)
{
    alignas(max_align_t) char scratch[SCRATCH_BYTES];
    struct ord_arena arena;
    struct ord_bytes request;
    ord_arena_init(&arena, scratch, sizeof scratch);
    enum ord_code code = request_bytes(call, &arena, &request, error);
    if (code == ORD_OK)
        code = call->entry->rpc.answer(call, request, &arena, &call->answered, error);
    ord_arena_finish(&arena);
    return code;
}

enum ord_code ord_fail_draining(struct ord_error *error)
{
    return ord_fail_retry(error, ORD_UNAVAILABLE, DRAIN_RETRY_MS, "the server is shutting down");
}

void ord_call_set_draining(struct ord_call *call)
{
    struct ord_error error;
    ord_fail_draining(&error);
    ord_call_set_error(call, &error);
}

static void unary_send(struct ord_call *call)
{
    struct ord_batch batch = {.call = call};
    ord_batch_message(&batch, &call->answered.message);
    ord_call_finish(&batch);
}

static void unary_begin(struct ord_call *call)
{
    struct ord_batch batch = {.call = call};
    struct ord_error error;
    if (ord_call_answer(call, &error) != ORD_OK) {
        ord_call_fail(&batch, &error);
    } else if (call->answered.is_awaited) {
        ord_call_watch(call);
    } else if (call->answered.hold_us > 0) {
        ord_call_watch(call);
        ord_call_hold(call);
    } else {
        unary_send(call);
    }
}

/* Ends a pushed stream, with what was wrong if something was. */
static void pushed_end(struct ord_call *call, const struct ord_error *error)
{
    struct ord_batch batch = {.call = call};
    if (error->code != ORD_OK)
        ord_call_set_error(call, error);
    ord_call_finish(&batch);
}

static void pushed_poke(struct ord_call *call)
{
    struct ord_batch batch = {.call = call};
    struct ord_error error;
    grpc_slice message;
    if (call->over || call->sending)
        return;
    enum ord_fed fed = call->entry->rpc.next(call, &message, &error);
    if (fed == ORD_FED_NOTHING && call->entry->grpc->draining) {
        ord_fail_draining(&error);
        fed = ORD_FED_END;
    }
    if (fed == ORD_FED_END) {
        pushed_end(call, &error);
        return;
    }
    if (fed == ORD_FED_MESSAGE)
        ord_batch_message(&batch, &message);
    else if (!call->opened)
        ord_batch_open(&batch);
    else
        return;
    call->sending = true;
    ord_batch_start(&batch, &call->step);
}

static void pushed_sent(struct ord_event *event, bool ok)
{
    struct ord_call *call = ORD_OWNER(event, struct ord_call, step);
    call->pending--;
    call->sending = false;
    if (!ok)
        grpc_call_cancel(call->call, NULL);
    else if (call->feeding)
        ord_feed_again(call);
    else
        pushed_poke(call);
    ord_call_settle(call);
}

static void pushed_begin(struct ord_call *call)
{
    struct ord_error error;
    ord_call_watch(call);
    call->step.done = pushed_sent;
    if (ord_call_answer(call, &error) == ORD_OK) {
        pushed_poke(call);
    } else {
        ord_call_count(call, error.code, 0);
        pushed_end(call, &error);
    }
}

static const struct {
    void (*begin)(struct ord_call *call);
    void (*resume)(struct ord_call *call); /* a held answer may be shown */
    void (*poke)(struct ord_call *call);   /* something changed */
} shapes[] = {
    [ORD_RPC_UNARY] = {.begin = unary_begin, .resume = unary_send},
    [ORD_RPC_PAIRED] = {.begin = ord_paired_begin, .resume = ord_paired_resume, .poke = ord_paired_poke},
    [ORD_RPC_PUSHED] = {.begin = pushed_begin, .poke = pushed_poke},
};

void ord_call_begin(struct ord_call *call)
{
    const struct ord_rpc *rpc = &call->entry->rpc;
    struct ord_batch batch = {.call = call};
    struct ord_error error;
    call->begun_ns = call->asked_ns = ord_boot_ns();
    if (rpc->live_max > 0 && call->entry->live > rpc->live_max) {
        ord_fail(&error, ORD_CAPACITY, "%u calls of this method are open; no more are allowed", rpc->live_max);
        ord_call_fail(&batch, &error);
        return;
    }
    if (rpc->shape != ORD_RPC_UNARY) {
        TAILQ_INSERT_TAIL(&call->entry->grpc->streams, call, in_streams);
        call->streamed = true;
    }
    shapes[rpc->shape].begin(call);
}

void ord_call_answered(struct ord_call *call)
{
    if (call->answered.hold_us > 0)
        ord_call_hold(call);
    else
        ord_call_resume(call);
}

void ord_call_resume(struct ord_call *call)
{
    shapes[call->entry->rpc.shape].resume(call);
}

void ord_call_poke(struct ord_call *call)
{
    shapes[call->entry->rpc.shape].poke(call);
}
