#include "wire/json.h"

#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "grpc/health/v1/health.pb-c.h"
#include "grpc/reflection/v1/reflection.pb-c.h"
#include "ordinal/v1/ids.pb-c.h"
#include "ordinal/v1/ranks.pb-c.h"
#include "ordinal/v1/sequences.pb-c.h"
#include "ordinal/wire/status.pb-c.h"

static struct ord_arena arena;
static char buffer[1024];

static void start(void)
{
    ord_arena_init(&arena, buffer, sizeof buffer);
}

static void finish(void)
{
    ord_arena_finish(&arena);
}

TestSuite(json, .init = start, .fini = finish);

static void writes(const void *message, enum ord_id_format ids, const char *expected)
{
    const char *text = NULL;
    struct ord_error error = {0};
    cr_assert_eq(ord_json_write(message, ids, &arena, &text, &error), ORD_OK, "%s", error.text);
    cr_assert_str_eq(text, expected, "%s, not %s", text, expected);
}

static void *reads(const char *text, const ProtobufCMessageDescriptor *type)
{
    ProtobufCMessage *message = NULL;
    struct ord_error error = {0};
    cr_assert_eq(ord_json_read(text, type, &arena, &message, &error), ORD_OK, "%s: %s", text, error.text);
    cr_assert_eq(message->descriptor, type);
    return message;
}

static void is_refused(const char *text, const ProtobufCMessageDescriptor *type, const char *says)
{
    ProtobufCMessage *message = NULL;
    struct ord_error error = {0};
    cr_assert_eq(ord_json_read(text, type, &arena, &message, &error), ORD_INVALID_ARGUMENT, "%s: %s", text,
                 error.text);
    cr_assert_eq(error.code, ORD_INVALID_ARGUMENT);
    cr_assert_null(message);
    cr_assert_not_null(strstr(error.text, says), "%s: '%s' does not say '%s'", text, error.text, says);
}

#define DESCRIBED &ordinal__v1__describe_id_response__descriptor
#define GET_IDS &ordinal__v1__get_ids_request__descriptor
#define RUNS &ordinal__v1__get_ids_response__descriptor
#define BOUNDS &ordinal__v1__get_id_bounds_response__descriptor
#define SPAN &ordinal__v1__get_id_bounds_request__descriptor
#define HEALTH &grpc__health__v1__health_check_response__descriptor
#define REFLECTION &grpc__reflection__v1__server_reflection_request__descriptor
#define FILES &grpc__reflection__v1__file_descriptor_response__descriptor
#define NUMBERS &grpc__reflection__v1__extension_number_response__descriptor

Test(json, names_are_lower_camel_case)
{
    static const char *const names[][2] = {{"id", "id"},
                                           {"time_ms", "timeMs"},
                                           {"max_wait_ms", "maxWaitMs"},
                                           {"a_b_c", "aBC"},
                                           {"trailing_", "trailing"},
                                           {"two__lines", "twoLines"},
                                           {"field_1", "field1"},
                                           {"", ""}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char name[ORD_JSON_NAME_MAX];
        ord_json_name(names[i][0], name);
        cr_assert_str_eq(name, names[i][1], "%s became %s", names[i][0], name);
    }
    char longer[200], name[ORD_JSON_NAME_MAX];
    memset(longer, 'x', sizeof longer);
    longer[sizeof longer - 1] = '\0';
    ord_json_name(longer, name);
    cr_assert_eq(strlen(name), ORD_JSON_NAME_MAX - 1);
}

static bool is_id(const ProtobufCMessageDescriptor *type, const char *name)
{
    return ord_field_is_id(protobuf_c_message_descriptor_get_field_by_name(type, name));
}

Test(json, ids_are_known_by_type_and_name)
{
    cr_assert(is_id(DESCRIBED, "id"));
    cr_assert(is_id(BOUNDS, "min_id"));
    cr_assert(is_id(BOUNDS, "max_id"));
    cr_assert_not(is_id(DESCRIBED, "time_ms"));
    cr_assert_not(is_id(DESCRIBED, "tick"));
    cr_assert_not(is_id(DESCRIBED, "node"));
    cr_assert_not(is_id(SPAN, "start"));
    ProtobufCFieldDescriptor field = {.name = "_id", .type = PROTOBUF_C_TYPE_INT64};
    cr_assert_not(ord_field_is_id(&field));
    field = (ProtobufCFieldDescriptor){.name = "node_id", .type = PROTOBUF_C_TYPE_UINT32};
    cr_assert_not(ord_field_is_id(&field));
}

