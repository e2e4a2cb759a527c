/*
 * Shared by the files of the engine.
 *
 * Two locks. `lock` guards all groups and feeds. The engine's thread alone changes what groups consist of, and
 * may read that without the lock; numbers of members (what is acknowledged, leases) are changed by others, too.
 * `telling` is held while readers are told that there is something to read, and by whoever closes a feed; it is
 * taken before `lock`. No function of others is called under `lock` but `fill`, `tell` and `look`.
 */
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include "rank/engine.h"

/* A group and what the engine knows of it beside. */
struct room {
    struct ord_group group;
    struct ord_rank_feed *feeds;
    struct ord_timer aging; /* the life of its oldest command */
    struct room *previous, *next;
    struct room *next_touched, *next_concerned;
    bool is_touched;                  /* it may have something to be stored, or be of no use any more */
    bool is_concerned;                /* it may have something to be published or told */
    uint64_t used_in;                 /* the cycle that looked at it last */
    int64_t told_epoch, told_command; /* in the log */
};

struct ord_rank_kind {
    /* Applies it, under the lock. */
    void (*apply)(struct ord_ranks *ranks, struct ord_rank_work *work);
    /* After the commit, under the lock; `failure` NULL: it is durable. */
    void (*settle)(struct ord_ranks *ranks, struct ord_rank_work *work, const struct ord_error *failure);
    /* After that, without the lock: it is the owner's again. NULL: it is since it was settled. */
    void (*finish)(struct ord_ranks *ranks, struct ord_rank_work *work);
};

enum feed_state {
    FEED_OPENING,
    FEED_WELCOME,
    FEED_LIVE,
    FEED_ENDED,
};

struct ord_rank_feed {
    struct ord_rank_work work; /* while it is opening */
    struct ord_ranks *ranks;
    struct room *room; /* once it is applied */
    struct ord_rank_feed *previous, *next;
    struct ord_rank_feed *next_told;
    enum feed_state state;
    bool is_member, is_applied, is_closed, is_idle, was_in;
    struct ord_member *member;
    enum ord_change_kind ending; /* why its membership ended, not published yet; 0: it did not */
    struct ord_error error;      /* ENDED */
    int64_t seen_epoch, cursor, seen_dropped;
    struct ord_joining joining;
    uint32_t max_members;
    void (*ready)(void *reader);
    void *reader;
    char group[ORD_NAME_MAX + 1], name[ORD_NAME_MAX + 1];
};

/* One command on its way to one member's URL. */
struct delivery {
    struct ord_callback callback;
    struct ord_rank_work work; /* once it is done */
    struct ord_ranks *ranks;
    struct ord_member *member;         /* NULL: it has left, or has another URL */
    const struct ord_command *command; /* until it is posted */
    int64_t id;
    bool is_accepted;
    struct delivery *next; /* among those to be posted, or cancelled */
    char url[];
};

struct ord_ranks {
    struct ord_rank_options options;
    pthread_mutex_t telling, lock;
    pthread_cond_t changed;
    pthread_t thread;
    void *by_name; /* rooms: a tree of tsearch's */
    struct room *rooms;
    size_t room_count, member_count, reader_count;
    struct ord_timers leases, agings;
    struct ord_rank_work *first, **end; /* what came since the thread took all */
    struct room *touched, *concerned;   /* the latter is the thread's */
    struct ord_rank_feed *told;         /* those to be told; under `telling` */
    struct ord_group_entries entries;   /* what is being made durable */
    int64_t floor_epoch, floor_event;
    bool is_urgent, is_lazy; /* something is to be stored at once; by lazy_ns */
    bool is_behind;          /* entries failed to become durable */
    bool is_stopping, has_cancelled;
    int64_t lazy_ns, retry_ns;
    int64_t shift_ns, last_ns; /* how far the leases' clock is behind the system's; its last reading */
    uint64_t cycle;
    size_t delivery_count;
    struct delivery *to_post, *to_cancel;
    struct ord_rank_figures figures;
};

/* The leases' clock. */
int64_t ord_ranks_now_ns(const struct ord_ranks *ranks);

/* The room of that name, or NULL; a new one if need be. */
struct room *ord_ranks_room(struct ord_ranks *ranks, const char *name);
enum ord_code ord_ranks_make_room(struct ord_ranks *ranks, const char *name, struct room **ret_room,
                                  struct ord_error *error);
struct room *ord_ranks_room_of(struct ord_group *group);

/* Frees a room that nothing refers to. */
void ord_ranks_remove_room(struct ord_ranks *ranks, struct room *room);

/* There is something to be stored: at once, or some time. */
void ord_ranks_touch(struct ord_ranks *ranks, struct room *room, bool is_urgent);

/* The room is published, and its readers told, with this cycle. In the thread. */
void ord_ranks_concern(struct ord_ranks *ranks, struct room *room);

/* Hands work to the thread; under the lock. */
void ord_ranks_add(struct ord_ranks *ranks, struct ord_rank_work *work);

/* Sets or unsets the timer of a member's lease after it changed, of a room's oldest command. */
void ord_ranks_time_lease(struct ord_ranks *ranks, struct ord_member *member);
void ord_ranks_time_aging(struct ord_ranks *ranks, struct room *room);

/* Joins for a feed or for a call. */
enum ord_code ord_ranks_join(struct ord_ranks *ranks, const char *group, const struct ord_joining *joining,
                             struct ord_member **ret_member, bool *ret_was_in, struct ord_error *error);

/* What a joining says, with presets for what it does not say. Any thread. */
enum ord_code ord_ranks_check_joining(const struct ord_ranks *ranks, struct ord_joining *joining,
                                      struct ord_error *error);

/* Ends a membership, its lease and its delivery; its feed ends with the publication. */
void ord_ranks_end(struct ord_ranks *ranks, struct ord_member *member, enum ord_change_kind why, int64_t id);

/* What is due: leases that ran out, members that lag, commands past their life. */
void ord_ranks_pass_time(struct ord_ranks *ranks);

/* Its member has another stream now, or none. */
void ord_feed_replace(struct ord_ranks *ranks, struct ord_member *member);

/* The stream of a member that is in is no more. */
void ord_ranks_lose(struct ord_ranks *ranks, struct ord_member *member);

/* Adds the room's feeds that have something to read, and wait for it, to those to be told. */
void ord_feeds_news(struct ord_ranks *ranks, struct room *room);
void ord_feeds_tell(struct ord_ranks *ranks);

extern const struct ord_rank_kind ord_rank_calls, ord_rank_feeds, ord_rank_deliveries;

/* Posts the next command to a member with a URL, if there is one and none is on its way. */
void ord_deliveries_pump(struct ord_ranks *ranks, struct room *room);
void ord_delivery_cancel(struct ord_ranks *ranks, struct ord_member *member);
/* After it joined again, perhaps with another URL. */
void ord_delivery_recheck(struct ord_ranks *ranks, struct ord_member *member);
void ord_deliveries_cancel_all(struct ord_ranks *ranks);
/* Without the lock: what the others prepared. */
void ord_deliveries_send(struct ord_ranks *ranks);

/* Loads all that is stored. */
enum ord_code ord_ranks_load(struct ord_ranks *ranks, struct ord_error *error);
