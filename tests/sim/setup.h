/* How a history begins: its layout, its settings, how rough it is, and who takes part. */
#pragma once

#include "sim/fleet.h"

/* `fleet->random` is seeded; `nodes` 0: chance decides. */
void sim_setup(struct sim_fleet *fleet, unsigned nodes);

/* A seat on a copy of `seat`'s directory, as it is now, on a machine like its own. NULL: there is no room. */
struct sim_seat *sim_setup_copy(struct sim_fleet *fleet, const struct sim_seat *seat);

/* Frees what the set-up allocated. */
void sim_setup_free(struct sim_fleet *fleet);
