#include "store/redo.h"

#include <stdlib.h>

#include "store/encode.h"
#include "store/journal.h"

#define KEY "journal"
#define VERSION 1

enum {
    IS_OPEN_AT = 4,
    GENERATION_AT = 8,
    CRC_AT = 16,
    VALUE_SIZE = CRC_AT + 4,
};

/* With so many keys the database takes over, though the journal has room: each may be on a page of its own, and
 * whoever comes meanwhile waits until all are written. */
#define KEYS_MAX 1024

/* After a journal could not be made, so many changes go without before the next try. */
#define TRIES_APART 1000

/* What the database says of the journal. */
enum stored {
    STORED_CLOSED, /* it holds nothing */
    STORED_OPEN,   /* it holds the generation */
    STORED_UNSURE, /* a transaction failed, and may have said something else */
};

struct ord_redo {
    struct ord_embedded *store;
    struct ord_journal journal;
    struct ord_overlay overlay;
    uint64_t generation; /* the highest that a transaction has tried to begin */
    enum stored stored;
    unsigned without; /* so many changes more are not worth a try to make a journal */
};

static MDB_val key(void)
{
    return (MDB_val){.mv_size = sizeof KEY - 1, .mv_data = (char *)KEY};
}

static enum ord_code get_state(MDB_txn *txn, MDB_dbi dbi, void *context, struct ord_error *error)
{
    struct ord_redo *redo = context;
    MDB_val at = key(), value;
    enum ord_code code = ord_embedded_check_ours(redo->store, txn, dbi, error);
    if (code != ORD_OK)
        return code;
    int result = mdb_get(txn, dbi, &at, &value);
    if (result == MDB_NOTFOUND)
        return ORD_OK;
    if (result != 0)
        return ord_database_fail(error, result, "read");
    const uint8_t *bytes = value.mv_data;
    if (value.mv_size != VALUE_SIZE || get32(bytes) != VERSION ||
        get32(bytes + CRC_AT) != checksum_of(&at, bytes, CRC_AT))
        return ord_fail(error, ORD_INVALID_ARGUMENT, "what it says of the journal is damaged");
    redo->stored = get32(bytes + IS_OPEN_AT) ? STORED_OPEN : STORED_CLOSED;
    redo->generation = get64(bytes + GENERATION_AT);
    return ORD_OK;
}

static bool has_journal(const struct ord_redo *redo)
{
    return redo->journal.fd >= 0;
}

static int put_state(const struct ord_redo *redo, MDB_txn *txn, MDB_dbi dbi)
{
    uint8_t bytes[VALUE_SIZE];
    MDB_val at = key(), value = {.mv_size = sizeof bytes, .mv_data = bytes};
    put32(bytes, VERSION);
    put32(bytes + IS_OPEN_AT, has_journal(redo));
    put64(bytes + GENERATION_AT, redo->generation);
    put32(bytes + CRC_AT, checksum_of(&at, bytes, CRC_AT));
    return mdb_put(txn, dbi, &at, &value, 0);
}

static enum ord_code take_over(MDB_txn *txn, MDB_dbi dbi, void *context, struct ord_error *error)
{
    const struct ord_redo *redo = context;
    enum ord_code code = ord_embedded_check_ours(redo->store, txn, dbi, error);
    if (code != ORD_OK)
        return code;
    int result = ord_overlay_write(&redo->overlay, txn, dbi);
    if (result == 0)
        result = put_state(redo, txn, dbi);
    return result == 0 ? ORD_OK : ord_database_fail(error, result, "write");
}

/* The database takes over what is in the overlay and staged, and the next generation begins. */
static enum ord_code write_down(struct ord_redo *redo, struct ord_error *error)
{
    redo->generation++;
    enum ord_code code = ord_embedded_write(redo->store, take_over, redo, error);
    redo->stored = code != ORD_OK ? STORED_UNSURE : has_journal(redo) ? STORED_OPEN : STORED_CLOSED;
    if (code != ORD_OK)
        return code;
    ord_overlay_clear(&redo->overlay);
    if (has_journal(redo))
        ord_journal_begin(&redo->journal, redo->generation);
    return ORD_OK;
}

/* Makes a journal where there is none and nothing depends on the one that was. */
static void try_journal(struct ord_redo *redo)
{
    if (has_journal(redo) || redo->stored != STORED_CLOSED)
        return;
    if (redo->without > 0)
        redo->without--;
    else if (ord_journal_create(&redo->journal, NULL) != ORD_OK)
        redo->without = TRIES_APART;
}

static enum ord_code look(MDB_txn *txn, MDB_dbi dbi, void *context, struct ord_error *error)
{
    const struct ord_redo *redo = context;
    return ord_embedded_check_ours(redo->store, txn, dbi, error);
}

