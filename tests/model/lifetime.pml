/*
 * Runs of one process after each other on one node's record: claim, start, the first reservation, callers, the
 * keeper, crash at any step, clean stop, restart (src/api/service.c, src/daemon/keeper.c, src/daemon/daemon.c).
 *
 * Storage: a write is durable, or lost, or lands later, up to the next write; each of these may be reported as
 * done only if it is durable, and as failed in all cases. A crash comes between any two steps, and what had not
 * landed then may still do so, or never.
 */
#ifndef CALLERS
#define CALLERS 1
#endif
#ifndef RUNS
#define RUNS 3 /* the last one ends too */
#endif
#ifndef COUNT
#define COUNT 2
#endif
#ifndef TICKS
#define TICKS 3
#endif
#ifndef SLOTS
#define SLOTS 2
#endif
#define SPAN 1 /* ticks that a reservation covers, BORROW among them */
#define END ((TICKS + SPAN) * SLOTS) /* the layout's; reservations may pass it */
#define BORROW 1
#define SPREAD 1

#include "common.inc"

byte durable;    /* the record: slots below it may have left */
byte late_write; /* a write that was reported as failed and may land yet; 0: none */

#include "take.inc"

bool serving; /* the front ends are open */
byte life;    /* number of the run; 0: no process is there */
byte released = END;

#ifdef MUTANT_START_AT_USED
byte used; /* the first free slot when the record was last written */
#define NOTE_USED used = next
#else
#define NOTE_USED skip
#endif

#ifdef MUTANT_OLD_WRITE_LANDS
#define SUPERSEDE_LATE_WRITE skip
#else
#define SUPERSEDE_LATE_WRITE late_write = 0 /* one record, written in order: nothing older lands after a write */
#endif

inline write(value, ret_ok)
{
    SUPERSEDE_LATE_WRITE;
    if
    :: atomic { durable = value; NOTE_USED; still_covers(durable) };
        ret_ok = true
    :: atomic { durable = value; NOTE_USED; still_covers(durable) };
        ret_ok = false /* durable, and the acknowledgement is lost */
    :: late_write = value;
        ret_ok = false /* lost, or it lands later */
    fi
}

#ifdef MUTANT_FAILED_SYNC_IS_SUCCESS
#define IS_DURABLE(ok) true
#else
#define IS_DURABLE(ok) (ok)
#endif

/* reserve() of src/api/service.c: the limit is raised after the write, if that is known to be durable. */
inline reserve(now, ok)
{
#ifdef MUTANT_RAISE_BEFORE_DURABLE
    raise_limit((now + SPAN) * SLOTS);
#endif
    write((now + SPAN) * SLOTS, ok);
    if
    :: IS_DURABLE(ok) -> raise_limit((now + SPAN) * SLOTS)
    :: else
    fi
}

#if defined(MUTANT_START_AT_CLOCK)
#define USED 0
#elif defined(MUTANT_START_AT_USED)
#define USED used
#else
#define USED durable
#endif

#ifdef MUTANT_ANCHOR_AT_WALL
#define ANCHOR 0
#else
#define ANCHOR UP(USED, SLOTS)
#endif

#ifdef MUTANT_SERVE_BEFORE_RESERVED
#define FIRST_LIMIT ((now + SPAN) * SLOTS) /* the first reservation is taken for granted */
#define SERVES_AT_ONCE true
#else
#define FIRST_LIMIT 0
#define SERVES_AT_ONCE false
#endif

active proctype storage()
{
end:
    do
    :: atomic { late_write != 0 -> durable = late_write; late_write = 0; still_covers(durable) }
    od
}

/* A life's main thread and its keeper, which do their steps one after the other. */
active proctype process()
{
    byte now, exact, runs;
    bool ok;
    do
    :: atomic { runs < RUNS -> runs++; life = runs };
        {
            atomic { /* ord_service_open: claim and start */
                select (now : 0 .. TICKS - 1); /* the wall clock */
                now = MAX(now, ANCHOR);        /* ord_clock_anchor */
                anchor = now;
                next = MAX(now * SLOTS, USED);
                limit = FIRST_LIMIT;
                serving = SERVES_AT_ONCE
            };
            reserve(now, ok);
            if
            :: ok -> serving = true
            :: else -> goto gone /* the daemon cannot start */
            fi;
            do
            :: atomic { select (now : anchor .. TICKS - 1); (now + SPAN) * SLOTS > limit }; /* it is due */
                reserve(now, ok)
            :: break
            od;
            serving = false; /* drained: no call begins, those in flight may still be there */
            stop(exact);
            released = exact;
            write(exact, ok)
        } unless { life == 0 };
gone:
        atomic { life = 0; serving = false; released = END; next = 0; limit = 0; now = 0; exact = 0; ok = 0 }
    :: else -> break
    od
}

/* kill -9, power loss. */
active proctype crash()
{
end:
    do
    :: atomic { life != 0 -> life = 0; serving = false }
    od
}

active [CALLERS] proctype caller()
{
    byte seen, first, count, now, floor, mine;
end:
    do
    :: atomic { serving && mine == 0 -> mine = life };
        { take(released) } unless { life != mine };
        atomic { mine = 0; seen = 0; first = 0; count = 0; now = 0; floor = 0 }
    od
}
