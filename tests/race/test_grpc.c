/*
 * The gRPC front end with clients in threads of their own, over real connections: unary calls, batches that
 * wait for room, streams that end and streams that are cancelled, watchers of health, and a drain while all of
 * them are at it. No ID comes twice, those of one client rise, and every call ends as it should.
 *
 * A plain main, since Criterion cannot run under ThreadSanitizer.
 */
#include <grpc/grpc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/service.h"
#include "grpc/health/v1/health.pb-c.h"
#include "grpc/server.h"
#include "ordinal/v1/ids.pb-c.h"
#include "rpc.h"
#include "store/memory.h"

enum {
    CALLS = 600, /* of each client, before the server drains; then on until it refuses */
    STREAM_REQUESTS = 20,
    HEALTH_CHANGES = 6,
    DRAIN_MS = 10000,
};

#define PATH "/ordinal.v1.IdService/"
#define STATE(name) GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__SERVING_STATUS__##name

struct run {
    uint64_t first;
    uint32_t count;
};

/* One connection, used by one thread. */
struct client {
    void (*work)(struct client *client);
    pthread_t thread;
    struct rpc_client rpc;
    struct run *runs;
    size_t run_count, run_room;
};

static const char *address;
static atomic_int busy;          /* clients that have not done CALLS yet */
static atomic_int state_seen[3]; /* by watcher: the last state that it was told */
static atomic_bool drained;

static void note_run(struct client *client, uint64_t first, uint32_t count)
{
    if (client->run_count == client->run_room) {
        client->run_room = client->run_room ? 2 * client->run_room : 1024;
        client->runs = realloc(client->runs, client->run_room * sizeof *client->runs);
        expect(client->runs, "memory");
    }
    if (client->run_count > 0) {
        const struct run *last = &client->runs[client->run_count - 1];
        expect(last->first + last->count <= first, "IDs of one client rise");
    }
    client->runs[client->run_count++] = (struct run){first, count};
}

static uint32_t note_runs(struct client *client, size_t count, Ordinal__V1__Run **runs)
{
    uint32_t ids = 0;
    for (size_t i = 0; i < count; i++) {
        note_run(client, (uint64_t)runs[i]->first, runs[i]->count);
        ids += runs[i]->count;
    }
    return ids;
}

/* Counts a call that is done; true while the client shall go on. A call may only be refused once the drain
 * began. */
static bool goes_on(struct client *client, grpc_status_code status, int *calls)
{
    bool is_refused = status == GRPC_STATUS_UNAVAILABLE || status == GRPC_STATUS_CANCELLED;
    if (is_refused && atomic_load(&busy) == 0)
        return false;
    if (status != GRPC_STATUS_OK)
        fail("a call did not succeed, before the drain", client->rpc.last_text);
    if (++*calls == CALLS)
        atomic_fetch_sub(&busy, 1);
    return true;
}

static void get_id(struct client *client)
{
    Ordinal__V1__GetIdRequest request = ORDINAL__V1__GET_ID_REQUEST__INIT;
    grpc_status_code status;
    int calls = 0;
    do {
        Ordinal__V1__GetIdResponse *reply;
        status = rpc_unary(&client->rpc, PATH "GetId", 0, &request.base,
                           &ordinal__v1__get_id_response__descriptor, (void **)&reply);
        if (status == GRPC_STATUS_RESOURCE_EXHAUSTED) /* the batches are ahead of the clock */
            continue;
        expect((status == GRPC_STATUS_OK) == (reply != NULL), "GetId answers, or is refused");
        if (reply) {
            note_run(client, (uint64_t)reply->id, 1);
            ordinal__v1__get_id_response__free_unpacked(reply, NULL);
        }
    } while (status == GRPC_STATUS_RESOURCE_EXHAUSTED || goes_on(client, status, &calls));
}

/* Batches so large that they have to wait for room. */
static void get_batches(struct client *client)
{
    Ordinal__V1__GetIdsRequest request = ORDINAL__V1__GET_IDS_REQUEST__INIT;
    request.count = 3000;
    grpc_status_code status;
    int calls = 0;
    do {
        Ordinal__V1__GetIdsResponse *reply;
        status = rpc_unary(&client->rpc, PATH "GetIds", RPC_LIMIT_S * 1000, &request.base,
                           &ordinal__v1__get_ids_response__descriptor, (void **)&reply);
        if (reply) {
            expect(note_runs(client, reply->n_runs, reply->runs) == request.count, "a batch is whole");
            ordinal__v1__get_ids_response__free_unpacked(reply, NULL);
        }
        expect(reply || status == GRPC_STATUS_UNAVAILABLE || status == GRPC_STATUS_CANCELLED,
               "a batch that may wait is not refused");
    } while (goes_on(client, status, &calls));
}

