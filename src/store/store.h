/* The truth: where a shop is kept. One set of operations, implemented by the built-in store (SQLite, one
 * file) and by PostgreSQL. A store may be used by many threads at once. Times, units and nulls are those of
 * the entity catalogue. */
#ifndef CW_STORE_STORE_H
#define CW_STORE_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "cartwright/batch.h"
#include "cartwright/buffer.h"
#include "cartwright/error.h"
#include "model/world.h"

struct cw_store;

struct cw_store_options {
    const char *location; /* file path, "sqlite:PATH", or a "postgresql://" or "postgres://" URI of libpq */
    bool create;          /* make the file when it does not exist */
    bool read_only;
    bool as_is; /* with read_only: also tables of a server that were changed by hand */
    /* Bytes of the file that a load which keeps indexes may hold in memory, at most; more lets it write, and
     * search the log for, the same page less often. 0: a size that suits a server with other work. */
    int64_t load_memory;
};

/* Whether a location names a database of a server, not a file. */
bool cw_store_is_server(const char *location);

/* Refuses what is meant as the address of a server and is not taken as one: another scheme or spelling, or
 * the key=value form of libpq. Nothing of it but a scheme is in the message: there may be a password in it.
 * Errors: CW_E_INVALID. */
cw_status cw_store_location_check(const char *location, struct cw_error *error);

/* Opens a store and applies the migrations it lacks. A store of a newer version is refused
 * (CW_E_UNSUPPORTED), one that is not a store, or is damaged, too (CW_E_CORRUPT). Errors name the path; those
 * of cw_store_location_check. */
cw_status cw_store_open(const struct cw_store_options *options, struct cw_store **store,
                        struct cw_error *error);
void cw_store_close(struct cw_store *store);
/* How messages call the store: its place, without a password. Lives as long as the store. */
const char *cw_store_name(const struct cw_store *store);

/* The revisions of its schema that a store has, and how many this program knows, without changing anything;
 * a file or tables that are not there have none. Errors as of cw_store_open. */
cw_status cw_store_revisions(const char *location, int *applied, int *known, struct cw_error *error);

/* The revisions that this program knows of that kind of store, first to last; *count is set. */
struct cw_migration;
const struct cw_migration *cw_store_migrations(const char *location, int *count);

/* The prior_ fields of the run spec that a run was made with: the numbers its unique values begin after. */
struct cw_priors {
    int64_t customers[CW_MARKETS_MAX]; /* by market index */
    int64_t customer_runs;
    int64_t products;
    int64_t orders;
};

#define CW_ANSWER_KEY_MAX 128
#define CW_ANSWER_LIFETIME (INT64_C(86400) * 1000000)

/* What was answered to a request with a key, kept with the rows that the request made, so that the same is
 * answered when it comes again, also by a later process. Where a job made the rows, the answer is its
 * acceptance. Keys are forgotten after CW_ANSWER_LIFETIME. */
struct cw_kept_answer {
    char key[CW_ANSWER_KEY_MAX + 1];
    uint8_t request[32]; /* SHA-256 of the request */
    int64_t created_at;  /* wall clock, microseconds UTC */
    int32_t status;      /* of HTTP */
    char media_type[64];
    struct cw_buffer headers, body;
    struct cw_uuid job; /* all zero: none */
    char job_kind[32];
};
void cw_kept_answer_clear(struct cw_kept_answer *answer);

/* The job that a run fulfils: where the store can, the job ends in the transaction that keeps the run, and
 * the run fails (CW_E_CONFLICT) when the owner's lease is lost. See job_store.h. */
struct cw_run_job {
    struct cw_uuid id, owner;
    int64_t done, total, rows, bytes; /* of its progress */
    const struct cw_buffer *result;
};

/* A run as the store remembers it. Text is UTF-8; digests is JSON {"customers":{"rows":N,"sha256":"…"},…}
 * over the canonical NDJSON of each table's rows in generation order. priors is used when a run is committed
 * (the store then knows how far its numbers reach), answer is kept with the run unless NULL, and neither is
 * read back. A run whose answer's key is there already, and not too old, fails: CW_E_CONFLICT. */
