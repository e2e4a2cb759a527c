/* RankService's methods; api/ranks_feeds.c has those that go on answering. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "api/handlers.h"
#include "api/ranks_messages.h"

#define PAGE_MAX 10000
#define PAGE_PRESET 1000
#define RECEIVE_MAX 1000
#define RECEIVE_PRESET 100

/* A call of the engine's for an ask, in the ask's arena. */
struct asked {
    struct ord_rank_call call;
    struct ord_ask *ask;
};

static void done(struct ord_rank_call *call)
{
    struct ord_ask *ask = ((struct asked *)call)->ask;
    ask->error = call->error;
    ask->done(ask);
}

static struct ord_arena *arena_of(struct ord_rank_call *call)
{
    return ((struct asked *)call)->ask->arena;
}

static void *reply_of(struct ord_rank_call *call)
{
    return ((struct asked *)call)->ask->reply;
}

static bool call(struct ord_service *service, struct ord_ask *ask, const struct ord_rank_call *wanted)
{
    struct ord_ranks *ranks = ord_service_ranks(service);
    struct asked *asked = ord_arena_alloc(ask->arena, sizeof *asked);
    if (!ranks)
        ord_fail(&ask->error, ORD_UNIMPLEMENTED, "this server has no groups");
    else if (!asked)
        ord_fail(&ask->error, ORD_INTERNAL, "no memory");
    if (!ranks || !asked)
        return true;
    asked->call = *wanted;
    asked->call.group = ord_ranks_group(wanted->group);
    asked->call.done = done;
    asked->ask = ask;
    if (!ord_ask_may_wait(ask))
        return true;
    if (!ord_ranks_call(ranks, &asked->call))
        return false;
    ask->error = asked->call.error;
    return true;
}

static bool fill_join(struct ord_rank_call *joined)
{
    Ordinal__V1__JoinByLeaseResponse *reply = reply_of(joined);
    struct ord_view_options options = {.session = joined->member->session, .now_ns = joined->now_ns};
    reply->welcome =
        ord_welcome_message(joined->at, joined->member, joined->is_repeat, &options, arena_of(joined));
    return reply->welcome;
}

bool ord_join_by_lease(struct ord_service *service, struct ord_ask *ask)
{
    const Ordinal__V1__JoinByLeaseRequest *asked = (const Ordinal__V1__JoinByLeaseRequest *)ask->request;
    enum ord_member_kind kind = *asked->callback_url ? ORD_BY_CALLBACK : ORD_BY_LEASE;
    struct ord_rank_call wanted = {
        .what = ORD_RANK_JOIN,
        .group = asked->group,
        .name = asked->name,
        .joining = {.ttl_ms = asked->ttl_ms, .url = asked->callback_url, .kind = kind},
        .fill = fill_join,
    };
    return call(service, ask, &wanted);
}

static bool fill_renew(struct ord_rank_call *renewed)
{
    Ordinal__V1__RenewResponse *reply = reply_of(renewed);
    struct ord_view_options options = {.session = renewed->member->session, .now_ns = renewed->now_ns};
    reply->view = ord_view_message(renewed->at, &options, arena_of(renewed));
    reply->session_id = renewed->member->session;
    reply->pending = renewed->member->pending;
    return reply->view;
}

bool ord_renew(struct ord_service *service, struct ord_ask *ask)
{
    const Ordinal__V1__RenewRequest *asked = (const Ordinal__V1__RenewRequest *)ask->request;
    struct ord_rank_call wanted = {
        .what = ORD_RANK_RENEW,
        .group = asked->group,
        .name = asked->name,
        .session = asked->session_id,
        .fill = fill_renew,
    };
    return call(service, ask, &wanted);
}

static bool fill_leave(struct ord_rank_call *left)
{
    Ordinal__V1__LeaveResponse *reply = reply_of(left);
    reply->epoch = left->epoch;
    return true;
}

