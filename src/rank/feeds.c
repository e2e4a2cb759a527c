/* Readers of groups: members with a stream, and observers. */
#include <stdio.h>
#include <stdlib.h>

#include "rank/internal.h"

static struct ord_rank_feed *feed_of(struct ord_rank_work *work)
{
    return (struct ord_rank_feed *)((char *)work - offsetof(struct ord_rank_feed, work));
}

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static int64_t newest_event(const struct ord_group *group)
{
    return later(group->published.event, group->published.command);
}

static void enter(struct ord_rank_feed *feed, struct room *room)
{
    feed->room = room;
    feed->next = room->feeds;
    if (room->feeds)
        room->feeds->previous = feed;
    room->feeds = feed;
    feed->ranks->reader_count++;
}

static void discard(struct ord_rank_feed *feed)
{
    struct room *room = feed->room;
    if (room) {
        *(feed->previous ? &feed->previous->next : &room->feeds) = feed->next;
        if (feed->next)
            feed->next->previous = feed->previous;
        feed->ranks->reader_count--;
        if (ord_group_is_empty(&room->group))
            ord_ranks_touch(feed->ranks, room, false);
    }
    free(feed);
}

static enum ord_code enter_as_member(struct ord_ranks *ranks, struct ord_rank_feed *feed)
{
    enum ord_code code =
        ord_ranks_join(ranks, feed->group, &feed->joining, &feed->member, &feed->was_in, &feed->error);
    if (code != ORD_OK)
        return code;
    feed->member->reader = feed;
    enter(feed, ord_ranks_room_of(feed->member->group));
    return ORD_OK;
}

static enum ord_code enter_as_observer(struct ord_ranks *ranks, struct ord_rank_feed *feed)
{
    struct room *room;
    enum ord_code code = ord_ranks_make_room(ranks, feed->group, &room, &feed->error);
    if (code == ORD_OK)
        enter(feed, room);
    return code;
}

static void apply(struct ord_ranks *ranks, struct ord_rank_work *work)
{
    struct ord_rank_feed *feed = feed_of(work);
    if (!feed->is_closed)
        (feed->is_member ? enter_as_member : enter_as_observer)(ranks, feed);
}

/* What it sees first: a member what it has not acknowledged, an observer what it asked for. */
static void begin(struct ord_rank_feed *feed)
{
    const struct ord_group *group = &feed->room->group;
    int64_t newest = later(newest_event(group), 1);
    feed->state = feed->is_member ? FEED_WELCOME : FEED_LIVE;
    feed->seen_epoch = -1;
    if (feed->is_member)
        feed->cursor = feed->member->acked;
    else if (feed->cursor == 0 || feed->cursor > newest)
        feed->cursor = newest;
}

static void fail(struct ord_ranks *ranks, struct ord_rank_feed *feed, const struct ord_error *failure)
{
    feed->error = *failure;
    feed->state = FEED_ENDED;
    if (feed->member && feed->member->reader == feed) {
        feed->member->reader = NULL;
        ord_ranks_lose(ranks, feed->member);
    }
    feed->member = NULL;
}

/* Whether its membership is its own still. */
static bool holds(const struct ord_rank_feed *feed)
{
    return feed->member && feed->member->reader == feed;
}

static void settle(struct ord_ranks *ranks, struct ord_rank_work *work, const struct ord_error *failure)
{
    struct ord_rank_feed *feed = feed_of(work);
    feed->is_applied = true;
    if (failure)
        fail(ranks, feed, failure);
    else if (feed->error.code != ORD_OK || feed->is_closed)
        fail(ranks, feed, &feed->error);
    else if (feed->state == FEED_OPENING)
        begin(feed);
    if (feed->is_closed) {
        discard(feed);
        return;
    }
    feed->next_told = ranks->told;
    ranks->told = feed;
    feed->is_idle = false;
}

/* Once it is settled the reader may close it at any time. */
const struct ord_rank_kind ord_rank_feeds = {.apply = apply, .settle = settle};

void ord_feed_replace(struct ord_ranks *ranks, struct ord_member *member)
{
    struct ord_rank_feed *feed = member->reader;
    if (!feed)
        return;
    ord_fail(&feed->error, ORD_REPLACED, "\"%s\" joined again: that took this stream's place", member->name);
    feed->state = FEED_ENDED;
    feed->member = NULL;
    member->reader = NULL;
}

