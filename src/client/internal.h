/*
 * What a client is made of. Callers take from the ring; the filler, a thread of the client's own, keeps it
 * filled; a bell wakes the filler, and news wake the callers that wait.
 *
 * In a child process the ring reads as empty and not alive. The rest is then a copy of what other threads were
 * at work on, and must not be touched.
 */
#pragma once

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "base/error.h"
#include "client/fetch.h"
#include "client/ordinal.h"
#include "client/pace.h"
#include "client/ring.h"

struct ord_client {
    struct ord_ring *ring;
    struct ord_fetch *fetch;
    const char *target; /* in `text` */
    uint32_t tag, timeout_ms;
    int64_t max_age_ns;

    /* From callers to the filler. Any thread. */
    alignas(64) atomic_bool asked; /* IDs are wanted, and the bell was rung */
    sem_t bell;
    atomic_bool stopping;

    /* From the filler to callers, under the lock. */
    pthread_mutex_t lock;
    pthread_cond_t news;
    uint64_t edition;       /* how many requests ended */
    struct ord_error cause; /* why the latest one failed; its code is ORD_OK if it did not */
    int64_t retry_at_ns;    /* nothing is asked for before, on the steady clock */

    /* The filler's own. */
    pthread_t thread;
    bool has_thread;
    struct ord_pace pace;
    int64_t asked_at_ns; /* when the last request was made; 0: it says nothing of the rate */
    int64_t look_at_ns;  /* when to see whether IDs are in use; INT64_MAX: not before someone asks */
    int64_t early_at_ns; /* when a new connection may be tried; INT64_MAX: the server is in reach */
    uint64_t position;   /* the ring's, when the last request was made */
    int64_t last_id;     /* the highest that came */
    uint32_t backoff_ms;
    bool is_lost, was_found;

    atomic_uint_least64_t surplus, refills, failures, reconnects, waits; /* for ord_client_stats */

    char text[];
};

/* CLOCK_MONOTONIC. */
static inline int64_t ord_steady_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* Both clocks as of the kernel's last tick, some milliseconds ago: a few nanoseconds instead of dozens. */
static inline struct ord_ring_time ord_coarse_now(void)
{
    struct timespec steady, wall;
    clock_gettime(CLOCK_MONOTONIC_COARSE, &steady);
    clock_gettime(CLOCK_REALTIME_COARSE, &wall);
    return (struct ord_ring_time){.steady_ns = (int64_t)steady.tv_sec * 1000000000 + steady.tv_nsec,
                                  .wall_ns = (int64_t)wall.tv_sec * 1000000000 + wall.tv_nsec};
}

/* Tells the filler that IDs are wanted. Never blocks. */
static inline void ord_client_ask(struct ord_client *client)
{
    if (!atomic_load_explicit(&client->asked, memory_order_relaxed) && !atomic_exchange(&client->asked, true))
        sem_post(&client->bell);
}

/* filler.c: starts the thread; ends it. False: no thread. */
bool ord_filler_start(struct ord_client *client);
void ord_filler_stop(struct ord_client *client);
