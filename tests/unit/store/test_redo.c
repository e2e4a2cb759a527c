#include "store/redo.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include "places.h"
#include "store/journal.h"

static const struct ord_embedded_options plain, init = {.init = true};
static char *root;

static void set_up(void)
{
    root = scratch();
}

static void tear_down(void)
{
    scratch_end(root);
}

TestSuite(redo, .init = set_up, .fini = tear_down);

static struct ord_embedded *claimed_store(struct ord_embedded_options options)
{
    struct ord_place place = place_of("default", 7, 0, 1);
    struct ord_embedded *store = store_in(root, options);
    claimed(store, &place);
    return store;
}

struct run {
    struct ord_embedded *store;
    struct ord_redo *redo;
};

static struct run begun(void)
{
    struct run run = {.store = claimed_store(plain)};
    struct ord_error error = {0};
    cr_assert_eq(ord_redo_open(run.store, &run.redo, &error), ORD_OK, "%s", error.text);
    return run;
}

/* As a crash ends it. */
static void crash(struct run *run)
{
    ord_redo_close(run->redo);
    ord_embedded_close(run->store);
}

static MDB_val key_of(const char *text)
{
    return (MDB_val){.mv_size = strlen(text), .mv_data = (char *)text};
}

static enum ord_code try_put(struct run *run, const char *key, const char *value, struct ord_error *error)
{
    struct ord_changes changes = {0};
    MDB_val at = key_of(key);
    if (value)
        ord_changes_put(&changes, &at, value, strlen(value));
    else
        ord_changes_remove(&changes, &at);
    enum ord_code code = ord_redo_commit(run->redo, &changes, error);
    ord_changes_finish(&changes);
    return code;
}

static void put(struct run *run, const char *key, const char *value)
{
    struct ord_error error = {0};
    cr_assert_eq(try_put(run, key, value, &error), ORD_OK, "%s", error.text);
}

struct got {
    const char *key;
    char value[64];
};

static enum ord_code get(MDB_txn *txn, MDB_dbi dbi, void *context, struct ord_error *error)
{
    struct got *got = context;
    MDB_val key = key_of(got->key), value;
    if (mdb_get(txn, dbi, &key, &value) == 0)
        snprintf(got->value, sizeof got->value, "%.*s", (int)value.mv_size, (const char *)value.mv_data);
    return ORD_OK;
}

/* What the database has at a key; "" where nothing is. */
static struct got in_database(const struct run *run, const char *key)
{
    struct got got = {.key = key};
    cr_assert_eq(ord_embedded_read(run->store, get, &got, NULL), ORD_OK);
    return got;
}

static void the_next_run_has(const char *key, const char *value)
{
    struct run run = begun();
    cr_expect_str_eq(in_database(&run, key).value, value);
    crash(&run);
}

static bool is_in_overlay(const struct run *run, const char *key)
{
    MDB_val at = key_of(key);
    return ord_overlay_find(ord_redo_overlay(run->redo), &at) != NULL;
}

static char *journal_path(char ret[PATH_MAX])
{
    snprintf(ret, PATH_MAX, "%s/node-7.journal", root);
    return ret;
}

static bool has_journal(void)
{
    char path[PATH_MAX];
    return access(journal_path(path), F_OK) == 0;
}

/* The number under which this process has the journal open. */
static int journal_fd(void)
{
    char path[PATH_MAX], link[64], target[PATH_MAX];
    struct stat named, opened;
    cr_assert_eq(stat(journal_path(path), &named), 0);
    for (int fd = 3; fd < 100; fd++) {
        snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
        if (readlink(link, target, sizeof target) > 0 && fstat(fd, &opened) == 0 &&
            named.st_ino == opened.st_ino)
            return fd;
    }
    cr_assert_fail("%s is not open", path);
    return -1;
}

Test(redo, the_first_change_makes_the_journal_and_the_next_are_in_it)
{
    struct run run = begun();
    cr_expect_not(has_journal(), "who changes nothing has none");
    put(&run, "a", "one");
    cr_expect(has_journal());
    cr_expect_not(is_in_overlay(&run, "a"));
    cr_expect_str_eq(in_database(&run, "a").value, "one");
    put(&run, "a", "two");
    cr_expect(is_in_overlay(&run, "a"));
    cr_expect_str_eq(in_database(&run, "a").value, "one", "it is not there yet");
    cr_assert_eq(ord_redo_settle(run.redo, NULL), ORD_OK);
    cr_expect_not(is_in_overlay(&run, "a"));
    cr_expect_str_eq(in_database(&run, "a").value, "two");
    crash(&run);
}

