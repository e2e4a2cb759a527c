/* The commands of a group, and how far their deliveries are. */
#include <inttypes.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "core/group_private.h"

#define FULL_RETRY_MS 1000

/* What a command takes beside its text. */
#define OVERHEAD sizeof(struct ord_command)

/* The tree holds commands by sender and request ID. */
static int by_request(const void *a, const void *b)
{
    const struct ord_command *x = a, *y = b;
    int order = strcmp(x->request_id, y->request_id);
    return order != 0 ? order : strcmp(x->sender, y->sender);
}

static void keep_in_tree(void *command)
{
}

size_t ord_commands_upto(const struct ord_group *group, int64_t id)
{
    size_t from = 0, end = group->command_count;
    while (from < end) {
        size_t middle = from + (end - from) / 2;
        if (group->commands[middle]->id <= id)
            from = middle + 1;
        else
            end = middle;
    }
    return from;
}

bool ord_command_is_for(const struct ord_command *command, const struct ord_member *member)
{
    return command->sender_session < member->session && member->session < command->id &&
           (member->left == 0 || member->left > command->id);
}

enum ord_delivery ord_command_state(const struct ord_command *command, const struct ord_member *member)
{
    if (member->acked >= command->id)
        return ORD_ACKNOWLEDGED;
    if (member->left != 0 && member->left <= member->group->published.event)
        return ORD_GIVEN_UP;
    return member->sent >= command->id ? ORD_SENT : ORD_PENDING;
}

struct ord_command *ord_group_repeated(const struct ord_group *group, const struct ord_sending *sending)
{
    struct ord_command key = {.sender = sending->sender, .request_id = sending->request_id};
    void *node = *sending->request_id ? tfind(&key, &group->by_request, by_request) : NULL;
    return node ? *(struct ord_command **)node : NULL;
}

/* Copies a string to `*at`, behind which there is room, and moves that on. */
static const char *put_string(char **at, const char *string, size_t length)
{
    char *copy = *at;
    memcpy(copy, string, length);
    copy[length] = '\0';
    *at += length + 1;
    return copy;
}

static struct ord_command *new_command(const char *sender, const char *request_id, const char *text,
                                       size_t size)
{
    size_t sender_length = strlen(sender), request_length = strlen(request_id);
    struct ord_command *command = calloc(1, sizeof *command + sender_length + request_length + size + 3);
    if (!command)
        return NULL;
    char *at = command->data;
    command->sender = put_string(&at, sender, sender_length);
    command->request_id = put_string(&at, request_id, request_length);
    command->text = put_string(&at, text, size);
    command->size = size;
    return command;
}

static bool make_room(struct ord_group *group)
{
    if (group->command_count < group->command_room)
        return true;
    size_t room = group->command_room * 2 + 8;
    struct ord_command **commands = reallocarray(group->commands, room, sizeof *commands);
    if (!commands)
        return false;
    group->commands = commands;
    group->command_room = room;
    return true;
}

/* Adds it behind all others. False: no memory. */
static bool append(struct ord_group *group, struct ord_command *command)
{
    if (!make_room(group) || (*command->request_id && !tsearch(command, &group->by_request, by_request)))
        return false;
    group->commands[group->command_count++] = command;
    group->bytes += OVERHEAD + command->size;
    group->newest = command->id;
    return true;
}

static void drop(struct ord_group *group, size_t index)
{
    struct ord_command *command = group->commands[index];
    if (*command->request_id)
        tdelete(command, &group->by_request, by_request);
    group->command_count--;
    memmove(&group->commands[index], &group->commands[index + 1],
            (group->command_count - index) * sizeof *group->commands);
    group->bytes -= OVERHEAD + command->size;
    if (command->id > group->dropped)
        group->dropped = command->id;
    command->next = group->gone_commands;
    group->gone_commands = command;
}

/* Whether it may be forgotten: nobody has to acknowledge it, and nobody waits to be told of it. */
static bool is_done(const struct ord_group *group, const struct ord_command *command)
{
    return command->outstanding == 0 && command->id <= group->published.command;
}

