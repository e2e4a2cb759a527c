/*
 * What a reading of the time costs by itself, and the calls of ours around it, uncontended: clock_gettime of
 * each clock, the steps from there to a tick, a claim on the generator, and a claim on the whole service.
 */
#pragma once

#include <stddef.h>

/* Measures every row; up to BENCH_CLOCK_ROUNDS times. */
#define BENCH_CLOCK_ROUNDS 16
void bench_clocks_measure(void);

/* Medians of what was measured, and ratios to clock_gettime(CLOCK_BOOTTIME), the clock that the service
 * reads. */
void bench_clocks_print(void);

/* The same as a member of a JSON object. */
void bench_clocks_print_json(void);

/* The median of `values`, which it sorts. */
double bench_median(double *values, size_t count);
