#include "store/postgres_sender.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* libpq is handed pieces of this size. */
#define PIECE_SIZE ((size_t)1 << 18)

static const char copy_header[] = "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0";
#define COPY_HEADER_SIZE 19

struct cw_pg_sender {
    struct cw_pg_connection *connection;
    pthread_t thread;
    pthread_mutex_t mutex; /* guards what follows */
    pthread_cond_t changed;
    const struct cw_entity *entity; /* whose rows are to be sent; NULL: none */
    struct cw_buffer rows;
    bool is_ending;
    struct cw_error failure;
    cw_status status; /* of the first failure */
};

/* ---- One COPY ---- */

static cw_status begin_copy(struct cw_pg_connection *connection, const struct cw_entity *entity,
                            struct cw_error *error)
{
    struct cw_buffer sql = {0};
    cw_status status = cw_buffer_format(&sql, error, "COPY %s (", entity->table);
    for (uint32_t c = 0; status == CW_OK && c < entity->column_count; c++) {
        status = cw_buffer_format(&sql, error, "%s, ", entity->columns[c].name);
    }
    if (status == CW_OK) {
        status = cw_buffer_format(&sql, error, "rowid) FROM STDIN (FORMAT binary)");
    }
    if (status == CW_OK) {
        status = cw_buffer_append(&sql, "", 1, error);
    }
    if (status == CW_OK) {
        PGresult *result = PQexec(connection->handle, sql.data);
        if (PQresultStatus(result) != PGRES_COPY_IN) {
            status = cw_pg_error(connection, result, error);
        } else if (PQputCopyData(connection->handle, copy_header, COPY_HEADER_SIZE) != 1) {
            status = cw_pg_error(connection, NULL, error);
        }
        PQclear(result);
    }
    cw_buffer_clear(&sql);
    return status;
}

static cw_status end_copy(struct cw_pg_connection *connection, struct cw_error *error)
{
    PGconn *handle = connection->handle;
    if (PQputCopyData(handle, "\377\377", 2) != 1 || PQputCopyEnd(handle, NULL) != 1) {
        return cw_pg_error(connection, NULL, error);
    }
    cw_status status = CW_OK;
    for (PGresult *result = PQgetResult(handle); result != NULL; result = PQgetResult(handle)) {
        if (status == CW_OK && PQresultStatus(result) != PGRES_COMMAND_OK) {
            status = cw_pg_error(connection, result, error);
        }
        PQclear(result);
    }
    return status;
}

static cw_status copy(struct cw_pg_connection *connection, const struct cw_entity *entity,
                      const struct cw_buffer *rows, struct cw_error *error)
{
    cw_status status = begin_copy(connection, entity, error);
    for (size_t at = 0; status == CW_OK && at < rows->size; at += PIECE_SIZE) {
        const size_t rest = rows->size - at;
        const int size = (int)(rest < PIECE_SIZE ? rest : PIECE_SIZE);
        if (PQputCopyData(connection->handle, rows->data + at, size) != 1) {
            status = cw_pg_error(connection, NULL, error);
        }
    }
    return status == CW_OK ? end_copy(connection, error) : status;
}

/* ---- The thread ---- */

static void *send_rows(void *context)
{
    struct cw_pg_sender *self = context;
    pthread_mutex_lock(&self->mutex);
    while (self->entity != NULL || !self->is_ending) {
        if (self->entity == NULL) {
            pthread_cond_wait(&self->changed, &self->mutex);
            continue;
        }
        pthread_mutex_unlock(&self->mutex);
        struct cw_error failure;
        const cw_status status = copy(self->connection, self->entity, &self->rows, &failure);
        pthread_mutex_lock(&self->mutex);
        if (status != CW_OK) {
            self->status = status;
            self->failure = failure;
        }
        self->rows.size = 0;
        self->entity = NULL;
        pthread_cond_broadcast(&self->changed);
    }
    pthread_mutex_unlock(&self->mutex);
    return NULL;
}

cw_status cw_pg_sender_start(struct cw_pg_connection *connection, struct cw_pg_sender **sender,
                             struct cw_error *error)
{
    struct cw_pg_sender *self = calloc(1, sizeof *self);
    if (self == NULL) {
        return cw_error_set(error, CW_E_NO_MEMORY, NULL, "out of memory: loading into %s", connection->name);
    }
    self->connection = connection;
    pthread_mutex_init(&self->mutex, NULL);
    pthread_cond_init(&self->changed, NULL);
    const int code = pthread_create(&self->thread, NULL, send_rows, self);
    if (code != 0) {
        pthread_cond_destroy(&self->changed);
        pthread_mutex_destroy(&self->mutex);
        free(self);
        return cw_error_set(error, CW_E_UNAVAILABLE, NULL, "store %s: no thread to send rows: %s",
                            connection->name, strerror(code));
    }
    *sender = self;
    return CW_OK;
}

/* With the mutex held. */
static cw_status wait_until_sent(struct cw_pg_sender *self, struct cw_error *error)
{
    while (self->entity != NULL) {
        pthread_cond_wait(&self->changed, &self->mutex);
    }
    if (self->status != CW_OK && error != NULL) {
        *error = self->failure;
    }
    return self->status;
}

cw_status cw_pg_sender_send(struct cw_pg_sender *sender, const struct cw_entity *entity,
                            struct cw_buffer *rows, struct cw_error *error)
{
    pthread_mutex_lock(&sender->mutex);
    const cw_status status = wait_until_sent(sender, error);
    if (status == CW_OK) {
        const struct cw_buffer empty = sender->rows;
        sender->rows = *rows;
        *rows = empty;
        sender->entity = entity;
        pthread_cond_broadcast(&sender->changed);
    }
    pthread_mutex_unlock(&sender->mutex);
    return status;
}

cw_status cw_pg_sender_wait(struct cw_pg_sender *sender, struct cw_error *error)
{
    pthread_mutex_lock(&sender->mutex);
    const cw_status status = wait_until_sent(sender, error);
    pthread_mutex_unlock(&sender->mutex);
    return status;
}

void cw_pg_sender_end(struct cw_pg_sender *sender)
{
    if (sender == NULL) {
        return;
    }
    pthread_mutex_lock(&sender->mutex);
    sender->is_ending = true;
    pthread_cond_broadcast(&sender->changed);
    pthread_mutex_unlock(&sender->mutex);
    pthread_join(sender->thread, NULL);
    cw_buffer_clear(&sender->rows);
    pthread_cond_destroy(&sender->changed);
    pthread_mutex_destroy(&sender->mutex);
    free(sender);
}