/* Its membership is over for everybody. */
static void end(struct ord_rank_feed *feed)
{
    feed->error.code = ORD_OK;
    if (feed->ending == ORD_EXPIRED)
        ord_fail(&feed->error, ORD_SESSION_OVER, "the lease of \"%s\" ran out; join again, at the bottom",
                 feed->member->name);
    if (feed->ending == ORD_EVICTED)
        ord_fail(&feed->error, ORD_SESSION_OVER,
                 "\"%s\" was evicted: it did not acknowledge commands in time; join again, at the bottom",
                 feed->member->name);
    feed->state = FEED_ENDED;
    feed->member = NULL;
}

/* Whether there may be something to read: it costs little to be wrong. */
static bool has_news(const struct ord_rank_feed *feed)
{
    const struct ord_published *published = &feed->room->group.published;
    if (feed->state != FEED_LIVE)
        return feed->state != FEED_OPENING;
    if (feed->seen_epoch != published->epoch)
        return true;
    int64_t newest = feed->is_member ? feed->member->newest : published->command;
    return newest > feed->cursor && published->command > feed->cursor;
}

void ord_feeds_news(struct ord_ranks *ranks, struct room *room)
{
    const struct ord_published *published = &room->group.published;
    for (struct ord_rank_feed *feed = room->feeds; feed; feed = feed->next) {
        if (feed->ending && feed->member && !ord_published_member(published, feed->member->session))
            end(feed);
        if (!feed->is_idle || !has_news(feed))
            continue;
        feed->is_idle = false;
        feed->next_told = ranks->told;
        ranks->told = feed;
    }
}

void ord_feeds_tell(struct ord_ranks *ranks)
{
    for (struct ord_rank_feed *feed = ranks->told, *next; feed; feed = next) {
        next = feed->next_told;
        feed->ready(feed->reader);
    }
    ranks->told = NULL;
}

static struct ord_rank_event event_of(const struct ord_rank_feed *feed, int kind)
{
    return (struct ord_rank_event){
        .kind = kind,
        .group = &feed->room->group,
        .member = feed->member,
        .changes_from = feed->seen_epoch + 1,
        .was_in = feed->was_in,
        .max_members = feed->max_members,
        .now_ns = ord_ranks_now_ns(feed->ranks),
    };
}

/* An observer's events have IDs that do not fall: a view that is told before older commands has that of the
 * event before them, so that whoever goes on from there is told them. */
static bool tell_view(struct ord_rank_feed *feed, int kind, ord_rank_tell *tell, void *context)
{
    const struct ord_group *group = &feed->room->group;
    struct ord_rank_event event = event_of(feed, kind);
    if (!feed->is_member && !ord_group_next_command(group, NULL, feed->cursor))
        feed->cursor = later(feed->cursor, newest_event(group));
    event.id = feed->cursor;
    feed->seen_epoch = group->published.epoch;
    feed->seen_dropped = group->dropped;
    feed->state = FEED_LIVE;
    return tell(context, &event);
}

static void note_sent(struct ord_rank_feed *feed, const struct ord_command *command)
{
    struct ord_member *member = feed->member;
    struct ord_ranks *ranks = feed->ranks;
    if (!feed->is_member)
        return;
    member->sent = later(member->sent, command->id);
    ranks->figures.sent++;
    if (!member->acknowledges || member->acked >= command->id)
        return;
    uint32_t pending = member->pending;
    ord_group_acknowledge(&feed->room->group, member, command->id, NULL);
    ranks->figures.acknowledged += pending - member->pending;
    ord_ranks_touch(ranks, feed->room, false);
}

static bool tell_command(struct ord_rank_feed *feed, const struct ord_command *command, ord_rank_tell *tell,
                         void *context)
{
    struct ord_rank_event event = event_of(feed, ORD_EVENT_COMMAND);
    event.command = command;
    event.id = feed->cursor = command->id;
    if (!tell(context, &event))
        return false;
    note_sent(feed, command);
    return true;
}

