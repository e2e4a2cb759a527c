/*
 * The limit of unary gRPC over HTTP/2 on this machine: `h2_epoll PORT`.
 *
 * Answers every stream, once its request has ended, with one fixed GetIdResponse. Frames are told apart by type
 * and flags; headers are not decoded, so that no path or method is looked at: it is no HTTP/2 server, only what
 * the kernel and one thread can do for one. It speaks prior-knowledge HTTP/2 well enough for real clients:
 * settings and pings are acknowledged, received bytes are given back to the connection's window, and the peer's
 * window over the connection is kept to. Left out: windows of single streams (a request is to be shorter than
 * the initial 65,535 bytes, and a peer that grants a stream less than one reply is hung up on), and errors,
 * which all close the connection.
 */
#include <stdbool.h>
#include <string.h>

#include "loop.h"
#include "reply.h"

#define PREFACE "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
#define PREFACE_SIZE (sizeof PREFACE - 1)

enum {
    DATA = 0,
    HEADERS = 1,
    SETTINGS = 4,
    PING = 6,
    WINDOW_UPDATE = 8,
    CONTINUATION = 9,
    TYPES = 10
};

enum {
    ACK = 0x1,
    END_STREAM = 0x1,
    END_HEADERS = 0x4
};

enum {
    HEAD_SIZE = 9,
    FRAME_MAX = 16384,
    STREAMS_MAX = 1024, /* at a time; what the first SETTINGS say */
    INITIAL_WINDOW = 65535,
    SETTING_INITIAL_WINDOW = 4,
};

#define FRAME(size, type, flags) "\0\0" size type flags "\0\0\0\0"

/* The literals are never indexed, so no table of the peer's changes; C's core writes the same bytes. */
#define RESPONSE                                                                                               \
    "\x88\x10\x0c"                                                                                             \
    "content-type\x10"                                                                                         \
    "application/grpc"
#define MESSAGE "\0\0\0\0\x0a" BARE_ID_REPLY
#define TRAILERS                                                                                               \
    "\x10\x0b"                                                                                                 \
    "grpc-status\x01"                                                                                          \
    "0"
#define REPLY                                                                                                  \
    FRAME("\x20", "\x01", "\x04")                                                                              \
    RESPONSE FRAME("\x0f", "\0", "\0") MESSAGE FRAME("\x0f", "\x01", "\x05") TRAILERS

enum {
    REPLY_SIZE = sizeof REPLY - 1,
    MESSAGE_SIZE = sizeof MESSAGE - 1,
    MESSAGE_AT = HEAD_SIZE + sizeof RESPONSE - 1,
    TRAILERS_AT = MESSAGE_AT + HEAD_SIZE + MESSAGE_SIZE,
    ID_IN_HEAD = 5,
    OWN_FRAMES = 2 * (HEAD_SIZE + 8), /* the most that is written for one frame that came, but for replies */
};

struct h2 {
    bool greeted;
    int64_t window;                                /* what may be sent over the connection */
    uint32_t eaten;                                /* bytes of DATA to be given back */
    uint32_t first, waiting, streams[STREAMS_MAX]; /* a ring of ended requests that the window keeps waiting */
};

_Static_assert(sizeof(struct h2) <= BARE_STATE, "the state of a connection has room");

struct frame {
    uint32_t size, stream;
    uint8_t type, flags;
    const uint8_t *payload;
};

