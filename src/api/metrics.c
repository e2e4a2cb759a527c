#include "api/metrics_private.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "api/methods.h"
#include "base/time.h"
#include "sequence/sequences.h"

static const char *const front_names[ORD_FRONTS] = {
    [ORD_FRONT_GRPC] = "grpc",
    [ORD_FRONT_REST] = "rest",
};

/* The last row counts calls of what is not there. */
#define UNKNOWN (ORD_METRICS_METHODS - 1)

void ord_metrics_call(struct ord_metrics *metrics, enum ord_front front, const struct ord_method *method,
                      enum ord_code code, uint64_t latency_ns, uint32_t ids)
{
    size_t row = method ? (size_t)(method - ord_methods) : UNKNOWN;
    atomic_fetch_add_explicit(&metrics->by[front][row].calls[code], 1, memory_order_relaxed);
    ord_histogram_record(&metrics->by[front][row].latency, latency_ns);
    if (ids > 0)
        atomic_fetch_add_explicit(&metrics->ids[front], ids, memory_order_relaxed);
}

struct page {
    ord_sink *sink;
    void *context;
};

__attribute__((format(printf, 2, 3))) static void line(const struct page *page, const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    int length = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    page->sink(page->context, text, (size_t)length);
}

static void heading(const struct page *page, const char *name, const char *type, const char *help)
{
    line(page, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static const char *row_name(size_t row)
{
    return row == UNKNOWN ? "unknown" : ord_methods[row].name;
}

/* The rows of the table, then the one for the unknown. */
static size_t next_row(size_t row)
{
    return row + 1 < ord_method_count ? row + 1 : row == UNKNOWN ? UNKNOWN + 1 : UNKNOWN;
}

static void write_calls(const struct page *page, const struct ord_metrics *metrics)
{
    heading(page, "ordinal_calls_total", "counter", "Calls that ended, by protocol, method and code.");
    for (int front = 0; front < ORD_FRONTS; front++)
        for (size_t row = 0; row <= UNKNOWN; row = next_row(row))
            for (int code = 0; code < ORD_CODES; code++) {
                uint64_t calls =
                    atomic_load_explicit(&metrics->by[front][row].calls[code], memory_order_relaxed);
                if (calls > 0 || (code == ORD_OK && row != UNKNOWN))
                    line(page, "ordinal_calls_total{protocol=\"%s\",method=\"%s\",code=\"%s\"} %" PRIu64 "\n",
                         front_names[front], row_name(row), ord_code_info(code)->name, calls);
            }
}

static void write_histogram(const struct page *page, const char *labels, const struct ord_histogram *histogram)
{
    uint64_t total = 0;
    for (int i = 0; i < ORD_HISTOGRAM_BUCKETS; i++) {
        char bound[24] = "+Inf";
        if (i < ORD_HISTOGRAM_BUCKETS - 1)
            snprintf(bound, sizeof bound, "%g", (double)ord_histogram_bounds_us[i] / 1e6);
        total += atomic_load_explicit(&histogram->counts[i], memory_order_relaxed);
        line(page, "ordinal_call_duration_seconds_bucket{%s,le=\"%s\"} %" PRIu64 "\n", labels, bound, total);
    }
    line(page, "ordinal_call_duration_seconds_sum{%s} %.9f\n", labels,
         (double)atomic_load_explicit(&histogram->sum_ns, memory_order_relaxed) / 1e9);
    line(page, "ordinal_call_duration_seconds_count{%s} %" PRIu64 "\n", labels, total);
}

static void write_latency(const struct page *page, const struct ord_metrics *metrics)
{
    heading(page, "ordinal_call_duration_seconds", "histogram",
            "Time from the arrival of a call to its reply, by protocol and method.");
    for (int front = 0; front < ORD_FRONTS; front++)
        for (size_t row = 0; row < ord_method_count; row++) {
            char labels[128];
            snprintf(labels, sizeof labels, "protocol=\"%s\",method=\"%s\"", front_names[front], row_name(row));
            write_histogram(page, labels, &metrics->by[front][row].latency);
        }
}

static void write_ids(const struct page *page, const struct ord_metrics *metrics)
{
    heading(page, "ordinal_ids_total", "counter", "IDs given, by protocol.");
    for (int front = 0; front < ORD_FRONTS; front++)
        line(page, "ordinal_ids_total{protocol=\"%s\"} %" PRIu64 "\n", front_names[front],
             atomic_load_explicit(&metrics->ids[front], memory_order_relaxed));
}

static void write_seconds(const struct page *page, const char *name, const char *help, int64_t us)
{
    heading(page, name, "gauge", help);
    line(page, "%s %.6f\n", name, (double)us / 1e6);
}

static void write_clock(const struct page *page, const struct ord_service *service)
{
    struct ord_service_clock clock = ord_service_clock(service);
    heading(page, "ordinal_clock_quarantined", "gauge",
            "1 while a forward step of the wall clock waits for a decision or for the leap, else 0.");
    line(page, "ordinal_clock_quarantined %d\n", ord_service_clock_is_quarantined(service));
    heading(page, "ordinal_clock_rejected", "gauge",
            "1 while a forward step of the wall clock is rejected and has not gone, else 0.");
    line(page, "ordinal_clock_rejected %d\n", clock.step.state == ORD_CLOCK_REJECTED);
    heading(page, "ordinal_clock_leaps_total", "counter", "Steps of the wall clock that were leapt over.");
    line(page, "ordinal_clock_leaps_total %u\n", clock.leaps);
}

static void write_reservations(const struct page *page, struct ord_service *service)
{
    const struct ord_metrics *metrics = ord_service_metrics(service);
    heading(page, "ordinal_reservations_total", "counter", "Reservations that were tried, by result.");
    for (int ok = 1; ok >= 0; ok--)
        line(page, "ordinal_reservations_total{result=\"%s\"} %" PRIu64 "\n", ok ? "ok" : "failed",
             atomic_load_explicit(&metrics->reservations[ok], memory_order_relaxed));
    heading(page, "ordinal_reservation_failing", "gauge",
            "1 while the last reservation that was tried failed.");
    line(page, "ordinal_reservation_failing %d\n",
         atomic_load_explicit(&metrics->reservation_failing, memory_order_relaxed));
    write_seconds(page, "ordinal_reserved_seconds", "How much time the reservation still covers.",
                  ord_service_reserved_us(service));
}

static void write_requests(const struct page *page, struct ord_service *service)
{
    const struct ord_metrics *metrics = ord_service_metrics(service);
    heading(page, "ordinal_requests_remembered", "gauge", "Request IDs whose IDs are given again on a retry.");
    line(page, "ordinal_requests_remembered %zu\n", ord_service_requests(service));
    heading(page, "ordinal_request_commits_total", "counter",
            "Writes of request IDs to storage that were tried, by result; one can hold many.");
    for (int ok = 1; ok >= 0; ok--)
        line(page, "ordinal_request_commits_total{result=\"%s\"} %" PRIu64 "\n", ok ? "ok" : "failed",
             atomic_load_explicit(&metrics->request_commits[ok], memory_order_relaxed));
}

static void write_named(void *context, const char *name, enum ord_sequence_mode mode, uint64_t values)
{
    line(context, "ordinal_sequence_values_by_name_total{name=\"%s\",mode=\"%s\"} %" PRIu64 "\n", name,
         ord_sequence_mode_names[mode], values);
}

static void write_sequences(const struct page *page, struct ord_service *service)
{
    const struct ord_sequences *sequences = ord_service_sequences(service, NULL);
    if (!sequences)
        return;
    struct ord_sequences_counts counts = ord_sequences_counts(sequences);
    heading(page, "ordinal_sequence_values_total", "counter", "Values of sequences given, by mode.");
    for (int mode = 0; mode < ORD_SEQUENCE_MODES; mode++)
        line(page, "ordinal_sequence_values_total{mode=\"%s\"} %" PRIu64 "\n", ord_sequence_mode_names[mode],
             counts.values[mode]);
    heading(page, "ordinal_sequence_commits_total", "counter",
            "Writes of sequences to storage that were tried, by result; one can hold many.");
    for (int ok = 1; ok >= 0; ok--)
        line(page, "ordinal_sequence_commits_total{result=\"%s\"} %" PRIu64 "\n", ok ? "ok" : "failed",
             counts.commits[ok]);
    heading(page, "ordinal_sequences_loaded", "gauge", "Sequences that are in memory.");
    line(page, "ordinal_sequences_loaded %zu\n", counts.loaded);
    heading(page, "ordinal_sequence_requests_remembered", "gauge",
            "Request IDs whose values are given again on a retry.");
    line(page, "ordinal_sequence_requests_remembered %zu\n", counts.requests);
    if (!ord_sequences_counts_names(sequences))
        return;
    heading(page, "ordinal_sequence_values_by_name_total", "counter",
            "Values given of each sequence in memory, since it was read.");
    ord_sequences_by_name(sequences, write_named, (void *)page);
}

static void write_number(const struct page *page, const char *name, const char *type, const char *help,
                         uint64_t number)
{
    heading(page, name, type, help);
    line(page, "%s %" PRIu64 "\n", name, number);
}

static void write_callbacks(const struct page *page, const struct ord_rank_figures *figures)
{
    static const char *const outcomes[ORD_CALLBACK_OUTCOMES] = {
        [ORD_CALLBACK_ACCEPTED] = "accepted",   [ORD_CALLBACK_REFUSED] = "refused",
        [ORD_CALLBACK_LATE] = "late",           [ORD_CALLBACK_UNREACHABLE] = "unreachable",
        [ORD_CALLBACK_FORBIDDEN] = "forbidden", [ORD_CALLBACK_CANCELLED] = "cancelled",
    };
    heading(page, "ordinal_callback_tries_total", "counter",
            "Tries to post a command to a URL, by how they ended.");
    for (int i = 0; i < ORD_CALLBACK_OUTCOMES; i++)
        line(page, "ordinal_callback_tries_total{outcome=\"%s\"} %" PRIu64 "\n", outcomes[i],
             figures->tries[i]);
}

static void write_groups(const struct page *page, struct ord_service *service)
{
    struct ord_rank_figures figures;
    if (!ord_service_ranks(service))
        return;
    ord_ranks_figures(ord_service_ranks(service), &figures);
    write_number(page, "ordinal_groups", "gauge", "Groups that have members, commands or readers.",
                 figures.groups);
    write_number(page, "ordinal_group_members", "gauge", "Members of all groups.", figures.members);
    write_number(page, "ordinal_group_readers", "gauge", "Streams of members and observers.", figures.readers);
    write_number(page, "ordinal_group_pending", "gauge", "Deliveries that are not acknowledged.",
                 figures.pending);
    write_number(page, "ordinal_group_commands_kept", "gauge", "Commands that can be asked for.",
                 figures.commands);
    write_number(page, "ordinal_group_commands_total", "counter", "Commands that were accepted.",
                 figures.accepted);
    write_number(page, "ordinal_group_sent_total", "counter", "Commands that were sent on a stream or posted.",
                 figures.sent);
    write_number(page, "ordinal_group_acknowledged_total", "counter", "Deliveries that were acknowledged.",
                 figures.acknowledged);
    heading(page, "ordinal_group_changes_total", "counter", "Changes of membership, by kind.");
    const struct {
        const char *kind;
        uint64_t count;
    } changes[] = {{"joined", figures.joined},
                   {"left", figures.left},
                   {"expired", figures.expired},
                   {"evicted", figures.evicted}};
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++)
        line(page, "ordinal_group_changes_total{kind=\"%s\"} %" PRIu64 "\n", changes[i].kind, changes[i].count);
    heading(page, "ordinal_group_commits_total", "counter",
            "Writes of groups to storage that were tried, by result; one can hold many changes.");
    for (int ok = 1; ok >= 0; ok--)
        line(page, "ordinal_group_commits_total{result=\"%s\"} %" PRIu64 "\n", ok ? "ok" : "failed",
             figures.commits[ok]);
    write_callbacks(page, &figures);
}

static void write_state(const struct page *page, struct ord_service *service)
{
    const struct ord_place *place = ord_service_place(service);
    char fields[ORD_LAYOUT_TEXT_MAX], unit[ORD_LAYOUT_TEXT_MAX];
    ord_layout_fields_text(&place->layout, fields);
    ord_layout_unit_text(&place->layout, unit);

    heading(page, "ordinal_info", "gauge", "Version and place of this process; always 1.");
    line(page,
         "ordinal_info{version=\"%s\",node=\"%" PRIu32 "\",worker=\"%" PRIu32 "\",workers=\"%" PRIu32
         "\",layout=\"%s\",time_unit=\"%s\"} 1\n",
         ORDINAL_VERSION, place->node, place->worker, place->workers, fields, unit);
    write_seconds(page, "process_start_time_seconds", "Unix time at which this process started.",
                  ord_service_start_us(service));
    heading(page, "ordinal_ready", "gauge", "1 when calls should be sent here, else 0.");
    line(page, "ordinal_ready %d\n", ord_health_get(ord_service_health(service)) == ORD_SERVING);
    write_seconds(page, "ordinal_ahead_seconds", "How far the next ID's time leads the clock.",
                  ord_service_ahead_us(service));
    write_reservations(page, service);
    write_requests(page, service);
    write_sequences(page, service);
    write_groups(page, service);
    write_seconds(page, "ordinal_wall_clock_ahead_seconds", "Wall clock minus the clock that IDs follow.",
                  ord_service_wall_ahead_us(service));
    write_clock(page, service);
    write_seconds(page, "ordinal_layout_end_timestamp_seconds",
                  "Unix time at which the layout's time ends: no ID is given from then on.",
                  ord_layout_end_us(&place->layout));
}

void ord_metrics_write(struct ord_service *service, ord_sink *sink, void *context)
{
    struct page page = {.sink = sink, .context = context};
    const struct ord_metrics *metrics = ord_service_metrics(service);
    write_calls(&page, metrics);
    write_latency(&page, metrics);
    write_ids(&page, metrics);
    write_state(&page, service);
}