static enum ord_code append(struct ord_redo *redo, const struct ord_changes *changes, struct ord_error *error)
{
    enum ord_code code = ord_journal_append(&redo->journal, changes->bytes, changes->size, error);
    if (code == ORD_OK)
        code = ord_embedded_read(redo->store, look, redo, error);
    if (code != ORD_OK) {
        ord_journal_close(&redo->journal);
        ord_overlay_drop(&redo->overlay);
        return code;
    }
    ord_overlay_keep(&redo->overlay);
    return ORD_OK;
}

static bool may_append(const struct ord_redo *redo, size_t size)
{
    return redo->stored == STORED_OPEN && has_journal(redo) && ord_journal_has_room(&redo->journal, size) &&
           redo->overlay.count <= KEYS_MAX;
}

enum ord_code ord_redo_commit(struct ord_redo *redo, const struct ord_changes *changes, struct ord_error *error)
{
    if (changes->has_no_memory)
        return ord_fail(error, ORD_INTERNAL, "no memory");
    enum ord_code code = ord_overlay_stage(&redo->overlay, changes->bytes, changes->size, error);
    if (code != ORD_OK)
        return code;
    if (may_append(redo, changes->size))
        return append(redo, changes, error);
    try_journal(redo);
    code = write_down(redo, error);
    if (code != ORD_OK)
        ord_overlay_drop(&redo->overlay);
    return code;
}

const struct ord_overlay *ord_redo_overlay(const struct ord_redo *redo)
{
    return &redo->overlay;
}

enum ord_code ord_redo_settle(struct ord_redo *redo, struct ord_error *error)
{
    return ord_overlay_is_empty(&redo->overlay) ? ORD_OK : write_down(redo, error);
}

enum ord_code ord_redo_finish(struct ord_redo *redo, struct ord_error *error)
{
    ord_journal_close(&redo->journal);
    if (redo->stored == STORED_CLOSED)
        return ORD_OK;
    enum ord_code code = write_down(redo, error);
    return code == ORD_OK ? ord_directory_remove(&redo->store->directory, redo->store->journal, error) : code;
}

static enum ord_code recall(void *context, const uint8_t *changes, size_t size, struct ord_error *error)
{
    struct ord_redo *redo = context;
    enum ord_code code = ord_overlay_stage(&redo->overlay, changes, size, error);
    if (code == ORD_OK)
        ord_overlay_keep(&redo->overlay);
    return code;
}

/* Goes on without a journal that is missing or damaged, if that was asked for. */
static enum ord_code do_without(struct ord_redo *redo, enum ord_code code, const struct ord_error *cause,
                                struct ord_error *error)
{
    struct ord_embedded *store = redo->store;
    if (!store->options.init)
        return ord_fail(
            error, code,
            "%.300s; it has what sequences changed last: put it back, or go on without it with --init, "
            "and values that were given last may come again",
            cause->text);
    store->facts.journal_lost = true;
    return code == ORD_NOT_FOUND
               ? ORD_OK
               : ord_embedded_set_aside(store, store->journal, store->facts.journal_replaced, error);
}

static enum ord_code recover(struct ord_redo *redo, struct ord_error *error)
{
    struct ord_embedded *store = redo->store;
    enum ord_code code = ord_embedded_read(store, get_state, redo, error);
    if (code == ORD_OK && redo->stored == STORED_OPEN) {
        struct ord_error cause;
        code = ord_journal_read(&store->directory, store->journal, redo->generation, recall, redo, &cause);
        if (code == ORD_NOT_FOUND || code == ORD_INVALID_ARGUMENT)
            code = do_without(redo, code, &cause, error);
        else if (code != ORD_OK)
            ord_fail(error, code, "%s", cause.text);
    }
    return code == ORD_OK ? ord_redo_finish(redo, error) : code;
}

enum ord_code ord_redo_open(struct ord_embedded *store, struct ord_redo **ret_redo, struct ord_error *error)
{
    struct ord_redo *redo = calloc(1, sizeof *redo);
    if (!redo)
        return ord_fail(error, ORD_INTERNAL, "no memory");
    redo->store = store;
    ord_journal_init(&redo->journal, &store->directory, store->journal);
    enum ord_code code = recover(redo, error);
    if (code == ORD_OK)
        *ret_redo = redo;
    else
        ord_redo_close(redo);
    return code;
}

struct ord_redo *ord_redo_close(struct ord_redo *redo)
{
    if (!redo)
        return NULL;
    ord_journal_close(&redo->journal);
    ord_overlay_clear(&redo->overlay);
    free(redo);
    return NULL;
}
