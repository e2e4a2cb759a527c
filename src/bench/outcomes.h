/*
 * How calls ended that brought no IDs: counted by status, with a few messages of each. One thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ORD_OUTCOMES_MAX 32
#define ORD_OUTCOME_MESSAGES 3
#define ORD_OUTCOME_STATUS_MAX 32
#define ORD_OUTCOME_TEXT_MAX 200

struct ord_outcome_message {
    uint64_t count;
    char text[ORD_OUTCOME_TEXT_MAX];
};

struct ord_outcome {
    char status[ORD_OUTCOME_STATUS_MAX]; /* "RESOURCE_EXHAUSTED", "429" */
    uint64_t count;
    struct ord_outcome_message messages[ORD_OUTCOME_MESSAGES]; /* the first ones that differ; count 0: none */
};

/* All zero is an empty table. */
struct ord_outcomes {
    size_t count;
    struct ord_outcome rows[ORD_OUTCOMES_MAX]; /* the last one takes what finds no room: status "other" */
};

/* Counts `times` calls that ended like that; a message that is new and finds no room is left out. */
void ord_outcomes_note(struct ord_outcomes *outcomes, const char *status, const char *message, uint64_t times);

/* Adds all that `part` has. */
void ord_outcomes_add(struct ord_outcomes *into, const struct ord_outcomes *part);

/* How many calls there are in the table. */
uint64_t ord_outcomes_total(const struct ord_outcomes *outcomes);
