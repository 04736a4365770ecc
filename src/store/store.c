/* The operations of store.h: each goes to the kind of store that it is asked of. */
#include "store/store.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "store/migrations.h"
#include "store/store_base.h"

bool cw_store_is_server(const char *location)
{
    return location != NULL &&
           (strncmp(location, "postgresql://", 13) == 0 || strncmp(location, "postgres://", 11) == 0);
}

/* Whether a text is in the form "host=db.example.com password=...". */
static bool is_parameter_list(const char *location)
{
    static const char *const parameters[] = {"host",     "hostaddr", "port",    "dbname",  "user",
                                             "password", "passfile", "sslmode", "service", "options"};
    const size_t length = strcspn(location, " =");
    const char *after = location + length + strspn(location + length, " ");
    bool is_known = false;
    for (size_t i = 0; i < sizeof parameters / sizeof *parameters && *after == '='; i++) {
        is_known =
            is_known || (strlen(parameters[i]) == length && memcmp(location, parameters[i], length) == 0);
    }
    return is_known;
}

cw_status cw_store_location_check(const char *location, struct cw_error *error)
{
    static const char expected[] =
        "expected a file, or an address such as postgresql://user@host:5432/database";
    const size_t scheme = strcspn(location, ":/ @");
    if (cw_store_is_server(location)) {
        return CW_OK;
    }
    if (location[scheme] == ':' &&
        (strncmp(location + scheme, "://", 3) == 0 || strncasecmp(location, "postgres", 8) == 0)) {
        return cw_error_set(error, CW_E_INVALID, "store", "the store begins with '%.*s:'; %s",
                            scheme < 40 ? (int)scheme : 40, location, expected);
    }
    return is_parameter_list(location)
               ? cw_error_set(error, CW_E_INVALID, "store", "the store is written as key=value; %s", expected)
               : CW_OK;
}

cw_status cw_store_open(const struct cw_store_options *options, struct cw_store **store,
                        struct cw_error *error)
{
    const cw_status status = cw_store_location_check(options->location, error);
    return status != CW_OK                         ? status
           : cw_store_is_server(options->location) ? cw_pg_store_open(options, store, error)
                                                   : cw_sqlite_store_open(options, store, error);
}

cw_status cw_store_revisions(const char *location, int *applied, int *known, struct cw_error *error)
{
    const cw_status status = cw_store_location_check(location, error);
    return status != CW_OK                ? status
           : cw_store_is_server(location) ? cw_pg_revisions(location, applied, known, error)
                                          : cw_sqlite_revisions(location, applied, known, error);
}

const struct cw_migration *cw_store_migrations(const char *location, int *count)
{
    *count = cw_store_is_server(location) ? cw_pg_migration_count : cw_migration_count;
    return cw_store_is_server(location) ? cw_pg_migrations : cw_migrations;
}

const char *cw_store_name(const struct cw_store *store)
{
    return store->name;
}

void cw_store_close(struct cw_store *store)
{
    if (store != NULL) {
        store->operations->close(store);
    }
}

struct cw_store *cw_store_new(size_t size, const struct cw_store_operations *operations, const char *name,
                              bool read_only)
{
    const size_t name_size = strlen(name) + 1;
    struct cw_store *store = calloc(1, size);
    char *copy = malloc(name_size);
    if (store == NULL || copy == NULL) {
        free(store);
        free(copy);
        return NULL;
    }
    memcpy(copy, name, name_size);
    store->operations = operations;
    store->name = copy;
    store->read_only = read_only;
    cw_gate_init(&store->writer);
    cw_gate_init(&store->stock);
    pthread_mutex_init(&store->writes.mutex, NULL);
    store->writes.last = &store->writes.first;
    pthread_mutex_init(&store->reservations.mutex, NULL);
    pthread_cond_init(&store->reservations.changed, NULL);
    pthread_mutex_init(&store->worlds.mutex, NULL);
    pthread_mutex_init(&store->pool.mutex, NULL);
    pthread_cond_init(&store->pool.returned, NULL);
    return store;
}

