/* The options of the verbs that make load. */
#include "cli/options.h"

const struct ord_option ord_bench_options[ORD_BENCH_OPTIONS_COUNT] = {
    {
        .name = "mode",
        .type = ORD_OPTION_CHOICE,
        .scope = ORD_SCOPE_FLAG_ONLY,
        .preset = "unary",
        .choices = "unary|batch|stream",
        .argument = "MODE",
        .help = "What to call: unary for one ID a call, batch for several, stream for messages on long-lived "
                "streams, which only gRPC has.",
    },
    {
        .name = "ids",
        .letter = 'n',
        .type = ORD_OPTION_INTEGER,
        .scope = ORD_SCOPE_FLAG_ONLY,
        .min = 1,
        .max = 1000000,
        .argument = "N",
        .help = "How many IDs each call, or message of a stream, asks for. Without it 100 in a batch, 1 in a "
                "stream.",
    },
    {
        .name = "connections",
        .letter = 'c',
        .type = ORD_OPTION_INTEGER,
        .scope = ORD_SCOPE_FLAG_ONLY,
        .min = 1,
        .max = 10000,
        .argument = "N",
        .help = "How many connections. Without it 8 for gRPC, 64 for REST.",
    },
    {
        .name = "in-flight",
        .letter = 'm',
        .type = ORD_OPTION_INTEGER,
        .scope = ORD_SCOPE_FLAG_ONLY,
        .min = 1,
        .max = 10000,
        .argument = "N",
        .help =
            "How many calls at once on each connection, as far as the server allows them; over REST they are "
            "pipelined. Without it 32 for gRPC, 1 for REST.",
    },
    {
        .name = "streams",
        .type = ORD_OPTION_INTEGER,
        .scope = ORD_SCOPE_FLAG_ONLY,
        .min = 1,
        .max = 100,
        .argument = "N",
        .help = "With --mode stream: how many streams the messages in flight on each connection are spread "
                "over, no "
                "more than these are. Without it one.",
    },
    {
        .name = "rate",
        .type = ORD_OPTION_INTEGER,
        .scope = ORD_SCOPE_FLAG_ONLY,
        .min = 1,
        .max = 100000000,
        .argument = "N",
        .help = "Open loop: so many calls a second in all, whether answers come or not. The latency of a call "
                "counts "
                "from when it was due. Without it the loop is closed: each answer lets the next call go.",
    },
    {
        .name = "duration",
        .letter = 'd',
        .type = ORD_OPTION_DURATION,
        .scope = ORD_SCOPE_FLAG_ONLY,
        .preset = "10s",
        .min = 1,
        .max = 7 * 24 * 3600 * INT64_C(1000),
        .argument = "DURATION",
        .help = "How long to measure.",
    },
    {
        .name = "warm-up",
        .type = ORD_OPTION_DURATION,
        .scope = ORD_SCOPE_FLAG_ONLY,
        .preset = "1s",
        .min = 0,
        .max = 3600 * 1000,
        .argument = "DURATION",
        .help = "How long to load before measuring. IDs are checked from the start.",
    },
    {
        .name = "threads",
        .type = ORD_OPTION_INTEGER,
        .scope = ORD_SCOPE_FLAG_ONLY,
        .min = 1,
        .max = 256,
        .argument = "N",
        .help = "How many threads make the load. Without it one for every two cores.",
    },
};

const struct ord_option ord_torture_options[ORD_TORTURE_OPTIONS_COUNT] = {
    {
        .name = "directory",
        .type = ORD_OPTION_TEXT,
        .scope = ORD_SCOPE_FLAG_ONLY,
        .argument = "DIR",
        .help =
            "Where to work: a name that is not there yet, on the disk to be tried. A directory that an earlier "
            "torture made can be used again; any other is refused.",
    },
    {
        .name = "cycles",
        .letter = 'n',
        .type = ORD_OPTION_INTEGER,
        .scope = ORD_SCOPE_FLAG_ONLY,
        .preset = "20",
        .min = 1,
        .max = 1000000,
        .argument = "N",
        .help = "How often ordinald is killed.",
    },
    {
        .name = "daemon",
        .type = ORD_OPTION_TEXT,
        .scope = ORD_SCOPE_FLAG_ONLY,
        .argument = "PATH",
        .help = "The ordinald to try. Without it, the one beside this program.",
    },
};
