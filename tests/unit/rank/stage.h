/*
 * Where tests of the engine act: the engine with a disk that is held up and fails when told to, a port of
 * callbacks that says what the test wants, and a clock that can be moved on: nobody is told what is not
 * durable, and what is told stays.
 */
#pragma once

#include <criterion/criterion.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "rank/engine.h"

#define SECOND_NS INT64_C(1000000000)

int64_t ord_boot_ns(void);
int64_t __real_ord_boot_ns(void);
int64_t __wrap_ord_boot_ns(void);
static atomic_int_least64_t moved_ns;
int64_t __wrap_ord_boot_ns(void)
{
    return __real_ord_boot_ns() + atomic_load(&moved_ns);
}

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;

/* What is stored stays here when the engine is closed. */
static struct disk {
    bool is_held, is_foreign;
    int held, fails, commits;
    size_t count;
    struct stored {
        char key[ORD_ENTRY_KEY_MAX];
        uint8_t value[400];
        size_t size;
    } stored[100];
} disk;

static atomic_int_least64_t ids = 1000, now_us = 1;
static atomic_bool has_no_ids;

static inline enum ord_code take(void *context, int64_t *ret_id, struct ord_error *error)
{
    if (atomic_load(&has_no_ids))
        return ord_fail(error, ORD_CAPACITY, "no IDs");
    *ret_id = atomic_fetch_add(&ids, 1);
    return ORD_OK;
}

static inline int64_t tell_now(void *context)
{
    return atomic_load(&now_us);
}

static inline int by_key(const void *a, const void *b)
{
    return strcmp(((const struct stored *)a)->key, ((const struct stored *)b)->key);
}

static inline enum ord_code load(void *context, const struct ord_place *place, ord_group_entry_found *found,
                                 void *found_context, uint32_t *ret_damaged, struct ord_error *error)
{
    *ret_damaged = 0;
    qsort(disk.stored, disk.count, sizeof disk.stored[0], by_key);
    for (size_t i = 0; i < disk.count;) {
        struct ord_group_entry entry = {disk.stored[i].key, disk.stored[i].value, disk.stored[i].size};
        enum ord_verdict verdict = found(found_context, &entry, !disk.is_foreign, error);
        if (verdict == ORD_ENTRY_FAIL)
            return error->code;
        if (verdict == ORD_ENTRY_KEEP)
            i++;
        else
            memmove(&disk.stored[i], &disk.stored[i + 1], (--disk.count - i) * sizeof disk.stored[0]);
    }
    return ORD_OK;
}

static inline struct stored *stored(const char *key)
{
    for (size_t i = 0; i < disk.count; i++)
        if (strcmp(disk.stored[i].key, key) == 0)
            return &disk.stored[i];
    return NULL;
}

static inline void put(const struct ord_group_entry *entry)
{
    struct stored *at = stored(entry->key);
    if (!entry->value) {
        if (at)
            *at = disk.stored[--disk.count];
        return;
    }
    if (!at)
        at = &disk.stored[disk.count++];
    cr_assert_leq(disk.count, 100);
    cr_assert_leq(entry->size, sizeof at->value);
    strcpy(at->key, entry->key);
    memcpy(at->value, entry->value, entry->size);
    at->size = entry->size;
}

static inline enum ord_code commit(void *context, const struct ord_group_entries *entries,
                                   struct ord_error *error)
{
    struct ord_group_entry entry;
    enum ord_code code = ORD_OK;
    pthread_mutex_lock(&lock);
    disk.held++;
    pthread_cond_broadcast(&changed);
    while (disk.is_held)
        pthread_cond_wait(&changed, &lock);
    disk.held--;
    disk.commits++;
    if (disk.fails > 0) {
        disk.fails--;
        code = ord_fail(error, ORD_INTERNAL, "write: No space left on device");
    } else {
        for (size_t at = 0; ord_group_entries_next(entries, &at, &entry);)
            put(&entry);
    }
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
    return code;
}

static inline void hold(void)
{
    pthread_mutex_lock(&lock);
    disk.is_held = true;
    pthread_mutex_unlock(&lock);
}

static inline void wait_until_held(void)
{
    pthread_mutex_lock(&lock);
    while (disk.held == 0)
        pthread_cond_wait(&changed, &lock);
    pthread_mutex_unlock(&lock);
}

static inline void let_go(void)
{
    pthread_mutex_lock(&lock);
    disk.is_held = false;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
}

