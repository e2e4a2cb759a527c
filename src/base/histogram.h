/*
 * A latency histogram with fixed buckets, for Prometheus.
 *
 * Any thread records, any thread reads; a reader may see a sample's bucket before its sum.
 */
#pragma once

#include <stdatomic.h>
#include <stdint.h>

#define ORD_HISTOGRAM_BUCKETS 16

/* Upper bounds in microseconds, from 10 µs to 10 s; the last bucket is without bound. */
extern const uint64_t ord_histogram_bounds_us[ORD_HISTOGRAM_BUCKETS - 1];

/* All zero is an empty histogram. */
struct ord_histogram {
    atomic_uint_least64_t counts[ORD_HISTOGRAM_BUCKETS]; /* not cumulative */
    atomic_uint_least64_t sum_ns;
};

void ord_histogram_record(struct ord_histogram *histogram, uint64_t sample_ns);
