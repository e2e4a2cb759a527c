/* ClockService's methods. */
#include "api/handlers.h"

#include "base/time.h"
#include "ordinal/v1/clock.pb-c.h"

static const Ordinal__V1__ClockState states[] = {
    [ORD_CLOCK_FOLLOWING] = ORDINAL__V1__CLOCK_STATE__CLOCK_STATE_FOLLOWING,
    [ORD_CLOCK_QUARANTINED] = ORDINAL__V1__CLOCK_STATE__CLOCK_STATE_QUARANTINED,
    [ORD_CLOCK_ACCEPTED] = ORDINAL__V1__CLOCK_STATE__CLOCK_STATE_ACCEPTED,
    [ORD_CLOCK_REJECTED] = ORDINAL__V1__CLOCK_STATE__CLOCK_STATE_REJECTED,
};

static char *time_text(struct ord_arena *arena, int64_t time_us)
{
    char text[ORD_RFC3339_MAX];
    ord_rfc3339_format(time_us, 6, text);
    return ord_arena_printf(arena, "%s", text);
}

static enum ord_code describe(const struct ord_service *service, Ordinal__V1__Clock **ret,
                              struct ord_arena *arena, struct ord_error *error)
{
    struct ord_service_clock clock = ord_service_clock(service);
    Ordinal__V1__Clock *described = ord_arena_alloc(arena, sizeof *described);
    char *time = time_text(arena, clock.now_us), *wall_time = time_text(arena, clock.wall_us);
    if (!described || !time || !wall_time)
        return ord_fail(error, ORD_INTERNAL, "no memory");

    ordinal__v1__clock__init(described);
    described->time = time;
    described->wall_time = wall_time;
    described->wall_ahead_us = clock.wall_us - clock.now_us;
    described->state = states[clock.step.state];
    described->step_us = clock.step.size_ns / 1000;
    described->threshold_us = clock.threshold_us;
    described->ahead_us = ord_service_ahead_us(service);
    described->reserved_us = ord_service_reserved_us(service);
    *ret = described;
    return ORD_OK;
}

enum ord_code ord_get_clock(struct ord_service *service, const ProtobufCMessage *request,
                            ProtobufCMessage *reply, struct ord_arena *arena, struct ord_error *error)
{
    return describe(service, &((Ordinal__V1__GetClockResponse *)reply)->clock, arena, error);
}

enum ord_code ord_accept_clock_step(struct ord_service *service, const ProtobufCMessage *request,
                                    ProtobufCMessage *reply, struct ord_arena *arena, struct ord_error *error)
{
    enum ord_code code = ord_service_accept_step(service, error);
    if (code != ORD_OK)
        return code;
    return describe(service, &((Ordinal__V1__AcceptClockStepResponse *)reply)->clock, arena, error);
}

enum ord_code ord_reject_clock_step(struct ord_service *service, const ProtobufCMessage *request,
                                    ProtobufCMessage *reply, struct ord_arena *arena, struct ord_error *error)
{
    enum ord_code code = ord_service_reject_step(service, error);
    if (code != ORD_OK)
        return code;
    return describe(service, &((Ordinal__V1__RejectClockStepResponse *)reply)->clock, arena, error);
}
