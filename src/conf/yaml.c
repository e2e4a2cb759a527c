/* The config file: one YAML mapping of keys to plain values. */
#include "conf/settings.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#define FILE_BYTES_MAX (1024 * 1024)

struct file {
    struct ord_reading *reading;
    const char *path;
    const char *bytes;
    size_t size;
    yaml_parser_t parser;
};

static void begin_problem(const struct file *file, size_t line)
{
    fprintf(file->reading->problems, "%s:%zu: ", file->path, line);
}

static size_t line_of(const yaml_event_t *event)
{
    return event->start_mark.line + 1;
}

/* Bytes that are no text have no mark, only an offset. */
static size_t line_at(const struct file *file, size_t offset)
{
    size_t line = 1;
    for (size_t i = 0; i < offset && i < file->size; i++)
        line += file->bytes[i] == '\n';
    return line;
}

static void report_syntax(const struct file *file)
{
    const yaml_parser_t *parser = &file->parser;
    bool is_text = parser->error != YAML_READER_ERROR;
    begin_problem(file, is_text ? parser->problem_mark.line + 1 : line_at(file, parser->problem_offset));
    fprintf(file->reading->problems, "%s%s%s\n", parser->problem ? parser->problem : "not YAML",
            parser->context ? " " : "", parser->context ? parser->context : "");
}

/* Reads the next event, which the caller deletes; false after a syntax error, which has been reported. */
static bool next(struct file *file, yaml_event_t *ret_event)
{
    if (yaml_parser_parse(&file->parser, ret_event))
        return true;
    if (file->parser.error == YAML_MEMORY_ERROR)
        file->reading->no_memory = true;
    else
        report_syntax(file);
    return false;
}

static int depth_change(const yaml_event_t *event)
{
    bool opens = event->type == YAML_SEQUENCE_START_EVENT || event->type == YAML_MAPPING_START_EVENT;
    bool closes = event->type == YAML_SEQUENCE_END_EVENT || event->type == YAML_MAPPING_END_EVENT;
    return opens - closes;
}

/* Passes over what is left of the value that starts with `first`. */
static bool skip_rest(struct file *file, const yaml_event_t *first)
{
    int depth = depth_change(first);
    while (depth > 0) {
        yaml_event_t event;
        if (!next(file, &event))
            return false;
        depth += depth_change(&event);
        yaml_event_delete(&event);
    }
    return true;
}

static bool is_null(const yaml_event_t *value)
{
    const char *text = (const char *)value->data.scalar.value;
    return value->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
           (!*text || strcmp(text, "~") == 0 || strcasecmp(text, "null") == 0);
}

/* What a value is that cannot be an option's, or NULL. */
static const char *fault_of(const yaml_event_t *value)
{
    static const char *const kinds[] = {
        [YAML_ALIAS_EVENT] = "an alias",
        [YAML_SEQUENCE_START_EVENT] = "a list",
        [YAML_MAPPING_START_EVENT] = "a mapping",
    };
    if (value->type != YAML_SCALAR_EVENT)
        return kinds[value->type];
    if (value->data.scalar.tag)
        return "a value with a tag";
    if (strlen((const char *)value->data.scalar.value) != value->data.scalar.length)
        return "text with a zero byte";
    return is_null(value) ? "empty" : NULL;
}

static void report_unknown_key(const struct file *file, const yaml_event_t *key)
{
    FILE *problems = file->reading->problems;
    const char *text = (const char *)key->data.scalar.value;
    begin_problem(file, line_of(key));
    ord_text_escape(text, ORD_NAME_MAX, problems);
    fputs(": no option has this key", problems);
    ord_settings_suggest(file->reading->settings, ORD_FORM_KEY, text, problems);
    fputc('\n', problems);
}

/* The row that a key stands for; NULL if there is none, which has been reported where it is a problem. */
static struct ord_setting *find_key(struct file *file, const yaml_event_t *key)
{
    FILE *problems = file->reading->problems;
    const struct ord_settings *settings = file->reading->settings;
    if (key->type != YAML_SCALAR_EVENT) {
        begin_problem(file, line_of(key));
        fputs("a key is the name of an option\n", problems);
        return NULL;
    }

    const char *text = (const char *)key->data.scalar.value;
    struct ord_setting *row = ord_settings_find(settings, ORD_FORM_KEY, text);
    if (!row && ord_settings_other_verb_has(settings, ORD_FORM_KEY, text))
        return NULL;
    if (!row || !ord_option_has(row->option, ORD_FORM_KEY)) {
        report_unknown_key(file, key);
        return NULL;
    }
    if (row->line) {
        begin_problem(file, line_of(key));
        fprintf(problems, "%s: given twice, first in line %u\n", text, row->line);
        return NULL;
    }
    row->line = (unsigned)line_of(key);
    return row;
}

