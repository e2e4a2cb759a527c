/* The thread of the engine: it applies, makes durable and tells, a cycle at a time. */
#include "rank/engine.h"

#include <stdlib.h>
#include <time.h>

#include "base/time.h"
#include "rank/internal.h"

#define NS_PER_MS INT64_C(1000000)

/* Storage that failed is tried again after that. */
#define RETRY_NS (1000 * NS_PER_MS)

/* While there are leases the thread looks at the clock so often. If it comes much later, it was stopped, or the
 * system slept, and so perhaps were those who would have renewed: their leases do not count that time. */
#define TICK_NS (500 * NS_PER_MS)
#define LATE_NS (1000 * NS_PER_MS)

int64_t ord_ranks_now_ns(const struct ord_ranks *ranks)
{
    return ord_boot_ns() - ranks->shift_ns;
}

void ord_ranks_add(struct ord_ranks *ranks, struct ord_rank_work *work)
{
    work->next = NULL;
    *ranks->end = work;
    ranks->end = &work->next;
    pthread_cond_signal(&ranks->changed);
}

static void earlier(int64_t *due_ns, int64_t other_ns)
{
    if (other_ns < *due_ns)
        *due_ns = other_ns;
}

/* When there is something to do that nobody asks for; INT64_MAX: nothing. */
static int64_t next_due_ns(const struct ord_ranks *ranks, int64_t now_ns)
{
    if (ranks->is_behind)
        return ranks->retry_ns;
    int64_t due_ns = ranks->is_urgent ? now_ns : INT64_MAX;
    if (ranks->is_lazy)
        earlier(&due_ns, ranks->lazy_ns);
    const struct ord_timer *lease = ord_timers_first(&ranks->leases), *aging = ord_timers_first(&ranks->agings);
    if (lease)
        earlier(&due_ns, lease->due_ns);
    if (aging)
        earlier(&due_ns, aging->due_ns);
    return due_ns;
}

/* Waits on the condition for so long at most. */
static void wait_ns(struct ord_ranks *ranks, int64_t ns)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    int64_t end_ns = until.tv_nsec + ns;
    until.tv_sec += end_ns / 1000000000;
    until.tv_nsec = end_ns % 1000000000;
    pthread_cond_timedwait(&ranks->changed, &ranks->lock, &until);
}

static void look_at_clock(struct ord_ranks *ranks)
{
    int64_t now_ns = ord_boot_ns();
    if (ranks->leases.count > 0 && now_ns - ranks->last_ns > LATE_NS)
        ranks->shift_ns += now_ns - ranks->last_ns - TICK_NS;
    ranks->last_ns = now_ns;
}

static bool has_to_do(const struct ord_ranks *ranks)
{
    if (ranks->is_stopping && (!ranks->has_cancelled || ranks->delivery_count == 0))
        return true;
    int64_t now_ns = ord_ranks_now_ns(ranks);
    return next_due_ns(ranks, now_ns) <= now_ns;
}

static void wait_for_some(struct ord_ranks *ranks)
{
    int64_t now_ns = ord_ranks_now_ns(ranks), due_ns = next_due_ns(ranks, now_ns);
    int64_t left_ns = due_ns - now_ns;
    bool has_leases = ranks->leases.count > 0;
    if (due_ns == INT64_MAX)
        pthread_cond_wait(&ranks->changed, &ranks->lock);
    else
        wait_ns(ranks, has_leases && left_ns > TICK_NS ? TICK_NS : left_ns);
    if (has_leases)
        look_at_clock(ranks);
    else
        ranks->last_ns = ord_boot_ns();
}

/* A room that nobody uses is forgotten but for its epoch, above which all new ones begin. False: it is used, or
 * there is no memory. */
static bool forget(struct ord_ranks *ranks, struct room *room)
{
    struct ord_group *group = &room->group;
    if (!ord_group_is_empty(group) || group->departed || group->is_dirty || room->feeds || room->is_concerned ||
        room->used_in == ranks->cycle)
        return false;
    if (group->epoch > ranks->floor_epoch) {
        int64_t event = group->event > ranks->floor_event ? group->event : ranks->floor_event;
        if (!ord_floor_stage(group->epoch, event, &ranks->entries))
            return false;
        ranks->floor_epoch = group->epoch;
        ranks->floor_event = event;
    }
    if (!ord_group_stage(group, &ranks->entries) ||
        (group->is_stored && !ord_group_stage_end(group, &ranks->entries)))
        return false;
    ord_ranks_remove_room(ranks, room);
    return true;
}

/* Takes all rooms that were touched, and puts what is dirty among the entries. False: no memory; they are among
 * those concerned still. */
