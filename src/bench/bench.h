/*
 * The load of `ordinal bench`: many calls at once over gRPC or REST, each timed, each ID that comes checked.
 *
 * gRPC is HTTP/2 framed by libnghttp2, REST is HTTP/1.1 read by libhttp-parser, both over plain sockets in a
 * few threads with an epoll loop each: a client on the grpc C core would cost as much as the server that it
 * measures.
 *
 * A closed loop sends the next call when the reply to the one before came, so a server that stalls is asked
 * less while it does. An open loop sends at a fixed rate, and a call's latency counts from when it was due, so
 * that what a stall did to callers is seen in full.
 *
 * The functions here are called by one thread.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/percentiles.h"
#include "bench/checker.h"
#include "bench/outcomes.h"

enum ord_bench_mode {
    ORD_BENCH_UNARY,  /* GetId, /v1/id */
    ORD_BENCH_BATCH,  /* GetIds, /v1/ids */
    ORD_BENCH_STREAM, /* messages of StreamIds, many under way on one stream; gRPC only. A message with its
                         reply counts as a call */
};

struct ord_bench_plan {
    bool is_grpc;
    enum ord_bench_mode mode;
    const char *host, *port;
    const char *prefix;   /* REST: what stands before /v1 in the path: "" or "/x" */
    uint32_t ids;         /* a call, at least 1 */
    uint32_t connections; /* at least 1 */
    uint32_t in_flight;   /* calls on each connection, at least 1; a gRPC server may allow fewer */
    uint32_t streams;     /* ORD_BENCH_STREAM: that the calls of a connection are spread over, 1 to in_flight */
    uint32_t threads;     /* at least 1; no more are used than there are connections */
    uint64_t rate;        /* calls a second of all connections together; 0: a closed loop */
    int64_t warm_up_ms, duration_ms;
    int64_t timeout_ms;
    const char *fields; /* the server's layout as ord_layout_parse takes it; NULL: unknown */
    uint32_t workers;   /* of the server's node */
};

/* What has been going on, from the start on. */
struct ord_bench_view {
    int64_t elapsed_ns;
    bool is_warm; /* the warm-up is over */
    bool is_over; /* all threads have ended */
    uint64_t calls, failed, ids;
    uint64_t refused; /* connections that could not be made */
};

struct ord_bench_result {
    /* Calls that began (in an open loop: were due) after the warm-up. */
    uint64_t calls;     /* answered well */
    uint64_t ids;       /* that these brought */
    int64_t elapsed_ns; /* from the end of the warm-up to the last answer, or the end of the time if that is
                           later */
    struct ord_percentiles latency; /* of the calls answered well */
    struct ord_outcomes failures;
    uint64_t due, unsent; /* open loop: calls that were due in the time, and how many of them were never sent */
    int64_t behind_ns;    /* open loop: how long the oldest call that was not sent had been due at the end */

    /* The warm-up as well. */
    uint64_t warm_up_calls, warm_up_failed;
    uint64_t connects; /* connections made; above `connections`: some were lost or closed by the server */
    uint64_t refused;  /* connections that could not be made */
    char refusal[ORD_OUTCOME_TEXT_MAX]; /* and why, for the last of them */
    uint32_t in_flight;                 /* the most calls that one connection could take */
    uint32_t streams;                   /* gRPC: the most streams that one could have for them */
    uint32_t threads;
    int64_t cpu_ns;         /* of the threads, after the warm-up */
    int64_t busiest_cpu_ns; /* of the busiest thread */
    uint64_t checked;       /* IDs */
    uint64_t repeated, reordered, unordered;
    uint32_t issuers;
    bool is_unchecked; /* no memory for the IDs: the check for repetitions is not complete */
    struct ord_finding findings[ORD_FINDINGS_MAX];
    size_t finding_count;
};

struct ord_bench;

/* Starts the threads. The plan and what it points to outlive the bench. ORD_UNAVAILABLE: the host cannot be
 * found. ORD_INTERNAL: no threads, memory or descriptors. ORD_INVALID_ARGUMENT, ORD_OUT_OF_RANGE: the layout.
 */
enum ord_code ord_bench_start(const struct ord_bench_plan *plan, struct ord_bench **ret_bench,
                              struct ord_error *error);

/* Looks on. `ret_latency`, if not NULL, gets the latencies so far; it is overwritten. */
void ord_bench_look(const struct ord_bench *bench, struct ord_bench_view *ret_view,
                    struct ord_percentiles *ret_latency);

/* Ends the load early: no more calls are sent, and those under way are waited for. Called again, they are not.
 */
void ord_bench_stop(struct ord_bench *bench);

/* Waits until the load has ended, tells what came of it and frees the bench. The result is large. */
void ord_bench_finish(struct ord_bench *bench, struct ord_bench_result *ret_result);
