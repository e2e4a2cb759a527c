#include "bench/checker.h"

#include <stdlib.h>
#include <string.h>

#define NO_ISSUER INT64_C(-1)
#define ANY_ISSUER INT64_C(0)
#define TOO_MANY (-1)
#define WORD_BITS 64

enum ord_code ord_ledger_init(struct ord_ledger *ledger, const char *fields, uint32_t workers,
                              struct ord_error *error)
{
    struct ord_place place = {0};
    struct ord_layout layout;
    if (fields) {
        enum ord_code code = ord_layout_parse(fields, NULL, NULL, &layout, error);
        if (code == ORD_OK)
            code = ord_place_init(&place, &layout, 0, 0, workers, error);
        if (code != ORD_OK)
            return code;
    }
    *ledger = (struct ord_ledger){.has_layout = fields != NULL, .place = place};
    for (int i = 0; fields && i < ORD_FIELDS; i++)
        ledger->bits += layout.bits[i];
    pthread_mutex_init(&ledger->mutex, NULL);
    for (int i = 0; i < ORD_ISSUERS_MAX; i++)
        atomic_init(&ledger->issuers[i], NO_ISSUER);
    return ORD_OK;
}

void ord_ledger_finish(struct ord_ledger *ledger)
{
    for (int i = 0; i < ORD_LEDGER_SETS; i++)
        ord_span_set_finish(&ledger->given[i]);
    pthread_mutex_destroy(&ledger->mutex);
}

void ord_checker_init(struct ord_checker *checker, struct ord_ledger *ledger)
{
    memset(checker, 0, sizeof *checker);
    checker->ledger = ledger;
}

/* IDs as numbers: sequence lowest, then tick, node, tag; so that the slots of a node with one tag are
 * neighbours. */

static const enum ord_field order_of_fields[] = {ORD_SEQUENCE, ORD_TICK, ORD_NODE, ORD_TAG};

static uint64_t field_of(const struct ord_layout *layout, uint64_t id, enum ord_field field)
{
    return id >> layout->shift[field] & ((UINT64_C(1) << layout->bits[field]) - 1);
}

static bool is_in_layout(const struct ord_ledger *ledger, uint64_t id)
{
    return ledger->has_layout && id >> ledger->bits == 0;
}

static uint64_t number_of_id(const struct ord_ledger *ledger, uint64_t id)
{
    if (!is_in_layout(ledger, id))
        return id;
    const struct ord_layout *layout = &ledger->place.layout;
    uint64_t number = 0;
    for (int i = 0, shift = 0; i < ORD_FIELDS; shift += layout->bits[order_of_fields[i++]])
        number |= field_of(layout, id, order_of_fields[i]) << shift;
    return number;
}

static int64_t id_of_number(const struct ord_ledger *ledger, uint64_t number)
{
    if (!is_in_layout(ledger, number))
        return (int64_t)number;
    const struct ord_layout *layout = &ledger->place.layout;
    uint64_t id = 0;
    for (int i = 0, shift = 0; i < ORD_FIELDS; shift += layout->bits[order_of_fields[i++]]) {
        enum ord_field field = order_of_fields[i];
        id |= (number >> shift & ((UINT64_C(1) << layout->bits[field]) - 1)) << layout->shift[field];
    }
    return (int64_t)id;
}

/* The set that a number belongs to: those of one node are together. */
static size_t set_of_number(const struct ord_ledger *ledger, uint64_t number)
{
    if (!is_in_layout(ledger, number))
        return 0;
    const uint8_t *bits = ledger->place.layout.bits;
    return number >> (bits[ORD_SEQUENCE] + bits[ORD_TICK]) & (ORD_LEDGER_SETS - 1);
}

/* Findings */

static void note(struct ord_ledger *ledger, struct ord_finding finding)
{
    if (ledger->finding_count < ORD_FINDINGS_MAX)
        ledger->findings[ledger->finding_count++] = finding;
}

static void note_repetition(struct ord_ledger *ledger, uint64_t lowest, uint64_t count)
{
    ledger->repeated += count;
    note(ledger, (struct ord_finding){.is_repetition = true, .id = id_of_number(ledger, lowest)});
}

