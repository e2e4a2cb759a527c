/*
 * One thread, one epoll, connections on 127.0.0.1: what the raw limit servers have in common.
 *
 * A connection that becomes readable costs one recv, one pass of the protocol over what arrived, and one send
 * of everything that it answered. A peer that does not read is not read from either until it does. What a
 * protocol cannot go on with closes the connection.
 */
#pragma once

#include <stdint.h>
#include <sys/types.h>

#define BARE_IN (64 << 10)
#define BARE_OUT (256 << 10)

/* Room of the protocol's own in each connection; zero when it begins. */
#define BARE_STATE 8192

struct bare_peer {
    int fd;
    uint32_t events;                    /* what epoll watches for */
    size_t in_used, out_used, out_sent; /* bytes in `in`; in `out`; of those, sent */
    _Alignas(16) uint8_t state[BARE_STATE];
    uint8_t in[BARE_IN], out[BARE_OUT];
};

struct bare_protocol {
    /* A connection came. NULL: nothing to say. */
    void (*greet)(struct bare_peer *peer);
    /* Reads `in`, adds answers to `out`. Returns how much of `in` it is done with, or -1 to close. It stops
     * where `out` has no room for a further answer, and is asked again once that was sent. */
    ssize_t (*answer)(struct bare_peer *peer);
};

/* What is left of `out`. */
size_t bare_room(const struct bare_peer *peer);

/* Adds bytes, for which there is room. Returns where they lie. */
uint8_t *bare_put(struct bare_peer *peer, const void *bytes, size_t size);

/* Serves on 127.0.0.1 at the port that the first argument names, until SIGTERM. Returns a status of main. */
int bare_serve(int argc, char **argv, const struct bare_protocol *protocol);
