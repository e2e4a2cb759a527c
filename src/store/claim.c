/* How a process comes to hold a place: the locks, a look at what is stored, and what the options allow to be
 * done about it. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/time.h"
#include "store/embedded_private.h"
#include "store/lock.h"

#define LOCK_START (ORD_LOCK_WORKERS + 2) /* held by one claim at a time */

/* Each worker's process ID stands in a line of its own. */
#define PID_LINE 16

enum problem {
    NO_PROBLEM,
    LOST,
    DAMAGED,
    ANOTHER_NODES,
    ANOTHER_LAYOUT,
};

struct taking {
    struct ord_embedded *store;
    bool convert;             /* another layout is accepted */
    struct ord_record record; /* to be ours */
    struct ord_record before; /* of the run before */
    bool has_before;
    uint64_t floor; /* for a worker without a record */
    uint32_t count; /* of records seen */
    enum problem problem;
};

static void write_pid(const struct ord_embedded *store, const char *pid)
{
    char line[PID_LINE + 1];
    snprintf(line, sizeof line, "%-15.15s\n", pid);
    /* Only a refusal's text needs it. */
    if (pwrite(store->lock_fd, line, PID_LINE, (off_t)store->place.worker * PID_LINE) < 0)
        return;
}

static enum ord_code refuse_twin(const struct ord_embedded *store, off_t first, off_t count,
                                 const char *purpose, struct ord_error *error)
{
    off_t worker = ord_lock_conflict(store->lock_fd, first, count);
    char line[PID_LINE + 1] = "", who[48] = "another process", what[64];
    long pid;
    if (worker >= 0 && pread(store->lock_fd, line, PID_LINE, worker * PID_LINE) > 0 &&
        sscanf(line, "%ld", &pid) == 1)
        snprintf(who, sizeof who, "process %ld", pid);
    if (store->place.workers == 1 && worker <= 0)
        snprintf(what, sizeof what, "node %" PRIu32, store->place.node);
    else
        snprintf(what, sizeof what, "worker %jd of node %" PRIu32, (intmax_t)(worker < 0 ? first : worker),
                 store->place.node);
    return ord_fail(error, ORD_UNAVAILABLE, "%s is in use by %s%s (%.200s/%s)", what, who, purpose,
                    store->directory.path, store->lock);
}

static enum ord_code lock_range(const struct ord_embedded *store, off_t first, off_t count, const char *purpose,
                                struct ord_error *error)
{
    int errnum = ord_lock_try(store->lock_fd, first, count);
    if (errnum == 0)
        return ORD_OK;
    if (errnum == EAGAIN)
        return refuse_twin(store, first, count, purpose, error);
    return ord_fail_errno(error, errnum, "lock %.200s/%s", store->directory.path, store->lock);
}

/* Ours alone, while others' workers may run. */
static enum ord_code lock_place(const struct ord_embedded *store, struct ord_error *error)
{
    int errnum = ord_lock_check(store->lock_fd, ORD_LOCK_PROBE);
    if (errnum != 0)
        return ord_fail_errno(error, errnum,
                              "locks do not work in %.200s, so two processes could not be kept apart; choose "
                              "another directory with --state-dir",
                              store->directory.path);
    return lock_range(store, store->place.worker, 1, "", error);
}

/* All of the node, for what must not happen under a running worker. */
static enum ord_code lock_node(const struct ord_embedded *store, struct ord_error *error)
{
    return lock_range(store, 0, ORD_LOCK_WORKERS, "; stop all workers of the node first", error);
}

static void unlock_others(const struct ord_embedded *store)
{
    off_t worker = store->place.worker;
    if (worker > 0)
        ord_lock_release(store->lock_fd, 0, worker);
    ord_lock_release(store->lock_fd, worker + 1, ORD_LOCK_WORKERS - worker - 1);
}

static enum ord_code refuse_lost(const struct ord_embedded *store, struct ord_error *error)
{
    return ord_fail(
        error, ORD_UNAVAILABLE,
        "%.200s/%s is missing, but was there: the state of node %" PRIu32
        " is lost; put it back, or start afresh with --init, and with --adopt-above ID above the highest ID "
        "that was given",
        store->directory.path, store->file, store->place.node);
}

