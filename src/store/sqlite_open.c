#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "store/sqlite_store.h"

#define LOCATION_PREFIX "sqlite:"

void cw_gate_init(struct cw_gate *gate)
{
    pthread_mutex_init(&gate->mutex, NULL);
    pthread_cond_init(&gate->opened, NULL);
    gate->closed = false;
}

void cw_gate_clear(struct cw_gate *gate)
{
    pthread_cond_destroy(&gate->opened);
    pthread_mutex_destroy(&gate->mutex);
}

void cw_gate_enter(struct cw_gate *gate)
{
    pthread_mutex_lock(&gate->mutex);
    while (gate->closed) {
        pthread_cond_wait(&gate->opened, &gate->mutex);
    }
    gate->closed = true;
    pthread_mutex_unlock(&gate->mutex);
}

void cw_gate_leave(struct cw_gate *gate)
{
    pthread_mutex_lock(&gate->mutex);
    gate->closed = false;
    pthread_cond_signal(&gate->opened);
    pthread_mutex_unlock(&gate->mutex);
}

void cw_store_lock_stock(struct cw_store *store)
{
    cw_gate_enter(&store->stock);
}

void cw_store_unlock_stock(struct cw_store *store)
{
    cw_gate_leave(&store->stock);
}

cw_status cw_store_check_writable(const struct cw_store *store, struct cw_error *error)
{
    if (!store->read_only) {
        return CW_OK;
    }
    return cw_error_set(error, CW_E_UNSUPPORTED, "store", "store %s is open for reading only", store->path);
}

cw_status cw_store_borrow(struct cw_store *store, struct cw_connection **connection, struct cw_error *error)
{
    struct cw_reader_pool *pool = &store->readers;
    pthread_mutex_lock(&pool->mutex);
    while (pool->idle == NULL && pool->open_count >= CW_READERS_MAX) {
        pthread_cond_wait(&pool->returned, &pool->mutex);
    }
    struct cw_connection *found = pool->idle;
    if (found != NULL) {
        pool->idle = found->next;
    } else {
        pool->open_count++;
    }
    pthread_mutex_unlock(&pool->mutex);
    if (found != NULL) {
        *connection = found;
        return CW_OK;
    }
    const cw_status status =
        cw_connection_open(store->path, CW_CONNECTION_READ, false, store->read_only, connection, error);
    if (status != CW_OK) {
        pthread_mutex_lock(&pool->mutex);
        pool->open_count--;
        pthread_cond_signal(&pool->returned);
        pthread_mutex_unlock(&pool->mutex);
    }
    return status;
}

void cw_store_return(struct cw_store *store, struct cw_connection *connection)
{
    struct cw_reader_pool *pool = &store->readers;
    pthread_mutex_lock(&pool->mutex);
    connection->next = pool->idle;
    pool->idle = connection;
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

static struct cw_store *store_allocate(const char *path, bool read_only)
{
    struct cw_store *store = calloc(1, sizeof *store);
    if (store == NULL) {
        return NULL;
    }
    store->path = strdup(path);
    if (store->path == NULL) {
        free(store);
        return NULL;
    }
    store->read_only = read_only;
    pthread_mutex_init(&store->readers.mutex, NULL);
    pthread_cond_init(&store->readers.returned, NULL);
    cw_gate_init(&store->writer);
    pthread_mutex_init(&store->writes.mutex, NULL);
    pthread_cond_init(&store->writes.changed, NULL);
    store->writes.last = &store->writes.first;
    pthread_mutex_init(&store->checkpointer.mutex, NULL);
    pthread_cond_init(&store->checkpointer.wanted, NULL);
    pthread_mutex_init(&store->reservations.mutex, NULL);
    cw_gate_init(&store->stock);
    pthread_mutex_init(&store->worlds.mutex, NULL);
    return store;
}

void cw_store_close(struct cw_store *store)
{
    if (store == NULL) {
        return;
    }
    cw_world_cache_clear(store);
    cw_checkpointer_stop(store);
    while (store->readers.idle != NULL) {
        struct cw_connection *next = store->readers.idle->next;
        cw_connection_close(store->readers.idle);
        store->readers.idle = next;
    }
    cw_connection_close(store->write_connection);
    pthread_mutex_destroy(&store->worlds.mutex);
    cw_gate_clear(&store->stock);
    pthread_mutex_destroy(&store->reservations.mutex);
    pthread_cond_destroy(&store->checkpointer.wanted);
    pthread_mutex_destroy(&store->checkpointer.mutex);
    pthread_cond_destroy(&store->writes.changed);
    pthread_mutex_destroy(&store->writes.mutex);
    cw_gate_clear(&store->writer);
    pthread_cond_destroy(&store->readers.returned);
    pthread_mutex_destroy(&store->readers.mutex);
    free(store->path);
    free(store);
}

static cw_status open_writer(struct cw_store *store, bool create, struct cw_error *error)
{
    cw_status status =
        cw_connection_open(store->path, CW_CONNECTION_WRITE, create, false, &store->write_connection, error);
    if (status == CW_OK) {
        status = cw_migrations_apply(store->write_connection, false, error);
    }
    return status == CW_OK ? cw_checkpointer_start(store, error) : status;
}

static cw_status open_reader(struct cw_store *store, struct cw_error *error)
{
    struct cw_connection *connection;
    cw_status status = cw_store_borrow(store, &connection, error);
    if (status != CW_OK) {
        return status;
    }
    status = cw_migrations_apply(connection, true, error);
    cw_store_return(store, connection);
    return status;
}

cw_status cw_store_open(const struct cw_store_options *options, struct cw_store **store,
                        struct cw_error *error)
{
    const char *path = NULL;
    cw_status status = check_location(options, &path, error);
    if (status != CW_OK) {
        return status;
    }
    struct cw_store *opened = store_allocate(path, options->read_only);
    if (opened == NULL) {
        return cw_error_set(error, CW_E_NO_MEMORY, NULL, "out of memory: opening store %s", path);
    }
    status = options->read_only ? open_reader(opened, error) : open_writer(opened, options->create, error);
    if (status != CW_OK) {
        cw_store_close(opened);
        return status;
    }
    *store = opened;
    return CW_OK;
}
