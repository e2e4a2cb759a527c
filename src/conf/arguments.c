/* Flags, the verb, and what stands after them. */
#include "conf/settings.h"

#include <string.h>

struct arguments {
    struct ord_reading *reading;
    int count, at; /* `at`: the next to be read */
    char **values;
};

static struct ord_setting *find_letter(const struct ord_settings *settings, char letter)
{
    for (size_t i = settings->row_count; i-- > 0;)
        if (settings->rows[i].option->letter == letter)
            return &settings->rows[i];
    return NULL;
}

/* Takes a flag; `value` is NULL when none is attached to it. */
static void take(struct arguments *arguments, struct ord_setting *row, const char *value)
{
    struct ord_reading *reading = arguments->reading;
    char flag[ORD_NAME_MAX];
    ord_option_write(row->option, ORD_FORM_FLAG, flag);

    bool is_switch = row->option->type == ORD_OPTION_SWITCH;
    if (is_switch && value) {
        fprintf(reading->problems, "%s: takes no value\n", flag);
        return;
    }
    if (is_switch)
        value = "true";
    if (!value && arguments->at < arguments->count)
        value = arguments->values[arguments->at++];
    if (!value)
        fprintf(reading->problems, "%s: needs a value: %s\n", flag, row->option->argument);
    else if (row->given)
        fprintf(reading->problems, "%s: given twice\n", flag);
    else
        ord_reading_offer(reading, row, ORD_SOURCE_FLAG, flag, value);
    row->given = true;
}

/* --name, --name=value */
static void read_long(struct arguments *arguments, const char *text)
{
    struct ord_reading *reading = arguments->reading;
    const char *equals = strchr(text, '=');
    char name[ORD_NAME_MAX];
    int length = equals ? (int)(equals - text) : (int)strlen(text);
    snprintf(name, sizeof name, "%.*s", length, text);

    struct ord_setting *row =
        length < ORD_NAME_MAX ? ord_settings_find(reading->settings, ORD_FORM_FLAG, name) : NULL;
    if (row) {
        take(arguments, row, equals ? equals + 1 : NULL);
        return;
    }
    ord_text_escape(name, sizeof name, reading->problems);
    fputs(": no such option", reading->problems);
    ord_settings_suggest(reading->settings, ORD_FORM_FLAG, name + strlen("--"), reading->problems);
    fputc('\n', reading->problems);
}

/* -x, -xyz, -n value, -nVALUE */
static void read_letters(struct arguments *arguments, const char *letters)
{
    struct ord_reading *reading = arguments->reading;
    while (*letters) {
        struct ord_setting *row = find_letter(reading->settings, *letters);
        if (!row) {
            fputc('-', reading->problems);
            ord_text_escape(letters, 1, reading->problems);
            fputs(": no such option\n", reading->problems);
            return;
        }
        letters++;
        if (row->option->type != ORD_OPTION_SWITCH) {
            take(arguments, row, *letters ? letters : NULL);
            return;
        }
        take(arguments, row, NULL);
    }
}

static void report_verb(struct ord_reading *reading, const char *text)
{
    const struct ord_program *program = reading->settings->program;
    fputc('"', reading->problems);
    ord_text_escape(text, ORD_NAME_MAX, reading->problems);
    fputs("\": no such verb; allowed ", reading->problems);
    for (size_t i = 0; i < program->verb_count; i++)
        fprintf(reading->problems, "%s%s", i ? ", " : "", program->verbs[i].name);
    for (size_t i = 0; i < program->verb_count; i++)
        if (ord_name_is_close(text, ord_name_distance(text, program->verbs[i].name))) {
            fprintf(reading->problems, "; did you mean %s?", program->verbs[i].name);
            break;
        }
    fputc('\n', reading->problems);
}

static void read_verb(struct arguments *arguments, const char *text)
{
    struct ord_settings *settings = arguments->reading->settings;
    for (size_t i = 0; i < settings->program->verb_count; i++)
        if (strcmp(settings->program->verbs[i].name, text) == 0) {
            ord_settings_choose(settings, &settings->program->verbs[i]);
            return;
        }
    report_verb(arguments->reading, text);
    arguments->at = arguments->count;
}

static void read_plain(struct arguments *arguments, const char *text)
{
    struct ord_reading *reading = arguments->reading;
    struct ord_settings *settings = reading->settings;
    if (settings->program->verbs && !settings->verb) {
        read_verb(arguments, text);
        return;
    }
    if (settings->verb ? settings->verb->arguments : settings->program->arguments) {
        settings->arguments[settings->argument_count++] = ord_reading_keep(reading, text);
        return;
    }
    fputc('"', reading->problems);
    ord_text_escape(text, ORD_NAME_MAX, reading->problems);
    fprintf(reading->problems, "\": %s takes no arguments\n",
            settings->verb ? settings->verb->name : settings->program->name);
}

void ord_read_arguments(struct ord_reading *reading, int argc, char **argv)
{
    struct arguments arguments = {.reading = reading, .count = argc, .at = 1, .values = argv};
    bool flags = true;
    while (arguments.at < arguments.count) {
        const char *text = argv[arguments.at++];
        if (!flags || text[0] != '-' || !text[1])
            read_plain(&arguments, text);
        else if (strcmp(text, "--") == 0)
            flags = false;
        else if (text[1] == '-')
            read_long(&arguments, text);
        else
            read_letters(&arguments, text + 1);
    }
}
