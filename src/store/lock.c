#include "store/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

static int set(int fd, int command, short type, off_t first, off_t count)
{
    struct flock lock = {.l_type = type, .l_whence = SEEK_SET, .l_start = first, .l_len = count};
    int result;
    do
        result = fcntl(fd, command, &lock);
    while (result != 0 && errno == EINTR);
    if (result == 0)
        return 0;
    return errno == EACCES ? EAGAIN : errno;
}

int ord_lock_try(int fd, off_t first, off_t count)
{
    return set(fd, F_OFD_SETLK, F_WRLCK, first, count);
}

int ord_lock_wait(int fd, off_t first, off_t count)
{
    return set(fd, F_OFD_SETLKW, F_WRLCK, first, count);
}

int ord_lock_release(int fd, off_t first, off_t count)
{
    return set(fd, F_OFD_SETLK, F_UNLCK, first, count);
}

off_t ord_lock_conflict(int fd, off_t first, off_t count)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = first, .l_len = count};
    if (fcntl(fd, F_OFD_GETLK, &lock) != 0 || lock.l_type == F_UNLCK)
        return -1;
    return lock.l_start > first ? lock.l_start : first;
}

int ord_lock_check(int fd, off_t probe)
{
    int result = ord_lock_try(fd, probe, 1);
    if (result != 0)
        return result == EAGAIN ? 0 : result; /* somebody else is at this: locks do work */

    char path[32];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    int other = open(path, O_RDWR | O_CLOEXEC);
    result = other < 0 ? errno : ord_lock_try(other, probe, 1);
    if (result == 0)
        result = ENOLCK;
    else if (result == EAGAIN)
        result = 0;
    if (other >= 0)
        close(other);
    ord_lock_release(fd, probe, 1);
    return result;
}
