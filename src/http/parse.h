/*
 * Reading the parts of a request: content negotiation, preferences, conditions, parameters.
 *
 * Pure functions over text; any thread. Header values come as the client sent them. What cannot be read in a
 * header is passed over, as HTTP asks; what cannot be read in a query is an error.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* What replies come in. */
enum ord_http_media {
    ORD_HTTP_JSON,   /* application/json */
    ORD_HTTP_TEXT,   /* text/plain */
    ORD_HTTP_HTML,   /* text/html */
    ORD_HTTP_EVENTS, /* text/event-stream */
    ORD_HTTP_MEDIA,
};

/* What a client accepts, from all of its Accept headers. All zero: it did not say, and accepts everything. */
struct ord_http_accept {
    bool given;
    struct {
        uint8_t precision; /* of the range that decided: 3 for type/subtype, 2 for type with any subtype, 1 for
                              any */
        uint16_t quality;  /* 0 to 1000 */
    } of[ORD_HTTP_MEDIA];
};

/* Adds one Accept header. The most precise range that covers a medium decides for it. */
void ord_http_accept_add(struct ord_http_accept *accept, const char *value);

/* 0 (not accepted) to 1000. */
int ord_http_accept_quality(const struct ord_http_accept *accept, enum ord_http_media media);

/* Whether an Accept-Encoding header (NULL: there is none) allows gzip. */
bool ord_http_accepts_gzip(const char *value);

/* Whether a list of tokens, such as a Connection header, holds `token`. */
bool ord_http_has_token(const char *list, const char *token);

/* The microseconds that a Prefer header (NULL: there is none) allows for waiting ("wait=1.5"); 0 when it does
 * not say, or not in a way that can be read. */
uint64_t ord_http_prefer_wait_us(const char *value);

/* Writes the key of an Idempotency-Key header, in quotes or bare, into `ret` (of `size` bytes, 1 at least), cut
 * if it is longer. */
void ord_http_idempotency_key(const char *value, char *ret, size_t size);

/* Whether an If-None-Match header (NULL: there is none) names `etag`, in the weak comparison. */
bool ord_http_etag_matches(const char *value, const char *etag);

/* The longest path and query that are taken, together. */
#define ORD_HTTP_URI_MAX 4096
#define ORD_HTTP_PARAMETERS_MAX 16

/* The parameters of a query, decoded. */
struct ord_http_query {
    unsigned count;
    struct {
        const char *name, *value; /* in `text` */
    } at[ORD_HTTP_PARAMETERS_MAX];
    char text[ORD_HTTP_URI_MAX + 1];
};

/* Splits and decodes a query of at most ORD_HTTP_URI_MAX bytes (NULL: there is none). '+' stands for itself, so
 * that time offsets need no escape. ORD_INVALID_ARGUMENT: an escape that is not one or stands for NUL, or too
 * many parameters; `*query` is then not to be used. */
enum ord_code ord_http_query_parse(const char *text, struct ord_http_query *query, struct ord_error *error);

/* Decodes %XX in place. ORD_INVALID_ARGUMENT as above. */
enum ord_code ord_http_decode(char *text, struct ord_error *error);