static void take_value(struct file *file, struct ord_setting *row, const yaml_event_t *value)
{
    char key[ORD_NAME_MAX];
    const char *fault = fault_of(value);
    if (fault) {
        ord_option_write(row->option, ORD_FORM_KEY, key);
        begin_problem(file, row->line);
        fprintf(file->reading->problems, "%s: is %s; allowed a single value\n", key, fault);
        return;
    }
    const char *origin = ord_arena_printf(&file->reading->settings->arena, "%s:%u", file->path, row->line);
    if (origin)
        ord_reading_offer(file->reading, row, ORD_SOURCE_FILE, origin, (const char *)value->data.scalar.value);
    file->reading->no_memory |= !origin;
}

/* Reads the rest of a key, and its value. */
static bool read_pair(struct file *file, const yaml_event_t *key)
{
    yaml_event_t value;
    struct ord_setting *row = find_key(file, key);
    if (!skip_rest(file, key) || !next(file, &value))
        return false;
    if (row)
        take_value(file, row, &value);
    bool whole = skip_rest(file, &value);
    yaml_event_delete(&value);
    return whole;
}

static bool read_mapping(struct file *file)
{
    for (;;) {
        yaml_event_t event;
        if (!next(file, &event))
            return false;
        bool ended = event.type == YAML_MAPPING_END_EVENT;
        bool whole = ended || read_pair(file, &event);
        yaml_event_delete(&event);
        if (ended || !whole)
            return whole;
    }
}

static bool read_top(struct file *file, const yaml_event_t *event)
{
    if (event->type == YAML_MAPPING_START_EVENT)
        return read_mapping(file);
    if (event->type == YAML_SCALAR_EVENT && is_null(event))
        return true;
    begin_problem(file, line_of(event));
    fputs("the file is not a mapping; allowed lines of the form \"key: value\"\n", file->reading->problems);
    return skip_rest(file, event);
}

static bool is_value(const yaml_event_t *event)
{
    return event->type == YAML_SCALAR_EVENT || event->type == YAML_ALIAS_EVENT || depth_change(event) > 0;
}

static void read_stream(struct file *file)
{
    int documents = 0;
    for (bool more = true; more;) {
        yaml_event_t event;
        if (!next(file, &event))
            return;
        more = event.type != YAML_STREAM_END_EVENT;
        if (event.type == YAML_DOCUMENT_START_EVENT && documents++ > 0) {
            begin_problem(file, line_of(&event));
            fputs("a second document; allowed one\n", file->reading->problems);
            more = false;
        }
        if (is_value(&event))
            more = read_top(file, &event);
        yaml_event_delete(&event);
    }
}

/* Reads a whole file; returns its bytes, or NULL after a problem. */
static char *slurp(struct ord_reading *reading, const char *path, const char *origin, size_t *ret_size)
{
    char *bytes = malloc(FILE_BYTES_MAX + 1);
    if (!bytes) {
        reading->no_memory = true;
        return NULL;
    }
    FILE *in = fopen(path, "re");
    size_t size = in ? fread(bytes, 1, FILE_BYTES_MAX + 1, in) : 0;
    int errnum = in && !ferror(in) ? 0 : errno;
    if (in)
        fclose(in);
    if (errnum == 0 && size <= FILE_BYTES_MAX) {
        *ret_size = size;
        return bytes;
    }

    char reason[128];
    fprintf(reading->problems, "%s %s: ", origin, path);
    if (errnum)
        fprintf(reading->problems, "%s\n", strerror_r(errnum, reason, sizeof reason));
    else
        fprintf(reading->problems, "too large; allowed %d bytes\n", FILE_BYTES_MAX);
    free(bytes);
    return NULL;
}

void ord_read_file(struct ord_reading *reading, const char *path, const char *origin)
{
    struct file file = {.reading = reading, .path = path};
    char *bytes = slurp(reading, path, origin, &file.size);
    if (!bytes)
        return;

    file.bytes = bytes;
    if (yaml_parser_initialize(&file.parser)) {
        yaml_parser_set_input_string(&file.parser, (const unsigned char *)bytes, file.size);
        read_stream(&file);
        yaml_parser_delete(&file.parser);
    } else {
        reading->no_memory = true;
    }
    free(bytes);
}
