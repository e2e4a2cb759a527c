#include "core/window.h"

void ord_window_init(struct ord_window *ret_window)
{
    atomic_init(&ret_window->index, 0);
    atomic_init(&ret_window->limit, 0);
    atomic_init(&ret_window->low, UINT64_MAX);
    atomic_init(&ret_window->origin, 0);
    atomic_init(&ret_window->increment, 1);
}

uint64_t ord_window_index(const struct ord_window *window)
{
    /* Pairs with the release in `open`: what the window belongs to was written before. */
    return atomic_load_explicit(&window->index, memory_order_acquire);
}

uint64_t ord_window_limit(const struct ord_window *window)
{
    return atomic_load_explicit(&window->limit, memory_order_acquire);
}

int64_t ord_window_value(const struct ord_window *window, uint64_t index)
{
    uint64_t origin = atomic_load_explicit(&window->origin, memory_order_relaxed);
    uint64_t increment = atomic_load_explicit(&window->increment, memory_order_relaxed);
    return (int64_t)(origin + index * increment);
}

enum ord_window_taken ord_window_take_at(struct ord_window *window, uint64_t *index, uint32_t count,
                                         int64_t *ret_first)
{
    uint64_t seen = *index, limit = ord_window_limit(window);
    if (seen >= limit || limit - seen < count)
        return ORD_WINDOW_SHORT;
    int64_t first = ord_window_value(window, seen);
    uint64_t low = atomic_load_explicit(&window->low, memory_order_relaxed);
    /* The release keeps what was read above this from being moved below it; the acquire is for the next look.
     */
    if (!atomic_compare_exchange_strong_explicit(&window->index, index, seen + count, memory_order_acq_rel,
                                                 memory_order_acquire))
        return ORD_WINDOW_MOVED;
    *ret_first = first;
    return seen + count >= low ? ORD_WINDOW_TAKEN_LOW : ORD_WINDOW_TAKEN;
}

bool ord_window_take(struct ord_window *window, uint32_t count, int64_t *ret_first)
{
    uint64_t index = ord_window_index(window);
    enum ord_window_taken taken;
    do
        taken = ord_window_take_at(window, &index, count, ret_first);
    while (taken == ORD_WINDOW_MOVED); /* GCOVR_EXCL_BR_LINE: moved at this very step, which races do */
    return taken != ORD_WINDOW_SHORT;
}

bool ord_window_take_beyond(struct ord_window *window, uint32_t count, uint64_t end, int64_t *ret_first)
{
    uint64_t index = ord_window_index(window);
    do {
        if (index >= end || end - index < count)
            return false;
    } while (/* GCOVR_EXCL_BR_START: lost to another at this very step, which races do */
             !atomic_compare_exchange_weak_explicit(&window->index, &index, index + count, memory_order_acq_rel,
                                                    memory_order_acquire));
    /* GCOVR_EXCL_BR_STOP */
    *ret_first = ord_window_value(window, index);
    return true;
}

uint64_t ord_window_close(struct ord_window *window)
{
    atomic_store_explicit(&window->limit, 0, memory_order_relaxed);
    /* Who saw the index before this fails to move it; who sees it after this sees that nothing may leave. */
    return atomic_fetch_add_explicit(&window->index, 1, memory_order_acq_rel);
}

uint64_t ord_window_open(struct ord_window *window, int64_t next, int64_t increment)
{
    /* Only the owner moves the index of a closed window. */
    uint64_t index = atomic_load_explicit(&window->index, memory_order_relaxed) + 1;
    uint64_t origin = (uint64_t)next - index * (uint64_t)increment;
    atomic_store_explicit(&window->origin, origin, memory_order_relaxed);
    atomic_store_explicit(&window->increment, (uint64_t)increment, memory_order_relaxed);
    atomic_store_explicit(&window->low, UINT64_MAX, memory_order_relaxed);
    atomic_store_explicit(&window->index, index, memory_order_release);
    return index;
}

void ord_window_raise(struct ord_window *window, uint64_t limit, uint64_t low)
{
    atomic_store_explicit(&window->low, low, memory_order_relaxed);
    /* What made it durable happened before. */
    atomic_store_explicit(&window->limit, limit, memory_order_release);
}
