#include "http/server.h"

#include <arpa/inet.h>
#include <civetweb.h>
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "api/metrics.h"
#include "base/log.h"
#include "base/time.h"
#include "base/trace.h"
#include "http/call.h"
#include "http/wake.h"
#include "wire/quote.h"

/* The library refuses requests that outgrow its room, but cannot say why; so those that outgrow half of it are
 * refused here, by name. */
#define REQUEST_ROOM "16384"
_Static_assert(ORD_HTTP_HEAD_MAX <= 16384 / 2, "what is too large must still be readable");

/* Bodies are not read by any method: a small one is skipped, a larger one ends the connection. */
#define SKIPPED_BODY_MAX 65536

struct ord_http {
    struct ord_http_shared shared;
    struct mg_context *context;
    char address[32];
    char start_failure[256]; /* what the library logged while it started */
    atomic_bool started;
};

/* The header lines that a call keeps. */
static const struct {
    const char *name;
    size_t field;
} kept_headers[] = {
    {"Prefer", offsetof(struct ord_http_call, prefer)},
    {"Accept-Encoding", offsetof(struct ord_http_call, accept_encoding)},
    {"If-None-Match", offsetof(struct ord_http_call, if_none_match)},
    {"Connection", offsetof(struct ord_http_call, connection_header)},
    {"Transfer-Encoding", offsetof(struct ord_http_call, transfer_encoding)},
    {"Access-Control-Request-Method", offsetof(struct ord_http_call, preflight_method)},
    {"X-Request-ID", offsetof(struct ord_http_call, request_id)},
    {"traceparent", offsetof(struct ord_http_call, traceparent)},
};

static void keep_header(struct ord_http_call *call, const struct mg_header *header)
{
    if (strcasecmp(header->name, "Accept") == 0) {
        ord_http_accept_add(&call->accept, header->value);
        return;
    }
    for (size_t i = 0; i < sizeof kept_headers / sizeof *kept_headers; i++) {
        const char **field = (const char **)((char *)call + kept_headers[i].field);
        if (*field || strcasecmp(header->name, kept_headers[i].name) != 0)
            continue;
        *field = header->value;
        return;
    }
}

/* Never keeps a connection that the library will close, by its rules for the Connection header and for
 * upgrades. */
static bool ends_connection(const struct ord_http_call *call, long long content_length)
{
    if (content_length > SKIPPED_BODY_MAX || call->transfer_encoding)
        return true;
    if (call->connection_header)
        return !ord_http_has_token(call->connection_header, "keep-alive") ||
               ord_http_has_token(call->connection_header, "close") ||
               ord_http_has_token(call->connection_header, "upgrade");
    return call->is_first_version;
}

static void begin_call(struct ord_http_call *call, struct mg_connection *connection)
{
    memset(call, 0, offsetof(struct ord_http_call, out));
    struct ord_http *http = mg_get_user_data(mg_get_context(connection));
    call->shared = &http->shared;
    call->connection = connection;
    call->code = ORD_OK;
    call->request_id_header = "";
    call->begin_ns = ord_boot_ns();
    atomic_fetch_add(&http->shared.in_flight, 1);
    call->is_draining = atomic_load(&http->shared.draining);
}

/* The library leaves the request where it received it, so its parts tell how long it was. */
static size_t head_size(const struct mg_request_info *info)
{
    if (info->num_headers == 0)
        return 0;
    const char *last = info->http_headers[info->num_headers - 1].value;
    return (size_t)(last - info->request_method) + strlen(last);
}

static void read_request(struct ord_http_call *call)
{
    const struct mg_request_info *info = mg_get_request_info(call->connection);
    call->verb = info->request_method;
    call->path = info->local_uri_raw;
    call->query = info->query_string;
    call->is_head = strcmp(call->verb, "HEAD") == 0;
    call->is_first_version = strcmp(info->http_version, "1.0") == 0;
    for (int i = 0; i < info->num_headers; i++)
        keep_header(call, &info->http_headers[i]);
    call->head_size = head_size(info);
    call->must_close = call->is_draining || ends_connection(call, info->content_length);
}

static void log_call(const struct ord_http_call *call, uint64_t latency_ns, const char *request_id)
{
    char status[16], latency_us[24], trace_id[ORD_TRACE_ID_MAX];
    snprintf(status, sizeof status, "%d", call->status);
    snprintf(latency_us, sizeof latency_us, "%" PRIu64, latency_ns / 1000);
    ord_log(ORD_LOG_DEBUG, "request", "protocol", "http", "method", call->verb, "path", call->path, "status",
            status, "latency_us", latency_us, "request_id", request_id, "trace_id",
            ord_trace_id(call->traceparent, trace_id) ? trace_id : NULL, NULL);
}

