#include "cli/clock_text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* "3600.25 s": as many decimals as it takes. */
static const char *seconds(int64_t us, struct ord_arena *arena)
{
    int decimals = 6;
    int64_t fraction = llabs(us % 1000000);
    for (; decimals > 0 && fraction % 10 == 0; decimals--)
        fraction /= 10;
    const char *sign = us < 0 ? "-" : "";
    if (decimals == 0)
        return ord_arena_printf(arena, "%s%" PRId64 " s", sign, (int64_t)llabs(us / 1000000));
    return ord_arena_printf(arena, "%s%" PRId64 ".%0*" PRId64 " s", sign, (int64_t)llabs(us / 1000000),
                            decimals, fraction);
}

/* A state that this client does not know is shown by its number. */
static const char *state_text(const Ordinal__V1__Clock *clock, struct ord_arena *arena)
{
    const char *step = seconds(clock->step_us, arena);
    const char *off = seconds(llabs(clock->wall_ahead_us), arena);
    if (!step || !off)
        return NULL;
    switch (clock->state) {
    case ORDINAL__V1__CLOCK_STATE__CLOCK_STATE_FOLLOWING:
        return ord_arena_printf(arena, "following: the wall clock is %s %s", off,
                                clock->wall_ahead_us < 0 ? "behind" : "ahead");
    case ORDINAL__V1__CLOCK_STATE__CLOCK_STATE_QUARANTINED:
        return ord_arena_printf(
            arena,
            "quarantined: the wall clock stepped forward by %s; IDs do not follow it\n"
            "            `ordinal clock accept` if it is right, `ordinal clock reject` if it is wrong",
            step);
    case ORDINAL__V1__CLOCK_STATE__CLOCK_STATE_ACCEPTED:
        return ord_arena_printf(arena, "accepted: IDs leap forward by %s as soon as they are reserved", step);
    case ORDINAL__V1__CLOCK_STATE__CLOCK_STATE_REJECTED:
        return ord_arena_printf(arena, "rejected: the wall clock stepped forward by %s; IDs do not follow it",
                                step);
    default:
        return ord_arena_printf(arena, "state %d", (int)clock->state);
    }
}

const char *ord_clock_text(const Ordinal__V1__Clock *clock, struct ord_arena *arena)
{
    const char *state = state_text(clock, arena);
    const char *threshold = seconds(clock->threshold_us, arena);
    const char *ahead = seconds(clock->ahead_us, arena);
    const char *reserved = seconds(clock->reserved_us, arena);
    if (!state || !threshold || !ahead || !reserved)
        return NULL;
    return ord_arena_printf(arena,
                            "state       %s\n"
                            "clock       %s\n"
                            "wall clock  %s\n"
                            "threshold   %s\n"
                            "ahead       %s\n"
                            "reserved    %s\n",
                            state, clock->time, clock->wall_time, threshold, ahead, reserved);
}
