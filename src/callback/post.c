/* The life of a post: in line, tried, paused, in line again, until it is accepted or cancelled. */
#include <stdlib.h>

#include "callback/internal.h"
#include "callback/target.h"

/* Tries that are kept for later, with what libcurl keeps for them. */
#define SPARE_MAX 8

static struct ord_post *post_of_timer(struct ord_timer *timer)
{
    return (struct ord_post *)timer;
}

static struct ord_post *post_of_place(struct ord_place_wanted *place)
{
    return (struct ord_post *)((char *)place - offsetof(struct ord_post, place));
}

static void count(struct ord_poster *poster, enum ord_callback_outcome outcome)
{
    atomic_fetch_add_explicit(&poster->tries[outcome], 1, memory_order_relaxed);
}

/* A try out of those that are kept, or a new one; NULL: no memory. */
static struct ord_try *take_try(struct ord_poster *poster)
{
    struct ord_try *try = SLIST_FIRST(&poster->spare);
    if (try) {
        SLIST_REMOVE_HEAD(&poster->spare, link);
        poster->spare_count--;
        return try;
    }
    try = calloc(1, sizeof *try);
    if (!try)
        return NULL;
    try->options = &poster->options;
    try->easy = poster->curl->easy_init();
    if (try->easy)
        return try;
    free(try);
    return NULL;
}

static void keep_try(struct ord_poster *poster, struct ord_try *try)
{
    if (poster->spare_count < SPARE_MAX) {
        SLIST_INSERT_HEAD(&poster->spare, try, link);
        poster->spare_count++;
        return;
    }
    poster->curl->easy_cleanup(try->easy);
    free(try);
}

void ord_poster_free_spare(struct ord_poster *poster)
{
    for (struct ord_try *try; (try = SLIST_FIRST(&poster->spare));) {
        SLIST_REMOVE_HEAD(&poster->spare, link);
        poster->curl->easy_cleanup(try->easy);
        free(try);
    }
}

/* Takes a post away from wherever it is. */
static void detach(struct ord_poster *poster, struct ord_post *post, uint64_t now_ms)
{
    if (post->state == ORD_POST_PAUSED)
        ord_wheel_remove(&poster->pauses, &post->timer);
    else
        ord_doors_leave(&poster->doors, &post->place, now_ms);
    if (!post->try)
        return;
    poster->curl->multi_remove_handle(poster->multi, post->try->easy);
    keep_try(poster, post->try);
    post->try = NULL;
}

/* Tells the callback's owner, and forgets the post, which is detached. */
static void end(struct ord_poster *poster, struct ord_post *post, bool is_accepted)
{
    struct ord_callback *callback = post->callback;
    pthread_mutex_lock(&poster->lock);
    callback->work = NULL;
    if (post->is_cancelled)
        TAILQ_REMOVE(&poster->cancelled, post, cancelled);
    pthread_mutex_unlock(&poster->lock);
    TAILQ_REMOVE(&poster->posts, post, all);
    free(post->redirect);
    free(post);
    callback->done(callback, is_accepted);
}

/* Half of the pause is drawn by lot, so that posts that failed together do not come again together. */
static uint64_t pause_ms(unsigned fails)
{
    uint64_t pause = ORD_POSTER_PAUSE_MIN_MS;
    for (unsigned i = 1; i < fails && pause < ORD_POSTER_PAUSE_MAX_MS; i++)
        pause *= 2;
    if (pause > ORD_POSTER_PAUSE_MAX_MS)
        pause = ORD_POSTER_PAUSE_MAX_MS;
    return pause / 2 + arc4random_uniform((uint32_t)(pause / 2) + 1);
}

/* To be tried from its own URL again. */
static void pause_post(struct ord_poster *poster, struct ord_post *post, uint64_t now_ms)
{
    free(post->redirect);
    post->redirect = NULL;
    post->hops = 0;
    post->fails++;
    post->state = ORD_POST_PAUSED;
    ord_wheel_add(&poster->pauses, &post->timer, now_ms, pause_ms(post->fails));
}

static void tell(struct ord_poster *poster, enum ord_poster_news news, const char *door, const char *reason)
{
    if (poster->options.tell)
        poster->options.tell(poster->options.context, news, door, reason);
}

