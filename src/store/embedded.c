#include "store/embedded.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/time.h"
#include "store/embedded_private.h"
#include "store/redo.h"

#define KEY_MAX 32
#define BOOT_ID_FILE "/proc/sys/kernel/random/boot_id"

/* The system's boot ID, or zeros where there is none. */
static void read_boot_id(uint8_t ret[ORD_BOOT_ID_SIZE])
{
    memset(ret, 0, ORD_BOOT_ID_SIZE);
    FILE *in = fopen(BOOT_ID_FILE, "re");
    unsigned byte;
    for (int i = 0; in && i < ORD_BOOT_ID_SIZE && fscanf(in, "%*[-]") != EOF && fscanf(in, "%2x", &byte) == 1;
         i++)
        ret[i] = (uint8_t)byte;
    if (in)
        fclose(in);
}

static MDB_val key_of(uint32_t worker, char ret[KEY_MAX])
{
    int length = snprintf(ret, KEY_MAX, "reservation/%" PRIu32, worker);
    return (MDB_val){.mv_size = (size_t)length, .mv_data = ret};
}

enum ord_code ord_embedded_get(MDB_txn *txn, MDB_dbi dbi, uint32_t worker, struct ord_record *ret_record,
                               struct ord_error *error)
{
    char text[KEY_MAX];
    MDB_val key = key_of(worker, text), value;
    int result = mdb_get(txn, dbi, &key, &value);
    if (result == MDB_NOTFOUND)
        return ord_fail(error, ORD_NOT_FOUND, "no reservation of worker %" PRIu32, worker);
    if (result != 0)
        return ord_database_fail(error, result, "read");
    return ord_record_decode(value.mv_data, value.mv_size, ret_record, error);
}

static enum ord_code put(MDB_txn *txn, MDB_dbi dbi, MDB_val key, struct ord_record *record,
                         struct ord_error *error)
{
    uint8_t bytes[ORD_RECORD_SIZE];
    record->written_us = ord_wall_ns() / 1000;
    read_boot_id(record->boot_id);
    ord_record_encode(record, bytes);
    MDB_val value = {.mv_size = sizeof bytes, .mv_data = bytes};
    int result = mdb_put(txn, dbi, &key, &value, 0);
    return result == 0 ? ORD_OK : ord_database_fail(error, result, "write");
}

enum ord_code ord_embedded_put(MDB_txn *txn, MDB_dbi dbi, struct ord_record *record, struct ord_error *error)
{
    char text[KEY_MAX];
    return put(txn, dbi, key_of(record->place.worker, text), record, error);
}

enum ord_code ord_embedded_put_floor(MDB_txn *txn, MDB_dbi dbi, const struct ord_record *record,
                                     struct ord_error *error)
{
    struct ord_record floor = *record;
    return put(txn, dbi, (MDB_val){.mv_size = sizeof ORD_FLOOR_KEY - 1, .mv_data = (char *)ORD_FLOOR_KEY},
               &floor, error);
}

static enum ord_code claim(void *context, const struct ord_place *place, struct ord_claim *ret_claim,
                           struct ord_error *error)
{
    struct ord_embedded *store = context;
    store->place = *place;
    enum ord_code code = ord_embedded_claim(store, error);
    if (code == ORD_OK)
        *ret_claim = (struct ord_claim){.node = place->node, .limit = store->record.limit};
    return code;
}

/* Reads our record, if it is still ours. */
static enum ord_code get_ours(const struct ord_embedded *store, MDB_txn *txn, MDB_dbi dbi,
                              struct ord_record *ret_record, struct ord_error *error)
{
    struct ord_record stored;
    enum ord_code code = ord_embedded_get(txn, dbi, store->place.worker, &stored, error);
    if (code != ORD_OK)
        return code;
    if (stored.generation != store->record.generation)
        return ord_fail(error, ORD_UNAVAILABLE,
                        "another process has claimed the place: generation %" PRIu64 ", ours is %" PRIu64,
                        stored.generation, store->record.generation);
    *ret_record = stored;
    return ORD_OK;
}

