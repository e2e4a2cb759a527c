/*
 * Reservations that live as long as the process: for tests, and for a daemon that needs no durability.
 *
 * What was issued is forgotten at exit, so a restart begins at the clock: IDs issued ahead of the clock, or a
 * wall clock that steps back between two runs, can repeat. A durable adapter has neither fault.
 */
#pragma once

#include "core/reservation.h"

struct ord_memory_store {
    struct ord_place place;
    uint64_t limit;
};

/* A port onto `store`, which outlives it. */
struct ord_reservation_port ord_memory_store_port(struct ord_memory_store *store);
