#include "grpc/listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <grpc/grpc_posix.h>
#include <grpc/grpc_security.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"

#define CONNECTIONS_DEFAULT 1024
#define BACKLOG 1024

/* How long to wait before trying again, when there was no room. */
#define BACKOFF_MS 100

/* A peer that leaves what we sent unacknowledged for so long is gone. */
#define USER_TIMEOUT_MS 20000

/* A silent one is probed by the kernel. */
#define PROBE_AFTER_S 30
#define PROBE_EVERY_S 10

#define ADDRESS_MAX (INET6_ADDRSTRLEN + sizeof "[]:65535")

/* A connection that was handed on. The core does not tell when it closes one, but then the descriptor is of no
 * socket, or of one with another cookie. */
struct connection {
    int fd;
    uint64_t cookie;
};

struct ord_listener {
    int fd, stop_fd;
    char address[ADDRESS_MAX];
    grpc_server *core;
    grpc_server_credentials *credentials;
    pthread_t thread;
    bool has_thread;
    const char *short_of; /* what there is not enough of, while that lasts */
    unsigned max, count;
    struct connection connections[];
};

/* Takes "ADDR:PORT" or "[ADDR]:PORT" apart. */
static bool split(const char *address, char ret_host[INET6_ADDRSTRLEN], const char **ret_port)
{
    const char *colon = strrchr(address, ':');
    size_t length = colon ? (size_t)(colon - address) : 0;
    bool in_brackets = length >= 2 && address[0] == '[' && colon[-1] == ']';
    if (!colon || strspn(colon + 1, "0123456789") != strlen(colon + 1) ||
        strtoul(colon + 1, NULL, 10) > UINT16_MAX)
        return false;
    if (!in_brackets && memchr(address, ':', length))
        return false;
    if (in_brackets) {
        address++;
        length -= 2;
    }
    *ret_port = colon + 1;
    return snprintf(ret_host, INET6_ADDRSTRLEN, "%.*s", (int)length, address) < INET6_ADDRSTRLEN;
}

static enum ord_code resolve(const char *address, struct addrinfo **ret, struct ord_error *error)
{
    char host[INET6_ADDRSTRLEN];
    const char *port;
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                             .ai_flags = AI_PASSIVE | AI_NUMERICHOST | AI_NUMERICSERV};
    if (!split(address, host, &port) || getaddrinfo(host, port, &hints, ret) != 0)
        return ord_fail(error, ORD_INVALID_ARGUMENT,
                        "not an address; allowed are ADDR:PORT and [ADDR]:PORT, an IP address and 0 to 65535");
    return ORD_OK;
}

static enum ord_code fail_errno(struct ord_error *error)
{
    char reason[128];
    return ord_fail(error, ORD_INTERNAL, "%s", strerror_r(errno, reason, sizeof reason));
}

/* Without SO_REUSEPORT: a second server on the port must fail, or a node could get a twin. */
static enum ord_code bind_and_listen(int fd, const struct addrinfo *where, struct ord_error *error)
{
    int on = 1;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        bind(fd, where->ai_addr, where->ai_addrlen) != 0 || listen(fd, BACKLOG) != 0)
        return fail_errno(error);
    return ORD_OK;
}

static enum ord_code read_address(struct ord_listener *listener, struct ord_error *error)
{
    struct sockaddr_storage address;
    socklen_t size = sizeof address;
    char host[INET6_ADDRSTRLEN], port[sizeof "65535"];
    if (getsockname(listener->fd, (struct sockaddr *)&address, &size) != 0)
        return fail_errno(error);
    int problem = getnameinfo((struct sockaddr *)&address, size, host, sizeof host, port, sizeof port,
                              NI_NUMERICHOST | NI_NUMERICSERV);
    if (problem != 0)
        return ord_fail(error, ORD_INTERNAL, "%s", gai_strerror(problem));
    snprintf(listener->address, sizeof listener->address, strchr(host, ':') ? "[%s]:%s" : "%s:%s", host, port);
    return ORD_OK;
}

