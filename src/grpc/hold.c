/*
 * Answers that are made already and may not be shown yet. The queue's thread waits for the first of them
 * instead of sleeping. Later claims on the generator are held until later, so a new one belongs at the end, or
 * nearly.
 */
#include "base/time.h"
#include "grpc/internal.h"

void ord_call_hold(struct ord_call *call)
{
    struct ord_calls *held = &call->entry->grpc->held;
    call->due_ns = ord_boot_ns() + (int64_t)call->answered.hold_us * 1000;
    call->held = true;

    struct ord_call *before = TAILQ_LAST(held, ord_calls);
    while (before && before->due_ns > call->due_ns)
        before = TAILQ_PREV(before, ord_calls, in_held);
    if (before)
        TAILQ_INSERT_AFTER(held, before, call, in_held);
    else
        TAILQ_INSERT_HEAD(held, call, in_held);
}

void ord_call_unhold(struct ord_call *call)
{
    TAILQ_REMOVE(&call->entry->grpc->held, call, in_held);
    call->held = false;
}

gpr_timespec ord_holds_next(const struct ord_grpc *grpc)
{
    const struct ord_call *first = TAILQ_FIRST(&grpc->held);
    if (!first)
        return gpr_inf_future(GPR_CLOCK_MONOTONIC);
    int64_t left_ns = first->due_ns - ord_boot_ns();
    gpr_timespec left = gpr_time_from_nanos(left_ns > 0 ? left_ns : 0, GPR_TIMESPAN);
    return gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC), left);
}

void ord_holds_release(struct ord_grpc *grpc)
{
    if (TAILQ_EMPTY(&grpc->held))
        return;
    int64_t now_ns = ord_boot_ns();
    for (struct ord_call *call; (call = TAILQ_FIRST(&grpc->held)) && call->due_ns <= now_ns;) {
        ord_call_unhold(call);
        ord_call_resume(call);
    }
}
