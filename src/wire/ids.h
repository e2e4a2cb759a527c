/*
 * Claims on the generator as replies: protobuf (nanopb) for gRPC; JSON and text for REST and the command line.
 *
 * All write straight from the claimed slots into the caller's buffer or sink; nothing is allocated. Any thread.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "core/layout.h"
#include "core/requests.h"
#include "wire/idtext.h"

/* What GetIds and StreamIds ask for, whatever the protocol. */
struct ord_ids_request {
    uint32_t count;
    uint32_t tag;
    uint32_t max_wait_ms; /* StreamIds only */
    char
        request_id[ORD_REQUEST_KEY_MAX + 2]; /* GetIds only; "": there is none; room for one that is too long */
};

#define ORD_PB_ID_MAX 11

/* Writes a GetIdResponse; returns its length. */
size_t ord_pb_id_write(int64_t id, uint8_t ret[ORD_PB_ID_MAX]);

/* The length of a GetIdsResponse or StreamIdsResponse (they look alike) for `ids`. */
size_t ord_pb_ids_size(const struct ord_ids *ids);

/* Writes it; `size` is what ord_pb_ids_size said. */
void ord_pb_ids_write(const struct ord_ids *ids, uint8_t *ret, size_t size);

/* Read a GetIdsRequest, a StreamIdsRequest. ORD_INVALID_ARGUMENT: not such a message, or a request ID that is
 * too long or has a zero in it. */
enum ord_code ord_pb_get_ids_read(const uint8_t *bytes, size_t size, struct ord_ids_request *ret,
                                  struct ord_error *error);
enum ord_code ord_pb_stream_ids_read(const uint8_t *bytes, size_t size, struct ord_ids_request *ret,
                                     struct ord_error *error);

enum ord_ids_form {
    ORD_FORM_ID_JSON,   /* {"id":"7"}: one ID */
    ORD_FORM_IDS_JSON,  /* {"ids":["7","8"]} */
    ORD_FORM_RUNS_JSON, /* {"runs":[{"first":"7","count":2,"step":"1"}]}: `format` forms first; step is decimal
                         */
    ORD_FORM_IDS_TEXT,  /* one ID a line */
    ORD_FORM_RUNS_TEXT, /* first, count and step with a space between, one run a line */
};

/* Takes the next piece of a text. */
typedef void ord_sink(void *context, const char *bytes, size_t size);

/* Writes `ids` piece by piece. */
void ord_ids_write(const struct ord_ids *ids, enum ord_ids_form form, enum ord_id_format format, ord_sink *sink,
                   void *context);

/* How many bytes ord_ids_write will write, without forming each ID. */
size_t ord_ids_length(const struct ord_ids *ids, enum ord_ids_form form, enum ord_id_format format);
