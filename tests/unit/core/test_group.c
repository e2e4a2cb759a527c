/* Groups in virtual time: ranks, epochs, commands and their deliveries. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/group.h"

#define MS INT64_C(1000000)

static struct ord_group_limits limits = {
    .members_max = 100,
    .pending_max = 5,
    .commands_max = 10,
    .bytes_max = 100000,
    .departed_max = 3,
    .life_us = 1000,
};
static struct ord_group group;
static int64_t last_id;

static void begin(void)
{
    last_id = 100;
    ord_group_init(&group, "g", &limits, 7, 50);
}

static void end(void)
{
    ord_group_finish(&group);
}

static struct ord_member *joined_as(const char *name, struct ord_joining joining)
{
    struct ord_member *member;
    struct ord_error error;
    bool was_in;
    joining.name = name;
    if (joining.ttl_ms == 0)
        joining.ttl_ms = 10000;
    cr_assert_eq(ord_group_join(&group, &joining, ++last_id, 1, 0, &member, &was_in, &error), ORD_OK);
    return member;
}

static struct ord_member *joined(const char *name)
{
    return joined_as(name, (struct ord_joining){.kind = ORD_BY_LEASE});
}

static enum ord_code try_to_send(struct ord_member *sender, const char *text, const char *key, int64_t now_us,
                                 struct ord_command **ret)
{
    struct ord_error error;
    struct ord_sending sending = {.sender = sender->name, .text = text, .request_id = key};
    return ord_group_send(&group, sender, &sending, ++last_id, now_us, ret, &error);
}

static struct ord_command *sent_at(struct ord_member *sender, const char *text, int64_t now_us)
{
    struct ord_command *command = NULL;
    cr_assert_eq(try_to_send(sender, text, "", now_us, &command), ORD_OK);
    return command;
}

static struct ord_command *sent(struct ord_member *sender, const char *text)
{
    return sent_at(sender, text, 0);
}

static void publish(void)
{
    ord_group_publish(&group);
    ord_group_bury(&group);
}

/* The published names by rank: "a b c". */
static const char *ranking(void)
{
    static char names[1000];
    *names = '\0';
    for (size_t i = 0; i < group.published.count; i++) {
        const struct ord_member *member = group.published.members[i];
        cr_assert_eq(ord_published_rank(&group.published, member->session), i + 1);
        cr_assert_eq(ord_published_member(&group.published, member->session), member);
        sprintf(names + strlen(names), "%s%s", i ? " " : "", member->name);
    }
    return names;
}

TestSuite(group, .init = begin, .fini = end);

Test(group, who_joins_is_appended_and_who_leaves_closes_the_gap)
{
    struct ord_member *a = joined("a"), *b = joined("b"), *c = joined("c");
    cr_assert_eq(group.epoch, 10);
    cr_assert_eq(group.event, c->session);
    publish();
    cr_assert_str_eq(ranking(), "a b c");
    ord_group_remove(&group, b, ORD_LEFT, ++last_id);
    publish();
    cr_assert_str_eq(ranking(), "a c");
    cr_assert_eq(group.published.epoch, 11);
    ord_group_remove(&group, a, ORD_EXPIRED, ++last_id);
    publish();
    cr_assert_str_eq(ranking(), "c");
    cr_assert_eq(ord_published_rank(&group.published, 1), 0);
    cr_assert_null(ord_published_member(&group.published, INT64_MAX));
    cr_assert_gt(joined("a")->session, c->session);
    publish();
    cr_assert_str_eq(ranking(), "c a");
}

Test(group, nothing_is_seen_before_it_is_published)
{
    struct ord_member *a = joined("a");
    cr_assert_eq(group.published.count, 0);
    cr_assert_eq(group.published.epoch, 7);
    publish();
    struct ord_member *b = joined("b");
    struct ord_command *command = sent(a, "x");
    ord_group_remove(&group, a, ORD_LEFT, ++last_id);
    cr_assert_str_eq(ranking(), "a");
    cr_assert_null(ord_group_next_command(&group, b, 0));
    cr_assert_null(ord_group_command(&group, command->id));
    publish();
    cr_assert_str_eq(ranking(), "b");
    cr_assert_eq(ord_group_next_command(&group, b, 0), command);
    cr_assert_eq(ord_group_command(&group, command->id), command);
    cr_assert_null(ord_group_command(&group, command->id + 1));
    cr_assert_null(ord_group_command(&group, command->id - 1));
}

