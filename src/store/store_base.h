/* What both kinds of store share: the operations that each must have, rows of a query whichever store they
 * come from, and the parts that need to know no database. */
#ifndef CW_STORE_STORE_BASE_H
#define CW_STORE_STORE_BASE_H

#include <pthread.h>

#include "store/job_store.h"
#include "store/key_store.h"
#include "store/store.h"

/* A lock that one thread may take and another give back. */
struct cw_gate {
    pthread_mutex_t mutex;
    pthread_cond_t opened;
    bool closed;
    int waiting;
    _Atomic int64_t moved_at; /* when it was last taken or given back, of the monotonic clock */
};

void cw_gate_init(struct cw_gate *gate);
void cw_gate_clear(struct cw_gate *gate);
/* Waits for it; until: see store.h. False when the wait was given up. */
bool cw_gate_enter(struct cw_gate *gate, int64_t until);
/* False when it is closed. */
bool cw_gate_try_enter(struct cw_gate *gate);
void cw_gate_leave(struct cw_gate *gate);

/* Until when somebody waits who has so many before him for a gate that moved at this time. Of many that wait
 * most give up soon, so that long work does not keep every thread of a server. */
int64_t cw_wait_in_crowd(int64_t until, int waiting, int64_t moved_at);
/* A condition for cw_wait_until. */
void cw_wait_condition_init(pthread_cond_t *condition);
/* Waits for a signal; false when it is `until`. */
bool cw_wait_until(pthread_cond_t *condition, pthread_mutex_t *mutex, int64_t until);
/* CW_E_UNAVAILABLE: a run is under way, and waiting for its end was given up. */
cw_status cw_wait_given_up(const char *store, struct cw_error *error);

/* Most small writes that share a transaction: bounds how long the first of them waits. */
#define CW_WRITE_GROUP_MAX 256

/* A small write that waits for its turn. Lives on its caller's stack. */
struct cw_write {
    pthread_cond_t changed; /* it is done, or its thread is to lead */
    const struct cw_batch *const *batches;
    const struct cw_run_record *run;
    struct cw_error error;
    cw_status status;
    bool settled; /* its status is final, whatever becomes of the others */
    bool sent;
    bool taken; /* off the queue */
    bool done;
    struct cw_write *next;
};

/* The queue of small writes. Whoever finds no leader takes all that wait and commits them together; the next
 * ones gather meanwhile. */
struct cw_write_queue {
    pthread_mutex_t mutex;
    struct cw_write *first;
    struct cw_write **last;
    int waiting;
    bool has_leader;
};

/* Numbers given to runs that are not committed yet; see cw_store_reserve_numbers. Whoever needs the counters
 * waits for a reading that began after he came, which all that wait by then share. */
struct cw_reservations {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    int64_t open_count;
    struct cw_priors marks;
    int64_t begun, ended;    /* readings */
    struct cw_priors priors; /* of the last one */
    int64_t rows[CW_ENTITY_COUNT];
    cw_status status;
    struct cw_error error;
};

/* The newest world; see store_world.h. */
struct cw_world_cache {
    pthread_mutex_t mutex;
    struct cw_store_world *newest;
};

/* ---- Rows of a query ---- */

/* A parameter: ?1 is the first. */
struct cw_parameter {
    enum { CW_PARAMETER_INTEGER, CW_PARAMETER_UUID, CW_PARAMETER_TEXT } kind;
    int64_t integer;
    const void *bytes; /* 16 of a UUID, or text that ends in a zero byte */
};

#define CW_PARAMETERS_MAX 4

/* Rows, one at a time. Instants are microseconds since 1970 UTC, dates are days since 1970. */
struct cw_cursor;
struct cw_cursor_operations {
    cw_status (*next)(struct cw_cursor *rows, bool *has_row, struct cw_error *error);
    bool (*is_null)(struct cw_cursor *rows, int field);
    int64_t (*integer)(struct cw_cursor *rows, int field); /* numbers, instants, dates, flags; 0 for null */
    /* UUIDs and texts; a zero byte follows a text. NULL for null. Valid until the next row. */
    const void *(*bytes)(struct cw_cursor *rows, int field, size_t *size);
    void (*close)(struct cw_cursor *rows);
};
struct cw_cursor {
    const struct cw_cursor_operations *operations;
};

/* Reads a store as it was at one moment. Belongs to one thread at a time. */
struct cw_reader {
    struct cw_store *store;
};

/* The SQL that both stores understand uses ?1, ?2, ... and the column rowid, which counts a table's rows from
 * 1 in the order in which they were committed. many: more than a few thousand rows may come. */
cw_status cw_reader_query(struct cw_reader *reader, const char *sql, const struct cw_parameter *parameters,
                          uint32_t parameter_count, bool many, struct cw_cursor **rows,
                          struct cw_error *error);

/* Calls read for every row of a query. */
cw_status cw_reader_each(struct cw_reader *reader, const char *sql, const struct cw_parameter *parameters,
                         uint32_t parameter_count, bool many,
                         cw_status (*read)(void *context, struct cw_cursor *rows, struct cw_error *error),
                         void *context, struct cw_error *error);

int64_t cw_cursor_integer(struct cw_cursor *rows, int field);
bool cw_cursor_is_null(struct cw_cursor *rows, int field);
/* NULL for null. */
const char *cw_cursor_text(struct cw_cursor *rows, int field, size_t *size);
/* All zero for null. */
void cw_cursor_uuid(struct cw_cursor *rows, int field, uint8_t id[16]);

/* ---- The store ---- */

