#include "core/clock.h"

#define NS_PER_SECOND INT64_C(1000000000)
#define PPM 1000000
#define FS_PER_NS INT64_C(1000000) /* so a nanosecond slewed by 1 ppm is a femtosecond */
#define FS_PER_US (UINT64_C(1000) * FS_PER_NS)

__extension__ typedef __int128 wide;
__extension__ typedef unsigned __int128 unsigned_wide;

struct offset {
    int64_t ns, fs; /* fs: 0 to a nanosecond */
};

struct terms {
    int64_t observed_boot_ns, slew_ppm;
    struct offset offset;
};

/* A time in ticks, and how fast it rises. */
struct line {
    int64_t observed_boot_ns;
    uint64_t tick, fraction, rate;
};

/* A read begins with the version and is good if it ends with the same, even one. */
static unsigned begin_read(const struct ord_clock *clock)
{
    return atomic_load_explicit(&clock->version, memory_order_acquire);
}

static bool is_good(const struct ord_clock *clock, unsigned version)
{
    return version == atomic_load_explicit(&clock->version, memory_order_relaxed) && version % 2 == 0;
}

static struct terms read_terms(const struct ord_clock *clock)
{
    struct terms terms;
    unsigned version;
    do {
        version = begin_read(clock);
        terms.observed_boot_ns = atomic_load_explicit(&clock->observed_boot_ns, memory_order_acquire);
        terms.offset.ns = atomic_load_explicit(&clock->offset_ns, memory_order_acquire);
        terms.offset.fs = atomic_load_explicit(&clock->offset_fs, memory_order_acquire);
        terms.slew_ppm = atomic_load_explicit(&clock->slew_ppm, memory_order_acquire);
    } while (!is_good(clock, version));
    return terms;
}

static struct line read_line(const struct ord_clock *clock)
{
    struct line line;
    unsigned version;
    do {
        version = begin_read(clock);
        line.observed_boot_ns = atomic_load_explicit(&clock->observed_boot_ns, memory_order_acquire);
        line.tick = atomic_load_explicit(&clock->tick, memory_order_acquire);
        line.fraction = atomic_load_explicit(&clock->fraction, memory_order_acquire);
        line.rate = atomic_load_explicit(&clock->rate, memory_order_acquire);
    } while (!is_good(clock, version));
    return line;
}

static int64_t clamp(int64_t value, int64_t low, int64_t high)
{
    if (value < low)
        return low;
    return value > high ? high : value;
}

/* The offset at that boot time, with what was slewed since the last observation. A reading that is older than
 * the observation may have been slewed by anything; it counts as if by the most backwards, which is where it is
 * highest, so that it is not below what was read just before by the terms of then. */
static struct offset offset_at(const struct terms *terms, int64_t boot_ns)
{
    int64_t elapsed = clamp(boot_ns - terms->observed_boot_ns, -NS_PER_SECOND, NS_PER_SECOND);
    int64_t slew_ppm = elapsed < 0 ? -ORD_CLOCK_SLEW_PPM : terms->slew_ppm;
    int64_t fs = terms->offset.fs + elapsed * slew_ppm;
    int64_t ns = fs / FS_PER_NS - (fs % FS_PER_NS < 0);
    return (struct offset){.ns = terms->offset.ns + ns, .fs = fs - ns * FS_PER_NS};
}

/* What lies before the epoch, in ticks: further than any layout reaches. */
#define BEFORE (UINT64_C(1) << 63)

/*
 * The line through the clock's time at `boot_ns`. Rounded down, its rate falls behind by less than 2^-64 of a
 * tick in a nanosecond, less than 2^-34 in a second; it starts that much high, so that it is never behind the
 * clock, and never ahead of it by more than that. Each line starts as high above the clock as the last did and
 * falls from there, so none starts below the last one's end.
 */
#define HEADROOM (UINT64_C(1) << 30)

static struct line line_at(const struct ord_clock *clock, const struct terms *terms, int64_t boot_ns)
{
    struct offset offset = offset_at(terms, boot_ns);
    wide ns = (wide)boot_ns + offset.ns - (wide)clock->epoch_us * 1000;
    if (ns < 0)
        return (struct line){.observed_boot_ns = boot_ns, .tick = BEFORE};

