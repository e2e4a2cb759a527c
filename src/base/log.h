/*
 * One line an event on stderr, as logfmt or JSON:
 *
 *     time=2026-03-01T12:00:00.123Z level=info msg="listening" protocol=grpc address=127.0.0.1:50051
 *
 * Only daemon, cli and the edges of the front ends log. Set up once before threads start; then any thread: a
 * line is one write, lines do not mix.
 */
#pragma once

#include <stdbool.h>

enum ord_log_level {
    ORD_LOG_ERROR,
    ORD_LOG_WARN,
    ORD_LOG_INFO,
    ORD_LOG_DEBUG,
};

enum ord_log_format {
    ORD_LOGFMT,
    ORD_LOG_JSON,
};

void ord_log_setup(enum ord_log_level level, enum ord_log_format format);

/* Whether lines of that level are written, to skip work for those that are not. */
bool ord_log_enabled(enum ord_log_level level);

/* Writes `message` with pairs of key and value, both strings, that a NULL key ends. A NULL value is left out.
 */
void ord_log(enum ord_log_level level, const char *message, ...) __attribute__((sentinel));
