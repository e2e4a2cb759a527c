#include "daemon/options.h"

#include "daemon/config.h"

#define SECOND 1000
#define MINUTE (60 * SECOND)
#define HOUR (INT64_C(60) * MINUTE)
#define YEAR (INT64_C(8766) * HOUR)
#define DAY (24 * HOUR)

static const struct ord_foreign port_variables[] = {{.name = "PORT", .format = "0.0.0.0:%s"}, {0}};

/* As systemd gives it; then as the XDG base directories say. */
static const struct ord_foreign state_variables[] = {
    {.name = "STATE_DIRECTORY", .is_list = true, .is_default = true},
    {.name = "XDG_STATE_HOME", .format = "%s/ordinal", .is_default = true},
    {.name = "HOME", .format = "%s/.local/state/ordinal", .is_default = true},
    {0},
};

static const struct ord_option options[] = {
    {
        .name = "node-id",
        .group = "Place",
        .type = ORD_OPTION_TEXT,
        .argument = "SPEC",
        .check = ord_check_node_id,
        .help =
            "Which node this is, unlike any other that issues IDs in this layout. A number; hostname or "
            "hostname+OFFSET (trailing number of the host's name, as StatefulSet pods have it); ipv4 or "
            "ipv4:INTERFACE (low bits of the address); env:NAME; file:PATH. Without it the node is 0, which is "
            "allowed only while all listeners are on loopback.",
    },
    {
        .name = "worker",
        .group = "Place",
        .type = ORD_OPTION_TEXT,
        .preset = "0/1",
        .argument = "I/N",
        .check = ord_check_worker,
        .help = "Worker I of the N that share the node ID, counted from 0. Each owns its part of the sequence.",
    },
    {
        .name = "layout",
        .group = "Layout",
        .type = ORD_OPTION_TEXT,
        .preset = "default",
        .argument = "LAYOUT",
        .check = ord_check_layout,
        .help = "How the 63 bits of an ID are used. A preset (default, twitter, discord, instagram, sonyflake, "
                "js53) "
                "or the fields from high to low, such as tick:41,node:10,sequence:8,tag:4.",
    },
    {
        .name = "epoch",
        .group = "Layout",
        .type = ORD_OPTION_TEXT,
        .argument = "TIME",
        .check = ord_check_epoch,
        .help = "Start of tick 0, as in RFC 3339. Without it the preset's, or 2026-01-01T00:00:00Z.",
    },
    {
        .name = "time-unit",
        .group = "Layout",
        .type = ORD_OPTION_TEXT,
        .argument = "UNIT",
        .check = ord_check_time_unit,
        .help = "Length of a tick, 1us to 1s. Without it the preset's, or 1ms.",
    },
    {
        .name = "borrow",
        .group = "Layout",
        .type = ORD_OPTION_DURATION,
        .preset = "1s",
        .min = 1,
        .max = 10 * SECOND,
        .argument = "TIME",
        .help = "How far a burst may run ahead of the clock.",
    },
    {
        .name = "max-wait",
        .group = "Layout",
        .type = ORD_OPTION_DURATION,
        .preset = "1s",
        .min = 0,
        .max = 10 * SECOND,
        .argument = "TIME",
        .help = "The longest that a caller with a deadline may wait for room.",
    },
    {
        .name = "clock-step",
        .group = "Clock",
        .type = ORD_OPTION_DURATION,
        .preset = "10s",
        .min = SECOND,
        .max = 24 * HOUR,
        .argument = "TIME",
        .help = "The largest forward step of the wall clock that IDs follow without asking. A larger one is "
                "quarantined: IDs keep to the time before it.",
    },
    {
        .name = "clock-policy",
        .group = "Clock",
        .type = ORD_OPTION_CHOICE,
        .preset = "ask",
        .choices = "ask|accept",
        .argument = "POLICY",
        .help =
            "What to do with a quarantined step: ask, by log, metric and health, until `ordinal clock accept` "
            "or `ordinal clock reject` decides; or accept it at once, if it is not above max-clock-gap.",
    },
    {
        .name = "max-clock-gap",
        .group = "Clock",
        .type = ORD_OPTION_DURATION,
        .preset = "8784h",
        .min = 0,
        .max = 100 * YEAR,
        .argument = "TIME",
        .help =
            "How far the wall clock may be from what earlier runs reserved, or before the adopted ID, for a "
            "start. 0 allows anything.",
    },
    {
        .name = "accept-clock-gap",
        .group = "Clock",
        .type = ORD_OPTION_SWITCH,
        .scope = ORD_SCOPE_FLAG_ONLY,
        .help = "Starts this once in spite of max-clock-gap. The wall clock is right.",
    },
    {
        .name = "adopt-above",
        .group = "Adoption",
        .type = ORD_OPTION_INTEGER,
        .min = 0,
        .max = INT64_MAX,
        .argument = "ID",
        .help = "Starts later than the tick of this ID, the largest of an older system. It may stay in the "
                "configuration: once it is past, it changes nothing.",
    },
    {
        .name = "preset",
        .group = "Adoption",
        .type = ORD_OPTION_CHOICE,
        .choices = "default|twitter|discord|instagram|sonyflake|js53",
        .argument = "LAYOUT",
        .help = "The layout of the ID to start above. Without it, the layout that this daemon issues in.",
    },
    {
        .name = "grpc-listen",
        .group = "Listeners",
        .type = ORD_OPTION_ADDRESS,
        .preset = "127.0.0.1:50051",
        .argument = "ADDR:PORT",
        .help = "Where gRPC listens. Port 0 picks one, which the log tells.",
    },
    {
        .name = "http-listen",
        .group = "Listeners",
        .type = ORD_OPTION_ADDRESS,
        .preset = "127.0.0.1:8080",
        .argument = "ADDR:PORT",
        .help = "Where REST listens, IPv4 only. Port 0 picks one, which the log tells. The variable PORT alone "
                "means "
                "0.0.0.0:PORT.",
        .also = port_variables,
    },
    {
        .name = "grpc-connections",
        .group = "Listeners",
        .type = ORD_OPTION_INTEGER,
        .preset = "10000",
        .min = 1,
        .max = 1000000,
        .argument = "N",
        .help = "How many gRPC connections are open at a time; more wait until one of them closes.",
    },
    {
        .name = "http-threads",
        .group = "Listeners",
        .type = ORD_OPTION_INTEGER,
        .preset = "1024",
        .min = 4,
        .max = 16384,
        .argument = "N",
        .help = "How many REST connections are served at a time, each by a thread that is started when it is "
                "first needed; more wait until one of them closes.",
    },
    {
        .name = "http-keep-alive",
        .group = "Listeners",
        .type = ORD_OPTION_DURATION,
        .preset = "30s",
        .min = 100,
        .max = 10 * MINUTE,
        .argument = "TIME",
        .help = "How long an idle REST connection stays open.",
    },
    {
        .name = "http-request-timeout",
        .group = "Listeners",
        .type = ORD_OPTION_DURATION,
        .preset = "10s",
        .min = 100,
        .max = 10 * MINUTE,
        .argument = "TIME",
        .help = "How long a REST request may take to arrive.",
    },
    {
        .name = "event-streams",
        .group = "Listeners",
        .type = ORD_OPTION_INTEGER,
        .preset = "128",
        .min = 0,
        .max = 8192,
        .argument = "N",
        .help =
            "How many REST connections at a time may have events pushed (Server-Sent Events), at most half of "
            "http-threads; more are refused with 503.",
    },
    {
        .name = "reply-writes",
        .group = "Listeners",
        .type = ORD_OPTION_CHOICE,
        .preset = "gathered",
        .choices = "gathered|single",
        .argument = "HOW",
        .help =
            "Replies that are made for one connection at a time leave in one write, which halves the cost of "
            "a call where clients have many in flight; or each by itself.",
    },
    {
        .name = "cors-origin",
        .group = "Listeners",
        .type = ORD_OPTION_TEXT,
        .argument = "ORIGIN",
        .help =
            "The origin whose pages may call REST from a browser, such as https://example.org, or * for all. "
            "Without it none may.",
    },
    {
        .name = "state-dir",
        .group = "State",
        .type = ORD_OPTION_TEXT,
        .argument = "DIR",
        .also = state_variables,
        .help = "Where reservations are kept, on a disk of this host. It is made if it is missing. Without it, "
                "systemd's state directory, or ordinal in the XDG state folder, $HOME/.local/state.",
    },
    {
        .name = "state",
        .group = "State",
        .type = ORD_OPTION_CHOICE,
        .preset = "embedded",
        .choices = "embedded|memory",
        .argument = "KIND",
        .help = "How reservations are kept. In state-dir; or in memory, so that a restart may repeat IDs: for "
                "tests.",
    },
    {
        .name = "unsafe-state-dir",
        .group = "State",
        .type = ORD_OPTION_SWITCH,
        .help = "Accepts a state-dir on a file system that may lose it (tmpfs, overlay, network). IDs may then "
                "repeat.",
    },
    {
        .name = "init",
        .group = "State",
        .type = ORD_OPTION_SWITCH,
        .scope = ORD_SCOPE_FLAG_ONLY,
        .help = "Starts afresh where the node's state is lost, damaged or another node's. What was there is "
                "renamed. It does nothing where the state is in order.",
    },
    {
        .name = "accept-layout-change",
        .group = "State",
        .type = ORD_OPTION_SWITCH,
        .scope = ORD_SCOPE_FLAG_ONLY,
        .help = "Goes on in another layout or number of workers than before, above the time used so far. All "
                "workers of the node have to be stopped.",
    },
    {
        .name = "request-life",
        .group = "State",
        .type = ORD_OPTION_DURATION,
        .preset = "24h",
        .min = 1,
        .max = 365 * DAY,
        .argument = "TIME",
        .help = "For how long a request ID is remembered: a retry with it gets the same IDs.",
    },
    {
        .name = "request-max",
        .group = "State",
        .type = ORD_OPTION_INTEGER,
        .preset = "100000",
        .min = 1,
        .max = 1000000,
        .argument = "N",
        .help =
            "How many request IDs are remembered at a time, of IDs and of sequences each. New ones are refused "
            "while there are as many.",
    },
    {
        .name = "sequence-metrics",
        .group = "State",
        .type = ORD_OPTION_CHOICE,
        .preset = "mode",
        .choices = "mode|name",
        .argument = "BY",
        .help = "Whether metrics count the values of sequences by their mode, or by their name as well, which "
                "takes a "
                "time series for each sequence in memory.",
    },
    {
        .name = "group-max",
        .group = "Groups",
        .type = ORD_OPTION_INTEGER,
        .preset = "20000",
        .min = 1,
        .max = 1000000,
        .argument = "N",
        .help = "How many members a group may have. More are refused.",
    },
    {
        .name = "member-queue",
        .group = "Groups",
        .type = ORD_OPTION_INTEGER,
        .preset = "1000",
        .min = 1,
        .max = 10000,
        .argument = "N",
        .help = "How many commands a member may leave unacknowledged. With more it is evicted.",
    },
    {
        .name = "command-life",
        .group = "Groups",
        .type = ORD_OPTION_DURATION,
        .preset = "1h",
        .min = SECOND,
        .max = DAY,
        .argument = "TIME",
        .help = "For how long a command is kept. A member that has not acknowledged one by then is evicted.",
    },
    {
        .name = "callback-networks",
        .group = "Groups",
        .type = ORD_OPTION_TEXT,
        .preset = "127.0.0.0/8,::1/128",
        .argument = "NETWORKS",
        .check = ord_check_networks,
        .help =
            "Networks in which commands are posted to members' URLs, such as 10.0.0.0/8,fd00::/8, or none. "
            "Each "
            "connection is held against them, so that names and redirects lead nowhere else. Whoever may join "
            "can have this daemon post to whatever listens there.",
    },
    {
        .name = "log-level",
        .group = "Log",
        .type = ORD_OPTION_CHOICE,
        .preset = "info",
        .choices = "error|warn|info|debug",
        .argument = "LEVEL",
        .help = "Which lines are logged, on stderr. With debug each call is.",
    },
    {
        .name = "log-format",
        .group = "Log",
        .type = ORD_OPTION_CHOICE,
        .preset = "logfmt",
        .choices = "logfmt|json",
        .argument = "FORMAT",
        .help = "The form of a line.",
    },
    {
        .name = "drain-timeout",
        .group = "Life",
        .type = ORD_OPTION_DURATION,
        .preset = "10s",
        .min = 0,
        .max = 10 * MINUTE,
        .argument = "TIME",
        .help = "How long calls in flight may take to finish after SIGTERM or SIGINT. A second signal ends at "
                "once.",
    },
    {
        .name = "config",
        .group = "Actions",
        .type = ORD_OPTION_TEXT,
        .scope = ORD_SCOPE_FLAG_ONLY,
        .argument = "FILE",
        .help = "Reads a YAML file with the options above, by their file keys.",
    },
    {
        .name = "check-config",
        .group = "Actions",
        .type = ORD_OPTION_SWITCH,
        .scope = ORD_SCOPE_FLAG_ONLY,
        .help = "Checks everything and ends.",
    },
    {
        .name = "print-config",
        .group = "Actions",
        .type = ORD_OPTION_SWITCH,
        .scope = ORD_SCOPE_FLAG_ONLY,
        .help = "Prints each option with its value and where it came from, as a config file, and ends.",
    },
    {
        .name = "generate",
        .group = "Actions",
        .type = ORD_OPTION_CHOICE,
        .scope = ORD_SCOPE_FLAG_ONLY,
        .choices = "man|bash|zsh|fish|markdown|methods",
        .argument = "FORM",
        .help = "Prints a man page, a shell's completion, the options as a table, or the table of methods, and "
                "ends.",
    },
    {
        .name = "help",
        .letter = 'h',
        .group = "Actions",
        .type = ORD_OPTION_SWITCH,
        .scope = ORD_SCOPE_FLAG_ONLY,
        .help = "Prints this and ends.",
    },
    {
        .name = "version",
        .group = "Actions",
        .type = ORD_OPTION_SWITCH,
        .scope = ORD_SCOPE_FLAG_ONLY,
        .help = "Prints the version and ends.",
    },
};

static const struct ord_exit_status statuses[] = {
    {0, "Ended as asked: a signal, or one of the actions."},
    {1, "Could not start or go on; one line on stderr says why."},
    {2, "The configuration is wrong; stderr has one line a problem."},
};

const struct ord_program ord_daemon_program = {
    .name = "ordinald",
    .summary = "hands out unique 64-bit IDs, sorted by time, over gRPC and REST",
    .description =
        "ordinald gives each caller IDs that nobody got before. IDs of one node rise in the order of the "
        "calls, whichever protocol they came through; across nodes they follow the clocks. It needs no "
        "database. REST is documented at /docs of the REST address, gRPC by server reflection.",
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .statuses = statuses,
    .status_count = sizeof statuses / sizeof *statuses,
    .examples = "ordinald\n"
                "ordinald --node-id 7 --grpc-listen 0.0.0.0:50051 --http-listen 0.0.0.0:8080\n"
                "ordinald --node-id hostname --config /etc/ordinal/ordinald.yaml",
    .see_also = "ordinal(1)",
};
