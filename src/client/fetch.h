/*
 * Asking one server for runs of IDs over gRPC: one channel, one completion queue, one request at a time.
 *
 * One thread makes the requests; any thread may cancel. Nothing is sent before the first request. The channel
 * finds a lost server again by itself, at the next request or while it is awaited.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct ord_fetch;

/* Runs that came. They rise, without overlap, within 0 to 2^63 - 1; their counts add up to what was asked for.
 */
struct ord_fetch_run {
    int64_t first, step;
    uint32_t count;
};

/* `target` is HOST:PORT. NULL: no memory. */
struct ord_fetch *ord_fetch_open(const char *target);

/* NULL is fine. No request is under way. Returns NULL. */
struct ord_fetch *ord_fetch_close(struct ord_fetch *fetch);

/*
 * Asks for `count` IDs and waits for them, `timeout_ms` at most. The runs are the fetch's own, and good until
 * the next request.
 *
 * Errors are those of the server (ORD_CAPACITY and others, with its hint), ORD_UNAVAILABLE also if it cannot be
 * reached: then *ret_reached is false; ORD_DEADLINE_EXCEEDED (no answer in time), ORD_CANCELLED, ORD_INTERNAL
 * (an answer that makes no sense).
 */
enum ord_code ord_fetch_ids(struct ord_fetch *fetch, uint32_t count, uint32_t tag, uint32_t timeout_ms,
                            const struct ord_fetch_run **ret_runs, uint32_t *ret_run_count, bool *ret_reached,
                            struct ord_error *error);

/* Waits until there is a connection that it has not told of yet, and works on it meanwhile: the core does so
 * only while somebody waits. False: none within `timeout_ms`, as where one stands whose calls are refused; or
 * cancelled. */
bool ord_fetch_await(struct ord_fetch *fetch, uint32_t timeout_ms);

/* Ends the request or the wait under way, and each later one at once. Any thread. */
void ord_fetch_cancel(struct ord_fetch *fetch);
