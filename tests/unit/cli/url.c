#include <criterion/criterion.h>
#include <ordinal/v1/ids.pb-c.h>

#include "cli/transport.h"

static struct ord_arena arena;

static void expect(const char *name, const ProtobufCMessage *request, const char *expected)
{
    const char *url = ord_http_url("http://h:1", ord_method_by_name(name), request, &arena);
    cr_assert_not_null(url);
    cr_assert_str_eq(url, expected, "%s: %s, expected %s", name, url, expected);
}

Test(url, one_id)
{
    Ordinal__V1__GetIdRequest request = ORDINAL__V1__GET_ID_REQUEST__INIT;
    expect("GetId", &request.base, "http://h:1/v1/id");
}

Test(url, batches_are_asked_for_as_runs)
{
    Ordinal__V1__GetIdsRequest request = ORDINAL__V1__GET_IDS_REQUEST__INIT;
    expect("GetIds", &request.base, "http://h:1/v1/ids?form=runs");
    request.count = 7;
    request.tag = 3;
    expect("GetIds", &request.base, "http://h:1/v1/ids?count=7&tag=3&form=runs");
}

Test(url, a_field_of_the_route_stands_in_the_path)
{
    Ordinal__V1__DescribeIdRequest request = ORDINAL__V1__DESCRIBE_ID_REQUEST__INIT;
    expect("DescribeId", &request.base, "http://h:1/v1/ids/0");
    request.id = INT64_MAX;
    expect("DescribeId", &request.base, "http://h:1/v1/ids/9223372036854775807");
}

Test(url, values_are_encoded)
{
    Ordinal__V1__GetIdBoundsRequest request = ORDINAL__V1__GET_ID_BOUNDS_REQUEST__INIT;
    request.start = (char *)"2026-03-01T00:00:00+01:00";
    request.end = (char *)"a&b";
    const char *url = ord_http_url("http://h:1", ord_method_by_name("GetIdBounds"), &request.base, &arena);
    cr_assert_not_null(strstr(url, "/v1/ids:bounds?start=2026-03-01T00"), "%s", url);
    cr_assert_not_null(strstr(url, "%2B01"), "%s", url);
    cr_assert_not_null(strstr(url, "&end=a%26b"), "%s", url);
}

Test(url, what_is_no_address_or_no_url_is_refused)
{
    static const char *const addresses[] = {
        "",        ":1",      "host",   "host:",      "host:0", "host:65536",
        "host:1x", "host:-1", "::1:80", "http://h:1", "h h:1",  "[::1]"};
    static const char *const urls[] = {"",           "127.0.0.1:8080", "localhost:8080",
                                       "ftp://h",    "http://",        "http://h?x=1",
                                       "http://h#x", "http://h:99999", "http://a b"};
    struct ord_transport transport = {0};
    struct ord_error error;
    for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++)
        cr_assert_eq(ord_grpc_transport_open(addresses[i], 1000, &transport, &error), ORD_INVALID_ARGUMENT,
                     "%s", addresses[i]);
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++)
        cr_assert_eq(ord_http_transport_open(urls[i], 1000, &transport, &error), ORD_INVALID_ARGUMENT, "%s",
                     urls[i]);
    cr_assert_null(transport.context);
}

Test(url, addresses_and_urls_that_are_good_are_taken)
{
    static const char *const addresses[] = {"127.0.0.1:1", "[::1]:65535", "ids.example.net:50051"};
    static const char *const urls[] = {"http://127.0.0.1:1", "https://ids.example.net/prefix/",
                                       "http://[::1]:8080/"};
    struct ord_transport transport;
    struct ord_error error;
    for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++) {
        cr_assert_eq(ord_grpc_transport_open(addresses[i], 1000, &transport, &error), ORD_OK, "%s",
                     addresses[i]);
        ord_transport_close(&transport);
    }
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
        cr_assert_eq(ord_http_transport_open(urls[i], 1000, &transport, &error), ORD_OK, "%s", urls[i]);
        ord_transport_close(&transport);
    }
}
