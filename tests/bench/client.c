/*
 * How fast libordinal hands out IDs, for docs/client.md: run by hand against an ordinald.
 *
 * Usage: client [OPTION=VALUE]… HOST:PORT
 *
 *   rounds=5 seconds=1   each kind of work is done for that long, all of them in turn, round by round
 *   sequence=12 low=22   the layout's bits of sequence, which are its lowest, and of node and sequence together
 *   full=SECONDS         instead: all that the server gives, by calls that wait, in one thread
 *   server=PID           with full: the server's CPU is told, too
 *
 * A table shows the medians of the rounds with the least and the most of them. Times of a call are those of
 * blocks of 100 calls, divided by 100; a block in which there was no ID for a call is hungry: it counts for the
 * rate and not for the time.
 *
 * Each ID is checked to be above the thread's former one, and noted in a map with a bit for each slot of the
 * layout; no two threads may have noted the same. What is "unchecked" shows what that costs: it is only
 * compared to the former.
 */
#include <inttypes.h>
#include <ordinal.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum {
    BLOCK = 100,
    TAKE_MAX = 1000,
    THREADS_MAX = 8,
    ROUNDS_MAX = 99,
    SAMPLES = 1 << 16
};

#define MAP_BITS (INT64_C(1) << 31)

static const struct work {
    const char *name;
    int threads;
    size_t take; /* IDs a call; 0: ord_client_next */
    bool checked;
} works[] = {
    {"next", 1, 0, true},         {"next, unchecked", 1, 0, false},
    {"next", 2, 0, true},         {"next", 4, 0, true},
    {"next", 8, 0, true},         {"take 100", 1, 100, true},
    {"take 1000", 1, 1000, true}, {"take 1000, unchecked", 1, 1000, false},
    {"take 1000", 2, 1000, true},
};

#define WORKS (sizeof works / sizeof *works)

struct result {
    double ns, rate, hungry;
};

static struct options {
    int rounds, seconds, sequence, low, full, server;
} options = {.rounds = 5, .seconds = 1, .sequence = 12, .low = 22};

static struct ord_client *client;
static const struct work *work;
static int64_t base; /* the first ID of the work */
static atomic_bool done;
static struct thread {
    pthread_t id;
    uint64_t *map; /* a bit for each slot from `base` on */
    uint64_t given, blocks, hungry;
    int64_t last;
    float samples[SAMPLES]; /* ns a call, of blocks */
    size_t sample_count;
} threads[THREADS_MAX];

static void die(const char *what)
{
    fprintf(stderr, "client: %s\n", what);
    exit(1);
}

static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static inline int64_t slot_of(int64_t id)
{
    return ((id >> options.low) - (base >> options.low)) << options.sequence |
           (id & ((INT64_C(1) << options.sequence) - 1));
}

static inline void check(struct thread *me, int64_t id)
{
    if (id <= me->last)
        die("IDs do not rise");
    me->last = id;
    if (!work->checked)
        return;
    int64_t slot = slot_of(id);
    if (slot < 0 || slot >= MAP_BITS)
        die("an ID outside of the map: is the layout as was said?");
    me->map[slot / 64] |= UINT64_C(1) << slot % 64;
}

/* One call; returns how many IDs it gave. */
static inline size_t call(struct thread *me, int64_t *ids)
{
    size_t count = 1;
    if (work->take == 0) {
        if (ord_client_next(client, ids) != ORD_CLIENT_OK)
            return 0;
    } else if (ord_client_take(client, 0, work->take, ids, &count, NULL) != ORD_CLIENT_OK) {
        return 0;
    }
    for (size_t i = 0; i < count; i++)
        check(me, ids[i]);
    return count;
}

static void *hand_out(void *context)
{
    struct thread *me = context;
    int64_t ids[TAKE_MAX];
    for (int64_t begun = now_ns(); !atomic_load_explicit(&done, memory_order_relaxed);) {
        bool whole = true;
        for (int i = 0; i < BLOCK; i++) {
            size_t got = call(me, ids);
            whole &= got > 0;
            me->given += got;
        }
        int64_t ended = now_ns();
        me->blocks++;
        me->hungry += !whole;
        if (whole)
            me->samples[me->sample_count++ % SAMPLES] = (float)(ended - begun) / BLOCK;
        begun = ended;
    }
    return NULL;
}

