/*
 * Streams with one reply a request, in order.
 *
 * The core's way to write a message at once costs several times the message itself, so replies that are made in
 * one burst of events are given to it with GRPC_WRITE_BUFFER_HINT, and it writes them together with the last
 * one, which goes without. Which is the last is known at the end of the burst only: until then the newest reply
 * of a stream that gets many requests waits in a queue. A stream that gets one request at a time has its reply
 * sent at once.
 *
 * There, sending and receiving are batches of their own, since each has to go on while the other waits.
 */
#include <stdlib.h>

#include "base/time.h"
#include "grpc/internal.h"

/* Replies that wait for those before them; no request is read while as many do. */
#define QUEUE_MAX 32

struct ord_queue {
    unsigned first, count;
    grpc_slice replies[QUEUE_MAX];
};

static void push(struct ord_queue *queue, grpc_slice reply)
{
    queue->replies[(queue->first + queue->count++) % QUEUE_MAX] = reply;
}

static grpc_slice pop(struct ord_queue *queue)
{
    grpc_slice reply = queue->replies[queue->first];
    queue->first = (queue->first + 1) % QUEUE_MAX;
    queue->count--;
    return reply;
}

static void receive(struct ord_call *call)
{
    struct ord_batch batch = {.call = call};
    call->receiving = true;
    ord_batch_receive(&batch);
    ord_batch_start(&batch, &call->step);
}

/* The only reply of a burst so far: one batch sends it and asks for the next request. */
static void send_and_receive(struct ord_call *call)
{
    struct ord_batch batch = {.call = call};
    grpc_slice reply = pop(call->queue);
    call->receiving = call->sending = call->sent_by_step = true;
    ord_batch_message(&batch, &reply);
    ord_batch_receive(&batch);
    ord_batch_start(&batch, &call->step);
}

/* Sends the next reply, if there is one that may go: `is_last` says that no more will come in this burst. The
 * status goes with the last reply of all. */
static void pump(struct ord_call *call, bool is_last)
{
    struct ord_queue *queue = call->queue;
    struct ord_batch batch = {.call = call};
    if (call->over || (call->sending && !call->sent_by_step)) /* by the step: nothing is queued then */
        return;
    if (queue->count == 0 && !call->ending)
        return;
    if (queue->count == 1 && !is_last && !call->ending)
        return;
    if (queue->count > 0) {
        grpc_slice reply = pop(queue);
        ord_batch_message(&batch, &reply);
    }
    if (call->ending && queue->count == 0) {
        ord_call_finish(&batch);
        return;
    }
    ord_batch_hint(&batch, queue->count > 0);
    call->sending = true;
    ord_batch_start(&batch, &call->sent);
}

static void end(struct ord_call *call)
{
    call->ending = true;
    pump(call, true);
}

static void sent(struct ord_event *event, bool ok)
{
    struct ord_call *call = ORD_OWNER(event, struct ord_call, sent);
    call->pending--;
    call->sending = false;
    if (!ok)
        grpc_call_cancel(call->call, NULL);
    pump(call, !call->in_burst);
    if (!call->receiving && !call->held && !call->ending && !call->over)
        receive(call);
    ord_call_settle(call);
}

/* The reply in `answered` may go. */
static void ready(struct ord_call *call)
{
    struct ord_grpc *grpc = call->entry->grpc;
    ord_call_count(call, ORD_OK, call->answered.ids);
    push(call->queue, call->answered.message);
    call->answered.message = (grpc_slice){0};
    if (!call->in_burst) {
        TAILQ_INSERT_TAIL(&grpc->bursts, call, in_bursts);
        call->in_burst = true;
        call->replies = 0;
    }
    call->replies++;
    if (grpc->draining) {
        ord_call_set_draining(call);
        end(call);
        return;
    }
    if (!call->busy && call->replies == 1 && !call->sending) {
        send_and_receive(call);
        return;
    }
    pump(call, false);
    if (call->queue->count < QUEUE_MAX)
        receive(call);
}

static void answer(struct ord_call *call)
{
    struct ord_error error;
    call->asked_ns = ord_boot_ns();
    enum ord_code code = ord_call_answer(call, &error);
    if (code != ORD_OK) {
        ord_call_count(call, code, 0);
        ord_call_set_error(call, &error);
        end(call);
    } else if (call->answered.hold_us > 0) {
        pump(call, true);
        ord_call_hold(call);
    } else {
        ready(call);
    }
}

/* A request came, or the caller has no more of them (no message), or is gone (not ok). */
static void received(struct ord_event *event, bool ok)
{
    struct ord_call *call = ORD_OWNER(event, struct ord_call, step);
    call->pending--;
    call->receiving = false;
    if (call->sent_by_step)
        call->sending = call->sent_by_step = false;
    if (!ok)
        grpc_call_cancel(call->call, NULL);
    else if (!call->over && !call->ending && call->request)
        answer(call);
    else if (!call->over && !call->ending)
        end(call);
    ord_call_settle(call);
}

void ord_paired_begin(struct ord_call *call)
{
    struct ord_batch batch = {.call = call};
    struct ord_error error;
    ord_call_watch(call);
    call->queue = calloc(1, sizeof *call->queue);
    if (!call->queue) {
        ord_fail(&error, ORD_INTERNAL, "no memory");
        ord_call_fail(&batch, &error);
        return;
    }
    call->step.done = received;
    call->sent.done = sent;
    call->receiving = true;
    ord_batch_open(&batch);
    ord_batch_receive(&batch);
    ord_batch_start(&batch, &call->step);
}

void ord_paired_resume(struct ord_call *call)
{
    ready(call);
}

/* Held answers are sent first; what is on its way into the transport stays ahead of the status. */
void ord_paired_poke(struct ord_call *call)
{
    if (!call->entry->grpc->draining || call->over || call->ending || call->held || !call->queue)
        return;
    ord_call_set_draining(call);
    end(call);
}

static void leave_burst(struct ord_call *call)
{
    TAILQ_REMOVE(&call->entry->grpc->bursts, call, in_bursts);
    call->in_burst = false;
    call->busy = call->replies > 1;
}

void ord_bursts_end(struct ord_grpc *grpc)
{
    struct ord_call *call;
    while ((call = TAILQ_FIRST(&grpc->bursts))) {
        leave_burst(call);
        pump(call, true);
    }
}

void ord_paired_release(struct ord_call *call)
{
    if (call->in_burst)
        leave_burst(call);
    while (call->queue && call->queue->count > 0)
        grpc_slice_unref(pop(call->queue));
    free(call->queue);
    call->queue = NULL;
}