/* One request and its reply; false when the stream is over. */
static bool exchange(struct client *client, struct rpc_call *call, bool is_first)
{
    Ordinal__V1__StreamIdsRequest request = ORDINAL__V1__STREAM_IDS_REQUEST__INIT;
    request.count = 7;
    request.max_wait_ms = RPC_LIMIT_S * 1000;
    grpc_byte_buffer *message = rpc_pack(&request.base), *reply = NULL;
    grpc_op ops[] = {
        rpc_send_op(message),
        {.op = GRPC_OP_RECV_MESSAGE, .data.recv_message.recv_message = &reply},
        {.op = GRPC_OP_SEND_INITIAL_METADATA},
        {.op = GRPC_OP_RECV_INITIAL_METADATA,
         .data.recv_initial_metadata.recv_initial_metadata = &call->initial},
    };
    rpc_batch(call, ops, is_first ? 4 : 2);
    grpc_byte_buffer_destroy(message);
    if (!reply)
        return false;
    Ordinal__V1__StreamIdsResponse *runs = rpc_unpack(reply, &ordinal__v1__stream_ids_response__descriptor);
    expect(note_runs(client, runs->n_runs, runs->runs) == request.count, "a reply is whole");
    ordinal__v1__stream_ids_response__free_unpacked(runs, NULL);
    return true;
}

/* A stream that ends well, or in every second case by cancelling. */
static grpc_status_code stream(struct client *client, bool cancels)
{
    struct rpc_call call = rpc_open(&client->rpc, PATH "StreamIds", 0);
    bool goes_well = true;
    for (int i = 0; goes_well && i < STREAM_REQUESTS; i++)
        goes_well = exchange(client, &call, i == 0);
    if (goes_well && cancels)
        grpc_call_cancel(call.call, NULL);
    grpc_op ops[] = {rpc_status_op(&call), {.op = GRPC_OP_SEND_CLOSE_FROM_CLIENT}};
    rpc_batch(&call, ops, goes_well && !cancels ? 2 : 1);
    grpc_status_code status = rpc_close(&call);
    if (goes_well && cancels && status == GRPC_STATUS_CANCELLED)
        return GRPC_STATUS_OK;
    expect(status != GRPC_STATUS_OK || (goes_well && !cancels), "a stream ends as it was asked to");
    return status;
}

static void get_streams(struct client *client)
{
    int calls = 0;
    for (int i = 0; goes_on(client, stream(client, i % 2), &calls); i++)
        continue;
}

/* Tells the main thread of each state; ends with the server. */
static void watch(struct client *client, atomic_int *seen)
{
    const ProtobufCMessageDescriptor *type = &grpc__health__v1__health_check_response__descriptor;
    struct rpc_call call = rpc_open(&client->rpc, "/grpc.health.v1.Health/Watch", 0);
    Grpc__Health__V1__HealthCheckRequest request = GRPC__HEALTH__V1__HEALTH_CHECK_REQUEST__INIT;
    Grpc__Health__V1__HealthCheckResponse *state = rpc_listen(&call, &request.base, type);
    for (; state; state = rpc_next(&call, type)) {
        atomic_store(seen, (int)state->status);
        grpc__health__v1__health_check_response__free_unpacked(state, NULL);
    }
    expect(rpc_end(&call) == GRPC_STATUS_UNAVAILABLE, "a watcher is told that the server goes");
    atomic_store(seen, -1);
}

static void watch_first(struct client *client)
{
    watch(client, &state_seen[0]);
}

static void watch_second(struct client *client)
{
    watch(client, &state_seen[1]);
}

static void watch_third(struct client *client)
{
    watch(client, &state_seen[2]);
}

static struct client clients[] = {
    {.work = get_id},      {.work = get_id},      {.work = get_batches},  {.work = get_streams},
    {.work = get_streams}, {.work = watch_first}, {.work = watch_second}, {.work = watch_third},
};

