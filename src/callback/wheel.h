/*
 * Timers in slots of time: to add, remove and take one costs the same however many there are. A plain value
 * without a clock of its own; one thread at a time.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#define ORD_WHEEL_SLOT_MS 16
#define ORD_WHEEL_SLOTS 1024

/* Embedded in what waits; not to be moved while it is in a wheel. */
struct ord_timer {
    TAILQ_ENTRY(ord_timer) link;
    uint64_t slot; /* counted from time 0 */
};

struct ord_wheel {
    TAILQ_HEAD(ord_wheel_list, ord_timer) lists[ORD_WHEEL_SLOTS];
    uint64_t slot; /* all before it are empty */
    size_t count;
};

void ord_wheel_init(struct ord_wheel *ret_wheel, uint64_t now_ms);

/* Adds one that is due `after_ms` after `now_ms`, within one turn of the wheel (16 s); later ones come then. */
void ord_wheel_add(struct ord_wheel *wheel, struct ord_timer *timer, uint64_t now_ms, uint64_t after_ms);

void ord_wheel_remove(struct ord_wheel *wheel, struct ord_timer *timer);

/* Takes out one that is due, never early and at most two slots late; NULL: none is. */
struct ord_timer *ord_wheel_take(struct ord_wheel *wheel, uint64_t now_ms);

/* How long until the next one is due; -1: there is none. */
int64_t ord_wheel_wait_ms(const struct ord_wheel *wheel, uint64_t now_ms);
