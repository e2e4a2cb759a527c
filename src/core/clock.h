/*
 * Clock discipline: the time by which IDs are made.
 *
 * It is anchored once, to the wall clock or to the end of what earlier runs reserved, and then follows
 * CLOCK_BOOTTIME, which nobody sets. It is drawn towards the wall clock by at most 500 µs a second, so it never
 * stands still and never goes back: a step back of the wall clock of any size costs neither an error nor a
 * stall.
 *
 * A wall clock that is further ahead than a threshold is not followed, since a wrong clock years ahead would
 * burn the layout's time for good. Its step is *quarantined* until someone decides on it, or until it is gone:
 * an accepted step is leapt over at once, by ord_clock_leap; a rejected one is no concern until it grows.
 *
 *                 over the threshold                    accept                leap
 *     FOLLOWING ----------------------> QUARANTINED <----------> ACCEPTED ------------> FOLLOWING
 *         ^                                 |   ^   another step     |
 *         |       the wall clock is near    |   |                    | reject
 *         +---------------------------------+   +---- REJECTED <-----+
 *
 * Clock readings come in as values. `ord_clock_observe` and `ord_clock_leap`: one thread. Everything else, once
 * anchored: any thread, without locks.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define ORD_CLOCK_SLEW_PPM 500
#define ORD_CLOCK_QUARANTINE_NS INT64_C(10000000000)

enum ord_clock_state {
    ORD_CLOCK_FOLLOWING,   /* the wall clock is drawn to */
    ORD_CLOCK_QUARANTINED, /* it stepped forward; nobody has decided on that */
    ORD_CLOCK_ACCEPTED,    /* it stepped forward, and is leapt to as soon as IDs may be given there */
    ORD_CLOCK_REJECTED,    /* it stepped forward, and is not followed until it is near again */
};

/* What the wall clock did. */
struct ord_clock_step {
    enum ord_clock_state state;
    int64_t size_ns; /* how far ahead it stepped, in whole microseconds; 0 while it is followed */
};

/*
 * Disciplined time is boot + offset + slew * (boot - observed), the last term for at most a second. What was
 * slewed is kept whole, to the femtosecond, so that time goes on from one observation to the next without a
 * seam. For that second the same line is kept in ticks as well, since every claim asks for one: it is at
 * tick + fraction when observed, and rises by `rate` a nanosecond, both in 2^64ths of a tick.
 *
 * All these terms change together: `version` is odd while they do.
 */
struct ord_clock {
    atomic_uint version;
    atomic_int_least64_t observed_boot_ns;
    atomic_uint_least64_t tick, fraction, rate;
    atomic_int_least64_t offset_ns, offset_fs, slew_ppm; /* offset_fs: on top, less than a nanosecond */
    int64_t epoch_us;                                    /* start of tick 0 */
    uint64_t unit_us;                                    /* length of a tick */
    atomic_int_least64_t wall_ahead_ns; /* wall clock minus disciplined time, when last observed */
    atomic_int_least64_t step;          /* state and size in one word, so that they change together */
    atomic_uint leaps;                  /* how often the clock leapt */
    int64_t threshold_ns; /* the anchor sets it to ORD_CLOCK_QUARANTINE_NS; the owner may set it to
                             something else, before other threads read */
};

/* Sets the clock to the wall clock, or to `floor_ns` if that is later: the time up to which IDs may have been
 * given already, so that a wall clock that was set back between two runs stalls nobody. Once, before other
 * threads read. */
void ord_clock_anchor(struct ord_clock *ret_clock, int64_t wall_ns, int64_t floor_ns, int64_t boot_ns);

/* Sets what a tick is: tick 0 starts at `epoch_us`, each lasts `unit_us`, 1 µs to 1 s; until then they are
 * microseconds of Unix time. After the anchor, before other threads read. */
void ord_clock_set_ticks(struct ord_clock *clock, int64_t epoch_us, uint32_t unit_us);

/* Disciplined Unix time, in nanoseconds, at that boot time. Rises with boot_ns, whatever was observed. */
int64_t ord_clock_now(const struct ord_clock *clock, int64_t boot_ns);

/* The tick of the disciplined time at that boot time. It may be one ahead in the last 2^-34 of a tick (58 ps of
 * the longest), but rises with boot_ns over observations as that time does. A time before the epoch reads as a
 * tick past every layout's end. */
uint64_t ord_clock_tick(const struct ord_clock *clock, int64_t boot_ns);

/* Draws the clock towards the wall clock, by as much as the time since the last observation allows, and notes
 * its steps. Both readings are of the same moment; if they cannot be, the wall clock's is the earlier one. Call
 * several times a second. */
void ord_clock_observe(struct ord_clock *clock, int64_t wall_ns, int64_t boot_ns);

/* Sets the clock forward to the wall clock, if a step to there is accepted: readers see the time before or the
 * time after. Returns whether it did; if the wall clock has stepped again since, it does not. */
bool ord_clock_leap(struct ord_clock *clock, int64_t wall_ns, int64_t boot_ns);

/* Decides on a step. A rejected step may be accepted later, an accepted one rejected until the leap. False:
 * there is no step to decide on. */
bool ord_clock_accept(struct ord_clock *clock);
bool ord_clock_reject(struct ord_clock *clock);

/* The step that the wall clock made, and what became of it, when last observed. */
struct ord_clock_step ord_clock_step(const struct ord_clock *clock);

/* How often the clock leapt. */
unsigned ord_clock_leaps(const struct ord_clock *clock);

/* Wall clock minus disciplined time, in nanoseconds, when last observed. */
int64_t ord_clock_wall_ahead(const struct ord_clock *clock);

/* Whether a step of the wall clock waits, for a decision or for the leap. */
bool ord_clock_is_quarantined(const struct ord_clock *clock);
