/*
 * One request and its reply. Private to http/.
 *
 * A call lives on the stack of its connection's thread. The reply is gathered in `out` and goes to the
 * connection in one write when it fits, piece by piece when it does not.
 */
#pragma once

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "api/methods.h"
#include "api/service.h"
#include "http/parse.h"
#include "http/streams.h"
#include "wire/ids.h"

struct mg_connection;

/* What the calls need to know of the server. */
struct ord_http_shared {
    struct ord_service *service;
    struct ord_workers *workers; /* NULL: the library's threads are all started with it */
    bool gathers;
    uint32_t send_timeout_ms; /* how long a client may take nothing of a reply */
    uint64_t max_wait_us;
    unsigned waiters_max; /* threads that may hold replies back at a time */
    atomic_uint waiters;
    unsigned streams_max; /* threads that may tell events at a time */
    atomic_uint streams;
    LIST_HEAD(, ord_http_stream) open_streams; /* under `lock` */
    uint32_t heartbeat_ms;                     /* of event streams */
    atomic_bool draining;
    atomic_uint in_flight;
    pthread_mutex_t lock;
    pthread_cond_t quiet; /* signalled while draining, when nothing is in flight */
    char cors[512];       /* header lines of every reply; "" when CORS is off */
    char preflight[768];  /* header lines of a preflight's reply */
    char origin[256];     /* whose pages may call; "" when nobody's or everybody's may */
    bool allows_any_origin;
    atomic_bool started;
    char start_failure[256]; /* what the library logged before it had started */
    char address[32];        /* "127.0.0.1:8080": where it listens */
};

#define ORD_HTTP_OUT_SIZE 16384

/* The largest request line and headers, together, that are taken. */
#define ORD_HTTP_HEAD_MAX 8192

struct ord_http_call {
    struct ord_http_shared *shared;
    struct mg_connection *connection;

    /* the request */
    const char *verb, *path, *query; /* the path as it was sent; the query NULL if there is none */
    bool is_head;
    bool is_first_version; /* HTTP/1.0 */
    bool must_close;       /* the connection ends with this reply */
    bool is_draining;      /* the server is */
    size_t head_size;      /* of the request line and the headers, about */
    struct ord_http_accept accept;
    const char *prefer, *accept_encoding, *if_none_match; /* headers; NULL: not there */
    const char *connection_header, *transfer_encoding, *preflight_method, *request_id, *traceparent;
    const char *idempotency_key;
    const char *host, *origin, *forwarded; /* the last is whatever a proxy adds */
    bool has_body;
    int64_t begin_ns; /* boot time */

    /* the outcome */
    const struct ord_method *method; /* NULL: not a row of the table */
    bool is_counted;                 /* belongs to the metrics */
    bool is_repeat;                  /* its IDs were given before, under the same request ID */
    enum ord_code code;
    int status;
    uint32_t ids;

    /* the reply */
    const char *request_id_header; /* a whole line, or "" */
    bool is_body_left_out;         /* after the header of a reply to HEAD */
    bool is_broken;                /* the client takes no more */
    size_t used;
    char out[ORD_HTTP_OUT_SIZE];
};

/* Header lines that replies have in common. */
#define ORD_HTTP_NO_STORE "Cache-Control: no-store\r\n"

#define ORD_HTTP_NO_LENGTH UINT64_MAX

/* Starts the reply: status line and headers. `type` is the media type (NULL: no body), `length` the size of the
 * body or ORD_HTTP_NO_LENGTH for a status without body, `headers` whole lines. The body follows by
 * ord_http_put. */
void ord_http_start(struct ord_http_call *call, int status, const char *type, uint64_t length,
                    const char *headers);

/* An ord_sink: takes the next piece of the body of the call that `context` points to. */
void ord_http_put(void *context, const char *bytes, size_t size);

/* A whole reply out of memory. */
void ord_http_reply(struct ord_http_call *call, int status, const char *type, const char *headers,
                    const void *body, size_t size);

/* A whole reply for an error: a problem document (RFC 9457). `status` is that of the code unless it is not 0;
 * `headers` are further lines. */
void ord_http_problem(struct ord_http_call *call, const struct ord_error *error, int status,
                      const char *headers);

/* The problem document of an error, cut where it would be longer; its length. */
#define ORD_HTTP_PROBLEM_MAX 4096
size_t ord_http_problem_text(const struct ord_error *error, int status, char ret[ORD_HTTP_PROBLEM_MAX]);

/* Sends what is gathered. */
void ord_http_flush(struct ord_http_call *call);

/* Callbacks of the library, whose user data is a struct ord_http_shared: answers a request; answers one that
 * the library could not read. */
int ord_http_begin_request(struct mg_connection *connection);
int ord_http_refuse(struct mg_connection *connection, int status, const char *message);

/* Whether the caller is an operator on this host, for sure: it comes over loopback, no proxy says that it
 * stands in between, and it is not the page of some other site in this host's browser. */
bool ord_http_is_local(const struct ord_http_call *call);

/* Whether a page of some other site asks, in whoever's browser: one whose origin is neither this server's nor
 * allowed by CORS. Callers that are no browsers do not say, and are none. */
bool ord_http_is_of_other_site(const struct ord_http_call *call);

/* Routes and answers: `call` holds the request. */
void ord_http_route(struct ord_http_call *call);

/* Answers a method of the table; `values` are what the path has in place of the braces. */
void ord_http_method(struct ord_http_call *call, const struct ord_method *method,
                     const struct ord_route_value *values);

/* Claims IDs for a call; waits for room, or for the disk, as long as the caller and the server allow. Sets
 * `is_repeat`. Errors are the service's; ORD_UNAVAILABLE too when too many calls wait already. */
enum ord_code ord_http_take(struct ord_http_call *call, const struct ord_ids_request *request,
                            struct ord_ids *ret_ids, struct ord_error *error);

/* Answers `/` for those who do not want a page: an ID, as text unless they prefer JSON. */
void ord_http_plain_id(struct ord_http_call *call);

struct ord_http_asset;
typedef void ord_http_answer(struct ord_http_call *call, const struct ord_http_asset *asset);

/* What answers a path that is no method: `/`, health, metrics, embedded files. */
struct ord_http_page {
    ord_http_answer *answer;
    const struct ord_http_asset *asset; /* NULL: it is made on the spot */
    bool outlasts_drain;                /* answers while the server drains */
};

/* False if there is no such page. */
bool ord_http_page_find(const char *path, struct ord_http_page *ret_page);
