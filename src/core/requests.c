#include "core/requests.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

/* Each addition looks for so many past their life: more than one, so that they do not gather. */
#define REAPED_AT_ONCE 8

/* When a table is full of what is not durable yet. */
#define BUSY_RETRY_MS 1000

enum ord_code ord_request_key_check(const char *key, struct ord_error *error)
{
    size_t length = 0;
    while (key[length] >= ' ' && key[length] <= '~')
        length++;
    if (key[length] == '\0' && length >= 1 && length <= ORD_REQUEST_KEY_MAX)
        return ORD_OK;
    return ord_fail(error, ORD_INVALID_ARGUMENT, "request_id: %s; allowed 1 to %d printable ASCII characters",
                    key[length] != '\0' ? "it has characters that are not printable ASCII"
                    : length == 0       ? "it is empty"
                                        : "it is too long",
                    ORD_REQUEST_KEY_MAX);
}

/* The tree holds the keys of requests. */
static int by_key(const void *a, const void *b)
{
    return strcmp(a, b);
}

static struct ord_request *request_of(char *key)
{
    return (struct ord_request *)(key - offsetof(struct ord_request, key));
}

static void free_of(void *key)
{
    free(request_of(key));
}

static struct ord_request *new_request(const char *key)
{
    size_t size = strlen(key) + 1;
    struct ord_request *request = calloc(1, sizeof *request + size);
    if (request)
        memcpy(request->key, key, size);
    return request;
}

static bool put_in(struct ord_requests *requests, struct ord_request *request)
{
    char **node = tsearch(request->key, &requests->by_key, by_key);
    if (!node || *node != request->key)
        return false;
    requests->count++;
    return true;
}

static void take_out(struct ord_requests *requests, struct ord_request *request)
{
    tdelete(request->key, &requests->by_key, by_key);
    requests->count--;
}

static void append(struct ord_requests *requests, struct ord_request *request)
{
    request->is_durable = true;
    request->older = requests->newest;
    request->newer = NULL;
    *(requests->newest ? &requests->newest->newer : &requests->oldest) = request;
    requests->newest = request;
}

static void unlink_age(struct ord_requests *requests, struct ord_request *request)
{
    *(request->older ? &request->older->newer : &requests->oldest) = request->newer;
    *(request->newer ? &request->newer->older : &requests->newest) = request->older;
}

static bool is_past(const struct ord_requests *requests, const struct ord_request *request, int64_t now_us)
{
    return request->is_durable && now_us - request->grant.given_us >= requests->life_us;
}

static void retire(struct ord_requests *requests, struct ord_request *request)
{
    unlink_age(requests, request);
    take_out(requests, request);
    request->next = requests->gone;
    requests->gone = request;
}

static void reap(struct ord_requests *requests, int64_t now_us)
{
    for (int i = 0; i < REAPED_AT_ONCE && requests->oldest && is_past(requests, requests->oldest, now_us); i++)
        retire(requests, requests->oldest);
}

static enum ord_code refuse_full(const struct ord_requests *requests, int64_t now_us, struct ord_error *error)
{
    int64_t left_ms = BUSY_RETRY_MS;
    if (requests->oldest)
        left_ms = (requests->oldest->grant.given_us + requests->life_us - now_us + 999) / 1000;
    return ord_fail_retry(error, ORD_CAPACITY, left_ms > UINT32_MAX ? UINT32_MAX : (uint32_t)left_ms,
                          "request_id: %zu requests are remembered already; no more are allowed",
                          requests->count);
}

void ord_requests_init(struct ord_requests *ret_requests, size_t max, int64_t life_us)
{
    *ret_requests = (struct ord_requests){.max = max, .life_us = life_us};
}

void ord_requests_finish(struct ord_requests *requests)
{
    tdestroy(requests->by_key, free_of);
    ord_requests_free(requests->gone);
    *requests = (struct ord_requests){0};
}

struct ord_request *ord_requests_find(struct ord_requests *requests, const char *key, int64_t now_us)
{
    char **node = tfind(key, &requests->by_key, by_key);
    if (!node)
        return NULL;
    struct ord_request *request = request_of(*node);
    if (!is_past(requests, request, now_us))
        return request;
    retire(requests, request);
    return NULL;
}

enum ord_code ord_requests_add(struct ord_requests *requests, const char *key, int64_t now_us,
                               struct ord_request **ret_request, struct ord_error *error)
{
    reap(requests, now_us);
    if (requests->count >= requests->max)
        return refuse_full(requests, now_us, error);
    struct ord_request *request = new_request(key);
    if (!request || !put_in(requests, request)) {
        free(request);
        return ord_fail(error, ORD_INTERNAL, "no memory");
    }
    request->grant.given_us = now_us;
    *ret_request = request;
    return ORD_OK;
}

void ord_requests_keep(struct ord_requests *requests, struct ord_request *request)
{
    append(requests, request);
}

void ord_requests_drop(struct ord_requests *requests, struct ord_request *request)
{
    take_out(requests, request);
    free(request);
}

void ord_requests_withdraw(struct ord_requests *requests, struct ord_request *request)
{
    take_out(requests, request);
    request->next = requests->gone;
    requests->gone = request;
}

struct ord_request *ord_requests_take_gone(struct ord_requests *requests)
{
    struct ord_request *gone = requests->gone;
    requests->gone = NULL;
    return gone;
}

void ord_requests_give_back(struct ord_requests *requests, struct ord_request *gone)
{
    struct ord_request **end = &gone;
    while (*end)
        end = &(*end)->next;
    *end = requests->gone;
    requests->gone = gone;
}

void ord_requests_free(struct ord_request *list)
{
    while (list) {
        struct ord_request *next = list->next;
        free(list);
        list = next;
    }
}

bool ord_requests_load(struct ord_requests *requests, const char *key, const struct ord_grant *stored)
{
    struct ord_request *request = new_request(key);
    if (!request || !put_in(requests, request)) {
        free(request);
        return false;
    }
    request->grant = *stored;
    append(requests, request);
    return true;
}

static int by_age(const void *a, const void *b)
{
    const struct ord_request *x = *(struct ord_request *const *)a, *y = *(struct ord_request *const *)b;
    return (x->grant.given_us > y->grant.given_us) - (x->grant.given_us < y->grant.given_us);
}

bool ord_requests_loaded(struct ord_requests *requests)
{
    size_t count = requests->count;
    if (count == 0)
        return true;
    struct ord_request **all = calloc(count, sizeof(struct ord_request *));
    if (!all)
        return false;
    struct ord_request *at = requests->oldest;
    for (size_t i = 0; i < count; i++, at = at->newer)
        all[i] = at;
    qsort(all, count, sizeof(struct ord_request *), by_age);
    requests->oldest = requests->newest = NULL;
    for (size_t i = 0; i < count; i++)
        append(requests, all[i]);
    free(all);
    return true;
}
