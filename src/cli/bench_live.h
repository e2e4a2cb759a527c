/*
 * Looks after a bench while it runs: shows how it goes on a terminal, and ends it when a signal says so or when
 * nothing can come of it. One thread.
 */
#pragma once

#include <stdbool.h>

#include "bench/bench.h"

/* Signals that end a bench early, to be blocked before it starts. */
void ord_bench_block_signals(void);

/* Returns when the load has ended; whether that was early. Draws on `fd`, or never if that is -1. */
bool ord_bench_watch(struct ord_bench *bench, const struct ord_bench_plan *plan, int fd);

#define ORD_BENCH_LINE_MAX 160

/* The line for what happened between two looks: rates, and p99 of `latency`, which is that of the time between.
 */
void ord_bench_live_text(const struct ord_bench_plan *plan, const struct ord_bench_view *before,
                         const struct ord_bench_view *now, const struct ord_percentiles *latency,
                         char ret[ORD_BENCH_LINE_MAX]);
