#include <nghttp2/nghttp2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/grpc_text.h"
#include "bench/internal.h"

/* Replies are never held up by windows: these are as large as HTTP/2 allows. */
#define WINDOW INT32_MAX
#define PREFIX 5 /* bytes before a message: compressed or not, and its length */
#define MESSAGE_MAX ((size_t)64 * 1024 * 1024)
#define NO_STATUS (-1)

/* A connection is made anew before its stream numbers, of which each call takes two, come to their end. */
#define STREAM_LAST (INT32_MAX - 100000)

static const struct ord_bench *bench_of(const struct connection *connection)
{
    return connection->worker->bench;
}

static bool is_stream(const struct connection *connection)
{
    return bench_of(connection)->plan->mode == ORD_BENCH_STREAM;
}

static struct slot *slot_of(nghttp2_session *session, int32_t stream)
{
    return nghttp2_session_get_stream_user_data(session, stream);
}

/* What comes: headers */

static void read_status(struct slot *slot, const uint8_t *value, size_t size)
{
    int status = 0;
    for (size_t i = 0; i < size && status < 1000; i++)
        status = value[i] >= '0' && value[i] <= '9' ? status * 10 + value[i] - '0' : 1000;
    slot->status = size > 0 ? status : NO_STATUS;
}

static void read_http_status(struct slot *slot, const uint8_t *value, size_t size)
{
    if (slot->message[0] == '\0')
        snprintf(slot->message, sizeof slot->message, "the answer is no gRPC: HTTP status %.*s", (int)size,
                 (const char *)value);
    if (!slot->fault)
        slot->fault = slot->message;
}

static bool is(const uint8_t *name, size_t size, const char *literal)
{
    return size == strlen(literal) && memcmp(name, literal, size) == 0;
}

/* The stream is looked up only for what matters. */
static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
                     size_t name_size, const uint8_t *value, size_t size, uint8_t flags, void *context)
{
    bool http = is(name, name_size, ":status") && !is(value, size, "200");
    bool status = is(name, name_size, "grpc-status");
    bool message = is(name, name_size, "grpc-message");
    if (!http && !status && !message)
        return 0;
    struct slot *slot = slot_of(session, frame->hd.stream_id);
    if (slot && http)
        read_http_status(slot, value, size);
    if (slot && status)
        read_status(slot, value, size);
    if (slot && message)
        ord_grpc_message_decode((const char *)value, size, slot->message, sizeof slot->message);
    return 0;
}

/* What comes: messages */

static size_t message_size(const uint8_t *prefix)
{
    return (size_t)prefix[1] << 24 | (size_t)prefix[2] << 16 | (size_t)prefix[3] << 8 | prefix[4];
}

static void read_message(struct slot *slot, const uint8_t *bytes, size_t size)
{
    const char *fault = slot->has_reply ? "more than one reply came" : ord_slot_read(slot, bytes, size);
    if (*(bytes - PREFIX) != 0)
        fault = "the reply is compressed";
    if (!slot->fault)
        slot->fault = fault;
    slot->has_reply = true;
    if (!is_stream(slot->connection))
        return;
    slot->has_reply = false;
    if (slot->is_busy && !slot->fault)
        ord_slot_succeed(slot);
    else if (slot->is_busy)
        ord_slot_fail(slot, "INTERNAL", slot->fault);
}

/* Reads the whole messages at the front; returns how many bytes these take. */
static size_t read_messages(struct slot *slot, const uint8_t *bytes, size_t size)
{
    size_t at = 0;
    while (size - at >= PREFIX && size - at - PREFIX >= message_size(bytes + at)) {
        size_t length = message_size(bytes + at);
        read_message(slot, bytes + at + PREFIX, length);
        at += PREFIX + length;
    }
    return at;
}

static bool gather(struct slot *slot, const uint8_t *bytes, size_t size)
{
    if (slot->gathered_room - slot->gathered_size < size) {
        size_t room = slot->gathered_room * 2 + size;
        uint8_t *grown = room <= 2 * MESSAGE_MAX ? realloc(slot->gathered, room) : NULL;
        if (!grown)
            return false;
        slot->gathered = grown;
        slot->gathered_room = room;
    }
    memcpy(slot->gathered + slot->gathered_size, bytes, size);
    slot->gathered_size += size;
    return true;
}

/* Most messages come in one piece and are read where they lie. */
static int on_data(nghttp2_session *session, uint8_t flags, int32_t stream, const uint8_t *bytes, size_t size,
                   void *context)
{
    struct slot *slot = slot_of(session, stream);
    if (!slot)
        return 0;
    if (slot->gathered_size == 0) {
        size_t done = read_messages(slot, bytes, size);
        bytes += done;
        size -= done;
        return size == 0 || gather(slot, bytes, size) ? 0 : NGHTTP2_ERR_CALLBACK_FAILURE;
    }
    if (!gather(slot, bytes, size))
        return NGHTTP2_ERR_CALLBACK_FAILURE;
    size_t done = read_messages(slot, slot->gathered, slot->gathered_size);
    memmove(slot->gathered, slot->gathered + done, slot->gathered_size - done);
    slot->gathered_size -= done;
    return 0;
}

/* What comes: ends */

