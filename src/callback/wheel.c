#include "callback/wheel.h"

static struct ord_wheel_list *list_of(struct ord_wheel *wheel, uint64_t slot)
{
    return &wheel->lists[slot % ORD_WHEEL_SLOTS];
}

void ord_wheel_init(struct ord_wheel *ret_wheel, uint64_t now_ms)
{
    for (size_t i = 0; i < ORD_WHEEL_SLOTS; i++)
        TAILQ_INIT(&ret_wheel->lists[i]);
    ret_wheel->slot = now_ms / ORD_WHEEL_SLOT_MS;
    ret_wheel->count = 0;
}

void ord_wheel_add(struct ord_wheel *wheel, struct ord_timer *timer, uint64_t now_ms, uint64_t after_ms)
{
    if (wheel->count == 0)
        wheel->slot = now_ms / ORD_WHEEL_SLOT_MS;
    /* The slot that begins at that time or after it. */
    uint64_t slot = (now_ms + after_ms + ORD_WHEEL_SLOT_MS - 1) / ORD_WHEEL_SLOT_MS;
    if (slot < wheel->slot)
        slot = wheel->slot;
    if (slot >= wheel->slot + ORD_WHEEL_SLOTS)
        slot = wheel->slot + ORD_WHEEL_SLOTS - 1;
    timer->slot = slot;
    TAILQ_INSERT_TAIL(list_of(wheel, slot), timer, link);
    wheel->count++;
}

void ord_wheel_remove(struct ord_wheel *wheel, struct ord_timer *timer)
{
    TAILQ_REMOVE(list_of(wheel, timer->slot), timer, link);
    wheel->count--;
}

struct ord_timer *ord_wheel_take(struct ord_wheel *wheel, uint64_t now_ms)
{
    uint64_t now_slot = now_ms / ORD_WHEEL_SLOT_MS;
    while (wheel->count > 0 && wheel->slot <= now_slot) {
        struct ord_timer *timer = TAILQ_FIRST(list_of(wheel, wheel->slot));
        if (timer) {
            ord_wheel_remove(wheel, timer);
            return timer;
        }
        wheel->slot++;
    }
    if (wheel->slot < now_slot)
        wheel->slot = now_slot;
    return NULL;
}

int64_t ord_wheel_wait_ms(const struct ord_wheel *wheel, uint64_t now_ms)
{
    if (wheel->count == 0)
        return -1;
    uint64_t slot = wheel->slot;
    while (TAILQ_EMPTY(&wheel->lists[slot % ORD_WHEEL_SLOTS]))
        slot++;
    uint64_t due_ms = slot * ORD_WHEEL_SLOT_MS;
    return due_ms > now_ms ? (int64_t)(due_ms - now_ms) : 0;
}
