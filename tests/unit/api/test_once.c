/* The engine behind request IDs, with a port that is held up and fails when told to. */
#include <criterion/criterion.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "api/service.h"
#include "store/memory.h"

enum {
    WAITERS = 40
};

/* What is stored stays here when the service is closed: the disk. */
struct disk {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool is_held; /* commits wait */
    int held;     /* commits that wait */
    int fails;    /* so many commits fail */
    int commits, removed;
    int count;
    struct stored {
        char key[ORD_REQUEST_KEY_MAX + 1];
        struct ord_grant grant;
    } stored[WAITERS * 2];
};

static enum ord_code load(void *context, const struct ord_place *place, int64_t since_us,
                          ord_request_found *found, void *found_context, uint32_t *ret_damaged,
                          struct ord_error *error)
{
    const struct disk *disk = context;
    for (int i = 0; i < disk->count; i++)
        if (disk->stored[i].grant.given_us > since_us)
            cr_assert(found(found_context, disk->stored[i].key, &disk->stored[i].grant));
    *ret_damaged = 3;
    return ORD_OK;
}

static void hold(struct disk *disk)
{
    pthread_mutex_lock(&disk->lock);
    disk->held++;
    pthread_cond_broadcast(&disk->changed);
    while (disk->is_held)
        pthread_cond_wait(&disk->changed, &disk->lock);
    disk->held--;
    pthread_mutex_unlock(&disk->lock);
}

static enum ord_code commit(void *context, const struct ord_request_batch *batch, struct ord_error *error)
{
    struct disk *disk = context;
    hold(disk);
    if (disk->fails > 0) {
        disk->fails--;
        return ord_fail(error, ORD_INTERNAL, "write: No space left on device");
    }
    disk->commits++;
    for (const struct ord_request *at = batch->gone; at; at = at->next)
        disk->removed++;
    for (const struct ord_request *at = batch->given; at; at = at->next) {
        cr_assert_lt(disk->count, WAITERS * 2);
        struct stored *stored = &disk->stored[disk->count++];
        strcpy(stored->key, at->key);
        stored->grant = at->grant;
    }
    return ORD_OK;
}

static void let_go(struct disk *disk)
{
    pthread_mutex_lock(&disk->lock);
    disk->is_held = false;
    pthread_cond_broadcast(&disk->changed);
    pthread_mutex_unlock(&disk->lock);
}

static void wait_until_held(struct disk *disk)
{
    pthread_mutex_lock(&disk->lock);
    while (disk->held == 0)
        pthread_cond_wait(&disk->changed, &disk->lock);
    pthread_mutex_unlock(&disk->lock);
}

static void init_disk(struct disk *disk)
{
    *disk = (struct disk){0};
    pthread_mutex_init(&disk->lock, NULL);
    pthread_cond_init(&disk->changed, NULL);
}

static struct ord_service *opened_with(struct disk *disk, struct ord_memory_store *store, size_t max,
                                       int64_t life_us, const char *fields, uint64_t borrow_us)
{
    struct ord_layout layout;
    struct ord_service *service = NULL;
    struct ord_error error = {0};
    struct ord_service_options options = {
        .port = ord_memory_store_port(store),
        .borrow_us = borrow_us,
        .max_wait_us = 1000000,
        .requests = {.port = {.context = disk, .load = load, .commit = commit}, .max = max, .life_us = life_us},
    };
    cr_assert_eq(ord_layout_parse(fields, NULL, NULL, &layout, NULL), ORD_OK);
    cr_assert_eq(ord_place_init(&options.place, &layout, 3, 0, 1, NULL), ORD_OK);
    cr_assert_eq(ord_service_open(&options, &service, &error), ORD_OK, "%s", error.text);
    return service;
}

static struct ord_service *opened(struct disk *disk, struct ord_memory_store *store, size_t max)
{
    return opened_with(disk, store, max, INT64_C(3600000000), "tick:41,node:10,sequence:8,tag:4", 1000000);
}

struct waiter {
    struct ord_awaited awaited;
    pthread_mutex_t lock;
    pthread_cond_t answered;
    bool is_answered;
};

static void wake(struct ord_awaited *awaited)
{
    struct waiter *waiter = (struct waiter *)awaited;
    pthread_mutex_lock(&waiter->lock);
    cr_assert(!waiter->is_answered, "answered twice");
    waiter->is_answered = true;
    pthread_cond_signal(&waiter->answered);
    pthread_mutex_unlock(&waiter->lock);
}

static bool ask(struct ord_service *service, const char *key, uint32_t count, uint32_t tag,
                struct waiter *waiter)
{
    struct ord_once_wanted wanted = {.key = key, .count = count, .tag = tag, .max_wait_us = 1000000};
    *waiter = (struct waiter){.awaited = {.done = wake, .error.code = ORD_CODES}};
    pthread_mutex_init(&waiter->lock, NULL);
    pthread_cond_init(&waiter->answered, NULL);
    return ord_service_take_once(service, &wanted, &waiter->awaited);
}

