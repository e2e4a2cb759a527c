#include "cli/cli.h"

#define COUNT(rows) (sizeof(rows) / sizeof *(rows))

/* --format stands with each verb that reads or writes IDs. */
#define FORMAT_ROW(text)                                                                                       \
    {                                                                                                          \
        .name = "format", .type = ORD_OPTION_CHOICE, .preset = "decimal",                                      \
        .choices = "decimal|hex|base32|base62", .argument = "FORM", .help = text                               \
    }

static const struct ord_option options[] = {
    {
        .name = "grpc",
        .type = ORD_OPTION_TEXT,
        .preset = "127.0.0.1:50051",
        .argument = "HOST:PORT",
        .help = "Talk gRPC to the server at this address.",
        .group = "Server",
    },
    {
        .name = "http",
        .type = ORD_OPTION_TEXT,
        .argument = "URL",
        .help = "Talk REST to the server at this URL instead. It is what stands before /v1, such as "
                "http://127.0.0.1:8080. Not together with --grpc.",
        .group = "Server",
    },
    {
        .name = "timeout",
        .type = ORD_OPTION_DURATION,
        .preset = "10s",
        .min = 1,
        .max = 24 * 3600 * 1000,
        .argument = "DURATION",
        .help =
            "How long to wait for each answer. A server that is out of capacity is waited for as long, too.",
        .group = "Server",
    },
    {
        .name = "output",
        .type = ORD_OPTION_CHOICE,
        .preset = "text",
        .choices = "text|json|csv",
        .argument = "FORM",
        .help = "Write plain text, or JSON; bench also writes CSV.",
        .group = "Output",
    },
    {
        .name = "help",
        .letter = 'h',
        .type = ORD_OPTION_SWITCH,
        .scope = ORD_SCOPE_FLAG_ONLY,
        .help = "Show this help, or that of a verb, and exit.",
        .group = "Help",
    },
    {
        .name = "version",
        .type = ORD_OPTION_SWITCH,
        .scope = ORD_SCOPE_FLAG_ONLY,
        .help = "Show the version and exit.",
        .group = "Help",
    },
    {
        .name = "generate",
        .type = ORD_OPTION_CHOICE,
        .scope = ORD_SCOPE_FLAG_ONLY,
        .choices = "man|bash|zsh|fish|markdown",
        .argument = "FORM",
        .help = "Write the man page, the completion for a shell, or the table of options, and exit.",
        .group = "Help",
    },
};

/* Empty means none in the protocol, and would be no protection. */
static enum ord_code check_key(const char *text, struct ord_error *error)
{
    if (*text)
        return ORD_OK;
    return ord_fail(error, ORD_INVALID_ARGUMENT, "it is empty; allowed 1 to 128 printable ASCII characters");
}

static const struct ord_option get_options[] = {
    {
        .name = "count",
        .letter = 'n',
        .type = ORD_OPTION_INTEGER,
        .scope = ORD_SCOPE_FLAG_ONLY,
        .preset = "1",
        .min = 1,
        .max = INT64_MAX,
        .argument = "N",
        .help = "How many IDs.",
    },
    {
        .name = "tag",
        .type = ORD_OPTION_INTEGER,
        .scope = ORD_SCOPE_FLAG_ONLY,
        .preset = "0",
        .min = 0,
        .max = UINT32_MAX,
        .argument = "T",
        .help = "A value of your own in the tag bits of each ID, if the server's layout has any.",
    },
    {
        .name = "request-id",
        .type = ORD_OPTION_TEXT,
        .scope = ORD_SCOPE_FLAG_ONLY,
        .argument = "KEY",
        .check = check_key,
        .help =
            "A key of your own, 1 to 128 printable ASCII characters: the same key brings the same IDs, so that "
            "a call whose answer was lost can be repeated. For one batch.",
    },
    {
        .name = "batch",
        .type = ORD_OPTION_INTEGER,
        .preset = "100000",
        .min = 1,
        .max = 1000000,
        .argument = "N",
        .help =
            "How many IDs to ask for at once. Fewer are asked for if the server's layout cannot give as many.",
    },
    FORMAT_ROW("The text form of the IDs. All but decimal have a fixed width and sort as text."),
};

static const struct ord_option decode_options[] = {
    FORMAT_ROW("The text form in which the IDs are given, and written as JSON."),
};

static const struct ord_option bounds_options[] = {
    FORMAT_ROW("The text form of the IDs."),
};

static const struct ord_option health_options[] = {
    {
        .name = "service",
        .type = ORD_OPTION_TEXT,
        .scope = ORD_SCOPE_FLAG_ONLY,
        .argument = "NAME",
        .help = "Ask about one gRPC service, such as ordinal.v1.IdService, instead of the whole server.",
    },
};

