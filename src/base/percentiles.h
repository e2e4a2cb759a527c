/*
 * A record of latencies for percentiles: buckets that are as narrow as 1/128 of what they hold, up to 68 s.
 * What is read from it is at most 0.8 % too high and never too low. (base/histogram.h has the few fixed buckets
 * that Prometheus wants, and any thread may record there.)
 *
 * One thread records; others may read at the same time, and may then miss what is being recorded.
 */
#pragma once

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#define ORD_PERCENTILES_BITS 7
#define ORD_PERCENTILES_BUCKETS 3840

/* All zero is an empty record. It is large for a stack. */
struct ord_percentiles {
    atomic_uint_least64_t counts[ORD_PERCENTILES_BUCKETS];
    atomic_uint_least64_t sum_ns, max_ns;
};

/* The last bucket takes all that is longer. */
void ord_percentiles_record(struct ord_percentiles *percentiles, uint64_t sample_ns);

/* Adds all that `part` has. `into` is not being read or recorded to by others. */
void ord_percentiles_add(struct ord_percentiles *into, const struct ord_percentiles *part);

/* Takes away all that `part` has, which was once all that `from` had; the maximum stays. */
void ord_percentiles_subtract(struct ord_percentiles *from, const struct ord_percentiles *part);

/* How many samples there are. */
uint64_t ord_percentiles_count(const struct ord_percentiles *percentiles);

/* The latency that `percent` (0 to 100) of the samples do not exceed; 0 if there are none. */
uint64_t ord_percentiles_at(const struct ord_percentiles *percentiles, double percent);

/* The longest sample of bucket `index`, and that of all below it plus one nanosecond. */
uint64_t ord_percentiles_last_ns(size_t index);
uint64_t ord_percentiles_first_ns(size_t index);