bool ord_leave(struct ord_service *service, struct ord_ask *ask)
{
    const Ordinal__V1__LeaveRequest *asked = (const Ordinal__V1__LeaveRequest *)ask->request;
    struct ord_rank_call wanted = {
        .what = ORD_RANK_LEAVE,
        .group = asked->group,
        .name = asked->name,
        .session = asked->session_id,
        .fill = fill_leave,
    };
    return call(service, ask, &wanted);
}

static bool fill_send(struct ord_rank_call *sent)
{
    Ordinal__V1__SendCommandResponse *reply = reply_of(sent);
    reply->command = ord_command_message(sent->at, sent->command, arena_of(sent));
    reply->repeat = sent->is_repeat;
    return reply->command;
}

bool ord_send_command(struct ord_service *service, struct ord_ask *ask)
{
    const Ordinal__V1__SendCommandRequest *asked = (const Ordinal__V1__SendCommandRequest *)ask->request;
    struct ord_rank_call wanted = {
        .what = ORD_RANK_SEND,
        .group = asked->group,
        .name = asked->name,
        .session = asked->session_id,
        .sending = {.text = asked->text, .request_id = asked->request_id},
        .fill = fill_send,
    };
    return call(service, ask, &wanted);
}

static bool fill_acknowledge(struct ord_rank_call *acknowledged)
{
    Ordinal__V1__AcknowledgeResponse *reply = reply_of(acknowledged);
    reply->pending = acknowledged->member->pending;
    return true;
}

bool ord_acknowledge(struct ord_service *service, struct ord_ask *ask)
{
    const Ordinal__V1__AcknowledgeRequest *asked = (const Ordinal__V1__AcknowledgeRequest *)ask->request;
    struct ord_rank_call wanted = {
        .what = ORD_RANK_ACKNOWLEDGE,
        .group = asked->group,
        .name = asked->name,
        .session = asked->session_id,
        .command_id = asked->command_id,
        .fill = fill_acknowledge,
    };
    return call(service, ask, &wanted);
}

/* A number that may be left out. */
static enum ord_code read_count(const char *field, uint32_t given, uint32_t preset, uint32_t max, uint32_t *ret,
                                struct ord_error *error)
{
    if (given > max)
        return ord_fail(error, ORD_OUT_OF_RANGE, "%s: %" PRIu32 " is out of range; allowed 1 to %" PRIu32,
                        field, given, max);
    *ret = given ? given : preset;
    return ORD_OK;
}

static bool look(struct ord_service *service, struct ord_ask *ask, const char *group, ord_rank_look *look_at)
{
    struct ord_ranks *ranks = ord_service_ranks(service);
    ask->error.code = ORD_OK;
    if (ranks)
        ord_ranks_look(ranks, ord_ranks_group(group), look_at, ask, &ask->error);
    else
        ord_fail(&ask->error, ORD_UNIMPLEMENTED, "this server has no groups");
    return true;
}

static enum ord_code no_memory(struct ord_error *error)
{
    return ord_fail(error, ORD_INTERNAL, "no memory");
}

static enum ord_code receive(void *context, struct ord_group *group, int64_t now_ns, struct ord_error *error)
{
    struct ord_ask *ask = context;
    const Ordinal__V1__ReceiveCommandsRequest *asked =
        (const Ordinal__V1__ReceiveCommandsRequest *)ask->request;
    Ordinal__V1__ReceiveCommandsResponse *reply = (Ordinal__V1__ReceiveCommandsResponse *)ask->reply;
    struct ord_member *member;
    uint32_t max = 0;
    enum ord_code code =
        read_count("max_commands", asked->max_commands, RECEIVE_PRESET, RECEIVE_MAX, &max, error);
    if (code == ORD_OK)
        code = ord_name_check("name", asked->name, error);
    if (code == ORD_OK)
        code = ord_group_find(group, asked->name, asked->session_id, &member, error);
    if (code != ORD_OK)
        return code;
    if (member->pending < max)
        max = member->pending;
    reply->commands = ord_arena_alloc(ask->arena, (max + 1) * sizeof *reply->commands);
    if (!reply->commands)
        return no_memory(error);
    const struct ord_command *command;
    for (int64_t at = member->acked;
         reply->n_commands < max && (command = ord_group_next_command(group, member, at));) {
        Ordinal__V1__Command *message = ord_command_message(group, command, ask->arena);
        if (!message)
            return no_memory(error);
        reply->commands[reply->n_commands++] = message;
        at = command->id;
        if (member->sent < at)
            member->sent = at;
    }
    return ORD_OK;
}

