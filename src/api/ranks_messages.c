#include "api/ranks_messages.h"

#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "wire/json.h"

#define NS_PER_MS 1000000

const char *ord_ranks_group(const char *asked)
{
    return *asked ? asked : "default";
}

static char *copy(struct ord_arena *arena, const char *text)
{
    size_t size = strlen(text) + 1;
    char *ret = ord_arena_alloc(arena, size);
    return ret ? memcpy(ret, text, size) : NULL;
}

static char *time_text(struct ord_arena *arena, int64_t time_us)
{
    char text[ORD_RFC3339_MAX];
    ord_rfc3339_format(time_us, 3, text);
    return copy(arena, text);
}

static Ordinal__V1__Member *member_message(const struct ord_member *member, size_t index, int64_t now_ns,
                                           struct ord_arena *arena)
{
    Ordinal__V1__Member *ret = ord_arena_alloc(arena, sizeof *ret);
    if (!ret)
        return NULL;
    ordinal__v1__member__init(ret);
    ret->name = copy(arena, member->name);
    ret->rank = (uint32_t)index + 1;
    ret->session_id = member->session;
    ret->kind = (Ordinal__V1__MemberKind)member->kind;
    ret->join_time = time_text(arena, member->joined_us);
    if (member->kind != ORD_BY_STREAM && now_ns > member->seen_ns)
        ret->silent_ms = (now_ns - member->seen_ns) / NS_PER_MS;
    ret->ttl_ms = member->ttl_ms;
    ret->pending = member->pending;
    return ret->name && ret->join_time ? ret : NULL;
}

static bool add_members(const struct ord_published *published, const struct ord_view_options *options,
                        Ordinal__V1__View *view, struct ord_arena *arena)
{
    size_t first = options->first_member;
    size_t left = published->count > first ? published->count - first : 0;
    size_t count = left < options->max_members ? left : options->max_members;
    if (count == 0)
        return true;
    view->members = ord_arena_alloc(arena, count * sizeof *view->members);
    if (!view->members)
        return false;
    for (size_t i = 0; i < count; i++) {
        view->members[i] = member_message(published->members[first + i], first + i, options->now_ns, arena);
        if (!view->members[i])
            return false;
        view->n_members++;
    }
    return true;
}

static Ordinal__V1__Change *change_message(const struct ord_change *change, struct ord_arena *arena)
{
    Ordinal__V1__Change *ret = ord_arena_alloc(arena, sizeof *ret);
    if (!ret)
        return NULL;
    ordinal__v1__change__init(ret);
    ret->epoch = change->epoch;
    ret->kind = (Ordinal__V1__ChangeKind)change->kind;
    ret->name = copy(arena, change->member->name);
    ret->session_id = change->member->session;
    ret->rank = change->rank;
    return ret->name ? ret : NULL;
}

static bool add_changes(const struct ord_group *group, int64_t from, Ordinal__V1__View *view,
                        struct ord_arena *arena)
{
    unsigned first = group->change_count > ORD_CHANGES ? group->change_count - ORD_CHANGES : 0;
    if (from == 0 || from > group->published.epoch)
        return true;
    view->changes = ord_arena_alloc(arena, ORD_CHANGES * sizeof *view->changes);
    if (!view->changes)
        return false;
    for (unsigned i = first; i < group->change_count; i++) {
        const struct ord_change *change = &group->changes[i % ORD_CHANGES];
        if (change->epoch < from || change->epoch > group->published.epoch)
            continue;
        view->changes[view->n_changes] = change_message(change, arena);
        if (!view->changes[view->n_changes])
            return false;
        view->n_changes++;
    }
    return true;
}

Ordinal__V1__View *ord_view_message(const struct ord_group *group, const struct ord_view_options *options,
                                    struct ord_arena *arena)
{
    const struct ord_published *published = &group->published;
    Ordinal__V1__View *view = ord_arena_alloc(arena, sizeof *view);
    if (!view)
        return NULL;
    ordinal__v1__view__init(view);
    view->epoch = published->epoch;
    view->size = (uint32_t)published->count;
    view->rank = ord_published_rank(published, options->session);
    bool is_good =
        add_members(published, options, view, arena) && add_changes(group, options->changes_from, view, arena);
    return is_good ? view : NULL;
}

