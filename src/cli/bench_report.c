#include "cli/bench_report.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "cli/bench_figures.h"

const char *ord_bench_fault(const struct ord_bench_result *result)
{
    if (result->repeated > 0 || result->reordered > 0)
        return "the promise of unique, rising IDs is broken";
    if (result->is_unchecked)
        return "there was not enough memory to check all IDs";
    if (result->calls > 0)
        return NULL;
    return result->warm_up_calls > 0 && ord_outcomes_total(&result->failures) == 0
               ? "it ended before anything was measured"
               : "no call was answered well";
}

const char *ord_bench_method(const struct ord_bench_plan *plan)
{
    static const char *const names[][2] = {
        [ORD_BENCH_UNARY] = {"/v1/id", "GetId"},
        [ORD_BENCH_BATCH] = {"/v1/ids", "GetIds"},
        [ORD_BENCH_STREAM] = {"", "StreamIds"},
    };
    return names[plan->mode][plan->is_grpc];
}

static const char *const loops[] = {"closed", "open"};

/* JSON */

static json_t *number(uint64_t value)
{
    return json_integer((json_int_t)value);
}

/* A text of others' making may be no UTF-8, which JSON cannot hold. */
static json_t *text_json(const char *text)
{
    json_t *string = json_string(text);
    char *copy = string ? NULL : strdup(text);
    for (char *at = copy; at && *at; at++)
        *at = (char)((unsigned char)*at < 0x80 ? *at : '?');
    if (copy)
        string = json_string(copy);
    free(copy);
    return string;
}

static json_t *load_json(const struct ord_bench_report *report)
{
    const struct ord_bench_plan *plan = report->plan;
    return json_pack("{s:o, s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:s, s:o, s:o, s:o, s:o, s:b}", "target",
                     text_json(report->target), "protocol", plan->is_grpc ? "grpc" : "rest", "method",
                     ord_bench_method(plan), "idsPerCall", number(plan->ids), "connections",
                     number(plan->connections), "inFlight", number(plan->in_flight), "inFlightAllowed",
                     number(report->result->in_flight), "streams", number(plan->streams), "loop",
                     loops[plan->rate > 0], "rate", number(plan->rate), "threads",
                     number(report->result->threads), "warmUpMs", number((uint64_t)plan->warm_up_ms),
                     "durationMs", number((uint64_t)plan->duration_ms), "endedEarly", report->is_stopped);
}

static json_t *histogram_json(const struct ord_percentiles *latency)
{
    json_t *rows = json_array();
    for (size_t i = 0; i < ORD_PERCENTILES_BUCKETS; i++)
        if (latency->counts[i] > 0)
            json_array_append_new(rows, json_pack("{s:o, s:o}", "upToNs", number(ord_percentiles_last_ns(i)),
                                                  "calls", number(latency->counts[i])));
    return rows;
}

static json_t *latency_json(const struct ord_bench_result *result)
{
    json_t *object = json_pack("{s:f}", "meanNs", ord_bench_mean_ns(result));
    for (size_t i = 0; i < ORD_BENCH_PERCENTILES; i++)
        json_object_set_new(object, ord_bench_percentiles[i].name,
                            number(ord_percentiles_at(&result->latency, ord_bench_percentiles[i].percent)));
    json_object_set_new(object, "max", number(result->latency.max_ns));
    json_object_set_new(object, "histogram", histogram_json(&result->latency));
    return object;
}

/* By status; each with a few messages. */
static json_t *failures_json(const struct ord_outcomes *failures)
{
    json_t *object = json_object();
    for (size_t i = 0; i < failures->count; i++) {
        const struct ord_outcome *row = &failures->rows[i];
        json_t *messages = json_array();
        for (size_t j = 0; j < ORD_OUTCOME_MESSAGES && row->messages[j].count > 0; j++)
            json_array_append_new(messages, json_pack("{s:o, s:o}", "text", text_json(row->messages[j].text),
                                                      "calls", number(row->messages[j].count)));
        json_object_set_new(object, row->status,
                            json_pack("{s:o, s:o}", "calls", number(row->count), "messages", messages));
    }
    return object;
}

static json_t *findings_json(const struct ord_bench_result *result)
{
    json_t *rows = json_array();
    for (size_t i = 0; i < result->finding_count; i++) {
        const struct ord_finding *finding = &result->findings[i];
        json_t *row = json_pack("{s:s, s:o}", "fault", finding->is_repetition ? "duplicate" : "out of order",
                                "id", json_sprintf("%" PRId64, finding->id));
        if (!finding->is_repetition)
            json_object_set_new(row, "above", json_sprintf("%" PRId64, finding->above));
        json_array_append_new(rows, row);
    }
    return rows;
}

static json_t *check_json(const struct ord_bench_result *result)
{
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:b, s:o}", "ids", number(result->checked), "issuers",
                     number(result->issuers), "duplicates", number(result->repeated), "outOfOrder",
                     number(result->reordered), "orderNotChecked", number(result->unordered), "isComplete",
                     !result->is_unchecked, "findings", findings_json(result));
}

