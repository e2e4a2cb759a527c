/*
 * IDs that were prefetched: a ring of runs that one thread fills, and from which any number of threads take.
 *
 * One 64-bit atomic, the cursor, says which run is being used up (its turn: runs are counted from the first one
 * on) and how many of its IDs are claimed. A claim is one fetch-add: whatever the interleaving, no two claims
 * get the same place, and places rise in the order of the claims. As runs rise too, so do IDs.
 *
 * A slot is filled again only once the cursor has left its turn. A thread that claimed, and slept before it
 * read the slot, may so find another run there. It sees that by the slot's turn, which it reads last, and
 * claims again; its ID is lost, which harms nobody. There is no ABA: turns only rise, and 40 bits of them last
 * 34 years at a thousand runs a second.
 *
 * Claims on a run that is used up still count the cursor up. Each of them is followed, in its own thread, by
 * ord_ring_leave, which brings the count down again; so the 24 bits of the count are enough for 50,000 threads
 * that claim at the same moment.
 *
 * The ring lives in memory that reads as zero in a child process (MADV_WIPEONFORK), and a ring of zeros is an
 * empty one: what the parent prefetched cannot leave through the child.
 *
 * There is no clock in here: runs say until when they are good, and whoever claims looks.
 */
#pragma once

#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#ifndef ORD_RING_SLOTS
#define ORD_RING_SLOTS 2048 /* a power of two; tests have fewer, so that it goes round more often */
#endif
#define ORD_RING_RUN_MAX (UINT32_C(1) << 20) /* the longest run */
#define ORD_RING_CLAIM_MAX 256               /* the largest claim */

/* IDs first, first + step, …; `count` of them. They are good until a time of the owner's clocks. */
struct ord_ring_run {
    int64_t first, step;
    uint32_t count;
    uint32_t low; /* a claim of the ID at this place is told; `count` or above: none is */
    struct ord_ring_time {
        int64_t steady_ns, wall_ns;
    } until;
};

struct ord_ring_slot {
    alignas(64) atomic_uint_least64_t turn;
    atomic_int_least64_t first, step, steady_ns, wall_ns;
    atomic_uint_least32_t count, low;
};

struct ord_ring {
    alignas(64) atomic_uint_least64_t cursor; /* turn << 24 | count of claimed IDs */
    alignas(64) atomic_uint_least64_t added, thrown;
    atomic_uint_least64_t newest; /* the last turn that was filled */
    bool alive;                   /* false in a child process */
    struct ord_ring_slot slots[ORD_RING_SLOTS];
};

/* What a thread claimed. */
struct ord_ring_claim {
    int64_t first, step;
    uint32_t count;
    bool low; /* the run's low place is among it */
    struct ord_ring_time until;
    uint64_t turn;
};

/* A new ring; NULL if the system has no such memory. */
struct ord_ring *ord_ring_open(void);

/* Gives it back, also in a child; NULL is fine. Returns NULL. */
struct ord_ring *ord_ring_close(struct ord_ring *ring);

/* Adds a run (of 1 to ORD_RING_RUN_MAX IDs) that lies above those before it. False if the ring is full. The
 * filling thread only. */
bool ord_ring_add(struct ord_ring *ring, const struct ord_ring_run *run);

/* How many runs can be added. The filling thread only. */
uint32_t ord_ring_room(const struct ord_ring *ring);

/* Claims up to `count` (1 to ORD_RING_CLAIM_MAX) neighbouring IDs. False if there is none. Any thread, without
 * locks, waits or system calls. */
bool ord_ring_claim(struct ord_ring *ring, uint32_t count, struct ord_ring_claim *ret);

/* Throws a claim away that is too old, together with what is left of its run. Any thread. */
void ord_ring_throw(struct ord_ring *ring, const struct ord_ring_claim *claim);

/* What changes with every claim. */
uint64_t ord_ring_position(const struct ord_ring *ring);

/* How many IDs are left. Any thread; exact only while there is no other at work. */
uint64_t ord_ring_stock(const struct ord_ring *ring);