static bool stage(struct ord_ranks *ranks)
{
    bool is_good = true;
    struct room *list = ranks->touched;
    ranks->touched = NULL;
    ranks->is_urgent = ranks->is_lazy = false;
    for (struct room *at = list, *next; at; at = next) {
        next = at->next_touched;
        at->is_touched = false;
        if (!forget(ranks, at))
            ord_ranks_concern(ranks, at);
    }
    for (struct room *at = ranks->concerned; at; at = at->next_concerned)
        is_good = is_good && ord_group_stage(&at->group, &ranks->entries);
    return is_good;
}

static void log_trouble(const struct ord_ranks *ranks, enum ord_code code, const struct ord_error *cause)
{
    const struct ord_rank_log *log = ranks->options.log;
    if (log && ranks->is_behind != (code != ORD_OK))
        log->storage(code == ORD_OK ? NULL : cause->text);
}

/* Makes the entries durable. Without the lock. */
static enum ord_code commit(struct ord_ranks *ranks, bool is_staged, struct ord_error *error)
{
    const struct ord_group_port *store = &ranks->options.store;
    struct ord_error cause;
    enum ord_code code = ORD_OK;
    if (!is_staged)
        code = ord_fail(&cause, ORD_INTERNAL, "no memory");
    else if (ranks->entries.count > 0)
        code = store->commit(store->context, &ranks->entries, &cause);
    log_trouble(ranks, code, &cause);
    if (code == ORD_OK)
        return ORD_OK;
    return ord_fail_retry(error, ORD_UNAVAILABLE, RETRY_NS / NS_PER_MS, "it cannot be stored: %s", cause.text);
}

/* What is durable becomes visible. Under the lock. */
static void publish(struct ord_ranks *ranks, bool is_durable)
{
    ranks->figures.commits[is_durable] += ranks->entries.count > 0 || !is_durable;
    ranks->is_behind = !is_durable;
    ranks->retry_ns = ord_ranks_now_ns(ranks) + RETRY_NS;
    if (!is_durable)
        return;
    ord_group_entries_clear(&ranks->entries);
    for (struct room *at = ranks->concerned; at; at = at->next_concerned)
        ord_group_publish(&at->group);
}

static void log_news(const struct ord_ranks *ranks, struct room *room)
{
    const struct ord_rank_log *log = ranks->options.log;
    const struct ord_group *group = &room->group;
    const struct ord_command *command;
    if (log && room->told_epoch != group->published.epoch)
        log->ranking(group);
    room->told_epoch = group->published.epoch;
    while (log && (command = ord_group_next_command(group, NULL, room->told_command))) {
        log->command(group, command);
        room->told_command = command->id;
    }
}

/* Lets go of what is gone; rooms that are empty are looked at again. Under the lock. */
static void clear(struct ord_ranks *ranks)
{
    struct room *list = ranks->concerned;
    ranks->concerned = NULL;
    for (struct room *at = list, *next; at; at = next) {
        next = at->next_concerned;
        at->is_concerned = false;
        ord_group_bury(&at->group);
        if (ord_group_is_empty(&at->group) && !at->feeds)
            ord_ranks_touch(ranks, at, false);
    }
}

/* Settles all; returns those that are to be finished. */
static struct ord_rank_work *settle(struct ord_ranks *ranks, struct ord_rank_work *works,
                                    const struct ord_error *failure)
{
    struct ord_rank_work *list = NULL, **end = &list;
    for (struct ord_rank_work *at = works, *next; at; at = next) {
        next = at->next;
        bool is_finished = !at->kind->finish;
        at->kind->settle(ranks, at, failure);
        if (is_finished)
            continue;
        *end = at;
        end = &at->next;
    }
    *end = NULL;
    return list;
}

static void finish(struct ord_ranks *ranks, struct ord_rank_work *works)
{
    for (struct ord_rank_work *at = works, *next; at; at = next) {
        next = at->next;
        at->kind->finish(ranks, at);
    }
}

/* Publishes what is durable, answers those who wait, tells readers. */
static void conclude(struct ord_ranks *ranks, struct ord_rank_work *works, const struct ord_error *failure)
{
    pthread_mutex_lock(&ranks->telling);
    pthread_mutex_lock(&ranks->lock);
    publish(ranks, !failure);
    works = settle(ranks, works, failure);
    for (struct room *at = ranks->concerned; at; at = at->next_concerned) {
        if (!failure)
            ord_deliveries_pump(ranks, at);
        ord_feeds_news(ranks, at);
    }
    pthread_mutex_unlock(&ranks->lock);
    ord_feeds_tell(ranks);
    pthread_mutex_unlock(&ranks->telling);

    finish(ranks, works);
    ord_deliveries_send(ranks);
    if (failure)
        return;
    for (struct room *at = ranks->concerned; at; at = at->next_concerned)
        log_news(ranks, at);
    pthread_mutex_lock(&ranks->lock);
    clear(ranks);
    pthread_mutex_unlock(&ranks->lock);
}

