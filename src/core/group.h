/*
 * A group: its members by rank, the commands among them, and how far each delivery is.
 *
 * Sessions and commands are IDs of one generator, in the order in which they came about, and who joins is
 * appended. So rank order is the order of the session IDs, and the receivers of a command are exactly those
 * members whose session lies between that of the sender and the command's ID, and whose membership ended after
 * it. No list of receivers is kept: three numbers of a member (its session, what it acknowledged, what it was
 * sent) tell the state of each of its deliveries.
 *
 * What has changed is not seen before it is durable: the *published* state is that of the last
 * ord_group_publish, which the owner calls once storage has all that is dirty (core/group_record.h).
 *
 * A plain value without threads, files or clocks. Leases are on a steady clock (`now_ns`), the lives of
 * commands on the clock of the IDs (`now_us`). IDs that are passed rise from call to call. One thread at a
 * time.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "core/name.h"
#include "core/timers.h"

#define ORD_TTL_MIN_MS 2000
#define ORD_TTL_MAX_MS 600000
#define ORD_TTL_PRESET_MS 10000
#define ORD_COMMAND_MAX 16384
#define ORD_URL_MAX 2048
#define ORD_CHANGES 100

struct ord_group;

/* As the API numbers them. */
enum ord_member_kind {
    ORD_BY_STREAM = 1,
    ORD_BY_LEASE,
    ORD_BY_CALLBACK,
};

enum ord_change_kind {
    ORD_JOINED = 1,
    ORD_LEFT,
    ORD_EXPIRED,
    ORD_EVICTED,
};

enum ord_delivery {
    ORD_PENDING = 1,
    ORD_SENT,
    ORD_ACKNOWLEDGED,
    ORD_GIVEN_UP,
};

/* A membership. It stays for a while after its end, for what is told of it. */
struct ord_member {
    struct ord_group *group;
    int64_t session, joined_us;
    uint32_t ttl_ms;
    enum ord_member_kind kind;
    bool renews, acknowledges;   /* it renews besides its stream; commands are acknowledged as they are sent */
    char *url;                   /* NULL: none */
    int64_t acked, sent, newest; /* the highest command that it acknowledged, was sent, was given */
    uint32_t pending;            /* commands that it has not acknowledged */
    int64_t seen_ns;             /* its last sign of life */
    int64_t until_ns;            /* when it expires; INT64_MAX: not while its stream is open */
    int64_t left;                /* the event that ended it; 0: it is in */
    enum ord_change_kind end;
    struct ord_timer lease;   /* the owner's */
    void *reader, *delivery;  /* the owner's */
    unsigned refs;            /* places from which it is reached */
    bool is_dirty, is_stored; /* differs from what is stored; is stored */
    struct ord_member *next;  /* among the departed, or the gone; one of the two at a time */
    char name[];
};

struct ord_command {
    int64_t id, time_us;
    int64_t epoch;
    int64_t sender_session;
    uint32_t sender_rank, receivers;
    uint32_t outstanding; /* receivers that are in and have not acknowledged */
    bool is_dirty, is_stored;
    struct ord_command *next;               /* among the gone */
    size_t size;                            /* of the text */
    const char *sender, *request_id, *text; /* strings behind it; request_id may be empty */
    char data[];
};

struct ord_change {
    int64_t epoch;
    enum ord_change_kind kind;
    uint32_t rank; /* that the member has, or had */
    struct ord_member *member;
};

/* What everybody may be told. */
struct ord_published {
    int64_t epoch;
    int64_t event;   /* the ID of the event that began it; 0: there was none */
    int64_t command; /* the newest */
    struct ord_member **members;
    size_t count;
};

struct ord_group_limits {
    size_t members_max;
    uint32_t pending_max; /* commands that a member may leave unacknowledged */
    size_t commands_max, bytes_max;
    size_t departed_max;
    int64_t life_us; /* of a command */
};

struct ord_group {
    const struct ord_group_limits *limits;
    int64_t epoch, event;
    struct ord_member **members; /* by rank */
    size_t count, room;          /* there is as much room among the published */
    void *by_name;               /* a tree of tsearch's: callers choose the names, and cannot make it slow */
    struct ord_member *departed, **departed_end; /* in the order of their leaving */
    size_t departed_count;
    struct ord_command **commands; /* by ID */
    size_t command_count, command_room, bytes;
    void *by_request;        /* a tree of tsearch's */
    int64_t newest, dropped; /* commands: the newest of all; the highest of those that are not kept any more */
    bool has_laggards;       /* some have more unacknowledged than they may */
    struct ord_change changes[ORD_CHANGES];
    unsigned change_count; /* in all; the last ORD_CHANGES are kept */
    struct ord_published published;
    struct ord_member *gone_members; /* to be removed from storage */
    struct ord_command *gone_commands;
    bool is_dirty, is_stored; /* the epoch; as in members */
    char name[ORD_NAME_MAX + 1];
};