    uint64_t unit_fs = clock->unit_us * FS_PER_US, slewed_fs = (uint64_t)(FS_PER_NS + terms->slew_ppm);
    unsigned_wide fs = (unsigned_wide)ns * FS_PER_NS + (uint64_t)offset.fs;
    unsigned_wide fraction = (fs % unit_fs << 64) / unit_fs + HEADROOM;
    return (struct line){
        .observed_boot_ns = boot_ns,
        .tick = (uint64_t)(fs / unit_fs) + (uint64_t)(fraction >> 64),
        .fraction = (uint64_t)fraction,
        .rate = (uint64_t)(((unsigned_wide)slewed_fs << 64) / unit_fs),
    };
}

static void write_terms(struct ord_clock *clock, const struct terms *terms)
{
    struct line line = line_at(clock, terms, terms->observed_boot_ns);
    unsigned version = atomic_load_explicit(&clock->version, memory_order_relaxed);
    atomic_store_explicit(&clock->version, version + 1, memory_order_relaxed);
    atomic_store_explicit(&clock->observed_boot_ns, terms->observed_boot_ns, memory_order_release);
    atomic_store_explicit(&clock->offset_ns, terms->offset.ns, memory_order_release);
    atomic_store_explicit(&clock->offset_fs, terms->offset.fs, memory_order_release);
    atomic_store_explicit(&clock->slew_ppm, terms->slew_ppm, memory_order_release);
    atomic_store_explicit(&clock->tick, line.tick, memory_order_release);
    atomic_store_explicit(&clock->fraction, line.fraction, memory_order_release);
    atomic_store_explicit(&clock->rate, line.rate, memory_order_release);
    atomic_store_explicit(&clock->version, version + 2, memory_order_release);
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
    *ret_clock = (struct ord_clock){.unit_us = 1, .threshold_ns = ORD_CLOCK_QUARANTINE_NS};
    atomic_init(&ret_clock->wall_ahead_ns, wall_ns - start_ns);
    atomic_init(&ret_clock->step, step_word(ORD_CLOCK_FOLLOWING, 0));
    struct terms terms = {.observed_boot_ns = boot_ns, .offset = {.ns = start_ns - boot_ns}};
    write_terms(ret_clock, &terms);
}

void ord_clock_set_ticks(struct ord_clock *clock, int64_t epoch_us, uint32_t unit_us)
{
    struct terms terms = read_terms(clock);
    clock->epoch_us = epoch_us;
    clock->unit_us = unit_us;
    write_terms(clock, &terms);
}

int64_t ord_clock_now(const struct ord_clock *clock, int64_t boot_ns)
{
    struct terms terms = read_terms(clock);
    return boot_ns + offset_at(&terms, boot_ns).ns;
}

/* A boot time that is older than the observation, or when nobody has observed for a second: it is rare, and a
 * function of its own keeps the common case short. */
__attribute__((noinline)) static uint64_t tick_afar(const struct ord_clock *clock, int64_t boot_ns)
{
    struct terms terms = read_terms(clock);
    return line_at(clock, &terms, boot_ns).tick;
}

uint64_t ord_clock_tick(const struct ord_clock *clock, int64_t boot_ns)
{
    struct line line = read_line(clock);
    uint64_t elapsed = (uint64_t)boot_ns - (uint64_t)line.observed_boot_ns;
    if (elapsed > NS_PER_SECOND)
        return tick_afar(clock, boot_ns);
    return line.tick + (uint64_t)(((unsigned_wide)elapsed * line.rate + line.fraction) >> 64);
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
    struct offset offset = offset_at(&terms, boot_ns);
    int64_t ahead_ns = wall_ns - boot_ns - offset.ns;
    int64_t slew_ppm = clamp(ahead_ns / (NS_PER_SECOND / PPM), -ORD_CLOCK_SLEW_PPM, ORD_CLOCK_SLEW_PPM);
    terms = (struct terms){
        .observed_boot_ns = boot_ns,
        .offset = offset,
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

    struct terms terms = {.observed_boot_ns = boot_ns, .offset = {.ns = wall_ns - boot_ns}};
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
