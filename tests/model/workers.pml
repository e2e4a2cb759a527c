/*
 * Processes on one node: two workers that split each tick's sequence, and one that wants all of it (ord_place in
 * src/core/layout.c). Each has a record of its own in the state directory; a lock on the node's records keeps out
 * a worker that is there already, and every process with another split.
 *
 * `left` is over IDs here, tick * SEQUENCES + sequence. A slot number is only worth something under the split
 * that it was made in, so a claim under another split than the last one goes by ticks, over all records.
 * The generator's inside is generator.pml's matter: a claim is one step.
 */
#ifndef STARTS
#define STARTS 5 /* of all processes together */
#endif
#define SEQUENCES 2
#ifndef TICKS
#define TICKS 4
#endif

#include "common.inc"

/* Kind 0 is worker 0/2, kind 1 is worker 1/2, kind 2 is worker 0/1. Processes 0 and 3 are set to the same. */
#define PROCESSES   4
#define KINDS       3
#define KIND(p)     ((p) == 3 -> 0 : (p))
#define WORKERS(k)  ((k) == 2 -> 1 : 2)
#define WORKER(k)   ((k) == 1 -> 1 : 0)
#define PER_TICK(k) (SEQUENCES / WORKERS(k))
#define ID(k, slot) ((slot) / PER_TICK(k) * SEQUENCES + WORKER(k) * SEQUENCES / WORKERS(k) + (slot) % PER_TICK(k))

byte limits[KINDS]; /* the records, in slots of their own split */
bool held[KINDS];   /* the locks */
byte starts;

#ifdef MUTANT_SHARED_RECORD
#define RECORD(k) 0 /* the workers of a node have one record */
#else
#define RECORD(k) (k)
#endif

#if defined(MUTANT_NO_LOCK)
#define MAY_CLAIM(k) true
#elif defined(MUTANT_LOCK_BY_WORKER)
#define MAY_CLAIM(k) (!held[k]) /* does not ask how many workers the others reckon with */
#else
#define MAY_CLAIM(k) (!held[k] && ((k) == 2 -> !held[0] && !held[1] : !held[2]))
#endif

#define USED_TICKS(k) UP(limits[k], PER_TICK(k))

#if defined(MUTANT_OWN_RECORD_ALONE)
#define USED(k) limits[RECORD(k)] /* after a change of the split too */
#elif defined(MUTANT_SLOTS_OF_OTHER_SPLIT)
#define USED(k) MAX(limits[RECORD(k)], ((k) == 2 -> MAX(limits[0], limits[1]) : limits[2]))
#else
#define USED(k)                                                                                                \
    MAX(limits[RECORD(k)],                                                                                     \
        ((k) == 2 -> MAX(USED_TICKS(0), USED_TICKS(1)) * PER_TICK(2) : USED_TICKS(2) * PER_TICK(k)))
#endif

active [PROCESSES] proctype process()
{
    byte kind = KIND(_pid);
    byte next, limit;
end:
    do
    :: atomic { /* claim, start; the clock is any tick */
            MAY_CLAIM(kind) && starts < STARTS ->
            starts++;
            held[kind] = true;
            select (next : 0 .. TICKS - 1);
            next = MAX(next * PER_TICK(kind), USED(kind));
            limit = 0
        };
        do
        :: atomic { /* extend: one more tick, durable before the limit is raised */
                next / PER_TICK(kind) + 1 <= TICKS && (next / PER_TICK(kind) + 1) * PER_TICK(kind) > limit ->
                limits[RECORD(kind)] = (next / PER_TICK(kind) + 1) * PER_TICK(kind)
            };
            limit = limits[RECORD(kind)]
        :: atomic { /* ord_generator_take */
                next < limit ->
                twice = (left >> ID(kind, next)) & 1;
                assert(!twice);
                uncovered = next >= limits[RECORD(kind)];
                assert(!uncovered);
                left = left | 1 << ID(kind, next);
                next++
            }
        :: atomic { /* stop and release the exact next slot */
                limits[RECORD(kind)] = next;
                break
            }
        :: break /* crash */
        od;
        atomic { held[kind] = false; next = 0; limit = 0 }
    od
}
