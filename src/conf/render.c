#include "conf/render.h"

#include <stdlib.h>
#include <string.h>

#include "conf/forms.h"

#define HELP_COLUMN 32

static void write_flag(const struct ord_option *option, FILE *out)
{
    const char *argument = ord_option_argument(option);
    if (option->letter)
        fprintf(out, "  -%c, ", option->letter);
    else
        fputs("      ", out);
    fprintf(out, "--%s%s%s", option->name, argument ? " " : "", argument ? argument : "");
}

static int flag_width(const struct ord_option *option)
{
    const char *argument = ord_option_argument(option);
    return 6 + 2 + (int)strlen(option->name) + (argument ? 1 + ord_text_width(argument) : 0);
}

/* From a column on to the one where help stands. */
static void indent_from(int column, FILE *out)
{
    if (column + 2 > HELP_COLUMN)
        fprintf(out, "\n%*s", HELP_COLUMN, "");
    else
        fprintf(out, "%*s", HELP_COLUMN - column, "");
}

static void write_option(const struct ord_option *option, FILE *out)
{
    char *text = NULL;
    size_t size = 0;
    FILE *help = open_memstream(&text, &size);
    if (!help)
        return;
    fprintf(help, "%s ", option->help);
    ord_option_write_facts(option, help);
    fclose(help);

    write_flag(option, out);
    indent_from(flag_width(option), out);
    ord_write_wrapped(text, HELP_COLUMN, HELP_COLUMN, out);
    free(text);
}

static void write_options(const struct ord_option *options, size_t count, FILE *out)
{
    for (size_t first = 0; first < count; first++) {
        const char *heading = ord_group_begins(options, first);
        if (!heading)
            continue;
        fprintf(out, "\n%s:\n", heading);
        for (size_t i = first; i < count; i = ord_group_next(options, count, i))
            write_option(&options[i], out);
    }
}

static void write_verbs(const struct ord_program *program, FILE *out)
{
    fputs("\nVerbs:\n", out);
    for (size_t i = 0; i < program->verb_count; i++) {
        const struct ord_verb *verb = &program->verbs[i];
        const char *arguments = verb->arguments ? verb->arguments : "";
        fprintf(out, "  %s %s", verb->name, arguments);
        indent_from(2 + (int)strlen(verb->name) + 1 + ord_text_width(arguments), out);
        ord_write_wrapped(verb->help, HELP_COLUMN, HELP_COLUMN, out);
    }
    fprintf(out, "\nOptions of a verb: %s VERB --help\n", program->name);
}

static void write_statuses(const struct ord_program *program, FILE *out)
{
    if (program->status_count > 0)
        fputs("\nExit status:\n", out);
    for (size_t i = 0; i < program->status_count; i++) {
        int column = fprintf(out, "  %-3d ", program->statuses[i].status);
        ord_write_wrapped(program->statuses[i].help, column, column, out);
    }
}

static void write_example(const char *line, int length, FILE *out)
{
    fprintf(out, "%*s%.*s\n", length ? 2 : 0, "", length, line);
}

static void write_examples(const char *examples, FILE *out)
{
    if (!examples)
        return;
    fputs("\nExamples:\n", out);
    ord_each_line(examples, write_example, out);
}

static void write_paragraph(const char *text, FILE *out)
{
    if (!text)
        return;
    fputc('\n', out);
    ord_write_wrapped(text, 0, 0, out);
}

static void help_of_program(const struct ord_program *program, FILE *out)
{
    const char *arguments = program->verbs ? "VERB …" : program->arguments;
    fprintf(out, "Usage: %s [OPTION]…%s%s\n", program->name, arguments ? " " : "", arguments ? arguments : "");
    fprintf(out, "\n%s - %s\n", program->name, program->summary);
    write_paragraph(program->description, out);
    if (program->verbs)
        write_verbs(program, out);
    write_options(program->options, program->option_count, out);
    write_statuses(program, out);
    write_examples(program->examples, out);
    if (program->see_also)
        fprintf(out, "\nSee also: %s\n", program->see_also);
}

static void help_of_verb(const struct ord_program *program, const struct ord_verb *verb, FILE *out)
{
    fprintf(out, "Usage: %s %s [OPTION]…%s%s\n", program->name, verb->name, verb->arguments ? " " : "",
            verb->arguments ? verb->arguments : "");
    write_paragraph(verb->help, out);
    write_options(verb->options, verb->option_count, out);
    write_options(program->options, program->option_count, out);
    write_statuses(program, out);
    write_examples(verb->examples, out);
}

void ord_render_help(const struct ord_program *program, const struct ord_verb *verb, FILE *out)
{
    if (verb)
        help_of_verb(program, verb, out);
    else
        help_of_program(program, out);
}

enum ord_code ord_render(const struct ord_program *program, const char *form, FILE *out,
                         struct ord_error *error)
{
    static const struct {
        const char *name;
        void (*render)(const struct ord_program *program, FILE *out);
    } forms[] = {
        {"man", ord_render_man},   {"bash", ord_render_bash},         {"zsh", ord_render_zsh},
        {"fish", ord_render_fish}, {"markdown", ord_render_markdown},
    };
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++)
        if (strcmp(forms[i].name, form) == 0) {
            forms[i].render(program, out);
            return ORD_OK;
        }
    return ord_fail(error, ORD_INVALID_ARGUMENT,
                    "form: \"%s\" is not known; allowed man, bash, zsh, fish, markdown", form);
}
