/* The life of a call between the core and its shape. */
#include <stdlib.h>
#include <string.h>

#include "api/metrics.h"
#include "base/log.h"
#include "base/time.h"
#include "grpc/internal.h"
#include "grpc/tags.h"

/* Beyond this many, free calls go back to the system. */
#define FREE_CALLS_MAX 2048

static struct ord_call *new_call(void)
{
    struct ord_call *call = calloc(1, sizeof *call);
    if (!call)
        return NULL;
    grpc_call_details_init(&call->details);
    grpc_metadata_array_init(&call->metadata);
    return call;
}

static void free_call(struct ord_call *call)
{
    grpc_call_details_destroy(&call->details);
    grpc_metadata_array_destroy(&call->metadata);
    free(call);
}

static struct ord_call *take_call(struct ord_entry *entry)
{
    struct ord_grpc *grpc = entry->grpc;
    struct ord_call *call = grpc->free_calls;
    if (call) {
        grpc->free_calls = call->next_free;
        grpc->free_count--;
    } else {
        call = new_call();
    }
    if (!call)
        return NULL;
    call->entry = entry;
    grpc->calls++;
    return call;
}

static void give_call(struct ord_call *call)
{
    struct ord_grpc *grpc = call->entry->grpc;
    grpc->calls--;
    if (grpc->free_count >= FREE_CALLS_MAX) {
        free_call(call);
        return;
    }
    /* What a new call starts from; the rest is written before it is read. */
    call->call = NULL;
    call->opened = call->sending = call->watched = call->over = call->core_is_done = false;
    call->receiving = call->sent_by_step = call->ending = call->busy = false;
    call->cancelled = 0;
    call->code = ORD_OK;
    call->trailers = 0;
    call->metadata.count = 0;
    call->answered = (struct ord_answered){0};
    call->status_text = (grpc_slice){0};
    call->next_free = grpc->free_calls;
    grpc->free_calls = call;
    grpc->free_count++;
}

void ord_calls_free(struct ord_grpc *grpc)
{
    while (grpc->free_calls) {
        struct ord_call *call = grpc->free_calls;
        grpc->free_calls = call->next_free;
        free_call(call);
    }
}

static void arrived(struct ord_event *event, bool ok)
{
    struct ord_call *call = ORD_OWNER(event, struct ord_call, step);
    struct ord_entry *entry = call->entry;
    entry->requested--;
    if (!ok) {
        give_call(call);
        return;
    }
    entry->live++;
    ord_call_begin(call);
    ord_entry_refill(entry);
}

bool ord_rpc_reads_first(const struct ord_rpc *rpc)
{
    return rpc->shape != ORD_RPC_PAIRED && !rpc->unread;
}

static grpc_call_error ask(struct ord_entry *entry, struct ord_call *call)
{
    struct ord_grpc *grpc = entry->grpc;
    if (!entry->handle)
        return grpc_server_request_call(grpc->core, &call->call, &call->details, &call->metadata, grpc->queue,
                                        grpc->queue, &call->step);
    return grpc_server_request_registered_call(
        grpc->core, entry->handle, &call->call, &call->deadline, &call->metadata,
        ord_rpc_reads_first(&entry->rpc) ? &call->request : NULL, grpc->queue, grpc->queue, &call->step);
}

void ord_entry_refill(struct ord_entry *entry)
{
    while (!entry->grpc->draining && entry->requested < entry->rpc.outstanding) {
        struct ord_call *call = take_call(entry);
        if (!call)
            return; /* no memory: again once a call ends */
        call->step.done = arrived;
        ord_tag_give(&call->step);
        if (ask(entry, call) != GRPC_CALL_OK) {
            give_call(call);
            return;
        }
        entry->requested++;
    }
}

static grpc_op *add(struct ord_batch *batch, grpc_op_type type)
{
    grpc_op *op = &batch->ops[batch->count++];
    *op = (grpc_op){.op = type};
    return op;
}

void ord_batch_open(struct ord_batch *batch)
{
    if (batch->call->opened)
        return;
    batch->call->opened = true;
    add(batch, GRPC_OP_SEND_INITIAL_METADATA);
}

void ord_batch_message(struct ord_batch *batch, grpc_slice *message)
{
    ord_batch_open(batch);
    batch->message = grpc_raw_byte_buffer_create(message, 1);
    grpc_slice_unref(*message);
    *message = (grpc_slice){0};
    add(batch, GRPC_OP_SEND_MESSAGE)->data.send_message.send_message = batch->message;
}

void ord_batch_hint(struct ord_batch *batch, bool more_follow)
{
    if (batch->message && more_follow)
        batch->ops[batch->count - 1].flags = GRPC_WRITE_BUFFER_HINT;
}

static void drop_request(struct ord_call *call)
{
    if (call->request)
        grpc_byte_buffer_destroy(call->request);
    call->request = NULL;
}

void ord_batch_receive(struct ord_batch *batch)
{
    drop_request(batch->call);
    add(batch, GRPC_OP_RECV_MESSAGE)->data.recv_message.recv_message = &batch->call->request;
}

