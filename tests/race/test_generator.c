/*
 * Threads that claim from one generator at once, while another raises its limit and readers look on: no slot
 * leaves twice, each thread's slots rise, and a claim that ended before another began is the smaller one. A
 * plain main, since Criterion cannot run under ThreadSanitizer.
 */
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/generator.h"

enum {
    THREADS = 4,
    CLAIMS = 40000,
    SLOTS = 64,
    COUNT_MAX = 5
};

struct claim {
    uint64_t first, begun, ended; /* begun and ended: ticks of one counter shared by all */
    uint32_t count;
};

static struct ord_generator generator;
static atomic_uint_least64_t now_tick, moment;
static atomic_bool done;
static struct claim claims[THREADS][CLAIMS];

static void fail(const char *what, uint64_t slot)
{
    printf("not ok 1 - %s at slot %llu\n", what, (unsigned long long)slot);
    exit(1);
}

static void *claimer(void *context)
{
    struct claim *mine = claims[(intptr_t)context];
    for (int i = 0; i < CLAIMS;) {
        struct claim claim = {.begun = atomic_fetch_add(&moment, 1), .count = 1 + (uint32_t)i % COUNT_MAX};
        uint64_t wait;
        if (ord_generator_take(&generator, atomic_load(&now_tick), claim.count, 0, &claim.first, &wait) !=
            ORD_OK)
            continue;
        claim.ended = atomic_fetch_add(&moment, 1);
        mine[i++] = claim;
    }
    return NULL;
}

/* The clock and the keeper in one: time passes, the limit stays a little ahead. */
static void *keeper(void *context)
{
    for (uint64_t tick = 1; !atomic_load(&done); tick++) {
        atomic_store(&now_tick, tick / 8);
        ord_generator_raise_limit(&generator, (tick / 8 + 20) * SLOTS);
        if (ord_generator_next(&generator) > ord_generator_limit(&generator))
            fail("next above limit", ord_generator_next(&generator));
    }
    return NULL;
}

static int by_first(const void *a, const void *b)
{
    uint64_t x = ((const struct claim *)a)->first, y = ((const struct claim *)b)->first;
    return (x > y) - (x < y);
}

static void check(void)
{
    static struct claim all[THREADS * CLAIMS];
    memcpy(all, claims, sizeof all);
    for (int t = 0; t < THREADS; t++)
        for (int i = 1; i < CLAIMS; i++)
            if (claims[t][i].first <= claims[t][i - 1].first)
                fail("a thread's slots do not rise", claims[t][i].first);

    qsort(all, THREADS * CLAIMS, sizeof *all, by_first);
    uint64_t latest_begun = all[0].begun;
    for (int i = 1; i < THREADS * CLAIMS; i++) {
        if (all[i].first < all[i - 1].first + all[i - 1].count)
            fail("a slot left twice", all[i].first);
        if (all[i].ended < latest_begun)
            fail("a claim ended before one with smaller slots began", all[i].first);
        if (all[i].begun > latest_begun)
            latest_begun = all[i].begun;
    }
}

int main(void)
{
    struct ord_generator_options options = {
        .slots_per_tick = SLOTS, .ticks = UINT64_C(1) << 40, .borrow_ticks = 10, .spread = 4, .start = 0};
    ord_generator_init(&generator, &options);

    pthread_t threads[THREADS], clock;
    pthread_create(&clock, NULL, keeper, NULL);
    for (intptr_t t = 0; t < THREADS; t++)
        pthread_create(&threads[t], NULL, claimer, (void *)t);
    for (int t = 0; t < THREADS; t++)
        pthread_join(threads[t], NULL);
    atomic_store(&done, true);
    pthread_join(clock, NULL);

    check();
    printf("1..1\nok 1 - %d claims by %d threads\n", THREADS * CLAIMS, THREADS);
    return 0;
}
