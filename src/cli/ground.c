#include "cli/ground.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <mntent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/time.h"

#define FLUSHES 21
#define BLOCK 4096
#define FILES_OPEN 8

/* Makes the directory with its marker, or finds both. */
static enum ord_code take_directory(const char *directory, struct ord_error *error)
{
    char marker[PATH_MAX];
    if (snprintf(marker, sizeof marker, "%s/%s", directory, ORD_GROUND_MARKER) >= (int)sizeof marker)
        return ord_fail(error, ORD_INVALID_ARGUMENT, "%.200s…: the name is too long", directory);
    if (mkdir(directory, 0700) == 0) {
        int fd = open(marker, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        if (fd < 0)
            return ord_fail_errno(error, errno, "%s", marker);
        close(fd);
        return ORD_OK;
    }
    if (errno != EEXIST)
        return ord_fail_errno(error, errno, "%s", directory);
    struct stat found;
    if (lstat(marker, &found) != 0 || !S_ISREG(found.st_mode))
        return ord_fail(error, ORD_INVALID_ARGUMENT,
                        "%s is there and was not made by ordinal torture; give a name that is not there yet",
                        directory);
    return ORD_OK;
}

static bool lies_in(const char *path, const char *folder)
{
    size_t length = strlen(folder);
    while (length > 0 && folder[length - 1] == '/')
        length--;
    return strncmp(path, folder, length) == 0 && (path[length] == '/' || path[length] == '\0');
}

/* Of the mounts in whose folder the path lies, the one with the longest; of two in one place, the later. */
static void find_file_system(const char *path, char *ret, size_t size)
{
    snprintf(ret, size, "unknown");
    FILE *mounts = setmntent("/proc/self/mounts", "re");
    struct mntent mount;
    char buffer[8192];
    size_t longest = 0;
    while (mounts && getmntent_r(mounts, &mount, buffer, sizeof buffer)) {
        if (strlen(mount.mnt_dir) < longest || !lies_in(path, mount.mnt_dir))
            continue;
        longest = strlen(mount.mnt_dir);
        snprintf(ret, size, "%s on %.64s at %.64s (%.96s)", mount.mnt_type, mount.mnt_fsname, mount.mnt_dir,
                 mount.mnt_opts);
    }
    if (mounts)
        endmntent(mounts);
}

static int by_size(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;
    return (left > right) - (left < right);
}

/* Writes a block and flushes it, a few times: what each reservation costs. */
static enum ord_code measure(struct ord_ground *ground, struct ord_error *error)
{
    char path[PATH_MAX + 8];
    snprintf(path, sizeof path, "%s/flush", ground->state);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return ord_fail_errno(error, errno, "%s", path);

    static const char block[BLOCK];
    int64_t flush_us[FLUSHES];
    int errnum = 0;
    for (int i = 0; i < FLUSHES && errnum == 0; i++) {
        int64_t began_ns = ord_boot_ns();
        if (pwrite(fd, block, sizeof block, 0) != sizeof block || fdatasync(fd) != 0)
            errnum = errno;
        flush_us[i] = (ord_boot_ns() - began_ns) / 1000;
    }
    close(fd);
    unlink(path);
    if (errnum != 0)
        return ord_fail_errno(error, errnum, "%s", path);
    qsort(flush_us, FLUSHES, sizeof *flush_us, by_size);
    ground->flush_median_us = flush_us[FLUSHES / 2];
    ground->flush_slowest_us = flush_us[FLUSHES - 1];
    return ORD_OK;
}

enum ord_code ord_ground_open(const char *directory, struct ord_ground *ret_ground, struct ord_error *error)
{
    enum ord_code code = take_directory(directory, error);
    if (code != ORD_OK)
        return code;
    char whole[PATH_MAX];
    if (!realpath(directory, whole) || snprintf(ret_ground->state, sizeof ret_ground->state, "%s/state-XXXXXX",
                                                whole) >= (int)sizeof ret_ground->state)
        return ord_fail_errno(error, errno, "%s", directory);
    if (!mkdtemp(ret_ground->state))
        return ord_fail_errno(error, errno, "%s", ret_ground->state);
    find_file_system(whole, ret_ground->file_system, sizeof ret_ground->file_system);
    return measure(ret_ground, error);
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *place)
{
    return remove(path);
}

void ord_ground_remove(const struct ord_ground *ground)
{
    nftw(ground->state, remove_entry, FILES_OPEN, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}
