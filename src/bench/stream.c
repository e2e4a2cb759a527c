#include "bench/stream.h"

#include <nghttp2/nghttp2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PREFIX 5 /* bytes before a message: compressed or not, and its length */
#define MESSAGE_MAX ((size_t)64 * 1024 * 1024)
#define NO_STATUS (-1)

static const struct ord_bench *bench_of(const struct stream *stream)
{
    return stream->connection->worker->bench;
}

static bool is_long_lived(const struct stream *stream)
{
    return bench_of(stream)->plan->mode == ORD_BENCH_STREAM;
}

void ord_stream_open(struct stream *stream, int32_t number)
{
    stream->number = number;
    stream->unsent = 0;
    stream->last = -1;
    stream->has_reply = false;
    stream->fault = NULL;
    stream->status = NO_STATUS;
    stream->gathered_size = 0;
    stream->message[0] = '\0';
}

/* Calls */

void ord_stream_ask(struct stream *stream, struct slot *slot)
{
    slot->stream = stream;
    slot->next = NULL;
    if (stream->newest)
        stream->newest->next = slot;
    else
        stream->oldest = slot;
    stream->newest = slot;
    stream->unsent += bench_of(stream)->request.body_size;
}

static struct slot *take_oldest(struct stream *stream)
{
    struct slot *slot = stream->oldest;
    if (!slot)
        return NULL;
    stream->oldest = slot->next;
    if (!stream->oldest)
        stream->newest = NULL;
    return slot;
}

/* All requests are the same, so that what is unsent tells where in one of them it stands. */
size_t ord_stream_send(struct stream *stream, uint8_t *buffer, size_t room)
{
    const struct request *request = &bench_of(stream)->request;
    size_t used = 0;
    while (stream->unsent > 0 && used < room) {
        size_t left = (stream->unsent - 1) % request->body_size + 1; /* of the request at hand */
        size_t size = left < room - used ? left : room - used;
        memcpy(buffer + used, request->body + request->body_size - left, size);
        stream->unsent -= size;
        used += size;
    }
    return used;
}

/* What comes: messages */

static size_t message_size(const uint8_t *prefix)
{
    return (size_t)prefix[1] << 24 | (size_t)prefix[2] << 16 | (size_t)prefix[3] << 8 | prefix[4];
}

static const char *read_message(struct stream *stream, const uint8_t *bytes, size_t size)
{
    if (!stream->oldest)
        return "an answer came that nothing was asked for";
    const char *fault = stream->has_reply ? "more than one reply came"
                                          : ord_slot_read(stream->oldest, &stream->last, bytes, size);
    if (*(bytes - PREFIX) != 0)
        fault = "the reply is compressed";
    if (!is_long_lived(stream)) {
        stream->has_reply = true;
        stream->fault = stream->fault ? stream->fault : fault;
    } else if (fault) {
        ord_slot_fail(take_oldest(stream), "INTERNAL", fault);
    } else {
        ord_slot_succeed(take_oldest(stream));
    }
    return NULL;
}

/* Reads the whole messages at the front, and tells how many bytes these take. */
static const char *read_messages(struct stream *stream, const uint8_t *bytes, size_t size, size_t *ret_done)
{
    const char *fault = NULL;
    size_t at = 0;
    while (!fault && size - at >= PREFIX && size - at - PREFIX >= message_size(bytes + at)) {
        size_t length = message_size(bytes + at);
        fault = read_message(stream, bytes + at + PREFIX, length);
        at += PREFIX + length;
    }
    *ret_done = at;
    return fault;
}

static const char *gather(struct stream *stream, const uint8_t *bytes, size_t size)
{
    if (stream->gathered_room - stream->gathered_size < size) {
        size_t room = stream->gathered_room * 2 + size;
        uint8_t *grown = room <= 2 * MESSAGE_MAX ? realloc(stream->gathered, room) : NULL;
        if (!grown)
            return "the answer is too large";
        stream->gathered = grown;
        stream->gathered_room = room;
    }
    memcpy(stream->gathered + stream->gathered_size, bytes, size);
    stream->gathered_size += size;
    return NULL;
}

/* Most messages come in one piece and are read where they lie. */
const char *ord_stream_receive(struct stream *stream, const uint8_t *bytes, size_t size)
{
    size_t done = 0;
    if (stream->fault)
        return NULL;
    if (stream->gathered_size == 0) {
        const char *fault = read_messages(stream, bytes, size, &done);
        return fault || done == size ? fault : gather(stream, bytes + done, size - done);
    }
    const char *fault = gather(stream, bytes, size);
    if (!fault)
        fault = read_messages(stream, stream->gathered, stream->gathered_size, &done);
    memmove(stream->gathered, stream->gathered + done, stream->gathered_size - done);
    stream->gathered_size -= done;
    return fault;
}

/* What comes: ends */

void ord_stream_note_status(struct stream *stream, const uint8_t *value, size_t size)
{
    int status = 0;
    for (size_t i = 0; i < size && status < 1000; i++)
        status = value[i] >= '0' && value[i] <= '9' ? status * 10 + value[i] - '0' : 1000;
    stream->status = size > 0 ? status : NO_STATUS;
}

void ord_stream_note_http_status(struct stream *stream, const uint8_t *value, size_t size)
{
    if (stream->message[0] == '\0')
        snprintf(stream->message, sizeof stream->message, "the answer is no gRPC: HTTP status %.*s", (int)size,
                 (const char *)value);
    if (!stream->fault)
        stream->fault = stream->message;
}

/* How the calls under way end. Status NULL: well. */
struct ending {
    const char *status, *message;
    char text[ORD_OUTCOME_TEXT_MAX];
};

static void find_ending(const struct stream *stream, uint32_t error, struct ending *ret)
{
    bool has_status = stream->status != NO_STATUS;
    *ret = (struct ending){.status = "INTERNAL", .message = ret->text};
    if (stream->status > 0) {
        ret->status = ord_grpc_status_name(stream->status);
        ret->message = stream->message;
    } else if (stream->fault) {
        ret->message = stream->fault;
    } else if (!has_status && error != 0) {
        snprintf(ret->text, sizeof ret->text, "the stream was reset: %s", nghttp2_http2_strerror(error));
        ret->status = error == NGHTTP2_REFUSED_STREAM ? "UNAVAILABLE" : "INTERNAL";
    } else if (!has_status || !stream->has_reply) {
        ret->message = has_status ? "the answer has no reply" : "the answer has no status";
    } else {
        ret->status = NULL;
    }
}

static void close_stream(struct stream *stream)
{
    stream->number = 0;
    stream->unsent = 0;
    stream->gathered_size = 0;
}

void ord_stream_end(struct stream *stream, uint32_t error)
{
    struct ending ending;
    find_ending(stream, error, &ending);
    close_stream(stream);
    for (struct slot *slot; (slot = take_oldest(stream));)
        if (ending.status)
            ord_slot_fail(slot, ending.status, ending.message);
        else
            ord_slot_succeed(slot);
}

void ord_stream_give_up(struct stream *stream)
{
    close_stream(stream);
    for (struct slot *slot; (slot = take_oldest(stream));)
        if (ord_slot_is_late(slot))
            ord_slot_fail(slot, "DEADLINE_EXCEEDED", "no answer in time");
        else
            ord_slot_fail(slot, "CANCELLED",
                          "the stream was given up, since a call before had no answer in time");
}

void ord_stream_finish(struct stream *stream)
{
    free(stream->gathered);
}
