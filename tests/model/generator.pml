/*
 * Callers on the one atomic generator (src/core/generator.c) while its limit is raised step by step, to any
 * value and at any moment, and until it is stopped at any moment.
 */
#ifndef CALLERS
#define CALLERS 2
#endif
#ifndef TICKS
#define TICKS 3
#endif
#define SLOTS 2
#define END (TICKS * SLOTS)
#define BORROW 1
#define SPREAD 2
#define COUNT 2

#include "common.inc"
#include "take.inc"

byte durable;        /* what a reservation covers; the limit follows it */
byte released = END; /* the exact next slot, once stopped */

/* The thread that keeps the reservation, and stops the generator in the end. */
active proctype keeper()
{
    byte to, exact;
    do
    :: durable < END ->
        atomic { select (to : durable + 1 .. END); durable = to };
        atomic { raise_limit(to); to = 0 }
    :: break
    od;
    stop(exact);
    d_step {
        late = (left >> exact) != 0;
        assert(!late);
        released = exact
    }
}

active [CALLERS] proctype caller()
{
    byte seen, first, count, now, floor;
#ifdef MUTANT_BLOCKS
    byte kept; /* end of a block of two slots, the first of which has left: the rest is for the next call */
end_calls:
    do
    :: atomic {
            kept == 0 && next + 2 <= limit ->
            first = next;
            next = first + 2;
            floor = top;
            leave(first, 1, durable)
        };
        atomic { give(first, 1, floor); kept = first + 2; first = 0; floor = 0 }
    :: atomic { kept != 0 -> floor = top; leave(kept - 1, 1, durable) };
        atomic { give(kept - 1, 1, floor); kept = 0; floor = 0 }
    od
#else
end_calls:
    do
    :: take(released)
    od
#endif
}
