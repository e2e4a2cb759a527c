/*
 * The counter of a sequence in mode block against what it might have been, by 1 to 8 threads.
 *
 *     build/tests/bench/counter [--json]
 *
 * All give values up to a limit, as a block that was reserved has one, and none above; the limit is never
 * reached here. Each row is the median of interleaved rounds. Each thread keeps what it got: a value that came
 * twice, or a thread's values that do not rise, end the run with status 1. Absolute figures are a machine's;
 * look at the ratios.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "clocks.h"

enum {
    ROUNDS = 7,
    THREADS_MAX = 8,
    CALLS = 4000000, /* of all threads, in a run */
};

static const unsigned thread_counts[] = {1, 2, 4, 8};

#define COUNTS (sizeof thread_counts / sizeof *thread_counts)

struct counter {
    _Alignas(64) atomic_uint_least64_t next;
    atomic_uint_least64_t limit;
    _Alignas(64) pthread_mutex_t lock;
    uint64_t locked_next, locked_limit;
};

/* Takes `count` values. False: there are not so many below the limit. */
typedef bool take_values(struct counter *counter, uint64_t count, uint64_t *ret_first);

static bool take_cas(struct counter *counter, uint64_t count, uint64_t *ret_first)
{
    uint64_t first = atomic_load_explicit(&counter->next, memory_order_relaxed);
    do {
        if (count > atomic_load_explicit(&counter->limit, memory_order_acquire) - first)
            return false;
    } while (!atomic_compare_exchange_weak_explicit(&counter->next, &first, first + count, memory_order_acq_rel,
                                                    memory_order_relaxed));
    *ret_first = first;
    return true;
}

/* What goes above the limit is lost, unless somebody puts it right. */
static bool take_fetch_add(struct counter *counter, uint64_t count, uint64_t *ret_first)
{
    uint64_t first = atomic_fetch_add_explicit(&counter->next, count, memory_order_acq_rel);
    *ret_first = first;
    return first + count <= atomic_load_explicit(&counter->limit, memory_order_acquire);
}

static bool take_mutex(struct counter *counter, uint64_t count, uint64_t *ret_first)
{
    pthread_mutex_lock(&counter->lock);
    uint64_t first = counter->locked_next;
    bool is_given = count <= counter->locked_limit - first;
    if (is_given)
        counter->locked_next = first + count;
    pthread_mutex_unlock(&counter->lock);
    *ret_first = first;
    return is_given;
}

static const struct variant {
    const char *name;
    take_values *take;
} variants[] = {
    {"cas", take_cas},
    {"fetch-add", take_fetch_add},
    {"mutex", take_mutex},
};

#define VARIANTS (sizeof variants / sizeof *variants)

struct run {
    struct counter counter;
    const struct variant *variant;
    pthread_barrier_t start;
};

struct worker {
    struct run *run;
    uint32_t *values;
    size_t count;
    int64_t begun_ns, ended_ns, cpu_ns;
};

struct figures {
    double call_ns; /* CPU time */
    double calls_s;
};

static struct worker workers[THREADS_MAX];
static struct figures figures[COUNTS][VARIANTS][ROUNDS];

static int64_t read_ns(clockid_t clock)
{
    struct timespec at;
    clock_gettime(clock, &at);
    return (int64_t)at.tv_sec * 1000000000 + at.tv_nsec;
}

static _Noreturn void fail(const struct run *run, const char *what)
{
    fprintf(stderr, "counter: %s: %s\n", run->variant->name, what);
    exit(1);
}

static void *work(void *context)
{
    struct worker *worker = context;
    struct run *run = worker->run;
    take_values *take = run->variant->take;
    pthread_barrier_wait(&run->start);
    worker->begun_ns = read_ns(CLOCK_MONOTONIC);
    int64_t cpu_ns = read_ns(CLOCK_THREAD_CPUTIME_ID);
    for (size_t i = 0; i < worker->count; i++) {
        uint64_t value;
        if (!take(&run->counter, 1, &value))
            fail(run, "refused");
        worker->values[i] = (uint32_t)value;
    }
    worker->cpu_ns = read_ns(CLOCK_THREAD_CPUTIME_ID) - cpu_ns;
    worker->ended_ns = read_ns(CLOCK_MONOTONIC);
    return NULL;
}

