/* What is done to a process, and what it does: the real service on a simulated machine and directory. */
#pragma once

#include "sim/fleet.h"

/* Starts a run at a seat that is down. */
void sim_process_start(struct sim_fleet *fleet, struct sim_seat *seat);

/* What the keeper does every ORD_KEEP_MS. */
void sim_process_keep(struct sim_fleet *fleet, struct sim_seat *seat);

/* An operator decides on a step of the wall clock, if there is one. */
void sim_process_decide(struct sim_fleet *fleet, struct sim_seat *seat);

/* A call that takes IDs; false: it was refused. */
bool sim_process_take(struct sim_fleet *fleet, struct sim_seat *seat, uint32_t count, uint64_t max_wait_us);

/* Stops cleanly. Not while the keeper is under way. */
void sim_process_stop(struct sim_fleet *fleet, struct sim_seat *seat);

/* Frees what a history leaves at its end. */
void sim_process_abandon(struct sim_seat *seat);

/* Ends at this very step. */
void sim_process_kill(struct sim_fleet *fleet, struct sim_seat *seat);

/* The power goes for the machine and all that runs on it. */
void sim_process_lose_power(struct sim_fleet *fleet, struct sim_seat *seat);
