/*
 * How the client talks to a server: one small port, and behind it gRPC (on the grpc C core) and REST (on
 * libcurl).
 *
 * A transport is opened to one server, makes one call at a time, beside any streams, and is used by one thread.
 * Nothing is sent before the first call. Each call ends within the timeout that the transport was opened with.
 *
 * Errors of a call are those of the server, with its code, its text and its retry hint; beside them
 * ORD_UNAVAILABLE (the server cannot be reached), ORD_DEADLINE_EXCEEDED (no answer in time) and ORD_INTERNAL
 * (an answer that cannot be read). The texts of these name the server.
 */
#pragma once

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "api/methods.h"
#include "base/arena.h"
#include "base/error.h"

/* The largest reply that is read: a million IDs in runs of two, as JSON, fit. */
#define ORD_REPLY_MAX (64 * 1024 * 1024)

struct ord_stream;

struct ord_transport {
    void *context;
    /* Makes a call of a row of the table in api/methods.h. The reply lives in the arena. */
    enum ord_code (*call)(void *context, const struct ord_method *method, const ProtobufCMessage *request,
                          struct ord_arena *arena, ProtobufCMessage **ret_reply, struct ord_error *error);
    /* Listens to a row that pushes; does not wait for anything. The transport outlives the stream. NULL: this
     * transport has no streams. */
    enum ord_code (*listen)(void *context, const struct ord_method *method, const ProtobufCMessage *request,
                            struct ord_stream **ret_stream, struct ord_error *error);
    /* Asks whether the server, or its service of that name ("": all of it), takes calls. Names of services are
     * known only where `has_services`. */
    enum ord_code (*check)(void *context, const char *service, bool *ret_serving, struct ord_error *error);
    void (*close)(void *context);
    bool has_services;
};

/* `address` is HOST:PORT or [ADDR]:PORT. ORD_INVALID_ARGUMENT: it is not. */
enum ord_code ord_grpc_transport_open(const char *address, int64_t timeout_ms,
                                      struct ord_transport *ret_transport, struct ord_error *error);

/* `url` is what stands before the routes: "http://127.0.0.1:8080", "https://ids.example.net/prefix".
 * ORD_INVALID_ARGUMENT: it is not such a URL. */
enum ord_code ord_http_transport_open(const char *url, int64_t timeout_ms, struct ord_transport *ret_transport,
                                      struct ord_error *error);

/* Waits for the next message of a stream, as long as it takes; it lives in the arena. ORD_OK with NULL in
 * `*ret_message`: the stream ended well. One thread, which need not be that of the transport. */
enum ord_code ord_stream_next(struct ord_stream *stream, struct ord_arena *arena,
                              ProtobufCMessage **ret_message, struct ord_error *error);

/* Has a stream end soon, with ORD_CANCELLED if it was not over. Any thread, as long as it is open. */
void ord_stream_cancel(struct ord_stream *stream);

/* Cancels and closes a stream. Takes NULL; returns NULL. */
struct ord_stream *ord_stream_close(struct ord_stream *stream);

/* `listen` of the gRPC transport. */
enum ord_code ord_grpc_listen(void *context, const struct ord_method *method, const ProtobufCMessage *request,
                              struct ord_stream **ret_stream, struct ord_error *error);

/* Closes a transport; one that is all zero, too. */
void ord_transport_close(struct ord_transport *transport);

/* Where a call goes over REST: the base URL, the row's route with its fields filled in, the other fields as
 * parameters, unless the row takes a body for them. Batches are asked for as runs. NULL when there is no
 * memory. */
const char *ord_http_url(const char *base, const struct ord_method *method, const ProtobufCMessage *request,
                         struct ord_arena *arena);
