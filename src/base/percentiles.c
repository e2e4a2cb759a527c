#include "base/percentiles.h"

#define HALF (1U << ORD_PERCENTILES_BITS) /* so many buckets to each doubling */
#define LIMIT_NS (UINT64_C(1) << 36)
#define ROUNDING 1e-6 /* of a product that should be a whole number */

/* The bits below the leading one and the ORD_PERCENTILES_BITS after it do not tell buckets apart. */
static size_t bucket_of(uint64_t sample_ns)
{
    if (sample_ns >= LIMIT_NS)
        return ORD_PERCENTILES_BUCKETS - 1;
    if (sample_ns < HALF)
        return sample_ns;
    unsigned shift = 63 - ORD_PERCENTILES_BITS - (unsigned)__builtin_clzll(sample_ns);
    return shift * HALF + (sample_ns >> shift);
}

uint64_t ord_percentiles_first_ns(size_t index)
{
    if (index < HALF)
        return index;
    return (HALF + index % HALF) << (index / HALF - 1);
}

uint64_t ord_percentiles_last_ns(size_t index)
{
    return ord_percentiles_first_ns(index + 1) - 1;
}

static uint64_t get(const atomic_uint_least64_t *number)
{
    return atomic_load_explicit(number, memory_order_relaxed);
}

/* Cheaper than an atomic addition: nobody else writes. */
static void set(atomic_uint_least64_t *number, uint64_t value)
{
    atomic_store_explicit(number, value, memory_order_relaxed);
}

void ord_percentiles_record(struct ord_percentiles *percentiles, uint64_t sample_ns)
{
    atomic_uint_least64_t *count = &percentiles->counts[bucket_of(sample_ns)];
    set(count, get(count) + 1);
    set(&percentiles->sum_ns, get(&percentiles->sum_ns) + sample_ns);
    if (sample_ns > get(&percentiles->max_ns))
        set(&percentiles->max_ns, sample_ns);
}

void ord_percentiles_add(struct ord_percentiles *into, const struct ord_percentiles *part)
{
    for (size_t i = 0; i < ORD_PERCENTILES_BUCKETS; i++)
        set(&into->counts[i], get(&into->counts[i]) + get(&part->counts[i]));
    set(&into->sum_ns, get(&into->sum_ns) + get(&part->sum_ns));
    if (get(&part->max_ns) > get(&into->max_ns))
        set(&into->max_ns, get(&part->max_ns));
}

void ord_percentiles_subtract(struct ord_percentiles *from, const struct ord_percentiles *part)
{
    for (size_t i = 0; i < ORD_PERCENTILES_BUCKETS; i++)
        set(&from->counts[i], get(&from->counts[i]) - get(&part->counts[i]));
    set(&from->sum_ns, get(&from->sum_ns) - get(&part->sum_ns));
}

uint64_t ord_percentiles_count(const struct ord_percentiles *percentiles)
{
    uint64_t count = 0;
    for (size_t i = 0; i < ORD_PERCENTILES_BUCKETS; i++)
        count += get(&percentiles->counts[i]);
    return count;
}

/* The last bucket has no end, and a bucket's end may lie above all that was recorded. */
static uint64_t bounded(const struct ord_percentiles *percentiles, size_t index)
{
    uint64_t max_ns = get(&percentiles->max_ns), last_ns = ord_percentiles_last_ns(index);
    return index == ORD_PERCENTILES_BUCKETS - 1 || last_ns > max_ns ? max_ns : last_ns;
}

uint64_t ord_percentiles_at(const struct ord_percentiles *percentiles, double percent)
{
    uint64_t count = ord_percentiles_count(percentiles), seen = 0;
    uint64_t rank = (uint64_t)((double)count * percent / 100 + 1 - ROUNDING);
    if (rank < 1)
        rank = 1;
    for (size_t i = 0; i < ORD_PERCENTILES_BUCKETS; i++) {
        seen += get(&percentiles->counts[i]);
        if (seen >= rank)
            return bounded(percentiles, i);
    }
    return count > 0 ? get(&percentiles->max_ns) : 0;
}
