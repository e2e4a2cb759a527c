/* The members of a group; commands.c has what they send each other. */
#include "core/group.h"

#include <inttypes.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/group_private.h"

#define NS_PER_MS INT64_C(1000000)

/* A broken stream is noticed by its pings after so long at most; a member has at least the other. */
#define NOTICED_MS 8000
#define GRACE_MIN_MS 1000

static struct ord_member *member_of(const void *name)
{
    return (struct ord_member *)((const char *)name - offsetof(struct ord_member, name));
}

static int by_name(const void *a, const void *b)
{
    return strcmp(a, b);
}

static void keep_in_tree(void *name)
{
}

static void release(struct ord_member *member)
{
    if (--member->refs > 0)
        return;
    free(member->url);
    free(member);
}

void ord_group_init(struct ord_group *ret_group, const char *name, const struct ord_group_limits *limits,
                    int64_t epoch, int64_t event)
{
    *ret_group = (struct ord_group){
        .limits = limits,
        .epoch = epoch,
        .event = event,
        .published = {.epoch = epoch, .event = event},
    };
    snprintf(ret_group->name, sizeof ret_group->name, "%s", name);
    ret_group->departed_end = &ret_group->departed;
}

static void release_all(struct ord_member **members, size_t count)
{
    for (size_t i = 0; i < count; i++)
        release(members[i]);
}

static void release_list(struct ord_member *list)
{
    for (struct ord_member *next; list; list = next) {
        next = list->next;
        release(list);
    }
}

void ord_group_finish(struct ord_group *group)
{
    ord_group_finish_commands(group);
    release_list(group->gone_members);
    tdestroy(group->by_name, keep_in_tree);
    for (unsigned i = 0; i < ORD_CHANGES && i < group->change_count; i++)
        release(group->changes[i].member);
    release_all(group->members, group->count);
    release_all(group->published.members, group->published.count);
    release_list(group->departed);
    free(group->members);
    free(group->published.members);
    *group = (struct ord_group){0};
}

enum ord_code ord_group_find(const struct ord_group *group, const char *name, int64_t session,
                             struct ord_member **ret_member, struct ord_error *error)
{
    void *node = tfind(name, &group->by_name, by_name);
    struct ord_member *member = node ? member_of(*(char **)node) : NULL;
    if (member && (session == 0 || session == member->session)) {
        *ret_member = member;
        return ORD_OK;
    }
    if (session == 0)
        return ord_fail(error, ORD_NOT_FOUND, "\"%s\" is no member of \"%s\"", name, group->name);
    return ord_fail(error, ORD_SESSION_OVER,
                    "the membership %" PRId64 " of \"%s\" in \"%s\" is over%s; join again, at the bottom",
                    session, name, group->name, member ? ", and there is a later one" : "");
}

static void note(struct ord_group *group, enum ord_change_kind kind, struct ord_member *member, size_t index)
{
    struct ord_change *change = &group->changes[group->change_count % ORD_CHANGES];
    if (group->change_count >= ORD_CHANGES)
        release(change->member);
    *change = (struct ord_change){group->epoch, kind, (uint32_t)index + 1, member};
    member->refs++;
    group->change_count++;
}

static void begin_epoch(struct ord_group *group, int64_t id)
{
    group->epoch++;
    group->event = id;
    group->is_dirty = true;
}

/* Room for one more, also among the published: ord_group_publish cannot fail. */
static bool make_room(struct ord_group *group)
{
    if (group->count < group->room)
        return true;
    size_t room = group->room * 2 + 8;
    struct ord_member **members = reallocarray(group->members, room, sizeof *members);
    if (!members)
        return false;
    group->members = members;
    struct ord_member **published = reallocarray(group->published.members, room, sizeof *published);
    if (!published)
        return false;
    group->published.members = published;
    group->room = room;
    return true;
}

static struct ord_member *new_member(struct ord_group *group, const char *name)
{
    size_t size = strlen(name) + 1;
    struct ord_member *member = calloc(1, sizeof *member + size);
    if (!member)
        return NULL;
    memcpy(member->name, name, size);
    member->group = group;
    member->refs = 1;
    return member;
}

/* Makes a member that can be found, with nobody below it. NULL: no memory. */
static struct ord_member *append(struct ord_group *group, const char *name)
{
    struct ord_member *member = make_room(group) ? new_member(group, name) : NULL;
    if (!member || !tsearch(member->name, &group->by_name, by_name)) {
        free(member);
        return NULL;
    }
    group->members[group->count++] = member;
    return member;
}

