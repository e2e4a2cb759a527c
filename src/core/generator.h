/*
 * The one atomic generator: slot numbers that are handed out once and only rise.
 *
 * Two atomics make its state: `next`, the first free slot number, and `limit`, at or above which no slot may
 * leave. A claim is one compare-and-swap of `next`, whatever its size. `limit` is raised by the owner, only
 * after a reservation that covers it is durable; so each run of the process owns a span of slots that no other
 * run touches, and the clock, which comes in as a value, occurs nowhere in the proof that no slot leaves twice.
 *
 * Idle ticks do not all start at slot 0: the start rotates through the lowest `spread` slots, following the
 * last slot that left, so that the low bits of IDs are even at low rates too.
 *
 * After Twitter's Snowflake (tick, node, sequence), Hazelcast's FlakeIdGenerator (compare-and-swap on
 * max(now, last) with a bound on borrowing) and TiKV PD's timestamp oracle (a durable window ahead of use).
 *
 * `ord_generator_take` and the readers: any thread, without locks, waits or allocation. The rest: one thread.
 */
#pragma once

#include <stdalign.h>
#include <stdatomic.h>
#include <stdint.h>

#include "base/error.h"

struct ord_generator_options {
    uint32_t slots_per_tick; /* at least 1 */
    uint64_t ticks;          /* ticks that the layout has; no slot of a later tick ever leaves */
    uint64_t borrow_ticks;   /* how far slots may run ahead of the clock */
    uint32_t spread;         /* slots through which idle ticks rotate, 1 to half of a tick's; 1: no rotation */
    uint64_t start;          /* first slot number of this run: at or above what earlier runs used */
};

struct ord_generator {
    alignas(64) atomic_uint_least64_t next;
    alignas(64) atomic_uint_least64_t limit;
    alignas(64) struct ord_generator_options options;
    uint64_t end; /* slot number at which the layout's time is over */
};

/* Prepares a generator that hands out nothing until its limit is raised. */
void ord_generator_init(struct ord_generator *ret_generator, const struct ord_generator_options *options);

/*
 * Claims `count` (at least 1) neighbouring slot numbers at clock reading `now_tick`.
 *
 * A claim beyond now + borrow is refused, unless it comes within `wait_ticks` more: then the slots are the
 * caller's, who must wait `*ret_wait_ticks` (0 otherwise) before showing them to anyone.
 *
 * ORD_CAPACITY: ahead of the clock; *ret_wait_ticks says after how many ticks there is room.
 * ORD_UNAVAILABLE: not covered by a durable reservation. ORD_LAYOUT_EXHAUSTED: past the layout's end.
 * On refusal nothing is claimed and *ret_first is left alone.
 */
enum ord_code ord_generator_take(struct ord_generator *generator, uint64_t now_tick, uint32_t count,
                                 uint64_t wait_ticks, uint64_t *ret_first, uint64_t *ret_wait_ticks);

/* After how many ticks from `now_tick` slots below `end`, which were claimed, may be shown; 0: now. Any thread.
 */
uint64_t ord_generator_wait(const struct ord_generator *generator, uint64_t now_tick, uint64_t end);

/* Lets slots below `limit` leave. What it covers is durable. A limit below the present one is ignored. */
void ord_generator_raise_limit(struct ord_generator *generator, uint64_t limit);

/* Lets no further slot leave and returns the first that did not: exact, nothing leaves afterwards. */
uint64_t ord_generator_stop(struct ord_generator *generator);

/* The first free slot number; a moment later it may be higher. */
uint64_t ord_generator_next(const struct ord_generator *generator);

/* The limit now. */
uint64_t ord_generator_limit(const struct ord_generator *generator);
