/* The truth: where a shop is kept. One set of operations, implemented by the built-in store (SQLite, one file).
 * A store may be used by many threads at once. Times, units and nulls are those of the entity catalogue. */
#ifndef CW_STORE_STORE_H
#define CW_STORE_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "cartwright/batch.h"
#include "cartwright/buffer.h"
#include "cartwright/error.h"
#include "engine/world.h"

struct cw_store;

struct cw_store_options {
    const char *location; /* file path, or "sqlite:PATH" */
    bool create;          /* make the file when it does not exist */
    bool read_only;
};

/* Opens a store and applies the migrations it lacks. A store of a newer version is refused (CW_E_UNSUPPORTED), one
 * that is not a store, or is damaged, too (CW_E_CORRUPT). Errors name the path. */
cw_status cw_store_open(const struct cw_store_options *options, struct cw_store **store, struct cw_error *error);
void cw_store_close(struct cw_store *store);

/* A run as the store remembers it. Text is UTF-8; digests is JSON {"customers":{"rows":N,"sha256":"…"},…} over the
 * canonical NDJSON of each table's rows in generation order. */
struct cw_run_record {
    struct cw_uuid id;
    int64_t created_at;   /* wall clock, microseconds UTC */
    struct cw_buffer spec;    /* canonical run spec JSON */
    struct cw_buffer request; /* the request as given, with defaults; JSON */
    struct cw_buffer digests;
    struct cw_buffer basis;   /* JSON: how many rows of each table existed when the run began */
};
void cw_run_record_clear(struct cw_run_record *record);

/* ---- Loading ---- */

/* A load is one unit: its rows and its run become visible together at commit, or never, also after kill -9. Only one
 * load is under way at a time; another waits. On empty tables keys and indexes are built at commit, after the rows.
 * Belongs to one thread at a time. */
struct cw_load;
cw_status cw_load_begin(struct cw_store *store, struct cw_load **load, struct cw_error *error);
/* Adds all rows of a batch (every column of its entity must be present). Stock rows add to the row of the same centre
 * and variant when there is one: on_hand and stockouts are added, the rest replaced. Categories and fulfilment
 * centres that are already there are left alone. Other clashes of a unique column: CW_E_CONFLICT. */
cw_status cw_load_add(struct cw_load *load, const struct cw_batch *batch, struct cw_error *error);
/* Durable when it returns CW_OK. Frees the load either way and sets *load to NULL. Reference violations:
 * CW_E_VIOLATION. */
cw_status cw_load_commit(struct cw_load **load, const struct cw_run_record *run, struct cw_error *error);
void cw_load_abort(struct cw_load **load);

/* The same for a small run, made for many threads: requests that arrive together share one transaction and one
 * sync, but each succeeds or fails alone. Blocks until durable. batches may be NULL at any place. */
cw_status cw_store_write(struct cw_store *store, const struct cw_batch *const batches[CW_ENTITY_COUNT],
                         const struct cw_run_record *run, struct cw_error *error);

/* ---- Reading ---- */

enum cw_comparison { CW_EQUAL, CW_NOT_EQUAL, CW_LESS, CW_LESS_EQUAL, CW_GREATER, CW_GREATER_EQUAL };

/* One condition: column, comparison, value as text (uuid, decimal integer, RFC 3339 time, ISO date, true/false). */
struct cw_filter {
    uint32_t column;
    enum cw_comparison comparison;
    const char *value;
};

struct cw_query {
    enum cw_entity_id entity;
    uint64_t columns; /* bit per column; the id is always read */
    const struct cw_filter *filters;
    uint32_t filter_count;
    const struct cw_uuid *after; /* rows with an id above this one; NULL from the start */
    int64_t limit;               /* most rows to return, at least 1 */
};

/* Reads rows ascending by id into batch (initialised for the entity; its row count is replaced). A bad filter value:
 * CW_E_INVALID naming the column. */
cw_status cw_store_read(struct cw_store *store, const struct cw_query *query, struct cw_batch *batch,
                        struct cw_error *error);
/* Rows of an entity. Exact; cheap. */
cw_status cw_store_count(struct cw_store *store, enum cw_entity_id entity, int64_t *rows, struct cw_error *error);

/* Newest first; after: id of the last run of the page before, or NULL. records: room for limit; *count is set. */
cw_status cw_store_runs(struct cw_store *store, const struct cw_uuid *after, uint32_t limit,
                        struct cw_run_record *records, uint32_t *count, struct cw_error *error);
cw_status cw_store_run(struct cw_store *store, const struct cw_uuid *id, struct cw_run_record *record,
                       struct cw_error *error);

/* Calls row for every row of an SQL query with its columns as text (NULL for null), until it returns false.
 * parameters are bound as text to ?1, ?2, ... For checks; never with text from outside in sql. */
cw_status cw_store_select(struct cw_store *store, const char *sql, const char *const *parameters,
                          uint32_t parameter_count,
                          bool (*row)(void *context, int columns, const char *const *values), void *context,
                          struct cw_error *error);

/* ---- What generation builds upon ---- */

/* Sets the prior_ fields of a spec to what the store's runs have used up. */
cw_status cw_store_priors(struct cw_store *store, struct cw_run_spec *spec, struct cw_error *error);

/* A consistent picture of customers, catalogue and stock, shared and counted: the store keeps the newest and brings
 * it up to date with what was added since. Release gives the count back. */
struct cw_store_world;
cw_status cw_store_world_acquire(struct cw_store *store, struct cw_store_world **world, struct cw_error *error);
const struct cw_world *cw_store_world_get(const struct cw_store_world *world);
void cw_store_world_release(struct cw_store_world *world);

/* Runs that promise stock must not overlap between reading the world and being committed: hold this meanwhile. */
void cw_store_lock_stock(struct cw_store *store);
void cw_store_unlock_stock(struct cw_store *store);

#endif