static enum ord_code refuse_damaged(struct taking *taking, struct ord_error *error)
{
    const struct ord_embedded *store = taking->store;
    char cause[160];
    taking->problem = DAMAGED;
    snprintf(cause, sizeof cause, "%.159s", error->text);
    return ord_fail(error, ORD_UNAVAILABLE,
                    "%.200s/%s is damaged: %s; put back a sound one, or start afresh with --init, and with "
                    "--adopt-above ID above the highest ID that was given",
                    store->directory.path, store->file, cause);
}

static enum ord_code refuse_node(struct taking *taking, uint32_t node, struct ord_error *error)
{
    const struct ord_embedded *store = taking->store;
    taking->problem = ANOTHER_NODES;
    return ord_fail(error, ORD_UNAVAILABLE,
                    "%.200s/%s holds the state of node %" PRIu32 ", not of node %" PRIu32
                    "; put back the right one, or start afresh with --init",
                    store->directory.path, store->file, node, store->place.node);
}

static enum ord_code refuse_layout(struct taking *taking, const struct ord_place *stored,
                                   struct ord_error *error)
{
    char before[ORD_SPLIT_TEXT_MAX], now[ORD_SPLIT_TEXT_MAX];
    ord_place_split_text(stored, before);
    ord_place_split_text(&taking->store->place, now);
    taking->problem = ANOTHER_LAYOUT;
    return ord_fail(error, ORD_UNAVAILABLE,
                    "node %" PRIu32
                    " has given IDs in the layout %s; now it is %s; go back to the former, or start "
                    "above the time that it used with --accept-layout-change",
                    taking->store->place.node, before, now);
}

static bool is_floor(const MDB_val *key)
{
    return key->mv_size == sizeof ORD_FLOOR_KEY - 1 && memcmp(key->mv_data, ORD_FLOOR_KEY, key->mv_size) == 0;
}

static enum ord_code raise_floor(struct taking *taking, const struct ord_record *stored,
                                 struct ord_error *error)
{
    uint64_t limit;
    if (ord_record_limit_in(stored, &taking->store->place, &limit, error) != ORD_OK)
        return ord_wrap(error, "--accept-layout-change");
    if (limit > taking->floor)
        taking->floor = limit;
    return ORD_OK;
}

/* Looks at one record of the node: whether it is sound and fits, and what it says of our limit. */
static enum ord_code look_at(struct taking *taking, const MDB_val *key, const MDB_val *value,
                             struct ord_error *error)
{
    const struct ord_place *place = &taking->store->place;
    struct ord_record stored;
    if (ord_record_decode(value->mv_data, value->mv_size, &stored, error) != ORD_OK)
        return ord_wrap(error, "%.*s", (int)key->mv_size, (const char *)key->mv_data);
    if (stored.place.node != place->node)
        return refuse_node(taking, stored.place.node, error);
    if (!taking->convert && !ord_place_counts_alike(&stored.place, place))
        return refuse_layout(taking, &stored.place, error);

    taking->count++;
    if (stored.generation >= taking->record.generation)
        taking->record.generation = stored.generation + 1;
    if (taking->convert || is_floor(key))
        return raise_floor(taking, &stored, error);
    if (stored.place.worker == place->worker) {
        taking->before = stored;
        taking->has_before = true;
    }
    return ORD_OK;
}

/* Looks at every record; takes them away if they are converted, since another split has other keys. */
static enum ord_code look_at_all(struct taking *taking, MDB_cursor *cursor, struct ord_error *error)
{
    static const char prefix[] = "reservation/";
    const size_t length = sizeof prefix - 1;
    MDB_val key = {.mv_size = length, .mv_data = (char *)prefix}, value;
    int result = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);
    while (result == 0 && key.mv_size > length && memcmp(key.mv_data, prefix, length) == 0) {
        enum ord_code code = look_at(taking, &key, &value, error);
        if (code != ORD_OK)
            return code;
        if (taking->convert)
            result = mdb_cursor_del(cursor, 0);
        if (result == 0)
            result = mdb_cursor_get(cursor, &key, &value, MDB_NEXT);
    }
    if (result != 0 && result != MDB_NOTFOUND)
        return ord_database_fail(error, result, "read");
    if (taking->count > 0)
        return ORD_OK;
    return ord_fail(error, ORD_INVALID_ARGUMENT, "it holds no reservation");
}

