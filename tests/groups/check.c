#include "groups/check.h"

#include <string.h>

/* Whether those in the list are those who are in by the model, in that order. */
static bool are_members(struct ord_member *const *members, size_t count, const struct model *model)
{
    size_t at = 0;
    for (unsigned i = 0; i < model->member_count; i++) {
        if (!model_is_in(model, i))
            continue;
        const struct model_member *wanted = &model->members[i];
        if (at == count || members[at]->session != wanted->session ||
            strcmp(members[at]->name, wanted->name) != 0)
            return false;
        at++;
    }
    return at == count;
}

static const struct ord_member *member_of(const struct ord_group *group, int64_t session)
{
    for (size_t i = 0; i < group->count; i++)
        if (group->members[i]->session == session)
            return group->members[i];
    return NULL;
}

static const char *check_member(const struct ord_group *group, const struct model *model, unsigned index)
{
    const struct model_member *wanted = &model->members[index];
    struct ord_member *found = NULL;
    if (ord_group_find(group, wanted->name, wanted->session, &found, NULL) != ORD_OK)
        return "a member is not found by its name";
    if (found->acked != wanted->acked)
        return "what a member acknowledged is another";
    if (found->pending != model_pending(model, index))
        return "what a member has to acknowledge is another";
    bool by_lease = wanted->kind != ORD_BY_STREAM || wanted->renews;
    if (by_lease ? found->until_ns != wanted->until_ns : found->until_ns != INT64_MAX)
        return "a lease ends at another time";
    if (found->kind != wanted->kind || found->ttl_ms != wanted->ttl_ms || found->renews != wanted->renews)
        return "how a member is kept is another";
    return NULL;
}

static const char *check_gone(const struct ord_group *group, const struct model *model, unsigned index)
{
    struct ord_member *found = NULL;
    const struct model_member *gone = &model->members[index];
    if (ord_group_find(group, gone->name, gone->session, &found, NULL) != ORD_SESSION_OVER)
        return "a session that is over is found";
    if (model_find(model, gone->name) < 0 &&
        ord_group_find(group, gone->name, 0, &found, NULL) != ORD_NOT_FOUND)
        return "a name that is not in is found";
    return NULL;
}

static const char *check_members(const struct ord_group *group, const struct model *model)
{
    if (group->epoch != model->epoch || group->event != model->event)
        return "the epoch is another";
    if (!are_members(group->members, group->count, model))
        return "the members, or their order, are others";
    for (unsigned i = 0; i < model->member_count; i++) {
        const char *fault = model_is_in(model, i) ? check_member(group, model, i) : check_gone(group, model, i);
        if (fault)
            return fault;
    }
    return NULL;
}

/* The last changes, since the group was made or restored. */
static const char *check_changes(const struct ord_group *group, const struct model *model)
{
    for (unsigned i = 0; i < ORD_CHANGES && i < group->change_count; i++) {
        const struct ord_change *told = &group->changes[(group->change_count - 1 - i) % ORD_CHANGES];
        const struct model_change *wanted = &model->changes[model->change_count - 1 - i];
        if (told->epoch != wanted->epoch || told->kind != wanted->kind || told->rank != wanted->rank ||
            told->member->session != model->members[wanted->member].session)
            return "a change is told as another";
    }
    return NULL;
}

struct listing {
    const struct model *model, *published;
    const struct model_command *command;
    bool is_trimmed; /* some of the departed may be forgotten */
    unsigned next;
    const char *fault;
};

/* What is told of a delivery that may be over. */
static bool is_state(const struct listing *it, const struct ord_member *member, unsigned index)
{
    struct ord_command command = {.id = it->command->id};
    enum ord_delivery state = ord_command_state(&command, member);
    if (it->model->members[index].acked >= command.id)
        return state == ORD_ACKNOWLEDGED;
    bool is_over = index < it->published->member_count && !model_is_in(it->published, index);
    return is_over ? state == ORD_GIVEN_UP : state == ORD_PENDING || state == ORD_SENT;
}

