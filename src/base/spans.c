#include "base/spans.h"

#include <stdlib.h>
#include <string.h>

#define ROOM_MIN 64

static bool make_room(struct ord_span_set *set)
{
    if (set->count < set->room)
        return true;
    size_t more = set->room ? set->room * 2 : ROOM_MIN;
    struct ord_span *grown = reallocarray(set->spans, more, sizeof *grown);
    if (!grown)
        return false;
    set->spans = grown;
    set->room = more;
    return true;
}

/* The first span that ends at `number`, right before it, or later. */
static size_t first_touching(const struct ord_span_set *set, uint64_t number)
{
    size_t low = 0, high = set->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (set->spans[middle].last < number && number - set->spans[middle].last > 1)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void note_overlap(struct ord_span_repeats *repeats, struct ord_span a, struct ord_span b)
{
    uint64_t first = a.first > b.first ? a.first : b.first;
    uint64_t last = a.last < b.last ? a.last : b.last;
    if (first > last)
        return;
    if (repeats->count == 0)
        repeats->lowest = first;
    repeats->count += last - first + 1;
}

/* Whether `a`, which does not lie below `b` with a gap, touches or overlaps it. */
static bool touches(struct ord_span a, struct ord_span b)
{
    return a.first <= b.last || a.first - b.last == 1;
}

bool ord_span_set_add(struct ord_span_set *set, struct ord_span span, struct ord_span_repeats *ret_repeats)
{
    if (!make_room(set))
        return false;

    size_t at = first_touching(set, span.first), end = at;
    struct ord_span_repeats repeats = {0};
    for (; end < set->count && touches(set->spans[end], span); end++)
        note_overlap(&repeats, set->spans[end], span);
    struct ord_span joined = span;
    if (end > at && set->spans[at].first < joined.first)
        joined.first = set->spans[at].first;
    if (end > at && set->spans[end - 1].last > joined.last)
        joined.last = set->spans[end - 1].last;

    memmove(set->spans + at + 1, set->spans + end, (set->count - end) * sizeof *set->spans);
    set->spans[at] = joined;
    set->count = set->count + 1 - (end - at);
    *ret_repeats = repeats;
    return true;
}

void ord_span_set_finish(struct ord_span_set *set)
{
    free(set->spans);
    *set = (struct ord_span_set){0};
}
