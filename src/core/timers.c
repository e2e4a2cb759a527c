#include "core/timers.h"

#include <stdlib.h>

bool ord_timers_reserve(struct ord_timers *timers, size_t count)
{
    if (count <= timers->room)
        return true;
    size_t room = timers->room * 2 > count ? timers->room * 2 : count;
    struct ord_timer **heap = reallocarray(timers->heap, room, sizeof *heap);
    if (!heap)
        return false;
    timers->heap = heap;
    timers->room = room;
    return true;
}

void ord_timers_finish(struct ord_timers *timers)
{
    free(timers->heap);
    *timers = (struct ord_timers){0};
}

static void put(struct ord_timers *timers, size_t place, struct ord_timer *timer)
{
    timers->heap[place - 1] = timer;
    timer->place = place;
}

static int64_t due_at(const struct ord_timers *timers, size_t place)
{
    return timers->heap[place - 1]->due_ns;
}

/* Moves a timer towards the top as far as it is due before those above it. */
static void rise(struct ord_timers *timers, struct ord_timer *timer)
{
    size_t place = timer->place;
    for (; place > 1 && timer->due_ns < due_at(timers, place / 2); place /= 2)
        put(timers, place, timers->heap[place / 2 - 1]);
    put(timers, place, timer);
}

/* Moves a timer down as far as some below it are due before it. */
static void sink(struct ord_timers *timers, struct ord_timer *timer)
{
    size_t place = timer->place;
    for (;;) {
        size_t below = place * 2;
        if (below < timers->count && due_at(timers, below + 1) < due_at(timers, below))
            below++;
        if (below > timers->count || due_at(timers, below) >= timer->due_ns)
            break;
        put(timers, place, timers->heap[below - 1]);
        place = below;
    }
    put(timers, place, timer);
}

void ord_timers_set(struct ord_timers *timers, struct ord_timer *timer, int64_t due_ns)
{
    timer->due_ns = due_ns;
    if (timer->place == 0)
        put(timers, ++timers->count, timer);
    rise(timers, timer);
    sink(timers, timer);
}

void ord_timers_unset(struct ord_timers *timers, struct ord_timer *timer)
{
    if (timer->place == 0)
        return;
    struct ord_timer *last = timers->heap[--timers->count];
    if (last != timer) {
        put(timers, timer->place, last);
        rise(timers, last);
        sink(timers, last);
    }
    timer->place = 0;
}

struct ord_timer *ord_timers_first(const struct ord_timers *timers)
{
    return timers->count > 0 ? timers->heap[0] : NULL;
}