static void end_call(struct slot *slot, uint32_t error)
{
    char text[ORD_OUTCOME_TEXT_MAX];
    if (slot->status > 0) {
        ord_slot_fail(slot, ord_grpc_status_name(slot->status), slot->message);
    } else if (slot->fault) {
        ord_slot_fail(slot, "INTERNAL", slot->fault);
    } else if (slot->status == NO_STATUS) {
        snprintf(text, sizeof text, "the stream was reset: %s", nghttp2_http2_strerror(error));
        ord_slot_fail(slot, error == NGHTTP2_REFUSED_STREAM ? "UNAVAILABLE" : "INTERNAL",
                      error ? text : "the answer has no status");
    } else if (!slot->has_reply) {
        ord_slot_fail(slot, "INTERNAL", "the answer has no reply");
    } else {
        ord_slot_succeed(slot);
    }
}

static int on_stream_close(nghttp2_session *session, int32_t stream, uint32_t error, void *context)
{
    struct slot *slot = slot_of(session, stream);
    if (!slot || slot->stream != stream)
        return 0;
    slot->is_open = false;
    slot->gathered_size = 0;
    if (slot->is_busy)
        end_call(slot, error);
    return 0;
}

static int on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *context)
{
    struct connection *connection = context;
    if (frame->hd.type == NGHTTP2_SETTINGS && !(frame->hd.flags & NGHTTP2_FLAG_ACK))
        ord_connection_ready(
            connection, nghttp2_session_get_remote_settings(session, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS));
    if (frame->hd.type == NGHTTP2_GOAWAY)
        ord_connection_retire(connection);
    return 0;
}

/* What goes */

/* The body of a request; a stream waits for its next message. */
static ssize_t read_body(nghttp2_session *session, int32_t stream, uint8_t *buffer, size_t room,
                         uint32_t *flags, nghttp2_data_source *source, void *context)
{
    struct slot *slot = source->ptr;
    const struct request *request = &bench_of(slot->connection)->request;
    size_t size = slot->unsent < room ? slot->unsent : room;
    if (size == 0)
        return NGHTTP2_ERR_DEFERRED;
    memcpy(buffer, request->body + request->body_size - slot->unsent, size);
    slot->unsent -= size;
    if (slot->unsent == 0 && !is_stream(slot->connection))
        *flags |= NGHTTP2_DATA_FLAG_EOF;
    return (ssize_t)size;
}

#define NAME_VALUE(name, value)                                                                                \
    {                                                                                                          \
        (uint8_t *)(name), (uint8_t *)(value), strlen(name), strlen(value),                                    \
            NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE                                       \
    }

static bool grpc_send(struct connection *connection, struct slot *slot)
{
    const struct request *request = &bench_of(connection)->request;
    slot->unsent = request->body_size;
    if (slot->is_open)
        return nghttp2_session_resume_data(connection->session, slot->stream) == 0;

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
        sizeof headers / sizeof *headers - is_stream(connection); /* the timeout is that of a message */
    nghttp2_data_provider body = {.source.ptr = slot, .read_callback = read_body};
    slot->has_reply = false;
    slot->status = NO_STATUS;
    slot->message[0] = '\0';
    slot->gathered_size = 0;
    slot->stream = nghttp2_submit_request(connection->session, NULL, headers, count, &body, slot);
    slot->is_open = slot->stream > 0 && is_stream(connection);
    return slot->stream > 0;
}

static bool grpc_flush(struct connection *connection)
{
    const uint8_t *bytes;
    ssize_t size;
    while ((size = nghttp2_session_mem_send(connection->session, &bytes)) > 0) {
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
    ssize_t done = nghttp2_session_mem_recv(connection->session, bytes, size);
    if (done < 0)
        return done == NGHTTP2_ERR_BAD_CLIENT_MAGIC ? "the server does not speak HTTP/2"
                                                    : nghttp2_strerror((int)done);
    if (!nghttp2_session_check_request_allowed(connection->session) ||
        nghttp2_session_get_next_stream_id(connection->session) > STREAM_LAST)
        ord_connection_retire(connection);
    return NULL;
}

static bool grpc_cancel(struct connection *connection, struct slot *slot)
{
    nghttp2_submit_rst_stream(connection->session, NGHTTP2_FLAG_NONE, slot->stream, NGHTTP2_CANCEL);
    nghttp2_session_set_stream_user_data(connection->session, slot->stream, NULL);
    slot->is_open = false;
    slot->gathered_size = 0;
    ord_slot_fail(slot, "DEADLINE_EXCEEDED", "no answer in time");
    return true;
}

static void grpc_close(struct connection *connection)
{
    nghttp2_session_del(connection->session);
}

static bool set_callbacks(nghttp2_session_callbacks *callbacks)
{
    nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_stream_close);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
    return true;
}

static void *grpc_open(struct connection *connection)
{
    static const nghttp2_settings_entry settings[] = {
        {NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
        {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, WINDOW},
    };
    nghttp2_session_callbacks *callbacks = NULL;
    nghttp2_session *session = NULL;
    if (nghttp2_session_callbacks_new(&callbacks) == 0 && set_callbacks(callbacks) &&
        nghttp2_session_client_new(&session, callbacks, connection) == 0 &&
        (nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, settings, sizeof settings / sizeof *settings) !=
             0 ||
         nghttp2_session_set_local_window_size(session, NGHTTP2_FLAG_NONE, 0, WINDOW) != 0)) {
        nghttp2_session_del(session);
        session = NULL;
    }
    nghttp2_session_callbacks_del(callbacks);
    return session;
}

const struct protocol ord_bench_grpc = {
    .open = grpc_open,
    .receive = grpc_receive,
    .send = grpc_send,
    .flush = grpc_flush,
    .cancel = grpc_cancel,
    .close = grpc_close,
};
