/* The engine's rooms: found by name, listed for the thread when something in them changes, looked at from
 * outside. */
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "rank/internal.h"

/* What can wait to be stored waits so long. */
#define LAZY_NS (200 * INT64_C(1000000))

static struct room *room_of(const void *name)
{
    return (struct room *)((const char *)name - offsetof(struct room, group.name));
}

struct room *ord_ranks_room_of(struct ord_group *group)
{
    return (struct room *)((char *)group - offsetof(struct room, group));
}

static int by_name(const void *a, const void *b)
{
    return strcmp(a, b);
}

struct room *ord_ranks_room(struct ord_ranks *ranks, const char *name)
{
    void *node = tfind(name, &ranks->by_name, by_name);
    struct room *room = node ? room_of(*(char **)node) : NULL;
    if (room)
        room->used_in = ranks->cycle;
    return room;
}

static bool add_room(struct ord_ranks *ranks, struct room *room)
{
    if (!ord_timers_reserve(&ranks->agings, ranks->room_count + 1) ||
        !tsearch(room->group.name, &ranks->by_name, by_name))
        return false;
    room->next = ranks->rooms;
    if (ranks->rooms)
        ranks->rooms->previous = room;
    ranks->rooms = room;
    ranks->room_count++;
    return true;
}

enum ord_code ord_ranks_make_room(struct ord_ranks *ranks, const char *name, struct room **ret_room,
                                  struct ord_error *error)
{
    struct room *room = ord_ranks_room(ranks, name);
    if (!room && ranks->room_count >= ranks->options.groups_max)
        return ord_fail(error, ORD_CAPACITY, "there are %zu groups; no more are allowed", ranks->room_count);
    if (!room) {
        room = calloc(1, sizeof *room);
        if (room)
            ord_group_init(&room->group, name, &ranks->options.limits, ranks->floor_epoch, ranks->floor_event);
        if (!room || !add_room(ranks, room)) {
            free(room);
            return ord_fail(error, ORD_INTERNAL, "no memory");
        }
        room->told_epoch = ranks->floor_epoch;
        room->used_in = ranks->cycle;
        ord_ranks_touch(ranks, room, false); /* it may turn out to be of no use */
    }
    *ret_room = room;
    return ORD_OK;
}

void ord_ranks_remove_room(struct ord_ranks *ranks, struct room *room)
{
    tdelete(room->group.name, &ranks->by_name, by_name);
    ord_timers_unset(&ranks->agings, &room->aging);
    *(room->previous ? &room->previous->next : &ranks->rooms) = room->next;
    if (room->next)
        room->next->previous = room->previous;
    ranks->room_count--;
    ord_group_finish(&room->group);
    free(room);
}

void ord_ranks_touch(struct ord_ranks *ranks, struct room *room, bool is_urgent)
{
    if (!room->is_touched) {
        room->is_touched = true;
        room->next_touched = ranks->touched;
        ranks->touched = room;
    }
    if (is_urgent)
        ranks->is_urgent = true;
    else if (!ranks->is_lazy) {
        ranks->is_lazy = true;
        ranks->lazy_ns = ord_ranks_now_ns(ranks) + LAZY_NS;
        pthread_cond_signal(&ranks->changed);
    }
}

void ord_ranks_concern(struct ord_ranks *ranks, struct room *room)
{
    if (room->is_concerned)
        return;
    room->is_concerned = true;
    room->next_concerned = ranks->concerned;
    ranks->concerned = room;
}

void ord_ranks_figures(struct ord_ranks *ranks, struct ord_rank_figures *ret_figures)
{
    pthread_mutex_lock(&ranks->lock);
    *ret_figures = ranks->figures;
    ret_figures->groups = ranks->room_count;
    ret_figures->readers = ranks->reader_count;
    for (const struct room *at = ranks->rooms; at; at = at->next) {
        ret_figures->members += at->group.published.count;
        ret_figures->commands += at->group.command_count;
        for (size_t i = 0; i < at->group.published.count; i++)
            ret_figures->pending += at->group.published.members[i]->pending;
    }
    pthread_mutex_unlock(&ranks->lock);
    const struct ord_callback_port *port = &ranks->options.callbacks;
    for (int i = 0; port->tries && i < ORD_CALLBACK_OUTCOMES; i++)
        ret_figures->tries[i] = port->tries(port->context, (enum ord_callback_outcome)i);
}

enum ord_code ord_ranks_look(struct ord_ranks *ranks, const char *group, ord_rank_look *look, void *context,
                             struct ord_error *error)
{
    enum ord_code code = ord_name_check("group", group, error);
    if (code != ORD_OK)
        return code;
    struct ord_group empty;
    pthread_mutex_lock(&ranks->lock);
    struct room *room = ord_ranks_room(ranks, group);
    if (!room)
        ord_group_init(&empty, group, &ranks->options.limits, ranks->floor_epoch, ranks->floor_event);
    code = look(context, room ? &room->group : &empty, ord_ranks_now_ns(ranks), error);
    pthread_mutex_unlock(&ranks->lock);
    return code;
}
