/*
 * What was received, and what is wrong with it: IDs that came twice, and IDs that are not above those of a
 * reply which had been received before the call was sent.
 *
 * All threads of a bench share one `ord_ledger`; each has an `ord_checker` of its own. Repetitions are found
 * exactly, over all threads and the whole run: IDs are turned into numbers in which the slots of one node are
 * neighbours, and these are kept as spans, so that a second of a node at full rate takes one span, and one at a
 * low rate at most one a tick. Order holds for each issuer, a worker of a node; a thread knows at once what it
 * received itself, and once a turn of its loop what the others did.
 */
#pragma once

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "base/spans.h"
#include "core/layout.h"

#define ORD_ISSUERS_MAX 16
#define ORD_LEDGER_SETS 16
#define ORD_FINDINGS_MAX 5
#define ORD_CHECKER_WORDS 1024
#define ORD_CHECKER_SPANS 4096

/* Something wrong with one ID. */
struct ord_finding {
    bool is_repetition; /* else it is out of order */
    int64_t id;
    int64_t above; /* out of order: it should lie above this */
};

struct ord_ledger {
    bool has_layout;
    unsigned bits;                                 /* of the layout */
    struct ord_place place;                        /* of any node, to take IDs apart */
    atomic_int_least64_t issuers[ORD_ISSUERS_MAX]; /* what each is; -1: none yet */
    atomic_uint_least64_t
        received[ORD_ISSUERS_MAX];              /* one more than the highest ID of each that was received */
    pthread_mutex_t mutex;                      /* of all below */
    struct ord_span_set given[ORD_LEDGER_SETS]; /* by node, so that what is new mostly goes to the end of one */
    uint64_t repeated;
    struct ord_finding findings[ORD_FINDINGS_MAX];
    size_t finding_count;
    bool no_memory; /* what came later is not checked for repetitions */
};

/*
 * Starts an empty ledger. `fields` (as ord_layout_parse takes them) and `workers` say how IDs are made; NULL if
 * nobody knows, and then all IDs count as those of one issuer. ORD_INVALID_ARGUMENT, ORD_OUT_OF_RANGE: no such
 * layout.
 */
enum ord_code ord_ledger_init(struct ord_ledger *ledger, const char *fields, uint32_t workers,
                              struct ord_error *error);

void ord_ledger_finish(struct ord_ledger *ledger);

/* 64 numbers of which some were received. */
struct ord_word {
    uint64_t number; /* the first of them, divided by 64 */
    uint64_t bits;
};

struct ord_checker {
    struct ord_ledger *ledger;
    uint64_t ids;
    uint64_t reordered;
    uint64_t unordered;                 /* IDs of more issuers than are told apart: not checked for order */
    uint64_t received[ORD_ISSUERS_MAX]; /* by this thread */
    uint64_t known[ORD_ISSUERS_MAX];    /* by any, at the newest turn */
    int issuer_count;                   /* in use of these */
    struct ord_word words[ORD_CHECKER_WORDS];
    struct ord_span spans[ORD_CHECKER_SPANS]; /* not in the ledger yet */
    size_t span_count;
};

/* What had been received when a call was sent: for each issuer one more than the highest ID. */
struct ord_mark {
    int issuer_count;
    uint64_t received[ORD_ISSUERS_MAX];
};

/* A checker is large. It is used by one thread; the ledger outlives it. */
void ord_checker_init(struct ord_checker *checker, struct ord_ledger *ledger);

/* Tells the other threads what this one received, and hears of theirs. To be called when replies have been
 * received and before calls are sent. */
void ord_checker_turn(struct ord_checker *checker);

/* Notes in `ret_mark` what has been received, for a call that is sent now. */
void ord_checker_mark(const struct ord_checker *checker, struct ord_mark *ret_mark);

/*
 * Takes a run of a reply to the call that was sent at `mark`. `*last` is the last ID of the same reply or
 * stream, -1 if there is none, and is moved on.
 */
void ord_checker_run(struct ord_checker *checker, const struct ord_mark *mark, int64_t *last,
                     const struct ord_run *run);

/* Moves all that was received into the ledger. */
void ord_checker_finish(struct ord_checker *checker);
