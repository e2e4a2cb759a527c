/*
 * Reading clocks, and times as text. Points in time are microseconds or nanoseconds since
 * 1970-01-01T00:00:00Z without leap seconds (Unix time); names say which.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define ORD_RFC3339_MAX 40

/* The last microsecond that RFC 3339 can write: 9999-12-31T23:59:59.999999Z. The first is year 0. */
#define ORD_TIME_MAX_US INT64_C(253402300799999999)
#define ORD_TIME_MIN_US INT64_C(-62167219200000000)

/* The wall clock (CLOCK_REALTIME), in nanoseconds. Any thread. */
int64_t ord_wall_ns(void);

/* CLOCK_BOOTTIME: rises steadily, through suspend too; nobody sets it. In nanoseconds. Any thread. */
int64_t ord_boot_ns(void);

/* Both clocks at one moment: within some 10 µs, unless the thread is stopped again and again. Any thread. */
void ord_clocks_read(int64_t *ret_wall_ns, int64_t *ret_boot_ns);

/* Writes `time_us`, which lies in [ORD_TIME_MIN_US, ORD_TIME_MAX_US], with `decimals` (0, 3 or 6) of a second,
 * rounded down, into `ret`: "2026-03-01T12:00:00.123Z". */
void ord_rfc3339_format(int64_t time_us, int decimals, char ret[ORD_RFC3339_MAX]);

/* Reads a whole RFC 3339 time, with any offset and up to nine decimals, rounded down to microseconds. False if
 * `text` is not one, or if its offset leads out of [ORD_TIME_MIN_US, ORD_TIME_MAX_US]. A leap second (:60) is
 * read as the second that follows it. */
bool ord_rfc3339_parse(const char *text, int64_t *ret_us);
