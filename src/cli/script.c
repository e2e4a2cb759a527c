#include "cli/script.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

static const char *const built_in[] = {
    "reload the configuration",
    "rotate the logs",
    "drop caches",
    "take a snapshot",
    "report load",
    "check disks",
    "flush buffers",
    "run the nightly job",
};

static enum ord_code add(struct ord_script *script, const char *text, struct ord_error *error)
{
    char **longer = realloc(script->commands, (script->count + 1) * sizeof *longer);
    if (longer)
        script->commands = longer;
    char *copy = longer ? strdup(text) : NULL;
    if (!copy)
        return ord_fail(error, ORD_INTERNAL, "no memory");
    script->commands[script->count++] = copy;
    return ORD_OK;
}

static enum ord_code read_lines(struct ord_script *script, FILE *file, const char *name,
                                struct ord_error *error)
{
    char *line = NULL;
    size_t room = 0;
    enum ord_code code = ORD_OK;
    while (code == ORD_OK && getline(&line, &room, file) >= 0) {
        line[strcspn(line, "\r\n")] = '\0';
        if (*line)
            code = add(script, line, error);
    }
    free(line);
    if (code == ORD_OK && ferror(file))
        return ord_fail(error, ORD_INVALID_ARGUMENT, "--commands: %s: %s", name, strerror(errno));
    if (code == ORD_OK && script->count == 0)
        return ord_fail(error, ORD_INVALID_ARGUMENT, "--commands: %s has none; allowed one a line", name);
    return code;
}

static enum ord_code read_file(struct ord_script *script, const char *name, struct ord_error *error)
{
    FILE *file = fopen(name, "re");
    if (!file)
        return ord_fail(error, ORD_INVALID_ARGUMENT, "--commands: %s: %s", name, strerror(errno));
    enum ord_code code = read_lines(script, file, name, error);
    fclose(file);
    return code;
}

enum ord_code ord_script_open(const char *file, int64_t min_ms, int64_t max_ms, struct ord_script *ret,
                              struct ord_error *error)
{
    struct ord_script script = {.min_ms = min_ms, .max_ms = max_ms};
    enum ord_code code = ORD_OK;
    if (max_ms > 0 && max_ms < min_ms)
        return ord_fail(error, ORD_INVALID_ARGUMENT, "--max-interval: it is below --min-interval");
    if (file)
        code = read_file(&script, file, error);
    for (size_t i = 0; !file && code == ORD_OK && i < sizeof built_in / sizeof *built_in; i++)
        code = add(&script, built_in[i], error);
    if (code == ORD_OK)
        *ret = script;
    else
        ord_script_close(&script);
    return code;
}

void ord_script_close(struct ord_script *script)
{
    for (size_t i = 0; i < script->count; i++)
        free(script->commands[i]);
    free(script->commands);
    *script = (struct ord_script){0};
}

/* 0 to `limit`, which it may be; that some come a little more often than others does not matter here. */
static uint64_t chance(uint64_t limit)
{
    uint64_t random = 0;
    if (getrandom(&random, sizeof random, 0) != sizeof random)
        return 0;
    return random % (limit + 1);
}

const char *ord_script_command(const struct ord_script *script)
{
    return script->commands[chance(script->count - 1)];
}

int64_t ord_script_interval_ms(const struct ord_script *script)
{
    if (script->max_ms <= script->min_ms)
        return script->min_ms;
    return script->min_ms + (int64_t)chance((uint64_t)(script->max_ms - script->min_ms));
}