/* Whether something that was told at `*told_ms` may be told again; then that is now. */
static bool is_news(uint64_t *told_ms, uint64_t now_ms)
{
    if (*told_ms != 0 && now_ms - *told_ms < ORD_DOOR_IDLE_MS)
        return false;
    *told_ms = now_ms;
    return true;
}

static void note_failure(struct ord_poster *poster, struct ord_door *door, const char *reason, uint64_t now_ms)
{
    ord_doors_note(&poster->doors, door, true);
    if (door->is_told || !is_news(&door->told_ms, now_ms))
        return;
    door->is_told = true;
    tell(poster, ORD_POSTER_FAILS, door->name, reason);
}

static void note_success(struct ord_poster *poster, struct ord_door *door)
{
    ord_doors_note(&poster->doors, door, false);
    if (!door->is_told)
        return;
    door->is_told = false;
    tell(poster, ORD_POSTER_WORKS, door->name, NULL);
}

/* Stands in line at the door of the URL that is next. */
static enum ord_code line_up(struct ord_poster *poster, struct ord_post *post, struct ord_error *error)
{
    char door[ORD_DOOR_TEXT_MAX];
    const char *url = post->redirect ? post->redirect : post->callback->url;
    enum ord_code code = ord_target_read(poster->curl, &poster->options, url, door, error);
    if (code == ORD_OK && !ord_doors_enter(&poster->doors, door, &post->place))
        code = ord_fail(error, ORD_INTERNAL, "no memory");
    if (code != ORD_OK)
        return code;
    post->state = ORD_POST_IN_LINE;
    ord_doors_wait(&poster->doors, &post->place);
    return ORD_OK;
}

/* A URL that was allowed when its member joined need not be now, in another run. */
static void begin(struct ord_poster *poster, struct ord_post *post, uint64_t now_ms)
{
    struct ord_error error;
    if (line_up(poster, post, &error) == ORD_OK)
        return;
    if (error.code != ORD_INTERNAL) {
        count(poster, ORD_CALLBACK_FORBIDDEN);
        if (is_news(&poster->outside_told_ms, now_ms))
            tell(poster, ORD_POSTER_FAILS, NULL, error.text);
    }
    pause_post(poster, post, now_ms);
}

void ord_poster_resume(struct ord_poster *poster, uint64_t now_ms)
{
    for (struct ord_timer *timer; (timer = ord_wheel_take(&poster->pauses, now_ms));)
        begin(poster, post_of_timer(timer), now_ms);
}

static struct ord_post *admit_one(struct ord_poster *poster, struct ord_callback *callback)
{
    struct ord_post *post = calloc(1, sizeof *post);
    if (!post)
        return NULL;
    post->callback = callback;
    callback->work = post;
    TAILQ_INSERT_TAIL(&poster->posts, post, all);
    return post;
}

/* Takes what can be dealt with out of the inbox: withdrawn ones go to a list of their own. */
static void sort_inbox(struct ord_poster *poster, struct ord_callback **ret_withdrawn,
                       struct ord_post **ret_first)
{
    pthread_mutex_lock(&poster->lock);
    struct ord_callback **at = &poster->inbox;
    for (struct ord_callback *callback; (callback = *at);) {
        struct ord_post *post = NULL;
        bool is_withdrawn = callback->work == &ord_work_withdrawn;
        if (!is_withdrawn && (!poster->curl || !(post = admit_one(poster, callback)))) {
            at = &callback->next;
            continue;
        }
        *at = callback->next;
        if (is_withdrawn) {
            callback->work = NULL;
            callback->next = *ret_withdrawn;
            *ret_withdrawn = callback;
        } else if (!*ret_first) {
            *ret_first = post;
        }
    }
    poster->inbox_end = at;
    pthread_mutex_unlock(&poster->lock);
}

void ord_poster_admit(struct ord_poster *poster, uint64_t now_ms)
{
    struct ord_callback *withdrawn = NULL;
    struct ord_post *post = NULL;
    sort_inbox(poster, &withdrawn, &post);
    for (struct ord_callback *callback; (callback = withdrawn);) {
        withdrawn = callback->next;
        callback->done(callback, false);
    }
    for (; post; post = TAILQ_NEXT(post, all))
        begin(poster, post, now_ms);
}

