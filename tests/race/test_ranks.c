/*
 * Members that join, send, read, acknowledge and leave from threads of their own, beside observers, on storage
 * that fails now and then: epochs and commands rise for every reader, and nobody is told of a command twice on
 * one stream, or of one that its rank does not give it. A plain main, since Criterion cannot run under
 * ThreadSanitizer.
 */
#include <inttypes.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "rank/engine.h"

enum {
    MEMBERS = 4,
    OBSERVERS = 2,
    ROUNDS = 400,
    FAIL_EVERY = 29
};

static struct ord_ranks *ranks;
static atomic_int_least64_t ids = 1;
static atomic_uint commits, told_commands, told_views, refusals;
static atomic_bool is_over;

static void fail(const char *what, const char *detail)
{
    printf("not ok 1 - %s: %s\n", what, detail);
    exit(1);
}

static enum ord_code take(void *context, int64_t *ret_id, struct ord_error *error)
{
    *ret_id = atomic_fetch_add(&ids, 1);
    return ORD_OK;
}

static int64_t now_us(void *context)
{
    return atomic_load(&ids);
}

static enum ord_code load(void *context, const struct ord_place *place, ord_group_entry_found *found,
                          void *found_context, uint32_t *ret_damaged, struct ord_error *error)
{
    *ret_damaged = 0;
    return ORD_OK;
}

/* The first failures come one by one; a retry is a second later. */
static enum ord_code commit(void *context, const struct ord_group_entries *entries, struct ord_error *error)
{
    if (atomic_fetch_add(&commits, 1) % FAIL_EVERY == FAIL_EVERY - 1)
        return ord_fail(error, ORD_INTERNAL, "write: Input/output error");
    return ORD_OK;
}

struct caller {
    struct ord_rank_call call;
    sem_t answered;
};

static bool fill(struct ord_rank_call *call)
{
    return call->at->published.epoch > 0;
}

static void done(struct ord_rank_call *call)
{
    sem_post(&((struct caller *)call)->answered);
}

static enum ord_code call(enum ord_rank_what what, const char *name, const char *text, int64_t id)
{
    struct caller caller = {.call = {.what = what,
                                     .group = "g",
                                     .name = name,
                                     .command_id = id,
                                     .sending = {.text = text, .request_id = ""},
                                     .joining = {.kind = ORD_BY_LEASE},
                                     .fill = fill,
                                     .done = done}};
    sem_init(&caller.answered, 0, 0);
    if (!ord_ranks_call(ranks, &caller.call))
        while (sem_wait(&caller.answered) != 0)
            ;
    sem_destroy(&caller.answered);
    if (caller.call.error.code == ORD_UNAVAILABLE)
        atomic_fetch_add(&refusals, 1);
    return caller.call.error.code;
}

struct reader {
    struct ord_rank_feed *feed;
    sem_t ready;
    int64_t epoch, command;
    bool is_in;
};

static void ready(void *context)
{
    sem_post(&((struct reader *)context)->ready);
}

static bool tell(void *context, const struct ord_rank_event *event)
{
    struct reader *reader = context;
    reader->is_in = true;
    if (event->kind != ORD_EVENT_COMMAND) {
        if (event->group->published.epoch < reader->epoch)
            fail("epochs", "one goes back");
        reader->epoch = event->group->published.epoch;
        atomic_fetch_add(&told_views, 1);
        return true;
    }
    if (event->command->id <= reader->command)
        fail("commands", "one comes twice, or too late");
    if (event->command->epoch > reader->epoch)
        fail("commands", "one comes before the view of its epoch");
    if (event->member && event->command->sender_session >= event->member->session)
        fail("commands", "one comes to a member above its sender");
    reader->command = event->command->id;
    atomic_fetch_add(&told_commands, 1);
    return true;
}

