/*
 * What a server said of an ID, for people to read.
 */
#pragma once

#include <ordinal/v1/ids.pb-c.h>

#include "base/arena.h"

/*
 * A block of lines, aligned:
 *
 *     id        1234567890123456
 *     …
 *     bits      tick 41                                   node 10    sequence 12
 *               00000000010001100010110101001000000001001 0110010110 000000000000
 *
 * NULL when there is no memory.
 */
const char *ord_describe_text(const Ordinal__V1__DescribeIdResponse *reply, struct ord_arena *arena);
