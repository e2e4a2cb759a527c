/*
 * The one table of methods. A row is all that gRPC, REST, the metrics and the command line need to know of a
 * method; a method is added here and nowhere else.
 *
 * Rows come in two kinds. Methods that give IDs (`gives` is not ORD_GIVES_MESSAGE) have no handler: the front
 * end reads the request, calls ord_service_take and encodes the claim straight into its reply. All others have
 * a handler from message to message.
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

struct ord_method {
    const char *service; /* "ordinal.v1.IdService" */
    const char *name;    /* "GetIds" */
    const char *path;    /* "/ordinal.v1.IdService/GetIds" */
    enum ord_shape shape;
    enum ord_gives gives;
    const char *verb;  /* "GET", "POST"; NULL: not over REST. The fields of a request are never in a body */
    const char *route; /* "/v1/ids/{id}": a last segment in braces is the field of that name */
    enum ord_access access;
    const ProtobufCMessageDescriptor *request, *reply;
    ord_handler *handle; /* ORD_GIVES_MESSAGE only */
};

extern const struct ord_method ord_methods[];
extern const size_t ord_method_count;

/* The row of a gRPC path, or NULL. */
const struct ord_method *ord_method_by_path(const char *path);

/* The row of a name such as "GetIds", or NULL. */
const struct ord_method *ord_method_by_name(const char *name);

/* Whether a caller may call: `is_local` is what the front end knows for sure. ORD_FORBIDDEN: it may not. */
enum ord_code ord_method_admit(const struct ord_method *method, bool is_local, struct ord_error *error);

/* Whether a row's route is that of a request path (without query, not decoded). `*ret_value` is then the part
 * of the path that stands for the braces, or NULL if the route has none; ord_route_field tells the field's
 * name. */
bool ord_route_matches(const struct ord_method *method, const char *path, const char **ret_value);

/* The name between the braces of a row's route in `ret` (of `size` bytes), or "" if it has none. */
void ord_route_field(const struct ord_method *method, char *ret, size_t size);

/* The names of the gRPC services in the table, each once: index 0, 1, … until NULL. */
const char *ord_service_name(size_t index);
