#include <string.h>

#include "sim/sequences/state.h"

uint64_t below(uint64_t bound)
{
    return sim_random_below(&now.random, bound);
}

bool one_in(uint64_t odds)
{
    return sim_random_one_in(&now.random, odds);
}

/* The committer of src/base, as the engine sees it. */

enum ord_code __wrap_ord_committer_start(ord_commit_all *commit_all, void *context,
                                         struct ord_committer **ret_committer, struct ord_error *error);
void __wrap_ord_committer_add(struct ord_committer *committer, struct ord_commit *commit);
struct ord_committer *__wrap_ord_committer_stop(struct ord_committer *committer);

static void work_off(void)
{
    struct ord_commit *list = now.first;
    now.first = NULL;
    now.end = &now.first;
    if (list)
        now.work(now.work_context, list);
}

enum ord_code __wrap_ord_committer_start(ord_commit_all *commit_all, void *context,
                                         struct ord_committer **ret_committer, struct ord_error *error)
{
    now.work = commit_all;
    now.work_context = context;
    now.first = NULL;
    now.end = &now.first;
    *ret_committer = (struct ord_committer *)&now;
    return ORD_OK;
}

void __wrap_ord_committer_add(struct ord_committer *committer, struct ord_commit *commit)
{
    commit->next = NULL;
    *now.end = commit;
    now.end = &commit->next;
}

struct ord_committer *__wrap_ord_committer_stop(struct ord_committer *committer)
{
    while (now.first)
        work_off();
    return NULL;
}

/* Calls. */

static void meanwhile(void *context);

static struct call *free_call(void)
{
    for (int i = 0; i < CALLS; i++)
        if (!now.calls[i].is_used)
            return &now.calls[i];
    return NULL;
}

struct call *begin_call(unsigned name, enum ord_sequence_verb verb)
{
    struct call *call = free_call();
    if (!call)
        return NULL;
    *call = (struct call){.is_used = true, .name = name, .floor = now.names[name].oracle.high};
    ord_arena_init(&call->arena, NULL, 0);
    call->ask.work.verb = verb;
    call->ask.name = shelf_names[name];
    call->ask.error = &call->error;
    call->ask.done = done;
    now.names[name].calls++;
    return call;
}

static struct key *new_key(unsigned name, uint32_t count)
{
    for (int i = 0; i < KEYS; i++)
        if (now.keys[i].state == KEY_FREE && !now.keys[i].is_under_way) {
            now.keys[i] = (struct key){.state = KEY_OPEN,
                                       .name = name,
                                       .number = now.key_number++,
                                       .count = count,
                                       .floor = now.names[name].oracle.high,
                                       .since_us = now.now_us};
            return &now.keys[i];
        }
    return NULL;
}

/* Asks for values; at once where that is possible, as callers of src/api do. */
static void ask_next(struct call *call, uint32_t count, struct key *key)
{
    call->key = key;
    call->ask.next.count = count;
    call->ask.next.request_id = call->key_text;
    if (key) {
        snprintf(call->key_text, sizeof call->key_text, "%u", key->number);
        key->is_under_way = true;
        tell(PLAY_NEXT_KEYED, shelf_names[call->name], key->number, count);
    } else if (ord_sequences_take(now.engine, call->ask.name, count, &call->ask.values)) {
        tell(PLAY_NEXT_AT_ONCE, shelf_names[call->name], call->ask.values.first, count);
        take_values(call);
        now.names[call->name].calls--;
        call->is_used = false;
        return;
    }
    now.names[call->name].oracle.under_way += count;
    ord_sequences_ask(now.engine, &call->ask);
}

static void next(unsigned name)
{
    uint64_t scaled = sim_random_scale(&now.random, COUNT_MAX);
    uint32_t count = one_in(3) ? (uint32_t)scaled : 1;
    bool has_key = one_in(now.key_odds);
    struct oracle *oracle = &now.names[name].oracle;
    if (oracle->high + 200 > ORACLE_STEPS)
        return; /* it would run out of sight */
    struct call *call = begin_call(name, ORD_SEQUENCE_NEXT);
    if (call)
        ask_next(call, count, has_key ? new_key(name, count) : NULL);
}

/* Values of a key once more; or it is given up, in time before it is forgotten. */
static void repeat(struct key *key)
{
    if (key->state == KEY_FREE || key->is_under_way || now.names[key->name].is_settling)
        return;
    if (now.now_us - key->since_us > LIFE_US / 2) {
        if (key->state == KEY_OPEN && key->was_unanswered && is_gapless(key->name))
            now.names[key->name].oracle.lost += key->count;
        close_key(key);
        key->state = KEY_FREE;
        return;
    }
    struct call *call = begin_call(key->name, ORD_SEQUENCE_NEXT);
    if (call)
        ask_next(call, key->count, key);
}

static void get(unsigned name)
{
    struct call *call = begin_call(name, ORD_SEQUENCE_GET);
    if (call)
        ord_sequences_ask(now.engine, &call->ask);
}

static void list(void)
{
    struct call *call = begin_call(0, ORD_SEQUENCE_LIST);
    if (!call)
        return;
    call->ask.list.prefix = call->ask.list.after = "";
    call->ask.list.max = SHELF_NAMES;
    call->ask.list.arena = &call->arena;
    ord_sequences_ask(now.engine, &call->ask);
}

