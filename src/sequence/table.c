#include "sequence/table.h"

#include <stdlib.h>
#include <string.h>

/* Entries are made so many at a time, when they are first needed. */
#define CHUNK 256

/* A chain that changes while it is followed can lead astray, even in a circle. */
#define STEPS_MAX 64

struct words {
    uint64_t at[ORD_NAME_WORDS];
};

static struct words words_of(const char *name)
{
    struct words words = {0};
    memcpy(words.at, name, strnlen(name, ORD_NAME_MAX));
    return words;
}

static bool has_name(const struct ord_sequence_entry *entry, const struct words *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (atomic_load_explicit(&entry->name[i], memory_order_relaxed) != words->at[i])
            return false;
    return true;
}

/* How many words tell a name from all others: those that it fills, and one with a zero at its end. */
static size_t telling(const char *name)
{
    return strlen(name) / 8 + 1;
}

enum ord_code ord_sequence_table_init(struct ord_sequence_table *ret_table, size_t max,
                                      const struct ord_name_key *key, struct ord_error *error)
{
    unsigned bits = 4;
    while ((size_t)1 << bits < max)
        bits++;
    struct ord_sequence_table table = {.key = *key, .shift = 64 - bits, .max = max};
    table.buckets = calloc((size_t)1 << bits, sizeof *table.buckets);
    table.chunks = calloc(max / CHUNK + 1, sizeof *table.chunks);
    if (!table.buckets || !table.chunks) {
        ord_sequence_table_finish(&table);
        return ord_fail(error, ORD_INTERNAL, "no memory");
    }
    *ret_table = table;
    return ORD_OK;
}

void ord_sequence_table_finish(struct ord_sequence_table *table)
{
    for (size_t i = 0; table->chunks && i <= table->max / CHUNK; i++)
        free(table->chunks[i]);
    free(table->chunks);
    free(table->buckets);
    *table = (struct ord_sequence_table){0};
}

static struct ord_sequence_entry *found_in(const struct ord_sequence_table *table, uint64_t hash,
                                           const struct words *words, size_t count)
{
    struct ord_sequence_entry *entry =
        atomic_load_explicit(&table->buckets[hash >> table->shift], memory_order_acquire);
    for (int steps = 0; entry && steps < STEPS_MAX; steps++) {
        if (atomic_load_explicit(&entry->hash, memory_order_relaxed) == hash && has_name(entry, words, count))
            return entry;
        entry = atomic_load_explicit(&entry->chain, memory_order_acquire);
    }
    return NULL;
}

static void note_use(struct ord_sequence_entry *entry)
{
    if (!atomic_load_explicit(&entry->is_used, memory_order_relaxed))
        atomic_store_explicit(&entry->is_used, true, memory_order_relaxed);
}

enum ord_table_taken ord_sequence_table_take(struct ord_sequence_table *table, const char *name, uint32_t count,
                                             struct ord_values *ret_values,
                                             struct ord_sequence_entry **ret_entry)
{
    struct words words = words_of(name);
    size_t telling_words = telling(name);
    struct ord_sequence_entry *entry = found_in(table, ord_name_hash(&table->key, name), &words, telling_words);
    if (!entry)
        return ORD_TABLE_ASK;
    uint64_t index = ord_window_index(&entry->window);
    enum ord_window_taken taken;
    struct ord_values values = {.count = count, .mode = ORD_SEQUENCE_BLOCK};
    do {
        if (!has_name(entry, &words, telling_words))
            return ORD_TABLE_ASK;
        values.increment = (int64_t)atomic_load_explicit(&entry->window.increment, memory_order_relaxed);
        taken = ord_window_take_at(&entry->window, &index, count, &values.first);
    } while (taken == ORD_WINDOW_MOVED);
    if (taken == ORD_WINDOW_SHORT)
        return ORD_TABLE_ASK;
    note_use(entry);
    *ret_values = values;
    *ret_entry = entry;
    return taken == ORD_WINDOW_TAKEN_LOW ? ORD_TABLE_TAKEN_LOW : ORD_TABLE_TAKEN;
}

struct ord_sequence_entry *ord_sequence_table_find(struct ord_sequence_table *table, const char *name)
{
    struct words words = words_of(name);
    uint64_t hash = ord_name_hash(&table->key, name);
    struct ord_sequence_entry *entry =
        atomic_load_explicit(&table->buckets[hash >> table->shift], memory_order_relaxed);
    while (entry && !(atomic_load_explicit(&entry->hash, memory_order_relaxed) == hash &&
                      has_name(entry, &words, ORD_NAME_WORDS)))
        entry = atomic_load_explicit(&entry->chain, memory_order_relaxed);
    return entry;
}