Test(group, joining_again_takes_no_second_place)
{
    struct ord_joining joining = {.name = "a", .ttl_ms = 5000, .kind = ORD_BY_CALLBACK, .url = "http://x/"};
    struct ord_member *a = joined_as("a", joining), *b = joined("b"), *again;
    bool was_in;
    int64_t epoch = group.epoch;
    a->is_dirty = false;
    cr_assert_eq(ord_group_join(&group, &joining, ++last_id, 1, 77, &again, &was_in, NULL), ORD_OK);
    cr_assert(was_in && again == a && group.epoch == epoch);
    cr_assert_not(a->is_dirty, "it is as it was stored");
    cr_assert_eq(a->until_ns, 77 + 5000 * MS);
    joining = (struct ord_joining){.name = "a", .ttl_ms = 5000, .kind = ORD_BY_STREAM};
    cr_assert_eq(ord_group_join(&group, &joining, ++last_id, 1, 78, &again, &was_in, NULL), ORD_OK);
    cr_assert(a->is_dirty && !a->url && a->until_ns == INT64_MAX);
    a->is_dirty = false;
    cr_assert_eq(ord_group_join(&group, &joining, ++last_id, 1, 78, &again, &was_in, NULL), ORD_OK);
    cr_assert_not(a->is_dirty);
    const struct ord_joining others[] = {
        {.name = "a", .ttl_ms = 5000, .kind = ORD_BY_STREAM, .renews = true},
        {.name = "a", .ttl_ms = 5000, .kind = ORD_BY_STREAM, .renews = true, .acknowledges = true},
        {.name = "a", .ttl_ms = 6000, .kind = ORD_BY_STREAM, .renews = true, .acknowledges = true},
        {.name = "a", .ttl_ms = 6000, .kind = ORD_BY_LEASE, .url = "http://y/", .acknowledges = true},
    };
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        a->is_dirty = false;
        cr_assert_eq(ord_group_join(&group, &others[i], ++last_id, 1, 79, &again, &was_in, NULL), ORD_OK);
        cr_assert(a->is_dirty, "%zu", i);
    }
    publish();
    cr_assert_str_eq(ranking(), "a b");
    cr_assert_neq(a, b);
}

Test(group, who_is_looked_for)
{
    struct ord_member *found, *a = joined("a");
    struct ord_error error;
    cr_assert_eq(ord_group_find(&group, "a", 0, &found, &error), ORD_OK);
    cr_assert_eq(ord_group_find(&group, "a", a->session, &found, &error), ORD_OK);
    cr_assert_eq(found, a);
    cr_assert_eq(ord_group_find(&group, "a", 1, &found, &error), ORD_SESSION_OVER);
    cr_assert(strstr(error.text, "there is a later one"), "%s", error.text);
    cr_assert_eq(ord_group_find(&group, "b", 0, &found, &error), ORD_NOT_FOUND);
    cr_assert_eq(ord_group_find(&group, "b", 1, &found, &error), ORD_SESSION_OVER);
    cr_assert_null(strstr(error.text, "there is a later one"), "%s", error.text);
}

Test(group, a_full_group_refuses)
{
    static const struct ord_group_limits two = {.members_max = 2};
    struct ord_member *member;
    bool was_in;
    struct ord_error error;
    group.limits = &two;
    joined("a");
    joined("b");
    struct ord_joining joining = {.name = "c", .ttl_ms = 1};
    cr_assert_eq(ord_group_join(&group, &joining, ++last_id, 1, 0, &member, &was_in, &error), ORD_CAPACITY);
    joining.name = "b";
    cr_assert_eq(ord_group_join(&group, &joining, ++last_id, 1, 0, &member, &was_in, &error), ORD_OK);
    group.limits = &limits;
}

Test(group, leases)
{
    struct ord_member *lease = joined_as("lease", (struct ord_joining){.kind = ORD_BY_LEASE, .ttl_ms = 3000});
    struct ord_member *stream =
        joined_as("stream", (struct ord_joining){.kind = ORD_BY_STREAM, .ttl_ms = 20000});
    struct ord_member *both =
        joined_as("both", (struct ord_joining){.kind = ORD_BY_STREAM, .ttl_ms = 3000, .renews = true});
    cr_assert_eq(lease->until_ns, 3000 * MS);
    cr_assert_eq(stream->until_ns, INT64_MAX);
    cr_assert_eq(both->until_ns, 3000 * MS);
    ord_member_renew(lease, 5 * MS);
    ord_member_renew(stream, 5 * MS);
    ord_member_renew(both, 5 * MS);
    cr_assert_eq(lease->until_ns, 3005 * MS);
    cr_assert_eq(stream->until_ns, INT64_MAX);
    cr_assert_eq(both->until_ns, 3005 * MS);
    ord_member_lose(stream, 10 * MS);
    ord_member_lose(both, 10 * MS);
    cr_assert_eq(stream->until_ns, 12010 * MS, "less the time that it takes to notice");
    cr_assert_eq(both->until_ns, 3005 * MS, "its renewals count alone");
    struct ord_member *brief = joined_as("brief", (struct ord_joining){.kind = ORD_BY_STREAM, .ttl_ms = 2000});
    ord_member_lose(brief, 10 * MS);
    cr_assert_eq(brief->until_ns, 1010 * MS, "a second at least");
    cr_assert_eq(brief->kind, ORD_BY_LEASE);
}

