#include <nghttp2/nghttp2.h>
#include <stdlib.h>
#include <string.h>

#include "bench/grpc_text.h"
#include "bench/internal.h"
#include "bench/stream.h"

/* Replies are never held up by windows: these are as large as HTTP/2 allows. */
#define WINDOW INT32_MAX

/* A connection is made anew before its stream numbers, of which each call takes two, come to their end. */
#define STREAM_LAST (INT32_MAX - 100000)

static const struct ord_bench *bench_of(const struct connection *connection)
{
    return connection->worker->bench;
}

/* A connection's state. */
struct session {
    nghttp2_session *h2;
    struct stream *streams; /* one for each slot, or as many as the plan has of StreamIds */
    uint32_t count, usable; /* usable: as many as the server allows */
    const char *fault;
};

static bool is_long_lived(const struct connection *connection)
{
    return bench_of(connection)->plan->mode == ORD_BENCH_STREAM;
}

/* The stream of a number, unless it is over for us. */
static struct stream *stream_of(nghttp2_session *h2, int32_t number)
{
    return nghttp2_session_get_stream_user_data(h2, number);
}

/* What comes */

static bool is(const uint8_t *name, size_t size, const char *literal)
{
    return size == strlen(literal) && memcmp(name, literal, size) == 0;
}

/* The stream is looked up only for what matters. */
static int on_header(nghttp2_session *h2, const nghttp2_frame *frame, const uint8_t *name, size_t name_size,
                     const uint8_t *value, size_t size, uint8_t flags, void *context)
{
    bool http = is(name, name_size, ":status") && !is(value, size, "200");
    bool status = is(name, name_size, "grpc-status");
    bool message = is(name, name_size, "grpc-message");
    if (!http && !status && !message)
        return 0;
    struct stream *stream = stream_of(h2, frame->hd.stream_id);
    if (stream && http)
        ord_stream_note_http_status(stream, value, size);
    if (stream && status)
        ord_stream_note_status(stream, value, size);
    if (stream && message)
        ord_grpc_message_decode((const char *)value, size, stream->message, sizeof stream->message);
    return 0;
}

static int on_data(nghttp2_session *h2, uint8_t flags, int32_t number, const uint8_t *bytes, size_t size,
                   void *context)
{
    struct stream *stream = stream_of(h2, number);
    if (!stream)
        return 0;
    struct session *session = ((struct connection *)context)->session;
    session->fault = ord_stream_receive(stream, bytes, size);
    return session->fault ? NGHTTP2_ERR_CALLBACK_FAILURE : 0;
}

static int on_stream_close(nghttp2_session *h2, int32_t number, uint32_t error, void *context)
{
    struct stream *stream = stream_of(h2, number);
    if (stream && stream->number == number)
        ord_stream_end(stream, error);
    return 0;
}

/* What comes on the stream from now on is nothing to us. */
static void let_go(nghttp2_session *h2, int32_t number)
{
    nghttp2_session_set_stream_user_data(h2, number, NULL);
    nghttp2_submit_rst_stream(h2, NGHTTP2_FLAG_NONE, number, NGHTTP2_CANCEL);
}

/* The server has said all that it will on the stream. Our side of a long-lived one is still open. */
static void on_last_frame(struct connection *connection, nghttp2_session *h2, int32_t number)
{
    struct stream *stream = is_long_lived(connection) ? stream_of(h2, number) : NULL;
    if (!stream)
        return;
    let_go(h2, number);
    ord_stream_end(stream, 0);
}

/* A call needs a stream of its own, or all of them share a few. */
static void on_settings(struct connection *connection, uint32_t allowed)
{
    struct session *session = connection->session;
    session->usable = allowed < session->count ? allowed : session->count;
    if (session->usable > connection->worker->streams)
        connection->worker->streams = session->usable;
    bool share = is_long_lived(connection) && session->usable > 0;
    ord_connection_ready(connection, share ? bench_of(connection)->plan->in_flight : session->usable);
}

static int on_frame(nghttp2_session *h2, const nghttp2_frame *frame, void *context)
{
    struct connection *connection = context;
    bool has_end = frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA;
    if (has_end && frame->hd.flags & NGHTTP2_FLAG_END_STREAM)
        on_last_frame(connection, h2, frame->hd.stream_id);
    if (frame->hd.type == NGHTTP2_SETTINGS && !(frame->hd.flags & NGHTTP2_FLAG_ACK))
        on_settings(connection,
                    nghttp2_session_get_remote_settings(h2, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS));
    if (frame->hd.type == NGHTTP2_GOAWAY)
        ord_connection_retire(connection);
    return 0;
}

/* What goes */

/* The body of a request; a long-lived stream waits for its next message. A frame takes all that fits, so that
 * what a turn sends on a stream mostly is one. */
static ssize_t read_body(nghttp2_session *h2, int32_t number, uint8_t *buffer, size_t room, uint32_t *flags,
                         nghttp2_data_source *source, void *context)
{
    struct stream *stream = source->ptr;
    size_t size = ord_stream_send(stream, buffer, room);
    if (size == 0)
        return NGHTTP2_ERR_DEFERRED;
    if (stream->unsent == 0 && !is_long_lived(stream->connection))
        *flags |= NGHTTP2_DATA_FLAG_EOF;
    return (ssize_t)size;
}

