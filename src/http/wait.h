/*
 * A connection's thread waits for an answer that another thread has. Private to http/.
 *
 * Whoever waits holds a thread, and with it a connection: only so many may at a time.
 */
#pragma once

#include <semaphore.h>

#include "base/error.h"

struct ord_http_shared;

struct ord_http_wait {
    struct ord_http_shared *shared;
    sem_t answered; /* of all ways to wake a thread the one with the fewest steps */
};

/* Takes a place among those that wait. ORD_UNAVAILABLE: there is
 * none. */
enum ord_code ord_http_wait_open(struct ord_http_shared *shared, struct ord_http_wait *wait,
                                 struct ord_error *error);

/* The answer is there: ends ord_http_wait_for. Once, in any thread. */
void ord_http_wait_answered(struct ord_http_wait *wait);

/* Waits for the answer. */
void ord_http_wait_for(struct ord_http_wait *wait);

/* Waits for some time, whatever happens. */
void ord_http_wait_us(uint64_t duration_us);

void ord_http_wait_close(struct ord_http_wait *wait);
