#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "api/methods.h"
#include "ordinal/v1/ids.pb-c.h"
#include "store/memory.h"

static struct ord_memory_store store;

static struct ord_service *opened(const char *fields, uint32_t worker, uint32_t workers)
{
    struct ord_layout layout;
    struct ord_service_options options = {.port = ord_memory_store_port(&store), .borrow_us = 1000000};
    struct ord_service *service = NULL;
    cr_assert_eq(ord_layout_parse(fields, NULL, NULL, &layout, NULL), ORD_OK);
    cr_assert_eq(ord_place_init(&options.place, &layout, 3, worker, workers, NULL), ORD_OK);
    cr_assert_eq(ord_service_open(&options, &service, NULL), ORD_OK);
    return service;
}

Test(methods, each_row_is_whole)
{
    for (size_t i = 0; i < ord_method_count; i++) {
        const struct ord_method *row = &ord_methods[i];
        char path[128];
        snprintf(path, sizeof path, "/%s/%s", row->service, row->name);
        cr_expect_str_eq(row->path, path);
        cr_expect(row->request && row->reply, "%s has messages", row->name);
        unsigned ways = (row->handle != NULL) + (row->ask != NULL) + (row->feed != NULL);
        cr_expect_eq(ways, row->gives == ORD_GIVES_MESSAGE, "%s", row->name);
        cr_expect_eq(row->feed != NULL, row->shape == ORD_STREAM_PUSHED, "%s", row->name);
        cr_expect_eq(row->verbs[0] != NULL, row->route != NULL, "%s", row->name);
        cr_expect_eq(ord_method_by_path(row->path), row);
        cr_expect_eq(ord_method_by_name(row->name), row);
        for (size_t k = 0; k < i; k++)
            cr_expect_str_neq(ord_methods[k].path, row->path);
    }
    cr_expect_null(ord_method_by_path("/ordinal.v1.IdService/Nothing"));
    cr_expect_null(ord_method_by_path(""));
    cr_expect_null(ord_method_by_name("getid"));
}

Test(methods, decisions_on_the_clock_are_for_operators)
{
    for (size_t i = 0; i < ord_method_count; i++) {
        const struct ord_method *row = &ord_methods[i];
        struct ord_error error;
        bool decides = ord_method_changes(row) && strcmp(row->service, "ordinal.v1.ClockService") == 0;
        cr_expect_eq(ord_method_admit(row, true, &error), ORD_OK, "%s", row->name);
        cr_expect_eq(ord_method_admit(row, false, &error), decides ? ORD_FORBIDDEN : ORD_OK, "%s", row->name);
    }
}

Test(methods, services_are_named_once)
{
    cr_expect_str_eq(ord_service_name(0), "ordinal.v1.IdService");
    cr_expect_str_eq(ord_service_name(1), "ordinal.v1.ClockService");
    cr_expect_str_eq(ord_service_name(2), "ordinal.v1.RankService");
    cr_expect_str_eq(ord_service_name(3), "ordinal.v1.SequenceService");
    cr_expect_null(ord_service_name(4));
}

