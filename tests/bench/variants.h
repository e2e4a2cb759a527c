/*
 * Ways to hand out slots to many threads, fed by the clock that the service uses: the generator of src/core,
 * and what it might have been. For comparison only.
 *
 * All keep the promise that no slot leaves twice, and the bound on running ahead of the clock. They differ in
 * the order: with `blocks` the slots of one thread rise, but a later call of another thread may bring a smaller
 * one.
 */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/clock.h"
#include "core/generator.h"
#include "core/layout.h"

/* Slots that a thread takes at a time in `blocks`. */
#define BENCH_BLOCK 64

struct bench_source {
    struct ord_clock clock;
    struct ord_layout layout;
    struct ord_generator generator; /* `mutex` has only its options */
    _Alignas(64) pthread_mutex_t lock;
    uint64_t next; /* under the lock */
};

/* What a thread has of its own. */
struct bench_lane {
    uint64_t now_tick;   /* when it last read the clock */
    uint64_t wait_ticks; /* how long from then until there is room, or until the slot may be shown; 0: now */
    uint64_t next, next_end; /* what is left of its block */
};

/* Claims one slot. False: refused; there is room after `wait_ticks`. True: the slot is the caller's, who may
 * show it after `wait_ticks`. */
typedef bool bench_take(struct bench_source *source, struct bench_lane *lane, uint64_t *ret_slot);

struct bench_variant {
    const char *name, *text;
    bench_take *take;
};

enum {
    BENCH_VARIANTS = 4
};

extern const struct bench_variant bench_variants[BENCH_VARIANTS];

/* A source in the default layout, bound to `borrow_ticks` ahead of the clock, all of which are spent already if
 * `is_spent`. Its first slot is `generator.options.start`. */
void bench_source_init(struct bench_source *ret, uint64_t borrow_ticks, bool is_spent);

/* The tick, read as the service reads it. */
uint64_t bench_tick(const struct bench_source *source);

/* Sleeps until `ticks` after tick `now`. */
void bench_sleep(const struct bench_source *source, uint64_t now, uint64_t ticks);