static bool found_receiver(void *context, const struct ord_member *member)
{
    struct listing *it = context;
    for (; it->next < it->model->member_count; it->next++) {
        if ((it->command->receivers >> it->next & 1) == 0)
            continue;
        if (it->model->members[it->next].session == member->session) {
            if (!is_state(it, member, it->next++))
                it->fault = "a delivery is in another state";
            return !it->fault;
        }
        if (model_is_in(it->model, it->next) || !it->is_trimmed)
            break;
    }
    it->fault = "one is told to be a receiver who is none, or not in order";
    return false;
}

static const char *check_receivers(const struct ord_group *group, const struct ord_command *command,
                                   const struct model *model, const struct model *published, unsigned index)
{
    struct listing it = {.model = model, .published = published, .command = &model->commands[index]};
    it.is_trimmed = group->departed_count >= group->limits->departed_max;
    bool is_whole = ord_group_receivers(group, command, found_receiver, &it);
    if (it.fault || !is_whole)
        return it.fault ? it.fault : "the receivers are not told";
    for (; it.next < model->member_count; it.next++)
        if (it.command->receivers >> it.next & 1 && (model_is_in(model, it.next) || !it.is_trimmed))
            return "a receiver is not told";
    return NULL;
}

/* Whether those who are in are receivers exactly if they were given it. */
static const char *check_being_for(const struct ord_group *group, const struct ord_command *command,
                                   const struct model *model, unsigned index)
{
    for (unsigned i = 0; i < model->member_count; i++) {
        const struct ord_member *member = member_of(group, model->members[i].session);
        bool is_receiver = (model->commands[index].receivers >> i & 1) != 0;
        if (member && ord_command_is_for(command, member) != is_receiver)
            return "who is a receiver is not, or the other way round";
    }
    return NULL;
}

static const char *check_command(const struct ord_group *group, const struct model *model,
                                 const struct model *published, unsigned index)
{
    const struct model_command *wanted = &model->commands[index];
    const struct ord_command *found = ord_group_command(group, wanted->id);
    bool is_told = index < published->command_count && !wanted->dropped;
    if (!is_told)
        return found ? "a command is told that is not there, or not yet" : NULL;
    if (!found)
        return "a command is not there";
    if (found->epoch != wanted->epoch || found->sender_rank != wanted->rank ||
        found->time_us != wanted->time_us ||
        found->receivers != (uint32_t)__builtin_popcountll(wanted->receivers))
        return "a command is another";
    if (found->outstanding != model_outstanding(model, index))
        return "a command waits for others";
    const char *fault = check_receivers(group, found, model, published, index);
    return fault ? fault : check_being_for(group, found, model, index);
}

/* What a member that was given nothing yet would be given, one after the other. */
static const char *check_deliveries(const struct ord_group *group, const struct model *model,
                                    const struct model *published, const struct ord_member *member,
                                    unsigned index)
{
    int64_t after = member->acked;
    for (unsigned i = 0; i < published->command_count; i++) {
        if (!model_waits(model, i, index))
            continue;
        const struct ord_command *next = ord_group_next_command(group, member, after);
        if (!next || next->id != model->commands[i].id)
            return "a member is given another command next";
        after = next->id;
    }
    return ord_group_next_command(group, member, after) ? "a member is given one command too many" : NULL;
}

static const char *check_published(const struct ord_group *group, const struct model *published)
{
    const struct ord_published *it = &group->published;
    if (it->epoch != published->epoch || !are_members(it->members, it->count, published))
        return "what is published is another membership";
    for (size_t i = 0; i < it->count; i++)
        if (ord_published_rank(it, it->members[i]->session) != i + 1)
            return "a published rank is another";
    return it->command == published->newest ? NULL : "what is published has another newest command";
}

const char *group_check(const struct ord_group *group, const struct model *now, const struct model *published)
{
    const char *fault = check_members(group, now);
    if (!fault)
        fault = check_changes(group, now);
    if (!fault)
        fault = check_published(group, published);
    for (unsigned i = 0; i < now->command_count && !fault; i++)
        fault = check_command(group, now, published, i);
    for (unsigned i = 0; i < now->member_count && !fault; i++) {
        const struct ord_member *member = member_of(group, now->members[i].session);
        if (member)
            fault = check_deliveries(group, now, published, member, i);
    }
    return fault;
}
