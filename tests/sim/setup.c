#include "sim/setup.h"

#include <stdlib.h>

#include "base/time.h"
#include "sim/check.h"

#define SECOND_NS INT64_C(1000000000)
#define SEATS_MAX 1024
#define COPIES_MAX 2

/* 2026-06-01T00:00:00Z */
#define BEGIN_NS INT64_C(1780272000000000000)

static const struct sim_layout layouts[] = {
    {"default", NULL, 22, 12, 0, 0, 1024, false},
    {"default", NULL, 22, 12, 0, 0, 1024, false},
    {"twitter", NULL, 22, 12, 0, 0, 1024, false},
    {"instagram", NULL, 23, 10, 0, 0, 8192, false},
    {"sonyflake", NULL, 24, 0, 16, 0, 65536, false},
    {"js53", NULL, 12, 8, 0, 0, 16, false},
    {"tick:41,node:10,sequence:8,tag:4", NULL, 22, 12, 4, 0, 1024, false},
    {"tick:41,sequence:12,tag:2,node:8", NULL, 22, 0, 10, 8, 256, false},
    {"tick:50,node:6,sequence:3", "1us", 9, 3, 0, 0, 64, false},
    {"tick:31,node:10,sequence:20", "1s", 30, 20, 0, 0, 1024, false},
    {"tick:38,node:10,sequence:1", "10ms", 11, 1, 0, 0, 1024, false},
    {"tick:16,node:10,sequence:12", "1ms", 22, 12, 0, 0, 1024, true},
};

static const uint32_t splits[] = {1, 1, 1, 1, 2, 3, 5, 7};

static const uint64_t odds[] = {0, 300, 60, 12};

static uint64_t choose(struct sim_random *random, const uint64_t *values, size_t count)
{
    return values[sim_random_below(random, count)];
}

static void set_roughness(struct sim_fleet *fleet)
{
    size_t count = sizeof odds / sizeof *odds;
    fleet->fault_odds = choose(&fleet->random, odds, count);
    fleet->slow_odds = choose(&fleet->random, odds, count);
    fleet->clock_odds = choose(&fleet->random, odds, count);
    fleet->life_odds = choose(&fleet->random, odds, count);
}

/* The seed's, or a small number mostly, and 1,024 at most. */
static unsigned choose_nodes(struct sim_fleet *fleet)
{
    static const uint64_t most[] = {1, 1, 1, 4, 4, 4, 16, 16};
    if (sim_random_one_in(&fleet->random, 200))
        return 1 + (unsigned)sim_random_below(&fleet->random, SEATS_MAX);
    return 1 + (unsigned)sim_random_below(&fleet->random, choose(&fleet->random, most, 8));
}

static void parse_layout(struct sim_fleet *fleet, struct ord_layout *ret)
{
    fleet->layout = &layouts[sim_random_below(&fleet->random, sizeof layouts / sizeof *layouts)];
    char epoch[ORD_RFC3339_MAX];
    int64_t before_us = (int64_t)sim_random_below(&fleet->random, 60000000);
    ord_rfc3339_format(BEGIN_NS / 1000 - before_us, 6, epoch);
    struct ord_error error;
    if (ord_layout_parse(fleet->layout->fields, fleet->layout->is_short ? epoch : NULL, fleet->layout->unit,
                         ret, &error) != ORD_OK)
        sim_fail(fleet, NULL, "%s", error.text);
}

static void set_machine(struct sim_fleet *fleet, struct sim_machine *machine)
{
    struct sim_random *random = &fleet->random;
    int64_t skew_ns = (int64_t)sim_random_below(random, 4 * SECOND_NS) - 2 * SECOND_NS;
    int64_t boot_ns = (int64_t)sim_random_below(random, 100 * SECOND_NS);
    int32_t wall_ppm = (int32_t)sim_random_below(random, 201) - 100;
    int32_t boot_ppm = (int32_t)sim_random_below(random, 101) - 50;
    *machine = (struct sim_machine){
        .true_ns = BEGIN_NS,
        .wall_ns = BEGIN_NS + (fleet->clock_odds > 0 ? skew_ns : skew_ns / 1000000),
        .boot_ns = boot_ns,
        .wall_ppm = wall_ppm,
        .boot_ppm = boot_ppm,
    };
}

static struct sim_seat *add_seat(struct sim_fleet *fleet, const struct ord_place *place)
{
    unsigned number = fleet->seat_count++;
    struct sim_seat *seat = &fleet->seats[number];
    fleet->lineages[number] = (struct sim_lineage){.place = *place, .last_id = -1};
    set_machine(fleet, &fleet->machines[number]);
    int64_t begin_ns = BEGIN_NS + (int64_t)sim_random_scale(&fleet->random, SECOND_NS);
    uint64_t pace_ns = sim_random_scale(&fleet->random, SECOND_NS);
    *seat = (struct sim_seat){
        .number = number,
        .machine = &fleet->machines[number],
        .disk = &fleet->disks[number],
        .lineage = &fleet->lineages[number],
        .act_at_ns = begin_ns,
        .keep_at_ns = INT64_MAX,
        .pace_ns = pace_ns,
        .heap_index = number,
    };
    fleet->heap[number] = seat;
    sim_reschedule(fleet, seat);
    return seat;
}

