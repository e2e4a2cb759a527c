#include "clocks.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "api/service.h"
#include "base/time.h"
#include "store/memory.h"
#include "variants.h"

/* Rows alternate in short turns, so that a disturbance meets few of them. */
#define CALLS 10000
#define TURNS 11
#define BORROW_US 1000000

static struct bench_source source;
static struct ord_memory_store store;
static struct ord_service *service;
static volatile int64_t sink; /* what a loop found, so that it is not left out */

static void die(const char *what, const char *why)
{
    fprintf(stderr, "generator: %s: %s\n", what, why);
    exit(1);
}

static void setup(void)
{
    struct ord_error error;
    struct ord_service_options options = {.borrow_us = BORROW_US};
    bench_source_init(&source, UINT64_C(1) << 40, false);
    if (ord_place_init(&options.place, &source.layout, 0, 0, 1, &error) != ORD_OK)
        die("place", error.text);
    options.port = ord_memory_store_port(&store);
    if (ord_service_open(&options, &service, &error) != ORD_OK)
        die("service", error.text);
}

static void read_once(int id)
{
    struct timespec at;
    clock_gettime(id, &at);
    sink = at.tv_nsec;
}

static void read_clock(int id)
{
    for (int i = 0; i < CALLS; i++)
        read_once(id);
}

static void read_boot(int id)
{
    for (int i = 0; i < CALLS; i++)
        sink = ord_boot_ns();
}

static void read_disciplined(int id)
{
    for (int i = 0; i < CALLS; i++)
        sink = ord_clock_now(&source.clock, ord_boot_ns());
}

/* As the service is kept, so is the clock of the source. */
static void observe(void)
{
    int64_t wall_ns, boot_ns;
    ord_clocks_read(&wall_ns, &boot_ns);
    ord_clock_observe(&source.clock, wall_ns, boot_ns);
}

static void read_tick(int id)
{
    observe();
    for (int i = 0; i < CALLS; i++)
        sink = (int64_t)bench_tick(&source);
}

static atomic_uint_least64_t shared;

/* What a claim on shared state cannot do without. */
static void swap_once(uint64_t *seen)
{
    while (!atomic_compare_exchange_weak(&shared, seen, *seen + 1))
        continue;
    ++*seen;
}

static void swap(int id)
{
    uint64_t seen = atomic_load(&shared);
    for (int i = 0; i < CALLS; i++)
        swap_once(&seen);
}

static void read_boot_and_swap(int id)
{
    uint64_t seen = atomic_load(&shared);
    for (int i = 0; i < CALLS; i++) {
        read_once(CLOCK_BOOTTIME);
        swap_once(&seen);
    }
}

static void take_at_a_tick(int id)
{
    uint64_t slot, wait, tick = bench_tick(&source);
    for (int i = 0; i < CALLS; i++)
        if (ord_generator_take(&source.generator, tick, 1, 0, &slot, &wait) != ORD_OK)
            die("generator", "refuses");
    sink = (int64_t)slot;
}

static void take_now(int id)
{
    uint64_t slot, last = 0, wait;
    observe();
    for (int i = 0; i < CALLS; i++, last = slot)
        if (ord_generator_take(&source.generator, bench_tick(&source), 1, 0, &slot, &wait) != ORD_OK ||
            slot <= last)
            die("generator", "refuses or does not rise");
}

static void take_of_service(int id)
{
    struct ord_error error;
    struct ord_ids ids;
    uint64_t wait_us, last = 0;
    if (ord_service_keep(service, &error) != ORD_OK)
        die("service", error.text);
    for (int i = 0; i < CALLS; i++, last = ids.first) {
        if (ord_service_take(service, 1, 0, 0, &ids, &wait_us, &error) != ORD_OK)
            die("service", error.text);
        if (ids.first <= last)
            die("service", "does not rise");
    }
}

static const struct {
    const char *name;
    void (*run)(int id);
    int id;
} rows[] = {
    {"clock_gettime REALTIME", read_clock, CLOCK_REALTIME},
    {"clock_gettime MONOTONIC", read_clock, CLOCK_MONOTONIC},
    {"clock_gettime BOOTTIME", read_clock, CLOCK_BOOTTIME},
    {"clock_gettime REALTIME_COARSE", read_clock, CLOCK_REALTIME_COARSE},
    {"clock_gettime MONOTONIC_COARSE", read_clock, CLOCK_MONOTONIC_COARSE},
    {"ord_boot_ns", read_boot, -1},
    {"ord_clock_now of it", read_disciplined, -1},
    {"the tick of that", read_tick, -1},
    {"compare-and-swap", swap, -1},
    {"BOOTTIME, compare-and-swap", read_boot_and_swap, -1},
    {"ord_generator_take, tick given", take_at_a_tick, -1},
    {"ord_generator_take, tick read", take_now, -1},
    {"ord_service_take", take_of_service, -1},
};

#define ROWS (sizeof rows / sizeof *rows)
#define REFERENCE 2

static double cost_ns[ROWS][BENCH_CLOCK_ROUNDS * TURNS], ratio[ROWS][BENCH_CLOCK_ROUNDS * TURNS];
static size_t turns;

static int64_t cpu_ns(void)
{
    struct timespec at;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &at);
    return (int64_t)at.tv_sec * 1000000000 + at.tv_nsec;
}

static void take_a_turn(void)
{
    for (size_t r = 0; r < ROWS; r++) {
        int64_t begun_ns = cpu_ns();
        rows[r].run(rows[r].id);
        cost_ns[r][turns] = (double)(cpu_ns() - begun_ns) / CALLS;
    }
    for (size_t r = 0; r < ROWS; r++)
        ratio[r][turns] = cost_ns[r][turns] / cost_ns[REFERENCE][turns];
    turns++;
}

void bench_clocks_measure(void)
{
    if (!service)
        setup();
    for (int turn = 0; turn < TURNS && turns < sizeof ratio[0] / sizeof ratio[0][0]; turn++)
        take_a_turn();
}

static int compare(const void *a, const void *b)
{
    double first = *(const double *)a, second = *(const double *)b;
    return (first > second) - (first < second);
}

double bench_median(double *values, size_t count)
{
    qsort(values, count, sizeof *values, compare);
    return values[count / 2];
}

/* How far apart the values of a clock are. */
static long resolution_ns(size_t row)
{
    struct timespec step;
    clock_getres(rows[row].id, &step);
    return step.tv_sec * 1000000000 + step.tv_nsec;
}

void bench_clocks_print(void)
{
    printf("%-32s %9s %12s %10s\n", "one thread", "ns/call", "× BOOTTIME", "step, ns");
    for (size_t r = 0; r < ROWS; r++) {
        printf("%-32s %9.1f %11.2f", rows[r].name, bench_median(cost_ns[r], turns),
               bench_median(ratio[r], turns));
        if (rows[r].id >= 0)
            printf(" %10ld", resolution_ns(r));
        printf("\n");
    }
}

void bench_clocks_print_json(void)
{
    printf("\"clocks\":[");
    for (size_t r = 0; r < ROWS; r++)
        printf("%s{\"name\":\"%s\",\"call_ns\":%.4g,\"to_boottime\":%.4g}", r > 0 ? "," : "", rows[r].name,
               bench_median(cost_ns[r], turns), bench_median(ratio[r], turns));
    printf("]");
}
