#include <civetweb.h>
#include <stdio.h>
#include <string.h>

#include "http/call.h"

static const struct {
    int status;
    const char *line;
} status_lines[] = {
    {200, "HTTP/1.1 200 OK\r\n"},
    {204, "HTTP/1.1 204 No Content\r\n"},
    {304, "HTTP/1.1 304 Not Modified\r\n"},
    {400, "HTTP/1.1 400 Bad Request\r\n"},
    {403, "HTTP/1.1 403 Forbidden\r\n"},
    {404, "HTTP/1.1 404 Not Found\r\n"},
    {405, "HTTP/1.1 405 Method Not Allowed\r\n"},
    {406, "HTTP/1.1 406 Not Acceptable\r\n"},
    {409, "HTTP/1.1 409 Conflict\r\n"},
    {410, "HTTP/1.1 410 Gone\r\n"},
    {413, "HTTP/1.1 413 Content Too Large\r\n"},
    {414, "HTTP/1.1 414 URI Too Long\r\n"},
    {415, "HTTP/1.1 415 Unsupported Media Type\r\n"},
    {422, "HTTP/1.1 422 Unprocessable Content\r\n"},
    {429, "HTTP/1.1 429 Too Many Requests\r\n"},
    {431, "HTTP/1.1 431 Request Header Fields Too Large\r\n"},
    {501, "HTTP/1.1 501 Not Implemented\r\n"},
    {503, "HTTP/1.1 503 Service Unavailable\r\n"},
    {504, "HTTP/1.1 504 Gateway Timeout\r\n"},
    {505, "HTTP/1.1 505 HTTP Version Not Supported\r\n"},
};

static const char *status_line(int status)
{
    for (size_t i = 0; i < sizeof status_lines / sizeof *status_lines; i++)
        if (status_lines[i].status == status)
            return status_lines[i].line;
    return "HTTP/1.1 500 Internal Server Error\r\n";
}

void ord_http_flush(struct ord_http_call *call)
{
    if (call->used == 0 || call->is_broken)
        return;
    if (mg_write(call->connection, call->out, call->used) != (int)call->used) {
        call->is_broken = true;
        mg_disable_connection_keep_alive(call->connection);
    }
    call->used = 0;
}

static void put_in_pieces(struct ord_http_call *call, const char *bytes, size_t size)
{
    while (size > 0 && !call->is_broken) {
        size_t room = sizeof call->out - call->used;
        size_t piece = size < room ? size : room;
        memcpy(call->out + call->used, bytes, piece);
        call->used += piece;
        bytes += piece;
        size -= piece;
        if (call->used == sizeof call->out)
            ord_http_flush(call);
    }
}

/* Inlined, so that the lengths of what is written as it stands are known. */
static inline void put(struct ord_http_call *call, const char *bytes, size_t size)
{
    if (size >= sizeof call->out - call->used || call->is_broken) {
        put_in_pieces(call, bytes, size);
        return;
    }
    memcpy(call->out + call->used, bytes, size);
    call->used += size;
}

static inline void put_text(struct ord_http_call *call, const char *text)
{
    put(call, text, strlen(text));
}