/* A second seat on the same machine and directory. */
static void add_twin(struct sim_fleet *fleet, struct sim_seat *seat)
{
    struct sim_seat *twin = add_seat(fleet, &seat->lineage->place);
    twin->machine = seat->machine;
    twin->disk = seat->disk;
    twin->lineage = seat->lineage;
    twin->twin = seat;
    seat->twin = twin;
}

static void add_node(struct sim_fleet *fleet, const struct ord_layout *layout, uint32_t node, uint32_t workers,
                     uint64_t twin_odds)
{
    struct ord_place places[8] = {0};
    struct ord_error error;
    for (uint32_t i = 0; i < workers; i++)
        if (ord_place_init(&places[i], layout, node, i, workers, &error) != ORD_OK)
            sim_fail(fleet, NULL, "%s", error.text);
    sim_check_split(fleet, places, workers);
    for (uint32_t i = 0; i < workers; i++) {
        struct sim_seat *seat = add_seat(fleet, &places[i]);
        if (sim_random_one_in(&fleet->random, twin_odds))
            add_twin(fleet, seat);
    }
}

static uint32_t choose_workers(struct sim_fleet *fleet, const struct ord_layout *layout)
{
    uint32_t workers = splits[sim_random_below(&fleet->random, sizeof splits / sizeof *splits)];
    uint64_t sequences = ord_layout_values(layout, ORD_SEQUENCE);
    return workers > sequences ? (uint32_t)sequences : workers;
}

static void allocate(struct sim_fleet *fleet, unsigned seats)
{
    fleet->seat_count = 0;
    fleet->seat_room = seats;
    fleet->seats = calloc(seats, sizeof *fleet->seats);
    fleet->machines = calloc(seats, sizeof *fleet->machines);
    fleet->disks = calloc(seats, sizeof *fleet->disks);
    fleet->lineages = calloc(seats, sizeof *fleet->lineages);
    fleet->heap = calloc(seats, sizeof(struct sim_seat *));
}

void sim_setup(struct sim_fleet *fleet, unsigned nodes)
{
    struct sim_random *random = &fleet->random;
    fleet->now_ns = BEGIN_NS;
    fleet->depth = 0;
    fleet->failure[0] = '\0';
    set_roughness(fleet);
    fleet->borrow_us = 1000 * sim_random_scale(random, 10000);
    fleet->max_wait_us = sim_random_one_in(random, 3) ? 0 : 1000 * sim_random_scale(random, 10000);
    fleet->threshold_us = sim_random_one_in(random, 2) ? 10000000 : 100000 * sim_random_scale(random, 36000);
    fleet->max_gap_us = sim_random_one_in(random, 2) ? 0 : 1000000 * sim_random_scale(random, 100000);
    fleet->accepts_steps = sim_random_one_in(random, 4);

    struct ord_layout layout;
    parse_layout(fleet, &layout);
    uint32_t workers = choose_workers(fleet, &layout);
    unsigned count = nodes > 0 ? nodes : choose_nodes(fleet);
    if (count > fleet->layout->nodes)
        count = fleet->layout->nodes;
    if (nodes == 0 && count * workers > SEATS_MAX)
        count = SEATS_MAX / workers;
    fleet->actions_left = 20 + sim_random_scale(random, 600) + 8 * (uint64_t)count * workers;

    allocate(fleet, 2 * count * workers + COPIES_MAX);
    uint32_t stride = fleet->layout->nodes / count;
    uint64_t twin_odds = choose(random, odds, sizeof odds / sizeof *odds);
    for (uint32_t i = 0; i < count; i++)
        add_node(fleet, &layout, i * stride + (uint32_t)sim_random_below(random, stride), workers, twin_odds);
}

struct sim_seat *sim_setup_copy(struct sim_fleet *fleet, const struct sim_seat *seat)
{
    if (fleet->seat_count == fleet->seat_room)
        return NULL;
    struct sim_seat *copy = add_seat(fleet, &seat->lineage->place);
    *copy->machine = *seat->machine;
    *copy->disk = *seat->disk;
    copy->disk->owner = NULL;
    copy->lineage->copied_from = seat->lineage;
    copy->lineage->high = seat->lineage->high;
    copy->lineage->last_id = seat->lineage->last_id;
    copy->lineage->asked = seat->lineage->asked;
    copy->act_at_ns += fleet->now_ns - BEGIN_NS;
    sim_reschedule(fleet, copy);
    return copy;
}

void sim_setup_free(struct sim_fleet *fleet)
{
    for (unsigned i = 0; i < fleet->seat_count; i++)
        free(fleet->lineages[i].spans);
    free(fleet->seats);
    free(fleet->machines);
    free(fleet->disks);
    free(fleet->lineages);
    free(fleet->heap);
}
