/*
 * The one table of methods. A row is all that gRPC, REST, the metrics and the command line need to know of a
 * method; a method is added here and nowhere else.
 *
 * Methods that give IDs (`gives` is not ORD_GIVES_MESSAGE) have no handler: the front end reads the request,
 * calls ord_service_take and encodes the claim straight into its reply. All others have one of three: `handle`
 * answers at once, `ask` may answer later, `feed` goes on answering.
 */
#pragma once

#include <protobuf-c/protobuf-c.h>
#include <stddef.h>

#include "api/service.h"
#include "base/arena.h"
#include "base/error.h"

enum ord_gives {
    ORD_GIVES_MESSAGE, /* what the handler makes */
    ORD_GIVES_ID,      /* one ID; the request has no fields and need not be read */
    ORD_GIVES_RUNS,    /* a batch */
};

enum ord_shape {
    ORD_UNARY,
    ORD_STREAM_PAIRED, /* a stream in each direction: one reply a request, in order */
    ORD_STREAM_PUSHED, /* one request, then replies whenever there is something to say */
};

/* Who may call. */
enum ord_access {
    ORD_ACCESS_ANYONE,
    ORD_ACCESS_LOCAL, /* operators: callers on the server's own host */
};

/* Fills `reply`, a fresh message of the row's reply type; what it points to comes from the arena. Any thread,
 * does not block. */
typedef enum ord_code ord_handler(struct ord_service *service, const ProtobufCMessage *request,
                                  ProtobufCMessage *reply, struct ord_arena *arena, struct ord_error *error);

/* A call whose answer may come later. The front end's, but while the method has it. */
struct ord_ask {
    const ProtobufCMessage *request;
    ProtobufCMessage *reply; /* a fresh message of the row's reply type */
    struct ord_arena *arena; /* for what the reply points to; nobody else uses it meanwhile */
    struct ord_error error;  /* the answer: ORD_OK and `reply`, or what was wrong */
    /* Asked before the answer is left for later; false: the caller cannot wait, and `error` says why. NULL: it
     * can. */
    bool (*may_wait)(struct ord_ask *ask);
    void (*done)(struct ord_ask *ask); /* in another thread; must not block */
    struct ord_ask *next;              /* the method's, while it has it */
};

static inline bool ord_ask_may_wait(struct ord_ask *ask)
{
    return !ask->may_wait || ask->may_wait(ask);
}

/* True: it is answered. False, which it may be only after ord_ask_may_wait has said so: `done` is called when
 * it is, perhaps before this returns; exactly once, also when the service is closed. Any thread; does not wait
 * for storage. */
typedef bool ord_ask_handler(struct ord_service *service, struct ord_ask *ask);

/* Who reads a feed: told that there is something to read. In any thread; must not block, and must not call back
 * into the feed. Told once more, or when there is nothing, it must not mind. */
struct ord_feed_reader {
    void (*ready)(struct ord_feed_reader *reader);
};

enum ord_fed {
    ORD_FED_MESSAGE, /* here is one; there may be more */
    ORD_FED_NOTHING, /* not now; `ready` is called when there is */
    ORD_FED_END,     /* and never again: `error` says why, ORD_OK for an orderly end */
};

/* What one caller of a pushed stream is sent. */
struct ord_feed;
struct ord_feed_type {
    /* Any thread, does not block. `reader` outlives the feed. */
    enum ord_code (*open)(struct ord_service *service, const ProtobufCMessage *request,
                          struct ord_feed_reader *reader, struct ord_feed **ret_feed, struct ord_error *error);
    /* One thread at a time, does not block. The message lives as long as the arena. Messages that were not
     * asked for do not pile up without bound: a feed tells a slow reader less, or ends. */
    enum ord_fed (*next)(struct ord_feed *feed, struct ord_arena *arena, const ProtobufCMessage **ret_message,
                         struct ord_error *error);
    /* The caller is gone. `ready` is not called any more once this returns. */
    void (*close)(struct ord_feed *feed);
};

#define ORD_ROUTE_VERBS 2
#define ORD_ROUTE_VARIABLES 2

struct ord_method {
    const char *service; /* "ordinal.v1.IdService" */
    const char *name;    /* "GetIds" */
    const char *path;    /* "/ordinal.v1.IdService/GetIds" */
    enum ord_shape shape;
    enum ord_gives gives;
    /* Over REST: the verbs, the one that clients should use first; NULL: not over REST. A row whose first verb
     * is not GET changes something. */
    const char *verbs[ORD_ROUTE_VERBS];
    const char
        *route;      /* "/v1/groups/{group}/members/{name}:renew": names in braces are fields of the request */
    bool takes_body; /* POST: fields may come as a JSON object, too */
    size_t request_max; /* bytes of a request; 0: 4,096; as JSON three times as many */
    enum ord_access access;
    const ProtobufCMessageDescriptor *request, *reply;
    ord_handler *handle;
    ord_ask_handler *ask;
    const struct ord_feed_type *feed; /* ORD_STREAM_PUSHED */
    /* The reply as plain text, each line ended, for those who prefer that; NULL: there is JSON only. NULL when
     * there is no memory. */
    const char *(*text)(const ProtobufCMessage *reply, struct ord_arena *arena);
};

extern const struct ord_method ord_methods[];
extern const size_t ord_method_count;

/* The row of a gRPC path, or NULL. */
const struct ord_method *ord_method_by_path(const char *path);

/* The row of a name such as "GetIds", or NULL. */
const struct ord_method *ord_method_by_name(const char *name);

/* Whether a caller may call: `is_local` is what the front end knows for sure. ORD_FORBIDDEN: it may not. */
enum ord_code ord_method_admit(const struct ord_method *method, bool is_local, struct ord_error *error);

/* What a path has in place of a route's braces: not decoded, never empty. */
struct ord_route_value {
    const char *at;
    size_t length;
};

/* Whether a row's route is that of a request path (without query, not decoded); what stands for the braces, in
 * their order, is then in `ret_values`. */
bool ord_route_matches(const struct ord_method *method, const char *path,
                       struct ord_route_value ret_values[ORD_ROUTE_VARIABLES]);

/* The name between the index-th braces of a row's route in `ret` (of `size` bytes). False: it has not so many.
 */
bool ord_route_field(const struct ord_method *method, unsigned index, char *ret, size_t size);

/* Whether a row takes a verb over REST. */
bool ord_method_takes(const struct ord_method *method, const char *verb);

/* Whether a row changes something, so that repeating it unasked (a prefetch, a HEAD) is not harmless. */
bool ord_method_changes(const struct ord_method *method);

/* The names of the gRPC services in the table, each once: index 0, 1, … until NULL. */
const char *ord_service_name(size_t index);
