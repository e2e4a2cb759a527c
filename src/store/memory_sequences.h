/*
 * Sequences that live as long as the process: for tests, and for a daemon that needs no durability. A restart
 * begins without any.
 */
#pragma once

#include "core/sequence.h"

/* All zero is an empty one. One thread at a time. */
struct ord_memory_sequences {
    struct ord_sequence_item *items; /* by name */
    size_t count, room;
};

/* A port onto `memory`, which outlives it. Requests are remembered by whoever uses it. */
struct ord_sequence_port ord_memory_sequences_port(struct ord_memory_sequences *memory);

/* Frees what it holds. */
void ord_memory_sequences_finish(struct ord_memory_sequences *memory);
