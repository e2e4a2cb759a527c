/*
 * What the files of this room share.
 *
 * Everything here belongs to the queue's thread, but for what says otherwise. The path of a call:
 * `ord_entry_refill` asks the core for calls of a row; one comes (call.c); its shape (shape.c) reads requests,
 * asks the row's `answer` for replies and sends them; a call ends by ord_call_finish and is recycled once the
 * core has given back every batch.
 */
#pragma once

#include <grpc/grpc.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "api/methods.h"
#include "api/service.h"
#include "base/arena.h"
#include "base/error.h"
#include "grpc/server.h"

/* The longest request of a method that sets no other bound. */
#define ORD_REQUEST_MAX 4096

/* A tag on the queue: what to do when it comes back. */
struct ord_event {
    void (*done)(struct ord_event *event, bool ok);
};

/* The object that an event is a member of. */
#define ORD_OWNER(event, type, member) ((type *)((char *)(event)-offsetof(type, member)))

struct ord_call;

struct ord_bytes {
    const uint8_t *at;
    size_t size;
};

/* What a request is answered with. */
struct ord_answered {
    grpc_slice message; /* its owner is the call, once it was returned */
    uint64_t hold_us;   /* not to be shown to the caller before */
    uint32_t ids;       /* for the metrics */
    bool is_awaited;    /* nothing of this is there yet: it comes through await.c */
};

/* Answers one request; does not block. What cannot be answered yet is awaited: unary calls only. `request` and
 * the arena live as long as the function runs. On failure nothing of `*ret` is set. */
typedef enum ord_code ord_answer(struct ord_call *call, struct ord_bytes request, struct ord_arena *arena,
                                 struct ord_answered *ret, struct ord_error *error);

/* The next message of a pushed stream, or that there is none for now, or never again; `error` is set in the
 * last case only. It is asked for when the stream is ready to send, so a source with much to say is held to
 * what its reader takes. */
typedef enum ord_fed ord_next(struct ord_call *call, grpc_slice *ret, struct ord_error *error);

enum ord_rpc_shape {
    ORD_RPC_UNARY,  /* one request, one reply */
    ORD_RPC_PAIRED, /* one reply a request, in order */
    ORD_RPC_PUSHED, /* one request, which `answer` only takes note of; then what `next` has, whenever it has */
};

/* A row of what is served. */
struct ord_rpc {
    const char *service, *name;
    enum ord_rpc_shape shape;
    bool unread;          /* the request has no fields and is not read */
    unsigned outstanding; /* how many calls are asked of the core ahead of time */
    unsigned live_max;    /* most calls at once; 0: no bound of its own */
    size_t request_max;   /* bytes of a request */
    ord_answer *answer;
    ord_next *next;                  /* ORD_RPC_PUSHED */
    const struct ord_method *method; /* NULL: not in the table of methods */
};

/* Whether a row's first request comes along with the call itself. */
bool ord_rpc_reads_first(const struct ord_rpc *rpc);

/* The gRPC-only rows. */
extern const struct ord_rpc ord_health_rpcs[], ord_reflection_rpcs[];
extern const size_t ord_health_rpc_count, ord_reflection_rpc_count;

/* The row that serves a method of the table. */
struct ord_rpc ord_rpc_of_method(const struct ord_method *method);

/* A row in service. */
struct ord_entry {
    struct ord_rpc rpc;
    struct ord_grpc *grpc;
    void *handle; /* the core's name for the row; NULL: the entry for whatever is in no row */
    unsigned requested, live;
};

