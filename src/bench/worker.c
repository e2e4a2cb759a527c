#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "base/time.h"
#include "bench/internal.h"

#define EVENTS_MAX 64
#define UPKEEP_NS INT64_C(10000000)

static const struct ord_bench_plan *plan_of(const struct worker *worker)
{
    return worker->bench->plan;
}

static int64_t thread_cpu_ns(void)
{
    struct timespec time;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return time.tv_sec * INT64_C(1000000000) + time.tv_nsec;
}

/* Connections are dealt to the workers in turn; so are the calls of an open loop. */
bool ord_worker_init(struct worker *worker, struct ord_bench *bench, uint32_t index)
{
    uint32_t stride = bench->worker_count;
    worker->bench = bench;
    worker->schedule = (struct ord_schedule){bench->start_ns, bench->plan->rate, index, stride};
    worker->connection_count = (bench->plan->connections - index + stride - 1) / stride;
    worker->connections = calloc(worker->connection_count, sizeof *worker->connections);
    worker->in = malloc(ORD_BENCH_IN_SIZE);
    worker->epoll = epoll_create1(EPOLL_CLOEXEC);
    ord_checker_init(&worker->checker, &bench->ledger);
    if (!worker->connections || !worker->in || worker->epoll < 0)
        return false;
    for (uint32_t i = 0; i < worker->connection_count; i++)
        if (!ord_connection_init(&worker->connections[i], worker, bench->addresses))
            return false;
    return true;
}

void ord_worker_finish(struct worker *worker)
{
    for (uint32_t i = 0; worker->connections && i < worker->connection_count; i++)
        ord_connection_finish(&worker->connections[i]);
    free(worker->connections);
    free(worker->in);
    if (worker->epoll >= 0)
        close(worker->epoll);
}

/* The load over time: it starts, is measured, ends, and then calls under way are waited for. */

static bool is_stopped(const struct worker *worker)
{
    return atomic_load_explicit(&worker->bench->stop, memory_order_relaxed) > 0;
}

/* Calls of the warm-up that were not sent in it are not sent any more: their backlog is none of the measured
 * time's.
 */
static void forget_backlog(struct worker *worker)
{
    uint64_t due = ord_schedule_count(&worker->schedule, worker->bench->warm_ns);
    if (worker->taken < due)
        worker->taken = due;
}

static void note_warm(struct worker *worker)
{
    if (worker->is_warm || worker->now_ns < worker->bench->warm_ns)
        return;
    worker->is_warm = true;
    if (plan_of(worker)->rate > 0)
        forget_backlog(worker);
    worker->cpu_warm_ns = thread_cpu_ns();
    atomic_store_explicit(&worker->shows_warm, true, memory_order_relaxed);
}

/* Calls that were due after the warm-up, among those before the end. */
static void note_schedule(struct worker *worker, int64_t end_ns)
{
    uint64_t warm = ord_schedule_count(&worker->schedule, worker->bench->warm_ns);
    uint64_t due = ord_schedule_count(&worker->schedule, end_ns);
    uint64_t first_unsent = worker->taken > warm ? worker->taken : warm;
    worker->due = due > warm ? due - warm : 0;
    worker->unsent = due > first_unsent ? due - first_unsent : 0;
    if (worker->unsent > 0)
        worker->behind_ns = end_ns - ord_schedule_due_ns(&worker->schedule, first_unsent);
}

static void note_end(struct worker *worker)
{
    if (worker->is_ending || (worker->now_ns < worker->bench->end_ns && !is_stopped(worker)))
        return;
    worker->is_ending = true;
    int64_t end_ns = worker->now_ns < worker->bench->end_ns ? worker->now_ns : worker->bench->end_ns;
    if (plan_of(worker)->rate > 0)
        note_schedule(worker, end_ns);
    if (worker->last_answer_ns < end_ns)
        worker->last_answer_ns = end_ns;
}

static bool is_done(const struct worker *worker)
{
    return worker->is_ending &&
           (worker->busy == 0 || atomic_load_explicit(&worker->bench->stop, memory_order_relaxed) > 1);
}

/* Calls */

static void fill(struct connection *connection)
{
    while (ord_connection_room(connection) > 0)
        ord_connection_call(connection, connection->worker->now_ns);
}

static struct connection *next_with_room(struct worker *worker)
{
    for (;;) {
        struct connection *connection = &worker->connections[worker->turn];
        worker->turn = (worker->turn + 1) % worker->connection_count;
        if (ord_connection_room(connection) > 0)
            return connection;
    }
}

/* Sends what is due, as far as there are free slots; the rest waits, and its time runs. */
static void keep_schedule(struct worker *worker)
{
    while (worker->free_ready > 0) {
        int64_t due_ns = ord_schedule_due_ns(&worker->schedule, worker->taken);
        if (due_ns > worker->now_ns || due_ns >= worker->bench->end_ns)
            return;
        worker->taken++;
        ord_connection_call(next_with_room(worker), due_ns);
    }
}

static void send_calls(struct worker *worker)
{
    bool closed = plan_of(worker)->rate == 0 && !worker->is_ending && worker->now_ns < worker->bench->end_ns;
    if (plan_of(worker)->rate > 0 && !worker->is_ending)
        keep_schedule(worker);
    while (worker->touched) {
        struct connection *connection = worker->touched;
        worker->touched = connection->next_touched;
        connection->is_touched = false;
        if (closed)
            fill(connection);
        ord_connection_flush(connection);
    }
}

/* The loop */

static int64_t wait_ns(const struct worker *worker)
{
    int64_t until_ns = worker->upkeep_ns;
    if (plan_of(worker)->rate > 0 && worker->free_ready > 0 && !worker->is_ending) {
        int64_t due_ns = ord_schedule_due_ns(&worker->schedule, worker->taken);
        until_ns = due_ns < until_ns ? due_ns : until_ns;
    }
    int64_t now_ns = ord_boot_ns();
    return until_ns > now_ns ? until_ns - now_ns : 0;
}

/* Kernels before 5.11 wait in whole milliseconds. */
static int wait(const struct worker *worker, struct epoll_event *events)
{
    int64_t ns = wait_ns(worker);
    struct timespec time = {.tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000};
    int count = epoll_pwait2(worker->epoll, events, EVENTS_MAX, &time, NULL);
    if (count < 0 && errno == ENOSYS)
        count = epoll_wait(worker->epoll, events, EVENTS_MAX, (int)(ns / 1000000));
    return count;
}

static void upkeep(struct worker *worker)
{
    if (worker->now_ns < worker->upkeep_ns)
        return;
    worker->upkeep_ns = worker->now_ns + UPKEEP_NS;
    for (uint32_t i = 0; i < worker->connection_count; i++)
        ord_connection_upkeep(&worker->connections[i]);
}

static void turn(struct worker *worker)
{
    struct epoll_event events[EVENTS_MAX];
    int count = wait(worker, events);
    worker->now_ns = ord_boot_ns();
    for (int i = 0; i < count; i++)
        ord_connection_handle(events[i].data.ptr, events[i].events);
    worker->now_ns = ord_boot_ns();
    note_warm(worker);
    upkeep(worker);
    ord_checker_turn(&worker->checker);
    send_calls(worker);
    note_end(worker);
}

void *ord_worker_run(void *context)
{
    struct worker *worker = context;
    prctl(PR_SET_TIMERSLACK, 1UL); /* an open loop sends on time */
    while (!is_done(worker))
        turn(worker);
    worker->cpu_ns = thread_cpu_ns() - worker->cpu_warm_ns;
    ord_checker_finish(&worker->checker);
    atomic_store(&worker->is_over, true);
    return NULL;
}
