#include "bench/internal.h"

static const struct ord_bench_plan *plan_of(const struct slot *slot)
{
    return slot->connection->worker->bench->plan;
}

uint32_t ord_connection_room(const struct connection *connection)
{
    bool takes = connection->state == CONNECTION_READY && connection->busy < connection->limit;
    return takes ? connection->limit - connection->busy : 0;
}

static void free_slot(struct slot *slot)
{
    struct connection *connection = slot->connection;
    uint32_t before = ord_connection_room(connection);
    slot->is_busy = false;
    slot->next = connection->free;
    connection->free = slot;
    connection->busy--;
    connection->worker->busy--;
    connection->worker->free_ready += ord_connection_room(connection) - before;
    ord_connection_touch(connection);
}

/* Where the runs of a reply go. */
struct taker {
    struct slot *slot;
    int64_t *last;
};

static void take_run(void *context, const struct ord_run *run)
{
    const struct taker *taker = context;
    struct slot *slot = taker->slot;
    slot->ids += run->count;
    ord_checker_run(&slot->connection->worker->checker, &slot->mark, taker->last, run);
}

const char *ord_slot_read(struct slot *slot, int64_t *last, const uint8_t *bytes, size_t size)
{
    struct taker taker = {slot, last};
    return slot->connection->worker->bench->request.read(bytes, size, plan_of(slot)->ids, take_run, &taker);
}

static bool is_measured(const struct slot *slot)
{
    return slot->began_ns >= slot->connection->worker->bench->warm_ns;
}

void ord_slot_succeed(struct slot *slot)
{
    struct worker *worker = slot->connection->worker;
    ord_bench_count(&worker->calls, 1);
    ord_bench_count(&worker->ids, slot->ids);
    if (is_measured(slot)) {
        ord_percentiles_record(&worker->latency, (uint64_t)(worker->now_ns - slot->began_ns));
        worker->measured++;
        worker->measured_ids += slot->ids;
        worker->last_answer_ns = worker->now_ns;
    } else {
        worker->warm_up_calls++;
    }
    free_slot(slot);
}

void ord_slot_fail(struct slot *slot, const char *status, const char *message)
{
    struct worker *worker = slot->connection->worker;
    ord_bench_count(&worker->failed, 1);
    if (is_measured(slot))
        ord_outcomes_note(&worker->failures, status, message, 1);
    else
        worker->warm_up_failed++;
    free_slot(slot);
}

void ord_connection_call(struct connection *connection, int64_t began_ns)
{
    struct worker *worker = connection->worker;
    struct slot *slot = connection->free;
    uint32_t before = ord_connection_room(connection);
    connection->free = slot->next;
    slot->is_busy = true;
    slot->began_ns = began_ns;
    slot->sent_ns = worker->now_ns;
    slot->ids = 0;
    connection->busy++;
    worker->busy++;
    worker->free_ready += ord_connection_room(connection) - before;
    ord_checker_mark(&worker->checker, &slot->mark);
    ord_connection_touch(connection);
    if (!worker->bench->protocol->send(connection, slot)) {
        ord_slot_fail(slot, "UNAVAILABLE", "the connection takes no more calls");
        ord_connection_retire(connection);
    }
}
