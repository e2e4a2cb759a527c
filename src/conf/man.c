/* The manual page, in the man macros of roff. */
#include "conf/forms.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "conf/text.h"

static const struct {
    char character;
    const char *roff;
} escapes[] = {
    {'\\', "\\(rs"}, {'-', "\\-"},   {'"', "\\(dq"}, {'\'', "\\(aq"},
    {'`', "\\(ga"},  {'^', "\\(ha"}, {'~', "\\(ti"},
};

static const char *escape_of(char character)
{
    for (size_t i = 0; i < sizeof escapes / sizeof escapes[0]; i++)
        if (escapes[i].character == character)
            return escapes[i].roff;
    return NULL;
}

/* Text in the flow, within a line or a macro's argument. A line that starts with a full stop would be a
 * request. */
static void write_bytes(const char *text, int length, FILE *out)
{
    const char *end = text + length;
    if (length > 0 && *text == '.')
        fputs("\\&", out);
    while (text < end) {
        uint32_t character = 0;
        int size = ord_utf8_decode(text, &character);
        const char *escape = escape_of(*text);
        if (escape)
            fputs(escape, out);
        else if (size > 1)
            fprintf(out, "\\[u%04X]", character);
        else
            fputc(*text, out);
        text += size > 1 ? size : 1;
    }
}

static void write_text(const char *text, FILE *out)
{
    write_bytes(text, (int)strlen(text), out);
}

static void write_line(const char *line, int length, FILE *out)
{
    if (length == 0)
        fputs(".PP", out);
    write_bytes(line, length, out);
    fputc('\n', out);
}

static void write_example_line(const char *line, int length, FILE *out)
{
    write_bytes(line, length, out);
    fputc('\n', out);
}

static void write_heading(const char *macro, const char *text, FILE *out)
{
    fprintf(out, ".%s \"", macro);
    write_text(text, out);
    fputs("\"\n", out);
}

static void write_facts(const struct ord_option *option, FILE *out)
{
    char *text = NULL;
    size_t size = 0;
    FILE *facts = open_memstream(&text, &size);
    if (!facts)
        return;
    ord_option_write_facts(option, facts);
    fclose(facts);
    if (size > 0)
        write_line(text, (int)size, out);
    free(text);
}

static void write_option(const struct ord_option *option, FILE *out)
{
    const char *argument = ord_option_argument(option);
    fputs(".TP\n", out);
    if (option->letter)
        fprintf(out, "\\fB\\-%c\\fR, ", option->letter);
    fputs("\\fB\\-\\-", out);
    write_text(option->name, out);
    fputs("\\fR", out);
    if (argument) {
        fputs(" \\fI", out);
        write_text(argument, out);
        fputs("\\fR", out);
    }
    fputc('\n', out);
    ord_each_line(option->help, write_line, out);
    write_facts(option, out);
}

static void write_options(const struct ord_option *options, size_t count, FILE *out)
{
    for (size_t first = 0; first < count; first++) {
        const char *heading = ord_group_begins(options, first);
        if (!heading)
            continue;
        write_heading("SS", heading, out);
        for (size_t i = first; i < count; i = ord_group_next(options, count, i))
            write_option(&options[i], out);
    }
}

static void write_synopsis(const char *program, const char *verb, const char *arguments, FILE *out)
{
    fputs("\\fB", out);
    write_text(program, out);
    if (verb) {
        fputc(' ', out);
        write_text(verb, out);
    }
    fputs("\\fR [\\fIOPTION\\fR]\\[u2026]", out);
    if (arguments) {
        fputs(" \\fI", out);
        write_text(arguments, out);
        fputs("\\fR", out);
    }
    fputc('\n', out);
}

static void write_examples(const char *examples, FILE *out)
{
    fputs(".EX\n", out);
    ord_each_line(examples, write_example_line, out);
    fputs(".EE\n", out);
}

static void write_verb(const struct ord_program *program, const struct ord_verb *verb, FILE *out)
{
    write_heading("SS", verb->name, out);
    write_synopsis(program->name, verb->name, verb->arguments, out);
    fputs(".PP\n", out);
    ord_each_line(verb->help, write_line, out);
    for (size_t i = 0; i < verb->option_count; i++)
        write_option(&verb->options[i], out);
    if (verb->examples) {
        fputs(".PP\n", out);
        write_examples(verb->examples, out);
    }
}

static void write_title(const struct ord_program *program, FILE *out)
{
    fputs(".TH ", out);
    for (const char *at = program->name; *at; at++)
        fputc(toupper((unsigned char)*at), out);
    fprintf(out, " %d \"\" \"ordinal " ORDINAL_VERSION "\" \"%s\"\n.nh\n.ad l\n.SH NAME\n",
            program->verbs ? 1 : 8, program->verbs ? "User Commands" : "System Administration");
    write_text(program->name, out);
    fputs(" \\- ", out);
    write_bytes(program->summary, ord_first_sentence(program->summary), out);
    fputs("\n.SH SYNOPSIS\n", out);
    write_synopsis(program->name, program->verbs ? "VERB" : NULL, program->arguments, out);
}

static void write_statuses(const struct ord_program *program, FILE *out)
{
    if (program->status_count > 0)
        fputs(".SH EXIT STATUS\n", out);
    for (size_t i = 0; i < program->status_count; i++) {
        fprintf(out, ".TP\n%d\n", program->statuses[i].status);
        ord_each_line(program->statuses[i].help, write_line, out);
    }
}

void ord_render_man(const struct ord_program *program, FILE *out)
{
    write_title(program, out);
    fputs(".SH DESCRIPTION\n", out);
    ord_each_line(program->description ? program->description : program->summary, write_line, out);
    if (program->verbs)
        fputs(".SH VERBS\n", out);
    for (size_t i = 0; i < program->verb_count; i++)
        write_verb(program, &program->verbs[i], out);
    fputs(".SH OPTIONS\n", out);
    fputs(ord_program_reads_file(program)
              ? "A flag wins over its variable, the variable over the config file, the file over the default.\n"
              : "A flag wins over its variable, the variable over the default.\n",
          out);
    write_options(program->options, program->option_count, out);
    write_statuses(program, out);
    if (program->examples) {
        fputs(".SH EXAMPLES\n", out);
        write_examples(program->examples, out);
    }
    if (program->see_also) {
        fputs(".SH SEE ALSO\n", out);
        write_line(program->see_also, (int)strlen(program->see_also), out);
    }
}
