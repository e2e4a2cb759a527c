/* The clock's time in ticks, against the same time in exact arithmetic. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "core/clock.h"
#include "core/layout.h"

#define SECOND INT64_C(1000000000)
#define MS INT64_C(1000000)
#define FS_PER_NS 1000000
#define BOOT (5 * SECOND)

__extension__ typedef __int128 wide;

/* What the clock has to follow: a time without any rounding, in femtoseconds. */
struct exact {
    wide fs;
    int64_t observed_boot_ns, slew_ppm;
};

static wide exact_at(const struct exact *exact, int64_t boot_ns)
{
    int64_t elapsed = boot_ns - exact->observed_boot_ns;
    int64_t slewed = elapsed < -SECOND ? -SECOND : elapsed > SECOND ? SECOND : elapsed;
    int64_t slew_ppm = elapsed < 0 ? -ORD_CLOCK_SLEW_PPM : exact->slew_ppm;
    return exact->fs + (wide)elapsed * FS_PER_NS + (wide)slewed * slew_ppm;
}

struct pair {
    struct ord_clock clock;
    struct exact exact;
    int64_t epoch_us;
    uint32_t unit_us;
};

static struct pair anchored(int64_t epoch_us, uint32_t unit_us, int64_t time_ns)
{
    struct pair pair = {.epoch_us = epoch_us, .unit_us = unit_us};
    ord_clock_anchor(&pair.clock, time_ns, 0, BOOT);
    ord_clock_set_ticks(&pair.clock, epoch_us, unit_us);
    pair.exact = (struct exact){.fs = (wide)time_ns * FS_PER_NS, .observed_boot_ns = BOOT};
    return pair;
}

/* The tick, which is checked: the exact one, or the next in the last 2^-34 of it. */
static uint64_t tick_of(const struct pair *pair, int64_t boot_ns)
{
    wide unit_fs = (wide)pair->unit_us * 1000 * FS_PER_NS;
    wide fs = exact_at(&pair->exact, boot_ns) - (wide)pair->epoch_us * 1000 * FS_PER_NS;
    uint64_t tick = ord_clock_tick(&pair->clock, boot_ns), exact = (uint64_t)(fs / unit_fs);
    bool is_late = unit_fs - fs % unit_fs <= unit_fs >> 34;
    cr_assert(tick == exact || (is_late && tick == exact + 1), "tick %lu, not %lu; %lu µs, %ld ns from boot",
              (unsigned long)tick, (unsigned long)exact, (unsigned long)pair->unit_us, (long)boot_ns);
    int64_t now_us = ord_clock_now(&pair->clock, boot_ns) / 1000;
    cr_assert_eq(exact, (uint64_t)(now_us - pair->epoch_us) / pair->unit_us, "the time tells another tick");
    return tick;
}

#define BACK 3

/* The wall clock is `ahead_ns` ahead. No time or tick falls back, nor does one that was read before the
 * observation and told after it. */
static void observe(struct pair *pair, int64_t boot_ns, int64_t ahead_ns)
{
    const int64_t read_ns[BACK] = {boot_ns, pair->exact.observed_boot_ns / 2 + boot_ns / 2,
                                   pair->exact.observed_boot_ns};
    uint64_t ticks[BACK];
    int64_t times_ns[BACK];
    for (int i = 0; i < BACK; i++) {
        ticks[i] = tick_of(pair, read_ns[i]);
        times_ns[i] = ord_clock_now(&pair->clock, read_ns[i]);
    }
    ord_clock_observe(&pair->clock, ord_clock_now(&pair->clock, boot_ns) + ahead_ns, boot_ns);
    pair->exact = (struct exact){
        .fs = exact_at(&pair->exact, boot_ns),
        .observed_boot_ns = boot_ns,
        .slew_ppm = atomic_load(&pair->clock.slew_ppm),
    };
    for (int i = 0; i < BACK; i++) {
        uint64_t tick = tick_of(pair, read_ns[i]);
        cr_assert_geq(tick, ticks[i]);
        cr_assert_geq(ord_clock_now(&pair->clock, read_ns[i]), times_ns[i]);
    }
}

