/*
 * Changes of keys, one after the other, as bytes: what is appended to the journal, and comes from there into
 * the database.
 *
 * A change is, little endian, the key's size (2 bytes), the value's size (2 bytes; 0xffff: the key is removed),
 * the key and the value.
 */
#pragma once

#include <lmdb.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ord_changes {
    uint8_t *bytes;
    size_t size, capacity;
    bool has_no_memory; /* a change is missing for want of it */
};

struct ord_change {
    MDB_val key, value;
    bool is_removal;
};

/* Appends one. Key and value have fewer than 0xffff bytes. */
void ord_changes_put(struct ord_changes *changes, const MDB_val *key, const void *value, size_t size);
void ord_changes_remove(struct ord_changes *changes, const MDB_val *key);

/* Forgets all, and keeps the memory for more. */
void ord_changes_clear(struct ord_changes *changes);

void ord_changes_finish(struct ord_changes *changes);

/* Reads the change at `*at`, which moves behind it. False: there is none; then `*at` is the size, unless the
 * bytes are not such changes. What is read points into them. */
bool ord_changes_next(const uint8_t *bytes, size_t size, size_t *at, struct ord_change *ret_change);

/* Does a change to the database: 0 or LMDB's result. To remove what is not there is no failure. */
int ord_change_do(const struct ord_change *change, MDB_txn *txn, MDB_dbi dbi);
