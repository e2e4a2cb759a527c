/*
 * The progress bar: one line on a terminal, drawn over and over, cleared at the end.
 *
 * It shows itself only for work that takes longer than half a second, ten times a second at most. One thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ORD_PROGRESS_MAX 160

struct ord_progress {
    int fd; /* -1: never shown */
    bool is_shown;
    uint64_t total;
    int64_t started_ms, shown_ms;
};

/* Starts counting; draws on `fd`, or never if that is -1. */
void ord_progress_start(struct ord_progress *ret_progress, int fd, uint64_t total);

/* Tells that `done` of the total is done. */
void ord_progress_show(struct ord_progress *progress, uint64_t done);

/* Draws a line of any text at once, as far as it fits. */
void ord_progress_line(struct ord_progress *progress, const char *text);

/* Takes the line off the terminal. */
void ord_progress_clear(struct ord_progress *progress);

/* The line for a terminal of `columns`: share, bar, counts, rate and the time left. Shorter terminals get less
 * of it. `total` is at least 1. */
void ord_progress_text(uint64_t done, uint64_t total, int64_t elapsed_ms, int columns,
                       char ret[ORD_PROGRESS_MAX]);

/* A number in few characters: "950", "12.5k", "3.2M". */
void ord_progress_number(double number, char *ret, size_t size);

/* The descriptor to draw on: standard error if it is a terminal and standard output is not one, else -1. */
int ord_progress_fd(void);
