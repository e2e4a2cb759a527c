#include "workers/workers.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <stdatomic.h>

enum {
    MAX = 20
};

/* Threads of a pool as a library has them: each says that it runs, and ends when all are to. */
static atomic_uint running;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static bool over;

static void *run(void *argument)
{
    pthread_mutex_lock(&lock);
    running++;
    pthread_cond_broadcast(&changed);
    while (!over)
        pthread_cond_wait(&changed, &lock);
    pthread_mutex_unlock(&lock);
    return argument;
}

static void wait_for(unsigned count)
{
    pthread_mutex_lock(&lock);
    while (running != count)
        pthread_cond_wait(&changed, &lock);
    pthread_mutex_unlock(&lock);
}

static void end_all(void)
{
    pthread_mutex_lock(&lock);
    over = true;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
}

static pthread_t threads[MAX];
static char results[MAX];

static struct ord_workers *enlist_all(unsigned max)
{
    struct ord_workers *workers = ord_workers_new(max);
    cr_assert_not_null(workers);
    ord_workers_enlist(workers);
    for (size_t i = 0; i < MAX; i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, run, &results[i]), 0);
    ord_workers_enlisted(workers);
    return workers;
}

/* Joins as a library does; each thread that ran gives its own result. */
static unsigned join_all(void)
{
    unsigned ran = 0;
    for (size_t i = 0; i < MAX; i++) {
        void *result = NULL;
        cr_assert_eq(pthread_join(threads[i], &result), 0);
        cr_assert(!result || result == &results[i]);
        ran += result != NULL;
    }
    return ran;
}

Test(workers, start_as_there_is_work)
{
    struct ord_workers *workers = enlist_all(MAX);
    wait_for(ORD_WORKERS_IDLE);
    cr_assert_eq(ord_workers_started(workers), ORD_WORKERS_IDLE);
    ord_workers_busy(workers);
    wait_for(ORD_WORKERS_IDLE + 1);
    ord_workers_busy(workers);
    wait_for(ORD_WORKERS_IDLE + 2);
    ord_workers_idle(workers);
    ord_workers_busy(workers); /* there is an idle one for it */
    cr_assert_eq(ord_workers_started(workers), ORD_WORKERS_IDLE + 2);
    end_all();
    cr_assert_eq(join_all(), ORD_WORKERS_IDLE + 2);
    ord_workers_free(workers);
}

Test(workers, are_all_started_when_all_are_needed_and_no_more)
{
    struct ord_workers *workers = enlist_all(MAX);
    for (int i = 0; i < MAX + 3; i++)
        ord_workers_busy(workers);
    wait_for(MAX);
    cr_assert_eq(ord_workers_started(workers), MAX);
    end_all();
    cr_assert_eq(join_all(), MAX);
    ord_workers_free(workers);
}

Test(workers, are_not_started_once_they_were_joined)
{
    struct ord_workers *workers = enlist_all(MAX);
    wait_for(ORD_WORKERS_IDLE);
    end_all();
    cr_assert_eq(join_all(), ORD_WORKERS_IDLE);
    for (int i = 0; i < MAX; i++)
        ord_workers_busy(workers);
    cr_assert_eq(ord_workers_started(workers), ORD_WORKERS_IDLE);
    ord_workers_free(workers);
}

Test(workers, are_enlisted_up_to_the_size_of_the_list)
{
    struct ord_workers *workers = enlist_all(MAX - 5);
    wait_for(ORD_WORKERS_IDLE + 5); /* the last five are the thread's own */
    cr_assert_eq(ord_workers_started(workers), ORD_WORKERS_IDLE);
    end_all();
    cr_assert_eq(join_all(), ORD_WORKERS_IDLE + 5);
    ord_workers_free(workers);
}

Test(workers, other_threads_are_left_alone)
{
    struct ord_workers *workers = enlist_all(MAX + 1); /* there is room for one more */
    pthread_t own;
    void *result;
    pthread_create(&own, NULL, run, results);
    wait_for(ORD_WORKERS_IDLE + 1);
    end_all();
    cr_assert_eq(pthread_join(own, &result), 0);
    cr_assert_eq(result, results);
    cr_assert_eq(join_all(), ORD_WORKERS_IDLE);
    ord_workers_free(workers);
}

Test(workers, without_a_list_all_pass_through)
{
    ord_workers_enlist(NULL);
    for (size_t i = 0; i < MAX; i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, run, &results[i]), 0);
    ord_workers_enlisted(NULL);
    wait_for(MAX);
    end_all();
    cr_assert_eq(join_all(), MAX);
}