/* Whether what is stored of a member is what the joining says. */
static bool says_the_same(const struct ord_member *member, const struct ord_joining *joining, const char *url)
{
    return member->ttl_ms == joining->ttl_ms && member->renews == joining->renews &&
           member->acknowledges == joining->acknowledges && strcmp(member->url ? member->url : "", url) == 0;
}

/* False: no memory, and nothing is changed. */
static bool take_over(struct ord_member *member, const struct ord_joining *joining, int64_t now_ns)
{
    const char *url = joining->url ? joining->url : "";
    if (!says_the_same(member, joining, url)) {
        char *copy = *url ? strdup(url) : NULL;
        if (*url && !copy)
            return false;
        free(member->url);
        member->url = copy;
        member->ttl_ms = joining->ttl_ms;
        member->renews = joining->renews;
        member->acknowledges = joining->acknowledges;
        member->is_dirty = true;
    }
    member->kind = joining->kind;
    member->until_ns = INT64_MAX;
    ord_member_renew(member, now_ns);
    return true;
}

static void take_back(struct ord_group *group, struct ord_member *member)
{
    tdelete(member->name, &group->by_name, by_name);
    group->count--;
    release(member);
}

enum ord_code ord_group_join(struct ord_group *group, const struct ord_joining *joining, int64_t id,
                             int64_t now_us, int64_t now_ns, struct ord_member **ret_member, bool *ret_was_in,
                             struct ord_error *error)
{
    struct ord_member *member = NULL;
    bool was_in = ord_group_find(group, joining->name, 0, &member, NULL) == ORD_OK;
    if (!was_in && group->count >= group->limits->members_max)
        return ord_fail(error, ORD_CAPACITY, "\"%s\" has %zu members; no more are allowed", group->name,
                        group->count);
    if (!was_in)
        member = append(group, joining->name);
    if (!member || !take_over(member, joining, now_ns)) {
        if (member && !was_in)
            take_back(group, member);
        return ord_fail(error, ORD_INTERNAL, "no memory");
    }
    if (!was_in) {
        member->session = member->acked = id;
        member->joined_us = now_us;
        member->is_dirty = true;
        begin_epoch(group, id);
        note(group, ORD_JOINED, member, group->count - 1);
    }
    *ret_member = member;
    *ret_was_in = was_in;
    return ORD_OK;
}

static void bid_farewell(struct ord_group *group, struct ord_member *member)
{
    bool has_received = group->command_count > 0 && member->newest >= group->commands[0]->id;
    if (!has_received) {
        member->next = group->gone_members;
        group->gone_members = member;
        return;
    }
    member->is_dirty = true;
    member->next = NULL;
    *group->departed_end = member;
    group->departed_end = &member->next;
    group->departed_count++;
    ord_group_trim_departed(group);
}

void ord_group_remove(struct ord_group *group, struct ord_member *member, enum ord_change_kind why, int64_t id)
{
    size_t index = ord_members_below(group->members, group->count, member->session);
    begin_epoch(group, id);
    note(group, why, member, index);
    ord_group_give_up(group, member);
    member->left = id;
    member->end = why;
    tdelete(member->name, &group->by_name, by_name);
    group->count--;
    memmove(&group->members[index], &group->members[index + 1],
            (group->count - index) * sizeof *group->members);
    bid_farewell(group, member);
}

void ord_group_trim_departed(struct ord_group *group)
{
    int64_t oldest = group->command_count > 0 ? group->commands[0]->id : INT64_MAX;
    while (group->departed &&
           (group->departed->left < oldest || group->departed_count > group->limits->departed_max)) {
        struct ord_member *member = group->departed;
        group->departed = member->next;
        if (!group->departed)
            group->departed_end = &group->departed;
        group->departed_count--;
        member->next = group->gone_members;
        group->gone_members = member;
    }
}

void ord_member_renew(struct ord_member *member, int64_t now_ns)
{
    member->seen_ns = now_ns;
    if (member->kind != ORD_BY_STREAM || member->renews)
        member->until_ns = now_ns + member->ttl_ms * NS_PER_MS;
}

void ord_member_lose(struct ord_member *member, int64_t now_ns)
{
    uint32_t grace_ms = member->ttl_ms > NOTICED_MS + GRACE_MIN_MS ? member->ttl_ms - NOTICED_MS : GRACE_MIN_MS;
    member->kind = ORD_BY_LEASE;
    member->seen_ns = now_ns;
    if (!member->renews)
        member->until_ns = now_ns + grace_ms * NS_PER_MS;
}

bool ord_group_is_empty(const struct ord_group *group)
{
    return group->count == 0 && group->command_count == 0;
}

