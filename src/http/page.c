#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "api/health.h"
#include "api/metrics.h"
#include "http/assets.h"
#include "http/call.h"

#define TYPE_TEXT "text/plain; charset=utf-8"
#define TYPE_METRICS "text/plain; version=0.0.4; charset=utf-8"

/* What pages may load, and from where: themselves, from here. Swagger UI writes styles and images into its
 * page. */
#define POLICY(more)                                                                                           \
    "Content-Security-Policy: default-src 'self'; base-uri 'none'; form-action 'self'; "                       \
    "frame-ancestors 'none'; object-src 'none'" more "\r\n"                                                    \
    "Referrer-Policy: no-referrer\r\n"
#define DOCS_POLICY POLICY("; style-src 'self' 'unsafe-inline'; img-src 'self' data:")
#define PAGE_POLICY POLICY("")

static void reply_text(struct ord_http_call *call, int status, const char *text)
{
    char line[160];
    int size = snprintf(line, sizeof line, "%s\n", text);
    ord_http_reply(call, status, TYPE_TEXT, ORD_HTTP_NO_STORE, line, (size_t)size);
}

static void answer_livez(struct ord_http_call *call, const struct ord_http_asset *asset)
{
    reply_text(call, 200, "ok");
}

static void answer_readyz(struct ord_http_call *call, const struct ord_http_asset *asset)
{
    struct ord_service *service = call->shared->service;
    enum ord_health_state state = ord_health_get(ord_service_health(service));
    char why[96], text[128] = "ok";
    if (ord_service_is_degraded(service, why, sizeof why))
        snprintf(text, sizeof text, "ok, degraded: %s", why);
    if (state == ORD_SERVING)
        reply_text(call, 200, text);
    else
        reply_text(call, 503, ord_health_name(state));
}

/* A body whose length is known only once it is written. */
struct text {
    char *bytes; /* NULL: no memory */
    size_t used, room;
};

static void add_to_text(void *context, const char *bytes, size_t size)
{
    struct text *text = context;
    if (text->bytes && size > text->room - text->used) {
        text->room = 2 * (text->used + size);
        char *larger = realloc(text->bytes, text->room);
        if (!larger)
            free(text->bytes);
        text->bytes = larger;
    }
    if (!text->bytes)
        return;
    memcpy(text->bytes + text->used, bytes, size);
    text->used += size;
}

static void answer_metrics(struct ord_http_call *call, const struct ord_http_asset *asset)
{
    struct text text = {.bytes = malloc(8192), .room = 8192};
    ord_metrics_write(call->shared->service, add_to_text, &text);
    if (text.bytes) {
        ord_http_reply(call, 200, TYPE_METRICS, ORD_HTTP_NO_STORE, text.bytes, text.used);
    } else {
        struct ord_error error;
        ord_fail(&error, ORD_INTERNAL, "metrics: no memory");
        ord_http_problem(call, &error, 0, "");
    }
    free(text.bytes);
}

/* For the few clients that take no gzip. What is embedded was made by gzip: a failure is one of memory, and
 * shows as a reply that breaks off. */
static void put_inflated(struct ord_http_call *call, const struct ord_http_asset *asset)
{
    enum {
        GZIP_WINDOW = 15 + 16
    };
    z_stream stream = {.next_in = (unsigned char *)asset->gzip, .avail_in = (unsigned)asset->gzip_size};
    int state = inflateInit2(&stream, GZIP_WINDOW);
    while (state == Z_OK) {
        unsigned char piece[8192];
        stream.next_out = piece;
        stream.avail_out = sizeof piece;
        state = inflate(&stream, Z_NO_FLUSH);
        ord_http_put(call, (const char *)piece, sizeof piece - stream.avail_out);
    }
    inflateEnd(&stream);
    if (state != Z_STREAM_END)
        call->is_broken = call->must_close = true;
}

static const char *policy_of(const struct ord_http_asset *asset)
{
    if (strncmp(asset->type, "text/html", 9) != 0)
        return "";
    return strncmp(asset->path, "/docs", 5) == 0 ? DOCS_POLICY : PAGE_POLICY;
}

static void answer_asset(struct ord_http_call *call, const struct ord_http_asset *asset)
{
    bool as_gzip = ord_http_accepts_gzip(call->accept_encoding);
    char headers[512];
    snprintf(headers, sizeof headers, "ETag: %s\r\nCache-Control: no-cache\r\nVary: %sAccept-Encoding\r\n%s%s",
             asset->etag, strcmp(asset->path, "/") == 0 ? "Accept, " : "", policy_of(asset),
             as_gzip ? "Content-Encoding: gzip\r\n" : "");

    if (ord_http_etag_matches(call->if_none_match, asset->etag)) {
        ord_http_start(call, 304, NULL, ORD_HTTP_NO_LENGTH, headers);
        return;
    }
    ord_http_start(call, 200, asset->type, as_gzip ? asset->gzip_size : asset->size, headers);
    if (as_gzip)
        ord_http_put(call, (const char *)asset->gzip, asset->gzip_size);
    else if (!call->is_head)
        put_inflated(call, asset);
}

static bool prefers_page(const struct ord_http_call *call)
{
    int page = ord_http_accept_quality(&call->accept, ORD_HTTP_HTML);
    return page > ord_http_accept_quality(&call->accept, ORD_HTTP_TEXT) &&
           page > ord_http_accept_quality(&call->accept, ORD_HTTP_JSON);
}

/* A page for browsers; an ID for everyone else, so that `curl HOST:PORT` prints one. */
static void answer_root(struct ord_http_call *call, const struct ord_http_asset *asset)
{
    if (prefers_page(call))
        answer_asset(call, asset);
    else
        ord_http_plain_id(call);
}

static const struct {
    const char *path;
    ord_http_answer *answer;
    bool outlasts_drain;
} answers[] = {
    {"/", answer_root, false},
    {"/livez", answer_livez, true},
    {"/readyz", answer_readyz, true},
    {"/metrics", answer_metrics, true},
};

static const struct ord_http_asset *asset_of(const char *path)
{
    for (size_t i = 0; i < ord_http_asset_count; i++)
        if (strcmp(ord_http_assets[i].path, path) == 0)
            return &ord_http_assets[i];
    return NULL;
}

bool ord_http_page_find(const char *path, struct ord_http_page *ret_page)
{
    struct ord_http_page page = {.asset = asset_of(path), .answer = answer_asset};
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        if (strcmp(answers[i].path, path) != 0)
            continue;
        page.answer = answers[i].answer;
        page.outlasts_drain = answers[i].outlasts_drain;
        *ret_page = page;
        return true;
    }
    if (!page.asset)
        return false;
    *ret_page = page;
    return true;
}
