#include <criterion/criterion.h>
#include <string.h>

#include "cli/clock_text.h"

static void expect(int64_t wall_ahead_us, int state, int64_t step_us, const char *text)
{
    struct ord_arena arena;
    ord_arena_init(&arena, NULL, 0);
    Ordinal__V1__Clock clock = ORDINAL__V1__CLOCK__INIT;
    clock.time = (char *)"2026-03-01T12:00:00.000000Z";
    clock.wall_time = (char *)"2026-03-01T13:00:00.000000Z";
    clock.wall_ahead_us = wall_ahead_us;
    clock.state = (Ordinal__V1__ClockState)state;
    clock.step_us = step_us;
    clock.threshold_us = 10000000;
    clock.reserved_us = 3120000;
    const char *got = ord_clock_text(&clock, &arena);
    cr_assert_not_null(got);
    cr_expect(strncmp(got, text, strlen(text)) == 0, "%s", got);
    cr_expect(strstr(got, "\nclock       2026-03-01T12:00:00.000000Z\n"
                          "wall clock  2026-03-01T13:00:00.000000Z\n"
                          "threshold   10 s\n"
                          "ahead       0 s\n"
                          "reserved    3.12 s\n"),
              "%s", got);
    ord_arena_finish(&arena);
}

Test(clock, each_state_in_words)
{
    expect(21, 1, 0, "state       following: the wall clock is 0.000021 s ahead\n");
    expect(-3600500000, 1, 0, "state       following: the wall clock is 3600.5 s behind\n");
    expect(3600000000, 2, 3600000000, "state       quarantined: the wall clock stepped forward by 3600 s;");
    expect(3600000000, 3, 3600000000, "state       accepted: IDs leap forward by 3600 s as soon");
    expect(3600000000, 4, 3600000000, "state       rejected: the wall clock stepped forward by 3600 s;");
    expect(0, 77, 0, "state       state 77\n");
}
