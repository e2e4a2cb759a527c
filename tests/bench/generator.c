/*
 * The generator against what it might have been, by 1 to 8 threads; and what reading the time costs.
 *
 *     build/tests/bench/generator [--json]
 *
 * Each row is the median of interleaved rounds. For the cost of a call and the calls a second, nothing is
 * bounded: slots run ahead of the clock. For the layout's cap, slots are as many ticks ahead as they may be
 * from the start, so that on average the default layout's 4,096 a tick are the most that can leave; threads
 * that are refused sleep until there is room. Each thread keeps what it got; a slot that left twice, or a
 * thread's slots that do not rise, end the run with status 1. Absolute figures are a machine's; look at the
 * ratios.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "clocks.h"
#include "variants.h"

enum {
    ROUNDS = 5,
    THREADS_MAX = 8,
    CALLS = 2000000, /* of all threads, in a run without a cap */
    CAP_TICKS = 300, /* the length of a run at the cap; a source that falls behind gets the grace on top */
    GRACE_TICKS = 20,
    CLAIMS_MAX = 2000000, /* of one thread */
    OFFSET_MAX = 1 << 26, /* of a slot from the run's first */
    BORROW_TICKS = 1000,
};

#define UNBOUNDED_TICKS (UINT64_C(1) << 40)

static const unsigned thread_counts[] = {1, 2, 4, 8};

#define COUNTS (sizeof thread_counts / sizeof *thread_counts)

struct worker {
    struct run *run;
    struct bench_lane lane;
    uint32_t *claims; /* from the run's first slot */
    size_t count, count_max;
    int64_t begun_ns, ended_ns, cpu_ns;
};

struct run {
    struct bench_source source;
    const struct bench_variant *variant;
    uint64_t end_tick; /* 0: by count only */
    pthread_barrier_t start;
};

/* What a run says. */
struct figures {
    double call_ns; /* CPU time */
    double calls_s;
    double cap_share; /* of what the layout allows */
    double cap_cores; /* CPU used then */
};

static struct worker workers[THREADS_MAX];
static struct figures figures[COUNTS][BENCH_VARIANTS][ROUNDS];
static uint64_t checked;

static int64_t read_ns(clockid_t clock)
{
    struct timespec at;
    clock_gettime(clock, &at);
    return (int64_t)at.tv_sec * 1000000000 + at.tv_nsec;
}

/* Claims until there is enough of it. What may be shown only after the end is not counted. */
static void claim(struct worker *worker)
{
    struct run *run = worker->run;
    struct bench_lane *lane = &worker->lane;
    uint64_t start = run->source.generator.options.start, slot;
    bench_take *take = run->variant->take;
    while (worker->count < worker->count_max) {
        bool is_given = take(&run->source, lane, &slot);
        if (run->end_tick > 0 && lane->now_tick >= run->end_tick &&
            (lane->wait_ticks > 0 || lane->now_tick >= run->end_tick + GRACE_TICKS))
            return;
        if (is_given)
            worker->claims[worker->count++] = (uint32_t)(slot - start);
        if (lane->wait_ticks > 0)
            bench_sleep(&run->source, lane->now_tick, lane->wait_ticks);
    }
}

static void *work(void *context)
{
    struct worker *worker = context;
    pthread_barrier_wait(&worker->run->start);
    worker->begun_ns = read_ns(CLOCK_MONOTONIC);
    int64_t cpu_ns = read_ns(CLOCK_THREAD_CPUTIME_ID);
    claim(worker);
    worker->cpu_ns = read_ns(CLOCK_THREAD_CPUTIME_ID) - cpu_ns;
    worker->ended_ns = read_ns(CLOCK_MONOTONIC);
    return NULL;
}

static void fail(const struct run *run, const char *what, uint32_t offset)
{
    fprintf(stderr, "generator: %s: %s at slot %llu\n", run->variant->name, what,
            (unsigned long long)(run->source.generator.options.start + offset));
    exit(1);
}

static void check(const struct run *run, unsigned threads)
{
    uint8_t *seen = calloc(1, OFFSET_MAX / 8);
    if (!seen)
        fail(run, "no memory", 0);
    for (unsigned i = 0; i < threads; i++) {
        const struct worker *worker = &workers[i];
        for (size_t c = 0; c < worker->count; c++) {
            uint32_t offset = worker->claims[c];
            if (offset >= OFFSET_MAX)
                fail(run, "too far from the first", offset);
            if (c > 0 && offset <= worker->claims[c - 1])
                fail(run, "a thread's slots do not rise", offset);
            if (seen[offset / 8] & 1 << offset % 8)
                fail(run, "handed out twice", offset);
            seen[offset / 8] |= (uint8_t)(1 << offset % 8);
        }
        checked += worker->count;
    }
    free(seen);
}

/* Runs `threads` workers at once and has what they got checked. */
static void go(struct run *run, unsigned threads, size_t count_max)
{
    pthread_t ids[THREADS_MAX];
    pthread_barrier_init(&run->start, NULL, threads);
    for (unsigned i = 0; i < threads; i++) {
        workers[i] = (struct worker){.run = run, .claims = workers[i].claims, .count_max = count_max};
        if (pthread_create(&ids[i], NULL, work, &workers[i]) != 0)
            fail(run, "no thread", 0);
    }
    for (unsigned i = 0; i < threads; i++)
        pthread_join(ids[i], NULL);
    pthread_barrier_destroy(&run->start);
    check(run, threads);
}

struct sums {
    double calls, cpu_ns, elapsed_ns;
    uint64_t last_tick;
};