Test(group, a_command_goes_to_all_below_the_sender)
{
    struct ord_member *a = joined("a"), *b = joined("b"), *c = joined("c");
    struct ord_command *command = sent(b, "x");
    struct ord_member *d = joined("d");
    publish();
    cr_assert_eq(command->sender_rank, 2);
    cr_assert_eq(command->receivers, 1);
    cr_assert_eq(command->epoch, 10);
    cr_assert_eq(a->pending + b->pending + d->pending, 0);
    cr_assert_eq(c->pending, 1);
    cr_assert_null(ord_group_next_command(&group, a, 0));
    cr_assert_null(ord_group_next_command(&group, b, 0));
    cr_assert_null(ord_group_next_command(&group, d, 0), "it joined later");
    cr_assert_eq(ord_group_next_command(&group, c, 0), command);
    cr_assert_null(ord_group_next_command(&group, c, command->id));
    cr_assert_eq(ord_group_next_command(&group, NULL, 0), command);
}

Test(group, acknowledgements_are_cumulative)
{
    struct ord_member *a = joined("a"), *b = joined("b");
    struct ord_command *first = sent(a, "1"), *second = sent(b, "2"), *third = sent(a, "3");
    struct ord_error error;
    cr_assert_eq(ord_group_acknowledge(&group, b, first->id, &error), ORD_NOT_FOUND, "it is not published");
    publish();
    cr_assert_eq(b->pending, 2);
    b->sent = first->id;
    cr_assert_eq(ord_command_state(first, b), ORD_SENT);
    cr_assert_eq(ord_command_state(third, b), ORD_PENDING);
    cr_assert_eq(ord_group_acknowledge(&group, b, second->id, &error), ORD_OK);
    cr_assert_eq(b->pending, 1);
    cr_assert_eq(ord_command_state(first, b), ORD_ACKNOWLEDGED);
    cr_assert_eq(first->outstanding + second->outstanding, 0);
    cr_assert_eq(ord_group_acknowledge(&group, b, first->id, &error), ORD_OK, "it did already");
    cr_assert_eq(b->acked, second->id);
    b->sent = INT64_MAX;
    cr_assert_eq(ord_group_acknowledge(&group, b, third->id, &error), ORD_OK);
    cr_assert_eq(b->pending + third->outstanding, 0);
    cr_assert_eq(ord_group_acknowledge(&group, b, third->id + 1, &error), ORD_NOT_FOUND);
}

Test(group, a_retry_finds_its_command)
{
    struct ord_member *a = joined("a"), *b = joined("b");
    struct ord_command *command, *other;
    cr_assert_eq(try_to_send(a, "x", "k", 0, &command), ORD_OK);
    cr_assert_eq(try_to_send(b, "y", "k", 0, &other), ORD_OK);
    cr_assert_eq(ord_group_repeated(&group, &(struct ord_sending){"a", "x", "k"}), command);
    cr_assert_eq(ord_group_repeated(&group, &(struct ord_sending){"b", "x", "k"}), other);
    cr_assert_null(ord_group_repeated(&group, &(struct ord_sending){"a", "x", "l"}));
    cr_assert_null(ord_group_repeated(&group, &(struct ord_sending){"a", "x", ""}));
    publish();
    ord_group_acknowledge(&group, b, other->id, NULL);
    ord_group_age(&group, 1000);
    cr_assert_null(ord_group_repeated(&group, &(struct ord_sending){"a", "x", "k"}), "forgotten with it");
}

