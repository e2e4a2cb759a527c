#include "wire/query.h"

#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "grpc/health/v1/health.pb-c.h"
#include "grpc/reflection/v1/reflection.pb-c.h"
#include "ordinal/v1/ids.pb-c.h"
#include "ordinal/v1/sequences.pb-c.h"
#include "ordinal/wire/status.pb-c.h"

static struct ord_arena arena;
static struct ord_error error;
static ord_field_set given;

static void finish(void)
{
    ord_arena_finish(&arena);
}

TestSuite(query, .fini = finish);

static enum ord_code set(void *message, const char *name, const char *value)
{
    return ord_query_set(message, &given, name, value, ORD_DECIMAL, &arena, &error);
}

static void sets(void *message, const char *name, const char *value)
{
    given = 0;
    cr_assert_eq(set(message, name, value), ORD_OK, "%s=%s: %s", name, value, error.text);
    cr_assert_neq(given, 0);
}

static void is_refused(void *message, const char *name, const char *value, enum ord_code expected,
                       const char *says)
{
    given = 0;
    enum ord_code code = set(message, name, value);
    cr_assert_eq(code, expected, "%s=%s: %s", name, value, ord_code_info(code)->name);
    cr_assert_eq(error.code, expected);
    cr_assert_eq(given, 0);
    cr_assert_str_eq(error.text, says, "%s=%s: %s", name, value, error.text);
}

Test(query, fields_are_set_by_their_json_names)
{
    Ordinal__V1__StreamIdsRequest request = ORDINAL__V1__STREAM_IDS_REQUEST__INIT;
    cr_assert_eq(set(&request, "count", "5"), ORD_OK);
    cr_assert_eq(set(&request, "maxWaitMs", "4294967295"), ORD_OK);
    cr_assert(request.count == 5 && request.tag == 0 && request.max_wait_ms == UINT32_MAX);
    cr_assert_eq(given, 5, "fields 0 and 2, not %" PRIu64, given);
}

Test(query, unknown_names_are_refused_with_those_that_there_are)
{
    Ordinal__V1__StreamIdsRequest request = ORDINAL__V1__STREAM_IDS_REQUEST__INIT;
    static const char *const names[] = {"max_wait_ms", "Count", "counts", "coun", "", "count "};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char says[128];
        snprintf(says, sizeof says, "'%s' is not a parameter; allowed count, tag, maxWaitMs", names[i]);
        is_refused(&request, names[i], "1", ORD_UNKNOWN_PARAMETER, says);
    }
    Ordinal__V1__GetIdRequest none = ORDINAL__V1__GET_ID_REQUEST__INIT;
    is_refused(&none, "count", "1", ORD_UNKNOWN_PARAMETER, "'count' is not a parameter; allowed none");
}

Test(query, fields_that_are_not_one_scalar_are_no_parameters)
{
    Ordinal__V1__Layout layout = ORDINAL__V1__LAYOUT__INIT;
    is_refused(&layout, "fields", "1", ORD_UNKNOWN_PARAMETER,
               "'fields' is not a parameter; allowed name, timeUnit, epoch, end");
    Ordinal__Wire__Any any = ORDINAL__WIRE__ANY__INIT;
    is_refused(&any, "value", "", ORD_UNKNOWN_PARAMETER, "'value' is not a parameter; allowed typeUrl");
    Ordinal__V1__DescribeIdResponse reply = ORDINAL__V1__DESCRIBE_ID_RESPONSE__INIT;
    cr_assert_eq(set(&reply, "layout", "x"), ORD_UNKNOWN_PARAMETER);
}

Test(query, of_a_oneof_one_is_set_even_to_its_default)
{
    Ordinal__V1__CreateSequenceRequest sequence = ORDINAL__V1__CREATE_SEQUENCE_REQUEST__INIT;
    sets(&sequence, "start", "0");
    cr_assert_eq(sequence.start_given_case, ORDINAL__V1__CREATE_SEQUENCE_REQUEST__START_GIVEN_START);
    cr_assert_str_eq(ord_query_write(&sequence.base, NULL, &arena), "start=0");

    Grpc__Reflection__V1__ServerReflectionRequest several =
        GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__INIT;
    sets(&several, "listServices", "x");
    is_refused(&several, "fileByFilename", "y", ORD_REPEATED_PARAMETER,
               "fileByFilename: given beside another value in its place");
    cr_assert_str_eq(several.list_services, "x");
}

