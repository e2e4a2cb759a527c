/*
 * What `ordinal torture` received, and what is wrong with it: slot numbers given twice, and calls that got
 * lower ones than a call that had ended before they began.
 *
 * Slots are kept as spans, neighbours joined, so that a run of the daemon takes a few of them however many IDs
 * it gave. One thread; a record may be filled by another.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/spans.h"

/* One call that was answered. Its spans are those of its record before `spans_end`, from the end of the call
 * before it. */
struct ord_record_call {
    int64_t began_ns, ended_ns; /* by one clock for all callers */
    size_t spans_end;
};

/* The answered calls of one caller, one after another. All zero is the empty record. */
struct ord_record {
    struct ord_record_call *calls;
    size_t call_count, call_room;
    struct ord_span *spans;
    size_t span_count, span_room;
};

/* Adds a span to the call that is under way; ends this call, with at least one span. False: no memory. */
bool ord_record_span(struct ord_record *record, struct ord_span span);
bool ord_record_call(struct ord_record *record, int64_t began_ns, int64_t ended_ns);

/* Gives the memory back; the record is empty then. */
void ord_record_finish(struct ord_record *record);

/* All zero is a tally of nothing. */
struct ord_tally {
    struct ord_span_set given;
    uint64_t highest; /* of all slots given */
    uint64_t lowest;  /* of those that the newest run gave, if it gave any */
    uint64_t calls, slots;
    uint64_t repeated;  /* slots that were given before */
    uint64_t reordered; /* spans that do not lie above all that came earlier */
};

/*
 * Adds what the callers of one run of the daemon received. Each of its calls began after all calls of earlier
 * runs had ended. False: no memory; the tally is good for nothing but to be finished.
 */
bool ord_tally_add(struct ord_tally *tally, const struct ord_record *records, size_t count);

void ord_tally_finish(struct ord_tally *tally);
