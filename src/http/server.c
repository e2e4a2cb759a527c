#include "http/server.h"

#include <arpa/inet.h>
#include <civetweb.h>
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/log.h"
#include "gather/gather.h"
#include "http/call.h"
#include "http/sockets.h"
#include "wire/quote.h"
#include "workers/workers.h"

/* The library refuses requests that outgrow its room, but cannot say why; so those that outgrow half of it are
 * refused here, by name. */
#define REQUEST_ROOM "16384"
_Static_assert(ORD_HTTP_HEAD_MAX <= 16384 / 2, "what is too large must still be readable");

/* How often an event stream says that it is there. */
#define HEARTBEAT_MS 15000

/* How long event streams may take to end by themselves when the server drains. */
#define STREAMS_DRAIN_MS 1000

struct ord_http {
    struct ord_http_shared shared;
    struct mg_context *context;
};

static int log_message(const struct mg_connection *connection, const char *message)
{
    struct ord_http_shared *shared = mg_get_user_data(mg_get_context(connection));
    if (atomic_load(&shared->started))
        ord_log(ORD_LOG_WARN, "http", "cause", message, NULL);
    else if (!shared->start_failure[0])
        snprintf(shared->start_failure, sizeof shared->start_failure, "%s", message);
    return 1;
}

static void *begin_thread(const struct mg_context *context, int type)
{
    struct ord_http_shared *shared = mg_get_user_data(context);
    if (type == 1 && shared->gathers)
        ord_gather_begin(shared->send_timeout_ms);
    return NULL;
}

static void end_thread(const struct mg_context *context, int type, void *unused)
{
    ord_gather_end();
}

static int begin_connection(const struct mg_connection *connection, void **unused)
{
    struct ord_http_shared *shared = mg_get_user_data(mg_get_context(connection));
    ord_workers_busy(shared->workers);
    return 0;
}

static void end_connection(const struct mg_connection *connection)
{
    struct ord_http_shared *shared = mg_get_user_data(mg_get_context(connection));
    ord_workers_idle(shared->workers);
}

/* Leaves the system's reason of "cannot bind to 127.0.0.1:80: 13 (Permission denied)". */
static const char *reason_of(char *failure)
{
    char *open = strrchr(failure, '('), *close = strrchr(failure, ')');
    if (!open || !close || close < open)
        return failure;
    *close = '\0';
    return open + 1;
}

static enum ord_code check_listen(const char *listen, struct ord_error *error)
{
    char host[INET_ADDRSTRLEN];
    struct in_addr address;
    const char *colon = strrchr(listen, ':');
    if (listen[0] == '[')
        return ord_fail(error, ORD_INVALID_ARGUMENT,
                        "listen on %s: IPv6 is not supported over HTTP; allowed an IPv4 address and a port",
                        listen);

    size_t host_size = colon ? (size_t)(colon - listen) : sizeof host;
    if (host_size < sizeof host) {
        memcpy(host, listen, host_size);
        host[host_size] = '\0';
        size_t digits = strspn(colon + 1, "0123456789");
        if (inet_pton(AF_INET, host, &address) == 1 && digits > 0 && digits < 6 && colon[1 + digits] == '\0' &&
            atoi(colon + 1) <= UINT16_MAX)
            return ORD_OK;
    }
    return ord_fail(error, ORD_INVALID_ARGUMENT,
                    "listen on %s: is not an address; allowed an IPv4 address and a port, as 127.0.0.1:8080",
                    listen);
}

/* An origin is put into headers as it stands. */
static enum ord_code set_cors(struct ord_http_shared *shared, const char *origin, struct ord_error *error)
{
    if (!origin || !*origin)
        return ORD_OK;
    bool any = strcmp(origin, "*") == 0;
    const char *host = strstr(origin, "://");
    bool is_origin = host &&
                     strspn(origin, "abcdefghijklmnopqrstuvwxyz0123456789+-.") == (size_t)(host - origin) &&
                     host[3] && !strpbrk(host + 3, "/?# \t\r\n,*@") && strlen(origin) < 256;
    if (!any && !is_origin) {
        char shown[ORD_QUOTE_MAX];
        ord_quote(origin, shown);
        return ord_fail(error, ORD_INVALID_ARGUMENT,
                        "cors-origin: %s is not an origin; allowed *, or one such as https://example.org",
                        shown);
    }
    snprintf(
        shared->cors, sizeof shared->cors,
        "Access-Control-Allow-Origin: %s\r\nAccess-Control-Expose-Headers: Retry-After, X-Request-ID\r\n%s",
        origin, any ? "" : "Vary: Origin\r\n");
    shared->allows_any_origin = any;
    if (!any)
        snprintf(shared->origin, sizeof shared->origin, "%s", origin);
    snprintf(
        shared->preflight, sizeof shared->preflight,
        "Access-Control-Allow-Headers: Content-Type, Idempotency-Key, Last-Event-ID, Prefer, X-Request-ID, "
        "traceparent\r\n"
        "Access-Control-Max-Age: 3600\r\n");
    return ORD_OK;
}

