/*
 * Where a group's entries go in the simulation: all that is staged becomes durable, or stays staged; what is
 * durable is read back after a crash.
 */
#pragma once

#include "core/group_record.h"

#define STORE_ENTRIES 256
#define STORE_VALUE_MAX 256

struct store_entry {
    char key[ORD_ENTRY_KEY_MAX];
    uint8_t value[STORE_VALUE_MAX];
    size_t size;
};

struct group_store {
    struct store_entry entries[STORE_ENTRIES]; /* by key */
    unsigned count;
    struct ord_group_entries staged;
};

/* Stages all that is dirty. False: it does not go. */
bool group_store_stage(struct group_store *store, struct ord_group *group);

/* What is staged becomes durable. */
void group_store_commit(struct group_store *store);

/* The process dies: what is staged is lost. */
void group_store_lose(struct group_store *store);

/* Makes the group of what is durable. False: it does not take it. */
bool group_store_read(const struct group_store *store, const char *name, const struct ord_group_limits *limits,
                      int64_t now_ns, struct ord_group *ret_group);
