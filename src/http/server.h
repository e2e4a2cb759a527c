/*
 * The REST front end: HTTP/1.0 and 1.1 on civetweb, plaintext, IPv4.
 *
 * It answers the rows of api/methods.h that have a route, pushed streams among them as Server-Sent Events,
 * /livez, /readyz, /metrics, and the pages that are embedded in the program. Each connection holds one of its
 * threads while it is open; threads are started as connections come, and stay. Calls do not allocate for
 * /v1/id.
 *
 * Open, drain and close belong to one thread.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "api/service.h"
#include "base/error.h"

struct ord_http;

struct ord_http_options {
    const char *listen;          /* "127.0.0.1:8080": an IPv4 address and a port; port 0 picks one */
    unsigned threads;            /* connections served at once; at least 1 */
    uint32_t keep_alive_ms;      /* how long an idle connection keeps its thread */
    uint32_t request_timeout_ms; /* how long a request may take to arrive */
    uint32_t max_wait_ms;        /* the longest wait for capacity that a caller may ask for; 0: none */
    unsigned
        event_streams; /* of these connections, how many may have events pushed: at most half of `threads` */
    uint32_t heartbeat_ms;   /* how often an event stream says that it is there; 0: 15 s */
    bool gathers;            /* replies to pipelined requests leave in one go; see gather/gather.h */
    const char *cors_origin; /* whose pages may call: one origin, or "*"; NULL or empty: nobody's */
};

/* Listens and answers. The service outlives the server. What `options` points to is not kept.
 *
 * ORD_INVALID_ARGUMENT: an address or origin that cannot be used. ORD_INTERNAL: the system refused, with the
 * cause
 * ("listen on 127.0.0.1:8080: Address already in use"). */
enum ord_code ord_http_open(struct ord_service *service, const struct ord_http_options *options,
                            struct ord_http **ret_http, struct ord_error *error);

/* The address listened on, with its real port. Valid until close. */
const char *ord_http_address(const struct ord_http *http);

/* From now on calls are refused with 503 and their connections closed, and event streams end; /livez, /readyz
 * and /metrics still answer. Returns once no call is in flight, or after `limit_ms`. */
void ord_http_drain(struct ord_http *http, uint32_t limit_ms);

/* Stops at once: open connections are cut once what they do is done. Takes NULL; returns NULL. */
struct ord_http *ord_http_close(struct ord_http *http);
