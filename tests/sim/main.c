/*
 * sim: histories of a fleet, each made from a seed. `--help` says how.
 *
 * Status 0: all is well. 1: a history broke a promise; its seed and its last steps are on stdout. 2: usage.
 */
#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "sim/fleet.h"

static const char usage[] =
    "usage: sim [--histories N] [--seed S] [--nodes N] [--trace] [--progress N]\n"
    "  makes N histories (1000) from the seeds S, S + 1, ... (1) of fleets of some, or of N, nodes;\n"
    "  --trace prints each step, --progress the totals so far after each N histories, on stderr\n";

struct arguments {
    uint64_t histories, seed, progress;
    unsigned nodes;
    bool trace;
};

static bool read_arguments(int argc, char **argv, struct arguments *ret)
{
    static const struct option options[] = {
        {"histories", required_argument, NULL, 'n'}, {"seed", required_argument, NULL, 's'},
        {"nodes", required_argument, NULL, 'N'},     {"progress", required_argument, NULL, 'p'},
        {"trace", no_argument, NULL, 't'},           {NULL, 0, NULL, 0},
    };
    *ret = (struct arguments){.histories = 1000, .seed = 1};
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        uint64_t number = optarg ? strtoull(optarg, NULL, 10) : 0;
        if (option == 'n')
            ret->histories = number;
        else if (option == 's')
            ret->seed = number;
        else if (option == 'N')
            ret->nodes = number > 1024 ? 1024 : (unsigned)number;
        else if (option == 'p')
            ret->progress = number;
        else if (option == 't')
            ret->trace = true;
        else
            return false;
    }
    return optind == argc;
}

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void print_counts(const struct sim_trace *trace, const struct sim_fleet *fleet, uint64_t histories,
                         FILE *out)
{
    fprintf(out, "histories %" PRIu64 ", IDs %" PRIu64 ", duplicates 0, repeated on copies %" PRIu64 "\n",
            histories, fleet->ids, fleet->repeated_on_copies);
    for (int event = 0; event < SIM_EVENTS; event++)
        fprintf(out, "  %-28s %12" PRIu64 "\n", sim_event_name(event), trace->counts[event]);
}

/* Makes the history once more, to see how it ended. */
static int tell(uint64_t seed, unsigned nodes, const char *failure)
{
    static struct sim_trace trace;
    static struct sim_fleet fleet;
    trace.keep = true;
    sim_history(&fleet, &trace, seed, nodes);
    sim_trace_print_last(&trace, stdout);
    printf("FAILED: %s\nseed %" PRIu64 "; again with: sim --histories 1 --seed %" PRIu64, failure, seed, seed);
    if (nodes > 0)
        printf(" --nodes %u", nodes);
    printf(" --trace\n");
    return 1;
}

int main(int argc, char **argv)
{
    static struct sim_trace trace;
    static struct sim_fleet fleet;
    struct arguments arguments;
    if (!read_arguments(argc, argv, &arguments)) {
        fputs(usage, stderr);
        return 2;
    }
    double began = seconds();
    trace.out = arguments.trace ? stdout : NULL;
    for (uint64_t i = 0; i < arguments.histories; i++) {
        if (!sim_history(&fleet, &trace, arguments.seed + i, arguments.nodes))
            return tell(arguments.seed + i, arguments.nodes, fleet.failure);
        if (arguments.progress > 0 && (i + 1) % arguments.progress == 0) {
            fprintf(stderr, "after %.0f s: ", seconds() - began);
            print_counts(&trace, &fleet, i + 1, stderr);
        }
    }
    print_counts(&trace, &fleet, arguments.histories, stdout);
    printf("seeds %" PRIu64 " to %" PRIu64 ", hash %016" PRIx64 "\n", arguments.seed,
           arguments.seed + arguments.histories - 1, trace.hash);
    fprintf(stderr, "%.1f s\n", seconds() - began);
    return 0;
}
