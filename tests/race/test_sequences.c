/*
 * Threads that take from more sequences than fit in memory, while others are set, read and listed, and storage
 * fails now and then, sometimes after all was stored: no value comes twice, values rise from one call to the
 * next over all threads, and gapless ones have no gap. A plain main, since Criterion cannot run under
 * ThreadSanitizer.
 */
#include <inttypes.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/time.h"
#include "sequence/sequences.h"
#include "store/memory_sequences.h"

enum {
    THREADS = 4,
    NAMES = 24,
    LOADED = 16,
    CALLS = 6000,
    VALUES_MAX = THREADS * CALLS * 20,
    FAIL_EVERY = 9
};

static struct ord_memory_sequences memory;
static struct ord_sequences *sequences;
static atomic_uint commits, refusals;
static atomic_bool is_over;

static struct {
    char name[40];
    atomic_int_least64_t highest; /* that came back to some caller */
    atomic_uchar *taken;          /* by value */
} counters[NAMES];

static bool is_gapless(unsigned i)
{
    return i % 3 == 0;
}

static bool is_set(unsigned i)
{
    return i % 3 == 1;
}

static void fail(const char *what, const char *detail)
{
    printf("not ok 1 - %s: %s\n", what, detail);
    exit(1);
}

static enum ord_code load_requests(void *context, int64_t since_us, ord_request_found *found,
                                   void *found_context, uint32_t *ret_damaged, struct ord_error *error)
{
    *ret_damaged = 0;
    return ORD_OK;
}

static enum ord_code read_items(void *context, struct ord_sequence_item *items, size_t count,
                                struct ord_error *error)
{
    return ord_memory_sequences_port(&memory).read(&memory, items, count, error);
}

static enum ord_code list(void *context, const char *prefix, const char *after, ord_sequence_found *found,
                          void *found_context, struct ord_error *error)
{
    return ord_memory_sequences_port(&memory).list(&memory, prefix, after, found, found_context, error);
}

static enum ord_code commit(void *context, const struct ord_sequence_batch *batch, struct ord_error *error)
{
    unsigned number = atomic_fetch_add(&commits, 1);
    bool fails = number % FAIL_EVERY == FAIL_EVERY - 1;
    if (!fails || number % 2)
        ord_memory_sequences_port(&memory).commit(&memory, batch, error);
    return fails ? ord_fail(error, ORD_INTERNAL, "write: Input/output error") : ORD_OK;
}

static int64_t now_us(void *context)
{
    return ord_wall_ns() / 1000;
}

struct asker {
    struct ord_sequence_ask ask; /* first */
    struct ord_error error;
    sem_t answered;
};

static void wake(struct ord_sequence_ask *ask)
{
    sem_post(&((struct asker *)ask)->answered);
}

static enum ord_code ask(struct asker *asker, enum ord_sequence_verb verb, const char *name)
{
    asker->ask.work.verb = verb;
    asker->ask.name = name;
    asker->ask.error = &asker->error;
    asker->ask.done = wake;
    sem_init(&asker->answered, 0, 0);
    ord_sequences_ask(sequences, &asker->ask);
    while (sem_wait(&asker->answered) != 0)
        ;
    sem_destroy(&asker->answered);
    return asker->error.code;
}

static bool next(const char *name, uint32_t count, struct ord_values *ret_values)
{
    struct asker asker = {0};
    if (ord_sequences_take(sequences, name, count, ret_values))
        return true;
    asker.ask.next.count = count;
    asker.ask.next.request_id = "";
    if (ask(&asker, ORD_SEQUENCE_NEXT, name) == ORD_OK) {
        *ret_values = asker.ask.values;
        return true;
    }
    if (asker.error.code != ORD_UNAVAILABLE)
        fail(name, asker.error.text);
    atomic_fetch_add(&refusals, 1);
    return false;
}

static void check(unsigned i, int64_t above, const struct ord_values *values)
{
    int64_t last = values->first + values->count - 1;
    if (values->first <= above)
        fail(counters[i].name, "a later call got a smaller value");
    if (last >= VALUES_MAX)
        fail(counters[i].name, "more was skipped than this test can count");
    for (int64_t value = values->first; value <= last; value++)
        if (atomic_exchange(&counters[i].taken[value], 1))
            fail(counters[i].name, "a value came twice");
    int64_t highest = atomic_load(&counters[i].highest);
    while (highest < last && !atomic_compare_exchange_weak(&counters[i].highest, &highest, last))
        ;
}

