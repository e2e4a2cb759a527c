/*
 * What is stored of groups, beside the reservation in the node's file: see core/group_record.h.
 *
 * A key is "group/", the worker, "/" and the entry's key. A value is a record as in store/record.h, of which
 * only the place counts, then the entry's value, then the CRC-32 of the key and all of that, little-endian.
 *
 * Each worker has its own.
 */
#pragma once

#include "core/group_record.h"
#include "store/embedded.h"

/* A port onto `store`, which outlives it and has claimed its place. Any thread, beside those of the others. */
struct ord_group_port ord_embedded_groups(struct ord_embedded *store);

/* For a store without durability: nothing is found, everything succeeds. */
struct ord_group_port ord_memory_groups(void);
