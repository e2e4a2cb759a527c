#include "base/committer.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

struct ord_committer {
    ord_commit_all *commit_all;
    void *context;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct ord_commit *first, **end; /* what came since the last list was taken */
    bool is_stopping;
};

/* Waits for something to write and takes all of it; NULL when there will be no more. */
static struct ord_commit *take_all(struct ord_committer *committer)
{
    pthread_mutex_lock(&committer->lock);
    while (!committer->first && !committer->is_stopping)
        pthread_cond_wait(&committer->changed, &committer->lock);
    struct ord_commit *list = committer->first;
    committer->first = NULL;
    committer->end = &committer->first;
    pthread_mutex_unlock(&committer->lock);
    return list;
}

static void *run(void *context)
{
    struct ord_committer *committer = context;
    for (struct ord_commit *list; (list = take_all(committer));)
        committer->commit_all(committer->context, list);
    return NULL;
}

static struct ord_committer *discard(struct ord_committer *committer)
{
    pthread_cond_destroy(&committer->changed);
    pthread_mutex_destroy(&committer->lock);
    free(committer);
    return NULL;
}

enum ord_code ord_committer_start(ord_commit_all *commit_all, void *context,
                                  struct ord_committer **ret_committer, struct ord_error *error)
{
    struct ord_committer *committer = calloc(1, sizeof *committer);
    if (!committer)
        return ord_fail(error, ORD_INTERNAL, "no memory");
    committer->commit_all = commit_all;
    committer->context = context;
    committer->end = &committer->first;
    pthread_mutex_init(&committer->lock, NULL);
    pthread_cond_init(&committer->changed, NULL);

    int errnum = pthread_create(&committer->thread, NULL, run, committer);
    if (errnum != 0) {
        discard(committer);
        return ord_fail_errno(error, errnum, "start a thread");
    }
    *ret_committer = committer;
    return ORD_OK;
}

void ord_committer_add(struct ord_committer *committer, struct ord_commit *commit)
{
    commit->next = NULL;
    pthread_mutex_lock(&committer->lock);
    *committer->end = commit;
    committer->end = &commit->next;
    pthread_cond_signal(&committer->changed);
    pthread_mutex_unlock(&committer->lock);
}

struct ord_committer *ord_committer_stop(struct ord_committer *committer)
{
    if (!committer)
        return NULL;
    pthread_mutex_lock(&committer->lock);
    committer->is_stopping = true;
    pthread_cond_signal(&committer->changed);
    pthread_mutex_unlock(&committer->lock);
    pthread_join(committer->thread, NULL);
    return discard(committer);
}
