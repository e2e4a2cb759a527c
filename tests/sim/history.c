#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "sim/check.h"
#include "sim/process.h"
#include "sim/setup.h"

#define US INT64_C(1000)
#define SECOND_US INT64_C(1000000)
#define SECOND_NS (SECOND_US * US)
#define YEAR_S (INT64_C(365) * 24 * 3600)

/* Wall clocks stay within 1938 and 2200, which 64 bits of nanoseconds can tell with room to spare. */
#define WALL_MIN_NS (-1000000000 * SECOND_NS)
#define WALL_MAX_NS (INT64_C(7258118400) * SECOND_NS)

void sim_fail(struct sim_fleet *fleet, const struct sim_seat *seat, const char *format, ...)
{
    if (fleet->failure[0])
        return;
    va_list args;
    va_start(args, format);
    int used = seat ? snprintf(fleet->failure, sizeof fleet->failure, "seat %u: ", seat->number) : 0;
    vsnprintf(fleet->failure + used, sizeof fleet->failure - (size_t)used, format, args);
    va_end(args);
}

void sim_note(struct sim_fleet *fleet, const struct sim_seat *seat, enum sim_event event, uint64_t a,
              uint64_t b)
{
    sim_trace(fleet->trace, fleet->now_ns, seat->number, event, a, b);
}

static int64_t due_ns(const struct sim_seat *seat)
{
    return seat->act_at_ns < seat->keep_at_ns ? seat->act_at_ns : seat->keep_at_ns;
}

static bool is_before(const struct sim_seat *a, const struct sim_seat *b)
{
    return due_ns(a) != due_ns(b) ? due_ns(a) < due_ns(b) : a->number < b->number;
}

static void put(struct sim_fleet *fleet, unsigned index, struct sim_seat *seat)
{
    fleet->heap[index] = seat;
    seat->heap_index = index;
}

static unsigned first_child(const struct sim_fleet *fleet, unsigned index)
{
    unsigned left = 2 * index + 1;
    if (left + 1 < fleet->seat_count && is_before(fleet->heap[left + 1], fleet->heap[left]))
        return left + 1;
    return left;
}

void sim_reschedule(struct sim_fleet *fleet, struct sim_seat *seat)
{
    unsigned index = seat->heap_index, child;
    for (; index > 0 && is_before(seat, fleet->heap[(index - 1) / 2]); index = (index - 1) / 2)
        put(fleet, index, fleet->heap[(index - 1) / 2]);
    while ((child = first_child(fleet, index)) < fleet->seat_count && is_before(fleet->heap[child], seat)) {
        put(fleet, index, fleet->heap[child]);
        index = child;
    }
    put(fleet, index, seat);
}

/* What happens to a wall clock. */
static void disturb_clock(struct sim_fleet *fleet, struct sim_seat *seat)
{
    struct sim_random *random = &fleet->random;
    struct sim_machine *machine = seat->machine;
    sim_machine_advance(machine, fleet->now_ns);
    int64_t most_s = sim_random_one_in(random, 8) ? 20 * YEAR_S : 3600;
    int64_t step_ns = sim_random_one_in(random, 3)
                          ? (int64_t)sim_random_scale(random, (uint64_t)(most_s * SECOND_US)) * US
                          : (int64_t)sim_random_below(random, (uint64_t)(most_s * SECOND_US)) * US;
    switch (sim_random_below(random, 6)) {
    case 0:
    case 1:
        machine->wall_ns -= step_ns;
        sim_note(fleet, seat, SIM_WALL_BACK, (uint64_t)step_ns, 0);
        break;
    case 2:
        machine->wall_ns += step_ns;
        sim_note(fleet, seat, SIM_WALL_FORWARD, (uint64_t)step_ns, 0);
        break;
    case 3:
        machine->stalled_until_ns = fleet->now_ns + (int64_t)sim_random_scale(random, 60 * SECOND_NS);
        sim_note(fleet, seat, SIM_WALL_STALL, (uint64_t)machine->stalled_until_ns, 0);
        break;
    case 4:
        machine->wall_ppm = (int32_t)sim_random_below(random, 2001) - 1000;
        sim_note(fleet, seat, SIM_WALL_DRIFT, (uint64_t)(machine->wall_ppm + 1000), 0);
        break;
    default:
        machine->wall_ns = fleet->now_ns;
        sim_note(fleet, seat, SIM_WALL_SET_RIGHT, 0, 0);
    }
    if (machine->wall_ns < WALL_MIN_NS || machine->wall_ns > WALL_MAX_NS)
        machine->wall_ns = fleet->now_ns;
}

