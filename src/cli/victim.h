/*
 * An ordinald that `ordinal torture` starts and kills. One thread.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

#define ORD_VICTIM_LOG_MAX 8192

struct ord_victim {
    pid_t pid;
    int log; /* what it writes to stderr */
    char text[ORD_VICTIM_LOG_MAX];
    char grpc[64], http[64]; /* where it listens */
    char version[32];
};

struct ord_victim_options {
    const char *program;
    const char *state_dir;
    const char *const *arguments; /* more options for ordinald */
    size_t argument_count;
};

/* Starts it as node 0 with the default layout, on ports that it picks, without variables of ordinal's, and
 * waits until it is ready. ORD_UNAVAILABLE: it does not start; the text has what it said last. */
enum ord_code ord_victim_start(const struct ord_victim_options *options, struct ord_victim *ret_victim,
                               struct ord_error *error);

/* Ends it by SIGKILL and waits until it is gone. ORD_INTERNAL: it had ended by itself. */
enum ord_code ord_victim_kill(struct ord_victim *victim, struct ord_error *error);
