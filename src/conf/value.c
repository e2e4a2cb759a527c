#include "conf/text.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define QUOTED_MAX 100

/* Decimal digits without sign, blanks or leading zeros. */
static size_t digits(const char *text)
{
    size_t count = strspn(text, "0123456789");
    return count > 1 && text[0] == '0' ? 0 : count;
}

static enum ord_verdict within(const struct ord_option *option, int64_t number, int64_t *ret_number)
{
    if (number < option->min || number > option->max)
        return ORD_BEYOND;
    *ret_number = number;
    return ORD_GOOD;
}

static enum ord_verdict read_integer(const struct ord_option *option, const char *text, int64_t *ret_number)
{
    const char *first = text + (*text == '-');
    size_t count = digits(first);
    if (count == 0 || first[count])
        return ORD_MALFORMED;
    errno = 0;
    int64_t number = strtoll(text, NULL, 10);
    return errno == ERANGE ? ORD_BEYOND : within(option, number, ret_number);
}

static const struct unit {
    const char *name;
    int64_t ms;
} units[] = {{"h", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1}};

#define UNITS (sizeof units / sizeof units[0])

static enum ord_verdict read_duration(const struct ord_option *option, const char *text, int64_t *ret_number)
{
    if (strcmp(text, "0") == 0)
        return within(option, 0, ret_number);

    size_t count = digits(text);
    size_t unit = 0;
    while (unit < UNITS && strcmp(text + count, units[unit].name) != 0)
        unit++;
    if (count == 0 || unit == UNITS)
        return ORD_MALFORMED;
    errno = 0;
    int64_t number = strtoll(text, NULL, 10);
    if (errno == ERANGE || __builtin_mul_overflow(number, units[unit].ms, &number))
        return ORD_BEYOND;
    return within(option, number, ret_number);
}

static enum ord_verdict read_choice(const struct ord_option *option, const char *text, int64_t *ret_number)
{
    size_t length = strlen(text);
    const char *choice = option->choices;
    while (*choice) {
        size_t size = strcspn(choice, "|");
        if (size == length && memcmp(choice, text, size) == 0)
            return ORD_GOOD;
        choice += size + (choice[size] == '|');
    }
    return ORD_MALFORMED;
}

static bool is_port(const char *text)
{
    size_t count = digits(text);
    return count > 0 && count <= 5 && text[count] == '\0' && atoi(text) <= 65535;
}

static enum ord_verdict read_address(const struct ord_option *option, const char *text, int64_t *ret_number)
{
    bool bracketed = *text == '[';
    const char *host = text + bracketed;
    const char *end = strchr(host, bracketed ? ']' : ':');
    char copy[INET6_ADDRSTRLEN];
    if (!end || (size_t)(end - host) >= sizeof copy)
        return ORD_MALFORMED;
    memcpy(copy, host, (size_t)(end - host));
    copy[end - host] = '\0';

    struct in6_addr address;
    const char *port = end + bracketed;
    if (inet_pton(bracketed ? AF_INET6 : AF_INET, copy, &address) != 1 || *port != ':' || !is_port(port + 1))
        return ORD_MALFORMED;
    return ORD_GOOD;
}

static enum ord_verdict read_switch(const struct ord_option *option, const char *text, int64_t *ret_number)
{
    bool on = strcmp(text, "true") == 0;
    if (!on && strcmp(text, "false") != 0)
        return ORD_MALFORMED;
    *ret_number = on;
    return ORD_GOOD;
}

static enum ord_verdict read_text(const struct ord_option *option, const char *text, int64_t *ret_number)
{
    if (!*text)
        return ORD_MALFORMED;
    uint32_t character;
    for (int length; *text; text += length)
        if ((length = ord_utf8_decode(text, &character)) == 0)
            return ORD_MALFORMED;
    return ORD_GOOD;
}

static void write_integers(const struct ord_option *option, FILE *out)
{
    if (option->max == INT64_MAX)
        fprintf(out, "%" PRId64 " and above", option->min);
    else
        fprintf(out, "%" PRId64 " to %" PRId64, option->min, option->max);
}

static void write_duration(int64_t ms, FILE *out)
{
    const struct unit *unit = units;
    while (ms % unit->ms != 0)
        unit++;
    if (ms == 0)
        fputs("0", out);
    else
        fprintf(out, "%" PRId64 "%s", ms / unit->ms, unit->name);
}

static void write_durations(const struct ord_option *option, FILE *out)
{
    write_duration(option->min, out);
    if (option->max == INT64_MAX) {
        fputs(" and above", out);
        return;
    }
    fputs(" to ", out);
    write_duration(option->max, out);
}

static void write_choices(const struct ord_option *option, FILE *out)
{
    for (const char *at = option->choices; *at; at++)
        fputs(*at == '|' ? ", " : (char[]){*at, '\0'}, out);
}

static const struct {
    enum ord_verdict (*read)(const struct ord_option *option, const char *text, int64_t *ret_number);
    void (*write_allowed)(const struct ord_option *option, FILE *out); /* NULL: `allowed` says all */
    const char *is_not;
    const char *allowed;
} types[] = {
    [ORD_OPTION_SWITCH] = {read_switch, NULL, "a switch", "true, false"},
    [ORD_OPTION_INTEGER] = {read_integer, write_integers, "a whole number", ""},
    [ORD_OPTION_DURATION] = {read_duration, write_durations, "a duration such as 250ms, 10s, 2m or 1h", ""},
    [ORD_OPTION_CHOICE] = {read_choice, write_choices, "a choice", ""},
    [ORD_OPTION_ADDRESS] = {read_address, NULL, "ADDR:PORT",
                            "an IP address and a port of 0 to 65535, such as 127.0.0.1:8080 or [::1]:0"},
    [ORD_OPTION_TEXT] = {read_text, NULL, "a value", "UTF-8 of at least one character"},
};

bool ord_value_is_bounded(const struct ord_option *option)
{
    return types[option->type].write_allowed != NULL;
}

void ord_value_write_allowed(const struct ord_option *option, FILE *out)
{
    if (ord_value_is_bounded(option))
        types[option->type].write_allowed(option, out);
}

enum ord_verdict ord_value_read(const struct ord_option *option, const char *text, int64_t *ret_number)
{
    return types[option->type].read(option, text, ret_number);
}

void ord_value_explain(const struct ord_option *option, const char *text, enum ord_verdict verdict, FILE *out)
{
    const char *quote = verdict == ORD_MALFORMED ? "\"" : "";
    fputs(quote, out);
    ord_text_escape(text, QUOTED_MAX, out);
    fputs(quote, out);
    if (verdict == ORD_MALFORMED)
        fprintf(out, " is not %s; allowed %s", types[option->type].is_not, types[option->type].allowed);
    else
        fputs(" is out of range; allowed ", out);
    ord_value_write_allowed(option, out);
}