struct ord_call {
    struct ord_event step;   /* the request of the call, then receiving or pushing messages */
    struct ord_event sent;   /* sending a reply of a paired stream */
    struct ord_event ended;  /* sending the status */
    struct ord_event closed; /* the core's word that the call is over */
    struct ord_entry *entry;
    grpc_call *call;
    unsigned pending;    /* batches that the core has */
    bool opened;         /* initial metadata was sent */
    bool sending;        /* a message of a stream is on its way */
    bool receiving;      /* paired streams: a request is waited for */
    bool sent_by_step;   /* paired streams: by the same batch, a reply is sent */
    bool ending;         /* paired streams: what is queued goes, then the status */
    bool in_burst, busy; /* paired streams: has replies in this burst; had several in the last */
    bool watched;        /* `closed` is on its way */
    bool over;           /* the status was sent, or nobody is there to read it */
    bool core_is_done;   /* the core's last word was received */
    bool held, streamed; /* is in that list of the server */
    int cancelled;
    int64_t begun_ns; /* the call */
    int64_t asked_ns; /* its last request */
    int64_t due_ns;   /* when a held answer may be shown */
    gpr_timespec deadline;
    grpc_call_details details;
    grpc_metadata_array metadata;
    grpc_byte_buffer *request;
    struct ord_answered answered;
    enum ord_code code;
    grpc_slice status_text;
    grpc_metadata trailer;
    size_t trailers;
    int watch_state; /* health: what was last sent; see health.c */
    bool watch_known;
    struct ord_queue *queue;     /* paired streams: replies that wait; see paired.c */
    unsigned replies;            /* paired streams: in this burst */
    struct ord_feeding *feeding; /* pushed streams of the table; see feed.c */
    TAILQ_ENTRY(ord_call) in_held, in_streams, in_bursts;
    struct ord_call *next_free;
};

TAILQ_HEAD(ord_calls, ord_call);

/* An answer that comes from another thread; see await.c. */
struct ord_await;
STAILQ_HEAD(ord_awaits, ord_await);

/* Feeds of pushed streams; see feed.c. */
struct ord_feeding;
TAILQ_HEAD(ord_feedings, ord_feeding);

struct ord_listener;

struct ord_grpc {
    struct ord_service *service;
    grpc_completion_queue *queue;
    grpc_server *core;
    struct ord_listener *listener;
    pthread_t thread;
    bool has_thread, drained; /* the owner's */
    bool gathers;

    struct ord_entry *entries; /* the last one is for whatever is in no row */
    size_t entry_count;
    struct ord_call *free_calls;
    unsigned free_count;
    unsigned calls; /* not in the free list: asked of the core, or live */
    struct ord_calls held;
    struct ord_calls streams;
    unsigned burst;          /* events since the queue was last empty */
    struct ord_calls bursts; /* paired streams with replies in this burst of events */
    bool has_ready;          /* there may be feeds in `ready` */
    unsigned since_feeds;    /* events since feeds were served */
    bool draining, stopped;
    struct ord_event shutdown;

    /* Any thread, under the lock. */
    pthread_mutex_t lock;
    pthread_cond_t changed;
    grpc_channel *wake_channel;
    grpc_call *wake_call;
    struct ord_event wake;
    struct ord_awaits answered;
    struct ord_feedings ready;
    bool woken, wants_drain, wants_cancel, wants_poke;
    bool quiet;    /* draining, and no call is live or asked for */
    bool finished; /* the thread has ended */
};

/* wake.c: lets the queue's thread look, soon, for what other threads left for it. Any thread, under the lock.
 */
void ord_grpc_wake(struct ord_grpc *grpc);

/* The same, once one of `wants_…` is set. Any thread, without the lock. */
void ord_grpc_ask_to(struct ord_grpc *grpc, bool *wish);

/* Before the thread starts; after it has ended. */
void ord_grpc_wake_open(struct ord_grpc *grpc);
void ord_grpc_wake_close(struct ord_grpc *grpc);

/* The names of the services, each once: 0, 1, … until NULL. */
const char *ord_grpc_service(const struct ord_grpc *grpc, size_t index);

/* Whether a service of that name is served; "" is the whole server. */
bool ord_grpc_serves(const struct ord_grpc *grpc, const char *service);

/* call.c */
void ord_entry_refill(struct ord_entry *entry);
void ord_calls_free(struct ord_grpc *grpc);

/* A batch in the making, for one call. Initial metadata is put in front of whatever is sent first. */
struct ord_batch {
    struct ord_call *call;
    grpc_op ops[4];
    size_t count;
    grpc_byte_buffer *message;
};

void ord_batch_open(struct ord_batch *batch);                         /* initial metadata, if it was not sent */
void ord_batch_message(struct ord_batch *batch, grpc_slice *message); /* takes the slice */
void ord_batch_hint(struct ord_batch *batch, bool more_follow); /* of its message: it need not leave yet */
void ord_batch_receive(struct ord_batch *batch);
void ord_batch_start(struct ord_batch *batch, struct ord_event *event);

