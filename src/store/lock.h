/*
 * Exclusive locks on ranges of bytes of a file, held by an open file (OFD locks): the system gives them up when
 * the file is closed or the process ends, however it ends. Nothing is left behind.
 *
 * Locks of one open file do not exclude each other. All return 0 or an errno.
 */
#pragma once

#include <sys/types.h>

/* Takes the range, or widens what is held to it. EAGAIN: another holds a part of it. Does not wait. */
int ord_lock_try(int fd, off_t first, off_t count);

/* As ord_lock_try, but waits. */
int ord_lock_wait(int fd, off_t first, off_t count);

int ord_lock_release(int fd, off_t first, off_t count);

/* The first byte of a lock that another holds within the range, or -1. */
off_t ord_lock_conflict(int fd, off_t first, off_t count);

/* Whether a second open of the file is kept out of what `fd` has locked at `probe`, as it should. ENOLCK when
 * it is not. */
int ord_lock_check(int fd, off_t probe);
