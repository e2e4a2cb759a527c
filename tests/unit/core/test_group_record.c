/* What is stored of groups, and groups that are put back from it. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/group_record.h"

static const struct ord_group_limits limits = {
    .members_max = 100,
    .pending_max = 5,
    .commands_max = 10,
    .bytes_max = 100000,
    .departed_max = 3,
    .life_us = 1000,
};
static struct ord_group group;
static int64_t last_id = 100;

static struct ord_member *joined(const char *name, const char *url)
{
    struct ord_member *member;
    bool was_in;
    struct ord_joining joining = {.name = name,
                                  .url = url,
                                  .ttl_ms = 3000,
                                  .kind = url ? ORD_BY_CALLBACK : ORD_BY_STREAM,
                                  .renews = !url,
                                  .acknowledges = !url};
    cr_assert_eq(ord_group_join(&group, &joining, ++last_id, 11, 0, &member, &was_in, NULL), ORD_OK);
    return member;
}

static struct ord_command *sent(struct ord_member *sender, const char *text, const char *key)
{
    struct ord_command *command;
    struct ord_sending sending = {.sender = sender->name, .text = text, .request_id = key};
    cr_assert_eq(ord_group_send(&group, sender, &sending, ++last_id, 12, &command, NULL), ORD_OK);
    return command;
}

/* The keys of entries, those of removals with a minus before them. */
static const char *keys(const struct ord_group_entries *entries)
{
    static char text[5000];
    struct ord_group_entry entry;
    size_t count = 0;
    *text = '\0';
    for (size_t at = 0; ord_group_entries_next(entries, &at, &entry); count++)
        sprintf(text + strlen(text), "%s%s ", entry.value ? "" : "-", entry.key);
    cr_assert_eq(count, entries->count);
    return text;
}

static void commit(void)
{
    ord_group_publish(&group);
    ord_group_bury(&group);
}

/* Reads entries as a start does: those that are there at the end, by key. */
static void restore(const struct ord_group_entries *entries, struct ord_group *ret)
{
    struct ord_group_entry entry, all[100];
    size_t count = 0;
    ord_group_init(ret, "g", &limits, 0, 0);
    for (size_t at = 0; ord_group_entries_next(entries, &at, &entry);) {
        for (size_t i = 0; i < count; i++)
            if (strcmp(all[i].key, entry.key) == 0)
                all[i--] = all[--count];
        if (entry.value)
            all[count++] = entry;
    }
    for (const char *kind = "cgm"; *kind; kind++)
        for (int64_t id = 0; id <= last_id; id++)
            for (size_t i = 0; i < count; i++) {
                char name[ORD_NAME_MAX + 1];
                struct ord_member member;
                struct ord_command command;
                const char *member_name;
                enum ord_group_entry_kind is = ord_group_entry_kind(all[i].key, name);
                if ((char)is != *kind)
                    continue;
                if (is == ORD_ENTRY_GROUP)
                    cr_assert(ord_group_entry_epoch(&all[i], &ret->epoch, &ret->event));
                else if (strtoll(strrchr(all[i].key, '/') + 1, NULL, 16) != id)
                    continue;
                else if (is == ORD_ENTRY_MEMBER) {
                    cr_assert(ord_group_entry_member(&all[i], &member, &member_name));
                    cr_assert(ord_group_restore_member(ret, &member, member_name, 5));
                    cr_assert_not(member.left == 0 && ord_group_restore_member(ret, &member, member_name, 5));
                } else {
                    cr_assert(ord_group_entry_command(&all[i], &command));
                    cr_assert(ord_group_restore_command(ret, &command));
                    cr_assert_not(ord_group_restore_command(ret, &command), "it is there");
                }
            }
    cr_assert(ord_group_restored(ret));
}

