/* What the committer's thread does with a list of asks: reads, works out, writes, answers. */
#include <string.h>

#include "sequence/internal.h"

static struct ord_sequence_entry *extended_by(struct ord_sequence_work *work)
{
    return (struct ord_sequence_entry *)((char *)work - offsetof(struct ord_sequence_entry, extension));
}

static struct ord_sequence_ask *ask_of(struct ord_sequence_work *work)
{
    return (struct ord_sequence_ask *)work;
}

static struct ord_sequence_work *after(const struct ord_sequence_work *work)
{
    return (struct ord_sequence_work *)work->commit.next;
}

static bool is_named(const struct ord_sequence_work *work)
{
    return work->verb != ORD_SEQUENCE_EXTEND && work->verb != ORD_SEQUENCE_LIST;
}

static void want(struct ord_sequences *sequences, struct ord_sequence_ask *ask)
{
    ask->entry = ord_sequence_table_find(&sequences->table, ask->name);
    if (ask->entry)
        return;
    ask->entry = ord_sequence_table_add(&sequences->table, ask->name);
    if (!ask->entry)
        return;
    sequences->items[sequences->loading_count] = (struct ord_sequence_item){.name = ask->name};
    sequences->loading[sequences->loading_count++] = ask->entry;
}

static void note_read(struct ord_sequence_entry *entry, const struct ord_sequence_item *item)
{
    entry->state = item->is_damaged ? ORD_ENTRY_DAMAGED : ORD_ENTRY_KNOWN;
    if (!item->is_damaged)
        ord_sequences_become(entry, &item->record);
}

/* Finds the entries of all that is asked, and reads those that are not in memory. */
static void load(struct ord_sequences *sequences, struct ord_sequence_work *list)
{
    sequences->loading_count = 0;
    for (struct ord_sequence_work *at = list; at; at = after(at))
        if (is_named(at))
            want(sequences, ask_of(at));
    size_t count = sequences->loading_count;
    if (count == 0)
        return;
    struct ord_error cause = {0};
    const struct ord_sequence_port *port = &sequences->options.port;
    bool is_ok = port->read(port->context, sequences->items, count, &cause) == ORD_OK;
    if (!is_ok)
        ord_fail_retry(&sequences->unread, ORD_UNAVAILABLE, ORD_SEQUENCES_RETRY_MS, "it cannot be read: %s",
                       cause.text);
    for (size_t i = 0; i < count; i++)
        if (is_ok)
            note_read(sequences->loading[i], &sequences->items[i]);
        else
            sequences->loading[i]->state = ORD_ENTRY_UNREAD;
}

/* Forgets what turned out not to be there. */
static void unload(struct ord_sequences *sequences)
{
    for (size_t i = 0; i < sequences->loading_count; i++) {
        struct ord_sequence_entry *entry = sequences->loading[i];
        bool is_kept = entry->state == ORD_ENTRY_KNOWN && entry->record.status != ORD_SEQUENCE_ABSENT;
        if (!is_kept && !entry->is_dirty)
            ord_sequence_table_remove(&sequences->table, entry);
    }
}

static void extend(struct ord_sequences *sequences, struct ord_sequence_entry *entry)
{
    uint64_t limit = ord_window_limit(&entry->window);
    bool is_low =
        ord_window_index(&entry->window) >= atomic_load_explicit(&entry->window.low, memory_order_relaxed);
    if (entry->record.status == ORD_SEQUENCE_LIVE && limit > 0 && is_low && !sequences->is_uncertain)
        ord_sequences_touch(sequences, entry)->extends = true;
}

static void stage_all(struct ord_sequences *sequences, struct ord_sequence_work *list)
{
    for (struct ord_sequence_work *at = list; at; at = after(at))
        if (at->verb == ORD_SEQUENCE_EXTEND)
            extend(sequences, extended_by(at));
        else if (at->verb == ORD_SEQUENCE_LIST)
            ord_sequences_list(sequences, ask_of(at));
        else
            ord_sequences_stage(sequences, ask_of(at));
}

/* The answers of those that depend on the transaction. */
static void settle_answers(struct ord_sequences *sequences, struct ord_sequence_work *list, bool is_ok)
{
    for (struct ord_sequence_work *at = list; at; at = after(at)) {
        struct ord_sequence_ask *ask = ask_of(at);
        if (at->verb == ORD_SEQUENCE_EXTEND)
            continue;
        if (!is_ok && (ask->is_staged || ask->is_waiting))
            *ask->error = sequences->trouble;
        else if (ask->is_waiting)
            ord_sequences_serve(sequences, ask);
    }
}

