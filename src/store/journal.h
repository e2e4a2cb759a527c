/*
 * A file to which lists of changes are appended, each made durable by one flush, until the database has them: a
 * transaction of LMDB takes two, and copies the pages on its way.
 *
 * The file is written full of zeros before it is used, so that no flush has to make its size or its blocks
 * durable as well. It is used from the start again and again: the database says in which generation it is, and
 * records of all others are leftovers. A record begins a block of 4,096 bytes, so that nothing that is durable
 * is written over or shares a block with what may be torn; the rest of its last block is zeros:
 *
 *     at  size
 *      0     8  "ORDINALJ"
 *      8     4  version, 1
 *     12     4  number of its first block
 *     16     8  generation
 *     24     4  size of the changes
 *     28     4  CRC-32 of all that stands before it and of the changes
 *     32        the changes, as in store/changes.h
 *
 * The records of a generation follow each other from block 0 on. Where there is none, it ends: a record that
 * was torn there was never told durable, since none is appended after one that failed. One behind such an end
 * is the sign of damage.
 *
 * As in the journals of databases (Mohan et al., ARIES, 1992; here without undo: what is not whole does not
 * count).
 *
 * One thread at a time.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "store/directory.h"

#define ORD_JOURNAL_BLOCK 4096
#ifndef ORD_JOURNAL_BLOCKS /* tests have it smaller */
#define ORD_JOURNAL_BLOCKS 256
#endif

struct ord_journal {
    const struct ord_directory *directory; /* open, outlives it */
    const char *name;                      /* outlives it */
    int fd;                                /* -1: not open */
    uint64_t generation;
    uint32_t next;   /* block */
    uint8_t *record; /* being written, as large as the file */
};

void ord_journal_init(struct ord_journal *ret_journal, const struct ord_directory *directory, const char *name);

/* Makes a new file in place of the one that has the name, if any, and opens it: ORD_OK only after all of that
 * is durable. ORD_INTERNAL: the system's reason; it is not open then. */
enum ord_code ord_journal_create(struct ord_journal *journal, struct ord_error *error);

/* Begins a generation, with none of its records yet. */
void ord_journal_begin(struct ord_journal *journal, uint64_t generation);

/* Whether changes of that size can be appended to this generation. */
bool ord_journal_has_room(const struct ord_journal *journal, size_t size);

/* ORD_OK: they are durable. ORD_INTERNAL: they may be; nothing more is appended to this generation. */
enum ord_code ord_journal_append(struct ord_journal *journal, const uint8_t *changes, size_t size,
                                 struct ord_error *error);

void ord_journal_close(struct ord_journal *journal);

/* Takes note of the changes of a record. What it returns, but ORD_OK, ends the reading. */
typedef enum ord_code ord_journal_found(void *context, const uint8_t *changes, size_t size,
                                        struct ord_error *error);

/* Tells the records of a generation in their order. ORD_NOT_FOUND: there is no file of that name.
 * ORD_INVALID_ARGUMENT: it is damaged. ORD_INTERNAL: the system's reason, or no memory. */
enum ord_code ord_journal_read(const struct ord_directory *directory, const char *name, uint64_t generation,
                               ord_journal_found *found, void *context, struct ord_error *error);
