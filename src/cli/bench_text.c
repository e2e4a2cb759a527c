#include <inttypes.h>
#include <string.h>

#include "cli/bench_figures.h"
#include "cli/bench_report.h"

#define ROWS_MAX 20
#define BAR_MAX 40
#define BUSY 0.9 /* of a core: from here on a thread of the bench may be the limit */

static void line(FILE *out, const char *name)
{
    fprintf(out, "%-12s ", name);
}

static const char *plural(uint64_t count)
{
    return count == 1 ? "" : "s";
}

static void write_streams(const struct ord_bench_report *report, FILE *out)
{
    const struct ord_bench_plan *plan = report->plan;
    const struct ord_bench_result *result = report->result;
    if (plan->mode != ORD_BENCH_STREAM)
        return;
    fprintf(out, ", on %" PRIu32 " stream%s", plan->streams, plural(plan->streams));
    if (result->streams > 0 && result->streams < plan->streams)
        fprintf(out, " (the server allows %" PRIu32 ")", result->streams);
}

static void write_load(const struct ord_bench_report *report, FILE *out)
{
    const struct ord_bench_plan *plan = report->plan;
    const struct ord_bench_result *result = report->result;
    line(out, "target");
    fprintf(out, "%s, %s %s", report->target, plan->is_grpc ? "gRPC" : "REST", ord_bench_method(plan));
    if (plan->mode != ORD_BENCH_UNARY)
        fprintf(out, ", %" PRIu32 " ID%s a %s", plan->ids, plural(plan->ids),
                plan->mode == ORD_BENCH_STREAM ? "message" : "call");
    fputc('\n', out);

    line(out, "load");
    fprintf(out, "%" PRIu32 " connection%s, %" PRIu32 " in flight on each", plan->connections,
            plural(plan->connections), plan->in_flight);
    if (result->in_flight > 0 && result->in_flight < plan->in_flight)
        fprintf(out, " (the server allows %" PRIu32 ")", result->in_flight);
    write_streams(report, out);
    if (plan->rate > 0)
        fprintf(out, ", open loop of %" PRIu64 " calls/s", plan->rate);
    else
        fprintf(out, ", closed loop");
    fprintf(out, ", %" PRIu32 " thread%s\n", result->threads, plural(result->threads));
    line(out, "time");
    fprintf(out, "%.3f s%s after %.3f s of warm-up\n", (double)result->elapsed_ns / 1e9,
            report->is_stopped ? ", ended early," : "", (double)plan->warm_up_ms / 1e3);
}

static void write_counts(const struct ord_bench_report *report, FILE *out)
{
    const struct ord_bench_result *result = report->result;
    line(out, "calls");
    fprintf(out, "%" PRIu64 " (%.0f/s)\n", result->calls, ord_bench_rate(result, result->calls));
    line(out, "IDs");
    fprintf(out, "%" PRIu64 " (%.0f/s)\n", result->ids, ord_bench_rate(result, result->ids));
    if (report->plan->rate == 0)
        return;
    char behind[ORD_BENCH_TIME_MAX];
    ord_bench_time_text((double)result->behind_ns, behind);
    line(out, "schedule");
    fprintf(out, "%" PRIu64 " calls were due, %" PRIu64 " of them never sent; %s behind at the end\n",
            result->due, result->unsent, result->unsent > 0 ? behind : "not");
}

static void write_latency(const struct ord_bench_report *report, FILE *out)
{
    const struct ord_bench_result *result = report->result;
    char text[ORD_BENCH_TIME_MAX];
    if (result->calls == 0)
        return;
    ord_bench_time_text(ord_bench_mean_ns(result), text);
    line(out, "latency");
    fprintf(out, "%s mean, %s\n", text,
            report->plan->rate > 0 ? "counted from when a call was due" : "counted from when a call was sent");
    for (size_t i = 0; i < ORD_BENCH_PERCENTILES; i++) {
        const struct ord_bench_percentile *row = &ord_bench_percentiles[i];
        ord_bench_time_text((double)ord_percentiles_at(&result->latency, row->percent), text);
        fprintf(out, "  %-10s %s\n", row->name, text);
    }
    ord_bench_time_text((double)result->latency.max_ns, text);
    fprintf(out, "  %-10s %s\n", "max", text);
}

/* The buckets from the shortest sample to the longest, joined until they make few rows. */
struct rows {
    size_t first, last; /* rows: buckets divided by `width` */
    size_t width;
};

static struct rows rows_of(const struct ord_percentiles *latency)
{
    size_t first = 0, last = ORD_PERCENTILES_BUCKETS - 1, width = 8;
    while (first < last && latency->counts[first] == 0)
        first++;
    while (last > first && latency->counts[last] == 0)
        last--;
    while (last / width - first / width >= ROWS_MAX)
        width *= 2;
    return (struct rows){first / width, last / width, width};
}

