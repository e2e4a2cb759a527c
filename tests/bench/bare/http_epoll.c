/*
 * The limit of HTTP/1.1 keep-alive on this machine: `http_epoll PORT`.
 *
 * Answers whatever is asked with one fixed reply, as long as ordinald's to GET /v1/id. It looks for the ends of
 * request heads and for nothing else: no method, path, header or body is read, so it is no HTTP server, only
 * what the kernel and one thread can do for one. Pipelined requests are answered in one send.
 */
#include <string.h>

#include "loop.h"
#include "reply.h"

#define REPLY_SIZE (sizeof BARE_HTTP_REPLY - 1)

static ssize_t answer(struct bare_peer *peer)
{
    const uint8_t *at = peer->in, *end = peer->in + peer->in_used, *blank;
    while (bare_room(peer) >= REPLY_SIZE && (blank = memmem(at, (size_t)(end - at), "\r\n\r\n", 4))) {
        bare_put(peer, BARE_HTTP_REPLY, REPLY_SIZE);
        at = blank + 4;
    }
    return at - peer->in;
}

int main(int argc, char **argv)
{
    return bare_serve(argc, argv, &(struct bare_protocol){.answer = answer});
}
