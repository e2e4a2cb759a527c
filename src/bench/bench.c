#include "bench/bench.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "bench/internal.h"

static enum ord_code resolve(struct ord_bench *bench, struct ord_error *error)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    int result = getaddrinfo(bench->plan->host, bench->plan->port, &hints, &bench->addresses);
    if (result == 0)
        return ORD_OK;
    return ord_fail(error, ORD_UNAVAILABLE, "%s: cannot be found: %s", bench->plan->host, gai_strerror(result));
}

static void join(struct ord_bench *bench)
{
    for (uint32_t i = 0; i < bench->started; i++)
        pthread_join(bench->workers[i].thread, NULL);
    for (uint32_t i = 0; bench->workers && i < bench->worker_count; i++)
        ord_worker_finish(&bench->workers[i]);
}

static void destroy(struct ord_bench *bench)
{
    if (bench->addresses)
        freeaddrinfo(bench->addresses);
    ord_ledger_finish(&bench->ledger);
    free(bench->workers);
    free(bench);
}

/* Signals are for the thread that started the bench. */
static int start_thread(struct worker *worker)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int errnum = pthread_create(&worker->thread, NULL, ord_worker_run, worker);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return errnum;
}

static enum ord_code start_workers(struct ord_bench *bench, struct ord_error *error)
{
    const struct ord_bench_plan *plan = bench->plan;
    bench->worker_count = plan->threads < plan->connections ? plan->threads : plan->connections;
    bench->workers = calloc(bench->worker_count, sizeof *bench->workers);
    bench->start_ns = ord_boot_ns();
    bench->warm_ns = bench->start_ns + plan->warm_up_ms * 1000000;
    bench->end_ns = bench->warm_ns + plan->duration_ms * 1000000;
    for (uint32_t i = 0; bench->workers && i < bench->worker_count; i++)
        bench->workers[i].epoll = -1;
    for (uint32_t i = 0; i < bench->worker_count; i++)
        if (!bench->workers || !ord_worker_init(&bench->workers[i], bench, i))
            return ord_fail(error, ORD_INTERNAL, "no memory or descriptors for the connections");
    for (; bench->started < bench->worker_count; bench->started++) {
        int errnum = start_thread(&bench->workers[bench->started]);
        if (errnum != 0)
            return ord_fail_errno(error, errnum, "start a thread");
    }
    return ORD_OK;
}

enum ord_code ord_bench_start(const struct ord_bench_plan *plan, struct ord_bench **ret_bench,
                              struct ord_error *error)
{
    struct ord_bench *bench = calloc(1, sizeof *bench);
    if (!bench)
        return ord_fail(error, ORD_INTERNAL, "no memory");
    if (ord_ledger_init(&bench->ledger, plan->fields, plan->workers, error) != ORD_OK) {
        free(bench);
        return error->code;
    }
    bench->plan = plan;
    bench->protocol = plan->is_grpc ? &ord_bench_grpc : &ord_bench_rest;
    ord_request_init(&bench->request, plan);
    enum ord_code code = resolve(bench, error);
    if (code == ORD_OK)
        code = start_workers(bench, error);
    if (code != ORD_OK) {
        atomic_store(&bench->stop, 2);
        join(bench);
        destroy(bench);
        return code;
    }
    *ret_bench = bench;
    return ORD_OK;
}

void ord_bench_look(const struct ord_bench *bench, struct ord_bench_view *ret_view,
                    struct ord_percentiles *ret_latency)
{
    struct ord_bench_view view = {
        .elapsed_ns = ord_boot_ns() - bench->start_ns, .is_warm = true, .is_over = true};
    if (ret_latency)
        memset(ret_latency, 0, sizeof *ret_latency);
    for (uint32_t i = 0; i < bench->worker_count; i++) {
        const struct worker *worker = &bench->workers[i];
        view.calls += atomic_load_explicit(&worker->calls, memory_order_relaxed);
        view.failed += atomic_load_explicit(&worker->failed, memory_order_relaxed);
        view.ids += atomic_load_explicit(&worker->ids, memory_order_relaxed);
        view.refused += atomic_load_explicit(&worker->refused, memory_order_relaxed);
        view.is_warm = view.is_warm && atomic_load_explicit(&worker->shows_warm, memory_order_relaxed);
        view.is_over = view.is_over && atomic_load(&worker->is_over);
        if (ret_latency)
            ord_percentiles_add(ret_latency, &worker->latency);
    }
    *ret_view = view;
}

void ord_bench_stop(struct ord_bench *bench)
{
    atomic_fetch_add(&bench->stop, 1);
}

static void add_worker(struct ord_bench_result *result, const struct worker *worker)
{
    result->calls += worker->measured;
    result->ids += worker->measured_ids;
    ord_percentiles_add(&result->latency, &worker->latency);
    ord_outcomes_add(&result->failures, &worker->failures);
    result->due += worker->due;
    result->unsent += worker->unsent;
    if (worker->behind_ns > result->behind_ns)
        result->behind_ns = worker->behind_ns;
    result->warm_up_calls += worker->warm_up_calls;
    result->warm_up_failed += worker->warm_up_failed;
    result->connects += worker->connects;
    result->refused += worker->refused;
    if (worker->refused > 0)
        memcpy(result->refusal, worker->refusal, sizeof result->refusal);
    if (worker->in_flight > result->in_flight)
        result->in_flight = worker->in_flight;
    if (worker->streams > result->streams)
        result->streams = worker->streams;
    if (worker->last_answer_ns - worker->bench->warm_ns > result->elapsed_ns)
        result->elapsed_ns = worker->last_answer_ns - worker->bench->warm_ns;
    result->cpu_ns += worker->cpu_ns;
    if (worker->cpu_ns > result->busiest_cpu_ns)
        result->busiest_cpu_ns = worker->cpu_ns;
    result->checked += worker->checker.ids;
    result->reordered += worker->checker.reordered;
    result->unordered += worker->checker.unordered;
}

static void add_ledger(struct ord_bench_result *result, struct ord_ledger *ledger)
{
    result->repeated = ledger->repeated;
    result->is_unchecked = ledger->no_memory;
    result->finding_count = ledger->finding_count;
    memcpy(result->findings, ledger->findings, sizeof result->findings);
    while (result->issuers < ORD_ISSUERS_MAX && atomic_load(&ledger->issuers[result->issuers]) >= 0)
        result->issuers++;
}

void ord_bench_finish(struct ord_bench *bench, struct ord_bench_result *ret_result)
{
    join(bench);
    memset(ret_result, 0, sizeof *ret_result);
    ret_result->threads = bench->worker_count;
    for (uint32_t i = 0; i < bench->worker_count; i++)
        add_worker(ret_result, &bench->workers[i]);
    add_ledger(ret_result, &bench->ledger);
    destroy(bench);
}
