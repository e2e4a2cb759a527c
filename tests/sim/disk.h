/*
 * A directory's stored record on a hostile disk.
 *
 * Reads see the cache, which outlives a killed process; a power loss leaves what is durable, and of writes
 * whose outcome was uncertain whichever the disk pleases, in any order, torn perhaps. What was once reported
 * durable is: a disk that lies about that cannot be survived by anyone. Beside the bytes stands what they were
 * meant to say, which only the checks look at.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "core/layout.h"
#include "sim/random.h"
#include "sim/trace.h"
#include "store/record.h"

struct sim_stored {
    bool exists;
    bool damaged;
    uint64_t limit;
    uint8_t bytes[ORD_RECORD_SIZE];
};

#define SIM_PENDING_MAX 4

struct sim_disk {
    struct sim_stored durable, cache;
    struct sim_stored sound;                    /* what was durable last without damage */
    struct sim_stored pending[SIM_PENDING_MAX]; /* written with an uncertain outcome, oldest first */
    int pending_count;
    const void *owner; /* the process that holds the lock; NULL: nobody does */
    int64_t full_until_ns;
    int64_t bad_until_ns; /* every other write goes wrong */
};

/* What becomes of a write. */
void sim_disk_write_durably(struct sim_disk *disk, const struct ord_record *record);
void sim_disk_write_uncertainly(struct sim_disk *disk, const struct ord_record *record);

/* The power goes: uncertain writes land or do not; what they did is counted in `trace`. */
void sim_disk_lose_power(struct sim_disk *disk, struct sim_random *random, struct sim_trace *trace,
                         int64_t now_ns, unsigned seat);

/* A bit of what is durable flips. */
void sim_disk_rot(struct sim_disk *disk, struct sim_random *random);

/* The lowest limit that a start could find if everything stopped at this instant, a damaged record aside, which
 * is refused. */
uint64_t sim_disk_least_limit(const struct sim_disk *disk);