Test(methods, routes_match_whole_paths)
{
    static const struct {
        const char *path, *method, *value;
    } rows[] = {
        {"/v1/id", "GetId", NULL},
        {"/v1/ids", "GetIds", NULL},
        {"/v1/ids/7", "DescribeId", "7"},
        {"/v1/ids/%37", "DescribeId", "%37"},
        {"/v1/ids:bounds", "GetIdBounds", NULL},
        {"/v1/clock", "GetClock", NULL},
        {"/v1/clock:accept", "AcceptClockStep", NULL},
        {"/v1/clock:reject", "RejectClockStep", NULL},
        {"/v1/clock:", NULL, NULL},
        {"/v1/ids/", NULL, NULL},
        {"/v1/ids/7/8", NULL, NULL},
        {"/v1/ids/7:8", NULL, NULL},
        {"/v1/id/", NULL, NULL},
        {"/v1/idsx", NULL, NULL},
        {"/v1", NULL, NULL},
        {"", NULL, NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *found = NULL;
        struct ord_route_value values[ORD_ROUTE_VARIABLES] = {0};
        for (size_t k = 0; k < ord_method_count; k++)
            if (ord_route_matches(&ord_methods[k], rows[i].path, values)) {
                cr_expect_null(found, "%s matches %s and %s", rows[i].path, found, ord_methods[k].name);
                found = ord_methods[k].name;
            }
        cr_expect_eq(found != NULL, rows[i].method != NULL, "%s", rows[i].path);
        if (found && rows[i].method)
            cr_expect_str_eq(found, rows[i].method);
        if (rows[i].value)
            cr_expect(values[0].at && strncmp(values[0].at, rows[i].value, values[0].length) == 0 &&
                          strlen(rows[i].value) == values[0].length,
                      "%s", rows[i].path);
    }
}

Test(methods, a_route_may_have_several_variables)
{
    static const struct ord_method row = {.route = "/v1/groups/{group}/members/{name}:renew"};
    struct ord_route_value values[ORD_ROUTE_VARIABLES] = {0};
    cr_assert(ord_route_matches(&row, "/v1/groups/a%20b/members/c:renew", values));
    cr_expect_eq(strncmp(values[0].at, "a%20b/", 6), 0);
    cr_expect_eq(values[0].length, 5);
    cr_expect_eq(values[1].at[0], 'c');
    cr_expect_eq(values[1].length, 1);
    static const char *const others[] = {"/v1/groups/a/members/c",        "/v1/groups/a/members/:renew",
                                         "/v1/groups//members/c:renew",   "/v1/groups/a/members/c:renewed",
                                         "/v1/groups/a/members/c/:renew", "/v1/groups/a/b/members/c:renew"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        cr_expect_not(ord_route_matches(&row, others[i], values), "%s", others[i]);

    char field[16];
    cr_assert(ord_route_field(&row, 0, field, sizeof field));
    cr_expect_str_eq(field, "group");
    cr_assert(ord_route_field(&row, 1, field, sizeof field));
    cr_expect_str_eq(field, "name");
    cr_expect_not(ord_route_field(&row, 2, field, sizeof field));
    cr_expect_not(ord_route_field(ord_method_by_name("GetId"), 0, field, sizeof field));
    cr_expect_not(ord_route_field(ord_method_by_name("StreamIds"), 0, field, sizeof field));
}

static enum ord_code call(struct ord_service *service, const char *name, void *request, void *reply,
                          struct ord_arena *arena, struct ord_error *error)
{
    return ord_method_by_name(name)->handle(service, request, reply, arena, error);
}

Test(describe_id, says_what_an_id_holds)
{
    struct ord_service *service = opened("tick:41,node:6,sequence:12,tag:4", 1, 4);
    struct ord_arena arena;
    ord_arena_init(&arena, NULL, 0);
    Ordinal__V1__DescribeIdRequest request = ORDINAL__V1__DESCRIBE_ID_REQUEST__INIT;
    Ordinal__V1__DescribeIdResponse reply = ORDINAL__V1__DESCRIBE_ID_RESPONSE__INIT;
    request.id = INT64_C(86400123) << 22 | INT64_C(3) << 16 | INT64_C(2047) << 4 | 9;
    cr_assert_eq(call(service, "DescribeId", &request, &reply, &arena, NULL), ORD_OK);
    cr_expect_eq(reply.id, request.id);
    cr_expect_str_eq(reply.time, "2026-01-02T00:00:00.123Z");
    cr_expect_eq(reply.time_ms, 1767312000123);
    cr_expect_eq(reply.tick, 86400123);
    cr_expect_eq(reply.node, 3);
    cr_expect_eq(reply.sequence, 2047);
    cr_expect_eq(reply.worker, 1);
    cr_expect_eq(reply.workers, 4);
    cr_expect_eq(reply.tag, 9);
    cr_expect_str_eq(reply.layout->name, "custom");
    cr_expect_str_eq(reply.layout->time_unit, "1ms");
    cr_expect_str_eq(reply.layout->epoch, "2026-01-01T00:00:00.000Z");
    cr_expect_str_eq(reply.layout->end, "2095-09-07T15:47:35.552Z");
    cr_assert_eq(reply.layout->n_fields, 4);
    cr_expect_str_eq(reply.layout->fields[3]->name, "tag");
    cr_expect_eq(reply.layout->fields[3]->bits, 4);
    ord_arena_finish(&arena);
    ord_service_close(service, NULL);
}

Test(describe_id, time_has_the_decimals_that_the_unit_needs)
{
    struct ord_layout layout;
    struct ord_service_options options = {.port = ord_memory_store_port(&store), .borrow_us = 1000000};
    cr_assert_eq(ord_layout_parse("tick:44,sequence:8", NULL, "100us", &layout, NULL), ORD_OK);
    cr_assert_eq(ord_place_init(&options.place, &layout, 0, 0, 1, NULL), ORD_OK);
    struct ord_service *service = NULL;
    cr_assert_eq(ord_service_open(&options, &service, NULL), ORD_OK);
    struct ord_arena arena;
    ord_arena_init(&arena, NULL, 0);
    Ordinal__V1__DescribeIdRequest request = ORDINAL__V1__DESCRIBE_ID_REQUEST__INIT;
    Ordinal__V1__DescribeIdResponse reply = ORDINAL__V1__DESCRIBE_ID_RESPONSE__INIT;
    request.id = INT64_C(12345) << 8;
    cr_assert_eq(call(service, "DescribeId", &request, &reply, &arena, NULL), ORD_OK);
    cr_expect_str_eq(reply.time, "2026-01-01T00:00:01.234500Z");
    cr_expect_eq(reply.time_ms, 1767225601234);
    ord_arena_finish(&arena);
    ord_service_close(service, NULL);
}

Test(describe_id, refuses_what_is_no_id)
{
    struct ord_service *service = opened("default", 0, 1);
    struct ord_arena arena;
    ord_arena_init(&arena, NULL, 0);
    Ordinal__V1__DescribeIdRequest request = ORDINAL__V1__DESCRIBE_ID_REQUEST__INIT;
    Ordinal__V1__DescribeIdResponse reply = ORDINAL__V1__DESCRIBE_ID_RESPONSE__INIT;
    struct ord_error error;
    request.id = -5;
    cr_expect_eq(call(service, "DescribeId", &request, &reply, &arena, &error), ORD_OUT_OF_RANGE);
    cr_expect_str_eq(error.text, "id: -5 is out of range; allowed 0 to 9223372036854775807");
    ord_arena_finish(&arena);
    ord_service_close(service, NULL);
}

Test(get_id_bounds, takes_both_forms_of_time)
{
    struct ord_service *service = opened("default", 0, 1);
    Ordinal__V1__GetIdBoundsRequest request = ORDINAL__V1__GET_ID_BOUNDS_REQUEST__INIT;
    Ordinal__V1__GetIdBoundsResponse by_text = ORDINAL__V1__GET_ID_BOUNDS_RESPONSE__INIT, by_ms = by_text;
    request.start = (char *)"2026-01-02T01:00:00+01:00";
    request.end = (char *)"2026-01-02T00:00:01Z";
    cr_assert_eq(call(service, "GetIdBounds", &request, &by_text, NULL, NULL), ORD_OK);
    request.start = (char *)"1767312000000";
    request.end = (char *)"1767312001000";
    cr_assert_eq(call(service, "GetIdBounds", &request, &by_ms, NULL, NULL), ORD_OK);
    cr_expect_eq(by_text.min_id, INT64_C(86400000) << 22);
    cr_expect_eq(by_text.max_id, (INT64_C(86401000) << 22) - 1);
    cr_expect_eq(by_ms.min_id, by_text.min_id);
    cr_expect_eq(by_ms.max_id, by_text.max_id);
    ord_service_close(service, NULL);
}

Test(get_id_bounds, refuses_what_it_cannot_read)
{
    static const struct {
        const char *start, *end;
        enum ord_code code;
        const char *says;
    } rows[] = {
        {"", "1767312001000", ORD_INVALID_ARGUMENT, "start: it is required"},
        {"1767312001000", "", ORD_INVALID_ARGUMENT, "end: it is required"},
        {"today", "1767312001000", ORD_INVALID_ARGUMENT, "start: \"today\" cannot be read; allowed are"},
        {"-", "1", ORD_INVALID_ARGUMENT, "start: \"-\" cannot be read"},
        {"1767312001000", "99999999999999999999", ORD_OUT_OF_RANGE, "end: 99999999999999999999 ms lie outside"},
        {"-99999999999999", "1", ORD_OUT_OF_RANGE, "start: -99999999999999 ms lie outside"},
        {"-1", "1", ORD_OUT_OF_RANGE, "start: 1969-12-31T23:59:59.999Z lies outside"},
        {"1767312001000", "1767312001000", ORD_OUT_OF_RANGE, "end: it must lie after start"},
    };
    struct ord_service *service = opened("default", 0, 1);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        Ordinal__V1__GetIdBoundsRequest request = ORDINAL__V1__GET_ID_BOUNDS_REQUEST__INIT;
        Ordinal__V1__GetIdBoundsResponse reply = ORDINAL__V1__GET_ID_BOUNDS_RESPONSE__INIT;
        struct ord_error error = {0};
        request.start = (char *)rows[i].start;
        request.end = (char *)rows[i].end;
        enum ord_code code = call(service, "GetIdBounds", &request, &reply, NULL, &error);
        cr_expect_eq(code, rows[i].code, "%s to %s: %s", rows[i].start, rows[i].end, error.text);
        cr_expect(strncmp(error.text, rows[i].says, strlen(rows[i].says)) == 0, "%s", error.text);
        cr_expect_eq(reply.max_id, 0);
    }
    ord_service_close(service, NULL);
}