static void note_disorder(struct ord_checker *checker, int64_t id, int64_t above)
{
    if (checker->reordered++ >= ORD_FINDINGS_MAX)
        return;
    pthread_mutex_lock(&checker->ledger->mutex);
    note(checker->ledger, (struct ord_finding){.id = id, .above = above});
    pthread_mutex_unlock(&checker->ledger->mutex);
}

/* Repetitions: numbers are gathered in words, words become spans, and spans go into the ledger by the thousand.
 */

static int by_first(const void *a, const void *b)
{
    uint64_t left = ((const struct ord_span *)a)->first, right = ((const struct ord_span *)b)->first;
    return (left > right) - (left < right);
}

static void add_to_ledger(struct ord_ledger *ledger, struct ord_span span)
{
    struct ord_span_repeats repeats;
    if (ledger->no_memory)
        return;
    if (!ord_span_set_add(&ledger->given[set_of_number(ledger, span.first)], span, &repeats))
        ledger->no_memory = true;
    else if (repeats.count > 0)
        note_repetition(ledger, repeats.lowest, repeats.count);
}

static bool can_join(const struct ord_ledger *ledger, struct ord_span span, struct ord_span next)
{
    return next.first - 1 == span.last && set_of_number(ledger, span.first) == set_of_number(ledger, next.last);
}

/* Neighbours are joined before, which saves most of the work on the ledger. */
static void flush_spans(struct ord_checker *checker)
{
    struct ord_span *spans = checker->spans;
    size_t count = checker->span_count;
    qsort(spans, count, sizeof *spans, by_first);
    pthread_mutex_lock(&checker->ledger->mutex);
    for (size_t i = 0; i < count;) {
        struct ord_span joined = spans[i++];
        while (i < count && can_join(checker->ledger, joined, spans[i]))
            joined.last = spans[i++].last;
        add_to_ledger(checker->ledger, joined);
    }
    pthread_mutex_unlock(&checker->ledger->mutex);
    checker->span_count = 0;
}

static void add_span(struct ord_checker *checker, uint64_t first, uint64_t last)
{
    if (checker->span_count == ORD_CHECKER_SPANS)
        flush_spans(checker);
    checker->spans[checker->span_count++] = (struct ord_span){first, last};
}

/* The runs of ones in a word. */
static void flush_word(struct ord_checker *checker, struct ord_word *word)
{
    uint64_t base = word->number * WORD_BITS, bits = word->bits;
    while (bits) {
        unsigned start = (unsigned)__builtin_ctzll(bits);
        uint64_t shifted = ~(bits >> start);
        unsigned length = shifted ? (unsigned)__builtin_ctzll(shifted) : WORD_BITS;
        add_span(checker, base + start, base + start + length - 1);
        bits = start + length >= WORD_BITS ? 0 : bits >> (start + length) << (start + length);
    }
    word->bits = 0;
}

static void add_number(struct ord_checker *checker, uint64_t number)
{
    struct ord_word *word = &checker->words[number / WORD_BITS % ORD_CHECKER_WORDS];
    if (word->number != number / WORD_BITS) {
        flush_word(checker, word);
        word->number = number / WORD_BITS;
    }
    uint64_t bit = UINT64_C(1) << number % WORD_BITS;
    if (word->bits & bit) {
        pthread_mutex_lock(&checker->ledger->mutex);
        note_repetition(checker->ledger, number, 1);
        pthread_mutex_unlock(&checker->ledger->mutex);
    }
    word->bits |= bit;
}

/* The number of the ID at `index` of a run. */
static uint64_t number_at(const struct ord_ledger *ledger, const struct ord_run *run, uint32_t index)
{
    return number_of_id(ledger, (uint64_t)(run->first + index * run->step));
}

/* Evenly spaced IDs whose first two and outermost are as far apart as neighbours all are neighbours: no carry
 * can have left the sequence in between and come back. */
static bool are_neighbours(const struct ord_ledger *ledger, const struct ord_run *run)
{
    uint64_t first = number_at(ledger, run, 0), last = number_at(ledger, run, run->count - 1);
    return number_at(ledger, run, 1) == first + 1 && last == first + run->count - 1 &&
           set_of_number(ledger, first) == set_of_number(ledger, last);
}

