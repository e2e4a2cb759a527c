#include <civetweb.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "api/metrics.h"
#include "base/log.h"
#include "base/time.h"
#include "base/trace.h"
#include "http/call.h"

/* Of bodies that no method reads, a small one is skipped, a larger one ends the connection. */
#define SKIPPED_BODY_MAX 65536

/* The header lines that a call keeps; first the one that each has. */
#define KEPT(text, member)                                                                                     \
    {                                                                                                          \
        .name = text, .size = sizeof text - 1, .field = offsetof(struct ord_http_call, member)                 \
    }

static const struct {
    const char *name;
    size_t size, field;
} kept_headers[] = {
    KEPT("Host", host),
    KEPT("Prefer", prefer),
    KEPT("Accept-Encoding", accept_encoding),
    KEPT("If-None-Match", if_none_match),
    KEPT("Connection", connection_header),
    KEPT("Transfer-Encoding", transfer_encoding),
    KEPT("Access-Control-Request-Method", preflight_method),
    KEPT("X-Request-ID", request_id),
    KEPT("traceparent", traceparent),
    KEPT("Origin", origin),
    KEPT("Forwarded", forwarded),
    KEPT("X-Forwarded-For", forwarded),
    KEPT("Via", forwarded),
    KEPT("Idempotency-Key", idempotency_key),
};

static void keep_header(struct ord_http_call *call, const struct mg_header *header)
{
    size_t size = strlen(header->name);
    if (size == 6 && strcasecmp(header->name, "Accept") == 0) {
        ord_http_accept_add(&call->accept, header->value);
        return;
    }
    for (size_t i = 0; i < sizeof kept_headers / sizeof *kept_headers; i++) {
        const char **field = (const char **)((char *)call + kept_headers[i].field);
        if (kept_headers[i].size != size || *field || strcasecmp(header->name, kept_headers[i].name) != 0)
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

/* Whether the body comes only once it is asked for, which it may not be. */
static bool is_held_back(const struct ord_http_call *call)
{
    return call->has_body && mg_get_header(call->connection, "Expect");
}

static void begin_call(struct ord_http_call *call, struct mg_connection *connection)
{
    memset(call, 0, offsetof(struct ord_http_call, out));
    call->shared = mg_get_user_data(mg_get_context(connection));
    call->connection = connection;
    call->code = ORD_OK;
    call->request_id_header = "";
    call->begin_ns = ord_boot_ns();
    atomic_fetch_add(&call->shared->in_flight, 1);
    call->is_draining = atomic_load(&call->shared->draining);
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
    call->has_body = info->content_length > 0 || call->transfer_encoding;
    call->head_size = head_size(info);
    call->must_close = call->is_draining || ends_connection(call, info->content_length) || is_held_back(call);
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

int ord_http_begin_request(struct mg_connection *connection)
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

int ord_http_refuse(struct mg_connection *connection, int status, const char *message)
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
