/* Pieces of an arena: zeroed, on cache lines, apart from each other, also where they outgrow a block. */
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/arena.h"
#include "harness.h"

static bool holds_only(const unsigned char *bytes, size_t size, unsigned char value)
{
    for (size_t i = 0; i < size; i++) {
        if (bytes[i] != value) {
            return false;
        }
    }
    return true;
}

START_TEST(pieces_are_zeroed_aligned_and_apart)
{
    static const size_t sizes[] = {0, 1, 64, 65, 100000, 3 << 20, 2 << 20, 7};
    enum { PIECES = sizeof sizes / sizeof sizes[0] };
    struct cw_arena arena = {0};
    unsigned char *pieces[PIECES];
    for (size_t i = 0; i < PIECES; i++) {
        pieces[i] = cw_arena_alloc(&arena, sizes[i]);
        ck_assert_ptr_nonnull(pieces[i]);
        ck_assert_uint_eq((uintptr_t)pieces[i] % 64, 0);
        ck_assert(holds_only(pieces[i], sizes[i], 0));
        memset(pieces[i], (int)i + 1, sizes[i]);
    }
    for (size_t i = 0; i < PIECES; i++) {
        ck_assert(holds_only(pieces[i], sizes[i], (unsigned char)(i + 1)));
    }
    cw_arena_clear(&arena);
    ck_assert_ptr_null(arena.blocks);
}
END_TEST

START_TEST(too_large_pieces_are_refused)
{
    struct cw_arena arena = {0};
    ck_assert_ptr_null(cw_arena_alloc(&arena, SIZE_MAX));
    cw_arena_clear(&arena);
}
END_TEST

START_TEST(tables_of_every_size_are_zeroed)
{
    static const size_t sizes[] = {1, 64, 1000, 1 << 18, 5 << 20};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        unsigned char *table = cw_table_alloc(sizes[i]);
        ck_assert_ptr_nonnull(table);
        ck_assert_uint_eq((uintptr_t)table % 64, 0);
        ck_assert(holds_only(table, sizes[i], 0));
        cw_table_free(table);
    }
}
END_TEST

Suite *test_suite(void)
{
    return harness_suite("arena", pieces_are_zeroed_aligned_and_apart, too_large_pieces_are_refused,
                         tables_of_every_size_are_zeroed);
}
