/*
 * Private to conf: what the readers of flags, variables and files share.
 *
 * The readers are called in order of rank, and each offers what it found: a value that is good and outranks
 * what is there is kept, a bad one becomes a problem. One thread, while settings are being read.
 */
#pragma once

#include <stdio.h>

#include "base/arena.h"
#include "conf/options.h"
#include "conf/text.h"

/* The value of one option. */
struct ord_setting {
    const struct ord_option *option;
    enum ord_source source;
    const char *origin;
    const char *text; /* NULL: unset */
    int64_t number;   /* INTEGER, DURATION in milliseconds, SWITCH */
    bool given;       /* as a flag */
    unsigned line;    /* of the file that has the key; 0: none has */
};

struct ord_settings {
    const struct ord_program *program;
    const struct ord_verb *verb;
    struct ord_arena arena;
    struct ord_setting *rows; /* the program's, then the verb's, which hide those of the same name */
    size_t row_count;
    const char **arguments;
    int argument_count;
};

struct ord_reading {
    struct ord_settings *settings;
    FILE *problems; /* one a line */
    bool no_memory;
};

/* The row whose option is written `text` in that form, or NULL. */
struct ord_setting *ord_settings_find(const struct ord_settings *settings, enum ord_form form,
                                      const char *text);

/* Whether a verb that was not given has an option that is written like that. */
bool ord_settings_other_verb_has(const struct ord_settings *settings, enum ord_form form, const char *text);

/* Appends the options of the verb. */
void ord_settings_choose(struct ord_settings *settings, const struct ord_verb *verb);

/* Writes "; did you mean --grpc-listen?" when `text`, a name without the form's prefix, is close to an
 * option's. */
void ord_settings_suggest(const struct ord_settings *settings, enum ord_form form, const char *text, FILE *out);

/* Checks `text`, which stands at `origin`, and keeps both unless the row has a value of higher rank. */
void ord_reading_offer(struct ord_reading *reading, struct ord_setting *row, enum ord_source source,
                       const char *origin, const char *text);

/* A copy that lives as long as the settings; notes when there is no memory, and returns NULL. */
const char *ord_reading_keep(struct ord_reading *reading, const char *text);

/* The readers. */
void ord_read_arguments(struct ord_reading *reading, int argc, char **argv);
void ord_read_environment(struct ord_reading *reading, char **environment);
void ord_read_file(struct ord_reading *reading, const char *path, const char *origin);