static int by_value(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

static float median(float *values, size_t count)
{
    qsort(values, count, sizeof *values, by_value);
    return count ? values[count / 2] : 0;
}

/* No slot is noted by two threads, and as many are noted as IDs were given. */
static void check_maps(uint64_t given)
{
    uint64_t noted = 0;
    for (int64_t word = 0; word < MAP_BITS / 64; word++) {
        uint64_t all = 0;
        for (int t = 0; t < work->threads; t++) {
            uint64_t one = threads[t].map[word];
            if (all & one)
                die("an ID was handed out twice");
            all |= one;
        }
        noted += (uint64_t)__builtin_popcountll(all);
    }
    if (noted != given)
        die("more IDs were handed out than there are");
}

static uint64_t *new_map(void)
{
    uint64_t *map =
        mmap(NULL, MAP_BITS / 8, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (map == MAP_FAILED)
        die("no memory");
    madvise(map, MAP_BITS / 8, MADV_HUGEPAGE); /* or reading what was never noted takes long */
    return map;
}

/* Until the rate has settled. */
static void warm_up(void)
{
    int64_t ids[TAKE_MAX], until = now_ns() + 200000000;
    struct thread nobody = {.last = -1};
    const struct work unchecked = {.take = 0};
    const struct work *wanted = work;
    work = &unchecked;
    while (now_ns() < until)
        call(&nobody, ids);
    if (ord_client_get(client, 1000, &base, NULL) != ORD_CLIENT_OK)
        die("no ID came");
    work = wanted;
}

static struct result measure(const struct work *wanted)
{
    static float samples[THREADS_MAX * SAMPLES];
    size_t sample_count = 0;
    uint64_t given = 0, blocks = 0, hungry = 0;
    work = wanted;
    warm_up();
    atomic_store(&done, false);
    int64_t begun = now_ns();
    for (int t = 0; t < work->threads; t++) {
        threads[t] = (struct thread){.map = work->checked ? new_map() : NULL, .last = -1};
        pthread_create(&threads[t].id, NULL, hand_out, &threads[t]);
    }
    sleep((unsigned)options.seconds);
    atomic_store(&done, true);
    for (int t = 0; t < work->threads; t++) {
        pthread_join(threads[t].id, NULL);
        size_t count = threads[t].sample_count < SAMPLES ? threads[t].sample_count : SAMPLES;
        memcpy(samples + sample_count, threads[t].samples, count * sizeof *samples);
        sample_count += count;
        given += threads[t].given;
        blocks += threads[t].blocks;
        hungry += threads[t].hungry;
    }
    struct result result = {.rate = (double)given * 1e9 / (double)(now_ns() - begun)};
    result.ns = median(samples, sample_count);
    result.hungry = 100.0 * (double)hungry / (double)blocks;
    if (work->checked) {
        check_maps(given);
        for (int t = 0; t < work->threads; t++)
            munmap(threads[t].map, MAP_BITS / 8);
    }
    return result;
}

static void table(void)
{
    static struct result results[WORKS][ROUNDS_MAX];
    for (int round = 0; round < options.rounds; round++)
        for (size_t i = 0; i < WORKS; i++)
            results[i][round] = measure(&works[i]);
    printf("%-22s %7s %10s %18s %10s %10s\n", "work", "threads", "ns a call", "(least to most)", "M IDs/s",
           "hungry");
    for (size_t i = 0; i < WORKS; i++) {
        float ns[ROUNDS_MAX], rates[ROUNDS_MAX], hungry[ROUNDS_MAX];
        for (int round = 0; round < options.rounds; round++) {
            ns[round] = (float)results[i][round].ns;
            rates[round] = (float)(results[i][round].rate / 1e6);
            hungry[round] = (float)results[i][round].hungry;
        }
        float middle = median(ns, (size_t)options.rounds);
        printf("%-22s %7d %10.1f   (%6.1f–%6.1f) %10.1f %8.1f %%\n", works[i].name, works[i].threads, middle,
               ns[0], ns[options.rounds - 1], median(rates, (size_t)options.rounds),
               median(hungry, (size_t)options.rounds));
    }
}

static double own_cpu(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static double cpu_of(int pid)
{
    char path[32];
    unsigned long user = 0, system = 0;
    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    FILE *file = pid ? fopen(path, "r") : NULL;
    if (file &&
        fscanf(file, "%*d %*s %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system) != 2)
        user = system = 0;
    if (file)
        fclose(file);
    return (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
}

static uint64_t take_all(struct thread *me, int64_t until)
{
    int64_t ids[TAKE_MAX];
    uint64_t given = 0;
    while (now_ns() < until) {
        size_t count = 0;
        ord_client_take(client, 100, TAKE_MAX, ids, &count, NULL);
        for (size_t i = 0; i < count; i++)
            check(me, ids[i]);
        given += count;
    }
    return given;
}

/* The burst that the server may borrow from the future is over after two seconds, and not counted. */
static void full(void)
{
    static const struct work all = {.name = "full", .threads = 1, .checked = true};
    struct ord_client_stats before = {.size = sizeof before}, after = before;
    work = &all;
    warm_up();
    threads[0] = (struct thread){.map = new_map(), .last = -1};
    uint64_t burst = take_all(threads, now_ns() + 2000000000);
    ord_client_stats(client, &before);
    int64_t begun = now_ns();
    double own = own_cpu(), server = cpu_of(options.server);
    uint64_t given = take_all(threads, begun + (int64_t)options.full * 1000000000);
    double seconds = (double)(now_ns() - begun) / 1e9;
    own = (own_cpu() - own) / seconds;
    server = (cpu_of(options.server) - server) / seconds;
    ord_client_stats(client, &after);
    check_maps(burst + given);
    printf("%.0f IDs/s for %.1f s, by %.1f requests a second; CPU: client %.1f %% of a core, server %.1f %%\n",
           (double)given / seconds, seconds, (double)(after.refills - before.refills) / seconds, own * 100,
           server * 100);
}

static const struct {
    const char *name;
    int *value;
} settings[] = {
    {"rounds", &options.rounds}, {"seconds", &options.seconds}, {"sequence", &options.sequence},
    {"low", &options.low},       {"full", &options.full},       {"server", &options.server},
};

static void set(const char *argument)
{
    const char *value = strchr(argument, '=');
    for (size_t i = 0; value && i < sizeof settings / sizeof *settings; i++)
        if (strncmp(argument, settings[i].name, (size_t)(value - argument)) == 0) {
            *settings[i].value = atoi(value + 1);
            return;
        }
    die("usage: client [OPTION=VALUE]… HOST:PORT; the options stand at the top of its source");
}

int main(int argc, char **argv)
{
    for (int i = 1; i + 1 < argc; i++)
        set(argv[i]);
    struct ord_client_options how = {.size = sizeof how, .target = argc > 1 ? argv[argc - 1] : NULL};
    struct ord_client_error error;
    if (options.rounds > ROUNDS_MAX || ord_client_open(&how, &client, &error) != ORD_CLIENT_OK)
        die("cannot be opened; which HOST:PORT?");
    if (options.full)
        full();
    else
        table();
    ord_client_close(client);
    return 0;
}
