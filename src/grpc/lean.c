/*
 * Leaves out what the core's libraries do for those who debug them.
 *
 * Debian builds abseil with its assertions, and so with a detector of deadlocks that keeps a graph of all
 * locks: 6 % of a call's instructions. abseil turns it off by a C++ function that is public, but has no C name.
 * It is looked for by the name that Debian 12's library gives it; where there is none, nothing changes.
 */
#include <dlfcn.h>
#include <string.h>

#include "grpc/internal.h"

#define SET_DEADLOCK_DETECTION "_ZN4absl7debian329SetMutexDeadlockDetectionModeENS0_15OnDeadlockCycleE"

/* absl::OnDeadlockCycle::kIgnore */
#define IGNORE 0

void ord_grpc_lean(void)
{
    void (*set_mode)(int);
    void *found = dlsym(RTLD_DEFAULT, SET_DEADLOCK_DETECTION);
    memcpy(&set_mode, &found, sizeof found);
    if (set_mode)
        set_mode(IGNORE);
}
