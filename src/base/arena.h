/*
 * Memory that lives as long as one call: allocated piece by piece, given back at once.
 *
 * The first piece comes out of a buffer of the owner's (on its stack or in its call object), so that small
 * calls do not reach malloc. One thread at a time.
 */
#pragma once

#include <stddef.h>

struct ord_arena_block;

struct ord_arena {
    char *at, *end;
    struct ord_arena_block *blocks;
};

/* Starts an empty arena on `buffer`, which outlives it. */
void ord_arena_init(struct ord_arena *arena, void *buffer, size_t size);

/* Gives all memory back; the arena is then empty and can be used again with ord_arena_init. */
void ord_arena_finish(struct ord_arena *arena);

/* Zeroed memory, aligned for any type; NULL when the system has none. */
void *ord_arena_alloc(struct ord_arena *arena, size_t size);

/* A formatted string; NULL when the system has no memory. */
char *ord_arena_printf(struct ord_arena *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));
