/*
 * What is made from a table of options: help for people, a man page, completion for shells, and the table of
 * the README.
 */
#pragma once

#include <stdio.h>

#include "base/error.h"
#include "conf/options.h"

/* --help: of the program, or of one verb when `verb` is not NULL. */
void ord_render_help(const struct ord_program *program, const struct ord_verb *verb, FILE *out);

/* Writes `form`: "man" (roff, section 1 or 8), "bash", "zsh", "fish", "markdown". ORD_INVALID_ARGUMENT:
 * another. */
enum ord_code ord_render(const struct ord_program *program, const char *form, FILE *out,
                         struct ord_error *error);
