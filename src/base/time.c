#include "base/time.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define US_PER_SECOND INT64_C(1000000)

static int64_t read_ns(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int64_t ord_wall_ns(void)
{
    return read_ns(CLOCK_REALTIME);
}

int64_t ord_boot_ns(void)
{
    return read_ns(CLOCK_BOOTTIME);
}

#define NEAR_NS 10000
#define TRIES 8

void ord_clocks_read(int64_t *ret_wall_ns, int64_t *ret_boot_ns)
{
    int64_t best_ns = INT64_MAX;
    for (int i = 0; i < TRIES && best_ns > NEAR_NS; i++) {
        int64_t before_ns = ord_boot_ns(), wall_ns = ord_wall_ns(), apart_ns = ord_boot_ns() - before_ns;
        if (apart_ns >= best_ns)
            continue;
        best_ns = apart_ns;
        *ret_wall_ns = wall_ns;
        *ret_boot_ns = before_ns + apart_ns / 2;
    }
}

static int64_t floor_div(int64_t value, int64_t by)
{
    return value / by - (value % by < 0);
}

void ord_rfc3339_format(int64_t time_us, int decimals, char ret[ORD_RFC3339_MAX])
{
    time_t seconds = floor_div(time_us, US_PER_SECOND);
    int micros = (int)(time_us - seconds * US_PER_SECOND);
    struct tm at;
    gmtime_r(&seconds, &at);
    int used = snprintf(ret, ORD_RFC3339_MAX, "%04d-%02d-%02dT%02d:%02d:%02d", at.tm_year + 1900, at.tm_mon + 1,
                        at.tm_mday, at.tm_hour, at.tm_min, at.tm_sec);
    if (decimals == 3)
        used += snprintf(ret + used, ORD_RFC3339_MAX - used, ".%03d", micros / 1000);
    else if (decimals == 6)
        used += snprintf(ret + used, ORD_RFC3339_MAX - used, ".%06d", micros);
    snprintf(ret + used, ORD_RFC3339_MAX - used, "Z");
}

/* Reads exactly `digits` digits whose value lies in [low, high]. */
static bool number(const char **at, int digits, int low, int high, int *ret)
{
    int value = 0;
    for (int i = 0; i < digits; i++) {
        if (!isdigit((unsigned char)(*at)[i]))
            return false;
        value = value * 10 + ((*at)[i] - '0');
    }
    if (value < low || value > high)
        return false;
    *at += digits;
    *ret = value;
    return true;
}

static bool literal(const char **at, const char *either)
{
    if (**at == '\0' || !strchr(either, **at))
        return false;
    (*at)++;
    return true;
}

static bool fraction(const char **at, int *ret_us)
{
    int digits = 0, value = 0;
    for (; isdigit((unsigned char)**at); (*at)++, digits++)
        if (digits < 6)
            value = value * 10 + (**at - '0');
    for (int i = digits; i < 6; i++)
        value *= 10;
    *ret_us = value;
    return digits >= 1 && digits <= 9;
}

static bool zone(const char **at, int *ret_minutes)
{
    int hours, minutes;
    *ret_minutes = 0;
    if (literal(at, "Zz"))
        return true;
    int sign = **at == '-' ? -1 : 1;
    if (!literal(at, "+-") || !number(at, 2, 0, 23, &hours) || !literal(at, ":") ||
        !number(at, 2, 0, 59, &minutes))
        return false;
    *ret_minutes = sign * (hours * 60 + minutes);
    return true;
}

static int days_in(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return days[month - 1] + (month == 2 && leap);
}

bool ord_rfc3339_parse(const char *text, int64_t *ret_us)
{
    const char *at = text;
    int year, month, day, hour, minute, second, micros = 0, offset;
    if (!number(&at, 4, 0, 9999, &year) || !literal(&at, "-") || !number(&at, 2, 1, 12, &month) ||
        !literal(&at, "-") || !number(&at, 2, 1, days_in(year, month), &day) || !literal(&at, "Tt ") ||
        !number(&at, 2, 0, 23, &hour) || !literal(&at, ":") || !number(&at, 2, 0, 59, &minute) ||
        !literal(&at, ":") || !number(&at, 2, 0, 60, &second))
        return false;
    if (literal(&at, ".") && !fraction(&at, &micros))
        return false;
    if (!zone(&at, &offset) || *at != '\0')
        return false;

    struct tm when = {.tm_year = year - 1900, .tm_mon = month - 1, .tm_mday = day};
    int64_t seconds = timegm(&when) + hour * 3600 + minute * 60 + second - offset * 60;
    int64_t us = seconds * US_PER_SECOND + micros;
    if (us < ORD_TIME_MIN_US || us > ORD_TIME_MAX_US)
        return false;
    *ret_us = us;
    return true;
}
