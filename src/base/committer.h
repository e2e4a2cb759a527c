/*
 * Group commit: a thread that makes durable what others hand it, all that came while it was busy at once, so
 * that many share one flush.
 *
 * It knows nothing of what it writes. Its owner embeds a `struct ord_commit` in whatever is to be written, and
 * gives a function that writes a list of them and tells those who wait how it went.
 */
#pragma once

#include "base/error.h"

struct ord_committer;

struct ord_commit {
    struct ord_commit *next; /* the committer's, until the list is handed out */
};

/* Writes a list (never NULL), in the order in which its members came; they are the owner's again. In the
 * committer's thread, one call at a time; may block for as long as the storage takes. */
typedef void ord_commit_all(void *context, struct ord_commit *list);

/* Starts the thread. ORD_INTERNAL: no thread or memory. `context` outlives the committer. */
enum ord_code ord_committer_start(ord_commit_all *commit_all, void *context,
                                  struct ord_committer **ret_committer, struct ord_error *error);

/* Hands over what is to be written. Any thread; does not wait and cannot fail. */
void ord_committer_add(struct ord_committer *committer, struct ord_commit *commit);

/* Writes what was handed over, and ends the thread. Takes NULL; returns NULL. */
struct ord_committer *ord_committer_stop(struct ord_committer *committer);
