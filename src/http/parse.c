#include "http/parse.h"

#include <string.h>
#include <strings.h>

#define BLANKS " \t"
#define FULL_QUALITY 1000

/* One element of a comma-separated list: what stands before its parameters, and its `q`. */
struct element {
    const char *text;
    size_t size;
    int quality; /* -1: cannot be read */
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static size_t trimmed(const char *text, const char *end)
{
    while (end > text && strchr(BLANKS, end[-1]))
        end--;
    return (size_t)(end - text);
}

/* The end of a piece that one of `stops` ends, outside of quotes. */
static const char *piece_end(const char *at, const char *stops)
{
    for (bool quoted = false; *at && (quoted || !strchr(stops, *at)); at++) {
        if (quoted && *at == '\\' && at[1])
            at++;
        else if (*at == '"')
            quoted = !quoted;
    }
    return at;
}

/* Thousandths of "0.5", "1", "1.000"; -1 for anything else. */
static int quality_of(const char *text, size_t size)
{
    if (size < 1 || size > 5 || (text[0] != '0' && text[0] != '1') || (size > 1 && text[1] != '.'))
        return -1;
    int quality = (text[0] - '0') * FULL_QUALITY;
    int weight = FULL_QUALITY / 10;
    for (size_t i = 2; i < size; i++, weight /= 10) {
        if (!is_digit(text[i]))
            return -1;
        quality += (text[i] - '0') * weight;
    }
    return quality <= FULL_QUALITY ? quality : -1;
}

static bool next_element(const char **at, struct element *ret)
{
    const char *text = *at + strspn(*at, BLANKS ",");
    if (!*text)
        return false;

    const char *end = piece_end(text, ",;");
    ret->text = text;
    ret->size = trimmed(text, end);
    ret->quality = FULL_QUALITY;
    while (*end == ';') {
        const char *parameter = end + 1 + strspn(end + 1, BLANKS);
        end = piece_end(parameter, ",;");
        if (strncasecmp(parameter, "q=", 2) == 0)
            ret->quality = quality_of(parameter + 2, trimmed(parameter + 2, end));
    }
    *at = end;
    return true;
}

static bool is_text(const struct element *element, const char *text)
{
    return strlen(text) == element->size && strncasecmp(element->text, text, element->size) == 0;
}

/* The ranges that cover each medium, by precision; any medium is covered by the first. */
#define ANY "*/*"
static const char *const ranges[ORD_HTTP_MEDIA][3] = {
    [ORD_HTTP_JSON] = {ANY, "application/*", "application/json"},
    [ORD_HTTP_TEXT] = {ANY, "text/*", "text/plain"},
    [ORD_HTTP_HTML] = {ANY, "text/*", "text/html"},
    [ORD_HTTP_EVENTS] = {ANY, "text/*", "text/event-stream"},
};

static int precision_of(const struct element *element, enum ord_http_media media)
{
    for (int precision = 3; precision > 1; precision--)
        if (is_text(element, ranges[media][precision - 1]))
            return precision;
    return 0;
}

void ord_http_accept_add(struct ord_http_accept *accept, const char *value)
{
    for (struct element element; next_element(&value, &element);) {
        if (element.quality < 0)
            continue;
        accept->given = true;
        bool is_any = is_text(&element, ANY);
        for (int media = 0; media < ORD_HTTP_MEDIA; media++) {
            int precision = is_any ? 1 : precision_of(&element, media);
            if (precision == 0 || precision < accept->of[media].precision)
                continue;
            accept->of[media].precision = (uint8_t)precision;
            accept->of[media].quality = (uint16_t)element.quality;
        }
    }
}

int ord_http_accept_quality(const struct ord_http_accept *accept, enum ord_http_media media)
{
    return accept->given ? accept->of[media].quality : FULL_QUALITY;
}

bool ord_http_accepts_gzip(const char *value)
{
    int any = 0;
    for (struct element element; value && next_element(&value, &element);) {
        if (is_text(&element, "gzip") || is_text(&element, "x-gzip"))
            return element.quality > 0;
        if (is_text(&element, "*"))
            any = element.quality;
    }
    return any > 0;
}

bool ord_http_has_token(const char *list, const char *token)
{
    for (struct element element; list && next_element(&list, &element);)
        if (is_text(&element, token))
            return true;
    return false;
}

/* Longer waits are as good as this one: the server's own bound is far below. */
#define WAIT_MAX_S 3600

/* Microseconds of "10" or "0.25", which ends before `end`; 0 if it is not a number. */
static uint64_t seconds_us(const char *at, const char *end)
{
    if (at == end || !is_digit(*at))
        return 0;
    uint64_t seconds = 0;
    for (; at < end && is_digit(*at); at++)
        seconds = seconds < WAIT_MAX_S ? seconds * 10 + (uint64_t)(*at - '0') : WAIT_MAX_S;

    uint64_t fraction = 0;
    if (at < end && *at == '.') {
        uint64_t weight = 100000;
        for (at++; at < end && is_digit(*at); at++, weight /= 10)
            fraction += (uint64_t)(*at - '0') * weight;
    }
    if (at != end)
        return 0;
    return seconds < WAIT_MAX_S ? seconds * 1000000 + fraction : (uint64_t)WAIT_MAX_S * 1000000;
}

uint64_t ord_http_prefer_wait_us(const char *value)
{
    for (struct element element; value && next_element(&value, &element);) {
        const char *end = element.text + element.size;
        const char *equals = memchr(element.text, '=', element.size);
        if (!equals || trimmed(element.text, equals) != 4 || strncasecmp(element.text, "wait", 4) != 0)
            continue;
        const char *number = equals + 1 + strspn(equals + 1, BLANKS);
        if (end - number >= 2 && *number == '"' && end[-1] == '"') {
            number++;
            end--;
        }
        return number < end ? seconds_us(number, end) : 0;
    }
    return 0;
}

static const char *opaque_tag(const char *etag)
{
    return strncmp(etag, "W/", 2) == 0 ? etag + 2 : etag;
}

void ord_http_idempotency_key(const char *value, char *ret, size_t size)
{
    size_t length = strlen(value), used = 0;
    bool is_quoted = length >= 2 && value[0] == '"' && value[length - 1] == '"';
    const char *at = value + is_quoted, *end = value + length - is_quoted;
    for (; at < end && used + 1 < size; at++) {
        if (is_quoted && *at == '\\' && at + 1 < end)
            at++;
        ret[used++] = *at;
    }
    ret[used] = '\0';
}

bool ord_http_etag_matches(const char *value, const char *etag)
{
    const char *wanted = opaque_tag(etag);
    size_t size = strlen(wanted);
    while (value) {
        value += strspn(value, BLANKS ",");
        const char *end = piece_end(value, ",");
        const char *tag = opaque_tag(value);
        if (end == value)
            return false;
        if (trimmed(value, end) == 1 && *value == '*')
            return true;
        if (tag <= end && trimmed(tag, end) == size && memcmp(tag, wanted, size) == 0)
            return true;
        value = end;
    }
    return false;
}

static int hex_digit(char c)
{
    if (is_digit(c))
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

enum ord_code ord_http_decode(char *text, struct ord_error *error)
{
    char *to = text;
    for (const char *at = text; *at; at++) {
        if (*at != '%') {
            *to++ = *at;
            continue;
        }
        int high = hex_digit(at[1]);
        int low = high < 0 ? -1 : hex_digit(at[2]);
        if (low < 0)
            return ord_fail(error, ORD_INVALID_ARGUMENT,
                            "%.3s: is not a percent escape; a %% sign itself is written %%25", at);
        if (high == 0 && low == 0)
            return ord_fail(error, ORD_INVALID_ARGUMENT, "%%00: a NUL byte is not allowed");
        *to++ = (char)(high << 4 | low);
        at += 2;
    }
    *to = '\0';
    return ORD_OK;
}

enum ord_code ord_http_query_parse(const char *text, struct ord_http_query *query, struct ord_error *error)
{
    query->count = 0;
    if (!text)
        return ORD_OK;
    size_t size = strlen(text);
    if (size > ORD_HTTP_URI_MAX)
        return ord_fail(error, ORD_URI_TOO_LONG, "query: %zu bytes are too many; allowed up to %d", size,
                        ORD_HTTP_URI_MAX);
    memcpy(query->text, text, size + 1);

    char *rest = query->text;
    for (char *pair; (pair = strsep(&rest, "&"));) {
        if (!*pair)
            continue;
        if (query->count == ORD_HTTP_PARAMETERS_MAX)
            return ord_fail(error, ORD_INVALID_ARGUMENT, "query: too many parameters; allowed up to %d",
                            ORD_HTTP_PARAMETERS_MAX);
        char *value = strchr(pair, '=');
        if (value)
            *value++ = '\0';
        else
            value = pair + strlen(pair);
        enum ord_code code = ord_http_decode(pair, error);
        if (code == ORD_OK)
            code = ord_http_decode(value, error);
        if (code != ORD_OK)
            return code;
        query->at[query->count].name = pair;
        query->at[query->count].value = value;
        query->count++;
    }
    return ORD_OK;
}
