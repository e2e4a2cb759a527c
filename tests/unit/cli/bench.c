#include <criterion/criterion.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/bench_figures.h"
#include "cli/bench_live.h"
#include "cli/bench_report.h"
#include "cli/bench_target.h"

/* Targets */

static void expect_address(const char *address, const char *host, const char *port)
{
    struct ord_bench_target target;
    cr_assert_eq(ord_bench_target_of_address(address, &target, NULL), ORD_OK, "%s", address);
    cr_assert_str_eq(target.host, host);
    cr_assert_str_eq(target.port, port);
    cr_assert_str_eq(target.prefix, "");
}

Test(bench, addresses_are_taken_apart)
{
    expect_address("127.0.0.1:50051", "127.0.0.1", "50051");
    expect_address("[::1]:1", "::1", "1");
    expect_address("ids.example.net:443", "ids.example.net", "443");
}

static void expect_url(const char *url, const char *host, const char *port, const char *prefix)
{
    struct ord_bench_target target;
    struct ord_error error;
    cr_assert_eq(ord_bench_target_of_url(url, &target, &error), ORD_OK, "%s: %s", url, error.text);
    cr_assert_str_eq(target.host, host);
    cr_assert_str_eq(target.port, port);
    cr_assert_str_eq(target.prefix, prefix);
}

Test(bench, urls_are_taken_apart)
{
    expect_url("http://127.0.0.1:8080", "127.0.0.1", "8080", "");
    expect_url("http://127.0.0.1:8080/", "127.0.0.1", "8080", "");
    expect_url("http://[::1]:8080/a/b//", "::1", "8080", "/a/b");
    expect_url("http://ids.example.net", "ids.example.net", "80", "");
}

Test(bench, https_and_what_is_too_long_is_refused)
{
    struct ord_bench_target target;
    struct ord_error error;
    char url[700] = "http://host/";
    cr_assert_eq(ord_bench_target_of_url("https://host", &target, &error), ORD_INVALID_ARGUMENT);
    cr_assert_not_null(strstr(error.text, "no TLS"), "%s", error.text);
    memset(url + strlen(url), 'x', 300);
    cr_assert_eq(ord_bench_target_of_url(url, &target, &error), ORD_INVALID_ARGUMENT);
    memset(url, 'h', 600);
    strcpy(url + 600, ":1");
    cr_assert_eq(ord_bench_target_of_address(url, &target, &error), ORD_INVALID_ARGUMENT);
}

/* Figures */

static void expect_time(double ns, const char *text)
{
    char got[ORD_BENCH_TIME_MAX];
    ord_bench_time_text(ns, got);
    cr_assert_str_eq(got, text);
}

Test(bench, times_have_three_digits_and_a_unit)
{
    expect_time(0, "0 ns");
    expect_time(999, "999 ns");
    expect_time(1000, "1.00 µs");
    expect_time(1234, "1.23 µs");
    expect_time(9996, "10.0 µs");
    expect_time(99960, "100 µs");
    expect_time(999600, "1.00 ms");
    expect_time(12345678, "12.3 ms");
    expect_time(5e9, "5.00 s");
    expect_time(1234e9, "1234 s");
}

/* Reports */

static struct ord_bench_plan plan = {
    .is_grpc = true,
    .ids = 1,
    .connections = 8,
    .in_flight = 32,
    .threads = 1,
    .duration_ms = 10000,
    .warm_up_ms = 1000,
};
static struct ord_bench_result result;
static struct ord_bench_report report = {
    .plan = &plan,
    .result = &result,
    .target = "127.0.0.1:50051",
    .command = "ordinal bench \"quoted\"",
};

static void begin(void)
{
    result.calls = result.ids = 1000;
    result.checked = 1100;
    result.warm_up_calls = 100;
    result.elapsed_ns = 2000000000;
    result.threads = result.issuers = 1;
    result.in_flight = 32;
    for (uint64_t i = 1; i <= 1000; i++)
        ord_percentiles_record(&result.latency, i * 1000);
}

static char *written(void (*write)(const struct ord_bench_report *, FILE *))
{
    static char *text; /* the compiler takes open_memstream for the end of a local one's life */
    static size_t size;
    FILE *out = open_memstream(&text, &size);
    write(&report, out);
    fclose(out);
    return text;
}

static void write_json(const struct ord_bench_report *of, FILE *out)
{
    cr_assert(ord_bench_write_json(of, out));
}

static void expect_text(const char *words)
{
    char *text = written(ord_bench_write_text);
    cr_assert_not_null(strstr(text, words), "no \"%s\" in %s", words, text);
    free(text);
}

