/* What each verb does to sequences in memory, as part of a transaction. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "sequence/internal.h"

#define KEY_MAX (ORD_NAME_MAX + 12 + ORD_REQUEST_KEY_MAX + 1)

static void refuse_absent(struct ord_sequence_ask *ask)
{
    ord_fail(ask->error, ORD_NOT_FOUND, "name: there is no sequence %s", ask->name);
}

static void refuse_deleted(struct ord_sequence_ask *ask)
{
    ord_fail(ask->error, ORD_DELETED,
             "name: the sequence %s was deleted; its name is taken again only by creating it with revive",
             ask->name);
}

/* Whether there is such a sequence; else it is answered. */
static bool lives(struct ord_sequence_ask *ask)
{
    if (ask->entry->record.status == ORD_SEQUENCE_LIVE)
        return true;
    (ask->entry->record.status == ORD_SEQUENCE_DELETED ? refuse_deleted : refuse_absent)(ask);
    return false;
}

/* Whether something may be changed; else it is answered. */
static bool may_change(struct ord_sequences *sequences, struct ord_sequence_ask *ask)
{
    if (sequences->is_uncertain)
        *ask->error = sequences->trouble;
    return !sequences->is_uncertain;
}

static void tell(struct ord_sequence_ask *ask)
{
    ask->record = ord_sequences_record(ask->entry);
    ask->error->code = ORD_OK;
}

static void give(struct ord_sequences *sequences, struct ord_sequence_ask *ask, int64_t first)
{
    const struct ord_sequence *what = &ask->entry->record.what;
    ask->values = (struct ord_values){
        .first = first, .increment = what->increment, .count = ask->next.count, .mode = what->mode};
    ask->error->code = ORD_OK;
}

static uint64_t left(const struct ord_sequence_entry *entry)
{
    uint64_t index = ord_window_index(&entry->window);
    return index < entry->end ? entry->end - index : 0;
}

static void refuse_over(struct ord_sequence_ask *ask)
{
    ord_sequence_refuse(&ask->entry->record.what, ask->next.count, left(ask->entry), ask->error);
}

/* The values that a key brought before. False: it did not. */
static bool repeat(struct ord_sequences *sequences, struct ord_sequence_ask *ask, const char *key)
{
    struct ord_request *request = ord_requests_find(&sequences->requests, key, sequences->now_us);
    if (!request)
        return false;
    if (request->grant.count == ask->next.count)
        give(sequences, ask, (int64_t)request->grant.first);
    else
        ord_fail(ask->error, ORD_REQUEST_MISMATCH,
                 "request_id: it was used for count %" PRIu32
                 "; allowed with the same count, or choose another",
                 request->grant.count);
    ask->is_staged |= !request->is_durable;
    return true;
}

static void remember(struct ord_sequences *sequences, struct ord_sequence_ask *ask, struct ord_request *request)
{
    request->grant.first = (uint64_t)ask->values.first;
    request->grant.count = ask->next.count;
    request->next = NULL;
    *sequences->given_end = request;
    sequences->given_end = &request->next;
}

/* Takes values that leave once the transaction is durable. */
static bool stage_values(struct ord_sequences *sequences, struct ord_sequence_ask *ask)
{
    struct ord_sequence_entry *entry = ask->entry;
    int64_t first;
    if (entry->record.what.mode == ORD_SEQUENCE_GAPLESS)
        ord_sequences_allow_undo(sequences, entry);
    else
        ord_sequences_touch(sequences, entry);
    bool is_taken = ord_window_take_beyond(&entry->window, ask->next.count, entry->end, &first);
    if (is_taken)
        give(sequences, ask, first);
    else
        refuse_over(ask);
    return is_taken;
}

static void next_once(struct ord_sequences *sequences, struct ord_sequence_ask *ask)
{
    char key[KEY_MAX];
    struct ord_request *request;
    snprintf(key, sizeof key, "%s/%" PRIu32 "/%s", ask->name, ask->entry->record.birth, ask->next.request_id);
    if (repeat(sequences, ask, key) || !may_change(sequences, ask) ||
        ord_requests_add(&sequences->requests, key, sequences->now_us, &request, ask->error) != ORD_OK)
        return;
    if (stage_values(sequences, ask))
        remember(sequences, ask, request);
    else
        ord_requests_drop(&sequences->requests, request);
}

/* Values of a block: those that are reserved, or else after the transaction. */
static void next_of_block(struct ord_sequences *sequences, struct ord_sequence_ask *ask)
{
    struct ord_sequence_entry *entry = ask->entry;
    int64_t first;
    if (ord_window_take(&entry->window, ask->next.count, &first)) {
        give(sequences, ask, first);
        ask->is_final = true;
        return;
    }
    if (left(entry) < entry->waiting + ask->next.count) { /* nor is anything reserved for it */
        refuse_over(ask);
        return;
    }
    if (!may_change(sequences, ask))
        return;
    ord_sequences_touch(sequences, entry)->extends = true;
    entry->waiting += ask->next.count;
    ask->is_waiting = true;
}

