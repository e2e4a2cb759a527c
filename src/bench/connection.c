#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/time.h"
#include "bench/internal.h"

#define BACKOFF_MIN_NS INT64_C(10000000)
#define BACKOFF_MAX_NS INT64_C(1000000000)

static const struct ord_bench_plan *plan_of(const struct connection *connection)
{
    return connection->worker->bench->plan;
}

static const struct protocol *protocol_of(const struct connection *connection)
{
    return connection->worker->bench->protocol;
}

bool ord_connection_init(struct connection *connection, struct worker *worker, const struct addrinfo *address)
{
    uint32_t count = worker->bench->plan->in_flight;
    *connection = (struct connection){.worker = worker, .fd = -1, .address = address};
    connection->slots = calloc(count, sizeof *connection->slots);
    for (uint32_t i = 0; connection->slots && i < count; i++) {
        struct slot *slot = &connection->slots[count - 1 - i];
        slot->connection = connection;
        slot->next = connection->free;
        connection->free = slot;
    }
    return connection->slots != NULL;
}

void ord_connection_touch(struct connection *connection)
{
    struct worker *worker = connection->worker;
    if (connection->is_touched)
        return;
    connection->is_touched = true;
    connection->next_touched = worker->touched;
    worker->touched = connection;
}

static void set_state(struct connection *connection, enum connection_state state, uint32_t limit)
{
    uint32_t before = ord_connection_room(connection);
    connection->state = state;
    connection->limit = limit;
    connection->worker->free_ready += ord_connection_room(connection) - before;
}

void ord_connection_ready(struct connection *connection, uint32_t limit)
{
    struct worker *worker = connection->worker;
    uint32_t wanted = plan_of(connection)->in_flight;
    if (connection->state == CONNECTION_GREETING)
        worker->connects++;
    if (connection->state == CONNECTION_GREETING || connection->state == CONNECTION_READY)
        set_state(connection, CONNECTION_READY, limit < wanted ? limit : wanted);
    if (connection->limit > worker->in_flight)
        worker->in_flight = connection->limit;
    connection->backoff_ns = 0;
    ord_connection_touch(connection);
}

void ord_connection_retire(struct connection *connection)
{
    if (connection->state == CONNECTION_READY)
        set_state(connection, CONNECTION_RETIRING, connection->limit);
    ord_connection_touch(connection);
}

/* Sockets */

static void look_for(struct connection *connection, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = connection};
    if (connection->events != events)
        epoll_ctl(connection->worker->epoll, connection->events ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, connection->fd,
                  &event);
    connection->events = events;
}

/* Closes what there is; calls under way fail with that message. */
static void tear_down(struct connection *connection, const char *message)
{
    set_state(connection, CONNECTION_DOWN, 0);
    for (uint32_t i = 0; i < plan_of(connection)->in_flight; i++) {
        struct slot *slot = &connection->slots[i];
        if (slot->is_busy)
            ord_slot_fail(slot, "UNAVAILABLE", message);
    }
    if (connection->session)
        protocol_of(connection)->close(connection);
    connection->session = NULL;
    if (connection->fd >= 0)
        close(connection->fd);
    connection->fd = -1;
    connection->events = 0;
    connection->out_used = connection->out_sent = 0;
    connection->retry_ns = connection->worker->now_ns + connection->backoff_ns;
}

/* None of the host's addresses took the connection. */
static void note_refusal(struct worker *worker, const char *message)
{
    ord_bench_count(&worker->refused, 1);
    snprintf(worker->refusal, sizeof worker->refusal, "%s", message);
}

/* A connection that could not be made, or that was lost, is made again after a while. */
static void lose(struct connection *connection, const char *message)
{
    bool stood = connection->state == CONNECTION_READY || connection->state == CONNECTION_RETIRING;
    if (connection->worker->is_ending) {
        tear_down(connection, message);
        return;
    }
    connection->backoff_ns = connection->backoff_ns ? connection->backoff_ns * 2 : BACKOFF_MIN_NS;
    if (connection->backoff_ns > BACKOFF_MAX_NS)
        connection->backoff_ns = BACKOFF_MAX_NS;
    if (!stood) {
        const struct addrinfo *next = connection->address->ai_next;
        connection->address = next ? next : connection->worker->bench->addresses;
        if (!next)
            note_refusal(connection->worker, message);
        else
            connection->backoff_ns = 0;
    }
    tear_down(connection, message);
}

static void lose_by_errno(struct connection *connection, const char *what, int errnum)
{
    char text[ORD_OUTCOME_TEXT_MAX], reason[100];
    snprintf(text, sizeof text, "%s: %s", what, strerror_r(errnum, reason, sizeof reason));
    lose(connection, text);
}

