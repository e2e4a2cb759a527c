#include "bench/schedule.h"

#define SECOND_NS INT64_C(1000000000)

int64_t ord_schedule_due_ns(const struct ord_schedule *schedule, uint64_t index)
{
    uint64_t number = schedule->offset + index * schedule->stride;
    uint64_t seconds = number / schedule->rate, rest = number % schedule->rate;
    return schedule->start_ns + (int64_t)seconds * SECOND_NS + (int64_t)(rest * SECOND_NS / schedule->rate);
}

/* Calls of all threads that are due before `passed_ns` after the start: due times are rounded down, so that the
 * call at which `number * second / rate` reaches `passed_ns` is the first that is not. */
static uint64_t due_of_all(uint64_t rate, uint64_t passed_ns)
{
    uint64_t seconds = passed_ns / SECOND_NS, rest_ns = passed_ns % SECOND_NS;
    return seconds * rate + (rest_ns * rate + SECOND_NS - 1) / SECOND_NS;
}

uint64_t ord_schedule_count(const struct ord_schedule *schedule, int64_t now_ns)
{
    if (now_ns <= schedule->start_ns)
        return 0;
    uint64_t due = due_of_all(schedule->rate, (uint64_t)(now_ns - schedule->start_ns));
    return due <= schedule->offset ? 0 : (due - schedule->offset + schedule->stride - 1) / schedule->stride;
}