Test(query, a_name_is_given_once)
{
    Ordinal__V1__GetIdsRequest request = ORDINAL__V1__GET_IDS_REQUEST__INIT;
    sets(&request, "count", "5");
    cr_assert_eq(set(&request, "count", "5"), ORD_REPEATED_PARAMETER);
    cr_assert_eq(set(&request, "count", "x"), ORD_REPEATED_PARAMETER, "before the value is looked at");
    cr_assert_str_eq(error.text, "count: given more than once; allowed once");
    cr_assert_eq(request.count, 5);
    cr_assert_eq(set(&request, "tag", "1"), ORD_OK);
}

Test(query, unsigned_numbers_are_read_strictly)
{
    Ordinal__V1__GetIdsRequest request = ORDINAL__V1__GET_IDS_REQUEST__INIT;
    sets(&request, "count", "0");
    sets(&request, "count", "0005");
    cr_assert_eq(request.count, 5);
    static const char *const junk[] = {"",   "x",   "-",   "-1",   "-0",  "+1", " 1",
                                       "1 ", "1.0", "1e3", "0x10", "1_0", "1,0"};
    for (size_t i = 0; i < sizeof junk / sizeof *junk; i++) {
        char says[128];
        snprintf(says, sizeof says, "count: '%s' is not a whole number; allowed 0 to 4294967295", junk[i]);
        is_refused(&request, "count", junk[i], ORD_INVALID_ARGUMENT, says);
    }
    static const char *const large[] = {"4294967296", "4294967301", "9223372036854775808",
                                        "18446744073709551617", "99999999999999999999999999999"};
    for (size_t i = 0; i < sizeof large / sizeof *large; i++) {
        char says[128];
        snprintf(says, sizeof says, "count: '%s' is out of range; allowed 0 to 4294967295", large[i]);
        is_refused(&request, "count", large[i], ORD_OUT_OF_RANGE, says);
    }
    cr_assert_eq(request.count, 5, "a value that is refused leaves the field alone");
}

Test(query, signed_numbers_are_read_strictly)
{
    Ordinal__V1__DescribeIdResponse m64 = ORDINAL__V1__DESCRIBE_ID_RESPONSE__INIT;
    sets(&m64, "timeMs", "-9223372036854775808");
    cr_assert_eq(m64.time_ms, INT64_MIN);
    sets(&m64, "timeMs", "9223372036854775807");
    cr_assert_eq(m64.time_ms, INT64_MAX);
    is_refused(
        &m64, "timeMs", "9223372036854775808", ORD_OUT_OF_RANGE,
        "timeMs: '9223372036854775808' is out of range; allowed -9223372036854775808 to 9223372036854775807");
    is_refused(
        &m64, "timeMs", "-9223372036854775809", ORD_OUT_OF_RANGE,
        "timeMs: '-9223372036854775809' is out of range; allowed -9223372036854775808 to 9223372036854775807");

    Grpc__Reflection__V1__ErrorResponse m32 = GRPC__REFLECTION__V1__ERROR_RESPONSE__INIT;
    sets(&m32, "errorCode", "-2147483648");
    cr_assert_eq(m32.error_code, INT32_MIN);
    sets(&m32, "errorCode", "2147483647");
    static const char *const junk[] = {"", "-", "--1", "+1", "- 1", "1-"};
    for (size_t i = 0; i < sizeof junk / sizeof *junk; i++) {
        given = 0;
        cr_assert_eq(set(&m32, "errorCode", junk[i]), ORD_INVALID_ARGUMENT, "%s", junk[i]);
    }
    is_refused(&m32, "errorCode", "-2147483649", ORD_OUT_OF_RANGE,
               "errorCode: '-2147483649' is out of range; allowed -2147483648 to 2147483647");
    cr_assert_eq(m32.error_code, INT32_MAX);
}

Test(query, ids_are_read_in_the_form_asked_for)
{
    static const char *const texts[] = {"42", "000000000000002a", "000000000001A", "0000000000g"};
    for (int format = 0; format < ORD_ID_FORMATS; format++) {
        Ordinal__V1__DescribeIdRequest request = ORDINAL__V1__DESCRIBE_ID_REQUEST__INIT;
        given = 0;
        cr_assert_eq(ord_query_set(&request.base, &given, "id", texts[format], format, &arena, &error), ORD_OK,
                     "%s", error.text);
        cr_assert_eq(request.id, 42);
    }
    Ordinal__V1__DescribeIdRequest request = ORDINAL__V1__DESCRIBE_ID_REQUEST__INIT;
    is_refused(&request, "id", "-1", ORD_INVALID_ARGUMENT,
               "id: '-1' is not an ID in decimal form; allowed digits 0-9");
    is_refused(&request, "id", "9223372036854775808", ORD_OUT_OF_RANGE,
               "id: '9223372036854775808' is out of range; allowed up to 9223372036854775807");
}

