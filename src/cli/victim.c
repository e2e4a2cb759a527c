#include "cli/victim.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define START_MAX_MS 30000

/* The variables without those that would set options of ordinald. NULL: no memory. */
static char **clean_environment(void)
{
    size_t count = 0, kept = 0;
    while (environ[count])
        count++;
    char **clean = calloc(count + 1, sizeof *clean);
    for (size_t i = 0; clean && i < count; i++)
        if (strncmp(environ[i], "ORDINAL", 7) != 0 && strncmp(environ[i], "PORT=", 5) != 0)
            clean[kept++] = environ[i];
    return clean;
}

/* posix_spawn does not write to the arguments. NULL: no memory. */
static char **arguments_of(const struct ord_victim_options *options)
{
    const char *const own[] = {
        options->program, "--state-dir",  options->state_dir, "--node-id",   "0",
        "--layout",       "default",      "--grpc-listen",    "127.0.0.1:0", "--http-listen",
        "127.0.0.1:0",    "--log-format", "logfmt",
    };
    size_t count = sizeof own / sizeof *own;
    const char **arguments = calloc(count + options->argument_count + 1, sizeof *arguments);
    if (!arguments)
        return NULL;
    memcpy(arguments, own, sizeof own);
    for (size_t i = 0; i < options->argument_count; i++)
        arguments[count + i] = options->arguments[i];
    return (char **)arguments;
}

/* Starts the program with its stderr on `log`; returns 0 or an errno. */
static int spawn(const struct ord_victim_options *options, int log, pid_t *ret_pid)
{
    char **arguments = arguments_of(options), **environment = clean_environment();
    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&files, log, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&files, log, STDERR_FILENO);
    int errnum = ENOMEM;
    if (arguments && environment)
        errnum = posix_spawn(ret_pid, options->program, &files, NULL, arguments, environment);
    posix_spawn_file_actions_destroy(&files);
    free(arguments);
    free(environment);
    return errnum;
}

/* The value after `key` in the line that holds `mark`. False: there is none, or it does not fit. */
static bool find_value(const char *log, const char *mark, const char *key, char *ret, size_t size)
{
    const char *line = strstr(log, mark);
    const char *value = line ? strstr(line, key) : NULL;
    if (!value)
        return false;
    value += strlen(key);
    size_t length = strcspn(value, " \n");
    if (length == 0 || length >= size)
        return false;
    memcpy(ret, value, length);
    ret[length] = '\0';
    return true;
}

static bool is_ready(struct ord_victim *victim)
{
    const char *ready = strstr(victim->text, "msg=ready ");
    return ready && strchr(ready, '\n') &&
           find_value(victim->text, "protocol=grpc ", "address=", victim->grpc, sizeof victim->grpc) &&
           find_value(victim->text, "protocol=http ", "address=", victim->http, sizeof victim->http) &&
           find_value(ready, "msg=ready ", "version=", victim->version, sizeof victim->version);
}

/* Reads the log until it says that ordinald is ready; false when it ends, is silent or too long. */
static bool await_ready(struct ord_victim *victim)
{
    for (size_t used = 0; used < sizeof victim->text - 1;) {
        struct pollfd wait = {.fd = victim->log, .events = POLLIN};
        ssize_t got = poll(&wait, 1, START_MAX_MS) > 0
                          ? read(victim->log, victim->text + used, sizeof victim->text - 1 - used)
                          : 0;
        if (got <= 0)
            return false;
        used += (size_t)got;
        victim->text[used] = '\0';
        if (is_ready(victim))
            return true;
    }
    return false;
}

static const char *last_line(char *text)
{
    size_t length = strlen(text);
    while (length > 0 && text[length - 1] == '\n')
        text[--length] = '\0';
    const char *newline = strrchr(text, '\n');
    return newline ? newline + 1 : text;
}

static void reap(struct ord_victim *victim, int *ret_status)
{
    kill(victim->pid, SIGKILL);
    while (waitpid(victim->pid, ret_status, 0) < 0 && errno == EINTR)
        ;
    close(victim->log);
}

enum ord_code ord_victim_start(const struct ord_victim_options *options, struct ord_victim *ret_victim,
                               struct ord_error *error)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
        return ord_fail_errno(error, errno, "start %s", options->program);
    *ret_victim = (struct ord_victim){.log = ends[0]};
    int errnum = spawn(options, ends[1], &ret_victim->pid);
    close(ends[1]);
    if (errnum != 0) {
        close(ends[0]);
        return ord_fail_errno(error, errnum, "start %s", options->program);
    }
    if (await_ready(ret_victim))
        return ORD_OK;
    int status;
    reap(ret_victim, &status);
    return ord_fail(error, ORD_UNAVAILABLE, "%s does not start: %s", options->program,
                    last_line(ret_victim->text));
}

enum ord_code ord_victim_kill(struct ord_victim *victim, struct ord_error *error)
{
    int status = 0;
    reap(victim, &status);
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
        return ORD_OK;
    return ord_fail(error, ORD_INTERNAL, "ordinald ended before it was killed");
}
