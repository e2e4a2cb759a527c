#include "cli/cli.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf/render.h"

static const struct {
    const char *name;
    enum ord_exit (*run)(struct ord_cli *cli);
    bool is_local;          /* talks to no server */
    bool waits_for_signals; /* that ask it to end */
} verbs[] = {
    {"get", ord_verb_get},
    {"decode", ord_verb_decode},
    {"bounds", ord_verb_bounds},
    {"clock", ord_verb_clock},
    {"health", ord_verb_health},
    {"seq", ord_verb_seq},
    {"ranks", ord_verb_ranks},
    {"send", ord_verb_send},
    {"member", ord_verb_member, .waits_for_signals = true},
    {"bench", ord_verb_bench},
    {"torture", ord_verb_torture, .is_local = true},
};

/* Those for which a later call may succeed without a change. */
static bool is_unavailable(enum ord_code code)
{
    return code == ORD_UNAVAILABLE || code == ORD_DEADLINE_EXCEEDED;
}

enum ord_exit ord_cli_fail(const struct ord_cli *cli, const struct ord_error *error)
{
    fprintf(stderr, "ordinal: %s: %s", cli->verb, error->text);
    if (error->retry_after_ms > 0)
        fprintf(stderr, " (try again in %u ms)", error->retry_after_ms);
    fputc('\n', stderr);
    return is_unavailable(error->code) ? ORD_EXIT_UNAVAILABLE : ORD_EXIT_FAILED;
}

enum ord_exit ord_cli_misused(const char *verb, const struct ord_error *error)
{
    const char *blank = verb ? " " : "", *name = verb ? verb : "";
    fprintf(stderr, "ordinal:%s%s%s %s\n", blank, name, verb ? ":" : "", error->text);
    fprintf(stderr, "try `ordinal%s%s --help`\n", blank, name);
    return ORD_EXIT_USAGE;
}

/* The server, by the stronger of --grpc and --http: a flag wins over a variable, a variable over the default.
 */
static enum ord_code open_transport(struct ord_cli *cli, struct ord_error *error)
{
    const struct ord_settings *settings = cli->settings;
    const char *http = ord_settings_text(settings, "http");
    int64_t timeout_ms = ord_settings_number(settings, "timeout");
    enum ord_source by_grpc = ord_settings_source(settings, "grpc");
    enum ord_source by_http = ord_settings_source(settings, "http");
    if (!http || by_grpc > by_http) {
        if (ord_grpc_transport_open(ord_settings_text(settings, "grpc"), timeout_ms, &cli->transport, error) !=
            ORD_OK)
            return ord_wrap(error, "%s", ord_settings_origin(settings, "grpc"));
        return ORD_OK;
    }
    if (by_grpc == by_http)
        return ord_fail(error, ORD_INVALID_ARGUMENT, "%s and %s: only one of them can be given",
                        ord_settings_origin(settings, "grpc"), ord_settings_origin(settings, "http"));
    if (ord_http_transport_open(http, timeout_ms, &cli->transport, error) != ORD_OK)
        return ord_wrap(error, "%s", ord_settings_origin(settings, "http"));
    cli->http = http;
    return ORD_OK;
}

/* CSV is for rows of figures. */
static enum ord_code check_form(const struct ord_cli *cli, struct ord_error *error)
{
    if (strcmp(ord_settings_text(cli->settings, "output"), "csv") != 0 || strcmp(cli->verb, "bench") == 0)
        return ORD_OK;
    return ord_fail(error, ORD_INVALID_ARGUMENT, "%s: csv is for bench only; allowed text, json",
                    ord_settings_origin(cli->settings, "output"));
}

void ord_stop_signals(sigset_t *ret)
{
    sigemptyset(ret);
    sigaddset(ret, SIGTERM);
    sigaddset(ret, SIGINT);
}

static void block_stop_signals(void)
{
    sigset_t signals;
    ord_stop_signals(&signals);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
}

static enum ord_exit run_verb(const struct ord_settings *settings, const char *verb)
{
    static struct ord_output output; /* large for a stack */
    struct ord_cli cli = {
        .settings = settings,
        .verb = verb,
        .output = &output,
        .is_json = strcmp(ord_settings_text(settings, "output"), "json") == 0,
    };
    size_t row = 0;
    while (strcmp(verbs[row].name, verb) != 0)
        row++;
    struct ord_error error;
    if (check_form(&cli, &error) != ORD_OK)
        return ord_cli_misused(verb, &error);
    if (verbs[row].waits_for_signals)
        block_stop_signals(); /* before there are other threads */
    if (!verbs[row].is_local && open_transport(&cli, &error) != ORD_OK)
        return error.code == ORD_INVALID_ARGUMENT ? ord_cli_misused(verb, &error) : ord_cli_fail(&cli, &error);

    ord_output_init(&output, STDOUT_FILENO);
    enum ord_exit status = verbs[row].run(&cli);
    if (ord_output_finish(&output, &error) != ORD_OK)
        status = ord_cli_fail(&cli, &error);
    ord_transport_close(&cli.transport);
    return status;
}

/* What was written through stdio is checked as well as what a verb writes. */
static enum ord_exit finish_stdout(void)
{
    if (fflush(stdout) == 0 || errno == EPIPE)
        return ORD_EXIT_DONE;
    fprintf(stderr, "ordinal: standard output: %s\n", strerror(errno));
    return ORD_EXIT_FAILED;
}

static enum ord_exit run(const struct ord_settings *settings)
{
    const struct ord_verb *verb = ord_settings_verb(settings);
    const char *form = ord_settings_text(settings, "generate");
    struct ord_error error;
    if (ord_settings_switch(settings, "help")) {
        ord_render_help(&ord_cli_program, verb, stdout);
        return finish_stdout();
    }
    if (ord_settings_switch(settings, "version")) {
        puts("ordinal " ORDINAL_VERSION);
        return finish_stdout();
    }
    if (form && ord_render(&ord_cli_program, form, stdout, &error) == ORD_OK)
        return finish_stdout();
    if (!form && verb)
        return run_verb(settings, verb->name);
    if (!form)
        ord_fail(
            &error, ORD_INVALID_ARGUMENT,
            "a verb is needed: get, decode, bounds, clock, health, seq, ranks, send, member, bench or torture");
    return ord_cli_misused(NULL, &error);
}

static enum ord_exit tell_problems(char *problems)
{
    char *rest = problems;
    for (char *line; (line = strsep(&rest, "\n"));)
        if (*line)
            fprintf(stderr, "ordinal: %s\n", line);
    fputs("try `ordinal --help`\n", stderr);
    free(problems);
    return ORD_EXIT_USAGE;
}

int ord_cli_main(int argc, char **argv, char **environment)
{
    signal(SIGPIPE, SIG_IGN); /* a reader that goes away is seen by write() */

    struct ord_settings *settings;
    char *problems;
    switch (ord_settings_read(&ord_cli_program, argc, argv, environment, &settings, &problems)) {
    case ORD_OK:
        break;
    case ORD_INVALID_ARGUMENT:
        return tell_problems(problems);
    default:
        fputs("ordinal: no memory\n", stderr);
        return ORD_EXIT_FAILED;
    }
    enum ord_exit status = run(settings);
    ord_settings_free(settings);
    return status;
}
