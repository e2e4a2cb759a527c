#include "journal.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define ENTRIES 256
#define BYTES 16384
#define PAGE 4096
#define FILES 1024 /* more than are ever open */

struct entry {
    bool is_open;
    bool is_rename;
    bool is_lost;
    dev_t device;
    ino_t inode; /* of the file, or of the directory */
    int fd;
    off_t at, file_size;
    size_t size;
    size_t old_size;
    char old[BYTES];
    char from[128], to[128];
};

static struct entry entries[ENTRIES];
static int count;
static bool flushing[FILES];

static struct entry *add(int fd)
{
    struct stat stat;
    if (count == ENTRIES || fstat(fd, &stat) != 0)
        journal_exit(98);
    struct entry *entry = &entries[count++];
    *entry =
        (struct entry){.is_open = true, .device = stat.st_dev, .inode = stat.st_ino, .file_size = stat.st_size};
    return entry;
}

void journal_open(int fd, bool flushes)
{
    if (fd >= 0)
        flushing[fd % FILES] = flushes;
}

static void drop(struct entry *entry)
{
    if (!entry->is_rename)
        close(entry->fd);
    entry->is_open = false;
}

/* Calls `each` with the entries of a file or directory. */
static void of_file(int fd, void (*each)(struct entry *entry))
{
    struct stat stat;
    if (fstat(fd, &stat) != 0)
        return;
    for (int i = 0; i < count; i++)
        if (entries[i].is_open && entries[i].device == stat.st_dev && entries[i].inode == stat.st_ino)
            each(&entries[i]);
}

static off_t written_at;
static size_t written;

/* A page that is written again is flushed again. */
static void find(struct entry *entry)
{
    off_t first = written_at / PAGE * PAGE;
    if (entry->is_lost && entry->at < written_at + (off_t)written && entry->at + (off_t)entry->size > first)
        drop(entry);
}

void journal_write(int fd, off_t at, size_t size)
{
    char path[32];
    written_at = at;
    written = size;
    of_file(fd, find);
    if (flushing[fd % FILES])
        return;
    struct entry *entry = add(fd);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    entry->fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC, 0);
    entry->at = at;
    entry->size = size;
    /* Only what the file has already can come back. */
    off_t kept = at + (off_t)size < entry->file_size ? (off_t)size : entry->file_size - at;
    if (entry->fd < 0 || kept > BYTES)
        journal_exit(98);
    long old = kept > 0 ? syscall(SYS_pread64, entry->fd, entry->old, kept, at) : 0;
    entry->old_size = old < 0 ? 0 : (size_t)old;
}

static void keep(struct entry *entry)
{
    if (!entry->is_lost)
        drop(entry);
}

void journal_flush(int fd)
{
    of_file(fd, keep);
}

static void lose(struct entry *entry)
{
    entry->is_lost = true;
}

void journal_lose(int fd)
{
    of_file(fd, lose);
}

void journal_rename(int directory, const char *from, const char *to)
{
    struct entry *entry = add(directory);
    entry->is_rename = true;
    entry->fd = directory;
    snprintf(entry->from, sizeof entry->from, "%s", from);
    snprintf(entry->to, sizeof entry->to, "%s", to);
}

static void undo(const struct entry *entry)
{
    if (entry->is_rename) {
        syscall(SYS_renameat, entry->fd, entry->to, entry->fd, entry->from);
        return;
    }
    syscall(SYS_pwrite64, entry->fd, entry->old, entry->old_size, entry->at);
    struct stat stat;
    if (fstat(entry->fd, &stat) == 0 && stat.st_size > entry->file_size)
        syscall(SYS_ftruncate, entry->fd, entry->file_size);
}

void journal_undo(bool some)
{
    int left = 0;
    for (int i = count - 1; i >= 0; i--)
        if (entries[i].is_open && (!some || left++ % 2 == 0))
            undo(&entries[i]);
}

_Noreturn void journal_exit(int status)
{
    syscall(SYS_exit_group, status);
    __builtin_unreachable();
}
