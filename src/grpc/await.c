/*
 * Answers that another thread gives, because they become durable first. The call counts as one that the core
 * has a batch of, so that it lives until its answer came, even if the caller went away.
 */
#include <stdlib.h>

#include "grpc/internal.h"

/* In the other thread. Nothing of the server is touched once the lock is given up: it may be closed then. */
static void came(struct ord_awaited *awaited)
{
    struct ord_await *await = ORD_OWNER(awaited, struct ord_await, awaited);
    struct ord_grpc *grpc = await->call->entry->grpc;
    pthread_mutex_lock(&grpc->lock);
    STAILQ_INSERT_TAIL(&grpc->answered, await, in_answered);
    ord_grpc_wake_locked(grpc);
    pthread_mutex_unlock(&grpc->lock);
}

static struct ord_answered answered_by(const struct ord_awaited *awaited)
{
    struct ord_answered answered = ord_answered_runs(&awaited->ids, awaited->hold_us);
    if (awaited->is_repeat)
        answered.ids = 0;
    return answered;
}

enum ord_code ord_call_await(struct ord_call *call, const struct ord_once_wanted *wanted,
                             struct ord_answered *ret, struct ord_error *error)
{
    struct ord_await *await = calloc(1, sizeof *await);
    if (!await)
        return ord_fail(error, ORD_INTERNAL, "no memory");
    await->awaited.done = came;
    await->call = call;
    if (!ord_service_take_once(call->entry->grpc->service, wanted, &await->awaited)) {
        call->pending++;
        *ret = (struct ord_answered){.is_awaited = true};
        return ORD_OK;
    }
    enum ord_code code = await->awaited.error.code;
    if (code == ORD_OK)
        *ret = answered_by(&await->awaited);
    else
        *error = await->awaited.error;
    free(await);
    return code;
}

static void finish(struct ord_await *await)
{
    struct ord_call *call = await->call;
    struct ord_batch batch = {.call = call};
    call->pending--;
    if (!call->over && await->awaited.error.code != ORD_OK) {
        ord_call_fail(&batch, &await->awaited.error);
    } else if (!call->over) {
        call->answered = answered_by(&await->awaited);
        ord_call_answered(call);
    }
    free(await);
    ord_call_settle(call);
}

void ord_awaits_take(struct ord_grpc *grpc)
{
    struct ord_await *await;
    do {
        pthread_mutex_lock(&grpc->lock);
        await = STAILQ_FIRST(&grpc->answered);
        if (await)
            STAILQ_REMOVE_HEAD(&grpc->answered, in_answered);
        pthread_mutex_unlock(&grpc->lock);
        if (await)
            finish(await);
    } while (await);
}
