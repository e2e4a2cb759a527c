/*
 * A fleet in simulation: machines, directories and processes, and what the checks remember of each.
 *
 * A *seat* is where a process lives, one run after another. It has a directory and a machine, which it may
 * share with a twin: a second seat set to the same node on the same directory. A *lineage* is what must never
 * be given twice: the slots of one worker of one node. The twin shares it; a seat on a copy of the directory
 * has one of its own, since nothing local can tell the copy from what it is copied from.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "api/service.h"
#include "sim/disk.h"
#include "sim/machine.h"
#include "sim/random.h"
#include "sim/trace.h"

struct sim_span {
    uint64_t first, end;
};

struct sim_lineage {
    struct ord_place place;
    uint64_t high;    /* end of the slots that were given */
    int64_t last_id;  /* the highest that was given; -1: none was */
    uint64_t asked;   /* the highest limit that was ever asked for */
    bool is_released; /* the last run ended cleanly, at slot `exact` */
    uint64_t exact;
    struct sim_span *spans; /* what was given, rising */
    size_t span_count, span_room;
    const struct sim_lineage *copied_from; /* NULL: a lineage of its own right */
};

struct sim_fleet;
struct sim_seat;

/* One life of a process. */
struct sim_run {
    struct sim_fleet *fleet;
    struct sim_seat *seat;
    struct ord_service *service; /* NULL while it opens */
    bool is_dead;                /* what it still does has no effect */
    bool is_busy;                /* its keeper, or its opening or closing, is under way further up the stack */
    bool is_stopped;
    enum sim_event refusal; /* what the directory said to its claim or reservation; SIM_START: nothing bad */
    uint64_t generation;

    /* What the checks know. */
    uint64_t claimed, granted;
    uint64_t next_low, next_high; /* where its next free slot is at least and at most; equal after a take */
    int64_t opened_wall_ns;       /* when it began to open */
    int64_t anchor_wall_ns, anchor_boot_ns; /* when it knew its claim */
    int64_t asking_us; /* the service's time when it last began to keep, and both clocks then */
    int64_t keep_wall_ns, keep_boot_ns;
    int64_t accepted_ns;           /* size of the step that an operator accepted; 0: none */
    int64_t kept_boot_ns;          /* when a keep last began that ended well */
    int64_t seen_us, seen_boot_ns; /* the service's time when last looked at */
};

struct sim_seat {
    unsigned number;
    struct sim_machine *machine;
    struct sim_disk *disk;
    struct sim_lineage *lineage;
    struct sim_seat *twin; /* on the same machine and directory; NULL: none */
    struct sim_run *run;   /* NULL: down */
    int64_t act_at_ns, keep_at_ns;
    uint64_t pace_ns; /* the longest time between what its callers do */
    bool ignores_gap; /* at its next start */
    bool is_greedy;   /* they take all they can get */
    unsigned heap_index;
};

/* A layout with the places of its fields, spelled out once more for the checks. */
struct sim_layout {
    const char *fields, *unit;         /* unit NULL: the preset's */
    uint8_t tick, node, sequence, tag; /* shifts */
    uint32_t nodes;
    bool is_short; /* its epoch is set so that its time ends soon */
};

struct sim_fleet {
    struct sim_random random;
    struct sim_trace *trace;
    int64_t now_ns; /* true time */
    uint64_t actions_left;
    unsigned depth; /* how many slow writes are under way further up the stack */
    uint64_t ids;
    uint64_t repeated_on_copies;
    char failure[512]; /* empty: none */

    const struct sim_layout *layout;
    uint64_t borrow_us, max_wait_us;
    uint64_t threshold_us,
        max_gap_us;     /* of the clock's steps, and between clock and limit at a start; 0: any */
    bool accepts_steps; /* unasked */
    uint64_t fault_odds, slow_odds, clock_odds, life_odds; /* one in so many; 0: never */

    struct sim_seat *seats;
    unsigned seat_count, seat_room;
    struct sim_machine *machines;
    struct sim_disk *disks;
    struct sim_lineage *lineages;
    struct sim_seat **heap; /* by next event, then by number */
};

/* Notes the first failure; the history then ends. */
void sim_fail(struct sim_fleet *fleet, const struct sim_seat *seat, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

void sim_note(struct sim_fleet *fleet, const struct sim_seat *seat, enum sim_event event, uint64_t a,
              uint64_t b);

/* Puts the seat where its next event belongs. */
void sim_reschedule(struct sim_fleet *fleet, struct sim_seat *seat);

/* Lets true time pass, and what happens in the fleet meanwhile. */
void sim_let_pass(struct sim_fleet *fleet, int64_t until_ns);

/* Makes the history of a seed, from its beginning to its end. False: `failure` says what went wrong. `nodes` 0:
 * the seed decides. `trace` and the totals in `fleet` go on from where they were. */
bool sim_history(struct sim_fleet *fleet, struct sim_trace *trace, uint64_t seed, unsigned nodes);