static void *caller(void *context)
{
    unsigned seed = (unsigned)(intptr_t)context + 1;
    for (int call = 0; call < CALLS; call++) {
        unsigned i = (unsigned)rand_r(&seed) % (call % 2 ? NAMES : NAMES / 4);
        int64_t above = atomic_load(&counters[i].highest);
        struct ord_values values;
        if (next(counters[i].name, (unsigned)rand_r(&seed) % 3 + 1, &values))
            check(i, above, &values);
    }
    return NULL;
}

static void note_name(void *context, const char *name, enum ord_sequence_mode mode, uint64_t values)
{
    if (sscanf(name, "counter-with-a-long-name-%u", (unsigned *)context) != 1)
        fail("metrics tell a name that is none", name);
}

/* Sets some forward, reads, lists, looks at the metrics. */
static void *meddler(void *context)
{
    char buffer[4096];
    for (unsigned round = 0; !atomic_load(&is_over); round++) {
        struct asker asker = {0};
        struct ord_arena arena;
        unsigned i = round % NAMES, number;
        ord_arena_init(&arena, buffer, sizeof buffer);
        asker.ask.set.next = atomic_load(&counters[i].highest) + 7;
        if (is_set(i))
            ask(&asker, ORD_SEQUENCE_SET, counters[i].name);
        asker.ask.list.prefix = asker.ask.list.after = "";
        asker.ask.list.max = 10;
        asker.ask.list.arena = &arena;
        if (ask(&asker, ORD_SEQUENCE_LIST, NULL) != ORD_OK && asker.error.code != ORD_UNAVAILABLE)
            fail("list", asker.error.text);
        if (ask(&asker, ORD_SEQUENCE_GET, counters[i].name) != ORD_OK && asker.error.code != ORD_UNAVAILABLE)
            fail("get", asker.error.text);
        ord_sequences_by_name(sequences, note_name, &number);
        ord_arena_finish(&arena);
    }
    return NULL;
}

static void create(unsigned i)
{
    struct asker asker = {0};
    snprintf(counters[i].name, sizeof counters[i].name, "counter-with-a-long-name-%u", i);
    counters[i].taken = calloc(VALUES_MAX, 1);
    asker.ask.create.what =
        (struct ord_sequence){.mode = is_gapless(i) ? ORD_SEQUENCE_GAPLESS : ORD_SEQUENCE_BLOCK,
                              .block = is_gapless(i) ? 0 : 5 + i,
                              .start = 1,
                              .increment = 1,
                              .minimum = 1,
                              .maximum = INT64_MAX};
    while (ask(&asker, ORD_SEQUENCE_CREATE, counters[i].name) == ORD_UNAVAILABLE)
        ;
    if (asker.error.code != ORD_OK)
        fail("create", asker.error.text);
}

static void check_gaps(void)
{
    for (unsigned i = 0; i < NAMES; i++)
        for (int64_t value = 1; is_gapless(i) && value <= counters[i].highest; value++)
            if (!counters[i].taken[value])
                fail(counters[i].name, "it has a gap");
}

int main(void)
{
    struct ord_error error;
    struct ord_sequences_options options = {
        .port = {.load_requests = load_requests, .read = read_items, .list = list, .commit = commit},
        .request_max = 1,
        .request_life_us = 1,
        .loaded_max = LOADED,
        .counts_names = true,
        .now_us = now_us,
    };
    printf("1..1\n");
    if (ord_sequences_open(&options, &sequences, &error) != ORD_OK)
        fail("open", error.text);
    for (unsigned i = 0; i < NAMES; i++)
        create(i);

    pthread_t threads[THREADS], other;
    pthread_create(&other, NULL, meddler, NULL);
    for (int i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, caller, (void *)(intptr_t)i);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    atomic_store(&is_over, true);
    pthread_join(other, NULL);
    ord_sequences_close(sequences, &error);
    check_gaps();
    if (atomic_load(&refusals) == 0)
        fail("storage", "it never failed");
    ord_memory_sequences_finish(&memory);
    for (unsigned i = 0; i < NAMES; i++)
        free((void *)counters[i].taken);
    printf("ok 1 - values of sequences: %u commits, %u refusals\n", atomic_load(&commits),
           atomic_load(&refusals));
    return 0;
}