/* The transaction in which the place becomes ours. */
static enum ord_code take(MDB_txn *txn, MDB_dbi dbi, void *context, struct ord_error *error)
{
    struct taking *taking = context;
    MDB_cursor *cursor;
    int result = mdb_cursor_open(txn, dbi, &cursor);
    if (result != 0)
        return ord_database_fail(error, result, "read");
    enum ord_code code = look_at_all(taking, cursor, error);
    mdb_cursor_close(cursor);
    taking->record.limit = taking->has_before ? taking->before.limit : taking->floor;
    if (code == ORD_OK && taking->convert)
        code = ord_embedded_put_floor(txn, dbi, &taking->record, error);
    return code == ORD_OK ? ord_embedded_put(txn, dbi, &taking->record, error) : code;
}

static enum ord_code put_first(MDB_txn *txn, MDB_dbi dbi, void *context, struct ord_error *error)
{
    return ord_embedded_put(txn, dbi, context, error);
}

/* Makes the database under another name, so that it is whole when it has its own. */
static enum ord_code create_database(struct ord_embedded *store, struct ord_error *error)
{
    char name[ORD_FILE_NAME_MAX + 8], path[ORD_DATABASE_PATH_MAX];
    snprintf(name, sizeof name, "%s.new", store->file);
    snprintf(path, sizeof path, "%s/%s", store->directory.path, name);
    enum ord_code code = ord_directory_remove(&store->directory, name, error);
    if (code != ORD_OK)
        return code;

    struct ord_record first = {.place = store->place};
    struct ord_database database;
    ord_database_init(&database, path, store->lock_fd, ORD_LOCK_WRITE);
    database.create = true;
    code = ord_database_write(&database, put_first, &first, error);
    ord_database_close(&database);
    if (code != ORD_OK)
        return ord_wrap(error, "%.200s/%s", store->directory.path, name);
    return ord_directory_rename(&store->directory, name, store->file, error);
}

static enum ord_code write_marker(const struct ord_embedded *store, struct ord_error *error)
{
    char text[ORD_FILE_NAME_MAX + 120];
    snprintf(text, sizeof text,
             "Node %" PRIu32
             " has its state in %s. Should that be missing, this file tells that it was lost.\n",
             store->place.node, store->file);
    return ord_directory_write(&store->directory, store->marker, text, error);
}