/* Prepares a group without members, in an epoch that is above all that the name had before. */
void ord_group_init(struct ord_group *ret_group, const char *name, const struct ord_group_limits *limits,
                    int64_t epoch, int64_t event);

/* Frees all that it holds. */
void ord_group_finish(struct ord_group *group);

/* Who is in under a name, as it will be published. `session` 0: any. ORD_NOT_FOUND; ORD_SESSION_OVER: not that
 * one. */
enum ord_code ord_group_find(const struct ord_group *group, const char *name, int64_t session,
                             struct ord_member **ret_member, struct ord_error *error);

struct ord_joining {
    const char *name, *url; /* url: NULL or empty for none */
    uint32_t ttl_ms;
    enum ord_member_kind kind;
    bool renews, acknowledges;
};

/* Appends a member with session `id`, or finds that it is in, and takes over what the joining says; its lease
 * begins. ORD_CAPACITY: the group is full. ORD_INTERNAL: no memory. */
enum ord_code ord_group_join(struct ord_group *group, const struct ord_joining *joining, int64_t id,
                             int64_t now_us, int64_t now_ns, struct ord_member **ret_member, bool *ret_was_in,
                             struct ord_error *error);

/* Ends a membership: the next epoch, of event `id`. */
void ord_group_remove(struct ord_group *group, struct ord_member *member, enum ord_change_kind why, int64_t id);

/* A sign of life. */
void ord_member_renew(struct ord_member *member, int64_t now_ns);

/* Its stream broke: it has until its lease is over, less the time that it takes to notice that. */
void ord_member_lose(struct ord_member *member, int64_t now_ns);

struct ord_sending {
    const char *sender;
    const char *text;
    const char *request_id; /* empty: none */
};

/* The command that was sent with the same sender and request ID, or NULL. */
struct ord_command *ord_group_repeated(const struct ord_group *group, const struct ord_sending *sending);

/* Accepts a command from a member. ORD_CAPACITY: as many are kept as may be, none of them done with.
 * ORD_INTERNAL: no memory. */
enum ord_code ord_group_send(struct ord_group *group, const struct ord_member *sender,
                             const struct ord_sending *sending, int64_t id, int64_t now_us,
                             struct ord_command **ret_command, struct ord_error *error);

/* The member acknowledges all up to a command. ORD_NOT_FOUND: there was none so high yet. */
enum ord_code ord_group_acknowledge(struct ord_group *group, struct ord_member *member, int64_t id,
                                    struct ord_error *error);

/* Whether there are members to be evicted: with more unacknowledged than they may, or one for too long. */
bool ord_group_lags(const struct ord_group *group, int64_t now_us);

/* The next one that is to be evicted, from the lowest rank up; NULL: there are no more. `*below` starts as the
 * number of members. */
struct ord_member *ord_group_laggard(struct ord_group *group, int64_t now_us, size_t *below);

/* Forgets commands past their life that nobody has to acknowledge any more, and those who departed before all
 * that are kept. */
void ord_group_age(struct ord_group *group, int64_t now_us);

/* Whether nothing is in it but its epoch. */
bool ord_group_is_empty(const struct ord_group *group);

/* All that was dirty is durable: it is what everybody is told from now on. What is gone, and not stored any
 * more, is there until ord_group_bury frees it. */
void ord_group_publish(struct ord_group *group);
void ord_group_bury(struct ord_group *group);

/* The rank of a session among the published, or 0. */
uint32_t ord_published_rank(const struct ord_published *published, int64_t session);

/* The published member of that session, or NULL. */
struct ord_member *ord_published_member(const struct ord_published *published, int64_t session);

/* The first published command above `after` that was sent to the member (NULL: to anyone), or NULL. */
struct ord_command *ord_group_next_command(const struct ord_group *group, const struct ord_member *member,
                                           int64_t after);

/* The published command of that ID, or NULL. */
struct ord_command *ord_group_command(const struct ord_group *group, int64_t id);

/* Whether a member was sent a command, and how far that delivery is. */
bool ord_command_is_for(const struct ord_command *command, const struct ord_member *member);
enum ord_delivery ord_command_state(const struct ord_command *command, const struct ord_member *member);

/* Called for each receiver of a command, by rank. False ends it. */
typedef bool ord_receiver_found(void *context, const struct ord_member *member);
/* Tells the receivers that are known still. False: no memory, or it was ended. */
bool ord_group_receivers(const struct ord_group *group, const struct ord_command *command,
                         ord_receiver_found *found, void *context);

/* How they are put back from storage: members (those with a `left` that is not 0 have departed) in the order of
 * their sessions, commands in that of their IDs; then ord_group_restored. What is passed is copied. False: no
 * memory, or it does not fit what is there. */
bool ord_group_restore_member(struct ord_group *group, const struct ord_member *stored, const char *name,
                              int64_t now_ns);
bool ord_group_restore_command(struct ord_group *group, const struct ord_command *stored);
bool ord_group_restored(struct ord_group *group);
