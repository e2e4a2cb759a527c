/*
 * libordinal by the line, for the tests in tests/e2e: reads commands and answers each with a line of JSON. It
 * links the shared library as any program does.
 *
 * Usage: driver HOST:PORT [MAX_AGE_MS [TAG [TIMEOUT_MS]]]
 *
 *   next, get MS, take MS COUNT   {"code": "ok", "ids": [7, 8]}, or with "retry_after_ms" and "text"
 *   error, stats                  as the library tells them
 *   fork                          what a child gets by next, get and error
 *   hammer THREADS                starts threads that take IDs until `halt`, about 10,000 times a second each,
 * in turn by next, get and take seen                          how many IDs and refusals they have so far halt
 * ends them; {"ids": …, "refused": …, "first": …, "last": …, "fault": "" or what is wrong}
 */
#include <ordinal.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    THREADS_MAX = 64,
    TAKE = 5,
    WAIT_MS = 50
};

/* An ID, and when the call that gave it began and ended: ticks of one counter for all threads. */
struct given {
    uint64_t begun, ended;
    int64_t id;
};

struct thread {
    pthread_t id;
    struct given *given;
    size_t count, room;
};

static struct ord_client *client;
static struct thread threads[THREADS_MAX];
static int thread_count;
static atomic_bool done;
static atomic_uint_least64_t moment, seen, refused;

static void tell(int code, const int64_t *ids, size_t count, const struct ord_client_error *error)
{
    printf("{\"code\": \"%s\"", ord_client_code_name(code));
    if (code == ORD_CLIENT_OK && ids) {
        printf(", \"ids\": [");
        for (size_t i = 0; i < count; i++)
            printf("%s%lld", i ? ", " : "", (long long)ids[i]);
        printf("]");
    } else if (code != ORD_CLIENT_OK && error) {
        printf(", \"retry_after_ms\": %u, \"text\": \"%s\"", error->retry_after_ms, error->text);
    }
    printf("}\n");
}

static int take(int kind, int64_t ids[TAKE], size_t *ret_count)
{
    *ret_count = 1;
    if (kind == 0)
        return ord_client_next(client, ids);
    if (kind == 1)
        return ord_client_get(client, WAIT_MS, ids, NULL);
    return ord_client_take(client, WAIT_MS, TAKE, ids, ret_count, NULL);
}

static void note(struct thread *me, uint64_t begun, uint64_t ended, int64_t id)
{
    if (me->count == me->room) {
        me->room = me->room ? me->room * 2 : 1024;
        me->given = realloc(me->given, me->room * sizeof *me->given);
    }
    me->given[me->count++] = (struct given){begun, ended, id};
}

static void *hammer(void *context)
{
    struct thread *me = context;
    for (unsigned i = 0; !atomic_load(&done); i++) {
        int64_t ids[TAKE];
        size_t count;
        uint64_t begun = atomic_fetch_add(&moment, 1);
        bool got = take(i % 3, ids, &count) == ORD_CLIENT_OK;
        uint64_t ended = atomic_fetch_add(&moment, 1);
        for (size_t k = 0; got && k < count; k++)
            note(me, begun, ended, ids[k]);
        atomic_fetch_add(got ? &seen : &refused, got ? count : 1);
        nanosleep(&(struct timespec){.tv_nsec = 50000}, NULL);
    }
    return NULL;
}

static void start_hammer(int count)
{
    atomic_store(&done, false);
    for (thread_count = 0; thread_count < count && thread_count < THREADS_MAX; thread_count++)
        pthread_create(&threads[thread_count].id, NULL, hammer, &threads[thread_count]);
    printf("{}\n");
}

static int by_id(const void *a, const void *b)
{
    int64_t x = ((const struct given *)a)->id, y = ((const struct given *)b)->id;
    return (x > y) - (x < y);
}

/* What is wrong with all IDs together, once they are sorted. */
static const char *fault_of(const struct given *all, size_t count)
{
    uint64_t latest_begun = 0;
    for (size_t i = 0; i < count; i++) {
        if (i > 0 && all[i].id == all[i - 1].id)
            return "an ID came twice";
        if (all[i].ended < latest_begun)
            return "a call ended before one with smaller IDs began";
        if (all[i].begun > latest_begun)
            latest_begun = all[i].begun;
    }
    return "";
}

