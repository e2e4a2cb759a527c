/*
 * What `ordinal bench` measured: as text for people, as one line of JSON with the whole histogram, or as CSV, a
 * line of names and one of values. One thread.
 */
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include "bench/bench.h"

struct ord_bench_report {
    const struct ord_bench_plan *plan;
    const struct ord_bench_result *result;
    const char *target;  /* address or URL */
    const char *command; /* the whole command line */
    bool is_stopped;     /* it was ended early */
};

/* Why the bench failed; NULL: some calls were answered, and nothing is wrong with the IDs. Static. */
const char *ord_bench_fault(const struct ord_bench_result *result);

void ord_bench_write_text(const struct ord_bench_report *report, FILE *out);
void ord_bench_write_csv(const struct ord_bench_report *report, FILE *out);

/* False: no memory. */
bool ord_bench_write_json(const struct ord_bench_report *report, FILE *out);

/* "GetIds", "/v1/ids": what a plan calls. Static. */
const char *ord_bench_method(const struct ord_bench_plan *plan);
