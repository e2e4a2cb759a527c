/* A transaction on sequences: what is part of it, how it is written, and how it is undone. */
#include <string.h>

#include "sequence/internal.h"

static uint64_t min(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t max(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

static uint64_t add(uint64_t a, uint64_t b)
{
    return b > UINT64_MAX - a ? UINT64_MAX : a + b;
}

static bool is_live(const struct ord_sequence_entry *entry)
{
    return entry->record.status == ORD_SEQUENCE_LIVE;
}

static bool has_blocks(const struct ord_sequence_entry *entry)
{
    return entry->record.what.mode == ORD_SEQUENCE_BLOCK;
}

struct ord_position ord_sequences_position_at(const struct ord_sequence_entry *entry, uint64_t index)
{
    bool is_over = index >= entry->end;
    return (struct ord_position){.next = ord_window_value(&entry->window, is_over ? entry->end - 1 : index),
                                 .is_over = is_over};
}

struct ord_sequence_record ord_sequences_record(const struct ord_sequence_entry *entry)
{
    struct ord_sequence_record record = entry->record;
    if (is_live(entry))
        record.at = ord_sequences_position_at(entry, ord_window_index(&entry->window));
    return record;
}

void ord_sequences_become(struct ord_sequence_entry *entry, const struct ord_sequence_record *record)
{
    entry->record = *record;
    bool lives = is_live(entry);
    atomic_store_explicit(&entry->mode, lives ? (int)record->what.mode : -1, memory_order_relaxed);
    if (!lives)
        return;
    uint64_t next = (uint64_t)record->at.next, increment = (uint64_t)record->what.increment;
    uint64_t first = record->at.is_over ? next + increment : next;
    uint64_t index = ord_window_open(&entry->window, (int64_t)first, record->what.increment);
    entry->end = add(index, ord_sequence_left(&record->what, &record->at));
}

uint64_t ord_sequences_hold(struct ord_sequence_entry *entry)
{
    uint64_t limit = ord_window_limit(&entry->window), index = ord_window_close(&entry->window);
    struct ord_sequence_record record = entry->record;
    record.at = ord_sequences_position_at(entry, index);
    ord_sequences_become(entry, &record);
    return limit > index ? limit - index : 0;
}

struct ord_sequence_change *ord_sequences_touch(struct ord_sequences *sequences,
                                                struct ord_sequence_entry *entry)
{
    if (!entry->change) {
        entry->change = &sequences->changes[sequences->change_count++];
        *entry->change = (struct ord_sequence_change){.entry = entry};
    }
    return entry->change;
}

void ord_sequences_allow_undo(struct ord_sequences *sequences, struct ord_sequence_entry *entry)
{
    struct ord_sequence_change *change = ord_sequences_touch(sequences, entry);
    if (change->can_undo)
        return;
    change->can_undo = true;
    change->before = ord_sequences_record(entry);
}

/* How far a sequence with blocks is to be reserved: what it has, and all that calls wait for; and a block from
 * where it stands, unless nobody wants values of it just now. */
static uint64_t limit_of(const struct ord_sequence_entry *entry)
{
    uint64_t index = ord_window_index(&entry->window), limit = ord_window_limit(&entry->window);
    uint64_t wanted = add(max(index, limit), entry->waiting);
    if (entry->change->extends)
        wanted = max(wanted, add(index, entry->record.what.block));
    return min(entry->end, wanted);
}

/* What is to be stored of an entry. */
static struct ord_sequence_record target_of(struct ord_sequence_entry *entry)
{
    struct ord_sequence_record record = ord_sequences_record(entry);
    if (!is_live(entry) || !has_blocks(entry) || entry->change->is_leaving)
        return record;
    entry->new_limit = limit_of(entry);
    record.at = ord_sequences_position_at(entry, entry->new_limit);
    return record;
}

static void fill_items(struct ord_sequences *sequences)
{
    for (size_t i = 0; i < sequences->change_count; i++) {
        struct ord_sequence_entry *entry = sequences->changes[i].entry;
        ord_sequence_entry_name(entry, sequences->names[i]);
        sequences->items[i] =
            (struct ord_sequence_item){.name = sequences->names[i], .record = target_of(entry)};
    }
}

bool ord_sequences_commit(struct ord_sequences *sequences)
{
    struct ord_request *gone = ord_requests_take_gone(&sequences->requests);
    fill_items(sequences);
    struct ord_sequence_batch batch = {.items = sequences->items,
                                       .count = sequences->change_count,
                                       .requests = {.gone = gone, .given = sequences->given}};
    struct ord_error cause = {0};
    const struct ord_sequence_port *port = &sequences->options.port;
    bool is_ok = port->commit(port->context, &batch, &cause) == ORD_OK;
    atomic_fetch_add_explicit(&sequences->commits[is_ok], 1, memory_order_relaxed);
    if (is_ok) {
        ord_requests_free(gone);
    } else {
        ord_requests_give_back(&sequences->requests, gone);
        ord_fail_retry(&sequences->trouble, ORD_UNAVAILABLE, ORD_SEQUENCES_RETRY_MS,
                       "it cannot be made durable: %s", cause.text);
    }
    sequences->is_uncertain = !is_ok;
    return is_ok;
}

/* Nobody was told of what the failed transaction changed, so memory can go back; what is stored follows. */
static void undo(struct ord_sequences *sequences, struct ord_sequence_change *change)
{
    struct ord_sequence_entry *entry = change->entry;
    if (change->can_undo)
        ord_sequences_become(entry, &change->before);
    if (!entry->is_dirty)
        sequences->dirty[sequences->dirty_count++] = entry;
    entry->is_dirty = true;
}

void ord_sequences_raise(struct ord_sequence_entry *entry, uint64_t limit)
{
    uint64_t half = entry->record.what.block / 2;
    uint64_t low = limit == entry->end ? UINT64_MAX : limit - min(half, limit);
    ord_window_raise(&entry->window, limit, low);
}

static void keep(struct ord_sequences *sequences, struct ord_sequence_change *change)
{
    struct ord_sequence_entry *entry = change->entry;
    if (change->is_leaving)
        ord_sequence_table_remove(&sequences->table, entry);
    else if (is_live(entry) && has_blocks(entry))
        ord_sequences_raise(entry, entry->new_limit);
}

static void finish_requests(struct ord_sequences *sequences, bool is_ok)
{
    for (struct ord_request *at = sequences->given, *next; at; at = next) {
        next = at->next;
        (is_ok ? ord_requests_keep : ord_requests_withdraw)(&sequences->requests, at);
    }
    sequences->given = NULL;
    sequences->given_end = &sequences->given;
    atomic_store_explicit(&sequences->remembered, sequences->requests.count, memory_order_relaxed);
}

void ord_sequences_finish(struct ord_sequences *sequences, bool is_ok)
{
    for (size_t i = 0; i < sequences->change_count; i++) {
        struct ord_sequence_change *change = &sequences->changes[i];
        change->entry->change = NULL;
        change->entry->waiting = 0;
        (is_ok ? keep : undo)(sequences, change);
    }
    sequences->change_count = 0;
    finish_requests(sequences, is_ok);
}

static void forget_dirt(struct ord_sequences *sequences)
{
    for (size_t i = 0; i < sequences->dirty_count; i++) {
        struct ord_sequence_entry *entry = sequences->dirty[i];
        entry->is_dirty = false;
        if (entry->record.status == ORD_SEQUENCE_ABSENT)
            ord_sequence_table_remove(&sequences->table, entry);
    }
    sequences->dirty_count = 0;
}

bool ord_sequences_settle(struct ord_sequences *sequences)
{
    if (!sequences->is_uncertain)
        return true;
    for (size_t i = 0; i < sequences->dirty_count; i++)
        ord_sequences_touch(sequences, sequences->dirty[i]);
    bool is_ok = ord_sequences_commit(sequences);
    ord_sequences_finish(sequences, is_ok);
    if (is_ok)
        forget_dirt(sequences);
    return is_ok;
}
