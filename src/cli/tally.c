#include "cli/tally.h"

#include <stdlib.h>
#include <string.h>

#define ROOM_MIN 64

/* Room for one more element of an array that doubles. */
static bool make_room(void **array, size_t count, size_t *room, size_t size)
{
    if (count < *room)
        return true;
    size_t more = *room ? *room * 2 : ROOM_MIN;
    void *grown = reallocarray(*array, more, size);
    if (!grown)
        return false;
    *array = grown;
    *room = more;
    return true;
}

/* The first span that ends at `slot`, right before it, or later. */
static size_t first_touching(const struct ord_span_set *set, uint64_t slot)
{
    size_t low = 0, high = set->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (set->spans[middle].last < slot && slot - set->spans[middle].last > 1)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static uint64_t overlap(struct ord_span a, struct ord_span b)
{
    uint64_t first = a.first > b.first ? a.first : b.first;
    uint64_t last = a.last < b.last ? a.last : b.last;
    return first <= last ? last - first + 1 : 0;
}

/* Whether `a`, which does not lie below `b` with a gap, touches or overlaps it. */
static bool touches(struct ord_span a, struct ord_span b)
{
    return a.first <= b.last || a.first - b.last == 1;
}

bool ord_span_set_add(struct ord_span_set *set, struct ord_span span, uint64_t *ret_repeated)
{
    if (!make_room((void **)&set->spans, set->count, &set->room, sizeof *set->spans))
        return false;

    size_t at = first_touching(set, span.first), end = at;
    uint64_t repeated = 0;
    for (; end < set->count && touches(set->spans[end], span); end++)
        repeated += overlap(set->spans[end], span);
    struct ord_span joined = span;
    if (end > at && set->spans[at].first < joined.first)
        joined.first = set->spans[at].first;
    if (end > at && set->spans[end - 1].last > joined.last)
        joined.last = set->spans[end - 1].last;

    memmove(set->spans + at + 1, set->spans + end, (set->count - end) * sizeof *set->spans);
    set->spans[at] = joined;
    set->count = set->count + 1 - (end - at);
    *ret_repeated = repeated;
    return true;
}

void ord_span_set_finish(struct ord_span_set *set)
{
    free(set->spans);
    *set = (struct ord_span_set){0};
}

bool ord_record_span(struct ord_record *record, struct ord_span span)
{
    if (!make_room((void **)&record->spans, record->span_count, &record->span_room, sizeof *record->spans))
        return false;
    record->spans[record->span_count++] = span;
    return true;
}

bool ord_record_call(struct ord_record *record, int64_t began_ns, int64_t ended_ns)
{
    if (!make_room((void **)&record->calls, record->call_count, &record->call_room, sizeof *record->calls))
        return false;
    record->calls[record->call_count++] = (struct ord_record_call){began_ns, ended_ns, record->span_count};
    return true;
}

void ord_record_finish(struct ord_record *record)
{
    free(record->calls);
    free(record->spans);
    *record = (struct ord_record){0};
}

/* A call as the sweep over time needs it. */
struct moment {
    int64_t began_ns, ended_ns;
    uint64_t low, high;
};

/* Counts the spans of a call that do not rise, and takes the ends of what it got. */
static uint64_t read_call(const struct ord_span *spans, size_t count, struct moment *moment)
{
    uint64_t falls = 0;
    moment->low = UINT64_MAX;
    moment->high = 0;
    for (size_t i = 0; i < count; i++) {
        falls += i > 0 && spans[i].first <= moment->high;
        moment->low = spans[i].first < moment->low ? spans[i].first : moment->low;
        moment->high = spans[i].last > moment->high ? spans[i].last : moment->high;
    }
    return falls;
}

static bool add_record(struct ord_tally *tally, const struct ord_record *record, struct moment *moments)
{
    for (size_t i = 0, at = 0; i < record->call_count; at = record->calls[i++].spans_end) {
        const struct ord_record_call *call = &record->calls[i];
        moments[i] = (struct moment){.began_ns = call->began_ns, .ended_ns = call->ended_ns};
        tally->reordered += read_call(record->spans + at, call->spans_end - at, &moments[i]);
    }
    for (size_t i = 0; i < record->span_count; i++) {
        uint64_t repeated;
        if (!ord_span_set_add(&tally->given, record->spans[i], &repeated))
            return false;
        tally->repeated += repeated;
        tally->slots += record->spans[i].last - record->spans[i].first + 1;
    }
    tally->calls += record->call_count;
    return true;
}

static int by_begin(const void *a, const void *b)
{
    int64_t left = ((const struct moment *)a)->began_ns, right = ((const struct moment *)b)->began_ns;
    return (left > right) - (left < right);
}

static int by_end(const void *a, const void *b)
{
    int64_t left = ((const struct moment *)a)->ended_ns, right = ((const struct moment *)b)->ended_ns;
    return (left > right) - (left < right);
}

/* Sweeps over begins and ends in time: what a call got lies above all that calls got that ended before it
 * began. */
static void check_order(struct ord_tally *tally, struct moment *begins, struct moment *ends, size_t count)
{
    qsort(begins, count, sizeof *begins, by_begin);
    qsort(ends, count, sizeof *ends, by_end);
    uint64_t highest = tally->highest;
    bool any = tally->calls > count;
    for (size_t i = 0, done = 0; i < count; i++) {
        for (; done < count && ends[done].ended_ns < begins[i].began_ns; done++) {
            highest = ends[done].high > highest ? ends[done].high : highest;
            any = true;
        }
        tally->reordered += any && begins[i].low <= highest;
    }
    tally->lowest = UINT64_MAX;
    for (size_t i = 0; i < count; i++) {
        tally->highest = ends[i].high > tally->highest ? ends[i].high : tally->highest;
        tally->lowest = ends[i].low < tally->lowest ? ends[i].low : tally->lowest;
    }
}

bool ord_tally_add(struct ord_tally *tally, const struct ord_record *records, size_t count)
{
    size_t calls = 0;
    for (size_t i = 0; i < count; i++)
        calls += records[i].call_count;
    struct moment *begins = calloc(2 * calls + 1, sizeof *begins);
    bool added = begins != NULL;
    for (size_t i = 0, at = 0; added && i < count; at += records[i++].call_count)
        added = add_record(tally, &records[i], begins + at);
    if (added && calls > 0) {
        memcpy(begins + calls, begins, calls * sizeof *begins);
        check_order(tally, begins, begins + calls, calls);
    }
    free(begins);
    return added;
}

void ord_tally_finish(struct ord_tally *tally)
{
    ord_span_set_finish(&tally->given);
    *tally = (struct ord_tally){0};
}
