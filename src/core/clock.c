#include "core/clock.h"

#define NS_PER_SECOND INT64_C(1000000000)
#define PPM 1000000

struct terms {
    int64_t observed_boot_ns, offset_ns, slew_ppm;
};

static struct terms read_terms(const struct ord_clock *clock)
{
    struct terms terms;
    unsigned before, after;
    do {
        before = atomic_load_explicit(&clock->version, memory_order_acquire);
        terms.observed_boot_ns = atomic_load_explicit(&clock->observed_boot_ns, memory_order_acquire);
        terms.offset_ns = atomic_load_explicit(&clock->offset_ns, memory_order_acquire);
        terms.slew_ppm = atomic_load_explicit(&clock->slew_ppm, memory_order_acquire);
        after = atomic_load_explicit(&clock->version, memory_order_relaxed);
    } while (before != after || before % 2 != 0);
    return terms;
}

static void write_terms(struct ord_clock *clock, const struct terms *terms)
{
    unsigned version = atomic_load_explicit(&clock->version, memory_order_relaxed);
    atomic_store_explicit(&clock->version, version + 1, memory_order_relaxed);
    atomic_store_explicit(&clock->observed_boot_ns, terms->observed_boot_ns, memory_order_release);
    atomic_store_explicit(&clock->offset_ns, terms->offset_ns, memory_order_release);
    atomic_store_explicit(&clock->slew_ppm, terms->slew_ppm, memory_order_release);
    atomic_store_explicit(&clock->version, version + 2, memory_order_release);
}

static int64_t clamp(int64_t value, int64_t low, int64_t high)
{
    if (value < low)
        return low;
    return value > high ? high : value;
}

/* The offset at that boot time, with what was slewed since the last observation. */
static int64_t offset_at(const struct terms *terms, int64_t boot_ns)
{
    int64_t elapsed = clamp(boot_ns - terms->observed_boot_ns, 0, NS_PER_SECOND);
    return terms->offset_ns + elapsed * terms->slew_ppm / PPM;
}

/* The state has the lowest bits of the word, the size in microseconds those above. */
#define STATES 4

static int64_t step_word(enum ord_clock_state state, int64_t size_ns)
{
    return size_ns / 1000 * STATES + (int64_t)state;
}

static struct ord_clock_step step_of(int64_t word)
{
    return (struct ord_clock_step){.state = word % STATES, .size_ns = word / STATES * 1000};
}

static bool is_near(const struct ord_clock *clock, int64_t a_ns, int64_t b_ns)
{
    return a_ns - b_ns <= clock->threshold_ns && b_ns - a_ns <= clock->threshold_ns;
}

void ord_clock_anchor(struct ord_clock *ret_clock, int64_t wall_ns, int64_t floor_ns, int64_t boot_ns)
{
    int64_t start_ns = wall_ns > floor_ns ? wall_ns : floor_ns;
    atomic_init(&ret_clock->version, 0);
    atomic_init(&ret_clock->observed_boot_ns, boot_ns);
    atomic_init(&ret_clock->offset_ns, start_ns - boot_ns);
    atomic_init(&ret_clock->slew_ppm, 0);
    atomic_init(&ret_clock->wall_ahead_ns, wall_ns - start_ns);
    atomic_init(&ret_clock->step, step_word(ORD_CLOCK_FOLLOWING, 0));
    atomic_init(&ret_clock->leaps, 0);
    ret_clock->threshold_ns = ORD_CLOCK_QUARANTINE_NS;
}

int64_t ord_clock_now(const struct ord_clock *clock, int64_t boot_ns)
{
    struct terms terms = read_terms(clock);
    return boot_ns + offset_at(&terms, boot_ns);
}

/* What becomes of a step when the wall clock is `ahead_ns` ahead. Around the size that was decided on, the
 * decision holds; a rejected step may also shrink. */
