#include "base/log.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/time.h"

/* Standard error becomes a file of the test's, which each test reads back. */
static int file = -1;

static void start(void)
{
    char path[] = "/tmp/ordinal-log-XXXXXX";
    file = mkstemp(path);
    cr_assert(file >= 0);
    unlink(path);
    fcntl(file, F_SETFL, O_APPEND);
    dup2(file, STDERR_FILENO);
}

TestSuite(log, .init = start);

static char text[1 << 20];

static const char *written(void)
{
    ssize_t size = pread(file, text, sizeof text - 1, 0);
    cr_assert(size >= 0);
    text[size] = '\0';
    return text;
}

/* The line without its time, which is checked to be one. */
static const char *after_time(const char *prefix, const char *suffix)
{
    const char *line = written();
    cr_assert_eq(strncmp(line, prefix, strlen(prefix)), 0, "%s", line);
    const char *end = strstr(line + strlen(prefix), suffix);
    cr_assert_not_null(end, "%s", line);
    char time[64];
    int64_t us;
    snprintf(time, sizeof time, "%.*s", (int)(end - line - strlen(prefix)), line + strlen(prefix));
    cr_assert(ord_rfc3339_parse(time, &us), "time is '%s'", time);
    return end + strlen(suffix);
}

Test(log, a_line_of_logfmt)
{
    ord_log_setup(ORD_LOG_INFO, ORD_LOGFMT);
    ord_log(ORD_LOG_INFO, "listening", "protocol", "grpc", "address", "127.0.0.1:50051", NULL);
    cr_assert_str_eq(after_time("time=", " "),
                     "level=info msg=listening protocol=grpc address=127.0.0.1:50051\n");
}

Test(log, a_line_of_json)
{
    ord_log_setup(ORD_LOG_INFO, ORD_LOG_JSON);
    ord_log(ORD_LOG_WARN, "clock step", "seconds", "12", NULL);
    cr_assert_str_eq(after_time("{\"time\":\"", "\","),
                     "\"level\":\"warn\",\"msg\":\"clock step\",\"seconds\":\"12\"}\n");
}

Test(log, values_that_need_it_are_quoted_and_escaped)
{
    ord_log_setup(ORD_LOG_INFO, ORD_LOGFMT);
    ord_log(ORD_LOG_INFO, "two words", "a", "x=y", "b", "say \"hi\"", "c", "line\nline", "d", "back\\slash",
            "e", "", "f", "bare", NULL);
    cr_assert_str_eq(after_time("time=", " "),
                     "level=info msg=\"two words\" a=\"x=y\" b=\"say \\\"hi\\\"\" c=\"line\\u000aline\" "
                     "d=\"back\\\\slash\" e=\"\" f=bare\n");
}

Test(log, a_null_value_is_left_out)
{
    ord_log_setup(ORD_LOG_INFO, ORD_LOGFMT);
    ord_log(ORD_LOG_INFO, "m", "a", NULL, "b", "2", NULL);
    cr_assert_str_eq(after_time("time=", " "), "level=info msg=m b=2\n");
}

Test(log, only_levels_up_to_the_one_set_are_written)
{
    ord_log_setup(ORD_LOG_WARN, ORD_LOGFMT);
    cr_assert(ord_log_enabled(ORD_LOG_ERROR) && ord_log_enabled(ORD_LOG_WARN));
    cr_assert(!ord_log_enabled(ORD_LOG_INFO) && !ord_log_enabled(ORD_LOG_DEBUG));
    ord_log(ORD_LOG_INFO, "unseen", NULL);
    cr_assert_str_eq(written(), "");
    ord_log(ORD_LOG_ERROR, "seen", NULL);
    cr_assert_str_eq(after_time("time=", " "), "level=error msg=seen\n");
}

/* Whether quotes are paired, no escape is broken and UTF-8 is whole, as JSON needs it. */
static bool is_closed(const char *line)
{
    bool quoted = false;
    for (; *line; line++) {
        if (*line == '\\') {
            if (!*++line || (*line == 'u' && strspn(line + 1, "0123456789abcdef") < 4))
                return false;
        } else if (*line == '"') {
            quoted = !quoted;
        } else if (*line == '\xe2') {
            if (strncmp(line, "\xe2\x82\xac", 3) != 0)
                return false;
            line += 2;
        } else if ((unsigned char)*line >= 0x80) {
            return false;
        }
    }
    return !quoted;
}

Test(log, a_line_that_is_too_long_is_cut_and_still_ends)
{
    static const char *const fillers[] = {"x", "\"", "\n", "\xe2\x82\xac"};
    static const enum ord_log_format formats[] = {ORD_LOGFMT, ORD_LOG_JSON};
    for (size_t length = 1900; length < 2100; length++)
        for (int i = 0; i < 8; i++) {
            char value[2300 + 3 * 2300] = "";
            memset(value, 'x', length);
            for (size_t at = length; at + 3 < length + 200; at += strlen(fillers[i % 4]))
                memcpy(value + at, fillers[i % 4], strlen(fillers[i % 4]) + 1);
            ord_log_setup(ORD_LOG_INFO, formats[i / 4]);
            cr_assert_eq(ftruncate(file, 0), 0);
            ord_log(ORD_LOG_INFO, "m", "value", value, "after", "it", "and", "more", NULL);
            const char *line = written(), *end = i / 4 ? "\"}\n" : "\n";
            size_t size = strlen(line);
            cr_assert(size > 1900 && size <= 2048, "%zu: %zu bytes", length, size);
            cr_assert_str_eq(line + size - strlen(end), end, "%zu: ends in %s", length, line + size - 20);
            cr_assert_eq(strchr(line, '\n') - line, (long)size - 1, "%zu: more than one line", length);
            cr_assert(is_closed(line), "%zu: ends in %s", length, line + size - 20);
        }
}

enum {
    THREADS = 4,
    LINES = 500
};

static void *log_lines(void *word)
{
    for (int i = 0; i < LINES; i++)
        ord_log(ORD_LOG_INFO, word, "k", "v", NULL);
    return NULL;
}

Test(log, lines_of_threads_do_not_mix)
{
    static char words[THREADS][2] = {"a", "b", "c", "d"};
    ord_log_setup(ORD_LOG_INFO, ORD_LOGFMT);
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, log_lines, words[i]), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);

    written();
    int lines = 0;
    char *rest = text;
    for (char *line; (line = strsep(&rest, "\n")) && *line; lines++) {
        char word;
        int end = 0;
        cr_assert(sscanf(line, "time=%*s level=info msg=%c k=v%n", &word, &end) == 1 && line[end] == '\0', "%s",
                  line);
    }
    cr_assert_eq(lines, THREADS * LINES);
}
