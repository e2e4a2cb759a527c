/*
 * The engine of named sequences: hands out their values, and keeps them durable through a port.
 *
 * One thread, the committer's, does all that changes anything: it takes what was asked while it was busy, works
 * it out in memory in the order in which it came, writes it in one transaction, and then answers. What it does
 * not do is take the values of a sequence of mode block that are durably reserved already: any thread takes
 * those itself (ord_sequences_take), with one compare-and-swap and without a lock or a wait.
 *
 * What is in memory is what was told to callers. After a commit that failed nobody knows whether it is stored;
 * memory goes back to how it was, and nothing that depends on what is stored leaves until a later transaction
 * has written over all that the failed one would have.
 *
 * Sequences are read from storage when they are first asked for, and a bounded number of them stays in memory.
 */
#pragma once

#include "base/arena.h"
#include "base/committer.h"
#include "core/sequence.h"

struct ord_sequences;

struct ord_sequences_options {
    struct ord_sequence_port port;    /* outlives the engine */
    size_t request_max;               /* how many keys are remembered at a time */
    int64_t request_life_us;          /* for how long each */
    size_t loaded_max;                /* how many sequences are in memory at a time; 0: 65,536 */
    bool counts_names;                /* values are also counted by name */
    int64_t (*now_us)(void *context); /* Unix time that does not go back */
    void *now_context;
};

/* Loads the keys that are remembered and starts the committer. Errors are those of the port; ORD_INTERNAL: no
 * memory or thread. */
enum ord_code ord_sequences_open(const struct ord_sequences_options *options,
                                 struct ord_sequences **ret_sequences, struct ord_error *error);

/* Answers what was asked, then writes where each sequence stands exactly, so that nothing is skipped. Nobody
 * may ask any more. Takes NULL; returns NULL. When that cannot be written, `error` (may be NULL) says why: its
 * code is then not ORD_OK, and sequences of mode block skip what was reserved. */
struct ord_sequences *ord_sequences_close(struct ord_sequences *sequences, struct ord_error *error);

/* Values of one sequence: first, first + increment, … */
struct ord_values {
    int64_t first, increment;
    uint32_t count;
    enum ord_sequence_mode mode;
};

/* Takes values that may leave at once. False: there are none such, or the sequence is not one of which there
 * could be; ask. `count` is 1 or more. Any thread. */
bool ord_sequences_take(struct ord_sequences *sequences, const char *name, uint32_t count,
                        struct ord_values *ret_values);

enum ord_sequence_verb {
    ORD_SEQUENCE_NEXT,
    ORD_SEQUENCE_CREATE,
    ORD_SEQUENCE_GET,
    ORD_SEQUENCE_SET,
    ORD_SEQUENCE_DELETE,
    ORD_SEQUENCE_LIST,
    ORD_SEQUENCE_EXTEND, /* the engine's own */
    ORD_SEQUENCE_VERBS,
};

/* What the committer is handed. */
struct ord_sequence_work {
    struct ord_commit commit; /* first, so that a list of commits is one of these */
    enum ord_sequence_verb verb;
};

struct ord_sequence_entry;

/* Something asked. The asker's, but while the engine has it. Names and keys were checked by the asker; counts
 * and properties too. */
struct ord_sequence_ask {
    struct ord_sequence_work work; /* first; the asker sets the verb */
    const char *name;              /* all but list */
    union {
        struct {
            uint32_t count;
            const char *request_id; /* empty: none */
        } next;
        struct {
            struct ord_sequence what;
            bool revives; /* takes the name of one that was deleted */
        } create;
        struct {
            int64_t next;
            bool is_forced;
        } set;
        struct {
            const char *prefix, *after; /* may be empty */
            size_t max;
            struct ord_arena *arena; /* for the page */
        } list;
    };

    /* The answer, when its code is ORD_OK:
     * next: values. create: record, is_new. get: record. set: record. delete: how it stood. list: page.
     * ORD_NOT_FOUND, ORD_DELETED: there is no sequence of that name. ORD_UNAVAILABLE: storage failed.
     * next: ORD_EXHAUSTED; with a key ORD_REQUEST_MISMATCH, ORD_CAPACITY. create: ORD_ALREADY_EXISTS.
     * set: as ord_sequence_check_set. */
    struct ord_error *error;
    struct ord_values values;
    struct ord_sequence_record record;
    bool is_new;
    struct {
        struct ord_sequence_item *items; /* names come from the arena, too */
        size_t count;
        const char *end; /* the last name that was looked at, if there may be more; else NULL */
    } page;
    void (*done)(struct ord_sequence_ask *ask); /* in the committer's thread; must not block */

    /* The engine's. */
    struct ord_sequence_entry *entry;
    bool is_staged;  /* the answer counts only if the transaction does */
    bool is_final;   /* it counts in any case */
    bool is_waiting; /* for values of a block */
};

/* Asks: `done` is called when there is an answer, perhaps before this returns, also when the engine is closed.
 * Any thread; does not wait. */
void ord_sequences_ask(struct ord_sequences *sequences, struct ord_sequence_ask *ask);

/* For the metrics. Any thread. */
struct ord_sequences_counts {
    uint64_t values[ORD_SEQUENCE_MODES]; /* that were handed out */
    uint64_t commits[2];                 /* that failed, that succeeded */
    size_t loaded, requests;             /* in memory now */
};
struct ord_sequences_counts ord_sequences_counts(const struct ord_sequences *sequences);

/* How many keys were lost because what was stored of them was damaged. */
uint32_t ord_sequences_damaged(const struct ord_sequences *sequences);

/* Tells values by name of those in memory, since each was loaded; nothing unless names are counted. Any thread.
 */
bool ord_sequences_counts_names(const struct ord_sequences *sequences);
typedef void ord_sequences_named(void *context, const char *name, enum ord_sequence_mode mode, uint64_t values);
void ord_sequences_by_name(const struct ord_sequences *sequences, ord_sequences_named *named, void *context);
