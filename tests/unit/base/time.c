#include "base/time.h"

#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define SECOND INT64_C(1000000)
#define DAY (86400 * SECOND)

static void reads(const char *text, int64_t expected_us)
{
    int64_t us = INT64_MIN;
    cr_assert(ord_rfc3339_parse(text, &us), "'%s' is not read", text);
    cr_assert_eq(us, expected_us, "'%s' is read as %" PRId64 ", not %" PRId64, text, us, expected_us);
}

static void is_refused(const char *text)
{
    int64_t us = 42;
    cr_assert_not(ord_rfc3339_parse(text, &us), "'%s' is read as %" PRId64, text, us);
    cr_assert_eq(us, 42, "'%s' is refused but left %" PRId64, text, us);
}

static void writes(int64_t us, int decimals, const char *expected)
{
    char text[ORD_RFC3339_MAX];
    memset(text, 'x', sizeof text);
    ord_rfc3339_format(us, decimals, text);
    cr_assert_str_eq(text, expected, "%" PRId64 " is written as %s, not %s", us, text, expected);
}

Test(rfc3339, known_times_are_read)
{
    reads("1970-01-01T00:00:00Z", 0);
    reads("2000-03-01T00:00:00Z", 951868800 * SECOND);
    reads("2001-09-09T01:46:40Z", 1000000000 * SECOND);
    reads("2026-03-01T12:00:00Z", 1772366400 * SECOND);
    reads("2038-01-19T03:14:08Z", 2147483648 * SECOND);
    reads("1969-12-31T23:59:59Z", -SECOND);
    reads("1900-01-01T00:00:00Z", -2208988800 * SECOND);
}

Test(rfc3339, the_first_and_the_last_time_are_read)
{
    reads("0000-01-01T00:00:00Z", ORD_TIME_MIN_US);
    reads("9999-12-31T23:59:59.999999Z", ORD_TIME_MAX_US);
}

Test(rfc3339, decimals_are_rounded_down_to_microseconds)
{
    reads("1970-01-01T00:00:00.1Z", 100000);
    reads("1970-01-01T00:00:00.12Z", 120000);
    reads("1970-01-01T00:00:00.123456Z", 123456);
    reads("1970-01-01T00:00:00.1234569Z", 123456);
    reads("1970-01-01T00:00:00.123456999Z", 123456);
    reads("1970-01-01T00:00:00.000000999Z", 0);
    reads("1969-12-31T23:59:59.999999999Z", -1);
    is_refused("1970-01-01T00:00:00.1234567890Z");
    is_refused("1970-01-01T00:00:00.Z");
    is_refused("1970-01-01T00:00:00,5Z");
}

Test(rfc3339, offsets_are_taken_off)
{
    reads("1970-01-01T01:00:00+01:00", 0);
    reads("1969-12-31T19:00:00-05:00", 0);
    reads("1970-01-01T05:45:00+05:45", 0);
    reads("1970-01-02T00:00:00+23:59", 60 * SECOND);
    reads("1969-12-31T00:01:00-23:59", 0);
    reads("1970-01-01T00:00:00+00:00", 0);
    reads("1970-01-01T00:00:00-00:00", 0);
    reads("1970-01-01T00:00:00.5-00:01", 60 * SECOND + 500000);
    is_refused("1970-01-01T00:00:00+24:00");
    is_refused("1970-01-01T00:00:00+01:60");
    is_refused("1970-01-01T00:00:00+0100");
    is_refused("1970-01-01T00:00:00+01");
    is_refused("1970-01-01T00:00:00+1:00");
    is_refused("1970-01-01T00:00:00 +01:00");
    is_refused("1970-01-01T00:00:00Z+01:00");
    is_refused("1970-01-01T00:00:00");
    is_refused("1970-01-01T00:00:00UTC");
}

Test(rfc3339, offsets_do_not_lead_out_of_what_can_be_written)
{
    is_refused("0000-01-01T00:00:00+00:01");
    is_refused("9999-12-31T23:59:59-00:01");
    is_refused("9999-12-31T23:59:60Z");
    reads("0000-01-01T00:01:00+00:01", ORD_TIME_MIN_US);
    reads("9999-12-31T23:58:59.999999-00:01", ORD_TIME_MAX_US);
}

Test(rfc3339, letters_may_be_small_and_a_space_stands_for_t)
{
    reads("1970-01-01t00:00:01z", SECOND);
    reads("1970-01-01 00:00:01Z", SECOND);
}

Test(rfc3339, a_leap_second_is_the_next_second)
{
    reads("2016-12-31T23:59:60Z", 1483228800 * SECOND);
    reads("1972-06-30T23:59:60Z", 78796800 * SECOND);
    is_refused("2016-12-31T23:59:61Z");
}

