#include "api/once.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/committer.h"
#include "core/requests.h"

/* A commit that failed is worth trying again after this. */
#define RETRY_MS 1000

struct ord_once {
    struct ord_service *service;
    struct ord_request_port port;
    atomic_uint_least64_t *counts;
    struct ord_committer *committer;
    uint32_t damaged;
    pthread_mutex_t lock;
    struct ord_requests requests;
};

/* A key on its way to becoming durable. */
struct pending {
    struct ord_commit commit; /* first, so that a list of commits is one of these */
    struct ord_request *request;
    struct ord_ids ids;
    struct ord_awaited *first, **end; /* who is to be told; the first one made the claim */
};

static struct ord_ids ids_of(const struct ord_once *once, const struct ord_request *request)
{
    return (struct ord_ids){.place = ord_service_place(once->service),
                            .first = request->grant.first,
                            .count = request->grant.count,
                            .tag = request->grant.tag};
}

static void fill(const struct ord_once *once, struct ord_awaited *awaited, const struct ord_ids *ids)
{
    awaited->error.code = ORD_OK;
    awaited->ids = *ids;
    awaited->hold_us = ord_service_hold_us(once->service, ids);
}

static void wait_for(struct pending *pending, struct ord_awaited *awaited)
{
    awaited->next = NULL;
    *pending->end = awaited;
    pending->end = &awaited->next;
}

/* Ends what waited for one key. A waiter is gone once it was told. */
static void tell(const struct ord_once *once, const struct pending *pending, const struct ord_error *failure)
{
    for (struct ord_awaited *awaited = pending->first; awaited;) {
        struct ord_awaited *next = awaited->next;
        if (failure)
            awaited->error = *failure;
        else
            fill(once, awaited, &pending->ids);
        awaited->done(awaited);
        awaited = next;
    }
}

static enum ord_code write_all(struct ord_once *once, struct pending *list, const struct ord_request *gone,
                               struct ord_error *error)
{
    struct ord_request_batch batch = {.gone = gone};
    const struct ord_request **end = &batch.given;
    for (struct pending *at = list; at; at = (struct pending *)at->commit.next) {
        at->request->next = NULL;
        *end = at->request;
        end = (const struct ord_request **)&at->request->next;
    }
    struct ord_error cause = {0};
    enum ord_code code = once->port.commit(once->port.context, &batch, &cause);
    if (code == ORD_OK)
        return ORD_OK;
    return ord_fail_retry(error, ORD_UNAVAILABLE, RETRY_MS, "request_id: it cannot be remembered: %s",
                          cause.text);
}

static void commit_all(void *context, struct ord_commit *commits)
{
    struct ord_once *once = context;
    struct pending *list = (struct pending *)commits;
    pthread_mutex_lock(&once->lock);
    struct ord_request *gone = ord_requests_take_gone(&once->requests);
    pthread_mutex_unlock(&once->lock);

    struct ord_error error;
    bool is_ok = write_all(once, list, gone, &error) == ORD_OK;
    atomic_fetch_add_explicit(&once->counts[is_ok], 1, memory_order_relaxed);

    pthread_mutex_lock(&once->lock);
    for (struct pending *at = list; at; at = (struct pending *)at->commit.next) {
        at->request->waiting = NULL;
        (is_ok ? ord_requests_keep : ord_requests_drop)(&once->requests, at->request);
    }
    if (!is_ok)
        ord_requests_give_back(&once->requests, gone);
    pthread_mutex_unlock(&once->lock);

    if (is_ok)
        ord_requests_free(gone);
    for (struct pending *at = list, *next; at; at = next) {
        next = (struct pending *)at->commit.next;
        tell(once, at, is_ok ? NULL : &error);
        free(at);
    }
}

/* Claims IDs for a key that is not there. Nothing stays behind on failure. */
static enum ord_code claim(struct ord_once *once, const struct ord_once_wanted *wanted, int64_t now_us,
                           struct ord_awaited *awaited, struct ord_error *error)
{
    struct ord_request *request;
    enum ord_code code = ord_requests_add(&once->requests, wanted->key, now_us, &request, error);
    if (code != ORD_OK)
        return code;
    struct pending *pending = calloc(1, sizeof *pending);
    if (!pending) {
        code = ord_fail(error, ORD_INTERNAL, "no memory");
        goto fail;
    }
    uint64_t hold_us; /* asked for anew once it is durable */
    code = ord_service_take(once->service, wanted->count, wanted->tag, wanted->max_wait_us, &pending->ids,
                            &hold_us, error);
    if (code != ORD_OK)
        goto fail;

