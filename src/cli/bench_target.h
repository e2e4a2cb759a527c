/*
 * The server that `ordinal bench` loads, taken apart. Any thread.
 */
#pragma once

#include "base/error.h"

struct ord_bench_target {
    char host[256]; /* without brackets */
    char port[8];
    char prefix[200]; /* what stands before /v1 in paths; "" or "/x" */
};

/* Takes apart an address that ord_grpc_transport_open took. ORD_INVALID_ARGUMENT: the host is too long. */
enum ord_code ord_bench_target_of_address(const char *address, struct ord_bench_target *ret_target,
                                          struct ord_error *error);

/* Takes apart a URL that ord_http_transport_open took. ORD_INVALID_ARGUMENT: it is https, or too long. */
enum ord_code ord_bench_target_of_url(const char *url, struct ord_bench_target *ret_target,
                                      struct ord_error *error);
