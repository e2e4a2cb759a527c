/*
 * The thread that keeps a client's ring filled.
 *
 * It makes a request when someone asks: a caller that reached the middle of the newest batch, or found nothing.
 * And it renews IDs at half of their life, if any were taken since they came. So a client that nobody uses
 * sends nothing.
 */
#include <signal.h>

#include "client/internal.h"

#define RUNS_MAX (ORD_RING_SLOTS / 4) /* of one answer, so that some of them find room beside each other */
#define BACKOFF_MIN_MS 10
#define BACKOFF_MAX_MS 1000
#define EARLY_NS                                                                                               \
    100000000 /* a new connection is tried no sooner after a failure: it may be one that ends each call */
#define HINT_MAX_MS 5000 /* a server that comes back early is found by then */

/* Sleeps until the bell rings or the time has come. */
static void sleep_until(struct ord_client *client, int64_t until_ns)
{
    if (until_ns == INT64_MAX) {
        sem_wait(&client->bell);
        return;
    }
    struct timespec until = {.tv_sec = until_ns / 1000000000, .tv_nsec = until_ns % 1000000000};
    sem_clockwait(&client->bell, CLOCK_MONOTONIC, &until);
}

/* Whether it is time for a request; if not, *ret_wake_ns is when to look again. */
static bool is_due(struct ord_client *client, int64_t *ret_wake_ns)
{
    int64_t now = ord_steady_ns();
    if (now < client->retry_at_ns) {
        *ret_wake_ns = client->retry_at_ns;
        return false;
    }
    if (atomic_exchange(&client->asked, false))
        return true;
    if (now >= client->look_at_ns) {
        client->look_at_ns = INT64_MAX;
        if (ord_ring_position(client->ring) != client->position)
            return true;
    }
    *ret_wake_ns = client->look_at_ns;
    return false;
}

/* What callers that wait are to know. */
static void publish(struct ord_client *client, const struct ord_error *cause, int64_t retry_at_ns)
{
    pthread_mutex_lock(&client->lock);
    client->cause = *cause;
    client->retry_at_ns = retry_at_ns;
    client->edition++;
    pthread_cond_broadcast(&client->news);
    pthread_mutex_unlock(&client->lock);
}

/* How long to wait after a failure: as the server says, else longer each time. */
static uint32_t wait_after(struct ord_client *client, const struct ord_error *error)
{
    if (error->retry_after_ms > 0)
        return error->retry_after_ms < HINT_MAX_MS ? error->retry_after_ms : HINT_MAX_MS;
    uint32_t wait_ms = client->backoff_ms;
    client->backoff_ms = wait_ms * 2 < BACKOFF_MAX_MS ? wait_ms * 2 : BACKOFF_MAX_MS;
    return wait_ms;
}

static void failed(struct ord_client *client, struct ord_error *error, bool reached)
{
    atomic_fetch_add_explicit(&client->failures, 1, memory_order_relaxed);
    client->asked_at_ns = 0;
    if (error->code == ORD_OUT_OF_RANGE && ord_pace_too_many(&client->pace)) {
        ord_client_ask(client); /* for fewer, at once */
        return;
    }
    if (error->code == ORD_CAPACITY)
        ord_pace_crowded(&client->pace);
    bool is_out_of_reach = error->code == ORD_UNAVAILABLE && !reached;
    if (is_out_of_reach) {
        ord_pace_lost(&client->pace);
        client->is_lost = client->was_found;
    }
    int64_t now = ord_steady_ns(), retry_at_ns = now + (int64_t)wait_after(client, error) * 1000000;
    client->early_at_ns = is_out_of_reach ? now + EARLY_NS : INT64_MAX;
    client->look_at_ns = retry_at_ns;
    publish(client, error, retry_at_ns);
}

