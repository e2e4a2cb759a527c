/* No memory: the n-th allocation fails, for every n until all goes well. The linker puts the __wrap_ functions
 * in the place of the library's (see meson.build). */
#include <criterion/criterion.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "core/group_record.h"

static int left = -1; /* how many allocations succeed; -1: all do */

static bool fails(void)
{
    return left >= 0 && left-- == 0;
}

#define WRAP(type, name, declared, ...)                                                                        \
    type __real_##name declared;                                                                               \
    type __wrap_##name declared;                                                                               \
    type __wrap_##name declared                                                                                \
    {                                                                                                          \
        return fails() ? NULL : __real_##name(__VA_ARGS__);                                                    \
    }

WRAP(void *, calloc, (size_t count, size_t size), count, size)
WRAP(void *, realloc, (void *old, size_t size), old, size)
WRAP(void *, reallocarray, (void *old, size_t count, size_t size), old, count, size)
WRAP(char *, strdup, (const char *text), text)
WRAP(void *, tsearch, (const void *key, void **root, int (*compare)(const void *, const void *)), key, root,
     compare)

static const struct ord_group_limits limits = {
    .members_max = 100, .pending_max = 5, .commands_max = 10, .bytes_max = 100000, .departed_max = 3};
static struct ord_group group;
static struct ord_group_entries entries;
static struct ord_member *member;
static struct ord_command *command;
static struct ord_joining joining;
static int64_t id = 1;

/* Tries with the n-th allocation failing, until it succeeds; returns how often it failed. */
static int failures(bool (*succeeds)(void), bool (*is_unchanged)(void))
{
    for (int n = 0;; n++) {
        left = n;
        bool is_good = succeeds();
        left = -1;
        if (is_good)
            return n;
        cr_assert(is_unchanged(), "%d", n);
    }
}

static bool join(void)
{
    bool was_in;
    struct ord_error error;
    enum ord_code code = ord_group_join(&group, &joining, id, 0, 0, &member, &was_in, &error);
    cr_assert(code == ORD_OK || strcmp(error.text, "no memory") == 0);
    return code == ORD_OK;
}

static bool has_no_member(void)
{
    return !member && group.count == 0 && group.epoch == 0 && !group.by_name && !group.is_dirty;
}

static bool has_the_old_url(void)
{
    return group.count == 1 && strcmp(group.members[0]->url, "http://x/") == 0;
}

static bool has_one_member(void)
{
    struct ord_member *found;
    return group.count == 1 && ord_group_find(&group, "b", 0, &found, NULL) == ORD_NOT_FOUND;
}

static bool send(void)
{
    struct ord_sending sending = {.sender = "a", .text = "x", .request_id = "k"};
    struct ord_error error;
    enum ord_code code = ord_group_send(&group, group.members[0], &sending, id, 0, &command, &error);
    cr_assert(code == ORD_OK || strcmp(error.text, "no memory") == 0);
    return code == ORD_OK;
}

static bool has_no_command(void)
{
    return !command && group.command_count == 0 && group.bytes == 0 && !group.by_request;
}

/* There is room for so many bytes, and no memory for more; whatever did not fit, nothing is staged. */
static void stage_into_little(void)
{
    left = 0;
    for (entries.room = 0; !ord_group_stage(&group, &entries); entries.room++) {
        cr_assert(entries.size == 0 && entries.count == 0 && group.is_dirty);
        left = 0;
    }
    left = -1;
}

static bool tell_nobody(void *context, const struct ord_member *receiver)
{
    return true;
}

static bool list(void)
{
    return ord_group_receivers(&group, command, tell_nobody, NULL);
}

static bool stage_end(void)
{
    return ord_group_stage_end(&group, &entries);
}

static bool is_fine(void)
{
    return true;
}

Test(group_memory, what_cannot_be_done_leaves_no_trace)
{
    ord_group_init(&group, "g", &limits, 0, 0);
    joining = (struct ord_joining){.name = "a", .url = "http://x/", .ttl_ms = 1, .kind = ORD_BY_CALLBACK};
    cr_assert_geq(failures(join, has_no_member), 3);
    joining.url = "http://y/";
    cr_assert_eq(failures(join, has_the_old_url), 1);
    joining.name = "b";
    id = 2;
    cr_assert_eq(failures(join, has_one_member), 3);
    id = 3;
    cr_assert_geq(failures(send, has_no_command), 2);
    cr_assert_eq(failures(list, is_fine), 1);
    entries.bytes = malloc(4096);
    stage_into_little();
    ord_group_entries_clear(&entries);
    ord_group_publish(&group);
    ord_group_remove(&group, group.members[1], ORD_LEFT, 4);
    stage_into_little();
    ord_group_entries_clear(&entries);
    ord_group_publish(&group);
    ord_group_remove(&group, group.members[0], ORD_LEFT, 5);
    ord_group_age(&group, 1);
    stage_into_little();
    ord_group_entries_finish(&entries);
    cr_assert_eq(failures(stage_end, is_fine), 1);
    ord_group_entries_finish(&entries);
    ord_group_finish(&group);
}

static bool restore_member(void)
{
    struct ord_member stored = {.session = 1, .ttl_ms = 1, .url = (char *)"http://x/"};
    return ord_group_restore_member(&group, &stored, "a", 0);
}

static bool restore_departed(void)
{
    struct ord_member stored = {.session = 1, .ttl_ms = 1, .left = 9, .url = (char *)"http://x/"};
    return ord_group_restore_member(&group, &stored, "b", 0);
}

static bool restore_command(void)
{
    struct ord_command stored = {.id = 3, .sender = "a", .request_id = "k", .text = "x", .size = 1};
    return ord_group_restore_command(&group, &stored);
}

static bool restored(void)
{
    return ord_group_restored(&group);
}

static bool is_not_published(void)
{
    return group.published.count == 0;
}

Test(group_memory, what_cannot_be_put_back_is_told)
{
    ord_group_init(&group, "g", &limits, 0, 0);
    cr_assert_geq(failures(restore_member, has_no_member), 3);
    cr_assert_eq(failures(restore_departed, is_fine), 2);
    cr_assert_geq(failures(restore_command, has_no_command), 2);
    cr_assert_eq(failures(restored, is_not_published), 1);
    ord_group_finish(&group);
}

static struct ord_timers timers;

static bool reserve(void)
{
    return ord_timers_reserve(&timers, 3);
}

static bool has_no_room(void)
{
    return timers.room == 0;
}

Test(group_memory, no_room_for_timers)
{
    cr_assert_eq(failures(reserve, has_no_room), 1);
    ord_timers_finish(&timers);
}
