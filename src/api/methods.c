#include "api/methods.h"

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
        .verbs = {"GET"},
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
        .verbs = {"GET"},
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
        .verbs = {"GET"},
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
        .verbs = {"GET"},
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
        .verbs = {"GET"},
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
        .verbs = {"POST"},
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
        .verbs = {"POST"},
        .route = "/v1/clock:reject",
        .access = ORD_ACCESS_LOCAL,
        .request = &ordinal__v1__reject_clock_step_request__descriptor,
        .reply = &ordinal__v1__reject_clock_step_response__descriptor,
        .handle = ord_reject_clock_step,
    },
};

const size_t ord_method_count = sizeof ord_methods / sizeof *ord_methods;
