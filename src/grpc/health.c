/* grpc.health.v1: whether calls should be sent here. All services share one state. */
#include "grpc/health/v1/health.pb-c.h"
#include "grpc/internal.h"
#include "wire/quote.h"

#define SERVICE "grpc.health.v1.Health"

#define WATCHERS_MAX 1000

#define STATUS(name) GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__SERVING_STATUS__##name

static int state_of(const struct ord_call *call)
{
    enum ord_health_state state = ord_health_get(ord_service_health(call->entry->grpc->service));
    return state == ORD_SERVING ? STATUS(SERVING) : STATUS(NOT_SERVING);
}

static grpc_slice state_slice(int state)
{
    Grpc__Health__V1__HealthCheckResponse reply = GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__INIT;
    reply.status = (Grpc__Health__V1__HealthCheckResponse__ServingStatus)state;
    return ord_message_slice(&reply.base);
}

static enum ord_code read_service(struct ord_bytes request, struct ord_arena *arena, const char **ret,
                                  struct ord_error *error)
{
    ProtobufCMessage *message;
    enum ord_code code =
        ord_request_read(request, &grpc__health__v1__health_check_request__descriptor, arena, &message, error);
    if (code == ORD_OK)
        *ret = ((const Grpc__Health__V1__HealthCheckRequest *)message)->service;
    return code;
}

static enum ord_code check(struct ord_call *call, struct ord_bytes request, struct ord_arena *arena,
                           struct ord_answered *ret, struct ord_error *error)
{
    const char *service;
    enum ord_code code = read_service(request, arena, &service, error);
    if (code != ORD_OK)
        return code;
    if (!ord_grpc_serves(call->entry->grpc, service)) {
        char quoted[ORD_QUOTE_MAX];
        ord_quote(service, quoted);
        return ord_fail(error, ORD_NOT_FOUND, "service: %s is not served here", quoted);
    }
    *ret = (struct ord_answered){.message = state_slice(state_of(call))};
    return ORD_OK;
}

static enum ord_code watch(struct ord_call *call, struct ord_bytes request, struct ord_arena *arena,
                           struct ord_answered *ret, struct ord_error *error)
{
    const char *service;
    enum ord_code code = read_service(request, arena, &service, error);
    if (code != ORD_OK)
        return code;
    call->watch_known = ord_grpc_serves(call->entry->grpc, service);
    call->watch_state = STATUS(UNKNOWN); /* what was sent last: nothing, so far */
    *ret = (struct ord_answered){0};
    return ORD_OK;
}

/* Of several changes since the last message only the last counts. */
static enum ord_fed next_state(struct ord_call *call, grpc_slice *ret, struct ord_error *error)
{
    int state = call->watch_known ? state_of(call) : STATUS(SERVICE_UNKNOWN);
    if (state == call->watch_state)
        return ORD_FED_NOTHING;
    call->watch_state = state;
    *ret = state_slice(state);
    return ORD_FED_MESSAGE;
}

const struct ord_rpc ord_health_rpcs[] = {
    {.service = SERVICE, .name = "Check", .shape = ORD_RPC_UNARY, .outstanding = 1, .answer = check},
    {
        .service = SERVICE,
        .name = "Watch",
        .shape = ORD_RPC_PUSHED,
        .outstanding = 1,
        .live_max = WATCHERS_MAX,
        .answer = watch,
        .next = next_state,
    },
};
const size_t ord_health_rpc_count = sizeof ord_health_rpcs / sizeof *ord_health_rpcs;
