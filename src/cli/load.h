/*
 * The load of `ordinal torture`: callers in threads of their own, over gRPC and REST, each with a record of
 * what it received. The functions here are called by one thread.
 */
#pragma once

#include <stdint.h>

#include "base/error.h"
#include "cli/tally.h"

#define ORD_LOAD_CALLERS 4

struct ord_load;

/* Starts calls for batches of all sizes at ordinald's two addresses. ORD_INTERNAL: no threads or memory. */
enum ord_code ord_load_start(const char *grpc, const char *http, struct ord_load **ret_load,
                             struct ord_error *error);

/*
 * Waits until all callers have ended, which they do as soon as nobody answers; adds what they received to the
 * tally. ORD_INTERNAL: a call failed before `killed_ns` (ord_boot_ns), an answer made no sense, or no memory.
 */
enum ord_code ord_load_finish(struct ord_load *load, int64_t killed_ns, struct ord_tally *tally,
                              struct ord_error *error);
