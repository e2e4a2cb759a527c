/*
 * Figures that all forms of the report of `ordinal bench` have. Any thread.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/utsname.h>

#include "bench/bench.h"

struct ord_bench_environment {
    long cores;
    char cpu[128];
    struct utsname names;
};

void ord_bench_environment(struct ord_bench_environment *ret);

/* The percentiles that are shown, and how they are called: {50, "p50"}; up to 99.99. */
struct ord_bench_percentile {
    double percent;
    const char *name;
};

#define ORD_BENCH_PERCENTILES 7
extern const struct ord_bench_percentile ord_bench_percentiles[ORD_BENCH_PERCENTILES];

/* So many a second. */
double ord_bench_rate(const struct ord_bench_result *result, uint64_t count);

/* Nanoseconds; 0 if there are none. */
double ord_bench_mean_ns(const struct ord_bench_result *result);

/* What the bench itself used: nanoseconds of CPU for each call; and how busy its busiest thread was, 0 to 1. */
double ord_bench_cpu_ns_per_call(const struct ord_bench_result *result);
double ord_bench_busy(const struct ord_bench_result *result);

#define ORD_BENCH_TIME_MAX 24

/* "812 ns", "1.23 ms", "10.5 s". */
void ord_bench_time_text(double ns, char ret[ORD_BENCH_TIME_MAX]);
