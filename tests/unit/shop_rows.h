/* Runs a generation and keeps all its rows in memory, for tests that look at a shop as a whole. */
#ifndef TESTS_UNIT_SHOP_ROWS_H
#define TESTS_UNIT_SHOP_ROWS_H

#include <stdbool.h>
#include <stdint.h>

#include "cartwright/run.h"
#include "model/world.h"

#define SHOP_DAY INT64_C(86400000000)

struct shop_column {
    int64_t *numbers; /* BOOL, INT32, INT64, DATE, TIMESTAMP */
    uint8_t *uuids;
    uint8_t *nulls;
    char *text; /* zero-terminated strings */
    int64_t *offsets;
    int64_t text_size, text_capacity;
};

struct shop_table {
    int64_t rows, capacity;
    struct shop_column columns[64];
    const uint8_t **by_id; /* values of column 0 in their order, once they were asked for */
};

struct shop {
    struct shop_table tables[CW_ENTITY_COUNT];
};

/* Which part of a run to make, and how. */
struct shop_part {
    uint32_t threads;
    uint32_t shard, shards;
    uint64_t entities; /* bit e: the table of entity e; 0: all */
    uint32_t seed;     /* not 0: single-threaded runs deal their tasks out to several workers in this order */
};

/* Resolves spec (in place) and makes its rows, appended to those that shop holds. Zeroed storage is an empty
 * shop. Returns the run's own status; *error names what is wrong. */
cw_status shop_make(struct shop *shop, struct cw_run_spec *spec, const struct cw_world *world,
                    const struct shop_part *part, struct cw_error *error);

/* The same for the whole of a run on one thread; the test fails when it does. */
void shop_make_all(struct shop *shop, struct cw_run_spec *spec, const struct cw_world *world);
void shop_clear(struct shop *shop);

int64_t shop_rows(const struct shop *shop, enum cw_entity_id entity);
int64_t shop_number(const struct shop *shop, enum cw_entity_id entity, uint32_t column, int64_t row);
const uint8_t *shop_uuid(const struct shop *shop, enum cw_entity_id entity, uint32_t column, int64_t row);
const char *shop_text(const struct shop *shop, enum cw_entity_id entity, uint32_t column, int64_t row);
bool shop_is_null(const struct shop *shop, enum cw_entity_id entity, uint32_t column, int64_t row);

/* The row of an id, or -1. */
int64_t shop_find(struct shop *shop, enum cw_entity_id entity, const uint8_t *id);

/* A digest of all values of a table in order: FNV-1a of 64 bits. */
uint64_t shop_digest(const struct shop *shop, enum cw_entity_id entity);

/* Fails the test when a table differs between two shops. */
void shop_assert_same(const struct shop *one, const struct shop *other, const char *what);

/* A world made of a shop: its customers, the catalogue of its spec, and what its movements leave to promise.
 */
struct shop_world {
    const struct shop *shop;
    struct cw_catalogue_plan *plan;
    struct cw_catalogue catalogue;
    struct cw_population population;
    struct cw_world world; /* what runs are given */
};

/* spec: resolved, of the run that made the shop's products. The shop must outlive the world; rows that
 * are added to it while a run reads the world come to light when that run has ended. */
void shop_world_init(struct shop_world *world, const struct shop *shop, const struct cw_run_spec *spec);
void shop_world_clear(struct shop_world *world);

#endif
