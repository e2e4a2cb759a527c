/* RankService's feeds: Join and Watch. */
#include <inttypes.h>
#include <stdlib.h>

#include "api/handlers.h"
#include "api/ranks_messages.h"

#define MEMBERS_MAX 10000
#define WATCH_PRESET 100

/* The front end's reader, beside the engine's feed. */
struct ord_feed {
    struct ord_rank_feed *feed;
    struct ord_feed_reader *reader;
    ord_rank_tell *tell;
};

/* What an event is told into. */
struct telling {
    struct ord_arena *arena;
    const ProtobufCMessage *message;
};

static void ready(void *context)
{
    const struct ord_feed *feed = context;
    feed->reader->ready(feed->reader);
}

static struct ord_view_options view_of(const struct ord_rank_event *event)
{
    return (struct ord_view_options){
        .session = event->member ? event->member->session : 0,
        .max_members = event->max_members,
        .changes_from = event->changes_from,
        .now_ns = event->now_ns,
    };
}

static bool tell_member(void *context, const struct ord_rank_event *event)
{
    struct telling *telling = context;
    struct ord_view_options view = view_of(event);
    Ordinal__V1__JoinResponse *message = ord_arena_alloc(telling->arena, sizeof *message);
    if (!message)
        return false;
    ordinal__v1__join_response__init(message);
    if (event->kind == ORD_EVENT_WELCOME) {
        message->event_case = ORDINAL__V1__JOIN_RESPONSE__EVENT_WELCOME;
        message->welcome =
            ord_welcome_message(event->group, event->member, event->was_in, &view, telling->arena);
    } else if (event->kind == ORD_EVENT_VIEW) {
        message->event_case = ORDINAL__V1__JOIN_RESPONSE__EVENT_VIEW;
        message->view = ord_view_message(event->group, &view, telling->arena);
    } else {
        message->event_case = ORDINAL__V1__JOIN_RESPONSE__EVENT_COMMAND;
        message->command = ord_command_message(event->group, event->command, telling->arena);
    }
    telling->message = &message->base;
    return message->welcome; /* or what else is in its place */
}

static bool tell_observer(void *context, const struct ord_rank_event *event)
{
    struct telling *telling = context;
    struct ord_view_options view = view_of(event);
    Ordinal__V1__WatchResponse *message = ord_arena_alloc(telling->arena, sizeof *message);
    if (!message)
        return false;
    ordinal__v1__watch_response__init(message);
    message->event_id = event->id;
    if (event->kind == ORD_EVENT_COMMAND) {
        message->event_case = ORDINAL__V1__WATCH_RESPONSE__EVENT_COMMAND;
        message->command = ord_command_message(event->group, event->command, telling->arena);
    } else {
        message->event_case = ORDINAL__V1__WATCH_RESPONSE__EVENT_VIEW;
        message->view = ord_view_message(event->group, &view, telling->arena);
    }
    telling->message = &message->base;
    return message->view;
}

static enum ord_code listen_to(struct ord_service *service, struct ord_rank_listening *listening,
                               ord_rank_tell *tell, struct ord_feed_reader *reader, struct ord_feed **ret_feed,
                               struct ord_error *error)
{
    struct ord_ranks *ranks = ord_service_ranks(service);
    if (!ranks)
        return ord_fail(error, ORD_UNIMPLEMENTED, "this server has no groups");
    if (listening->max_members > MEMBERS_MAX)
        return ord_fail(error, ORD_OUT_OF_RANGE, "max_members: %" PRIu32 " is out of range; allowed up to %d",
                        listening->max_members, MEMBERS_MAX);
    struct ord_feed *feed = calloc(1, sizeof *feed);
    if (!feed)
        return ord_fail(error, ORD_INTERNAL, "no memory");
    *feed = (struct ord_feed){.reader = reader, .tell = tell};
    listening->group = ord_ranks_group(listening->group);
    listening->ready = ready;
    listening->reader = feed;
    enum ord_code code = ord_ranks_listen(ranks, listening, &feed->feed, error);
    if (code != ORD_OK) {
        free(feed);
        return code;
    }
    *ret_feed = feed;
    return ORD_OK;
}

static enum ord_code open_join(struct ord_service *service, const ProtobufCMessage *request,
                               struct ord_feed_reader *reader, struct ord_feed **ret_feed,
                               struct ord_error *error)
{
    const Ordinal__V1__JoinRequest *asked = (const Ordinal__V1__JoinRequest *)request;
    struct ord_joining joining = {
        .name = asked->name,
        .ttl_ms = asked->ttl_ms,
        .kind = ORD_BY_STREAM,
        .renews = asked->renews,
        .acknowledges = asked->auto_acknowledge,
    };
    struct ord_rank_listening listening = {
        .group = asked->group, .joining = &joining, .max_members = asked->max_members};
    return listen_to(service, &listening, tell_member, reader, ret_feed, error);
}

static enum ord_code open_watch(struct ord_service *service, const ProtobufCMessage *request,
                                struct ord_feed_reader *reader, struct ord_feed **ret_feed,
                                struct ord_error *error)
{
    const Ordinal__V1__WatchRequest *asked = (const Ordinal__V1__WatchRequest *)request;
    struct ord_rank_listening listening = {
        .group = asked->group,
        .max_members = asked->max_members ? asked->max_members : WATCH_PRESET,
        .after = asked->after_event_id,
    };
    if (asked->after_event_id < 0)
        return ord_fail(error, ORD_OUT_OF_RANGE, "after_event_id: %" PRId64 " is no ID", asked->after_event_id);
    return listen_to(service, &listening, tell_observer, reader, ret_feed, error);
}

static enum ord_fed next(struct ord_feed *feed, struct ord_arena *arena, const ProtobufCMessage **ret_message,
                         struct ord_error *error)
{
    static const enum ord_fed feds[] = {
        [ORD_NEXT_EVENT] = ORD_FED_MESSAGE,
        [ORD_NEXT_NOTHING] = ORD_FED_NOTHING,
        [ORD_NEXT_END] = ORD_FED_END,
    };
    struct telling telling = {.arena = arena};
    enum ord_fed fed = feds[ord_rank_feed_next(feed->feed, feed->tell, &telling, error)];
    if (fed == ORD_FED_MESSAGE)
        *ret_message = telling.message;
    return fed;
}

static void close_feed(struct ord_feed *feed)
{
    ord_rank_feed_close(feed->feed);
    free(feed);
}

const struct ord_feed_type ord_join = {.open = open_join, .next = next, .close = close_feed};
const struct ord_feed_type ord_watch = {.open = open_watch, .next = next, .close = close_feed};