Test(query, texts_are_copied_and_are_utf8)
{
    Ordinal__V1__GetIdBoundsRequest request = ORDINAL__V1__GET_ID_BOUNDS_REQUEST__INIT;
    char value[] = "a=b&c d\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\xf4\x8f\xbf\xbf";
    sets(&request, "start", value);
    value[0] = 'x';
    cr_assert_str_eq(request.start, "a=b&c d\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\xf4\x8f\xbf\xbf");
    sets(&request, "end", "");
    static const char *const junk[] = {
        "\xff",
        "\x80",
        "a\xc3",
        "\xc3"
        "a",
        "\xc0\x80",
        "\xc1\xbf",
        "\xe0\x80\x80",
        "\xed\xa0\x80",
        "\xe2\x82",
        "\xe2\x82"
        "a",
        "\xf0\x80\x80\x80",
        "\xf4\x90\x80\x80",
        "\xf0\x9f\x98",
        "\xf5\x80\x80\x80",
    };
    for (size_t i = 0; i < sizeof junk / sizeof *junk; i++) {
        given = 0;
        cr_assert_eq(set(&request, "end", junk[i]), ORD_INVALID_ARGUMENT, "text %zu", i);
        cr_assert_str_eq(request.end, "");
    }
    is_refused(&request, "end", "\xff", ORD_INVALID_ARGUMENT, "end: '\\xff' is not a text; allowed UTF-8");
}

Test(query, enums_go_by_name)
{
    Grpc__Health__V1__HealthCheckResponse reply = GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__INIT;
    sets(&reply, "status", "SERVING");
    cr_assert_eq(reply.status, GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__SERVING_STATUS__SERVING);
    sets(&reply, "status", "not_serving");
    cr_assert_eq(reply.status, GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__SERVING_STATUS__NOT_SERVING);
    reply.status = GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__SERVING_STATUS__SERVING;
    Ordinal__V1__CreateSequenceRequest sequence = ORDINAL__V1__CREATE_SEQUENCE_REQUEST__INIT;
    sets(&sequence, "mode", "gapless");
    cr_assert_eq(sequence.mode, ORDINAL__V1__SEQUENCE_MODE__SEQUENCE_MODE_GAPLESS);
    is_refused(&reply, "status", "1", ORD_INVALID_ARGUMENT,
               "status: '1' is not one of the names; allowed UNKNOWN, SERVING, NOT_SERVING, SERVICE_UNKNOWN");
    cr_assert_str_eq(ord_query_value(&reply.base, "status", &arena), "SERVING");
    cr_assert_str_eq(ord_query_write(&reply.base, NULL, &arena), "status=SERVING");
}

Test(query, defaults_are_not_written)
{
    Ordinal__V1__StreamIdsRequest request = ORDINAL__V1__STREAM_IDS_REQUEST__INIT;
    cr_assert_str_eq(ord_query_write(&request.base, NULL, &arena), "");
    request.count = 7;
    request.max_wait_ms = 250;
    cr_assert_str_eq(ord_query_write(&request.base, NULL, &arena), "count=7&maxWaitMs=250");
    cr_assert_str_eq(ord_query_write(&request.base, (const char *[]){"count", NULL}, &arena), "maxWaitMs=250");
    cr_assert_str_eq(ord_query_write(&request.base, (const char *[]){"maxWaitMs", NULL}, &arena), "count=7");
    cr_assert_str_eq(ord_query_write(&request.base, (const char *[]){"other", NULL}, &arena),
                     "count=7&maxWaitMs=250");
}

Test(query, values_are_percent_encoded)
{
    Ordinal__V1__GetIdBoundsRequest request = ORDINAL__V1__GET_ID_BOUNDS_REQUEST__INIT;
    request.start = (char *)"2026-03-01T12:00:00+01:00";
    request.end = (char *)"aZ09-._~ &=%/?#\xc3\xa9";
    cr_assert_str_eq(ord_query_write(&request.base, NULL, &arena),
                     "start=2026-03-01T12%3A00%3A00%2B01%3A00&end=aZ09-._~%20%26%3D%25%2F%3F%23%C3%A9");
}