/* A run within a tick becomes neighbours; any other is taken apart. */
static void add_run(struct ord_checker *checker, const struct ord_run *run)
{
    const struct ord_ledger *ledger = checker->ledger;
    uint64_t first = number_at(ledger, run, 0);
    if (run->count == 1) {
        add_number(checker, first);
    } else if (are_neighbours(ledger, run)) {
        add_span(checker, first, first + run->count - 1);
    } else {
        for (uint32_t i = 0; i < run->count; i++)
            add_number(checker, number_at(ledger, run, i));
    }
}

/* Order */

static int64_t issuer_of(const struct ord_ledger *ledger, int64_t id)
{
    if (!is_in_layout(ledger, (uint64_t)id))
        return ANY_ISSUER;
    const struct ord_place *place = &ledger->place;
    uint64_t node = field_of(&place->layout, (uint64_t)id, ORD_NODE);
    if (place->workers == 1)
        return (int64_t)node;
    uint64_t sequence = field_of(&place->layout, (uint64_t)id, ORD_SEQUENCE);
    return (int64_t)(node * place->workers + ord_place_worker_of(place, (uint32_t)sequence));
}

/* The row of an issuer, which is made for a new one. */
static int row_of(struct ord_ledger *ledger, int64_t issuer)
{
    for (int i = 0; i < ORD_ISSUERS_MAX; i++) {
        int64_t there = atomic_load_explicit(&ledger->issuers[i], memory_order_relaxed);
        if (there == NO_ISSUER && atomic_compare_exchange_strong(&ledger->issuers[i], &there, issuer))
            return i;
        if (there == issuer)
            return i;
    }
    return TOO_MANY;
}

static void check_order(struct ord_checker *checker, const struct ord_mark *mark, int row, int64_t last,
                        const struct ord_run *run)
{
    uint64_t above = row < mark->issuer_count ? mark->received[row] : 0;
    if (last >= 0 && run->first <= last)
        note_disorder(checker, run->first, last);
    else if ((uint64_t)run->first < above)
        note_disorder(checker, run->first, (int64_t)(above - 1));
}

void ord_checker_run(struct ord_checker *checker, const struct ord_mark *mark, int64_t *last,
                     const struct ord_run *run)
{
    int64_t end = run->first + (run->count - 1) * run->step;
    int row = row_of(checker->ledger, issuer_of(checker->ledger, run->first));
    checker->ids += run->count;
    add_run(checker, run);
    if (row == TOO_MANY) {
        checker->unordered += run->count;
        return;
    }
    check_order(checker, mark, row, *last, run);
    *last = end;
    if ((uint64_t)end >= checker->received[row])
        checker->received[row] = (uint64_t)end + 1;
}

static bool is_taken(const atomic_int_least64_t *issuer)
{
    return atomic_load_explicit(issuer, memory_order_relaxed) != NO_ISSUER;
}

void ord_checker_turn(struct ord_checker *checker)
{
    struct ord_ledger *ledger = checker->ledger;
    while (checker->issuer_count < ORD_ISSUERS_MAX && is_taken(&ledger->issuers[checker->issuer_count]))
        checker->issuer_count++;
    for (int i = 0; i < checker->issuer_count; i++) {
        uint64_t own = checker->received[i];
        uint64_t all = atomic_load_explicit(&ledger->received[i], memory_order_acquire);
        while (own > all && !atomic_compare_exchange_weak(&ledger->received[i], &all, own))
            ;
        checker->known[i] = own > all ? own : all;
    }
}

void ord_checker_mark(const struct ord_checker *checker, struct ord_mark *ret_mark)
{
    ret_mark->issuer_count = checker->issuer_count;
    for (int i = 0; i < checker->issuer_count; i++)
        ret_mark->received[i] = checker->known[i];
}

void ord_checker_finish(struct ord_checker *checker)
{
    for (size_t i = 0; i < ORD_CHECKER_WORDS; i++)
        flush_word(checker, &checker->words[i]);
    flush_spans(checker);
}