/* One caller does something. */
static void act(void)
{
    unsigned name = (unsigned)below(SHELF_NAMES);
    struct named *named = &now.names[name];
    bool is_change = one_in(now.change_odds), is_repeat = one_in(now.repeat_odds), is_look = one_in(20);
    if (is_repeat)
        repeat(&now.keys[below(KEYS)]);
    else if (named->is_settling) {
        if (named->is_unsure && named->calls == 0)
            get(name);
    } else if (is_look)
        one_in(4) ? list() : get(name);
    else if (named->status != ORD_SEQUENCE_LIVE || is_change)
        change(name);
    else
        next(name);
}

static void meanwhile(void *context)
{
    for (uint64_t left = below(3); left > 0 && !now.shelf.is_dead && !now.is_closing; left--)
        act();
}

/* Runs of the process. */

static int64_t now_us(void *context)
{
    return now.now_us;
}

static void start(void)
{
    struct ord_error error;
    struct ord_sequences_options options = {
        .port = shelf_port(&now.shelf),
        .request_max = KEYS - 2 + below(20),
        .request_life_us = LIFE_US,
        .loaded_max = 3 + below(12),
        .now_us = now_us,
    };
    now.shelf.is_dead = now.had_trouble = now.is_closing = false;
    now.progress++;
    if (ord_sequences_open(&options, &now.engine, &error) != ORD_OK)
        fail("it does not start: %s", error.text);
}

/* The process ended without a word. */
static void crash(void)
{
    tell(PLAY_CRASH, "", 0, 0);
    now.shelf.is_dead = true;
    now.engine = ord_sequences_close(now.engine, NULL);
    shelf_decide(&now.shelf);
    for (unsigned name = 0; name < SHELF_NAMES; name++) {
        oracle_skip(&now.names[name].oracle);
        check_stored(name, 0);
    }
}

static void stop(void)
{
    struct ord_error error;
    now.is_closing = true;
    now.engine = ord_sequences_close(now.engine, &error);
    if (now.shelf.is_dead || error.code != ORD_OK) {
        tell(PLAY_STOP_FAILED, "", 0, 0);
        shelf_decide(&now.shelf);
    }
    for (unsigned name = 0; name < SHELF_NAMES; name++) {
        if (now.shelf.is_dead || error.code != ORD_OK)
            oracle_skip(&now.names[name].oracle);
        check_stored(name, 0);
    }
    tell(PLAY_STOP, "", 0, 0);
}

static void step(void)
{
    now.now_us += (int64_t)below(STEP_US);
    uint64_t kind = below(100);
    if (one_in(120)) {
        now.shelf.fault_odds = one_in(2) ? 0 : 1 + below(6);
    } else if (one_in(150)) {
        stop();
        start();
    } else if (one_in(150)) {
        crash();
        start();
    } else if (one_in(200)) {
        now.now_us += LIFE_US / 5;
    } else if (kind < 60) {
        act();
    } else {
        work_off();
    }
    if (now.shelf.is_dead) {
        crash();
        start();
    }
}

/* The store is well: all that is open is answered, and what is missing then is missing. */
static void finish(void)
{
    now.is_closing = true;
    now.shelf.fault_odds = now.shelf.crash_odds = now.change_odds = now.key_odds = 0;
    for (int round = 0; round < 4 && !*now.failure; round++) {
        now.had_trouble = round < 2;
        while (now.first)
            work_off();
        for (int i = 0; i < KEYS; i++)
            if (now.keys[i].state == KEY_OPEN)
                repeat(&now.keys[i]);
        for (unsigned name = 0; name < SHELF_NAMES; name++) {
            if (now.names[name].is_unsure && now.names[name].calls == 0)
                get(name);
            else if (round == 3 && now.names[name].status == ORD_SEQUENCE_LIVE && !now.names[name].is_settling)
                next(name);
        }
    }
    while (now.first)
        work_off();
    for (int i = 0; i < KEYS && !*now.failure; i++)
        if (now.keys[i].state == KEY_OPEN)
            fail("a key is not answered though the store is well");
    stop();
}

static void prepare(uint64_t seed, struct play_totals *totals, FILE *trace, char ret_failure[200])
{
    memset(&now, 0, sizeof now);
    now.random.state = seed;
    now.totals = totals;
    now.trace = trace;
    now.failure = ret_failure;
    *ret_failure = '\0';
    now.shelf.random = &now.random;
    now.shelf.meanwhile = meanwhile;
    now.shelf.noted = noted;
    now.shelf.crash_odds = one_in(3) ? 0 : 10 + below(90);
    now.shelf.fault_odds = one_in(2) ? 0 : 2 + below(40);
    now.change_odds = one_in(2) ? 0 : 10 + below(200);
    now.key_odds = 1 + below(5);
    now.repeat_odds = 2 + below(20);
    now.now_us = 1000000000;
}

bool play(uint64_t seed, struct play_totals *totals, FILE *trace, char ret_failure[200])
{
    prepare(seed, totals, trace, ret_failure);
    uint64_t actions = 50 + below(ACTIONS_MAX);
    start();
    for (uint64_t i = 0; i < actions && !*ret_failure; i++)
        step();
    if (!*ret_failure)
        finish();
    else
        crash();
    return !*ret_failure;
}
