/*
 * What went wrong with a call over REST; what is common to both protocols is in wire/failure.h. Any thread.
 */
#pragma once

#include "wire/failure.h"

/*
 * An HTTP answer of `server` that is not a success: a problem document, or whatever a proxy says.
 * `retry_after_s` is the header's, 0 if there is none; the document's own hint is finer.
 */
enum ord_code ord_failure_of_problem(const char *server, long status, const char *body, size_t size,
                                     int64_t retry_after_s, struct ord_error *error);
