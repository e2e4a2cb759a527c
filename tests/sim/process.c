#include "sim/process.h"

#include <stdlib.h>

#include "core/reservation.h"
#include "sim/check.h"

#define MS INT64_C(1000000)
#define SECOND (1000 * MS)

/* Slow writes within slow writes of other processes: this deep at most. */
#define DEPTH_MAX 3

/* How a write can go wrong, and whether the process ends with it. */
struct fault {
    enum sim_event event;
    enum {
        NOTHING,
        UNCERTAIN,
        DURABLE
    } effect;
    bool is_fatal;
};

static const struct fault faults[] = {
    {SIM_WRITE_LOST, NOTHING, false},        {SIM_WRITE_UNCERTAIN, UNCERTAIN, false},
    {SIM_WRITE_UNCERTAIN, UNCERTAIN, false}, {SIM_WRITE_UNTOLD, DURABLE, false},
    {SIM_WRITE_FULL, NOTHING, false},        {SIM_WRITE_LOST, NOTHING, true},
    {SIM_WRITE_UNCERTAIN, UNCERTAIN, true},  {SIM_WRITE_UNTOLD, DURABLE, true},
};
static const struct fault full = {SIM_WRITE_FULL, NOTHING, false};
static const struct fault none = {SIM_WRITE, DURABLE, false};

static void dispose(struct sim_run *run)
{
    run->is_dead = true;
    if (run->seat->disk->owner == run)
        run->seat->disk->owner = NULL;
    ord_service_close(run->service, NULL);
    free(run);
}

/* The seat's run is over. What is still on the stack of it is disposed of by who put it there. */
static void vacate(struct sim_fleet *fleet, struct sim_seat *seat)
{
    struct sim_run *run = seat->run;
    run->is_dead = true;
    if (seat->disk->owner == run)
        seat->disk->owner = NULL;
    seat->run = NULL;
    seat->keep_at_ns = INT64_MAX;
    seat->act_at_ns = fleet->now_ns;
    if (!sim_random_one_in(&fleet->random, 4)) /* else at once, in the same millisecond */
        seat->act_at_ns += (int64_t)sim_random_scale(&fleet->random, 20 * SECOND);
    sim_reschedule(fleet, seat);
    if (!run->is_busy)
        dispose(run);
}

void sim_process_abandon(struct sim_seat *seat)
{
    if (seat->run)
        dispose(seat->run);
    seat->run = NULL;
}

void sim_process_kill(struct sim_fleet *fleet, struct sim_seat *seat)
{
    sim_note(fleet, seat, SIM_KILL, seat->lineage->high, 0);
    vacate(fleet, seat);
}

void sim_process_lose_power(struct sim_fleet *fleet, struct sim_seat *seat)
{
    sim_note(fleet, seat, SIM_POWER_LOSS, seat->lineage->high, 0);
    sim_disk_lose_power(seat->disk, &fleet->random, fleet->trace, fleet->now_ns, seat->number);
    sim_machine_advance(seat->machine, fleet->now_ns);
    seat->machine->boot_ns = (int64_t)sim_random_below(&fleet->random, 60 * SECOND);
    if (seat->run)
        vacate(fleet, seat);
    if (seat->twin && seat->twin->run)
        vacate(fleet, seat->twin);
}

static void die(struct sim_fleet *fleet, struct sim_run *run)
{
    if (sim_random_one_in(&fleet->random, 2))
        sim_process_kill(fleet, run->seat);
    else
        sim_process_lose_power(fleet, run->seat);
}

static const struct fault *choose_fault(struct sim_fleet *fleet, struct sim_disk *disk)
{
    if (disk->full_until_ns > fleet->now_ns)
        return &full;
    bool is_bad = disk->bad_until_ns > fleet->now_ns;
    if (!sim_random_one_in(&fleet->random, is_bad ? 2 : fleet->fault_odds))
        return &none;
    if (!is_bad && sim_random_one_in(&fleet->random, 3))
        disk->bad_until_ns = fleet->now_ns + (int64_t)sim_random_scale(&fleet->random, 10 * SECOND);
    return &faults[sim_random_below(&fleet->random, sizeof faults / sizeof *faults)];
}

/* The storage takes its time; meanwhile the fleet goes on, and with it this very process's other threads. */
static void dawdle(struct sim_fleet *fleet, struct sim_run *run)
{
    if (fleet->depth >= DEPTH_MAX || !sim_random_one_in(&fleet->random, fleet->slow_odds))
        return;
    int64_t took_ns = (int64_t)sim_random_scale(&fleet->random, 8 * SECOND);
    sim_note(fleet, run->seat, SIM_WRITE_SLOW, (uint64_t)took_ns, 0);
    struct sim_machine *machine = sim_machine_enter(NULL);
    fleet->depth++;
    sim_let_pass(fleet, fleet->now_ns + took_ns);
    fleet->depth--;
    sim_machine_advance(machine, fleet->now_ns);
    sim_machine_enter(machine);
}