static struct sums sum(unsigned threads)
{
    struct sums sums = {0};
    int64_t begun_ns = INT64_MAX, ended_ns = 0;
    for (unsigned i = 0; i < threads; i++) {
        const struct worker *worker = &workers[i];
        sums.calls += (double)worker->count;
        sums.cpu_ns += (double)worker->cpu_ns;
        begun_ns = worker->begun_ns < begun_ns ? worker->begun_ns : begun_ns;
        ended_ns = worker->ended_ns > ended_ns ? worker->ended_ns : ended_ns;
        if (worker->lane.now_tick > sums.last_tick)
            sums.last_tick = worker->lane.now_tick;
    }
    sums.elapsed_ns = (double)(ended_ns - begun_ns);
    return sums;
}

static void measure_calls(const struct bench_variant *variant, unsigned threads, struct figures *ret)
{
    struct run run = {.variant = variant};
    bench_source_init(&run.source, UNBOUNDED_TICKS, false);
    go(&run, threads, CALLS / threads);
    struct sums sums = sum(threads);
    ret->call_ns = sums.cpu_ns / sums.calls;
    ret->calls_s = sums.calls / sums.elapsed_ns * 1e9;
}

static void measure_cap(const struct bench_variant *variant, unsigned threads, struct figures *ret)
{
    struct run run = {.variant = variant};
    bench_source_init(&run.source, BORROW_TICKS, true);
    const struct ord_generator_options *options = &run.source.generator.options;
    uint64_t start_tick = options->start / options->slots_per_tick - BORROW_TICKS;
    run.end_tick = start_tick + CAP_TICKS;
    go(&run, threads, CLAIMS_MAX);
    struct sums sums = sum(threads);
    ret->cap_share = sums.calls / ((double)(sums.last_tick - start_tick) * options->slots_per_tick);
    ret->cap_cores = sums.cpu_ns / sums.elapsed_ns;
}

static void measure(int round)
{
    for (size_t t = 0; t < COUNTS; t++)
        for (int v = 0; v < BENCH_VARIANTS; v++) {
            measure_calls(&bench_variants[v], thread_counts[t], &figures[t][v][round]);
            measure_cap(&bench_variants[v], thread_counts[t], &figures[t][v][round]);
        }
    bench_clocks_measure();
}

/* The median of a member of all rounds' figures. */
static double median(const struct figures *rounds, size_t member)
{
    double values[ROUNDS];
    for (int i = 0; i < ROUNDS; i++)
        memcpy(&values[i], (const char *)&rounds[i] + member, sizeof values[i]);
    return bench_median(values, ROUNDS);
}

static const struct {
    const char *key;
    size_t member;
    double scale;
} columns[] = {
    {"call_cpu_ns", offsetof(struct figures, call_ns), 1},
    {"mcalls_s", offsetof(struct figures, calls_s), 1e-6},
    {"cap_percent", offsetof(struct figures, cap_share), 100},
    {"cap_cores", offsetof(struct figures, cap_cores), 1},
};

#define COLUMNS (sizeof columns / sizeof *columns)

static void print_text(void)
{
    struct utsname system;
    uname(&system);
    printf("%ld cores, %s %s; medians of %d interleaved rounds; no slot twice in %llu claims\n\n",
           sysconf(_SC_NPROCESSORS_ONLN), system.sysname, system.release, ROUNDS, (unsigned long long)checked);
    printf("%-8s %-10s %12s %10s %13s %14s\n", "threads", "variant", "CPU ns/call", "M calls/s", "% of the cap",
           "cores at cap");
    for (size_t t = 0; t < COUNTS; t++)
        for (int v = 0; v < BENCH_VARIANTS; v++) {
            double shown[COLUMNS];
            for (size_t c = 0; c < COLUMNS; c++)
                shown[c] = median(figures[t][v], columns[c].member) * columns[c].scale;
            printf("%-8u %-10s %12.1f %10.2f %13.2f %14.3f\n", thread_counts[t], bench_variants[v].name,
                   shown[0], shown[1], shown[2], shown[3]);
        }
    printf("\n");
    bench_clocks_print();
}

static void print_json(void)
{
    printf("{\"cores\":%ld,\"rounds\":%d,\"claims_checked\":%llu,\"variants\":[", sysconf(_SC_NPROCESSORS_ONLN),
           ROUNDS, (unsigned long long)checked);
    for (size_t t = 0; t < COUNTS; t++)
        for (int v = 0; v < BENCH_VARIANTS; v++) {
            printf("%s{\"threads\":%u,\"variant\":\"%s\"", t + (size_t)v > 0 ? "," : "", thread_counts[t],
                   bench_variants[v].name);
            for (size_t c = 0; c < COLUMNS; c++)
                printf(",\"%s\":%.6g", columns[c].key,
                       median(figures[t][v], columns[c].member) * columns[c].scale);
            printf("}");
        }
    printf("],");
    bench_clocks_print_json();
    printf("}\n");
}

int main(int argc, char **argv)
{
    bool is_json = argc == 2 && strcmp(argv[1], "--json") == 0;
    if (argc > 1 && !is_json) {
        fprintf(stderr, "usage: generator [--json]\n");
        return 2;
    }
    for (int i = 0; i < THREADS_MAX; i++) {
        workers[i].claims = malloc(CLAIMS_MAX * sizeof *workers[i].claims);
        if (!workers[i].claims)
            return 1;
        memset(workers[i].claims, 1,
               CLAIMS_MAX * sizeof *workers[i].claims); /* so that runs fault no page in */
    }
    for (int round = 0; round < ROUNDS; round++)
        measure(round);
    if (is_json)
        print_json();
    else
        print_text();
    return 0;
}
