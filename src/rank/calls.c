/* Calls: what changes a group, and joins. */
#include <inttypes.h>
#include <string.h>

#include "base/utf8.h"
#include "core/requests.h"
#include "rank/internal.h"

/* When no ID can be had, what is due is tried again after this. */
#define NO_ID_NS INT64_C(100000000)

/* Ages of commands are looked at no more often than that. */
#define AGED_US 100000

void ord_ranks_time_lease(struct ord_ranks *ranks, struct ord_member *member)
{
    if (member->left == 0 && member->until_ns != INT64_MAX)
        ord_timers_set(&ranks->leases, &member->lease, member->until_ns);
    else
        ord_timers_unset(&ranks->leases, &member->lease);
}

void ord_ranks_time_aging(struct ord_ranks *ranks, struct room *room)
{
    const struct ord_group *group = &room->group;
    if (group->command_count == 0) {
        ord_timers_unset(&ranks->agings, &room->aging);
        return;
    }
    int64_t end_us = group->commands[0]->time_us + ranks->options.limits.life_us;
    int64_t left_us = end_us - ranks->options.now_us(ranks->options.context);
    if (left_us < AGED_US)
        left_us = AGED_US;
    ord_timers_set(&ranks->agings, &room->aging, ord_ranks_now_ns(ranks) + left_us * 1000);
}

static enum ord_code take(struct ord_ranks *ranks, int64_t *ret_id, struct ord_error *error)
{
    return ranks->options.take(ranks->options.context, ret_id, error);
}

void ord_ranks_lose(struct ord_ranks *ranks, struct ord_member *member)
{
    ord_member_lose(member, ord_ranks_now_ns(ranks));
    ord_ranks_time_lease(ranks, member);
    pthread_cond_signal(&ranks->changed); /* its end may be what comes next */
}

void ord_ranks_end(struct ord_ranks *ranks, struct ord_member *member, enum ord_change_kind why, int64_t id)
{
    struct room *room = ord_ranks_room_of(member->group);
    struct ord_rank_feed *feed = member->reader;
    ord_delivery_cancel(ranks, member);
    if (feed)
        feed->ending = why;
    member->reader = NULL;
    ord_group_remove(&room->group, member, why, id);
    ord_ranks_time_lease(ranks, member);
    ranks->member_count--;
    ord_ranks_touch(ranks, room, true);
}

static enum ord_code join(struct ord_ranks *ranks, struct room *room, const struct ord_joining *joining,
                          struct ord_member **ret_member, bool *ret_was_in, struct ord_error *error)
{
    int64_t id, now_us = ranks->options.now_us(ranks->options.context);
    enum ord_code code = take(ranks, &id, error);
    if (code != ORD_OK)
        return code;
    if (!ord_timers_reserve(&ranks->leases, ranks->member_count + 1))
        return ord_fail(error, ORD_INTERNAL, "no memory");
    return ord_group_join(&room->group, joining, id, now_us, ord_ranks_now_ns(ranks), ret_member, ret_was_in,
                          error);
}

enum ord_code ord_ranks_join(struct ord_ranks *ranks, const char *group, const struct ord_joining *joining,
                             struct ord_member **ret_member, bool *ret_was_in, struct ord_error *error)
{
    struct room *room;
    struct ord_member *member;
    bool was_in;
    enum ord_code code = ord_ranks_make_room(ranks, group, &room, error);
    if (code == ORD_OK)
        code = join(ranks, room, joining, &member, &was_in, error);
    if (code != ORD_OK)
        return code;
    if (!was_in) {
        ranks->member_count++;
        ranks->figures.joined++;
    }
    ord_feed_replace(ranks, member);
    ord_delivery_recheck(ranks, member);
    ord_ranks_time_lease(ranks, member);
    if (member->is_dirty)
        ord_ranks_touch(ranks, room, true);
    ord_ranks_concern(ranks, room);
    *ret_member = member;
    *ret_was_in = was_in;
    return ORD_OK;
}

