#include "base/log.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/time.h"

#define LINE_MAX_BYTES 2048

static enum ord_log_level threshold = ORD_LOG_INFO;
static enum ord_log_format line_format = ORD_LOGFMT;

static const char *const level_names[] = {
    [ORD_LOG_ERROR] = "error",
    [ORD_LOG_WARN] = "warn",
    [ORD_LOG_INFO] = "info",
    [ORD_LOG_DEBUG] = "debug",
};

/* Kept free for what ends a line: a closing quote, a closing brace, the newline. */
#define END_BYTES 3

/* A line in the making. What does not fit is cut: a log line is for people and must stay one write. */
struct line {
    size_t used;
    bool full;
    char text[LINE_MAX_BYTES];
};

static bool fits(const struct line *line, size_t count)
{
    return !line->full && line->used + count + END_BYTES <= sizeof line->text;
}

/* The whole piece or nothing, so that no escape is cut in two. */
static void put(struct line *line, const char *bytes, size_t count)
{
    if (!fits(line, count)) {
        line->full = true;
        return;
    }
    memcpy(line->text + line->used, bytes, count);
    line->used += count;
}

static void put_text(struct line *line, const char *text)
{
    put(line, text, strlen(text));
}

static void put_escaped(struct line *line, unsigned char c)
{
    char escape[8] = {(char)c};
    if (c == '"' || c == '\\')
        snprintf(escape, sizeof escape, "\\%c", c);
    else if (c < 0x20 || c == 0x7f)
        snprintf(escape, sizeof escape, "\\u%04x", c);
    put_text(line, escape);
}

static bool continues(char c)
{
    return ((unsigned char)c & 0xc0) == 0x80;
}

/* A quoted string that is valid JSON, which logfmt readers take as well. It ends in a quote even where it is
 * cut, and no UTF-8 character is cut in two. */
static void put_quoted(struct line *line, const char *text)
{
    put(line, "\"", 1);
    const char *at = text;
    for (; *at && !line->full; at++)
        put_escaped(line, (unsigned char)*at);
    if (line->full && at > text && continues(at[-1])) {
        while (continues(line->text[line->used - 1]))
            line->used--;
        if ((unsigned char)line->text[line->used - 1] >= 0xc0)
            line->used--;
    }
    line->text[line->used++] = '"';
}

static void put_bare(struct line *line, const char *text)
{
    for (; *text; text++)
        put(line, text, 1);
}

static bool is_bare(const char *text)
{
    for (const unsigned char *at = (const unsigned char *)text; *at; at++)
        if (*at <= ' ' || *at == '"' || *at == '=' || *at == '\\' || *at >= 0x7f)
            return false;
    return *text != '\0';
}

static void put_pair(struct line *line, const char *key, const char *value)
{
    bool json = line_format == ORD_LOG_JSON;
    if (!fits(line, strlen(key) + sizeof ",\"\":\"")) {
        line->full = true;
        return;
    }

    if (line->used > 0)
        put_text(line, json ? "," : " ");
    else if (json)
        put_text(line, "{");

    if (json)
        put_quoted(line, key);
    else
        put_text(line, key);
    put_text(line, json ? ":" : "=");

    if (!json && is_bare(value))
        put_bare(line, value);
    else
        put_quoted(line, value);
}

void ord_log_setup(enum ord_log_level level, enum ord_log_format format)
{
    threshold = level;
    line_format = format;
}

bool ord_log_enabled(enum ord_log_level level)
{
    return level <= threshold;
}

void ord_log(enum ord_log_level level, const char *message, ...)
{
    if (!ord_log_enabled(level))
        return;

    struct line line;
    line.used = 0;
    line.full = false;
    char time[ORD_RFC3339_MAX];
    ord_rfc3339_format(ord_wall_ns() / 1000, 3, time);
    put_pair(&line, "time", time);
    put_pair(&line, "level", level_names[level]);
    put_pair(&line, "msg", message);

    va_list args;
    va_start(args, message);
    for (const char *key; (key = va_arg(args, const char *)) != NULL;) {
        const char *value = va_arg(args, const char *);
        if (value)
            put_pair(&line, key, value);
    }
    va_end(args);

    if (line_format == ORD_LOG_JSON)
        line.text[line.used++] = '}';
    line.text[line.used++] = '\n';
    ssize_t ignored = write(STDERR_FILENO, line.text, line.used);
    (void)ignored;
}
