/*
 * The oracle: what a fleet may and may not do, worked out anew from what was promised, by other means than the
 * programs'. Each check notes its failure in the fleet.
 */
#pragma once

#include "sim/fleet.h"

struct sim_request {
    uint32_t count, tag;
    uint64_t max_wait_us;
};

/* Parts of one node own each value of the sequence once. */
void sim_check_split(struct sim_fleet *fleet, const struct ord_place *places, uint32_t workers);

/* A claim succeeds on sound records only, at or above all that was given; after a clean stop exactly there. */
void sim_check_claim(struct sim_fleet *fleet, struct sim_run *run, const struct sim_stored *found,
                     const struct ord_record *record);

/* A reservation reaches so far that a crash skips at most one, and never below what was granted. */
void sim_check_asked(struct sim_fleet *fleet, struct sim_run *run, uint64_t limit);

/* A start succeeds, or is refused for a cause that was there. */
void sim_check_start(struct sim_fleet *fleet, struct sim_run *run, enum ord_code code);

/* The keeper is about to keep. */
void sim_check_keep(struct sim_fleet *fleet, struct sim_run *run);

/* The clock runs forward as steadily as is promised, but for steps of the wall clock that were accepted. */
void sim_check_clock(struct sim_fleet *fleet, struct sim_run *run);

/* The slots of a take are new, above all before, below every limit that a crash could reveal, near the clock,
 * and their IDs have their fields right; a refusal has its cause. */
void sim_check_take(struct sim_fleet *fleet, struct sim_run *run, const struct sim_request *request,
                    enum ord_code code, const struct ord_ids *ids, uint64_t wait_us,
                    const struct ord_error *error);

/* A clean stop gives back the exact next slot. */
void sim_check_release(struct sim_fleet *fleet, struct sim_run *run, uint64_t next);

/* At the end: IDs one by one all differ, and what copies have repeated is counted. */
void sim_check_end(struct sim_fleet *fleet);
