#include "daemon/ranking.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"

#define GROUPS_MAX 10000

/* Of one group. */
#define COMMANDS_MAX 10000
#define COMMAND_BYTES_MAX (64 * 1024 * 1024)
#define DEPARTED_MAX 20000

/* A longer ranking is cut, and its end is how many more there are. */
#define RANKING_MAX 512
#define NUMBER_MAX 24

/* The names by rank: "a, b, c, and 97 more". */
static void write_names(const struct ord_published *published, char ret[RANKING_MAX])
{
    size_t used = 0, i = 0;
    *ret = '\0';
    for (; i < published->count; i++) {
        const char *name = published->members[i]->name;
        if (used + strlen(name) + 2 > RANKING_MAX - 32)
            break;
        used += (size_t)snprintf(ret + used, RANKING_MAX - used, "%s%s", i > 0 ? ", " : "", name);
    }
    if (i < published->count)
        snprintf(ret + used, RANKING_MAX - used, ", and %zu more", published->count - i);
}

static void log_ranking(const struct ord_group *group)
{
    const struct ord_published *published = &group->published;
    char epoch[NUMBER_MAX], members[NUMBER_MAX], names[RANKING_MAX];
    if (!ord_log_enabled(ORD_LOG_INFO))
        return;
    snprintf(epoch, sizeof epoch, "%" PRId64, published->epoch);
    snprintf(members, sizeof members, "%zu", published->count);
    write_names(published, names);
    ord_log(ORD_LOG_INFO, "ranking", "group", group->name, "epoch", epoch, "members", members, "ranking", names,
            NULL);
}

static void log_command(const struct ord_group *group, const struct ord_command *command)
{
    char id[NUMBER_MAX], epoch[NUMBER_MAX], rank[NUMBER_MAX], receivers[NUMBER_MAX];
    if (!ord_log_enabled(ORD_LOG_INFO))
        return;
    snprintf(id, sizeof id, "%" PRId64, command->id);
    snprintf(epoch, sizeof epoch, "%" PRId64, command->epoch);
    snprintf(rank, sizeof rank, "%" PRIu32, command->sender_rank);
    snprintf(receivers, sizeof receivers, "%" PRIu32, command->receivers);
    ord_log(ORD_LOG_INFO, "command", "group", group->name, "id", id, "epoch", epoch, "sender", command->sender,
            "rank", rank, "receivers", receivers, NULL);
}

static void log_storage(const char *trouble)
{
    if (trouble)
        ord_log(ORD_LOG_ERROR, "groups cannot be stored; nothing changes until they are", "error", trouble,
                NULL);
    else
        ord_log(ORD_LOG_INFO, "groups are stored again", NULL);
}

static const struct ord_rank_log ranking_log = {
    .ranking = log_ranking,
    .command = log_command,
    .storage = log_storage,
};

struct ord_group_options ord_ranking_options(const struct ord_config *config)
{
    return (struct ord_group_options){
        .limits =
            {
                .members_max = config->group_max,
                .pending_max = config->member_queue,
                .commands_max = COMMANDS_MAX,
                .bytes_max = COMMAND_BYTES_MAX,
                .departed_max = DEPARTED_MAX,
                .life_us = config->command_life_us,
            },
        .max = GROUPS_MAX,
        .log = &ranking_log,
    };
}
