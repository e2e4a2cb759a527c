#include "workers/workers.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* A thread of the list. To the library, its address is its pthread_t. */
struct worker {
    struct ord_workers *list;
    void *(*run)(void *);
    void *argument;
    size_t stack_size;
    pthread_t thread;
    bool is_started, is_joined;
};

struct ord_workers {
    struct ord_workers *next; /* of all lists */
    unsigned max, count, started, busy;
    pthread_mutex_t lock;
    struct worker workers[];
};

static struct {
    int (*create)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
    int (*join)(pthread_t, void **);
} real;

/* All lists, so that a pthread_t of theirs is known as such. */
static struct ord_workers *lists;
static pthread_mutex_t lists_lock = PTHREAD_MUTEX_INITIALIZER;

static _Thread_local struct ord_workers *enlisting;

/* Other libraries' constructors may create threads before this one has run: then it is run by the first call.
 */
__attribute__((constructor)) static void find_real(void)
{
    void *create = dlsym(RTLD_NEXT, "pthread_create"), *join = dlsym(RTLD_NEXT, "pthread_join");
    memcpy(&real.create, &create, sizeof create);
    memcpy(&real.join, &join, sizeof join);
}

static bool start(struct worker *worker)
{
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    if (worker->stack_size > 0)
        pthread_attr_setstacksize(&attributes, worker->stack_size);
    worker->is_started = real.create(&worker->thread, &attributes, worker->run, worker->argument) == 0;
    pthread_attr_destroy(&attributes);
    return worker->is_started;
}

/* Starts workers until enough are idle. Under the lock. */
static void start_idle(struct ord_workers *workers)
{
    while (workers->started < workers->count && workers->started - workers->busy < ORD_WORKERS_IDLE) {
        struct worker *worker = &workers->workers[workers->started];
        if (worker->is_joined || !start(worker))
            return;
        workers->started++;
    }
}

static int enlist(struct ord_workers *workers, pthread_t *ret_thread, const pthread_attr_t *attributes,
                  void *(*run)(void *), void *argument)
{
    pthread_mutex_lock(&workers->lock);
    struct worker *worker = &workers->workers[workers->count++];
    *worker = (struct worker){.list = workers, .run = run, .argument = argument};
    if (attributes)
        pthread_attr_getstacksize(attributes, &worker->stack_size);
    *ret_thread = (pthread_t)(uintptr_t)worker;
    pthread_mutex_unlock(&workers->lock);
    return 0;
}

int pthread_create(pthread_t *restrict ret_thread, const pthread_attr_t *restrict attributes,
                   void *(*run)(void *), void *restrict argument)
{
    if (!real.create)
        find_real();
    if (!enlisting || enlisting->count == enlisting->max)
        return real.create(ret_thread, attributes, run, argument);
    return enlist(enlisting, ret_thread, attributes, run, argument);
}

/* The worker that the library means, or NULL if it is none. */
static struct worker *worker_of(pthread_t thread)
{
    uintptr_t address = (uintptr_t)thread;
    struct worker *found = NULL;
    pthread_mutex_lock(&lists_lock);
    for (struct ord_workers *list = lists; list && !found; list = list->next) {
        uintptr_t first = (uintptr_t)list->workers;
        if (address >= first && address < first + list->max * sizeof *list->workers)
            found = &list->workers[(address - first) / sizeof *list->workers];
    }
    pthread_mutex_unlock(&lists_lock);
    return found;
}

int pthread_join(pthread_t thread, void **ret_result)
{
    if (!real.join)
        find_real();
    struct worker *worker = worker_of(thread);
    if (!worker)
        return real.join(thread, ret_result);
    pthread_mutex_lock(&worker->list->lock);
    worker->is_joined = true; /* it is not started from now on */
    bool is_started = worker->is_started;
    pthread_mutex_unlock(&worker->list->lock);
    return is_started ? real.join(worker->thread, ret_result) : 0;
}

struct ord_workers *ord_workers_new(unsigned max)
{
    struct ord_workers *workers = calloc(1, sizeof *workers + max * sizeof *workers->workers);
    if (!workers)
        return NULL;
    workers->max = max;
    pthread_mutex_init(&workers->lock, NULL);
    pthread_mutex_lock(&lists_lock);
    workers->next = lists;
    lists = workers;
    pthread_mutex_unlock(&lists_lock);
    return workers;
}

void ord_workers_enlist(struct ord_workers *workers)
{
    enlisting = workers;
}

void ord_workers_enlisted(struct ord_workers *workers)
{
    enlisting = NULL;
    if (!workers)
        return;
    pthread_mutex_lock(&workers->lock);
    start_idle(workers);
    pthread_mutex_unlock(&workers->lock);
}

void ord_workers_busy(struct ord_workers *workers)
{
    if (!workers)
        return;
    pthread_mutex_lock(&workers->lock);
    workers->busy++;
    start_idle(workers);
    pthread_mutex_unlock(&workers->lock);
}

void ord_workers_idle(struct ord_workers *workers)
{
    if (!workers)
        return;
    pthread_mutex_lock(&workers->lock);
    workers->busy--;
    pthread_mutex_unlock(&workers->lock);
}

unsigned ord_workers_started(struct ord_workers *workers)
{
    pthread_mutex_lock(&workers->lock);
    unsigned started = workers->started;
    pthread_mutex_unlock(&workers->lock);
    return started;
}

struct ord_workers *ord_workers_free(struct ord_workers *workers)
{
    if (!workers)
        return NULL;
    pthread_mutex_lock(&lists_lock);
    struct ord_workers **link = &lists;
    while (*link != workers)
        link = &(*link)->next;
    *link = workers->next;
    pthread_mutex_unlock(&lists_lock);
    pthread_mutex_destroy(&workers->lock);
    free(workers);
    return NULL;
}
