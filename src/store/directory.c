#include "store/directory.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/statfs.h>
#include <unistd.h>

#ifndef CIFS_SUPER_MAGIC
#define CIFS_SUPER_MAGIC 0xFF534D42
#endif
#ifndef SMB2_SUPER_MAGIC
#define SMB2_SUPER_MAGIC 0xFE534D42
#endif

#define GONE "is lost when the system stops"
#define FOREIGN "is on a network, where locks and flushes may not be what they seem"

static const struct {
    uint32_t magic;
    const char *why;
} unsafe[] = {
    {TMPFS_MAGIC, "tmpfs " GONE},
    {RAMFS_MAGIC, "ramfs " GONE},
    {OVERLAYFS_SUPER_MAGIC, "overlay is lost with its container"},
    {NFS_SUPER_MAGIC, "NFS " FOREIGN},
    {CIFS_SUPER_MAGIC, "CIFS " FOREIGN},
    {SMB2_SUPER_MAGIC, "SMB " FOREIGN},
    {SMB_SUPER_MAGIC, "SMB " FOREIGN},
    {V9FS_MAGIC, "9p " FOREIGN},
    {CEPH_SUPER_MAGIC, "Ceph " FOREIGN},
    {AFS_SUPER_MAGIC, "AFS " FOREIGN},
};

const char *ord_unsafe_file_system(long magic)
{
    for (size_t i = 0; i < sizeof unsafe / sizeof *unsafe; i++)
        if (unsafe[i].magic == (uint32_t)magic)
            return unsafe[i].why;
    return NULL;
}

/* The directory in which `path` is a name. */
static void parent_of(const char *path, char ret[ORD_DIRECTORY_MAX])
{
    size_t length = strlen(path);
    while (length > 1 && path[length - 1] == '/')
        length--;
    while (length > 0 && path[length - 1] != '/')
        length--;
    while (length > 1 && path[length - 1] == '/')
        length--;
    if (length == 0)
        snprintf(ret, ORD_DIRECTORY_MAX, ".");
    else
        snprintf(ret, ORD_DIRECTORY_MAX, "%.*s", (int)length, path);
}

static int sync_path(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return errno;
    int errnum = fsync(fd) == 0 ? 0 : errno;
    close(fd);
    return errnum;
}

/* Makes one directory, durably. Returns 0 or an errno; 0 as well if it is there. */
static int make_one(const char *path)
{
    char parent[ORD_DIRECTORY_MAX];
    if (mkdir(path, 0700) != 0)
        return errno == EEXIST ? 0 : errno;
    parent_of(path, parent);
    return sync_path(parent);
}

/* Makes the directory and those that lead to it. */
static int make_all(const char *path)
{
    char part[ORD_DIRECTORY_MAX];
    int errnum = 0;
    for (size_t at = 1; errnum == 0 && path[at - 1] != '\0'; at++) {
        if (path[at] != '/' && path[at] != '\0')
            continue;
        snprintf(part, sizeof part, "%.*s", (int)at, path);
        if (access(part, F_OK) != 0)
            errnum = make_one(part);
    }
    return errnum;
}

static enum ord_code check_file_system(struct ord_directory *directory, bool accept_unsafe,
                                       struct ord_error *error)
{
    struct statfs system;
    if (fstatfs(directory->fd, &system) != 0)
        return ord_fail_errno(error, errno, "state directory %.200s", directory->path);
    directory->unsafe = ord_unsafe_file_system((long)system.f_type);
    if (!directory->unsafe || accept_unsafe)
        return ORD_OK;
    return ord_fail(error, ORD_UNAVAILABLE,
                    "state directory %.200s: %s; choose another with --state-dir, or accept that IDs may be "
                    "given twice once it is lost, with --unsafe-state-dir",
                    directory->path, directory->unsafe);
}

enum ord_code ord_directory_open(const char *path, bool accept_unsafe, struct ord_directory *ret_directory,
                                 struct ord_error *error)
{
    struct ord_directory directory = {.fd = -1};
    if (strlen(path) >= sizeof directory.path - ORD_FILE_NAME_MAX)
        return ord_fail_errno(error, ENAMETOOLONG, "state directory %.200s", path);
    snprintf(directory.path, sizeof directory.path, "%s", path);

    int errnum = make_all(path);
    if (errnum != 0)
        return ord_fail_errno(error, errnum, "state directory %.200s", path);
    directory.fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory.fd < 0)
        return ord_fail_errno(error, errno, "state directory %.200s", path);
    enum ord_code code = check_file_system(&directory, accept_unsafe, error);
    if (code == ORD_OK)
        *ret_directory = directory;
    else
        ord_directory_close(&directory);
    return code;
}

void ord_directory_close(struct ord_directory *directory)
{
    if (directory->fd >= 0)
        close(directory->fd);
    directory->fd = -1;
}

static enum ord_code fail(const struct ord_directory *directory, const char *name, struct ord_error *error)
{
    return ord_fail_errno(error, errno, "%.200s/%s", directory->path, name);
}

enum ord_code ord_directory_file(const struct ord_directory *directory, const char *name, int *ret_fd,
                                 struct ord_error *error)
{
    int fd = openat(directory->fd, name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return fail(directory, name, error);
    *ret_fd = fd;
    return ORD_OK;
}

enum ord_code ord_directory_sync(const struct ord_directory *directory, struct ord_error *error)
{
    return fsync(directory->fd) == 0 ? ORD_OK : fail(directory, "", error);
}

enum ord_code ord_directory_has(const struct ord_directory *directory, const char *name, bool *ret_has,
                                struct ord_error *error)
{
    bool has = faccessat(directory->fd, name, F_OK, AT_EACCESS) == 0;
    if (!has && errno != ENOENT)
        return fail(directory, name, error);
    *ret_has = has;
    return ORD_OK;
}

static enum ord_code fill(const struct ord_directory *directory, const char *name, int fd, const char *text,
                          struct ord_error *error)
{
    ssize_t length = (ssize_t)strlen(text);
    ssize_t written = write(fd, text, (size_t)length);
    if (written >= 0 && written < length)
        errno = ENOSPC;
    if (written != length || fsync(fd) != 0)
        return fail(directory, name, error);
    return ORD_OK;
}

enum ord_code ord_directory_write(const struct ord_directory *directory, const char *name, const char *text,
                                  struct ord_error *error)
{
    char part[ORD_FILE_NAME_MAX + 8];
    snprintf(part, sizeof part, "%s.new", name);
    int fd = openat(directory->fd, part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        return fail(directory, part, error);
    enum ord_code code = fill(directory, part, fd, text, error);
    close(fd);
    if (code != ORD_OK)
        return code;
    return ord_directory_rename(directory, part, name, error);
}

enum ord_code ord_directory_rename(const struct ord_directory *directory, const char *from, const char *to,
                                   struct ord_error *error)
{
    if (renameat(directory->fd, from, directory->fd, to) != 0)
        return fail(directory, to, error);
    return ord_directory_sync(directory, error);
}

enum ord_code ord_directory_remove(const struct ord_directory *directory, const char *name,
                                   struct ord_error *error)
{
    if (unlinkat(directory->fd, name, 0) == 0 || errno == ENOENT)
        return ORD_OK;
    return fail(directory, name, error);
}

bool ord_directory_still(const struct ord_directory *directory, const char *name, int fd)
{
    struct stat named, opened;
    return fstatat(directory->fd, name, &named, 0) == 0 && fstat(fd, &opened) == 0 &&
           named.st_dev == opened.st_dev && named.st_ino == opened.st_ino;
}
