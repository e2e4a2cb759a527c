/*
 * Private to bench: a thread (worker) has connections, a connection has slots, a slot makes one call after
 * another.
 *
 * A turn of a worker's loop: read what came on all connections that have something; look at the clock; then
 * send. All that a turn has for a connection leaves in one write. Protocols only turn bytes into ends of calls
 * and calls into bytes; they know neither sockets nor time.
 */
#pragma once

#include <netdb.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/bench.h"
#include "bench/grpc_text.h"
#include "bench/reply.h"
#include "bench/schedule.h"

/* What is read from a socket at once. */
#define ORD_BENCH_IN_SIZE ((size_t)128 * 1024)

struct worker;
struct connection;
struct stream;

struct slot {
    struct connection *connection;
    struct slot *next; /* of the free ones; or the protocol's, while a call is under way */
    bool is_busy;
    int64_t began_ns; /* open loop: when the call was due; closed loop: when it was sent */
    int64_t sent_ns;
    struct ord_mark mark;
    uint32_t ids;          /* that came with the reply */
    struct stream *stream; /* gRPC: that the call is on */
};

enum connection_state {
    CONNECTION_DOWN,     /* to be made at retry_ns */
    CONNECTION_MAKING,   /* waiting for TCP */
    CONNECTION_GREETING, /* waiting for what the protocol needs before calls */
    CONNECTION_READY,
    CONNECTION_RETIRING, /* takes no more calls; is made anew once those under way have ended */
};

struct connection {
    struct worker *worker;
    enum connection_state state;
    int fd;
    uint32_t events;      /* that epoll looks for */
    void *session;        /* the protocol's */
    struct slot *slots;   /* plan->in_flight of them */
    struct slot *free;    /* not busy */
    uint32_t busy, limit; /* calls under way, and how many there may be */
    bool is_touched;      /* has to be looked at before the turn ends */
    struct connection *next_touched;
    const struct addrinfo *address;
    int64_t retry_ns; /* when to connect again; if making or greeting, when that took too long */
    int64_t backoff_ns;
    uint8_t *out;
    size_t out_used, out_sent, out_room;
};

/* What a protocol does. Bytes go out through ord_out; calls end through ord_slot_… */
struct protocol {
    /* A fresh session on a connection that stands; it may say something. NULL: no memory. */
    void *(*open)(struct connection *connection);
    /* Takes bytes that came. NULL, or why the connection is of no more use. */
    const char *(*receive)(struct connection *connection, const uint8_t *bytes, size_t size);
    /* Begins a call. False: the session takes no more calls. */
    bool (*send)(struct connection *connection, struct slot *slot);
    /* Writes what there is to be said. False: no memory. */
    bool (*flush)(struct connection *connection);
    /* Gives up a call which took too long; ends it, and those that cannot go on without it. False: only with
     * the connection. */
    bool (*cancel)(struct connection *connection, struct slot *slot);
    void (*close)(struct connection *connection);
};

extern const struct protocol ord_bench_grpc, ord_bench_rest;

/* What is the same for all calls of a run; read-only while it lasts. */
struct request {
    ord_reply_reader *read;
    uint8_t body[32]; /* gRPC: prefix and message */
    size_t body_size;
    char path[256], authority[300], timeout[ORD_GRPC_TIMEOUT_MAX];
    char text[1024]; /* REST: the whole request */
    size_t text_size;
};

struct ord_bench {
    const struct ord_bench_plan *plan;
    const struct protocol *protocol;
    struct request request;
    struct ord_ledger ledger;
    struct addrinfo *addresses;
    struct worker *workers;
    uint32_t worker_count, started;
    int64_t start_ns, warm_ns, end_ns; /* ord_boot_ns; the load, the part that is measured, the end */
    atomic_int stop;                   /* 1: send no more; 2: and wait no more */
};

struct worker {
    struct ord_bench *bench;
    pthread_t thread;
    int epoll;
    struct connection *connections;
    uint32_t connection_count, turn; /* turn: where an open loop looks next for a free slot */
    struct connection *touched;
    uint32_t busy, free_ready; /* slots of all connections: busy ones; free ones that may be used */
    int64_t now_ns, upkeep_ns;
    int64_t cpu_warm_ns; /* CPU time when the warm-up ended */
    struct ord_schedule schedule;
    uint64_t taken; /* of the schedule */
    bool is_warm, is_ending;
    uint8_t *in;
    struct ord_checker checker;
    struct ord_outcomes failures;
    struct ord_percentiles latency;
    uint64_t warm_up_calls, warm_up_failed, connects, measured, measured_ids;
    uint32_t in_flight, streams;
    int64_t last_answer_ns, cpu_ns, behind_ns;
    uint64_t due, unsent;
    /* for those who look on: */
    atomic_bool is_over, shows_warm;
    atomic_uint_least64_t calls, failed, ids;
    atomic_uint_least64_t refused; /* connections that could not be made */
    char refusal[ORD_OUTCOME_TEXT_MAX];
};

/* Prepares the request of a plan. */
void ord_request_init(struct request *request, const struct ord_bench_plan *plan);

/* The thread's function; takes its worker. */
void *ord_worker_run(void *worker);

/* Allocates what a worker needs; false: no memory. The second one takes what the first one left half-done. */
bool ord_worker_init(struct worker *worker, struct ord_bench *bench, uint32_t index);
void ord_worker_finish(struct worker *worker);

/* connection.c */

/* Makes room for the slots. */
bool ord_connection_init(struct connection *connection, struct worker *worker, const struct addrinfo *address);
void ord_connection_finish(struct connection *connection);

/* What a connection has to do now that time has passed: connect, or give up. */
void ord_connection_upkeep(struct connection *connection);

/* Handles epoll's events. */
void ord_connection_handle(struct connection *connection, uint32_t events);

/* Writes what the turn has for it. */
void ord_connection_flush(struct connection *connection);

/* Puts it on the list of those that are looked at before the turn ends. */
void ord_connection_touch(struct connection *connection);

/* slot.c */

/* How many calls a connection can take now. The worker has the sum, to which each change of this is added. */
uint32_t ord_connection_room(const struct connection *connection);

/* Takes a free slot and begins a call. */
void ord_connection_call(struct connection *connection, int64_t began_ns);

/* Adds to a number that only the worker writes, and others look at. */
static inline void ord_bench_count(atomic_uint_least64_t *number, uint64_t more)
{
    atomic_store_explicit(number, atomic_load_explicit(number, memory_order_relaxed) + more,
                          memory_order_relaxed);
}

/* For protocols. */

/* The session can take calls, up to `limit` at once. */
void ord_connection_ready(struct connection *connection, uint32_t limit);

/* The session takes no more calls. */
void ord_connection_retire(struct connection *connection);

/* Room for `size` more bytes to go out, or NULL: no memory; and that they are there. */
uint8_t *ord_out_room(struct connection *connection, size_t size);
void ord_out_used(struct connection *connection, size_t size);

/* Reads a reply message of a call; its IDs go to the checker. `*last` is the last ID before on the same stream,
 * -1 if there is none, and is moved on. NULL, or what is wrong. */
const char *ord_slot_read(struct slot *slot, int64_t *last, const uint8_t *bytes, size_t size);

/* Whether its call has taken longer than a call may. */
bool ord_slot_is_late(const struct slot *slot);

/* Ends a call, well or not. */
void ord_slot_succeed(struct slot *slot);
void ord_slot_fail(struct slot *slot, const char *status, const char *message);
