#include "http/streams.h"

#include <civetweb.h>
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "gather/gather.h"
#include "http/call.h"
#include "http/sockets.h"

/* When there are as many streams as may be. */
#define FULL_RETRY_MS 5000

enum ord_code ord_http_stream_open(struct ord_http_call *call, struct ord_http_stream *stream,
                                   struct ord_error *error)
{
    struct ord_http_shared *shared = call->shared;
    if (atomic_fetch_add(&shared->streams, 1) >= shared->streams_max) {
        atomic_fetch_sub(&shared->streams, 1);
        return ord_fail_retry(error, ORD_UNAVAILABLE, FULL_RETRY_MS,
                              "as many event streams are open as are allowed, which is %u",
                              shared->streams_max);
    }
    const struct mg_request_info *info = mg_get_request_info(call->connection);
    stream->shared = shared;
    stream->socket = ord_http_socket(shared->address, info->remote_addr, info->remote_port);
    stream->woken = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    atomic_init(&stream->is_woken, false);
    if (stream->woken < 0) {
        atomic_fetch_sub(&shared->streams, 1);
        return ord_fail_errno(error, errno, "event stream");
    }
    pthread_mutex_lock(&shared->lock);
    LIST_INSERT_HEAD(&shared->open_streams, stream, among);
    pthread_mutex_unlock(&shared->lock);
    return ORD_OK;
}

void ord_http_stream_wake(struct ord_http_stream *stream)
{
    static const uint64_t one = 1;
    if (!atomic_exchange(&stream->is_woken, true))
        (void)!write(stream->woken, &one, sizeof one);
}

enum ord_http_stream_state ord_http_stream_wait(struct ord_http_stream *stream, int timeout_ms)
{
    struct pollfd files[] = {{.fd = stream->socket, .events = POLLRDHUP},
                             {.fd = stream->woken, .events = POLLIN}};
    ord_gather_flush();
    if (atomic_load(&stream->shared->draining))
        return ORD_HTTP_STREAM_OVER;
    int ready = poll(files, 2, timeout_ms);
    if (files[0].revents || atomic_load(&stream->shared->draining))
        return ORD_HTTP_STREAM_OVER;
    if (ready == 0)
        return ORD_HTTP_STREAM_QUIET;
    uint64_t count;
    (void)!read(stream->woken, &count, sizeof count);
    atomic_store(&stream->is_woken, false);
    return ORD_HTTP_STREAM_WOKEN;
}

void ord_http_stream_close(struct ord_http_stream *stream)
{
    struct ord_http_shared *shared = stream->shared;
    pthread_mutex_lock(&shared->lock);
    LIST_REMOVE(stream, among);
    pthread_mutex_unlock(&shared->lock);
    close(stream->woken);
    atomic_fetch_sub(&shared->streams, 1);
}

void ord_http_streams_wake(struct ord_http_shared *shared)
{
    for (struct ord_http_stream *stream = LIST_FIRST(&shared->open_streams); stream;
         stream = LIST_NEXT(stream, among))
        ord_http_stream_wake(stream);
}

void ord_http_streams_cut(struct ord_http_shared *shared)
{
    for (struct ord_http_stream *stream = LIST_FIRST(&shared->open_streams); stream;
         stream = LIST_NEXT(stream, among))
        if (stream->socket >= 0)
            shutdown(stream->socket, SHUT_RDWR);
}