Test(group, who_does_not_acknowledge_lags)
{
    struct ord_member *a = joined("a"), *b = joined("b"), *c = joined("c");
    size_t below;
    for (unsigned i = 0; i < limits.pending_max; i++)
        sent(a, "x");
    publish();
    cr_assert_not(ord_group_lags(&group, 0));
    ord_group_acknowledge(&group, c, group.published.command, NULL);
    sent(a, "one too many");
    publish();
    cr_assert(ord_group_lags(&group, 0));
    below = group.count;
    cr_assert_eq(ord_group_laggard(&group, 0, &below), b);
    ord_group_remove(&group, b, ORD_EVICTED, ++last_id);
    cr_assert_null(ord_group_laggard(&group, 0, &below));
    cr_assert_not(ord_group_lags(&group, 0));
    publish();
    cr_assert_str_eq(ranking(), "a c");
}

Test(group, a_command_lives_so_long)
{
    struct ord_member *a = joined("a"), *b = joined("b"), *c = joined("c");
    struct ord_command *first = sent_at(a, "1", 0);
    sent_at(a, "2", 500);
    publish();
    ord_group_acknowledge(&group, c, first->id, NULL);
    ord_group_age(&group, 999);
    cr_assert_eq(group.command_count, 2);
    cr_assert_not(ord_group_lags(&group, 999));
    cr_assert(ord_group_lags(&group, 1000));
    ord_group_age(&group, 1000);
    cr_assert_eq(group.command_count, 2, "someone has not acknowledged it");
    size_t below = group.count;
    cr_assert_eq(ord_group_laggard(&group, 1000, &below), b);
    ord_group_remove(&group, b, ORD_EVICTED, ++last_id);
    cr_assert_null(ord_group_laggard(&group, 1000, &below));
    ord_group_age(&group, 1000);
    publish();
    cr_assert_eq(group.command_count, 1);
    cr_assert_not(ord_group_is_empty(&group));
    cr_assert_eq(group.departed, b, "it was given the second, which is kept");
    ord_group_acknowledge(&group, c, group.published.command, NULL);
    cr_assert_not(ord_group_lags(&group, 1500), "it is acknowledged");
    ord_group_age(&group, 1500);
    cr_assert_eq(group.command_count, 0);
    cr_assert_null(group.departed);
    cr_assert_not(ord_group_is_empty(&group));
    cr_assert_not(ord_group_lags(&group, 99999));
    ord_group_age(&group, 99999);
    ord_group_remove(&group, a, ORD_LEFT, ++last_id);
    ord_group_remove(&group, c, ORD_LEFT, ++last_id);
    cr_assert(ord_group_is_empty(&group));
}

Test(group, what_is_not_published_is_not_forgotten)
{
    struct ord_member *a = joined("a");
    sent_at(a, "1", 0);
    ord_group_age(&group, 99999);
    cr_assert_eq(group.command_count, 1);
    publish();
    ord_group_remove(&group, a, ORD_LEFT, ++last_id);
    cr_assert_not(ord_group_is_empty(&group), "the command is kept");
    ord_group_age(&group, 99999);
    cr_assert_eq(group.command_count, 0);
    cr_assert(ord_group_is_empty(&group));
}

Test(group, acknowledged_commands_give_way_first)
{
    struct ord_member *a = joined("a"), *b = joined("b");
    struct ord_command *kept = sent(a, "kept"), *command;
    publish();
    for (size_t i = 1; i < limits.commands_max; i++)
        sent(b, "to nobody");
    cr_assert_eq(try_to_send(b, "x", "", 0, &command), ORD_CAPACITY, "none is published");
    publish();
    cr_assert_eq(try_to_send(b, "x", "", 0, &command), ORD_OK);
    publish();
    cr_assert_eq(group.commands[0], kept);
    cr_assert_eq(group.command_count, limits.commands_max);
    cr_assert_gt(group.dropped, kept->id);
    ord_group_acknowledge(&group, b, kept->id, NULL);
    sent(b, "y");
    publish();
    cr_assert_neq(group.commands[0], kept);
}

Test(group, bounded_in_bytes)
{
    static char text[50000];
    memset(text, 'x', sizeof text - 1);
    struct ord_member *a = joined("a"), *b = joined("b");
    struct ord_command *command;
    cr_assert_eq(try_to_send(a, text, "", 0, &command), ORD_OK);
    publish();
    cr_assert_eq(try_to_send(a, text, "", 0, &command), ORD_CAPACITY);
    ord_group_acknowledge(&group, b, group.published.command, NULL);
    cr_assert_eq(try_to_send(a, text, "", 0, &command), ORD_OK);
}

struct told {
    char text[1000];
    int left; /* how many are taken */
    const struct ord_command *command;
};

static bool tell(void *context, const struct ord_member *member)
{
    static const char *const states[] = {"", "pending", "sent", "acknowledged", "given-up"};
    struct told *told = context;
    if (told->left-- == 0)
        return false;
    sprintf(told->text + strlen(told->text), "%s:%s ", member->name,
            states[ord_command_state(told->command, member)]);
    return true;
}

