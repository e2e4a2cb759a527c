/*
 * What went wrong with a call, from what each protocol says of it. All fill `error` and return its code, which
 * is never ORD_OK. Any thread.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* No answer from `server` within the timeout. */
enum ord_code ord_failure_timeout(const char *server, int64_t timeout_ms, struct ord_error *error);

/* `server` cannot be reached, and why. */
enum ord_code ord_failure_unreachable(const char *server, const char *cause, struct ord_error *error);

/* The last of a chain of causes: "c" of "a: b: c". */
const char *ord_failure_last_cause(const char *text);

/*
 * A gRPC status that is not OK, with its message and the bytes of `grpc-status-details-bin` (`size` 0: none
 * came). The details say the exact code and the retry hint; without them the code is the status's own.
 */
enum ord_code ord_failure_of_status(int status, const char *message, const void *details, size_t size,
                                    struct ord_error *error);

/*
 * An HTTP answer of `server` that is not a success: a problem document, or whatever a proxy says.
 * `retry_after_s` is the header's, 0 if there is none; the document's own hint is finer.
 */
enum ord_code ord_failure_of_problem(const char *server, long status, const char *body, size_t size,
                                     int64_t retry_after_s, struct ord_error *error);
