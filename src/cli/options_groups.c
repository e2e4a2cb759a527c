/* The options of the verbs that are about sequences and groups. */
#include "cli/options.h"

enum ord_code ord_check_key(const char *text, struct ord_error *error)
{
    if (*text)
        return ORD_OK;
    return ord_fail(error, ORD_INVALID_ARGUMENT, "it is empty; allowed 1 to 128 printable ASCII characters");
}

const struct ord_option ord_seq_options[ORD_SEQ_OPTIONS_COUNT] = {
    {
        .name = "mode",
        .type = ORD_OPTION_CHOICE,
        .scope = ORD_SCOPE_FLAG_ONLY,
        .preset = "block",
        .choices = "block|gapless",
        .argument = "MODE",
        .help =
            "create: block is fast, and a crash of the server may skip values; gapless skips none, and each "
            "value waits for the disk.",
    },
    {
        .name = "start",
        .type = ORD_OPTION_INTEGER,
        .scope = ORD_SCOPE_FLAG_ONLY,
        .min = INT64_MIN,
        .max = INT64_MAX,
        .argument = "N",
        .help = "create: the first value. Without it 1.",
    },
    {
        .name = "increment",
        .type = ORD_OPTION_INTEGER,
        .scope = ORD_SCOPE_FLAG_ONLY,
        .preset = "1",
        .min = 1,
        .max = INT64_MAX,
        .argument = "N",
        .help = "create: the distance between neighbours.",
    },
    {
        .name = "minimum",
        .type = ORD_OPTION_INTEGER,
        .scope = ORD_SCOPE_FLAG_ONLY,
        .min = INT64_MIN,
        .max = INT64_MAX,
        .argument = "N",
        .help = "create: no value lies below. Without it 1, or the start if that is lower.",
    },
    {
        .name = "maximum",
        .type = ORD_OPTION_INTEGER,
        .scope = ORD_SCOPE_FLAG_ONLY,
        .min = INT64_MIN,
        .max = INT64_MAX,
        .argument = "N",
        .help = "create: no value lies above. Without it the largest of 64 bits.",
    },
    {
        .name = "block",
        .type = ORD_OPTION_INTEGER,
        .scope = ORD_SCOPE_FLAG_ONLY,
        .min = 1,
        .max = 1000000,
        .argument = "N",
        .help = "create, in mode block: how many values are reserved at a time, and so the most that a crash "
                "skips. "
                "Without it 10000.",
    },
    {
        .name = "revive",
        .type = ORD_OPTION_SWITCH,
        .scope = ORD_SCOPE_FLAG_ONLY,
        .help = "create: take a name that was deleted.",
    },
    {
        .name = "count",
        .letter = 'n',
        .type = ORD_OPTION_INTEGER,
        .scope = ORD_SCOPE_FLAG_ONLY,
        .preset = "1",
        .min = 1,
        .max = 1000000,
        .argument = "N",
        .help = "next: how many values.",
    },
    {
        .name = "request-id",
        .type = ORD_OPTION_TEXT,
        .scope = ORD_SCOPE_FLAG_ONLY,
        .argument = "KEY",
        .check = ord_check_key,
        .help = "next: a key of your own, 1 to 128 printable ASCII characters: the same key brings the same "
                "values, "
                "so that a call whose answer was lost can be repeated.",
    },
    {
        .name = "force",
        .type = ORD_OPTION_TEXT,
        .scope = ORD_SCOPE_FLAG_ONLY,
        .argument = "NAME",
        .help =
            "set: the sequence's name once more, to go backward: values that were handed out may come again.",
    },
};

/* --group stands with each verb that is about one. */
#define GROUP_ROW                                                                                              \
    {                                                                                                          \
        .name = "group", .letter = 'g', .type = ORD_OPTION_TEXT, .preset = "default", .argument = "GROUP",     \
        .help = "The group."                                                                                   \
    }

const struct ord_option ord_ranks_options[ORD_RANKS_OPTIONS_COUNT] = {
    GROUP_ROW,
    {
        .name = "watch",
        .letter = 'w',
        .type = ORD_OPTION_SWITCH,
        .scope = ORD_SCOPE_FLAG_ONLY,
        .help = "Go on with a line for each change of the group and each command. Only over gRPC.",
    },
};

const struct ord_option ord_send_options[ORD_SEND_OPTIONS_COUNT] = {
    GROUP_ROW,
    {
        .name = "name",
        .type = ORD_OPTION_TEXT,
        .scope = ORD_SCOPE_FLAG_ONLY,
        .argument = "NAME",
        .help = "The member that sends it.",
    },
    {
        .name = "request-id",
        .type = ORD_OPTION_TEXT,
        .scope = ORD_SCOPE_FLAG_ONLY,
        .argument = "KEY",
        .check = ord_check_key,
        .help = "A key of your own, 1 to 128 printable ASCII characters: sent again with the same key it is "
                "the same "
                "command.",
    },
};

const struct ord_option ord_member_options[ORD_MEMBER_OPTIONS_COUNT] = {
    GROUP_ROW,
    {
        .name = "name",
        .type = ORD_OPTION_TEXT,
        .argument = "NAME",
        .help = "The member's name. Without it one is made of the host's name and the process ID.",
    },
    {
        .name = "ttl",
        .type = ORD_OPTION_DURATION,
        .preset = "10s",
        .min = 2000,
        .max = 600 * 1000,
        .argument = "DURATION",
        .help =
            "How long the member may be silent before it counts as gone. It renews its lease thrice as often.",
    },
    {
        .name = "commands",
        .type = ORD_OPTION_TEXT,
        .argument = "FILE",
        .help = "The commands to choose from, one a line. Without it a few are built in.",
    },
    {
        .name = "min-interval",
        .type = ORD_OPTION_DURATION,
        .preset = "1s",
        .min = 1,
        .max = 24 * 3600 * 1000,
        .argument = "DURATION",
        .help = "The shortest time between two commands.",
    },
    {
        .name = "max-interval",
        .type = ORD_OPTION_DURATION,
        .preset = "5s",
        .min = 0,
        .max = 24 * 3600 * 1000,
        .argument = "DURATION",
        .help = "The longest time between two commands. 0s: none are sent.",
    },
    {
        .name = "listen",
        .type = ORD_OPTION_ADDRESS,
        .argument = "ADDR:PORT",
        .help = "Be a member without a stream: commands are posted here over HTTP. Port 0 picks one.",
    },
    {
        .name = "callback-url",
        .type = ORD_OPTION_TEXT,
        .argument = "URL",
        .help =
            "With --listen: how the server reaches it, if not at that address. The path is /receive-command.",
    },
};
