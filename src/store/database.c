#include "store/database.h"

#include <endian.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/lock.h"
#include "store/roots.h"

/* Address space, not memory or disk: the file grows as it is used. */
#define MAP_BYTES ((size_t)4 << 30)

#define OPTIONS (MDB_NOSUBDIR | MDB_NOLOCK | MDB_NOTLS | MDB_NORDAHEAD)

void ord_database_init(struct ord_database *ret, const char *path, int lock_fd, off_t lock_byte)
{
    *ret = (struct ord_database){.lock_fd = lock_fd, .lock_byte = lock_byte};
    snprintf(ret->path, sizeof ret->path, "%s", path);
}

void ord_database_close(struct ord_database *database)
{
    if (database->env)
        mdb_env_close(database->env);
    database->env = NULL;
}

static MDB_val seal_key(void)
{
    return (MDB_val){.mv_size = sizeof ORD_DATABASE_SEAL - 1, .mv_data = (char *)ORD_DATABASE_SEAL};
}

static bool is_damage(int result)
{
    static const int results[] = {MDB_INVALID,       MDB_VERSION_MISMATCH, MDB_CORRUPTED,
                                  MDB_PAGE_NOTFOUND, MDB_INCOMPATIBLE,     MDB_CURSOR_FULL};
    for (size_t i = 0; i < sizeof results / sizeof *results; i++)
        if (results[i] == result)
            return true;
    return false;
}

enum ord_code ord_database_fail(struct ord_error *error, int result, const char *what)
{
    if (is_damage(result))
        return ord_fail(error, ORD_INVALID_ARGUMENT, "%s: %s", what, mdb_strerror(result));
    if (result > 0)
        return ord_fail_errno(error, result, "%s", what);
    return ord_fail(error, ORD_INTERNAL, "%s: %s", what, mdb_strerror(result));
}

/* Each transaction leaves its number, so that a root that leads to the pages of an older one is noticed. */
static enum ord_code put_seal(const struct ord_database *database, MDB_txn *txn, struct ord_error *error)
{
    uint64_t number = htole64(mdb_txn_id(txn));
    MDB_val key = seal_key(), value = {.mv_size = sizeof number, .mv_data = &number};
    int result = mdb_put(txn, database->dbi, &key, &value, 0);
    return result == 0 ? ORD_OK : ord_database_fail(error, result, "write");
}

/* `txn` has the number after the one that wrote last; a new file has none. */
static enum ord_code check_seal(const struct ord_database *database, MDB_txn *txn, struct ord_error *error)
{
    uint64_t number = 0;
    MDB_val key = seal_key(), value;
    int result = mdb_get(txn, database->dbi, &key, &value);
    if (result == 0 && value.mv_size == sizeof number)
        memcpy(&number, value.mv_data, sizeof number);
    else if (result != MDB_NOTFOUND && result != 0)
        return ord_database_fail(error, result, "open");
    if (le64toh(number) + 1 == mdb_txn_id(txn))
        return ORD_OK;
    return ord_fail(error, ORD_INVALID_ARGUMENT, "its last transaction is not the one that it was");
}

static enum ord_code open_env(struct ord_database *database, struct ord_error *error)
{
    MDB_txn *txn;
    enum ord_code code = database->create ? ORD_OK : ord_roots_check(database->path, error);
    if (code != ORD_OK)
        return code;
    int result = mdb_env_create(&database->env);
    if (result != 0)
        return ord_database_fail(error, result, "open");
    result = mdb_env_set_mapsize(database->env, MAP_BYTES);
    if (result == 0)
        result = mdb_env_open(database->env, database->path, OPTIONS, 0600);
    if (result != 0)
        return ord_database_fail(error, result, "open");
    result = mdb_txn_begin(database->env, NULL, 0, &txn);
    if (result != 0)
        return ord_database_fail(error, result, "open");
    result = mdb_dbi_open(txn, NULL, 0, &database->dbi);
    code = result == 0 ? check_seal(database, txn, error) : ord_database_fail(error, result, "open");
    mdb_txn_abort(txn);
    return code;
}

/* Whether the open file is still the one that has the name. */
static bool is_current(const struct ord_database *database)
{
    mdb_filehandle_t fd;
    struct stat named, opened;
    mdb_env_get_fd(database->env, &fd);
    return stat(database->path, &named) == 0 && fstat(fd, &opened) == 0 && named.st_dev == opened.st_dev &&
           named.st_ino == opened.st_ino;
}

static enum ord_code begin(struct ord_database *database, unsigned flags, MDB_txn **ret_txn,
                           struct ord_error *error)
{
    if (database->env && !is_current(database))
        ord_database_close(database);
    enum ord_code code = database->env ? ORD_OK : open_env(database, error);
    if (code != ORD_OK)
        return code;
    int result = mdb_txn_begin(database->env, NULL, flags, ret_txn);
    return result == 0 ? ORD_OK : ord_database_fail(error, result, "begin");
}

static enum ord_code write_within(struct ord_database *database, ord_database_work *work, void *context,
                                  struct ord_error *error)
{
    MDB_txn *txn;
    enum ord_code code = begin(database, 0, &txn, error);
    if (code != ORD_OK)
        return code;
    code = work(txn, database->dbi, context, error);
    if (code == ORD_OK)
        code = put_seal(database, txn, error);
    if (code != ORD_OK) {
        mdb_txn_abort(txn);
        return code;
    }
    int result = mdb_txn_commit(txn);
    return result == 0 ? ORD_OK : ord_database_fail(error, result, "write");
}

static enum ord_code read_within(struct ord_database *database, ord_database_work *work, void *context,
                                 struct ord_error *error)
{
    MDB_txn *txn;
    enum ord_code code = begin(database, MDB_RDONLY, &txn, error);
    if (code != ORD_OK)
        return code;
    code = work(txn, database->dbi, context, error);
    mdb_txn_abort(txn);
    return code;
}

typedef enum ord_code transaction(struct ord_database *database, ord_database_work *work, void *context,
                                  struct ord_error *error);

static enum ord_code alone(struct ord_database *database, transaction *run, ord_database_work *work,
                           void *context, struct ord_error *error)
{
    int result = ord_lock_wait(database->lock_fd, database->lock_byte, 1);
    if (result != 0)
        return ord_fail_errno(error, result, "lock");
    enum ord_code code = run(database, work, context, error);
    if (code != ORD_OK)
        ord_database_close(database);
    ord_lock_release(database->lock_fd, database->lock_byte, 1);
    return code;
}

enum ord_code ord_database_write(struct ord_database *database, ord_database_work *work, void *context,
                                 struct ord_error *error)
{
    return alone(database, write_within, work, context, error);
}

enum ord_code ord_database_read(struct ord_database *database, ord_database_work *work, void *context,
                                struct ord_error *error)
{
    return alone(database, read_within, work, context, error);
}
