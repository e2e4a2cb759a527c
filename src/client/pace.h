/*
 * How many IDs to ask for at a time.
 *
 * The measure is the time from one request to the next: each is sent when half of what the one before brought
 * is used up. Times between `low` and `high` are left as they are; a shorter one doubles the number, a longer
 * one makes it smaller. So the number follows the rate, at some 10 to 50 requests a second, and from one
 * request to the next doubles if it has to.
 *
 * Pure: time comes in as a value. One thread.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct ord_pace {
    uint32_t batch;      /* what to ask for now */
    uint32_t min, max;   /* what the owner wants; fewer than `min` only where the server has no more */
    uint32_t layout_max; /* the most that this server was not found to refuse */
    uint32_t runs_max;   /* as many as come in runs that can be kept */
    int64_t low_ns, high_ns;
    int64_t round_trip_ns; /* the shortest that was seen of this server; longer ones are waits for room */
    int64_t max_age_ns;
};

/* Starts with `min` IDs. IDs are to be used up within `max_age_ns`. */
void ord_pace_init(struct ord_pace *ret_pace, uint32_t min, uint32_t max, int64_t max_age_ns);

/* A request is due `since_ns` after the one before it. */
void ord_pace_asked(struct ord_pace *pace, int64_t since_ns);

/* The server answered within `took_ns`, with `runs` (at least 1) runs; `runs_max` can be kept. */
void ord_pace_answered(struct ord_pace *pace, int64_t took_ns, uint32_t runs, uint32_t runs_max);

/* The server has no room for as many just now. */
void ord_pace_crowded(struct ord_pace *pace);

/* The server never gives as many. False if there are no fewer to ask for. */
bool ord_pace_too_many(struct ord_pace *pace);

/* The server is gone; the next one may be another. */
void ord_pace_lost(struct ord_pace *pace);
