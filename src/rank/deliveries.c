/* Commands that are posted to members' URLs, one at a time for each. */
#include <stdlib.h>
#include <string.h>

#include "rank/internal.h"

static struct delivery *delivery_of(struct ord_rank_work *work)
{
    return (struct delivery *)((char *)work - offsetof(struct delivery, work));
}

/* In the port's thread. */
static void done(struct ord_callback *callback, bool accepted)
{
    struct delivery *delivery = (struct delivery *)callback;
    struct ord_ranks *ranks = delivery->ranks;
    pthread_mutex_lock(&ranks->lock);
    delivery->is_accepted = accepted;
    ord_ranks_add(ranks, &delivery->work);
    pthread_mutex_unlock(&ranks->lock);
}

static void apply(struct ord_ranks *ranks, struct ord_rank_work *work)
{
}

static void unlink_cancelled(struct ord_ranks *ranks, const struct delivery *delivery)
{
    for (struct delivery **at = &ranks->to_cancel; *at; at = &(*at)->next)
        if (*at == delivery) {
            *at = delivery->next;
            return;
        }
}

/* Whatever became of storage: it was accepted. */
static void settle(struct ord_ranks *ranks, struct ord_rank_work *work, const struct ord_error *failure)
{
    struct delivery *delivery = delivery_of(work);
    struct ord_member *member = delivery->member;
    ranks->delivery_count--;
    unlink_cancelled(ranks, delivery);
    if (!member)
        return;
    struct room *room = ord_ranks_room_of(member->group);
    uint32_t pending = member->pending;
    member->delivery = NULL;
    if (delivery->is_accepted)
        ord_group_acknowledge(&room->group, member, delivery->id, NULL);
    ranks->figures.acknowledged += pending - member->pending;
    ord_ranks_touch(ranks, room, false);
    ord_ranks_concern(ranks, room); /* there may be another for it */
}

static void finish(struct ord_ranks *ranks, struct ord_rank_work *work)
{
    struct delivery *delivery = delivery_of(work);
    free((char *)delivery->callback.body);
    free(delivery);
}

const struct ord_rank_kind ord_rank_deliveries = {.apply = apply, .settle = settle, .finish = finish};

static struct delivery *new_delivery(struct ord_ranks *ranks, struct ord_member *member,
                                     const struct ord_command *command)
{
    size_t size = strlen(member->url) + 1;
    struct delivery *delivery = calloc(1, sizeof *delivery + size);
    if (!delivery)
        return NULL;
    memcpy(delivery->url, member->url, size);
    delivery->callback = (struct ord_callback){.url = delivery->url, .done = done};
    delivery->work.kind = &ord_rank_deliveries;
    delivery->ranks = ranks;
    delivery->member = member;
    delivery->command = command;
    delivery->id = command->id;
    return delivery;
}

static void pump(struct ord_ranks *ranks, struct ord_group *group, struct ord_member *member)
{
    const struct ord_command *command = ord_group_next_command(group, member, member->acked);
    struct delivery *delivery = command ? new_delivery(ranks, member, command) : NULL;
    if (!delivery)
        return;
    member->delivery = delivery;
    if (member->sent < command->id)
        member->sent = command->id;
    ranks->figures.sent++;
    ranks->delivery_count++;
    delivery->next = ranks->to_post;
    ranks->to_post = delivery;
}

void ord_deliveries_pump(struct ord_ranks *ranks, struct room *room)
{
    const struct ord_published *published = &room->group.published;
    if (!ranks->options.callbacks.post || ranks->is_stopping)
        return;
    for (size_t i = 0; i < published->count; i++) {
        struct ord_member *member = published->members[i];
        if (member->url && member->left == 0 && !member->delivery && member->pending > 0)
            pump(ranks, &room->group, member);
    }
}

void ord_delivery_cancel(struct ord_ranks *ranks, struct ord_member *member)
{
    struct delivery *delivery = member->delivery;
    if (!delivery)
        return;
    member->delivery = NULL;
    delivery->member = NULL;
    delivery->next = ranks->to_cancel;
    ranks->to_cancel = delivery;
}

void ord_delivery_recheck(struct ord_ranks *ranks, struct ord_member *member)
{
    const struct delivery *delivery = member->delivery;
    if (delivery && (!member->url || strcmp(member->url, delivery->url) != 0))
        ord_delivery_cancel(ranks, member);
}

void ord_deliveries_cancel_all(struct ord_ranks *ranks)
{
    ranks->has_cancelled = true;
    for (struct room *room = ranks->rooms; room; room = room->next)
        for (size_t i = 0; i < room->group.count; i++)
            ord_delivery_cancel(ranks, room->group.members[i]);
}

/* Its command is there: only this thread lets go of those. */
static void post(struct ord_ranks *ranks, struct delivery *delivery, const struct ord_group *group)
{
    const struct ord_rank_options *options = &ranks->options;
    struct ord_callback *callback = &delivery->callback;
    callback->body = options->body(options->context, group, delivery->command, &callback->size);
    if (callback->body)
        options->callbacks.post(options->callbacks.context, callback);
    else
        done(callback, false); /* it is tried again */
}

void ord_deliveries_send(struct ord_ranks *ranks)
{
    const struct ord_callback_port *port = &ranks->options.callbacks;
    struct delivery *to_post = ranks->to_post, *to_cancel = ranks->to_cancel;
    ranks->to_post = ranks->to_cancel = NULL;
    for (struct delivery *at = to_cancel, *next; at; at = next) {
        next = at->next;
        port->cancel(port->context, &at->callback);
    }
    for (struct delivery *at = to_post, *next; at; at = next) {
        next = at->next;
        post(ranks, at, at->member->group);
    }
}
