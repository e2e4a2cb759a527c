/*
 * What `ordinal member` sends, and when: a random command out of a list, at random intervals. One thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct ord_script {
    char **commands;
    size_t count;
    int64_t min_ms, max_ms; /* the interval; max_ms 0: nothing is sent */
};

/* Commands are the lines of a file that are not empty; without one (NULL), a few that are built in.
 * ORD_INVALID_ARGUMENT: the file cannot be read, or has none. */
enum ord_code ord_script_open(const char *file, int64_t min_ms, int64_t max_ms, struct ord_script *ret,
                              struct ord_error *error);
void ord_script_close(struct ord_script *script);

/* A command, and how long to wait before it is sent. */
const char *ord_script_command(const struct ord_script *script);
int64_t ord_script_interval_ms(const struct ord_script *script);