Test(redo, nothing_is_lost_by_a_crash_wherever_the_journal_stands)
{
    char number[16], key[16];
    struct run run = begun();
    for (int i = 1; i <= 2 * ORD_JOURNAL_BLOCKS + 10; i++) {
        snprintf(number, sizeof number, "%d", i);
        snprintf(key, sizeof key, "k%d", i % 7);
        put(&run, key, number);
        if (i % 50 == 0) {
            put(&run, "gone", i % 100 == 0 ? NULL : "here");
            crash(&run);
            run = begun();
            cr_expect_str_eq(in_database(&run, key).value, number);
            cr_expect_str_eq(in_database(&run, "gone").value, i % 100 == 0 ? "" : "here");
            cr_expect_not(has_journal(), "the database has taken it over");
        }
    }
    crash(&run);
    run = begun();
    for (int i = 2 * ORD_JOURNAL_BLOCKS + 4; i <= 2 * ORD_JOURNAL_BLOCKS + 10; i++) {
        snprintf(number, sizeof number, "%d", i);
        snprintf(key, sizeof key, "k%d", i % 7);
        cr_expect_str_eq(in_database(&run, key).value, number);
    }
    crash(&run);
}

Test(redo, a_full_journal_is_taken_over_and_used_again)
{
    char number[16];
    struct run run = begun();
    int journal = -1;
    for (int i = 1; i <= ORD_JOURNAL_BLOCKS + 2; i++) {
        snprintf(number, sizeof number, "%d", i);
        put(&run, "a", number);
        if (i == 1)
            journal = journal_fd();
        cr_expect_eq(is_in_overlay(&run, "a"), i != 1 && i != ORD_JOURNAL_BLOCKS + 2, "%d", i);
    }
    cr_expect_str_eq(in_database(&run, "a").value, number);
    put(&run, "a", "after");
    cr_expect_eq(journal_fd(), journal);
    crash(&run);
    the_next_run_has("a", "after");
}

Test(redo, a_clean_end_leaves_all_in_the_database)
{
    struct run run = begun();
    put(&run, "a", "one");
    put(&run, "a", "two");
    cr_assert_eq(ord_redo_finish(run.redo, NULL), ORD_OK);
    cr_expect_str_eq(in_database(&run, "a").value, "two");
    cr_expect_not(has_journal());
    crash(&run);
}

Test(redo, what_is_too_large_for_the_journal_goes_to_the_database)
{
    struct run run = begun();
    struct ord_changes changes = {0};
    char text[16], value[400];
    memset(value, 'v', sizeof value);
    put(&run, "a", "one");
    for (int i = 0; changes.size <= (size_t)ORD_JOURNAL_BLOCKS * ORD_JOURNAL_BLOCK; i++) {
        MDB_val key = key_of(text);
        key.mv_size = (size_t)snprintf(text, sizeof text, "key-%d", i);
        ord_changes_put(&changes, &key, value, sizeof value);
    }
    cr_assert_eq(ord_redo_commit(run.redo, &changes, NULL), ORD_OK);
    ord_changes_finish(&changes);
    cr_expect_not(is_in_overlay(&run, "key-0"));
    cr_expect_eq(strlen(in_database(&run, "key-0").value), 63);
    put(&run, "a", "two");
    cr_expect(is_in_overlay(&run, "a"));
    crash(&run);
}

/* Ten at a time. */
static void put_keys(struct run *run, int from, int to)
{
    struct ord_changes changes = {0};
    for (int i = from; i < to; i++) {
        char text[16];
        MDB_val key = {.mv_size = (size_t)snprintf(text, sizeof text, "key-%d", i), .mv_data = text};
        ord_changes_put(&changes, &key, "value", 5);
        if (i % 10 == 9) {
            cr_assert_eq(ord_redo_commit(run->redo, &changes, NULL), ORD_OK);
            ord_changes_clear(&changes);
        }
    }
    ord_changes_finish(&changes);
}

Test(redo, with_many_keys_the_database_takes_over_before_the_journal_is_full)
{
    struct run run = begun();
    put_keys(&run, 0, 10);
    put_keys(&run, 10, 1030);
    cr_expect(is_in_overlay(&run, "key-10"));
    cr_expect_str_eq(in_database(&run, "key-10").value, "");
    put_keys(&run, 0, 10);
    cr_expect_not(is_in_overlay(&run, "key-10"));
    cr_expect_str_eq(in_database(&run, "key-10").value, "value");
    cr_expect_str_eq(in_database(&run, "key-0").value, "value");
    crash(&run);
}

static void refuses(const char *words)
{
    struct ord_embedded *store = claimed_store(plain);
    struct ord_redo *redo = NULL;
    struct ord_error error = {0};
    cr_expect_neq(ord_redo_open(store, &redo, &error), ORD_OK);
    cr_expect(strstr(error.text, words), "%s", error.text);
    cr_expect(strstr(error.text, "--init"), "%s", error.text);
    ord_embedded_close(store);
}