/* Whether what is dirty is to be stored now. */
static bool is_time_to_store(const struct ord_ranks *ranks)
{
    return ranks->is_urgent || ranks->is_stopping ||
           (ranks->is_lazy && ranks->lazy_ns <= ord_ranks_now_ns(ranks));
}

static void cancel_before_stop(struct ord_ranks *ranks)
{
    if (ranks->is_stopping && !ranks->has_cancelled)
        ord_deliveries_cancel_all(ranks);
}

/* Tries again to make durable what is not. If that fails, nothing else is done. */
static bool catch_up(struct ord_ranks *ranks, struct ord_rank_work *works)
{
    struct ord_error error;
    pthread_mutex_lock(&ranks->lock);
    cancel_before_stop(ranks);
    bool is_staged = stage(ranks);
    pthread_mutex_unlock(&ranks->lock);
    bool is_durable = commit(ranks, is_staged, &error) == ORD_OK;
    conclude(ranks, is_durable ? NULL : works, is_durable ? NULL : &error);
    return is_durable;
}

static void work_on(struct ord_ranks *ranks, struct ord_rank_work *works)
{
    struct ord_error error;
    pthread_mutex_lock(&ranks->lock);
    for (struct ord_rank_work *at = works; at; at = at->next)
        at->kind->apply(ranks, at);
    ord_ranks_pass_time(ranks);
    cancel_before_stop(ranks);
    bool stores = is_time_to_store(ranks), is_staged = stores && stage(ranks);
    pthread_mutex_unlock(&ranks->lock);
    bool is_good = !stores || commit(ranks, is_staged, &error) == ORD_OK;
    conclude(ranks, works, is_good ? NULL : &error);
}

/* Waits for work or for what is due, and takes all of the work. False: there will be no more. */
static bool take_all(struct ord_ranks *ranks, struct ord_rank_work **ret_works)
{
    pthread_mutex_lock(&ranks->lock);
    look_at_clock(ranks);
    while (!ranks->first && !has_to_do(ranks))
        wait_for_some(ranks);
    *ret_works = ranks->first;
    ranks->first = NULL;
    ranks->end = &ranks->first;
    ranks->cycle++;
    bool ends = ranks->is_stopping && ranks->has_cancelled && ranks->delivery_count == 0 && !*ret_works;
    pthread_mutex_unlock(&ranks->lock);
    return !ends;
}

static void *run(void *context)
{
    struct ord_ranks *ranks = context;
    struct ord_rank_work *works;
    while (take_all(ranks, &works))
        if (!ranks->is_behind || catch_up(ranks, works))
            work_on(ranks, works);
    return NULL;
}

static struct ord_ranks *discard(struct ord_ranks *ranks)
{
    while (ranks->rooms)
        ord_ranks_remove_room(ranks, ranks->rooms);
    ord_timers_finish(&ranks->leases);
    ord_timers_finish(&ranks->agings);
    ord_group_entries_finish(&ranks->entries);
    pthread_cond_destroy(&ranks->changed);
    pthread_mutex_destroy(&ranks->lock);
    pthread_mutex_destroy(&ranks->telling);
    free(ranks);
    return NULL;
}

static void init_locks(struct ord_ranks *ranks)
{
    pthread_condattr_t steady;
    pthread_condattr_init(&steady);
    pthread_condattr_setclock(&steady, CLOCK_MONOTONIC);
    pthread_cond_init(&ranks->changed, &steady);
    pthread_condattr_destroy(&steady);
    pthread_mutex_init(&ranks->lock, NULL);
    pthread_mutex_init(&ranks->telling, NULL);
}

enum ord_code ord_ranks_open(const struct ord_rank_options *options, struct ord_ranks **ret_ranks,
                             struct ord_error *error)
{
    struct ord_ranks *ranks = calloc(1, sizeof *ranks);
    if (!ranks)
        return ord_fail(error, ORD_INTERNAL, "no memory");
    ranks->options = *options;
    ranks->end = &ranks->first;
    ranks->last_ns = ord_boot_ns();
    init_locks(ranks);
    enum ord_code code = ord_ranks_load(ranks, error);
    if (code == ORD_OK) {
        int errnum = pthread_create(&ranks->thread, NULL, run, ranks);
        code = errnum == 0 ? ORD_OK : ord_fail_errno(error, errnum, "start a thread");
    }
    if (code != ORD_OK) {
        discard(ranks);
        return ord_wrap(error, "load groups");
    }
    *ret_ranks = ranks;
    return ORD_OK;
}

struct ord_ranks *ord_ranks_close(struct ord_ranks *ranks)
{
    if (!ranks)
        return NULL;
    pthread_mutex_lock(&ranks->lock);
    ranks->is_stopping = true;
    pthread_cond_signal(&ranks->changed);
    pthread_mutex_unlock(&ranks->lock);
    pthread_join(ranks->thread, NULL);
    return discard(ranks);
}
