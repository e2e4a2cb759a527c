#include "store/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "store/encode.h"

#define FILE_SIZE ((size_t)ORD_JOURNAL_BLOCK * ORD_JOURNAL_BLOCKS)
#define VERSION 1

static const char magic[8] = {'O', 'R', 'D', 'I', 'N', 'A', 'L', 'J'};

enum {
    VERSION_AT = 8,
    NUMBER_AT = 12,
    GENERATION_AT = 16,
    SIZE_AT = 24,
    CRC_AT = 28,
    HEAD_SIZE = 32,
};

static uint32_t checksum(const uint8_t *record, size_t size)
{
    uLong crc = crc32(0, record, CRC_AT);
    return (uint32_t)crc32(crc, record + HEAD_SIZE, (uInt)size);
}

static size_t blocks_of(size_t size)
{
    return (HEAD_SIZE + size + ORD_JOURNAL_BLOCK - 1) / ORD_JOURNAL_BLOCK;
}

void ord_journal_init(struct ord_journal *ret_journal, const struct ord_directory *directory, const char *name)
{
    *ret_journal = (struct ord_journal){.directory = directory, .name = name, .fd = -1};
}

void ord_journal_close(struct ord_journal *journal)
{
    if (journal->fd >= 0)
        close(journal->fd);
    journal->fd = -1;
    free(journal->record);
    journal->record = NULL;
}

static enum ord_code fail(struct ord_error *error, int errnum, const struct ord_directory *directory,
                          const char *name)
{
    return ord_fail_errno(error, errnum, "%.200s/%s", directory->path, name);
}

/* Writes and flushes; 0 or an errno. */
static int write_durably(int fd, const uint8_t *bytes, size_t size, off_t at)
{
    ssize_t written = pwrite(fd, bytes, size, at);
    if (written < 0)
        return errno;
    if ((size_t)written < size)
        return ENOSPC;
    return fdatasync(fd) == 0 ? 0 : errno;
}

enum ord_code ord_journal_create(struct ord_journal *journal, struct ord_error *error)
{
    char part[ORD_FILE_NAME_MAX + 8];
    const struct ord_directory *directory = journal->directory;
    ord_journal_close(journal);
    snprintf(part, sizeof part, "%s.new", journal->name);
    journal->record = calloc(1, FILE_SIZE);
    if (!journal->record)
        return ord_fail(error, ORD_INTERNAL, "no memory");
    journal->fd = openat(directory->fd, part, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    int errnum = journal->fd < 0 ? errno : write_durably(journal->fd, journal->record, FILE_SIZE, 0);
    enum ord_code code = errnum == 0 ? ord_directory_rename(directory, part, journal->name, error)
                                     : fail(error, errnum, directory, part);
    if (code != ORD_OK)
        ord_journal_close(journal);
    return code;
}

void ord_journal_begin(struct ord_journal *journal, uint64_t generation)
{
    journal->generation = generation;
    journal->next = 0;
}

bool ord_journal_has_room(const struct ord_journal *journal, size_t size)
{
    return blocks_of(size) <= ORD_JOURNAL_BLOCKS - journal->next;
}

static void fill_in(struct ord_journal *journal, const uint8_t *changes, size_t size)
{
    uint8_t *record = journal->record;
    memcpy(record, magic, sizeof magic);
    put32(record + VERSION_AT, VERSION);
    put32(record + NUMBER_AT, journal->next);
    put64(record + GENERATION_AT, journal->generation);
    put32(record + SIZE_AT, (uint32_t)size);
    memcpy(record + HEAD_SIZE, changes, size);
    memset(record + HEAD_SIZE + size, 0, blocks_of(size) * ORD_JOURNAL_BLOCK - HEAD_SIZE - size);
    put32(record + CRC_AT, checksum(record, size));
}

enum ord_code ord_journal_append(struct ord_journal *journal, const uint8_t *changes, size_t size,
                                 struct ord_error *error)
{
    size_t blocks = blocks_of(size);
    fill_in(journal, changes, size);
    int errnum = write_durably(journal->fd, journal->record, blocks * ORD_JOURNAL_BLOCK,
                               (off_t)journal->next * ORD_JOURNAL_BLOCK);
    if (errnum != 0)
        return fail(error, errnum, journal->directory, journal->name);
    journal->next += (uint32_t)blocks;
    return ORD_OK;
}

/* The size of the changes of a whole record of the generation at a block; SIZE_MAX: there is none. */
static size_t record_at(const uint8_t *file, size_t block, uint64_t generation)
{
    const uint8_t *record = file + block * ORD_JOURNAL_BLOCK;
    size_t left = (ORD_JOURNAL_BLOCKS - block) * ORD_JOURNAL_BLOCK - HEAD_SIZE, size = get32(record + SIZE_AT);
    bool is_one = memcmp(record, magic, sizeof magic) == 0 && get32(record + VERSION_AT) == VERSION &&
                  get32(record + NUMBER_AT) == block && get64(record + GENERATION_AT) == generation &&
                  size <= left && get32(record + CRC_AT) == checksum(record, size);
    return is_one ? size : SIZE_MAX;
}

static enum ord_code tell(const uint8_t *file, uint64_t generation, ord_journal_found *found, void *context,
                          struct ord_error *error)
{
    size_t block = 0, size;
    enum ord_code code = ORD_OK;
    while (code == ORD_OK && block < ORD_JOURNAL_BLOCKS &&
           (size = record_at(file, block, generation)) != SIZE_MAX) {
        code = found(context, file + block * ORD_JOURNAL_BLOCK + HEAD_SIZE, size, error);
        block += blocks_of(size);
    }
    for (size_t end = block; code == ORD_OK && block < ORD_JOURNAL_BLOCKS; block++)
        if (record_at(file, block, generation) != SIZE_MAX)
            return ord_fail(error, ORD_INVALID_ARGUMENT, "block %zu is damaged: block %zu has a later record",
                            end, block);
    return code;
}

/* Reads the whole file, which may be shorter: what is missing is no record. */
static int read_all(int fd, uint8_t *ret)
{
    size_t size = 0;
    ssize_t part;
    while (size < FILE_SIZE && (part = pread(fd, ret + size, FILE_SIZE - size, (off_t)size)) > 0)
        size += (size_t)part;
    return size < FILE_SIZE && part < 0 ? errno : 0;
}

enum ord_code ord_journal_read(const struct ord_directory *directory, const char *name, uint64_t generation,
                               ord_journal_found *found, void *context, struct ord_error *error)
{
    int fd = openat(directory->fd, name, O_RDONLY | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT)
        return ord_fail(error, ORD_NOT_FOUND, "%.200s/%s is missing", directory->path, name);
    if (fd < 0)
        return fail(error, errno, directory, name);
    uint8_t *file = calloc(1, FILE_SIZE);
    int errnum = file ? read_all(fd, file) : ENOMEM;
    enum ord_code code =
        errnum == 0 ? tell(file, generation, found, context, error) : fail(error, errnum, directory, name);
    if (code == ORD_INVALID_ARGUMENT)
        ord_wrap(error, "%.200s/%s", directory->path, name);
    free(file);
    close(fd);
    return code;
}
