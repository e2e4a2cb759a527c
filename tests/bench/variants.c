#include "variants.h"

#include <stdlib.h>
#include <time.h>

#include "base/time.h"

/* As in src/api/service.c, for the default layout. */
#define SPREAD 256

uint64_t bench_tick(const struct bench_source *source)
{
    return ord_clock_tick(&source->clock, ord_boot_ns());
}

void bench_source_init(struct bench_source *ret, uint64_t borrow_ticks, bool is_spent)
{
    int64_t wall_ns, boot_ns;
    ord_clocks_read(&wall_ns, &boot_ns);
    ord_clock_anchor(&ret->clock, wall_ns, 0, boot_ns);
    if (ord_layout_parse("default", NULL, NULL, &ret->layout, NULL) != ORD_OK)
        abort();
    ord_clock_set_ticks(&ret->clock, ret->layout.epoch_us, ret->layout.unit_us);
    struct ord_generator_options options = {
        .slots_per_tick = (uint32_t)ord_layout_values(&ret->layout, ORD_SEQUENCE),
        .ticks = ord_layout_values(&ret->layout, ORD_TICK),
        .borrow_ticks = borrow_ticks,
        .spread = SPREAD,
    };
    options.start = (bench_tick(ret) + (is_spent ? borrow_ticks : 0)) * options.slots_per_tick;
    ord_generator_init(&ret->generator, &options);
    ord_generator_raise_limit(&ret->generator, UINT64_MAX);
    pthread_mutex_init(&ret->lock, NULL);
    ret->next = options.start;
}

void bench_sleep(const struct bench_source *source, uint64_t now, uint64_t ticks)
{
    int64_t boot_ns = ord_boot_ns(), now_ns = ord_clock_now(&source->clock, boot_ns);
    int64_t until_ns = ord_layout_time_of(&source->layout, now + ticks) * 1000;
    if (until_ns <= now_ns)
        return;
    int64_t wake_ns = boot_ns + until_ns - now_ns;
    struct timespec at = {.tv_sec = wake_ns / 1000000000, .tv_nsec = wake_ns % 1000000000};
    while (clock_nanosleep(CLOCK_BOOTTIME, TIMER_ABSTIME, &at, NULL) != 0)
        continue;
}

static bool take_cas(struct bench_source *source, struct bench_lane *lane, uint64_t *ret_slot)
{
    lane->now_tick = bench_tick(source);
    return ord_generator_take(&source->generator, lane->now_tick, 1, 0, ret_slot, &lane->wait_ticks) == ORD_OK;
}

/* Where an idle tick starts, with the rotation of the generator. */
static uint64_t idle_start(const struct ord_generator_options *options, uint64_t now_tick, uint64_t next)
{
    return now_tick * options->slots_per_tick + next % options->slots_per_tick % options->spread;
}

/* What was added cannot be given back: a slot ahead of the clock is the caller's, to be held; one above the
 * limit is lost. */
static bool take_fetch_add(struct bench_source *source, struct bench_lane *lane, uint64_t *ret_slot)
{
    struct ord_generator *generator = &source->generator;
    const struct ord_generator_options *options = &generator->options;
    lane->now_tick = bench_tick(source);
    uint64_t next = atomic_load_explicit(&generator->next, memory_order_relaxed);
    while (next < lane->now_tick * options->slots_per_tick &&
           !atomic_compare_exchange_weak(&generator->next, &next, idle_start(options, lane->now_tick, next)))
        continue;
    uint64_t first = atomic_fetch_add_explicit(&generator->next, 1, memory_order_acq_rel);
    lane->wait_ticks = ord_generator_wait(generator, lane->now_tick, first + 1);
    if (first + 1 > generator->end || first + 1 > atomic_load_explicit(&generator->limit, memory_order_acquire))
        return false;
    *ret_slot = first;
    return true;
}

static bool take_mutex(struct bench_source *source, struct bench_lane *lane, uint64_t *ret_slot)
{
    const struct ord_generator_options *options = &source->generator.options;
    lane->now_tick = bench_tick(source);
    pthread_mutex_lock(&source->lock);
    uint64_t first = source->next;
    if (first < lane->now_tick * options->slots_per_tick)
        first = idle_start(options, lane->now_tick, first);
    lane->wait_ticks = ord_generator_wait(&source->generator, lane->now_tick, first + 1);
    bool is_given = lane->wait_ticks == 0 && first + 1 <= source->generator.end &&
                    first + 1 <= atomic_load_explicit(&source->generator.limit, memory_order_relaxed);
    if (is_given)
        source->next = first + 1;
    pthread_mutex_unlock(&source->lock);
    *ret_slot = first;
    return is_given;
}

/* The clock is read once a block: the last slots of a block may leave long after its tick. */
static bool take_block(struct bench_source *source, struct bench_lane *lane, uint64_t *ret_slot)
{
    if (lane->next == lane->next_end) {
        uint64_t first;
        lane->now_tick = bench_tick(source);
        if (ord_generator_take(&source->generator, lane->now_tick, BENCH_BLOCK, 0, &first, &lane->wait_ticks) !=
            ORD_OK)
            return false;
        lane->next = first;
        lane->next_end = first + BENCH_BLOCK;
    }
    *ret_slot = lane->next++;
    return true;
}

const struct bench_variant bench_variants[BENCH_VARIANTS] = {
    {"cas", "the generator", take_cas},
    {"fetch-add", "one fetch-add", take_fetch_add},
    {"mutex", "plain integers under a mutex", take_mutex},
    {"blocks", "the generator, 64 a thread at a time", take_block},
};
