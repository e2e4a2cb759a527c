/* Allocations that can be made to fail, in place of libc's. Left out of builds whose sanitizer has its own. */
#include <errno.h>
#include <stddef.h>

#include "faults.h"

#pragma GCC diagnostic ignored "-Wmissing-prototypes"

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *at, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);

static bool fails(void)
{
    if (!fault_hits(FAULT_MEMORY))
        return false;
    errno = ENOMEM;
    return true;
}

void *malloc(size_t size)
{
    return fails() ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    return fails() ? NULL : __libc_calloc(count, size);
}

void *realloc(void *at, size_t size)
{
    return fails() ? NULL : __libc_realloc(at, size);
}

int posix_memalign(void **ret, size_t alignment, size_t size)
{
    if (fails())
        return ENOMEM;
    *ret = __libc_memalign(alignment, size);
    return *ret ? 0 : ENOMEM;
}
