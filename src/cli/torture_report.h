/*
 * What `ordinal torture` found, for a ticket.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "cli/ground.h"
#include "cli/tally.h"

struct ord_torture_report {
    const char *daemon;
    char daemon_version[32];
    struct ord_ground ground;
    struct ord_tally tally;
    uint64_t cycles;      /* wanted */
    uint64_t cycles_done; /* each ended by SIGKILL */
    uint64_t gaps;        /* restarts after which IDs came */
    int64_t gap_mean_ms;  /* time of the first ID after a restart minus that of the last before */
    int64_t gap_longest_ms;
    struct ord_error failure; /* what ended it early; code ORD_OK: nothing did */
};

/* Whether all cycles were done, with IDs received and nothing wrong with them. */
bool ord_torture_passed(const struct ord_torture_report *report);

/* The report as text, or as one line of JSON. NULL: no memory. */
const char *ord_torture_text(const struct ord_torture_report *report, struct ord_arena *arena);
const char *ord_torture_json(const struct ord_torture_report *report, struct ord_arena *arena);
