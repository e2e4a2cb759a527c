/*
 * One entry of the table of sequences that is now this sequence's and now that one's, while threads take from
 * both: what comes of one is never the other's, and nothing comes twice. A plain main, since Criterion cannot
 * run under ThreadSanitizer.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "sequence/table.h"

enum {
    TAKERS = 3,
    TURNS = 60000,
    RESERVED = 4,
    APART = 1000000000 /* the values of the second sequence lie above */
};

static struct ord_sequence_table table;
static atomic_bool is_over;
static atomic_uint taken;
static const char *const names[2] = {"a-name-of-more-than-eight-bytes", "another-name-of-some-length"};

static void fail(const char *what)
{
    printf("not ok 1 - %s\n", what);
    exit(1);
}

static void *taker(void *context)
{
    int64_t last[2] = {0, APART};
    for (unsigned i = 0; !atomic_load_explicit(&is_over, memory_order_relaxed); i++) {
        struct ord_sequence_entry *entry;
        struct ord_values values;
        unsigned which = i % 2;
        if (ord_sequence_table_take(&table, names[which], 1, &values, &entry) == ORD_TABLE_ASK)
            continue;
        if ((values.first > APART) != (which == 1))
            fail("a value is the other sequence's");
        if (values.first <= last[which])
            fail("a later take brought a smaller value");
        last[which] = values.first;
        atomic_fetch_add_explicit(&taken, 1, memory_order_relaxed);
    }
    return NULL;
}

/* What the engine does when a sequence comes into memory and leaves it. */
static int64_t one_turn(const char *name, int64_t next)
{
    struct ord_sequence_entry *entry = ord_sequence_table_add(&table, name);
    if (!entry)
        fail("it has no entry");
    uint64_t index = ord_window_open(&entry->window, next, 1);
    ord_window_raise(&entry->window, index + RESERVED, UINT64_MAX);
    for (int i = 0; i < 200 && ord_window_index(&entry->window) < index + RESERVED; i++)
        ;
    uint64_t end = ord_window_close(&entry->window);
    ord_sequence_table_remove(&table, entry);
    return next + (int64_t)(end - index);
}

int main(void)
{
    static const struct ord_name_key key = {.point = 12345678901234567, .factor = 987654321987654321};
    pthread_t threads[TAKERS];
    int64_t next[2] = {1, APART + 1};
    printf("1..1\n");
    if (ord_sequence_table_init(&table, 1, &key, NULL) != ORD_OK)
        fail("no memory");
    for (int i = 0; i < TAKERS; i++)
        pthread_create(&threads[i], NULL, taker, NULL);
    for (unsigned i = 0; i < TURNS || atomic_load(&taken) < TURNS / 10; i++)
        next[i % 2] = one_turn(names[i % 2], next[i % 2]);
    atomic_store(&is_over, true);
    for (int i = 0; i < TAKERS; i++)
        pthread_join(threads[i], NULL);
    if (next[0] - 1 + next[1] - APART - 1 != atomic_load(&taken))
        fail("what was taken is not what is gone");
    ord_sequence_table_finish(&table);
    printf("ok 1 - %u values of an entry that changes hands\n", atomic_load(&taken));
    return 0;
}
