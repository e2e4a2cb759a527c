/*
 * Standard output: a buffer in front of a file descriptor that remembers its first failed write. After that,
 * what is written is dropped. One thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

#define ORD_OUTPUT_SIZE 65536

struct ord_output {
    int fd;
    int failure; /* errno of the first failed write; 0: none */
    size_t used;
    char buffer[ORD_OUTPUT_SIZE];
};

/* Starts on `fd`, which stays the caller's. SIGPIPE is to be ignored. */
void ord_output_init(struct ord_output *output, int fd);

void ord_output_write(struct ord_output *output, const char *bytes, size_t size);

/* Writes a string. */
void ord_output_text(struct ord_output *output, const char *text);

/* A place for `size` bytes (at most ORD_OUTPUT_SIZE) to be written to directly, then counted with
 * ord_output_used. */
char *ord_output_room(struct ord_output *output, size_t size);
void ord_output_used(struct ord_output *output, size_t size);

void ord_output_flush(struct ord_output *output);

/* Whether more output would be in vain: nobody reads it, or it cannot be written. */
bool ord_output_is_over(const struct ord_output *output);

/* Flushes, and tells whether all was written. That the reader went away (`… | head`) is not an error. */
enum ord_code ord_output_finish(struct ord_output *output, struct ord_error *error);
