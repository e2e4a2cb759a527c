/*
 * Clock discipline: the time by which IDs are made.
 *
 * It is anchored once, to the wall clock or to the end of what earlier runs reserved, and then follows
 * CLOCK_BOOTTIME, which nobody sets. It is drawn towards the wall clock by at most 500 µs a second, so it never
 * stands still and never goes back: a step back of the wall clock of any size costs neither an error nor a
 * stall. A wall clock that is more than 10 s ahead is not followed (quarantine): a wrong clock years ahead
 * would burn the layout's time for good.
 *
 * Clock readings come in as values. `ord_clock_now` and `ord_clock_is_quarantined`: any thread. The rest: one
 * thread.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define ORD_CLOCK_SLEW_PPM 500
#define ORD_CLOCK_QUARANTINE_NS INT64_C(10000000000)

/* Disciplined time is boot + offset + slew * (boot - observed), the last term for at most a second. The three
 * are read together: `version` is odd while they change. */
struct ord_clock {
    atomic_uint version;
    atomic_int_least64_t observed_boot_ns, offset_ns, slew_ppm;
    atomic_int_least64_t wall_ahead_ns; /* wall clock minus disciplined time, when last observed */
};

/* Sets the clock to the wall clock, or to `floor_ns` if that is later: the time up to which IDs may have been
 * given already, so that a wall clock that was set back between two runs stalls nobody. Once, before other
 * threads read. */
void ord_clock_anchor(struct ord_clock *ret_clock, int64_t wall_ns, int64_t floor_ns, int64_t boot_ns);

/* Disciplined Unix time, in nanoseconds, at that boot time. Rises with boot_ns, whatever was observed. */
int64_t ord_clock_now(const struct ord_clock *clock, int64_t boot_ns);

/* Draws the clock towards the wall clock, by as much as the time since the last observation allows. Both
 * readings are of the same moment. Call about once a second. */
void ord_clock_observe(struct ord_clock *clock, int64_t wall_ns, int64_t boot_ns);

/* Wall clock minus disciplined time, in nanoseconds, when last observed. */
int64_t ord_clock_wall_ahead(const struct ord_clock *clock);

/* Whether the wall clock is too far ahead to be followed. */
bool ord_clock_is_quarantined(const struct ord_clock *clock);
