#include "cli/get.h"

#include <criterion/criterion.h>
#include <ordinal/v1/ids.pb-c.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* A server that answers as it is told: `refuse` says what to fail with before each answer. */
struct server {
    int64_t next;
    uint32_t largest; /* more than this at once is out of range; 0: no bound */
    uint32_t run;     /* how many IDs to a run */
    int64_t step;
    int lie;      /* how many IDs more than asked for */
    int refusals; /* how often to be out of capacity before giving anything */
    uint32_t retry_after_ms;
    int calls;
    uint32_t tag;
    uint32_t counts[64]; /* what was asked for */
};

static Ordinal__V1__GetIdsResponse *reply_of(struct server *server, uint32_t count)
{
    static Ordinal__V1__GetIdsResponse reply;
    static Ordinal__V1__Run runs[1000], *pointers[1000];
    reply = (Ordinal__V1__GetIdsResponse)ORDINAL__V1__GET_IDS_RESPONSE__INIT;
    reply.runs = pointers;
    while (count > 0) {
        Ordinal__V1__Run *run = &runs[reply.n_runs];
        *run = (Ordinal__V1__Run)ORDINAL__V1__RUN__INIT;
        run->first = server->next;
        run->step = server->step;
        run->count = count < server->run ? count : server->run;
        count -= run->count;
        server->next += run->count * server->step + 100;
        pointers[reply.n_runs++] = run;
    }
    return &reply;
}

static enum ord_code serve(void *context, const struct ord_method *method, const ProtobufCMessage *request,
                           struct ord_arena *arena, ProtobufCMessage **ret_reply, struct ord_error *error)
{
    struct server *server = context;
    const Ordinal__V1__GetIdsRequest *asked = (const Ordinal__V1__GetIdsRequest *)request;
    cr_assert_str_eq(method->name, "GetIds");
    server->counts[server->calls++] = asked->count;
    server->tag = asked->tag;
    if (server->largest && asked->count > server->largest)
        return ord_fail(error, ORD_OUT_OF_RANGE, "count");
    if (server->refusals-- > 0)
        return ord_fail_retry(error, ORD_CAPACITY, server->retry_after_ms, "full");
    *ret_reply = &reply_of(server, asked->count + (uint32_t)server->lie)->base;
    return ORD_OK;
}

static struct ord_output output;
static struct ord_error error;

static struct server new_server(void)
{
    return (struct server){.next = 1, .run = 10, .step = 1};
}

/* What `get` wrote; the caller frees it. */
static char *written(struct server *server, struct ord_get get, enum ord_code expected)
{
    struct ord_transport transport = {.context = server, .call = serve};
    struct ord_progress progress;
    int file = memfd_create("output", 0);
    ord_output_init(&output, file);
    ord_progress_start(&progress, -1, get.count);
    get.transport = &transport;
    get.output = &output;
    get.progress = &progress;
    enum ord_code code = ord_get_run(&get, &error);
    cr_assert_eq(code, expected, "%s: %s", ord_code_info(code)->name, code ? error.text : "");
    ord_output_flush(&output);
    char *text = calloc(1, 1 << 20);
    cr_assert_geq(pread(file, text, (1 << 20) - 1, 0), 0);
    close(file);
    return text;
}

Test(get, one_id)
{
    struct server server = new_server();
    server.next = 42;
    cr_assert_str_eq(written(&server, (struct ord_get){.count = 1, .batch = 100}, ORD_OK), "42\n");
    cr_assert_eq(server.counts[0], 1);
}

Test(get, runs_are_expanded_by_their_steps)
{
    struct server server = new_server();
    server.run = 2;
    server.step = 8;
    cr_assert_str_eq(written(&server, (struct ord_get){.count = 5, .batch = 100, .tag = 7}, ORD_OK),
                     "1\n9\n117\n125\n233\n");
    cr_assert_eq(server.tag, 7);
}

Test(get, batches_add_up_to_the_count)
{
    struct server server = new_server();
    char *text = written(&server, (struct ord_get){.count = 25, .batch = 10}, ORD_OK);
    int lines = 0;
    for (char *at = text; (at = strchr(at, '\n')); at++)
        lines++;
    cr_assert_eq(lines, 25);
    cr_assert_eq(server.calls, 3);
    cr_assert_eq(server.counts[2], 5);
}

