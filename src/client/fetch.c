#include "client/fetch.h"

#include <grpc/byte_buffer_reader.h>
#include <grpc/grpc.h>
#include <grpc/grpc_security.h>
#include <grpc/support/alloc.h>
#include <ordinal/v1/ids.pb-c.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "wire/failure.h"
#include "wire/message.h"

#define METHOD "/ordinal.v1.IdService/GetIds"
#define SCHEME "dns:///"
#define AWAIT_SLICE_MS 50   /* who cancels waits so long at most */
#define REPLY_MAX (1 << 20) /* runs that can be kept take a twentieth of it */

struct ord_fetch {
    grpc_channel *channel;
    grpc_completion_queue *queue;
    struct ord_arena arena; /* the answer's */
    bool is_told;           /* the connection that stands was told of by ord_fetch_await */
    pthread_mutex_t lock;   /* holds both below */
    grpc_call *call;        /* the one under way */
    bool cancelled;
    char room[4096]; /* where the arena starts */
    char target[];   /* SCHEME and the address */
};

/* What one call sends and gets. The call owns what its metadata point to, so it lives as long. */
struct exchange {
    grpc_call *call;
    grpc_byte_buffer *sent, *received;
    grpc_metadata_array initial, trailing;
    grpc_status_code status;
    grpc_slice message;
};

static const struct {
    const char *key;
    int value;
} arguments[] = {
    {GRPC_ARG_MAX_RECEIVE_MESSAGE_LENGTH, REPLY_MAX},
    {GRPC_ARG_ENABLE_HTTP_PROXY, 0},
    {GRPC_ARG_ENABLE_RETRIES, 0}, /* the filler knows when to ask again */
    {GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 50},
    {GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 1000},
    {GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 2000},
    /* A server that is gone without a word is found by a ping, while an answer is awaited. */
    {GRPC_ARG_KEEPALIVE_TIME_MS, 15 * 1000},
    {GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 5 * 1000},
    {GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 0},
    /* Answers are small: no bandwidth to probe, so that an idle connection is silent. */
    {GRPC_ARG_HTTP2_BDP_PROBE, 0},
    {GRPC_ARG_ENABLE_CHANNELZ, 0},
    /* Clients of one process that are meant to be apart are apart. */
    {GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1},
};

#define ARGUMENTS (sizeof arguments / sizeof *arguments)

static grpc_channel *channel_to(const char *target)
{
    grpc_arg list[ARGUMENTS + 1];
    for (size_t i = 0; i < ARGUMENTS; i++)
        list[i] = (grpc_arg){
            .type = GRPC_ARG_INTEGER, .key = (char *)arguments[i].key, .value.integer = arguments[i].value};
    list[ARGUMENTS] = (grpc_arg){.type = GRPC_ARG_STRING,
                                 .key = (char *)GRPC_ARG_PRIMARY_USER_AGENT_STRING,
                                 .value.string = (char *)"libordinal/" ORDINAL_VERSION};
    grpc_channel_args all = {.num_args = ARGUMENTS + 1, .args = list};
    grpc_channel_credentials *credentials = grpc_insecure_credentials_create();
    grpc_channel *channel = grpc_channel_create(target, credentials, &all);
    grpc_channel_credentials_release(credentials);
    return channel;
}

static const char *address_of(const struct ord_fetch *fetch)
{
    return fetch->target + strlen(SCHEME);
}

struct ord_fetch *ord_fetch_open(const char *target)
{
    size_t length = strlen(SCHEME) + strlen(target) + 1;
    struct ord_fetch *fetch = calloc(1, sizeof *fetch + length);
    if (!fetch)
        return NULL;
    snprintf(fetch->target, length, SCHEME "%s", target);
    pthread_mutex_init(&fetch->lock, NULL);
    ord_arena_init(&fetch->arena, fetch->room, sizeof fetch->room);
    grpc_init();
    fetch->queue = grpc_completion_queue_create_for_next(NULL);
    fetch->channel = channel_to(fetch->target);
    return fetch;
}

struct ord_fetch *ord_fetch_close(struct ord_fetch *fetch)
{
    if (!fetch)
        return NULL;
    grpc_channel_destroy(fetch->channel);
    grpc_completion_queue_shutdown(fetch->queue);
    while (grpc_completion_queue_next(fetch->queue, gpr_inf_future(GPR_CLOCK_MONOTONIC), NULL).type !=
           GRPC_QUEUE_SHUTDOWN)
        continue;
    grpc_completion_queue_destroy(fetch->queue);
    grpc_shutdown();
    ord_arena_finish(&fetch->arena);
    pthread_mutex_destroy(&fetch->lock);
    free(fetch);
    return NULL;
}

