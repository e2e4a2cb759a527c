#include "base/histogram.h"

const uint64_t ord_histogram_bounds_us[ORD_HISTOGRAM_BUCKETS - 1] = {
    10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 50000, 100000, 500000, 1000000, 10000000,
};

void ord_histogram_record(struct ord_histogram *histogram, uint64_t sample_ns)
{
    int bucket = 0;
    while (bucket < ORD_HISTOGRAM_BUCKETS - 1 && sample_ns > ord_histogram_bounds_us[bucket] * 1000)
        bucket++;
    atomic_fetch_add_explicit(&histogram->counts[bucket], 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&histogram->sum_ns, sample_ns, memory_order_relaxed);
}
