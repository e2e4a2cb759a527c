#include "conf/settings.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* Answered whatever variables and files say. */
static const char *const questions[] = {"help", "version", "generate"};

static void add_rows(struct ord_settings *settings, const struct ord_option *options, size_t count)
{
    for (size_t i = 0; i < count; i++)
        settings->rows[settings->row_count++] =
            (struct ord_setting){.option = &options[i], .origin = "default"};
}

static struct ord_settings *create(const struct ord_program *program, int argc)
{
    struct ord_settings *settings = calloc(1, sizeof *settings);
    if (!settings)
        return NULL;

    size_t verb_options = 0;
    for (size_t i = 0; i < program->verb_count; i++)
        if (program->verbs[i].option_count > verb_options)
            verb_options = program->verbs[i].option_count;

    settings->program = program;
    ord_arena_init(&settings->arena, NULL, 0);
    settings->rows =
        ord_arena_alloc(&settings->arena, (program->option_count + verb_options) * sizeof *settings->rows);
    settings->arguments = ord_arena_alloc(&settings->arena, (size_t)argc * sizeof *settings->arguments);
    if (!settings->rows || !settings->arguments)
        return ord_settings_free(settings);
    add_rows(settings, program->options, program->option_count);
    return settings;
}

struct ord_settings *ord_settings_free(struct ord_settings *settings)
{
    if (settings)
        ord_arena_finish(&settings->arena);
    free(settings);
    return NULL;
}

void ord_settings_choose(struct ord_settings *settings, const struct ord_verb *verb)
{
    settings->verb = verb;
    add_rows(settings, verb->options, verb->option_count);
}

static bool is_written(const struct ord_option *option, enum ord_form form, const char *text)
{
    char name[ORD_NAME_MAX];
    ord_option_write(option, form, name);
    return strcmp(name, text) == 0;
}

struct ord_setting *ord_settings_find(const struct ord_settings *settings, enum ord_form form, const char *text)
{
    for (size_t i = settings->row_count; i-- > 0;)
        if (is_written(settings->rows[i].option, form, text))
            return &settings->rows[i];
    return NULL;
}

bool ord_settings_other_verb_has(const struct ord_settings *settings, enum ord_form form, const char *text)
{
    for (size_t i = 0; i < settings->program->verb_count; i++) {
        const struct ord_verb *verb = &settings->program->verbs[i];
        for (size_t j = 0; j < verb->option_count; j++)
            if (is_written(&verb->options[j], form, text))
                return true;
    }
    return false;
}

void ord_settings_suggest(const struct ord_settings *settings, enum ord_form form, const char *text, FILE *out)
{
    int best = ORD_NAME_MAX;
    const struct ord_option *nearest = NULL;
    for (size_t i = 0; i < settings->row_count; i++) {
        const struct ord_option *option = settings->rows[i].option;
        int distance = ord_name_distance(text, option->name);
        if (distance < best && ord_option_has(option, form)) {
            best = distance;
            nearest = option;
        }
    }
    if (nearest && ord_name_is_close(text, best)) {
        char name[ORD_NAME_MAX];
        ord_option_write(nearest, form, name);
        fprintf(out, "; did you mean %s?", name);
    }
}

const char *ord_reading_keep(struct ord_reading *reading, const char *text)
{
    char *copy = ord_arena_printf(&reading->settings->arena, "%s", text);
    reading->no_memory |= !copy;
    return copy;
}

/* Flags and variables name the option; a line of a file does not. */
static void write_place(struct ord_reading *reading, const struct ord_setting *row, enum ord_source source,
                        const char *origin)
{
    char key[ORD_NAME_MAX];
    ord_option_write(row->option, ORD_FORM_KEY, key);
    fprintf(reading->problems, "%s: ", origin);
    if (source == ORD_SOURCE_FILE || source == ORD_SOURCE_DEFAULT)
        fprintf(reading->problems, "%s: ", key);
}