static Ordinal__V1__DescribeIdResponse description(void)
{
    static Ordinal__V1__LayoutField tick = ORDINAL__V1__LAYOUT_FIELD__INIT,
                                    sequence = ORDINAL__V1__LAYOUT_FIELD__INIT;
    static Ordinal__V1__LayoutField *fields[] = {&tick, &sequence};
    static Ordinal__V1__Layout layout = ORDINAL__V1__LAYOUT__INIT;
    tick.name = (char *)"tick", tick.bits = 41;
    sequence.name = (char *)"sequence";
    layout.name = (char *)"custom", layout.n_fields = 2, layout.fields = fields;

    Ordinal__V1__DescribeIdResponse reply = ORDINAL__V1__DESCRIBE_ID_RESPONSE__INIT;
    reply.id = INT64_MAX;
    reply.time = (char *)"1969-12-31T23:59:59Z";
    reply.time_ms = -1000;
    reply.tick = INT64_C(9007199254740993);
    reply.node = UINT32_MAX;
    reply.layout = &layout;
    return reply;
}

Test(json, a_message_is_written_whole_and_in_order)
{
    Ordinal__V1__DescribeIdResponse reply = description();
    writes(
        &reply, ORD_DECIMAL,
        "{\"id\":\"9223372036854775807\",\"time\":\"1969-12-31T23:59:59Z\",\"timeMs\":\"-1000\","
        "\"tick\":\"9007199254740993\",\"node\":4294967295,\"sequence\":0,\"worker\":0,\"workers\":0,\"tag\":0,"
        "\"layout\":{\"name\":\"custom\",\"fields\":[{\"name\":\"tick\",\"bits\":41},"
        "{\"name\":\"sequence\",\"bits\":0}],\"timeUnit\":\"\",\"epoch\":\"\",\"end\":\"\"}}");
}

Test(json, what_is_written_reads_back)
{
    Ordinal__V1__DescribeIdResponse reply = description();
    const char *text, *again;
    cr_assert_eq(ord_json_write(&reply.base, ORD_DECIMAL, &arena, &text, NULL), ORD_OK);
    ProtobufCMessage *read = reads(text, DESCRIBED);
    cr_assert_eq(ord_json_write(read, ORD_DECIMAL, &arena, &again, NULL), ORD_OK);
    cr_assert_str_eq(text, again);
    cr_assert_eq(((Ordinal__V1__DescribeIdResponse *)read)->id, INT64_MAX);
}

Test(json, ids_take_the_form_asked_for)
{
    Ordinal__V1__GetIdBoundsResponse reply = ORDINAL__V1__GET_ID_BOUNDS_RESPONSE__INIT;
    reply.max_id = 42;
    writes(&reply, ORD_DECIMAL, "{\"minId\":\"0\",\"maxId\":\"42\"}");
    writes(&reply, ORD_HEX, "{\"minId\":\"0000000000000000\",\"maxId\":\"000000000000002a\"}");
    writes(&reply, ORD_BASE32, "{\"minId\":\"0000000000000\",\"maxId\":\"000000000001A\"}");
    writes(&reply, ORD_BASE62, "{\"minId\":\"00000000000\",\"maxId\":\"0000000000g\"}");
}

Test(json, messages_without_fields_or_values)
{
    Ordinal__V1__GetIdRequest none = ORDINAL__V1__GET_ID_REQUEST__INIT;
    Ordinal__V1__GetIdsResponse empty = ORDINAL__V1__GET_IDS_RESPONSE__INIT;
    Ordinal__V1__DescribeIdResponse unset = ORDINAL__V1__DESCRIBE_ID_RESPONSE__INIT;
    writes(&none, ORD_DECIMAL, "{}");
    writes(&empty, ORD_DECIMAL, "{\"runs\":[]}");
    writes(&unset, ORD_DECIMAL,
           "{\"id\":\"0\",\"time\":\"\",\"timeMs\":\"0\",\"tick\":\"0\",\"node\":0,\"sequence\":0,\"worker\":0,"
           "\"workers\":0,\"tag\":0}");
}