/* The next of what was handed over may go on as soon as it is told. */
static void answer(struct ord_sequences *sequences, struct ord_sequence_work *list)
{
    for (struct ord_sequence_work *at = list, *next; at; at = next) {
        next = after(at);
        if (at->verb == ORD_SEQUENCE_EXTEND) {
            atomic_store_explicit(&extended_by(at)->is_extending, false, memory_order_release);
            continue;
        }
        struct ord_sequence_ask *ask = ask_of(at);
        if (at->verb == ORD_SEQUENCE_NEXT && ask->error->code == ORD_OK)
            ord_sequences_count(sequences, ask->entry, &ask->values);
        ask->done(ask);
    }
}

static void run(struct ord_sequences *sequences, struct ord_sequence_work *list)
{
    sequences->now_us = sequences->options.now_us(sequences->options.now_context);
    ord_sequences_settle(sequences);
    ord_sequences_make_room(sequences);
    load(sequences, list);
    stage_all(sequences, list);
    bool has_changes = sequences->change_count > 0;
    bool is_ok = !has_changes || ord_sequences_commit(sequences);
    settle_answers(sequences, list, is_ok);
    if (has_changes)
        ord_sequences_finish(sequences, is_ok);
    unload(sequences);
    answer(sequences, list);
}

void ord_sequences_work(void *context, struct ord_commit *list)
{
    struct ord_sequences *sequences = context;
    for (struct ord_sequence_work *first = (struct ord_sequence_work *)list; first;) {
        struct ord_sequence_work *last = first;
        for (size_t count = 1; count < sequences->at_once && after(last); count++)
            last = after(last);
        struct ord_sequence_work *rest = after(last);
        last->commit.next = NULL;
        run(sequences, first);
        first = rest;
    }
}

/* Makes an entry leave memory; one that has values reserved once that is written. */
static void dismiss(struct ord_sequences *sequences, struct ord_sequence_entry *entry)
{
    uint64_t reserved = entry->record.status == ORD_SEQUENCE_LIVE ? ord_sequences_hold(entry) : 0;
    if (reserved > 0)
        ord_sequences_touch(sequences, entry)->is_leaving = true;
    else
        ord_sequence_table_remove(&sequences->table, entry);
}

/* Whether it is in the table, and nothing hinders that it leaves. */
static bool may_leave(const struct ord_sequence_entry *entry)
{
    return entry->record.status != ORD_SEQUENCE_ABSENT && !entry->is_dirty && !entry->change;
}

static bool write_changes(struct ord_sequences *sequences)
{
    bool is_ok = ord_sequences_commit(sequences);
    ord_sequences_finish(sequences, is_ok);
    return is_ok;
}

/* Goes round the entries, and lets those go that were not used since it came by last. */
void ord_sequences_make_room(struct ord_sequences *sequences)
{
    size_t wanted = sequences->at_once, max = sequences->options.loaded_max;
    for (size_t steps = 0; steps < 2 * max && sequences->change_count < sequences->at_once &&
                           ord_sequence_table_left(&sequences->table) + sequences->change_count < wanted &&
                           !sequences->is_uncertain;
         steps++) {
        struct ord_sequence_entry *entry = ord_sequence_table_at(&sequences->table, sequences->hand);
        sequences->hand = (sequences->hand + 1) % max;
        if (!entry || !may_leave(entry))
            continue;
        if (atomic_exchange_explicit(&entry->is_used, false, memory_order_relaxed))
            continue;
        dismiss(sequences, entry);
    }
    if (sequences->change_count > 0)
        write_changes(sequences);
}

enum ord_code ord_sequences_release(struct ord_sequences *sequences, struct ord_error *error)
{
    bool is_ok = ord_sequences_settle(sequences);
    struct ord_sequence_entry *entry;
    for (size_t i = 0; is_ok && (entry = ord_sequence_table_at(&sequences->table, i)); i++) {
        if (may_leave(entry))
            dismiss(sequences, entry);
        if (sequences->change_count == sequences->at_once)
            is_ok = write_changes(sequences);
    }
    if (is_ok && (sequences->change_count == 0 || write_changes(sequences)))
        return ORD_OK;
    return ord_fail(error, sequences->trouble.code, "sequences: %s", sequences->trouble.text);
}
