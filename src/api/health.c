#include "api/health.h"

static const char *const names[] = {
    [ORD_STARTING] = "starting",
    [ORD_SERVING] = "serving",
    [ORD_UNRESERVED] = "unreserved",
    [ORD_DRAINING] = "draining",
};

enum ord_health_state ord_health_get(const struct ord_health *health)
{
    return atomic_load(&health->state);
}

static void tell_listeners(struct ord_health *health)
{
    for (int i = 0; i < health->listeners; i++)
        health->listener[i].changed(health->listener[i].context);
}

void ord_health_set(struct ord_health *health, enum ord_health_state state)
{
    if (atomic_exchange(&health->state, state) != state)
        tell_listeners(health);
}

bool ord_health_move(struct ord_health *health, enum ord_health_state from, enum ord_health_state to)
{
    bool moved = atomic_compare_exchange_strong(&health->state, &from, to);
    if (moved)
        tell_listeners(health);
    return moved;
}

const char *ord_health_name(enum ord_health_state state)
{
    return names[state];
}

void ord_health_listen(struct ord_health *health, void (*changed)(void *context), void *context)
{
    int place = health->listeners++;
    health->listener[place].changed = changed;
    health->listener[place].context = context;
}
