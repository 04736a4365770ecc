/* What the files of the built-in store share. */
#ifndef CW_STORE_SQLITE_STORE_H
#define CW_STORE_SQLITE_STORE_H

#include <pthread.h>
#include <sqlite3.h>

#include "store/sqlite_connection.h"
#include "store/store.h"

/* A lock that one thread may take and another give back. */
struct cw_gate {
    pthread_mutex_t mutex;
    pthread_cond_t opened;
    bool closed;
};

void cw_gate_init(struct cw_gate *gate);
void cw_gate_clear(struct cw_gate *gate);
void cw_gate_enter(struct cw_gate *gate);
void cw_gate_leave(struct cw_gate *gate);

/* Read connections: idle ones wait in a list; at most CW_READERS_MAX are open, who comes later waits. */
#define CW_READERS_MAX 24
struct cw_reader_pool {
    pthread_mutex_t mutex;
    pthread_cond_t returned;
    struct cw_connection *idle;
    int open_count;
};

/* A small write that waits for its turn: a run, or an answer, or a key to forget. Lives on its caller's
 * stack. */
struct cw_write {
    const struct cw_batch *const *batches;
    const struct cw_run_record *run;
    struct cw_error error;
    cw_status status;
    bool done;
    struct cw_write *next;
};

/* The queue of small writes. Whoever finds no leader takes all that wait and commits them together. */
struct cw_write_queue {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    struct cw_write *first;
    struct cw_write **last;
    bool has_leader;
};

/* The thread that copies the write-ahead log into the file, so that no writer waits for it. */
struct cw_checkpointer {
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t wanted;
    int log_pages; /* pages in the log after the last commit; 0: nothing to do */
    bool running;
    bool stopping;
    struct cw_connection *connection;
};

/* Numbers given to runs that are not committed yet; see cw_store_reserve_numbers. */
struct cw_reservations {
    pthread_mutex_t mutex;
    int64_t open_count;
    struct cw_priors marks;
};

/* The newest world; see store_world.h. */
struct cw_world_cache {
    pthread_mutex_t mutex;
    struct cw_store_world *newest;
};

struct cw_store {
    char *path;
    bool read_only;
    struct cw_reader_pool readers;
    struct cw_gate writer;                  /* held by whoever has a write transaction open in this process */
    struct cw_connection *write_connection; /* used only inside the writer gate */
    struct cw_write_queue writes;
    struct cw_checkpointer checkpointer;
    struct cw_reservations reservations;
    struct cw_gate stock;
    struct cw_world_cache worlds;
};

/* A read connection for one thread at a time; give it back with no statement running. */
cw_status cw_store_borrow(struct cw_store *store, struct cw_connection **connection, struct cw_error *error);
void cw_store_return(struct cw_store *store, struct cw_connection *connection);

/* CW_E_UNSUPPORTED when the store is open read-only. */
cw_status cw_store_check_writable(const struct cw_store *store, struct cw_error *error);

/* Starts and stops the checkpointer. */
cw_status cw_checkpointer_start(struct cw_store *store, struct cw_error *error);
void cw_checkpointer_stop(struct cw_store *store);
/* Tells it how long the log is after a commit on connection. */
void cw_checkpointer_notify(struct cw_store *store, struct cw_connection *connection);

/* Brings the schema up to date (see migrations.h). Inside no transaction. */
cw_status cw_migrations_apply(struct cw_connection *connection, bool read_only, struct cw_error *error);

/* Keeps an answer in the transaction under way. */
cw_status cw_answer_insert(struct cw_connection *connection, const struct cw_kept_answer *answer,
                           struct cw_error *error);

/* Inserts the run, with its answer, in the transaction under way. */
cw_status cw_run_insert(struct cw_connection *connection, const struct cw_run_record *run,
                        struct cw_error *error);

/* Drops the newest world; when the store closes. */
void cw_world_cache_clear(struct cw_store *store);

#endif
