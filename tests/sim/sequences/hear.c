#include "sim/sequences/state.h"

#include <stdarg.h>
#include <string.h>

#include <inttypes.h>

struct play now;

const char *const play_event_names[PLAY_EVENTS] = {
    [PLAY_NEXT] = "next",
    [PLAY_NEXT_AT_ONCE] = "next, at once",
    [PLAY_NEXT_KEYED] = "next, with a key",
    [PLAY_REPEATED] = "key repeated",
    [PLAY_RESUMED] = "key resumed",
    [PLAY_EXHAUSTED] = "refused: exhausted",
    [PLAY_UNAVAILABLE] = "refused: unavailable",
    [PLAY_CAPACITY] = "refused: keys",
    [PLAY_CREATE] = "create",
    [PLAY_SET] = "set",
    [PLAY_DELETE] = "delete",
    [PLAY_GET] = "get",
    [PLAY_LIST] = "list",
    [PLAY_UNANSWERED] = "call without an answer",
    [PLAY_COMMIT] = "commit",
    [PLAY_COMMIT_LOST] = "commit lost",
    [PLAY_COMMIT_DOUBTFUL] = "commit doubtful",
    [PLAY_UNREAD] = "read failed",
    [PLAY_CRASH_BEFORE] = "crash before a commit",
    [PLAY_CRASH_AFTER] = "crash after a commit",
    [PLAY_CRASH] = "crash",
    [PLAY_STOP] = "clean stop",
    [PLAY_STOP_FAILED] = "stop that could not write",
};

__attribute__((format(printf, 1, 2))) void fail(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    if (!*now.failure)
        vsnprintf(now.failure, 200, format, args);
    va_end(args);
}

void expect(const char *wrong, unsigned name)
{
    if (wrong)
        fail("%s, %s: %s", shelf_names[name], ord_sequence_mode_names[now.names[name].oracle.what.mode], wrong);
}

void tell(enum play_event event, const char *name, int64_t a, int64_t b)
{
    now.totals->events[event]++;
    uint64_t mixed = (uint64_t)event * 31 + (uint64_t)a * 7919 + (uint64_t)b;
    now.totals->hash = (now.totals->hash ^ mixed) * UINT64_C(0xff51afd7ed558ccd);
    now.totals->hash ^= now.totals->hash >> 32;
    if (now.trace)
        fprintf(now.trace, "%12" PRId64 " %-28s %s %" PRId64 " %" PRId64 "\n", now.now_us,
                play_event_names[event], name, a, b);
}

/* What is stored, and what may be. */

void check_stored(unsigned name, uint64_t spare)
{
    const struct named *named = &now.names[name];
    if (named->is_settling || named->status != ORD_SEQUENCE_LIVE)
        return;
    expect(oracle_check_stored(&named->oracle, &now.shelf.durable.records[name], spare), name);
    if (now.shelf.is_doubtful)
        expect(oracle_check_stored(&named->oracle, &now.shelf.doubt.records[name], spare), name);
}

static void check_remembered(const struct call *call, unsigned birth)
{
    char text[SHELF_KEY_MAX];
    snprintf(text, sizeof text, "%s/%u/%s", shelf_names[call->name], birth, call->key_text);
    const struct ord_grant *durable = shelf_find(&now.shelf.durable, text);
    const struct ord_grant *doubtful = now.shelf.is_doubtful ? shelf_find(&now.shelf.doubt, text) : durable;
    if (!durable || !doubtful || (int64_t)durable->first != call->key->first ||
        durable->count != call->key->count)
        expect("an answer left before its key was stored", call->name);
}

void noted(void *context, enum shelf_event event)
{
    static const enum play_event events[] = {
        [SHELF_DURABLE] = PLAY_COMMIT,           [SHELF_LOST] = PLAY_COMMIT_LOST,
        [SHELF_DOUBTFUL] = PLAY_COMMIT_DOUBTFUL, [SHELF_UNREAD] = PLAY_UNREAD,
        [SHELF_CRASH] = PLAY_CRASH_BEFORE,       [SHELF_LATE_CRASH] = PLAY_CRASH_AFTER,
    };
    tell(events[event], "", 0, 0);
    now.had_trouble |= event != SHELF_DURABLE;
    now.progress += event == SHELF_DURABLE;
    for (unsigned name = 0; name < SHELF_NAMES; name++)
        check_stored(name, now.names[name].oracle.what.block);
}

/* Answers. */

bool is_gapless(unsigned name)
{
    return now.names[name].oracle.what.mode == ORD_SEQUENCE_GAPLESS;
}

/* The outcome of a call for values is not known. */
static void leave_open(struct call *call)
{
    struct oracle *oracle = &now.names[call->name].oracle;
    struct key *key = call->key;
    if (key && key->state == KEY_ANSWERED)
        return;
    if (!key || !is_gapless(call->name))
        oracle->lost += call->ask.next.count;
    else if (!key->was_unanswered)
        oracle->open += call->ask.next.count;
    if (key)
        key->was_unanswered = true;
}

void close_key(struct key *key)
{
    if (key->state == KEY_OPEN && key->was_unanswered && is_gapless(key->name))
        now.names[key->name].oracle.open -= key->count;
}