enum {
    CLIENTS = sizeof clients / sizeof *clients,
    WATCHERS = 3,
};

static void *run_client(void *context)
{
    struct client *client = context;
    rpc_connect(&client->rpc, address);
    client->work(client);

    rpc_disconnect(&client->rpc);
    return NULL;
}

static void *keep(void *context)
{
    struct ord_service *service = context;
    struct ord_error error;
    while (!atomic_load(&drained)) {
        expect(ord_service_keep(service, &error) == ORD_OK, "reservations are renewed");
        sched_yield();
    }
    return NULL;
}

static bool all_saw(int state)
{
    for (int i = 0; i < WATCHERS; i++)
        if (atomic_load(&state_seen[i]) != state)
            return false;
    return true;
}

/* Each change reaches each watcher, whatever else goes on. */
static void change_health(struct ord_service *service)
{
    for (int i = 0; i < HEALTH_CHANGES; i++) {
        ord_health_set(ord_service_health(service), i % 2 ? ORD_STARTING : ORD_SERVING);
        while (!all_saw(i % 2 ? STATE(NOT_SERVING) : STATE(SERVING)))
            sched_yield();
    }
}

static int by_first(const void *a, const void *b)
{
    const struct run *x = a, *y = b;
    return x->first < y->first ? -1 : x->first > y->first;
}

static size_t check_unique(void)
{
    size_t count = 0, ids = 0;
    for (int i = 0; i < CLIENTS; i++)
        count += clients[i].run_count;
    struct run *all = malloc(count * sizeof *all), *at = all;
    expect(all, "memory");
    for (int i = 0; i < CLIENTS; i++) {
        if (clients[i].run_count > 0)
            at = mempcpy(at, clients[i].runs, clients[i].run_count * sizeof *all);
        free(clients[i].runs);
    }
    qsort(all, count, sizeof *all, by_first);
    for (size_t i = 0; i < count; i++) {
        expect(i == 0 || all[i - 1].first + all[i - 1].count <= all[i].first, "no ID comes twice");
        ids += all[i].count;
    }
    free(all);
    return ids;
}

static struct ord_service *open_service(void)
{
    static struct ord_memory_store store;
    struct ord_error error;
    struct ord_layout layout;
    struct ord_service *service;
    struct ord_service_options options = {
        .port = ord_memory_store_port(&store), .borrow_us = 10000, .max_wait_us = RPC_LIMIT_S * 1000000};
    if (ord_layout_parse("default", NULL, NULL, &layout, &error) != ORD_OK ||
        ord_place_init(&options.place, &layout, 7, 0, 1, &error) != ORD_OK ||
        ord_service_open(&options, &service, &error) != ORD_OK)
        fail("service", error.text);
    return service;
}

int main(void)
{
    printf("1..1\n");
    grpc_init();
    struct ord_service *service = open_service();
    struct ord_error error;
    struct ord_grpc *grpc;
    struct ord_grpc_options options = {.listen = "127.0.0.1:0", .gathers = true};
    if (ord_grpc_open(service, &options, &grpc, &error) != ORD_OK)
        fail("open", error.text);
    address = ord_grpc_address(grpc);

    struct ord_grpc *twin;
    struct ord_grpc_options same = {.listen = address};
    expect(ord_grpc_open(service, &same, &twin, &error) == ORD_INTERNAL, "a port is not shared");

    pthread_t keeper;
    pthread_create(&keeper, NULL, keep, service);
    atomic_store(&busy, CLIENTS - WATCHERS);
    for (int i = 0; i < CLIENTS; i++)
        pthread_create(&clients[i].thread, NULL, run_client, &clients[i]);
    change_health(service);
    while (atomic_load(&busy) > 0)
        sched_yield();

    ord_health_set(ord_service_health(service), ORD_DRAINING);
    ord_grpc_drain(grpc, DRAIN_MS);
    for (int i = 0; i < CLIENTS; i++)
        pthread_join(clients[i].thread, NULL);
    expect(all_saw(-1), "every watcher ended");
    ord_grpc_close(grpc);
    atomic_store(&drained, true);
    pthread_join(keeper, NULL);
    ord_service_close(service, NULL);
    size_t ids = check_unique();
    grpc_shutdown();
    printf("# %zu IDs\nok 1 - gRPC under concurrency, cancellation and drain\n", ids);
    return 0;
}
