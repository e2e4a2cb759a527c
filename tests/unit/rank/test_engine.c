/*
 * The engine with a disk that is held up and fails when told to, a port of callbacks that says what the test
 * wants, and a clock that can be moved on: nobody is told what is not durable, and what is told stays.
 */
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

static enum ord_code take(void *context, int64_t *ret_id, struct ord_error *error)
{
    if (atomic_load(&has_no_ids))
        return ord_fail(error, ORD_CAPACITY, "no IDs");
    *ret_id = atomic_fetch_add(&ids, 1);
    return ORD_OK;
}

static int64_t tell_now(void *context)
{
    return atomic_load(&now_us);
}

static int by_key(const void *a, const void *b)
{
    return strcmp(((const struct stored *)a)->key, ((const struct stored *)b)->key);
}

static enum ord_code load(void *context, const struct ord_place *place, ord_group_entry_found *found,
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

static struct stored *stored(const char *key)
{
    for (size_t i = 0; i < disk.count; i++)
        if (strcmp(disk.stored[i].key, key) == 0)
            return &disk.stored[i];
    return NULL;
}

static void put(const struct ord_group_entry *entry)
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

static enum ord_code commit(void *context, const struct ord_group_entries *entries, struct ord_error *error)
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

static void hold(void)
{
    pthread_mutex_lock(&lock);
    disk.is_held = true;
    pthread_mutex_unlock(&lock);
}

static void wait_until_held(void)
{
    pthread_mutex_lock(&lock);
    while (disk.held == 0)
        pthread_cond_wait(&changed, &lock);
    pthread_mutex_unlock(&lock);
}

static void let_go(void)
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

static enum ord_code check_url(void *context, const char *url, struct ord_error *error)
{
    return strcmp(url, "bad") == 0 ? ord_fail(error, ORD_INVALID_ARGUMENT, "it is bad") : ORD_OK;
}

static void post(void *context, struct ord_callback *callback)
{
    pthread_mutex_lock(&lock);
    posted[posted_count++] = callback;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
}

static bool take_posted(struct ord_callback *callback)
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

static void *say_no(void *callback)
{
    ((struct ord_callback *)callback)->done(callback, false);
    return NULL;
}

static void cancel(void *context, struct ord_callback *callback)
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

static char *body(void *context, const struct ord_group *group, const struct ord_command *command, size_t *ret)
{
    *ret = command->size;
    return strdup(command->text);
}

static struct ord_callback *wait_until_posted(const char *text)
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

static enum ord_code try_to_open(size_t groups_max)
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

static void begin(void)
{
    cr_assert_eq(try_to_open(3), ORD_OK);
}

static void end(void)
{
    ranks = ord_ranks_close(ranks);
}

static void restart(void)
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

static bool fill(struct ord_rank_call *call)
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

static void done(struct ord_rank_call *call)
{
    pthread_mutex_lock(&lock);
    cr_assert_not(((struct caller *)call)->is_answered, "answered twice");
    ((struct caller *)call)->is_answered = true;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
}

static void ask(struct caller *caller, enum ord_rank_what what, const char *group, const char *name)
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

static bool is_answered(struct caller *caller)
{
    pthread_mutex_lock(&lock);
    bool is = caller->is_answered;
    pthread_mutex_unlock(&lock);
    return is;
}

static enum ord_code await(struct caller *caller)
{
    pthread_mutex_lock(&lock);
    while (!caller->is_answered)
        pthread_cond_wait(&changed, &lock);
    pthread_mutex_unlock(&lock);
    return caller->call.error.code;
}

static enum ord_code call(struct caller *caller, enum ord_rank_what what, const char *name)
{
    caller->is_answered = false;
    ask(caller, what, "g", name);
    return await(caller);
}

static struct caller join(const char *name)
{
    struct caller caller = {0};
    cr_assert_eq(call(&caller, ORD_RANK_JOIN, name), ORD_OK, "%s", caller.call.error.text);
    return caller;
}

static enum ord_code leave(const char *name)
{
    struct caller caller = {0};
    return call(&caller, ORD_RANK_LEAVE, name);
}

static struct caller send(const char *name, const char *text)
{
    struct caller caller = {.call.sending.text = text};
    cr_assert_eq(call(&caller, ORD_RANK_SEND, name), ORD_OK, "%s", caller.call.error.text);
    return caller;
}

static enum ord_code look_at(void *context, struct ord_group *group, int64_t now_ns, struct ord_error *error)
{
    char *text = context;
    sprintf(text, "%jd:", (intmax_t)group->published.epoch);
    for (size_t i = 0; i < group->published.count; i++)
        sprintf(text + strlen(text), " %s", group->published.members[i]->name);
    return ORD_OK;
}

static const char *seen(void)
{
    static char text[1000];
    cr_assert_eq(ord_ranks_look(ranks, "g", look_at, text, NULL), ORD_OK);
    return text;
}

/* Waits until what is seen is that. */
static void wait_until_seen(const char *text)
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

static void ready(void *context)
{
    pthread_mutex_lock(&lock);
    ((struct reader *)context)->calls++;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
}

static bool tell(void *context, const struct ord_rank_event *event)
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

static void listen_as(struct reader *reader, const char *name)
{
    struct ord_joining joining = {.name = name, .ttl_ms = 2000};
    struct ord_rank_listening listening = {
        .group = "g", .joining = name ? &joining : NULL, .ready = ready, .reader = reader};
    *reader = (struct reader){0};
    cr_assert_eq(ord_ranks_listen(ranks, &listening, &reader->feed, NULL), ORD_OK);
}

/* Reads until it was told that, and waits for it if need be. */
static void read_until(struct reader *reader, const char *told)
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

static void stop_listening(struct reader *reader)
{
    ord_rank_feed_close(reader->feed);
}

TestSuite(engine, .init = begin, .fini = end, .timeout = 60);

Test(engine, nothing_is_seen_before_it_is_durable)
{
    struct caller first = {0}, second = {0}, renewal = {0};
    struct reader reader, observer;
    hold();
    ask(&first, ORD_RANK_JOIN, "g", "a");
    wait_until_held();
    listen_as(&reader, "b");
    listen_as(&observer, NULL);
    ask(&second, ORD_RANK_JOIN, "g", "c");
    ask(&renewal, ORD_RANK_RENEW, "g", "a");
    cr_assert_str_eq(seen(), "0:");
    cr_assert_eq(ord_rank_feed_next(reader.feed, tell, &reader, &reader.error), ORD_NEXT_NOTHING);
    cr_assert_eq(ord_rank_feed_next(observer.feed, tell, &observer, &observer.error), ORD_NEXT_NOTHING);
    cr_assert_not(is_answered(&first) || is_answered(&second) || is_answered(&renewal));
    let_go();
    cr_assert_eq(await(&first), ORD_OK);
    cr_assert_eq(await(&second), ORD_OK);
    cr_assert_eq(await(&renewal), ORD_OK);
    cr_assert_eq(second.rank, 3);
    cr_assert_str_eq(seen(), "3: a b c");
    read_until(&reader, "w2/3,");
    read_until(&observer, "v0/3,");
    cr_assert_eq(disk.commits, 2, "all that came during the first flush share the second");
    stop_listening(&reader);
    stop_listening(&observer);
}

Test(engine, what_could_not_be_stored_is_not_seen_until_it_is)
{
    struct caller caller = {0};
    struct reader reader;
    join("a");
    disk.fails = 2;
    ask(&caller, ORD_RANK_JOIN, "g", "b");
    cr_assert_eq(await(&caller), ORD_UNAVAILABLE);
    cr_assert(strstr(caller.call.error.text, "No space left"), "%s", caller.call.error.text);
    cr_assert_gt(caller.call.error.retry_after_ms, 0);
    cr_assert_str_eq(seen(), "1: a");
    listen_as(&reader, "c");
    read_until(&reader, "end");
    cr_assert_eq(reader.error.code, ORD_UNAVAILABLE);
    stop_listening(&reader);
    struct caller renewal = {0};
    cr_assert_eq(call(&renewal, ORD_RANK_RENEW, "a"), ORD_OK, "who is in can renew meanwhile");
    wait_until_seen("2: a b");
    restart();
    cr_assert_str_eq(seen(), "2: a b");
}

Test(engine, it_ends_though_the_disk_fails)
{
    struct caller caller = {0};
    join("a");
    disk.fails = 1000;
    cr_assert_eq(call(&caller, ORD_RANK_JOIN, "b"), ORD_UNAVAILABLE);
    end();
    cr_assert_leq(disk.commits, 4, "it is not tried for long");
    disk.fails = 0;
    begin();
    cr_assert_str_eq(seen(), "1: a");
}

Test(engine, commands_are_sent_and_acknowledged)
{
    struct reader a, b;
    listen_as(&a, "a");
    read_until(&a, "w1/1,");
    listen_as(&b, "b");
    read_until(&b, "w2/2,");
    read_until(&a, "w1/1,v1/2,");
    struct caller x = send("a", "x"), y = send("a", "y");
    read_until(&b, "w2/2,x,y,");
    struct caller acknowledgement = {.call.command_id = x.id};
    cr_assert_eq(call(&acknowledgement, ORD_RANK_ACKNOWLEDGE, "b"), ORD_OK);
    cr_assert_eq(acknowledgement.pending, 1);
    acknowledgement.call.command_id = y.id + 1;
    cr_assert_eq(call(&acknowledgement, ORD_RANK_ACKNOWLEDGE, "b"), ORD_NOT_FOUND);
    stop_listening(&b);
    listen_as(&b, "b");
    read_until(&b, "w2/2,y,");
    cr_assert_eq(leave("a"), ORD_OK);
    read_until(&a, "w1/1,v1/2,end");
    cr_assert_eq(a.error.code, ORD_OK);
    read_until(&b, "w2/2,y,v1/1,");
    stop_listening(&a);
    stop_listening(&b);
}

Test(engine, a_stream_that_is_replaced_ends)
{
    struct reader first, second;
    listen_as(&first, "a");
    read_until(&first, "w1/1,");
    listen_as(&second, "a");
    read_until(&second, "w1/1,");
    read_until(&first, "w1/1,end");
    cr_assert_eq(first.error.code, ORD_REPLACED);
    stop_listening(&first);
    cr_assert(join("a").is_repeat);
    read_until(&second, "w1/1,end");
    cr_assert_eq(second.error.code, ORD_REPLACED);
    stop_listening(&second);
    cr_assert_str_eq(seen(), "1: a");
}

Test(engine, a_reader_that_leaves_before_it_is_in)
{
    struct caller caller = {0};
    struct reader readers[4];
    hold();
    ask(&caller, ORD_RANK_JOIN, "g", "x");
    wait_until_held();
    listen_as(&readers[0], "a");
    stop_listening(&readers[0]);
    listen_as(&readers[1], NULL);
    stop_listening(&readers[1]);
    let_go();
    cr_assert_eq(await(&caller), ORD_OK);
    hold();
    listen_as(&readers[2], "b");
    wait_until_held();
    stop_listening(&readers[2]);
    let_go();
    wait_until_seen("2: x b");
    struct ord_rank_figures figures;
    ord_ranks_figures(ranks, &figures);
    cr_assert_eq(figures.members, 2);
}

Test(engine, leases_run_out)
{
    struct reader observer, stream;
    join("a");
    listen_as(&observer, NULL);
    listen_as(&stream, "b");
    read_until(&stream, "w2/2,");
    for (int i = 0; i < 13; i++) { /* less at a time than what counts as a pause */
        atomic_fetch_add(&moved_ns, 9 * SECOND_NS / 10);
        cr_assert_eq(leave("nobody"), ORD_NOT_FOUND);
    }
    wait_until_seen("3: b");
    read_until(&stream, "w2/2,v1/1,");
    stop_listening(&stream);
    for (int i = 0; i < 2; i++) {
        atomic_fetch_add(&moved_ns, 9 * SECOND_NS / 10);
        cr_assert_eq(leave("nobody"), ORD_NOT_FOUND);
    }
    wait_until_seen("4:");
    stop_listening(&observer);
}

/* The system slept for an hour: those who would have renewed meanwhile have their time still. */
Test(engine, a_pause_of_the_system_ends_no_lease)
{
    struct caller renewal = {0};
    join("a");
    join("b");
    atomic_fetch_add(&moved_ns, 3600 * SECOND_NS);
    cr_assert_eq(leave("nobody"), ORD_NOT_FOUND);
    cr_assert_str_eq(seen(), "2: a b");
    cr_assert_eq(call(&renewal, ORD_RANK_RENEW, "a"), ORD_OK);
}

Test(engine, without_ids_nothing_changes)
{
    struct caller caller = {0}, sender = {.call.sending.text = "x"};
    join("a");
    atomic_store(&has_no_ids, true);
    cr_assert_eq(call(&caller, ORD_RANK_JOIN, "b"), ORD_CAPACITY);
    cr_assert_eq(call(&sender, ORD_RANK_SEND, "a"), ORD_CAPACITY);
    cr_assert_eq(leave("a"), ORD_CAPACITY);
    for (int i = 0; i < 13; i++) {
        atomic_fetch_add(&moved_ns, 9 * SECOND_NS / 10);
        cr_assert_eq(leave("nobody"), ORD_NOT_FOUND);
    }
    cr_assert_str_eq(seen(), "1: a");
    atomic_store(&has_no_ids, false);
    wait_until_seen("2:");
}

Test(engine, who_lags_is_evicted)
{
    struct reader b;
    join("a");
    listen_as(&b, "b");
    read_until(&b, "w2/2,");
    for (int i = 0; i < 6; i++)
        send("a", "x");
    wait_until_seen("3: a");
    stop_listening(&b);
    struct ord_rank_figures figures;
    ord_ranks_figures(ranks, &figures);
    cr_assert_eq(figures.evicted, 1);
    cr_assert_eq(figures.accepted, 6);
}

Test(engine, who_leaves_a_command_too_long_is_evicted)
{
    struct reader b;
    join("a");
    listen_as(&b, "b");
    read_until(&b, "w2/2,");
    send("a", "x");
    read_until(&b, "w2/2,x,");
    atomic_store(&now_us, 2000000);
    read_until(&b, "w2/2,x,end");
    cr_assert_eq(b.error.code, ORD_SESSION_OVER);
    cr_assert(strstr(b.error.text, "evicted"));
    stop_listening(&b);
    wait_until_seen("3: a");
    struct ord_rank_figures figures;
    do
        ord_ranks_figures(ranks, &figures);
    while (figures.commands > 0);
}

Test(engine, commands_are_posted_one_at_a_time)
{
    struct caller caller = {.call.joining.url = "http://x/"}, bad = {.call.joining.url = "bad"};
    join("a");
    cr_assert_eq(call(&bad, ORD_RANK_JOIN, "b"), ORD_INVALID_ARGUMENT);
    cr_assert_str_eq(bad.call.error.text, "callback_url: it is bad");
    cr_assert_eq(call(&caller, ORD_RANK_JOIN, "b"), ORD_OK);
    send("a", "x");
    send("a", "y");
    struct ord_callback *callback = wait_until_posted("x");
    cr_assert_str_eq(callback->url, "http://x/");
    cr_assert_eq(posted_count, 1);
    take_posted(callback);
    callback->done(callback, true);
    callback = wait_until_posted("y");
    cr_assert_eq(leave("b"), ORD_OK);
    while (atomic_load(&cancelled_count) == 0)
        sched_yield();
    cr_assert_eq(call(&caller, ORD_RANK_JOIN, "c"), ORD_OK);
    send("a", "z");
    wait_until_posted("z");
    restart();
    wait_until_posted("z");
    caller.call.joining.url = NULL;
    cr_assert_eq(call(&caller, ORD_RANK_JOIN, "c"), ORD_OK);
    while (atomic_load(&cancelled_count) < 3)
        sched_yield();
    cr_assert_eq(posted_count, 0);
}

Test(engine, a_retry_is_the_same_command)
{
    struct caller first = {.call.sending = {.text = "x", .request_id = "k"}}, again = first, other = first;
    other.call.sending.text = "y";
    join("a");
    cr_assert_eq(call(&first, ORD_RANK_SEND, "a"), ORD_OK);
    cr_assert_eq(call(&again, ORD_RANK_SEND, "a"), ORD_OK);
    cr_assert(again.is_repeat && !first.is_repeat && again.id == first.id);
    cr_assert_eq(call(&other, ORD_RANK_SEND, "a"), ORD_REQUEST_MISMATCH);
    restart();
    cr_assert_eq(call(&again, ORD_RANK_SEND, "a"), ORD_OK);
    cr_assert(again.is_repeat && again.id == first.id);
    cr_assert_eq(leave("a"), ORD_OK);
    cr_assert_eq(call(&again, ORD_RANK_SEND, "a"), ORD_OK, "it was accepted, whoever sent it");
}

Test(engine, all_is_there_after_a_restart)
{
    join("a");
    int64_t session = join("b").session;
    send("a", "x");
    restart();
    cr_assert_str_eq(seen(), "2: a b");
    struct caller renewal = {0};
    cr_assert_eq(call(&renewal, ORD_RANK_RENEW, "b"), ORD_OK);
    cr_assert_eq(renewal.session, session);
    cr_assert_eq(renewal.pending, 1);
    struct reader b;
    listen_as(&b, "b");
    read_until(&b, "w2/2,x,");
    stop_listening(&b);
}

static void wait_for_commits(int commits)
{
    pthread_mutex_lock(&lock);
    while (disk.commits < commits)
        pthread_cond_wait(&changed, &lock);
    pthread_mutex_unlock(&lock);
}

/* Twice, for a group that is new is stored in a while anyhow, and so is one whose commands grow old. */
Test(engine, acknowledgements_are_stored_in_a_while)
{
    end();
    life_us = INT64_C(3600000000);
    begin();
    join("a");
    join("b");
    for (int i = 0; i < 2; i++) {
        struct caller acknowledgement = {.call.command_id = send("a", "x").id};
        cr_assert_eq(call(&acknowledgement, ORD_RANK_ACKNOWLEDGE, "b"), ORD_OK);
        wait_for_commits(4 + 2 * i);
    }
    restart();
    struct caller renewal = {0};
    cr_assert_eq(call(&renewal, ORD_RANK_RENEW, "b"), ORD_OK);
    cr_assert_eq(renewal.pending, 0);
}

/* Groups of which nothing is left but the epoch are forgotten, and no epoch goes back. */
Test(engine, epochs_never_go_back)
{
    struct caller full = {0}, first = {0};
    int64_t epoch = 0;
    for (int i = 0; i < 3; i++) {
        struct caller caller = join("a");
        cr_assert_gt(caller.epoch, epoch);
        cr_assert_eq(leave("a"), ORD_OK);
        epoch = caller.epoch + 1;
        pthread_mutex_lock(&lock);
        while (stored("g/g") || !stored("f"))
            pthread_cond_wait(&changed, &lock);
        pthread_mutex_unlock(&lock);
        if (i == 1)
            restart();
    }
    static const char *const names[] = {"h", "i", "j"};
    for (int i = 0; i < 3; i++) {
        struct caller caller = {0};
        ask(&caller, ORD_RANK_JOIN, names[i], "a");
        cr_assert_eq(await(&caller), ORD_OK);
        cr_assert_gt(caller.epoch, epoch, "another group may have had the name before");
    }
    ask(&full, ORD_RANK_JOIN, "k", "a");
    cr_assert_eq(await(&full), ORD_CAPACITY);
    ask(&first, ORD_RANK_JOIN, "h", "b");
    cr_assert_eq(await(&first), ORD_OK);
}

Test(engine, an_epoch_that_was_lost_is_passed_by_far)
{
    join("a");
    end();
    stored("g/g")->size--;
    stored("m/g/00000000000003e8")->value[0]++;
    begin();
    struct ord_rank_figures figures;
    ord_ranks_figures(ranks, &figures);
    cr_assert_eq(figures.damaged, 2);
    cr_assert_gt(join("b").epoch, INT64_C(1) << 40);
    restart();
    cr_assert_gt(join("c").epoch, INT64_C(1) << 40);
}

Test(engine, of_groups_in_another_layout_the_epochs_are_kept)
{
    join("a");
    join("b");
    send("a", "x");
    end();
    disk.is_foreign = true;
    begin();
    struct ord_rank_figures figures;
    ord_ranks_figures(ranks, &figures);
    cr_assert_eq(figures.foreign, 3);
    cr_assert_eq(join("c").epoch, 3);
    cr_assert_str_eq(seen(), "3: c");
}

Test(engine, what_does_not_fit_stops_the_start)
{
    join("a");
    join("b");
    end();
    struct stored *a = stored("m/g/00000000000003e8"), *b = stored("m/g/00000000000003e9");
    memcpy(b->value, a->value, a->size);
    cr_assert_neq(try_to_open(3), ORD_OK);
    disk.count = 0;
    begin();
}

Test(engine, what_is_refused_at_once)
{
    struct caller names = {0}, ttl = {.call.joining.ttl_ms = 1}, text = {.call.sending.text = "\xff"};
    struct caller id = {.call.command_id = -1};
    struct ord_rank_listening listening = {.group = "/"};
    struct reader reader;
    cr_assert_eq(call(&names, ORD_RANK_JOIN, "/"), ORD_INVALID_ARGUMENT);
    cr_assert_eq(call(&ttl, ORD_RANK_JOIN, "a"), ORD_OUT_OF_RANGE);
    cr_assert_eq(call(&text, ORD_RANK_SEND, "a"), ORD_INVALID_ARGUMENT);
    cr_assert_eq(call(&id, ORD_RANK_ACKNOWLEDGE, "a"), ORD_OUT_OF_RANGE);
    cr_assert_eq(ord_ranks_listen(ranks, &listening, &reader.feed, NULL), ORD_INVALID_ARGUMENT);
    cr_assert_eq(ord_ranks_look(ranks, "/", look_at, NULL, NULL), ORD_INVALID_ARGUMENT);
}
