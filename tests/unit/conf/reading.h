/* Reading settings in tests: words of a command line and of an environment, with a space between. */
#pragma once

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf/options.h"

#define WORDS_MAX 32

/* What a reading gave: settings or problems. */
struct reading {
    struct ord_settings *settings;
    char *problems;
    char line[8192], variables[4096];
};

static inline int split(char *text, char *ret_words[WORDS_MAX])
{
    int count = 0;
    for (char *at = strtok(text, " "); at; at = strtok(NULL, " "))
        ret_words[count++] = at;
    ret_words[count] = NULL;
    return count;
}

static inline struct reading *read_words(const struct ord_program *program, const char *line,
                                         const char *variables)
{
    struct reading *reading = calloc(1, sizeof *reading);
    char *argv[WORDS_MAX], *environment[WORDS_MAX];
    snprintf(reading->line, sizeof reading->line, "%s %s", program->name, line);
    snprintf(reading->variables, sizeof reading->variables, "%s", variables);
    int argc = split(reading->line, argv);
    split(reading->variables, environment);
    enum ord_code code =
        ord_settings_read(program, argc, argv, environment, &reading->settings, &reading->problems);
    cr_assert_eq(code, reading->settings ? ORD_OK : ORD_INVALID_ARGUMENT);
    cr_assert(!reading->settings != !reading->problems, "either settings or problems");
    return reading;
}

static inline void reading_free(struct reading *reading)
{
    ord_settings_free(reading->settings);
    free(reading->problems);
    free(reading);
}

/* Reads, and expects these problems, or none where `problems` is "". */
static inline void expect_problems(const struct ord_program *program, const char *line, const char *variables,
                                   const char *problems)
{
    struct reading *reading = read_words(program, line, variables);
    cr_assert_str_eq(reading->problems ? reading->problems : "", problems, "toyd %s (%s):\n%s--- expected:\n%s",
                     line, variables, reading->problems ? reading->problems : "", problems);
    reading_free(reading);
}

/* Reads, and expects that the option has this value from there; "" is unset. */
static inline void expect_value(const struct ord_program *program, const char *line, const char *variables,
                                const char *name, const char *value, const char *origin)
{
    struct reading *reading = read_words(program, line, variables);
    cr_assert_null(reading->problems, "%s (%s): %s", line, variables, reading->problems);
    const char *text = ord_settings_text(reading->settings, name);
    cr_assert_str_eq(text ? text : "", value, "%s (%s): %s is %s", line, variables, name,
                     text ? text : "unset");
    cr_assert_str_eq(ord_settings_origin(reading->settings, name), origin);
    reading_free(reading);
}

/* Writes a temporary file, whose name the caller frees after unlinking it. */
static inline char *temporary(const char *bytes, size_t size)
{
    char *path = strdup("conf.XXXXXX");
    int fd = mkstemp(path);
    cr_assert(fd >= 0 && write(fd, bytes, size) == (ssize_t)size);
    close(fd);
    return path;
}
