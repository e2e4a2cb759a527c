/*
 * What callers of one sequence may expect, worked out anew from nothing but what they asked and were told, and
 * from what is stored.
 *
 * Values count as steps from where the sequence stood when it was created, set or revived last: an era. Within
 * one no step is given twice, steps rise, and those that were given to nobody are accounted for.
 */
#pragma once

#include "sim/sequences/shelf.h"

#define ORACLE_STEPS 8192

struct oracle {
    bool is_live;
    struct ord_sequence what;
    int64_t base; /* step 0 */
    bool is_given[ORACLE_STEPS];
    int64_t high;       /* the highest step that was given; -1: none */
    uint64_t given;     /* so many were */
    uint64_t lost;      /* steps that calls without an answer may have taken for good */
    uint64_t open;      /* steps that such calls may have taken, whose key may still bring them */
    uint64_t under_way; /* steps that calls may take which nobody has answered yet */
    uint64_t skipped;   /* steps that crashes may have skipped */
    uint64_t reserved;  /* steps for a call that was refused, since others had taken too many meanwhile */
};

/* An era begins: the sequence is `what`, and `next` comes next. */
void oracle_begin(struct oracle *oracle, const struct ord_sequence *what, int64_t next);

/* Steps that there are from the base up to the maximum; of more than fit, that many. */
int64_t oracle_steps(const struct oracle *oracle);

/* A crash: what was reserved may never come. */
void oracle_skip(struct oracle *oracle);

/* These return NULL, or what is wrong. */

/* Values were given to a call that began when `floor` was the highest step. */
const char *oracle_give(struct oracle *oracle, int64_t first, uint32_t count, int64_t floor);

/* They were given before, and are once more. */
const char *oracle_repeat(const struct oracle *oracle, int64_t first, int64_t first_before);

/* Whether what is stored covers all that was given, and reserves no more than it should: `spare` steps. */
const char *oracle_check_stored(const struct oracle *oracle, const struct ord_sequence_record *record,
                                uint64_t spare);

/* No call is under way: what is missing is accounted for. */
const char *oracle_check_missing(const struct oracle *oracle);

/* A call for `count` steps, which began when `floor` was the highest step, was refused since so many are not
 * left. */
const char *oracle_refuse(struct oracle *oracle, uint32_t count, int64_t floor);

/* Whether it may stand further than at the step after the highest. */
bool oracle_may_be_ahead(const struct oracle *oracle);

/* The sequence is said to be at `next`, by a call that began when `floor` was the highest step. */
const char *oracle_check_told(const struct oracle *oracle, const struct ord_position *at, int64_t floor);
