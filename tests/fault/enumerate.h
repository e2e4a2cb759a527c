/*
 * Fails every call that a subject makes, one after the other: each in a process of its own, followed by one in
 * which nothing fails and that finds what the first left behind.
 *
 * Prints TAP: a line for each kind of call, effect and starting point, with the number of places that it found.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "faults.h"

struct fault_subject {
    /* Acts on `fault_directory` while `plan` is armed. */
    void (*act)(const struct fault_plan *plan);
    /* The same without faults: everything succeeds, and nothing that was promised before is broken. */
    void (*act_well)(void);
    /* Before each place of failure: forgets what was promised. */
    void (*forget)(void);
    unsigned kinds;     /* a bit for each kind of call that fails; 0: all */
    bool is_later_only; /* nothing fails at the first start */
};

extern char fault_directory[4096];

/* Memory that a process that dies shares with its parent; ends the program where there is none. */
void *fault_shared(size_t size);

/* Something is wrong: the first word counts. For use in the subject's processes. */
__attribute__((format(printf, 1, 2))) void fault_blame(const char *format, ...);

/* Counts a failure of the subject, and blames it unless it is one line that names the system's reason. */
void fault_judge(enum ord_code code, const struct ord_error *error, const struct fault_plan *plan);

/* How many failures were judged since the process began. */
int fault_failures(void);

/* Runs all; the program's exit status. `arguments` of main: "memory" has allocations fail, too. */
int fault_enumerate(const struct fault_subject *subject, const char *name, int argc, char **argv);
