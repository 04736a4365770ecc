/* Memory for tables that live and die together and are read at random: pieces of large blocks, for which the
 * system is asked to use huge pages, so that reads seldom miss the address translation cache as well. */
#ifndef CW_BASE_ARENA_H
#define CW_BASE_ARENA_H

#include <stddef.h>

struct cw_arena_block;

/* All zero is an empty arena. Belongs to one thread at a time; its pieces may be read by any. */
struct cw_arena {
    struct cw_arena_block *blocks;
    size_t used; /* of the latest block */
};

/* A zeroed piece of size bytes that begins at a cache line; NULL when there is no memory. Lives until the
 * arena is cleared. */
void *cw_arena_alloc(struct cw_arena *arena, size_t size);

void cw_arena_clear(struct cw_arena *arena);

/* The same for a single table: zeroed, at a cache line, in huge pages if it is large. Free with
 * cw_table_free. */
void *cw_table_alloc(size_t size);
void cw_table_free(void *table);

#endif