static void halt(void)
{
    struct given *all = NULL;
    size_t count = 0;
    const char *fault = "";
    atomic_store(&done, true);
    for (int t = 0; t < thread_count; t++) {
        struct thread *one = &threads[t];
        pthread_join(one->id, NULL);
        for (size_t i = 1; i < one->count; i++)
            if (one->given[i].id <= one->given[i - 1].id)
                fault = "the IDs of one thread do not rise";
        all = realloc(all, (count + one->count + 1) * sizeof *all);
        if (one->count > 0)
            memcpy(all + count, one->given, one->count * sizeof *all);
        count += one->count;
        free(one->given);
        *one = (struct thread){0};
    }
    thread_count = 0;
    qsort(all, count, sizeof *all, by_id);
    printf("{\"ids\": %zu, \"refused\": %llu, \"first\": %lld, \"last\": %lld, \"fault\": \"%s\"}\n", count,
           (unsigned long long)atomic_exchange(&refused, 0), count ? (long long)all[0].id : -1,
           count ? (long long)all[count - 1].id : -1, *fault ? fault : fault_of(all, count));
    atomic_store(&seen, 0);
    free(all);
}

static void tell_seen(void)
{
    printf("{\"ids\": %llu, \"refused\": %llu}\n", (unsigned long long)atomic_load(&seen),
           (unsigned long long)atomic_load(&refused));
}

static void tell_stats(void)
{
    struct ord_client_stats stats = {.size = sizeof stats};
    ord_client_stats(client, &stats);
    printf(
        "{\"prefetched\": %llu, \"handed_out\": %llu, \"thrown\": %llu, \"in_stock\": %llu, \"refills\": %llu, "
        "\"failures\": %llu, \"reconnects\": %llu, \"waits\": %llu}\n",
        (unsigned long long)stats.prefetched, (unsigned long long)stats.handed_out,
        (unsigned long long)stats.thrown, (unsigned long long)stats.in_stock, (unsigned long long)stats.refills,
        (unsigned long long)stats.failures, (unsigned long long)stats.reconnects,
        (unsigned long long)stats.waits);
}

static void tell_fork(void)
{
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        int64_t id;
        struct ord_client_error error;
        int next = ord_client_next(client, &id), get = ord_client_get(client, 100, &id, &error);
        printf("{\"next\": \"%s\", \"get\": \"%s\", \"error\": \"%s\", \"text\": \"%s\"}\n",
               ord_client_code_name(next), ord_client_code_name(get),
               ord_client_code_name(ord_client_error(client, NULL)), error.text);
        fflush(stdout);
        ord_client_close(client);
        _exit(0);
    }
    int status = -1;
    waitpid(child, &status, 0);
    if (status != 0)
        printf("{\"status\": %d}\n", status);
}

static void get_some(unsigned wait_ms, size_t count)
{
    int64_t *ids = calloc(count + 1, sizeof *ids);
    struct ord_client_error error;
    int code = count == 1 ? ord_client_get(client, wait_ms, ids, &error)
                          : ord_client_take(client, wait_ms, count, ids, &count, &error);
    tell(code, ids, count, &error);
    free(ids);
}

static void obey(const char *line)
{
    char verb[16] = "";
    unsigned number = 0, count = 1;
    sscanf(line, "%15s %u %u", verb, &number, &count);
    int64_t id;
    struct ord_client_error error;
    if (strcmp(verb, "next") == 0)
        tell(ord_client_next(client, &id), &id, 1, NULL);
    else if (strcmp(verb, "get") == 0)
        get_some(number, 1);
    else if (strcmp(verb, "take") == 0)
        get_some(number, count);
    else if (strcmp(verb, "error") == 0)
        tell(ord_client_error(client, &error), NULL, 0, &error);
    else if (strcmp(verb, "stats") == 0)
        tell_stats();
    else if (strcmp(verb, "fork") == 0)
        tell_fork();
    else if (strcmp(verb, "hammer") == 0)
        start_hammer((int)number);
    else if (strcmp(verb, "seen") == 0)
        tell_seen();
    else if (strcmp(verb, "halt") == 0)
        halt();
}

static uint32_t number_of(char **argv, int argc, int index)
{
    return index < argc ? (uint32_t)strtoul(argv[index], NULL, 10) : 0;
}

int main(int argc, char **argv)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    struct ord_client_options options = {.size = sizeof options,
                                         .target = argv[1],
                                         .max_age_ms = number_of(argv, argc, 2),
                                         .tag = number_of(argv, argc, 3),
                                         .timeout_ms = number_of(argv, argc, 4)};
    struct ord_client_error error;
    int code = ord_client_open(&options, &client, &error);
    tell(code, NULL, 0, &error);
    if (code != ORD_CLIENT_OK)
        return 1;
    char line[128];
    while (fgets(line, sizeof line, stdin))
        obey(line);
    if (thread_count > 0)
        halt();
    ord_client_close(client);
    return 0;
}
