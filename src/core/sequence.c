#include "core/sequence.h"

#include <inttypes.h>

const char *const ord_sequence_mode_names[ORD_SEQUENCE_MODES] = {
    [ORD_SEQUENCE_BLOCK] = "block",
    [ORD_SEQUENCE_GAPLESS] = "gapless",
};

static enum ord_code check_block(const struct ord_sequence *sequence, struct ord_error *error)
{
    bool has_blocks = sequence->mode == ORD_SEQUENCE_BLOCK;
    if (!has_blocks && sequence->block != 0)
        return ord_fail(error, ORD_OUT_OF_RANGE,
                        "block: %" PRIu32 " is out of range; mode gapless has no blocks", sequence->block);
    if (has_blocks && (sequence->block < 1 || sequence->block > ORD_SEQUENCE_BLOCK_MAX))
        return ord_fail(error, ORD_OUT_OF_RANGE, "block: %" PRIu32 " is out of range; allowed 1 to %d",
                        sequence->block, ORD_SEQUENCE_BLOCK_MAX);
    return ORD_OK;
}

enum ord_code ord_sequence_check(const struct ord_sequence *sequence, struct ord_error *error)
{
    if (sequence->increment < 1)
        return ord_fail(error, ORD_OUT_OF_RANGE,
                        "increment: %" PRId64 " is out of range; allowed 1 to %" PRId64, sequence->increment,
                        INT64_MAX);
    if (sequence->start < sequence->minimum)
        return ord_fail(error, ORD_OUT_OF_RANGE,
                        "start: %" PRId64 " is below the minimum %" PRId64
                        "; allowed from there to the maximum",
                        sequence->start, sequence->minimum);
    if (sequence->start > sequence->maximum)
        return ord_fail(error, ORD_OUT_OF_RANGE,
                        "start: %" PRId64 " is above the maximum %" PRId64
                        "; allowed from the minimum to there",
                        sequence->start, sequence->maximum);
    return check_block(sequence, error);
}

bool ord_sequence_equals(const struct ord_sequence *a, const struct ord_sequence *b)
{
    return a->mode == b->mode && a->block == b->block && a->start == b->start && a->increment == b->increment &&
           a->minimum == b->minimum && a->maximum == b->maximum;
}

/* Differences of any two values fit in 64 bits without a sign. */
uint64_t ord_sequence_left(const struct ord_sequence *sequence, const struct ord_position *at)
{
    if (at->is_over)
        return 0;
    uint64_t steps = ((uint64_t)sequence->maximum - (uint64_t)at->next) / (uint64_t)sequence->increment;
    return steps == UINT64_MAX ? steps : steps + 1;
}

struct ord_position ord_sequence_after(const struct ord_sequence *sequence, const struct ord_position *at,
                                       uint64_t count)
{
    uint64_t first = (uint64_t)at->next, increment = (uint64_t)sequence->increment;
    bool is_over = count == ord_sequence_left(sequence, at);
    return (struct ord_position){.next = (int64_t)(first + (is_over ? count - 1 : count) * increment),
                                 .is_over = is_over};
}

enum ord_code ord_sequence_check_count(uint32_t count, struct ord_error *error)
{
    if (count >= 1 && count <= ORD_SEQUENCE_COUNT_MAX)
        return ORD_OK;
    return ord_fail(error, ORD_OUT_OF_RANGE, "count: %" PRIu32 " is out of range; allowed 1 to %d", count,
                    ORD_SEQUENCE_COUNT_MAX);
}

enum ord_code ord_sequence_refuse(const struct ord_sequence *sequence, uint32_t count, uint64_t left,
                                  struct ord_error *error)
{
    if (left == 0)
        return ord_fail(error, ORD_EXHAUSTED, "no value is left up to the maximum %" PRId64, sequence->maximum);
    return ord_fail(error, ORD_EXHAUSTED,
                    "count: %" PRIu32 " values are not left up to the maximum %" PRId64
                    "; allowed 1 to %" PRIu64,
                    count, sequence->maximum, left);
}

enum ord_code ord_sequence_check_set(const struct ord_sequence *sequence, const struct ord_position *at,
                                     int64_t next, bool forced, struct ord_error *error)
{
    if (next < sequence->minimum || next > sequence->maximum)
        return ord_fail(error, ORD_OUT_OF_RANGE,
                        "next: %" PRId64 " is out of range; allowed %" PRId64 " to %" PRId64, next,
                        sequence->minimum, sequence->maximum);
    if (forced || next > at->next || (next == at->next && !at->is_over))
        return ORD_OK;
    return ord_fail(
        error, ORD_PRECONDITION,
        "next: %" PRId64 " lies %s %" PRId64
        ", so that values would come again; allowed above that, or with the sequence's name as force",
        next, at->is_over ? "not above the last value" : "below the next value", at->next);
}
