/*
 * Reads the replies that bring IDs: protobuf as gRPC carries it, JSON as REST does. Made for speed: in the
 * forms that ordinald writes nothing is allocated; JSON in any other form goes through wire's reader.
 *
 * Any thread.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/layout.h"

/* Takes a run of a reply: count at least 1, step at least 1, from 0 to INT64_MAX. */
typedef void ord_run_taker(void *context, const struct ord_run *run);

/*
 * Reads a reply to a call that asked for `wanted` IDs; hands on its runs in their order. Returns NULL, or what
 * is wrong with the reply (static); runs before the fault have been handed on then, since they were received.
 */
typedef const char *ord_reply_reader(const uint8_t *bytes, size_t size, uint32_t wanted, ord_run_taker *take,
                                     void *context);

ord_reply_reader ord_reply_pb_id;     /* GetIdResponse */
ord_reply_reader ord_reply_pb_runs;   /* GetIdsResponse, StreamIdsResponse */
ord_reply_reader ord_reply_json_id;   /* {"id":"7"} */
ord_reply_reader ord_reply_json_runs; /* {"runs":[{"first":"7","count":2,"step":"1"}]} */
