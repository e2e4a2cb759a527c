#include "conf/text.h"

#include <ctype.h>
#include <string.h>

static const struct {
    const char *prefix;
    char dash;
    bool upper;
} forms[] = {
    [ORD_FORM_FLAG] = {"--", '-', false},
    [ORD_FORM_VARIABLE] = {"ORDINAL_", '_', true},
    [ORD_FORM_KEY] = {"", '_', false},
};

bool ord_option_has(const struct ord_option *option, enum ord_form form)
{
    if (form == ORD_FORM_FLAG)
        return true;
    if (strcmp(option->name, "config") == 0)
        return form == ORD_FORM_VARIABLE;
    return option->scope == ORD_SCOPE_ANYWHERE;
}

void ord_option_write(const struct ord_option *option, enum ord_form form, char ret[ORD_NAME_MAX])
{
    size_t used = (size_t)snprintf(ret, ORD_NAME_MAX, "%s", forms[form].prefix);
    for (const char *at = option->name; *at && used < ORD_NAME_MAX - 1; at++) {
        char letter = *at == '-' ? forms[form].dash : *at;
        ret[used++] = forms[form].upper ? (char)toupper((unsigned char)letter) : letter;
    }
    ret[used] = '\0';
}

static int fold(char letter)
{
    return letter == '_' ? '-' : tolower((unsigned char)letter);
}

static bool begins(const char *given, const char *name)
{
    while (*given && fold(*given) == fold(*name))
        given++, name++;
    return *given == '\0';
}

static int least(int a, int b, int c)
{
    int least_of_two = a < b ? a : b;
    return least_of_two < c ? least_of_two : c;
}

int ord_name_distance(const char *given, const char *name)
{
    int row[ORD_NAME_MAX];
    int length = (int)strlen(name);
    if (length >= ORD_NAME_MAX || strlen(given) >= ORD_NAME_MAX)
        return ORD_NAME_MAX;
    if (strlen(given) >= 3 && begins(given, name))
        return 1;

    for (int i = 0; i <= length; i++)
        row[i] = i;
    for (const char *at = given; *at; at++) {
        int diagonal = row[0]++;
        for (int i = 1; i <= length; i++) {
            int replaced = diagonal + (fold(*at) != fold(name[i - 1]));
            diagonal = row[i];
            row[i] = least(replaced, row[i] + 1, row[i - 1] + 1);
        }
    }
    return row[length];
}

bool ord_name_is_close(const char *given, int distance)
{
    return distance <= 1 + (int)strlen(given) / 4;
}

int ord_utf8_decode(const char *text, uint32_t *ret_character)
{
    static const uint32_t lowest[] = {0, 0, 0x80, 0x800, 0x10000};
    const unsigned char *at = (const unsigned char *)text;
    int length = at[0] < 0x80   ? 1
                 : at[0] < 0xc0 ? 0
                 : at[0] < 0xe0 ? 2
                 : at[0] < 0xf0 ? 3
                 : at[0] < 0xf8 ? 4
                                : 0;
    uint32_t character = length == 1 ? at[0] : at[0] & (0x7fU >> length);
    for (int i = 1; i < length; i++) {
        if ((at[i] & 0xc0) != 0x80)
            return 0;
        character = character << 6 | (at[i] & 0x3f);
    }
    if (character < lowest[length] || character > 0x10ffff || (character >= 0xd800 && character < 0xe000))
        return 0;
    *ret_character = character;
    return length;
}

/* What YAML's readers take as it is, within double quotes and on one line. */
static bool is_printable(uint32_t character)
{
    if (character < 0xa0)
        return character >= ' ' && character < 0x7f;
    return character != 0x2028 && character != 0x2029 && character != 0xfeff && (character & 0xfffe) != 0xfffe;
}

void ord_text_escape(const char *text, size_t max, FILE *out)
{
    const char *end = text + strnlen(text, max);
    const char *at = text;
    while (at < end) {
        uint32_t character;
        int length = ord_utf8_decode(at, &character);
        if (length == 0)
            fprintf(out, "\\x%02x", (unsigned char)*at);
        else if (*at == '"' || *at == '\\')
            fprintf(out, "\\%c", *at);
        else if (is_printable(character))
            fprintf(out, "%.*s", length, at);
        else
            fprintf(out, character < 0x100 ? "\\x%02x" : "\\U%08x", character);
        at += length ? length : 1;
    }
    if (*at)
        fputs("…", out);
}