/* Whether commands that an observer has not seen are kept no more: it is told how things stand instead. */
static bool has_missed(const struct ord_rank_feed *feed)
{
    int64_t dropped = feed->room->group.dropped;
    return !feed->is_member && dropped > feed->cursor && dropped != feed->seen_dropped;
}

static enum ord_rank_next step(struct ord_rank_feed *feed, ord_rank_tell *tell, void *context)
{
    if (feed->state == FEED_OPENING)
        return ORD_NEXT_NOTHING;
    if (feed->state == FEED_ENDED)
        return ORD_NEXT_END;
    const struct ord_group *group = &feed->room->group;
    bool is_told;
    if (feed->state == FEED_WELCOME) {
        is_told = tell_view(feed, ORD_EVENT_WELCOME, tell, context);
    } else if (feed->seen_epoch != group->published.epoch || has_missed(feed)) {
        is_told = tell_view(feed, ORD_EVENT_VIEW, tell, context);
    } else {
        const struct ord_command *command = ord_group_next_command(group, feed->member, feed->cursor);
        if (!command) {
            feed->cursor = later(feed->cursor, group->published.command);
            return ORD_NEXT_NOTHING;
        }
        is_told = tell_command(feed, command, tell, context);
    }
    if (is_told)
        return ORD_NEXT_EVENT;
    ord_fail(&feed->error, ORD_INTERNAL, "no memory");
    return ORD_NEXT_END;
}

enum ord_rank_next ord_rank_feed_next(struct ord_rank_feed *feed, ord_rank_tell *tell, void *context,
                                      struct ord_error *error)
{
    pthread_mutex_lock(&feed->ranks->lock);
    enum ord_rank_next next = step(feed, tell, context);
    feed->is_idle = next == ORD_NEXT_NOTHING;
    if (next == ORD_NEXT_END)
        *error = feed->error;
    pthread_mutex_unlock(&feed->ranks->lock);
    return next;
}

void ord_rank_feed_close(struct ord_rank_feed *feed)
{
    struct ord_ranks *ranks = feed->ranks;
    pthread_mutex_lock(&ranks->telling);
    pthread_mutex_lock(&ranks->lock);
    feed->is_closed = true;
    if (!feed->is_applied) { /* the thread has it, and lets it go */
        pthread_mutex_unlock(&ranks->lock);
        pthread_mutex_unlock(&ranks->telling);
        return;
    }
    if (holds(feed)) {
        feed->member->reader = NULL;
        ord_ranks_lose(ranks, feed->member);
        pthread_cond_signal(&ranks->changed); /* a lease that may end before all that is waited for */
    }
    discard(feed);
    pthread_mutex_unlock(&ranks->lock);
    pthread_mutex_unlock(&ranks->telling);
}

enum ord_code ord_ranks_listen(struct ord_ranks *ranks, const struct ord_rank_listening *listening,
                               struct ord_rank_feed **ret_feed, struct ord_error *error)
{
    struct ord_joining joining = listening->joining ? *listening->joining : (struct ord_joining){0};
    enum ord_code code = ord_name_check("group", listening->group, error);
    if (code == ORD_OK && listening->joining)
        code = ord_name_check("name", joining.name, error);
    if (code == ORD_OK && listening->joining)
        code = ord_ranks_check_joining(ranks, &joining, error);
    if (code != ORD_OK)
        return code;
    struct ord_rank_feed *feed = calloc(1, sizeof *feed);
    if (!feed)
        return ord_fail(error, ORD_INTERNAL, "no memory");
    feed->ranks = ranks;
    feed->is_member = listening->joining != NULL;
    feed->is_idle = true;
    feed->joining = joining;
    feed->max_members = listening->max_members;
    feed->cursor = listening->after;
    feed->ready = listening->ready;
    feed->reader = listening->reader;
    snprintf(feed->group, sizeof feed->group, "%s", listening->group);
    snprintf(feed->name, sizeof feed->name, "%s", joining.name ? joining.name : "");
    feed->joining.name = feed->name;
    feed->joining.url = NULL;
    feed->joining.kind = ORD_BY_STREAM;
    feed->work.kind = &ord_rank_feeds;
    *ret_feed = feed;
    pthread_mutex_lock(&ranks->lock);
    ord_ranks_add(ranks, &feed->work);
    pthread_mutex_unlock(&ranks->lock);
    return ORD_OK;
}