Ordinal__V1__Command *ord_command_message(const struct ord_group *group, const struct ord_command *command,
                                          struct ord_arena *arena)
{
    Ordinal__V1__Command *ret = ord_arena_alloc(arena, sizeof *ret);
    if (!ret)
        return NULL;
    ordinal__v1__command__init(ret);
    ret->id = command->id;
    ret->group = copy(arena, group->name);
    ret->sender = copy(arena, command->sender);
    ret->sender_rank = command->sender_rank;
    ret->epoch = command->epoch;
    ret->receivers = command->receivers;
    ret->time = time_text(arena, command->time_us);
    ret->text = copy(arena, command->text);
    return ret->group && ret->sender && ret->time && ret->text ? ret : NULL;
}

Ordinal__V1__Welcome *ord_welcome_message(const struct ord_group *group, const struct ord_member *member,
                                          bool was_in, const struct ord_view_options *options,
                                          struct ord_arena *arena)
{
    Ordinal__V1__Welcome *ret = ord_arena_alloc(arena, sizeof *ret);
    if (!ret)
        return NULL;
    ordinal__v1__welcome__init(ret);
    ret->group = copy(arena, group->name);
    ret->session_id = member->session;
    ret->view = ord_view_message(group, options, arena);
    ret->rejoined = was_in;
    ret->ttl_ms = member->ttl_ms;
    return ret->group && ret->view ? ret : NULL;
}

struct listing {
    const struct ord_command *command;
    uint32_t max;
    Ordinal__V1__GetCommandResponse *reply;
    struct ord_arena *arena;
};

static void count(Ordinal__V1__GetCommandResponse *reply, enum ord_delivery state)
{
    uint32_t *const counts[] = {
        [ORD_PENDING] = &reply->pending,
        [ORD_SENT] = &reply->sent,
        [ORD_ACKNOWLEDGED] = &reply->acknowledged,
        [ORD_GIVEN_UP] = &reply->given_up,
    };
    ++*counts[state];
}

static bool list_delivery(void *context, const struct ord_member *member)
{
    struct listing *listing = context;
    Ordinal__V1__GetCommandResponse *reply = listing->reply;
    enum ord_delivery state = ord_command_state(listing->command, member);
    count(reply, state);
    if (reply->n_deliveries >= listing->max)
        return true;
    Ordinal__V1__Delivery *delivery = ord_arena_alloc(listing->arena, sizeof *delivery);
    char *name = copy(listing->arena, member->name);
    if (!delivery || !name)
        return false;
    ordinal__v1__delivery__init(delivery);
    delivery->name = name;
    delivery->session_id = member->session;
    delivery->state = (Ordinal__V1__DeliveryState)state;
    reply->deliveries[reply->n_deliveries++] = delivery;
    return true;
}

bool ord_deliveries_message(const struct ord_group *group, const struct ord_command *command,
                            uint32_t max_deliveries, Ordinal__V1__GetCommandResponse *reply,
                            struct ord_arena *arena)
{
    uint32_t max = command->receivers < max_deliveries ? command->receivers : max_deliveries;
    struct listing listing = {.command = command, .max = max, .reply = reply, .arena = arena};
    reply->command = ord_command_message(group, command, arena);
    reply->deliveries = ord_arena_alloc(arena, (max + 1) * sizeof *reply->deliveries);
    return reply->command && reply->deliveries && ord_group_receivers(group, command, list_delivery, &listing);
}

char *ord_command_body(void *context, const struct ord_group *group, const struct ord_command *command,
                       size_t *ret_size)
{
    struct ord_arena arena;
    const char *text;
    char *body = NULL;
    ord_arena_init(&arena, NULL, 0);
    Ordinal__V1__Command *message = ord_command_message(group, command, &arena);
    if (message && ord_json_write(&message->base, ORD_DECIMAL, &arena, &text, NULL) == ORD_OK)
        body = strdup(text);
    if (body)
        *ret_size = strlen(body);
    ord_arena_finish(&arena);
    return body;
}