static enum ord_code open_database(struct taking *taking, struct ord_error *error)
{
    struct ord_embedded *store = taking->store;
    char path[ORD_DATABASE_PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", store->directory.path, store->file);
    ord_database_init(&store->database, path, store->lock_fd, ORD_LOCK_WRITE);
    enum ord_code code = ord_database_write(&store->database, take, taking, error);
    if (code == ORD_INVALID_ARGUMENT)
        return refuse_damaged(taking, error);
    if (code == ORD_INTERNAL)
        ord_wrap(error, "%.200s/%s", store->directory.path, store->file);
    return code;
}

static enum ord_code take_place(struct taking *taking, bool may_create, struct ord_error *error)
{
    struct ord_embedded *store = taking->store;
    bool has_database = false, has_marker = false;
    enum ord_code code = ord_directory_has(&store->directory, store->file, &has_database, error);
    if (code == ORD_OK)
        code = ord_directory_has(&store->directory, store->marker, &has_marker, error);
    if (code == ORD_OK && !has_database && has_marker && !may_create) {
        taking->problem = LOST;
        return refuse_lost(store, error);
    }
    if (code == ORD_OK && !has_database)
        code = create_database(store, error);
    if (code == ORD_OK && !has_marker)
        code = write_marker(store, error);
    if (code == ORD_OK)
        code = open_database(taking, error);
    return code;
}

static bool may_resolve(const struct ord_embedded_options *options, enum problem problem)
{
    if (problem == ANOTHER_LAYOUT)
        return options->accept_layout_change;
    return problem != NO_PROBLEM && options->init;
}

enum ord_code ord_embedded_set_aside(struct ord_embedded *store, const char *name, char ret_name[128],
                                     struct ord_error *error)
{
    char time[32], aside[ORD_FILE_NAME_MAX];
    int64_t now_us = ord_wall_ns() / 1000;
    time_t seconds = now_us / 1000000;
    struct tm parts;
    gmtime_r(&seconds, &parts);
    strftime(time, sizeof time, "%Y%m%dT%H%M%S", &parts);
    snprintf(aside, sizeof aside, "%.40s.replaced-%.20s.%06dZ", name, time, (int)(now_us % 1000000));
    enum ord_code code = ord_directory_rename(&store->directory, name, aside, error);
    if (code == ORD_OK)
        snprintf(ret_name, sizeof store->facts.replaced, "%s", aside);
    return code;
}

/* The database, where there is one, and the journal that belongs to it. */
static enum ord_code set_all_aside(struct ord_embedded *store, enum problem problem, struct ord_error *error)
{
    bool has_journal = false;
    enum ord_code code = ord_directory_has(&store->directory, store->journal, &has_journal, error);
    if (code == ORD_OK && has_journal)
        code = ord_embedded_set_aside(store, store->journal, store->facts.replaced, error);
    if (code == ORD_OK && problem != LOST)
        code = ord_embedded_set_aside(store, store->file, store->facts.replaced, error);
    return code;
}

static enum ord_code resolve(struct taking *taking, struct ord_error *error)
{
    struct ord_embedded *store = taking->store;
    enum problem problem = taking->problem;
    enum ord_code code = lock_node(store, error);
    if (code == ORD_OK && problem != ANOTHER_LAYOUT)
        code = set_all_aside(store, problem, error);
    if (code == ORD_OK) {
        *taking = (struct taking){.store = store,
                                  .convert = problem == ANOTHER_LAYOUT,
                                  .record = {.place = store->place, .generation = 1}};
        store->facts.layout_changed = taking->convert;
        code = take_place(taking, true, error);
    }
    unlock_others(store);
    return code;
}

static enum ord_code settle(struct taking *taking, struct ord_error *error)
{
    const struct ord_embedded *store = taking->store;
    int errnum = ord_lock_wait(store->lock_fd, LOCK_START, 1);
    if (errnum != 0)
        return ord_fail_errno(error, errnum, "lock %.200s/%s", store->directory.path, store->lock);
    enum ord_code code = take_place(taking, false, error);
    if (code != ORD_OK && may_resolve(&store->options, taking->problem))
        code = resolve(taking, error);
    ord_lock_release(store->lock_fd, LOCK_START, 1);
    return code;
}

static void note_facts(struct ord_embedded *store, const struct taking *taking)
{
    const struct ord_record *before = &taking->before;
    store->record = taking->record;
    store->facts.is_first = !taking->has_before || before->generation == 0;
    store->facts.was_clean = before->clean;
    store->facts.same_boot = memcmp(before->boot_id, taking->record.boot_id, ORD_BOOT_ID_SIZE) == 0;
    store->facts.unsafe = store->directory.unsafe;
    store->facts.generation = taking->record.generation;
    store->facts.written_us = store->facts.is_first ? 0 : before->written_us;
}

static void name_files(struct ord_embedded *store)
{
    uint32_t node = store->place.node;
    snprintf(store->file, sizeof store->file, "node-%" PRIu32 ".mdb", node);
    snprintf(store->journal, sizeof store->journal, "node-%" PRIu32 ".journal", node);
    snprintf(store->lock, sizeof store->lock, "node-%" PRIu32 ".lock", node);
    snprintf(store->marker, sizeof store->marker, ".node-%" PRIu32 ".marker", node);
}

enum ord_code ord_embedded_claim(struct ord_embedded *store, struct ord_error *error)
{
    struct ord_error unseen;
    if (!error)
        error = &unseen; /* its text goes into others */
    store->facts = (struct ord_embedded_facts){0};
    name_files(store);
    enum ord_code code =
        ord_directory_open(store->options.directory, store->options.accept_unsafe, &store->directory, error);
    if (code != ORD_OK)
        return code;
    code = ord_directory_file(&store->directory, store->lock, &store->lock_fd, error);
    if (code == ORD_OK)
        code = lock_place(store, error);
    if (code != ORD_OK)
        goto fail;

    char pid[PID_LINE];
    snprintf(pid, sizeof pid, "%d", (int)getpid());
    write_pid(store, pid);
    struct taking taking = {.store = store, .record = {.place = store->place, .generation = 1}};
    code = settle(&taking, error);
    if (code != ORD_OK)
        goto fail;
    note_facts(store, &taking);
    return ORD_OK;

fail:
    ord_embedded_let_go(store);
    return code;
}

void ord_embedded_let_go(struct ord_embedded *store)
{
    ord_database_close(&store->database);
    if (store->lock_fd >= 0)
        close(store->lock_fd);
    store->lock_fd = -1;
    ord_directory_close(&store->directory);
}
