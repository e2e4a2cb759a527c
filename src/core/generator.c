#include "core/generator.h"

void ord_generator_init(struct ord_generator *ret_generator, const struct ord_generator_options *options)
{
    ret_generator->options = *options;
    ret_generator->end = options->ticks * options->slots_per_tick;
    atomic_init(&ret_generator->next, options->start);
    atomic_init(&ret_generator->limit, 0);
}

/* Where an idle tick starts: one slot further round the lowest `spread` than the last slot that left. `next`
 * itself holds that place, so the rotation needs no state of its own. A batch as large as the spread is even by
 * itself. */
static uint64_t idle_start(const struct ord_generator_options *options, uint64_t now_tick, uint64_t next,
                           uint32_t count)
{
    uint64_t rotation = count < options->spread ? next % options->slots_per_tick % options->spread : 0;
    return now_tick * options->slots_per_tick + rotation;
}

static uint64_t first_slot(const struct ord_generator_options *options, uint64_t now_tick, uint64_t next,
                           uint32_t count)
{
    if (next >= now_tick * options->slots_per_tick)
        return next;
    return idle_start(options, now_tick, next, count);
}

/* Slots are shown when they lie within the horizon. */
uint64_t ord_generator_wait(const struct ord_generator *generator, uint64_t now_tick, uint64_t end)
{
    const struct ord_generator_options *options = &generator->options;
    uint64_t horizon = now_tick + options->borrow_ticks;
    if (end <= horizon * options->slots_per_tick)
        return 0;
    uint64_t needed = (end + options->slots_per_tick - 1) / options->slots_per_tick;
    return needed - horizon;
}

enum ord_code ord_generator_take(struct ord_generator *generator, uint64_t now_tick, uint32_t count,
                                 uint64_t wait_ticks, uint64_t *ret_first, uint64_t *ret_wait_ticks)
{
    const struct ord_generator_options *options = &generator->options;
    uint64_t next = atomic_load_explicit(&generator->next, memory_order_relaxed);
    uint64_t first, wait;
    do {
        first = first_slot(options, now_tick, next, count);
        if (first + count > generator->end)
            return ORD_LAYOUT_EXHAUSTED;
        wait = ord_generator_wait(generator, now_tick, first + count);
        if (wait > wait_ticks) {
            *ret_wait_ticks = wait;
            return ORD_CAPACITY;
        }
        /* Pairs with the release in raise_limit: what made the limit durable happened before. */
        if (first + count > atomic_load_explicit(&generator->limit, memory_order_acquire))
            return ORD_UNAVAILABLE;
    } while (!atomic_compare_exchange_weak_explicit(&generator->next, &next, first + count,
                                                    memory_order_acq_rel, memory_order_relaxed));
    *ret_first = first;
    *ret_wait_ticks = wait;
    return ORD_OK;
}

void ord_generator_raise_limit(struct ord_generator *generator, uint64_t limit)
{
    if (limit > atomic_load_explicit(&generator->limit, memory_order_relaxed))
        atomic_store_explicit(&generator->limit, limit, memory_order_release);
}

uint64_t ord_generator_stop(struct ord_generator *generator)
{
    /* Past the end nothing can be claimed, so the exchange is the last change of `next`. */
    atomic_store(&generator->limit, 0);
    return atomic_exchange(&generator->next, generator->end);
}

uint64_t ord_generator_next(const struct ord_generator *generator)
{
    return atomic_load_explicit(&generator->next, memory_order_relaxed);
}

uint64_t ord_generator_limit(const struct ord_generator *generator)
{
    return atomic_load_explicit(&generator->limit, memory_order_acquire);
}