/* Makes a chunk of free entries. */
static bool make(struct ord_sequence_table *table)
{
    size_t count = table->max - table->made < CHUNK ? table->max - table->made : CHUNK;
    if (count == 0)
        return false;
    struct ord_sequence_entry *chunk = aligned_alloc(alignof(struct ord_sequence_entry), CHUNK * sizeof *chunk);
    if (!chunk)
        return false;
    memset(chunk, 0, CHUNK * sizeof *chunk);
    for (size_t i = 0; i < count; i++) {
        ord_window_init(&chunk[i].window);
        atomic_init(&chunk[i].mode, -1);
        chunk[i].extension.verb = ORD_SEQUENCE_EXTEND;
        chunk[i].next_free = table->free;
        table->free = &chunk[i];
    }
    atomic_store_explicit(&table->chunks[table->made / CHUNK], chunk, memory_order_release);
    table->made += count;
    return true;
}

/* Forgets what it was for another sequence; what other threads may still read of it stays as it is. */
static void renew(struct ord_sequence_entry *entry)
{
    entry->record = (struct ord_sequence_record){.status = ORD_SEQUENCE_ABSENT};
    entry->end = entry->new_limit = entry->waiting = 0;
    entry->change = NULL;
    entry->state = ORD_ENTRY_KNOWN;
    entry->is_dirty = false;
    atomic_store_explicit(&entry->values, 0, memory_order_relaxed);
    atomic_store_explicit(&entry->is_used, true, memory_order_relaxed);
}

struct ord_sequence_entry *ord_sequence_table_add(struct ord_sequence_table *table, const char *name)
{
    if (!table->free && !make(table))
        return NULL;
    struct ord_sequence_entry *entry = table->free;
    table->free = entry->next_free;
    renew(entry);
    struct words words = words_of(name);
    uint64_t hash = ord_name_hash(&table->key, name);
    for (size_t i = 0; i < ORD_NAME_WORDS; i++)
        atomic_store_explicit(&entry->name[i], words.at[i], memory_order_relaxed);
    atomic_store_explicit(&entry->hash, hash, memory_order_relaxed);
    _Atomic(struct ord_sequence_entry *) *bucket = &table->buckets[hash >> table->shift];
    atomic_store_explicit(&entry->chain, atomic_load_explicit(bucket, memory_order_relaxed),
                          memory_order_relaxed);
    atomic_store_explicit(bucket, entry, memory_order_release);
    atomic_fetch_add_explicit(&table->loaded, 1, memory_order_relaxed);
    return entry;
}

void ord_sequence_table_remove(struct ord_sequence_table *table, struct ord_sequence_entry *entry)
{
    uint64_t hash = atomic_load_explicit(&entry->hash, memory_order_relaxed);
    _Atomic(struct ord_sequence_entry *) *link = &table->buckets[hash >> table->shift];
    struct ord_sequence_entry *at;
    while ((at = atomic_load_explicit(link, memory_order_relaxed)) != entry)
        link = &at->chain;
    atomic_store_explicit(link, atomic_load_explicit(&entry->chain, memory_order_relaxed),
                          memory_order_release);
    entry->record.status = ORD_SEQUENCE_ABSENT;
    atomic_store_explicit(&entry->mode, -1, memory_order_relaxed);
    entry->next_free = table->free;
    table->free = entry;
    atomic_fetch_sub_explicit(&table->loaded, 1, memory_order_relaxed);
}

size_t ord_sequence_table_left(const struct ord_sequence_table *table)
{
    return table->max - atomic_load_explicit(&table->loaded, memory_order_relaxed);
}

struct ord_sequence_entry *ord_sequence_table_at(const struct ord_sequence_table *table, size_t index)
{
    if (index >= table->max)
        return NULL;
    struct ord_sequence_entry *chunk =
        atomic_load_explicit(&table->chunks[index / CHUNK], memory_order_acquire);
    return chunk ? &chunk[index % CHUNK] : NULL;
}

void ord_sequence_entry_name(const struct ord_sequence_entry *entry, char ret[ORD_NAME_MAX + 1])
{
    struct words words;
    for (size_t i = 0; i < ORD_NAME_WORDS; i++)
        words.at[i] = atomic_load_explicit(&entry->name[i], memory_order_relaxed);
    memcpy(ret, words.at, ORD_NAME_MAX);
    ret[ORD_NAME_MAX] = '\0';
}