void take_values(struct call *call)
{
    struct named *named = &now.names[call->name];
    const struct ord_values *values = &call->ask.values;
    if (values->count != call->ask.next.count || values->increment != named->oracle.what.increment ||
        values->mode != named->oracle.what.mode)
        expect("an answer with other properties", call->name);
    struct key *key = call->key;
    if (key && key->state == KEY_ANSWERED) {
        expect(oracle_repeat(&named->oracle, values->first, key->first), call->name);
        tell(PLAY_REPEATED, shelf_names[call->name], values->first, values->count);
    } else {
        int64_t floor = key ? key->floor : call->floor;
        if (key && key->was_unanswered && named->oracle.high >= 0 &&
            values->first <= named->oracle.base + named->oracle.high * named->oracle.what.increment)
            tell(PLAY_RESUMED, shelf_names[call->name], values->first, values->count);
        expect(oracle_give(&named->oracle, values->first, values->count, floor), call->name);
        now.totals->values += values->count;
        if (key)
            close_key(key);
    }
    if (key) {
        key->state = KEY_ANSWERED;
        key->first = values->first;
        check_remembered(call, now.shelf.durable.records[call->name].birth);
    }
    check_stored(call->name, INT64_MAX / 2);
    tell(PLAY_NEXT, shelf_names[call->name], values->first, values->count);
}

static bool is_answered(const struct key *key)
{
    return key && key->state == KEY_ANSWERED;
}

/* It is certain that nothing was taken under it. */
static void drop_key(struct key *key)
{
    if (!key)
        return;
    close_key(key);
    key->state = KEY_FREE;
}

static void hear_next(struct call *call)
{
    struct named *named = &now.names[call->name];
    named->oracle.under_way -= call->ask.next.count;
    if (now.shelf.is_dead || call->error.code == ORD_UNAVAILABLE) {
        if (!now.shelf.is_dead && !now.had_trouble)
            expect("refused without a cause", call->name);
        tell(now.shelf.is_dead ? PLAY_UNANSWERED : PLAY_UNAVAILABLE, shelf_names[call->name],
             call->ask.next.count, 0);
        leave_open(call);
    } else if (call->error.code == ORD_OK) {
        take_values(call);
    } else if (call->error.code == ORD_EXHAUSTED && !is_answered(call->key)) {
        expect(oracle_refuse(&named->oracle, call->ask.next.count, call->floor), call->name);
        tell(PLAY_EXHAUSTED, shelf_names[call->name], call->ask.next.count, 0);
        drop_key(call->key);
    } else if (call->error.code == ORD_CAPACITY && call->key && !is_answered(call->key)) {
        tell(PLAY_CAPACITY, shelf_names[call->name], 0, 0);
        drop_key(call->key);
    } else {
        expect(call->error.text, call->name);
    }
    if (call->key)
        call->key->is_under_way = false;
}

/* What is known of a name after something was changed, or asked for because nobody knew. */
static void settle(struct named *named, unsigned name, const struct ord_sequence_record *record)
{
    named->is_settling = named->is_unsure = false;
    named->status = record->status;
    if (record->status != ORD_SEQUENCE_LIVE)
        return;
    if (record->at.next < named->least)
        expect("it went back though nobody forced it to", name);
    oracle_begin(&named->oracle, &record->what, record->at.next);
    if (record->at.is_over) {
        named->oracle.is_given[0] = true;
        named->oracle.given = 1;
        named->oracle.high = 0;
    }
}

static void hear_change(struct call *call)
{
    struct named *named = &now.names[call->name];
    struct ord_sequence_record record = call->ask.record;
    if (now.shelf.is_dead || call->error.code == ORD_UNAVAILABLE) {
        named->is_unsure = true;
        named->sure_after = now.progress;
        tell(PLAY_UNANSWERED, shelf_names[call->name], call->ask.work.verb, 0);
    } else if (call->error.code == ORD_OK) {
        record.status = call->ask.work.verb == ORD_SEQUENCE_DELETE ? ORD_SEQUENCE_DELETED : ORD_SEQUENCE_LIVE;
        settle(named, call->name, &record);
    } else if (call->error.code == ORD_PRECONDITION && oracle_may_be_ahead(&named->oracle)) {
        named->is_settling = false; /* it stands further than is known */
    } else {
        expect(call->error.text, call->name);
    }
}

static void hear_get(struct call *call)
{
    struct named *named = &now.names[call->name];
    struct ord_sequence_record record = call->ask.record;
    bool is_sure = now.progress > named->sure_after;
    if (now.shelf.is_dead || call->error.code == ORD_UNAVAILABLE)
        return;
    tell(PLAY_GET, shelf_names[call->name], record.at.next, record.at.is_over);
    record.status = call->error.code == ORD_OK        ? ORD_SEQUENCE_LIVE
                    : call->error.code == ORD_DELETED ? ORD_SEQUENCE_DELETED
                                                      : ORD_SEQUENCE_ABSENT;
    if (named->is_unsure && is_sure && named->calls == 1)
        settle(named, call->name, &record);
    else if (!named->is_settling && record.status != named->status)
        expect("it is said to be what it is not", call->name);
    else if (!named->is_settling && record.status == ORD_SEQUENCE_LIVE)
        expect(oracle_check_told(&named->oracle, &record.at, call->floor), call->name);
}

static void hear_list(struct call *call)
{
    tell(PLAY_LIST, "", (int64_t)call->ask.page.count, 0);
    for (size_t i = 1; !now.shelf.is_dead && call->error.code == ORD_OK && i < call->ask.page.count; i++)
        if (strcmp(call->ask.page.items[i - 1].name, call->ask.page.items[i].name) >= 0)
            fail("a page is out of order");
}

static void end_call(struct call *call)
{
    now.names[call->name].calls--;
    call->is_used = false;
    ord_arena_finish(&call->arena);
}

void done(struct ord_sequence_ask *ask)
{
    struct call *call = (struct call *)ask;
    switch (ask->work.verb) {
    case ORD_SEQUENCE_NEXT:
        hear_next(call);
        break;
    case ORD_SEQUENCE_GET:
        hear_get(call);
        break;
    case ORD_SEQUENCE_LIST:
        hear_list(call);
        break;
    default:
        hear_change(call);
    }
    end_call(call);
}
