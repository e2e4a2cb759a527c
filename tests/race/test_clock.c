/*
 * Threads that read the disciplined clock while one observes wall clocks that jump about and two more decide on
 * their steps: what a reader sees never goes back, and leaps forward only as often as the clock says, by whole
 * steps; and no reading is made of two observations. A plain main, since Criterion cannot run under
 * ThreadSanitizer.
 */
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/clock.h"

enum {
    READERS = 3,
    READS = 300000,
    OBSERVATIONS = 1000, /* at least, while they read */
    LEAPS = 10
};

#define US INT64_C(1000)
#define SECOND INT64_C(1000000000)
#define STEP (100 * SECOND)

static struct ord_clock disciplined;
static atomic_int_least64_t boot_ns;
static atomic_bool done;

static void fail(const char *what, int64_t moved, int64_t passed)
{
    printf("not ok 1 - %s: the clock moved by %lld ns in %lld ns\n", what, (long long)moved, (long long)passed);
    exit(1);
}

static bool is_enough(int reads, bool leaps)
{
    return reads >= READS && atomic_load(&boot_ns) >= OBSERVATIONS * US &&
           (!leaps || ord_clock_leaps(&disciplined) >= LEAPS);
}

static void *reader(void *context)
{
    bool leaps = *(bool *)context;
    int64_t last_boot = 0, last = ord_clock_now(&disciplined, 0);
    for (int i = 0; !is_enough(i, leaps); i++) {
        int64_t boot = atomic_load(&boot_ns);
        int64_t moved = ord_clock_now(&disciplined, boot) - last;
        int64_t passed = boot - last_boot, slack = passed * ORD_CLOCK_SLEW_PPM / 1000000 + 2 * US;
        if (moved < 0)
            fail("back", moved, passed);
        if (moved < passed - slack)
            fail("too slow", moved, passed);
        if (!leaps && moved > passed + slack)
            fail("a leap that nobody accepted", moved, passed);
        if (leaps && moved > passed + slack && moved - passed < STEP - 2 * SECOND)
            fail("a part of a leap", moved, passed);
        last_boot = boot;
        last += moved;
    }
    return NULL;
}

/* The wall clock is a second behind or ahead, or ahead by a step. */
static void *observer(void *context)
{
    for (int64_t i = 1; !atomic_load(&done); i++) {
        int64_t boot = i * US, now = ord_clock_now(&disciplined, boot);
        int64_t off = i % 30 < 20 ? STEP : i % 3 == 0 ? SECOND : -SECOND;
        ord_clock_observe(&disciplined, now + off, boot);
        ord_clock_leap(&disciplined, now + off, boot);
        atomic_store(&boot_ns, boot);
    }
    return NULL;
}

static void *decider(void *context)
{
    bool (*decide)(struct ord_clock *) = *(bool (**)(struct ord_clock *))context;
    while (!atomic_load(&done))
        decide(&disciplined);
    return NULL;
}

static void run(bool (*first)(struct ord_clock *), bool (*second)(struct ord_clock *), bool leaps)
{
    ord_clock_anchor(&disciplined, 0, 0, 0);
    atomic_store(&boot_ns, 0);
    atomic_store(&done, false);
    pthread_t readers[READERS], writer, deciders[2];
    pthread_create(&writer, NULL, observer, NULL);
    pthread_create(&deciders[0], NULL, decider, &first);
    pthread_create(&deciders[1], NULL, decider, &second);
    for (int i = 0; i < READERS; i++)
        pthread_create(&readers[i], NULL, reader, &leaps);
    for (int i = 0; i < READERS; i++)
        pthread_join(readers[i], NULL);
    atomic_store(&done, true);
    pthread_join(writer, NULL);
    pthread_join(deciders[0], NULL);
    pthread_join(deciders[1], NULL);
    if (!leaps && ord_clock_leaps(&disciplined) > 0)
        fail("a leap that nobody accepted", 0, 0);
}

/* Reads of a time long after the last observation, whose terms alternate between two sets: what is slewed in
 * one is the offset of the other, so a mixture of both gives a third reading. */
static void *far_reader(void *context)
{
    int64_t far = INT64_MAX / 2;
    for (int i = 0; !is_enough(i, false); i++) {
        int64_t moved = ord_clock_now(&disciplined, far) - far;
        if (moved != 0 && moved != SECOND * ORD_CLOCK_SLEW_PPM / 1000000)
            fail("terms of two observations in one reading", moved, 0);
    }
    return NULL;
}

static void *far_observer(void *context)
{
    for (int64_t i = 1; !atomic_load(&done); i++) {
        int64_t boot = i * SECOND;
        ord_clock_observe(&disciplined, ord_clock_now(&disciplined, boot) + (i % 2 ? SECOND : -SECOND), boot);
        atomic_store(&boot_ns, i * US);
    }
    return NULL;
}

static void run_far(void)
{
    ord_clock_anchor(&disciplined, 0, 0, 0);
    atomic_store(&boot_ns, 0);
    atomic_store(&done, false);
    pthread_t readers[READERS], writer;
    pthread_create(&writer, NULL, far_observer, NULL);
    for (int i = 0; i < READERS; i++)
        pthread_create(&readers[i], NULL, far_reader, NULL);
    for (int i = 0; i < READERS; i++)
        pthread_join(readers[i], NULL);
    atomic_store(&done, true);
    pthread_join(writer, NULL);
}

int main(void)
{
    run_far();
    run(ord_clock_reject, ord_clock_reject, false);
    run(ord_clock_accept, ord_clock_reject, true);
    printf("1..1\nok 1 - %d reads and more by %d threads\n", 3 * READS * READERS, READERS);
    return 0;
}
