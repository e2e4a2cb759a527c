/*
 * What a group of members has to be, worked out the long way: every command has its list of receivers, every
 * count is counted anew. Small plain values, so that a copy of the model is the group as it was.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/group.h"

#define MODEL_MEMBERS 64 /* memberships of a history */
#define MODEL_COMMANDS 128
#define MODEL_CHANGES 192

struct model_member {
    char name[8];
    int64_t session, left, acked, until_ns;
    uint32_t ttl_ms;
    enum ord_member_kind kind;
    enum ord_change_kind end;
    bool renews;
};

struct model_command {
    int64_t id, epoch, time_us;
    unsigned sender, rank; /* sender: index of the member */
    uint64_t receivers;    /* a bit a member */
    unsigned request;      /* 0: none */
    bool dropped;
    size_t size;
};

struct model_change {
    int64_t epoch;
    enum ord_change_kind kind;
    unsigned member, rank;
};

struct model {
    struct model_member members[MODEL_MEMBERS];
    struct model_command commands[MODEL_COMMANDS];
    struct model_change changes[MODEL_CHANGES];
    unsigned member_count, command_count, change_count;
    int64_t epoch, event, newest;
};

bool model_is_in(const struct model *model, unsigned member);
/* The one who is in under a name, or -1. */
int model_find(const struct model *model, const char *name);
/* How many are in. */
unsigned model_size(const struct model *model);
/* The rank of one who is in. */
unsigned model_rank(const struct model *model, unsigned member);

/* Returns the new member. */
unsigned model_join(struct model *model, const char *name, int64_t id);
void model_remove(struct model *model, unsigned member, enum ord_change_kind why, int64_t id);
/* Begins the lease, as a joining or a renewal does. */
void model_renew(struct model *model, unsigned member, int64_t now_ns);
void model_lose(struct model *model, unsigned member, int64_t now_ns);

/* Returns the new command. */
unsigned model_send(struct model *model, unsigned sender, unsigned request, size_t size, int64_t id,
                    int64_t now_us);
/* The kept command of a sender's name with that request, or -1. */
int model_repeated(const struct model *model, const char *sender, unsigned request);

/* Whether a command waits for a member's acknowledgement. */
bool model_waits(const struct model *model, unsigned command, unsigned member);
unsigned model_pending(const struct model *model, unsigned member);
/* How many of those who are in have not acknowledged it. */
unsigned model_outstanding(const struct model *model, unsigned command);
/* How many commands are kept, and their bytes with `overhead` for each. */
size_t model_kept(const struct model *model, size_t overhead, size_t *ret_bytes);
/* Whether a member has to be evicted. */
bool model_lags(const struct model *model, unsigned member, const struct ord_group_limits *limits,
                int64_t now_us);
