/*
 * sim-sequences: histories of sequences, each made from a seed.
 *
 * Status 0: all is well. 1: a history broke a promise; its seed is on stdout. 2: usage.
 */
#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>

#include "sim/sequences/play.h"

static const char usage[] = "usage: sim-sequences [--histories N] [--seed S] [--trace]\n"
                            "  makes N histories (1000) from the seeds S, S + 1, ... (1)\n";

struct arguments {
    uint64_t histories, seed;
    bool trace;
};

static bool read_arguments(int argc, char **argv, struct arguments *ret)
{
    static const struct option options[] = {{"histories", required_argument, NULL, 'n'},
                                            {"seed", required_argument, NULL, 's'},
                                            {"trace", no_argument, NULL, 't'},
                                            {NULL, 0, NULL, 0}};
    *ret = (struct arguments){.histories = 1000, .seed = 1};
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        uint64_t number = optarg ? strtoull(optarg, NULL, 10) : 0;
        if (option == 'n')
            ret->histories = number;
        else if (option == 's')
            ret->seed = number;
        else if (option == 't')
            ret->trace = true;
        else
            return false;
    }
    return optind == argc;
}

int main(int argc, char **argv)
{
    static struct play_totals totals;
    char failure[200];
    struct arguments arguments;
    if (!read_arguments(argc, argv, &arguments)) {
        fputs(usage, stderr);
        return 2;
    }
    for (uint64_t i = 0; i < arguments.histories; i++) {
        uint64_t seed = arguments.seed + i;
        if (!play(seed, &totals, arguments.trace ? stdout : NULL, failure)) {
            printf("FAILED: %s\nagain with: sim-sequences --histories 1 --seed %" PRIu64 " --trace\n", failure,
                   seed);
            return 1;
        }
    }
    printf("histories %" PRIu64 ", values %" PRIu64 ", hash %016" PRIx64 "\n", arguments.histories,
           totals.values, totals.hash);
    for (int event = 0; event < PLAY_EVENTS; event++)
        printf("  %-28s %12" PRIu64 "\n", play_event_names[event], totals.events[event]);
    return 0;
}
