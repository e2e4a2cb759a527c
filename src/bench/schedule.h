/*
 * When the calls of an open loop are due: `rate` a second in even distances from a start, dealt to the threads
 * in turn. Pure: whether a call could be sent when it was due does not move the calls after it. Any thread.
 */
#pragma once

#include <stdint.h>

/* One thread's share: calls number `offset`, offset + stride, offset + 2 * stride, … of all. */
struct ord_schedule {
    int64_t start_ns;
    uint64_t rate; /* calls a second of all threads, at least 1 */
    uint32_t offset, stride;
};

/* When the call at `index` of this share (from 0) is due. */
int64_t ord_schedule_due_ns(const struct ord_schedule *schedule, uint64_t index);

/* How many calls of this share are due before `now_ns`. */
uint64_t ord_schedule_count(const struct ord_schedule *schedule, int64_t now_ns);
