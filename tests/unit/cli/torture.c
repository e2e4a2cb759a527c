#include "cli/torture_report.h"

#include <criterion/criterion.h>
#include <string.h>

static struct ord_torture_report good(void)
{
    return (struct ord_torture_report){
        .daemon = "/usr/bin/ordinald",
        .daemon_version = "1.2.3",
        .ground = {.file_system = "ext4 on /dev/x at / (rw)",
                   .flush_median_us = 1500,
                   .flush_slowest_us = 20000},
        .tally = {.calls = 10, .slots = 1000},
        .cycles = 20,
        .cycles_done = 20,
        .gaps = 19,
        .gap_mean_ms = 2500,
        .gap_longest_ms = 4000,
    };
}

static void expect(const struct ord_torture_report *report, bool passed, const char *words)
{
    struct ord_arena arena;
    ord_arena_init(&arena, NULL, 0);
    const char *text = ord_torture_text(report, &arena), *json = ord_torture_json(report, &arena);
    cr_assert_eq(ord_torture_passed(report), passed, "%s", text);
    cr_assert_not_null(strstr(text, words), "no \"%s\" in %s", words, text);
    cr_assert_not_null(strstr(json, passed ? "\"passed\":true" : "\"passed\":false"), "%s", json);
    ord_arena_finish(&arena);
}

Test(torture, a_good_report_passes)
{
    struct ord_torture_report report = good();
    expect(&report, true, "verdict      passed\n");
    expect(&report, true, "1.500 ms (median), 20.000 ms (slowest)");
    expect(&report, true, "2.500 s (mean), 4.000 s (longest)");
}

Test(torture, each_fault_fails)
{
    struct ord_torture_report report = good();
    report.tally.repeated = 1;
    expect(&report, false, "FAILED: the promise");
    report = good();
    report.tally.reordered = 1;
    expect(&report, false, "FAILED: the promise");
    report = good();
    report.cycles_done--;
    expect(&report, false, "FAILED: the torture could not be finished");
    report = good();
    ord_fail(&report.failure, ORD_INTERNAL, "it broke");
    expect(&report, false, "failure      it broke\n");
}

Test(torture, nothing_received_proves_nothing)
{
    struct ord_torture_report report = good();
    report.tally = (struct ord_tally){0};
    expect(&report, false, "FAILED: the torture could not be finished");
}