static enum ord_code start(struct ord_http *http, const struct ord_http_options *options,
                           struct ord_error *error)
{
    char threads[16], keep_alive[16], request_timeout[16];
    snprintf(threads, sizeof threads, "%u", options->threads);
    snprintf(keep_alive, sizeof keep_alive, "%" PRIu32, options->keep_alive_ms);
    snprintf(request_timeout, sizeof request_timeout, "%" PRIu32, options->request_timeout_ms);
    const char *settings[][2] = {
        {"listening_ports", options->listen},
        {"num_threads", threads},
        {"listen_backlog", "1024"},
        {"max_request_size", REQUEST_ROOM},
        {"request_timeout_ms", request_timeout},
        {"enable_keep_alive", "yes"},
        {"keep_alive_timeout_ms", keep_alive},
        {"tcp_nodelay", "1"},
        {"decode_url", "no"},
        {"enable_auth_domain_check", "no"},
        {"enable_directory_listing", "no"},
        {"access_control_allow_origin", ""},
        {"access_control_allow_methods", ""},
        {"access_control_allow_headers", ""},
        {NULL, NULL},
    };
    const struct mg_callbacks callbacks = {
        .begin_request = ord_http_begin_request,
        .http_error = ord_http_refuse,
        .log_message = log_message,
        .init_thread = begin_thread,
        .exit_thread = end_thread,
        .init_connection = begin_connection,
        .connection_closed = end_connection,
    };
    struct mg_init_data init = {
        .callbacks = &callbacks, .user_data = &http->shared, .configuration_options = settings[0]};
    char text[256] = "";
    struct mg_error_data failure = {.text = text, .text_buffer_size = sizeof text};
    /* It creates its workers first, then the thread that accepts connections, which is not enlisted. */
    ord_workers_enlist(http->shared.workers);
    http->context = mg_start2(&init, &failure);
    ord_workers_enlisted(http->shared.workers);
    if (!http->context)
        return ord_fail(error, ORD_INTERNAL, "listen on %s: %s", options->listen,
                        http->shared.start_failure[0] ? reason_of(http->shared.start_failure) : text);
    atomic_store(&http->shared.started, true);
    return ORD_OK;
}

static enum ord_code find_address(struct ord_http *http, const char *listen, struct ord_error *error)
{
    struct mg_server_port port;
    if (mg_get_server_ports(http->context, 1, &port) != 1)
        return ord_fail(error, ORD_INTERNAL, "listen on %s: cannot tell the port", listen);
    snprintf(http->shared.address, sizeof http->shared.address, "%.*s:%d", (int)(strchr(listen, ':') - listen),
             listen, port.port);
    return ORD_OK;
}

enum ord_code ord_http_open(struct ord_service *service, const struct ord_http_options *options,
                            struct ord_http **ret_http, struct ord_error *error)
{
    struct ord_http *http = calloc(1, sizeof *http);
    if (!http)
        return ord_fail(error, ORD_INTERNAL, "http: no memory");
    http->shared.service = service;
    http->shared.max_wait_us = UINT64_C(1000) * options->max_wait_ms;
    http->shared.waiters_max = options->threads / 4;
    http->shared.streams_max =
        options->event_streams < options->threads / 2 ? options->event_streams : options->threads / 2;
    http->shared.heartbeat_ms = options->heartbeat_ms ? options->heartbeat_ms : HEARTBEAT_MS;
    LIST_INIT(&http->shared.open_streams);
    http->shared.gathers = options->gathers;
    http->shared.send_timeout_ms = options->request_timeout_ms;
    http->shared.workers = ord_workers_new(options->threads);
    pthread_mutex_init(&http->shared.lock, NULL);
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&http->shared.quiet, &attributes);
    pthread_condattr_destroy(&attributes);
    mg_init_library(MG_FEATURES_DEFAULT);

    enum ord_code code = check_listen(options->listen, error);
    if (code == ORD_OK)
        code = set_cors(&http->shared, options->cors_origin, error);
    if (code == ORD_OK)
        code = start(http, options, error);
    if (code == ORD_OK)
        code = find_address(http, options->listen, error);
    if (code != ORD_OK) {
        ord_http_close(http);
        return code;
    }
    *ret_http = http;
    return ORD_OK;
}

const char *ord_http_address(const struct ord_http *http)
{
    return http->shared.address;
}

/* Waits until no call is in flight, for `limit_ms` at most. Under the lock. Whether that is so. */
static bool wait_for_quiet(struct ord_http_shared *shared, uint32_t limit_ms)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    uint64_t ns = (uint64_t)until.tv_nsec + UINT64_C(1000000) * limit_ms;
    until.tv_sec += (time_t)(ns / 1000000000);
    until.tv_nsec = (long)(ns % 1000000000);
    int waited = 0;
    while (atomic_load(&shared->in_flight) > 0 && waited != ETIMEDOUT)
        waited = pthread_cond_timedwait(&shared->quiet, &shared->lock, &until);
    return waited != ETIMEDOUT;
}

/* Event streams end when they are told, but for those whose clients take nothing. */
void ord_http_drain(struct ord_http *http, uint32_t limit_ms)
{
    struct ord_http_shared *shared = &http->shared;
    uint32_t first_ms = limit_ms < STREAMS_DRAIN_MS ? limit_ms : STREAMS_DRAIN_MS;
    pthread_mutex_lock(&shared->lock);
    atomic_store(&shared->draining, true);
    ord_http_streams_wake(shared);
    if (!wait_for_quiet(shared, first_ms)) {
        ord_http_streams_cut(shared);
        wait_for_quiet(shared, limit_ms - first_ms);
    }
    pthread_mutex_unlock(&shared->lock);
}

struct ord_http *ord_http_close(struct ord_http *http)
{
    if (!http)
        return NULL;
    ord_http_wake(http->shared.address);
    mg_stop(http->context);
    mg_exit_library();
    ord_workers_free(http->shared.workers);
    pthread_cond_destroy(&http->shared.quiet);
    pthread_mutex_destroy(&http->shared.lock);
    free(http);
    return NULL;
}