static void await(struct waiter *waiter)
{
    pthread_mutex_lock(&waiter->lock);
    while (!waiter->is_answered)
        pthread_cond_wait(&waiter->answered, &waiter->lock);
    pthread_mutex_unlock(&waiter->lock);
}

static enum ord_code get(struct ord_service *service, const char *key, uint32_t count, uint32_t tag,
                         struct waiter *waiter)
{
    if (!ask(service, key, count, tag, waiter))
        await(waiter);
    return waiter->awaited.error.code;
}

Test(once, a_retry_gets_the_same)
{
    static struct disk disk;
    struct ord_memory_store store = {0};
    init_disk(&disk);
    struct ord_service *service = opened(&disk, &store, 10);
    struct waiter first, again, other;
    cr_assert_eq(get(service, "k", 5, 2, &first), ORD_OK, "%s", first.awaited.error.text);
    cr_assert_not(first.awaited.is_repeat);
    cr_assert(ask(service, "k", 5, 2, &again), "there is nothing to wait for");
    cr_assert_eq(again.awaited.error.code, ORD_OK);
    cr_assert(again.awaited.is_repeat);
    cr_assert_eq(again.awaited.ids.first, first.awaited.ids.first);
    cr_assert_eq(again.awaited.ids.place, first.awaited.ids.place);
    cr_assert(again.awaited.ids.count == 5 && again.awaited.ids.tag == 2);
    cr_assert_eq(get(service, "l", 5, 2, &other), ORD_OK);
    cr_assert_geq(other.awaited.ids.first, first.awaited.ids.first + 5);
    cr_assert_eq(disk.commits, 2);
    cr_assert_eq(ord_service_requests(service), 2);
    cr_assert_eq(ord_service_requests_damaged(service), 3);
    ord_service_close(service, NULL);
}

Test(once, another_count_or_tag_is_refused)
{
    static struct disk disk;
    struct ord_memory_store store = {0};
    init_disk(&disk);
    struct ord_service *service = opened(&disk, &store, 10);
    struct waiter waiter;
    cr_assert_eq(get(service, "k", 5, 2, &waiter), ORD_OK);
    cr_assert_eq(get(service, "k", 4, 2, &waiter), ORD_REQUEST_MISMATCH);
    cr_assert(strstr(waiter.awaited.error.text, "count 5 and tag 2"), "%s", waiter.awaited.error.text);
    cr_assert_eq(get(service, "k", 5, 1, &waiter), ORD_REQUEST_MISMATCH);
    cr_assert_eq(get(service, "k", 5, 2, &waiter), ORD_OK);
    cr_assert_eq(get(service, "", 5, 2, &waiter), ORD_INVALID_ARGUMENT);
    ord_service_close(service, NULL);
}

Test(once, what_the_service_refuses_leaves_nothing_behind)
{
    static struct disk disk;
    struct ord_memory_store store = {0};
    init_disk(&disk);
    struct ord_service *service = opened(&disk, &store, 10);
    struct waiter waiter;
    cr_assert_eq(get(service, "k", 0, 0, &waiter), ORD_OUT_OF_RANGE);
    cr_assert_eq(get(service, "k", 1, 16, &waiter), ORD_OUT_OF_RANGE);
    cr_assert_eq(ord_service_requests(service), 0);
    cr_assert_eq(get(service, "k", 1, 15, &waiter), ORD_OK);
    ord_service_close(service, NULL);
    cr_assert_eq(disk.commits, 1);
}

Test(once, waiting_for_one_key_and_for_many)
{
    static struct disk disk;
    static struct waiter waiters[WAITERS];
    struct ord_memory_store store = {0};
    init_disk(&disk);
    disk.is_held = true;
    struct ord_service *service = opened(&disk, &store, WAITERS);
    cr_assert_not(ask(service, "0", 1, 0, &waiters[0]));
    wait_until_held(&disk);
    char key[2] = "0";
    for (int i = 1; i < WAITERS; i++) {
        key[0] = (char)('0' + i % (WAITERS / 2));
        cr_assert_not(ask(service, key, 1, 0, &waiters[i]), "%d is answered before it is durable", i);
    }
    let_go(&disk);
    for (int i = 0; i < WAITERS; i++)
        await(&waiters[i]);
    for (int i = 0; i < WAITERS; i++) {
        const struct ord_awaited *mine = &waiters[i].awaited, *twin = &waiters[i % (WAITERS / 2)].awaited;
        cr_assert_eq(mine->error.code, ORD_OK);
        cr_assert_eq(mine->ids.first, twin->ids.first, "%d", i);
        cr_assert_eq(mine->is_repeat, i >= WAITERS / 2, "%d", i);
        for (int j = 0; j < i && i < WAITERS / 2; j++)
            cr_assert_neq(mine->ids.first, waiters[j].awaited.ids.first, "%d and %d", i, j);
    }
    cr_assert_eq(disk.commits, 2, "all that came during the first flush share the second, not %d",
                 disk.commits);
    ord_service_close(service, NULL);
}

