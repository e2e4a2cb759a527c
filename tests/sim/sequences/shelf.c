#include "sim/sequences/shelf.h"

#include <string.h>

const char *const shelf_names[SHELF_NAMES] = {"n0", "n1", "n2", "n3", "n4", "n5"};

unsigned shelf_index(const char *name)
{
    return (unsigned)(name[1] - '0');
}

static struct shelf_key *slot_of(struct shelf_image *image, const char *text)
{
    for (int i = 0; i < SHELF_KEYS; i++)
        if (strcmp(image->keys[i].text, text) == 0)
            return &image->keys[i];
    return NULL;
}

const struct ord_grant *shelf_find(const struct shelf_image *image, const char *key)
{
    for (int i = 0; i < SHELF_KEYS; i++)
        if (strcmp(image->keys[i].text, key) == 0)
            return &image->keys[i].grant;
    return NULL;
}

static void put_key(struct shelf_image *image, const struct ord_request *request)
{
    struct shelf_key *slot = slot_of(image, request->key);
    if (!slot)
        slot = slot_of(image, "");
    if (!slot)
        return; /* the history has fewer keys */
    strncpy(slot->text, request->key, SHELF_KEY_MAX - 1);
    slot->grant = request->grant;
}

static void apply(struct shelf_image *image, const struct ord_sequence_batch *batch)
{
    for (size_t i = 0; i < batch->count; i++)
        image->records[shelf_index(batch->items[i].name)] = batch->items[i].record;
    for (const struct ord_request *at = batch->requests.gone; at; at = at->next) {
        struct shelf_key *slot = slot_of(image, at->key);
        if (slot)
            *slot = (struct shelf_key){.text = ""};
    }
    for (const struct ord_request *at = batch->requests.given; at; at = at->next)
        put_key(image, at);
}

void shelf_decide(struct shelf *shelf)
{
    if (shelf->is_doubtful && sim_random_one_in(shelf->random, 2))
        shelf->durable = shelf->doubt;
    shelf->is_doubtful = false;
}

static enum ord_code fail(struct ord_error *error)
{
    return ord_fail(error, ORD_UNAVAILABLE, "the disk");
}

static void note(const struct shelf *shelf, enum shelf_event event)
{
    shelf->noted(shelf->context, event);
}

/* A call begins. False: it fails. */
static bool begin(struct shelf *shelf)
{
    if (shelf->is_dead)
        return false;
    shelf_decide(shelf);
    shelf->meanwhile(shelf->context);
    return true;
}

static bool is_faulty(struct shelf *shelf)
{
    return sim_random_one_in(shelf->random, shelf->fault_odds);
}

static enum ord_code load_requests(void *context, int64_t since_us, ord_request_found *found,
                                   void *found_context, uint32_t *ret_damaged, struct ord_error *error)
{
    struct shelf *shelf = context;
    for (int i = 0; i < SHELF_KEYS; i++) {
        struct shelf_key *key = &shelf->durable.keys[i];
        if (*key->text && key->grant.given_us <= since_us)
            *key = (struct shelf_key){.text = ""};
        else if (*key->text && !found(found_context, key->text, &key->grant))
            return ord_fail(error, ORD_INTERNAL, "no memory");
    }
    *ret_damaged = 0;
    return ORD_OK;
}

static enum ord_code read(void *context, struct ord_sequence_item *items, size_t count, struct ord_error *error)
{
    struct shelf *shelf = context;
    if (!begin(shelf))
        return fail(error);
    if (is_faulty(shelf)) {
        note(shelf, SHELF_UNREAD);
        return fail(error);
    }
    for (size_t i = 0; i < count; i++)
        items[i].record = shelf->durable.records[shelf_index(items[i].name)];
    shelf->meanwhile(shelf->context);
    return ORD_OK;
}

static enum ord_code list(void *context, const char *prefix, const char *after, ord_sequence_found *found,
                          void *found_context, struct ord_error *error)
{
    struct shelf *shelf = context;
    if (!begin(shelf))
        return fail(error);
    for (unsigned i = 0; i < SHELF_NAMES; i++) {
        struct ord_sequence_item item = {.name = shelf_names[i], .record = shelf->durable.records[i]};
        if (item.record.status != ORD_SEQUENCE_ABSENT && strcmp(item.name, after) > 0 &&
            !found(found_context, &item))
            break;
    }
    return ORD_OK;
}

static enum ord_code commit(void *context, const struct ord_sequence_batch *batch, struct ord_error *error)
{
    struct shelf *shelf = context;
    if (!begin(shelf))
        return fail(error);
    struct shelf_image image = shelf->durable;
    apply(&image, batch);
    bool dies = sim_random_one_in(shelf->random, shelf->crash_odds);
    bool is_late = sim_random_one_in(shelf->random, 2);
    if (dies || is_faulty(shelf)) {
        shelf->is_dead = dies;
        shelf->is_doubtful = is_late;
        shelf->doubt = image;
        note(shelf,
             dies ? (is_late ? SHELF_LATE_CRASH : SHELF_CRASH) : (is_late ? SHELF_DOUBTFUL : SHELF_LOST));
        return fail(error);
    }
    shelf->durable = image;
    note(shelf, SHELF_DURABLE);
    shelf->meanwhile(shelf->context);
    return ORD_OK;
}

struct ord_sequence_port shelf_port(struct shelf *shelf)
{
    return (struct ord_sequence_port){
        .context = shelf, .load_requests = load_requests, .read = read, .list = list, .commit = commit};
}
