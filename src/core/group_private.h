/* Shared by group.c, the members of a group, and commands.c, what they send each other. */
#pragma once

#include "core/group.h"

/* How many of `count` members, by rank, have a session below that one. */
size_t ord_members_below(struct ord_member *const *members, size_t count, int64_t session);

/* How many of the group's commands have an ID up to that one. */
size_t ord_commands_upto(const struct ord_group *group, int64_t id);

/* The member's deliveries do not count any more: it leaves. */
void ord_group_give_up(struct ord_group *group, const struct ord_member *member);

/* Counts what a member that was stored has not acknowledged. */
void ord_group_recount(struct ord_group *group, struct ord_member *member);

/* Frees all commands. */
void ord_group_finish_commands(struct ord_group *group);

/* Forgets those who departed before all commands that are kept, and the first ones when there are too many. */
void ord_group_trim_departed(struct ord_group *group);