static const struct ord_option bench_options[] = {
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

static const struct ord_option torture_options[] = {
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

static const struct ord_verb verbs[] = {
    {
        .name = "get",
        .help = "Get new IDs, one a line, in rising order. Large numbers come in batches, with a progress bar "
                "if they "
                "take long and go to a file or a pipe.",
        .options = get_options,
        .option_count = COUNT(get_options),
        .examples = "ordinal get\n"
                    "ordinal get -n 1000000 --format base32 > ids\n"
                    "ordinal --http http://127.0.0.1:8080 --output json get -n 3",
    },
    {
        .name = "decode",
        .arguments = "[ID…]",
        .help =
            "Show what IDs say: time, node, sequence, worker, tag. The server takes them apart, by its layout. "
            "Without IDs, or for -, they are read from standard input, one a line.",
        .options = decode_options,
        .option_count = COUNT(decode_options),
        .examples = "ordinal get | ordinal decode\n"
                    "ordinal --output json decode 1234567890123456",
    },
    {
        .name = "bounds",
        .arguments = "START END",
        .help = "Show the smallest and the largest ID that any node could issue from START up to, not "
                "including, END: "
                "two lines, for range queries in a database. Times are RFC 3339, or milliseconds since 1970 in "
                "digits.",
        .options = bounds_options,
        .option_count = COUNT(bounds_options),
        .examples = "ordinal bounds 2026-03-01T00:00:00Z 2026-03-02T00:00:00Z",
    },
    {
        .name = "clock",
        .arguments = "show|accept|reject",
        .help =
            "Show the clock that IDs follow, and the wall clock beside it; or decide on a forward step of the "
            "wall clock, which is not followed until it is accepted. The server takes decisions from its own "
            "host only.",
        .examples = "ordinal clock show\n"
                    "ordinal clock accept",
    },
    {
        .name = "health",
        .help = "Tell whether the server takes calls. The exit status is 0 if it does and 1 if it does not.",
        .options = health_options,
        .option_count = COUNT(health_options),
        .examples = "ordinal health --service ordinal.v1.IdService",
    },
    {
        .name = "bench",
        .help =
            "Load a server over gRPC or REST, measure it, and check every ID that it gives: none may come "
            "twice, and "
            "later calls get higher ones. The report has calls and IDs a second, latencies up to the 99.99th "
            "percentile, and how calls failed. Latencies are those of calls that were answered well. It ends "
            "early, "
            "with a report, on SIGINT. The exit status is 1 if an ID was wrong or no call was answered well.",
        .options = bench_options,
        .option_count = COUNT(bench_options),
        .examples = "ordinal bench\n"
                    "ordinal bench --mode batch -n 1000 --duration 1m\n"
                    "ordinal --http http://127.0.0.1:8080 bench --rate 20000\n"
                    "ordinal --output csv bench --mode stream >> runs.csv",
    },
    {
        .name = "torture",
        .arguments = "[-- ORDINALD-OPTION…]",
        .help =
            "Kill ordinald again and again on your disk and kernel, and check all that it gave. Each run is "
            "started on one state directory, loaded over both protocols, and ended by SIGKILL at some moment; "
            "no ID may come twice, and later calls get higher ones. The report is fit for a ticket; the exit "
            "status is 0 if it says passed. What stands after -- goes to ordinald; its layout, node, listeners "
            "and log stay as they are.",
        .options = torture_options,
        .option_count = COUNT(torture_options),
        .examples = "ordinal torture --directory /var/lib/ordinal-torture\n"
                    "ordinal --output json torture --directory /mnt/new-disk/torture -n 1000",
    },
};

static const struct ord_exit_status statuses[] = {
    {ORD_EXIT_DONE, "Done. That nobody reads the rest of the output (| head) is fine, too."},
    {ORD_EXIT_FAILED,
     "The server refused or failed, it is not serving (health), or the output could not be written."},
    {ORD_EXIT_USAGE, "Wrong usage: an option or an argument cannot be understood."},
    {ORD_EXIT_UNAVAILABLE,
     "No answer: the server cannot be reached, did not answer in time, or is unavailable."},
};

const struct ord_program ord_cli_program = {
    .name = "ordinal",
    .summary = "get and explain unique IDs that are sorted by time",
    .arguments = NULL,
    .description =
        "ordinal is the client of ordinald, which hands out unique 64-bit IDs that are sorted by time. It "
        "talks gRPC, or REST. IDs and answers go to standard output, everything else to standard error.",
    .options = options,
    .option_count = COUNT(options),
    .verbs = verbs,
    .verb_count = COUNT(verbs),
    .statuses = statuses,
    .status_count = COUNT(statuses),
    .examples = "ordinal get -n 10\n"
                "ordinal get | ordinal decode\n"
                "ordinal health",
    .see_also = "ordinald(8)",
};