static bool is_full(const struct ord_group *group, size_t size)
{
    const struct ord_group_limits *limits = group->limits;
    return group->command_count >= limits->commands_max || group->bytes + OVERHEAD + size > limits->bytes_max;
}

/* Forgets the oldest ones that may be forgotten, until there is room for one more. */
static enum ord_code squeeze_in(struct ord_group *group, size_t size, struct ord_error *error)
{
    for (size_t i = 0; i < group->command_count && is_full(group, size);)
        if (is_done(group, group->commands[i]))
            drop(group, i);
        else
            i++;
    ord_group_trim_departed(group);
    if (!is_full(group, size))
        return ORD_OK;
    return ord_fail_retry(error, ORD_CAPACITY, FULL_RETRY_MS,
                          "%zu commands of \"%s\" are not acknowledged; no more are kept", group->command_count,
                          group->name);
}

/* All that rank below the sender are given it. */
static void give(struct ord_group *group, struct ord_command *command, size_t sender_index)
{
    for (size_t i = sender_index + 1; i < group->count; i++) {
        struct ord_member *member = group->members[i];
        member->newest = command->id;
        if (++member->pending > group->limits->pending_max)
            group->has_laggards = true;
    }
    command->sender_rank = (uint32_t)sender_index + 1;
    command->receivers = command->outstanding = (uint32_t)(group->count - sender_index - 1);
}

enum ord_code ord_group_send(struct ord_group *group, const struct ord_member *sender,
                             const struct ord_sending *sending, int64_t id, int64_t now_us,
                             struct ord_command **ret_command, struct ord_error *error)
{
    size_t size = strlen(sending->text);
    enum ord_code code = squeeze_in(group, size, error);
    if (code != ORD_OK)
        return code;
    struct ord_command *command = new_command(sender->name, sending->request_id, sending->text, size);
    if (!command)
        return ord_fail(error, ORD_INTERNAL, "no memory");
    command->id = id;
    if (!append(group, command)) {
        free(command);
        return ord_fail(error, ORD_INTERNAL, "no memory");
    }
    command->time_us = now_us;
    command->epoch = group->epoch;
    command->sender_session = sender->session;
    command->is_dirty = true;
    give(group, command, ord_members_below(group->members, group->count, sender->session));
    *ret_command = command;
    return ORD_OK;
}

/* Those up to `id` that the member has not acknowledged do not wait for it any more; returns how many. */
static uint32_t settle(struct ord_group *group, const struct ord_member *member, int64_t id)
{
    uint32_t count = 0;
    for (size_t i = ord_commands_upto(group, member->acked), end = ord_commands_upto(group, id); i < end; i++)
        if (ord_command_is_for(group->commands[i], member)) {
            group->commands[i]->outstanding--;
            count++;
        }
    return count;
}

enum ord_code ord_group_acknowledge(struct ord_group *group, struct ord_member *member, int64_t id,
                                    struct ord_error *error)
{
    if (id <= member->acked)
        return ORD_OK;
    if (id > group->published.command)
        return ord_fail(error, ORD_NOT_FOUND, "%" PRId64 ": there is no such command in \"%s\"", id,
                        group->name);
    member->pending -= settle(group, member, id);
    member->acked = id;
    if (member->sent < id)
        member->sent = id;
    member->is_dirty = true;
    return ORD_OK;
}

void ord_group_give_up(struct ord_group *group, const struct ord_member *member)
{
    settle(group, member, INT64_MAX);
}

/* The oldest one, if its life is over. */
static const struct ord_command *overdue(const struct ord_group *group, int64_t now_us)
{
    const struct ord_command *oldest = group->command_count > 0 ? group->commands[0] : NULL;
    return oldest && now_us - oldest->time_us >= group->limits->life_us ? oldest : NULL;
}

bool ord_group_lags(const struct ord_group *group, int64_t now_us)
{
    const struct ord_command *command = overdue(group, now_us);
    return group->has_laggards || (command && command->outstanding > 0);
}

struct ord_member *ord_group_laggard(struct ord_group *group, int64_t now_us, size_t *below)
{
    const struct ord_command *command = overdue(group, now_us);
    while (*below > 0) {
        struct ord_member *member = group->members[--*below];
        bool is_late = command && ord_command_is_for(command, member) && member->acked < command->id;
        if (is_late || member->pending > group->limits->pending_max)
            return member;
    }
    group->has_laggards = false;
    return NULL;
}

