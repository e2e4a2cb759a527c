#include "base/arena.h"

#include <criterion/criterion.h>
#include <stdalign.h>
#include <stdint.h>
#include <string.h>

static struct ord_arena arena;
static char buffer[256];

static void start(void)
{
    memset(buffer, 0xaa, sizeof buffer);
    ord_arena_init(&arena, buffer, sizeof buffer);
}

static void finish(void)
{
    ord_arena_finish(&arena);
}

TestSuite(arena, .init = start, .fini = finish);

static bool in_buffer(const void *piece)
{
    return (const char *)piece >= buffer && (const char *)piece < buffer + sizeof buffer;
}

Test(arena, small_pieces_come_out_of_the_buffer)
{
    cr_assert(in_buffer(ord_arena_alloc(&arena, 100)));
    cr_assert(in_buffer(ord_arena_alloc(&arena, 100)));
    cr_assert_null(arena.blocks);
}

Test(arena, more_than_the_buffer_holds_comes_from_the_system)
{
    ord_arena_alloc(&arena, 200);
    char *piece = ord_arena_alloc(&arena, 200);
    cr_assert_not_null(piece);
    cr_assert_not(in_buffer(piece));
    memset(piece, 1, 200);
}

Test(arena, pieces_are_zeroed_and_aligned)
{
    for (size_t size = 1; size < 3000; size = size * 3 / 2 + 1) {
        unsigned char *piece = ord_arena_alloc(&arena, size);
        cr_assert_eq((uintptr_t)piece % alignof(max_align_t), 0, "%zu bytes at %p", size, (void *)piece);
        for (size_t i = 0; i < size; i++)
            cr_assert_eq(piece[i], 0, "byte %zu of %zu", i, size);
        memset(piece, 0xff, size);
    }
}

Test(arena, earlier_pieces_keep_their_content)
{
    enum {
        PIECES = 500
    };
    int *pieces[PIECES];
    for (int i = 0; i < PIECES; i++) {
        pieces[i] = ord_arena_alloc(&arena, 40);
        *pieces[i] = i;
    }
    for (int i = 0; i < PIECES; i++)
        cr_assert_eq(*pieces[i], i, "piece %d holds %d", i, *pieces[i]);
}

Test(arena, large_pieces_fit)
{
    char *piece = ord_arena_alloc(&arena, 1 << 20);
    cr_assert_not_null(piece);
    memset(piece, 1, 1 << 20);
}

Test(arena, what_the_system_does_not_have_is_null)
{
    cr_assert_null(ord_arena_alloc(&arena, SIZE_MAX / 2));
    cr_assert_null(ord_arena_alloc(&arena, SIZE_MAX));
    cr_assert_not_null(ord_arena_alloc(&arena, 1), "the arena is still usable");
}

Test(arena, a_buffer_that_is_not_aligned_or_too_small_does)
{
    for (size_t size = 0; size < 20; size++) {
        struct ord_arena tiny;
        ord_arena_init(&tiny, buffer + 1, size);
        char *piece = ord_arena_alloc(&tiny, 8);
        cr_assert_eq((uintptr_t)piece % alignof(max_align_t), 0, "buffer of %zu", size);
        cr_assert(!in_buffer(piece) || piece + 8 <= buffer + 1 + size, "buffer of %zu is overrun", size);
        ord_arena_finish(&tiny);
    }
}

Test(arena, no_buffer_does)
{
    struct ord_arena none;
    ord_arena_init(&none, NULL, 0);
    cr_assert_not_null(ord_arena_alloc(&none, 0));
    cr_assert_str_eq(ord_arena_printf(&none, "%d", 7), "7");
    ord_arena_finish(&none);
}

Test(arena, printf_makes_a_string_of_any_length)
{
    cr_assert_str_eq(ord_arena_printf(&arena, "%s-%d", "a", 5), "a-5");
    cr_assert_str_eq(ord_arena_printf(&arena, "%s", ""), "");
    cr_assert_eq(strlen(ord_arena_printf(&arena, "%*d", 10000, 1)), 10000);
}

Test(arena, finish_twice_is_finish)
{
    ord_arena_alloc(&arena, 1000);
    ord_arena_finish(&arena);
    ord_arena_finish(&arena);
    cr_assert_null(arena.blocks);
}
