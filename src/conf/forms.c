#include "conf/forms.h"

#include <stdbool.h>
#include <string.h>

#include "conf/text.h"

#define COLUMNS 100

static const char *group_of(const struct ord_option *option)
{
    return option->group ? option->group : "Options";
}

size_t ord_group_next(const struct ord_option *options, size_t count, size_t index)
{
    const char *group = group_of(&options[index]);
    do
        index++;
    while (index < count && strcmp(group_of(&options[index]), group) != 0);
    return index;
}

bool ord_program_reads_file(const struct ord_program *program)
{
    for (size_t i = 0; i < program->option_count; i++)
        if (strcmp(program->options[i].name, "config") == 0)
            return true;
    return false;
}

const char *ord_group_begins(const struct ord_option *options, size_t index)
{
    const char *group = group_of(&options[index]);
    for (size_t i = 0; i < index; i++)
        if (strcmp(group_of(&options[i]), group) == 0)
            return NULL;
    return group;
}

const char *ord_option_argument(const struct ord_option *option)
{
    if (option->type == ORD_OPTION_SWITCH)
        return NULL;
    return option->argument ? option->argument : "VALUE";
}

void ord_option_write_facts(const struct ord_option *option, FILE *out)
{
    const char *before = "";
    if (option->preset) {
        fprintf(out, "Default: %s.", option->preset);
        before = " ";
    }
    if (ord_value_is_bounded(option)) {
        fprintf(out, "%sAllowed: ", before);
        ord_value_write_allowed(option, out);
        fputs(".", out);
        before = " ";
    }
    if (!ord_option_has(option, ORD_FORM_VARIABLE))
        return;
    char name[ORD_NAME_MAX];
    ord_option_write(option, ORD_FORM_VARIABLE, name);
    fprintf(out, "%sVariable: %s", before, name);
    for (const struct ord_foreign *also = option->also; also && also->name; also++)
        fprintf(out, " or %s", also->name);
    fputs(".", out);
}

static int width_of(const char *text, size_t bytes)
{
    int width = 0;
    for (size_t i = 0; i < bytes; i++)
        width += ((unsigned char)text[i] & 0xc0) != 0x80;
    return width;
}

int ord_text_width(const char *text)
{
    return width_of(text, strlen(text));
}

void ord_write_wrapped(const char *text, int column, int indent, FILE *out)
{
    bool line_is_empty = true;
    while (*text) {
        size_t bytes = strcspn(text, " \n");
        int width = width_of(text, bytes);
        if (!line_is_empty && column + 1 + width > COLUMNS) {
            fprintf(out, "\n%*s", indent, "");
            column = indent;
            line_is_empty = true;
        }
        if (bytes) {
            fprintf(out, "%s%.*s", line_is_empty ? "" : " ", (int)bytes, text);
            column += width + !line_is_empty;
            line_is_empty = false;
        }
        if (text[bytes] == '\n') {
            fprintf(out, "\n%*s", text[bytes + 1] == '\n' ? 0 : indent, "");
            column = indent;
            line_is_empty = true;
        }
        text += bytes + (text[bytes] != '\0');
    }
    fputc('\n', out);
}

void ord_each_line(const char *text, void (*write)(const char *line, int length, FILE *out), FILE *out)
{
    while (*text) {
        size_t length = strcspn(text, "\n");
        write(text, (int)length, out);
        text += length + (text[length] == '\n');
    }
}

int ord_first_sentence(const char *text)
{
    const char *end = strstr(text, ". ");
    size_t length = end ? (size_t)(end - text) : strlen(text);
    return (int)(!end && length > 0 && text[length - 1] == '.' ? length - 1 : length);
}

enum ord_offer ord_offer_for(const char *argument)
{
    static const struct {
        const char *word;
        enum ord_offer offer;
    } names[] = {{"FILE", ORD_OFFER_FILES}, {"PATH", ORD_OFFER_FILES}, {"DIR", ORD_OFFER_DIRECTORIES}};
    for (size_t i = 0; argument && i < sizeof names / sizeof names[0]; i++)
        if (strncmp(argument, names[i].word, strlen(names[i].word)) == 0)
            return names[i].offer;
    return ORD_OFFER_NOTHING;
}

enum ord_offer ord_offer_for_option(const struct ord_option *option)
{
    return option->type == ORD_OPTION_CHOICE ? ORD_OFFER_CHOICES : ord_offer_for(option->argument);
}

void ord_write_words(const struct ord_option *option, FILE *out)
{
    for (const char *at = option->choices; *at; at++)
        fputc(*at == '|' ? ' ' : *at, out);
}

void ord_write_short(const char *help, const char *special, const char *quote, FILE *out)
{
    const char *end = help + ord_first_sentence(help);
    for (; help < end; help++) {
        if (*help == '\'') {
            fputs(quote, out);
            continue;
        }
        if (strchr(special, *help))
            fputc('\\', out);
        fputc(*help == '\n' ? ' ' : *help, out);
    }
}
