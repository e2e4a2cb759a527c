/* What was stored, at the start. */
#include <stdio.h>

#include "rank/internal.h"

/* More changes of membership than there can have been: epochs that were lost lie below. */
#define LOST_EPOCHS (INT64_C(1) << 40)

static void raise_floor(struct ord_ranks *ranks, int64_t epoch, int64_t event)
{
    if (epoch > ranks->floor_epoch)
        ranks->floor_epoch = epoch;
    if (event > ranks->floor_event)
        ranks->floor_event = event;
}

static enum ord_verdict found_epoch(struct ord_ranks *ranks, const struct ord_group_entry *entry,
                                    struct room *room, bool is_alike)
{
    int64_t epoch, event;
    if (!ord_group_entry_epoch(entry, &epoch, &event)) {
        ranks->figures.damaged++;
        return ORD_ENTRY_DROP;
    }
    if (!room || !is_alike) {
        raise_floor(ranks, epoch, is_alike ? event : 0);
        return ORD_ENTRY_KEEP;
    }
    room->group.epoch = epoch;
    room->group.event = event;
    room->group.is_stored = true;
    return ORD_ENTRY_KEEP;
}

static enum ord_verdict found_member(struct ord_ranks *ranks, const struct ord_group_entry *entry,
                                     struct room *room, struct ord_error *error)
{
    struct ord_member member;
    const char *name;
    if (!ord_group_entry_member(entry, &member, &name)) {
        ranks->figures.damaged++;
        return ORD_ENTRY_DROP;
    }
    if (ord_group_restore_member(&room->group, &member, name, ord_ranks_now_ns(ranks)))
        return ORD_ENTRY_KEEP;
    ord_fail(error, ORD_INTERNAL, "member \"%s\" of \"%s\": no memory, or it is there twice", name,
             room->group.name);
    return ORD_ENTRY_FAIL;
}

static enum ord_verdict found_command(struct ord_ranks *ranks, const struct ord_group_entry *entry,
                                      struct room *room, struct ord_error *error)
{
    struct ord_command command;
    if (!ord_group_entry_command(entry, &command)) {
        ranks->figures.damaged++;
        return ORD_ENTRY_DROP;
    }
    if (ord_group_restore_command(&room->group, &command))
        return ORD_ENTRY_KEEP;
    ord_fail(error, ORD_INTERNAL, "a command of \"%s\": no memory, or it is there twice", room->group.name);
    return ORD_ENTRY_FAIL;
}

/* IDs of another layout do not compare with ours: of those groups the epochs are kept alone. */
static enum ord_verdict found_foreign(struct ord_ranks *ranks, const struct ord_group_entry *entry,
                                      enum ord_group_entry_kind kind, struct ord_error *error)
{
    if (kind == ORD_ENTRY_FLOOR)
        return found_epoch(ranks, entry, NULL, false);
    if (kind != ORD_ENTRY_GROUP) {
        ranks->figures.foreign++;
        return ORD_ENTRY_DROP;
    }
    enum ord_verdict verdict = found_epoch(ranks, entry, NULL, false);
    if (verdict == ORD_ENTRY_KEEP && !ord_group_entries_remove(&ranks->entries, entry->key)) {
        ord_fail(error, ORD_INTERNAL, "no memory");
        return ORD_ENTRY_FAIL;
    }
    return verdict;
}

static enum ord_verdict found(void *context, const struct ord_group_entry *entry, bool is_alike,
                              struct ord_error *error)
{
    struct ord_ranks *ranks = context;
    char name[ORD_NAME_MAX + 1];
    struct room *room = NULL;
    enum ord_group_entry_kind kind = ord_group_entry_kind(entry->key, name);
    if (kind == ORD_ENTRY_DAMAGED) {
        ranks->figures.damaged++;
        return ORD_ENTRY_DROP;
    }
    if (!is_alike)
        return found_foreign(ranks, entry, kind, error);
    if (kind == ORD_ENTRY_FLOOR)
        return found_epoch(ranks, entry, NULL, true);
    if (ord_ranks_make_room(ranks, name, &room, error) != ORD_OK)
        return ORD_ENTRY_FAIL;
    if (kind == ORD_ENTRY_GROUP)
        return found_epoch(ranks, entry, room, true);
    return (kind == ORD_ENTRY_MEMBER ? found_member : found_command)(ranks, entry, room, error);
}

/* A group whose epoch was lost goes on above all that there can have been. */
static bool set_up(struct ord_ranks *ranks, struct room *room)
{
    struct ord_group *group = &room->group;
    if (!group->is_stored) {
        group->epoch = ranks->floor_epoch;
        group->is_dirty = true;
    }
    if (!ord_timers_reserve(&ranks->leases, ranks->member_count + group->count) || !ord_group_restored(group))
        return false;
    ranks->member_count += group->count;
    for (size_t i = 0; i < group->count; i++)
        ord_ranks_time_lease(ranks, group->members[i]);
    ord_ranks_time_aging(ranks, room);
    room->told_epoch = group->epoch;
    room->told_command = group->newest;
    return true;
}

enum ord_code ord_ranks_load(struct ord_ranks *ranks, struct ord_error *error)
{
    const struct ord_group_port *store = &ranks->options.store;
    uint32_t damaged = 0;
    size_t groups_max = ranks->options.groups_max;
    ranks->options.groups_max = SIZE_MAX; /* there were perhaps more allowed */
    enum ord_code code = store->load(store->context, &ranks->options.place, found, ranks, &damaged, error);
    ranks->options.groups_max = groups_max;
    if (code != ORD_OK)
        return code;
    ranks->figures.damaged += damaged;
    if (ranks->figures.damaged > 0)
        ranks->floor_epoch += LOST_EPOCHS;
    bool is_changed = ranks->figures.damaged > 0 || ranks->entries.count > 0;
    bool is_good = !is_changed || ord_floor_stage(ranks->floor_epoch, ranks->floor_event, &ranks->entries);
    for (struct room *at = ranks->rooms; at && is_good; at = at->next)
        is_good = set_up(ranks, at);
    ranks->is_urgent = is_changed;
    return is_good ? ORD_OK : ord_fail(error, ORD_INTERNAL, "no memory");
}
