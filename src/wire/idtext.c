#include "wire/idtext.h"

#include <ctype.h>
#include <string.h>

#include "wire/quote.h"

#define DECIMAL_DIGITS "0123456789"
#define HEX_DIGITS "0123456789abcdef"
#define BASE32_DIGITS "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
#define BASE62_DIGITS "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

#define HEX_WIDTH 16
#define BASE32_WIDTH 13
#define BASE62_WIDTH 11

/* Two decimal digits at a time: half the divisions. */
static const char pairs[] = "0001020304050607080910111213141516171819"
                            "2021222324252627282930313233343536373839"
                            "4041424344454647484950515253545556575859"
                            "6061626364656667686970717273747576777879"
                            "8081828384858687888990919293949596979899";

static size_t write_decimal(uint64_t id, char *ret)
{
    char digits[ORD_ID_TEXT_MAX];
    char *end = digits + sizeof digits, *at = end;
    for (; id >= 100; id /= 100)
        memcpy(at -= 2, pairs + id % 100 * 2, 2);
    if (id >= 10)
        memcpy(at -= 2, pairs + id * 2, 2);
    else
        *--at = (char)('0' + id);
    memcpy(ret, at, (size_t)(end - at));
    return (size_t)(end - at);
}

/* Inlined with constants below, so that the compiler sees shifts where the base is a power of two. */
static inline size_t write_fixed(uint64_t id, const char *digits, unsigned base, size_t width, char *ret)
{
    for (size_t i = width; i-- > 0; id /= base)
        ret[i] = digits[id % base];
    return width;
}

static size_t write_hex(uint64_t id, char *ret)
{
    return write_fixed(id, HEX_DIGITS, 16, HEX_WIDTH, ret);
}

static size_t write_base32(uint64_t id, char *ret)
{
    return write_fixed(id, BASE32_DIGITS, 32, BASE32_WIDTH, ret);
}

static size_t write_base62(uint64_t id, char *ret)
{
    return write_fixed(id, BASE62_DIGITS, 62, BASE62_WIDTH, ret);
}

static int as_it_is(int c)
{
    return c;
}

static int fold_base32(int c)
{
    c = toupper(c);
    if (c == 'I' || c == 'L')
        return '1';
    return c == 'O' ? '0' : c;
}

struct form {
    const char *name;
    const char *digits;
    int64_t base;
    size_t width; /* 0: any */
    size_t (*write)(uint64_t id, char *ret);
    int (*fold)(int c); /* to the one of `digits` that a character stands for */
    const char *allowed;
    const char *last; /* the text of 2^63 - 1 */
};

static const struct form forms[ORD_ID_FORMATS] = {
    [ORD_DECIMAL] = {"decimal", DECIMAL_DIGITS, 10, 0, write_decimal, as_it_is, "digits 0-9",
                     "9223372036854775807"},
    [ORD_HEX] = {"hex", HEX_DIGITS, 16, HEX_WIDTH, write_hex, tolower, "16 digits 0-9 and a-f",
                 "7fffffffffffffff"},
    [ORD_BASE32] = {"base32", BASE32_DIGITS, 32, BASE32_WIDTH, write_base32, fold_base32,
                    "13 characters 0-9 and A-Z without U", "7ZZZZZZZZZZZZ"},
    [ORD_BASE62] = {"base62", BASE62_DIGITS, 62, BASE62_WIDTH, write_base62, as_it_is,
                    "11 characters 0-9, A-Z and a-z", "AzL8n0Y58m7"},
};

const char *ord_id_format_name(enum ord_id_format format)
{
    return forms[format].name;
}

enum ord_code ord_id_format_parse(const char *name, enum ord_id_format *ret_format, struct ord_error *error)
{
    for (int format = 0; format < ORD_ID_FORMATS; format++)
        if (strcmp(forms[format].name, name) == 0) {
            *ret_format = format;
            return ORD_OK;
        }
    char shown[ORD_QUOTE_MAX];
    ord_quote(name, shown);
    return ord_fail(error, ORD_INVALID_ARGUMENT,
                    "%s is not a form of IDs; allowed decimal, hex, base32, base62", shown);
}

size_t ord_id_write(int64_t id, enum ord_id_format format, char ret[ORD_ID_TEXT_MAX])
{
    return forms[format].write((uint64_t)id, ret);
}

/* The value of a digit, or -1. */
static int digit_of(const struct form *form, char c)
{
    const char *at = c ? strchr(form->digits, form->fold((unsigned char)c)) : NULL;
    return at ? (int)(at - form->digits) : -1;
}

static enum ord_code fail_form(const struct form *form, const char *text, struct ord_error *error)
{
    char shown[ORD_QUOTE_MAX];
    ord_quote(text, shown);
    return ord_fail(error, ORD_INVALID_ARGUMENT, "%s is not an ID in %s form; allowed %s", shown, form->name,
                    form->allowed);
}

enum ord_code ord_id_parse(const char *text, enum ord_id_format format, int64_t *ret_id,
                           struct ord_error *error)
{
    const struct form *form = &forms[format];
    int64_t id = 0;
    bool overflow = false;
    const char *at = text;
    for (; *at; at++) {
        int digit = digit_of(form, *at);
        if (digit < 0)
            return fail_form(form, text, error);
        overflow |= __builtin_mul_overflow(id, form->base, &id) || __builtin_add_overflow(id, digit, &id);
    }

    size_t width = (size_t)(at - text);
    if (width == 0 || (form->width && width != form->width))
        return fail_form(form, text, error);
    if (overflow) {
        char shown[ORD_QUOTE_MAX];
        ord_quote(text, shown);
        return ord_fail(error, ORD_OUT_OF_RANGE, "%s is out of range; allowed up to %s", shown, form->last);
    }
    *ret_id = id;
    return ORD_OK;
}