bool ord_receive_commands(struct ord_service *service, struct ord_ask *ask)
{
    return look(service, ask, ((const Ordinal__V1__ReceiveCommandsRequest *)ask->request)->group, receive);
}

/* A page token is the epoch that the first page was of, and how many members the pages before had. */
static enum ord_code read_token(const char *token, const struct ord_group *group, size_t *ret_first,
                                struct ord_error *error)
{
    int64_t epoch;
    uint32_t first;
    int used = 0;
    if (!*token) {
        *ret_first = 0;
        return ORD_OK;
    }
    if (strlen(token) > 40 || sscanf(token, "%" SCNd64 "-%9" SCNu32 "%n", &epoch, &first, &used) != 2 ||
        token[used] != '\0')
        return ord_fail(error, ORD_INVALID_ARGUMENT, "page_token: it is none that this server gave");
    if (epoch != group->published.epoch)
        return ord_fail(error, ORD_PRECONDITION,
                        "page_token: the group is in epoch %" PRId64 " now, the first page was of %" PRId64
                        "; begin again",
                        group->published.epoch, epoch);
    *ret_first = first;
    return ORD_OK;
}

static enum ord_code list(void *context, struct ord_group *group, int64_t now_ns, struct ord_error *error)
{
    struct ord_ask *ask = context;
    const Ordinal__V1__ListMembersRequest *asked = (const Ordinal__V1__ListMembersRequest *)ask->request;
    Ordinal__V1__ListMembersResponse *reply = (Ordinal__V1__ListMembersResponse *)ask->reply;
    struct ord_view_options options = {.now_ns = now_ns};
    enum ord_code code =
        read_count("page_size", asked->page_size, PAGE_PRESET, PAGE_MAX, &options.max_members, error);
    if (code == ORD_OK)
        code = read_token(asked->page_token, group, &options.first_member, error);
    if (code != ORD_OK)
        return code;
    reply->view = ord_view_message(group, &options, ask->arena);
    if (!reply->view)
        return no_memory(error);
    size_t end = options.first_member + reply->view->n_members;
    if (end >= group->published.count)
        return ORD_OK;
    reply->next_page_token = ord_arena_printf(ask->arena, "%" PRId64 "-%zu", group->published.epoch, end);
    return reply->next_page_token ? ORD_OK : no_memory(error);
}

bool ord_list_members(struct ord_service *service, struct ord_ask *ask)
{
    return look(service, ask, ((const Ordinal__V1__ListMembersRequest *)ask->request)->group, list);
}

static enum ord_code get(void *context, struct ord_group *group, int64_t now_ns, struct ord_error *error)
{
    struct ord_ask *ask = context;
    const Ordinal__V1__GetCommandRequest *asked = (const Ordinal__V1__GetCommandRequest *)ask->request;
    Ordinal__V1__GetCommandResponse *reply = (Ordinal__V1__GetCommandResponse *)ask->reply;
    uint32_t max = 0;
    enum ord_code code =
        read_count("max_deliveries", asked->max_deliveries, PAGE_PRESET, PAGE_MAX, &max, error);
    if (code != ORD_OK)
        return code;
    const struct ord_command *command = ord_group_command(group, asked->command_id);
    if (!command)
        return ord_fail(error, ORD_NOT_FOUND, "%" PRId64 " is no command of \"%s\" that is kept",
                        asked->command_id, group->name);
    return ord_deliveries_message(group, command, max, reply, ask->arena) ? ORD_OK : no_memory(error);
}

bool ord_get_command(struct ord_service *service, struct ord_ask *ask)
{
    return look(service, ask, ((const Ordinal__V1__GetCommandRequest *)ask->request)->group, get);
}
