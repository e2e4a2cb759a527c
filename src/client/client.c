#include <grpc/grpc.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/address.h"
#include "client/internal.h"

#define BATCH_MAX UINT32_C(1000000)

/* Errors */

static const char *const names[] = {
    [ORD_CLIENT_OK] = "ok",
    [ORD_CLIENT_EMPTY] = "empty",
    [ORD_CLIENT_INVALID] = "invalid",
    [ORD_CLIENT_NO_MEMORY] = "no-memory",
    [ORD_CLIENT_TIMEOUT] = "timeout",
    [ORD_CLIENT_UNAVAILABLE] = "unavailable",
    [ORD_CLIENT_CAPACITY] = "capacity",
    [ORD_CLIENT_REFUSED] = "refused",
    [ORD_CLIENT_FORKED] = "forked",
    [ORD_CLIENT_INTERNAL] = "internal",
};

const char *ord_client_code_name(int code)
{
    return code >= 0 && (size_t)code < sizeof names / sizeof *names ? names[code] : "unknown";
}

const char *ord_client_version(void)
{
    return ORDINAL_VERSION;
}

/* What the house's errors are to callers; all that are not here are refusals, which a retry does not change. */
static const struct {
    enum ord_code code;
    enum ord_client_code told;
} causes[] = {
    {ORD_OK, ORD_CLIENT_OK},
    {ORD_CAPACITY, ORD_CLIENT_CAPACITY},
    {ORD_UNAVAILABLE, ORD_CLIENT_UNAVAILABLE},
    {ORD_CANCELLED, ORD_CLIENT_UNAVAILABLE},
    {ORD_DEADLINE_EXCEEDED, ORD_CLIENT_TIMEOUT},
    {ORD_INTERNAL, ORD_CLIENT_INTERNAL},
};

static enum ord_client_code told_of(enum ord_code code)
{
    for (size_t i = 0; i < sizeof causes / sizeof *causes; i++)
        if (causes[i].code == code)
            return causes[i].told;
    return ORD_CLIENT_REFUSED;
}

static int fail(struct ord_client_error *error, enum ord_client_code code, uint32_t retry_after_ms,
                const char *format, ...) __attribute__((format(printf, 4, 5)));

static int fail(struct ord_client_error *error, enum ord_client_code code, uint32_t retry_after_ms,
                const char *format, ...)
{
    if (!error)
        return code;
    error->code = code;
    error->retry_after_ms = retry_after_ms;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(error->text, sizeof error->text, format, arguments);
    va_end(arguments);
    return code;
}

static int fail_forked(struct ord_client_error *error)
{
    return fail(error, ORD_CLIENT_FORKED, 0, "this client is the parent process's; open one of your own");
}

/* The cause of the latest failure, with the time that is left of its hint. With the lock held. */
static int fail_with_cause(const struct ord_client *client, struct ord_client_error *error)
{
    int64_t left_ns = client->retry_at_ns - ord_steady_ns();
    return fail(error, told_of(client->cause.code), left_ns > 0 ? (uint32_t)(left_ns / 1000000) + 1 : 0, "%s",
                client->cause.text);
}

/* Opening and closing */

static bool is_outside(uint32_t value, uint32_t min, uint32_t max)
{
    return value < min || value > max;
}

/* Reads what the caller's version of the structure has, and fills in what was left to us. */
static int read_options(const struct ord_client_options *given, struct ord_client_options *ret,
                        struct ord_client_error *error)
{
    struct ord_client_options options = {0};
    if (!given || given->size < offsetof(struct ord_client_options, tag))
        return fail(error, ORD_CLIENT_INVALID, 0, "options: size is to be sizeof (struct ord_client_options)");
    memcpy(&options, given, given->size < sizeof options ? given->size : sizeof options);
    options.max_age_ms = options.max_age_ms ? options.max_age_ms : 1000;
    options.timeout_ms = options.timeout_ms ? options.timeout_ms : 5000;
    options.prefetch_max = options.prefetch_max ? options.prefetch_max : BATCH_MAX;
    if (options.prefetch_min == 0)
        options.prefetch_min = options.prefetch_max < 64 ? options.prefetch_max : 64;

    if (!options.target || !ord_is_address(options.target))
        return fail(error, ORD_CLIENT_INVALID, 0,
                    "%s is not the address of a server; allowed HOST:PORT, with a port of 1 to 65535",
                    options.target ? options.target : "NULL");
    if (is_outside(options.max_age_ms, 20, 3600000))
        return fail(error, ORD_CLIENT_INVALID, 0, "max_age_ms: %u; allowed 20 to 3600000", options.max_age_ms);
    if (is_outside(options.prefetch_max, 1, BATCH_MAX))
        return fail(error, ORD_CLIENT_INVALID, 0, "prefetch_max: %u; allowed 1 to 1000000",
                    options.prefetch_max);
    if (is_outside(options.prefetch_min, 1, options.prefetch_max))
        return fail(error, ORD_CLIENT_INVALID, 0, "prefetch_min: %u; allowed 1 to prefetch_max, which is %u",
                    options.prefetch_min, options.prefetch_max);
    *ret = options;
    return ORD_CLIENT_OK;
}

