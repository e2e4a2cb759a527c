#include "groups/history.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "groups/check.h"

#define STEPS_MAX 120
#define SECOND_NS INT64_C(1000000000)

const char *const history_event_names[EVENTS] = {
    "join",   "join again", "no room to join", "renew",           "lose",  "leave",
    "expire", "send",       "send again",      "no room to send", "ack",   "ack of nothing",
    "evict",  "drop",       "write",           "write fails",     "crash", "crash when written",
};

uint64_t history_counts[EVENTS];
static const char *const names[] = {"a", "b", "c", "d", "e", "f", "g"};

static uint64_t below(struct history *it, uint64_t bound)
{
    return sim_random_below(&it->random, bound);
}

static bool one_in(struct history *it, uint64_t odds)
{
    return sim_random_one_in(&it->random, odds);
}

static int64_t next_id(struct history *it)
{
    return it->id += 1 + (int64_t)below(it, 5);
}

static void note(struct history *it, enum event event, const char *what)
{
    history_counts[event]++;
    if (it->shows)
        printf("%" PRId64 " ms: %s %s\n", it->now_us / 1000, history_event_names[event], what);
}

static void fail(struct history *it, const char *fault)
{
    if (!it->fault)
        it->fault = fault;
}

/* Someone who is in by the model, or -1. */
static int someone(struct history *it)
{
    unsigned size = model_size(&it->now);
    if (size == 0)
        return -1;
    unsigned wanted = (unsigned)below(it, size);
    for (unsigned i = 0;; i++)
        if (model_is_in(&it->now, i) && wanted-- == 0)
            return (int)i;
}

static struct ord_member *find(struct history *it, unsigned index)
{
    struct ord_member *found = NULL;
    const struct model_member *wanted = &it->now.members[index];
    if (ord_group_find(&it->group, wanted->name, wanted->session, &found, NULL) != ORD_OK)
        fail(it, "a member is not found");
    return found;
}

static void join(struct history *it)
{
    static const uint32_t ttls[] = {2000, 9000, 10000, 60000};
    const char *name = names[below(it, sizeof names / sizeof *names)];
    struct ord_joining joining = {.name = name, .ttl_ms = ttls[below(it, 4)]};
    joining.kind = (enum ord_member_kind)(1 + below(it, 3));
    joining.renews = one_in(it, 2);
    joining.url = joining.kind == ORD_BY_CALLBACK ? "http://127.0.0.1/" : NULL;
    int known = model_find(&it->now, name);
    if (known < 0 && it->now.member_count == MODEL_MEMBERS)
        return;
    bool has_room = known >= 0 || model_size(&it->now) < it->limits.members_max;
    int64_t id = next_id(it);
    struct ord_member *member = NULL;
    bool was_in = false;
    enum ord_code code =
        ord_group_join(&it->group, &joining, id, it->now_us, it->now_ns, &member, &was_in, NULL);
    if (!has_room) {
        note(it, FULL, name);
        if (code != ORD_CAPACITY)
            fail(it, "a full group takes a member");
        return;
    }
    note(it, known < 0 ? JOIN : REJOIN, name);
    if (code != ORD_OK || was_in != (known >= 0)) {
        fail(it, "a joining goes wrong");
        return;
    }
    unsigned index = known < 0 ? model_join(&it->now, name, id) : (unsigned)known;
    struct model_member *wanted = &it->now.members[index];
    wanted->ttl_ms = joining.ttl_ms;
    wanted->kind = joining.kind;
    wanted->renews = joining.renews;
    model_renew(&it->now, index, it->now_ns);
    if (member->session != wanted->session)
        fail(it, "a joining has another session");
}

static void renew(struct history *it)
{
    int index = someone(it);
    struct ord_member *member = index < 0 ? NULL : find(it, (unsigned)index);
    if (!member)
        return;
    note(it, RENEW, member->name);
    ord_member_renew(member, it->now_ns);
    model_renew(&it->now, (unsigned)index, it->now_ns);
}

static void lose(struct history *it)
{
    int index = someone(it);
    struct ord_member *member = index < 0 ? NULL : find(it, (unsigned)index);
    if (!member || it->now.members[index].kind != ORD_BY_STREAM)
        return;
    note(it, LOSE, member->name);
    ord_member_lose(member, it->now_ns);
    model_lose(&it->now, (unsigned)index, it->now_ns);
}

static void leave(struct history *it)
{
    int index = someone(it);
    struct ord_member *member = index < 0 ? NULL : find(it, (unsigned)index);
    if (!member)
        return;
    note(it, LEAVE, member->name);
    int64_t id = next_id(it);
    ord_group_remove(&it->group, member, ORD_LEFT, id);
    model_remove(&it->now, (unsigned)index, ORD_LEFT, id);
}