Test(rfc3339, months_have_their_days)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    for (int month = 1; month <= 12; month++) {
        char text[64];
        int64_t us;
        snprintf(text, sizeof text, "2023-%02d-%02dT00:00:00Z", month, days[month - 1]);
        cr_assert(ord_rfc3339_parse(text, &us), "%s", text);
        snprintf(text, sizeof text, "2023-%02d-%02dT00:00:00Z", month, days[month - 1] + 1);
        is_refused(text);
    }
    is_refused("2023-00-01T00:00:00Z");
    is_refused("2023-13-01T00:00:00Z");
    is_refused("2023-01-00T00:00:00Z");
}

Test(rfc3339, leap_years_are_those_of_the_calendar)
{
    reads("2024-02-29T00:00:00Z", 1709164800 * SECOND);
    reads("2000-02-29T00:00:00Z", 951782400 * SECOND);
    reads("0000-02-29T00:00:00Z", ORD_TIME_MIN_US + 59 * DAY);
    is_refused("1900-02-29T00:00:00Z");
    is_refused("2100-02-29T00:00:00Z");
    is_refused("2023-02-29T00:00:00Z");
    is_refused("2024-02-30T00:00:00Z");
}

Test(rfc3339, junk_is_refused)
{
    static const char *const junk[] = {
        "",
        "x",
        "now",
        "0",
        "1772366400",
        "1970-01-01",
        "1970-01-01T",
        "1970-01-01T00:00Z",
        "1970-1-1T00:00:00Z",
        "970-01-01T00:00:00Z",
        "01970-01-01T00:00:00Z",
        "-1970-01-01T00:00:00Z",
        "+1970-01-01T00:00:00Z",
        " 1970-01-01T00:00:00Z",
        "1970-01-01T00:00:00Z ",
        "1970-01-01T00:00:00Z\n",
        "1970-01-01T24:00:00Z",
        "1970-01-01T00:60:00Z",
        "1970-01-01T-1:00:00Z",
        "1970/01/01T00:00:00Z",
        "1970-01-01_00:00:00Z",
        "19700101T000000Z",
        "1970-01-01T00:00:00ZZ",
        "1970-01-01T0a:00:00Z",
        "１970-01-01T00:00:00Z",
    };
    for (size_t i = 0; i < sizeof junk / sizeof *junk; i++)
        is_refused(junk[i]);
}

Test(rfc3339, every_beginning_of_a_time_is_refused)
{
    const char *whole = "2026-03-01T12:34:56.789+01:00";
    for (size_t length = 0; length < strlen(whole); length++) {
        char text[64];
        snprintf(text, sizeof text, "%.*s", (int)length, whole);
        is_refused(text);
    }
}

Test(rfc3339, times_are_written)
{
    writes(0, 0, "1970-01-01T00:00:00Z");
    writes(0, 3, "1970-01-01T00:00:00.000Z");
    writes(1772366400123456, 0, "2026-03-01T12:00:00Z");
    writes(1772366400123456, 3, "2026-03-01T12:00:00.123Z");
    writes(1772366400123456, 6, "2026-03-01T12:00:00.123456Z");
    writes(ORD_TIME_MAX_US, 6, "9999-12-31T23:59:59.999999Z");
    writes(ORD_TIME_MIN_US, 6, "0000-01-01T00:00:00.000000Z");
}

Test(rfc3339, times_are_rounded_down_before_1970_too)
{
    writes(-1, 6, "1969-12-31T23:59:59.999999Z");
    writes(-1, 3, "1969-12-31T23:59:59.999Z");
    writes(-1, 0, "1969-12-31T23:59:59Z");
    writes(-1000000, 3, "1969-12-31T23:59:59.000Z");
    writes(-1000001, 3, "1969-12-31T23:59:58.999Z");
}

Test(rfc3339, what_is_written_reads_back)
{
    int64_t step = (ORD_TIME_MAX_US - ORD_TIME_MIN_US) / 100003;
    for (int64_t us = ORD_TIME_MIN_US; us <= ORD_TIME_MAX_US - step; us += step) {
        char text[ORD_RFC3339_MAX];
        ord_rfc3339_format(us, 6, text);
        reads(text, us);
    }
}

Test(rfc3339, each_day_of_400_years_follows_the_one_before)
{
    int64_t us = 951868800 * SECOND; /* 2000-03-01 */
    for (int day = 0; day < 146097; day++, us += DAY) {
        char text[ORD_RFC3339_MAX];
        ord_rfc3339_format(us, 0, text);
        reads(text, us);
    }
    writes(us, 0, "2400-03-01T00:00:00Z");
}

Test(clocks, boot_time_rises_and_wall_time_is_of_this_age)
{
    int64_t before = ord_boot_ns();
    int64_t after = ord_boot_ns();
    cr_assert(before > 0 && after >= before, "%" PRId64 " then %" PRId64, before, after);
    cr_assert(ord_wall_ns() / 1000 > 1700000000 * SECOND);
}
