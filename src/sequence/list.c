/* Pages of sequences: what is stored, as it stands in memory where it is there. */
#include <string.h>

#include "sequence/internal.h"

/* Names of deleted ones take their place in storage, but not on a page; it ends early after so many names. */
#define LOOKS_MAX 20000

struct listing {
    struct ord_sequences *sequences;
    struct ord_sequence_ask *ask;
    size_t looks;
    bool is_full, has_no_memory;
};

static char *copy(struct listing *listing, const char *name)
{
    char *text = ord_arena_printf(listing->ask->list.arena, "%s", name);
    listing->has_no_memory |= !text;
    return text;
}

static bool refuse_damaged(struct listing *listing, const char *name)
{
    ord_fail(listing->ask->error, ORD_INTERNAL, "what is stored of the sequence %s is damaged", name);
    return false;
}

static bool found(void *context, const struct ord_sequence_item *item)
{
    struct listing *listing = context;
    struct ord_sequence_ask *ask = listing->ask;
    listing->is_full = ask->page.count == ask->list.max || listing->looks++ == LOOKS_MAX;
    if (listing->is_full)
        return false;
    struct ord_sequence_entry *entry = ord_sequence_table_find(&listing->sequences->table, item->name);
    if (item->is_damaged)
        return refuse_damaged(listing, item->name);
    struct ord_sequence_record record = entry ? ord_sequences_record(entry) : item->record;
    ask->is_staged |= entry && entry->change;
    ask->page.end = copy(listing, item->name);
    if (record.status == ORD_SEQUENCE_LIVE && ask->page.end)
        ask->page.items[ask->page.count++] =
            (struct ord_sequence_item){.name = ask->page.end, .record = record};
    return !listing->has_no_memory;
}

void ord_sequences_list(struct ord_sequences *sequences, struct ord_sequence_ask *ask)
{
    struct listing listing = {.sequences = sequences, .ask = ask};
    const struct ord_sequence_port *port = &sequences->options.port;
    struct ord_error cause = {0};
    ask->page.end = NULL;
    ask->page.count = 0;
    ask->page.items = ord_arena_alloc(ask->list.arena, ask->list.max * sizeof *ask->page.items);
    listing.has_no_memory = !ask->page.items;
    ask->error->code = ORD_OK;
    if (!listing.has_no_memory &&
        port->list(port->context, ask->list.prefix, ask->list.after, found, &listing, &cause) != ORD_OK)
        ord_fail_retry(ask->error, ORD_UNAVAILABLE, ORD_SEQUENCES_RETRY_MS, "they cannot be read: %s",
                       cause.text);
    if (listing.has_no_memory)
        ord_fail(ask->error, ORD_INTERNAL, "no memory");
    if (!listing.is_full)
        ask->page.end = NULL;
}
