/*
 * The engine of groups: everything that changes one goes through its thread, which takes all that came, applies
 * it to the groups in order, makes what has changed durable in one go, and only then answers callers and lets
 * readers see it. So what anybody is told is durable, and an epoch never stands for two memberships, also over
 * a crash. If storage fails, those callers get ORD_UNAVAILABLE; nothing of it is seen, and nothing else is
 * applied, before it is durable after all.
 *
 * Acknowledgements, and which command was sent, are applied by those who bring them, and stored a moment later
 * or along with the rest: after a crash such a command comes again.
 */
#pragma once

#include "core/group.h"
#include "core/group_record.h"
#include "rank/callback.h"

struct ord_ranks;

/* What is worth a line in the log. In the engine's thread; may block. What is passed lives during the call. */
struct ord_rank_log {
    void (*ranking)(const struct ord_group *group); /* as published */
    void (*command)(const struct ord_group *group, const struct ord_command *command);
    void (*storage)(const char *trouble); /* why it began to fail; NULL: it does not any more */
};

struct ord_rank_options {
    struct ord_place place;
    struct ord_group_port store;        /* outlives the engine */
    struct ord_callback_port callbacks; /* post NULL: members cannot name URLs */
    struct ord_group_limits limits;
    size_t groups_max;
    const struct ord_rank_log *log; /* NULL: none */
    void *context;                  /* of these: */
    /* One ID, above all before; does not wait. */
    enum ord_code (*take)(void *context, int64_t *ret_id, struct ord_error *error);
    /* The clock of the IDs, in Unix time, which does not go back. */
    int64_t (*now_us)(void *context);
    /* A command as it is posted, to be freed; NULL: no memory. */
    char *(*body)(void *context, const struct ord_group *group, const struct ord_command *command,
                  size_t *ret_size);
};

/* Loads what is stored, begins all leases anew, starts the thread. Errors are those of the port; ORD_INTERNAL:
 * no memory or thread. */
enum ord_code ord_ranks_open(const struct ord_rank_options *options, struct ord_ranks **ret_ranks,
                             struct ord_error *error);

/* Answers all calls, makes all durable, ends the thread. All feeds have been closed. Takes NULL; returns NULL.
 */
struct ord_ranks *ord_ranks_close(struct ord_ranks *ranks);

enum ord_rank_what {
    ORD_RANK_JOIN,
    ORD_RANK_RENEW,
    ORD_RANK_LEAVE,
    ORD_RANK_SEND,
    ORD_RANK_ACKNOWLEDGE,
    ORD_RANK_CALLS,
};

/* Work for the engine's thread. */
struct ord_rank_work {
    struct ord_rank_work *next;
    const struct ord_rank_kind *kind;
};

/* A call that changes something. The caller's, until it is answered; so is what it points to. */
struct ord_rank_call {
    struct ord_rank_work work; /* the engine's */
    enum ord_rank_what what;
    const char *group, *name;
    int64_t session;
    struct ord_joining joining; /* JOIN; its name is set by the engine */
    struct ord_sending sending; /* SEND; its sender is set by the engine */
    int64_t command_id;         /* ACKNOWLEDGE */
    /* Takes the answer to where it is wanted; under the engine's lock. False: no memory. */
    bool (*fill)(struct ord_rank_call *call);
    void (*done)(struct ord_rank_call *call); /* in another thread; does not block */
    struct ord_error error;                   /* ORD_OK, or what was wrong */
    /* For `fill`. */
    const struct ord_group *at;
    struct ord_member *member; /* JOIN, RENEW, ACKNOWLEDGE */
    struct ord_command *command;
    bool is_repeat; /* it was in already; another call sent it */
    int64_t epoch;  /* LEAVE: that it began */
    int64_t now_ns; /* on the scale of seen_ns */
};

/* True: it is answered. False: `done` is called when it is, perhaps before this returns; exactly once. Any
 * thread; does not wait for storage.
 *
 * ORD_INVALID_ARGUMENT, ORD_OUT_OF_RANGE: names, ttl, text, request ID, URL. ORD_NOT_FOUND, ORD_SESSION_OVER:
 * who is not in. ORD_CAPACITY, ORD_TOO_LARGE, ORD_REQUEST_MISMATCH. ORD_UNAVAILABLE: storage, or no IDs can be
 * had. */
bool ord_ranks_call(struct ord_ranks *ranks, struct ord_rank_call *call);

/* Looks at a group as published, under the engine's lock: `look` does not block. A group that is not there is
 * shown without members. Any thread. */
typedef enum ord_code ord_rank_look(void *context, struct ord_group *group, int64_t now_ns,
                                    struct ord_error *error);
enum ord_code ord_ranks_look(struct ord_ranks *ranks, const char *group, ord_rank_look *look, void *context,
                             struct ord_error *error);

/* How many there are, and were since the start. Any thread. */
struct ord_rank_figures {
    size_t groups, members, commands, readers;
    uint64_t pending;                      /* deliveries that are not acknowledged */
    uint64_t accepted, sent, acknowledged; /* commands; deliveries */
    uint64_t joined, left, expired, evicted;
    uint64_t commits[2];                   /* that failed, that succeeded */
    uint32_t damaged;                      /* entries that could not be read at the start */
    uint64_t tries[ORD_CALLBACK_OUTCOMES]; /* to post to a URL, by how they ended */
    uint32_t foreign; /* members and commands of another layout, which were given up then */
};
void ord_ranks_figures(struct ord_ranks *ranks, struct ord_rank_figures *ret_figures);

/* One reader of a group: a member, or an observer. */
struct ord_rank_feed;

struct ord_rank_listening {
    const char *group;
    const struct ord_joining *joining; /* NULL: an observer. All of this is copied */
    uint32_t max_members;
    int64_t after; /* an observer: events above it; 0: only new ones */
    /* There may be something to read. In any thread; does not block, and does not call back into the feed. */
    void (*ready)(void *reader);
    void *reader;
};

struct ord_rank_event {
    enum {
        ORD_EVENT_WELCOME,
        ORD_EVENT_VIEW,
        ORD_EVENT_COMMAND,
    } kind;
    const struct ord_group *group;
    const struct ord_member *member;   /* NULL: an observer */
    const struct ord_command *command; /* COMMAND */
    int64_t changes_from; /* VIEW: the epoch after the one that the reader saw before; 0: there was none */
    int64_t id;           /* does not fall from event to event */
    bool was_in;          /* WELCOME */
    uint32_t max_members;
    int64_t now_ns;
};

/* Takes an event to where it is wanted; under the engine's lock. False: no memory. */
typedef bool ord_rank_tell(void *context, const struct ord_rank_event *event);

enum ord_rank_next {
    ORD_NEXT_EVENT,
    ORD_NEXT_NOTHING, /* not now; `ready` is called when there is */
    ORD_NEXT_END,     /* and never again: `error` says why, ORD_OK for an orderly end */
};

/* Any thread; does not wait for storage. Errors as for calls; others come by the feed's end. */
enum ord_code ord_ranks_listen(struct ord_ranks *ranks, const struct ord_rank_listening *listening,
                               struct ord_rank_feed **ret_feed, struct ord_error *error);

/* One thread at a time for a feed. */
enum ord_rank_next ord_rank_feed_next(struct ord_rank_feed *feed, ord_rank_tell *tell, void *context,
                                      struct ord_error *error);

/* The reader is gone: `ready` is not called any more once this returns. A member has its grace then. */
void ord_rank_feed_close(struct ord_rank_feed *feed);
