/*
 * Sets of 64-bit numbers, kept as spans with neighbours joined, so that numbers which were handed out without
 * gaps take little room however many they are. One thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Numbers first to last, both included. */
struct ord_span {
    uint64_t first, last;
};

/* Spans that rise and do not touch each other. All zero is the empty set. */
struct ord_span_set {
    struct ord_span *spans;
    size_t count, room;
};

/* Numbers of a span that were in a set already. */
struct ord_span_repeats {
    uint64_t count;
    uint64_t lowest; /* of them, if there are any */
};

/* Adds a span and tells what of it was there already. False, and nothing added: no memory. */
bool ord_span_set_add(struct ord_span_set *set, struct ord_span span, struct ord_span_repeats *ret_repeats);

/* Gives the memory back; the set is empty then. */
void ord_span_set_finish(struct ord_span_set *set);