Test(query, one_value_as_text)
{
    Ordinal__V1__DescribeIdRequest request = ORDINAL__V1__DESCRIBE_ID_REQUEST__INIT;
    request.id = INT64_MAX;
    cr_assert_str_eq(ord_query_value(&request.base, "id", &arena), "9223372036854775807");
    cr_assert_null(ord_query_value(&request.base, "other", &arena));
    Ordinal__V1__GetIdBoundsRequest span = ORDINAL__V1__GET_ID_BOUNDS_REQUEST__INIT;
    span.end = (char *)"a b";
    cr_assert_str_eq(ord_query_value(&span.base, "start", &arena), "");
    cr_assert_str_eq(ord_query_value(&span.base, "end", &arena), "a b");
}

/* No message of ours has these types; a later one may. */
struct all {
    ProtobufCMessage base;
    protobuf_c_boolean flag;
    uint64_t large;
    double real;
    float narrow;
    int32_t optional;
    protobuf_c_boolean has_optional;
};

static const ProtobufCFieldDescriptor all_fields[] = {
    {.name = "flag",
     .type = PROTOBUF_C_TYPE_BOOL,
     .label = PROTOBUF_C_LABEL_NONE,
     .offset = offsetof(struct all, flag)},
    {.name = "large",
     .type = PROTOBUF_C_TYPE_UINT64,
     .label = PROTOBUF_C_LABEL_NONE,
     .offset = offsetof(struct all, large)},
    {.name = "real",
     .type = PROTOBUF_C_TYPE_DOUBLE,
     .label = PROTOBUF_C_LABEL_NONE,
     .offset = offsetof(struct all, real)},
    {.name = "narrow",
     .type = PROTOBUF_C_TYPE_FLOAT,
     .label = PROTOBUF_C_LABEL_NONE,
     .offset = offsetof(struct all, narrow)},
    {.name = "optional",
     .type = PROTOBUF_C_TYPE_SINT32,
     .label = PROTOBUF_C_LABEL_OPTIONAL,
     .offset = offsetof(struct all, optional),
     .quantifier_offset = offsetof(struct all, has_optional)},
};

static const ProtobufCMessageDescriptor all_type = {.magic = PROTOBUF_C__MESSAGE_DESCRIPTOR_MAGIC,
                                                    .name = "All",
                                                    .short_name = "All",
                                                    .sizeof_message = sizeof(struct all),
                                                    .n_fields = 5,
                                                    .fields = all_fields};

Test(query, the_other_scalar_types)
{
    struct all all = {.base.descriptor = &all_type};
    sets(&all, "flag", "true");
    sets(&all, "large", "18446744073709551615");
    sets(&all, "real", "-1.5e3");
    sets(&all, "narrow", "0.1");
    sets(&all, "optional", "0");
    cr_assert(all.flag == 1 && all.large == UINT64_MAX && all.real == -1500 && all.narrow == 0.1f &&
              all.has_optional);
    cr_assert_str_eq(ord_query_write(&all.base, NULL, &arena),
                     "flag=true&large=18446744073709551615&real=-1500&narrow=0.100000001");
    static const char *const junk[][2] = {
        {"flag", "1"},    {"flag", "True"}, {"flag", ""},      {"large", "-1"}, {"large", ""},
        {"large", " 1"},  {"real", ""},     {"real", "nan"},   {"real", "inf"}, {"real", "0x1p3"},
        {"real", "1.5 "}, {"real", " 1"},   {"narrow", "1,5"}, {"narrow", "e"}, {"optional", "1.0"},
    };
    for (size_t i = 0; i < sizeof junk / sizeof *junk; i++) {
        given = 0;
        cr_assert_eq(set(&all, junk[i][0], junk[i][1]), ORD_INVALID_ARGUMENT, "%s=%s", junk[i][0], junk[i][1]);
    }
    static const char *const large[][2] = {
        {"large", "18446744073709551616"}, {"real", "1e309"}, {"narrow", "1e39"}};
    for (size_t i = 0; i < sizeof large / sizeof *large; i++) {
        given = 0;
        cr_assert_eq(set(&all, large[i][0], large[i][1]), ORD_OUT_OF_RANGE, "%s=%s", large[i][0], large[i][1]);
    }
    sets(&all, "flag", "false");
    cr_assert_eq(all.flag, 0);
}
