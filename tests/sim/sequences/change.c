/* Callers that change what sequences there are. */
#include "sim/sequences/state.h"

static struct ord_sequence invent(void)
{
    static const int64_t starts[] = {1, 0, -100, INT64_MIN, INT64_MAX - 300};
    int64_t start = starts[below(sizeof starts / sizeof *starts)];
    bool is_gapless = one_in(2), is_short = one_in(4);
    struct ord_sequence what = {
        .mode = is_gapless ? ORD_SEQUENCE_GAPLESS : ORD_SEQUENCE_BLOCK,
        .start = start,
        .minimum = start,
        .increment = one_in(3) ? 7 : 1,
        .maximum = INT64_MAX,
    };
    what.block = is_gapless ? 0 : (uint32_t)sim_random_scale(&now.random, 60);
    if (is_short)
        what.maximum = start > INT64_MAX - 300 ? INT64_MAX : start + 299;
    return what;
}

static void forget_keys(unsigned name)
{
    for (int i = 0; i < KEYS; i++)
        if (now.keys[i].name == name)
            now.keys[i].state = KEY_FREE;
}

static int64_t value_after(const struct oracle *oracle)
{
    uint64_t steps = (uint64_t)(oracle->high + 1);
    return (int64_t)((uint64_t)oracle->base + steps * (uint64_t)oracle->what.increment);
}

/* Sets it a little forward, or back to its start by force. */
static void set(struct call *call, struct named *named)
{
    const struct oracle *oracle = &named->oracle;
    bool is_forced = one_in(2);
    int64_t ahead = (int64_t)below(200), most = oracle->what.maximum;
    int64_t next = value_after(oracle);
    next = next > most - ahead || oracle->high + 1 >= oracle_steps(oracle) ? most : next + ahead;
    call->ask.work.verb = ORD_SEQUENCE_SET;
    call->ask.set.is_forced = is_forced || next == most;
    call->ask.set.next = is_forced ? oracle->what.start : next;
    named->least = call->ask.set.is_forced ? INT64_MIN : value_after(oracle);
    tell(PLAY_SET, call->ask.name, call->ask.set.next, call->ask.set.is_forced);
}

static void create(struct call *call, struct named *named)
{
    call->ask.work.verb = ORD_SEQUENCE_CREATE;
    call->ask.create.what = invent();
    call->ask.create.revives = named->status == ORD_SEQUENCE_DELETED;
    named->least = INT64_MIN;
    tell(PLAY_CREATE, call->ask.name, call->ask.create.what.start, call->ask.create.what.block);
}

void change(unsigned name)
{
    struct named *named = &now.names[name];
    if (named->calls > 0 || named->is_settling)
        return;
    struct call *call = begin_call(name, ORD_SEQUENCE_CREATE);
    if (!call)
        return;
    forget_keys(name);
    named->is_settling = true;
    if (named->status != ORD_SEQUENCE_LIVE)
        create(call, named);
    else if (one_in(3)) {
        call->ask.work.verb = ORD_SEQUENCE_DELETE;
        named->least = INT64_MIN;
        tell(PLAY_DELETE, call->ask.name, 0, 0);
    } else
        set(call, named);
    ord_sequences_ask(now.engine, &call->ask);
}
