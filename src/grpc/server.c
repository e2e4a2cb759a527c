#include "grpc/server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/log.h"
#include "base/time.h"
#include "gather/gather.h"
#include "grpc/internal.h"
#include "grpc/listener.h"
#include "grpc/tags.h"

#define PATH_MAX_BYTES 128

/* How many events make a burst at most. */
#define BURST_MAX 256

/* Of how many events at least one lets feeds have their turn. */
#define FEEDS_EVERY 32

/* How soon to try again what a connection did not take. */
#define SEND_RETRY_MS 2

/* Idle clients may take seconds to hang up when told to go; once no call is live they get this long. */
#define GOODBYE_MS 100

/* What one caller can cost, and what of the core's is not needed. Left out on purpose: limits on a connection's
 * idle time and age, which cost 8 %, while dead and silent peers are found by pings. */
static const struct {
    const char *key;
    int value;
} arguments[] = {
    {GRPC_ARG_MAX_CONCURRENT_STREAMS, 100},
    {GRPC_ARG_MAX_METADATA_SIZE, 8192},
    /* Our pings find a dead peer with a call within 8 s; without, where they would be most of what an idle
     * connection costs, the listener sees to it. Theirs may come every 10 s. */
    {GRPC_ARG_KEEPALIVE_TIME_MS, 4 * 1000},
    {GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 4 * 1000},
    {GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 0},
    {GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0},
    {GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 10 * 1000},
    {GRPC_ARG_HTTP2_MAX_PING_STRIKES, 2},
    /* Messages are small: nothing to compress, no bandwidth to probe. */
    {GRPC_ARG_ENABLE_PER_MESSAGE_COMPRESSION, 0},
    {GRPC_ARG_HTTP2_BDP_PROBE, 0},
    {GRPC_ARG_ENABLE_CHANNELZ, 0},
    /* 3 % of a call: the core's own checks of message size, which shape.c makes, and of deadlines, at which
     * clients cancel. Requests may come compressed. */
    {GRPC_ARG_MINIMAL_STACK, 1},
    {GRPC_ARG_ENABLE_PER_MESSAGE_DECOMPRESSION, 1},
};

#define ARGUMENTS (sizeof arguments / sizeof *arguments)

/* What all connections together may hold in memory. The core checks the size of a message only when it has all
 * of it, so that without this bound one caller could fill the machine. */
#define MEMORY_MAX (128 << 20)

static enum ord_code answer_unknown(struct ord_call *call, struct ord_bytes request, struct ord_arena *arena,
                                    struct ord_answered *ret, struct ord_error *error)
{
    const grpc_slice *method = &call->details.method;
    return ord_fail(error, ORD_UNIMPLEMENTED, "no method %.*s", (int)GRPC_SLICE_LENGTH(*method),
                    (const char *)GRPC_SLICE_START_PTR(*method));
}

/* For whatever is in no row: the core leaves calls that nobody asks for unanswered. */
static const struct ord_rpc unknown_rpc = {
    .service = "",
    .name = "",
    .shape = ORD_RPC_UNARY,
    .unread = true,
    .outstanding = 1,
    .answer = answer_unknown,
};

const char *ord_grpc_service(const struct ord_grpc *grpc, size_t index)
{
    const char *last = "";
    size_t seen = 0;
    for (size_t i = 0; i + 1 < grpc->entry_count; i++) {
        if (strcmp(last, grpc->entries[i].rpc.service) == 0)
            continue;
        last = grpc->entries[i].rpc.service;
        if (seen++ == index)
            return last;
    }
    return NULL;
}

bool ord_grpc_serves(const struct ord_grpc *grpc, const char *service)
{
    if (*service == '\0')
        return true;
    const char *name;
    for (size_t i = 0; (name = ord_grpc_service(grpc, i)); i++)
        if (strcmp(name, service) == 0)
            return true;
    return false;
}

static void health_changed(void *context)
{
    struct ord_grpc *grpc = context;
    ord_grpc_ask_to(grpc, &grpc->wants_poke);
}

static void shut_down(struct ord_event *event, bool ok)
{
    ORD_OWNER(event, struct ord_grpc, shutdown)->stopped = true;
}

static void tell(struct ord_grpc *grpc, bool *fact)
{
    pthread_mutex_lock(&grpc->lock);
    *fact = true;
    pthread_cond_broadcast(&grpc->changed);
    pthread_mutex_unlock(&grpc->lock);
}

static gpr_timespec soon(void)
{
    return gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC), gpr_time_from_millis(SEND_RETRY_MS, GPR_TIMESPAN));
}

/* The next event, or none by the time that a held answer is due. What one burst of events made is sent before
 * the thread waits: here, since it may wait in a lock of the core's while another thread polls for it. */
