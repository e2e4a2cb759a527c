/* The settings as a config file. */
#include "conf/settings.h"

#include <stdint.h>

static bool is_quoted(const struct ord_option *option)
{
    return option->type == ORD_OPTION_TEXT || option->type == ORD_OPTION_CHOICE ||
           option->type == ORD_OPTION_ADDRESS;
}

static void print_row(const struct ord_setting *row, FILE *out)
{
    const struct ord_option *option = row->option;
    char key[ORD_NAME_MAX];
    ord_option_write(option, ORD_FORM_KEY, key);
    if (!row->text) {
        fprintf(out, "#%s:  # not set\n", key);
        return;
    }

    const char *quote = is_quoted(option) ? "\"" : "";
    fprintf(out, "%s: %s", key, quote);
    ord_text_escape(row->text, SIZE_MAX, out);
    fprintf(out, "%s  # from ", quote);
    ord_text_escape(row->origin, SIZE_MAX, out);
    if (row->source != ORD_SOURCE_DEFAULT)
        fprintf(out, "; default: %s", option->preset ? option->preset : "not set");
    fputc('\n', out);
}

void ord_settings_print(const struct ord_settings *settings, FILE *out)
{
    for (size_t i = 0; i < settings->row_count; i++)
        if (ord_option_has(settings->rows[i].option, ORD_FORM_KEY))
            print_row(&settings->rows[i], out);
}
