#include "wire/idtext.h"

#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "wire/quote.h"

static const struct {
    int64_t id;
    const char *text[ORD_ID_FORMATS];
} known[] = {
    {0, {"0", "0000000000000000", "0000000000000", "00000000000"}},
    {1, {"1", "0000000000000001", "0000000000001", "00000000001"}},
    {9, {"9", "0000000000000009", "0000000000009", "00000000009"}},
    {10, {"10", "000000000000000a", "000000000000A", "0000000000A"}},
    {31, {"31", "000000000000001f", "000000000000Z", "0000000000V"}},
    {35, {"35", "0000000000000023", "0000000000013", "0000000000Z"}},
    {36, {"36", "0000000000000024", "0000000000014", "0000000000a"}},
    {61, {"61", "000000000000003d", "000000000001X", "0000000000z"}},
    {62, {"62", "000000000000003e", "000000000001Y", "00000000010"}},
    {INT64_C(1234567890123456789), {"1234567890123456789", "112210f47de98115", "128GGYHYYK08N", "1TCKi1nFuNh"}},
    {INT64_MAX, {"9223372036854775807", "7fffffffffffffff", "7ZZZZZZZZZZZZ", "AzL8n0Y58m7"}},
};

static void writes(int64_t id, enum ord_id_format format, const char *expected)
{
    char text[ORD_ID_TEXT_MAX + 1] = "";
    size_t length = ord_id_write(id, format, text);
    text[length] = '\0';
    cr_assert_str_eq(text, expected, "%" PRId64 " in %s is %s, not %s", id, ord_id_format_name(format), text,
                     expected);
}

static void reads(const char *text, enum ord_id_format format, int64_t expected)
{
    int64_t id = -1;
    struct ord_error error = {0};
    cr_assert_eq(ord_id_parse(text, format, &id, &error), ORD_OK, "%s", error.text);
    cr_assert_eq(id, expected, "%s in %s is %" PRId64 ", not %" PRId64, text, ord_id_format_name(format), id,
                 expected);
}

static void is_refused(const char *text, enum ord_id_format format, enum ord_code expected, const char *says)
{
    int64_t id = -42;
    struct ord_error error = {0};
    enum ord_code code = ord_id_parse(text, format, &id, &error);
    cr_assert_eq(code, expected, "'%s' in %s: %s", text, ord_id_format_name(format), ord_code_info(code)->name);
    cr_assert_eq(error.code, expected);
    cr_assert_eq(id, -42, "'%s' is refused but left %" PRId64, text, id);
    cr_assert_not_null(strstr(error.text, says), "'%s' does not say '%s'", error.text, says);
}

Test(idtext, known_ids_are_written_and_read)
{
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        for (int format = 0; format < ORD_ID_FORMATS; format++) {
            writes(known[i].id, format, known[i].text[format]);
            reads(known[i].text[format], format, known[i].id);
        }
}

Test(idtext, decimals_of_every_width)
{
    int64_t power = 1;
    for (int digits = 1; digits <= 19; digits++, power *= digits <= 19 ? 10 : 1)
        for (int64_t id = power - 1; id <= power + 1; id++) {
            char expected[32];
            snprintf(expected, sizeof expected, "%" PRId64, id);
            writes(id, ORD_DECIMAL, expected);
            reads(expected, ORD_DECIMAL, id);
        }
}

/* 63-bit numbers without a pattern, the same on each run. */
static int64_t next_id(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (int64_t)((*state ^ *state >> 29) & INT64_MAX);
}