/* Writes a record as the disk pleases. The run may be dead afterwards. */
static enum ord_code write_record(struct sim_fleet *fleet, struct sim_run *run, uint64_t limit,
                                  struct ord_error *error)
{
    struct sim_seat *seat = run->seat;
    struct sim_disk *disk = seat->disk;
    struct ord_record record = {
        .place = seat->lineage->place,
        .generation = run->generation,
        .limit = limit,
        .clean = run->is_stopped,
        .written_us = seat->machine->wall_ns / 1000,
    };

    dawdle(fleet, run);
    if (run->is_dead)
        return ord_fail(error, ORD_INTERNAL, "dead");
    const struct fault *fault = choose_fault(fleet, disk);
    sim_note(fleet, seat, fault->event, limit, fault->is_fatal);
    if (fault->effect == DURABLE)
        sim_disk_write_durably(disk, &record);
    if (fault->effect == UNCERTAIN)
        sim_disk_write_uncertainly(disk, &record);
    if (fault->event == SIM_WRITE_FULL && fault != &full)
        disk->full_until_ns = fleet->now_ns + (int64_t)sim_random_scale(&fleet->random, 120 * SECOND);
    if (fault->is_fatal) {
        die(fleet, run);
        return ord_fail(error, ORD_INTERNAL, "dead");
    }
    dawdle(fleet, run);
    if (run->is_dead || fault != &none) {
        run->refusal = SIM_NO_START_DISK;
        return ord_fail(error, ORD_UNAVAILABLE, "write: %s", sim_event_name(fault->event));
    }
    return ORD_OK;
}

static enum ord_code claim(void *context, const struct ord_place *place, struct ord_claim *ret_claim,
                           struct ord_error *error)
{
    struct sim_run *run = context;
    struct sim_fleet *fleet = run->fleet;
    struct sim_disk *disk = run->seat->disk;
    if (disk->owner) {
        run->refusal = SIM_NO_START_LOCKED;
        return ord_fail(error, ORD_UNAVAILABLE, "another process holds the lock");
    }
    disk->owner = run;
    struct sim_stored found = disk->cache;
    struct ord_record record = {.place = *place};
    if (found.exists && ord_record_decode(found.bytes, sizeof found.bytes, &record, error) != ORD_OK) {
        run->refusal = SIM_NO_START_DAMAGED;
        return ord_fail(error, ORD_INTERNAL, "the record is damaged");
    }
    sim_check_claim(fleet, run, &found, &record);
    run->generation = record.generation + 1;
    enum ord_code code = write_record(fleet, run, record.limit, error);
    if (code != ORD_OK)
        return code;
    run->seat->lineage->is_released = false;
    run->claimed = record.limit;
    run->anchor_wall_ns = run->seat->machine->wall_ns;
    run->anchor_boot_ns = run->kept_boot_ns = run->seat->machine->boot_ns;
    *ret_claim = (struct ord_claim){.node = place->node, .limit = record.limit};
    return ORD_OK;
}

static enum ord_code extend(void *context, uint64_t limit, struct ord_error *error)
{
    struct sim_run *run = context;
    struct sim_fleet *fleet = run->fleet;
    if (run->is_dead)
        return ord_fail(error, ORD_INTERNAL, "dead");
    sim_check_asked(fleet, run, limit);
    enum ord_code code = write_record(fleet, run, limit, error);
    if (code == ORD_OK && limit > run->granted)
        run->granted = limit;
    return code;
}

static enum ord_code release(void *context, uint64_t next, struct ord_error *error)
{
    struct sim_run *run = context;
    struct sim_fleet *fleet = run->fleet;
    if (run->is_dead)
        return ord_fail(error, ORD_INTERNAL, "dead");
    sim_check_release(fleet, run, next);
    run->is_stopped = true;
    sim_process_take(fleet, run->seat, 1, 0); /* a caller that comes too late */
    struct sim_lineage *lineage = run->seat->lineage;
    enum ord_code code = write_record(fleet, run, next, error);
    if (code == ORD_OK) {
        lineage->is_released = true;
        lineage->exact = next;
    }
    return code;
}

/* Lets a program run at a seat. Returns the machine that ran before. */
static struct sim_machine *enter(struct sim_fleet *fleet, struct sim_seat *seat)
{
    sim_machine_advance(seat->machine, fleet->now_ns);
    return sim_machine_enter(seat->machine);
}

