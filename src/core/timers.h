/*
 * Points in time that are waited for, the next one first: a heap of timers that live in their owners' structs.
 *
 * A plain value without clocks; times are numbers on a scale of the owner's. One thread at a time.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ord_timer {
    int64_t due_ns;
    size_t place; /* in the heap, counted from 1; 0: not set. A zeroed timer is one that is not set */
};

struct ord_timers {
    struct ord_timer **heap;
    size_t count, room;
};

/* Makes room for `count` timers in all. False: no memory. */
bool ord_timers_reserve(struct ord_timers *timers, size_t count);

/* Frees the heap; the timers are their owners'. */
void ord_timers_finish(struct ord_timers *timers);

/* Sets a timer, or sets it anew. There has to be room for it. */
void ord_timers_set(struct ord_timers *timers, struct ord_timer *timer, int64_t due_ns);

/* Does nothing to a timer that is not set. */
void ord_timers_unset(struct ord_timers *timers, struct ord_timer *timer);

/* The one that is due first; NULL: none is set. */
struct ord_timer *ord_timers_first(const struct ord_timers *timers);