static enum ord_code listen_on(struct ord_listener *listener, const char *address, struct ord_error *error)
{
    struct addrinfo *where = NULL;
    enum ord_code code = resolve(address, &where, error);
    if (code != ORD_OK)
        return code;
    listener->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    listener->fd = socket(where->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (listener->stop_fd < 0 || listener->fd < 0)
        code = fail_errno(error);
    if (code == ORD_OK)
        code = bind_and_listen(listener->fd, where, error);
    if (code == ORD_OK)
        code = read_address(listener, error);
    freeaddrinfo(where);
    return code;
}

enum ord_code ord_listener_open(const char *address, unsigned max_connections,
                                struct ord_listener **ret_listener, struct ord_error *error)
{
    unsigned max = max_connections > 0 ? max_connections : CONNECTIONS_DEFAULT;
    struct ord_listener *listener = calloc(1, sizeof *listener + max * sizeof *listener->connections);
    if (!listener)
        return ord_fail(error, ORD_INTERNAL, "listen on %s: no memory", address);
    listener->fd = listener->stop_fd = -1;
    listener->max = max;
    if (listen_on(listener, address, error) != ORD_OK) {
        ord_listener_close(listener);
        return ord_wrap(error, "listen on %s", address);
    }
    *ret_listener = listener;
    return ORD_OK;
}

const char *ord_listener_address(const struct ord_listener *listener)
{
    return listener->address;
}

static bool is_open(const struct connection *connection)
{
    uint64_t cookie;
    socklen_t size = sizeof cookie;
    return getsockopt(connection->fd, SOL_SOCKET, SO_COOKIE, &cookie, &size) == 0 &&
           cookie == connection->cookie;
}

static void forget_closed(struct ord_listener *listener)
{
    unsigned kept = 0;
    for (unsigned i = 0; i < listener->count; i++)
        if (is_open(&listener->connections[i]))
            listener->connections[kept++] = listener->connections[i];
    listener->count = kept;
}

static bool has_room(struct ord_listener *listener)
{
    if (listener->count == listener->max)
        forget_closed(listener);
    return listener->count < listener->max;
}

static void hand_on(struct ord_listener *listener, int fd)
{
    static const int on = 1, probe_after_s = PROBE_AFTER_S, probe_every_s = PROBE_EVERY_S;
    static const unsigned timeout_ms = USER_TIMEOUT_MS;
    struct connection *connection = &listener->connections[listener->count];
    socklen_t size = sizeof connection->cookie;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &timeout_ms, sizeof timeout_ms);
    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &probe_after_s, sizeof probe_after_s);
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &probe_every_s, sizeof probe_every_s);
    connection->fd = fd;
    if (getsockopt(fd, SOL_SOCKET, SO_COOKIE, &connection->cookie, &size) == 0)
        listener->count++;
    grpc_server_add_channel_from_fd(listener->core, fd, listener->credentials);
}

/* Says once that no connection can be taken, and once that it is over. */
static void note_shortage(struct ord_listener *listener, const char *short_of)
{
    if (short_of && !listener->short_of)
        ord_log(ORD_LOG_WARN, "cannot accept connections", "protocol", "grpc", "cause", short_of, NULL);
    if (!short_of && listener->short_of)
        ord_log(ORD_LOG_INFO, "accepting connections again", "protocol", "grpc", NULL);
    listener->short_of = short_of;
}

static bool is_shortage(int errnum)
{
    return errnum == EMFILE || errnum == ENFILE || errnum == ENOBUFS || errnum == ENOMEM;
}

/* Takes a connection, or in a shortage all that wait; false if there is no room for more just now. The shortage
 * is over when nobody waits any more. */
static bool accept_waiting(struct ord_listener *listener)
{
    do {
        if (!has_room(listener)) {
            note_shortage(listener, "too many connections");
            return false;
        }
        int fd = accept4(listener->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd >= 0) {
            hand_on(listener, fd);
        } else if (is_shortage(errno)) {
            note_shortage(listener, strerrordesc_np(errno));
            return false;
        } else if (errno == EAGAIN) {
            note_shortage(listener, NULL);
        } /* else that connection failed, not the listener */
    } while (listener->short_of);
    return true;
}

static void *run(void *context)
{
    struct ord_listener *listener = context;
    struct pollfd fds[] = {{.fd = listener->stop_fd, .events = POLLIN}, {.fd = listener->fd, .events = POLLIN}};
    bool backs_off = false;
    for (;;) {
        poll(fds, backs_off ? 1 : 2, backs_off ? BACKOFF_MS : -1);
        if (fds[0].revents)
            return NULL;
        backs_off = !accept_waiting(listener);
    }
}

enum ord_code ord_listener_start(struct ord_listener *listener, grpc_server *core, struct ord_error *error)
{
    listener->core = core;
    listener->credentials = grpc_insecure_server_credentials_create();
    int problem = pthread_create(&listener->thread, NULL, run, listener);
    if (problem != 0)
        return ord_fail_errno(error, problem, "listener thread");
    listener->has_thread = true;
    return ORD_OK;
}

void ord_listener_stop(struct ord_listener *listener)
{
    if (!listener)
        return;
    if (listener->has_thread) {
        eventfd_write(listener->stop_fd, 1);
        pthread_join(listener->thread, NULL);
        listener->has_thread = false;
    }
    if (listener->fd >= 0)
        close(listener->fd);
    listener->fd = -1;
}

struct ord_listener *ord_listener_close(struct ord_listener *listener)
{
    if (!listener)
        return NULL;
    ord_listener_stop(listener);
    if (listener->stop_fd >= 0)
        close(listener->stop_fd);
    if (listener->credentials)
        grpc_server_credentials_release(listener->credentials);
    free(listener);
    return NULL;
}
