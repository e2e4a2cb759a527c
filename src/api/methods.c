#include "api/methods.h"

#include <stdio.h>
#include <string.h>

#include "api/handlers.h"
#include "ordinal/v1/clock.pb-c.h"
#include "ordinal/v1/ids.pb-c.h"

#define ID_SERVICE "ordinal.v1.IdService"
#define CLOCK_SERVICE "ordinal.v1.ClockService"

const struct ord_method ord_methods[] = {
    {
        .service = ID_SERVICE,
        .name = "GetId",
        .path = "/" ID_SERVICE "/GetId",
        .shape = ORD_UNARY,
        .gives = ORD_GIVES_ID,
        .verb = "GET",
        .route = "/v1/id",
        .request = &ordinal__v1__get_id_request__descriptor,
        .reply = &ordinal__v1__get_id_response__descriptor,
    },
    {
        .service = ID_SERVICE,
        .name = "GetIds",
        .path = "/" ID_SERVICE "/GetIds",
        .shape = ORD_UNARY,
        .gives = ORD_GIVES_RUNS,
        .verb = "GET",
        .route = "/v1/ids",
        .request = &ordinal__v1__get_ids_request__descriptor,
        .reply = &ordinal__v1__get_ids_response__descriptor,
    },
    {
        .service = ID_SERVICE,
        .name = "StreamIds",
        .path = "/" ID_SERVICE "/StreamIds",
        .shape = ORD_STREAM_PAIRED,
        .gives = ORD_GIVES_RUNS,
        .request = &ordinal__v1__stream_ids_request__descriptor,
        .reply = &ordinal__v1__stream_ids_response__descriptor,
    },
    {
        .service = ID_SERVICE,
        .name = "DescribeId",
        .path = "/" ID_SERVICE "/DescribeId",
        .shape = ORD_UNARY,
        .gives = ORD_GIVES_MESSAGE,
        .verb = "GET",
        .route = "/v1/ids/{id}",
        .request = &ordinal__v1__describe_id_request__descriptor,
        .reply = &ordinal__v1__describe_id_response__descriptor,
        .handle = ord_describe_id,
    },
    {
        .service = ID_SERVICE,
        .name = "GetIdBounds",
        .path = "/" ID_SERVICE "/GetIdBounds",
        .shape = ORD_UNARY,
        .gives = ORD_GIVES_MESSAGE,
        .verb = "GET",
        .route = "/v1/ids:bounds",
        .request = &ordinal__v1__get_id_bounds_request__descriptor,
        .reply = &ordinal__v1__get_id_bounds_response__descriptor,
        .handle = ord_get_id_bounds,
    },
    {
        .service = CLOCK_SERVICE,
        .name = "GetClock",
        .path = "/" CLOCK_SERVICE "/GetClock",
        .shape = ORD_UNARY,
        .gives = ORD_GIVES_MESSAGE,
        .verb = "GET",
        .route = "/v1/clock",
        .request = &ordinal__v1__get_clock_request__descriptor,
        .reply = &ordinal__v1__get_clock_response__descriptor,
        .handle = ord_get_clock,
    },
    {
        .service = CLOCK_SERVICE,
        .name = "AcceptClockStep",
        .path = "/" CLOCK_SERVICE "/AcceptClockStep",
        .shape = ORD_UNARY,
        .gives = ORD_GIVES_MESSAGE,
        .verb = "POST",
        .route = "/v1/clock:accept",
        .access = ORD_ACCESS_LOCAL,
        .request = &ordinal__v1__accept_clock_step_request__descriptor,
        .reply = &ordinal__v1__accept_clock_step_response__descriptor,
        .handle = ord_accept_clock_step,
    },
    {
        .service = CLOCK_SERVICE,
        .name = "RejectClockStep",
        .path = "/" CLOCK_SERVICE "/RejectClockStep",
        .shape = ORD_UNARY,
        .gives = ORD_GIVES_MESSAGE,
        .verb = "POST",
        .route = "/v1/clock:reject",
        .access = ORD_ACCESS_LOCAL,
        .request = &ordinal__v1__reject_clock_step_request__descriptor,
        .reply = &ordinal__v1__reject_clock_step_response__descriptor,
        .handle = ord_reject_clock_step,
    },
};

const size_t ord_method_count = sizeof ord_methods / sizeof *ord_methods;

const struct ord_method *ord_method_by_path(const char *path)
{
    for (size_t i = 0; i < ord_method_count; i++)
        if (strcmp(ord_methods[i].path, path) == 0)
            return &ord_methods[i];
    return NULL;
}

const struct ord_method *ord_method_by_name(const char *name)
{
    for (size_t i = 0; i < ord_method_count; i++)
        if (strcmp(ord_methods[i].name, name) == 0)
            return &ord_methods[i];
    return NULL;
}

enum ord_code ord_method_admit(const struct ord_method *method, bool is_local, struct ord_error *error)
{
    if (method->access == ORD_ACCESS_ANYONE || is_local)
        return ORD_OK;
    return ord_fail(error, ORD_FORBIDDEN,
                    "%s is for operators: it is taken from the server's own host only, over loopback",
                    method->name);
}

bool ord_route_matches(const struct ord_method *method, const char *path, const char **ret_value)
{
    if (!method->route)
        return false;
    const char *brace = strchr(method->route, '{');
    if (!brace) {
        if (strcmp(method->route, path) != 0)
            return false;
        *ret_value = NULL;
        return true;
    }
    size_t fixed = (size_t)(brace - method->route);
    if (strncmp(method->route, path, fixed) != 0 || path[fixed] == '\0' || strchr(path + fixed, '/'))
        return false;
    *ret_value = path + fixed;
    return true;
}

void ord_route_field(const struct ord_method *method, char *ret, size_t size)
{
    const char *brace = method->route ? strchr(method->route, '{') : NULL;
    snprintf(ret, size, "%.*s", brace ? (int)strcspn(brace + 1, "}") : 0, brace ? brace + 1 : "");
}

const char *ord_service_name(size_t index)
{
    const char *last = NULL;
    size_t seen = 0;
    for (size_t i = 0; i < ord_method_count; i++) {
        if (last && strcmp(last, ord_methods[i].service) == 0)
            continue;
        last = ord_methods[i].service;
        if (seen++ == index)
            return last;
    }
    return NULL;
}