/* Callbacks that were posted and are not done; `done` is called by the test, as by a thread of the port's. */
static struct ord_callback *posted[10];
static size_t posted_count;
static atomic_int cancelled_count;

static inline enum ord_code check_url(void *context, const char *url, struct ord_error *error)
{
    return strcmp(url, "bad") == 0 ? ord_fail(error, ORD_INVALID_ARGUMENT, "it is bad") : ORD_OK;
}

static inline void post(void *context, struct ord_callback *callback)
{
    pthread_mutex_lock(&lock);
    posted[posted_count++] = callback;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
}

static inline bool take_posted(struct ord_callback *callback)
{
    bool is_there = false;
    pthread_mutex_lock(&lock);
    for (size_t i = 0; i < posted_count && !is_there; i++)
        if (posted[i] == callback) {
            posted[i] = posted[--posted_count];
            is_there = true;
        }
    pthread_mutex_unlock(&lock);
    return is_there;
}

static inline void *say_no(void *callback)
{
    ((struct ord_callback *)callback)->done(callback, false);
    return NULL;
}

static inline void cancel(void *context, struct ord_callback *callback)
{
    pthread_t thread;
    pthread_mutex_lock(&lock);
    atomic_fetch_add(&cancelled_count, 1);
    pthread_mutex_unlock(&lock);
    if (!take_posted(callback))
        return;
    pthread_create(&thread, NULL, say_no, callback);
    pthread_detach(thread);
}

static inline char *body(void *context, const struct ord_group *group, const struct ord_command *command,
                         size_t *ret)
{
    *ret = command->size;
    return strdup(command->text);
}

static inline struct ord_callback *wait_until_posted(const char *text)
{
    pthread_mutex_lock(&lock);
    while (posted_count == 0)
        pthread_cond_wait(&changed, &lock);
    struct ord_callback *callback = posted[0];
    pthread_mutex_unlock(&lock);
    cr_assert(strncmp(callback->body, text, callback->size) == 0, "%s", callback->body);
    return callback;
}

static struct ord_ranks *ranks;
static int64_t life_us = 1000000;

static inline enum ord_code try_to_open(size_t groups_max)
{
    struct ord_rank_options options = {
        .store = {.load = load, .commit = commit},
        .callbacks = {.check = check_url, .post = post, .cancel = cancel},
        .limits = {.members_max = 100,
                   .pending_max = 5,
                   .commands_max = 20,
                   .bytes_max = 100000,
                   .departed_max = 10,
                   .life_us = life_us},
        .groups_max = groups_max,
        .take = take,
        .now_us = tell_now,
        .body = body,
    };
    struct ord_error error;
    return ord_ranks_open(&options, &ranks, &error);
}

static inline void begin(void)
{
    cr_assert_eq(try_to_open(3), ORD_OK);
}

static inline void end(void)
{
    ranks = ord_ranks_close(ranks);
}

static inline void restart(void)
{
    end();
    begin();
}

struct caller {
    struct ord_rank_call call;
    bool is_answered;
    int64_t session, epoch, id;
    uint32_t rank, pending;
    bool is_repeat;
};

static inline bool fill(struct ord_rank_call *call)
{
    struct caller *caller = (struct caller *)call;
    caller->epoch = call->what == ORD_RANK_LEAVE ? call->epoch : call->at->published.epoch;
    caller->is_repeat = call->is_repeat;
    caller->id = call->command ? call->command->id : 0;
    if (!call->member)
        return true;
    caller->session = call->member->session;
    caller->rank = ord_published_rank(&call->at->published, caller->session);
    caller->pending = call->member->pending;
    return true;
}

static inline void done(struct ord_rank_call *call)
{
    pthread_mutex_lock(&lock);
    cr_assert_not(((struct caller *)call)->is_answered, "answered twice");
    ((struct caller *)call)->is_answered = true;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
}

static inline void ask(struct caller *caller, enum ord_rank_what what, const char *group, const char *name)
{
    caller->call.what = what;
    caller->call.group = group;
    caller->call.name = name;
    caller->call.fill = fill;
    caller->call.done = done;
    caller->call.joining.kind = caller->call.joining.url ? ORD_BY_CALLBACK : ORD_BY_LEASE;
    if (!caller->call.sending.request_id)
        caller->call.sending.request_id = "";
    if (!ord_ranks_call(ranks, &caller->call))
        return;
    pthread_mutex_lock(&lock);
    caller->is_answered = true;
    pthread_mutex_unlock(&lock);
}

