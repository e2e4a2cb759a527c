/*
 * What a caller is told when a call failed, out of what the transport and the server say. All that return a
 * code fill `error` with it; it is never ORD_OK. Any thread.
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

/* A number of milliseconds as a retry hint: 0 if it is not above 0, at most a day. */
uint32_t ord_retry_hint(int64_t ms);
