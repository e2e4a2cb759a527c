/*
 * The sequences that are in memory, by name: a hash table that one thread, the owner, changes, while any thread
 * takes values in it without a lock.
 *
 * Entries are never freed while the table lives; one that is removed may become another sequence's. A thread
 * that takes may therefore find an entry that is just being changed. That does no harm: it compares the name
 * after it has seen the window's index, and takes only if the index is still the same (see core/window.h), so
 * it takes from the sequence that it means, or not at all. Not to find a sequence does no harm either: the
 * owner is asked.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "core/window.h"
#include "sequence/sequences.h"

/* A name of ORD_NAME_MAX bytes, and zeros behind it. */
#define ORD_NAME_WORDS (ORD_NAME_MAX / 8 + 1)

struct ord_sequence_entry {
    struct ord_window window; /* open while it is live */

    /* Any thread reads these. */
    atomic_uint_least64_t hash;
    _Atomic(struct ord_sequence_entry *) chain; /* the next one of its bucket */
    atomic_uint_least64_t name[ORD_NAME_WORDS];
    atomic_bool is_used;          /* since the owner looked last */
    atomic_bool is_extending;     /* `extension` is on its way to the owner */
    atomic_int mode;              /* enum ord_sequence_mode; -1: it is not live */
    atomic_uint_least64_t values; /* that it gave since it was loaded, if they are counted */

    /* The owner's. */
    struct ord_sequence_work extension;
    struct ord_sequence_record record;  /* `at` is only kept while it is not live: the window knows it */
    uint64_t end;                       /* index: no value is left from there on */
    uint64_t new_limit;                 /* index: what the transaction reserves up to */
    uint64_t waiting;                   /* how many values calls wait for */
    struct ord_sequence_change *change; /* in the transaction; NULL: it is not part of it */
    enum {
        ORD_ENTRY_KNOWN,
        ORD_ENTRY_UNREAD,  /* it could not be read */
        ORD_ENTRY_DAMAGED, /* what is stored cannot be trusted */
    } state;
    bool is_dirty; /* what is stored may be something else */
    struct ord_sequence_entry *next_free;
};

struct ord_sequence_table {
    struct ord_name_key key;
    unsigned shift; /* of a hash, for its bucket */
    _Atomic(struct ord_sequence_entry *) *buckets;
    size_t max;           /* entries */
    size_t made;          /* so many exist, in chunks */
    atomic_size_t loaded; /* so many are in use */
    struct ord_sequence_entry *free;
    _Atomic(struct ord_sequence_entry *) *chunks;
};

/* ORD_INTERNAL: no memory. */
enum ord_code ord_sequence_table_init(struct ord_sequence_table *ret_table, size_t max,
                                      const struct ord_name_key *key, struct ord_error *error);
/* Also takes one that is all zero. */
void ord_sequence_table_finish(struct ord_sequence_table *table);

enum ord_table_taken {
    ORD_TABLE_TAKEN,
    ORD_TABLE_TAKEN_LOW, /* the owner should extend it */
    ORD_TABLE_ASK,       /* nothing is taken */
};

/* Any thread. `*ret_entry` is set if something is taken. */
enum ord_table_taken ord_sequence_table_take(struct ord_sequence_table *table, const char *name, uint32_t count,
                                             struct ord_values *ret_values,
                                             struct ord_sequence_entry **ret_entry);

/* The rest, except for the last one, is for the owner. */

/* The entry of a name, or NULL. */
struct ord_sequence_entry *ord_sequence_table_find(struct ord_sequence_table *table, const char *name);

/* A new entry for a name that is not there, absent and closed. NULL: no memory, or no more are allowed. */
struct ord_sequence_entry *ord_sequence_table_add(struct ord_sequence_table *table, const char *name);

/* Its window is closed. */
void ord_sequence_table_remove(struct ord_sequence_table *table, struct ord_sequence_entry *entry);

/* How many more can be added. */
size_t ord_sequence_table_left(const struct ord_sequence_table *table);

/* The entries that exist, in use or not: index 0, 1, … until NULL. Any thread. */
struct ord_sequence_entry *ord_sequence_table_at(const struct ord_sequence_table *table, size_t index);

/* The name of an entry; other threads than the owner must check that the window's index is the same after it as
 * before. */
void ord_sequence_entry_name(const struct ord_sequence_entry *entry, char ret[ORD_NAME_MAX + 1]);
