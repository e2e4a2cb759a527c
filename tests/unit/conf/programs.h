/* Two small programs, one without and one with verbs, for the tests of conf. */
#pragma once

#include "conf/options.h"

static const struct ord_foreign port_variables[] = {{.name = "PORT", .format = "0.0.0.0:%s"}, {0}};
static const struct ord_foreign state_variables[] = {
    {.name = "STATE_DIRECTORY", .is_list = true, .is_default = true},
    {.name = "HOME", .format = "%s/.local", .is_default = true},
    {0}};

static const struct ord_option daemon_options[] = {
    {.name = "node-id",
     .letter = 'n',
     .type = ORD_OPTION_TEXT,
     .argument = "SPEC",
     .group = "Place",
     .help = "Which node this is. A number, or where one is found."},
    {.name = "listen",
     .type = ORD_OPTION_ADDRESS,
     .preset = "127.0.0.1:80",
     .argument = "ADDR:PORT",
     .group = "Listeners",
     .help = "Where it listens.",
     .also = port_variables},
    {.name = "threads",
     .letter = 't',
     .type = ORD_OPTION_INTEGER,
     .preset = "8",
     .min = -5,
     .max = 4096,
     .argument = "N",
     .group = "Listeners",
     .help = "How many threads there are: it's [a] \"number\" of `some`."},
    {.name = "drain",
     .type = ORD_OPTION_DURATION,
     .preset = "10s",
     .min = 0,
     .max = 7200000,
     .argument = "TIME",
     .group = "Place",
     .help = "How long to wait. .Not a request \\ of roff…"},
    {.name = "log-format",
     .letter = 'l',
     .type = ORD_OPTION_CHOICE,
     .preset = "text",
     .choices = "text|json",
     .argument = "FORM",
     .help = "The form of a line."},
    {.name = "strict", .letter = 's', .type = ORD_OPTION_SWITCH, .help = "Whether it is strict."},
    {.name = "state-dir",
     .type = ORD_OPTION_TEXT,
     .argument = "DIR",
     .help = "Where state lives.",
     .also = state_variables},
    {.name = "config",
     .type = ORD_OPTION_TEXT,
     .scope = ORD_SCOPE_FLAG_ONLY,
     .argument = "FILE",
     .help = "Reads a file."},
    {.name = "help",
     .letter = 'h',
     .type = ORD_OPTION_SWITCH,
     .scope = ORD_SCOPE_FLAG_ONLY,
     .help = "Prints this."},
};

static const struct ord_exit_status statuses[] = {{0, "All went well."}, {2, "The configuration is wrong."}};

static const struct ord_program daemon_program = {
    .name = "toyd",
    .summary = "does little - but well",
    .description = "A first paragraph.\n\n.A second one: \"it's\" ~5 ^ `x`.\n'Quoted.",
    .options = daemon_options,
    .option_count = sizeof daemon_options / sizeof *daemon_options,
    .statuses = statuses,
    .status_count = 2,
    .examples = "toyd\n\ntoyd --listen '[::1]:0' \\\n    --threads 3",
    .see_also = "toy(1)",
};

static const struct ord_option client_options[] = {
    {.name = "output",
     .letter = 'o',
     .type = ORD_OPTION_CHOICE,
     .preset = "text",
     .choices = "text|json",
     .argument = "FORM",
     .help = "The form of output."},
    {.name = "server", .type = ORD_OPTION_TEXT, .argument = "URL", .help = "Whom to ask."},
    {.name = "config",
     .type = ORD_OPTION_TEXT,
     .scope = ORD_SCOPE_FLAG_ONLY,
     .argument = "FILE",
     .help = "Reads a file."},
    {.name = "help",
     .letter = 'h',
     .type = ORD_OPTION_SWITCH,
     .scope = ORD_SCOPE_FLAG_ONLY,
     .help = "Prints this."},
};

static const struct ord_option get_options[] = {
    {.name = "count",
     .letter = 'n',
     .type = ORD_OPTION_INTEGER,
     .preset = "1",
     .min = 1,
     .max = 100,
     .argument = "N",
     .help = "How many."},
};

static const struct ord_option load_options[] = {
    {.name = "speed", .type = ORD_OPTION_CHOICE, .choices = "fast|slow", .argument = "SPEED", .help = "How."},
};

static const struct ord_verb verbs[] = {
    {.name = "get",
     .help = "Gets some: it's [easy].",
     .options = get_options,
     .option_count = 1,
     .examples = "toy get -n 3"},
    {.name = "decode", .arguments = "ID…", .help = "Takes IDs apart."},
    {.name = "load", .arguments = "FILE…", .help = "Loads files.", .options = load_options, .option_count = 1},
};

static const struct ord_program client_program = {
    .name = "toy",
    .summary = "asks toyd",
    .options = client_options,
    .option_count = sizeof client_options / sizeof *client_options,
    .verbs = verbs,
    .verb_count = 3,
    .statuses = statuses,
    .status_count = 2,
};
