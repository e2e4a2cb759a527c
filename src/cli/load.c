#include "cli/load.h"

#include <ordinal/v1/ids.pb-c.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/time.h"
#include "cli/transport.h"
#include "wire/json.h"

#define TIMEOUT_MS 5000
#define PAUSE_NS 2000000L

/* Batches of up to 2^LARGEST_BITS IDs: some runs get far ahead of the clock. */
#define LARGEST_BITS 18

/* The fields of an ID in the default layout, as node 0. */
#define SEQUENCE_BITS 12
#define NODE_BITS 10

struct caller {
    pthread_t thread;
    struct ord_transport transport;
    struct ord_record record;
    const atomic_bool *stop;
    unsigned seed;
    int64_t failed_ns;        /* when the last call got no answer */
    struct ord_error failure; /* what ended the calls; code ORD_OK: nothing did */
};

struct ord_load {
    atomic_bool stop;
    size_t started;
    struct caller callers[ORD_LOAD_CALLERS];
};

/* The slots of a run, which lies in one tick. */
static enum ord_code read_run(const Ordinal__V1__Run *run, struct ord_span *ret_span, struct ord_error *error)
{
    uint64_t first = (uint64_t)run->first, sequence = first & ((1U << SEQUENCE_BITS) - 1);
    uint64_t node = first >> SEQUENCE_BITS & ((1U << NODE_BITS) - 1);
    if (run->first < 0 || node != 0 || run->count < 1 || sequence + run->count > 1U << SEQUENCE_BITS)
        return ord_fail(error, ORD_INTERNAL, "the answer makes no sense: a run of %u from %lld", run->count,
                        (long long)run->first);
    uint64_t slot = first >> (SEQUENCE_BITS + NODE_BITS) << SEQUENCE_BITS | sequence;
    *ret_span = (struct ord_span){slot, slot + run->count - 1};
    return ORD_OK;
}

static enum ord_code keep(struct ord_record *record, const Ordinal__V1__GetIdsResponse *reply, uint32_t count,
                          int64_t began_ns, int64_t ended_ns, struct ord_error *error)
{
    uint64_t came = 0;
    for (size_t i = 0; i < reply->n_runs; i++) {
        struct ord_span span;
        if (read_run(reply->runs[i], &span, error) != ORD_OK)
            return error->code;
        if (!ord_record_span(record, span))
            return ord_fail(error, ORD_INTERNAL, "no memory");
        came += reply->runs[i]->count;
    }
    if (came != count)
        return ord_fail(error, ORD_INTERNAL, "the answer makes no sense: %llu IDs came, %u were asked for",
                        (unsigned long long)came, count);
    if (!ord_record_call(record, began_ns, ended_ns))
        return ord_fail(error, ORD_INTERNAL, "no memory");
    return ORD_OK;
}

static enum ord_code call(struct caller *caller, uint32_t count, struct ord_arena *arena,
                          struct ord_error *error)
{
    const struct ord_method *method = ord_method_by_name("GetIds");
    ProtobufCMessage *request = ord_message_new(method->request, arena), *reply;
    if (!request)
        return ord_fail(error, ORD_INTERNAL, "no memory");
    ((Ordinal__V1__GetIdsRequest *)request)->count = count;

    int64_t began_ns = ord_boot_ns();
    enum ord_code code =
        caller->transport.call(caller->transport.context, method, request, arena, &reply, error);
    if (code != ORD_OK) {
        caller->failed_ns = ord_boot_ns();
        return code;
    }
    return keep(&caller->record, (const Ordinal__V1__GetIdsResponse *)reply, count, began_ns, ord_boot_ns(),
                error);
}

static void *call_on(void *context)
{
    struct caller *caller = context;
    while (!atomic_load(caller->stop) && caller->failure.code == ORD_OK) {
        char buffer[4096];
        struct ord_arena arena;
        ord_arena_init(&arena, buffer, sizeof buffer);
        uint32_t count = 1 + (uint32_t)rand_r(&caller->seed) % (2U << rand_r(&caller->seed) % LARGEST_BITS);
        struct ord_error error;
        enum ord_code code = call(caller, count, &arena, &error);
        ord_arena_finish(&arena);
        if (code == ORD_CAPACITY)
            nanosleep(&(struct timespec){.tv_nsec = PAUSE_NS}, NULL);
        else if (code != ORD_OK)
            caller->failure = error;
    }
    return NULL;
}

/* The last caller speaks REST, the others gRPC. */
static enum ord_code open_transport(struct caller *caller, size_t index, const char *grpc, const char *http,
                                    struct ord_error *error)
{
    if (index + 1 < ORD_LOAD_CALLERS)
        return ord_grpc_transport_open(grpc, TIMEOUT_MS, &caller->transport, error);
    char url[96];
    snprintf(url, sizeof url, "http://%s", http);
    return ord_http_transport_open(url, TIMEOUT_MS, &caller->transport, error);
}

static enum ord_code start_caller(struct ord_load *load, size_t index, const char *grpc, const char *http,
                                  struct ord_error *error)
{
    struct caller *caller = &load->callers[index];
    caller->stop = &load->stop;
    caller->seed = (unsigned)ord_boot_ns() + (unsigned)index;
    enum ord_code code = open_transport(caller, index, grpc, http, error);
    if (code != ORD_OK)
        return code;
    int errnum = pthread_create(&caller->thread, NULL, call_on, caller);
    if (errnum != 0) {
        ord_transport_close(&caller->transport);
        return ord_fail_errno(error, errnum, "start caller");
    }
    return ORD_OK;
}

/* Waits for the callers and closes their transports. */
static void join(struct ord_load *load)
{
    atomic_store(&load->stop, true);
    for (size_t i = 0; i < load->started; i++) {
        pthread_join(load->callers[i].thread, NULL);
        ord_transport_close(&load->callers[i].transport);
    }
}

static void destroy(struct ord_load *load)
{
    for (size_t i = 0; i < load->started; i++)
        ord_record_finish(&load->callers[i].record);
    free(load);
}

enum ord_code ord_load_start(const char *grpc, const char *http, struct ord_load **ret_load,
                             struct ord_error *error)
{
    struct ord_load *load = calloc(1, sizeof *load);
    if (!load)
        return ord_fail(error, ORD_INTERNAL, "no memory");
    for (; load->started < ORD_LOAD_CALLERS; load->started++) {
        if (start_caller(load, load->started, grpc, http, error) != ORD_OK) {
            join(load);
            destroy(load);
            return error->code;
        }
    }
    *ret_load = load;
    return ORD_OK;
}

enum ord_code ord_load_finish(struct ord_load *load, int64_t killed_ns, struct ord_tally *tally,
                              struct ord_error *error)
{
    join(load);
    struct ord_record records[ORD_LOAD_CALLERS];
    enum ord_code code = ORD_OK;
    for (size_t i = 0; i < ORD_LOAD_CALLERS; i++) {
        const struct caller *caller = &load->callers[i];
        records[i] = caller->record;
        if (caller->failure.code != ORD_OK && caller->failed_ns < killed_ns)
            code = ord_fail(error, ORD_INTERNAL, "a call failed before the kill: %.400s", caller->failure.text);
    }
    if (code == ORD_OK && !ord_tally_add(tally, records, ORD_LOAD_CALLERS))
        code = ord_fail(error, ORD_INTERNAL, "no memory");
    destroy(load);
    return code;
}
