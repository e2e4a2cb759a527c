/*
 * Fails the calls that sequences make on the embedded store, one after the other, under the whole engine; and
 * holds it to this, whatever failed, and wherever the process ended or the power went:
 *
 *   - a call succeeds or returns an error that names the cause, and once the fault is gone all calls succeed;
 *   - no value is given twice, and each is above all that were answered before; a key brings what it brought;
 *   - of a gapless sequence none is missing but what calls without a key and without an answer asked for; of
 * one with blocks, beyond that, one block for each run that did not end well.
 *
 * The linker gives the engine a committer without a thread, so that each run makes the same calls.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "enumerate.h"
#include "sequence/sequences.h"
#include "store/sequences.h"

#define BLOCK 10
#define LIFE_US INT64_C(3600000000)

enum {
    GAPLESS,
    BLOCKS,
    NAMES
};

static const char *const names[NAMES] = {"invoices", "orders"};

/* What callers know of a sequence, also when the process dies. */
struct known {
    int64_t high;    /* the highest value that was answered */
    uint64_t given;  /* so many were */
    uint64_t lost;   /* so many may have been taken by calls without a key and an answer */
    uint32_t number; /* of the key in use */
    uint32_t open;   /* so many values were asked for with it, without an answer; 0: none */
};

static struct shared {
    struct known names[NAMES];
    uint64_t unclean; /* runs that did not end well, or not yet */
} * shared;

static struct ord_place place;

/* The committer. */
static ord_commit_all *commit_all;
static void *commit_context;

enum ord_code __wrap_ord_committer_start(ord_commit_all *all, void *context,
                                         struct ord_committer **ret_committer, struct ord_error *error);
void __wrap_ord_committer_add(struct ord_committer *committer, struct ord_commit *commit);
struct ord_committer *__wrap_ord_committer_stop(struct ord_committer *committer);

enum ord_code __wrap_ord_committer_start(ord_commit_all *all, void *context,
                                         struct ord_committer **ret_committer, struct ord_error *error)
{
    commit_all = all;
    commit_context = context;
    *ret_committer = (struct ord_committer *)&commit_all;
    return ORD_OK;
}

void __wrap_ord_committer_add(struct ord_committer *committer, struct ord_commit *commit)
{
    commit->next = NULL;
    commit_all(commit_context, commit);
}

struct ord_committer *__wrap_ord_committer_stop(struct ord_committer *committer)
{
    return NULL;
}

static void done(struct ord_sequence_ask *ask)
{
}

static int64_t now_us(void *context)
{
    return 1000000000;
}

static void create(struct ord_sequences *engine, int which, const struct fault_plan *plan)
{
    struct ord_error error = {0};
    struct ord_sequence_ask ask = {
        .work.verb = ORD_SEQUENCE_CREATE,
        .name = names[which],
        .create.what = {.mode = which == GAPLESS ? ORD_SEQUENCE_GAPLESS : ORD_SEQUENCE_BLOCK,
                        .block = which == GAPLESS ? 0 : BLOCK,
                        .start = 1,
                        .increment = 1,
                        .minimum = 1,
                        .maximum = INT64_MAX},
        .error = &error,
        .done = done,
    };
    ord_sequences_ask(engine, &ask);
    fault_judge(error.code, &error, plan);
}

static void check_missing(int which)
{
    const struct known *known = &shared->names[which];
    uint64_t skipped = which == GAPLESS ? 0 : shared->unclean * BLOCK;
    uint64_t missing = (uint64_t)known->high - known->given;
    if (missing > known->lost + known->open + skipped)
        fault_blame("%s: %ju are missing up to %ju", names[which], (uintmax_t)missing, (uintmax_t)known->high);
}

static void note(int which, int64_t first, uint32_t count)
{
    struct known *known = &shared->names[which];
    if (first <= known->high)
        fault_blame("%s: %ju after %ju", names[which], (uintmax_t)first, (uintmax_t)known->high);
    known->high = first + count - 1;
    known->given += count;
}

