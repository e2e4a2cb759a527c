/*
 * What is counted: calls by front end, method and code; their latency; IDs given.
 *
 * ord_metrics_call is called once a call by the front ends, from any thread, without locks.
 */
#pragma once

#include <stdint.h>

#include "base/error.h"
#include "wire/ids.h"

struct ord_metrics;
struct ord_method;
struct ord_service;

enum ord_front {
    ORD_FRONT_GRPC,
    ORD_FRONT_REST,
    ORD_FRONTS,
};

/* Counts a call that ended with `code` after `latency_ns` and gave `ids` IDs. `method` is a row of the table in
 * api/methods.h, or NULL for a call of something that is not there. */
void ord_metrics_call(struct ord_metrics *metrics, enum ord_front front, const struct ord_method *method,
                      enum ord_code code, uint64_t latency_ns, uint32_t ids);

/* Writes everything in the Prometheus text format, version 0.0.4. */
void ord_metrics_write(struct ord_service *service, ord_sink *sink, void *context);
