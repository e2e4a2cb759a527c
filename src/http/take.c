/* Claims IDs for a call, and waits where the caller allows it. */
#include <errno.h>
#include <time.h>

#include "gather/gather.h"
#include "http/call.h"

/* When as many threads wait as may. */
#define BUSY_RETRY_MS 1000

/* Sleeping holds a thread, and with it a connection: only so many may at a time. */
static bool may_wait(struct ord_http_shared *shared)
{
    if (atomic_fetch_add(&shared->waiters, 1) >= shared->waiters_max) {
        atomic_fetch_sub(&shared->waiters, 1);
        return false;
    }
    ord_gather_flush(); /* replies to earlier requests do not wait along */
    return true;
}

static void wait_us(uint64_t duration_us)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    uint64_t ns = (uint64_t)until.tv_nsec + duration_us * 1000;
    until.tv_sec += (time_t)(ns / 1000000000);
    until.tv_nsec = (long)(ns % 1000000000);
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR)
        ;
}

static uint64_t allowed_wait_us(const struct ord_http_call *call)
{
    uint64_t wanted = ord_http_prefer_wait_us(call->prefer);
    return wanted < call->shared->max_wait_us ? wanted : call->shared->max_wait_us;
}

static enum ord_code take(struct ord_http_call *call, const struct ord_ids_request *request,
                          struct ord_ids *ret_ids, struct ord_error *error)
{
    struct ord_http_shared *shared = call->shared;
    uint64_t wait;
    enum ord_code code =
        ord_service_take(shared->service, request->count, request->tag, 0, ret_ids, &wait, error);
    uint64_t max_wait_us = code == ORD_CAPACITY ? allowed_wait_us(call) : 0;
    if (max_wait_us == 0 || !may_wait(shared))
        return code;

    code = ord_service_take(shared->service, request->count, request->tag, max_wait_us, ret_ids, &wait, error);
    if (code == ORD_OK && wait > 0)
        wait_us(wait);
    atomic_fetch_sub(&shared->waiters, 1);
    return code;
}

/* A thread that waits until its request is durable. */
struct waiter {
    struct ord_awaited awaited;
    pthread_mutex_t lock;
    pthread_cond_t answered;
    bool is_answered;
};

static void wake(struct ord_awaited *awaited)
{
    struct waiter *waiter = (struct waiter *)awaited;
    pthread_mutex_lock(&waiter->lock);
    waiter->is_answered = true;
    pthread_cond_signal(&waiter->answered);
    pthread_mutex_unlock(&waiter->lock);
}

static void wait_for_answer(struct waiter *waiter)
{
    pthread_mutex_lock(&waiter->lock);
    while (!waiter->is_answered)
        pthread_cond_wait(&waiter->answered, &waiter->lock);
    pthread_mutex_unlock(&waiter->lock);
}

static enum ord_code take_once(struct ord_http_call *call, const struct ord_ids_request *request,
                               struct ord_ids *ret_ids, struct ord_error *error)
{
    struct ord_http_shared *shared = call->shared;
    struct ord_once_wanted wanted = {.key = request->request_id,
                                     .count = request->count,
                                     .tag = request->tag,
                                     .max_wait_us = allowed_wait_us(call)};
    if (!may_wait(shared))
        return ord_fail_retry(error, ORD_UNAVAILABLE, BUSY_RETRY_MS, "too many requests are waiting already");

    struct waiter waiter = {.awaited.done = wake};
    pthread_mutex_init(&waiter.lock, NULL);
    pthread_cond_init(&waiter.answered, NULL);
    if (!ord_service_take_once(shared->service, &wanted, &waiter.awaited))
        wait_for_answer(&waiter);
    pthread_cond_destroy(&waiter.answered);
    pthread_mutex_destroy(&waiter.lock);

    const struct ord_awaited *awaited = &waiter.awaited;
    if (awaited->error.code == ORD_OK && awaited->hold_us > 0)
        wait_us(awaited->hold_us);
    atomic_fetch_sub(&shared->waiters, 1);
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
