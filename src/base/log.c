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

/* A line in the making. What does not fit is cut: a log line is for people and must stay one write. */
struct line {
    size_t used;
    char text[LINE_MAX_BYTES];
};

static void put(struct line *line, const char *bytes, size_t count)
{
    size_t room = sizeof line->text - 3 - line->used; /* a closing quote or brace, and the newline */
    if (count > room)
        count = room;
    memcpy(line->text + line->used, bytes, count);
    line->used += count;
}

static void put_text(struct line *line, const char *text)
{
    put(line, text, strlen(text));
}

/* A quoted string that is valid JSON, which logfmt readers take as well. */
static void put_quoted(struct line *line, const char *text)
{
    put(line, "\"", 1);
    for (const unsigned char *at = (const unsigned char *)text; *at; at++) {
        char escape[8];
        if (*at == '"' || *at == '\\') {
            snprintf(escape, sizeof escape, "\\%c", *at);
            put_text(line, escape);
        } else if (*at < 0x20 || *at == 0x7f) {
            snprintf(escape, sizeof escape, "\\u%04x", *at);
            put_text(line, escape);
        } else {
            put(line, (const char *)at, 1);
        }
    }
    put(line, "\"", 1);
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
        put_text(line, value);
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
