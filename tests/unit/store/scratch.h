/* A folder for a test, in the build tree, where file systems are those that ordinald is to trust. */
#pragma once

#include <criterion/criterion.h>
#include <errno.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

static inline char *scratch(void)
{
    const char *root = getenv("ORDINAL_TEST_DIR");
    char *path = NULL;
    cr_assert_gt(asprintf(&path, "%s/state.XXXXXX", root ? root : "."), 0);
    cr_assert_not_null(mkdtemp(path), "%s", path);
    return path;
}

static inline int scratch_remove(const char *path, const struct stat *stat, int type, struct FTW *at)
{
    return remove(path);
}

static inline void scratch_end(char *path)
{
    nftw(path, scratch_remove, 8, FTW_DEPTH | FTW_PHYS);
    free(path);
}