void ord_fetch_cancel(struct ord_fetch *fetch)
{
    pthread_mutex_lock(&fetch->lock);
    fetch->cancelled = true;
    if (fetch->call)
        grpc_call_cancel(fetch->call, NULL);
    pthread_mutex_unlock(&fetch->lock);
}

static bool is_cancelled(struct ord_fetch *fetch)
{
    pthread_mutex_lock(&fetch->lock);
    bool cancelled = fetch->cancelled;
    pthread_mutex_unlock(&fetch->lock);
    return cancelled;
}

static gpr_timespec in_ms(uint32_t duration_ms)
{
    return gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC), gpr_time_from_millis(duration_ms, GPR_TIMESPAN));
}

bool ord_fetch_await(struct ord_fetch *fetch, uint32_t timeout_ms)
{
    gpr_timespec until = in_ms(timeout_ms);
    while (gpr_time_cmp(gpr_now(GPR_CLOCK_MONOTONIC), until) < 0 && !is_cancelled(fetch)) {
        grpc_connectivity_state state = grpc_channel_check_connectivity_state(fetch->channel, 1);
        bool is_new = state == GRPC_CHANNEL_READY && !fetch->is_told;
        fetch->is_told = state == GRPC_CHANNEL_READY;
        if (is_new)
            return true;
        grpc_channel_watch_connectivity_state(fetch->channel, state, gpr_time_min(in_ms(AWAIT_SLICE_MS), until),
                                              fetch->queue, fetch);
        grpc_completion_queue_next(fetch->queue, gpr_inf_future(GPR_CLOCK_MONOTONIC), NULL);
    }
    return false;
}

static grpc_byte_buffer *request_of(uint32_t count, uint32_t tag)
{
    Ordinal__V1__GetIdsRequest request = ORDINAL__V1__GET_IDS_REQUEST__INIT;
    request.count = count;
    request.tag = tag;
    grpc_slice slice = grpc_slice_malloc(ordinal__v1__get_ids_request__get_packed_size(&request));
    ordinal__v1__get_ids_request__pack(&request, GRPC_SLICE_START_PTR(slice));
    grpc_byte_buffer *buffer = grpc_raw_byte_buffer_create(&slice, 1);
    grpc_slice_unref(slice);
    return buffer;
}

/* Shows the call to those who cancel. False if they were faster. */
static bool show(struct ord_fetch *fetch, grpc_call *call)
{
    pthread_mutex_lock(&fetch->lock);
    bool goes_on = !fetch->cancelled;
    fetch->call = call;
    pthread_mutex_unlock(&fetch->lock);
    return goes_on;
}

/* One batch carries the whole call; the deadline ends it, whatever happens. */
static void run(struct ord_fetch *fetch, struct exchange *exchange, uint32_t timeout_ms)
{
    gpr_timespec deadline = in_ms(timeout_ms);
    exchange->call = grpc_channel_create_call(fetch->channel, NULL, GRPC_PROPAGATE_DEFAULTS, fetch->queue,
                                              grpc_slice_from_static_string(METHOD), NULL, deadline, NULL);
    const grpc_op ops[] = {
        {.op = GRPC_OP_SEND_INITIAL_METADATA},
        {.op = GRPC_OP_SEND_MESSAGE, .data.send_message.send_message = exchange->sent},
        {.op = GRPC_OP_SEND_CLOSE_FROM_CLIENT},
        {.op = GRPC_OP_RECV_INITIAL_METADATA, .data.recv_initial_metadata = {&exchange->initial}},
        {.op = GRPC_OP_RECV_MESSAGE, .data.recv_message = {&exchange->received}},
        {.op = GRPC_OP_RECV_STATUS_ON_CLIENT,
         .data.recv_status_on_client = {&exchange->trailing, &exchange->status, &exchange->message, NULL}},
    };
    exchange->status = GRPC_STATUS_CANCELLED;
    if (show(fetch, exchange->call)) {
        if (grpc_call_start_batch(exchange->call, ops, sizeof ops / sizeof *ops, exchange, NULL) ==
            GRPC_CALL_OK)
            grpc_completion_queue_next(fetch->queue, gpr_inf_future(GPR_CLOCK_MONOTONIC), NULL);
        else
            exchange->status = GRPC_STATUS_INTERNAL;
    }
    show(fetch, NULL);
}

static void exchange_finish(struct exchange *exchange)
{
    grpc_byte_buffer_destroy(exchange->sent);
    if (exchange->received)
        grpc_byte_buffer_destroy(exchange->received);
    grpc_metadata_array_destroy(&exchange->initial);
    grpc_metadata_array_destroy(&exchange->trailing);
    grpc_slice_unref(exchange->message);
    grpc_call_unref(exchange->call);
}

static const grpc_slice *details_of(const struct exchange *exchange)
{
    for (size_t i = 0; i < exchange->trailing.count; i++)
        if (grpc_slice_str_cmp(exchange->trailing.metadata[i].key, "grpc-status-details-bin") == 0)
            return &exchange->trailing.metadata[i].value;
    return NULL;
}

