/*
 * The event streams that are open: how many there may be, who wakes them, how they end. Private to http/.
 *
 * Each holds a thread, and with it a connection, for as long as its client listens.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/error.h"

struct ord_http_call;
struct ord_http_shared;

struct ord_http_stream {
    struct ord_http_shared *shared;
    int socket; /* -1: not known; then it takes heartbeats to notice that the client is gone */
    int woken;  /* an eventfd */
    atomic_bool is_woken;
    LIST_ENTRY(ord_http_stream) among;
};

/* Opens a stream over a call's connection. ORD_UNAVAILABLE: there are as many as may be. */
enum ord_code ord_http_stream_open(struct ord_http_call *call, struct ord_http_stream *stream,
                                   struct ord_error *error);

/* Ends the wait of the stream's thread, or the next one. Any thread; does not block. */
void ord_http_stream_wake(struct ord_http_stream *stream);

enum ord_http_stream_state {
    ORD_HTTP_STREAM_WOKEN,
    ORD_HTTP_STREAM_QUIET, /* nothing for `timeout_ms` */
    ORD_HTTP_STREAM_OVER,  /* the client is gone, or the server drains */
};

/* Waits until the stream is woken. What is still held back is sent before. */
enum ord_http_stream_state ord_http_stream_wait(struct ord_http_stream *stream, int timeout_ms);

void ord_http_stream_close(struct ord_http_stream *stream);

/* Wakes all of them, since the server drains; cuts the connections of those that are still there. Any thread,
 * with the lock of `shared` held. */
void ord_http_streams_wake(struct ord_http_shared *shared);
void ord_http_streams_cut(struct ord_http_shared *shared);
