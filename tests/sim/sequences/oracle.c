#include "sim/sequences/oracle.h"

#include <string.h>

void oracle_begin(struct oracle *oracle, const struct ord_sequence *what, int64_t next)
{
    *oracle = (struct oracle){.is_live = true, .what = *what, .base = next, .high = -1};
}

int64_t oracle_steps(const struct oracle *oracle)
{
    uint64_t span = (uint64_t)oracle->what.maximum - (uint64_t)oracle->base;
    uint64_t steps = span / (uint64_t)oracle->what.increment;
    return steps >= ORACLE_STEPS ? ORACLE_STEPS : (int64_t)steps + 1;
}

/* The step of a value; -1: it has none, or one that is out of sight. */
static int64_t step_of(const struct oracle *oracle, int64_t value)
{
    uint64_t span = (uint64_t)value - (uint64_t)oracle->base, increment = (uint64_t)oracle->what.increment;
    if (value < oracle->base || value > oracle->what.maximum || span % increment != 0 ||
        span / increment >= ORACLE_STEPS)
        return -1;
    return (int64_t)(span / increment);
}

/* The step that comes next. */
static int64_t step_at(const struct oracle *oracle, const struct ord_position *at)
{
    int64_t step = step_of(oracle, at->next);
    return step >= 0 && at->is_over ? step + 1 : step;
}

static uint64_t missing(const struct oracle *oracle)
{
    return (uint64_t)(oracle->high + 1) - oracle->given;
}

/* How many more may be missing than are. */
static int64_t explained(const struct oracle *oracle)
{
    uint64_t accounted = oracle->lost + oracle->open + oracle->under_way + oracle->skipped;
    return (int64_t)(accounted - missing(oracle));
}

void oracle_skip(struct oracle *oracle)
{
    oracle->skipped += oracle->what.block + oracle->reserved;
    oracle->reserved = 0;
}

const char *oracle_give(struct oracle *oracle, int64_t first, uint32_t count, int64_t floor)
{
    int64_t step = step_of(oracle, first), end = step + (int64_t)count;
    if (step < 0 || end > ORACLE_STEPS || end > oracle_steps(oracle))
        return "a value that the sequence does not have is given";
    if (step <= floor)
        return "a value is given below one that was given before the call began";
    for (int64_t i = step; i < end; i++) {
        if (oracle->is_given[i])
            return "a value is given again";
        oracle->is_given[i] = true;
    }
    oracle->given += count;
    oracle->high = end - 1 > oracle->high ? end - 1 : oracle->high;
    return oracle_check_missing(oracle);
}

const char *oracle_repeat(const struct oracle *oracle, int64_t first, int64_t first_before)
{
    return first == first_before ? NULL : "a key brings other values";
}

const char *oracle_check_stored(const struct oracle *oracle, const struct ord_sequence_record *record,
                                uint64_t spare)
{
    if (record->status != ORD_SEQUENCE_LIVE)
        return oracle->high >= 0 ? "a value left before its sequence was stored" : NULL;
    int64_t step = step_at(oracle, &record->at);
    if (step < 0)
        return NULL; /* of another era, about to end; or far away */
    if (step <= oracle->high)
        return "a value left before it was stored";
    return step - oracle->high - 1 > (int64_t)(spare + oracle->reserved) + explained(oracle)
               ? "more is stored than a crash may skip"
               : NULL;
}

const char *oracle_check_missing(const struct oracle *oracle)
{
    return explained(oracle) < 0 ? "values are missing" : NULL;
}

const char *oracle_refuse(struct oracle *oracle, uint32_t count, int64_t floor)
{
    int64_t left = oracle_steps(oracle) - oracle->high - 1, left_then = oracle_steps(oracle) - floor - 1;
    if (left_then >= count && count > oracle->reserved)
        oracle->reserved = count;
    return left >= (int64_t)count + explained(oracle) ? "refused though values are left" : NULL;
}

bool oracle_may_be_ahead(const struct oracle *oracle)
{
    return explained(oracle) > 0;
}

const char *oracle_check_told(const struct oracle *oracle, const struct ord_position *at, int64_t floor)
{
    int64_t step = step_at(oracle, at);
    if (step < 0)
        return "it is said to be at a value that it does not have";
    if (step <= floor)
        return "it is said to be at a value that was given";
    return step - oracle->high - 1 > explained(oracle) ? "it is said to be further than anything explains"
                                                       : NULL;
}
