/*
 * What hooks.c and gather.c share: the calls of the C library as this room sees them, and those behind them.
 *
 * Each `ord_gather_…` does what the call of that name does, for a caller in any thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

/* A write of all that `message` points to; -1 and errno, or how much was taken. */
ssize_t ord_gather_write(int fd, const struct msghdr *message, int flags);

/* To be called before the thread waits, with the timeout (milliseconds, -1: for ever) that it is to wait.
 * Returns the one to wait with: a shorter one when what is kept must be tried again. */
int ord_gather_before_wait(int timeout_ms);

/* To be called before a socket is closed (`is_closed`), or its sending side is shut down. */
void ord_gather_before_end(int fd, bool is_closed);

/* ORD_GATHER_HOLD_US, in nanoseconds; tests that do not mean it make it longer. */
extern int64_t ord_gather_hold_ns;

/* The calls that the hooks stand in front of. */
ssize_t ord_real_sendmsg(int fd, const struct msghdr *message, int flags);
ssize_t ord_real_send(int fd, const void *bytes, size_t size, int flags);
int ord_real_poll_out(int fd, int timeout_ms);