static void goes_on_with_init(const char *value)
{
    struct run run = {.store = claimed_store(init)};
    cr_assert_eq(ord_redo_open(run.store, &run.redo, NULL), ORD_OK);
    cr_expect_str_eq(in_database(&run, "a").value, value);
    put(&run, "a", "again");
    crash(&run);
    the_next_run_has("a", "again");
}

Test(redo, a_journal_that_is_missing_is_told)
{
    char path[PATH_MAX];
    struct run run = begun();
    put(&run, "a", "one");
    put(&run, "a", "two");
    crash(&run);
    cr_assert_eq(unlink(journal_path(path)), 0);
    refuses("node-7.journal is missing");
    refuses("node-7.journal is missing");
    goes_on_with_init("one");
}

Test(redo, a_journal_that_is_damaged_is_told_and_kept)
{
    char path[PATH_MAX];
    struct run run = begun();
    put(&run, "a", "one");
    for (int i = 0; i < 3; i++)
        put(&run, "a", i == 0 ? "two" : "three");
    crash(&run);
    int fd = open(journal_path(path), O_RDWR);
    cr_assert_eq(pwrite(fd, "x", 1, ORD_JOURNAL_BLOCK + 40), 1);
    close(fd);
    refuses("node-7.journal: block 1 is damaged");
    int before = count_names(root, "node-7.journal.replaced");
    goes_on_with_init("two");
    cr_expect_eq(count_names(root, "node-7.journal.replaced"), before + 1);
}

Test(redo, a_database_that_starts_afresh_sets_the_journal_aside)
{
    char path[PATH_MAX];
    struct run run = begun();
    put(&run, "a", "one");
    put(&run, "a", "two");
    crash(&run);
    snprintf(path, sizeof path, "%s/node-7.mdb", root);
    cr_assert_eq(unlink(path), 0);
    run.store = claimed_store(init);
    cr_assert_eq(ord_redo_open(run.store, &run.redo, NULL), ORD_OK);
    cr_expect_str_eq(in_database(&run, "a").value, "");
    cr_expect_eq(count_names(root, "node-7.journal.replaced"), 1);
    crash(&run);
}

Test(redo, who_has_lost_the_place_is_not_told_that_it_is_durable)
{
    char lock[PATH_MAX];
    struct run run = begun();
    struct ord_error error;
    put(&run, "a", "one");
    put(&run, "a", "two");
    snprintf(lock, sizeof lock, "%s/node-7.lock", root);
    cr_assert_eq(remove(lock), 0);
    struct run twin = begun();
    cr_expect_str_eq(in_database(&twin, "a").value, "two");
    for (int i = 0; i < 3; i++)
        cr_expect_neq(try_put(&run, "a", "lost", &error), ORD_OK);
    put(&twin, "a", "three");
    put(&twin, "a", "four");
    cr_expect_neq(try_put(&run, "a", "lost", &error), ORD_OK);
    crash(&run);
    crash(&twin);
    the_next_run_has("a", "four");
}

Test(redo, after_an_append_that_failed_the_database_takes_over)
{
    struct run run = begun();
    struct ord_error error;
    put(&run, "a", "one");
    put(&run, "a", "two");
    int full = open("/dev/full", O_RDWR);
    cr_assert_geq(dup2(full, journal_fd()), 0);
    close(full);
    cr_expect_eq(try_put(&run, "a", "three", &error), ORD_INTERNAL);
    cr_expect(strstr(error.text, "No space left on device"), "%s", error.text);
    MDB_val key = key_of("a");
    const struct ord_overlay_value *value = ord_overlay_find(ord_redo_overlay(run.redo), &key);
    cr_assert(value && value->size == 3 && memcmp(value->bytes, "two", 3) == 0);
    put(&run, "b", "four");
    cr_expect_str_eq(in_database(&run, "a").value, "two");
    cr_expect_str_eq(in_database(&run, "b").value, "four");
    put(&run, "b", "five");
    cr_expect_str_eq(in_database(&run, "b").value, "five", "that one made a new journal");
    put(&run, "b", "six");
    cr_expect(is_in_overlay(&run, "b"));
    crash(&run);
    the_next_run_has("b", "six");
}

Test(redo, where_no_journal_can_be_made_the_database_does)
{
    char path[PATH_MAX];
    struct run run = begun();
    snprintf(path, sizeof path, "%s/node-7.journal.new", root);
    cr_assert_eq(mkdir(path, 0700), 0);
    for (int i = 0; i < 5; i++) {
        char number[16];
        snprintf(number, sizeof number, "%d", i);
        put(&run, "a", number);
        cr_expect_str_eq(in_database(&run, "a").value, number);
    }
    cr_expect_not(has_journal());
    cr_assert_eq(rmdir(path), 0);
    for (int i = 0; i < 1000; i++)
        put(&run, "a", "");
    cr_expect(has_journal(), "it is tried again in time");
    crash(&run);
}
