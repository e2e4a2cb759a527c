#include "http/parse.h"

#include <criterion/criterion.h>
#include <string.h>

static int quality(const char *header, enum ord_http_media media)
{
    struct ord_http_accept accept = {0};
    ord_http_accept_add(&accept, header);
    return ord_http_accept_quality(&accept, media);
}

Test(accept, silence_accepts_everything)
{
    struct ord_http_accept accept = {0};
    for (int media = 0; media < ORD_HTTP_MEDIA; media++)
        cr_assert_eq(ord_http_accept_quality(&accept, media), 1000, "medium %d", media);
    cr_assert_eq(quality("", ORD_HTTP_JSON), 1000, "an empty header says nothing");
    cr_assert_eq(quality(" , ,", ORD_HTTP_JSON), 1000, "an empty list says nothing");
}

Test(accept, the_most_precise_range_decides)
{
    static const struct {
        const char *header;
        int json, text, html;
    } cases[] = {
        {"*/*", 1000, 1000, 1000},
        {"application/json", 1000, 0, 0},
        {"Text/Plain", 0, 1000, 0},
        {"text/*", 0, 1000, 1000},
        {"text/*;q=0.3, text/html;q=0.7, */*;q=0.5", 500, 300, 700},
        {"*/*;q=0.1,application/*;q=0,text/plain", 0, 1000, 100},
        {"application/json;q=0, */*", 0, 1000, 1000},
        {"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", 800, 800, 1000},
        {"text/plain;charset=utf-8;q=0.25", 0, 250, 0},
        {"text/plain ; q=0.5 ,application/json ; Q=0.125", 125, 500, 0},
        {"text/plain;note=\"a,b;q=0\";q=0.5", 0, 500, 0},
        {"image/png", 0, 0, 0},
        {"application/problem+json", 0, 0, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cr_assert_eq(quality(cases[i].header, ORD_HTTP_JSON), cases[i].json, "json in %s", cases[i].header);
        cr_assert_eq(quality(cases[i].header, ORD_HTTP_TEXT), cases[i].text, "text in %s", cases[i].header);
        cr_assert_eq(quality(cases[i].header, ORD_HTTP_HTML), cases[i].html, "html in %s", cases[i].header);
    }
}

Test(accept, headers_add_up)
{
    struct ord_http_accept accept = {0};
    ord_http_accept_add(&accept, "text/plain;q=0.5");
    ord_http_accept_add(&accept, "application/json;q=0.25");
    cr_assert_eq(ord_http_accept_quality(&accept, ORD_HTTP_TEXT), 500);
    cr_assert_eq(ord_http_accept_quality(&accept, ORD_HTTP_JSON), 250);
}

Test(accept, an_element_with_a_bad_quality_is_passed_over)
{
    static const char *const headers[] = {"text/plain;q=2, */*;q=0.5",      "text/plain;q=, */*;q=0.5",
                                          "text/plain;q=0.1234, */*;q=0.5", "text/plain;q=1.001, */*;q=0.5",
                                          "text/plain;q=-1, */*;q=0.5",     "text/plain;q=0,5, */*;q=0.5"};
    for (size_t i = 0; i < sizeof headers / sizeof *headers - 1; i++)
        cr_assert_eq(quality(headers[i], ORD_HTTP_TEXT), 500, "%s: %d", headers[i],
                     quality(headers[i], ORD_HTTP_TEXT));
    cr_assert_eq(quality(headers[5], ORD_HTTP_TEXT), 0, "a comma ends the element");
}

Test(encoding, gzip)
{
    cr_assert(!ord_http_accepts_gzip(NULL));
    cr_assert(!ord_http_accepts_gzip(""));
    cr_assert(ord_http_accepts_gzip("gzip, deflate, br"));
    cr_assert(ord_http_accepts_gzip("br;q=1.0, X-GZIP;q=0.1"));
    cr_assert(ord_http_accepts_gzip("*"));
    cr_assert(!ord_http_accepts_gzip("gzip;q=0, *"));
    cr_assert(!ord_http_accepts_gzip("*;q=0"));
    cr_assert(!ord_http_accepts_gzip("gzipped, identity"));
}

Test(connection, tokens)
{
    cr_assert(ord_http_has_token("keep-alive", "keep-alive"));
    cr_assert(ord_http_has_token("TE,\tKeep-Alive ", "keep-alive"));
    cr_assert(!ord_http_has_token("keep-alive-not", "keep-alive"));
    cr_assert(!ord_http_has_token("close", "keep-alive"));
    cr_assert(!ord_http_has_token(NULL, "keep-alive"));
}

Test(prefer, wait)
{
    static const struct {
        const char *header;
        uint64_t us;
    } cases[] = {
        {NULL, 0},
        {"", 0},
        {"wait=2", 2000000},
        {"wait=0.25", 250000},
        {"Wait = \"1.5\"", 1500000},
        {"respond-async, wait=10; foo=bar", 10000000},
        {"wait=0.0000019", 1},
        {"wait=3, wait=9", 3000000},
        {"wait=99999999999999999999999", UINT64_C(3600000000)},
        {"wait", 0},
        {"wait=", 0},
        {"wait=\"\"", 0},
        {"wait=-1", 0},
        {"wait=1s", 0},
        {"wait=.5", 0},
        {"wait=1.2.3", 0},
        {"await=5", 0},
        {"foo=\"wait=5\"", 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        cr_assert_eq(ord_http_prefer_wait_us(cases[i].header), cases[i].us, "%s: %lu, not %lu", cases[i].header,
                     (unsigned long)ord_http_prefer_wait_us(cases[i].header), (unsigned long)cases[i].us);
}

Test(condition, etags)
{
    cr_assert(!ord_http_etag_matches(NULL, "W/\"a\""));
    cr_assert(!ord_http_etag_matches("", "W/\"a\""));
    cr_assert(ord_http_etag_matches("*", "W/\"a\""));
    cr_assert(ord_http_etag_matches("\"a\"", "W/\"a\""));
    cr_assert(ord_http_etag_matches("\"b\", W/\"a\" , \"c\"", "\"a\""));
    cr_assert(!ord_http_etag_matches("\"b\", \"aa\"", "\"a\""));
    cr_assert(!ord_http_etag_matches("\"b,*\"", "\"a\""));
    cr_assert(!ord_http_etag_matches("W", "W/\"a\""));
    cr_assert(!ord_http_etag_matches("a", "W/\"a\""));
}

Test(query, none)
{
    struct ord_http_query query;
    cr_assert_eq(ord_http_query_parse(NULL, &query, NULL), ORD_OK);
    cr_assert_eq(query.count, 0);
    cr_assert_eq(ord_http_query_parse("&&", &query, NULL), ORD_OK);
    cr_assert_eq(query.count, 0);
}

Test(query, names_and_values_are_decoded)
{
    struct ord_http_query query;
    struct ord_error error;
    cr_assert_eq(ord_http_query_parse("a=1&%62=x%3Dy%26z&&c&d==e&t=12:00+01:00", &query, &error), ORD_OK, "%s",
                 error.text);
    static const char *const expected[][2] = {
        {"a", "1"}, {"b", "x=y&z"}, {"c", ""}, {"d", "=e"}, {"t", "12:00+01:00"}};
    cr_assert_eq(query.count, 5, "%u", query.count);
    for (unsigned i = 0; i < query.count; i++) {
        cr_assert_str_eq(query.at[i].name, expected[i][0]);
        cr_assert_str_eq(query.at[i].value, expected[i][1]);
    }
}

Test(query, bad_escapes_are_named)
{
    static const char *const queries[] = {"a=%zz", "a=%4", "a=%", "%g0=1", "a=%00", "a=b%"};
    for (size_t i = 0; i < sizeof queries / sizeof *queries; i++) {
        struct ord_http_query query;
        struct ord_error error = {0};
        cr_assert_eq(ord_http_query_parse(queries[i], &query, &error), ORD_INVALID_ARGUMENT, "%s", queries[i]);
        cr_assert(strchr(error.text, '%'), "%s: %s", queries[i], error.text);
    }
}

Test(query, too_much)
{
    struct ord_http_query query;
    struct ord_error error;
    cr_assert_eq(ord_http_query_parse("a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a", &query, &error), ORD_OK);
    cr_assert_eq(query.count, 16);
    cr_assert_eq(ord_http_query_parse("a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a", &query, &error),
                 ORD_INVALID_ARGUMENT);

    char text[ORD_HTTP_URI_MAX + 2];
    memset(text, 'a', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    cr_assert_eq(ord_http_query_parse(text, &query, &error), ORD_URI_TOO_LONG);
    text[sizeof text - 2] = '\0';
    cr_assert_eq(ord_http_query_parse(text, &query, &error), ORD_OK);
    cr_assert_eq(strlen(query.at[0].name), ORD_HTTP_URI_MAX);
}

Test(idempotency_key, quoted_or_bare)
{
    static const char *const rows[][2] = {
        {"abc", "abc"},   {"\"abc\"", "abc"}, {"\"a\\\"b\\\\\"", "a\"b\\"}, {"\"", "\""}, {"\"\"", ""},
        {"a\\b", "a\\b"}, {"", ""},           {"0123456789", "0123456"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char key[8];
        ord_http_idempotency_key(rows[i][0], key, sizeof key);
        cr_assert_str_eq(key, rows[i][1], "%s", rows[i][0]);
    }
}
