/*
 * One LMDB file, which workers of a node share: every write is one synchronous transaction.
 *
 * LMDB's own locks are off (they live in shared memory and go by process IDs, which containers repeat); one
 * byte of `lock_fd` is locked for as long as a transaction or the opening of the file takes instead. What is
 * read to be written is read in the same transaction.
 *
 * Why a failed flush is never taken for success: LMDB copies what it changes to pages that nothing points at,
 * flushes them, and only then writes a root that points there, flushing again. If the first flush fails, the
 * root is not written. If the second does, the new root may or may not have reached the disk, and the pages
 * that it points at have. Either way no page of the failed transaction is part of what a later one builds on,
 * unless it was flushed: the later one copies and flushes anew all that it changes, and succeeds only when its
 * own two flushes do. After any failure the file is closed, so that nothing held in memory outlives it, and
 * opened again by the next transaction.
 *
 * One thread at a time.
 */
#pragma once

#include <lmdb.h>
#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"

#define ORD_DATABASE_PATH_MAX 4200

/* The key at which each transaction leaves its number: a check of the whole. */
#define ORD_DATABASE_SEAL "seal"

struct ord_database {
    char path[ORD_DATABASE_PATH_MAX];
    int lock_fd;
    off_t lock_byte;
    bool create;  /* may make the file; LMDB alone would always */
    MDB_env *env; /* NULL: not open just now */
    MDB_dbi dbi;
};

/* What is done within a transaction. It is committed if ORD_OK is returned. LMDB's own results are turned into
 * codes by ord_database_fail. */
typedef enum ord_code ord_database_work(MDB_txn *txn, MDB_dbi dbi, void *context, struct ord_error *error);

/* Fills `ret` and opens nothing yet. `path` has fewer than ORD_DATABASE_PATH_MAX bytes. */
void ord_database_init(struct ord_database *ret, const char *path, int lock_fd, off_t lock_byte);

/*
 * Opens the file if need be, does `work`, commits. ORD_OK: all of it is durable.
 * Otherwise nothing that was written counts; the file is closed.
 *
 * ORD_INVALID_ARGUMENT: the file is not a sound database. ORD_INTERNAL: the system's reason. Else what `work`
 * returned.
 */
enum ord_code ord_database_write(struct ord_database *database, ord_database_work *work, void *context,
                                 struct ord_error *error);

/* As ord_database_write, but nothing that `work` writes counts, and nothing is flushed. */
enum ord_code ord_database_read(struct ord_database *database, ord_database_work *work, void *context,
                                struct ord_error *error);

/* Closes what is open; it can be used again. */
void ord_database_close(struct ord_database *database);

/* The error for a result of LMDB's, for use in work. */
enum ord_code ord_database_fail(struct ord_error *error, int result, const char *what);
