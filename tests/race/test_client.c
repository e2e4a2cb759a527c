/*
 * One client of libordinal, whole, in the hands of many threads, with its own thread filling behind them; its
 * server goes away and comes back meanwhile, and IDs live so short that some grow old. No ID comes twice, those
 * of a thread rise, and all that came is accounted for. A plain main, since Criterion cannot run under
 * ThreadSanitizer.
 */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/service.h"
#include "client/ordinal.h"
#include "grpc/server.h"
#include "store/memory.h"

enum {
    THREADS = 8,
    IDS = 20000, /* of each thread */
    TAKE = 7,
    WAIT_MS = 20,
    MAX_AGE_MS = 60,
    PREFETCH_MAX = 1000, /* so that threads cannot do without the server for long */
};

static struct ord_client *client;
static atomic_bool done;
static atomic_uint_least64_t given, refused;
static struct thread {
    pthread_t id;
    int64_t ids[IDS + TAKE];
    size_t count;
} threads[THREADS];

_Noreturn static void fail(const char *what)
{
    printf("not ok 1 - %s\n", what);
    exit(1);
}

static size_t take(unsigned kind, int64_t *ids)
{
    size_t count = 1;
    int code = kind == 0   ? ord_client_next(client, ids)
               : kind == 1 ? ord_client_get(client, WAIT_MS, ids, NULL)
                           : ord_client_take(client, WAIT_MS, TAKE, ids, &count, NULL);
    return code == ORD_CLIENT_OK ? count : 0;
}

static void *work(void *context)
{
    struct thread *me = context;
    for (unsigned i = 0; me->count < IDS; i++) {
        size_t got = take(i % 3, me->ids + me->count);
        me->count += got;
        atomic_fetch_add(got ? &given : &refused, got ? got : 1);
        if (got == 0)
            sched_yield();
    }
    return NULL;
}

static void *look_on(void *context)
{
    while (!atomic_load(&done)) {
        struct ord_client_error error;
        struct ord_client_stats stats = {.size = sizeof stats};
        ord_client_error(client, &error);
        ord_client_stats(client, &stats);
        sched_yield();
    }
    return NULL;
}

static void *keep(void *context)
{
    struct ord_error error;
    while (!atomic_load(&done)) {
        if (ord_service_keep(context, &error) != ORD_OK)
            fail(error.text);
        sched_yield();
    }
    return NULL;
}

static struct ord_service *open_service(void)
{
    static struct ord_memory_store store;
    struct ord_error error;
    struct ord_layout layout;
    struct ord_service *service;
    struct ord_service_options options = {
        .port = ord_memory_store_port(&store), .borrow_us = 1000000, .max_wait_us = 1000000};
    if (ord_layout_parse("default", NULL, NULL, &layout, &error) != ORD_OK ||
        ord_place_init(&options.place, &layout, 7, 0, 1, &error) != ORD_OK ||
        ord_service_open(&options, &service, &error) != ORD_OK)
        fail(error.text);
    return service;
}

static struct ord_grpc *open_server(struct ord_service *service, const char *listen)
{
    struct ord_error error;
    struct ord_grpc *grpc;
    struct ord_grpc_options options = {.listen = listen};
    if (ord_grpc_open(service, &options, &grpc, &error) != ORD_OK)
        fail(error.text);
    return grpc;
}

/* Or until all threads have what they want: they may live on what was prefetched. */
static void await(const atomic_uint_least64_t *what, uint64_t number)
{
    while (atomic_load(what) < number && atomic_load(&given) < THREADS * IDS)
        sched_yield();
}

static int by_value(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static void check(void)
{
    static int64_t all[THREADS * (IDS + TAKE)];
    size_t count = 0;
    for (struct thread *one = threads; one < threads + THREADS; one++) {
        for (size_t i = 1; i < one->count; i++)
            if (one->ids[i] <= one->ids[i - 1])
                fail("a thread's IDs do not rise");
        memcpy(all + count, one->ids, one->count * sizeof *all);
        count += one->count;
    }
    qsort(all, count, sizeof *all, by_value);
    for (size_t i = 1; i < count; i++)
        if (all[i] == all[i - 1])
            fail("an ID came twice");
    struct ord_client_stats stats = {.size = sizeof stats};
    ord_client_stats(client, &stats);
    if (stats.handed_out < count || stats.handed_out > count + count / 100)
        fail("not all that came is accounted for");
    printf("ok 1 - %zu IDs by %d threads, %llu thrown away, %llu requests, %llu failed\n", count, THREADS,
           (unsigned long long)stats.thrown, (unsigned long long)stats.refills,
           (unsigned long long)stats.failures);
}

int main(void)
{
    printf("1..1\n");
    struct ord_service *service = open_service();
    struct ord_grpc *grpc = open_server(service, "127.0.0.1:0");
    char address[64];
    snprintf(address, sizeof address, "%s", ord_grpc_address(grpc));
    struct ord_client_options options = {
        .size = sizeof options, .target = address, .max_age_ms = MAX_AGE_MS, .prefetch_max = PREFETCH_MAX};
    struct ord_client_error error;
    if (ord_client_open(&options, &client, &error) != ORD_CLIENT_OK)
        fail(error.text);

    pthread_t keeper, onlooker;
    pthread_create(&keeper, NULL, keep, service);
    pthread_create(&onlooker, NULL, look_on, NULL);
    for (int t = 0; t < THREADS; t++)
        pthread_create(&threads[t].id, NULL, work, &threads[t]);
    await(&given, THREADS * IDS / 3);
    ord_grpc_close(grpc);
    await(&refused, atomic_load(&refused) + 1000);
    grpc = open_server(service, address);
    for (int t = 0; t < THREADS; t++)
        pthread_join(threads[t].id, NULL);
    atomic_store(&done, true);
    pthread_join(keeper, NULL);
    pthread_join(onlooker, NULL);

    check();
    ord_client_close(client);
    ord_grpc_close(grpc);
    ord_service_close(service, NULL);
    return 0;
}
