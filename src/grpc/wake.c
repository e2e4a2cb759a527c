/* How other threads reach the queue's: they leave what they have under the lock, and wake it once. */
#include "grpc/internal.h"
#include "grpc/tags.h"

void ord_grpc_wake(struct ord_grpc *grpc)
{
    if (grpc->woken || grpc->finished)
        return;
    /* An empty batch comes back from the queue at once: the core's only way to post to a queue from outside. */
    grpc->woken = true;
    ord_tag_give(&grpc->wake);
    grpc_call_start_batch(grpc->wake_call, NULL, 0, &grpc->wake, NULL);
}

void ord_grpc_ask_to(struct ord_grpc *grpc, bool *wish)
{
    pthread_mutex_lock(&grpc->lock);
    *wish = true;
    ord_grpc_wake(grpc);
    pthread_mutex_unlock(&grpc->lock);
}

static void begin_drain(struct ord_grpc *grpc)
{
    grpc->draining = true;
    ord_tag_give(&grpc->shutdown);
    grpc_server_shutdown_and_notify(grpc->core, grpc->queue, &grpc->shutdown);
}

static void poke_streams(struct ord_grpc *grpc)
{
    struct ord_call *call;
    TAILQ_FOREACH(call, &grpc->streams, in_streams)
    ord_call_poke(call);
}

static void awake(struct ord_event *event, bool ok)
{
    struct ord_grpc *grpc = ORD_OWNER(event, struct ord_grpc, wake);
    pthread_mutex_lock(&grpc->lock);
    bool drains = grpc->wants_drain && !grpc->draining, wants_cancel = grpc->wants_cancel;
    bool wants_poke = grpc->wants_poke;
    grpc->woken = grpc->wants_poke = false;
    grpc->has_ready = !TAILQ_EMPTY(&grpc->ready);
    pthread_mutex_unlock(&grpc->lock);

    if (drains)
        begin_drain(grpc);
    if (wants_cancel)
        grpc_server_cancel_all_calls(grpc->core);
    ord_awaits_take(grpc);
    if (drains || wants_poke)
        poke_streams(grpc);
}

void ord_grpc_wake_open(struct ord_grpc *grpc)
{
    grpc->wake.done = awake;
    grpc->wake_channel = grpc_lame_client_channel_create("wake", GRPC_STATUS_UNAVAILABLE, "never called");
    grpc->wake_call = grpc_channel_create_call(grpc->wake_channel, NULL, GRPC_PROPAGATE_DEFAULTS, grpc->queue,
                                               grpc_slice_from_static_string("/wake"), NULL,
                                               gpr_inf_future(GPR_CLOCK_MONOTONIC), NULL);
}

void ord_grpc_wake_close(struct ord_grpc *grpc)
{
    grpc_call_unref(grpc->wake_call);
    grpc_channel_destroy(grpc->wake_channel);
}
