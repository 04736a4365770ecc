/* Runs: a run spec says what to make; a generation makes it, task by task, in batches. */
#ifndef CARTWRIGHT_RUN_H
#define CARTWRIGHT_RUN_H

#include <stdint.h>

#include "cartwright/batch.h"
#include "cartwright/buffer.h"
#include "cartwright/entity.h"
#include "cartwright/error.h"

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

#define CW_MARKETS_MAX 32
#define CW_ATTRIBUTE_VALUES_MAX 32
#define CW_CATEGORIES_MAX 64
#define CW_NAME_MAX 64

enum cw_behavior { CW_BEHAVIOR_NORMAL, CW_BEHAVIOR_PEAK, CW_BEHAVIOR_HOLIDAY, CW_BEHAVIOR_COUNT };

enum cw_segment {
    CW_SEGMENT_NEW,
    CW_SEGMENT_REGULAR,
    CW_SEGMENT_VIP,
    CW_SEGMENT_WHOLESALE,
    CW_SEGMENT_DORMANT,
    CW_SEGMENT_COUNT
};

enum cw_attribute { CW_ATTRIBUTE_SIZE, CW_ATTRIBUTE_COLOUR, CW_ATTRIBUTE_MATERIAL, CW_ATTRIBUTE_COUNT };

/* The option values that variants are built from; count 0: those of the category. UTF-8, NUL-terminated. */
struct cw_attribute_values {
    uint32_t count;
    char values[CW_ATTRIBUTE_VALUES_MAX][CW_NAME_MAX];
};

/* Everything that decides the rows of a run. Plain data: copying is allowed. Fields set to CW_UNSET (or 0
 * where so noted) are given their default by cw_run_spec_resolve. Times are microseconds UTC; ranges are
 * half-open. */
#define CW_UNSET INT64_MIN
struct cw_run_spec {
    uint64_t seed;
    uint32_t data_version; /* 0: this library's */
    int64_t as_of;         /* no time in the data is later; default: a constant of the data version */
    int64_t opening; /* when the shop opened: first sign-ups and launches; default: five years before as_of */
    int64_t customers; /* rows to make, 0 to 1,000,000,000 */
    int64_t
        products; /* rows to make, 0 to 10,000,000; with categories: products per category times categories */
    int64_t orders;                         /* rows to make, 0 to 10,000,000,000 */
    uint32_t market_shares[CW_MARKETS_MAX]; /* locale mix by market index; all 0: the markets' own shares */
    int segment;                            /* enum cw_segment of all customers, or -1: the usual mix */
    int64_t from, to;                       /* order range; default: the year up to as_of */
    enum cw_behavior behavior;
    uint32_t cells; /* fulfilment centres that share the orders; 0: derived from orders and markets */
    uint32_t category_count;                         /* 0: the whole tree */
    char categories[CW_CATEGORIES_MAX][CW_NAME_MAX]; /* names or paths of categories to fill */
    int64_t products_per_category;                   /* with categories */
    int64_t price_minimum, price_maximum; /* minor units of the base currency (USD); CW_UNSET: no bound */
    struct cw_attribute_values attributes[CW_ATTRIBUTE_COUNT];
    char customer_id[37]; /* orders of this customer only; "": of all */
    /* What earlier runs into the same store have used up, so that unique values stay unique. */
    int64_t prior_customers[CW_MARKETS_MAX];
    int64_t prior_customer_runs;
    int64_t prior_products;
    int64_t prior_orders;
};

const char *cw_segment_name(enum cw_segment segment);
const char *cw_behavior_name(enum cw_behavior behavior);
const char *cw_attribute_name(enum cw_attribute attribute);

/* Sets every field to "default", with no rows of anything. */
void cw_run_spec_init(struct cw_run_spec *spec);

/* Fills every default in and checks every field. Idempotent. Errors: CW_E_INVALID naming the field. */
cw_status cw_run_spec_resolve(struct cw_run_spec *spec, struct cw_error *error);

/* Appends the canonical JSON of a resolved spec: keys sorted, no spaces, times as RFC 3339. The same spec
 * gives the same bytes. */
cw_status cw_run_spec_json(const struct cw_run_spec *spec, struct cw_buffer *out, struct cw_error *error);

/* What a run builds upon: rows that exist already. See src/model/world.h; NULL for a shop from nothing. */
struct cw_world;

/* Which columns of which tables are wanted; bit c of columns[e] asks for column c of entity e; 0: not the
 * table. */
struct cw_selection {
    uint64_t columns[CW_ENTITY_COUNT];
};

/* Asks for all columns of an entity. */
void cw_selection_add(struct cw_selection *selection, enum cw_entity_id entity);

struct cw_generation;
struct cw_worker;

/* Prepares a run. spec must be resolved; it is copied. world is borrowed until the generation is freed.
 * shard of shards: 0 of 1 for the whole; the shards' rows laid end to end, table by table, are the whole's.
 * Memory: some megabytes, at most 16 bytes per customer, and about 400 bytes per product.
 * Errors: CW_E_INVALID, CW_E_NO_MEMORY, CW_E_NOT_FOUND. */
cw_status cw_generation_new(const struct cw_run_spec *spec, const struct cw_world *world,
                            const struct cw_selection *selection, uint32_t shard, uint32_t shards,
                            struct cw_generation **generation, struct cw_error *error);
void cw_generation_free(struct cw_generation *generation);

/* The work is cut into tasks of some thousand rows; the cut depends on the spec alone. */
int64_t cw_generation_task_count(const struct cw_generation *generation);

/* A guess of the rows of a table, for progress; exact for customers, products and orders. */
int64_t cw_generation_expected_rows(const struct cw_generation *generation, enum cw_entity_id entity);

/* A worker belongs to one thread at a time and holds the batches. */
cw_status cw_worker_new(struct cw_generation *generation, struct cw_worker **worker, struct cw_error *error);
void cw_worker_free(struct cw_worker *worker);

/* Makes a task's rows. Tasks may run at the same time on several workers, but must be *begun* in ascending
 * order, each exactly once (a task may wait for an earlier one of the same fulfilment centre). batches[e] is
 * set to the rows of entity e, or NULL where the task has none; they belong to the worker and hold until its
 * next call. A table's rows are its batches in task order. After a failure, or when a task is given up, call
 * cw_generation_cancel. */
cw_status cw_worker_run(struct cw_worker *worker, int64_t task,
                        const struct cw_batch *batches[CW_ENTITY_COUNT], struct cw_error *error);

/* Makes every waiting and later call of cw_worker_run return CW_E_CANCELLED. Thread-safe. */
void cw_generation_cancel(struct cw_generation *generation);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
#endif
