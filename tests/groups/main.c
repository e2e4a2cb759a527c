/*
 * groups: histories of a group, each made from a seed: members join, renew, leave, expire, send and
 * acknowledge; what is dirty is written, or cannot be; the process dies, before or after what it wrote is known
 * to be there. After each step the group is what the model says.
 *
 *     groups [HISTORIES [SEED]]   as many from the seeds SEED, SEED + 1, …
 *
 * Status 0: all is well. 1: a history went wrong; its seed and last steps are on stdout.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "groups/history.h"

int main(int argc, char **argv)
{
    static struct history history;
    uint64_t histories = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000;
    uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
    for (uint64_t i = 0; i < histories; i++) {
        const char *fault = history_play(&history, seed + i, false);
        if (!fault)
            continue;
        history_play(&history, seed + i, true);
        printf("FAILED: %s\nseed %" PRIu64 "; again with: groups 1 %" PRIu64 "\n", fault, seed + i, seed + i);
        return 1;
    }
    printf("histories %" PRIu64 "\n", histories);
    for (int event = 0; event < EVENTS; event++)
        printf("  %-20s %12" PRIu64 "\n", history_event_names[event], history_counts[event]);
    return 0;
}
