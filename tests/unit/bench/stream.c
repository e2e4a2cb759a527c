/* The calls on one stream: which of them a reply belongs to, and how they end. */
#include "bench/stream.h"

#include <criterion/criterion.h>
#include <string.h>

#define IN_FLIGHT 4
#define MS INT64_C(1000000)

static struct ord_bench_plan plan = {
    .is_grpc = true,
    .mode = ORD_BENCH_STREAM,
    .host = "h",
    .port = "1",
    .prefix = "",
    .ids = 1,
    .connections = 1,
    .in_flight = IN_FLIGHT,
    .streams = 1,
    .timeout_ms = 100,
};
static struct ord_bench bench = {.plan = &plan};
static struct worker worker = {.bench = &bench};
static struct connection connection;
static struct stream stream = {.connection = &connection};

static bool ask(struct connection *asked, struct slot *slot)
{
    ord_stream_ask(&stream, slot);
    return true;
}

static const struct protocol protocol = {.send = ask};

/* Opens the stream, at the time 0. */
static void set_up(void)
{
    bench.protocol = &protocol;
    ord_request_init(&bench.request, &plan);
    cr_assert_eq(ord_ledger_init(&bench.ledger, NULL, 1, NULL), ORD_OK);
    ord_checker_init(&worker.checker, &bench.ledger);
    cr_assert(ord_connection_init(&connection, &worker, NULL));
    connection.state = CONNECTION_GREETING;
    ord_connection_ready(&connection, IN_FLIGHT);
    ord_stream_open(&stream, 1);
}

/* Sends one message at each of the times. */
static void call_at(int64_t now_ms)
{
    worker.now_ns = now_ms * MS;
    ord_connection_call(&connection, worker.now_ns);
}

/* Replies of one run of one small ID each; returns their size. */
static size_t write_replies(uint8_t *at, uint8_t first, size_t count)
{
    for (size_t i = 0; i < count; i++)
        memcpy(at + 13 * i, (uint8_t[]){0, 0, 0, 0, 8, 0x0a, 6, 8, (uint8_t)(first + i), 16, 1, 24, 1}, 13);
    return 13 * count;
}

static const char *reply_at(int64_t now_ms, uint8_t first, size_t count)
{
    uint8_t bytes[13 * 16];
    worker.now_ns = now_ms * MS;
    return ord_stream_receive(&stream, bytes, write_replies(bytes, first, count));
}

static uint64_t failed(const char *status)
{
    for (size_t i = 0; i < worker.failures.count; i++)
        if (strcmp(worker.failures.rows[i].status, status) == 0)
            return worker.failures.rows[i].count;
    return 0;
}

TestSuite(stream, .init = set_up);

/* Sent at 0, 10 and 20 ms and answered at 25, 50 and 90: told from the oldest on, they took 25, 40 and 70. */
Test(stream, a_reply_belongs_to_the_oldest_call)
{
    static const uint64_t took_ms[] = {25, 40, 70};
    call_at(0);
    call_at(10);
    call_at(20);
    cr_assert_null(reply_at(25, 1, 1));
    cr_assert_eq(worker.latency.max_ns, took_ms[0] * MS);
    cr_assert_null(reply_at(50, 2, 1));
    cr_assert_eq(worker.latency.max_ns, took_ms[1] * MS);
    cr_assert_null(reply_at(90, 3, 1));
    cr_assert_eq(worker.latency.max_ns, took_ms[2] * MS);
    cr_assert_eq(worker.latency.sum_ns, (took_ms[0] + took_ms[1] + took_ms[2]) * MS);
    cr_assert_eq(worker.measured, 3);
    cr_assert_eq(worker.busy, 0);
}

Test(stream, slots_are_used_again_in_any_number)
{
    uint8_t next = 1;
    for (int round = 0; round < 20; round++) {
        int count = round % IN_FLIGHT + 1;
        for (int i = 0; i < count; i++)
            call_at(round);
        cr_assert_null(reply_at(round, next, (size_t)count));
        next = (uint8_t)(next + count);
    }
    cr_assert_eq(worker.measured, 50);
    cr_assert_eq(worker.checker.reordered, 0);
    cr_assert_null(stream.oldest);
    cr_assert_null(stream.newest);
}

/* Both were asked for before any came, but on one stream IDs rise. */
Test(stream, ids_that_fall_on_a_stream_are_out_of_order)
{
    call_at(0);
    call_at(0);
    cr_assert_null(reply_at(1, 7, 1));
    cr_assert_null(reply_at(1, 6, 1));
    cr_assert_eq(worker.checker.reordered, 1);
    cr_assert_eq(bench.ledger.findings[0].id, 6);
    cr_assert_eq(bench.ledger.findings[0].above, 7);
}

Test(stream, replies_in_any_pieces_are_read)
{
    for (size_t piece = 1; piece <= 60; piece++) {
        uint8_t bytes[13 * IN_FLIGHT];
        size_t size = write_replies(bytes, 1, IN_FLIGHT);
        for (int i = 0; i < IN_FLIGHT; i++)
            call_at(0);
        for (size_t at = 0; at < size; at += piece)
            cr_assert_null(ord_stream_receive(&stream, bytes + at, size - at < piece ? size - at : piece));
        cr_assert_eq(worker.measured, piece * IN_FLIGHT, "pieces of %zu", piece);
        cr_assert_eq(worker.failures.count, 0, "pieces of %zu", piece);
        cr_assert_eq(stream.gathered_size, 0);
    }
}

