/*
 * Private to conf: the forms that a program's tables are rendered in.
 */
#pragma once

#include <stdio.h>

#include "conf/options.h"

void ord_render_man(const struct ord_program *program, FILE *out);
void ord_render_bash(const struct ord_program *program, FILE *out);
void ord_render_zsh(const struct ord_program *program, FILE *out);
void ord_render_fish(const struct ord_program *program, FILE *out);
void ord_render_markdown(const struct ord_program *program, FILE *out);

/* Whether a program has an option that names a config file. */
bool ord_program_reads_file(const struct ord_program *program);

/* Options in groups: the heading of the group that `options[index]` is the first of, or NULL if it is not. */
const char *ord_group_begins(const struct ord_option *options, size_t index);

/* The next option of the group of `options[index]`, or `count`. */
size_t ord_group_next(const struct ord_option *options, size_t count, size_t index);

/* What help calls the value of an option; NULL for a switch. */
const char *ord_option_argument(const struct ord_option *option);

/* Writes what is to be known beside the help: "Default: 10s. Allowed: 1s to 1h. Variable: ORDINAL_DRAIN." */
void ord_option_write_facts(const struct ord_option *option, FILE *out);

/* Writes `text` in words up to column 100, with the lines after the first indented; `column` is where it
 * starts. A newline in `text` begins a new line. */
void ord_write_wrapped(const char *text, int column, int indent, FILE *out);

/* How many columns UTF-8 takes. */
int ord_text_width(const char *text);

/* Calls `write` with each line of `text`. */
void ord_each_line(const char *text, void (*write)(const char *line, int length, FILE *out), FILE *out);

/* The length of the first sentence, without its full stop: the short form of a help text. */
int ord_first_sentence(const char *text);

/* What a shell offers for a value or an argument. */
enum ord_offer {
    ORD_OFFER_NOTHING,
    ORD_OFFER_CHOICES,
    ORD_OFFER_FILES,
    ORD_OFFER_DIRECTORIES,
};

/* By the name that help gives it: FILE, PATH, DIR. `argument` may be NULL. */
enum ord_offer ord_offer_for(const char *argument);
enum ord_offer ord_offer_for_option(const struct ord_option *option);

/* Writes the choices of an option with a space between. */
void ord_write_words(const struct ord_option *option, FILE *out);

/* Writes the short form of a help text for a string in single quotes: a backslash before each byte of
 * `special`, and `quote` for a single quote. */
void ord_write_short(const char *help, const char *special, const char *quote, FILE *out);