static inline bool is_answered(struct caller *caller)
{
    pthread_mutex_lock(&lock);
    bool is = caller->is_answered;
    pthread_mutex_unlock(&lock);
    return is;
}

static inline enum ord_code await(struct caller *caller)
{
    pthread_mutex_lock(&lock);
    while (!caller->is_answered)
        pthread_cond_wait(&changed, &lock);
    pthread_mutex_unlock(&lock);
    return caller->call.error.code;
}

static inline enum ord_code call(struct caller *caller, enum ord_rank_what what, const char *name)
{
    caller->is_answered = false;
    ask(caller, what, "g", name);
    return await(caller);
}

static inline struct caller join(const char *name)
{
    struct caller caller = {0};
    cr_assert_eq(call(&caller, ORD_RANK_JOIN, name), ORD_OK, "%s", caller.call.error.text);
    return caller;
}

static inline enum ord_code leave(const char *name)
{
    struct caller caller = {0};
    return call(&caller, ORD_RANK_LEAVE, name);
}

static inline struct caller send(const char *name, const char *text)
{
    struct caller caller = {.call.sending.text = text};
    cr_assert_eq(call(&caller, ORD_RANK_SEND, name), ORD_OK, "%s", caller.call.error.text);
    return caller;
}

static inline enum ord_code look_at(void *context, struct ord_group *group, int64_t now_ns,
                                    struct ord_error *error)
{
    char *text = context;
    sprintf(text, "%jd:", (intmax_t)group->published.epoch);
    for (size_t i = 0; i < group->published.count; i++)
        sprintf(text + strlen(text), " %s", group->published.members[i]->name);
    return ORD_OK;
}

static inline const char *seen(void)
{
    static char text[1000];
    cr_assert_eq(ord_ranks_look(ranks, "g", look_at, text, NULL), ORD_OK);
    return text;
}

/* Waits until what is seen is that. */
static inline void wait_until_seen(const char *text)
{
    static const struct timespec pause = {.tv_nsec = 1000000};
    while (strcmp(seen(), text) != 0)
        nanosleep(&pause, NULL);
}

/* A reader, and what it was told: "welcome 1, view 2, command x, end". */
struct reader {
    struct ord_rank_feed *feed;
    int calls; /* of ready */
    char told[400];
    struct ord_error error;
};

static inline void ready(void *context)
{
    pthread_mutex_lock(&lock);
    ((struct reader *)context)->calls++;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
}

static inline bool tell(void *context, const struct ord_rank_event *event)
{
    struct reader *reader = context;
    char *at = reader->told + strlen(reader->told);
    int64_t session = event->member ? event->member->session : 0;
    uint32_t rank = ord_published_rank(&event->group->published, session);
    if (event->kind == ORD_EVENT_COMMAND)
        sprintf(at, "%s,", event->command->text);
    else
        sprintf(at, "%s%u/%zu,", event->kind == ORD_EVENT_WELCOME ? "w" : "v", rank,
                event->group->published.count);
    return true;
}

static inline void listen_as(struct reader *reader, const char *name)
{
    struct ord_joining joining = {.name = name, .ttl_ms = 2000};
    struct ord_rank_listening listening = {
        .group = "g", .joining = name ? &joining : NULL, .ready = ready, .reader = reader};
    *reader = (struct reader){0};
    cr_assert_eq(ord_ranks_listen(ranks, &listening, &reader->feed, NULL), ORD_OK);
}

/* Reads until it was told that, and waits for it if need be. */
static inline void read_until(struct reader *reader, const char *told)
{
    for (;;) {
        pthread_mutex_lock(&lock);
        int calls = reader->calls;
        pthread_mutex_unlock(&lock);
        enum ord_rank_next next;
        while ((next = ord_rank_feed_next(reader->feed, tell, reader, &reader->error)) == ORD_NEXT_EVENT)
            ;
        if (next == ORD_NEXT_END)
            strcat(reader->told, "end");
        if (strcmp(reader->told, told) == 0)
            return;
        cr_assert_lt(strlen(reader->told), strlen(told), "%s instead of %s", reader->told, told);
        pthread_mutex_lock(&lock);
        while (reader->calls == calls)
            pthread_cond_wait(&changed, &lock);
        pthread_mutex_unlock(&lock);
    }
}

static inline void stop_listening(struct reader *reader)
{
    ord_rank_feed_close(reader->feed);
}
