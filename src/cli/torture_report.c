#include "cli/torture_report.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <sys/utsname.h>

bool ord_torture_passed(const struct ord_torture_report *report)
{
    const struct ord_tally *tally = &report->tally;
    return report->failure.code == ORD_OK && report->cycles_done == report->cycles && tally->slots > 0 &&
           tally->repeated == 0 && tally->reordered == 0;
}

static const char *verdict_of(const struct ord_torture_report *report)
{
    if (report->tally.repeated > 0 || report->tally.reordered > 0)
        return "FAILED: the promise of unique, rising IDs is broken";
    return ord_torture_passed(report) ? "passed" : "FAILED: the torture could not be finished";
}

static const char *kernel_of(struct utsname *names, struct ord_arena *arena)
{
    uname(names);
    return ord_arena_printf(arena, "%s %s %s", names->sysname, names->release, names->machine);
}

static const char *version_of(const struct ord_torture_report *report)
{
    return *report->daemon_version ? report->daemon_version : "unknown";
}

static const char *failure_of(const struct ord_torture_report *report)
{
    return report->failure.code == ORD_OK ? "none" : report->failure.text;
}

const char *ord_torture_text(const struct ord_torture_report *report, struct ord_arena *arena)
{
    const struct ord_ground *ground = &report->ground;
    const struct ord_tally *tally = &report->tally;
    struct utsname names;
    const char *kernel = kernel_of(&names, arena);
    if (!kernel)
        return NULL;
    return ord_arena_printf(arena,
                            "ordinal      %s\n"
                            "ordinald     %s (%s)\n"
                            "kernel       %s\n"
                            "file system  %s\n"
                            "disk flush   %.3f ms (median), %.3f ms (slowest)\n"
                            "cycles       %" PRIu64 " of %" PRIu64 ", each ended by SIGKILL\n"
                            "calls        %" PRIu64 "\n"
                            "IDs          %" PRIu64 "\n"
                            "restart gap  %.3f s (mean), %.3f s (longest) between the times of IDs\n"
                            "duplicates   %" PRIu64 "\n"
                            "out of order %" PRIu64 "\n"
                            "failure      %s\n"
                            "verdict      %s\n",
                            ORDINAL_VERSION, version_of(report), report->daemon, kernel, ground->file_system,
                            (double)ground->flush_median_us / 1000, (double)ground->flush_slowest_us / 1000,
                            report->cycles_done, report->cycles, tally->calls, tally->slots,
                            (double)report->gap_mean_ms / 1000, (double)report->gap_longest_ms / 1000,
                            tally->repeated, tally->reordered, failure_of(report), verdict_of(report));
}

const char *ord_torture_json(const struct ord_torture_report *report, struct ord_arena *arena)
{
    const struct ord_ground *ground = &report->ground;
    const struct ord_tally *tally = &report->tally;
    struct utsname names;
    const char *kernel = kernel_of(&names, arena);
    if (!kernel)
        return NULL;
    json_t *object = json_pack(
        "{s:s, s:s, s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:s?, s:b}", "version",
        ORDINAL_VERSION, "daemon", report->daemon, "daemonVersion", version_of(report), "kernel", kernel,
        "fileSystem", ground->file_system, "flushMedianUs", (json_int_t)ground->flush_median_us,
        "flushSlowestUs", (json_int_t)ground->flush_slowest_us, "cyclesWanted", (json_int_t)report->cycles,
        "cycles", (json_int_t)report->cycles_done, "calls", (json_int_t)tally->calls, "ids",
        (json_int_t)tally->slots, "gapMeanMs", (json_int_t)report->gap_mean_ms, "gapLongestMs",
        (json_int_t)report->gap_longest_ms, "duplicates", (json_int_t)tally->repeated, "outOfOrder",
        (json_int_t)tally->reordered, "failure", report->failure.code == ORD_OK ? NULL : report->failure.text,
        "passed", ord_torture_passed(report));
    char *line = object ? json_dumps(object, JSON_COMPACT) : NULL;
    const char *text = line ? ord_arena_printf(arena, "%s\n", line) : NULL;
    free(line);
    json_decref(object);
    return text;
}
