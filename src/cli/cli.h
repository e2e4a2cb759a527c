/*
 * The command-line client: reads its options, opens a transport, runs a verb.
 */
#pragma once

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "cli/output.h"
#include "cli/transport.h"
#include "conf/options.h"

/* Exit statuses. A row for each stands in ord_cli_program. */
enum ord_exit {
    ORD_EXIT_DONE = 0,
    ORD_EXIT_FAILED = 1, /* the server refused or failed, or the output could not be written */
    ORD_EXIT_USAGE = 2,  /* what was asked for cannot be understood */
    ORD_EXIT_UNAVAILABLE =
        3, /* no answer: not reached, not in time, or the server says that it cannot just now */
};

/* The tables of options and verbs. */
extern const struct ord_program ord_cli_program;

/* What a verb works with. */
struct ord_cli {
    const struct ord_settings *settings;
    const char *verb;
    struct ord_transport transport;
    const char *http; /* the URL that REST goes to; NULL: it is gRPC */
    struct ord_output *output;
    bool is_json;
};

/* The verbs: each returns its exit status and has told its errors. */
enum ord_exit ord_verb_get(struct ord_cli *cli);
enum ord_exit ord_verb_decode(struct ord_cli *cli);
enum ord_exit ord_verb_bounds(struct ord_cli *cli);
enum ord_exit ord_verb_clock(struct ord_cli *cli);
enum ord_exit ord_verb_health(struct ord_cli *cli);
enum ord_exit ord_verb_seq(struct ord_cli *cli);
enum ord_exit ord_verb_ranks(struct ord_cli *cli);
enum ord_exit ord_verb_send(struct ord_cli *cli);
enum ord_exit ord_verb_member(struct ord_cli *cli);
enum ord_exit ord_verb_bench(struct ord_cli *cli);
enum ord_exit ord_verb_torture(struct ord_cli *cli); /* has no transport */

/* Tells an error on stderr, as "ordinal: get: …"; returns the exit status that it means. */
enum ord_exit ord_cli_fail(const struct ord_cli *cli, const struct ord_error *error);

/* As ord_cli_fail, for what the caller got wrong: points to --help. */
enum ord_exit ord_cli_misused(const char *verb, const struct ord_error *error);

/* The signals that ask a verb to end, if it is one that waits for them: they are blocked in all threads. */
void ord_stop_signals(sigset_t *ret);

/* Runs the program; returns its exit status. */
int ord_cli_main(int argc, char **argv, char **environment);
