/*
 * One table of options for each program: flag, variable, file key, type, default, range and help are one row,
 * and everything that shows options (--help, man page, shell completion, the README's table) is made from it.
 *
 * An option `grpc-listen` is the flag --grpc-listen, the variable ORDINAL_GRPC_LISTEN and the key grpc_listen
 * of the YAML file. The flag wins over the variable, the variable over the file, the file over the default.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/error.h"

enum ord_option_type {
    ORD_OPTION_SWITCH,   /* takes no value on the command line; true or false elsewhere */
    ORD_OPTION_INTEGER,  /* min to max */
    ORD_OPTION_DURATION, /* 250ms, 10s, 2m, 1h; held in milliseconds; min to max */
    ORD_OPTION_CHOICE,   /* one of `choices` */
    ORD_OPTION_ADDRESS,  /* ADDR:PORT, [ADDR]:PORT; an IP address and 0 to 65535 */
    ORD_OPTION_TEXT,
};

enum ord_option_scope {
    ORD_SCOPE_ANYWHERE,  /* flag, variable, file */
    ORD_SCOPE_FLAG_ONLY, /* actions such as --help, and --config itself */
};

/* Whether a value is good beyond its type; if not, `error` says what it is and what is allowed. */
typedef enum ord_code ord_option_check(const char *text, struct ord_error *error);

/* A variable of another's making that an option takes its value from. Empty, it counts as not set. */
struct ord_foreign {
    const char *name;   /* "PORT" */
    const char *format; /* its value in place of %s: "0.0.0.0:%s"; NULL: as it is */
    bool is_list;       /* of paths with ":" between them, of which the first is taken */
    bool is_default;    /* says what the default is, so that the file wins over it */
};

struct ord_option {
    const char *name;
    char letter; /* "-n"; 0: none */
    enum ord_option_type type;
    enum ord_option_scope scope;
    const char *preset;             /* the default, as text; NULL: unset */
    int64_t min, max;               /* INTEGER; DURATION in milliseconds */
    const char *choices;            /* "text|json" */
    const char *argument;           /* what help calls the value: "ADDR:PORT" */
    ord_option_check *check;        /* NULL: the type says all */
    const char *help;               /* whole sentences; the first is the short form */
    const char *group;              /* heading in help: "Listeners" */
    const struct ord_foreign *also; /* read when ORDINAL_… is not set, up to a row without a name; NULL: none */
};

/* A verb of a program (`ordinal get`), with options of its own beside the program's. */
struct ord_verb {
    const char *name;
    const char *arguments; /* "ID…" */
    const char *help;
    const struct ord_option *options;
    size_t option_count;
    const char *examples; /* lines of a shell */
};

struct ord_exit_status {
    int status;
    const char *help;
};

struct ord_program {
    const char *name;      /* "ordinald" */
    const char *summary;   /* one line */
    const char *arguments; /* after the options, in the synopsis; NULL: none are taken */
    const char *description;
    const struct ord_option *options;
    size_t option_count;
    const struct ord_verb *verbs; /* NULL: none */
    size_t verb_count;
    const struct ord_exit_status *statuses;
    size_t status_count;
    const char *examples;
    const char *see_also;
};

enum ord_source {
    ORD_SOURCE_DEFAULT,
    ORD_SOURCE_FILE,
    ORD_SOURCE_ENVIRONMENT,
    ORD_SOURCE_FLAG,
};

struct ord_settings;

/*
 * Reads flags, variables and (when --config or ORDINAL_CONFIG names one) the YAML file, and checks everything.
 * On failure `*ret_problems` is a text with one problem a line, each with the place it was read from
 * ("ordinal.yaml:7: grpc_listen: …"), to be freed by the caller; all problems are found at once.
 *
 * Variables that start with ORDINAL_ and belong to no option are a problem of programs without verbs; those
 * that Kubernetes makes for a service called "ordinal" are passed over. With --help, --version or --generate,
 * where a program has them, only the command line is read. An option called "config" names the file.
 *
 * `environment` is as environ. Fails with ORD_INVALID_ARGUMENT; ORD_INTERNAL when there is no memory. The
 * settings are read-only afterwards, for any thread.
 */
enum ord_code ord_settings_read(const struct ord_program *program, int argc, char **argv, char **environment,
                                struct ord_settings **ret_settings, char **ret_problems);

/* Takes NULL; returns NULL. */
struct ord_settings *ord_settings_free(struct ord_settings *settings);

/* The verb that was given, or NULL. */
const struct ord_verb *ord_settings_verb(const struct ord_settings *settings);

/* What stood after the options (and the verb). */
int ord_settings_argument_count(const struct ord_settings *settings);
const char *ord_settings_argument(const struct ord_settings *settings, int index);

/* The value of an option; it is a fault of the program to ask for a name that is not in its tables, or with the
 * getter of another type. Text is NULL when unset. */
const char *ord_settings_text(const struct ord_settings *settings, const char *name); /* any type but SWITCH */
int64_t ord_settings_number(const struct ord_settings *settings, const char *name);   /* INTEGER, DURATION */
bool ord_settings_switch(const struct ord_settings *settings, const char *name);

/* Where it came from: the kind, and in words ("ORDINAL_NODE_ID", "ordinal.yaml:7", "--node-id", "default"). */
enum ord_source ord_settings_source(const struct ord_settings *settings, const char *name);
const char *ord_settings_origin(const struct ord_settings *settings, const char *name);

/* Writes each option with its value and origin, as YAML with comments that a config file can be made of. */
void ord_settings_print(const struct ord_settings *settings, FILE *out);
