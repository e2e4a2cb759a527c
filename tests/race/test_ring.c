/*
 * Threads that claim from one ring while another fills it, with runs so short that the ring goes round all the
 * time: no ID leaves twice, each thread's IDs rise, a claim that ended before another began has the smaller
 * IDs, and what was added was claimed or thrown away. A plain main, since Criterion cannot run under
 * ThreadSanitizer.
 */
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* So few that the ring goes round while threads sleep in the middle of a claim. */
#define ORD_RING_SLOTS 4
#include "client/ring.c" /* to look on from inside */

enum {
    THREADS = 8,
    RUNS = 120000,
    RUN_MAX = 7,
    CLAIM_MAX = 3,
    IDS = RUNS * (RUN_MAX + 1) / 2
};

struct given {
    int64_t first;
    uint32_t count;
    uint64_t begun, ended; /* ticks of one counter shared by all */
};

static struct ord_ring *ring;
static atomic_uint_least64_t moment;
static atomic_bool done;
static struct thread {
    struct given given[IDS];
    size_t count;
} threads[THREADS];

static void fail(const char *what, int64_t id)
{
    printf("not ok 1 - %s at ID %lld\n", what, (long long)id);
    exit(1);
}

/* Every third run has a step; every hundredth is thrown away by who meets it. */
static struct ord_ring_run run_of(uint64_t index)
{
    return (struct ord_ring_run){.first = (int64_t)index * 100,
                                 .step = index % 3 == 0 ? 4 : 1,
                                 .count = 1 + (uint32_t)index % RUN_MAX,
                                 .low = index % 2 ? 0 : UINT32_MAX,
                                 .until = {.steady_ns = index % 100 == 7 ? 0 : 1, .wall_ns = (int64_t)index}};
}

static void check_claim(const struct ord_ring_claim *claim)
{
    struct ord_ring_run run = run_of((uint64_t)claim->first / 100);
    if (claim->step != run.step || claim->until.wall_ns != claim->first / 100 ||
        claim->until.steady_ns != run.until.steady_ns || (claim->first - run.first) % run.step != 0 ||
        (claim->first - run.first) / run.step + claim->count > run.count)
        fail("a claim mixes two runs", claim->first);
}

static void *taker(void *context)
{
    struct thread *me = context;
    for (;;) {
        bool last = atomic_load(&done);
        struct ord_ring_claim claim;
        uint64_t begun = atomic_fetch_add(&moment, 1);
        if (!ord_ring_claim(ring, 1 + (uint32_t)begun % CLAIM_MAX, &claim)) {
            if (last)
                return NULL;
            sched_yield();
            continue;
        }
        uint64_t ended = atomic_fetch_add(&moment, 1);
        check_claim(&claim);
        if (claim.until.steady_ns == 0)
            ord_ring_throw(ring, &claim);
        else
            me->given[me->count++] = (struct given){claim.first, claim.count, begun, ended};
    }
}

/* Claims nothing, but reads as if it had. */
static void *onlooker(void *context)
{
    while (!atomic_load(&done))
        for (int i = 0; i < ORD_RING_SLOTS; i++) {
            struct ord_ring_claim claim = {.turn = READ(ring->slots[i].turn)};
            if (claim.turn == 0 || claim.turn == FILLING || !look(&ring->slots[i], 0, 1, &claim))
                continue;
            check_claim(&claim);
            if (claim.first != (int64_t)(claim.turn - 1) * 100)
                fail("another turn's run was taken for this one's", claim.first);
        }
    return NULL;
}

static void *filler(void *context)
{
    for (uint64_t i = 0; i < RUNS;) {
        struct ord_ring_run run = run_of(i);
        if (ord_ring_add(ring, &run))
            i++;
        else
            sched_yield();
        ord_ring_stock(ring);
    }
    atomic_store(&done, true);
    return NULL;
}

static int by_first(const void *a, const void *b)
{
    int64_t x = ((const struct given *)a)->first, y = ((const struct given *)b)->first;
    return (x > y) - (x < y);
}

static struct given *gather(size_t *ret_count)
{
    size_t count = 0;
    static struct given all[IDS + 1];
    for (struct thread *one = threads; one < threads + THREADS; one++) {
        for (size_t i = 1; i < one->count; i++)
            if (one->given[i].first <= one->given[i - 1].first)
                fail("a thread's IDs do not rise", one->given[i].first);
        if (count + one->count > IDS)
            fail("more IDs left than were there", 0);
        memcpy(all + count, one->given, one->count * sizeof *all);
        count += one->count;
    }
    qsort(all, count, sizeof *all, by_first);
    *ret_count = count;
    return all;
}

static uint64_t check_order(const struct given *all, size_t count)
{
    uint64_t latest_begun = all[0].begun, ids = all[0].count;
    for (size_t i = 1; i < count; ids += all[i++].count) {
        int64_t last =
            all[i - 1].first + (int64_t)(all[i - 1].count - 1) * run_of((uint64_t)all[i - 1].first / 100).step;
        if (all[i].first <= last)
            fail("an ID left twice", all[i].first);
        if (all[i].ended < latest_begun)
            fail("a claim ended before one with smaller IDs began", all[i].first);
        if (all[i].begun > latest_begun)
            latest_begun = all[i].begun;
    }
    return ids;
}

int main(void)
{
    ring = ord_ring_open();
    pthread_t ids[THREADS], fills, looks;
    for (int t = 0; t < THREADS; t++)
        pthread_create(&ids[t], NULL, taker, &threads[t]);
    pthread_create(&looks, NULL, onlooker, NULL);
    pthread_create(&fills, NULL, filler, NULL);
    for (int t = 0; t < THREADS; t++)
        pthread_join(ids[t], NULL);
    pthread_join(fills, NULL);
    pthread_join(looks, NULL);

    size_t count;
    struct given *all = gather(&count);
    uint64_t given = check_order(all, count), added = atomic_load(&ring->added);
    uint64_t thrown = atomic_load(&ring->thrown);
    /* An ID is lost where a thread slept while the ring went round. */
    if (given + thrown > added || given + thrown + added / 100 < added)
        fail("not all that was added was claimed or thrown away", (int64_t)(given + thrown));
    ord_ring_close(ring);
    printf("1..1\nok 1 - %llu IDs by %d threads, %llu thrown away, %llu lost\n", (unsigned long long)given,
           THREADS, (unsigned long long)thrown, (unsigned long long)(added - given - thrown));
    return 0;
}