/* Returns whether it is answered. */
static bool ask_next(struct ord_sequences *engine, int which, uint32_t count, const char *key,
                     struct ord_values *ret_values, const struct fault_plan *plan)
{
    struct ord_error error = {0};
    if (!*key && ord_sequences_take(engine, names[which], count, ret_values))
        return true;
    struct ord_sequence_ask ask = {.work.verb = ORD_SEQUENCE_NEXT,
                                   .name = names[which],
                                   .next = {.count = count, .request_id = key},
                                   .error = &error,
                                   .done = done};
    ord_sequences_ask(engine, &ask);
    /* It may not have been created, if that failed. */
    if (error.code != ORD_NOT_FOUND || shared->names[which].high > 0)
        fault_judge(error.code, &error, plan);
    *ret_values = ask.values;
    return error.code == ORD_OK;
}

static void next(struct ord_sequences *engine, int which, uint32_t count, const struct fault_plan *plan)
{
    struct ord_values values;
    shared->names[which].lost += count;
    if (!ask_next(engine, which, count, "", &values, plan))
        return;
    shared->names[which].lost -= count;
    note(which, values.first, count);
    check_missing(which);
}

/* With the key of a call that was not answered, or a new one; and then once more. */
static void next_once(struct ord_sequences *engine, int which, uint32_t count, const struct fault_plan *plan)
{
    struct known *known = &shared->names[which];
    struct ord_values values, again;
    char key[16];
    if (known->open == 0)
        known->number++;
    known->open = count;
    snprintf(key, sizeof key, "%u", known->number);
    if (which == BLOCKS)
        known->lost += count; /* a commit that fails skips them */
    if (!ask_next(engine, which, count, key, &values, plan))
        return;
    known->open = 0;
    note(which, values.first, count);
    if (ask_next(engine, which, count, key, &again, plan) && again.first != values.first)
        fault_blame("%s: the key %s brings %ju and then %ju", names[which], key, (uintmax_t)values.first,
                    (uintmax_t)again.first);
    check_missing(which);
}

static void use(struct ord_embedded *store, const struct fault_plan *plan)
{
    struct ord_sequences_options options = {.port = ord_embedded_sequences(store),
                                            .request_max = 1000,
                                            .request_life_us = LIFE_US,
                                            .loaded_max = 8,
                                            .now_us = now_us};
    struct ord_sequences *engine = NULL;
    struct ord_error error = {0};
    enum ord_code code = ord_sequences_open(&options, &engine, &error);
    fault_judge(code, &error, plan);
    if (code != ORD_OK)
        return;
    shared->unclean++;
    for (int which = 0; which < NAMES; which++) {
        create(engine, which, plan);
        next_once(engine, which, 3, plan);
        next(engine, which, 1, plan);
        next(engine, which, which == BLOCKS ? BLOCK : 2, plan);
        next_once(engine, which, 3, plan);
    }
    error = (struct ord_error){0};
    ord_sequences_close(engine, &error);
    fault_judge(error.code, &error, plan);
    shared->unclean -= error.code == ORD_OK;
}

static void run(const struct fault_plan *plan)
{
    struct ord_embedded_options options = {.directory = fault_directory, .accept_unsafe = true};
    struct ord_embedded *store = NULL;
    struct ord_error error = {0};
    struct ord_claim claim;
    if (ord_embedded_open(&options, &store, NULL) != ORD_OK)
        return;
    struct ord_reservation_port port = ord_embedded_port(store);
    enum ord_code code = port.claim(port.context, &place, &claim, &error);
    fault_judge(code, &error, plan);
    if (code == ORD_OK)
        use(store, plan);
    ord_embedded_close(store);
}

static void run_well(void)
{
    static const struct fault_plan none = {.error = EIO};
    int before = fault_failures();
    run(&none);
    if (fault_failures() != before)
        fault_blame("it does not get well");
    for (int which = 0; which < NAMES; which++)
        if (shared->names[which].open > 0)
            fault_blame("%s: a key is not answered", names[which]);
}

static void forget(void)
{
    *shared = (struct shared){0};
}

int main(int argc, char **argv)
{
    static const struct fault_subject subject = {.act = run,
                                                 .act_well = run_well,
                                                 .forget = forget,
                                                 .kinds =
                                                     1u << FAULT_WRITE | 1u << FAULT_SYNC | 1u << FAULT_MEMORY,
                                                 .is_later_only = true};
    struct ord_layout layout;
    shared = fault_shared(sizeof *shared);
    if (ord_layout_parse("default", NULL, NULL, &layout, NULL) != ORD_OK ||
        ord_place_init(&place, &layout, 7, 0, 1, NULL) != ORD_OK)
        return 2;
    return fault_enumerate(&subject, "sequences", argc, argv);
}