/* The kernel's coarse clocks are late by up to this. */
static int64_t coarse_error_ns(void)
{
    struct timespec resolution;
    clock_getres(CLOCK_MONOTONIC_COARSE, &resolution);
    return resolution.tv_nsec;
}

static void init_signs(struct ord_client *client)
{
    pthread_condattr_t steady;
    pthread_condattr_init(&steady);
    pthread_condattr_setclock(&steady, CLOCK_MONOTONIC);
    pthread_cond_init(&client->news, &steady);
    pthread_condattr_destroy(&steady);
    pthread_mutex_init(&client->lock, NULL);
    sem_init(&client->bell, 0, 0);
}

static struct ord_client *new_client(const struct ord_client_options *options)
{
    size_t length = strlen(options->target) + 1;
    struct ord_client *client = aligned_alloc(alignof(struct ord_client), /* a multiple of it */
                                              (sizeof *client + length + 63) / 64 * 64);
    if (!client)
        return NULL;
    *client = (struct ord_client){.tag = options->tag,
                                  .timeout_ms = options->timeout_ms < options->max_age_ms / 2
                                                    ? options->timeout_ms
                                                    : options->max_age_ms / 2,
                                  .max_age_ns = (int64_t)options->max_age_ms * 1000000 - coarse_error_ns(),
                                  .target = client->text};
    memcpy(client->text, options->target, length);
    init_signs(client);
    ord_pace_init(&client->pace, options->prefetch_min, options->prefetch_max, client->max_age_ns);
    return client;
}

/* The threads that are started here and in the gRPC library take no signal: that is for the owner's. */
static bool start(struct ord_client *client)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    client->ring = ord_ring_open();
    client->fetch = client->ring ? ord_fetch_open(client->target) : NULL;
    bool started = client->fetch && ord_filler_start(client);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return started;
}

int ord_client_open(const struct ord_client_options *options, struct ord_client **ret_client,
                    struct ord_client_error *error)
{
    struct ord_client_options all = {0};
    int code = read_options(options, &all, error);
    if (code != ORD_CLIENT_OK)
        return code;
    struct ord_client *client = new_client(&all);
    if (!client || !start(client)) {
        ord_client_close(client);
        return fail(error, ORD_CLIENT_NO_MEMORY, 0,
                    "the system has no memory or no thread to give, or is older than Linux 4.14");
    }
    *ret_client = client;
    return ORD_CLIENT_OK;
}

static bool is_forked(const struct ord_client *client)
{
    return !client->ring->alive;
}

struct ord_client *ord_client_close(struct ord_client *client)
{
    if (!client)
        return NULL;
    /* In a child, the gRPC library and the signs are in the state in which other threads left them. */
    if (!client->ring || !is_forked(client)) {
        ord_filler_stop(client);
        ord_fetch_close(client->fetch);
        sem_destroy(&client->bell);
        pthread_cond_destroy(&client->news);
        pthread_mutex_destroy(&client->lock);
    }
    ord_ring_close(client->ring);
    free(client);
    return NULL;
}

/* Taking */

/* The clock is read after the claim, as the last thing: a thread that was stopped in between sees it. */
static bool is_fresh(const struct ord_ring_claim *claim)
{
    struct ord_ring_time now = ord_coarse_now();
    return now.steady_ns <= claim->until.steady_ns && now.wall_ns <= claim->until.wall_ns;
}

/* Claims up to `count` IDs that are not too old. False if there is none; then they are asked for. */
static inline bool claim_fresh(struct ord_client *client, uint32_t count, struct ord_ring_claim *ret)
{
    while (ord_ring_claim(client->ring, count, ret)) {
        if (is_fresh(ret)) {
            if (ret->low)
                ord_client_ask(client);
            return true;
        }
        ord_ring_throw(client->ring, ret);
    }
    return false;
}

int ord_client_next(struct ord_client *client, int64_t *ret_id)
{
    struct ord_ring_claim claim;
    if (claim_fresh(client, 1, &claim)) {
        *ret_id = claim.first;
        return ORD_CLIENT_OK;
    }
    if (is_forked(client))
        return ORD_CLIENT_FORKED;
    ord_client_ask(client);
    return ORD_CLIENT_EMPTY;
}

/* Takes what is there, up to `count`. */
static size_t take_now(struct ord_client *client, size_t count, int64_t *ret_ids)
{
    size_t taken = 0;
    struct ord_ring_claim claim;
    while (taken < count) {
        size_t wanted = count - taken < ORD_RING_CLAIM_MAX ? count - taken : ORD_RING_CLAIM_MAX;
        if (!claim_fresh(client, (uint32_t)wanted, &claim))
            break;
        for (uint32_t i = 0; i < claim.count; i++)
            ret_ids[taken + i] = claim.first + i * claim.step;
        taken += claim.count;
    }
    return taken;
}