static enum ord_code find(struct ord_ranks *ranks, struct ord_rank_call *call, struct room **ret_room,
                          struct ord_member **ret_member)
{
    struct room *room = ord_ranks_room(ranks, call->group);
    struct ord_group empty;
    if (!room)
        ord_group_init(&empty, call->group, &ranks->options.limits, 0, 0);
    enum ord_code code =
        ord_group_find(room ? &room->group : &empty, call->name, call->session, ret_member, &call->error);
    if (code == ORD_OK)
        *ret_room = room;
    return code;
}

static enum ord_code apply_join(struct ord_ranks *ranks, struct ord_rank_call *call)
{
    return ord_ranks_join(ranks, call->group, &call->joining, &call->member, &call->is_repeat, &call->error);
}

static enum ord_code apply_renew(struct ord_ranks *ranks, struct ord_rank_call *call)
{
    struct room *room;
    enum ord_code code = find(ranks, call, &room, &call->member);
    if (code != ORD_OK)
        return code;
    ord_member_renew(call->member, ord_ranks_now_ns(ranks));
    ord_ranks_time_lease(ranks, call->member);
    return ORD_OK;
}

static enum ord_code apply_leave(struct ord_ranks *ranks, struct ord_rank_call *call)
{
    struct room *room;
    struct ord_member *member;
    int64_t id;
    enum ord_code code = find(ranks, call, &room, &member);
    if (code == ORD_OK)
        code = take(ranks, &id, &call->error);
    if (code != ORD_OK)
        return code;
    ord_ranks_end(ranks, member, ORD_LEFT, id);
    call->epoch = room->group.epoch;
    ranks->figures.left++;
    return ORD_OK;
}

/* A request ID that was used: the same command again, or a mistake. */
static enum ord_code repeat(struct ord_rank_call *call, struct ord_command *command)
{
    if (strcmp(command->text, call->sending.text) != 0)
        return ord_fail(&call->error, ORD_REQUEST_MISMATCH,
                        "request_id: it was used for command %" PRId64
                        " with another text; allowed with the same text, or choose another",
                        command->id);
    call->command = command;
    call->is_repeat = true;
    return ORD_OK;
}

static enum ord_code send(struct ord_ranks *ranks, struct ord_rank_call *call)
{
    struct room *room;
    struct ord_member *sender;
    int64_t id;
    enum ord_code code = find(ranks, call, &room, &sender);
    if (code == ORD_OK)
        code = take(ranks, &id, &call->error);
    if (code == ORD_OK)
        code = ord_group_send(&room->group, sender, &call->sending, id,
                              ranks->options.now_us(ranks->options.context), &call->command, &call->error);
    if (code != ORD_OK)
        return code;
    ranks->figures.accepted++;
    ord_ranks_touch(ranks, room, true);
    if (room->aging.place == 0)
        ord_ranks_time_aging(ranks, room);
    return ORD_OK;
}

static enum ord_code apply_send(struct ord_ranks *ranks, struct ord_rank_call *call)
{
    const struct room *room = ord_ranks_room(ranks, call->group);
    struct ord_command *command = room ? ord_group_repeated(&room->group, &call->sending) : NULL;
    return command ? repeat(call, command) : send(ranks, call);
}

static enum ord_code apply_acknowledge(struct ord_ranks *ranks, struct ord_rank_call *call)
{
    struct room *room;
    enum ord_code code = find(ranks, call, &room, &call->member);
    if (code != ORD_OK)
        return code;
    uint32_t pending = call->member->pending;
    code = ord_group_acknowledge(&room->group, call->member, call->command_id, &call->error);
    if (code != ORD_OK)
        return code;
    ranks->figures.acknowledged += pending - call->member->pending;
    if (call->member->is_dirty)
        ord_ranks_touch(ranks, room, false);
    return ORD_OK;
}

static enum ord_code (*const applies[ORD_RANK_CALLS])(struct ord_ranks *ranks, struct ord_rank_call *call) = {
    [ORD_RANK_JOIN] = apply_join,
    [ORD_RANK_RENEW] = apply_renew,
    [ORD_RANK_LEAVE] = apply_leave,
    [ORD_RANK_SEND] = apply_send,
    [ORD_RANK_ACKNOWLEDGE] = apply_acknowledge,
};

