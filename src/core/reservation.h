/*
 * Reservations: how a run of the process comes to own a span of slots that no other run touches.
 *
 * The port is all that the generator's owner knows of the outside world; adapters in store/ (and later etcd/)
 * implement it. The policy says, purely, when to reserve more and how much.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "core/layout.h"

/* What a claim yields. */
struct ord_claim {
    uint32_t node;  /* the node ID that is ours now */
    uint64_t limit; /* durably used up to here: slots below it may have left in an earlier run. 0: none did */
};

/*
 * One thread at a time. Each call may block for as long as the storage takes. All return ORD_UNAVAILABLE or
 * ORD_INTERNAL with the cause; after a failed or uncertain extend the caller does not raise its limit.
 */
struct ord_reservation_port {
    void *context;
    /* Takes ownership of place->node and reads how far it was used. Once, first. */
    enum ord_code (*claim)(void *context, const struct ord_place *place, struct ord_claim *ret_claim,
                           struct ord_error *error);
    /* Returns ORD_OK only after it is durable that slots below `limit` may be used. */
    enum ord_code (*extend)(void *context, uint64_t limit, struct ord_error *error);
    /* Gives ownership up; `next` is the exact first slot that did not leave. Once, last. */
    enum ord_code (*release)(void *context, uint64_t next, struct ord_error *error);
};

/*
 * How far ahead to reserve, in ticks. No claim reaches further than `lead` beyond the clock (borrow and the
 * longest wait); a reservation covers `span` more, and is renewed once half of that is left.
 */
struct ord_reservation_policy {
    uint64_t lead_ticks;
    uint64_t span_ticks;
};

/* The limit to reserve when the clock reads `now_tick`. */
uint64_t ord_reservation_target(const struct ord_reservation_policy *policy, uint32_t slots_per_tick,
                                uint64_t now_tick);

/* Whether `limit` is so near that a new reservation is made now. */
bool ord_reservation_is_due(const struct ord_reservation_policy *policy, uint32_t slots_per_tick,
                            uint64_t now_tick, uint64_t limit);
