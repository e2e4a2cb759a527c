/*
 * Requests that are remembered: which slots were claimed under a key of the caller's, so that a retry is given
 * the same IDs. Keys live for a while and are bounded in number; a full table refuses, it never forgets early.
 *
 * The table is a plain value without threads, files or clocks; times come in as Unix time in microseconds that
 * does not go back. The port is what makes it durable: adapters in store/ implement it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "core/layout.h"

#define ORD_REQUEST_KEY_MAX 128

/* ORD_INVALID_ARGUMENT: `key` is not 1 to ORD_REQUEST_KEY_MAX printable ASCII characters. */
enum ord_code ord_request_key_check(const char *key, struct ord_error *error);

/* What was claimed under a key. */
struct ord_grant {
    uint64_t first; /* slot */
    uint32_t count, tag;
    int64_t given_us; /* its life starts here */
};

/* What is remembered of one key. */
struct ord_request {
    struct ord_grant grant;
    struct ord_request *next; /* in a batch, of which it is part */
    void *waiting;            /* the owner's: who is to be told when it is durable */
    bool is_durable;
    struct ord_request *older, *newer;
    char key[];
};

/* What becomes durable together: first `gone` are removed, then `given` are written. A key may be in both. */
struct ord_request_batch {
    const struct ord_request *gone, *given; /* lists by `next`; may be NULL */
};

/* Takes note of one that was found. False: no memory. */
typedef bool ord_request_found(void *context, const char *key, const struct ord_grant *found);

/* One thread at a time; beside those of the reservation port, which has claimed the place before. */
struct ord_request_port {
    void *context;
    /* Tells every request that was given in `place` after `since_us`; removes older ones. Once, first.
     * `*ret_damaged` is the number of those that could not be read and were removed. */
    enum ord_code (*load)(void *context, const struct ord_place *place, int64_t since_us,
                          ord_request_found *found, void *found_context, uint32_t *ret_damaged,
                          struct ord_error *error);
    /* ORD_OK only after all of the batch is durable. After a failure nobody knows whether any of it is. */
    enum ord_code (*commit)(void *context, const struct ord_request_batch *batch, struct ord_error *error);
};

/* One thread at a time. */
struct ord_requests {
    void *by_key; /* a tree of tsearch's: callers choose the keys, and cannot make it slow */
    struct ord_request *oldest, *newest; /* the durable ones */
    struct ord_request *gone;            /* past their life, and not yet known to be removed from storage */
    size_t count, max;                   /* in the tree; allowed there */
    int64_t life_us;
};

/* Prepares an empty table. */
void ord_requests_init(struct ord_requests *ret_requests, size_t max, int64_t life_us);

/* Frees all that it holds. */
void ord_requests_finish(struct ord_requests *requests);

/* The request of that key, durable or not, or NULL. One past its life is not found. */
struct ord_request *ord_requests_find(struct ord_requests *requests, const char *key, int64_t now_us);

/*
 * Adds a key that is not there; the caller fills in the rest, and then tells with ord_requests_keep or _drop
 * how it went.
 *
 * ORD_CAPACITY: the table is full; the hint says when the oldest one's life ends. ORD_INTERNAL: no memory.
 */
enum ord_code ord_requests_add(struct ord_requests *requests, const char *key, int64_t now_us,
                               struct ord_request **ret_request, struct ord_error *error);

/* It is durable: its life counts. */
void ord_requests_keep(struct ord_requests *requests, struct ord_request *request);

/* It is forgotten as if it had not been added, and freed. */
void ord_requests_drop(struct ord_requests *requests, struct ord_request *request);

/* Nobody knows whether it is durable: it is not found any more, and to be removed from storage with those past
 * their life. */
void ord_requests_withdraw(struct ord_requests *requests, struct ord_request *request);

/* Takes the list of those past their life; to be freed with ord_requests_free, or given back. */
struct ord_request *ord_requests_take_gone(struct ord_requests *requests);
void ord_requests_give_back(struct ord_requests *requests, struct ord_request *gone);
void ord_requests_free(struct ord_request *list);

/* Adds what was stored, in any order and also beyond the bound; ord_requests_loaded ends it. False: no memory.
 */
bool ord_requests_load(struct ord_requests *requests, const char *key, const struct ord_grant *stored);
bool ord_requests_loaded(struct ord_requests *requests);
