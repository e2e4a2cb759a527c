/*
 * The poster, its posts and their tries. Private to callback/. All of it is the thread's but for what says
 * otherwise.
 */
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include "callback/curl.h"
#include "callback/doors.h"
#include "callback/poster.h"
#include "callback/wheel.h"

/* A try that is on its way. */
struct ord_try {
    CURL *easy;
    const struct ord_poster_options *options;
    size_t received; /* of the reply, headers too */
    bool has_socket; /* a connection was opened */
    bool is_outside; /* one was refused, since it would have gone to: */
    struct ord_address outside;
    char reason[CURL_ERROR_SIZE];
    SLIST_ENTRY(ord_try) link; /* in the list of those that are kept for later */
};

enum ord_post_state {
    ORD_POST_PAUSED,  /* in the wheel */
    ORD_POST_IN_LINE, /* at its door */
    ORD_POST_TRIED,   /* with a place there, and a try */
};

struct ord_post {
    struct ord_timer timer; /* first */
    struct ord_place_wanted place;
    TAILQ_ENTRY(ord_post) all;
    struct ord_callback *callback;
    enum ord_post_state state;
    unsigned fails;       /* tries that failed */
    unsigned hops;        /* redirects of this try */
    char *redirect;       /* where it is to go; NULL: where the callback says */
    uint64_t deadline_ms; /* of this try */
    struct ord_try *try;

    bool is_cancelled; /* this and the next under the poster's lock */
    TAILQ_ENTRY(ord_post) cancelled;
};

/* What became of a try. */
enum ord_verdict {
    ORD_VERDICT_ACCEPTED,
    ORD_VERDICT_REDIRECTED,
    ORD_VERDICT_FAILED,
};

/* Prepares `try` for the post, to be given to the multi handle; its private pointer is the post. False: no
 * memory, or the URL cannot be read. `headers` outlive it. */
bool ord_try_set_up(const struct ord_curl *curl, struct ord_post *post, struct curl_slist *headers,
                    uint64_t timeout_ms);

/* How a try ended, and if it failed, what to say of it and count it as. A redirect's address is then in the
 * post, which does not go there yet. */
enum ord_verdict ord_try_judge(const struct ord_curl *curl, struct ord_post *post, CURLcode result,
                               enum ord_callback_outcome *ret_outcome, struct ord_error *error);

struct ord_poster {
    struct ord_poster_options options;
    pthread_t thread;
    int wake; /* an event that ends the thread's wait; from any thread */
    atomic_uint_least64_t tries[ORD_CALLBACK_OUTCOMES];

    pthread_mutex_t lock; /* for what follows, up to the blank line, and for `work` of the callbacks */
    struct ord_callback *inbox, **inbox_end; /* that the thread did not see yet */
    TAILQ_HEAD(, ord_post) cancelled;
    bool is_stopping;

    const struct ord_curl *curl; /* NULL: not loaded yet */
    bool is_unusable;            /* it cannot be */
    CURLM *multi;
    struct curl_slist *headers;
    TAILQ_HEAD(, ord_post) posts;
    struct ord_wheel pauses;
    struct ord_doors doors;
    SLIST_HEAD(, ord_try) spare;
    unsigned spare_count;
    uint64_t outside_told_ms; /* when a URL that leads nowhere was last told of; 0: never */
};

/* What `work` of a callback in the inbox points to, before and after it is cancelled. */
extern char ord_work_new, ord_work_withdrawn;

uint64_t ord_poster_now_ms(void);

/* Makes posts of the callbacks in the inbox, and gives back those that were withdrawn. What there is no memory
 * or no libcurl for stays. */
void ord_poster_admit(struct ord_poster *poster, uint64_t now_ms);

/* Ends the posts that were cancelled. */
void ord_poster_drop_cancelled(struct ord_poster *poster, uint64_t now_ms);

/* Ends all posts. */
void ord_poster_drop_all(struct ord_poster *poster, uint64_t now_ms);

/* Puts the posts whose pause is over in line. */
void ord_poster_resume(struct ord_poster *poster, uint64_t now_ms);

/* Starts tries, as many as may be. */
void ord_poster_start_tries(struct ord_poster *poster, uint64_t now_ms);

/* Deals with a try that ended. */
void ord_poster_conclude(struct ord_poster *poster, struct ord_post *post, CURLcode result, uint64_t now_ms);

/* Frees a try, or a list of them. */
void ord_poster_free_spare(struct ord_poster *poster);