static void dial(struct connection *connection)
{
    const struct addrinfo *address = connection->address;
    const int on = 1;
    connection->fd = socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (connection->fd < 0) {
        lose_by_errno(connection, "socket", errno);
        return;
    }
    setsockopt(connection->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    set_state(connection, CONNECTION_MAKING, 0);
    connection->retry_ns = connection->worker->now_ns + plan_of(connection)->timeout_ms * 1000000;
    if (connect(connection->fd, address->ai_addr, address->ai_addrlen) != 0 && errno != EINPROGRESS)
        lose_by_errno(connection, "the connection cannot be made", errno);
    else
        look_for(connection, EPOLLIN | EPOLLOUT);
}

static void greet(struct connection *connection)
{
    int errnum = 0;
    socklen_t size = sizeof errnum;
    getsockopt(connection->fd, SOL_SOCKET, SO_ERROR, &errnum, &size);
    if (errnum != 0) {
        lose_by_errno(connection, "the connection cannot be made", errnum);
        return;
    }
    look_for(connection, EPOLLIN);
    set_state(connection, CONNECTION_GREETING, 0);
    connection->session = protocol_of(connection)->open(connection);
    if (!connection->session)
        lose(connection, "no memory");
    else
        ord_connection_touch(connection);
}

static void end_of_input(struct connection *connection, int errnum)
{
    bool was_idle = connection->busy == 0 && connection->state == CONNECTION_READY;
    if (was_idle || connection->state == CONNECTION_RETIRING)
        connection->backoff_ns = 0;
    if (errnum != 0)
        lose_by_errno(connection, "the connection was lost", errnum);
    else
        lose(connection, "the connection was closed by the server");
}

static void receive(struct connection *connection)
{
    struct worker *worker = connection->worker;
    ssize_t size = recv(connection->fd, worker->in, ORD_BENCH_IN_SIZE, 0);
    if (size < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    worker->now_ns = ord_boot_ns();
    if (size <= 0) {
        end_of_input(connection, size < 0 ? errno : 0);
        return;
    }
    const char *fault = protocol_of(connection)->receive(connection, worker->in, (size_t)size);
    if (fault)
        lose(connection, fault);
    else
        ord_connection_touch(connection);
}

void ord_connection_handle(struct connection *connection, uint32_t events)
{
    if (connection->state == CONNECTION_DOWN)
        return;
    if (connection->state == CONNECTION_MAKING) {
        greet(connection);
        return;
    }
    if (events & EPOLLOUT)
        ord_connection_touch(connection);
    if (events & (EPOLLIN | EPOLLHUP | EPOLLERR))
        receive(connection);
}

uint8_t *ord_out_room(struct connection *connection, size_t size)
{
    if (connection->out_room - connection->out_used < size) {
        size_t room = connection->out_room * 2 + size;
        uint8_t *grown = realloc(connection->out, room);
        if (!grown)
            return NULL;
        connection->out = grown;
        connection->out_room = room;
    }
    return connection->out + connection->out_used;
}

void ord_out_used(struct connection *connection, size_t size)
{
    connection->out_used += size;
}

static void transmit(struct connection *connection)
{
    while (connection->out_sent < connection->out_used) {
        ssize_t size = send(connection->fd, connection->out + connection->out_sent,
                            connection->out_used - connection->out_sent, MSG_NOSIGNAL);
        if (size < 0 && errno == EINTR)
            continue;
        if (size < 0 && errno == EAGAIN) {
            look_for(connection, EPOLLIN | EPOLLOUT);
            return;
        }
        if (size < 0) {
            lose_by_errno(connection, "the connection was lost", errno);
            return;
        }
        connection->out_sent += (size_t)size;
    }
    connection->out_used = connection->out_sent = 0;
    look_for(connection, EPOLLIN);
}

void ord_connection_flush(struct connection *connection)
{
    if (connection->session && !protocol_of(connection)->flush(connection)) {
        lose(connection, "no memory");
        return;
    }
    if (connection->out_used > 0)
        transmit(connection);
    if (connection->state != CONNECTION_RETIRING || connection->busy > 0)
        return;
    tear_down(connection, "");
    if (!connection->worker->is_ending)
        dial(connection);
}

/* A server that keeps to the timeout itself has a moment to say so. */
bool ord_slot_is_late(const struct slot *slot)
{
    int64_t patience_ns = plan_of(slot->connection)->timeout_ms * 1000000 + BACKOFF_MAX_NS / 2;
    return slot->connection->worker->now_ns - slot->sent_ns >= patience_ns;
}

/* Ends calls that take too long. */
static void end_late_calls(struct connection *connection)
{
    for (uint32_t i = 0; i < plan_of(connection)->in_flight; i++) {
        struct slot *slot = &connection->slots[i];
        if (!slot->is_busy || !ord_slot_is_late(slot))
            continue;
        if (protocol_of(connection)->cancel(connection, slot)) {
            ord_connection_touch(connection);
            continue;
        }
        ord_slot_fail(slot, "DEADLINE_EXCEEDED", "no answer in time");
        lose(connection, "the connection was given up, since no answer came in time");
        return;
    }
}

void ord_connection_upkeep(struct connection *connection)
{
    int64_t now_ns = connection->worker->now_ns;
    if (connection->state == CONNECTION_DOWN && !connection->worker->is_ending &&
        now_ns >= connection->retry_ns)
        dial(connection);
    else if ((connection->state == CONNECTION_MAKING || connection->state == CONNECTION_GREETING) &&
             now_ns >= connection->retry_ns)
        lose(connection, connection->state == CONNECTION_MAKING ? "the connection could not be made in time"
                                                                : "the server did not greet in time");
    else if (connection->busy > 0)
        end_late_calls(connection);
}

void ord_connection_finish(struct connection *connection)
{
    if (connection->slots)
        tear_down(connection, "the bench ended before the answer came");
    free(connection->slots);
    free(connection->out);
}