struct cw_run_record {
    struct cw_uuid id;
    int64_t created_at;       /* wall clock, microseconds UTC */
    struct cw_buffer spec;    /* canonical run spec JSON */
    struct cw_buffer request; /* the request as given, with defaults; JSON */
    struct cw_buffer digests;
    struct cw_buffer basis; /* JSON: how many rows of each table existed when the run began */
    struct cw_priors priors;
    const struct cw_kept_answer *answer; /* borrowed */
    const struct cw_run_job *job;        /* borrowed; NULL: none */
};
void cw_run_record_clear(struct cw_run_record *record);

/* ---- Waiting ---- */

/* Until when a caller waits for others who write: a time of the monotonic clock, in microseconds. Who must
 * have an answer soon waits until cw_wait_of(seconds), and gets CW_E_UNAVAILABLE then, or sooner where many
 * wait already. */
#define CW_WAIT_FOREVER INT64_MAX
int64_t cw_wait_of(int32_t seconds);

/* ---- Loading ---- */

/* Tells that a run will add orders, or what belongs to them, of this time, in microseconds: what holds them
 * (partitions by month) is made ahead. Rows of any other time are taken as well. */
cw_status cw_store_expect(struct cw_store *store, int64_t from, int64_t to, int64_t until,
                          struct cw_error *error);

/* A load is one unit: its rows and its run become visible together at commit, or never, also after kill -9.
 * Only one load is under way at a time; another waits. On empty tables keys and indexes are built at commit,
 * after the rows. Belongs to one thread at a time. */
struct cw_load;
cw_status cw_load_begin(struct cw_store *store, int64_t until, struct cw_load **load, struct cw_error *error);
/* From now on the load fails with CW_E_CANCELLED soon after *cancelled becomes true, also while the database
 * builds indexes or checks references at its commit, which goes through if it is not much behind. Once,
 * before anything is added; cancelled is borrowed until the load is over. Errors: CW_E_NO_MEMORY. */
cw_status cw_load_watch(struct cw_load *load, const _Atomic bool *cancelled, struct cw_error *error);
/* Adds all rows of a batch (every column of its entity must be present). Stock rows add to the row of the
 * same centre and variant when there is one: on_hand and stockouts are added, updated_at becomes the later
 * one, the rest is replaced. Categories and fulfilment centres whose id is already there are left alone.
 * Other clashes of a unique column: CW_E_CONFLICT; values outside a closed set or range: CW_E_VIOLATION. A
 * load that failed once fails again with the same status; abort it. Parents may follow their children within
 * the load. */
cw_status cw_load_add(struct cw_load *load, const struct cw_batch *batch, struct cw_error *error);
/* Durable when it returns CW_OK. Frees the load either way and sets *load to NULL. Reference violations:
 * CW_E_VIOLATION. */
cw_status cw_load_commit(struct cw_load **load, const struct cw_run_record *run, struct cw_error *error);
void cw_load_abort(struct cw_load **load);

/* The same for a small run, made for many threads: requests that arrive together share one transaction and
 * one sync, but each succeeds or fails alone. Blocks until durable; until: when to give up if it was not
 * begun by then. batches may be NULL at any place. */
cw_status cw_store_write(struct cw_store *store, const struct cw_batch *const batches[CW_ENTITY_COUNT],
                         const struct cw_run_record *run, int64_t until, struct cw_error *error);

/* ---- Answers ---- */

/* Finds what was answered to key at or after `since`, or by a job that is not finished, into zeroed storage;
 * sets *found. */
cw_status cw_store_answer_find(struct cw_store *store, const char *key, int64_t since,
                               struct cw_kept_answer *answer, bool *found, struct cw_error *error);

/* ---- Reading ---- */

enum cw_comparison { CW_EQUAL, CW_NOT_EQUAL, CW_LESS, CW_LESS_EQUAL, CW_GREATER, CW_GREATER_EQUAL };

/* One condition: column, comparison, value as text (uuid, decimal integer, RFC 3339 time, ISO date,
 * true/false). */