void ord_group_publish(struct ord_group *group)
{
    struct ord_published *published = &group->published;
    published->command = group->newest;
    if (published->epoch == group->epoch)
        return;
    for (size_t i = 0; i < group->count; i++)
        group->members[i]->refs++;
    release_all(published->members, published->count);
    memcpy(published->members, group->members, group->count * sizeof *group->members);
    published->count = group->count;
    published->epoch = group->epoch;
    published->event = group->event;
}

static void bury_members(struct ord_group *group)
{
    for (struct ord_member **at = &group->gone_members; *at;) {
        struct ord_member *member = *at;
        if (member->is_stored) {
            at = &member->next;
            continue;
        }
        *at = member->next;
        release(member);
    }
}

static void bury_commands(struct ord_group *group)
{
    for (struct ord_command **at = &group->gone_commands; *at;) {
        struct ord_command *command = *at;
        if (command->is_stored) {
            at = &command->next;
            continue;
        }
        *at = command->next;
        free(command);
    }
}

void ord_group_bury(struct ord_group *group)
{
    bury_members(group);
    bury_commands(group);
}

size_t ord_members_below(struct ord_member *const *members, size_t count, int64_t session)
{
    size_t from = 0;
    while (from < count) {
        size_t middle = from + (count - from) / 2;
        if (members[middle]->session < session)
            from = middle + 1;
        else
            count = middle;
    }
    return from;
}

struct ord_member *ord_published_member(const struct ord_published *published, int64_t session)
{
    size_t index = ord_members_below(published->members, published->count, session);
    bool is_there = index < published->count && published->members[index]->session == session;
    return is_there ? published->members[index] : NULL;
}

uint32_t ord_published_rank(const struct ord_published *published, int64_t session)
{
    if (!ord_published_member(published, session))
        return 0;
    return (uint32_t)ord_members_below(published->members, published->count, session) + 1;
}

static void copy_stored(struct ord_member *member, const struct ord_member *stored, int64_t now_ns)
{
    member->session = stored->session;
    member->joined_us = stored->joined_us;
    member->ttl_ms = stored->ttl_ms;
    member->renews = stored->renews;
    member->acknowledges = stored->acknowledges;
    member->acked = member->sent = stored->acked;
    member->left = stored->left;
    member->end = stored->end;
    member->kind = stored->url ? ORD_BY_CALLBACK : ORD_BY_LEASE;
    member->is_stored = true;
    ord_member_renew(member, now_ns);
}

bool ord_group_restore_member(struct ord_group *group, const struct ord_member *stored, const char *name,
                              int64_t now_ns)
{
    struct ord_member *other;
    bool is_in = stored->left == 0;
    if (is_in && (ord_group_find(group, name, 0, &other, NULL) == ORD_OK ||
                  (group->count > 0 && group->members[group->count - 1]->session >= stored->session)))
        return false;
    char *url = stored->url ? strdup(stored->url) : NULL;
    struct ord_member *member = stored->url && !url ? NULL
                                : is_in             ? append(group, name)
                                                    : new_member(group, name);
    if (!member) {
        free(url);
        return false;
    }
    member->url = url;
    copy_stored(member, stored, now_ns);
    if (!is_in) {
        *group->departed_end = member;
        group->departed_end = &member->next;
        group->departed_count++;
    }
    return true;
}

static int by_leaving(const void *a, const void *b)
{
    const struct ord_member *x = *(struct ord_member *const *)a, *y = *(struct ord_member *const *)b;
    return (x->left > y->left) - (x->left < y->left);
}

/* They come in the order of their sessions, and are looked through in that of their leaving. */
static bool sort_departed(struct ord_group *group)
{
    size_t count = 0;
    struct ord_member **all = calloc(group->departed_count + 1, sizeof *all);
    if (!all)
        return false;
    for (struct ord_member *at = group->departed; at; at = at->next)
        all[count++] = at;
    qsort(all, count, sizeof *all, by_leaving);
    group->departed_end = &group->departed;
    for (size_t i = 0; i < count; i++) {
        *group->departed_end = all[i];
        group->departed_end = &all[i]->next;
    }
    *group->departed_end = NULL;
    free(all);
    return true;
}

bool ord_group_restored(struct ord_group *group)
{
    if (!sort_departed(group))
        return false;
    for (size_t i = 0; i < group->count; i++) {
        ord_group_recount(group, group->members[i]);
        group->members[i]->refs++;
        group->published.members[i] = group->members[i];
    }
    group->published.count = group->count;
    group->published.epoch = group->epoch;
    group->published.event = group->event;
    group->published.command = group->newest;
    ord_group_trim_departed(group);
    return true;
}