static int64_t next_step(const struct ord_clock *clock, int64_t word, int64_t ahead_ns)
{
    struct ord_clock_step step = step_of(word);
    if (ahead_ns <= clock->threshold_ns)
        return step_word(ORD_CLOCK_FOLLOWING, 0);
    if (step.state != ORD_CLOCK_FOLLOWING && is_near(clock, ahead_ns, step.size_ns))
        return word;
    if (step.state == ORD_CLOCK_REJECTED && ahead_ns < step.size_ns)
        return word;
    return step_word(ORD_CLOCK_QUARANTINED, ahead_ns);
}

static void note_step(struct ord_clock *clock, int64_t ahead_ns)
{
    int64_t word = atomic_load(&clock->step), next;
    do
        next = next_step(clock, word, ahead_ns);
    while (!atomic_compare_exchange_weak(&clock->step, &word, next));
}

void ord_clock_observe(struct ord_clock *clock, int64_t wall_ns, int64_t boot_ns)
{
    struct terms terms = read_terms(clock);
    int64_t offset_ns = offset_at(&terms, boot_ns);
    int64_t ahead_ns = wall_ns - boot_ns - offset_ns;
    int64_t slew_ppm = clamp(ahead_ns / (NS_PER_SECOND / PPM), -ORD_CLOCK_SLEW_PPM, ORD_CLOCK_SLEW_PPM);
    terms = (struct terms){
        .observed_boot_ns = boot_ns,
        .offset_ns = offset_ns,
        .slew_ppm = ahead_ns > clock->threshold_ns ? 0 : slew_ppm,
    };
    write_terms(clock, &terms);
    atomic_store_explicit(&clock->wall_ahead_ns, ahead_ns, memory_order_relaxed);
    note_step(clock, ahead_ns);
}

bool ord_clock_leap(struct ord_clock *clock, int64_t wall_ns, int64_t boot_ns)
{
    int64_t word = atomic_load(&clock->step);
    struct ord_clock_step step = step_of(word);
    int64_t ahead_ns = wall_ns - ord_clock_now(clock, boot_ns);
    bool is_there = step.state == ORD_CLOCK_ACCEPTED && ahead_ns >= 0 && is_near(clock, ahead_ns, step.size_ns);
    if (!is_there)
        return false;
    /* Whoever rejects the step after this comes too late. GCOVR_EXCL_BR_START: lost to a decision at this
     * moment only */
    if (!atomic_compare_exchange_strong(&clock->step, &word, step_word(ORD_CLOCK_FOLLOWING, 0)))
        return false;
    /* GCOVR_EXCL_BR_STOP */

    struct terms terms = {.observed_boot_ns = boot_ns, .offset_ns = wall_ns - boot_ns, .slew_ppm = 0};
    write_terms(clock, &terms);
    atomic_store_explicit(&clock->wall_ahead_ns, 0, memory_order_relaxed);
    atomic_fetch_add_explicit(&clock->leaps, 1, memory_order_relaxed);
    return true;
}

static bool decide(struct ord_clock *clock, enum ord_clock_state decision)
{
    int64_t word = atomic_load(&clock->step);
    struct ord_clock_step step;
    do {
        step = step_of(word);
        if (step.state == ORD_CLOCK_FOLLOWING)
            return false;
    } while (!atomic_compare_exchange_weak(&clock->step, &word, step_word(decision, step.size_ns)));
    return true;
}

bool ord_clock_accept(struct ord_clock *clock)
{
    return decide(clock, ORD_CLOCK_ACCEPTED);
}

bool ord_clock_reject(struct ord_clock *clock)
{
    return decide(clock, ORD_CLOCK_REJECTED);
}

struct ord_clock_step ord_clock_step(const struct ord_clock *clock)
{
    return step_of(atomic_load(&clock->step));
}

unsigned ord_clock_leaps(const struct ord_clock *clock)
{
    return atomic_load_explicit(&clock->leaps, memory_order_relaxed);
}

int64_t ord_clock_wall_ahead(const struct ord_clock *clock)
{
    return atomic_load_explicit(&clock->wall_ahead_ns, memory_order_relaxed);
}

bool ord_clock_is_quarantined(const struct ord_clock *clock)
{
    enum ord_clock_state state = ord_clock_step(clock).state;
    return state == ORD_CLOCK_QUARANTINED || state == ORD_CLOCK_ACCEPTED;
}
