#define _DEFAULT_SOURCE
#include "base/arena.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define HUGE_PAGE ((size_t)2 << 20)
#define CACHE_LINE 64
#define LARGE_TABLE (HUGE_PAGE / 8) /* below this a huge page would be mostly waste */

struct cw_arena_block {
    struct cw_arena_block *next;
    size_t size; /* of all of it */
};

static size_t round_up(size_t size, size_t step)
{
    return (size + step - 1) / step * step;
}

/* Zeroed memory of whole huge pages. What the system can't give as such is as good, but slower. */
static void *huge_alloc(size_t size)
{
    void *memory = aligned_alloc(HUGE_PAGE, size);
    if (memory != NULL) {
#ifdef MADV_HUGEPAGE
        madvise(memory, size, MADV_HUGEPAGE);
#endif
        memset(memory, 0, size);
    }
    return memory;
}

void *cw_arena_alloc(struct cw_arena *arena, size_t size)
{
    const size_t head = round_up(sizeof(struct cw_arena_block), CACHE_LINE);
    if (size > SIZE_MAX - HUGE_PAGE - head) {
        return NULL;
    }
    size = round_up(size, CACHE_LINE);
    if (arena->blocks == NULL || arena->blocks->size - arena->used < size) {
        size_t block_size = round_up(head + size, HUGE_PAGE);
        struct cw_arena_block *block = huge_alloc(block_size);
        if (block == NULL) {
            return NULL;
        }
        *block = (struct cw_arena_block){arena->blocks, block_size};
        arena->blocks = block;
        arena->used = head;
    }
    void *piece = (char *)arena->blocks + arena->used;
    arena->used += size;
    return piece;
}

void cw_arena_clear(struct cw_arena *arena)
{
    while (arena->blocks != NULL) {
        struct cw_arena_block *next = arena->blocks->next;
        free(arena->blocks);
        arena->blocks = next;
    }
    arena->used = 0;
}

void *cw_table_alloc(size_t size)
{
    if (size >= LARGE_TABLE && size <= SIZE_MAX - HUGE_PAGE) {
        return huge_alloc(round_up(size, HUGE_PAGE));
    }
    void *memory = aligned_alloc(CACHE_LINE, round_up(size, CACHE_LINE));
    if (memory != NULL) {
        memset(memory, 0, size);
    }
    return memory;
}

void cw_table_free(void *table)
{
    free(table);
}
