/* The table of options for the README. */
#include "conf/forms.h"
#include "conf/text.h"

/* Within a cell, "|" ends it and a newline ends the row. */
static void write_cell(const char *text, FILE *out)
{
    for (; *text; text++) {
        if (*text == '|' || *text == '\\' || *text == '<' || *text == '*' || *text == '_')
            fputc('\\', out);
        fputc(*text == '\n' ? ' ' : *text, out);
    }
}

static void write_name(const struct ord_option *option, enum ord_form form, FILE *out)
{
    char name[ORD_NAME_MAX];
    ord_option_write(option, form, name);
    if (ord_option_has(option, form))
        fprintf(out, "`%s`", name);
}

static void write_row(const struct ord_option *option, bool with_key, FILE *out)
{
    const char *argument = ord_option_argument(option);
    fputs("| ", out);
    if (option->letter)
        fprintf(out, "`-%c`, ", option->letter);
    fprintf(out, "`--%s%s%s` | ", option->name, argument ? " " : "", argument ? argument : "");
    write_name(option, ORD_FORM_VARIABLE, out);
    for (const struct ord_foreign *also = option->also; also && also->name; also++)
        fprintf(out, ", `%s`", also->name);
    if (with_key) {
        fputs(" | ", out);
        write_name(option, ORD_FORM_KEY, out);
    }
    fputs(" | ", out);
    if (option->preset)
        fprintf(out, "`%s`", option->preset);
    fputs(" | ", out);
    ord_value_write_allowed(option, out);
    fputs(" | ", out);
    write_cell(option->help, out);
    fputs(" |\n", out);
}

static void write_table(const struct ord_option *options, size_t count, bool with_key, FILE *out)
{
    fprintf(out, "| Option | Variable |%s Default | Allowed | Meaning |\n|---|---|%s---|---|---|\n",
            with_key ? " Key in the file |" : "", with_key ? "---|" : "");
    for (size_t first = 0; first < count; first++)
        if (ord_group_begins(options, first))
            for (size_t i = first; i < count; i = ord_group_next(options, count, i))
                write_row(&options[i], with_key, out);
}

void ord_render_markdown(const struct ord_program *program, FILE *out)
{
    bool with_key = ord_program_reads_file(program);
    if (program->option_count > 0)
        write_table(program->options, program->option_count, with_key, out);
    for (size_t i = 0; i < program->verb_count; i++) {
        const struct ord_verb *verb = &program->verbs[i];
        fprintf(out, "\n### `%s %s%s%s`\n\n", program->name, verb->name, verb->arguments ? " " : "",
                verb->arguments ? verb->arguments : "");
        write_cell(verb->help, out);
        fputs("\n\n", out);
        if (verb->option_count > 0)
            write_table(verb->options, verb->option_count, with_key, out);
    }
}