static void listen_as(struct reader *reader, const char *name)
{
    struct ord_joining joining = {.name = name};
    struct ord_rank_listening listening = {
        .group = "g", .joining = name ? &joining : NULL, .ready = ready, .reader = reader};
    struct ord_error error;
    *reader = (struct reader){0};
    sem_init(&reader->ready, 0, 0);
    if (ord_ranks_listen(ranks, &listening, &reader->feed, &error) != ORD_OK)
        fail("listen", error.text);
}

/* Reads what there is, or waits until there may be something. False: it ended. */
static bool read_some(struct reader *reader, bool waits)
{
    struct ord_error error;
    enum ord_rank_next next;
    while ((next = ord_rank_feed_next(reader->feed, tell, reader, &error)) == ORD_NEXT_EVENT)
        waits = false;
    if (next == ORD_NEXT_NOTHING && waits)
        while (sem_wait(&reader->ready) != 0)
            ;
    return next == ORD_NEXT_NOTHING;
}

static void stop_listening(struct reader *reader)
{
    ord_rank_feed_close(reader->feed);
    sem_destroy(&reader->ready);
}

static void *member(void *context)
{
    unsigned seed = (unsigned)(intptr_t)context;
    char name[8];
    snprintf(name, sizeof name, "m%u", seed);
    for (int i = 0; i < ROUNDS; i++) {
        struct reader reader;
        listen_as(&reader, name);
        if (rand_r(&seed) % 8 > 0)
            while (!reader.is_in && read_some(&reader, true))
                ;
        call(ORD_RANK_SEND, name, "x", 0);
        read_some(&reader, false);
        if (reader.command > 0)
            call(ORD_RANK_ACKNOWLEDGE, name, NULL, reader.command);
        call(ORD_RANK_RENEW, name, NULL, 0);
        switch (rand_r(&seed) % 4) {
        case 0:
            while (call(ORD_RANK_LEAVE, name, NULL, 0) == ORD_UNAVAILABLE)
                ;
            while (reader.is_in && read_some(&reader, true))
                ;
            break;
        case 1:
            call(ORD_RANK_JOIN, name, NULL, 0);
        }
        stop_listening(&reader);
    }
    return NULL;
}

static void *observer(void *context)
{
    while (!atomic_load(&is_over)) {
        struct reader reader;
        listen_as(&reader, NULL);
        for (int i = 0; i < 50 && !atomic_load(&is_over) && read_some(&reader, false); i++)
            nanosleep(&(struct timespec){.tv_nsec = 100000}, NULL);
        stop_listening(&reader);
        struct ord_rank_figures figures;
        ord_ranks_figures(ranks, &figures);
    }
    return NULL;
}

int main(void)
{
    struct ord_error error;
    struct ord_rank_options options = {
        .store = {.load = load, .commit = commit},
        .limits = {.members_max = 100,
                   .pending_max = 50,
                   .commands_max = 200,
                   .bytes_max = 1000000,
                   .departed_max = 10,
                   .life_us = 500},
        .groups_max = 3,
        .take = take,
        .now_us = now_us,
    };
    if (ord_ranks_open(&options, &ranks, &error) != ORD_OK)
        fail("open", error.text);
    pthread_t members[MEMBERS], observers[OBSERVERS];
    for (intptr_t t = 0; t < MEMBERS; t++)
        pthread_create(&members[t], NULL, member, (void *)t);
    for (int t = 0; t < OBSERVERS; t++)
        pthread_create(&observers[t], NULL, observer, NULL);
    for (int t = 0; t < MEMBERS; t++)
        pthread_join(members[t], NULL);
    atomic_store(&is_over, true);
    for (int t = 0; t < OBSERVERS; t++)
        pthread_join(observers[t], NULL);
    ord_ranks_close(ranks);
    if (atomic_load(&told_commands) == 0 || atomic_load(&refusals) == 0)
        fail("nothing", "was told, or refused");
    printf("1..1\nok 1 - %u commits, %u refusals, %u views, %u commands\n", atomic_load(&commits),
           atomic_load(&refusals), atomic_load(&told_views), atomic_load(&told_commands));
    return 0;
}