void ord_reading_offer(struct ord_reading *reading, struct ord_setting *row, enum ord_source source,
                       const char *origin, const char *text)
{
    int64_t number = 0;
    struct ord_error error;
    enum ord_verdict verdict = ord_value_read(row->option, text, &number);
    if (verdict != ORD_GOOD) {
        write_place(reading, row, source, origin);
        ord_value_explain(row->option, text, verdict, reading->problems);
        fputc('\n', reading->problems);
        return;
    }
    if (row->option->check && row->option->check(text, &error) != ORD_OK) {
        write_place(reading, row, source, origin);
        fprintf(reading->problems, "%s\n", error.text);
        return;
    }
    if (row->text && row->source > source)
        return;
    row->source = source;
    row->origin = ord_reading_keep(reading, origin);
    row->text = ord_reading_keep(reading, text);
    row->number = number;
}

static void read_presets(struct ord_reading *reading)
{
    struct ord_settings *settings = reading->settings;
    for (size_t i = 0; i < settings->row_count; i++)
        if (settings->rows[i].option->preset)
            ord_reading_offer(reading, &settings->rows[i], ORD_SOURCE_DEFAULT, "default",
                              settings->rows[i].option->preset);
}

static bool is_question(const struct ord_settings *settings)
{
    for (size_t i = 0; i < sizeof questions / sizeof questions[0]; i++) {
        const struct ord_setting *row = ord_settings_find(settings, ORD_FORM_KEY, questions[i]);
        if (row && row->given)
            return true;
    }
    return false;
}

static void read_all(struct ord_reading *reading, int argc, char **argv, char **environment)
{
    ord_read_arguments(reading, argc, argv);
    if (!is_question(reading->settings)) {
        ord_read_environment(reading, environment);
        const struct ord_setting *config = ord_settings_find(reading->settings, ORD_FORM_KEY, "config");
        if (config && config->text)
            ord_read_file(reading, config->text, config->origin);
    }
    read_presets(reading);
}

enum ord_code ord_settings_read(const struct ord_program *program, int argc, char **argv, char **environment,
                                struct ord_settings **ret_settings, char **ret_problems)
{
    enum ord_code code = ORD_INTERNAL;
    char *problems = NULL;
    size_t size = 0;
    struct ord_reading reading = {.problems = open_memstream(&problems, &size)};
    reading.settings = create(program, argc);
    if (!reading.problems || !reading.settings)
        goto out;

    read_all(&reading, argc, argv, environment);
    if (fflush(reading.problems) != 0 || reading.no_memory)
        goto out;
    code = size > 0 ? ORD_INVALID_ARGUMENT : ORD_OK;

out:
    if (reading.problems)
        fclose(reading.problems);
    if (code == ORD_OK)
        *ret_settings = reading.settings;
    else
        ord_settings_free(reading.settings);
    if (code == ORD_INVALID_ARGUMENT)
        *ret_problems = problems;
    else
        free(problems);
    return code;
}

const struct ord_verb *ord_settings_verb(const struct ord_settings *settings)
{
    return settings->verb;
}

int ord_settings_argument_count(const struct ord_settings *settings)
{
    return settings->argument_count;
}

const char *ord_settings_argument(const struct ord_settings *settings, int index)
{
    assert(index >= 0 && index < settings->argument_count);
    return settings->arguments[index];
}

static const struct ord_setting *row_of(const struct ord_settings *settings, const char *name)
{
    for (size_t i = settings->row_count; i-- > 0;)
        if (strcmp(settings->rows[i].option->name, name) == 0)
            return &settings->rows[i];
    assert(!"an option of the program or of the verb");
    return NULL;
}

const char *ord_settings_text(const struct ord_settings *settings, const char *name)
{
    const struct ord_setting *row = row_of(settings, name);
    assert(row->option->type != ORD_OPTION_SWITCH);
    return row->text;
}

int64_t ord_settings_number(const struct ord_settings *settings, const char *name)
{
    const struct ord_setting *row = row_of(settings, name);
    assert(row->option->type == ORD_OPTION_INTEGER || row->option->type == ORD_OPTION_DURATION);
    return row->number;
}

bool ord_settings_switch(const struct ord_settings *settings, const char *name)
{
    const struct ord_setting *row = row_of(settings, name);
    assert(row->option->type == ORD_OPTION_SWITCH);
    return row->number != 0;
}

enum ord_source ord_settings_source(const struct ord_settings *settings, const char *name)
{
    return row_of(settings, name)->source;
}

const char *ord_settings_origin(const struct ord_settings *settings, const char *name)
{
    return row_of(settings, name)->origin;
}