Test(get, json_is_one_document_over_all_batches)
{
    struct server server = new_server();
    struct ord_get get = {.count = 3, .batch = 2, .is_json = true};
    cr_assert_str_eq(written(&server, get, ORD_OK), "{\"ids\":[\"1\",\"2\",\"103\"]}\n");
}

Test(get, other_text_forms)
{
    struct server server = new_server();
    struct ord_get get = {.count = 2, .batch = 2, .format = ORD_HEX};
    cr_assert_str_eq(written(&server, get, ORD_OK), "0000000000000001\n0000000000000002\n");
}

Test(get, asks_for_less_when_the_layout_cannot_give_a_whole_batch)
{
    struct server server = new_server();
    server.largest = 300;
    server.run = 300;
    written(&server, (struct ord_get){.count = 1000, .batch = 1000}, ORD_OK);
    cr_assert_eq(server.calls, 2 + 4);
    cr_assert_eq(server.counts[2], 250);
}

Test(get, gives_up_when_even_small_batches_are_out_of_range)
{
    struct server server = new_server();
    server.largest = 0;
    server.largest = 1;
    cr_assert_str_eq(written(&server, (struct ord_get){.count = 100, .batch = 100}, ORD_OUT_OF_RANGE), "");
    cr_assert_eq(server.calls, 1);
}

Test(get, waits_for_capacity_as_long_as_its_patience_lasts)
{
    struct server server = new_server();
    server.refusals = 3;
    server.retry_after_ms = 1;
    cr_assert_str_eq(written(&server, (struct ord_get){.count = 1, .batch = 1, .patience_ms = 60000}, ORD_OK),
                     "1\n");
    cr_assert_eq(server.calls, 4);

    server = new_server();
    server.refusals = 1;
    server.retry_after_ms = 60001;
    written(&server, (struct ord_get){.count = 1, .batch = 1, .patience_ms = 60000}, ORD_CAPACITY);
    cr_assert_eq(error.retry_after_ms, 60001);

    server = new_server();
    server.refusals = 1; /* without a hint there is nothing to wait for */
    written(&server, (struct ord_get){.count = 1, .batch = 1, .patience_ms = 60000}, ORD_CAPACITY);
    cr_assert_eq(server.calls, 1);
}

Test(get, an_answer_that_makes_no_sense_is_not_written)
{
    struct server server = new_server();
    server.lie = 1;
    cr_assert_str_eq(written(&server, (struct ord_get){.count = 2, .batch = 9}, ORD_INTERNAL), "");
    server = new_server();
    server.lie = -1;
    cr_assert_str_eq(written(&server, (struct ord_get){.count = 2, .batch = 9}, ORD_INTERNAL), "");
    server = new_server();
    server.next = -1;
    cr_assert_str_eq(written(&server, (struct ord_get){.count = 2, .batch = 9}, ORD_INTERNAL), "");
    server = new_server();
    server.step = 0;
    cr_assert_str_eq(written(&server, (struct ord_get){.count = 2, .batch = 9}, ORD_INTERNAL), "");
    server = new_server();
    server.next = INT64_MAX;
    cr_assert_str_eq(written(&server, (struct ord_get){.count = 2, .batch = 9}, ORD_INTERNAL), "");
    server = new_server();
    server.step = INT64_MAX / 2;
    cr_assert_str_eq(written(&server, (struct ord_get){.count = 4, .batch = 9}, ORD_INTERNAL), "");
}

Test(get, stops_when_nobody_reads)
{
    struct server server = new_server();
    struct ord_transport transport = {.context = &server, .call = serve};
    struct ord_progress progress;
    ord_output_init(&output, -1);
    ord_output_text(&output, "x");
    ord_output_flush(&output); /* fails: there is no such descriptor */
    ord_progress_start(&progress, -1, 10);
    struct ord_get get = {
        .transport = &transport, .output = &output, .progress = &progress, .count = 10, .batch = 1};
    cr_assert_eq(ord_get_run(&get, &error), ORD_OK);
    cr_assert_eq(server.calls, 0);
}
