#include "cli/seq_text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *mode_of(const Ordinal__V1__Sequence *sequence)
{
    static const char *const modes[] = {"?", "block", "gapless"};
    size_t mode = (size_t)sequence->mode;
    return modes[mode < sizeof modes / sizeof *modes ? mode : 0];
}

static const char *next_of(const Ordinal__V1__Sequence *sequence, struct ord_arena *arena)
{
    return sequence->exhausted ? "exhausted" : ord_arena_printf(arena, "%" PRId64, sequence->next);
}

const char *ord_seq_text(const Ordinal__V1__Sequence *sequence, const char *done, struct ord_arena *arena)
{
    const char *next = next_of(sequence, arena);
    const char *block =
        sequence->block > 0 ? ord_arena_printf(arena, ", %" PRIu32 " at a time", sequence->block) : "";
    if (!next || !block)
        return NULL;
    return ord_arena_printf(arena,
                            "%s%s%s\n"
                            "mode       %s%s\n"
                            "next       %s\n"
                            "start      %" PRId64 "\n"
                            "increment  %" PRId64 "\n"
                            "range      %" PRId64 " to %" PRId64 "\n"
                            "created    %s\n",
                            sequence->name, done ? " " : "", done ? done : "", mode_of(sequence), block, next,
                            sequence->start, sequence->increment, sequence->minimum, sequence->maximum,
                            sequence->create_time);
}

#define ROW "%-32s %-8s %20s %10s\n"

const char ord_seq_head[] = "NAME                             MODE                     NEXT  INCREMENT\n";

const char *ord_seq_row(const Ordinal__V1__Sequence *sequence, struct ord_arena *arena)
{
    char increment[ORD_SEQ_VALUE_MAX];
    const char *next = next_of(sequence, arena);
    snprintf(increment, sizeof increment, "%" PRId64, sequence->increment);
    return next ? ord_arena_printf(arena, ROW, sequence->name, mode_of(sequence), next, increment) : NULL;
}

size_t ord_seq_value_write(int64_t value, char *ret)
{
    return (size_t)snprintf(ret, ORD_SEQ_VALUE_MAX, "%" PRId64 "\n", value);
}

bool ord_seq_value_read(const char *text, int64_t *ret)
{
    char *end;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || !strchr("-0123456789", *text))
        return false;
    *ret = value;
    return true;
}