static void next(struct ord_sequences *sequences, struct ord_sequence_ask *ask)
{
    if (!lives(ask))
        return;
    atomic_store_explicit(&ask->entry->is_used, true, memory_order_relaxed);
    if (*ask->next.request_id)
        next_once(sequences, ask);
    else if (ask->entry->record.what.mode == ORD_SEQUENCE_BLOCK)
        next_of_block(sequences, ask);
    else if (may_change(sequences, ask))
        stage_values(sequences, ask);
}

void ord_sequences_serve(struct ord_sequences *sequences, struct ord_sequence_ask *ask)
{
    int64_t first;
    if (!lives(ask))
        return;
    if (ord_window_take_beyond(&ask->entry->window, ask->next.count, ask->entry->new_limit, &first))
        give(sequences, ask, first);
    else
        refuse_over(ask);
}

static void create(struct ord_sequences *sequences, struct ord_sequence_ask *ask)
{
    struct ord_sequence_entry *entry = ask->entry;
    const struct ord_sequence_record *before = &entry->record;
    if (before->status == ORD_SEQUENCE_LIVE) {
        if (ord_sequence_equals(&before->what, &ask->create.what))
            tell(ask);
        else
            ord_fail(ask->error, ORD_ALREADY_EXISTS, "name: there is a sequence %s, with other properties",
                     ask->name);
        return;
    }
    if (before->status == ORD_SEQUENCE_DELETED && !ask->create.revives) {
        refuse_deleted(ask);
        return;
    }
    if (!may_change(sequences, ask))
        return;
    ord_sequences_allow_undo(sequences, entry);
    struct ord_sequence_record record = {
        .status = ORD_SEQUENCE_LIVE,
        .what = ask->create.what,
        .at = {.next = ask->create.what.start},
        .birth = before->birth + 1,
        .created_us = sequences->now_us,
    };
    ord_sequences_become(entry, &record);
    ask->is_new = true;
    tell(ask);
}

static void get(struct ord_sequences *sequences, struct ord_sequence_ask *ask)
{
    if (lives(ask))
        tell(ask);
}

static void set(struct ord_sequences *sequences, struct ord_sequence_ask *ask)
{
    struct ord_sequence_entry *entry = ask->entry;
    if (!lives(ask) || !may_change(sequences, ask))
        return;
    uint64_t reserved = ord_sequences_hold(entry);
    struct ord_sequence_record record = ord_sequences_record(entry);
    if (ord_sequence_check_set(&record.what, &record.at, ask->set.next, ask->set.is_forced, ask->error) !=
        ORD_OK) {
        if (record.what.mode == ORD_SEQUENCE_BLOCK)
            ord_sequences_raise(entry, ord_window_index(&entry->window) + reserved);
        return;
    }
    ord_sequences_allow_undo(sequences, entry);
    record.at = (struct ord_position){.next = ask->set.next};
    ord_sequences_become(entry, &record);
    tell(ask);
}

static void delete (struct ord_sequences *sequences, struct ord_sequence_ask *ask)
{
    struct ord_sequence_entry *entry = ask->entry;
    if (!lives(ask) || !may_change(sequences, ask))
        return;
    ord_sequences_hold(entry);
    tell(ask);
    ord_sequences_allow_undo(sequences, entry);
    struct ord_sequence_record record = ask->record;
    record.status = ORD_SEQUENCE_DELETED;
    ord_sequences_become(entry, &record);
}

typedef void stage(struct ord_sequences *sequences, struct ord_sequence_ask *ask);

static stage *const verbs[ORD_SEQUENCE_VERBS] = {
    [ORD_SEQUENCE_NEXT] = next, [ORD_SEQUENCE_CREATE] = create, [ORD_SEQUENCE_GET] = get,
    [ORD_SEQUENCE_SET] = set,   [ORD_SEQUENCE_DELETE] = delete,
};

void ord_sequences_stage(struct ord_sequences *sequences, struct ord_sequence_ask *ask)
{
    struct ord_sequence_entry *entry = ask->entry;
    if (!entry) {
        ord_fail_retry(ask->error, ORD_UNAVAILABLE, ORD_SEQUENCES_RETRY_MS,
                       "as many sequences are in use at once as fit in memory");
        return;
    }
    if (entry->state == ORD_ENTRY_UNREAD)
        *ask->error = sequences->unread;
    else if (entry->state == ORD_ENTRY_DAMAGED)
        ord_fail(ask->error, ORD_INTERNAL, "name: what is stored of the sequence %s is damaged", ask->name);
    else
        verbs[ask->work.verb](sequences, ask);
    /* What others changed in this transaction counts only with it. */
    ask->is_staged = !ask->is_final && (entry->change != NULL || ask->is_staged);
}
