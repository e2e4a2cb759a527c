#include "base/percentiles.h"

#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdlib.h>

static struct ord_percentiles record; /* zero in the process of each test */

static uint64_t at(double percent)
{
    return ord_percentiles_at(&record, percent);
}

Test(percentiles, an_empty_record_says_0)
{
    cr_assert_eq(at(50), 0);
    cr_assert_eq(ord_percentiles_count(&record), 0);
}

Test(percentiles, buckets_follow_each_other)
{
    cr_assert_eq(ord_percentiles_first_ns(0), 0);
    for (size_t i = 1; i < ORD_PERCENTILES_BUCKETS; i++) {
        uint64_t first = ord_percentiles_first_ns(i), last = ord_percentiles_last_ns(i);
        cr_assert_eq(first, ord_percentiles_last_ns(i - 1) + 1, "bucket %zu", i);
        cr_assert_leq((last - first) * 128, first, "bucket %zu: %" PRIu64 " to %" PRIu64, i, first, last);
    }
    cr_assert_eq(ord_percentiles_last_ns(ORD_PERCENTILES_BUCKETS - 1), (UINT64_C(1) << 36) - 1);
}

/* Each sample by itself, at the edges of buckets and anywhere. */
Test(percentiles, a_sample_is_told_within_a_hundredth_and_never_too_low)
{
    for (int bit = 0; bit < 36; bit++)
        for (int i = 0; i < 300; i++) {
            uint64_t base = UINT64_C(1) << bit, sample = base + (uint64_t)rand() % base - (i == 0);
            struct ord_percentiles *one = calloc(1, sizeof *one);
            ord_percentiles_record(one, sample);
            ord_percentiles_record(one, UINT64_C(1) << 40); /* so that the maximum does not bound it */
            uint64_t told = ord_percentiles_at(one, 50);
            cr_assert(told >= sample && told - sample <= sample / 100, "%" PRIu64 " is told as %" PRIu64,
                      sample, told);
            free(one);
        }
}

static int by_value(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;
    return (left > right) - (left < right);
}

Test(percentiles, agree_with_sorted_samples)
{
    enum {
        SAMPLES = 20000
    };
    static const double percents[] = {0, 1, 50, 90, 99, 99.9, 99.99, 100};
    static uint64_t samples[SAMPLES];
    for (int i = 0; i < SAMPLES; i++) {
        samples[i] = (uint64_t)rand() % (UINT64_C(1) << (rand() % 31)) + 1;
        ord_percentiles_record(&record, samples[i]);
    }
    qsort(samples, SAMPLES, sizeof *samples, by_value);
    for (size_t i = 0; i < sizeof percents / sizeof *percents; i++) {
        double rank = SAMPLES * percents[i] / 100;
        uint64_t exact = samples[rank < 1 ? 0 : (size_t)(rank + 0.5) - 1], told = at(percents[i]);
        cr_assert(told >= exact && told - exact <= exact / 100, "%g: %" PRIu64 ", exactly %" PRIu64,
                  percents[i], told, exact);
    }
    cr_assert_eq(ord_percentiles_count(&record), SAMPLES);
    cr_assert_eq(at(100), samples[SAMPLES - 1]);
}

Test(percentiles, what_is_too_long_is_in_the_last_bucket_and_the_maximum)
{
    ord_percentiles_record(&record, UINT64_C(1) << 36);
    ord_percentiles_record(&record, UINT64_C(1) << 50);
    cr_assert_eq(record.counts[ORD_PERCENTILES_BUCKETS - 1], 2);
    cr_assert_eq(at(99), UINT64_C(1) << 50);
}

Test(percentiles, parts_add_up_and_come_apart)
{
    static struct ord_percentiles part;
    for (uint64_t i = 1; i <= 100; i++)
        ord_percentiles_record(&record, i * 1000);
    ord_percentiles_add(&part, &record);
    for (uint64_t i = 1; i <= 10; i++)
        ord_percentiles_record(&record, i * 1000000);
    cr_assert_eq(ord_percentiles_count(&record), 110);
    ord_percentiles_subtract(&record, &part);
    cr_assert_eq(ord_percentiles_count(&record), 10);
    cr_assert_eq(record.sum_ns, 55 * 1000000);
    ord_percentiles_add(&record, &part);
    cr_assert_eq(ord_percentiles_count(&record), 110);
    cr_assert_eq(record.max_ns, 10000000);
}