Test(bench, a_good_report_passes, .init = begin)
{
    expect_text("calls        1000 (500/s)\n");
    expect_text("\n  p99        9");
    expect_text("\n  max        1.00 ms\n");
    expect_text("verdict      passed\n");
    cr_assert_null(ord_bench_fault(&result));
}

Test(bench, each_fault_fails, .init = begin)
{
    result.repeated = 1;
    expect_text("verdict      FAILED: the promise");
    result.repeated = 0;
    result.reordered = 1;
    expect_text("verdict      FAILED: the promise");
    result.reordered = 0;
    result.is_unchecked = true;
    expect_text("verdict      FAILED: there was not enough memory");
    result.is_unchecked = false;
    result.calls = 0;
    expect_text("verdict      FAILED: it ended before anything was measured");
    result.warm_up_calls = 0;
    expect_text("verdict      FAILED: no call");
}

Test(bench, what_is_wrong_is_named, .init = begin)
{
    result.repeated = result.reordered = 1;
    result.finding_count = 2;
    result.findings[0] = (struct ord_finding){.is_repetition = true, .id = 42};
    result.findings[1] = (struct ord_finding){.id = 7, .above = 9};
    expect_text("  42 came twice\n");
    expect_text("  7 is not above 9, which");
}

Test(bench, an_open_loop_tells_its_schedule, .init = begin)
{
    plan.rate = 500;
    result.due = 1200;
    expect_text("schedule     1200 calls were due, 0 of them never sent; not behind at the end\n");
    result.unsent = 200;
    result.behind_ns = 400000000;
    expect_text("schedule     1200 calls were due, 200 of them never sent; 400 ms behind at the end\n");
    expect_text("counted from when a call was due");
}

Test(bench, a_bench_that_is_busy_says_so, .init = begin)
{
    result.cpu_ns = result.busiest_cpu_ns = 1900000000;
    expect_text("bench        1.90 ms of CPU a call, busiest thread 95 %: it may be the limit");
}

/* One sample, and samples as far apart as can be. */
Test(bench, any_histogram_has_few_rows)
{
    result.calls = 1;
    ord_percentiles_record(&result.latency, 5);
    for (int i = 0; i < 2; i++) {
        char *text = written(ord_bench_write_text), *histogram = strstr(text, "histogram"), *end;
        int lines = 0;
        end = strstr(histogram, "status");
        for (char *at = histogram; at < end; at++)
            lines += *at == '\n';
        cr_assert(lines >= 2 && lines <= 22, "%s", text);
        free(text);
        ord_percentiles_record(&result.latency, UINT64_C(1) << 40);
    }
}

Test(bench, nothing_measured_is_written_too)
{
    free(written(ord_bench_write_text));
    free(written(ord_bench_write_csv));
    free(written(write_json));
}

Test(bench, csv_quotes, .init = begin)
{
    char *text = written(ord_bench_write_csv);
    cr_assert_not_null(strstr(text, ",\"ordinal bench \"\"quoted\"\"\",true\n"), "%s", text);
    free(text);
}

Test(bench, texts_that_are_no_utf_8_are_json_too, .init = begin)
{
    ord_outcomes_note(&result.failures, "UNAVAILABLE", "odd \xff byte", 2);
    report.command = "ordinal \xc3";
    char *text = written(write_json);
    json_t *read = json_loads(text, 0, NULL);
    cr_assert_not_null(read, "%s", text);
    cr_assert_not_null(strstr(text, "odd ? byte"), "%s", text);
    json_decref(read);
    free(text);
}

/* The live view */

Test(bench, the_live_line_is_about_the_time_between)
{
    static struct ord_percentiles latency;
    char line[ORD_BENCH_LINE_MAX];
    struct ord_bench_view before = {.elapsed_ns = 1000000000, .calls = 1000, .ids = 1000};
    struct ord_bench_view now = {
        .elapsed_ns = 3000000000, .is_warm = true, .calls = 5000, .ids = 401000, .failed = 1};
    ord_bench_live_text(&plan, &before, &now, &latency, line);
    cr_assert_str_eq(line, "3 of 11 s: 2.0k calls/s, 200.0k IDs/s, p99 –, 1 failed");
    ord_percentiles_record(&latency, 1500000);
    now.is_warm = false;
    ord_bench_live_text(&plan, &before, &now, &latency, line);
    cr_assert_str_eq(line, "3 of 11 s (warm-up): 2.0k calls/s, 200.0k IDs/s, p99 1.50 ms, 1 failed");
}
