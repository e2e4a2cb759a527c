/*
 * Threads that share a ledger while each checks what it receives: repetitions between threads are counted
 * exactly, and what rises for all of them is never out of order. A plain main, since Criterion cannot run under
 * ThreadSanitizer.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/checker.h"

enum {
    THREADS = 4,
    CALLS = 200000,
    EVERY = 1000 /* calls, one of which brings an ID again */
};

static struct ord_ledger ledger;
static atomic_int_least64_t next = 5000;

/* The IDs of node 1, one after the other. */
static int64_t take(void)
{
    int64_t slot = atomic_fetch_add(&next, 1);
    return slot >> 12 << 22 | 1 << 12 | (slot & 4095);
}

/* As a worker does: a turn, the calls go out, the replies come. */
static void *receive(void *context)
{
    struct ord_checker *checker = context;
    struct ord_mark mark;
    ord_checker_init(checker, &ledger);
    for (int i = 0; i < CALLS; i++) {
        int64_t last = -1;
        ord_checker_turn(checker);
        ord_checker_mark(checker, &mark);
        ord_checker_run(checker, &mark, &last, &(struct ord_run){.first = take(), .step = 1, .count = 1});
        if (i % EVERY != 0)
            continue;
        mark.issuer_count = 0; /* the repetition is no matter of order */
        int64_t none = -1;
        ord_checker_run(checker, &mark, &none, &(struct ord_run){.first = last, .step = 1, .count = 1});
    }
    ord_checker_finish(checker);
    return NULL;
}

int main(void)
{
    static struct ord_checker checkers[THREADS];
    pthread_t threads[THREADS];
    uint64_t ids = 0, reordered = 0;
    if (ord_ledger_init(&ledger, "tick:41,node:10,sequence:12", 1, NULL) != ORD_OK)
        return 1;
    for (int i = 0; i < THREADS; i++)
        if (pthread_create(&threads[i], NULL, receive, &checkers[i]) != 0)
            return 1;
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        ids += checkers[i].ids;
        reordered += checkers[i].reordered;
    }
    bool good = ids == THREADS * (CALLS + CALLS / EVERY) && reordered == 0 &&
                ledger.repeated == THREADS * (CALLS / EVERY);
    printf("1..1\n%sok 1 - %llu IDs, %llu repeated, %llu out of order\n", good ? "" : "not ",
           (unsigned long long)ids, (unsigned long long)ledger.repeated, (unsigned long long)reordered);
    ord_ledger_finish(&ledger);
    return good ? 0 : 1;
}
