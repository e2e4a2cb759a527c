/*
 * The service behind both front ends: one generator, one clock, one reservation, one state of health.
 *
 * Opened and closed by the daemon, which also calls ord_service_keep from a thread of its own. Front ends call
 * ord_service_take and the readers from any thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "api/health.h"
#include "api/metrics.h"
#include "base/error.h"
#include "core/clock.h"
#include "core/layout.h"
#include "core/requests.h"
#include "core/reservation.h"
#include "core/sequence.h"
#include "rank/engine.h"

struct ord_service;

#define ORD_COUNT_MAX 1000000

/* Requests that are remembered by a key of the caller's. */
struct ord_request_options {
    struct ord_request_port port; /* outlives the service */
    size_t max;                   /* how many at a time; 0: none, keys are refused */
    int64_t life_us;              /* for how long each */
};

/* Groups, with their members and commands. */
struct ord_group_options {
    struct ord_group_port port;         /* outlives the service; without `load` there are no groups */
    struct ord_callback_port callbacks; /* outlives the service; without `post` members cannot name URLs */
    struct ord_group_limits limits;
    size_t max;                     /* how many groups */
    const struct ord_rank_log *log; /* NULL: none */
};

/* Named sequences. */
struct ord_sequence_options {
    struct ord_sequence_port port; /* outlives the service; all NULL: there are no sequences */
    size_t request_max;            /* keys that are remembered at a time */
    int64_t request_life_us;       /* for how long each */
    bool counts_names;             /* metrics count values by name, too */
};

struct ord_sequences;

struct ord_service_options {
    struct ord_place place;
    struct ord_reservation_port port; /* outlives the service */
    uint64_t borrow_us;               /* how far IDs may run ahead of the clock */
    uint64_t max_wait_us;             /* the longest wait for room that a caller may ask for */
    uint64_t floor;                   /* start no lower than this slot number */
    uint64_t clock_threshold_us;      /* the largest forward step that is followed unasked; 0: 10 s */
    uint64_t max_clock_gap_us;        /* between the wall clock and what was reserved or adopted; 0: any */
    bool ignores_gap;                 /* starts whatever the gap */
    bool accepts_steps;               /* forward steps are leapt over unasked, up to max_clock_gap_us */
    struct ord_request_options requests;
    struct ord_group_options groups;
    struct ord_sequence_options sequences;
};

/*
 * Claims the place, anchors the clock, makes the first reservation durable. The service then gives IDs, but its
 * health says "starting" until the daemon sets it.
 *
 * ORD_OUT_OF_RANGE: the wall clock lies outside of the layout's time, or too far from what earlier runs
 * reserved, or too far before the floor. Else what the port returns.
 */
enum ord_code ord_service_open(const struct ord_service_options *options, struct ord_service **ret_service,
                               struct ord_error *error);

/* Stops the generator and releases the reservation at the exact next slot. Nobody may use the service any more.
 * Takes NULL; returns NULL. A failed release is reported in `error` (may be NULL): error->code is then not
 * ORD_OK. */
struct ord_service *ord_service_close(struct ord_service *service, struct ord_error *error);

/* Observes the clocks, leaps over an accepted step once that is reserved for, and renews the reservation when
 * it is due; blocks as long as the storage does. Call it every ORD_KEEP_MS from one thread. Fails with what the
 * port returned; the service goes on within its old limit. */
#define ORD_KEEP_MS 250
enum ord_code ord_service_keep(struct ord_service *service, struct ord_error *error);

/*
 * Claims `count` IDs with `tag`.
 *
 * When there is no room now but will be within `max_wait_us` (the server's own bound applies too), the claim is
 * made and `*ret_wait_us` is how long the caller must hold the IDs back; otherwise it is 0. This call never
 * blocks and never allocates.
 *
 * ORD_OUT_OF_RANGE: count or tag. ORD_CAPACITY, ORD_UNAVAILABLE with a retry hint. ORD_LAYOUT_EXHAUSTED.
 */
enum ord_code ord_service_take(struct ord_service *service, uint32_t count, uint32_t tag, uint64_t max_wait_us,
                               struct ord_ids *ret_ids, uint64_t *ret_wait_us, struct ord_error *error);

/* What ord_service_take_once is asked. */
struct ord_once_wanted {
    const char *key;
    uint32_t count, tag;
    uint64_t max_wait_us;
};

