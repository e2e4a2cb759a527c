#include "disk.h"

#include <criterion/criterion.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

const struct ord_sequence gapless = {
    .mode = ORD_SEQUENCE_GAPLESS, .start = 1, .increment = 1, .minimum = 1, .maximum = INT64_MAX};
const struct ord_sequence blocks_of_ten = {
    .mode = ORD_SEQUENCE_BLOCK, .block = 10, .start = 1, .increment = 1, .minimum = 1, .maximum = INT64_MAX};

void disk_init(struct disk *ret)
{
    *ret = (struct disk){.now_us = 1000000000};
    pthread_mutex_init(&ret->lock, NULL);
    pthread_cond_init(&ret->changed, NULL);
}

void disk_finish(struct disk *disk)
{
    ord_memory_sequences_finish(&disk->memory);
}

static struct ord_sequence_port inner(struct disk *disk)
{
    return ord_memory_sequences_port(&disk->memory);
}

static enum ord_code load_requests(void *context, int64_t since_us, ord_request_found *found,
                                   void *found_context, uint32_t *ret_damaged, struct ord_error *error)
{
    const struct disk *disk = context;
    for (int i = 0; i < disk->request_count; i++)
        if (disk->requests[i].grant.given_us > since_us)
            cr_assert(found(found_context, disk->requests[i].key, &disk->requests[i].grant));
    *ret_damaged = 3;
    return ORD_OK;
}

static enum ord_code read_items(void *context, struct ord_sequence_item *items, size_t count,
                                struct ord_error *error)
{
    struct disk *disk = context;
    disk->reads++;
    if (disk->reading_fails > 0) {
        disk->reading_fails--;
        return ord_fail(error, ORD_INTERNAL, "read: Input/output error");
    }
    enum ord_code code = inner(disk).read(&disk->memory, items, count, error);
    for (size_t i = 0; i < count; i++)
        items[i].is_damaged = disk->damaged && strcmp(items[i].name, disk->damaged) == 0;
    return code;
}

struct listing {
    const struct disk *disk;
    ord_sequence_found *found;
    void *context;
};

static bool tell(void *context, const struct ord_sequence_item *item)
{
    const struct listing *listing = context;
    struct ord_sequence_item told = *item;
    told.is_damaged = listing->disk->damaged && strcmp(item->name, listing->disk->damaged) == 0;
    return listing->found(listing->context, &told);
}