/* Those expire whose lease is over: the group knows when that is, its owner looks. */
static void expire(struct history *it)
{
    for (unsigned i = 0; i < it->now.member_count; i++) {
        const struct model_member *wanted = &it->now.members[i];
        bool by_lease = wanted->kind != ORD_BY_STREAM || wanted->renews;
        if (!model_is_in(&it->now, i) || !by_lease || wanted->until_ns > it->now_ns)
            continue;
        struct ord_member *member = find(it, i);
        if (!member)
            return;
        note(it, EXPIRE, member->name);
        int64_t id = next_id(it);
        ord_group_remove(&it->group, member, ORD_EXPIRED, id);
        model_remove(&it->now, i, ORD_EXPIRED, id);
    }
}

/* Forgets what the group has forgotten, if it may. */
static void forget(struct history *it, bool may)
{
    for (unsigned i = 0; i < it->now.command_count; i++) {
        struct model_command *command = &it->now.commands[i];
        bool is_done = model_outstanding(&it->now, i) == 0 && command->id <= it->published.newest;
        bool is_kept = false;
        for (size_t j = 0; j < it->group.command_count; j++)
            is_kept = is_kept || it->group.commands[j]->id == command->id;
        if (command->dropped || is_kept)
            continue;
        if (!may || !is_done)
            fail(it, "a command is forgotten too early");
        command->dropped = true;
        note(it, DROP, "");
    }
}

/* Whether there is room for one more, once all that is done with is forgotten. */
static bool has_room(struct history *it, size_t size, bool *ret_is_tight)
{
    size_t overhead = sizeof(struct ord_command), bytes = 0, done_bytes = 0, done = 0;
    size_t kept = model_kept(&it->now, overhead, &bytes);
    for (unsigned i = 0; i < it->now.command_count; i++) {
        const struct model_command *command = &it->now.commands[i];
        if (!command->dropped && model_outstanding(&it->now, i) == 0 && command->id <= it->published.newest) {
            done_bytes += overhead + command->size;
            done++;
        }
    }
    const struct ord_group_limits *limits = &it->limits;
    *ret_is_tight = kept >= limits->commands_max || bytes + overhead + size > limits->bytes_max;
    return kept - done < limits->commands_max && bytes - done_bytes + overhead + size <= limits->bytes_max;
}

static void send(struct history *it)
{
    int index = someone(it);
    if (index < 0 || it->now.command_count == MODEL_COMMANDS)
        return;
    unsigned request = one_in(it, 3) ? (unsigned)(1 + below(it, 6)) : 0;
    char request_id[] = {request > 0 ? (char)('0' + request) : '\0', '\0'}, text[64];
    snprintf(text, sizeof text, "%0*u", (int)(1 + below(it, 40)), it->now.command_count);
    const char *sender = it->now.members[index].name;
    struct ord_sending sending = {.sender = sender, .text = text, .request_id = request_id};
    struct ord_command *command = ord_group_repeated(&it->group, &sending);
    int known = model_repeated(&it->now, sender, request);
    if ((command != NULL) != (known >= 0) || (command && command->id != it->now.commands[known].id))
        fail(it, "a request is taken for another");
    if (command) {
        note(it, REPEAT, sender);
        return;
    }
    struct ord_member *member = find(it, (unsigned)index);
    bool is_tight = false, fits = has_room(it, strlen(text), &is_tight);
    int64_t id = next_id(it);
    if (!member)
        return;
    enum ord_code code = ord_group_send(&it->group, member, &sending, id, it->now_us, &command, NULL);
    forget(it, is_tight);
    if (code != (fits ? ORD_OK : ORD_CAPACITY))
        fail(it, "a command is taken without room, or refused with it");
    note(it, code == ORD_OK ? SEND : REFUSED, sender);
    if (code == ORD_OK)
        model_send(&it->now, (unsigned)index, request, strlen(text), id, it->now_us);
}

static void acknowledge(struct history *it)
{
    int index = someone(it);
    struct ord_member *member = index < 0 ? NULL : find(it, (unsigned)index);
    if (!member || it->now.command_count == 0)
        return;
    int64_t id = it->now.commands[below(it, it->now.command_count)].id;
    bool is_there = id <= it->published.newest || id <= member->acked;
    note(it, is_there ? ACK : ACK_NONE, member->name);
    enum ord_code code = ord_group_acknowledge(&it->group, member, id, NULL);
    if (code != (is_there ? ORD_OK : ORD_NOT_FOUND))
        fail(it, "an acknowledgement goes wrong");
    if (is_there && it->now.members[index].acked < id)
        it->now.members[index].acked = id;
}

static bool is_late(struct history *it)
{
    for (unsigned i = 0; i < it->now.member_count; i++)
        if (model_lags(&it->now, i, &it->limits, it->now_us))
            return true;
    return false;
}