static struct ord_rank_call *call_of(struct ord_rank_work *work)
{
    return (struct ord_rank_call *)((char *)work - offsetof(struct ord_rank_call, work));
}

static void apply(struct ord_ranks *ranks, struct ord_rank_work *work)
{
    struct ord_rank_call *call = call_of(work);
    applies[call->what](ranks, call);
}

static void answer(struct ord_ranks *ranks, struct ord_rank_call *call)
{
    const struct room *room = ord_ranks_room(ranks, call->group);
    call->at = &room->group;
    call->now_ns = ord_ranks_now_ns(ranks);
    if (!call->fill(call))
        ord_fail(&call->error, ORD_INTERNAL, "no memory");
}

static void settle(struct ord_ranks *ranks, struct ord_rank_work *work, const struct ord_error *failure)
{
    struct ord_rank_call *call = call_of(work);
    if (failure)
        call->error = *failure;
    else if (call->error.code == ORD_OK)
        answer(ranks, call);
}

static void finish(struct ord_ranks *ranks, struct ord_rank_work *work)
{
    struct ord_rank_call *call = call_of(work);
    call->done(call);
}

const struct ord_rank_kind ord_rank_calls = {.apply = apply, .settle = settle, .finish = finish};

/* Renewals and acknowledgements of those who are known to be in need nobody's thread and no storage. */
static bool answer_now(struct ord_ranks *ranks, struct ord_rank_call *call)
{
    struct room *room;
    struct ord_member *member;
    if (call->what != ORD_RANK_RENEW && call->what != ORD_RANK_ACKNOWLEDGE)
        return false;
    if (find(ranks, call, &room, &member) != ORD_OK ||
        !ord_published_member(&room->group.published, member->session)) {
        call->error.code = ORD_OK;
        return false;
    }
    applies[call->what](ranks, call);
    if (call->error.code == ORD_OK)
        answer(ranks, call);
    return true;
}

static enum ord_code check_text(const char *text, struct ord_error *error)
{
    size_t size = strlen(text);
    if (size == 0)
        return ord_fail(error, ORD_INVALID_ARGUMENT, "text: it is empty; allowed 1 to %d bytes",
                        ORD_COMMAND_MAX);
    if (size > ORD_COMMAND_MAX)
        return ord_fail(error, ORD_TOO_LARGE, "text: it has %zu bytes; allowed 1 to %d", size, ORD_COMMAND_MAX);
    if (!ord_utf8_is_valid(text))
        return ord_fail(error, ORD_INVALID_ARGUMENT, "text: it is not UTF-8");
    return ORD_OK;
}

static enum ord_code check_url(const struct ord_ranks *ranks, const char *url, struct ord_error *error)
{
    const struct ord_callback_port *port = &ranks->options.callbacks;
    if (!url || !*url)
        return ORD_OK;
    if (!port->post)
        return ord_fail(error, ORD_UNIMPLEMENTED, "callback_url: this server posts nothing");
    if (strlen(url) > ORD_URL_MAX || !ord_utf8_is_valid(url))
        return ord_fail(error, ORD_INVALID_ARGUMENT, "callback_url: allowed up to %d bytes of UTF-8",
                        ORD_URL_MAX);
    return port->check(port->context, url, error) == ORD_OK ? ORD_OK : ord_wrap(error, "callback_url");
}

enum ord_code ord_ranks_check_joining(const struct ord_ranks *ranks, struct ord_joining *joining,
                                      struct ord_error *error)
{
    if (joining->ttl_ms == 0)
        joining->ttl_ms = ORD_TTL_PRESET_MS;
    if (joining->ttl_ms < ORD_TTL_MIN_MS || joining->ttl_ms > ORD_TTL_MAX_MS)
        return ord_fail(error, ORD_OUT_OF_RANGE, "ttl_ms: %" PRIu32 " is out of range; allowed %d to %d",
                        joining->ttl_ms, ORD_TTL_MIN_MS, ORD_TTL_MAX_MS);
    return check_url(ranks, joining->url, error);
}

