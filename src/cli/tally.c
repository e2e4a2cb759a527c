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
        struct ord_span_repeats repeats;
        if (!ord_span_set_add(&tally->given, record->spans[i], &repeats))
            return false;
        tally->repeated += repeats.count;
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