static void delay(struct sim_fleet *fleet, struct sim_seat *seat, int64_t by_ns)
{
    if (!seat)
        return;
    seat->act_at_ns += by_ns;
    if (seat->keep_at_ns != INT64_MAX)
        seat->keep_at_ns += by_ns;
    sim_reschedule(fleet, seat);
}

/* The process does not run for a while: stopped by a signal, or with its whole machine, whose clocks may stand.
 */
static void pause_run(struct sim_fleet *fleet, struct sim_seat *seat)
{
    int64_t for_ns = (int64_t)sim_random_scale(&fleet->random, 3600 * SECOND_NS);
    bool is_frozen = sim_random_one_in(&fleet->random, 3);
    sim_note(fleet, seat, is_frozen ? SIM_FREEZE : SIM_PAUSE, (uint64_t)for_ns, 0);
    delay(fleet, seat, for_ns);
    if (!is_frozen)
        return;
    sim_machine_advance(seat->machine, fleet->now_ns);
    seat->machine->frozen_until_ns = fleet->now_ns + for_ns;
    delay(fleet, seat->twin, for_ns);
}

static void copy_directory(struct sim_fleet *fleet, struct sim_seat *seat)
{
    if (sim_random_one_in(&fleet->random, 4) && sim_setup_copy(fleet, seat))
        sim_note(fleet, seat, SIM_COPY, seat->lineage->high, 0);
}

static void rot(struct sim_fleet *fleet, struct sim_seat *seat)
{
    if (fleet->fault_odds == 0)
        return;
    sim_note(fleet, seat, SIM_ROTTEN, 0, 0);
    sim_disk_rot(seat->disk, &fleet->random);
}

/* An operator decides on a step; that is when the clock steps again, or the disk fails, if it is at all rough.
 */
static void decide(struct sim_fleet *fleet, struct sim_seat *seat)
{
    sim_process_decide(fleet, seat);
    if (sim_random_one_in(&fleet->random, 8))
        disturb_clock(fleet, seat);
    if (fleet->fault_odds > 0 && sim_random_one_in(&fleet->random, 8))
        seat->disk->bad_until_ns = fleet->now_ns + SECOND_NS;
}

typedef void (*happening)(struct sim_fleet *fleet, struct sim_seat *seat);

static const happening happenings[] = {
    sim_process_stop,
    sim_process_stop,
    sim_process_stop,
    sim_process_kill,
    sim_process_kill,
    sim_process_kill,
    sim_process_lose_power,
    sim_process_lose_power,
    pause_run,
    copy_directory,
    rot,
};

/* Something other than a call; false: nothing did. */
static bool happen(struct sim_fleet *fleet, struct sim_seat *seat)
{
    struct sim_random *random = &fleet->random;
    if (sim_random_one_in(random, fleet->clock_odds)) {
        disturb_clock(fleet, seat);
        return true;
    }
    if (ord_service_clock_is_quarantined(seat->run->service) && sim_random_one_in(random, 4)) {
        decide(fleet, seat);
        return true;
    }
    if (!sim_random_one_in(random, fleet->life_odds))
        return false;
    happening what = happenings[sim_random_below(random, sizeof happenings / sizeof *happenings)];
    if (what != sim_process_stop || !seat->run->is_busy)
        what(fleet, seat);
    return true;
}

static uint32_t choose_count(struct sim_fleet *fleet, const struct sim_seat *seat)
{
    struct sim_random *random = &fleet->random;
    uint32_t most = ord_service_count_max(seat->run->service);
    switch (sim_random_below(random, seat->is_greedy ? 2 : 8)) {
    case 0:
        return (uint32_t)sim_random_scale(random, most);
    case 1:
        return sim_random_one_in(random, 4) ? most : 1 + (uint32_t)sim_random_below(random, most);
    case 2:
        return sim_random_one_in(random, 10) ? most + 1 : 2;
    case 3:
        return sim_random_one_in(random, 10) ? 0 : 3;
    default:
        return 1;
    }
}