void cw_store_free(struct cw_store *store)
{
    pthread_cond_destroy(&store->pool.returned);
    pthread_mutex_destroy(&store->pool.mutex);
    pthread_mutex_destroy(&store->worlds.mutex);
    pthread_cond_destroy(&store->reservations.changed);
    pthread_mutex_destroy(&store->reservations.mutex);
    pthread_mutex_destroy(&store->writes.mutex);
    cw_gate_clear(&store->stock);
    cw_gate_clear(&store->writer);
    free(store->name);
    free(store);
}

cw_status cw_store_check_writable(const struct cw_store *store, struct cw_error *error)
{
    if (!store->read_only) {
        return CW_OK;
    }
    return cw_error_set(error, CW_E_UNSUPPORTED, "store", "store %s is open for reading only", store->name);
}

cw_status cw_store_lock_stock(struct cw_store *store, int64_t until, struct cw_error *error)
{
    if (!cw_gate_enter(&store->stock, until)) {
        return cw_wait_given_up(store->name, error);
    }
    if (store->operations->lock_stock == NULL) {
        return CW_OK;
    }
    const cw_status status = store->operations->lock_stock(store, until, error);
    if (status != CW_OK) {
        cw_gate_leave(&store->stock);
    }
    return status;
}

void cw_store_unlock_stock(struct cw_store *store)
{
    if (store->operations->unlock_stock != NULL) {
        store->operations->unlock_stock(store);
    }
    cw_gate_leave(&store->stock);
}

cw_status cw_store_expect(struct cw_store *store, int64_t from, int64_t to, int64_t until,
                          struct cw_error *error)
{
    return store->operations->expect != NULL ? store->operations->expect(store, from, to, until, error)
                                             : CW_OK;
}

cw_status cw_load_begin(struct cw_store *store, int64_t until, struct cw_load **load, struct cw_error *error)
{
    cw_status status = cw_store_check_writable(store, error);
    if (status != CW_OK) {
        return status;
    }
    if (!cw_gate_enter(&store->writer, until)) {
        return cw_wait_given_up(store->name, error);
    }
    status = store->operations->load_begin(store, until, load, error);
    if (status != CW_OK) {
        cw_gate_leave(&store->writer);
    }
    return status;
}

cw_status cw_load_watch(struct cw_load *load, const _Atomic bool *cancelled, struct cw_error *error)
{
    load->cancelled = cancelled;
    return load->store->operations->load_watch(load, error);
}

cw_status cw_load_check_wanted(const struct cw_load *load, struct cw_error *error)
{
    return load->cancelled != NULL && atomic_load_explicit(load->cancelled, memory_order_relaxed)
               ? cw_error_set(error, CW_E_CANCELLED, NULL, "the load into %s was cancelled",
                              load->store->name)
               : CW_OK;
}

cw_status cw_load_add(struct cw_load *load, const struct cw_batch *batch, struct cw_error *error)
{
    return load->store->operations->load_add(load, batch, error);
}

cw_status cw_load_commit(struct cw_load **load, const struct cw_run_record *run, struct cw_error *error)
{
    struct cw_store *store = (*load)->store;
    const cw_status status = store->operations->load_commit(load, run, error);
    cw_gate_leave(&store->writer);
    return status;
}

void cw_load_abort(struct cw_load **load)
{
    if (*load != NULL) {
        struct cw_store *store = (*load)->store;
        store->operations->load_abort(load);
        cw_gate_leave(&store->writer);
    }
}

cw_status cw_store_answer_find(struct cw_store *store, const char *key, int64_t since,
                               struct cw_kept_answer *answer, bool *found, struct cw_error *error)
{
    const struct cw_job_operations *jobs = store->operations->jobs;
    bool is_kept = false;
    bool is_of_job = false;
    /* Jobs come first: the answer of one that ends meanwhile is there before the job is over. */
    cw_status status = jobs->answer != NULL ? jobs->answer(store, key, answer, &is_of_job, error) : CW_OK;
    if (status == CW_OK && !is_of_job) {
        status = store->operations->answer(store, key, since, answer, &is_kept, error);
    }
    if (status == CW_OK) {
        *found = is_of_job || is_kept;
    }
    return status;
}

cw_status cw_store_read(struct cw_store *store, const struct cw_query *query, struct cw_batch *batch,
                        struct cw_error *error)
{
    return store->operations->read(store, query, batch, error);
}

