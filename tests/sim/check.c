#include "sim/check.h"

#include <inttypes.h>
#include <stdlib.h>

#define SLEW_PER 2000 /* one part in so many: 500 µs a second */
#define ROUNDING_NS 2000
#define RESERVED_US 2000000

/* IDs that are looked at one by one at the end of a history. */
#define SINGLE_IDS_MAX 4096

static uint64_t max(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

static uint64_t min(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t divide_up(uint64_t a, uint64_t b)
{
    return a / b + (a % b > 0);
}

static const struct ord_place *place_of(const struct sim_run *run)
{
    return &run->seat->lineage->place;
}

static uint64_t ticks_in(const struct sim_run *run, uint64_t us)
{
    return divide_up(us, place_of(run)->layout.unit_us);
}

static uint64_t tick_of(const struct sim_run *run, int64_t time_us)
{
    const struct ord_layout *layout = &place_of(run)->layout;
    if (time_us < layout->epoch_us)
        return 0;
    uint64_t tick = (uint64_t)(time_us - layout->epoch_us) / layout->unit_us;
    return min(tick, UINT64_C(1) << layout->bits[ORD_TICK]);
}

static int64_t time_of_slot(const struct sim_run *run, uint64_t slot)
{
    const struct ord_place *place = place_of(run);
    return place->layout.epoch_us + (int64_t)(divide_up(slot, place->slots_per_tick) * place->layout.unit_us);
}

void sim_check_split(struct sim_fleet *fleet, const struct ord_place *places, uint32_t workers)
{
    uint32_t next = 0;
    for (uint32_t i = 0; i < workers; i++) {
        if (places[i].first_sequence != next || places[i].slots_per_tick < 1)
            sim_fail(fleet, NULL,
                     "worker %" PRIu32 " of %" PRIu32 " owns sequence values from %" PRIu32
                     ", not from %" PRIu32,
                     i, workers, places[i].first_sequence, next);
        next += places[i].slots_per_tick;
    }
    if (next != UINT32_C(1) << places[0].layout.bits[ORD_SEQUENCE])
        sim_fail(fleet, NULL, "%" PRIu32 " workers own %" PRIu32 " sequence values", workers, next);
}

void sim_check_claim(struct sim_fleet *fleet, struct sim_run *run, const struct sim_stored *found,
                     const struct ord_record *record)
{
    const struct sim_lineage *lineage = run->seat->lineage;
    uint64_t limit = record->limit;
    if (record->place.node != lineage->place.node || record->place.worker != lineage->place.worker ||
        !ord_place_counts_alike(&record->place, &lineage->place))
        sim_fail(fleet, run->seat, "claimed with the record of another place");
    if (found->damaged)
        sim_fail(fleet, run->seat, "a damaged record was taken for good");
    if (limit < lineage->high)
        sim_fail(fleet, run->seat, "claimed from slot %" PRIu64 ", but slots below %" PRIu64 " were given",
                 limit, lineage->high);
    if (limit > lineage->asked)
        sim_fail(fleet, run->seat, "claimed from slot %" PRIu64 ", which was never reserved", limit);
    if (lineage->is_released && limit != lineage->exact)
        sim_fail(fleet, run->seat, "claimed from slot %" PRIu64 " after a clean stop at %" PRIu64, limit,
                 lineage->exact);
}

/* Whether somebody wants the clock to go where the wall clock stepped. */
static bool may_leap(const struct sim_fleet *fleet, const struct sim_run *run)
{
    int64_t step_us = run->keep_wall_ns / 1000 - run->asking_us;
    bool is_unasked = fleet->accepts_steps && step_us >= (int64_t)fleet->threshold_us &&
                      (fleet->max_gap_us == 0 || step_us <= (int64_t)fleet->max_gap_us);
    return run->accepted_ns > 0 || is_unasked;
}

/* The latest time from which a reservation that is asked for now may be counted. */
static int64_t latest_us(const struct sim_fleet *fleet, const struct sim_run *run)
{
    int64_t boot_ns = run->seat->machine->boot_ns;
    if (run->asking_us == INT64_MIN) { /* not open yet: where its clock starts */
        int64_t floor_us = time_of_slot(run, run->claimed), wall_us = run->anchor_wall_ns / 1000;
        return wall_us > floor_us ? wall_us : floor_us;
    }
    int64_t since_ns = boot_ns - run->keep_boot_ns, wall_us = run->keep_wall_ns / 1000;
    int64_t kept_us = may_leap(fleet, run) && wall_us > run->asking_us ? wall_us : run->asking_us;
    return kept_us + (since_ns + since_ns / SLEW_PER) / 1000 + 1;
}

void sim_check_asked(struct sim_fleet *fleet, struct sim_run *run, uint64_t limit)
{
    struct sim_lineage *lineage = run->seat->lineage;
    uint64_t reach = ticks_in(run, fleet->borrow_us) + ticks_in(run, fleet->max_wait_us) +
                     max(2, ticks_in(run, RESERVED_US)) + 1;
    uint64_t needed = (tick_of(run, latest_us(fleet, run)) + reach) * place_of(run)->slots_per_tick;
    if (limit > max(needed, run->granted))
        sim_fail(fleet, run->seat, "reserved up to slot %" PRIu64 ", further than is needed", limit);
    /* What failed may be durable, and lowered again: nothing was given of it. */
    uint64_t granted = max(run->granted, run->claimed);
    if (limit < granted)
        sim_fail(fleet, run->seat, "reserved up to slot %" PRIu64 ", below %" PRIu64 ", which was granted",
                 limit, granted);
    lineage->asked = max(lineage->asked, limit);
}

static bool is_in_layout(const struct ord_layout *layout, int64_t time_us)
{
    uint64_t ticks = UINT64_C(1) << layout->bits[ORD_TICK];
    return time_us >= layout->epoch_us && (uint64_t)(time_us - layout->epoch_us) / layout->unit_us < ticks;
}

static void check_anchor(struct sim_fleet *fleet, struct sim_run *run)
{
    int64_t floor_ns = time_of_slot(run, run->claimed) * 1000;
    int64_t start_ns = run->anchor_wall_ns > floor_ns ? run->anchor_wall_ns : floor_ns;
    int64_t passed_ns = run->seat->machine->boot_ns - run->anchor_boot_ns;
    int64_t off_ns = run->seen_us * 1000 - start_ns - passed_ns;
    if (off_ns > ROUNDING_NS || off_ns < -ROUNDING_NS)
        sim_fail(fleet, run->seat, "the clock starts %" PRId64 " ns off", off_ns);
}

static bool is_wall_too_far(const struct sim_fleet *fleet, const struct sim_run *run)
{
    const struct ord_place *place = place_of(run);
    if (fleet->max_gap_us == 0 || run->claimed == 0 || run->seat->ignores_gap)
        return false;
    int64_t limit_us =
        place->layout.epoch_us + (int64_t)(run->claimed / place->slots_per_tick * place->layout.unit_us);
    return llabs(run->opened_wall_ns / 1000 - limit_us) > (int64_t)fleet->max_gap_us;
}

void sim_check_start(struct sim_fleet *fleet, struct sim_run *run, enum ord_code code)
{
    bool is_wall_good = is_in_layout(&place_of(run)->layout, run->opened_wall_ns / 1000);
    if (!is_wall_good && run->refusal == SIM_START)
        run->refusal = SIM_NO_START_TIME;
    if (is_wall_too_far(fleet, run) && run->refusal == SIM_START)
        run->refusal = SIM_NO_START_GAP;
    bool has_cause = run->refusal != SIM_START;
    if (code != ORD_OK && !has_cause)
        sim_fail(fleet, run->seat, "a start is refused without a cause, code %d", code);
    if (code == ORD_OK && has_cause)
        sim_fail(fleet, run->seat, "starts in spite of: %s", sim_event_name(run->refusal));
    if (code != ORD_OK)
        return;
    run->seen_us = ord_service_now_us(run->service);
    run->seen_boot_ns = run->seat->machine->boot_ns;
    check_anchor(fleet, run);
    run->next_low = run->claimed;
    run->next_high = max(run->claimed, tick_of(run, run->seen_us) * place_of(run)->slots_per_tick);
}

static bool is_about(int64_t a_ns, int64_t b_ns, int64_t by_ns)
{
    return a_ns - b_ns <= by_ns && b_ns - a_ns <= by_ns;
}

/* Whether the clock is where the wall clock would be, had it run on steadily since the last keep. */
static bool has_leapt(const struct sim_fleet *fleet, const struct sim_run *run, int64_t now_us)
{
    int64_t since_ns = run->seat->machine->boot_ns - run->keep_boot_ns;
    return may_leap(fleet, run) &&
           is_about(now_us * 1000, run->keep_wall_ns + since_ns, since_ns / SLEW_PER + ROUNDING_NS);
}

void sim_check_clock(struct sim_fleet *fleet, struct sim_run *run)
{
    int64_t now_us = ord_service_now_us(run->service), boot_ns = run->seat->machine->boot_ns;
    int64_t passed_ns = boot_ns - run->seen_boot_ns;
    int64_t off_ns = (now_us - run->seen_us) * 1000 - passed_ns;
    int64_t allowed_ns = passed_ns / SLEW_PER + ROUNDING_NS;
    if (off_ns > allowed_ns && has_leapt(fleet, run, now_us)) {
        sim_note(fleet, run->seat, SIM_LEAP, (uint64_t)off_ns, 0);
        run->accepted_ns = 0;
    } else if (now_us < run->seen_us || off_ns > allowed_ns || off_ns < -allowed_ns)
        sim_fail(fleet, run->seat, "the clock went %" PRId64 " ns too far in %" PRId64 " ns", off_ns,
                 passed_ns);
    run->seen_us = now_us;
    run->seen_boot_ns = boot_ns;
}

void sim_check_keep(struct sim_fleet *fleet, struct sim_run *run)
{
    sim_check_clock(fleet, run);
    run->asking_us = run->seen_us;
    run->keep_wall_ns = run->seat->machine->wall_ns;
    run->keep_boot_ns = run->seat->machine->boot_ns;
    /* What was accepted is that step, not one that came or went since. */
    int64_t ahead_ns = run->keep_wall_ns - run->asking_us * 1000,
            threshold_ns = (int64_t)fleet->threshold_us * 1000;
    if (!is_about(ahead_ns, run->accepted_ns, threshold_ns + 1000000) || ahead_ns < threshold_ns)
        run->accepted_ns = 0;
}

/* What a take may come to at this moment. */
struct bounds {
    uint64_t first_low, first_high; /* where its first slot lies */
    uint64_t room;                  /* slots up to here need no wait */
    uint64_t wait_ticks;            /* the longest that this caller waits */
    uint64_t end;                   /* of the layout's time */
};

static struct bounds bounds_of(const struct sim_fleet *fleet, const struct sim_run *run,
                               const struct sim_request *request)
{
    const struct ord_place *place = place_of(run);
    uint32_t slots = place->slots_per_tick, unit_us = place->layout.unit_us;
    uint64_t now = tick_of(run, run->seen_us);
    uint64_t spread = max(1, min(256, slots / 16)); /* idle ticks start on one of so many slots */
    uint64_t idle_high = run->next_low < now * slots ? now * slots + spread - 1 : 0;
    return (struct bounds){
        .first_low = max(run->next_low, now * slots),
        .first_high = max(run->next_high, idle_high),
        .room = (now + ticks_in(run, fleet->borrow_us)) * slots,
        .wait_ticks = min(request->max_wait_us / unit_us, fleet->max_wait_us / unit_us),
        .end = (uint64_t)slots << place->layout.bits[ORD_TICK],
    };
}

static uint64_t wait_of(const struct sim_run *run, const struct bounds *bounds, uint64_t end)
{
    return end <= bounds->room ? 0 : divide_up(end - bounds->room, place_of(run)->slots_per_tick);
}

/* The ID of a slot, put together by the layout's table. */
static int64_t id_of(const struct sim_fleet *fleet, const struct ord_place *place, uint64_t slot, uint32_t tag)
{
    const struct sim_layout *layout = fleet->layout;
    uint64_t tick = slot / place->slots_per_tick, part = slot - tick * place->slots_per_tick;
    uint64_t first =
        (uint64_t)place->worker * (UINT64_C(1) << place->layout.bits[ORD_SEQUENCE]) / place->workers;
    return (int64_t)((tick << layout->tick) + ((uint64_t)place->node << layout->node) +
                     ((first + part) << layout->sequence) + ((uint64_t)tag << layout->tag));
}

static void check_ids(struct sim_fleet *fleet, struct sim_run *run, const struct ord_ids *given, uint32_t tag)
{
    struct sim_lineage *lineage = run->seat->lineage;
    struct ord_ids ids = *given;
    struct ord_run head;
    uint32_t count = ord_ids_next_run(&ids, &head);
    uint64_t last = given->first + given->count - 1;
    int64_t last_id = ord_place_id(given->place, last, tag);
    if (head.first != id_of(fleet, &lineage->place, given->first, tag) ||
        head.first + head.step * (count - 1) != id_of(fleet, &lineage->place, given->first + count - 1, tag) ||
        last_id != id_of(fleet, &lineage->place, last, tag))
        sim_fail(fleet, run->seat, "ID %" PRId64 " has wrong fields", head.first);
    if (head.first <= lineage->last_id)
        sim_fail(fleet, run->seat, "ID %" PRId64 " does not rise above %" PRId64, head.first, lineage->last_id);
    lineage->last_id = last_id;
}

static void note_span(struct sim_lineage *lineage, uint64_t first, uint64_t end)
{
    if (lineage->span_count > 0 && lineage->spans[lineage->span_count - 1].end == first) {
        lineage->spans[lineage->span_count - 1].end = end;
        return;
    }
    if (lineage->span_count == lineage->span_room) {
        lineage->span_room = max(16, lineage->span_room * 2);
        lineage->spans = realloc(lineage->spans, lineage->span_room * sizeof *lineage->spans);
    }
    lineage->spans[lineage->span_count++] = (struct sim_span){first, end};
}

static void check_given(struct sim_fleet *fleet, struct sim_run *run, const struct sim_request *request,
                        const struct ord_ids *ids, uint64_t wait_us)
{
    struct sim_lineage *lineage = run->seat->lineage;
    uint32_t unit_us = lineage->place.layout.unit_us;
    struct bounds bounds = bounds_of(fleet, run, request);
    uint64_t first = ids->first, end = ids->first + request->count;
    if (request->count == 0 || ids->count != request->count ||
        request->tag >> lineage->place.layout.bits[ORD_TAG]) {
        sim_fail(fleet, run->seat, "%" PRIu32 " IDs with tag %" PRIu32 " were given for a count of %" PRIu32,
                 ids->count, request->tag, request->count);
        return;
    }
    uint64_t wait = wait_of(run, &bounds, end), durable = sim_disk_least_limit(run->seat->disk);

    sim_note(fleet, run->seat, wait_us > 0 ? SIM_TAKE_WAIT : SIM_TAKE, first, request->count);
    if (run->is_stopped)
        sim_fail(fleet, run->seat, "slot %" PRIu64 " was given after the stop", first);
    if (first < lineage->high)
        sim_fail(fleet, run->seat, "slot %" PRIu64 " was given again; slots below %" PRIu64 " had left", first,
                 lineage->high);
    if (end > durable || end > run->granted)
        sim_fail(fleet, run->seat,
                 "slots up to %" PRIu64 " were given; %" PRIu64 " is durable, %" PRIu64 " granted", end,
                 durable, run->granted);
    if (first < bounds.first_low || first > bounds.first_high)
        sim_fail(fleet, run->seat, "slot %" PRIu64 " was given in place of %" PRIu64 " to %" PRIu64, first,
                 bounds.first_low, bounds.first_high);
    if (end > bounds.end)
        sim_fail(fleet, run->seat, "slots were given past the layout's time");
    if (wait_us != wait * unit_us || wait > bounds.wait_ticks)
        sim_fail(fleet, run->seat, "waits %" PRIu64 " us, not %" PRIu64 " ticks", wait_us, wait);
    int64_t last_us =
        lineage->place.layout.epoch_us + (int64_t)((end - 1) / lineage->place.slots_per_tick * unit_us);
    if (last_us > run->seen_us + (int64_t)(fleet->borrow_us + wait_us + unit_us))
        sim_fail(fleet, run->seat, "IDs lie %" PRId64 " us ahead of the clock", last_us - run->seen_us);
    check_ids(fleet, run, ids, request->tag);

    lineage->high = run->next_low = run->next_high = end;
    fleet->ids += request->count;
    note_span(lineage, first, end);
}

static void check_capacity(struct sim_fleet *fleet, struct sim_run *run, const struct sim_request *request,
                           const struct bounds *bounds, const struct ord_error *error)
{
    uint32_t unit_us = place_of(run)->layout.unit_us;
    uint64_t least = wait_of(run, bounds, bounds->first_low + request->count);
    uint64_t most = wait_of(run, bounds, bounds->first_high + request->count);
    sim_note(fleet, run->seat, SIM_REFUSED_CAPACITY, request->count, error->retry_after_ms);
    if (most <= bounds->wait_ticks)
        sim_fail(fleet, run->seat, "%" PRIu32 " IDs are refused for capacity, but there is room",
                 request->count);
    if (error->retry_after_ms < divide_up(least * unit_us, 1000) ||
        error->retry_after_ms > divide_up(most * unit_us, 1000))
        sim_fail(fleet, run->seat, "told to ask again in %" PRIu32 " ms", error->retry_after_ms);
}

/* For about a second after each keep that ended well, what may be taken is covered. */
static void check_unavailable(struct sim_fleet *fleet, struct sim_run *run, const struct sim_request *request,
                              const struct bounds *bounds, const struct ord_error *error)
{
    int64_t since_us = (run->seat->machine->boot_ns - run->kept_boot_ns) / 1000;
    uint64_t half = max(2, ticks_in(run, RESERVED_US)) / 2;
    int64_t covered_us = (int64_t)(half * place_of(run)->layout.unit_us);
    sim_note(fleet, run->seat, SIM_REFUSED_UNAVAILABLE, request->count, (uint64_t)since_us);
    if (bounds->first_high + request->count <= run->granted)
        sim_fail(fleet, run->seat, "%" PRIu32 " IDs are refused below the limit", request->count);
    if (since_us + since_us / SLEW_PER + 2 < covered_us)
        sim_fail(fleet, run->seat, "IDs are refused %" PRId64 " us after the reservation was in order",
                 since_us);
    if (error->retry_after_ms == 0)
        sim_fail(fleet, run->seat, "not told when to ask again");
}

static void check_range(struct sim_fleet *fleet, struct sim_run *run, const struct sim_request *request)
{
    const struct ord_place *place = place_of(run);
    uint64_t most = min(1000000, max(1, ticks_in(run, fleet->borrow_us)) * place->slots_per_tick);
    sim_note(fleet, run->seat, SIM_REFUSED_RANGE, request->count, request->tag);
    if (request->count >= 1 && request->count <= most && request->tag < 1u << place->layout.bits[ORD_TAG])
        sim_fail(fleet, run->seat, "count %" PRIu32 " with tag %" PRIu32 " is refused", request->count,
                 request->tag);
}

void sim_check_take(struct sim_fleet *fleet, struct sim_run *run, const struct sim_request *request,
                    enum ord_code code, const struct ord_ids *ids, uint64_t wait_us,
                    const struct ord_error *error)
{
    struct bounds bounds = bounds_of(fleet, run, request);
    if (code == ORD_OK) {
        check_given(fleet, run, request, ids, wait_us);
    } else if (run->is_stopped) {
        sim_note(fleet, run->seat, SIM_REFUSED_STOPPED, request->count, 0);
    } else if (code == ORD_CAPACITY) {
        check_capacity(fleet, run, request, &bounds, error);
    } else if (code == ORD_UNAVAILABLE) {
        check_unavailable(fleet, run, request, &bounds, error);
    } else if (code == ORD_OUT_OF_RANGE) {
        check_range(fleet, run, request);
    } else if (code == ORD_LAYOUT_EXHAUSTED) {
        sim_note(fleet, run->seat, SIM_REFUSED_EXHAUSTED, request->count, 0);
        if (bounds.first_high + request->count <= bounds.end)
            sim_fail(fleet, run->seat, "the layout is called exhausted before its end");
    } else {
        sim_fail(fleet, run->seat, "refused with code %d", code);
    }
}

void sim_check_release(struct sim_fleet *fleet, struct sim_run *run, uint64_t next)
{
    if (next < run->next_low || next > run->next_high)
        sim_fail(fleet, run->seat, "released at slot %" PRIu64 ", the next free one is %" PRIu64, next,
                 run->next_low);
    struct sim_lineage *lineage = run->seat->lineage;
    lineage->asked = max(lineage->asked, next);
}

static int by_value(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static size_t single_ids(const struct sim_lineage *lineage, int64_t *ret, size_t room)
{
    size_t used = 0;
    for (size_t i = 0; i < lineage->span_count; i++)
        for (uint64_t slot = lineage->spans[i].first; slot < lineage->spans[i].end && used < room; slot++)
            ret[used++] = ord_place_id(&lineage->place, slot, 0);
    return used;
}

static void check_single_ids(struct sim_fleet *fleet)
{
    static int64_t ids[SINGLE_IDS_MAX];
    size_t used = 0, share = max(8, SINGLE_IDS_MAX / fleet->seat_count);
    for (unsigned i = 0; i < fleet->seat_count; i++)
        if (!fleet->lineages[i].copied_from)
            used += single_ids(&fleet->lineages[i], ids + used, min(share, SINGLE_IDS_MAX - used));
    qsort(ids, used, sizeof *ids, by_value);
    for (size_t i = 1; i < used; i++)
        if (ids[i] <= ids[i - 1])
            sim_fail(fleet, NULL, "ID %" PRId64 " was given twice in the fleet", ids[i]);
}

static uint64_t common(const struct sim_lineage *a, const struct sim_lineage *b)
{
    uint64_t slots = 0;
    for (size_t i = 0, j = 0; i < a->span_count && j < b->span_count;) {
        uint64_t first = max(a->spans[i].first, b->spans[j].first);
        uint64_t end = min(a->spans[i].end, b->spans[j].end);
        slots += end > first ? end - first : 0;
        if (a->spans[i].end < b->spans[j].end)
            i++;
        else
            j++;
    }
    return slots;
}

void sim_check_end(struct sim_fleet *fleet)
{
    if (sim_random_one_in(&fleet->random, 16))
        check_single_ids(fleet);
    for (unsigned i = 0; i < fleet->seat_count; i++)
        if (fleet->lineages[i].copied_from)
            fleet->repeated_on_copies += common(&fleet->lineages[i], fleet->lineages[i].copied_from);
}
