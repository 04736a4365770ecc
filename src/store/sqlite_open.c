#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "store/migrations.h"
#include "store/sqlite_store.h"

#define LOCATION_PREFIX "sqlite:"

cw_status cw_sqlite_borrow(struct cw_sqlite_store *store, struct cw_connection **connection,
                           struct cw_error *error)
{
    struct cw_pool_state *pool = &store->base.pool;
    pthread_mutex_lock(&pool->mutex);
    pool->waiting_count++;
    while (store->idle == NULL && pool->open_count >= pool->most) {
        pthread_cond_wait(&pool->returned, &pool->mutex);
    }
    pool->waiting_count--;
    struct cw_connection *found = store->idle;
    if (found != NULL) {
        store->idle = found->next;
        pool->idle_count--;
    } else {
        pool->open_count++;
    }
    pthread_mutex_unlock(&pool->mutex);
    if (found != NULL) {
        *connection = found;
        return CW_OK;
    }
    const cw_status status = cw_connection_open(store->base.name, CW_CONNECTION_READ, false,
                                                store->base.read_only, connection, error);
    if (status != CW_OK) {
        pthread_mutex_lock(&pool->mutex);
        pool->open_count--;
        pthread_cond_signal(&pool->returned);
        pthread_mutex_unlock(&pool->mutex);
    }
    return status;
}

void cw_sqlite_return(struct cw_sqlite_store *store, struct cw_connection *connection)
{
    struct cw_pool_state *pool = &store->base.pool;
    pthread_mutex_lock(&pool->mutex);
    connection->next = store->idle;
    store->idle = connection;
    pool->idle_count++;
    pthread_cond_signal(&pool->returned);
    pthread_mutex_unlock(&pool->mutex);
}

static cw_status check_location(const struct cw_store_options *options, const char **path,
                                struct cw_error *error)
{
    const char *location = options->location;
    if (location != NULL && strncmp(location, LOCATION_PREFIX, strlen(LOCATION_PREFIX)) == 0) {
        location += strlen(LOCATION_PREFIX);
    }
    if (location == NULL || location[0] == '\0') {
        return cw_error_set(error, CW_E_INVALID, "store", "store is empty, expected the path of a file");
    }
    if (location[0] == ':') {
        return cw_error_set(error, CW_E_INVALID, "store", "store is %s, expected the path of a file",
                            location);
    }
    struct stat facts;
    if (stat(location, &facts) != 0) {
        if (errno == ENOENT && options->create && !options->read_only) {
            *path = location;
            return CW_OK;
        }
        const cw_status status = errno == ENOENT ? CW_E_NOT_FOUND : CW_E_IO;
        const int native = errno;
        cw_error_set(error, status, "store", "store %s: %s", location, strerror(native));
        if (error != NULL) {
            error->native_code = native;
        }
        return status;
    }
    if (!S_ISREG(facts.st_mode)) {
        return cw_error_set(error, CW_E_INVALID, "store", "store %s is not a regular file", location);
    }
    *path = location;
    return CW_OK;
}

static void store_close(struct cw_store *base)
{
    struct cw_sqlite_store *store = cw_sqlite_store_of(base);
    cw_world_cache_clear(base);
    cw_sqlite_jobs_close(store);
    cw_checkpointer_stop(store);
    while (store->idle != NULL) {
        struct cw_connection *next = store->idle->next;
        cw_connection_close(store->idle);
        store->idle = next;
    }
    cw_connection_close(store->write_connection);
    pthread_mutex_destroy(&store->jobs_mutex);
    pthread_cond_destroy(&store->checkpointer.wanted);
    pthread_mutex_destroy(&store->checkpointer.mutex);
    cw_store_free(base);
}

static const struct cw_store_operations operations = {
    .close = store_close,
    .load_begin = cw_sqlite_load_begin,
    .load_watch = cw_sqlite_load_watch,
    .load_add = cw_sqlite_load_add,
    .load_commit = cw_sqlite_load_commit,
    .load_abort = cw_sqlite_load_abort,
    .write_group = cw_sqlite_write_group,
    .answer = cw_sqlite_answer,
    .read = cw_sqlite_read,
    .count = cw_sqlite_count,
    .counters = cw_sqlite_counters,
    .runs = cw_sqlite_runs,
    .select = cw_sqlite_select,
    .reader_begin = cw_sqlite_reader_begin,
    .reader_basis = cw_sqlite_reader_basis,
    .reader_end = cw_sqlite_reader_end,
    .reader_query = cw_sqlite_reader_query,
    .ledger_hint = " INDEXED BY stock_movements_ledger",
    .keys = &cw_sqlite_key_operations,
    .jobs = &cw_sqlite_job_operations,
};

static struct cw_sqlite_store *store_allocate(const char *path, bool read_only)
{
    struct cw_store *base = cw_store_new(sizeof(struct cw_sqlite_store), &operations, path, read_only);
    if (base == NULL) {
        return NULL;
    }
    struct cw_sqlite_store *store = cw_sqlite_store_of(base);
    base->pool.most = CW_READERS_MAX;
    pthread_mutex_init(&store->checkpointer.mutex, NULL);
    pthread_cond_init(&store->checkpointer.wanted, NULL);
    pthread_mutex_init(&store->jobs_mutex, NULL);
    return store;
}

static cw_status open_writer(struct cw_sqlite_store *store, bool create, struct cw_error *error)
{
    cw_status status = cw_connection_open(store->base.name, CW_CONNECTION_WRITE, create, false,
                                          &store->write_connection, error);
    if (status == CW_OK) {
        status = cw_migrations_apply(store->write_connection, false, error);
    }
    return status == CW_OK ? cw_checkpointer_start(store, error) : status;
}

static cw_status open_reader(struct cw_sqlite_store *store, struct cw_error *error)
{
    struct cw_connection *connection;
    cw_status status = cw_sqlite_borrow(store, &connection, error);
    if (status != CW_OK) {
        return status;
    }
    status = cw_migrations_apply(connection, true, error);
    cw_sqlite_return(store, connection);
    return status;
}

cw_status cw_sqlite_store_open(const struct cw_store_options *options, struct cw_store **store,
                               struct cw_error *error)
{
    const char *path = NULL;
    cw_status status = check_location(options, &path, error);
    if (status != CW_OK) {
        return status;
    }
    struct cw_sqlite_store *opened = store_allocate(path, options->read_only);
    if (opened == NULL) {
        return cw_error_set(error, CW_E_NO_MEMORY, NULL, "out of memory: opening store %s", path);
    }
    opened->load_memory = options->load_memory;
    status = options->read_only ? open_reader(opened, error) : open_writer(opened, options->create, error);
    if (status != CW_OK) {
        store_close(&opened->base);
        return status;
    }
    *store = &opened->base;
    return CW_OK;
}

cw_status cw_sqlite_revisions(const char *location, int *applied, int *known, struct cw_error *error)
{
    const struct cw_store_options options = {.location = location, .read_only = true};
    const char *path = NULL;
    struct cw_connection *connection;
    cw_status status = check_location(&options, &path, error);
    if (status == CW_OK) {
        status = cw_connection_open(path, CW_CONNECTION_READ, false, true, &connection, error);
    }
    if (status == CW_OK) {
        status = cw_migrations_look(connection, applied, error);
        cw_connection_close(connection);
    }
    if (status == CW_OK) {
        *known = cw_migration_count;
    }
    return status;
}