static grpc_event next_event(struct ord_grpc *grpc)
{
    bool is_left = false;
    if (ord_gather_keeps() || grpc->has_ready || !TAILQ_EMPTY(&grpc->bursts)) {
        grpc_event event = grpc_completion_queue_next(grpc->queue, gpr_time_0(GPR_CLOCK_MONOTONIC), NULL);
        if (event.type != GRPC_QUEUE_TIMEOUT && ++grpc->burst < BURST_MAX)
            return event;
        grpc->burst = 0;
        ord_bursts_end(grpc);
        is_left = ord_gather_flush();
        if (event.type != GRPC_QUEUE_TIMEOUT || grpc->has_ready)
            return event;
    }
    gpr_timespec deadline = ord_holds_next(grpc);
    if (is_left)
        deadline = gpr_time_min(deadline, soon());
    return grpc_completion_queue_next(grpc->queue, deadline, NULL);
}

/* Feeds have their turn when nothing else comes, and at the latest after so many events. */
static void serve_feeds(struct ord_grpc *grpc, bool is_idle)
{
    grpc->since_feeds++;
    if (!grpc->has_ready || (!is_idle && grpc->since_feeds < FEEDS_EVERY))
        return;
    grpc->since_feeds = 0;
    ord_feeds_serve(grpc);
}

/* Serves until the core has shut down and given every call back. */
static void *run(void *context)
{
    struct ord_grpc *grpc = context;
    if (grpc->gathers)
        ord_gather_begin(0);
    while (!grpc->stopped || grpc->calls > 0) {
        if (grpc->draining && grpc->calls == 0)
            tell(grpc, &grpc->quiet);
        grpc_event event = next_event(grpc);
        if (event.type == GRPC_OP_COMPLETE) {
            struct ord_event *tag = event.tag;
            ord_tag_take(tag);
            tag->done(tag, event.success);
        }
        ord_holds_release(grpc);
        serve_feeds(grpc, event.type == GRPC_QUEUE_TIMEOUT);
    }
    ord_gather_end();
    tell(grpc, &grpc->quiet);
    tell(grpc, &grpc->finished);
    return NULL;
}

static grpc_server *create_core(void)
{
    grpc_resource_quota *quota = grpc_resource_quota_create("ordinal");
    grpc_resource_quota_resize(quota, MEMORY_MAX);
    grpc_arg list[ARGUMENTS + 1];
    for (size_t i = 0; i < ARGUMENTS; i++)
        list[i] = (grpc_arg){
            .type = GRPC_ARG_INTEGER, .key = (char *)arguments[i].key, .value.integer = arguments[i].value};
    list[ARGUMENTS] = (grpc_arg){.type = GRPC_ARG_POINTER,
                                 .key = (char *)GRPC_ARG_RESOURCE_QUOTA,
                                 .value.pointer = {quota, grpc_resource_quota_arg_vtable()}};
    grpc_channel_args args = {.num_args = ARGUMENTS + 1, .args = list};
    grpc_server *core = grpc_server_create(&args, NULL);
    grpc_resource_quota_unref(quota);
    return core;
}

static void add_entry(struct ord_grpc *grpc, struct ord_rpc rpc)
{
    if (rpc.request_max == 0)
        rpc.request_max = ORD_REQUEST_MAX;
    grpc->entries[grpc->entry_count++] = (struct ord_entry){.rpc = rpc, .grpc = grpc};
}

static enum ord_code make_entries(struct ord_grpc *grpc, struct ord_error *error)
{
    size_t count = ord_method_count + ord_health_rpc_count + ord_reflection_rpc_count + 1;
    grpc->entries = calloc(count, sizeof *grpc->entries);
    if (!grpc->entries)
        return ord_fail(error, ORD_INTERNAL, "no memory");
    for (size_t i = 0; i < ord_method_count; i++)
        add_entry(grpc, ord_rpc_of_method(&ord_methods[i]));
    for (size_t i = 0; i < ord_health_rpc_count; i++)
        add_entry(grpc, ord_health_rpcs[i]);
    for (size_t i = 0; i < ord_reflection_rpc_count; i++)
        add_entry(grpc, ord_reflection_rpcs[i]);
    add_entry(grpc, unknown_rpc);
    return ORD_OK;
}

static enum ord_code register_entries(struct ord_grpc *grpc, struct ord_error *error)
{
    for (size_t i = 0; i + 1 < grpc->entry_count; i++) {
        struct ord_entry *entry = &grpc->entries[i];
        bool reads_first = ord_rpc_reads_first(&entry->rpc);
        char path[PATH_MAX_BYTES];
        snprintf(path, sizeof path, "/%s/%s", entry->rpc.service, entry->rpc.name);
        entry->handle = grpc_server_register_method(
            grpc->core, path, NULL,
            reads_first ? GRPC_SRM_PAYLOAD_READ_INITIAL_BYTE_BUFFER : GRPC_SRM_PAYLOAD_NONE, 0);
        if (!entry->handle)
            return ord_fail(error, ORD_INTERNAL, "gRPC core: method %s was refused", path);
    }
    return ORD_OK;
}

