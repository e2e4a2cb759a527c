/*
 * What happens in a history: each step is counted by its kind and goes into a hash; as text only when asked
 * for, since a history is made again from its seed. Two histories with the same hash took the same steps.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum sim_event {
    /* lives of a process */
    SIM_START,
    SIM_STOP,
    SIM_KILL,
    SIM_POWER_LOSS,
    SIM_PAUSE,
    SIM_FREEZE,
    SIM_COPY,
    SIM_REINIT,
    /* refusals */
    SIM_NO_START_LOCKED,
    SIM_NO_START_DAMAGED,
    SIM_NO_START_TIME,
    SIM_NO_START_GAP,
    SIM_NO_START_DISK,
    SIM_REFUSED_CAPACITY,
    SIM_REFUSED_UNAVAILABLE,
    SIM_REFUSED_EXHAUSTED,
    SIM_REFUSED_RANGE,
    SIM_REFUSED_STOPPED,
    /* the disk */
    SIM_WRITE,
    SIM_WRITE_SLOW,
    SIM_WRITE_LOST,
    SIM_WRITE_UNCERTAIN,
    SIM_WRITE_UNTOLD,
    SIM_WRITE_FULL,
    SIM_LANDED,
    SIM_REORDERED,
    SIM_TORN,
    SIM_ROTTEN,
    /* the wall clock */
    SIM_WALL_BACK,
    SIM_WALL_FORWARD,
    SIM_WALL_STALL,
    SIM_WALL_DRIFT,
    SIM_WALL_SET_RIGHT,
    SIM_STEP_ACCEPTED,
    SIM_STEP_REJECTED,
    SIM_LEAP,
    /* what is given */
    SIM_TAKE,
    SIM_TAKE_WAIT,
    SIM_EVENTS,
};

#define SIM_TRACE_LINES 40
#define SIM_TRACE_LINE_MAX 120

struct sim_trace {
    uint64_t hash;
    uint64_t counts[SIM_EVENTS];
    bool keep; /* keep the last lines */
    FILE *out; /* NULL: print none */
    uint64_t lines;
    char last[SIM_TRACE_LINES][SIM_TRACE_LINE_MAX];
};

/* One step: when, at which seat, what, and two numbers that the kind of step explains. */
void sim_trace(struct sim_trace *trace, int64_t now_ns, unsigned seat, enum sim_event event, uint64_t a,
               uint64_t b);

/* "wall clock back". Static. */
const char *sim_event_name(enum sim_event event);

/* The last steps, oldest first. */
void sim_trace_print_last(const struct sim_trace *trace, FILE *out);
