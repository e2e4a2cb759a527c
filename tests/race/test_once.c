/*
 * Threads that ask for the same keys at once, of a service whose storage fails now and then: whoever is
 * answered under one key gets the same IDs, two keys never share any. A plain main, since Criterion cannot run
 * under ThreadSanitizer.
 */
#include <inttypes.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "api/service.h"
#include "store/memory.h"
#include "store/requests.h"

enum {
    THREADS = 4,
    KEYS = 3000,
    FAIL_EVERY = 7
};

static struct ord_service *service;
static atomic_uint commits, failures;
static uint64_t firsts[THREADS][KEYS];

struct waiter {
    struct ord_awaited awaited;
    sem_t answered;
};

static enum ord_code load(void *context, const struct ord_place *place, int64_t since_us,
                          ord_request_found *found, void *found_context, uint32_t *ret_damaged,
                          struct ord_error *error)
{
    *ret_damaged = 0;
    return ORD_OK;
}

static enum ord_code commit(void *context, const struct ord_request_batch *batch, struct ord_error *error)
{
    if (atomic_fetch_add(&commits, 1) % FAIL_EVERY == 0)
        return ord_fail(error, ORD_INTERNAL, "write: Input/output error");
    return ORD_OK;
}

static void fail(const char *what, const char *detail)
{
    printf("not ok 1 - %s: %s\n", what, detail);
    exit(1);
}

static void wake(struct ord_awaited *awaited)
{
    sem_post(&((struct waiter *)awaited)->answered);
}

static uint64_t ask(const char *key)
{
    struct ord_once_wanted wanted = {.key = key, .count = 2};
    for (;;) {
        struct waiter waiter = {.awaited.done = wake};
        sem_init(&waiter.answered, 0, 0);
        if (!ord_service_take_once(service, &wanted, &waiter.awaited))
            while (sem_wait(&waiter.answered) != 0)
                ;
        sem_destroy(&waiter.answered);
        if (waiter.awaited.error.code == ORD_OK)
            return waiter.awaited.ids.first;
        if (waiter.awaited.error.code != ORD_UNAVAILABLE)
            fail(key, waiter.awaited.error.text);
        atomic_fetch_add(&failures, 1);
    }
}

/* Every thread asks for the keys in the same order, so that they meet; then once more. */
static void *caller(void *context)
{
    uint64_t *mine = firsts[(intptr_t)context];
    char key[16];
    for (int i = 0; i < KEYS; i++) {
        snprintf(key, sizeof key, "%d", i);
        mine[i] = ask(key);
    }
    for (int i = 0; i < KEYS; i++) {
        snprintf(key, sizeof key, "%d", i);
        if (ask(key) != mine[i])
            fail(key, "another answer the second time");
    }
    return NULL;
}

static int by_value(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static void check(void)
{
    for (int t = 1; t < THREADS; t++)
        for (int i = 0; i < KEYS; i++)
            if (firsts[t][i] != firsts[0][i])
                fail("one key", "two answers");
    qsort(firsts[0], KEYS, sizeof firsts[0][0], by_value);
    for (int i = 1; i < KEYS; i++)
        if (firsts[0][i] < firsts[0][i - 1] + 2)
            fail("two keys", "one ID");
    if (atomic_load(&failures) == 0)
        fail("commits", "none failed");
}

int main(void)
{
    struct ord_memory_store store = {0};
    struct ord_layout layout;
    struct ord_error error;
    struct ord_service_options options = {
        .port = ord_memory_store_port(&store),
        .borrow_us = 10000000,
        .requests = {.port = {.load = load, .commit = commit}, .max = KEYS, .life_us = INT64_C(3600000000)},
    };
    if (ord_layout_parse("default", NULL, NULL, &layout, &error) != ORD_OK ||
        ord_place_init(&options.place, &layout, 1, 0, 1, &error) != ORD_OK ||
        ord_service_open(&options, &service, &error) != ORD_OK)
        fail("open", error.text);

    pthread_t threads[THREADS];
    for (intptr_t t = 0; t < THREADS; t++)
        pthread_create(&threads[t], NULL, caller, (void *)t);
    for (int t = 0; t < THREADS; t++)
        pthread_join(threads[t], NULL);
    check();
    ord_service_close(service, NULL);
    printf("1..1\nok 1 - %d threads, %d keys, %u commits, %u refusals\n", THREADS, KEYS, atomic_load(&commits),
           atomic_load(&failures));
    return 0;
}
