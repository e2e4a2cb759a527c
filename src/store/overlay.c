#include "store/overlay.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

static int by_key(const void *a, const void *b)
{
    const MDB_val *one = a, *other = b;
    size_t shorter = one->mv_size < other->mv_size ? one->mv_size : other->mv_size;
    int order = memcmp(one->mv_data, other->mv_data, shorter);
    return order != 0 ? order : (one->mv_size > other->mv_size) - (one->mv_size < other->mv_size);
}

static struct ord_overlay_entry *find(const struct ord_overlay *overlay, const MDB_val *key)
{
    void *node = tfind(key, &overlay->by_key, by_key);
    return node ? *(struct ord_overlay_entry **)node : NULL;
}

/* The entry of a key, which may be a new one without a value; NULL: no memory. */
static struct ord_overlay_entry *entry_of(struct ord_overlay *overlay, const MDB_val *key)
{
    struct ord_overlay_entry *entry = find(overlay, key);
    if (entry)
        return entry;
    entry = calloc(1, sizeof *entry + key->mv_size);
    if (!entry)
        return NULL;
    memcpy(entry + 1, key->mv_data, key->mv_size);
    entry->key = (MDB_val){.mv_size = key->mv_size, .mv_data = entry + 1};
    if (!tsearch(entry, &overlay->by_key, by_key)) {
        free(entry);
        return NULL;
    }
    entry->next = overlay->entries;
    overlay->entries = entry;
    overlay->count++;
    return entry;
}

static bool stage_one(struct ord_overlay *overlay, const struct ord_change *change)
{
    struct ord_overlay_entry *entry = entry_of(overlay, &change->key);
    struct ord_overlay_value *value = malloc(sizeof *value + change->value.mv_size);
    if (!entry || !value) {
        free(value);
        return false;
    }
    value->is_removal = change->is_removal;
    value->size = change->value.mv_size;
    memcpy(value->bytes, change->value.mv_data, value->size);
    if (!entry->staged) {
        entry->next_staged = overlay->staged;
        overlay->staged = entry;
    }
    free(entry->staged);
    entry->staged = value;
    return true;
}

enum ord_code ord_overlay_stage(struct ord_overlay *overlay, const uint8_t *changes, size_t size,
                                struct ord_error *error)
{
    struct ord_change change;
    size_t at = 0;
    bool has_memory = true;
    while (has_memory && ord_changes_next(changes, size, &at, &change))
        has_memory = stage_one(overlay, &change);
    if (has_memory && at == size)
        return ORD_OK;
    ord_overlay_drop(overlay);
    return ord_fail(error, ORD_INTERNAL, has_memory ? "not a list of changes" : "no memory");
}

static struct ord_overlay_entry *take_staged(struct ord_overlay *overlay)
{
    struct ord_overlay_entry *entry = overlay->staged;
    if (entry)
        overlay->staged = entry->next_staged;
    return entry;
}

void ord_overlay_keep(struct ord_overlay *overlay)
{
    for (struct ord_overlay_entry *entry; (entry = take_staged(overlay));) {
        free(entry->value);
        entry->value = entry->staged;
        entry->staged = NULL;
    }
}

void ord_overlay_drop(struct ord_overlay *overlay)
{
    for (struct ord_overlay_entry *entry; (entry = take_staged(overlay));) {
        free(entry->staged);
        entry->staged = NULL;
    }
}

const struct ord_overlay_value *ord_overlay_find(const struct ord_overlay *overlay, const MDB_val *key)
{
    const struct ord_overlay_entry *entry = find(overlay, key);
    return entry ? entry->value : NULL;
}

bool ord_overlay_is_empty(const struct ord_overlay *overlay)
{
    const struct ord_overlay_entry *entry = overlay->entries;
    while (entry && !entry->value)
        entry = entry->next;
    return !entry;
}

int ord_overlay_write(const struct ord_overlay *overlay, MDB_txn *txn, MDB_dbi dbi)
{
    int result = 0;
    for (struct ord_overlay_entry *entry = overlay->entries; entry && result == 0; entry = entry->next) {
        struct ord_overlay_value *value = entry->staged ? entry->staged : entry->value;
        if (!value)
            continue;
        struct ord_change change = {.key = entry->key,
                                    .value = {.mv_size = value->size, .mv_data = value->bytes},
                                    .is_removal = value->is_removal};
        result = ord_change_do(&change, txn, dbi);
    }
    return result;
}

static void nothing(void *entry)
{
}

void ord_overlay_clear(struct ord_overlay *overlay)
{
    tdestroy(overlay->by_key, nothing);
    for (struct ord_overlay_entry *entry = overlay->entries, *next; entry; entry = next) {
        next = entry->next;
        free(entry->staged);
        free(entry->value);
        free(entry);
    }
    *overlay = (struct ord_overlay){0};
}