void sim_process_start(struct sim_fleet *fleet, struct sim_seat *seat)
{
    struct sim_run *run = calloc(1, sizeof *run);
    *run = (struct sim_run){.fleet = fleet, .seat = seat, .is_busy = true, .refusal = SIM_START};
    struct ord_service_options options = {
        .place = seat->lineage->place,
        .port = {.context = run, .claim = claim, .extend = extend, .release = release},
        .borrow_us = fleet->borrow_us,
        .max_wait_us = fleet->max_wait_us,
        .clock_threshold_us = fleet->threshold_us,
        .max_clock_gap_us = fleet->max_gap_us,
        .ignores_gap = seat->ignores_gap,
        .accepts_steps = fleet->accepts_steps,
    };
    seat->run = run;
    struct sim_machine *before = enter(fleet, seat);
    run->opened_wall_ns = seat->machine->wall_ns;
    run->asking_us = INT64_MIN;
    struct ord_error error;
    enum ord_code code = ord_service_open(&options, &run->service, &error);
    run->is_busy = false;
    if (run->is_dead) {
        dispose(run);
    } else if (code != ORD_OK) {
        sim_check_start(fleet, run, code);
        sim_note(fleet, seat, run->refusal, code, 0);
        seat->ignores_gap = run->refusal == SIM_NO_START_GAP && sim_random_one_in(&fleet->random, 2);
        vacate(fleet, seat);
    } else {
        sim_check_start(fleet, run, code);
        sim_note(fleet, seat, SIM_START, run->claimed, run->granted);
        seat->ignores_gap = false;
        seat->keep_at_ns = fleet->now_ns + ORD_KEEP_MS * MS;
        sim_reschedule(fleet, seat);
    }
    sim_machine_enter(before);
}

void sim_process_keep(struct sim_fleet *fleet, struct sim_seat *seat)
{
    struct sim_run *run = seat->run;
    struct sim_machine *before = enter(fleet, seat);
    seat->keep_at_ns = INT64_MAX;
    sim_reschedule(fleet, seat);
    sim_check_keep(fleet, run);
    int64_t began_ns = run->keep_boot_ns;
    run->is_busy = true;
    struct ord_error error;
    if (ord_service_keep(run->service, &error) == ORD_OK)
        run->kept_boot_ns = began_ns;
    run->is_busy = false;
    if (run->is_dead) {
        dispose(run);
    } else {
        seat->keep_at_ns =
            fleet->now_ns + ORD_KEEP_MS * MS + (int64_t)sim_random_below(&fleet->random, 10 * MS);
        sim_reschedule(fleet, seat);
    }
    sim_machine_enter(before);
}

void sim_process_decide(struct sim_fleet *fleet, struct sim_seat *seat)
{
    struct sim_run *run = seat->run;
    struct sim_machine *before = enter(fleet, seat);
    struct ord_error error;
    bool is_accepted = !sim_random_one_in(&fleet->random, 4);
    int64_t size_ns = ord_service_clock(run->service).step.size_ns;
    enum ord_code code = is_accepted ? ord_service_accept_step(run->service, &error)
                                     : ord_service_reject_step(run->service, &error);
    if (code == ORD_OK) {
        run->accepted_ns = is_accepted ? size_ns : 0;
        sim_note(fleet, seat, is_accepted ? SIM_STEP_ACCEPTED : SIM_STEP_REJECTED, (uint64_t)size_ns, 0);
    }
    sim_machine_enter(before);
}

bool sim_process_take(struct sim_fleet *fleet, struct sim_seat *seat, uint32_t count, uint64_t max_wait_us)
{
    struct sim_run *run = seat->run;
    struct sim_machine *before = enter(fleet, seat);
    uint64_t tags = ord_layout_values(&seat->lineage->place.layout, ORD_TAG);
    struct sim_request request = {count, (uint32_t)sim_random_below(&fleet->random, tags), max_wait_us};
    if (sim_random_one_in(&fleet->random, 500))
        request.tag += (uint32_t)tags;
    struct ord_ids ids;
    struct ord_error error;
    uint64_t wait_us;
    sim_check_clock(fleet, run);
    enum ord_code code =
        ord_service_take(run->service, count, request.tag, max_wait_us, &ids, &wait_us, &error);
    sim_check_take(fleet, run, &request, code, &ids, wait_us, &error);
    sim_machine_enter(before);
    return code == ORD_OK;
}

void sim_process_stop(struct sim_fleet *fleet, struct sim_seat *seat)
{
    struct sim_run *run = seat->run;
    struct sim_machine *before = enter(fleet, seat);
    sim_note(fleet, seat, SIM_STOP, seat->lineage->high, 0);
    seat->keep_at_ns = INT64_MAX;
    sim_reschedule(fleet, seat);
    run->is_busy = true;
    struct ord_service *service = run->service;
    ord_service_close(service, NULL);
    run->service = NULL;
    run->is_busy = false;
    if (run->is_dead)
        dispose(run);
    else
        vacate(fleet, seat);
    sim_machine_enter(before);
}
