#include "groups/model.h"

#include <stdio.h>
#include <string.h>

#define NS_PER_MS INT64_C(1000000)

bool model_is_in(const struct model *model, unsigned member)
{
    return model->members[member].left == 0;
}

int model_find(const struct model *model, const char *name)
{
    for (unsigned i = 0; i < model->member_count; i++)
        if (model_is_in(model, i) && strcmp(model->members[i].name, name) == 0)
            return (int)i;
    return -1;
}

unsigned model_size(const struct model *model)
{
    unsigned size = 0;
    for (unsigned i = 0; i < model->member_count; i++)
        size += model_is_in(model, i);
    return size;
}

unsigned model_rank(const struct model *model, unsigned member)
{
    unsigned rank = 1;
    for (unsigned i = 0; i < member; i++)
        rank += model_is_in(model, i);
    return rank;
}

static void change(struct model *model, enum ord_change_kind kind, unsigned member, unsigned rank, int64_t id)
{
    model->epoch++;
    model->event = id;
    model->changes[model->change_count++] = (struct model_change){model->epoch, kind, member, rank};
}

unsigned model_join(struct model *model, const char *name, int64_t id)
{
    unsigned member = model->member_count++;
    model->members[member] = (struct model_member){.session = id, .acked = id};
    snprintf(model->members[member].name, sizeof model->members[member].name, "%s", name);
    change(model, ORD_JOINED, member, model_size(model), id);
    return member;
}

void model_remove(struct model *model, unsigned member, enum ord_change_kind why, int64_t id)
{
    change(model, why, member, model_rank(model, member), id);
    model->members[member].left = id;
    model->members[member].end = why;
}

void model_renew(struct model *model, unsigned member, int64_t now_ns)
{
    struct model_member *it = &model->members[member];
    bool by_lease = it->kind != ORD_BY_STREAM || it->renews;
    if (by_lease)
        it->until_ns = now_ns + it->ttl_ms * NS_PER_MS;
}

void model_lose(struct model *model, unsigned member, int64_t now_ns)
{
    struct model_member *it = &model->members[member];
    it->kind = ORD_BY_LEASE;
    int64_t rest_ms = (int64_t)it->ttl_ms - 8000;
    if (!it->renews)
        it->until_ns = now_ns + (rest_ms < 1000 ? 1000 : rest_ms) * NS_PER_MS;
}

unsigned model_send(struct model *model, unsigned sender, unsigned request, size_t size, int64_t id,
                    int64_t now_us)
{
    unsigned command = model->command_count++;
    struct model_command *it = &model->commands[command];
    *it = (struct model_command){.id = id, .epoch = model->epoch, .time_us = now_us, .sender = sender};
    it->rank = model_rank(model, sender);
    it->request = request;
    it->size = size;
    for (unsigned i = sender + 1; i < model->member_count; i++)
        if (model_is_in(model, i))
            it->receivers |= UINT64_C(1) << i;
    model->newest = id;
    return command;
}

int model_repeated(const struct model *model, const char *sender, unsigned request)
{
    for (unsigned i = 0; i < model->command_count; i++) {
        const struct model_command *it = &model->commands[i];
        bool is_senders = strcmp(model->members[it->sender].name, sender) == 0;
        if (!it->dropped && request != 0 && it->request == request && is_senders)
            return (int)i;
    }
    return -1;
}

bool model_waits(const struct model *model, unsigned command, unsigned member)
{
    const struct model_command *it = &model->commands[command];
    bool is_receiver = (it->receivers >> member & 1) != 0;
    return !it->dropped && is_receiver && model_is_in(model, member) && model->members[member].acked < it->id;
}

unsigned model_pending(const struct model *model, unsigned member)
{
    unsigned pending = 0;
    for (unsigned i = 0; i < model->command_count; i++)
        pending += model_waits(model, i, member);
    return pending;
}

unsigned model_outstanding(const struct model *model, unsigned command)
{
    unsigned outstanding = 0;
    for (unsigned i = 0; i < model->member_count; i++)
        outstanding += model_waits(model, command, i);
    return outstanding;
}

size_t model_kept(const struct model *model, size_t overhead, size_t *ret_bytes)
{
    size_t kept = 0;
    *ret_bytes = 0;
    for (unsigned i = 0; i < model->command_count; i++)
        if (!model->commands[i].dropped) {
            *ret_bytes += overhead + model->commands[i].size;
            kept++;
        }
    return kept;
}

bool model_lags(const struct model *model, unsigned member, const struct ord_group_limits *limits,
                int64_t now_us)
{
    if (!model_is_in(model, member))
        return false;
    for (unsigned i = 0; i < model->command_count; i++)
        if (model_waits(model, i, member) && now_us - model->commands[i].time_us >= limits->life_us)
            return true;
    return model_pending(model, member) > limits->pending_max;
}
