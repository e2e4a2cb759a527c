#include "http/wait.h"

#include <errno.h>
#include <time.h>

#include "gather/gather.h"
#include "http/call.h"

/* When as many threads wait as may. */
#define BUSY_RETRY_MS 1000

enum ord_code ord_http_wait_open(struct ord_http_shared *shared, struct ord_http_wait *wait,
                                 struct ord_error *error)
{
    if (atomic_fetch_add(&shared->waiters, 1) >= shared->waiters_max) {
        atomic_fetch_sub(&shared->waiters, 1);
        return ord_fail_retry(error, ORD_UNAVAILABLE, BUSY_RETRY_MS, "too many requests are waiting already");
    }
    wait->shared = shared;
    sem_init(&wait->answered, 0, 0);
    return ORD_OK;
}

void ord_http_wait_answered(struct ord_http_wait *wait)
{
    sem_post(&wait->answered);
}

void ord_http_wait_for(struct ord_http_wait *wait)
{
    ord_gather_flush(); /* replies to earlier requests do not wait along */
    while (sem_wait(&wait->answered) != 0)
        ; /* a signal came */
}

void ord_http_wait_us(uint64_t duration_us)
{
    struct timespec until;
    ord_gather_flush();
    clock_gettime(CLOCK_MONOTONIC, &until);
    uint64_t ns = (uint64_t)until.tv_nsec + duration_us * 1000;
    until.tv_sec += (time_t)(ns / 1000000000);
    until.tv_nsec = (long)(ns % 1000000000);
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR)
        ;
}

void ord_http_wait_close(struct ord_http_wait *wait)
{
    sem_destroy(&wait->answered);
    atomic_fetch_sub(&wait->shared->waiters, 1);
}