Test(idtext, what_is_written_reads_back_and_keeps_the_order)
{
    uint64_t state = 1;
    int64_t last_id = 0;
    char last[ORD_ID_FORMATS][ORD_ID_TEXT_MAX + 1];
    for (int i = 0; i < 20000; i++) {
        int64_t id = next_id(&state) >> i % 63;
        for (int format = 0; format < ORD_ID_FORMATS; format++) {
            char text[ORD_ID_TEXT_MAX + 1];
            text[ord_id_write(id, format, text)] = '\0';
            reads(text, format, id);
            int order = strcmp(text, last[format]), expected = (id > last_id) - (id < last_id);
            cr_assert(i == 0 || format == ORD_DECIMAL || (order > 0) - (order < 0) == expected,
                      "%s after %s, but %" PRId64 " and %" PRId64, text, last[format], id, last_id);
            strcpy(last[format], text);
        }
        last_id = id;
    }
}

Test(idtext, nothing_is_written_past_the_length)
{
    for (int format = 0; format < ORD_ID_FORMATS; format++) {
        char text[ORD_ID_TEXT_MAX + 8];
        memset(text, '#', sizeof text);
        size_t length = ord_id_write(INT64_MAX, format, text);
        cr_assert(length <= ORD_ID_TEXT_MAX);
        for (size_t i = length; i < sizeof text; i++)
            cr_assert_eq(text[i], '#', "%s: byte %zu", ord_id_format_name(format), i);
    }
}

Test(idtext, letters_that_people_confuse_are_read)
{
    reads("7fffFFFFffffFFFF", ORD_HEX, INT64_MAX);
    reads("7zzzzzzzzzzzz", ORD_BASE32, INT64_MAX);
    reads("000000000001O", ORD_BASE32, 32);
    reads("000000000001o", ORD_BASE32, 32);
    reads("oooooooooooIl", ORD_BASE32, 33);
    reads("OOOOOOOOOOOLi", ORD_BASE32, 33);
    reads("0000000000a", ORD_BASE62, 36);
    reads("0000000000A", ORD_BASE62, 10);
}

Test(idtext, decimals_may_have_zeros_in_front)
{
    reads("007", ORD_DECIMAL, 7);
    reads("0009223372036854775807", ORD_DECIMAL, INT64_MAX);
}

Test(idtext, other_widths_are_refused)
{
    static const char digits[] = "00000000000000000000";
    static const size_t width[] = {[ORD_HEX] = 16, [ORD_BASE32] = 13, [ORD_BASE62] = 11};
    for (int format = ORD_HEX; format < ORD_ID_FORMATS; format++)
        for (size_t length = 0; length < sizeof digits; length++)
            if (length != width[format])
                is_refused(digits + sizeof digits - 1 - length, format, ORD_INVALID_ARGUMENT,
                           ord_id_format_name(format));
    is_refused("", ORD_DECIMAL, ORD_INVALID_ARGUMENT, "'' is not an ID in decimal form; allowed digits 0-9");
}

Test(idtext, foreign_characters_are_refused)
{
    static const char *const allowed[] = {"0123456789", "0123456789abcdefABCDEF",
                                          "0123456789abcdefghijklmnopqrstvwxyzABCDEFGHIJKLMNOPQRSTVWXYZ",
                                          "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"};
    for (int format = 0; format < ORD_ID_FORMATS; format++)
        for (int c = 1; c < 256; c++)
            for (size_t place = 0; place < 11; place += 5) {
                char text[ORD_ID_TEXT_MAX + 1] = "";
                memset(text, '0', strlen(known[0].text[format]) > 1 ? strlen(known[0].text[format]) : 11);
                text[place] = (char)c;
                int64_t id;
                enum ord_code code = ord_id_parse(text, format, &id, NULL);
                bool refused = code == ORD_INVALID_ARGUMENT;
                cr_assert_eq(refused, !strchr(allowed[format], c), "%s: character %d at %zu: %s",
                             ord_id_format_name(format), c, place, ord_code_info(code)->name);
            }
    is_refused("-1", ORD_DECIMAL, ORD_INVALID_ARGUMENT, "decimal");
    is_refused("+1", ORD_DECIMAL, ORD_INVALID_ARGUMENT, "decimal");
    is_refused(" 1", ORD_DECIMAL, ORD_INVALID_ARGUMENT, "decimal");
    is_refused("1 ", ORD_DECIMAL, ORD_INVALID_ARGUMENT, "decimal");
    is_refused("0x1", ORD_DECIMAL, ORD_INVALID_ARGUMENT, "decimal");
    is_refused("99999999999999999999999x", ORD_DECIMAL, ORD_INVALID_ARGUMENT, "decimal");
}

