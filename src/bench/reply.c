#include "bench/reply.h"

#include "bench/reply_private.h"

static const char wrong_count[] = "the reply has not as many IDs as were asked for";

const char *ord_run_sum_add(struct ord_run_sum *sum, const struct ord_run *run)
{
    int64_t span, last;
    if (run->first < 0 || run->count < 1 || run->step < 1 ||
        __builtin_mul_overflow(run->step, (int64_t)run->count - 1, &span) ||
        __builtin_add_overflow(run->first, span, &last))
        return "the reply has a run that makes no sense";
    if (run->count > sum->wanted - sum->count)
        return wrong_count;
    sum->take(sum->context, run);
    sum->count += run->count;
    return NULL;
}

const char *ord_run_sum_end(const struct ord_run_sum *sum)
{
    return sum->count == sum->wanted ? NULL : wrong_count;
}