static uint32_t read_u32(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static void write_u32(uint8_t *at, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        at[i] = (uint8_t)(value >> (24 - 8 * i));
}

static struct h2 *state_of(struct bare_peer *peer)
{
    return (struct h2 *)peer->state;
}

static void greet(struct bare_peer *peer)
{
    static const char settings[] = FRAME("\x06", "\x04", "\0") "\0\x03\0\0\x04\0";
    state_of(peer)->window = INITIAL_WINDOW;
    bare_put(peer, settings, sizeof settings - 1);
}

static void reply(struct bare_peer *peer, uint32_t stream)
{
    uint8_t *at = bare_put(peer, REPLY, REPLY_SIZE);
    write_u32(at + ID_IN_HEAD, stream);
    write_u32(at + MESSAGE_AT + ID_IN_HEAD, stream);
    write_u32(at + TRAILERS_AT + ID_IN_HEAD, stream);
    state_of(peer)->window -= MESSAGE_SIZE;
}

static bool may_reply(struct bare_peer *peer)
{
    return state_of(peer)->window >= MESSAGE_SIZE && bare_room(peer) >= REPLY_SIZE + OWN_FRAMES;
}

static void reply_to_waiting(struct bare_peer *peer)
{
    struct h2 *h2 = state_of(peer);
    for (; h2->waiting > 0 && may_reply(peer); h2->waiting--)
        reply(peer, h2->streams[h2->first++ % STREAMS_MAX]);
}

/* Of a stream that it is the turn of, or that has to wait; false: there are more than were allowed. */
static bool request_ended(struct bare_peer *peer, uint32_t stream)
{
    struct h2 *h2 = state_of(peer);
    if (h2->waiting == 0 && may_reply(peer)) {
        reply(peer, stream);
        return true;
    }
    if (h2->waiting == STREAMS_MAX)
        return false;
    h2->streams[(h2->first + h2->waiting++) % STREAMS_MAX] = stream;
    return true;
}

static bool on_headers(struct bare_peer *peer, const struct frame *frame)
{
    return !(frame->flags & END_STREAM) || request_ended(peer, frame->stream);
}

static bool on_data(struct bare_peer *peer, const struct frame *frame)
{
    state_of(peer)->eaten += frame->size;
    return on_headers(peer, frame);
}

static bool on_settings(struct bare_peer *peer, const struct frame *frame)
{
    static const char ack[] = FRAME("\0", "\x04", "\x01");
    if (frame->flags & ACK)
        return true;
    for (uint32_t at = 0; at + 6 <= frame->size; at += 6)
        if (frame->payload[at + 1] == SETTING_INITIAL_WINDOW &&
            read_u32(frame->payload + at + 2) < MESSAGE_SIZE)
            return false;
    bare_put(peer, ack, sizeof ack - 1);
    return true;
}

static bool on_ping(struct bare_peer *peer, const struct frame *frame)
{
    static const char pong[] = FRAME("\x08", "\x06", "\x01");
    if (frame->flags & ACK)
        return true;
    if (frame->size != 8)
        return false;
    bare_put(peer, pong, sizeof pong - 1);
    bare_put(peer, frame->payload, 8);
    return true;
}

static bool on_window_update(struct bare_peer *peer, const struct frame *frame)
{
    if (frame->size != 4)
        return false;
    if (frame->stream == 0)
        state_of(peer)->window += read_u32(frame->payload) & INT32_MAX;
    return true;
}

/* What is in no row is passed over. */
static bool (*const kinds[TYPES])(struct bare_peer *peer, const struct frame *frame) = {
    [DATA] = on_data,
    [HEADERS] = on_headers,
    [SETTINGS] = on_settings,
    [PING] = on_ping,
    [WINDOW_UPDATE] = on_window_update,
};

static void give_back(struct bare_peer *peer)
{
    static const char update[] = FRAME("\x04", "\x08", "\0");
    struct h2 *h2 = state_of(peer);
    if (h2->eaten == 0)
        return;
    bare_put(peer, update, sizeof update - 1);
    write_u32(bare_put(peer, "\0\0\0\0", 4), h2->eaten);
    h2->eaten = 0;
}

static ssize_t answer(struct bare_peer *peer)
{
    struct h2 *h2 = state_of(peer);
    const uint8_t *at = peer->in, *end = peer->in + peer->in_used;
    if (!h2->greeted && peer->in_used < PREFACE_SIZE)
        return 0;
    if (!h2->greeted && memcmp(at, PREFACE, PREFACE_SIZE) != 0)
        return -1;
    at += h2->greeted ? 0 : PREFACE_SIZE;
    h2->greeted = true;

    reply_to_waiting(peer);
    while (end - at >= HEAD_SIZE && bare_room(peer) >= REPLY_SIZE + 2 * OWN_FRAMES) {
        struct frame frame = {.size = read_u32(at) >> 8,
                              .type = at[3],
                              .flags = at[4],
                              .stream = read_u32(at + ID_IN_HEAD) & INT32_MAX,
                              .payload = at + HEAD_SIZE};
        if (frame.size > FRAME_MAX)
            return -1;
        if ((size_t)(end - frame.payload) < frame.size)
            break;
        if (frame.type < TYPES && kinds[frame.type] && !kinds[frame.type](peer, &frame))
            return -1;
        reply_to_waiting(peer);
        at = frame.payload + frame.size;
    }
    give_back(peer);
    return at - peer->in;
}

int main(int argc, char **argv)
{
    return bare_serve(argc, argv, &(struct bare_protocol){.greet = greet, .answer = answer});
}
