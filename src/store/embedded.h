/*
 * Reservations in the state directory, in one LMDB file for each node. The default adapter.
 *
 * For node 7 the directory holds
 *
 *     node-7.mdb       LMDB: the reservation of each worker, as in store/record.h
 *     node-7.journal   while it runs, or after a crash: changes of sequences, as in store/redo.h
 *     node-7.lock      locked for as long as a worker runs, a byte for each; has their process IDs as text
 *     .node-7.marker   says that there was state here, in case that node-7.mdb gets lost
 *
 * A place belongs to one process: a second one is refused and told which process holds it. Should locks fail
 * to keep two apart (a directory that was replaced, a file system that lies), the generation does: each claim
 * raises it, and a process that finds another generation than its own in the file cannot extend any more, so
 * the two never share a slot.
 *
 * What was found is never guessed around. State that is lost, damaged, another node's or of another layout or
 * number of workers is refused with a message that names the option that resolves it knowingly; what is
 * replaced is renamed, never deleted.
 *
 * One thread at a time, beside that of the requests (store/requests.h).
 */
#pragma once

#include "core/reservation.h"

struct ord_embedded;

struct ord_embedded_options {
    const char *directory;     /* outlives the store */
    bool accept_unsafe;        /* a file system that may lose what it is given */
    bool init;                 /* start afresh where state is lost, damaged or another node's */
    bool accept_layout_change; /* start above the time that another layout or split has used */
};

/* How the claim found things: worth a line in the log. Any may be false or empty. */
struct ord_embedded_facts {
    bool is_first;       /* nothing was there: the place's first start */
    bool was_clean;      /* the run before ended cleanly */
    bool same_boot;      /* the run before wrote on this boot of the system */
    bool layout_changed; /* it was, knowingly */
    char replaced[128];  /* name that the old file has now, after --init */
    /* What sequences changed last is lost, knowingly; known once they are open. */
    bool journal_lost;
    char journal_replaced[128]; /* name that it has now, if it was damaged */
    const char *unsafe;         /* why the file system is not one to trust, but was accepted; static */
    uint64_t generation;        /* which claim of the place this is, counted from 1 */
    int64_t written_us;         /* when the run before wrote last; 0: there was none */
};

/* ORD_INTERNAL: no memory. Nothing is touched before the claim. */
enum ord_code ord_embedded_open(const struct ord_embedded_options *options, struct ord_embedded **ret_store,
                                struct ord_error *error);

/* Gives ownership up without a word about what was used, if that was not released. Takes NULL; returns NULL. */
struct ord_embedded *ord_embedded_close(struct ord_embedded *store);

/* A port onto `store`, which outlives it. A refused claim may be tried again. */
struct ord_reservation_port ord_embedded_port(struct ord_embedded *store);

/* After a claim. */
const struct ord_embedded_facts *ord_embedded_facts(const struct ord_embedded *store);