static enum ord_code list(void *context, const char *prefix, const char *after, ord_sequence_found *found,
                          void *found_context, struct ord_error *error)
{
    struct disk *disk = context;
    struct listing listing = {disk, found, found_context};
    if (disk->reading_fails > 0) {
        disk->reading_fails--;
        return ord_fail(error, ORD_INTERNAL, "read: Input/output error");
    }
    return inner(disk).list(&disk->memory, prefix, after, tell, &listing, error);
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

static void store_request(struct disk *disk, const struct ord_request *request, bool is_given)
{
    int at = 0;
    while (at < disk->request_count && strcmp(disk->requests[at].key, request->key) != 0)
        at++;
    if (is_given) {
        cr_assert_lt(at, REQUESTS);
        strcpy(disk->requests[at].key, request->key);
        disk->requests[at].grant = request->grant;
        disk->request_count += at == disk->request_count;
    } else if (at < disk->request_count) {
        disk->requests[at] = disk->requests[--disk->request_count];
    }
}

static enum ord_code store(struct disk *disk, const struct ord_sequence_batch *batch, struct ord_error *error)
{
    for (const struct ord_request *at = batch->requests.gone; at; at = at->next)
        store_request(disk, at, false);
    for (const struct ord_request *at = batch->requests.given; at; at = at->next)
        store_request(disk, at, true);
    return inner(disk).commit(&disk->memory, batch, error);
}

static enum ord_code commit(void *context, const struct ord_sequence_batch *batch, struct ord_error *error)
{
    struct disk *disk = context;
    hold(disk);
    disk->commits++;
    if (disk->fails == 0)
        return store(disk, batch, error);
    disk->fails--;
    if (disk->lands)
        store(disk, batch, error);
    return ord_fail(error, ORD_INTERNAL, "write: No space left on device");
}

static int64_t now_us(void *context)
{
    return ((struct disk *)context)->now_us;
}

struct ord_sequences *disk_opened(struct disk *disk, size_t loaded_max, size_t request_max)
{
    struct ord_sequences *sequences = NULL;
    struct ord_error error = {0};
    struct ord_sequences_options options = {
        .port = {.context = disk,
                 .load_requests = load_requests,
                 .read = read_items,
                 .list = list,
                 .commit = commit},
        .request_max = request_max,
        .request_life_us = 1000,
        .loaded_max = loaded_max,
        .counts_names = true,
        .now_us = now_us,
        .now_context = disk,
    };
    cr_assert_eq(ord_sequences_open(&options, &sequences, &error), ORD_OK, "%s", error.text);
    return sequences;
}

struct ord_sequences *disk_crash(struct disk *disk, struct ord_sequences *sequences)
{
    disk->fails = INT32_MAX;
    disk->lands = false;
    ord_sequences_close(sequences, NULL);
    disk->fails = 0;
    return NULL;
}

void disk_hold(struct disk *disk)
{
    pthread_mutex_lock(&disk->lock);
    disk->is_held = true;
    pthread_mutex_unlock(&disk->lock);
}

void disk_wait_until_held(struct disk *disk)
{
    pthread_mutex_lock(&disk->lock);
    while (disk->held == 0)
        pthread_cond_wait(&disk->changed, &disk->lock);
    pthread_mutex_unlock(&disk->lock);
}

void disk_let_go(struct disk *disk)
{
    pthread_mutex_lock(&disk->lock);
    disk->is_held = false;
    pthread_cond_broadcast(&disk->changed);
    pthread_mutex_unlock(&disk->lock);
}

struct ord_sequence_record disk_record(struct disk *disk, const char *name)
{
    struct ord_sequence_item item = {.name = name};
    inner(disk).read(&disk->memory, &item, 1, NULL);
    return item.record;
}

static void done(struct ord_sequence_ask *ask)
{
    static atomic_int answers;
    struct asker *asker = (struct asker *)ask;
    pthread_mutex_lock(&asker->lock);
    asker->order = answers++;
    asker->is_done = true;
    pthread_cond_broadcast(&asker->changed);
    pthread_mutex_unlock(&asker->lock);
}

void asker_init(struct asker *ret, enum ord_sequence_verb verb, const char *name)
{
    *ret = (struct asker){0};
    pthread_mutex_init(&ret->lock, NULL);
    pthread_cond_init(&ret->changed, NULL);
    ret->ask.work.verb = verb;
    ret->ask.name = name;
    ret->ask.error = &ret->error;
    ret->ask.done = done;
}

enum ord_code asker_wait(struct asker *asker)
{
    pthread_mutex_lock(&asker->lock);
    while (!asker->is_done)
        pthread_cond_wait(&asker->changed, &asker->lock);
    pthread_mutex_unlock(&asker->lock);
    return asker->error.code;
}

enum ord_code do_ask(struct ord_sequences *sequences, struct asker *asker)
{
    ord_sequences_ask(sequences, &asker->ask);
    return asker_wait(asker);
}

enum ord_code do_create(struct ord_sequences *sequences, const char *name, const struct ord_sequence *what)
{
    struct asker asker;
    asker_init(&asker, ORD_SEQUENCE_CREATE, name);
    asker.ask.create.what = *what;
    return do_ask(sequences, &asker);
}

enum ord_code do_next(struct ord_sequences *sequences, const char *name, uint32_t count, const char *request_id,
                      int64_t *ret_first)
{
    struct ord_values values;
    if (!*request_id && ord_sequences_take(sequences, name, count, &values)) {
        *ret_first = values.first;
        return ORD_OK;
    }
    struct asker asker;
    asker_init(&asker, ORD_SEQUENCE_NEXT, name);
    asker.ask.next.count = count;
    asker.ask.next.request_id = request_id;
    enum ord_code code = do_ask(sequences, &asker);
    if (code == ORD_OK)
        *ret_first = asker.ask.values.first;
    return code;
}

enum ord_code do_set(struct ord_sequences *sequences, const char *name, int64_t next, bool forced)
{
    struct asker asker;
    asker_init(&asker, ORD_SEQUENCE_SET, name);
    asker.ask.set.next = next;
    asker.ask.set.is_forced = forced;
    return do_ask(sequences, &asker);
}

enum ord_code do_delete(struct ord_sequences *sequences, const char *name)
{
    struct asker asker;
    asker_init(&asker, ORD_SEQUENCE_DELETE, name);
    return do_ask(sequences, &asker);
}

enum ord_code do_get(struct ord_sequences *sequences, const char *name, struct ord_sequence_record *ret)
{
    struct asker asker;
    asker_init(&asker, ORD_SEQUENCE_GET, name);
    enum ord_code code = do_ask(sequences, &asker);
    *ret = asker.ask.record;
    return code;
}

int64_t value_of(struct ord_sequences *sequences, const char *name)
{
    int64_t first = 0;
    cr_assert_eq(do_next(sequences, name, 1, "", &first), ORD_OK, "%s", name);
    return first;
}
