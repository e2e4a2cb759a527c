#include "core/clock.h"

#define NS_PER_SECOND INT64_C(1000000000)
#define PPM 1000000

struct terms {
    int64_t observed_boot_ns, offset_ns, slew_ppm;
};

static struct terms read_terms(const struct ord_clock *clock)
{
    struct terms terms;
    unsigned before, after;
    do {
        before = atomic_load_explicit(&clock->version, memory_order_acquire);
        terms.observed_boot_ns = atomic_load_explicit(&clock->observed_boot_ns, memory_order_acquire);
        terms.offset_ns = atomic_load_explicit(&clock->offset_ns, memory_order_acquire);
        terms.slew_ppm = atomic_load_explicit(&clock->slew_ppm, memory_order_acquire);
        after = atomic_load_explicit(&clock->version, memory_order_relaxed);
    } while (before != after || before % 2 != 0);
    return terms;
}

static void write_terms(struct ord_clock *clock, const struct terms *terms)
{
    unsigned version = atomic_load_explicit(&clock->version, memory_order_relaxed);
    atomic_store_explicit(&clock->version, version + 1, memory_order_relaxed);
    atomic_store_explicit(&clock->observed_boot_ns, terms->observed_boot_ns, memory_order_release);
    atomic_store_explicit(&clock->offset_ns, terms->offset_ns, memory_order_release);
    atomic_store_explicit(&clock->slew_ppm, terms->slew_ppm, memory_order_release);
    atomic_store_explicit(&clock->version, version + 2, memory_order_release);
}

static int64_t clamp(int64_t value, int64_t low, int64_t high)
{
    if (value < low)
        return low;
    return value > high ? high : value;
}

/* The offset at that boot time, with what was slewed since the last observation. */
static int64_t offset_at(const struct terms *terms, int64_t boot_ns)
{
    int64_t elapsed = clamp(boot_ns - terms->observed_boot_ns, 0, NS_PER_SECOND);
    return terms->offset_ns + elapsed * terms->slew_ppm / PPM;
}

void ord_clock_anchor(struct ord_clock *ret_clock, int64_t wall_ns, int64_t floor_ns, int64_t boot_ns)
{
    int64_t start_ns = wall_ns > floor_ns ? wall_ns : floor_ns;
    atomic_init(&ret_clock->version, 0);
    atomic_init(&ret_clock->observed_boot_ns, boot_ns);
    atomic_init(&ret_clock->offset_ns, start_ns - boot_ns);
    atomic_init(&ret_clock->slew_ppm, 0);
    atomic_init(&ret_clock->wall_ahead_ns, wall_ns - start_ns);
}

int64_t ord_clock_now(const struct ord_clock *clock, int64_t boot_ns)
{
    struct terms terms = read_terms(clock);
    return boot_ns + offset_at(&terms, boot_ns);
}

void ord_clock_observe(struct ord_clock *clock, int64_t wall_ns, int64_t boot_ns)
{
    struct terms terms = read_terms(clock);
    int64_t offset_ns = offset_at(&terms, boot_ns);
    int64_t ahead_ns = wall_ns - boot_ns - offset_ns;
    int64_t slew_ppm = clamp(ahead_ns / (NS_PER_SECOND / PPM), -ORD_CLOCK_SLEW_PPM, ORD_CLOCK_SLEW_PPM);
    terms = (struct terms){
        .observed_boot_ns = boot_ns,
        .offset_ns = offset_ns,
        .slew_ppm = ahead_ns > ORD_CLOCK_QUARANTINE_NS ? 0 : slew_ppm,
    };
    write_terms(clock, &terms);
    atomic_store_explicit(&clock->wall_ahead_ns, ahead_ns, memory_order_relaxed);
}

int64_t ord_clock_wall_ahead(const struct ord_clock *clock)
{
    return atomic_load_explicit(&clock->wall_ahead_ns, memory_order_relaxed);
}

bool ord_clock_is_quarantined(const struct ord_clock *clock)
{
    return ord_clock_wall_ahead(clock) > ORD_CLOCK_QUARANTINE_NS;
}
