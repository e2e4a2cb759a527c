/*
 * The values of one sequence that may leave at once: a span that only its owner widens, and that any thread
 * takes from with one compare-and-swap.
 *
 * Values are counted by an index that rises for as long as the window exists, also when it is closed and opened
 * for other values or another sequence; each of that skips an index. So whoever saw the index, then read
 * anything else of the window or of what it belongs to, and then succeeds in moving the index, knows that
 * nothing was changed in between: what was read belongs together.
 *
 * If one take returned before another began, its values are the smaller ones, since the index only rises.
 *
 * What begins with `ord_window_take`, and the readers: any thread, without locks, waits or allocation. The
 * rest: the owner, in one thread.
 */
#pragma once

#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct ord_window {
    alignas(64) atomic_uint_least64_t index; /* of the value that comes next */
    atomic_uint_least64_t limit;             /* no value at or above that index may leave */
    atomic_uint_least64_t low;               /* from here on the limit is near */
    atomic_uint_least64_t origin, increment; /* index i stands for origin + i * increment, modulo 2^64 */
};

/* A window that is closed. */
void ord_window_init(struct ord_window *ret_window);

/* The index, to be passed to ord_window_take_at. */
uint64_t ord_window_index(const struct ord_window *window);
uint64_t ord_window_limit(const struct ord_window *window);

enum ord_window_taken {
    ORD_WINDOW_TAKEN,
    ORD_WINDOW_TAKEN_LOW, /* and the limit is near: the owner should raise it */
    ORD_WINDOW_SHORT,     /* nothing is taken: as many values may not leave */
    ORD_WINDOW_MOVED,     /* nothing is taken, for others did: look and take again */
};

/* Takes `count` values from `*index` on, if that is still the index; else tells the one that is. */
enum ord_window_taken ord_window_take_at(struct ord_window *window, uint64_t *index, uint32_t count,
                                         int64_t *ret_first);

/* Takes in any case, for one who knows that the window stays what it is. False: ORD_WINDOW_SHORT. */
bool ord_window_take(struct ord_window *window, uint32_t count, int64_t *ret_first);

/* The owner takes values up to `end`, whatever the limit, and gives them away only once they may leave. Others
 * take nothing beyond the limit meanwhile, nor anything while the index lies beyond. */
bool ord_window_take_beyond(struct ord_window *window, uint32_t count, uint64_t end, int64_t *ret_first);

/* The value that an index stands for. */
int64_t ord_window_value(const struct ord_window *window, uint64_t index);

/* Nothing leaves any more. Returns the index of the first value that did not leave. */
uint64_t ord_window_close(struct ord_window *window);

/* After a close: the values from `next` on come next, as soon as the limit is raised. Returns the index of
 * `next`. Between the two the owner may change what the window belongs to. */
uint64_t ord_window_open(struct ord_window *window, int64_t next, int64_t increment);

/* Values below `limit` may leave, which are durably reserved; it does not sink while the window is open. */
void ord_window_raise(struct ord_window *window, uint64_t limit, uint64_t low);