/* Without details, these are words of the library and not of our server. */
static enum ord_code failed(const struct ord_fetch *fetch, const struct exchange *exchange, uint32_t timeout_ms,
                            bool *ret_reached, struct ord_error *error)
{
    const grpc_slice *details = details_of(exchange);
    *ret_reached = details;
    if (!details && exchange->status == GRPC_STATUS_DEADLINE_EXCEEDED)
        return ord_failure_timeout(address_of(fetch), timeout_ms, error);

    char *message = grpc_slice_to_c_string(exchange->message);
    enum ord_code code;
    if (!details && exchange->status == GRPC_STATUS_UNAVAILABLE)
        code = ord_failure_unreachable(address_of(fetch), ord_failure_last_cause(message), error);
    else
        code = ord_failure_of_status(exchange->status, message, details ? GRPC_SLICE_START_PTR(*details) : NULL,
                                     details ? GRPC_SLICE_LENGTH(*details) : 0, error);
    gpr_free(message);
    return code;
}

static Ordinal__V1__GetIdsResponse *unpacked(struct ord_fetch *fetch, grpc_byte_buffer *buffer)
{
    grpc_byte_buffer_reader reader;
    if (!buffer || !grpc_byte_buffer_reader_init(&reader, buffer))
        return NULL;
    grpc_slice slice = grpc_byte_buffer_reader_readall(&reader);
    grpc_byte_buffer_reader_destroy(&reader);
    ProtobufCAllocator memory = ord_arena_allocator(&fetch->arena);
    Ordinal__V1__GetIdsResponse *reply =
        ordinal__v1__get_ids_response__unpack(&memory, GRPC_SLICE_LENGTH(slice), GRPC_SLICE_START_PTR(slice));
    grpc_slice_unref(slice);
    return reply;
}

/* Whether a run lies above `last` and below 2^63; then *ret_last is its own last ID. */
static bool is_sound(const Ordinal__V1__Run *run, int64_t last, int64_t *ret_last)
{
    int64_t span;
    return run->count >= 1 && run->step >= 1 && run->first > last &&
           !__builtin_mul_overflow((int64_t)run->count - 1, run->step, &span) &&
           !__builtin_add_overflow(run->first, span, ret_last);
}

static enum ord_code read_runs(struct ord_fetch *fetch, const Ordinal__V1__GetIdsResponse *reply,
                               uint32_t count, struct ord_fetch_run **ret_runs, struct ord_error *error)
{
    struct ord_fetch_run *runs =
        reply ? ord_arena_alloc(&fetch->arena, (reply->n_runs + 1) * sizeof *runs) : NULL;
    uint64_t sum = 0;
    int64_t last = -1;
    for (size_t i = 0; runs && i < reply->n_runs; i++) {
        const Ordinal__V1__Run *run = reply->runs[i];
        if (!is_sound(run, last, &last))
            return ord_fail(error, ORD_INTERNAL, "%s: the answer's runs do not rise", address_of(fetch));
        runs[i] = (struct ord_fetch_run){.first = run->first, .step = run->step, .count = run->count};
        sum += run->count;
    }
    if (!runs || sum != count)
        return ord_fail(error, ORD_INTERNAL, "%s: the answer is not the %u IDs that were asked for",
                        address_of(fetch), (unsigned)count);
    *ret_runs = runs;
    return ORD_OK;
}

enum ord_code ord_fetch_ids(struct ord_fetch *fetch, uint32_t count, uint32_t tag, uint32_t timeout_ms,
                            const struct ord_fetch_run **ret_runs, uint32_t *ret_run_count, bool *ret_reached,
                            struct ord_error *error)
{
    ord_arena_finish(&fetch->arena);
    ord_arena_init(&fetch->arena, fetch->room, sizeof fetch->room);
    struct exchange exchange = {.sent = request_of(count, tag), .message = grpc_empty_slice()};
    grpc_metadata_array_init(&exchange.initial);
    grpc_metadata_array_init(&exchange.trailing);
    run(fetch, &exchange, timeout_ms);

    enum ord_code code;
    if (exchange.status != GRPC_STATUS_OK) {
        code = failed(fetch, &exchange, timeout_ms, ret_reached, error);
    } else {
        *ret_reached = true;
        Ordinal__V1__GetIdsResponse *reply = unpacked(fetch, exchange.received);
        struct ord_fetch_run *runs = NULL;
        code = read_runs(fetch, reply, count, &runs, error);
        if (code == ORD_OK) {
            *ret_runs = runs;
            *ret_run_count = (uint32_t)reply->n_runs;
        }
    }
    exchange_finish(&exchange);
    return code;
}
