/*
 * How a server's clock stands, for people to read.
 */
#pragma once

#include <ordinal/v1/clock.pb-c.h>

#include "base/arena.h"

/*
 * A block of lines, aligned:
 *
 *     state       following: the wall clock is 0.000021 s ahead
 *     clock       2026-03-01T12:00:00.000000Z
 *     wall clock  2026-03-01T12:00:00.000021Z
 *     threshold   10 s
 *     ahead       0 s
 *     reserved    3.12 s
 *
 * NULL when there is no memory.
 */
const char *ord_clock_text(const Ordinal__V1__Clock *clock, struct ord_arena *arena);
