#include "store/changes.h"

#include <stdlib.h>
#include <string.h>

#include "store/encode.h"

#define HEAD 4
#define REMOVAL 0xffff
#define CAPACITY_FIRST 1024

/* Where `size` more bytes go, or NULL. */
static uint8_t *extend(struct ord_changes *changes, size_t size)
{
    size_t capacity = changes->capacity ? changes->capacity : CAPACITY_FIRST;
    while (capacity < changes->size + size)
        capacity *= 2;
    uint8_t *bytes = capacity == changes->capacity ? changes->bytes : realloc(changes->bytes, capacity);
    if (!bytes) {
        changes->has_no_memory = true;
        return NULL;
    }
    changes->bytes = bytes;
    changes->capacity = capacity;
    changes->size += size;
    return bytes + changes->size - size;
}

static void append(struct ord_changes *changes, const MDB_val *key, const void *value, size_t size, size_t told)
{
    uint8_t *at = extend(changes, HEAD + key->mv_size + size);
    if (!at)
        return;
    put16(at, (uint16_t)key->mv_size);
    put16(at + 2, (uint16_t)told);
    memcpy(at + HEAD, key->mv_data, key->mv_size);
    if (size > 0)
        memcpy(at + HEAD + key->mv_size, value, size);
}

void ord_changes_put(struct ord_changes *changes, const MDB_val *key, const void *value, size_t size)
{
    append(changes, key, value, size, size);
}

void ord_changes_remove(struct ord_changes *changes, const MDB_val *key)
{
    append(changes, key, NULL, 0, REMOVAL);
}

void ord_changes_clear(struct ord_changes *changes)
{
    changes->size = 0;
    changes->has_no_memory = false;
}

void ord_changes_finish(struct ord_changes *changes)
{
    free(changes->bytes);
    *changes = (struct ord_changes){0};
}

bool ord_changes_next(const uint8_t *bytes, size_t size, size_t *at, struct ord_change *ret_change)
{
    size_t left = size - *at;
    if (left < HEAD)
        return false;
    const uint8_t *head = bytes + *at;
    size_t key = get16(head), told = get16(head + 2), value = told == REMOVAL ? 0 : told;
    if (left - HEAD < key + value)
        return false;
    *ret_change = (struct ord_change){
        .key = {.mv_size = key, .mv_data = (void *)(head + HEAD)},
        .value = {.mv_size = value, .mv_data = (void *)(head + HEAD + key)},
        .is_removal = told == REMOVAL,
    };
    *at += HEAD + key + value;
    return true;
}

int ord_change_do(const struct ord_change *change, MDB_txn *txn, MDB_dbi dbi)
{
    MDB_val key = change->key, value = change->value;
    int result = change->is_removal ? mdb_del(txn, dbi, &key, NULL) : mdb_put(txn, dbi, &key, &value, 0);
    return change->is_removal && result == MDB_NOTFOUND ? 0 : result;
}