/* The first boot time at or after `boot_ns` at which the exact time is in another tick. */
static int64_t next_edge(const struct pair *pair, int64_t boot_ns)
{
    wide unit_fs = (wide)pair->unit_us * 1000 * FS_PER_NS, epoch_fs = (wide)pair->epoch_us * 1000 * FS_PER_NS;
    wide fs = exact_at(&pair->exact, boot_ns) - epoch_fs, edge_fs = (fs / unit_fs + 1) * unit_fs + epoch_fs;
    int64_t low = boot_ns, high = boot_ns + 2 * (int64_t)(unit_fs / FS_PER_NS);
    while (high - low > 1) {
        int64_t middle = low + (high - low) / 2;
        if (exact_at(&pair->exact, middle) >= edge_fs)
            high = middle;
        else
            low = middle;
    }
    return high;
}

/* Reads around edges of ticks, near and far from the last observation. */
static void check_edges(const struct pair *pair)
{
    static const int64_t from_ns[] = {0, 1, 999, MS, 250 * MS, SECOND - 1, SECOND, SECOND + 1, 3600 * SECOND};
    for (size_t i = 0; i < sizeof from_ns / sizeof *from_ns; i++) {
        int64_t boot_ns = pair->exact.observed_boot_ns + from_ns[i];
        uint64_t last = tick_of(pair, boot_ns);
        int64_t edge_ns = next_edge(pair, boot_ns);
        for (int64_t at_ns = edge_ns - 2; at_ns <= edge_ns + 2; at_ns++) {
            if (at_ns < boot_ns)
                continue;
            uint64_t tick = tick_of(pair, at_ns);
            cr_assert_geq(tick, last);
            last = tick;
        }
    }
    tick_of(pair, pair->exact.observed_boot_ns - 1);
    tick_of(pair, pair->exact.observed_boot_ns - 2 * SECOND);
}

/* Observations at odd moments, so that what was slewed is no whole number of nanoseconds. */
static void check_slews(int64_t epoch_us, uint32_t unit_us, int64_t time_ns)
{
    static const int64_t ahead_ns[] = {0, 1999, -1999, 123457, -123457, SECOND, -SECOND, 3600 * SECOND};
    for (size_t i = 0; i < sizeof ahead_ns / sizeof *ahead_ns; i++) {
        struct pair pair = anchored(epoch_us, unit_us, time_ns);
        check_edges(&pair);
        observe(&pair, BOOT + 3, ahead_ns[i]);
        check_edges(&pair);
        observe(&pair, next_edge(&pair, BOOT + 4), ahead_ns[i]);
        observe(&pair, pair.exact.observed_boot_ns + 250 * MS + 37, -ahead_ns[i]);
        check_edges(&pair);
    }
}

static void check_layout(const char *fields, const char *epoch, const char *unit)
{
    struct ord_layout layout;
    struct ord_error error;
    cr_assert_eq(ord_layout_parse(fields, epoch, unit, &layout, &error), ORD_OK, "%s", error.text);
    int64_t unit_us = layout.unit_us, last_us = INT64_MAX / 1000 - 7200 * SECOND / 1000; /* as ns, in 2262 */
    int64_t end_us = ord_layout_end_us(&layout);
    int64_t first_us = layout.epoch_us > -last_us ? layout.epoch_us : -last_us;
    if (end_us < last_us)
        last_us = end_us;
    const int64_t times_us[] = {first_us + 4000000, first_us + 3600 * INT64_C(1000000) + unit_us / 3,
                                first_us / 2 + last_us / 2, last_us - 5000001, last_us};
    for (size_t i = 0; i < sizeof times_us / sizeof *times_us; i++)
        if (times_us[i] >= 4000000)
            for (int64_t off_ns = -1; off_ns <= 1; off_ns++)
                check_slews(layout.epoch_us, layout.unit_us, times_us[i] * 1000 + off_ns);
}

Test(ticks, are_those_of_the_time_in_every_preset)
{
    char names[200], *at = names, *name;
    snprintf(names, sizeof names, "%s", ord_layout_presets());
    while ((name = strsep(&at, ", ")) != NULL)
        if (*name)
            check_layout(name, NULL, NULL);
}

