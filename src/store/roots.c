#include "store/roots.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Where LMDB's format 1 has the fields of a root page, in the byte order of the host. */
enum offset {
    AT_MAGIC = 16,
    AT_PAGE_SIZE = 40, /* then the flags and the depth of the list of free pages */
    AT_FLAGS = 44,
    AT_FREE_ROOT = 80,
    AT_MAIN_FLAGS = 92,
    AT_MAIN_ROOT = 128,
    AT_LAST_PAGE = 136,
    AT_TRANSACTION = 144,
    ROOT_SIZE = 152,
};

#define NO_PAGE UINT64_MAX

static uint64_t number(const uint8_t *root, enum offset at)
{
    uint64_t value;
    memcpy(&value, root + at, sizeof value);
    return value;
}

static uint32_t page_size(const uint8_t *root)
{
    uint32_t value;
    memcpy(&value, root + AT_PAGE_SIZE, sizeof value);
    return value;
}

static bool are_alike(const uint8_t *a, const uint8_t *b)
{
    return memcmp(a + AT_MAGIC, b + AT_MAGIC, 8) == 0 && page_size(a) == page_size(b) &&
           memcmp(a + AT_FLAGS, b + AT_FLAGS, 2) == 0 && memcmp(a + AT_MAIN_FLAGS, b + AT_MAIN_FLAGS, 2) == 0;
}

static bool is_page(uint64_t page, uint64_t pages)
{
    return page == NO_PAGE || (page > 1 && page < pages);
}

static bool stays_within(const uint8_t *root, uint64_t pages)
{
    return number(root, AT_LAST_PAGE) < pages && is_page(number(root, AT_FREE_ROOT), pages) &&
           is_page(number(root, AT_MAIN_ROOT), pages);
}

/* They are written in turn, one by even and one by odd transactions. */
static bool take_turns(const uint8_t *even, const uint8_t *odd)
{
    uint64_t a = number(even, AT_TRANSACTION), b = number(odd, AT_TRANSACTION);
    if (a == 0 && b == 0)
        return true;
    return a % 2 == 0 && b % 2 == 1 && (a + 1 == b || b + 1 == a);
}

static enum ord_code check(int fd, struct ord_error *error)
{
    uint8_t even[ROOT_SIZE], odd[ROOT_SIZE];
    struct stat stat;
    if (fstat(fd, &stat) != 0)
        return ord_fail_errno(error, errno, "open");
    if (stat.st_size == 0)
        return ORD_OK;
    if (pread(fd, even, sizeof even, 0) != sizeof even)
        return ord_fail(error, ORD_INVALID_ARGUMENT, "the file is cut short");
    uint32_t size = page_size(even);
    if (size < 512 || size > 65536 || (size & (size - 1)) != 0)
        return ord_fail(error, ORD_INVALID_ARGUMENT, "the file is no database");
    if (pread(fd, odd, sizeof odd, size) != sizeof odd)
        return ord_fail(error, ORD_INVALID_ARGUMENT, "the file is cut short");
    uint64_t pages = (uint64_t)stat.st_size / size;
    if (!are_alike(even, odd) || !stays_within(even, pages) || !stays_within(odd, pages) ||
        !take_turns(even, odd))
        return ord_fail(error, ORD_INVALID_ARGUMENT, "the roots of the database do not agree");
    return ORD_OK;
}

enum ord_code ord_roots_check(const char *path, struct ord_error *error)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return ord_fail_errno(error, errno, "open");
    enum ord_code code = check(fd, error);
    close(fd);
    return code;
}