#define NAME_VALUE(name, value)                                                                                \
    {                                                                                                          \
        (uint8_t *)(name), (uint8_t *)(value), strlen(name), strlen(value),                                    \
            NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE                                       \
    }

static bool open_stream(struct connection *connection, struct stream *stream)
{
    const struct request *request = &bench_of(connection)->request;
    const struct session *session = connection->session;
    const nghttp2_nv headers[] = {
        NAME_VALUE(":method", "POST"),
        NAME_VALUE(":scheme", "http"),
        NAME_VALUE(":path", request->path),
        NAME_VALUE(":authority", request->authority),
        NAME_VALUE("te", "trailers"),
        NAME_VALUE("content-type", "application/grpc"),
        NAME_VALUE("user-agent", "ordinal-bench/" ORDINAL_VERSION),
        NAME_VALUE("grpc-timeout", request->timeout),
    };
    size_t count =
        sizeof headers / sizeof *headers - is_long_lived(connection); /* the timeout is that of a message */
    nghttp2_data_provider body = {.source.ptr = stream, .read_callback = read_body};
    int32_t number = nghttp2_submit_request(session->h2, NULL, headers, count, &body, stream);
    if (number > 0)
        ord_stream_open(stream, number);
    return number > 0;
}

/* One that is free, or the slot's share of the long-lived ones. */
static struct stream *stream_for(const struct connection *connection, const struct slot *slot)
{
    const struct session *session = connection->session;
    size_t index = (size_t)(slot - connection->slots);
    return &session->streams[is_long_lived(connection) ? index % session->usable : index];
}

/* A stream that has more to send already will be read on: nghttp2 need not be told. */
static bool grpc_send(struct connection *connection, struct slot *slot)
{
    const struct session *session = connection->session;
    struct stream *stream = stream_for(connection, slot);
    if (stream->number == 0 && !open_stream(connection, stream))
        return false;
    if (stream->unsent == 0)
        nghttp2_session_resume_data(session->h2, stream->number);
    ord_stream_ask(stream, slot);
    return true;
}

static bool grpc_flush(struct connection *connection)
{
    const struct session *session = connection->session;
    const uint8_t *bytes;
    ssize_t size;
    while ((size = nghttp2_session_mem_send(session->h2, &bytes)) > 0) {
        uint8_t *room = ord_out_room(connection, (size_t)size);
        if (!room)
            return false;
        memcpy(room, bytes, (size_t)size);
        ord_out_used(connection, (size_t)size);
    }
    return size == 0;
}

static const char *grpc_receive(struct connection *connection, const uint8_t *bytes, size_t size)
{
    const struct session *session = connection->session;
    ssize_t done = nghttp2_session_mem_recv(session->h2, bytes, size);
    if (session->fault)
        return session->fault;
    if (done < 0)
        return done == NGHTTP2_ERR_BAD_CLIENT_MAGIC ? "the server does not speak HTTP/2"
                                                    : nghttp2_strerror((int)done);
    if (!nghttp2_session_check_request_allowed(session->h2) ||
        nghttp2_session_get_next_stream_id(session->h2) > STREAM_LAST)
        ord_connection_retire(connection);
    return NULL;
}

static bool grpc_cancel(struct connection *connection, struct slot *slot)
{
    const struct session *session = connection->session;
    let_go(session->h2, slot->stream->number);
    ord_stream_give_up(slot->stream);
    return true;
}

static void grpc_close(struct connection *connection)
{
    struct session *session = connection->session;
    nghttp2_session_del(session->h2);
    for (uint32_t i = 0; session->streams && i < session->count; i++)
        ord_stream_finish(&session->streams[i]);
    free(session->streams);
    free(session);
}

static bool set_callbacks(nghttp2_session_callbacks *callbacks)
{
    nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_stream_close);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
    return true;
}

static bool greet(struct session *session, struct connection *connection)
{
    static const nghttp2_settings_entry settings[] = {
        {NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
        {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, WINDOW},
    };
    nghttp2_session_callbacks *callbacks = NULL;
    bool greeted = nghttp2_session_callbacks_new(&callbacks) == 0 && set_callbacks(callbacks) &&
                   nghttp2_session_client_new(&session->h2, callbacks, connection) == 0 &&
                   nghttp2_submit_settings(session->h2, NGHTTP2_FLAG_NONE, settings,
                                           sizeof settings / sizeof *settings) == 0 &&
                   nghttp2_session_set_local_window_size(session->h2, NGHTTP2_FLAG_NONE, 0, WINDOW) == 0;
    nghttp2_session_callbacks_del(callbacks);
    return greeted;
}

static void *grpc_open(struct connection *connection)
{
    const struct ord_bench_plan *plan = bench_of(connection)->plan;
    struct session *session = calloc(1, sizeof *session);
    if (!session)
        return NULL;
    session->count = is_long_lived(connection) ? plan->streams : plan->in_flight;
    session->streams = calloc(session->count, sizeof *session->streams);
    for (uint32_t i = 0; session->streams && i < session->count; i++)
        session->streams[i].connection = connection;
    if (session->streams && greet(session, connection))
        return session;
    nghttp2_session_del(session->h2);
    free(session->streams);
    free(session);
    return NULL;
}

const struct protocol ord_bench_grpc = {
    .open = grpc_open,
    .receive = grpc_receive,
    .send = grpc_send,
    .flush = grpc_flush,
    .cancel = grpc_cancel,
    .close = grpc_close,
};
