/*
 * Groups, members and commands as messages. All is copied into the arena. Called under the engine's lock; NULL
 * and false: no memory.
 */
#pragma once

#include "base/arena.h"
#include "ordinal/v1/ranks.pb-c.h"
#include "rank/engine.h"

/* The group that a request means, which need not name one. */
const char *ord_ranks_group(const char *asked);

/* What a view tells beside epoch and size. */
struct ord_view_options {
    int64_t session;      /* whose rank; 0: nobody's */
    uint32_t max_members; /* the first ones; 0: none */
    size_t first_member;  /* and not from the first on */
    int64_t changes_from; /* that epoch on; 0: none */
    int64_t now_ns;       /* for the times since signs of life */
};
Ordinal__V1__View *ord_view_message(const struct ord_group *group, const struct ord_view_options *options,
                                    struct ord_arena *arena);

Ordinal__V1__Command *ord_command_message(const struct ord_group *group, const struct ord_command *command,
                                          struct ord_arena *arena);

Ordinal__V1__Welcome *ord_welcome_message(const struct ord_group *group, const struct ord_member *member,
                                          bool was_in, const struct ord_view_options *options,
                                          struct ord_arena *arena);

/* A command and its deliveries, the first `max_deliveries` by rank as of its epoch. */
bool ord_deliveries_message(const struct ord_group *group, const struct ord_command *command,
                            uint32_t max_deliveries, Ordinal__V1__GetCommandResponse *reply,
                            struct ord_arena *arena);

/* What is posted to members' URLs; for struct ord_rank_options. */
char *ord_command_body(void *context, const struct ord_group *group, const struct ord_command *command,
                       size_t *ret_size);
