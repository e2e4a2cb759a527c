/* Shared by the files of the engine; see sequences.h. All of it is the committer's thread's, but the counters.
 */
#pragma once

#include "sequence/sequences.h"
#include "sequence/table.h"

/* So many at most share a transaction: a bound of its size, and of what those wait for who came first. */
#define ORD_SEQUENCES_AT_ONCE 2048

/* A storage that failed is worth trying again after this. */
#define ORD_SEQUENCES_RETRY_MS 1000

/* One entry's part of a transaction. */
struct ord_sequence_change {
    struct ord_sequence_entry *entry;
    bool can_undo;                     /* `before` is set */
    bool is_leaving;                   /* written exactly, and then forgotten */
    bool extends;                      /* a block of it is reserved */
    struct ord_sequence_record before; /* where to go back to if the transaction fails */
};

struct ord_sequences {
    struct ord_sequences_options options;
    struct ord_committer *committer;
    struct ord_sequence_table table;
    struct ord_requests requests;
    uint32_t damaged;
    size_t at_once; /* asks, and entries of a transaction */
    size_t hand;    /* where to look next for one to forget */

    /* The transaction. */
    struct ord_sequence_change *changes;
    struct ord_sequence_item *items; /* what is read or written */
    char (*names)[ORD_NAME_MAX + 1]; /* theirs */
    size_t change_count;
    struct ord_request *given, **given_end;
    struct ord_sequence_entry **loading; /* what was read for these asks */
    size_t loading_count;
    struct ord_error unread; /* why the last reading failed */
    int64_t now_us;          /* of this list */

    /* After a commit that failed. */
    struct ord_sequence_entry **dirty;
    size_t dirty_count;
    bool is_uncertain; /* what is stored has to be written over first */
    struct ord_error trouble;

    atomic_uint_least64_t values[ORD_SEQUENCE_MODES], commits[2];
    atomic_size_t remembered;
};

/* changes.c */

/* Makes an entry part of the transaction. */
struct ord_sequence_change *ord_sequences_touch(struct ord_sequences *sequences,
                                                struct ord_sequence_entry *entry);

/* As it stands now is what to go back to. It is gapless, or held, or not live. */
void ord_sequences_allow_undo(struct ord_sequences *sequences, struct ord_sequence_entry *entry);

/* Where a live entry stands at an index, and how an entry stands as a whole now. */
struct ord_position ord_sequences_position_at(const struct ord_sequence_entry *entry, uint64_t index);
struct ord_sequence_record ord_sequences_record(const struct ord_sequence_entry *entry);

/* An entry that is held or not live becomes what `record` says; if it is live then, it is held. */
void ord_sequences_become(struct ord_sequence_entry *entry, const struct ord_sequence_record *record);

/* Holds a live entry where it stands: other threads take nothing until its limit is raised again. Returns how
 * many values they might have taken. */
uint64_t ord_sequences_hold(struct ord_sequence_entry *entry);

/* Values below an index may be taken, which are durably reserved. */
void ord_sequences_raise(struct ord_sequence_entry *entry, uint64_t limit);

/* Commits all changes. On failure all is undone. What can be given now can be, once ord_sequences_finish was
 * called, which ends the transaction. */
bool ord_sequences_commit(struct ord_sequences *sequences);
void ord_sequences_finish(struct ord_sequences *sequences, bool is_ok);

/* Writes over what a failed commit may have left. False: it cannot be; nothing may be changed. */
bool ord_sequences_settle(struct ord_sequences *sequences);

/* batch.c */

/* Works off a list of what was handed to the committer. */
void ord_sequences_work(void *sequences, struct ord_commit *list);

/* Makes room for the entries of another transaction, if storage is in order. */
void ord_sequences_make_room(struct ord_sequences *sequences);

/* Writes exactly where all stand, and forgets them. */
enum ord_code ord_sequences_release(struct ord_sequences *sequences, struct ord_error *error);

/* verbs.c */

/* Works out the answer of one ask, which is final unless it is staged or waiting. */
void ord_sequences_stage(struct ord_sequences *sequences, struct ord_sequence_ask *ask);

/* The answer of one that waited for values of a block, now that they are reserved. */
void ord_sequences_serve(struct ord_sequences *sequences, struct ord_sequence_ask *ask);

/* sequences.c */

/* Counts values that were handed out. Any thread. */
void ord_sequences_count(struct ord_sequences *sequences, struct ord_sequence_entry *entry,
                         const struct ord_values *values);

/* list.c */
void ord_sequences_list(struct ord_sequences *sequences, struct ord_sequence_ask *ask);