Test(json, texts_are_escaped)
{
    Ordinal__V1__GetIdBoundsRequest request = ORDINAL__V1__GET_ID_BOUNDS_REQUEST__INIT;
    request.start = (char *)"\"\\\n\x01";
    request.end = (char *)"\xc3\xa9";
    writes(&request, ORD_DECIMAL, "{\"start\":\"\\\"\\\\\\n\\u0001\",\"end\":\"\xc3\xa9\"}");
}

Test(json, a_text_that_is_not_utf8_is_not_written)
{
    Ordinal__V1__GetIdBoundsRequest request = ORDINAL__V1__GET_ID_BOUNDS_REQUEST__INIT;
    request.start = (char *)"\xff";
    const char *text = "untouched";
    struct ord_error error = {0};
    cr_assert_eq(ord_json_write(&request.base, ORD_DECIMAL, &arena, &text, &error), ORD_INTERNAL);
    cr_assert_str_eq(text, "untouched");
    cr_assert_not_null(strstr(error.text, "GetIdBoundsRequest"), "%s", error.text);
}

Test(json, enums_go_by_name)
{
    Grpc__Health__V1__HealthCheckResponse reply = GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__INIT;
    writes(&reply, ORD_DECIMAL, "{\"status\":\"UNKNOWN\"}");
    reply.status = GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__SERVING_STATUS__SERVICE_UNKNOWN;
    writes(&reply, ORD_DECIMAL, "{\"status\":\"SERVICE_UNKNOWN\"}");
    reply.status = 77;
    writes(&reply, ORD_DECIMAL, "{\"status\":77}");

    Grpc__Health__V1__HealthCheckResponse *read = reads("{\"status\":\"NOT_SERVING\"}", HEALTH);
    cr_assert_eq(read->status, GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__SERVING_STATUS__NOT_SERVING);
    read = reads("{\"status\":1}", HEALTH);
    cr_assert_eq(read->status, GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__SERVING_STATUS__SERVING);
    is_refused("{\"status\":\"served\"}", HEALTH,
               "status: 'served' is not one of the names; allowed UNKNOWN, SERVING");
    is_refused("{\"status\":true}", HEALTH, "status: ");
    is_refused("{\"status\":4294967296}", HEALTH, "status: ");
}

Test(json, only_the_member_of_a_oneof_that_is_set)
{
    Grpc__Reflection__V1__ServerReflectionRequest request =
        GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__INIT;
    writes(&request, ORD_DECIMAL, "{\"host\":\"\"}");
    request.message_request_case =
        GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__MESSAGE_REQUEST_LIST_SERVICES;
    request.list_services = (char *)"*";
    writes(&request, ORD_DECIMAL, "{\"host\":\"\",\"listServices\":\"*\"}");

    Grpc__Reflection__V1__ServerReflectionRequest *read = reads("{\"fileByFilename\":\"a.proto\"}", REFLECTION);
    cr_assert_eq(read->message_request_case,
                 GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__MESSAGE_REQUEST_FILE_BY_FILENAME);
    cr_assert_str_eq(read->file_by_filename, "a.proto");
    read = reads("{\"fileContainingExtension\":{\"containingType\":\"T\",\"extensionNumber\":-7}}", REFLECTION);
    cr_assert_eq(read->message_request_case,
                 GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__MESSAGE_REQUEST_FILE_CONTAINING_EXTENSION);
    cr_assert_eq(read->file_containing_extension->extension_number, -7);
    is_refused("{\"fileByFilename\":\"a\",\"listServices\":\"b\"}", REFLECTION,
               "listServices: beside another field");
}