/* Whether waiting until `deadline_ns` is in vain: the latest request was refused for good, or the next one
 * comes too late. With the lock held. */
static bool is_in_vain(const struct ord_client *client, int64_t deadline_ns)
{
    if (client->cause.code == ORD_OK || client->retry_at_ns <= ord_steady_ns())
        return false; /* what will come next is not known */
    return client->retry_at_ns > deadline_ns || told_of(client->cause.code) == ORD_CLIENT_REFUSED;
}

/* Waits for news after `edition`. False if the deadline comes first. With the lock held. */
static bool await_news(struct ord_client *client, uint64_t edition, int64_t deadline_ns)
{
    struct timespec deadline = {.tv_sec = deadline_ns / 1000000000, .tv_nsec = deadline_ns % 1000000000};
    while (client->edition == edition)
        if (pthread_cond_timedwait(&client->news, &client->lock, &deadline) != 0)
            return client->edition != edition;
    return true;
}

static int fail_empty(const struct ord_client *client, uint32_t timeout_ms, struct ord_client_error *error)
{
    if (client->cause.code != ORD_OK)
        return fail_with_cause(client, error);
    if (timeout_ms == 0)
        return fail(error, ORD_CLIENT_EMPTY, 0, "no ID is there just now");
    return fail(error, ORD_CLIENT_TIMEOUT, 0, "%s: no ID came within %u ms", client->target, timeout_ms);
}

static int wait_and_take(struct ord_client *client, uint32_t timeout_ms, size_t count, int64_t *ret_ids,
                         size_t *ret_taken, struct ord_client_error *error)
{
    int64_t deadline_ns = ord_steady_ns() + (int64_t)timeout_ms * 1000000;
    int code = ORD_CLIENT_OK, cancellation;
    size_t taken;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancellation);
    atomic_fetch_add_explicit(&client->waits, 1, memory_order_relaxed);
    pthread_mutex_lock(&client->lock);
    for (;;) {
        uint64_t edition = client->edition;
        pthread_mutex_unlock(&client->lock);
        taken = take_now(client, count, ret_ids);
        if (taken == 0)
            ord_client_ask(client);
        pthread_mutex_lock(&client->lock);
        if (taken > 0)
            break;
        if (is_in_vain(client, deadline_ns) || !await_news(client, edition, deadline_ns)) {
            code = fail_empty(client, timeout_ms, error);
            break;
        }
    }
    pthread_mutex_unlock(&client->lock);
    pthread_setcancelstate(cancellation, NULL);
    if (taken > 0)
        *ret_taken = taken;
    return code;
}

int ord_client_take(struct ord_client *client, uint32_t timeout_ms, size_t count, int64_t *ret_ids,
                    size_t *ret_taken, struct ord_client_error *error)
{
    size_t taken = take_now(client, count, ret_ids);
    if (taken > 0 || count == 0) {
        *ret_taken = taken;
        return ORD_CLIENT_OK;
    }
    if (is_forked(client))
        return fail_forked(error);
    if (timeout_ms > 0)
        return wait_and_take(client, timeout_ms, count, ret_ids, ret_taken, error);
    ord_client_ask(client);
    pthread_mutex_lock(&client->lock);
    int code = fail_empty(client, 0, error);
    pthread_mutex_unlock(&client->lock);
    return code;
}

int ord_client_get(struct ord_client *client, uint32_t timeout_ms, int64_t *ret_id,
                   struct ord_client_error *error)
{
    size_t taken;
    return ord_client_take(client, timeout_ms, 1, ret_id, &taken, error);
}

/* Telling */

int ord_client_error(struct ord_client *client, struct ord_client_error *ret_error)
{
    if (is_forked(client))
        return fail_forked(ret_error);
    pthread_mutex_lock(&client->lock);
    int code = fail_with_cause(client, ret_error);
    pthread_mutex_unlock(&client->lock);
    return code;
}

void ord_client_stats(struct ord_client *client, struct ord_client_stats *ret_stats)
{
    struct ord_ring *ring = client->ring;
    uint64_t thrown = atomic_load(&ring->thrown), surplus = atomic_load(&client->surplus);
    struct ord_client_stats stats = {.size = ret_stats->size,
                                     .prefetched = atomic_load(&ring->added) + surplus,
                                     .thrown = thrown + surplus,
                                     .in_stock = ord_ring_stock(ring),
                                     .refills = atomic_load(&client->refills),
                                     .failures = atomic_load(&client->failures),
                                     .reconnects = atomic_load(&client->reconnects),
                                     .waits = atomic_load(&client->waits)};
    stats.handed_out = stats.prefetched - stats.thrown - stats.in_stock;
    memcpy(ret_stats, &stats, ret_stats->size < sizeof stats ? ret_stats->size : sizeof stats);
}
