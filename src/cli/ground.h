/*
 * Where `ordinal torture` does its work: a state directory of its own making, and what is known of the disk
 * below it. One thread.
 */
#pragma once

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

/* The file that says that a directory was made by `ordinal torture`. */
#define ORD_GROUND_MARKER "made-by-ordinal-torture"

struct ord_ground {
    char state[PATH_MAX];  /* new, empty, ours alone */
    char file_system[256]; /* "ext4 on /dev/sda1 at /var (rw,relatime)" */
    int64_t flush_median_us, flush_slowest_us;
};

/*
 * Makes a new state directory in `directory`, which is made too if it is not there, and measures the disk. One
 * that is there has to have been made by an earlier torture.
 *
 * ORD_INVALID_ARGUMENT: it was not. ORD_INTERNAL: the system refuses.
 */
enum ord_code ord_ground_open(const char *directory, struct ord_ground *ret_ground, struct ord_error *error);

/* Removes the state directory; the directory with its marker stays, for another torture. */
void ord_ground_remove(const struct ord_ground *ground);