/* Sends what is in `batch`, then the status: OK, or the error that was set. */
void ord_call_finish(struct ord_batch *batch);

/* The same, with an error. */
void ord_call_fail(struct ord_batch *batch, const struct ord_error *error);

/* Asks to be told when the call is over, for calls that do not end at once. */
void ord_call_watch(struct ord_call *call);

/* To be called at the end of each event of a call: recycles it once the core is done with it. */
void ord_call_settle(struct ord_call *call);

/* Counts one answer, or a failure to give one. */
void ord_call_count(struct ord_call *call, enum ord_code code, uint32_t ids);

/* The time left until the caller's deadline, in microseconds; 0 when it set none. */
uint64_t ord_call_time_left_us(const struct ord_call *call);

/* peer.c: whether the caller is on this host, for sure. */
bool ord_call_is_local(const struct ord_call *call);

/* hold.c: answers that may not be shown yet. */
void ord_call_hold(struct ord_call *call);
void ord_call_unhold(struct ord_call *call);
gpr_timespec ord_holds_next(const struct ord_grpc *grpc);
void ord_holds_release(struct ord_grpc *grpc);

/* await.c: answers that are on their way. Begins one, for IDs under a request ID, or for a row with `ask`;
 * takes those that came. */
enum ord_code ord_call_await(struct ord_call *call, const struct ord_once_wanted *wanted,
                             struct ord_answered *ret, struct ord_error *error);
ord_answer ord_call_ask;
void ord_awaits_take(struct ord_grpc *grpc);

/* feed.c: rows with `feed`. Once a message was sent there may be more; the end of a call; serves some of those
 * that are ready. */
ord_answer ord_feed_open;
ord_next ord_feed_next;
void ord_feed_again(struct ord_call *call);
void ord_feed_release(struct ord_call *call);
void ord_feeds_serve(struct ord_grpc *grpc);

/* paired.c: the shape of that name; the end of a burst of events, after which what waits has to go; the end of
 * a call. */
void ord_paired_begin(struct ord_call *call);
void ord_paired_resume(struct ord_call *call);
void ord_paired_poke(struct ord_call *call);
void ord_paired_release(struct ord_call *call);
void ord_bursts_end(struct ord_grpc *grpc);

/* shape.c: answers the request of a call, into `answered`; sets the error of a server that drains. */
enum ord_code ord_call_answer(struct ord_call *call, struct ord_error *error);
enum ord_code ord_fail_draining(struct ord_error *error);
void ord_call_set_draining(struct ord_call *call);

/* shape.c: a call has come; its time to hold is over; something changed (a pushed stream may have more to say,
 * the server drains). */
void ord_call_begin(struct ord_call *call);
void ord_call_answered(struct ord_call *call);
void ord_call_resume(struct ord_call *call);
void ord_call_poke(struct ord_call *call);

/* status.c: what a caller is told of an error. */
void ord_call_set_error(struct ord_call *call, const struct ord_error *error);
void ord_call_clear_error(struct ord_call *call);

/* answers.c: a claim as an answer. */
struct ord_answered ord_answered_runs(const struct ord_ids *ids, uint64_t hold_us);

/* Admits the caller to a row of the table, and reads its request. */
enum ord_code ord_call_admit(const struct ord_call *call, struct ord_bytes request, struct ord_arena *arena,
                             ProtobufCMessage **ret, struct ord_error *error);

/* A request as a message in the arena; a message packed into a slice of its own. */
enum ord_code ord_request_read(struct ord_bytes request, const ProtobufCMessageDescriptor *type,
                               struct ord_arena *arena, ProtobufCMessage **ret, struct ord_error *error);
grpc_slice ord_message_slice(const ProtobufCMessage *message);

/* log.c */
void ord_grpc_log_setup(void);
void ord_call_log(const struct ord_call *call);

/* lean.c: leaves out what only those need who debug the core's libraries. Before the core starts. */
void ord_grpc_lean(void);

/* descriptors.c: protoc's own bytes of the files that are served. */
bool ord_descriptor_by_name(const char *file, struct ord_bytes *ret);
bool ord_descriptor_by_symbol(const char *symbol, struct ord_bytes *ret);
