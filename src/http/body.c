/* Reads bodies. The library reads the connection, and takes chunks apart. */
#include <civetweb.h>
#include <string.h>
#include <strings.h>

#include "base/time.h"
#include "http/method.h"

/* How much is asked for at a time: the library waits for all of it, as long as something comes. */
#define PIECE 64

static bool is_json(const char *type)
{
    static const char json[] = ORD_HTTP_TYPE_JSON;
    size_t size = sizeof json - 1;
    return type && strncasecmp(type, json, size) == 0 && strchr(" \t;", type[size]);
}

static enum ord_code check_type(const struct ord_http_call *call, struct ord_error *error)
{
    if (is_json(mg_get_header(call->connection, "Content-Type")))
        return ORD_OK;
    return ord_fail(error, ORD_MEDIA_TYPE, "content-type: the body is in none that is taken here; allowed %s",
                    ORD_HTTP_TYPE_JSON);
}

static enum ord_code fail_size(size_t max, struct ord_error *error)
{
    return ord_fail(error, ORD_TOO_LARGE, "body: too large; allowed up to %zu bytes", max);
}

/* The client waits for this before it sends the body. */
static void invite(struct ord_http_call *call)
{
    static const char line[] = "HTTP/1.1 100 Continue\r\n\r\n";
    const char *expect = mg_get_header(call->connection, "Expect");
    if (expect && strcasecmp(expect, "100-continue") == 0 && !call->is_first_version)
        mg_write(call->connection, line, sizeof line - 1);
}

/* Reads up to `size` bytes; less are there when the body ends before, or does not arrive in time. */
static size_t receive(struct ord_http_call *call, char *bytes, size_t size)
{
    size_t used = 0;
    int64_t until_ns = call->begin_ns + INT64_C(1000000) * call->shared->send_timeout_ms;
    while (used < size && ord_boot_ns() < until_ns) {
        size_t piece = size - used < PIECE ? size - used : PIECE;
        int got = mg_read(call->connection, bytes + used, piece);
        if (got <= 0)
            break;
        used += (size_t)got;
    }
    return used;
}

/* How a body of known size is read, and one in chunks, which end with one that is empty. */
static enum ord_code read_whole(struct ord_http_call *call, char *bytes, size_t wanted, size_t *ret_size,
                                struct ord_error *error)
{
    char end;
    *ret_size = receive(call, bytes, wanted);
    if (call->transfer_encoding ? mg_read(call->connection, &end, 1) == 0 : *ret_size == wanted)
        return ORD_OK;
    call->must_close = true;
    return ord_fail(error, ORD_INVALID_ARGUMENT, "body: it broke off, or did not arrive in time");
}

enum ord_code ord_http_body_read(struct ord_http_call *call, size_t max, struct ord_arena *arena,
                                 const char **ret_text, size_t *ret_size, struct ord_error *error)
{
    long long length = mg_get_request_info(call->connection)->content_length;
    enum ord_code code = check_type(call, error);
    if (code != ORD_OK)
        return code;
    if (!call->transfer_encoding && (unsigned long long)length > max)
        return fail_size(max, error);

    size_t wanted = call->transfer_encoding ? max + 1 : (size_t)length;
    char *bytes = ord_arena_alloc(arena, wanted);
    if (!bytes)
        return ord_fail(error, ORD_INTERNAL, "no memory");
    invite(call);
    size_t size;
    code = read_whole(call, bytes, wanted, &size, error);
    if (size > max)
        return fail_size(max, error);
    if (code != ORD_OK)
        return code;
    *ret_text = bytes;
    *ret_size = size;
    return ORD_OK;
}