static void start_core(struct ord_grpc *grpc)
{
    grpc_server_start(grpc->core);
    grpc->shutdown.done = shut_down;
    ord_grpc_wake_open(grpc);
    for (size_t i = 0; i < grpc->entry_count; i++)
        ord_entry_refill(&grpc->entries[i]);
}

static struct ord_grpc *new_grpc(struct ord_service *service)
{
    struct ord_grpc *grpc = calloc(1, sizeof *grpc);
    if (!grpc)
        return NULL;
    grpc->service = service;
    TAILQ_INIT(&grpc->held);
    TAILQ_INIT(&grpc->streams);
    TAILQ_INIT(&grpc->bursts);
    STAILQ_INIT(&grpc->answered);
    TAILQ_INIT(&grpc->ready);
    pthread_condattr_t clock;
    pthread_condattr_init(&clock);
    pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
    pthread_cond_init(&grpc->changed, &clock);
    pthread_condattr_destroy(&clock);
    pthread_mutex_init(&grpc->lock, NULL);
    return grpc;
}

enum ord_code ord_grpc_open(struct ord_service *service, const struct ord_grpc_options *options,
                            struct ord_grpc **ret_grpc, struct ord_error *error)
{
    struct ord_grpc *grpc = new_grpc(service);
    if (!grpc)
        return ord_fail(error, ORD_INTERNAL, "no memory");
    grpc->gathers = options->gathers;
    ord_grpc_log_setup();
    ord_grpc_lean();
    grpc_init();
    enum ord_code code = ord_listener_open(options->listen, options->max_connections, &grpc->listener, error);
    if (code == ORD_OK)
        code = make_entries(grpc, error);
    if (code != ORD_OK)
        goto fail;

    grpc->queue = grpc_completion_queue_create_for_next(NULL);
    grpc->core = create_core();
    grpc_server_register_completion_queue(grpc->core, grpc->queue, NULL);
    code = register_entries(grpc, error);
    start_core(grpc);
    if (code != ORD_OK)
        goto fail;

    int problem = pthread_create(&grpc->thread, NULL, run, grpc);
    if (problem != 0) {
        code = ord_fail_errno(error, problem, "gRPC thread");
        goto fail;
    }
    grpc->has_thread = true;
    code = ord_listener_start(grpc->listener, grpc->core, error);
    if (code != ORD_OK)
        goto fail;
    ord_health_listen(ord_service_health(service), health_changed, grpc);
    *ret_grpc = grpc;
    return ORD_OK;

fail:
    ord_grpc_close(grpc);
    return code;
}

const char *ord_grpc_address(const struct ord_grpc *grpc)
{
    return ord_listener_address(grpc->listener);
}

/* Waits until a fact that the queue's thread tells is true; false when the limit is over first. */
static bool wait_for(struct ord_grpc *grpc, const bool *fact, uint32_t limit_ms)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += limit_ms / 1000;
    until.tv_nsec += (long)(limit_ms % 1000) * 1000000;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;

    pthread_mutex_lock(&grpc->lock);
    while (!*fact && pthread_cond_timedwait(&grpc->changed, &grpc->lock, &until) == 0)
        continue;
    bool is_true = *fact;
    pthread_mutex_unlock(&grpc->lock);
    return is_true;
}

void ord_grpc_drain(struct ord_grpc *grpc, uint32_t limit_ms)
{
    if (grpc->drained)
        return;
    grpc->drained = true;
    ord_listener_stop(grpc->listener);
    ord_grpc_ask_to(grpc, &grpc->wants_drain);
    if (!grpc->has_thread) {
        ord_grpc_ask_to(grpc, &grpc->wants_cancel);
        run(grpc);
        return;
    }
    if (!wait_for(grpc, &grpc->quiet, limit_ms) && limit_ms > 0)
        ord_log(ORD_LOG_WARN, "the time to drain is over, closing what is open", "protocol", "grpc", NULL);
    else
        wait_for(grpc, &grpc->finished, GOODBYE_MS);
    ord_grpc_ask_to(grpc, &grpc->wants_cancel);
    pthread_join(grpc->thread, NULL);
}

static void close_core(struct ord_grpc *grpc)
{
    ord_grpc_drain(grpc, 0);
    grpc_server_destroy(grpc->core);
    ord_grpc_wake_close(grpc);
    grpc_completion_queue_shutdown(grpc->queue);
    while (grpc_completion_queue_next(grpc->queue, gpr_inf_future(GPR_CLOCK_MONOTONIC), NULL).type !=
           GRPC_QUEUE_SHUTDOWN)
        continue;
    grpc_completion_queue_destroy(grpc->queue);
}

struct ord_grpc *ord_grpc_close(struct ord_grpc *grpc)
{
    if (!grpc)
        return NULL;
    if (grpc->core)
        close_core(grpc);
    ord_listener_close(grpc->listener);
    ord_calls_free(grpc);
    free(grpc->entries);
    grpc_shutdown();
    pthread_cond_destroy(&grpc->changed);
    pthread_mutex_destroy(&grpc->lock);
    free(grpc);
    return NULL;
}
