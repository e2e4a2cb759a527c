#include "faults.h"

#include "journal.h"

static struct fault_plan armed;
static int seen;

void fault_arm(const struct fault_plan *plan)
{
    seen = 0;
    armed = *plan;
}

void fault_disarm(void)
{
    armed.number = 0;
}

int fault_seen(void)
{
    return seen;
}

enum fault_effect fault_effect(void)
{
    return armed.effect;
}

int fault_error(void)
{
    return armed.error;
}

bool fault_hits(enum fault_kind kind)
{
    if (armed.number == 0 || kind != armed.kind)
        return false;
    seen++;
    if (armed.effect == FAULT_LOST && seen == armed.number + 1) {
        journal_undo(false);
        journal_exit(FAULT_CRASHED);
    }
    if (seen != armed.number && !(armed.onward && seen > armed.number))
        return false;
    if (armed.effect == FAULT_CRASH || armed.effect == FAULT_POWER || armed.effect == FAULT_POWER_SOME) {
        if (armed.effect != FAULT_CRASH)
            journal_undo(armed.effect == FAULT_POWER_SOME);
        journal_exit(FAULT_CRASHED);
    }
    return true;
}