Test(group_record, only_what_changed_is_staged)
{
    struct ord_group_entries entries = {0};
    ord_group_init(&group, "g", &limits, 0, 0);
    cr_assert(ord_group_stage(&group, &entries));
    cr_assert_str_eq(keys(&entries), "");
    struct ord_member *a = joined("a", NULL), *b = joined("b", "http://x/");
    cr_assert(ord_group_stage(&group, &entries));
    cr_assert_str_eq(keys(&entries), "g/g m/g/0000000000000065 m/g/0000000000000066 ");
    commit();
    ord_group_entries_clear(&entries);
    sent(a, "x", "k");
    cr_assert(ord_group_stage(&group, &entries));
    cr_assert_str_eq(keys(&entries), "c/g/0000000000000067 ");
    commit();
    ord_group_entries_clear(&entries);
    ord_group_acknowledge(&group, b, group.published.command, NULL);
    ord_group_remove(&group, b, ORD_LEFT, ++last_id);
    ord_group_remove(&group, a, ORD_LEFT, ++last_id);
    ord_group_remove(&group, joined("c", NULL), ORD_LEFT, ++last_id);
    cr_assert(ord_group_stage(&group, &entries));
    cr_assert_str_eq(keys(&entries), "g/g m/g/0000000000000066 -m/g/0000000000000065 ",
                     "the departed is changed, those who were given nothing are gone, or were never stored");
    commit();
    ord_group_entries_clear(&entries);
    ord_group_age(&group, 99999);
    cr_assert(ord_group_stage(&group, &entries));
    cr_assert_str_eq(keys(&entries), "-m/g/0000000000000066 -c/g/0000000000000067 ");
    ord_group_entries_clear(&entries);
    cr_assert(ord_group_stage(&group, &entries));
    cr_assert_str_eq(keys(&entries), "", "it is among those that were staged");
    commit();
    ord_group_entries_clear(&entries);
    cr_assert(ord_group_stage_end(&group, &entries));
    cr_assert(ord_floor_stage(9, 8, &entries));
    cr_assert_str_eq(keys(&entries), "-g/g f ");
    ord_group_entries_finish(&entries);
    ord_group_finish(&group);
}

Test(group_record, a_group_is_put_back)
{
    struct ord_group_entries entries = {0};
    struct ord_group again;
    ord_group_init(&group, "g", &limits, 0, 0);
    struct ord_member *a = joined("a", NULL), *b = joined("b", "http://x/"), *c = joined("c", NULL);
    struct ord_member *d = joined("d", NULL), *e = joined("e", NULL);
    struct ord_command *first = sent(a, "one", "k"), *second = sent(b, "two", "");
    ord_group_publish(&group);
    ord_group_acknowledge(&group, d, first->id, NULL);
    ord_group_remove(&group, e, ORD_EVICTED, ++last_id);
    ord_group_remove(&group, c, ORD_LEFT, ++last_id);
    cr_assert(ord_group_stage(&group, &entries));
    ord_group_remove(&group, a, ORD_LEFT, ++last_id);
    cr_assert(ord_group_stage(&group, &entries));
    commit();
    restore(&entries, &again);
    cr_assert_eq(again.epoch, group.epoch);
    cr_assert_eq(again.event, group.event);
    cr_assert_eq(again.published.epoch, group.epoch);
    cr_assert_eq(again.published.command, second->id);
    cr_assert_eq(again.published.count, 2);
    const struct ord_member *b2 = again.members[0], *d2 = again.members[1];
    cr_assert_str_eq(b2->name, "b");
    cr_assert_str_eq(b2->url, "http://x/");
    cr_assert_eq(b2->kind, ORD_BY_CALLBACK);
    cr_assert_eq(b2->until_ns, 5 + 3000 * INT64_C(1000000), "its lease begins anew");
    cr_assert_not(b2->renews || b2->acknowledges);
    cr_assert(d2->renews && d2->acknowledges && d2->kind == ORD_BY_LEASE && !d2->url);
    cr_assert_eq(b2->pending, 1);
    cr_assert_eq(d2->pending, 1);
    cr_assert_eq(d2->acked, first->id);
    cr_assert_eq(d2->joined_us, 11);
    cr_assert_eq(d2->session, d->session);
    cr_assert_eq(again.commands[0]->outstanding, 1);
    cr_assert_eq(again.commands[1]->outstanding, 1);
    cr_assert_str_eq(again.commands[0]->text, "one");
    cr_assert_str_eq(again.commands[0]->sender, "a");
    cr_assert_str_eq(again.commands[0]->request_id, "k");
    cr_assert_eq(again.commands[0]->receivers, 4);
    cr_assert_eq(again.commands[0]->sender_rank, 1);
    cr_assert_eq(again.commands[0]->epoch, first->epoch);
    cr_assert_eq(again.commands[0]->time_us, 12);
    cr_assert_eq(again.commands[0]->sender_session, first->sender_session);
    cr_assert_eq(again.departed_count, 2);
    cr_assert_str_eq(again.departed->name, "e", "it left first");
    cr_assert_eq(again.departed->end, ORD_EVICTED);
    cr_assert_str_eq(again.departed->next->name, "c");
    cr_assert_eq(ord_group_repeated(&again, &(struct ord_sending){"a", "one", "k"}), again.commands[0]);
    ord_group_finish(&again);
    ord_group_entries_finish(&entries);
    ord_group_finish(&group);
}