static const char *deliveries(const struct ord_command *command)
{
    static struct told told;
    told = (struct told){.left = 100, .command = command};
    cr_assert(ord_group_receivers(&group, command, tell, &told));
    return told.text;
}

Test(group, the_state_of_each_delivery)
{
    struct ord_member *a = joined("a"), *b = joined("b"), *c = joined("c"), *d = joined("d"), *e = joined("e");
    struct ord_command *command = sent(a, "x"), *later;
    publish();
    joined("f");
    cr_assert_str_eq(deliveries(command), "b:pending c:pending d:pending e:pending ");
    c->sent = command->id;
    ord_group_acknowledge(&group, d, command->id, NULL);
    ord_group_remove(&group, d, ORD_LEFT, ++last_id);
    ord_group_remove(&group, b, ORD_EXPIRED, ++last_id);
    cr_assert_str_eq(deliveries(command), "b:pending c:sent d:acknowledged e:pending ", "as published");
    publish();
    cr_assert_str_eq(deliveries(command), "b:given-up c:sent d:acknowledged e:pending ");
    later = sent(a, "y");
    publish();
    cr_assert_str_eq(deliveries(later), "c:pending e:pending f:pending ");
    ord_group_remove(&group, e, ORD_LEFT, ++last_id);
    publish();
    cr_assert_str_eq(deliveries(command), "b:given-up c:sent d:acknowledged e:given-up ");
    struct told told = {.left = 1, .command = command};
    cr_assert_not(ord_group_receivers(&group, command, tell, &told));
    cr_assert_str_eq(told.text, "b:given-up ");
}

Test(group, not_all_who_departed_are_remembered)
{
    struct ord_member *a = joined("a");
    struct ord_member *others[] = {joined("b"), joined("c"), joined("d"), joined("e"), joined("f")};
    struct ord_command *command = sent(a, "x");
    publish();
    for (size_t i = 0; i < 5; i++)
        ord_group_remove(&group, others[i], ORD_LEFT, ++last_id);
    publish();
    cr_assert_eq(group.departed_count, limits.departed_max);
    cr_assert_str_eq(deliveries(command), "d:given-up e:given-up f:given-up ");
    cr_assert_eq(command->outstanding, 0);
    struct ord_member *late = joined("late");
    ord_group_remove(&group, late, ORD_LEFT, ++last_id);
    publish();
    cr_assert_eq(group.departed_count, limits.departed_max, "it was given nothing");
}

Test(group, the_last_changes_are_kept)
{
    char name[16];
    for (int i = 0; i < ORD_CHANGES / 2 + 10; i++) {
        snprintf(name, sizeof name, "m%d", i);
        ord_group_remove(&group, joined(name), ORD_LEFT, ++last_id);
        publish();
    }
    cr_assert_eq(group.change_count, ORD_CHANGES + 20);
    const struct ord_change *last = &group.changes[(group.change_count - 1) % ORD_CHANGES];
    cr_assert_eq(last->epoch, group.epoch);
    cr_assert_eq(last->kind, ORD_LEFT);
    cr_assert_eq(last->rank, 1);
    cr_assert_str_eq(last->member->name, "m59");
    const struct ord_change *first = &group.changes[group.change_count % ORD_CHANGES];
    cr_assert_str_eq(first->member->name, "m10");
    cr_assert_eq(first->kind, ORD_JOINED);
}

Test(group, what_is_gone_stays_until_it_is_removed_from_storage)
{
    struct ord_member *a = joined("a"), *b = joined("b");
    sent(a, "x");
    b->is_stored = group.commands[0]->is_stored = true;
    publish();
    ord_group_acknowledge(&group, b, group.published.command, NULL);
    ord_group_age(&group, 1000);
    ord_group_remove(&group, b, ORD_LEFT, ++last_id);
    ord_group_remove(&group, a, ORD_LEFT, ++last_id);
    publish();
    cr_assert_eq(group.gone_members, b);
    cr_assert_not_null(group.gone_commands);
    b->is_stored = group.gone_commands->is_stored = false;
    ord_group_bury(&group);
    cr_assert_null(group.gone_members);
    cr_assert_null(group.gone_commands);
    b = joined("b");
    b->is_stored = true;
    sent(b, "y")->is_stored = true;
    publish();
    ord_group_age(&group, 1000);
    ord_group_remove(&group, b, ORD_LEFT, ++last_id);
    publish(); /* and freed with the group */
}
