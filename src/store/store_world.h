/* The parts of a store's world: each is read from one snapshot, never changes once shared, and is counted. */
#ifndef CW_STORE_STORE_WORLD_H
#define CW_STORE_STORE_WORLD_H

#include "model/world.h"
#include "store/store_base.h"

/* ---- Finding rows by id ---- */

/* An index over ids that stand `stride` bytes apart; open addressing over positions. */
struct cw_id_index {
    const uint8_t *ids;
    size_t stride;
    uint32_t *slots; /* position + 1; 0: free */
    uint32_t mask;
};

cw_status cw_id_index_init(struct cw_id_index *index, const void *ids, size_t stride, uint32_t count,
                           struct cw_error *error);
void cw_id_index_clear(struct cw_id_index *index);
/* The position of an id, or -1. */
int64_t cw_id_index_find(const struct cw_id_index *index, const uint8_t *id);

/* ---- Growing arrays ---- */

/* Makes room in *array for count elements of size bytes; *capacity counts elements and grows by half. */
cw_status cw_array_reserve(void **array, uint32_t *capacity, uint32_t count, size_t size,
                           struct cw_error *error);

/* ---- Population ---- */

struct cw_population_part {
    int64_t references; /* guarded by the world cache's mutex */
    struct cw_population data;
    uint32_t customer_capacity;
    uint32_t address_capacity;
    uint32_t payment_method_capacity;
};

/* Row numbers (rowid) of customers, addresses and payment methods: those above `from` up to `to` are read. */
struct cw_population_range {
    int64_t customers[2];
    int64_t addresses[2];
    int64_t payment_methods[2];
};

/* Adds the rows of the range to a part that nobody else uses. *is_closed becomes false, and the part is
 * unchanged, when a row belongs to a customer outside the range: then everything must be read anew. */
cw_status cw_population_add(struct cw_population_part *part, struct cw_reader *reader,
                            const struct cw_population_range *range, bool *is_closed, struct cw_error *error);
cw_status cw_population_copy(const struct cw_population_part *part, struct cw_population_part **copy,
                             struct cw_error *error);
void cw_population_free(struct cw_population_part *part);

/* ---- Catalogue ---- */

struct cw_catalogue_part {
    int64_t references;
    struct cw_catalogue data;
    struct cw_id_index variants;
};

/* Reads products, variants and prices up to these row numbers. */
cw_status cw_catalogue_read(struct cw_reader *reader, int64_t products, int64_t variants, int64_t prices,
                            struct cw_catalogue_part **part, struct cw_error *error);
void cw_catalogue_free(struct cw_catalogue_part *part);

/* ---- Promises ---- */

/* What the centre at a site can promise by the movements up to row number `movements`; see struct cw_world.
 */
cw_status cw_promise_read(struct cw_reader *reader, const struct cw_catalogue_part *catalogue,
                          int64_t movements, uint32_t site, uint32_t first, uint32_t count,
                          struct cw_promise *promise, struct cw_error *error);
void cw_promise_clear(struct cw_promise *promise);

#endif
