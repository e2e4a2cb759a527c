#include "store/database.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/lock.h"

/* Address space, not memory or disk: the file grows as it is used. */
#define MAP_BYTES (16 * 1024 * 1024)

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

/* A file that was cut short would be read past its end, which ends the process. */
static enum ord_code check_length(MDB_env *env, struct ord_error *error)
{
    mdb_filehandle_t fd;
    MDB_envinfo info;
    MDB_stat stat;
    struct stat file;
    mdb_env_get_fd(env, &fd);
    mdb_env_info(env, &info);
    mdb_env_stat(env, &stat);
    if (fstat(fd, &file) != 0 || (size_t)file.st_size / stat.ms_psize <= info.me_last_pgno)
        return ord_fail(error, ORD_INVALID_ARGUMENT, "open: the file is cut short");
    return ORD_OK;
}

static enum ord_code open_env(struct ord_database *database, struct ord_error *error)
{
    MDB_txn *txn;
    if (!database->create && access(database->path, F_OK) != 0)
        return ord_fail_errno(error, errno, "open");
    int result = mdb_env_create(&database->env);
    if (result != 0)
        return ord_database_fail(error, result, "open");
    result = mdb_env_set_mapsize(database->env, MAP_BYTES);
    if (result == 0)
        result = mdb_env_open(database->env, database->path, OPTIONS, 0600);
    if (result != 0)
        return ord_database_fail(error, result, "open");
    enum ord_code code = check_length(database->env, error);
    if (code != ORD_OK)
        return code;

    result = mdb_txn_begin(database->env, NULL, 0, &txn);
    if (result != 0)
        return ord_database_fail(error, result, "open");
    result = mdb_dbi_open(txn, NULL, 0, &database->dbi);
    mdb_txn_abort(txn);
    return result == 0 ? ORD_OK : ord_database_fail(error, result, "open");
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

static enum ord_code transact(struct ord_database *database, ord_database_work *work, void *context,
                              struct ord_error *error)
{
    if (database->env && !is_current(database))
        ord_database_close(database);
    enum ord_code code = database->env ? ORD_OK : open_env(database, error);
    if (code != ORD_OK)
        return code;

    MDB_txn *txn;
    int result = mdb_txn_begin(database->env, NULL, 0, &txn);
    if (result != 0)
        return ord_database_fail(error, result, "begin");
    code = work(txn, database->dbi, context, error);
    if (code != ORD_OK) {
        mdb_txn_abort(txn);
        return code;
    }
    result = mdb_txn_commit(txn);
    return result == 0 ? ORD_OK : ord_database_fail(error, result, "write");
}

enum ord_code ord_database_write(struct ord_database *database, ord_database_work *work, void *context,
                                 struct ord_error *error)
{
    int result = ord_lock_wait(database->lock_fd, database->lock_byte, 1);
    if (result != 0)
        return ord_fail_errno(error, result, "lock");
    enum ord_code code = transact(database, work, context, error);
    if (code != ORD_OK)
        ord_database_close(database);
    ord_lock_release(database->lock_fd, database->lock_byte, 1);
    return code;
}