Test(idtext, above_the_largest_id_is_out_of_range)
{
    is_refused("9223372036854775808", ORD_DECIMAL, ORD_OUT_OF_RANGE, "allowed up to 9223372036854775807");
    is_refused("18446744073709551616", ORD_DECIMAL, ORD_OUT_OF_RANGE, "out of range");
    is_refused("18446744073709551617", ORD_DECIMAL, ORD_OUT_OF_RANGE, "out of range");
    is_refused("99999999999999999999999999999999999999999999999999", ORD_DECIMAL, ORD_OUT_OF_RANGE, "...'");
    is_refused("8000000000000000", ORD_HEX, ORD_OUT_OF_RANGE, "allowed up to 7fffffffffffffff");
    is_refused("ffffffffffffffff", ORD_HEX, ORD_OUT_OF_RANGE, "out of range");
    is_refused("8000000000000", ORD_BASE32, ORD_OUT_OF_RANGE, "allowed up to 7ZZZZZZZZZZZZ");
    is_refused("ZZZZZZZZZZZZZ", ORD_BASE32, ORD_OUT_OF_RANGE, "out of range");
    is_refused("AzL8n0Y58m8", ORD_BASE62, ORD_OUT_OF_RANGE, "allowed up to AzL8n0Y58m7");
    is_refused("zzzzzzzzzzz", ORD_BASE62, ORD_OUT_OF_RANGE, "out of range");
}

Test(idtext, formats_are_known_by_name)
{
    static const char *const names[] = {"decimal", "hex", "base32", "base62"};
    for (int i = 0; i < ORD_ID_FORMATS; i++) {
        enum ord_id_format format = ORD_ID_FORMATS;
        cr_assert_str_eq(ord_id_format_name(i), names[i]);
        cr_assert_eq(ord_id_format_parse(names[i], &format, NULL), ORD_OK);
        cr_assert_eq(format, (enum ord_id_format)i, "%s", names[i]);
    }
    static const char *const others[] = {"", "Hex", "hex ", "base", "base64", "decimals"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        enum ord_id_format format = ORD_ID_FORMATS;
        struct ord_error error = {0};
        cr_assert_eq(ord_id_format_parse(others[i], &format, &error), ORD_INVALID_ARGUMENT, "%s", others[i]);
        cr_assert_eq(format, ORD_ID_FORMATS);
        cr_assert_not_null(strstr(error.text, "allowed decimal, hex, base32, base62"), "%s", error.text);
    }
}

Test(quote, shows_printable_ascii_as_it_is_and_the_rest_in_hex)
{
    char shown[ORD_QUOTE_MAX];
    ord_quote("", shown);
    cr_assert_str_eq(shown, "''");
    ord_quote("a b~", shown);
    cr_assert_str_eq(shown, "'a b~'");
    ord_quote("\n\xff\x7fz", shown);
    cr_assert_str_eq(shown, "'\\x0a\\xff\\x7fz'");
}

Test(quote, cuts_what_is_long)
{
    char text[300], shown[ORD_QUOTE_MAX];
    for (size_t length = 0; length < sizeof text; length++) {
        memset(text, '\xff', length);
        text[length] = '\0';
        ord_quote(text, shown);
        cr_assert(strlen(shown) < sizeof shown, "%zu", length);
        cr_assert_eq(strstr(shown, "...'") != NULL, length > 40, "%zu: %s", length, shown);
    }
}
