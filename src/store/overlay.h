/*
 * The latest value of each key that the journal has changed and the database has not: what a reader has to look
 * at first.
 *
 * Changes are staged before they become durable, so that nothing can fail once they are.
 *
 * One thread at a time.
 */
#pragma once

#include "base/error.h"
#include "store/changes.h"

struct ord_overlay_value {
    bool is_removal;
    size_t size;
    uint8_t bytes[];
};

struct ord_overlay_entry {
    MDB_val key;                      /* first, for the tree */
    struct ord_overlay_value *value;  /* NULL: the database's counts */
    struct ord_overlay_value *staged; /* NULL: not in what is staged */
    struct ord_overlay_entry *next;   /* of all */
    struct ord_overlay_entry *next_staged;
};

/* Zeros: nothing is in it. */
struct ord_overlay {
    size_t count;                               /* of entries */
    void *by_key;                               /* of tsearch's */
    struct ord_overlay_entry *entries, *staged; /* lists */
};

/* Takes note of changes that do not count yet; the last of a key is the one. ORD_INTERNAL: no memory, or not
 * such changes; nothing is staged then. */
enum ord_code ord_overlay_stage(struct ord_overlay *overlay, const uint8_t *changes, size_t size,
                                struct ord_error *error);

/* What is staged counts from now on; or never. */
void ord_overlay_keep(struct ord_overlay *overlay);
void ord_overlay_drop(struct ord_overlay *overlay);

/* What counts for a key, or NULL: what the database has. Valid until something is changed. */
const struct ord_overlay_value *ord_overlay_find(const struct ord_overlay *overlay, const MDB_val *key);

/* Whether nothing is in it that counts. */
bool ord_overlay_is_empty(const struct ord_overlay *overlay);

/* Does all changes to the database, those that are staged as well: 0 or LMDB's result. */
int ord_overlay_write(const struct ord_overlay *overlay, MDB_txn *txn, MDB_dbi dbi);

/* Forgets and frees all. */
void ord_overlay_clear(struct ord_overlay *overlay);
