/* Variables of the environment. */
#include "conf/settings.h"

#include <ctype.h>
#include <string.h>

#define PREFIX "ORDINAL_"

/* The value of a variable, or NULL. */
static const char *look_up(char **environment, const char *name)
{
    size_t length = strlen(name);
    for (char **at = environment; *at; at++)
        if (strncmp(*at, name, length) == 0 && (*at)[length] == '=')
            return *at + length + 1;
    return NULL;
}

/* Kubernetes gives each container variables for each service of its namespace: ORDINAL_SERVICE_HOST,
 * ORDINAL_PORT_8080_TCP_ADDR, … for one that is called "ordinal". */
static bool is_service_link(const char *name, const char *value)
{
    const char *port = strstr(name, "_PORT");
    return strstr(name, "_SERVICE_HOST") || strstr(name, "_SERVICE_PORT") ||
           (port && strcmp(port, "_PORT") == 0 && strstr(value, "://")) ||
           (port && strncmp(port, "_PORT_", 6) == 0 && isdigit((unsigned char)port[6]));
}

static void report_unknown(struct ord_reading *reading, const char *name)
{
    ord_text_escape(name, ORD_NAME_MAX, reading->problems);
    fputs(": no option has this variable", reading->problems);
    ord_settings_suggest(reading->settings, ORD_FORM_VARIABLE, name + strlen(PREFIX), reading->problems);
    fputc('\n', reading->problems);
}

/* Reports variables that nobody reads, which are most likely misspelt. Programs with verbs ignore them: they
 * live beside the daemon and share its prefix. */
static void check_names(struct ord_reading *reading, char **environment)
{
    const struct ord_settings *settings = reading->settings;
    if (settings->program->verbs)
        return;
    for (char **at = environment; *at; at++) {
        char name[256];
        size_t length = strcspn(*at, "=");
        if (strncmp(*at, PREFIX, strlen(PREFIX)) != 0)
            continue;
        snprintf(name, sizeof name, "%.*s", (int)length, *at);
        const struct ord_setting *row = ord_settings_find(settings, ORD_FORM_VARIABLE, name);
        if (!row || !ord_option_has(row->option, ORD_FORM_VARIABLE))
            if (!is_service_link(name, *at + length))
                report_unknown(reading, name);
    }
}

/* The first variable of another's making (PORT) that is set. */
static const struct ord_foreign *find_foreign(const struct ord_option *option, char **environment)
{
    const struct ord_foreign *foreign = option->also;
    while (foreign && foreign->name) {
        const char *value = look_up(environment, foreign->name);
        if (value && *value)
            return foreign;
        foreign++;
    }
    return NULL;
}

/* It is read only when nothing of our own says it. */
static void read_foreign(struct ord_reading *reading, struct ord_setting *row, char **environment)
{
    const struct ord_foreign *foreign = find_foreign(row->option, environment);
    if (!foreign || row->given)
        return;
    const char *value = look_up(environment, foreign->name);
    const char *format = foreign->format ? foreign->format : "%s";
    size_t length = foreign->is_list ? strcspn(value, ":") : strlen(value);
    int before = (int)strcspn(format, "%");
    const char *text = ord_arena_printf(&reading->settings->arena, "%.*s%.*s%s", before, format, (int)length,
                                        value, format[before] ? format + before + strlen("%s") : "");
    if (text)
        ord_reading_offer(reading, row, foreign->is_default ? ORD_SOURCE_DEFAULT : ORD_SOURCE_ENVIRONMENT,
                          foreign->name, text);
    reading->no_memory |= !text;
}

void ord_read_environment(struct ord_reading *reading, char **environment)
{
    for (size_t i = 0; i < reading->settings->row_count; i++) {
        struct ord_setting *row = &reading->settings->rows[i];
        if (!ord_option_has(row->option, ORD_FORM_VARIABLE))
            continue;
        char name[ORD_NAME_MAX];
        ord_option_write(row->option, ORD_FORM_VARIABLE, name);
        const char *value = look_up(environment, name);
        if (value)
            ord_reading_offer(reading, row, ORD_SOURCE_ENVIRONMENT, name, value);
        else
            read_foreign(reading, row, environment);
    }
    check_names(reading, environment);
}