Test(once, a_failed_commit_is_forgotten_and_its_slots_are_a_gap)
{
    static struct disk disk;
    static struct waiter first, twin, again;
    struct ord_memory_store store = {0};
    init_disk(&disk);
    disk.is_held = true;
    disk.fails = 1;
    struct ord_service *service = opened(&disk, &store, 10);
    struct ord_ids before, after;
    uint64_t wait;
    cr_assert_eq(ord_service_take(service, 1, 0, 0, &before, &wait, NULL), ORD_OK);
    cr_assert_not(ask(service, "k", 5, 0, &first));
    cr_assert_not(ask(service, "k", 5, 0, &twin));
    let_go(&disk);
    await(&first);
    await(&twin);
    const struct waiter *both[] = {&first, &twin};
    for (int i = 0; i < 2; i++) {
        const struct ord_error *error = &both[i]->awaited.error;
        cr_assert_eq(error->code, ORD_UNAVAILABLE);
        cr_assert_gt(error->retry_after_ms, 0);
        cr_assert(strstr(error->text, "No space left"), "%s", error->text);
    }
    cr_assert_eq(ord_service_requests(service), 0);
    cr_assert_eq(ord_service_take(service, 1, 0, 0, &after, &wait, NULL), ORD_OK);
    cr_assert_geq(after.first, before.first + 6, "the slots of what failed are given to nobody");
    cr_assert_eq(get(service, "k", 4, 0, &again), ORD_OK, "a new request, with a count of its own");
    cr_assert_gt(again.awaited.ids.first, after.first);
    ord_service_close(service, NULL);
}

Test(once, full_is_refused)
{
    static struct disk disk;
    struct ord_memory_store store = {0};
    init_disk(&disk);
    struct ord_service *service = opened(&disk, &store, 2);
    struct waiter a, b, c, again;
    cr_assert_eq(get(service, "a", 1, 0, &a), ORD_OK);
    cr_assert_eq(get(service, "b", 1, 0, &b), ORD_OK);
    cr_assert_eq(get(service, "c", 1, 0, &c), ORD_CAPACITY);
    cr_assert_gt(c.awaited.error.retry_after_ms, 3000000);
    cr_assert_eq(get(service, "a", 1, 0, &again), ORD_OK);
    cr_assert_eq(again.awaited.ids.first, a.awaited.ids.first);
    ord_service_close(service, NULL);
}

Test(once, known_after_a_restart)
{
    static struct disk disk;
    struct ord_memory_store store = {0};
    init_disk(&disk);
    struct ord_service *service = opened(&disk, &store, 10);
    struct waiter first, again;
    cr_assert_eq(get(service, "k", 5, 2, &first), ORD_OK);
    ord_service_close(service, NULL);
    service = opened(&disk, &store, 10);
    cr_assert(ask(service, "k", 5, 2, &again));
    cr_assert_eq(again.awaited.error.code, ORD_OK);
    cr_assert_eq(again.awaited.ids.first, first.awaited.ids.first);
    cr_assert_eq(again.awaited.ids.place, ord_service_place(service));
    ord_service_close(service, NULL);
}

Test(once, over_after_its_life)
{
    static struct disk disk;
    struct ord_memory_store store = {0};
    init_disk(&disk);
    struct ord_service *service = opened_with(&disk, &store, 1, 1, "tick:41,node:10,sequence:12", 1000000);
    struct waiter first, again;
    int64_t now_us = ord_service_now_us(service);
    cr_assert_eq(get(service, "k", 1, 0, &first), ORD_OK);
    while (ord_service_now_us(service) <= now_us + 1)
        ;
    cr_assert_eq(get(service, "k", 2, 0, &again), ORD_OK, "%s", again.awaited.error.text);
    cr_assert_gt(again.awaited.ids.first, first.awaited.ids.first);
    ord_service_close(service, NULL);
    cr_assert_eq(disk.removed, 1);
}

/* IDs ahead of the clock are held back, for a repeat as for the first. */
Test(once, held_back_as_long_as_they_are_ahead)
{
    static struct disk disk;
    struct ord_memory_store store = {0};
    init_disk(&disk);
    struct ord_service *service =
        opened_with(&disk, &store, 10, INT64_C(3600000000), "tick:41,node:10,sequence:2", 1000);
    struct waiter first, again;
    struct ord_ids ids;
    uint64_t wait;
    for (int i = 0; i < 400; i++)
        cr_assert_eq(ord_service_take(service, 1, 0, 1000000, &ids, &wait, NULL), ORD_OK);
    cr_assert_gt(wait, 0, "the layout gives four a millisecond");
    cr_assert_eq(get(service, "k", 4, 0, &first), ORD_OK);
    cr_assert_eq(get(service, "k", 4, 0, &again), ORD_OK);
    cr_assert_gt(first.awaited.hold_us, 0);
    cr_assert_gt(again.awaited.hold_us, 0);
    cr_assert_leq(again.awaited.hold_us, first.awaited.hold_us);
    ord_service_close(service, NULL);
}

Test(once, no_keys_without_a_store)
{
    struct ord_memory_store store = {0};
    struct ord_service *service = opened(NULL, &store, 0);
    struct waiter waiter;
    cr_assert_eq(get(service, "k", 1, 0, &waiter), ORD_UNIMPLEMENTED);
    ord_service_close(service, NULL);
}
