/*
 * Private to conf: options and their values as text. Pure; any thread.
 */
#pragma once

#include <stdio.h>

#include "conf/options.h"

/* How the name of an option is written, by place. */
enum ord_form {
    ORD_FORM_FLAG,     /* --grpc-listen */
    ORD_FORM_VARIABLE, /* ORDINAL_GRPC_LISTEN */
    ORD_FORM_KEY,      /* grpc_listen */
};

#define ORD_NAME_MAX 64

/* Whether an option can be given in that place. --config has a variable, whatever its scope, and never a key.
 */
bool ord_option_has(const struct ord_option *option, enum ord_form form);

/* Writes an option's name as it stands in that place. */
void ord_option_write(const struct ord_option *option, enum ord_form form, char ret[ORD_NAME_MAX]);

/* The number of edits from `given` to `name`, letter case and the kind of dash aside; 1 when it begins `name`.
 */
int ord_name_distance(const char *given, const char *name);

/* Whether a name at that distance is worth suggesting. */
bool ord_name_is_close(const char *given, int distance);

enum ord_verdict {
    ORD_GOOD,
    ORD_MALFORMED,
    ORD_BEYOND, /* well formed, out of range */
};

/* Checks the value of an option; writes the number that it stands for (INTEGER, DURATION, SWITCH). */
enum ord_verdict ord_value_read(const struct ord_option *option, const char *text, int64_t *ret_number);

/* Writes what is wrong with a value, and what is allowed: `"x" is not a whole number; allowed 1 to 9`. */
void ord_value_explain(const struct ord_option *option, const char *text, enum ord_verdict verdict, FILE *out);

/* Writes what an option takes: "1 to 1000000", "10ms to 1h", "text, json". Nothing for TEXT and ADDRESS. */
void ord_value_write_allowed(const struct ord_option *option, FILE *out);

/* Whether the type has a range or choices to tell of. */
bool ord_value_is_bounded(const struct ord_option *option);

/* Writes at most `max` bytes of `text` and "…" for the rest, so that it stays on one line and between double
 * quotes in YAML: UTF-8 as it is, what cannot be printed as an escape. */
void ord_text_escape(const char *text, size_t max, FILE *out);

/* Decodes the first character; returns its length in bytes, or 0 if it is not UTF-8. */
int ord_utf8_decode(const char *text, uint32_t *ret_character);
