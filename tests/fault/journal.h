/* What was written and not flushed, so that a power loss can undo it. Uses no call that can be made to fail. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* After fd was opened; with `flushes`, each write to it is flushed. */
void journal_open(int fd, bool flushes);

/* Before `size` bytes are written to fd at `at`. */
void journal_write(int fd, off_t at, size_t size);

/* After fd was flushed: the file's writes, or the directory's renames. */
void journal_flush(int fd);

/* After a flush of fd failed: what it was to make durable is not, whatever is flushed later; only writing it
 * anew helps. */
void journal_lose(int fd);

/* After `from` was renamed to `to`, in the same directory, where nothing had that name. */
void journal_rename(int directory, const char *from, const char *to);

/* Takes back what was not flushed, the latest first; or, with `some`, every other of it. */
void journal_undo(bool some);

_Noreturn void journal_exit(int status);