static void put_number(struct ord_http_call *call, uint64_t number)
{
    char digits[20];
    char *at = digits + sizeof digits;
    do {
        *--at = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    put(call, at, (size_t)(digits + sizeof digits - at));
}

/* Clients of 1.1 keep a connection unless told otherwise; those of 1.0 close it unless told otherwise. */
static const char *connection_header(const struct ord_http_call *call)
{
    if (call->must_close)
        return "Connection: close\r\n";
    return call->is_first_version ? "Connection: keep-alive\r\n" : "";
}

void ord_http_start(struct ord_http_call *call, int status, const char *type, uint64_t length,
                    const char *headers)
{
    call->status = status;
    put_text(call, status_line(status));
    if (type) {
        put_text(call, "Content-Type: ");
        put_text(call, type);
        put_text(call, "\r\n");
    }
    if (length != ORD_HTTP_NO_LENGTH) {
        put_text(call, "Content-Length: ");
        put_number(call, length);
        put_text(call, "\r\n");
    }
    put_text(call, headers);
    put_text(call, "X-Content-Type-Options: nosniff\r\n");
    put_text(call, connection_header(call));
    put_text(call, call->shared->cors);
    put_text(call, call->request_id_header);
    put_text(call, "\r\n");
    call->is_body_left_out = call->is_head;
}

void ord_http_put(void *context, const char *bytes, size_t size)
{
    struct ord_http_call *call = context;
    if (!call->is_body_left_out)
        put(call, bytes, size);
}

void ord_http_reply(struct ord_http_call *call, int status, const char *type, const char *headers,
                    const void *body, size_t size)
{
    ord_http_start(call, status, type, size, headers);
    ord_http_put(call, body, size);
}

/* A JSON text in the making: cut when it is full, which the sizes below rule out. */
struct document {
    size_t used;
    char *text; /* of ORD_HTTP_PROBLEM_MAX bytes */
};

static void add(struct document *document, const char *bytes, size_t size)
{
    size_t room = ORD_HTTP_PROBLEM_MAX - 1 - document->used;
    if (size > room)
        size = room;
    memcpy(document->text + document->used, bytes, size);
    document->used += size;
}

static void add_text(struct document *document, const char *text)
{
    add(document, text, strlen(text));
}

/* Errors quote what clients sent as plain ASCII; whatever else comes through must still be valid JSON. */
static void add_escaped(struct document *document, const char *text)
{
    for (const unsigned char *at = (const unsigned char *)text; *at; at++) {
        char escape[8];
        if (*at == '"' || *at == '\\')
            snprintf(escape, sizeof escape, "\\%c", *at);
        else if (*at < 0x20 || *at == 0x7f)
            snprintf(escape, sizeof escape, "\\u%04x", *at);
        else if (*at > 0x7f)
            snprintf(escape, sizeof escape, "\\ufffd");
        else
            snprintf(escape, sizeof escape, "%c", *at);
        add_text(document, escape);
    }
}

static int status_of(const struct ord_error *error, int status)
{
    return status ? status : ord_code_info(error->code)->http_status;
}

size_t ord_http_problem_text(const struct ord_error *error, int status, char ret[ORD_HTTP_PROBLEM_MAX])
{
    const struct ord_code_info *info = ord_code_info(error->code);
    struct document document = {.text = ret};
    char numbers[64];
    add_text(&document, "{\"type\":\"/docs#");
    add_text(&document, info->name);
    add_text(&document, "\",\"title\":\"");
    add_escaped(&document, info->title);
    snprintf(numbers, sizeof numbers, "\",\"status\":%d,\"detail\":\"", status_of(error, status));
    add_text(&document, numbers);
    add_escaped(&document, error->text);
    add_text(&document, "\",\"code\":\"");
    add_text(&document, info->name);
    add_text(&document, "\"");
    if (error->retry_after_ms > 0) {
        snprintf(numbers, sizeof numbers, ",\"retryAfterMs\":%u", error->retry_after_ms);
        add_text(&document, numbers);
    }
    add_text(&document, "}");
    ret[document.used] = '\0';
    return document.used;
}

void ord_http_problem(struct ord_http_call *call, const struct ord_error *error, int status,
                      const char *headers)
{
    char text[ORD_HTTP_PROBLEM_MAX], lines[256];
    size_t size = ord_http_problem_text(error, status, text);
    call->code = error->code;
    if (error->retry_after_ms > 0)
        snprintf(lines, sizeof lines, ORD_HTTP_NO_STORE "Retry-After: %u\r\n%s",
                 (error->retry_after_ms - 1) / 1000 + 1, headers);
    else
        snprintf(lines, sizeof lines, ORD_HTTP_NO_STORE "%s", headers);
    ord_http_reply(call, status_of(error, status), "application/problem+json", lines, text, size);
}