void ord_group_age(struct ord_group *group, int64_t now_us)
{
    for (const struct ord_command *command; (command = overdue(group, now_us)) && is_done(group, command);)
        drop(group, 0);
    ord_group_trim_departed(group);
}

struct ord_command *ord_group_next_command(const struct ord_group *group, const struct ord_member *member,
                                           int64_t after)
{
    for (size_t i = ord_commands_upto(group, after); i < group->command_count; i++) {
        struct ord_command *command = group->commands[i];
        if (command->id > group->published.command)
            break;
        if (!member || ord_command_is_for(command, member))
            return command;
    }
    return NULL;
}

struct ord_command *ord_group_command(const struct ord_group *group, int64_t id)
{
    size_t count = ord_commands_upto(group, id);
    bool is_there = count > 0 && group->commands[count - 1]->id == id && id <= group->published.command;
    return is_there ? group->commands[count - 1] : NULL;
}

static int by_session(const void *a, const void *b)
{
    const struct ord_member *x = *(const struct ord_member *const *)a,
                            *y = *(const struct ord_member *const *)b;
    return (x->session > y->session) - (x->session < y->session);
}

/* Those of the departed that a command was for, by rank. NULL: no memory. */
static const struct ord_member **departed_receivers(const struct ord_group *group,
                                                    const struct ord_command *command, size_t *ret_count)
{
    size_t count = 0;
    const struct ord_member **all = calloc(group->departed_count + 1, sizeof *all);
    if (!all)
        return NULL;
    for (const struct ord_member *at = group->departed; at; at = at->next)
        if (ord_command_is_for(command, at))
            all[count++] = at;
    qsort(all, count, sizeof *all, by_session);
    *ret_count = count;
    return all;
}

bool ord_group_receivers(const struct ord_group *group, const struct ord_command *command,
                         ord_receiver_found *found, void *context)
{
    size_t departed_count = 0, j = 0;
    const struct ord_member **departed = departed_receivers(group, command, &departed_count);
    if (!departed)
        return false;
    size_t i = ord_members_below(group->members, group->count, command->sender_session + 1);
    size_t end = ord_members_below(group->members, group->count, command->id);
    bool goes_on = true;
    while (goes_on && (i < end || j < departed_count)) {
        bool is_departed =
            i == end || (j < departed_count && departed[j]->session < group->members[i]->session);
        goes_on = found(context, is_departed ? departed[j++] : group->members[i++]);
    }
    free(departed);
    return goes_on;
}

bool ord_group_restore_command(struct ord_group *group, const struct ord_command *stored)
{
    if (stored->id <= group->newest)
        return false;
    struct ord_command *command = new_command(stored->sender, stored->request_id, stored->text, stored->size);
    if (!command)
        return false;
    command->id = stored->id;
    if (!append(group, command)) {
        free(command);
        return false;
    }
    command->time_us = stored->time_us;
    command->epoch = stored->epoch;
    command->sender_session = stored->sender_session;
    command->sender_rank = stored->sender_rank;
    command->receivers = stored->receivers;
    command->is_stored = true;
    return true;
}

void ord_group_recount(struct ord_group *group, struct ord_member *member)
{
    member->newest = member->acked; /* it may have been given that; so it is remembered when it departs */
    for (size_t i = ord_commands_upto(group, member->acked); i < group->command_count; i++) {
        struct ord_command *command = group->commands[i];
        if (!ord_command_is_for(command, member))
            continue;
        command->outstanding++;
        member->newest = command->id;
        if (++member->pending > group->limits->pending_max)
            group->has_laggards = true;
    }
}

void ord_group_finish_commands(struct ord_group *group)
{
    tdestroy(group->by_request, keep_in_tree);
    for (size_t i = 0; i < group->command_count; i++)
        free(group->commands[i]);
    for (struct ord_command *next; group->gone_commands; group->gone_commands = next) {
        next = group->gone_commands->next;
        free(group->gone_commands);
    }
    free(group->commands);
}
