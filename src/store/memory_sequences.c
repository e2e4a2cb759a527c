#include "store/memory_sequences.h"

#include <stdlib.h>
#include <string.h>

static enum ord_code load_nothing(void *context, int64_t since_us, ord_request_found *found,
                                  void *found_context, uint32_t *ret_damaged, struct ord_error *error)
{
    *ret_damaged = 0;
    return ORD_OK;
}

/* Where a name is, or would be. */
static size_t place_of(const struct ord_memory_sequences *memory, const char *name)
{
    size_t low = 0, high = memory->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(memory->items[middle].name, name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool is_at(const struct ord_memory_sequences *memory, size_t place, const char *name)
{
    return place < memory->count && strcmp(memory->items[place].name, name) == 0;
}

static enum ord_code read_items(void *context, struct ord_sequence_item *items, size_t count,
                                struct ord_error *error)
{
    const struct ord_memory_sequences *memory = context;
    for (size_t i = 0; i < count; i++) {
        size_t place = place_of(memory, items[i].name);
        items[i].is_damaged = false;
        items[i].record = (struct ord_sequence_record){.status = ORD_SEQUENCE_ABSENT};
        if (is_at(memory, place, items[i].name))
            items[i].record = memory->items[place].record;
    }
    return ORD_OK;
}

static enum ord_code list(void *context, const char *prefix, const char *after, ord_sequence_found *found,
                          void *found_context, struct ord_error *error)
{
    const struct ord_memory_sequences *memory = context;
    size_t place = place_of(memory, strcmp(after, prefix) > 0 ? after : prefix);
    if (is_at(memory, place, after))
        place++;
    for (; place < memory->count && strncmp(memory->items[place].name, prefix, strlen(prefix)) == 0; place++)
        if (memory->items[place].record.status != ORD_SEQUENCE_ABSENT &&
            !found(found_context, &memory->items[place]))
            break;
    return ORD_OK;
}

static bool make_room(struct ord_memory_sequences *memory)
{
    if (memory->count < memory->room)
        return true;
    size_t room = memory->room ? 2 * memory->room : 64;
    struct ord_sequence_item *items = reallocarray(memory->items, room, sizeof *items);
    if (!items)
        return false;
    memory->items = items;
    memory->room = room;
    return true;
}

/* A name that nothing is stored of yet. */
static bool insert(struct ord_memory_sequences *memory, size_t place, const char *name)
{
    char *copy = strdup(name);
    if (!copy || !make_room(memory)) {
        free(copy);
        return false;
    }
    memmove(memory->items + place + 1, memory->items + place, (memory->count - place) * sizeof *memory->items);
    memory->items[place] = (struct ord_sequence_item){.name = copy};
    memory->count++;
    return true;
}

static void take_out(struct ord_memory_sequences *memory, size_t place)
{
    free((char *)memory->items[place].name);
    memory->count--;
    memmove(memory->items + place, memory->items + place + 1, (memory->count - place) * sizeof *memory->items);
}

static bool prepare(struct ord_memory_sequences *memory, const struct ord_sequence_item *item)
{
    size_t place = place_of(memory, item->name);
    return is_at(memory, place, item->name) || insert(memory, place, item->name);
}

static void put(struct ord_memory_sequences *memory, const struct ord_sequence_item *item)
{
    size_t place = place_of(memory, item->name);
    memory->items[place].record = item->record;
    if (item->record.status == ORD_SEQUENCE_ABSENT)
        take_out(memory, place);
}

/* All names have their place first, so that what follows cannot fail. */
static enum ord_code commit(void *context, const struct ord_sequence_batch *batch, struct ord_error *error)
{
    struct ord_memory_sequences *memory = context;
    for (size_t i = 0; i < batch->count; i++)
        if (!prepare(memory, &batch->items[i]))
            return ord_fail(error, ORD_INTERNAL, "no memory");
    for (size_t i = 0; i < batch->count; i++)
        put(memory, &batch->items[i]);
    return ORD_OK;
}

struct ord_sequence_port ord_memory_sequences_port(struct ord_memory_sequences *memory)
{
    return (struct ord_sequence_port){
        .context = memory, .load_requests = load_nothing, .read = read_items, .list = list, .commit = commit};
}

void ord_memory_sequences_finish(struct ord_memory_sequences *memory)
{
    for (size_t i = 0; i < memory->count; i++)
        free((char *)memory->items[i].name);
    free(memory->items);
    *memory = (struct ord_memory_sequences){0};
}