/* Puts the runs into the ring that are above all before them and find room; returns how many IDs they have. */
static uint64_t keep(struct ord_client *client, const struct ord_fetch_run *runs, uint32_t run_count,
                     uint32_t count, struct ord_ring_time until)
{
    uint64_t kept = 0, before = 0;
    for (uint32_t i = 0; i < run_count; before += runs[i++].count) {
        /* Above `count` where the middle lies before the run. */
        struct ord_ring_run run = {.first = runs[i].first,
                                   .step = runs[i].step,
                                   .count = runs[i].count,
                                   .low = before <= count / 2 ? (uint32_t)(count / 2 - before) : UINT32_MAX,
                                   .until = until};
        if (run.first <= client->last_id || !ord_ring_add(client->ring, &run))
            continue;
        client->last_id = run.first + (int64_t)(run.count - 1) * run.step;
        kept += run.count;
    }
    atomic_fetch_add_explicit(&client->surplus, before - kept, memory_order_relaxed);
    return kept;
}

static void answered(struct ord_client *client, const struct ord_fetch_run *runs, uint32_t run_count,
                     uint32_t count, struct ord_ring_time asked)
{
    struct ord_ring_time until = {asked.steady_ns + client->max_age_ns, asked.wall_ns + client->max_age_ns};
    atomic_store(&client->asked, false); /* who found nothing till now finds these */
    if (keep(client, runs, run_count, count, until) == 0) {
        struct ord_error error;
        ord_fail_retry(&error, ORD_UNAVAILABLE, 100,
                       "%s: its IDs are below those that came before; was the server replaced by another node?",
                       client->target);
        failed(client, &error, true);
        return;
    }
    atomic_fetch_add_explicit(&client->refills, 1, memory_order_relaxed);
    if (client->is_lost)
        atomic_fetch_add_explicit(&client->reconnects, 1, memory_order_relaxed);
    client->is_lost = false;
    client->was_found = true;
    client->backoff_ms = BACKOFF_MIN_MS;
    client->look_at_ns = client->asked_at_ns + client->max_age_ns / 2;
    publish(client, &(struct ord_error){.code = ORD_OK}, 0);
}

static void refill(struct ord_client *client)
{
    struct ord_ring_time asked = ord_coarse_now(); /* never late, so that ages are not told too low */
    int64_t now = ord_steady_ns();
    if (client->asked_at_ns)
        ord_pace_asked(&client->pace, now - client->asked_at_ns);
    client->asked_at_ns = now;
    client->position = ord_ring_position(client->ring);

    const struct ord_fetch_run *runs;
    uint32_t run_count, count = client->pace.batch;
    bool reached;
    struct ord_error error;
    if (ord_fetch_ids(client->fetch, count, client->tag, client->timeout_ms, &runs, &run_count, &reached,
                      &error) != ORD_OK) {
        failed(client, &error, reached);
        return;
    }
    ord_pace_answered(&client->pace, ord_steady_ns() - now, run_count, RUNS_MAX);
    answered(client, runs, run_count, count, asked);
}

/* A server that is there again is asked before the wait is over. */
static void look_out(struct ord_client *client, int64_t until_ns)
{
    int64_t left_ns = until_ns - ord_steady_ns();
    if (left_ns <= 0 || !ord_fetch_await(client->fetch, (uint32_t)(left_ns / 1000000) + 1) ||
        until_ns <= client->early_at_ns)
        return;
    pthread_mutex_lock(&client->lock);
    client->look_at_ns = client->retry_at_ns = client->early_at_ns;
    pthread_mutex_unlock(&client->lock);
}

static void *fill(void *context)
{
    struct ord_client *client = context;
    int64_t wake_ns;
    while (!atomic_load(&client->stopping)) {
        if (is_due(client, &wake_ns))
            refill(client);
        else if (wake_ns == client->retry_at_ns && client->early_at_ns != INT64_MAX)
            look_out(client, wake_ns);
        else
            sleep_until(client, wake_ns);
    }
    return NULL;
}

bool ord_filler_start(struct ord_client *client)
{
    client->last_id = -1;
    client->look_at_ns = INT64_MAX;
    client->backoff_ms = BACKOFF_MIN_MS;
    ord_client_ask(client);
    client->has_thread = pthread_create(&client->thread, NULL, fill, client) == 0;
    return client->has_thread;
}

void ord_filler_stop(struct ord_client *client)
{
    if (!client->has_thread)
        return;
    atomic_store(&client->stopping, true);
    ord_fetch_cancel(client->fetch);
    sem_post(&client->bell);
    pthread_join(client->thread, NULL);
    client->has_thread = false;
}