static json_t *environment_json(const struct ord_bench_report *report)
{
    struct ord_bench_environment environment;
    ord_bench_environment(&environment);
    return json_pack("{s:I, s:s, s:s, s:s, s:s, s:s, s:o, s:f, s:f}", "cores", (json_int_t)environment.cores,
                     "cpu", environment.cpu, "system", environment.names.sysname, "kernel",
                     environment.names.release, "machine", environment.names.machine, "version",
                     ORDINAL_VERSION, "command", text_json(report->command), "benchCpuNsPerCall",
                     ord_bench_cpu_ns_per_call(report->result), "benchBusiestThread",
                     ord_bench_busy(report->result));
}

bool ord_bench_write_json(const struct ord_bench_report *report, FILE *out)
{
    const struct ord_bench_result *result = report->result;
    uint64_t failed = ord_outcomes_total(&result->failures);
    json_t *object = json_pack(
        "{s:o, s:I, s:o, s:o, s:f, s:f, s:o, s:o, s:o, s:o, s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:b, s:s?}",
        "load", load_json(report), "elapsedNs", (json_int_t)result->elapsed_ns, "calls", number(result->calls),
        "ids", number(result->ids), "callsPerSecond", ord_bench_rate(result, result->calls), "idsPerSecond",
        ord_bench_rate(result, result->ids), "failed", number(failed), "failures",
        failures_json(&result->failures), "due", number(result->due), "unsent", number(result->unsent),
        "behindNs", (json_int_t)result->behind_ns, "warmUpCalls", number(result->warm_up_calls), "warmUpFailed",
        number(result->warm_up_failed), "connects", number(result->connects), "refused",
        number(result->refused), "latency", latency_json(result), "check", check_json(result), "passed",
        !ord_bench_fault(result), "fault", ord_bench_fault(result));
    if (object)
        json_object_set_new(object, "environment", environment_json(report));
    bool written = object && json_dumpf(object, out, JSON_COMPACT) == 0 && fputc('\n', out) != EOF;
    json_decref(object);
    return written;
}

/* CSV */

static void csv_text(FILE *out, const char *text)
{
    fputc('"', out);
    for (; *text; text++) {
        if (*text == '"')
            fputc('"', out);
        fputc(*text, out);
    }
    fputc('"', out);
}

static void csv_latency(const struct ord_bench_result *result, FILE *out)
{
    fprintf(out, ",%.0f", ord_bench_mean_ns(result));
    for (size_t i = 0; i < ORD_BENCH_PERCENTILES; i++)
        fprintf(out, ",%" PRIu64, ord_percentiles_at(&result->latency, ord_bench_percentiles[i].percent));
    fprintf(out, ",%" PRIu64, (uint64_t)result->latency.max_ns);
}

static void csv_names(FILE *out)
{
    fputs("target,protocol,method,ids_per_call,connections,in_flight,streams,threads,rate,elapsed_s,calls,ids,"
          "calls_"
          "per_s,"
          "ids_per_s,failed,unsent,mean_ns",
          out);
    for (size_t i = 0; i < ORD_BENCH_PERCENTILES; i++)
        fprintf(out, ",%s_ns", ord_bench_percentiles[i].name);
    fputs(",max_ns,checked,duplicates,out_of_order,bench_cpu_ns_per_call,cores,cpu,kernel,version,command,"
          "passed\n",
          out);
}

void ord_bench_write_csv(const struct ord_bench_report *report, FILE *out)
{
    const struct ord_bench_plan *plan = report->plan;
    const struct ord_bench_result *result = report->result;
    struct ord_bench_environment environment;
    ord_bench_environment(&environment);
    csv_names(out);
    csv_text(out, report->target);
    fprintf(out, ",%s,%s,%" PRIu32 ",%" PRIu32 ",%" PRIu32 ",%" PRIu32 ",%" PRIu32 ",%" PRIu64,
            plan->is_grpc ? "grpc" : "rest", ord_bench_method(plan), plan->ids, plan->connections,
            plan->in_flight, plan->streams, result->threads, plan->rate);
    fprintf(out, ",%.3f,%" PRIu64 ",%" PRIu64 ",%.0f,%.0f,%" PRIu64 ",%" PRIu64,
            (double)result->elapsed_ns / 1e9, result->calls, result->ids, ord_bench_rate(result, result->calls),
            ord_bench_rate(result, result->ids), ord_outcomes_total(&result->failures), result->unsent);
    csv_latency(result, out);
    fprintf(out, ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%.0f,%ld,", result->checked, result->repeated,
            result->reordered, ord_bench_cpu_ns_per_call(result), environment.cores);
    csv_text(out, environment.cpu);
    fprintf(out, ",%s," ORDINAL_VERSION ",", environment.names.release);
    csv_text(out, report->command);
    fprintf(out, ",%s\n", ord_bench_fault(result) ? "false" : "true");
}
