/* Transactions on the database, below the reservations. */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "scratch.h"
#include "store/database.h"

struct note {
    char text[16];     /* to put, or what was got */
    enum ord_code end; /* what the work returns */
};

static MDB_val bytes_of(const char *text)
{
    return (MDB_val){.mv_size = strlen(text), .mv_data = (char *)text};
}

static enum ord_code put(MDB_txn *txn, MDB_dbi dbi, void *context, struct ord_error *error)
{
    const struct note *note = context;
    MDB_val key = bytes_of("note"), value = bytes_of(note->text);
    cr_assert_eq(mdb_put(txn, dbi, &key, &value, 0), 0);
    return note->end == ORD_OK ? ORD_OK : ord_fail(error, note->end, "no");
}

static enum ord_code get(MDB_txn *txn, MDB_dbi dbi, void *context, struct ord_error *error)
{
    struct note *note = context;
    MDB_val key = bytes_of("note"), value;
    cr_assert_eq(mdb_get(txn, dbi, &key, &value), 0);
    snprintf(note->text, sizeof note->text, "%.*s", (int)value.mv_size, (const char *)value.mv_data);
    return ORD_OK;
}

static struct ord_database database_in(const char *root)
{
    char path[PATH_MAX];
    struct ord_database database;
    snprintf(path, sizeof path, "%s/lock", root);
    int lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    snprintf(path, sizeof path, "%s/file", root);
    ord_database_init(&database, path, lock_fd, 0);
    database.create = true;
    return database;
}

Test(database, work_that_fails_writes_nothing)
{
    char *root = scratch();
    struct ord_database database = database_in(root);
    struct note good = {"good", ORD_OK}, bad = {"bad", ORD_UNAVAILABLE}, got = {0};
    struct ord_error error;
    cr_assert_eq(ord_database_write(&database, put, &good, NULL), ORD_OK);
    cr_expect_eq(ord_database_write(&database, put, &bad, &error), ORD_UNAVAILABLE);
    cr_expect_str_eq(error.text, "no");
    cr_assert_eq(ord_database_write(&database, get, &got, NULL), ORD_OK);
    cr_expect_str_eq(got.text, "good");
    ord_database_close(&database);
    close(database.lock_fd);
    scratch_end(root);
}

/* A file after a few transactions; returns its path, to be freed, and its length. */
static char *written(struct ord_database *database, off_t *ret_size)
{
    struct stat file;
    for (int i = 0; i < 5; i++) {
        struct note note = {.end = ORD_OK};
        snprintf(note.text, sizeof note.text, "%d", i);
        cr_assert_eq(ord_database_write(database, put, &note, NULL), ORD_OK);
    }
    ord_database_close(database);
    database->create = false;
    cr_assert_eq(stat(database->path, &file), 0);
    *ret_size = file.st_size;
    return strdup(database->path);
}

Test(database, a_file_that_is_cut_short_is_refused)
{
    char *root = scratch();
    struct ord_database database = database_in(root);
    off_t size;
    char *path = written(&database, &size);
    for (off_t left = size - 4096; left > 0; left -= 4096) {
        struct note got;
        struct ord_error error;
        cr_assert_eq(truncate(path, left), 0);
        cr_expect_eq(ord_database_write(&database, get, &got, &error), ORD_INVALID_ARGUMENT, "%ld bytes left",
                     (long)left);
    }
    free(path);
    close(database.lock_fd);
    scratch_end(root);
}

/* LMDB takes the root with the higher transaction number, which stands 144 bytes into each of the first two
 * pages: the older one is made to look newer. */
Test(database, a_file_that_falls_back_by_a_transaction_is_refused)
{
    char *root = scratch();
    struct ord_database database = database_in(root);
    off_t size;
    char *path = written(&database, &size);
    uint64_t numbers[2];
    int fd = open(path, O_RDWR | O_CLOEXEC);
    for (int i = 0; i < 2; i++)
        cr_assert_eq(pread(fd, &numbers[i], 8, i * sysconf(_SC_PAGESIZE) + 144), 8);
    int older = numbers[0] < numbers[1] ? 0 : 1;
    cr_assert_eq(numbers[older] + 1, numbers[!older]);
    numbers[older] += 2;
    cr_assert_eq(pwrite(fd, &numbers[older], 8, older * sysconf(_SC_PAGESIZE) + 144), 8);

    struct note got;
    struct ord_error error;
    cr_expect_eq(ord_database_write(&database, get, &got, &error), ORD_INVALID_ARGUMENT);
    cr_expect_str_eq(error.text, "its last transaction is not the one that it was");
    close(fd);
    free(path);
    close(database.lock_fd);
    scratch_end(root);
}

Test(database, a_failure_closes_the_file)
{
    char *root = scratch();
    struct ord_database database = database_in(root);
    struct note good = {"good", ORD_OK}, bad = {"bad", ORD_INTERNAL};
    cr_assert_eq(ord_database_write(&database, put, &good, NULL), ORD_OK);
    cr_expect_not_null(database.env, "it stays open while all is well");
    cr_expect_eq(ord_database_write(&database, put, &bad, NULL), ORD_INTERNAL);
    cr_expect_null(database.env, "nothing in memory outlives a failure");
    ord_database_close(&database);
    close(database.lock_fd);
    scratch_end(root);
}