Test(json, bytes_are_base64)
{
    static const char *const encoded[] = {"", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"};
    for (size_t length = 0; length <= 6; length++) {
        Ordinal__Wire__Any any = ORDINAL__WIRE__ANY__INIT;
        any.value = (ProtobufCBinaryData){.len = length, .data = (uint8_t *)"foobar"};
        char expected[64];
        snprintf(expected, sizeof expected, "{\"typeUrl\":\"\",\"value\":\"%s\"}", encoded[length]);
        writes(&any, ORD_DECIMAL, expected);
        Ordinal__Wire__Any *read = reads(expected, &ordinal__wire__any__descriptor);
        cr_assert_eq(read->value.len, length);
        cr_assert_eq(memcmp(read->value.data, "foobar", length), 0, "%s", expected);
    }
    Grpc__Reflection__V1__FileDescriptorResponse *files =
        reads("{\"fileDescriptorProto\":[\"//79\",\"AA==\"]}", FILES);
    cr_assert_eq(files->n_file_descriptor_proto, 2);
    cr_assert_eq(memcmp(files->file_descriptor_proto[0].data, "\xff\xfe\xfd", 3), 0);
    cr_assert_eq(files->file_descriptor_proto[1].len, 1);
    writes(files, ORD_DECIMAL, "{\"fileDescriptorProto\":[\"//79\",\"AA==\"]}");
    static const char *const junk[] = {"Z", "Zg", "Zg=", "Z===", "====", "Zg==Zg==", "Z g=", "Zm9-", "Zm9vY"};
    for (size_t i = 0; i < sizeof junk / sizeof *junk; i++) {
        char text[64];
        snprintf(text, sizeof text, "{\"fileDescriptorProto\":[\"\",\"%s\"]}", junk[i]);
        is_refused(text, FILES, "fileDescriptorProto: [1]: not base64");
    }
}

Test(json, numbers_may_be_strings)
{
    Ordinal__V1__GetIdsRequest *request = reads("{\"count\":\"5\",\"tag\":6}", GET_IDS);
    cr_assert(request->count == 5 && request->tag == 6);
    Ordinal__V1__DescribeIdResponse *reply =
        reads("{\"id\":9223372036854775807,\"timeMs\":\"-9223372036854775808\",\"tick\":-1}", DESCRIBED);
    cr_assert(reply->id == INT64_MAX && reply->time_ms == INT64_MIN && reply->tick == -1);
}

Test(json, repeated_values_are_arrays)
{
    Grpc__Reflection__V1__ExtensionNumberResponse *numbers =
        reads("{\"extensionNumber\":[1,\"-2\",2147483647]}", NUMBERS);
    cr_assert_eq(numbers->n_extension_number, 3);
    cr_assert(numbers->extension_number[1] == -2 && numbers->extension_number[2] == INT32_MAX);
    writes(numbers, ORD_DECIMAL, "{\"baseTypeName\":\"\",\"extensionNumber\":[1,-2,2147483647]}");

    Ordinal__V1__GetIdsResponse *runs =
        reads("{\"runs\":[{\"first\":\"7\",\"count\":2,\"step\":\"1\"},{}]}", RUNS);
    cr_assert_eq(runs->n_runs, 2);
    cr_assert(runs->runs[0]->first == 7 && runs->runs[0]->count == 2 && runs->runs[1]->count == 0);
    cr_assert_eq(((Ordinal__V1__GetIdsResponse *)reads("{\"runs\":[]}", RUNS))->n_runs, 0);
}

Test(json, what_is_not_there_is_the_default)
{
    Ordinal__V1__DescribeIdResponse *reply =
        reads("{\"node\":null,\"layout\":null,\"of a later version\":[{}]}", DESCRIBED);
    cr_assert(reply->id == 0 && reply->node == 0 && reply->layout == NULL);
    cr_assert_str_eq(reply->time, "");
    reads(" {\n} ", DESCRIBED);
}

Test(json, faults_are_named_with_their_place)
{
    is_refused("{\"count\":4294967296}", GET_IDS,
               "count: '4294967296' is out of range; allowed 0 to 4294967295");
    is_refused("{\"count\":-1}", GET_IDS, "count: ");
    is_refused("{\"count\":\"x\"}", GET_IDS, "count: 'x' is not a whole number; allowed 0 to 4294967295");
    is_refused("{\"count\":\"\"}", GET_IDS, "count: ");
    is_refused("{\"count\":1.5}", GET_IDS, "count: ");
    is_refused("{\"count\":1.0}", GET_IDS, "count: ");
    is_refused("{\"count\":true}", GET_IDS, "count: ");
    is_refused("{\"count\":[1]}", GET_IDS, "count: ");
    is_refused("{\"count\":{}}", GET_IDS, "count: ");
    is_refused("{\"id\":\"9223372036854775808\"}", DESCRIBED, "id: ");
    is_refused("{\"id\":-1}", DESCRIBED, "id: ");
    is_refused("{\"id\":\"000000000000002a\"}", DESCRIBED, "id: ");
    is_refused("{\"timeMs\":\"9223372036854775808\"}", DESCRIBED, "timeMs: ");
    is_refused("{\"timeMs\":\"-9223372036854775809\"}", DESCRIBED, "timeMs: ");
    is_refused("{\"time\":5}", DESCRIBED, "time: of another type; allowed a string");
    is_refused("{\"time\":\"a\\u0000b\"}", DESCRIBED, "\\u0000 is not allowed");
    is_refused("{\"layout\":[]}", DESCRIBED, "layout: of another type; allowed an object");
    is_refused("{\"layout\":{\"fields\":{}}}", DESCRIBED, "layout: fields: of another type; allowed an array");
    is_refused("{\"layout\":{\"fields\":[{},{\"bits\":\"many\"}]}}", DESCRIBED,
               "layout: fields: [1]: bits: 'many' is not a whole number");
    is_refused("{\"layout\":{\"fields\":[null]}}", DESCRIBED, "layout: fields: [0]: ");
    is_refused("{\"extensionNumber\":[2147483648]}", NUMBERS, "extensionNumber: [0]: ");
    is_refused("{\"extensionNumber\":[-2147483649]}", NUMBERS, "allowed -2147483648 to 2147483647");
}

Test(json, what_is_not_json_is_refused)
{
    static const char *const junk[] = {
        "",
        " ",
        "{",
        "}",
        "{]",
        "{\"count\":1",
        "{\"count\":01}",
        "{count:1}",
        "{\"count\":1,}",
        "{\"count\":1} x",
        "{\"count\":99999999999999999999}",
        "{\"count\":1,\"count\":2}",
        "{\"tag\":\"\xff\"}",
        "{'count':1}",
    };
    for (size_t i = 0; i < sizeof junk / sizeof *junk; i++)
        is_refused(junk[i], GET_IDS, "not JSON: line ");
    is_refused("[]", GET_IDS, "allowed an object");
    is_refused("[{}]", GET_IDS, "allowed an object");
}

Test(json, nobody_has_to_ask_for_the_text)
{
    ProtobufCMessage *message = NULL;
    cr_assert_eq(ord_json_read("{\"layout\":{\"name\":1}}", DESCRIBED, &arena, &message, NULL),
                 ORD_INVALID_ARGUMENT);
    cr_assert_eq(ord_json_read("{\"count\":-1}", GET_IDS, &arena, &message, NULL), ORD_INVALID_ARGUMENT);
    cr_assert_null(message);
}

Test(json, protobuf_unpacks_into_the_arena)
{
    Ordinal__V1__DescribeIdResponse reply = description();
    uint8_t bytes[512];
    size_t size = ordinal__v1__describe_id_response__pack(&reply, bytes);
    ProtobufCAllocator allocator = ord_arena_allocator(&arena);
    Ordinal__V1__DescribeIdResponse *read = ordinal__v1__describe_id_response__unpack(&allocator, size, bytes);
    cr_assert_not_null(read);
    cr_assert_str_eq(read->layout->fields[0]->name, "tick");
    ordinal__v1__describe_id_response__free_unpacked(read, &allocator);
}

Test(json, a_new_message_has_its_defaults)
{
    Ordinal__V1__DescribeIdResponse *reply = (void *)ord_message_new(DESCRIBED, &arena);
    cr_assert_eq(reply->base.descriptor, DESCRIBED);
    cr_assert_str_eq(reply->time, "");
    cr_assert_null(reply->layout);
}

#define CREATE &ordinal__v1__create_sequence_request__descriptor

/* Fields 0 to 7: name, mode, start, increment, minimum, maximum, block, revive. */
Test(json, a_request_is_read_with_what_was_given)
{
    static const char text[] = "{\"name\":\"n\",\"start\":\"0\",\"block\":0,\"revive\":null} ";
    ProtobufCMessage *message = ord_message_new(CREATE, &arena);
    Ordinal__V1__CreateSequenceRequest *request = (Ordinal__V1__CreateSequenceRequest *)message;
    ord_field_set given = 0;
    cr_assert_eq(ord_json_read_request(text, sizeof text - 1, ORD_DECIMAL, &arena, message, &given, NULL),
                 ORD_OK);
    cr_expect_eq(given, 1 << 0 | 1 << 2 | 1 << 6, "%" PRIx64, given);
    cr_expect_str_eq(request->name, "n");
    cr_expect_eq(request->start_given_case, ORDINAL__V1__CREATE_SEQUENCE_REQUEST__START_GIVEN_START);
}

Test(json, a_request_that_cannot_be_read_says_why)
{
    static const struct {
        const char *text;
        enum ord_code code;
        const char *says;
    } cases[] = {
        {"{\"name\":\"n\",\"names\":1}", ORD_UNKNOWN_PARAMETER,
         "'names' is not a field; allowed name, mode, start, increment, minimum, maximum, block, revive"},
        {"{\"name\":1}", ORD_INVALID_ARGUMENT, "name: of another type; allowed a string"},
        {"{\"block\":4294967296}", ORD_OUT_OF_RANGE, "block: "},
        {"{\"start\":9223372036854775808}", ORD_INVALID_ARGUMENT, "not JSON: "},
        {"{\"name\":\"n\"", ORD_INVALID_ARGUMENT, "not JSON: line 1, column 11"},
        {"{\"name\":\"\\u0000\"}", ORD_INVALID_ARGUMENT, "not JSON: "},
        {"7", ORD_INVALID_ARGUMENT, ""},
        {"", ORD_INVALID_ARGUMENT, "not JSON: "},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ord_field_set given = 77;
        struct ord_error error = {0};
        ProtobufCMessage *message = ord_message_new(CREATE, &arena);
        cr_expect_eq(ord_json_read_request(cases[i].text, strlen(cases[i].text), ORD_DECIMAL, &arena, message,
                                           &given, &error),
                     cases[i].code, "%s: %s", cases[i].text, error.text);
        cr_expect_eq(error.code, cases[i].code);
        cr_expect(strstr(error.text, cases[i].says), "%s: %s", cases[i].text, error.text);
        cr_expect_eq(given, 77);
    }
}

Test(json, ids_of_a_request_are_in_the_form_asked_for)
{
    static const char text[] = "{\"id\":\"000000000000000a\"}";
    ProtobufCMessage *message = ord_message_new(&ordinal__v1__describe_id_request__descriptor, &arena);
    ord_field_set given;
    cr_assert_eq(ord_json_read_request(text, sizeof text - 1, ORD_HEX, &arena, message, &given, NULL), ORD_OK);
    cr_expect_eq(((Ordinal__V1__DescribeIdRequest *)message)->id, 10);
}

Test(json, defaults_of_a_request_are_not_written)
{
    Ordinal__V1__CreateSequenceRequest request = ORDINAL__V1__CREATE_SEQUENCE_REQUEST__INIT;
    const char *text;
    cr_assert_eq(ord_json_write_request(&request.base, &arena, &text, NULL), ORD_OK);
    cr_expect_str_eq(text, "{}");
    request.name = (char *)"n";
    request.start_given_case = ORDINAL__V1__CREATE_SEQUENCE_REQUEST__START_GIVEN_START;
    request.mode = ORDINAL__V1__SEQUENCE_MODE__SEQUENCE_MODE_GAPLESS;
    cr_assert_eq(ord_json_write_request(&request.base, &arena, &text, NULL), ORD_OK);
    cr_expect_str_eq(text, "{\"name\":\"n\",\"mode\":\"SEQUENCE_MODE_GAPLESS\",\"start\":\"0\"}");
    cr_assert_eq(ord_json_write_request(
                     (ProtobufCMessage *)&(Ordinal__V1__GetIdsResponse)ORDINAL__V1__GET_IDS_RESPONSE__INIT,
                     &arena, &text, NULL),
                 ORD_OK);
    cr_expect_str_eq(text, "{}");
}

Test(json, the_message_in_a_oneof)
{
    Ordinal__V1__WatchResponse message = ORDINAL__V1__WATCH_RESPONSE__INIT;
    Ordinal__V1__Command command = ORDINAL__V1__COMMAND__INIT;
    const char *name = "unset";
    cr_expect_null(ord_json_member(&message.base, &arena, &name));
    cr_expect_str_eq(name, "unset");
    message.event_case = ORDINAL__V1__WATCH_RESPONSE__EVENT_COMMAND;
    message.command = &command;
    cr_expect_eq((const void *)ord_json_member(&message.base, &arena, &name), &command);
    cr_expect_str_eq(name, "command");
}
