/*
 * A call of a method of the table: reading its parameters, and answering it. Private to http/.
 */
#pragma once

#include "base/arena.h"
#include "http/call.h"
#include "wire/message.h"

#define ORD_HTTP_ARENA_SIZE 2048

#define ORD_HTTP_TYPE_JSON "application/json"
#define ORD_HTTP_TYPE_TEXT "text/plain; charset=utf-8"
#define ORD_HTTP_TYPE_EVENTS "text/event-stream"

/* How the caller wants the reply written: parameters that are not fields of the request message. */
struct ord_http_presentation {
    enum ord_id_format format;
    bool as_runs;
    bool as_text;
    bool format_given, form_given;
};

/* A method's call while its parameters are read. */
struct ord_http_reading {
    struct ord_http_call *call;
    const struct ord_method *method;
    const struct ord_route_value *values; /* of the path */
    struct ord_http_presentation presentation;
    struct ord_http_query query; /* what is of the request */
};

/* Takes the presentation out of the query; what stays are fields of the request. */
enum ord_code ord_http_presentation_read(struct ord_http_reading *reading, struct ord_error *error);

/* ORD_UNKNOWN_PARAMETER, with the parameters that the method has. */
enum ord_code ord_http_fail_unknown(const struct ord_method *method, const char *name, struct ord_error *error);

/* ORD_INVALID_ARGUMENT: the method has no use for an Idempotency-Key. */
enum ord_code ord_http_fail_key(struct ord_error *error);

/* The request message in the arena, out of body, path, query and headers, and which of its fields were given.
 * ORD_REPEATED_PARAMETER: a field came in two ways. Else as wire/query.h and wire/json.h have it. */
enum ord_code ord_http_fields_read(const struct ord_http_reading *reading, struct ord_arena *arena,
                                   ProtobufCMessage **ret_message, ord_field_set *ret_given,
                                   struct ord_error *error);

/* The whole body of a POST, in the arena; `*ret_size` 0: it is empty. ORD_MEDIA_TYPE: it is not JSON.
 * ORD_TOO_LARGE: above `max` bytes. ORD_INVALID_ARGUMENT: it broke off. */
enum ord_code ord_http_body_read(struct ord_http_call *call, size_t max, struct ord_arena *arena,
                                 const char **ret_text, size_t *ret_size, struct ord_error *error);

/* Answer a call whose parameters are read but for the fields of its request: with IDs, with a message, with a
 * pushed stream. On failure nothing is sent yet. */
enum ord_code ord_http_give_ids(struct ord_http_reading *reading, struct ord_error *error);
enum ord_code ord_http_give_message(struct ord_http_reading *reading, struct ord_error *error);
enum ord_code ord_http_give_events(struct ord_http_reading *reading, struct ord_error *error);