/* As many at once as fit, whole or not. */
Test(stream, requests_go_together)
{
    const struct request *request = &bench.request;
    uint8_t all[IN_FLIGHT * sizeof request->body], buffer[sizeof all];
    for (size_t i = 0; i < IN_FLIGHT; i++)
        memcpy(all + i * request->body_size, request->body, request->body_size);
    for (size_t room = 1; room <= sizeof buffer; room++) {
        size_t used = 0, size;
        for (int i = 0; i < IN_FLIGHT; i++)
            call_at(0);
        while ((size = ord_stream_send(&stream, buffer + used, room)) > 0) {
            cr_assert_leq(size, room);
            used += size;
            cr_assert(size == room || stream.unsent == 0, "a frame takes all that fits");
        }
        cr_assert_eq(used, IN_FLIGHT * request->body_size);
        cr_assert_arr_eq(buffer, all, used);
        cr_assert_null(reply_at(0, 1, IN_FLIGHT));
    }
}

Test(stream, a_reply_that_nobody_asked_for_is_told)
{
    call_at(0);
    cr_assert_str_eq(reply_at(1, 1, 2), "an answer came that nothing was asked for");
    cr_assert_eq(worker.measured, 1);
}

/* The reply is one of two IDs, and the next one is good. */
Test(stream, a_wrong_reply_fails_one_call)
{
    uint8_t bytes[13];
    call_at(0);
    call_at(0);
    write_replies(bytes, 1, 1);
    bytes[10] = 2;
    cr_assert_null(ord_stream_receive(&stream, bytes, sizeof bytes));
    cr_assert_eq(failed("INTERNAL"), 1);
    cr_assert_eq(worker.busy, 1);
    cr_assert_null(reply_at(1, 9, 1));
    cr_assert_eq(worker.measured, 1);
}

Test(stream, a_status_ends_exactly_what_was_under_way)
{
    for (int i = 0; i < IN_FLIGHT; i++)
        call_at(0);
    cr_assert_null(reply_at(1, 1, 1));
    ord_stream_note_status(&stream, (const uint8_t *)"8", 1);
    ord_stream_end(&stream, 0);
    cr_assert_eq(failed("RESOURCE_EXHAUSTED"), IN_FLIGHT - 1);
    cr_assert_eq(worker.failed, IN_FLIGHT - 1);
    cr_assert_eq(worker.measured, 1);
    cr_assert_eq(worker.busy, 0);
    cr_assert_eq(connection.busy, 0);
    cr_assert_eq(stream.number, 0);
    cr_assert_eq(stream.unsent, 0);
}

Test(stream, a_reset_ends_exactly_what_was_under_way)
{
    call_at(0);
    call_at(0);
    cr_assert_null(reply_at(1, 1, 1));
    ord_stream_end(&stream, 2);
    cr_assert_eq(failed("INTERNAL"), 1);
    cr_assert_str_eq(worker.failures.rows[0].messages[0].text, "the stream was reset: INTERNAL_ERROR");
}

/* Its status is good, but the calls have no reply. */
Test(stream, an_end_is_no_reply)
{
    call_at(0);
    call_at(0);
    ord_stream_note_status(&stream, (const uint8_t *)"0", 1);
    ord_stream_end(&stream, 0);
    cr_assert_eq(failed("INTERNAL"), 2);
    cr_assert_str_eq(worker.failures.rows[0].messages[0].text, "the answer has no reply");
}

/* Half of a reply that came before is not the beginning of one that comes on the next stream. */
Test(stream, a_stream_opened_anew_starts_afresh)
{
    uint8_t bytes[13];
    call_at(0);
    write_replies(bytes, 50, 1);
    cr_assert_null(ord_stream_receive(&stream, bytes, 6));
    ord_stream_note_http_status(&stream, (const uint8_t *)"502", 3);
    ord_stream_end(&stream, 0);
    cr_assert_str_eq(worker.failures.rows[0].messages[0].text, "the answer is no gRPC: HTTP status 502");
    ord_stream_open(&stream, 3);
    call_at(1);
    cr_assert_eq(stream.unsent, bench.request.body_size);
    cr_assert_null(reply_at(1, 1, 1));
    cr_assert_eq(worker.measured, 1);
    cr_assert_eq(worker.checker.reordered, 0);
}

/* After 600 ms: the timeout, and half a second for a server that keeps to it. */
Test(stream, given_up_it_ends_late_calls_and_others_apart)
{
    call_at(0);
    call_at(1);
    call_at(200);
    call_at(599);
    worker.now_ns = 601 * MS;
    ord_stream_give_up(&stream);
    cr_assert_eq(failed("DEADLINE_EXCEEDED"), 2);
    cr_assert_eq(failed("CANCELLED"), 2);
    cr_assert_eq(worker.failed, 4);
    cr_assert_eq(worker.busy, 0);
    cr_assert_eq(stream.number, 0);
}
