/*
 * Threads that read the disciplined clock while one observes wall clocks that jump about and two more decide on
 * their steps: what a reader sees never goes back, and leaps forward only as often as the clock says, by whole
 * steps; and a reading waits for a write to end. The same of its ticks. A plain main, since Criterion cannot
 * run under ThreadSanitizer.
 */
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

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
static bool in_ticks; /* the clock is read in its ticks, which are microseconds */
static atomic_int_least64_t boot_ns;
static atomic_bool done;

static void fail(const char *what, int64_t moved, int64_t passed)
{
    printf("not ok 1 - %s: the clock moved by %lld ns in %lld ns\n", what, (long long)moved, (long long)passed);
    exit(1);
}

static int64_t read_ns(int64_t at_ns)
{
    return in_ticks ? (int64_t)ord_clock_tick(&disciplined, at_ns) * US : ord_clock_now(&disciplined, at_ns);
}

static bool is_enough(int reads, bool leaps)
{
    return reads >= READS && atomic_load(&boot_ns) >= OBSERVATIONS * US &&
           (!leaps || ord_clock_leaps(&disciplined) >= LEAPS);
}

/* How far off a reading at `boot` may be told that was overtaken by observations: they may have drawn the clock
 * one way, and it is told as if they drew it the other. */
static int64_t overtaken_ns(int64_t boot)
{
    return (atomic_load(&boot_ns) + US - boot) * 2 * ORD_CLOCK_SLEW_PPM / 1000000;
}

static void *reader(void *context)
{
    bool leaps = *(bool *)context;
    int64_t last_boot = 0, last = read_ns(0), last_off = overtaken_ns(0);
    for (int i = 0; !is_enough(i, leaps); i++) {
        int64_t boot = atomic_load(&boot_ns);
        int64_t moved = read_ns(boot) - last;
        int64_t passed = boot - last_boot, off = overtaken_ns(boot);
        int64_t slack = passed * ORD_CLOCK_SLEW_PPM / 1000000 + 2 * US + off + last_off;
        if (moved < 0)
            fail("back", moved, passed);
        if (moved < passed - slack)
            fail("too slow", moved, passed);
        if (!leaps && moved > passed + slack)
            fail("a leap that nobody accepted", moved, passed);
        if (leaps && moved > passed + slack && moved - passed < STEP - 2 * SECOND)
            fail("a part of a leap", moved, passed);
        last_boot = boot;
        last_off = off;
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

/* A reading while terms are being written: they are wrong, and the version is odd, until the reader has been at
 * it for a while. */
static int64_t reading;
static atomic_bool has_read;

static void *patient_reader(void *context)
{
    reading = read_ns(SECOND);
    atomic_store(&has_read, true);
    return NULL;
}

static bool has_run(clockid_t thread_clock)
{
    struct timespec used = {0}; /* if it has ended by now */
    clock_gettime(thread_clock, &used);
    return used.tv_sec > 0 || used.tv_nsec > 2000000;
}

static void run_half_written(void)
{
    pthread_t thread;
    clockid_t thread_clock;
    ord_clock_anchor(&disciplined, 0, 0, 0);
    atomic_store(&disciplined.version, 1);
    atomic_store(&disciplined.offset_ns, STEP);
    atomic_store(&disciplined.tick, STEP / US);
    pthread_create(&thread, NULL, patient_reader, NULL);
    pthread_getcpuclockid(thread, &thread_clock);
    while (!atomic_load(&has_read) && !has_run(thread_clock))
        sched_yield();
    atomic_store(&disciplined.offset_ns, 0);
    atomic_store(&disciplined.tick, 0);
    atomic_store(&disciplined.version, 2);
    pthread_join(thread, NULL);
    if (reading != SECOND)
        fail("a reading of what was half written", reading, SECOND);
}

int main(void)
{
    for (int i = 0; i < 2; i++) {
        in_ticks = i == 1;
        run_half_written();
        run(ord_clock_reject, ord_clock_reject, false);
        run(ord_clock_accept, ord_clock_reject, true);
    }
    printf("1..1\nok 1 - %d reads and more by %d threads\n", 4 * READS * READERS, READERS);
    return 0;
}