static void add_close(struct ord_batch *batch)
{
    batch->call->watched = true;
    add(batch, GRPC_OP_RECV_CLOSE_ON_SERVER)->data.recv_close_on_server.cancelled = &batch->call->cancelled;
}

static void add_status(struct ord_batch *batch)
{
    struct ord_call *call = batch->call;
    grpc_op *op = add(batch, GRPC_OP_SEND_STATUS_FROM_SERVER);
    op->data.send_status_from_server.status = (grpc_status_code)ord_code_info(call->code)->grpc_status;
    op->data.send_status_from_server.status_details = call->code == ORD_OK ? NULL : &call->status_text;
    op->data.send_status_from_server.trailing_metadata_count = call->trailers;
    op->data.send_status_from_server.trailing_metadata = &call->trailer;
}

void ord_batch_start(struct ord_batch *batch, struct ord_event *event)
{
    struct ord_call *call = batch->call;
    call->pending++;
    ord_tag_give(event);
    grpc_call_error problem = grpc_call_start_batch(call->call, batch->ops, batch->count, event, NULL);
    if (batch->message)
        grpc_byte_buffer_destroy(batch->message);
    if (problem != GRPC_CALL_OK) { /* only a fault of this room's can be the cause: the call would never end */
        ord_log(ORD_LOG_ERROR, "a batch was refused", "cause", grpc_call_error_to_string(problem), NULL);
        abort();
    }
}

/* The core's last word came alone: the caller is gone, or has its status. */
static void closed(struct ord_event *event, bool ok)
{
    struct ord_call *call = ORD_OWNER(event, struct ord_call, closed);
    call->pending--;
    call->core_is_done = true;
    call->over = true;
    if (call->held)
        ord_call_unhold(call);
    ord_call_settle(call);
}

void ord_call_watch(struct ord_call *call)
{
    struct ord_batch batch = {.call = call};
    call->closed.done = closed;
    add_close(&batch);
    ord_batch_start(&batch, &call->closed);
}

static void ended(struct ord_event *event, bool ok)
{
    struct ord_call *call = ORD_OWNER(event, struct ord_call, ended);
    call->pending--;
    ord_call_settle(call);
}

static void ended_and_closed(struct ord_event *event, bool ok)
{
    ORD_OWNER(event, struct ord_call, ended)->core_is_done = true;
    ended(event, ok);
}

void ord_call_finish(struct ord_batch *batch)
{
    struct ord_call *call = batch->call;
    call->over = true;
    call->ended.done = call->watched ? ended : ended_and_closed;
    ord_batch_open(batch);
    add_status(batch);
    if (!call->watched)
        add_close(batch);
    ord_batch_start(batch, &call->ended);
}

void ord_call_fail(struct ord_batch *batch, const struct ord_error *error)
{
    ord_call_set_error(batch->call, error);
    ord_call_finish(batch);
}

void ord_call_count(struct ord_call *call, enum ord_code code, uint32_t ids)
{
    const struct ord_entry *entry = call->entry;
    bool is_unknown = !entry->handle;
    if (!entry->rpc.method && !is_unknown)
        return;
    uint64_t latency_ns = (uint64_t)(ord_boot_ns() - call->asked_ns);
    ord_metrics_call(ord_service_metrics(entry->grpc->service), ORD_FRONT_GRPC, entry->rpc.method, code,
                     latency_ns, ids);
}

static void release(struct ord_call *call)
{
    struct ord_entry *entry = call->entry;
    if (call->cancelled)
        call->code = ORD_CANCELLED;
    if (entry->rpc.shape == ORD_RPC_UNARY)
        ord_call_count(call, call->code, call->code == ORD_OK ? call->answered.ids : 0);
    if (ord_log_enabled(ORD_LOG_DEBUG))
        ord_call_log(call);

    if (call->streamed)
        TAILQ_REMOVE(&entry->grpc->streams, call, in_streams);
    call->streamed = false;
    ord_paired_release(call);
    ord_feed_release(call);
    drop_request(call);
    grpc_slice_unref(call->answered.message);
    ord_call_clear_error(call);
    if (!entry->handle) {
        grpc_call_details_destroy(&call->details);
        grpc_call_details_init(&call->details);
    }
    grpc_call_unref(call->call);
    entry->live--;
    give_call(call);
    ord_entry_refill(entry);
}

void ord_call_settle(struct ord_call *call)
{
    if (call->core_is_done && call->pending == 0)
        release(call);
}

uint64_t ord_call_time_left_us(const struct ord_call *call)
{
    if (gpr_time_cmp(call->deadline, gpr_inf_future(call->deadline.clock_type)) == 0)
        return 0;
    gpr_timespec left = gpr_time_sub(call->deadline, gpr_now(call->deadline.clock_type));
    if (left.tv_sec < 0)
        return 0;
    return (uint64_t)left.tv_sec * 1000000 + (uint64_t)left.tv_nsec / 1000;
}
