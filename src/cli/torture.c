#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/time.h"
#include "cli/cli.h"
#include "cli/load.h"
#include "cli/progress.h"
#include "cli/torture_report.h"
#include "cli/victim.h"

/* Each run is killed at some moment between these. */
#define LOAD_MIN_MS 10
#define LOAD_MAX_MS 400

/* Slots of a tick, which is a millisecond, in the default layout. */
#define SLOTS_PER_MS 4096

struct torture {
    struct ord_victim_options victim;
    struct ord_torture_report report;
    struct ord_progress progress;
    unsigned seed;
    int64_t gaps_ms; /* sum */
};

/* ordinald beside this program, as it is installed. */
static bool find_daemon(char ret[PATH_MAX])
{
    static const char name[] = "/ordinald";
    ssize_t length = readlink("/proc/self/exe", ret, PATH_MAX - sizeof name);
    if (length <= 0)
        return false;
    ret[length] = '\0';
    char *slash = strrchr(ret, '/');
    strcpy(slash ? slash : ret, name);
    return true;
}

/* The moment of a kill is a matter of time, not of a condition. */
static void let_run(struct torture *torture)
{
    long ms = LOAD_MIN_MS + rand_r(&torture->seed) % (LOAD_MAX_MS - LOAD_MIN_MS);
    nanosleep(&(struct timespec){.tv_nsec = ms * 1000000L}, NULL);
}

static void note_gap(struct torture *torture, uint64_t highest_before)
{
    struct ord_torture_report *report = &torture->report;
    int64_t gap_ms = ((int64_t)report->tally.lowest - (int64_t)highest_before) / SLOTS_PER_MS;
    torture->gaps_ms += gap_ms;
    report->gap_mean_ms = torture->gaps_ms / (int64_t)++report->gaps;
    if (gap_ms > report->gap_longest_ms)
        report->gap_longest_ms = gap_ms;
}

/* Starts ordinald, loads it, kills it; what was received goes into the tally whatever happens. */
static enum ord_code run_once(struct torture *torture, struct ord_error *error)
{
    struct ord_torture_report *report = &torture->report;
    struct ord_tally before = report->tally;
    struct ord_victim victim;
    struct ord_load *load = NULL;
    struct ord_error ended;
    if (ord_victim_start(&torture->victim, &victim, error) != ORD_OK)
        return error->code;
    snprintf(report->daemon_version, sizeof report->daemon_version, "%s", victim.version);

    enum ord_code code = ord_load_start(victim.grpc, victim.http, &load, error);
    if (code == ORD_OK)
        let_run(torture);
    int64_t killed_ns = ord_boot_ns();
    enum ord_code kill_code = ord_victim_kill(&victim, &ended);
    if (load)
        code = ord_load_finish(load, killed_ns, &report->tally, error);
    if (kill_code != ORD_OK)
        *error = ended;
    if (before.calls > 0 && report->tally.calls > before.calls)
        note_gap(torture, before.highest);
    return code != ORD_OK ? code : kill_code;
}

static void run_all(struct torture *torture)
{
    struct ord_torture_report *report = &torture->report;
    ord_progress_start(&torture->progress, isatty(STDERR_FILENO) ? STDERR_FILENO : -1, report->cycles);
    struct ord_error error;
    while (report->cycles_done < report->cycles && report->failure.code == ORD_OK) {
        if (run_once(torture, &error) != ORD_OK)
            report->failure = error;
        else
            report->cycles_done++;
        ord_progress_show(&torture->progress, report->cycles_done);
    }
    ord_progress_clear(&torture->progress);
}

static enum ord_exit write_report(const struct ord_cli *cli, const struct ord_torture_report *report)
{
    struct ord_arena arena;
    ord_arena_init(&arena, NULL, 0);
    const char *text = cli->is_json ? ord_torture_json(report, &arena) : ord_torture_text(report, &arena);
    if (text)
        ord_output_text(cli->output, text);
    ord_arena_finish(&arena);
    if (text)
        return ord_torture_passed(report) ? ORD_EXIT_DONE : ORD_EXIT_FAILED;
    return ord_cli_fail(cli, &(struct ord_error){.code = ORD_INTERNAL, .text = "no memory"});
}

/* What is left of the arguments goes to ordinald. NULL: no memory. */
static const char **arguments_of(const struct ord_settings *settings, size_t *ret_count)
{
    int count = ord_settings_argument_count(settings);
    const char **arguments = calloc((size_t)count + 1, sizeof *arguments);
    for (int i = 0; arguments && i < count; i++)
        arguments[i] = ord_settings_argument(settings, i);
    *ret_count = (size_t)count;
    return arguments;
}

static enum ord_exit torture(struct ord_cli *cli, const char *daemon, const char *directory)
{
    struct torture torture = {
        .seed = (unsigned)ord_boot_ns(),
        .report = {.daemon = daemon, .cycles = (uint64_t)ord_settings_number(cli->settings, "cycles")},
    };
    struct ord_torture_report *report = &torture.report;
    struct ord_error error;
    const char **arguments = arguments_of(cli->settings, &torture.victim.argument_count);
    if (!arguments || ord_ground_open(directory, &report->ground, &error) != ORD_OK) {
        free(arguments);
        return arguments ? ord_cli_fail(cli, &error) : ORD_EXIT_FAILED;
    }
    torture.victim.program = daemon;
    torture.victim.state_dir = report->ground.state;
    torture.victim.arguments = arguments;
    run_all(&torture);

    enum ord_exit status = write_report(cli, report);
    if (status == ORD_EXIT_DONE)
        ord_ground_remove(&report->ground);
    else
        fprintf(stderr, "ordinal: torture: the state is kept in %s\n", report->ground.state);
    ord_tally_finish(&report->tally);
    free(arguments);
    return status;
}

enum ord_exit ord_verb_torture(struct ord_cli *cli)
{
    const char *directory = ord_settings_text(cli->settings, "directory");
    const char *daemon = ord_settings_text(cli->settings, "daemon");
    char beside[PATH_MAX];
    struct ord_error error;
    if (!directory) {
        ord_fail(&error, ORD_INVALID_ARGUMENT, "--directory is needed: a new one, on the disk to be tried");
        return ord_cli_misused(cli->verb, &error);
    }
    if (!daemon && !find_daemon(beside)) {
        ord_fail(&error, ORD_INVALID_ARGUMENT, "ordinald is not found; name it with --daemon");
        return ord_cli_misused(cli->verb, &error);
    }
    return torture(cli, daemon ? daemon : beside, directory);
}