static uint64_t count_of_row(const struct ord_percentiles *latency, struct rows rows, size_t row)
{
    uint64_t count = 0;
    for (size_t i = 0; i < rows.width; i++)
        count += latency->counts[row * rows.width + i];
    return count;
}

static void write_histogram(const struct ord_percentiles *latency, FILE *out)
{
    uint64_t total = ord_percentiles_count(latency), most = 1;
    if (total == 0)
        return;
    struct rows rows = rows_of(latency);
    for (size_t row = rows.first; row <= rows.last; row++)
        if (count_of_row(latency, rows, row) > most)
            most = count_of_row(latency, rows, row);
    line(out, "histogram");
    fputs("up to        calls\n", out);
    for (size_t row = rows.first; row <= rows.last; row++) {
        uint64_t count = count_of_row(latency, rows, row);
        char text[ORD_BENCH_TIME_MAX];
        ord_bench_time_text((double)ord_percentiles_last_ns((row + 1) * rows.width - 1), text);
        bool micro = strstr(text, "µ"); /* two bytes, one column */
        fprintf(out, "  %*s %12" PRIu64 " %6.2f %% ", micro ? 11 : 10, text, count,
                (double)count * 100 / (double)total);
        for (uint64_t i = 0; i < count * BAR_MAX / most; i++)
            fputc('#', out);
        fputc('\n', out);
    }
}

static void write_status(const struct ord_bench_result *result, FILE *out)
{
    line(out, "status");
    fprintf(out, "OK %" PRIu64, result->calls);
    for (size_t i = 0; i < result->failures.count; i++)
        fprintf(out, ", %s %" PRIu64, result->failures.rows[i].status, result->failures.rows[i].count);
    fputc('\n', out);
    for (size_t i = 0; i < result->failures.count; i++) {
        const struct ord_outcome *row = &result->failures.rows[i];
        for (size_t j = 0; j < ORD_OUTCOME_MESSAGES && row->messages[j].count > 0; j++)
            fprintf(out, "  %s: %s (%" PRIu64 ")\n", row->status, row->messages[j].text,
                    row->messages[j].count);
    }
    line(out, "warm-up");
    fprintf(out, "%" PRIu64 " calls, %" PRIu64 " failed\n", result->warm_up_calls, result->warm_up_failed);
    line(out, "connections");
    fprintf(out, "%" PRIu64 " made, %" PRIu64 " refused", result->connects, result->refused);
    fprintf(out, result->refused > 0 ? ": %s\n" : "\n", result->refusal);
}

static void write_check(const struct ord_bench_result *result, FILE *out)
{
    line(out, "checked");
    fprintf(out, "%" PRIu64 " IDs of %" PRIu32 " issuer%s, those of the warm-up too\n", result->checked,
            result->issuers, plural(result->issuers));
    line(out, "duplicates");
    fprintf(out, "%" PRIu64 "%s\n", result->repeated,
            result->is_unchecked ? " found before memory ran out" : "");
    line(out, "out of order");
    fprintf(out, "%" PRIu64, result->reordered);
    if (result->unordered > 0)
        fprintf(out, "; %" PRIu64 " IDs not checked, being of more than %d issuers", result->unordered,
                ORD_ISSUERS_MAX);
    fputc('\n', out);
    for (size_t i = 0; i < result->finding_count; i++) {
        const struct ord_finding *finding = &result->findings[i];
        if (finding->is_repetition)
            fprintf(out, "  %" PRId64 " came twice\n", finding->id);
        else
            fprintf(out, "  %" PRId64 " is not above %" PRId64 ", which came before it was asked for\n",
                    finding->id, finding->above);
    }
}

static void write_environment(const struct ord_bench_report *report, FILE *out)
{
    const struct ord_bench_result *result = report->result;
    struct ord_bench_environment environment;
    ord_bench_environment(&environment);
    char cpu[ORD_BENCH_TIME_MAX];
    ord_bench_time_text(ord_bench_cpu_ns_per_call(result), cpu);
    line(out, "bench");
    fprintf(out, "%s of CPU a call, busiest thread %.0f %%%s\n", cpu, ord_bench_busy(result) * 100,
            ord_bench_busy(result) > BUSY ? ": it may be the limit; try --threads" : "");
    line(out, "environment");
    fprintf(out, "%ld cores, %s, %s %s %s, ordinal " ORDINAL_VERSION "\n", environment.cores, environment.cpu,
            environment.names.sysname, environment.names.release, environment.names.machine);
    line(out, "command");
    fprintf(out, "%s\n", report->command);
    const char *fault = ord_bench_fault(result);
    line(out, "verdict");
    fprintf(out, "%s%s\n", fault ? "FAILED: " : "passed", fault ? fault : "");
}

void ord_bench_write_text(const struct ord_bench_report *report, FILE *out)
{
    write_load(report, out);
    write_counts(report, out);
    write_latency(report, out);
    write_histogram(&report->result->latency, out);
    write_status(report->result, out);
    write_check(report->result, out);
    write_environment(report, out);
}
