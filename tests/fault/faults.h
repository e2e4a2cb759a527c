/*
 * Makes system calls and allocations of this process fail on purpose: of a kind of call, the n-th, or all from
 * the n-th on. The program's own definitions take the place of libc's, for libraries too.
 *
 * A call that is not to fail is done, except that flushes only take note of what they would have made durable:
 * the disk is spared, and a power loss can be played, which undoes all writes that were not flushed.
 */
#pragma once

#include <stdbool.h>

enum fault_kind {
    FAULT_WRITE,  /* write, pwrite, writev */
    FAULT_SYNC,   /* fsync, fdatasync, msync */
    FAULT_OPEN,   /* open, openat, mkdir */
    FAULT_NAME,   /* renameat, unlinkat */
    FAULT_LOCK,   /* fcntl that sets a lock */
    FAULT_MAP,    /* mmap of a file, ftruncate */
    FAULT_MEMORY, /* malloc, calloc, realloc, posix_memalign */
    FAULT_KINDS,
};

enum fault_effect {
    FAULT_ERROR, /* -1 and errno */
    FAULT_SHORT, /* writes write half; other calls go through */
    FAULT_DONE,  /* -1 and errno, though it was done: an acknowledgement that got lost */
    FAULT_LOST,  /* flushes: -1 and errno, once; at the next the power goes. What is not written anew until then
                  * stays lost: the system takes it for clean */
    FAULT_CRASH, /* the process ends there */
    FAULT_POWER, /* and what was not flushed is gone */
    FAULT_POWER_SOME, /* or every other write of it */
};

#define FAULT_CRASHED 99 /* exit status */

struct fault_plan {
    enum fault_kind kind;
    enum fault_effect effect;
    int number;  /* from 1; 0: nothing fails */
    bool onward; /* all later ones as well */
    int error;
};

void fault_arm(const struct fault_plan *plan);
void fault_disarm(void);

/* How many calls of the kind were seen since it was armed. */
int fault_seen(void);

/* For the definitions: whether this call is to fail; does not return where it is to crash. */
bool fault_hits(enum fault_kind kind);
enum fault_effect fault_effect(void);
int fault_error(void);
