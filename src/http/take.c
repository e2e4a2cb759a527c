/* Claims IDs for a call, and waits where the caller allows it. */
#include "http/call.h"
#include "http/wait.h"

static uint64_t allowed_wait_us(const struct ord_http_call *call)
{
    uint64_t wanted = ord_http_prefer_wait_us(call->prefer);
    return wanted < call->shared->max_wait_us ? wanted : call->shared->max_wait_us;
}

static enum ord_code take(struct ord_http_call *call, const struct ord_ids_request *request,
                          struct ord_ids *ret_ids, struct ord_error *error)
{
    struct ord_http_shared *shared = call->shared;
    uint64_t wait_us;
    struct ord_http_wait wait;
    enum ord_code code =
        ord_service_take(shared->service, request->count, request->tag, 0, ret_ids, &wait_us, error);
    uint64_t max_wait_us = code == ORD_CAPACITY ? allowed_wait_us(call) : 0;
    if (max_wait_us == 0 || ord_http_wait_open(shared, &wait, NULL) != ORD_OK)
        return code;

    code =
        ord_service_take(shared->service, request->count, request->tag, max_wait_us, ret_ids, &wait_us, error);
    if (code == ORD_OK && wait_us > 0)
        ord_http_wait_us(wait_us);
    ord_http_wait_close(&wait);
    return code;
}

/* A thread that waits until its request is durable. */
struct waiter {
    struct ord_awaited awaited;
    struct ord_http_wait wait;
};

static void wake(struct ord_awaited *awaited)
{
    ord_http_wait_answered(&((struct waiter *)awaited)->wait);
}

static enum ord_code take_once(struct ord_http_call *call, const struct ord_ids_request *request,
                               struct ord_ids *ret_ids, struct ord_error *error)
{
    struct ord_once_wanted wanted = {.key = request->request_id,
                                     .count = request->count,
                                     .tag = request->tag,
                                     .max_wait_us = allowed_wait_us(call)};
    struct waiter waiter = {.awaited.done = wake};
    enum ord_code code = ord_http_wait_open(call->shared, &waiter.wait, error);
    if (code != ORD_OK)
        return code;
    if (!ord_service_take_once(call->shared->service, &wanted, &waiter.awaited))
        ord_http_wait_for(&waiter.wait);

    const struct ord_awaited *awaited = &waiter.awaited;
    if (awaited->error.code == ORD_OK && awaited->hold_us > 0)
        ord_http_wait_us(awaited->hold_us);
    ord_http_wait_close(&waiter.wait);
    if (awaited->error.code != ORD_OK) {
        *error = awaited->error;
        return error->code;
    }
    *ret_ids = awaited->ids;
    call->is_repeat = awaited->is_repeat;
    return ORD_OK;
}

enum ord_code ord_http_take(struct ord_http_call *call, const struct ord_ids_request *request,
                            struct ord_ids *ret_ids, struct ord_error *error)
{
    return (*request->request_id ? take_once : take)(call, request, ret_ids, error);
}
