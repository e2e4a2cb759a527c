/*
 * Whether calls should be sent here: read by /readyz and by gRPC's health service, set by the daemon.
 *
 * Any thread. Listeners are called in the thread that changes the state, without a lock held; they are added
 * before threads start and removed never.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>

enum ord_health_state {
    ORD_STARTING,   /* not ready yet */
    ORD_SERVING,    /* ready */
    ORD_UNRESERVED, /* the durable reservation is used up: no ID can be given until it is renewed */
    ORD_DRAINING,   /* finishing what is in flight, taking nothing new */
};

#define ORD_HEALTH_LISTENERS 4

struct ord_health {
    _Atomic(enum ord_health_state) state;
    int listeners;
    struct {
        void (*changed)(void *context);
        void *context;
    } listener[ORD_HEALTH_LISTENERS];
};

enum ord_health_state ord_health_get(const struct ord_health *health);
void ord_health_set(struct ord_health *health, enum ord_health_state state);

/* Changes the state only if it is `from`; whether it was. */
bool ord_health_move(struct ord_health *health, enum ord_health_state from, enum ord_health_state to);

/* "starting", "serving", "unreserved", "draining". Static. */
const char *ord_health_name(enum ord_health_state state);

void ord_health_listen(struct ord_health *health, void (*changed)(void *context), void *context);