struct cw_filter {
    uint32_t column;
    enum cw_comparison comparison;
    const char *value;
};

/* What the value of a filter on a column of a type looks like, for messages: "a whole number". */
const char *cw_filter_value_form(enum cw_type type);

#define CW_FILTERS_MAX 16

struct cw_query {
    enum cw_entity_id entity;
    uint64_t columns; /* bit per column; the id is always read */
    const struct cw_filter *filters;
    uint32_t filter_count;
    const struct cw_uuid *after; /* rows with an id above this one; NULL from the start */
    int64_t limit;               /* most rows to return, at least 1 */
    int64_t basis;  /* leave out rows that came when the table had this many (cw_store_basis); 0: take all */
    bool is_sequel; /* the page before was full: many rows meet the conditions, so follow the ids */
};

/* Reads rows ascending by id into batch (initialised for the entity; its contents are replaced, columns not
 * asked for are absent). Conditions are joined by AND; a null meets none. E-mail addresses are compared
 * regardless of case. A bad filter value: CW_E_INVALID naming the column. */
cw_status cw_store_read(struct cw_store *store, const struct cw_query *query, struct cw_batch *batch,
                        struct cw_error *error);
/* Rows of an entity. Exact; cheap. */
cw_status cw_store_count(struct cw_store *store, enum cw_entity_id entity, int64_t *rows,
                         struct cw_error *error);

/* Connections that are borrowed for reading and, of a store that is a server, for writing too. */
struct cw_store_connections {
    int busy;
    int idle;
    int waiting; /* threads that wait for one */
    int most;    /* that may be open */
};

/* As they are now. */
void cw_store_count_connections(struct cw_store *store, struct cw_store_connections *connections);

/* Newest first; after: id of the last run of the page before, or NULL. records: room for limit; *count is
 * set. */
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

/* Sets the prior_ fields of a spec to what the store's runs, and the reservations in force, have used up. */
cw_status cw_store_priors(struct cw_store *store, struct cw_run_spec *spec, struct cw_error *error);

/* The same for a run that will be committed, and keeps its numbers (spec->customers of every market,
 * spec->products, spec->orders) from other runs of this process until cw_store_release_numbers is called,
 * after the commit or when the run is given up. Two processes that write to one store at the same time may
 * still clash: CW_E_CONFLICT. rows: how many rows each table then holds, indexed by enum cw_entity_id. */
cw_status cw_store_reserve_numbers(struct cw_store *store, struct cw_run_spec *spec,
                                   int64_t rows[CW_ENTITY_COUNT], struct cw_error *error);
void cw_store_release_numbers(struct cw_store *store);

/* The priors of a spec, for a run record. */
struct cw_priors cw_priors_of(const struct cw_run_spec *spec);

/* How many rows each table holds, indexed by enum cw_entity_id: all of one moment. */
cw_status cw_store_basis(struct cw_store *store, int64_t rows[CW_ENTITY_COUNT], struct cw_error *error);

/* A consistent picture of customers, catalogue and stock, shared and counted: the store keeps the newest and
 * brings it up to date with what was added since. Release gives the count back; the store must be open until
 * then. */
struct cw_store_world;
cw_status cw_store_world_acquire(struct cw_store *store, struct cw_store_world **world,
                                 struct cw_error *error);
/* The picture as it was when each table held rows[entity] rows (see cw_store_basis), for making a run again.
 */
cw_status cw_store_world_acquire_at(struct cw_store *store, const int64_t rows[CW_ENTITY_COUNT],
                                    struct cw_store_world **world, struct cw_error *error);
const struct cw_world *cw_store_world_get(const struct cw_store_world *world);
/* The rows of each table that the world was read from. */
const int64_t *cw_store_world_basis(const struct cw_store_world *world);
void cw_store_world_release(struct cw_store_world *world);

/* Runs that promise stock must not overlap between reading the world and being committed: hold this
 * meanwhile. */
cw_status cw_store_lock_stock(struct cw_store *store, int64_t until, struct cw_error *error);
void cw_store_unlock_stock(struct cw_store *store);

#endif