enum ord_code ord_embedded_check_ours(const struct ord_embedded *store, MDB_txn *txn, MDB_dbi dbi,
                                      struct ord_error *error)
{
    struct ord_record stored;
    return get_ours(store, txn, dbi, &stored, error);
}

typedef enum ord_code transaction(struct ord_database *database, ord_database_work *work, void *context,
                                  struct ord_error *error);

static enum ord_code transact(struct ord_embedded *store, transaction *run, ord_database_work *work,
                              void *context, struct ord_error *error)
{
    if (!ord_directory_still(&store->directory, store->lock, store->lock_fd))
        return ord_fail(error, ORD_UNAVAILABLE, "%s was removed or replaced while it was in use", store->lock);
    if (run(&store->database, work, context, error) != ORD_OK)
        return ord_wrap(error, "%s", store->file);
    return ORD_OK;
}

static enum ord_code alone(struct ord_embedded *store, transaction *run, ord_database_work *work, void *context,
                           struct ord_error *error)
{
    pthread_mutex_lock(&store->writing);
    enum ord_code code = transact(store, run, work, context, error);
    pthread_mutex_unlock(&store->writing);
    return code;
}

enum ord_code ord_embedded_write(struct ord_embedded *store, ord_database_work *work, void *context,
                                 struct ord_error *error)
{
    return alone(store, ord_database_write, work, context, error);
}

enum ord_code ord_embedded_read(struct ord_embedded *store, ord_database_work *work, void *context,
                                struct ord_error *error)
{
    return alone(store, ord_database_read, work, context, error);
}

struct writing {
    struct ord_embedded *store;
    struct ord_record record;
};

/* Replaces our record by another, if the one that is stored is still ours. */
static enum ord_code replace(MDB_txn *txn, MDB_dbi dbi, void *context, struct ord_error *error)
{
    struct writing *writing = context;
    struct ord_record stored = {0};
    enum ord_code code = get_ours(writing->store, txn, dbi, &stored, error);
    if (code != ORD_OK)
        return code;
    /* An extend whose outcome was uncertain may have left a higher limit. */
    if (!writing->record.clean && stored.limit > writing->record.limit)
        writing->record.limit = stored.limit;
    return ord_embedded_put(txn, dbi, &writing->record, error);
}

static enum ord_code write_limit(struct ord_embedded *store, uint64_t limit, bool clean,
                                 struct ord_error *error)
{
    struct writing writing = {.store = store, .record = store->record};
    writing.record.limit = limit;
    writing.record.clean = clean;
    enum ord_code code = ord_embedded_write(store, replace, &writing, error);
    if (code != ORD_OK)
        return code;
    /* The other thread reads only what stays: the place and the generation. */
    store->record.limit = writing.record.limit;
    store->record.clean = writing.record.clean;
    return ORD_OK;
}

static enum ord_code extend(void *context, uint64_t limit, struct ord_error *error)
{
    return write_limit(context, limit, false, error);
}

static enum ord_code release(void *context, uint64_t next, struct ord_error *error)
{
    struct ord_embedded *store = context;
    enum ord_code code = write_limit(store, next, true, error);
    ord_embedded_let_go(store);
    return code;
}

enum ord_code ord_embedded_open(const struct ord_embedded_options *options, struct ord_embedded **ret_store,
                                struct ord_error *error)
{
    struct ord_embedded *store = calloc(1, sizeof *store);
    if (!store)
        return ord_fail(error, ORD_INTERNAL, "no memory");
    store->options = *options;
    store->lock_fd = -1;
    store->directory.fd = -1;
    pthread_mutex_init(&store->writing, NULL);
    *ret_store = store;
    return ORD_OK;
}

struct ord_embedded *ord_embedded_close(struct ord_embedded *store)
{
    if (!store)
        return NULL;
    ord_redo_close(store->redo);
    ord_embedded_let_go(store);
    pthread_mutex_destroy(&store->writing);
    free(store);
    return NULL;
}

struct ord_reservation_port ord_embedded_port(struct ord_embedded *store)
{
    return (struct ord_reservation_port){
        .context = store, .claim = claim, .extend = extend, .release = release};
}

const struct ord_embedded_facts *ord_embedded_facts(const struct ord_embedded *store)
{
    return &store->facts;
}