    request->grant.first = pending->ids.first;
    request->grant.count = wanted->count;
    request->grant.tag = wanted->tag;
    request->waiting = pending;
    pending->request = request;
    pending->end = &pending->first;
    awaited->is_repeat = false;
    wait_for(pending, awaited);
    ord_committer_add(once->committer, &pending->commit);
    return ORD_OK;

fail:
    free(pending);
    ord_requests_drop(&once->requests, request);
    return code;
}

static enum ord_code refuse_other(const struct ord_request *request, struct ord_error *error)
{
    return ord_fail(error, ORD_REQUEST_MISMATCH,
                    "request_id: it was used for count %" PRIu32 " and tag %" PRIu32
                    "; allowed with the same count and tag, or choose another",
                    request->grant.count, request->grant.tag);
}

/* Whether it is answered already. */
static bool repeat(const struct ord_once *once, const struct ord_request *request, struct ord_awaited *awaited)
{
    awaited->is_repeat = true;
    if (!request->is_durable) {
        wait_for(request->waiting, awaited);
        return false;
    }
    struct ord_ids ids = ids_of(once, request);
    fill(once, awaited, &ids);
    return true;
}

bool ord_once_take(struct ord_once *once, const struct ord_once_wanted *wanted, struct ord_awaited *awaited)
{
    if (ord_request_key_check(wanted->key, &awaited->error) != ORD_OK)
        return true;
    int64_t now_us = ord_service_now_us(once->service);
    pthread_mutex_lock(&once->lock);
    struct ord_request *request = ord_requests_find(&once->requests, wanted->key, now_us);
    bool is_answered = true;
    if (!request)
        is_answered = claim(once, wanted, now_us, awaited, &awaited->error) != ORD_OK;
    else if (request->grant.count != wanted->count || request->grant.tag != wanted->tag)
        refuse_other(request, &awaited->error);
    else
        is_answered = repeat(once, request, awaited);
    pthread_mutex_unlock(&once->lock);
    return is_answered;
}

static bool found(void *context, const char *key, const struct ord_grant *stored)
{
    return ord_requests_load(context, key, stored);
}

static enum ord_code load(struct ord_once *once, struct ord_error *error)
{
    int64_t since_us = ord_service_now_us(once->service) - once->requests.life_us;
    enum ord_code code = once->port.load(once->port.context, ord_service_place(once->service), since_us, found,
                                         &once->requests, &once->damaged, error);
    if (code == ORD_OK && !ord_requests_loaded(&once->requests))
        code = ord_fail(error, ORD_INTERNAL, "no memory");
    return code == ORD_OK ? ORD_OK : ord_wrap(error, "load requests");
}

enum ord_code ord_once_open(struct ord_service *service, const struct ord_request_options *options,
                            atomic_uint_least64_t counts[2], struct ord_once **ret_once,
                            struct ord_error *error)
{
    struct ord_once *once = calloc(1, sizeof *once);
    if (!once)
        return ord_fail(error, ORD_INTERNAL, "no memory");
    once->service = service;
    once->port = options->port;
    once->counts = counts;
    pthread_mutex_init(&once->lock, NULL);
    ord_requests_init(&once->requests, options->max, options->life_us);
    enum ord_code code = load(once, error);
    if (code == ORD_OK)
        code = ord_committer_start(commit_all, once, &once->committer, error);
    if (code != ORD_OK) {
        ord_once_close(once);
        return code;
    }
    *ret_once = once;
    return ORD_OK;
}

struct ord_once *ord_once_close(struct ord_once *once)
{
    if (!once)
        return NULL;
    ord_committer_stop(once->committer);
    ord_requests_finish(&once->requests);
    pthread_mutex_destroy(&once->lock);
    free(once);
    return NULL;
}

size_t ord_once_count(struct ord_once *once)
{
    pthread_mutex_lock(&once->lock);
    size_t count = once->requests.count;
    pthread_mutex_unlock(&once->lock);
    return count;
}

uint32_t ord_once_damaged(const struct ord_once *once)
{
    return once->damaged;
}