Test(group_record, what_does_not_fit_is_refused)
{
    struct ord_member member = {.session = 5, .ttl_ms = 1};
    ord_group_init(&group, "g", &limits, 0, 0);
    cr_assert(ord_group_restore_member(&group, &member, "a", 0));
    cr_assert_not(ord_group_restore_member(&group, &member, "a", 0), "twice under one name");
    cr_assert_not(ord_group_restore_member(&group, &member, "b", 0), "twice with one session");
    member.session = 6;
    cr_assert(ord_group_restore_member(&group, &member, "b", 0));
    ord_group_finish(&group);
}

Test(group_record, what_keys_are_of)
{
    char name[ORD_NAME_MAX + 1], key[400];
    cr_assert_eq(ord_group_entry_kind("f", name), ORD_ENTRY_FLOOR);
    cr_assert_eq(ord_group_entry_kind("g/name", name), ORD_ENTRY_GROUP);
    cr_assert_str_eq(name, "name");
    cr_assert_eq(ord_group_entry_kind("m/n/00", name), ORD_ENTRY_MEMBER);
    cr_assert_str_eq(name, "n");
    cr_assert_eq(ord_group_entry_kind("c/n/00", name), ORD_ENTRY_COMMAND);
    static const char *const bad[] = {"", "x/n", "g", "gn", "g/", "g/n/0", "m/n", "c//0"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        cr_assert_eq(ord_group_entry_kind(bad[i], name), ORD_ENTRY_DAMAGED, "%s", bad[i]);
    snprintf(key, sizeof key, "g/%0200d", 1);
    cr_assert_eq(ord_group_entry_kind(key, name), ORD_ENTRY_DAMAGED);
}

/* Whatever is missing or too much at the end is noticed, and so is another version. */
Test(group_record, damage_is_noticed)
{
    struct ord_group_entries entries = {0};
    struct ord_group_entry entry;
    uint8_t bytes[1000];
    ord_group_init(&group, "g", &limits, 0, 0);
    sent(joined("a", "http://x/"), "text", "k");
    cr_assert(ord_group_stage(&group, &entries));
    int read = 0;
    for (size_t at = 0; ord_group_entries_next(&entries, &at, &entry);) {
        int64_t epoch, event;
        struct ord_member member;
        struct ord_command command;
        const char *name;
        memcpy(bytes, entry.value, entry.size);
        bytes[entry.size] = 'x';
        for (size_t size = 0; size <= entry.size + 1; size++) {
            struct ord_group_entry cut = {entry.key, bytes, size};
            bool is_good = *entry.key == 'g'   ? ord_group_entry_epoch(&cut, &epoch, &event)
                           : *entry.key == 'm' ? ord_group_entry_member(&cut, &member, &name)
                                               : ord_group_entry_command(&cut, &command);
            cr_assert_eq(is_good, size == entry.size, "%s, %zu bytes", entry.key, size);
            read += is_good;
        }
        bytes[0]++;
        struct ord_group_entry other = {entry.key, bytes, entry.size};
        cr_assert_not(*entry.key == 'g'   ? ord_group_entry_epoch(&other, &epoch, &event)
                      : *entry.key == 'm' ? ord_group_entry_member(&other, &member, &name)
                                          : ord_group_entry_command(&other, &command));
    }
    cr_assert_eq(read, 3);
    ord_group_entries_finish(&entries);
    ord_group_finish(&group);
}
