#include "sequence/sequences.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "sequence/internal.h"

#define LOADED_MAX 65536

static bool note_request(void *context, const char *key, const struct ord_grant *stored)
{
    return ord_requests_load(context, key, stored);
}

static enum ord_code load_requests(struct ord_sequences *sequences, struct ord_error *error)
{
    const struct ord_sequence_port *port = &sequences->options.port;
    int64_t since_us =
        sequences->options.now_us(sequences->options.now_context) - sequences->options.request_life_us;
    enum ord_code code = port->load_requests(port->context, since_us, note_request, &sequences->requests,
                                             &sequences->damaged, error);
    if (code == ORD_OK && !ord_requests_loaded(&sequences->requests))
        code = ord_fail(error, ORD_INTERNAL, "no memory");
    atomic_store(&sequences->remembered, sequences->requests.count);
    return code == ORD_OK ? ORD_OK : ord_wrap(error, "load requests of sequences");
}

static enum ord_code allocate(struct ord_sequences *sequences, struct ord_error *error)
{
    size_t loaded_max = sequences->options.loaded_max, at_once = loaded_max / 4;
    at_once = at_once > ORD_SEQUENCES_AT_ONCE ? ORD_SEQUENCES_AT_ONCE : at_once < 1 ? 1 : at_once;
    sequences->at_once = at_once;
    sequences->given_end = &sequences->given;
    sequences->changes = calloc(at_once, sizeof *sequences->changes);
    sequences->items = calloc(at_once, sizeof *sequences->items);
    sequences->names = calloc(at_once, sizeof *sequences->names);
    sequences->loading = calloc(at_once, sizeof(struct ord_sequence_entry *));
    sequences->dirty = calloc(at_once, sizeof(struct ord_sequence_entry *));
    if (!sequences->changes || !sequences->items || !sequences->names || !sequences->loading ||
        !sequences->dirty)
        return ord_fail(error, ORD_INTERNAL, "no memory");
    struct ord_name_key key;
    if (getrandom(&key, sizeof key, 0) != sizeof key)
        return ord_fail(error, ORD_INTERNAL, "no random numbers");
    return ord_sequence_table_init(&sequences->table, loaded_max, &key, error);
}

enum ord_code ord_sequences_open(const struct ord_sequences_options *options,
                                 struct ord_sequences **ret_sequences, struct ord_error *error)
{
    struct ord_sequences *sequences = calloc(1, sizeof *sequences);
    if (!sequences)
        return ord_fail(error, ORD_INTERNAL, "no memory");
    sequences->options = *options;
    if (sequences->options.loaded_max == 0)
        sequences->options.loaded_max = LOADED_MAX;
    ord_requests_init(&sequences->requests, options->request_max, options->request_life_us);
    enum ord_code code = allocate(sequences, error);
    if (code == ORD_OK)
        code = load_requests(sequences, error);
    if (code == ORD_OK)
        code = ord_committer_start(ord_sequences_work, sequences, &sequences->committer, error);
    if (code != ORD_OK) {
        ord_sequences_close(sequences, NULL);
        return code;
    }
    *ret_sequences = sequences;
    return ORD_OK;
}

struct ord_sequences *ord_sequences_close(struct ord_sequences *sequences, struct ord_error *error)
{
    if (error)
        error->code = ORD_OK;
    if (!sequences)
        return NULL;
    if (sequences->committer) {
        ord_committer_stop(sequences->committer);
        ord_sequences_release(sequences, error);
        if (sequences->options.port.finish)
            sequences->options.port.finish(sequences->options.port.context, NULL);
    }
    ord_sequence_table_finish(&sequences->table);
    ord_requests_finish(&sequences->requests);
    free(sequences->changes);
    free(sequences->items);
    free(sequences->names);
    free(sequences->loading);
    free(sequences->dirty);
    free(sequences);
    return NULL;
}

void ord_sequences_count(struct ord_sequences *sequences, struct ord_sequence_entry *entry,
                         const struct ord_values *values)
{
    atomic_fetch_add_explicit(&sequences->values[values->mode], values->count, memory_order_relaxed);
    if (sequences->options.counts_names)
        atomic_fetch_add_explicit(&entry->values, values->count, memory_order_relaxed);
}

/* Hands the entry to the committer, unless it is on its way. By then it may be another sequence's, or nobody's;
 * the committer looks at what it is. */
static void extend(struct ord_sequences *sequences, struct ord_sequence_entry *entry)
{
    if (!atomic_load_explicit(&entry->is_extending, memory_order_relaxed) &&
        !atomic_exchange_explicit(&entry->is_extending, true, memory_order_acq_rel))
        ord_committer_add(sequences->committer, &entry->extension.commit);
}

bool ord_sequences_take(struct ord_sequences *sequences, const char *name, uint32_t count,
                        struct ord_values *ret_values)
{
    struct ord_sequence_entry *entry;
    enum ord_table_taken taken = ord_sequence_table_take(&sequences->table, name, count, ret_values, &entry);
    if (taken == ORD_TABLE_ASK)
        return false;
    ord_sequences_count(sequences, entry, ret_values);
    if (taken == ORD_TABLE_TAKEN_LOW)
        extend(sequences, entry);
    return true;
}

void ord_sequences_ask(struct ord_sequences *sequences, struct ord_sequence_ask *ask)
{
    ask->entry = NULL;
    ask->is_new = ask->is_staged = ask->is_final = ask->is_waiting = false;
    ord_committer_add(sequences->committer, &ask->work.commit);
}

struct ord_sequences_counts ord_sequences_counts(const struct ord_sequences *sequences)
{
    struct ord_sequences_counts counts = {
        .loaded = atomic_load_explicit(&sequences->table.loaded, memory_order_relaxed),
        .requests = atomic_load_explicit(&sequences->remembered, memory_order_relaxed),
    };
    for (int i = 0; i < ORD_SEQUENCE_MODES; i++)
        counts.values[i] = atomic_load_explicit(&sequences->values[i], memory_order_relaxed);
    for (int i = 0; i < 2; i++)
        counts.commits[i] = atomic_load_explicit(&sequences->commits[i], memory_order_relaxed);
    return counts;
}

uint32_t ord_sequences_damaged(const struct ord_sequences *sequences)
{
    return sequences->damaged;
}

/* A name that is just being changed is not the one of its hash, and left out. */
static void tell(const struct ord_sequences *sequences, const struct ord_sequence_entry *entry,
                 ord_sequences_named *named, void *context)
{
    char name[ORD_NAME_MAX + 1];
    int mode = atomic_load_explicit(&entry->mode, memory_order_relaxed);
    uint64_t values = atomic_load_explicit(&entry->values, memory_order_relaxed);
    ord_sequence_entry_name(entry, name);
    if (mode >= 0 &&
        ord_name_hash(&sequences->table.key, name) == atomic_load_explicit(&entry->hash, memory_order_relaxed))
        named(context, name, (enum ord_sequence_mode)mode, values);
}

bool ord_sequences_counts_names(const struct ord_sequences *sequences)
{
    return sequences->options.counts_names;
}

void ord_sequences_by_name(const struct ord_sequences *sequences, ord_sequences_named *named, void *context)
{
    const struct ord_sequence_entry *entry;
    if (!sequences->options.counts_names)
        return;
    for (size_t i = 0; (entry = ord_sequence_table_at(&sequences->table, i)); i++)
        tell(sequences, entry, named, context);
}