static void end_call(struct ord_http_call *call, const char *request_id)
{
    ord_http_flush(call);
    if (call->must_close)
        mg_disable_connection_keep_alive(call->connection);

    struct ord_http_shared *shared = call->shared;
    uint64_t latency_ns = (uint64_t)(ord_boot_ns() - call->begin_ns);
    if (call->is_counted)
        ord_metrics_call(ord_service_metrics(shared->service), ORD_FRONT_REST, call->method, call->code,
                         latency_ns, call->ids);
    if (request_id)
        log_call(call, latency_ns, request_id);

    if (atomic_fetch_sub(&shared->in_flight, 1) == 1 && atomic_load(&shared->draining)) {
        pthread_mutex_lock(&shared->lock);
        pthread_cond_signal(&shared->quiet);
        pthread_mutex_unlock(&shared->lock);
    }
}

/* With the debug log on, the reply carries the ID under which it is logged. */
static void answer_with_id(struct ord_http_call *call)
{
    char request_id[ORD_REQUEST_ID_MAX], line[ORD_REQUEST_ID_MAX + 20];
    ord_request_id(call->request_id, request_id);
    snprintf(line, sizeof line, "X-Request-ID: %s\r\n", request_id);
    call->request_id_header = line;
    ord_http_route(call);
    end_call(call, request_id);
}

static int begin_request(struct mg_connection *connection)
{
    struct ord_http_call call;
    begin_call(&call, connection);
    read_request(&call);
    if (ord_log_enabled(ORD_LOG_DEBUG)) {
        answer_with_id(&call);
    } else {
        ord_http_route(&call);
        end_call(&call, NULL);
    }
    return call.status;
}

/* The library's own refusals, which all end the connection. */
static const struct {
    int library_status;
    int status;
    const char *text;
} refusals[] = {
    {400, 400, "request: it is not HTTP/1.0 or HTTP/1.1, is far too large, or did not arrive in time"},
    {411, 400, "content-length: it is not a number"},
    {505, 505, "request: its HTTP version is not known; allowed 1.0, 1.1"},
};

static int http_error(struct mg_connection *connection, int status, const char *message)
{
    struct ord_http_call call;
    begin_call(&call, connection);
    call.must_close = true;
    call.is_counted = true;

    struct ord_error error;
    ord_fail(&error, ORD_INTERNAL, "%s", message);
    int reply_status = status;
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        if (refusals[i].library_status != status)
            continue;
        ord_fail(&error, ORD_INVALID_ARGUMENT, "%s", refusals[i].text);
        reply_status = refusals[i].status;
    }
    ord_http_problem(&call, &error, reply_status, "");
    end_call(&call, NULL);
    return 0;
}

static int log_message(const struct mg_connection *connection, const char *message)
{
    struct ord_http *http = mg_get_user_data(mg_get_context(connection));
    if (atomic_load(&http->started))
        ord_log(ORD_LOG_WARN, "http", "cause", message, NULL);
    else if (!http->start_failure[0])
        snprintf(http->start_failure, sizeof http->start_failure, "%s", message);
    return 1;
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
    snprintf(shared->preflight, sizeof shared->preflight,
             "Access-Control-Allow-Methods: GET, HEAD, OPTIONS\r\n"
             "Access-Control-Allow-Headers: Prefer, X-Request-ID, traceparent\r\n"
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
        .begin_request = begin_request, .http_error = http_error, .log_message = log_message};
    struct mg_init_data init = {
        .callbacks = &callbacks, .user_data = http, .configuration_options = settings[0]};
    char text[256] = "";
    struct mg_error_data failure = {.text = text, .text_buffer_size = sizeof text};
    http->context = mg_start2(&init, &failure);
    if (!http->context)
        return ord_fail(error, ORD_INTERNAL, "listen on %s: %s", options->listen,
                        http->start_failure[0] ? reason_of(http->start_failure) : text);
    atomic_store(&http->started, true);
    return ORD_OK;
}

static enum ord_code find_address(struct ord_http *http, const char *listen, struct ord_error *error)
{
    struct mg_server_port port;
    if (mg_get_server_ports(http->context, 1, &port) != 1)
        return ord_fail(error, ORD_INTERNAL, "listen on %s: cannot tell the port", listen);
    snprintf(http->address, sizeof http->address, "%.*s:%d", (int)(strchr(listen, ':') - listen), listen,
             port.port);
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
    return http->address;
}

void ord_http_drain(struct ord_http *http, uint32_t limit_ms)
{
    struct ord_http_shared *shared = &http->shared;
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    uint64_t ns = (uint64_t)until.tv_nsec + UINT64_C(1000000) * limit_ms;
    until.tv_sec += (time_t)(ns / 1000000000);
    until.tv_nsec = (long)(ns % 1000000000);

    pthread_mutex_lock(&shared->lock);
    atomic_store(&shared->draining, true);
    int waited = 0;
    while (atomic_load(&shared->in_flight) > 0 && waited != ETIMEDOUT)
        waited = pthread_cond_timedwait(&shared->quiet, &shared->lock, &until);
    pthread_mutex_unlock(&shared->lock);
}

struct ord_http *ord_http_close(struct ord_http *http)
{
    if (!http)
        return NULL;
    ord_http_wake(http->address);
    mg_stop(http->context);
    mg_exit_library();
    pthread_cond_destroy(&http->shared.quiet);
    pthread_mutex_destroy(&http->shared.lock);
    free(http);
    return NULL;
}