/* An answer that may come later. The caller's, until it is answered. */
struct ord_awaited {
    void (*done)(struct ord_awaited *awaited); /* in another thread; must not block */
    struct ord_error error;                    /* its code is ORD_OK when IDs came */
    struct ord_ids ids;
    uint64_t hold_us;         /* how long the caller must hold them back, from when it is answered */
    bool is_repeat;           /* another call claimed them */
    struct ord_awaited *next; /* the service's */
};

/*
 * As ord_service_take, at most once for a key: within its life the same key gets the same IDs, also after a
 * crash. True: answered. False: an answer is on its way, and `done` is called when it is there, perhaps before
 * this call returns. It is there once the key is durable, or could not be made so. This call itself does not
 * wait for storage.
 *
 * Errors are those of ord_service_take; ORD_INVALID_ARGUMENT: the key. ORD_REQUEST_MISMATCH: it came with
 * another count or tag before. ORD_CAPACITY: as many keys as are allowed are remembered. ORD_UNAVAILABLE: it
 * could not be made durable; whoever asks again gets others. ORD_UNIMPLEMENTED: no keys are taken.
 */
bool ord_service_take_once(struct ord_service *service, const struct ord_once_wanted *wanted,
                           struct ord_awaited *awaited);

/* How many keys are remembered, and how many were lost because what was stored of them was damaged. */
size_t ord_service_requests(struct ord_service *service);
uint32_t ord_service_requests_damaged(const struct ord_service *service);

/* The engine of named sequences, or NULL. ORD_PRECONDITION: the node is split among workers, none of which
 * could give values in order with the others. ORD_UNIMPLEMENTED: there are no sequences. */
struct ord_sequences *ord_service_sequences(struct ord_service *service, struct ord_error *error);

/* How long IDs that were claimed have to be held back from now, in microseconds. */
uint64_t ord_service_hold_us(const struct ord_service *service, const struct ord_ids *ids);

/* Whether an ID could be given now as far as the durable reservation goes. */
bool ord_service_is_covered(const struct ord_service *service);

/* When it was opened, by the wall clock; Unix time in microseconds. */
int64_t ord_service_start_us(const struct ord_service *service);

/* The place in which IDs are issued. */
const struct ord_place *ord_service_place(const struct ord_service *service);

/* The largest count that a batch may have. */
uint32_t ord_service_count_max(const struct ord_service *service);

/* The service's disciplined time, Unix time in microseconds. */
int64_t ord_service_now_us(const struct ord_service *service);

/* How far the next ID's time lies ahead of the disciplined clock, in microseconds; 0 when it does not. */
int64_t ord_service_ahead_us(const struct ord_service *service);

/* How much time the durable reservation still covers from now, in microseconds; 0 when it is used up. */
int64_t ord_service_reserved_us(const struct ord_service *service);

/* Wall clock minus disciplined clock, in microseconds, and whether it is too far ahead to be followed. */
int64_t ord_service_wall_ahead_us(const struct ord_service *service);
bool ord_service_clock_is_quarantined(const struct ord_service *service);

/* How the clock stands; `wall_us` and `now_us` are read by this call, the rest is of the last observation. */
struct ord_service_clock {
    int64_t now_us, wall_us;
    struct ord_clock_step step;
    int64_t threshold_us;
    unsigned leaps; /* since the start */
};
struct ord_service_clock ord_service_clock(const struct ord_service *service);

/* Decide on the wall clock's step. An accepted one is leapt over by the next ord_service_keep that can reserve
 * for the time there. ORD_PRECONDITION: there is no step, or (accept) the wall clock is past the layout's end.
 */
enum ord_code ord_service_accept_step(struct ord_service *service, struct ord_error *error);
enum ord_code ord_service_reject_step(struct ord_service *service, struct ord_error *error);

/* Whether the service gives IDs while something is wrong that an operator should look at; `ret` (of `size`
 * bytes) then says what: "wall clock is 3600 s ahead". */
bool ord_service_is_degraded(const struct ord_service *service, char *ret, size_t size);

struct ord_health *ord_service_health(struct ord_service *service);
struct ord_metrics *ord_service_metrics(struct ord_service *service);

/* The groups; NULL: there are none. */
struct ord_ranks *ord_service_ranks(const struct ord_service *service);