/* Connections that threads borrow; the idle ones are in a list of the kind of store. */
struct cw_pool_state {
    pthread_mutex_t mutex; /* guards the list too */
    pthread_cond_t returned;
    int most; /* that may be open; who comes later waits */
    int open_count, idle_count, waiting_count;
};

/* What a kind of store does; each is what the function of store.h with its name promises. */
struct cw_store_operations {
    void (*close)(struct cw_store *store);
    cw_status (*expect)(struct cw_store *store, int64_t from, int64_t to, int64_t until,
                        struct cw_error *error); /* or NULL */
    /* Inside the writer's gate, which is left when the load is over. */
    cw_status (*load_begin)(struct cw_store *store, int64_t until, struct cw_load **load,
                            struct cw_error *error);
    cw_status (*load_watch)(struct cw_load *load, struct cw_error *error);
    cw_status (*load_add)(struct cw_load *load, const struct cw_batch *batch, struct cw_error *error);
    cw_status (*load_commit)(struct cw_load **load, const struct cw_run_record *run, struct cw_error *error);
    void (*load_abort)(struct cw_load **load);
    /* Writes a group as one transaction, setting the status and error of each; inside the writer's gate. */
    void (*write_group)(struct cw_store *store, struct cw_write *group);
    cw_status (*answer)(struct cw_store *store, const char *key, int64_t since, struct cw_kept_answer *answer,
                        bool *found, struct cw_error *error);
    cw_status (*read)(struct cw_store *store, const struct cw_query *query, struct cw_batch *batch,
                      struct cw_error *error);
    cw_status (*count)(struct cw_store *store, enum cw_entity_id entity, int64_t *rows,
                       struct cw_error *error);
    /* The rows of each table and the numbers used up, of one moment; either may be NULL. */
    cw_status (*counters)(struct cw_store *store, int64_t rows[CW_ENTITY_COUNT], struct cw_priors *priors,
                          struct cw_error *error);
    /* id: of one run, or NULL for those after `after`. */
    cw_status (*runs)(struct cw_store *store, const struct cw_uuid *id, const struct cw_uuid *after,
                      uint32_t limit, struct cw_run_record *records, uint32_t *count, struct cw_error *error);
    cw_status (*select)(struct cw_store *store, const char *sql, const char *const *parameters,
                        uint32_t parameter_count,
                        bool (*row)(void *context, int columns, const char *const *values), void *context,
                        struct cw_error *error);
    cw_status (*reader_begin)(struct cw_store *store, struct cw_reader **reader, struct cw_error *error);
    /* Another reader of the same moment, for another thread. NULL: this kind of store has none. */
    cw_status (*reader_share)(struct cw_reader *reader, struct cw_reader **other, struct cw_error *error);
    /* The highest rowid of each table. */
    cw_status (*reader_basis)(struct cw_reader *reader, int64_t rows[CW_ENTITY_COUNT],
                              struct cw_error *error);
    void (*reader_end)(struct cw_reader *reader);
    cw_status (*reader_query)(struct cw_reader *reader, const char *sql,
                              const struct cw_parameter *parameters, uint32_t parameter_count, bool many,
                              struct cw_cursor **rows, struct cw_error *error);
    const char *ledger_hint; /* after stock_movements, where its rows are read by centre and variant */
    /* Keeps other processes out, inside the stock's gate; NULL where that of load_begin does. */
    cw_status (*lock_stock)(struct cw_store *store, int64_t until, struct cw_error *error);
    void (*unlock_stock)(struct cw_store *store);
    const struct cw_key_operations *keys; /* see key_store.h; NULL: it keeps none */
    const struct cw_job_operations *jobs; /* see job_store.h */
};

/* The first member of every kind of store. */
struct cw_store {
    const struct cw_store_operations *operations;
    char *name; /* how messages call it */
    bool read_only;
    struct cw_gate writer; /* held by whoever writes in this process */
    struct cw_gate stock;
    struct cw_write_queue writes;
    struct cw_reservations reservations;
    struct cw_world_cache worlds;
    struct cw_pool_state pool;
};

/* The first member of every kind of load. */
struct cw_load {
    struct cw_store *store;
    const _Atomic bool *cancelled; /* see cw_load_watch; NULL: nobody wishes to end it */
};

/* CW_E_CANCELLED when the load is no longer wanted. */
cw_status cw_load_check_wanted(const struct cw_load *load, struct cw_error *error);

/* Storage of size bytes, zeroed but for its first member; NULL without memory. */
struct cw_store *cw_store_new(size_t size, const struct cw_store_operations *operations, const char *name,
                              bool read_only);
/* Frees the storage and what cw_store_new made; for the close operation, which calls cw_world_cache_clear
 * first. */
void cw_store_free(struct cw_store *store);

/* CW_E_UNSUPPORTED when the store is open read-only. */
cw_status cw_store_check_writable(const struct cw_store *store, struct cw_error *error);

/* Drops the newest world. */
void cw_world_cache_clear(struct cw_store *store);

/* Gives all of a group that have not failed this status. */
void cw_write_fail_all(struct cw_write *group, cw_status status, const struct cw_error *error);

cw_status cw_pg_store_open(const struct cw_store_options *options, struct cw_store **store,
                           struct cw_error *error);
cw_status cw_pg_revisions(const char *location, int *applied, int *known, struct cw_error *error);
cw_status cw_sqlite_revisions(const char *location, int *applied, int *known, struct cw_error *error);
cw_status cw_sqlite_store_open(const struct cw_store_options *options, struct cw_store **store,
                               struct cw_error *error);

#endif
