#include "sim/trace.h"

#include <inttypes.h>

static const char *const names[SIM_EVENTS] = {
    [SIM_START] = "start",
    [SIM_STOP] = "clean stop",
    [SIM_KILL] = "kill",
    [SIM_POWER_LOSS] = "power loss",
    [SIM_PAUSE] = "process paused",
    [SIM_FREEZE] = "machine frozen",
    [SIM_COPY] = "directory copied",
    [SIM_REINIT] = "operator starts afresh above",
    [SIM_NO_START_LOCKED] = "start refused: locked",
    [SIM_NO_START_DAMAGED] = "start refused: damaged",
    [SIM_NO_START_TIME] = "start refused: wall clock",
    [SIM_NO_START_GAP] = "start refused: clock gap",
    [SIM_NO_START_DISK] = "start refused: disk",
    [SIM_REFUSED_CAPACITY] = "refused: capacity",
    [SIM_REFUSED_UNAVAILABLE] = "refused: unavailable",
    [SIM_REFUSED_EXHAUSTED] = "refused: layout exhausted",
    [SIM_REFUSED_RANGE] = "refused: out of range",
    [SIM_REFUSED_STOPPED] = "refused: stopped",
    [SIM_WRITE] = "write",
    [SIM_WRITE_SLOW] = "write slow",
    [SIM_WRITE_LOST] = "write lost",
    [SIM_WRITE_UNCERTAIN] = "write uncertain",
    [SIM_WRITE_UNTOLD] = "write durable, told failed",
    [SIM_WRITE_FULL] = "disk full",
    [SIM_LANDED] = "uncertain write landed",
    [SIM_REORDERED] = "uncertain writes reordered",
    [SIM_TORN] = "uncertain write torn",
    [SIM_ROTTEN] = "record rotten",
    [SIM_WALL_BACK] = "wall clock back",
    [SIM_WALL_FORWARD] = "wall clock forward",
    [SIM_WALL_STALL] = "wall clock stalls",
    [SIM_WALL_DRIFT] = "wall clock drifts",
    [SIM_WALL_SET_RIGHT] = "wall clock set right",
    [SIM_STEP_ACCEPTED] = "step accepted",
    [SIM_STEP_REJECTED] = "step rejected",
    [SIM_LEAP] = "clock leaps",
    [SIM_TAKE] = "take",
    [SIM_TAKE_WAIT] = "take with a wait",
};

static uint64_t mix(uint64_t hash, uint64_t value)
{
    hash = (hash ^ value) * UINT64_C(0xff51afd7ed558ccd);
    return hash ^ (hash >> 32);
}

void sim_trace(struct sim_trace *trace, int64_t now_ns, unsigned seat, enum sim_event event, uint64_t a,
               uint64_t b)
{
    trace->counts[event]++;
    trace->hash = mix(mix(trace->hash, (uint64_t)now_ns), (uint64_t)seat << 8 | event);
    trace->hash = mix(mix(trace->hash, a), b);
    if (!trace->keep && !trace->out)
        return;
    char *line = trace->last[trace->lines++ % SIM_TRACE_LINES];
    snprintf(line, SIM_TRACE_LINE_MAX, "%16.6f s  seat %4u  %-28s %" PRIu64 " %" PRIu64, (double)now_ns / 1e9,
             seat, names[event], a, b);
    if (trace->out)
        fprintf(trace->out, "%s\n", line);
}

const char *sim_event_name(enum sim_event event)
{
    return names[event];
}

void sim_trace_print_last(const struct sim_trace *trace, FILE *out)
{
    uint64_t first = trace->lines > SIM_TRACE_LINES ? trace->lines - SIM_TRACE_LINES : 0;
    for (uint64_t i = first; i < trace->lines; i++)
        fprintf(out, "%s\n", trace->last[i % SIM_TRACE_LINES]);
}
