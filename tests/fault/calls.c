/* The calls that can be made to fail, in place of libc's. LMDB was built without large-file names and we with
 * them, so each call that has two names has both here. */
#undef _FILE_OFFSET_BITS
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "faults.h"
#include "journal.h"

#pragma GCC diagnostic ignored "-Wmissing-prototypes"

/* Fails a call that returns 0 or -1; `done` is its result where it was to be done all the same. */
static int failed(void)
{
    errno = fault_error();
    return -1;
}

static bool is_half(void)
{
    return fault_effect() == FAULT_SHORT;
}

ssize_t pwrite(int fd, const void *bytes, size_t size, off_t at)
{
    bool hit = fault_hits(FAULT_WRITE);
    if (hit && fault_effect() == FAULT_ERROR)
        return failed();
    if (hit && is_half())
        size /= 2;
    journal_write(fd, at, size);
    ssize_t written = syscall(SYS_pwrite64, fd, bytes, size, at);
    return hit && !is_half() ? failed() : written;
}

ssize_t pwrite64(int fd, const void *bytes, size_t size, off64_t at)
{
    return pwrite(fd, bytes, size, at);
}

static off_t place_of(int fd)
{
    return syscall(SYS_lseek, fd, 0, SEEK_CUR);
}

ssize_t write(int fd, const void *bytes, size_t size)
{
    off_t at = place_of(fd);
    if (at < 0)
        return syscall(SYS_write, fd, bytes, size); /* a pipe: the test's own talk */
    ssize_t written = pwrite(fd, bytes, size, at);
    if (written > 0)
        syscall(SYS_lseek, fd, at + written, SEEK_SET);
    return written;
}

ssize_t writev(int fd, const struct iovec *parts, int count)
{
    ssize_t total = 0;
    for (int i = 0; i < count; i++) {
        ssize_t written = write(fd, parts[i].iov_base, parts[i].iov_len);
        if (written < 0)
            return total > 0 ? total : written;
        total += written;
        if ((size_t)written < parts[i].iov_len)
            break;
    }
    return total;
}

static int sync_file(int fd)
{
    bool hit = fault_hits(FAULT_SYNC);
    if (hit && fault_effect() == FAULT_LOST)
        journal_lose(fd);
    if (hit && (fault_effect() == FAULT_ERROR || fault_effect() == FAULT_LOST))
        return failed();
    journal_flush(fd);
    return hit && !is_half() ? failed() : 0;
}

int fsync(int fd)
{
    return sync_file(fd);
}

int fdatasync(int fd)
{
    return sync_file(fd);
}

int msync(void *at, size_t size, int flags)
{
    return fault_hits(FAULT_SYNC) ? failed() : (int)syscall(SYS_msync, at, size, flags);
}

int openat(int directory, const char *path, int flags, ...)
{
    va_list rest;
    va_start(rest, flags);
    mode_t mode = flags & O_CREAT ? va_arg(rest, mode_t) : 0;
    va_end(rest);
    if (fault_hits(FAULT_OPEN) && !is_half())
        return failed();
    /* Whether writes flush is noted in place of being done. */
    int fd = (int)syscall(SYS_openat, directory, path, flags & ~O_SYNC, mode);
    journal_open(fd, (flags & O_DSYNC) != 0);
    return fd;
}

int openat64(int directory, const char *path, int flags, ...)
{
    va_list rest;
    va_start(rest, flags);
    mode_t mode = flags & O_CREAT ? va_arg(rest, mode_t) : 0;
    va_end(rest);
    return openat(directory, path, flags, mode);
}

int open(const char *path, int flags, ...)
{
    va_list rest;
    va_start(rest, flags);
    mode_t mode = flags & O_CREAT ? va_arg(rest, mode_t) : 0;
    va_end(rest);
    return openat(AT_FDCWD, path, flags, mode);
}

int open64(const char *path, int flags, ...)
{
    va_list rest;
    va_start(rest, flags);
    mode_t mode = flags & O_CREAT ? va_arg(rest, mode_t) : 0;
    va_end(rest);
    return openat(AT_FDCWD, path, flags, mode);
}

int mkdir(const char *path, mode_t mode)
{
    return fault_hits(FAULT_OPEN) && !is_half() ? failed() : (int)syscall(SYS_mkdir, path, mode);
}

int renameat(int from_directory, const char *from, int to_directory, const char *to)
{
    bool hit = fault_hits(FAULT_NAME);
    if (hit && fault_effect() == FAULT_ERROR)
        return failed();
    int result = (int)syscall(SYS_renameat, from_directory, from, to_directory, to);
    if (result == 0)
        journal_rename(to_directory, from, to);
    return hit && !is_half() ? failed() : result;
}

int unlinkat(int directory, const char *path, int flags)
{
    bool hit = fault_hits(FAULT_NAME);
    if (hit && fault_effect() == FAULT_ERROR)
        return failed();
    int result = (int)syscall(SYS_unlinkat, directory, path, flags);
    return hit && !is_half() ? failed() : result;
}

int fcntl(int fd, int command, ...)
{
    va_list rest;
    va_start(rest, command);
    void *argument = va_arg(rest, void *);
    va_end(rest);
    bool locks = command == F_OFD_SETLK || command == F_OFD_SETLKW || command == F_SETLK || command == F_SETLKW;
    if (locks && fault_hits(FAULT_LOCK) && !is_half())
        return failed();
    return (int)syscall(SYS_fcntl, fd, command, argument);
}

int fcntl64(int fd, int command, ...)
{
    va_list rest;
    va_start(rest, command);
    void *argument = va_arg(rest, void *);
    va_end(rest);
    return fcntl(fd, command, argument);
}

void *mmap(void *at, size_t size, int protection, int flags, int fd, off_t offset)
{
    if (fd >= 0 && fault_hits(FAULT_MAP) && !is_half()) {
        errno = fault_error();
        return MAP_FAILED;
    }
    return (void *)syscall(SYS_mmap, at, size, protection, flags, fd, offset);
}

void *mmap64(void *at, size_t size, int protection, int flags, int fd, off64_t offset)
{
    return mmap(at, size, protection, flags, fd, offset);
}

int ftruncate(int fd, off_t size)
{
    return fault_hits(FAULT_MAP) && !is_half() ? failed() : (int)syscall(SYS_ftruncate, fd, size);
}

int ftruncate64(int fd, off64_t size)
{
    return ftruncate(fd, size);
}