/* Puts out all who lag at present, as the owner does. */
static void evict(struct history *it)
{
    struct model before = it->now;
    size_t place = it->group.count;
    for (struct ord_member *member; (member = ord_group_laggard(&it->group, it->now_us, &place));) {
        unsigned index = 0;
        while (index < before.member_count && before.members[index].session != member->session)
            index++;
        if (index == before.member_count || !model_lags(&before, index, &it->limits, it->now_us))
            fail(it, "one is to be evicted who does not lag");
        if (it->fault)
            return;
        note(it, EVICT, member->name);
        int64_t id = next_id(it);
        ord_group_remove(&it->group, member, ORD_EVICTED, id);
        model_remove(&it->now, index, ORD_EVICTED, id);
    }
}

/* What the owner does now and then: forgets what is old, and puts out who lags, until nobody does. */
static void tidy(struct history *it)
{
    ord_group_age(&it->group, it->now_us);
    forget(it, true);
    for (unsigned round = 0; ord_group_lags(&it->group, it->now_us) && round < MODEL_COMMANDS; round++) {
        evict(it);
        ord_group_age(&it->group, it->now_us);
        forget(it, true);
    }
    bool is_known =
        it->now.newest <= it->published.newest; /* else the oldest may have to stay, and hide others */
    if (is_known && is_late(it))
        fail(it, "one lags, and is in");
}

static void publish(struct history *it)
{
    it->published = it->durable = it->now;
    ord_group_publish(&it->group);
    ord_group_bury(&it->group);
}

static void write(struct history *it)
{
    if (!group_store_stage(&it->store, &it->group))
        fail(it, "what is dirty cannot be staged");
    if (one_in(it, 8)) {
        note(it, FAIL, "");
        return;
    }
    note(it, WRITE, "");
    group_store_commit(&it->store);
    publish(it);
}

/* The next run begins with what is stored; each lease begins anew, without a stream. */
static void crash(struct history *it)
{
    bool is_written = one_in(it, 3);
    note(it, is_written ? CRASH_WRITTEN : CRASH, "");
    if (is_written) {
        group_store_stage(&it->store, &it->group);
        group_store_commit(&it->store);
        it->durable = it->now;
    }
    group_store_lose(&it->store);
    ord_group_finish(&it->group);
    it->now = it->durable;
    it->now.newest = 0; /* of those that are kept */
    for (unsigned i = 0; i < it->now.command_count; i++)
        if (!it->now.commands[i].dropped)
            it->now.newest = it->now.commands[i].id;
    for (unsigned i = 0; i < it->now.member_count; i++) {
        struct model_member *member = &it->now.members[i];
        member->kind = member->kind == ORD_BY_CALLBACK ? ORD_BY_CALLBACK : ORD_BY_LEASE;
        model_renew(&it->now, i, it->now_ns);
    }
    it->published = it->durable = it->now;
    if (!group_store_read(&it->store, "g", &it->limits, it->now_ns, &it->group))
        fail(it, "what was stored is not taken back");
}

static void pass_time(struct history *it)
{
    int64_t ns = (int64_t)sim_random_scale(&it->random, 30 * SECOND_NS);
    it->now_ns += ns;
    it->now_us += ns / 1000;
    expire(it);
}

static void step(struct history *it)
{
    static void (*const steps[])(struct history *) = {
        join,        join,        renew, lose,  leave, send,  send,      send,  send,
        acknowledge, acknowledge, tidy,  write, write, write, pass_time, crash,
    };
    uint64_t chosen = below(it, sizeof steps / sizeof *steps);
    if (steps[chosen] != crash || one_in(it, 3))
        steps[chosen](it);
    const char *fault = group_check(&it->group, &it->now, &it->published);
    if (fault)
        fail(it, fault);
}

static void begin(struct history *it, uint64_t seed, bool shows)
{
    *it = (struct history){.random = {seed}, .id = 1000, .shows = shows};
    it->limits.members_max = 2 + below(it, 6);
    it->limits.pending_max = (uint32_t)(1 + below(it, 8));
    it->limits.commands_max = 2 + below(it, 20);
    it->limits.bytes_max = one_in(it, 3) ? 1000 : 100000;
    it->limits.departed_max = one_in(it, 3) ? 2 : MODEL_MEMBERS;
    it->limits.life_us = INT64_C(1000000) * (int64_t)(1 + below(it, 60));
    ord_group_init(&it->group, "g", &it->limits, 0, 0);
}

const char *history_play(struct history *it, uint64_t seed, bool shows)
{
    begin(it, seed, shows);
    uint64_t steps = 1 + below(it, STEPS_MAX);
    for (uint64_t i = 0; i < steps && !it->fault; i++)
        step(it);
    ord_group_finish(&it->group);
    group_store_lose(&it->store);
    return it->fault;
}