static struct ord_post *first_cancelled(struct ord_poster *poster)
{
    pthread_mutex_lock(&poster->lock);
    struct ord_post *post = TAILQ_FIRST(&poster->cancelled);
    pthread_mutex_unlock(&poster->lock);
    return post;
}

static void drop(struct ord_poster *poster, struct ord_post *post, uint64_t now_ms)
{
    if (post->try)
        count(poster, ORD_CALLBACK_CANCELLED);
    detach(poster, post, now_ms);
    end(poster, post, false);
}

void ord_poster_drop_cancelled(struct ord_poster *poster, uint64_t now_ms)
{
    for (struct ord_post *post; (post = first_cancelled(poster));)
        drop(poster, post, now_ms);
}

void ord_poster_drop_all(struct ord_poster *poster, uint64_t now_ms)
{
    for (struct ord_post *post; (post = TAILQ_FIRST(&poster->posts));)
        drop(poster, post, now_ms);
}

/* False: no memory, or its time was over while it stood in line where a redirect led. */
static bool start(struct ord_poster *poster, struct ord_post *post, uint64_t now_ms)
{
    if (post->hops == 0)
        post->deadline_ms = now_ms + ORD_POSTER_TRY_MS;
    if (post->deadline_ms <= now_ms) {
        count(poster, ORD_CALLBACK_LATE);
        return false;
    }
    if (!(post->try = take_try(poster)))
        return false;
    if (ord_try_set_up(poster->curl, post, poster->headers, post->deadline_ms - now_ms) &&
        poster->curl->multi_add_handle(poster->multi, post->try->easy) == CURLM_OK)
        return true;
    keep_try(poster, post->try);
    post->try = NULL;
    return false;
}

void ord_poster_start_tries(struct ord_poster *poster, uint64_t now_ms)
{
    for (struct ord_place_wanted *place; (place = ord_doors_next(&poster->doors));) {
        struct ord_post *post = post_of_place(place);
        post->state = ORD_POST_TRIED;
        if (start(poster, post, now_ms))
            continue;
        ord_doors_leave(&poster->doors, place, now_ms);
        pause_post(poster, post, now_ms);
    }
}

static void fail(struct ord_poster *poster, struct ord_post *post, enum ord_callback_outcome outcome,
                 const char *reason, uint64_t now_ms)
{
    count(poster, outcome);
    note_failure(poster, post->place.door, reason, now_ms);
    detach(poster, post, now_ms);
    pause_post(poster, post, now_ms);
}

/* A redirect to where nothing is posted is a failure of the door that it comes from. */
static void follow(struct ord_poster *poster, struct ord_post *post, uint64_t now_ms)
{
    struct ord_error error;
    char door[ORD_DOOR_TEXT_MAX];
    if (ord_target_read(poster->curl, &poster->options, post->redirect, door, &error) != ORD_OK) {
        ord_wrap(&error, "redirects elsewhere");
        fail(poster, post, ORD_CALLBACK_FORBIDDEN, error.text, now_ms);
        return;
    }
    post->hops++;
    detach(poster, post, now_ms);
    if (line_up(poster, post, &error) != ORD_OK)
        pause_post(poster, post, now_ms);
}

void ord_poster_conclude(struct ord_poster *poster, struct ord_post *post, CURLcode result, uint64_t now_ms)
{
    enum ord_callback_outcome outcome = ORD_CALLBACK_UNREACHABLE;
    struct ord_error error = {0};
    switch (ord_try_judge(poster->curl, post, result, &outcome, &error)) {
    case ORD_VERDICT_ACCEPTED:
        count(poster, outcome);
        note_success(poster, post->place.door);
        detach(poster, post, now_ms);
        end(poster, post, true);
        return;
    case ORD_VERDICT_REDIRECTED:
        follow(poster, post, now_ms);
        return;
    case ORD_VERDICT_FAILED:
        fail(poster, post, outcome, error.text, now_ms);
        return;
    }
}