static enum ord_code check(struct ord_ranks *ranks, struct ord_rank_call *call)
{
    struct ord_error *error = &call->error;
    enum ord_code code = ord_name_check("group", call->group, error);
    if (code == ORD_OK)
        code = ord_name_check("name", call->name, error);
    if (code != ORD_OK)
        return code;
    call->joining.name = call->sending.sender = call->name;
    switch (call->what) {
    case ORD_RANK_JOIN:
        return ord_ranks_check_joining(ranks, &call->joining, error);
    case ORD_RANK_SEND:
        code = check_text(call->sending.text, error);
        if (code == ORD_OK && *call->sending.request_id)
            code = ord_request_key_check(call->sending.request_id, error);
        return code;
    case ORD_RANK_ACKNOWLEDGE:
        if (call->command_id > 0)
            return ORD_OK;
        return ord_fail(error, ORD_OUT_OF_RANGE, "command_id: %" PRId64 " is no ID", call->command_id);
    default:
        return ORD_OK;
    }
}

bool ord_ranks_call(struct ord_ranks *ranks, struct ord_rank_call *call)
{
    call->error = (struct ord_error){0};
    if (check(ranks, call) != ORD_OK)
        return true;
    call->work.kind = &ord_rank_calls;
    pthread_mutex_lock(&ranks->lock);
    bool is_answered = answer_now(ranks, call);
    if (!is_answered)
        ord_ranks_add(ranks, &call->work);
    pthread_mutex_unlock(&ranks->lock);
    return is_answered;
}

/* Leases that ran out. Without an ID there is no new epoch: it is tried again. */
static void expire(struct ord_ranks *ranks)
{
    int64_t now_ns = ord_ranks_now_ns(ranks), id = 0;
    for (struct ord_timer *timer; (timer = ord_timers_first(&ranks->leases)) && timer->due_ns <= now_ns;) {
        struct ord_member *member = (struct ord_member *)((char *)timer - offsetof(struct ord_member, lease));
        if (id == 0 && take(ranks, &id, NULL) != ORD_OK) {
            ord_timers_set(&ranks->leases, timer, now_ns + NO_ID_NS);
            continue;
        }
        ord_ranks_end(ranks, member, ORD_EXPIRED, id);
        ranks->figures.expired++;
    }
}

static void evict(struct ord_ranks *ranks, struct room *room)
{
    int64_t now_us = ranks->options.now_us(ranks->options.context), id;
    struct ord_group *group = &room->group;
    if (!ord_group_lags(group, now_us))
        return;
    if (take(ranks, &id, NULL) != ORD_OK) {
        ord_timers_set(&ranks->agings, &room->aging, ord_ranks_now_ns(ranks) + NO_ID_NS);
        return;
    }
    size_t below = group->count;
    for (struct ord_member *member; (member = ord_group_laggard(group, now_us, &below));) {
        ord_ranks_end(ranks, member, ORD_EVICTED, id);
        ranks->figures.evicted++;
    }
}

static void age(struct ord_ranks *ranks)
{
    int64_t now_ns = ord_ranks_now_ns(ranks);
    for (struct ord_timer *timer; (timer = ord_timers_first(&ranks->agings)) && timer->due_ns <= now_ns;) {
        struct room *room = (struct room *)((char *)timer - offsetof(struct room, aging));
        evict(ranks, room);
        ord_group_age(&room->group, ranks->options.now_us(ranks->options.context));
        ord_ranks_time_aging(ranks, room);
        ord_ranks_touch(ranks, room, false);
    }
}

void ord_ranks_pass_time(struct ord_ranks *ranks)
{
    expire(ranks);
    for (struct room *at = ranks->touched; at; at = at->next_touched)
        if (at->group.has_laggards)
            evict(ranks, at);
    age(ranks);
}
