/* Histories of one group, each made from a seed. */
#pragma once

#include "groups/model.h"
#include "groups/store.h"
#include "sim/random.h"

enum event {
    JOIN,
    REJOIN,
    FULL,
    RENEW,
    LOSE,
    LEAVE,
    EXPIRE,
    SEND,
    REPEAT,
    REFUSED,
    ACK,
    ACK_NONE,
    EVICT,
    DROP,
    WRITE,
    FAIL,
    CRASH,
    CRASH_WRITTEN,
    EVENTS
};
struct history {
    struct sim_random random;
    struct ord_group group;
    struct ord_group_limits limits;
    struct group_store store;
    struct model now, published, durable;
    int64_t id, now_ns, now_us;
    const char *fault;
    bool shows;
};

/* How often each happened, in all histories. */
extern uint64_t history_counts[EVENTS];
extern const char *const history_event_names[EVENTS];

/* Returns what went wrong, or NULL; `shows` prints each step. */
const char *history_play(struct history *it, uint64_t seed, bool shows);