Test(ticks, are_those_of_the_time_with_every_unit_and_epoch)
{
    static const struct {
        const char *unit, *fields;
    } rows[] = {
        {"1us", "tick:56,sequence:7"},   {"3us", "tick:54,sequence:8"},   {"7us", "tick:53,sequence:8"},
        {"100us", "tick:49,sequence:8"}, {"999us", "tick:46,sequence:8"}, {"1ms", "tick:46,sequence:8"},
        {"10ms", "tick:43,sequence:8"},  {"33ms", "tick:41,sequence:8"},  {"1s", "tick:36,sequence:8"},
    };
    static const char *const epochs[] = {"0000-01-01T00:00:00Z", "1970-01-01T00:00:00Z",
                                         "2026-01-01T00:00:00.000001Z"};
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++)
        for (size_t e = 0; e < sizeof epochs / sizeof *epochs; e++)
            check_layout(rows[r].fields, epochs[e], rows[r].unit);
}

Test(ticks, are_microseconds_until_they_are_set)
{
    struct ord_clock clock;
    ord_clock_anchor(&clock, 1770000000 * SECOND + 999, 0, BOOT);
    cr_expect_eq(ord_clock_tick(&clock, BOOT), 1770000000 * INT64_C(1000000));
    cr_expect_eq(ord_clock_tick(&clock, BOOT + 1), 1770000000 * INT64_C(1000000) + 1);
}

Test(ticks, before_the_epoch_lie_past_every_layouts_end)
{
    for (uint32_t unit_us = 1; unit_us <= 1000; unit_us++) {
        struct ord_clock clock;
        ord_clock_anchor(&clock, 1770000000 * SECOND, 0, BOOT);
        ord_clock_set_ticks(&clock, 1770000001 * INT64_C(1000000), unit_us);
        cr_assert_geq(ord_clock_tick(&clock, BOOT), UINT64_C(1) << 57);
        cr_assert_geq(ord_clock_tick(&clock, BOOT + SECOND - 1), UINT64_C(1) << 57);
        cr_assert_eq(ord_clock_tick(&clock, BOOT + 2 * SECOND), 1000000 / unit_us);
    }
}

static uint64_t random_state = 1;

static uint64_t random_below(uint64_t bound)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state % bound;
}

static void leap(struct pair *pair, int64_t boot_ns)
{
    int64_t wall_ns = ord_clock_now(&pair->clock, boot_ns) + 20 * SECOND + (int64_t)random_below(1000);
    ord_clock_observe(&pair->clock, wall_ns, boot_ns);
    cr_assert(ord_clock_accept(&pair->clock));
    cr_assert(ord_clock_leap(&pair->clock, wall_ns, boot_ns));
    pair->exact = (struct exact){.fs = (wide)wall_ns * FS_PER_NS, .observed_boot_ns = boot_ns};
}

/* A walk through time, observing now and then, most of it where ticks change. */
static void walk(uint32_t unit_us)
{
    static const uint64_t strides_ns[] = {1, 10, 1000, 100000, 400000000, 3000000000};
    struct pair pair = anchored(1767225600 * INT64_C(1000000), unit_us, 1770000000 * SECOND);
    int64_t boot_ns = BOOT;
    uint64_t last = tick_of(&pair, boot_ns);
    for (int i = 0; i < 20000; i++) {
        boot_ns += (int64_t)random_below(strides_ns[random_below(sizeof strides_ns / sizeof *strides_ns)]);
        if (random_below(2) == 0)
            boot_ns = next_edge(&pair, boot_ns) - 1 + (int64_t)random_below(2);
        uint64_t what = random_below(100);
        if (what == 0)
            leap(&pair, boot_ns);
        else if (what < 60)
            observe(&pair, boot_ns, (int64_t)random_below(4 * MS) - 2 * MS);
        uint64_t tick = tick_of(&pair, boot_ns);
        cr_assert_geq(tick, last, "back from %lu to %lu", (unsigned long)last, (unsigned long)tick);
        last = tick;
    }
}

Test(ticks, never_go_back_over_observations)
{
    static const uint32_t units_us[] = {1, 7, 100, 1000, 10000, 1000000};
    for (size_t i = 0; i < sizeof units_us / sizeof *units_us; i++)
        walk(units_us[i]);
}
