#include "base/arena.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_MIN 4096

struct ord_arena_block {
    struct ord_arena_block *next;
    alignas(max_align_t) char data[];
};

void ord_arena_init(struct ord_arena *arena, void *buffer, size_t size)
{
    *arena = (struct ord_arena){.at = buffer, .end = buffer ? (char *)buffer + size : NULL};
}

void ord_arena_finish(struct ord_arena *arena)
{
    while (arena->blocks) {
        struct ord_arena_block *block = arena->blocks;
        arena->blocks = block->next;
        free(block);
    }
    arena->at = arena->end = NULL;
}

static char *aligned(char *at)
{
    uintptr_t mask = alignof(max_align_t) - 1;
    return at + (-(uintptr_t)at & mask);
}

static int grow(struct ord_arena *arena, size_t size)
{
    struct ord_arena_block *block = NULL;
    size_t room = size > BLOCK_MIN ? size : BLOCK_MIN;
    if (room <= PTRDIFF_MAX - sizeof *block)
        block = malloc(sizeof *block + room);
    if (!block)
        return -1;
    block->next = arena->blocks;
    arena->blocks = block;
    arena->at = block->data;
    arena->end = block->data + room;
    return 0;
}

void *ord_arena_alloc(struct ord_arena *arena, size_t size)
{
    char *at = arena->at ? aligned(arena->at) : NULL;
    if (!at || at > arena->end || (size_t)(arena->end - at) < size) {
        if (grow(arena, size) != 0)
            return NULL;
        at = arena->at;
    }
    arena->at = at + size;
    return memset(at, 0, size);
}

char *ord_arena_printf(struct ord_arena *arena, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int length = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (length < 0)
        return NULL;

    char *text = ord_arena_alloc(arena, (size_t)length + 1);
    if (text) {
        va_start(args, format);
        vsnprintf(text, (size_t)length + 1, format, args);
        va_end(args);
    }
    return text;
}
