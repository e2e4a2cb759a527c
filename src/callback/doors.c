#include "callback/doors.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "callback/poster.h"

#define FAILING_MAX (ORD_POSTER_MAX / 4)

/* The tree holds pointers to names, which are parts of doors. */
static int compare(const void *one, const void *other)
{
    return strcmp(one, other);
}

static struct ord_door *door_of(char *name)
{
    return (struct ord_door *)(name - offsetof(struct ord_door, name));
}

static void unlist(struct ord_doors *doors, struct ord_door *door)
{
    if (!door->list)
        return;
    TAILQ_REMOVE(door->list, door, link);
    doors->idle_count -= door->list == &doors->idle;
    door->list = NULL;
}

static void enlist(struct ord_doors *doors, struct ord_door *door, struct ord_door_list *list)
{
    unlist(doors, door);
    TAILQ_INSERT_TAIL(list, door, link);
    doors->idle_count += list == &doors->idle;
    door->list = list;
}

/* Puts a door where it belongs now, behind the others. */
static void sort(struct ord_doors *doors, struct ord_door *door)
{
    if (!TAILQ_EMPTY(&door->line) && door->taken < ORD_POSTER_DOOR_MAX)
        enlist(doors, door, &doors->open[door->is_failing]);
    else
        unlist(doors, door);
}

static void forget(struct ord_doors *doors, struct ord_door *door)
{
    unlist(doors, door);
    tdelete(door->name, &doors->by_name, compare);
    free(door);
}

void ord_doors_init(struct ord_doors *ret_doors)
{
    *ret_doors = (struct ord_doors){.by_name = NULL};
    TAILQ_INIT(&ret_doors->open[0]);
    TAILQ_INIT(&ret_doors->open[1]);
    TAILQ_INIT(&ret_doors->idle);
}

static void free_door(void *name)
{
    free(door_of(name));
}

void ord_doors_finish(struct ord_doors *doors)
{
    tdestroy(doors->by_name, free_door);
    ord_doors_init(doors);
}

static struct ord_door *make(struct ord_doors *doors, const char *name)
{
    struct ord_door *door = calloc(1, sizeof *door + strlen(name) + 1);
    if (!door)
        return NULL;
    TAILQ_INIT(&door->line);
    strcpy(door->name, name);
    if (tsearch(door->name, &doors->by_name, compare))
        return door;
    free(door);
    return NULL;
}

bool ord_doors_enter(struct ord_doors *doors, const char *name, struct ord_place_wanted *guest)
{
    char **found = tfind(name, &doors->by_name, compare);
    struct ord_door *door = found ? door_of(*found) : make(doors, name);
    if (!door)
        return false;
    if (door->guests++ == 0)
        unlist(doors, door);
    *guest = (struct ord_place_wanted){.door = door};
    return true;
}

static void give_back(struct ord_doors *doors, struct ord_place_wanted *guest)
{
    doors->taken--;
    doors->failing_taken -= guest->has_failing_place;
    guest->door->taken--;
}

void ord_doors_leave(struct ord_doors *doors, struct ord_place_wanted *guest, uint64_t now_ms)
{
    struct ord_door *door = guest->door;
    if (guest->is_in_line)
        TAILQ_REMOVE(&door->line, guest, link);
    if (guest->has_place)
        give_back(doors, guest);
    *guest = (struct ord_place_wanted){.door = NULL};
    if (--door->guests > 0) {
        sort(doors, door);
        return;
    }
    door->idle_ms = now_ms;
    enlist(doors, door, &doors->idle);
}

void ord_doors_wait(struct ord_doors *doors, struct ord_place_wanted *guest)
{
    TAILQ_INSERT_TAIL(&guest->door->line, guest, link);
    guest->is_in_line = true;
    if (!guest->door->list)
        sort(doors, guest->door);
}

struct ord_place_wanted *ord_doors_next(struct ord_doors *doors)
{
    struct ord_door *door = NULL;
    if (doors->taken == ORD_POSTER_MAX)
        return NULL;
    if (doors->failing_taken < FAILING_MAX)
        door = TAILQ_FIRST(&doors->open[true]);
    if (!door)
        door = TAILQ_FIRST(&doors->open[false]);
    if (!door)
        return NULL;

    struct ord_place_wanted *guest = TAILQ_FIRST(&door->line);
    TAILQ_REMOVE(&door->line, guest, link);
    guest->is_in_line = false;
    guest->has_place = true;
    guest->has_failing_place = door->is_failing;
    doors->taken++;
    doors->failing_taken += guest->has_failing_place;
    door->taken++;
    sort(doors, door);
    return guest;
}

void ord_doors_note(struct ord_doors *doors, struct ord_door *door, bool is_failing)
{
    if (door->is_failing == is_failing)
        return;
    door->is_failing = is_failing;
    sort(doors, door);
}

void ord_doors_sweep(struct ord_doors *doors, uint64_t now_ms)
{
    for (struct ord_door *door; (door = TAILQ_FIRST(&doors->idle));) {
        if (doors->idle_count <= ORD_DOORS_IDLE_MAX && now_ms - door->idle_ms < ORD_DOOR_IDLE_MS)
            return;
        forget(doors, door);
    }
}