/* Whoever is refused mostly comes back later. */
static void back_off(struct sim_fleet *fleet, struct sim_seat *seat)
{
    seat->act_at_ns = fleet->now_ns + (int64_t)sim_random_scale(&fleet->random, 2 * SECOND_NS);
    sim_reschedule(fleet, seat);
}

/* Calls, one after the other, up to a flood that takes all there is. */
static void call(struct sim_fleet *fleet, struct sim_seat *seat)
{
    struct sim_random *random = &fleet->random;
    bool is_flood = sim_random_one_in(random, 32);
    uint64_t calls = 1 + sim_random_below(random, is_flood ? 40 : 3);
    uint64_t max_wait_us = sim_random_one_in(random, 2) ? 0 : sim_random_scale(random, 20 * SECOND_US);
    for (uint64_t i = 0; i < calls && !fleet->failure[0]; i++) {
        if (sim_process_take(fleet, seat, choose_count(fleet, seat), max_wait_us) ||
            sim_random_one_in(random, 8))
            continue;
        back_off(fleet, seat);
        return;
    }
}

/* An operator looks after a directory that cannot be started from: afresh, above all that was given. */
static void start_afresh(struct sim_fleet *fleet, struct sim_seat *seat)
{
    struct sim_lineage *lineage = seat->lineage;
    struct ord_record record = {
        .place = lineage->place,
        .generation = 1,
        .limit = lineage->high + sim_random_below(&fleet->random, 5000),
    };
    sim_disk_write_durably(seat->disk, &record);
    lineage->is_released = false;
    if (record.limit > lineage->asked)
        lineage->asked = record.limit;
    sim_note(fleet, seat, SIM_REINIT, record.limit, 0);
}

static void act_down(struct sim_fleet *fleet, struct sim_seat *seat)
{
    struct sim_random *random = &fleet->random;
    if (seat->disk->cache.damaged && !seat->disk->owner && sim_random_one_in(random, 2)) {
        start_afresh(fleet, seat);
        return;
    }
    if (sim_random_one_in(random, fleet->clock_odds))
        disturb_clock(fleet, seat);
    sim_process_start(fleet, seat);
}

/* How often its callers come, and whether they want all that there is. */
static void set_mood(struct sim_fleet *fleet, struct sim_seat *seat)
{
    seat->pace_ns = sim_random_scale(&fleet->random, 4 * SECOND_NS);
    seat->is_greedy = sim_random_one_in(&fleet->random, 4);
}

static void act(struct sim_fleet *fleet, struct sim_seat *seat)
{
    struct sim_random *random = &fleet->random;
    fleet->actions_left--;
    if (sim_random_one_in(random, 16))
        set_mood(fleet, seat);
    seat->act_at_ns = fleet->now_ns + (int64_t)sim_random_scale(random, seat->pace_ns);
    sim_reschedule(fleet, seat);

    if (!seat->run)
        act_down(fleet, seat);
    else if (!seat->run->service || seat->run->is_stopped)
        return;
    else if (!happen(fleet, seat))
        call(fleet, seat);
}

/* The next thing that happens in the fleet, if it does so until then. */
static bool step(struct sim_fleet *fleet, int64_t until_ns)
{
    struct sim_seat *seat = fleet->heap[0];
    if (fleet->failure[0] || fleet->actions_left == 0 || due_ns(seat) > until_ns)
        return false;
    if (due_ns(seat) > fleet->now_ns)
        fleet->now_ns = due_ns(seat);
    if (seat->keep_at_ns <= seat->act_at_ns)
        sim_process_keep(fleet, seat);
    else
        act(fleet, seat);
    return true;
}

void sim_let_pass(struct sim_fleet *fleet, int64_t until_ns)
{
    while (step(fleet, until_ns))
        ;
    if (until_ns > fleet->now_ns)
        fleet->now_ns = until_ns;
}

bool sim_history(struct sim_fleet *fleet, struct sim_trace *trace, uint64_t seed, unsigned nodes)
{
    fleet->random.state = seed;
    fleet->trace = trace;
    sim_setup(fleet, nodes);
    while (step(fleet, INT64_MAX - 1))
        ;
    sim_check_end(fleet);
    for (unsigned i = 0; i < fleet->seat_count; i++)
        sim_process_abandon(&fleet->seats[i]);
    sim_setup_free(fleet);
    return !fleet->failure[0];
}
