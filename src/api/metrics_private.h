/* The counters, for the service that holds them; see metrics.h. All zero is a fresh set. */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>

#include "api/metrics.h"
#include "base/histogram.h"

/* Rows of the method table, and one for calls of what is not there. */
#define ORD_METRICS_METHODS 32

struct ord_metrics {
    struct {
        atomic_uint_least64_t calls[ORD_CODES];
        struct ord_histogram latency;
    } by[ORD_FRONTS][ORD_METRICS_METHODS];
    atomic_uint_least64_t ids[ORD_FRONTS];
    atomic_uint_least64_t reservations[2];    /* that failed, that succeeded */
    atomic_uint_least64_t request_commits[2]; /* that failed, that succeeded */
    atomic_bool reservation_failing;          /* the last one did */
};
