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
    bool is_busy;
    struct cw_buffer sql;  /* to be run */
    struct cw_buffer rows; /* that it copies; of size 0: none */
    bool is_ending;
    struct cw_error failure;
    cw_status status; /* of the first failure */
};

/* ---- One COPY ---- */

static cw_status write_copy(const char *table, const struct cw_entity *entity, struct cw_buffer *sql,
                            struct cw_error *error)
{
    cw_status status = cw_buffer_format(sql, error, "COPY %s (", table);
    for (uint32_t c = 0; status == CW_OK && c < entity->column_count; c++) {
        status = cw_buffer_format(sql, error, "%s, ", entity->columns[c].name);
    }
    if (status == CW_OK) {
        status = cw_buffer_format(sql, error, "rowid) FROM STDIN (FORMAT binary)");
    }
    return status == CW_OK ? cw_buffer_append(sql, "", 1, error) : status;
}

static cw_status begin_copy(struct cw_pg_connection *connection, const char *sql, struct cw_error *error)
{
    PGresult *result = PQexec(connection->handle, sql);
    cw_status status = CW_OK;
    if (PQresultStatus(result) != PGRES_COPY_IN) {
        status = cw_pg_error(connection, result, error);
    } else if (PQputCopyData(connection->handle, copy_header, COPY_HEADER_SIZE) != 1) {
        status = cw_pg_error(connection, NULL, error);
    }
    PQclear(result);
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

static cw_status copy(struct cw_pg_connection *connection, const char *sql, const struct cw_buffer *rows,
                      struct cw_error *error)
{
    cw_status status = begin_copy(connection, sql, error);
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

static void *run_statements(void *context)
{
    struct cw_pg_sender *self = context;
    pthread_mutex_lock(&self->mutex);
    while (self->is_busy || !self->is_ending) {
        if (!self->is_busy) {
            pthread_cond_wait(&self->changed, &self->mutex);
            continue;
        }
        pthread_mutex_unlock(&self->mutex);
        struct cw_error failure;
        const cw_status status = self->rows.size > 0
                                     ? copy(self->connection, self->sql.data, &self->rows, &failure)
                                     : cw_pg_execute(self->connection, self->sql.data, &failure);
        pthread_mutex_lock(&self->mutex);
        if (status != CW_OK) {
            self->status = status;
            self->failure = failure;
        }
        self->sql.size = 0;
        self->rows.size = 0;
        self->is_busy = false;
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
    const int code = pthread_create(&self->thread, NULL, run_statements, self);
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
static cw_status wait_until_done(struct cw_pg_sender *self, struct cw_error *error)
{
    while (self->is_busy) {
        pthread_cond_wait(&self->changed, &self->mutex);
    }
    if (self->status != CW_OK && error != NULL) {
        *error = self->failure;
    }
    return self->status;
}

bool cw_pg_sender_is_idle(struct cw_pg_sender *sender)
{
    pthread_mutex_lock(&sender->mutex);
    const bool is_idle = !sender->is_busy;
    pthread_mutex_unlock(&sender->mutex);
    return is_idle;
}

/* With the mutex held. */
static void begin(struct cw_pg_sender *self)
{
    self->is_busy = true;
    pthread_cond_broadcast(&self->changed);
}

cw_status cw_pg_sender_send(struct cw_pg_sender *sender, const char *table, const struct cw_entity *entity,
                            struct cw_buffer *rows, struct cw_error *error)
{
    pthread_mutex_lock(&sender->mutex);
    cw_status status = wait_until_done(sender, error);
    if (status == CW_OK) {
        status = write_copy(table, entity, &sender->sql, error);
    }
    if (status == CW_OK) {
        const struct cw_buffer empty = sender->rows;
        sender->rows = *rows;
        *rows = empty;
        begin(sender);
    }
    pthread_mutex_unlock(&sender->mutex);
    return status;
}

cw_status cw_pg_sender_run(struct cw_pg_sender *sender, const char *sql, struct cw_error *error)
{
    pthread_mutex_lock(&sender->mutex);
    cw_status status = wait_until_done(sender, error);
    if (status == CW_OK) {
        status = cw_buffer_append(&sender->sql, sql, strlen(sql) + 1, error);
    }
    if (status == CW_OK) {
        begin(sender);
    }
    pthread_mutex_unlock(&sender->mutex);
    return status;
}

cw_status cw_pg_sender_wait(struct cw_pg_sender *sender, struct cw_error *error)
{
    pthread_mutex_lock(&sender->mutex);
    const cw_status status = wait_until_done(sender, error);
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
    cw_buffer_clear(&sender->sql);
    cw_buffer_clear(&sender->rows);
    pthread_cond_destroy(&sender->changed);
    pthread_mutex_destroy(&sender->mutex);
    free(sender);
}
