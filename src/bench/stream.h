/*
 * Private to bench: the calls on one HTTP/2 stream of gRPC, and the bytes of the messages there.
 *
 * Replies come in the order of the requests, so a reply belongs to the oldest call under way. A stream of unary
 * or batch carries one call, which ends with it; one of StreamIds carries one call after another, many at once,
 * each of which ends with its reply. When a stream ends, all calls under way on it do.
 *
 * It knows nothing of frames; the worker's thread only.
 */
#pragma once

#include "bench/internal.h"

struct stream {
    struct connection *connection;
    int32_t number;               /* 0: it is not open */
    struct slot *oldest, *newest; /* calls under way; NULL: none */
    size_t unsent;                /* bytes of their requests */
    int64_t last;                 /* ID that came on it; -1: none */
    bool has_reply;               /* unary and batch: it came */
    const char *fault;            /* what is wrong with what came; NULL: nothing */
    int status;                   /* -1: none came */
    uint8_t *gathered;            /* a message that came in pieces */
    size_t gathered_size, gathered_room;
    char message[ORD_OUTCOME_TEXT_MAX];
};

/* Forgets what there was of the stream before; no call is under way. */
void ord_stream_open(struct stream *stream, int32_t number);

/* One more call, the newest. */
void ord_stream_ask(struct stream *stream, struct slot *slot);

/* Takes up to `room` bytes of what is to be sent, of as many requests as fit; returns how many. */
size_t ord_stream_send(struct stream *stream, uint8_t *buffer, size_t room);

/* The status in the trailers, in digits; the status of HTTP, which is not 200. */
void ord_stream_note_status(struct stream *stream, const uint8_t *value, size_t size);
void ord_stream_note_http_status(struct stream *stream, const uint8_t *value, size_t size);

/* Takes bytes that came; ends the calls whose replies are whole. NULL, or why the connection is of no more use.
 */
const char *ord_stream_receive(struct stream *stream, const uint8_t *bytes, size_t size);

/* It has ended, with the error of HTTP/2 (0: none); so have its calls. */
void ord_stream_end(struct stream *stream, uint32_t error);

/* The same when it is ended here because a call took too long; to the calls that did not, CANCELLED is told. */
void ord_stream_give_up(struct stream *stream);

/* Frees what it gathered. */
void ord_stream_finish(struct stream *stream);
