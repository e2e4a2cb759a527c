#include "loop.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define EVENTS 256

size_t bare_room(const struct bare_peer *peer)
{
    return sizeof peer->out - peer->out_used;
}

uint8_t *bare_put(struct bare_peer *peer, const void *bytes, size_t size)
{
    uint8_t *at = peer->out + peer->out_used;
    memcpy(at, bytes, size);
    peer->out_used += size;
    return at;
}

static int listen_at(int port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int on = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, (struct sockaddr *)&address, sizeof address) == 0 && listen(fd, 1024) == 0)
        return fd;
    perror("listen");
    return -1;
}

static void hang_up(struct bare_peer *peer)
{
    close(peer->fd);
    free(peer);
}

static void watch(int epoll, struct bare_peer *peer, uint32_t events)
{
    if (peer->events == events)
        return;
    struct epoll_event event = {.events = events, .data.ptr = peer};
    epoll_ctl(epoll, peer->events ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, peer->fd, &event);
    peer->events = events;
}

/* Sends what there is to send; false when the peer is gone. */
static bool flush(struct bare_peer *peer)
{
    if (peer->out_sent == peer->out_used)
        return true;
    ssize_t sent = send(peer->fd, peer->out + peer->out_sent, peer->out_used - peer->out_sent, MSG_NOSIGNAL);
    if (sent < 0)
        return errno == EAGAIN || errno == EINTR;
    peer->out_sent += (size_t)sent;
    if (peer->out_sent == peer->out_used)
        peer->out_sent = peer->out_used = 0;
    return true;
}

/* Has what arrived answered and sent, as far as the peer takes it; false when the connection is over. */
static bool advance(int epoll, const struct bare_protocol *protocol, struct bare_peer *peer)
{
    for (;;) {
        if (!flush(peer))
            return false;
        if (peer->out_used > 0) {
            watch(epoll, peer, EPOLLOUT);
            return true;
        }
        ssize_t done = protocol->answer(peer);
        if (done < 0)
            return false;
        peer->in_used -= (size_t)done;
        if (peer->in_used > 0 && done > 0)
            memmove(peer->in, peer->in + done, peer->in_used);
        if (peer->out_used == 0) {
            watch(epoll, peer, EPOLLIN);
            return peer->in_used < sizeof peer->in; /* full, and the protocol makes nothing of it */
        }
    }
}

static bool receive(struct bare_peer *peer)
{
    ssize_t got = recv(peer->fd, peer->in + peer->in_used, sizeof peer->in - peer->in_used, 0);
    if (got > 0)
        peer->in_used += (size_t)got;
    return got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR));
}

static void serve_peer(int epoll, const struct bare_protocol *protocol, const struct epoll_event *event)
{
    struct bare_peer *peer = event->data.ptr;
    bool readable = event->events & EPOLLIN, broken = event->events & (EPOLLERR | EPOLLHUP);
    if ((broken && !readable) || (readable && !receive(peer)) || !advance(epoll, protocol, peer))
        hang_up(peer);
}

static void accept_peers(int epoll, const struct bare_protocol *protocol, int listener)
{
    int fd, on = 1;
    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        struct bare_peer *peer = malloc(sizeof *peer);
        if (!peer) {
            close(fd);
            continue;
        }
        memset(peer, 0, offsetof(struct bare_peer, in));
        peer->fd = fd;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        if (protocol->greet)
            protocol->greet(peer);
        if (!advance(epoll, protocol, peer))
            hang_up(peer);
    }
}

static void stop(int signal)
{
    _exit(0);
}

int bare_serve(int argc, char **argv, const struct bare_protocol *protocol)
{
    signal(SIGTERM, stop);
    int listener = listen_at(argc > 1 ? atoi(argv[1]) : 0);
    if (listener < 0)
        return 1;
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL}, events[EVENTS];
    epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event);
    for (;;) {
        int count = epoll_wait(epoll, events, EVENTS, -1);
        for (int i = 0; i < count; i++) {
            if (events[i].data.ptr)
                serve_peer(epoll, protocol, &events[i]);
            else
                accept_peers(epoll, protocol, listener);
        }
    }
}
