#include "base/histogram.h"

#include <criterion/criterion.h>
#include <inttypes.h>
#include <pthread.h>

Test(histogram, bounds_rise)
{
    for (int i = 1; i < ORD_HISTOGRAM_BUCKETS - 1; i++)
        cr_assert_gt(ord_histogram_bounds_us[i], ord_histogram_bounds_us[i - 1], "bucket %d", i);
    cr_assert_eq(ord_histogram_bounds_us[0], 10);
    cr_assert_eq(ord_histogram_bounds_us[ORD_HISTOGRAM_BUCKETS - 2], 10000000);
}

static int bucket_of(uint64_t sample_ns)
{
    struct ord_histogram histogram = {0};
    ord_histogram_record(&histogram, sample_ns);
    int found = -1;
    for (int i = 0; i < ORD_HISTOGRAM_BUCKETS; i++) {
        uint64_t count = histogram.counts[i];
        cr_assert(count == 0 || (count == 1 && found < 0), "%" PRIu64 " ns: bucket %d has %" PRIu64, sample_ns,
                  i, count);
        if (count)
            found = i;
    }
    cr_assert_eq(histogram.sum_ns, sample_ns);
    return found;
}

Test(histogram, a_bound_belongs_to_its_bucket)
{
    for (int i = 0; i < ORD_HISTOGRAM_BUCKETS - 1; i++) {
        uint64_t bound_ns = ord_histogram_bounds_us[i] * 1000;
        cr_assert_eq(bucket_of(bound_ns), i, "%" PRIu64 " ns", bound_ns);
        cr_assert_eq(bucket_of(bound_ns + 1), i + 1, "%" PRIu64 " ns", bound_ns + 1);
    }
}

Test(histogram, the_ends_are_open)
{
    cr_assert_eq(bucket_of(0), 0);
    cr_assert_eq(bucket_of(UINT64_MAX), ORD_HISTOGRAM_BUCKETS - 1);
}

enum {
    THREADS = 4,
    SAMPLES = 20000
};

static void *record(void *histogram)
{
    for (int i = 0; i < SAMPLES; i++)
        ord_histogram_record(histogram, 15000);
    return NULL;
}

Test(histogram, no_sample_of_any_thread_is_lost)
{
    static struct ord_histogram histogram;
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, record, &histogram), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    cr_assert_eq(histogram.counts[1], THREADS * SAMPLES);
    cr_assert_eq(histogram.sum_ns, UINT64_C(15000) * THREADS * SAMPLES);
}