static void check(const struct run *run, unsigned threads)
{
    static bool seen[CALLS];
    memset(seen, 0, sizeof seen);
    for (unsigned i = 0; i < threads; i++)
        for (size_t c = 0; c < workers[i].count; c++) {
            uint32_t value = workers[i].values[c];
            if (value >= CALLS || seen[value])
                fail(run, "a value came twice");
            if (c > 0 && value <= workers[i].values[c - 1])
                fail(run, "a thread's values do not rise");
            seen[value] = true;
        }
}

static void go(struct run *run, unsigned threads)
{
    pthread_t ids[THREADS_MAX];
    pthread_barrier_init(&run->start, NULL, threads);
    for (unsigned i = 0; i < threads; i++) {
        workers[i] = (struct worker){.run = run, .values = workers[i].values, .count = CALLS / threads};
        if (pthread_create(&ids[i], NULL, work, &workers[i]) != 0)
            fail(run, "no thread");
    }
    for (unsigned i = 0; i < threads; i++)
        pthread_join(ids[i], NULL);
    pthread_barrier_destroy(&run->start);
    check(run, threads);
}

static void measure_one(const struct variant *variant, unsigned threads, struct figures *ret)
{
    static struct run run;
    run = (struct run){.variant = variant, .counter.locked_limit = UINT64_MAX};
    atomic_store(&run.counter.limit, UINT64_MAX);
    pthread_mutex_init(&run.counter.lock, NULL);
    go(&run, threads);
    int64_t begun_ns = INT64_MAX, ended_ns = 0;
    double cpu_ns = 0;
    for (unsigned i = 0; i < threads; i++) {
        begun_ns = workers[i].begun_ns < begun_ns ? workers[i].begun_ns : begun_ns;
        ended_ns = workers[i].ended_ns > ended_ns ? workers[i].ended_ns : ended_ns;
        cpu_ns += (double)workers[i].cpu_ns;
    }
    ret->call_ns = cpu_ns / CALLS;
    ret->calls_s = CALLS / (double)(ended_ns - begun_ns) * 1e9;
}

static double median(size_t threads, size_t variant, bool of_calls)
{
    double values[ROUNDS];
    for (int i = 0; i < ROUNDS; i++) {
        const struct figures *at = &figures[threads][variant][i];
        values[i] = of_calls ? at->calls_s : at->call_ns;
    }
    return bench_median(values, ROUNDS);
}

static void print(bool is_json)
{
    struct utsname system;
    uname(&system);
    printf(is_json ? "{\"cores\":%ld,\"system\":\"%s %s\",\"rounds\":%d,\"variants\":["
                   : "%ld cores, %s %s; medians of %d interleaved rounds\n\n",
           sysconf(_SC_NPROCESSORS_ONLN), system.sysname, system.release, ROUNDS);
    if (!is_json)
        printf("%-8s %-10s %12s %12s\n", "threads", "variant", "CPU ns/call", "M calls/s");
    for (size_t t = 0; t < COUNTS; t++)
        for (size_t v = 0; v < VARIANTS; v++) {
            if (is_json && t + v > 0)
                printf(",");
            printf(is_json ? "{\"threads\":%u,\"variant\":\"%s\",\"call_cpu_ns\":%.6g,\"mcalls_s\":%.6g}"
                           : "%-8u %-10s %12.1f %12.2f\n",
                   thread_counts[t], variants[v].name, median(t, v, false), median(t, v, true) * 1e-6);
        }
    if (is_json)
        printf("]}\n");
}

int main(int argc, char **argv)
{
    bool is_json = argc == 2 && strcmp(argv[1], "--json") == 0;
    if (argc > 1 && !is_json) {
        fprintf(stderr, "usage: counter [--json]\n");
        return 2;
    }
    for (int i = 0; i < THREADS_MAX; i++) {
        workers[i].values = malloc(CALLS * sizeof *workers[i].values);
        if (!workers[i].values)
            return 1;
        memset(workers[i].values, 1, CALLS * sizeof *workers[i].values); /* so that runs fault no page in */
    }
    for (int round = 0; round < ROUNDS; round++)
        for (size_t t = 0; t < COUNTS; t++)
            for (size_t v = 0; v < VARIANTS; v++)
                measure_one(&variants[v], thread_counts[t], &figures[t][v][round]);
    print(is_json);
    return 0;
}
