#include "cli/options.h"
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
        .check = ord_check_key,
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
        .name = "seq",
        .arguments = "create|next|peek|list|set|delete [NAME…]",
        .help =
            "Work with named sequences: create them, take the next values, see how they stand, set what comes "
            "next, "
            "delete them. next writes one value a line. list takes the start of names, set takes a name and a "
            "value, all others take any number of names.",
        .options = ord_seq_options,
        .option_count = COUNT(ord_seq_options),
        .examples = "ordinal seq create invoices --mode gapless --start 1000\n"
                    "ordinal seq next invoices\n"
                    "ordinal seq next -n 3 --request-id order-4711 invoices\n"
                    "ordinal seq list inv",
    },
    {
        .name = "ranks",
        .help = "Show the members of a group by rank: how they are kept alive, since when they are in, how "
                "long they are "
                "silent, and how many commands they have not acknowledged.",
        .options = ord_ranks_options,
        .option_count = COUNT(ord_ranks_options),
        .examples = "ordinal ranks\n"
                    "ordinal ranks --group workers --watch",
    },
    {
        .name = "send",
        .arguments = "TEXT",
        .help = "Send a command on behalf of a member to all that rank below it.",
        .options = ord_send_options,
        .option_count = COUNT(ord_send_options),
        .examples = "ordinal send --name alice 'rotate the logs'",
    },
    {
        .name = "member",
        .help = "Take part in a group: join, tell the rank and each change of it, receive commands and "
                "acknowledge them, "
                "send a random command now and then, and leave on SIGTERM or SIGINT. When the server is lost, "
                "or the "
                "membership is over, it joins again and says so. Each event is a line.",
        .options = ord_member_options,
        .option_count = COUNT(ord_member_options),
        .examples = "ordinal member --name alice\n"
                    "ordinal member --name bob --max-interval 0s\n"
                    "ordinal --output json member --name carol --listen 127.0.0.1:0",
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
        .options = ord_bench_options,
        .option_count = COUNT(ord_bench_options),
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
        .options = ord_torture_options,
        .option_count = COUNT(ord_torture_options),
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
