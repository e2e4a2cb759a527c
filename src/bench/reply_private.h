/*
 * Private to the readers of replies: what all of them check.
 */
#pragma once

#include "bench/reply.h"

/* The runs of one reply so far. */
struct ord_run_sum {
    ord_run_taker *take;
    void *context;
    uint32_t wanted;
    uint64_t count;
};

/* Checks a run and hands it on. NULL, or what is wrong with it. */
const char *ord_run_sum_add(struct ord_run_sum *sum, const struct ord_run *run);

/* NULL if the runs add up to what was wanted, or what is wrong. */
const char *ord_run_sum_end(const struct ord_run_sum *sum);