cw_status cw_store_count(struct cw_store *store, enum cw_entity_id entity, int64_t *rows,
                         struct cw_error *error)
{
    return store->operations->count(store, entity, rows, error);
}

void cw_store_count_connections(struct cw_store *store, struct cw_store_connections *connections)
{
    struct cw_pool_state *pool = &store->pool;
    pthread_mutex_lock(&pool->mutex);
    *connections = (struct cw_store_connections){.busy = pool->open_count - pool->idle_count,
                                                 .idle = pool->idle_count,
                                                 .waiting = pool->waiting_count,
                                                 .most = pool->most};
    pthread_mutex_unlock(&pool->mutex);
}

cw_status cw_store_basis(struct cw_store *store, int64_t rows[CW_ENTITY_COUNT], struct cw_error *error)
{
    return store->operations->counters(store, rows, NULL, error);
}

cw_status cw_store_runs(struct cw_store *store, const struct cw_uuid *after, uint32_t limit,
                        struct cw_run_record *records, uint32_t *count, struct cw_error *error)
{
    return store->operations->runs(store, NULL, after, limit, records, count, error);
}

cw_status cw_store_run(struct cw_store *store, const struct cw_uuid *id, struct cw_run_record *record,
                       struct cw_error *error)
{
    uint32_t count = 0;
    const cw_status status = store->operations->runs(store, id, NULL, 1, record, &count, error);
    if (status == CW_OK && count == 0) {
        return cw_error_set(error, CW_E_NOT_FOUND, "id", "there is no run with this id");
    }
    return status;
}

cw_status cw_store_select(struct cw_store *store, const char *sql, const char *const *parameters,
                          uint32_t parameter_count,
                          bool (*row)(void *context, int columns, const char *const *values), void *context,
                          struct cw_error *error)
{
    return store->operations->select(store, sql, parameters, parameter_count, row, context, error);
}

cw_status cw_reader_query(struct cw_reader *reader, const char *sql, const struct cw_parameter *parameters,
                          uint32_t parameter_count, bool many, struct cw_cursor **rows,
                          struct cw_error *error)
{
    return reader->store->operations->reader_query(reader, sql, parameters, parameter_count, many, rows,
                                                   error);
}

cw_status cw_reader_each(struct cw_reader *reader, const char *sql, const struct cw_parameter *parameters,
                         uint32_t parameter_count, bool many,
                         cw_status (*read)(void *context, struct cw_cursor *rows, struct cw_error *error),
                         void *context, struct cw_error *error)
{
    struct cw_cursor *rows;
    cw_status status = cw_reader_query(reader, sql, parameters, parameter_count, many, &rows, error);
    if (status != CW_OK) {
        return status;
    }
    bool has_row = true;
    while (status == CW_OK && has_row) {
        status = rows->operations->next(rows, &has_row, error);
        if (status == CW_OK && has_row) {
            status = read(context, rows, error);
        }
    }
    rows->operations->close(rows);
    return status;
}

int64_t cw_cursor_integer(struct cw_cursor *rows, int field)
{
    return rows->operations->integer(rows, field);
}

bool cw_cursor_is_null(struct cw_cursor *rows, int field)
{
    return rows->operations->is_null(rows, field);
}

const char *cw_cursor_text(struct cw_cursor *rows, int field, size_t *size)
{
    return rows->operations->bytes(rows, field, size);
}

void cw_cursor_uuid(struct cw_cursor *rows, int field, uint8_t id[16])
{
    size_t size = 0;
    const void *bytes = rows->operations->bytes(rows, field, &size);
    if (bytes != NULL && size == 16) {
        memcpy(id, bytes, 16);
    } else {
        memset(id, 0, 16);
    }
}

void cw_kept_answer_clear(struct cw_kept_answer *answer)
{
    if (answer == NULL) {
        return;
    }
    cw_buffer_clear(&answer->headers);
    cw_buffer_clear(&answer->body);
    *answer = (struct cw_kept_answer){0};
}

void cw_run_record_clear(struct cw_run_record *record)
{
    if (record == NULL) {
        return;
    }
    cw_buffer_clear(&record->spec);
    cw_buffer_clear(&record->request);
    cw_buffer_clear(&record->digests);
    cw_buffer_clear(&record->basis);
    *record = (struct cw_run_record){0};
}
