#define _POSIX_C_SOURCE 200809L
#include "service/check_tables.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "service/rules.h"

#define PATH_SIZE 4096

/* SQLite attaches at most ten. Tables of one database are filled by one thread. */
#define DATABASE_COUNT 9
/* Page caches of all connections together. */
#define CACHE_KIBIBYTES 524288

/* Which temporary database holds an entity's table. Large ones come first, so that threads end together. */
static const uint8_t database_of[CW_ENTITY_COUNT] = {
    [CW_ENTITY_STOCK_MOVEMENT] = 0,
    [CW_ENTITY_ORDER_ITEM] = 1,
    [CW_ENTITY_ORDER_STATUS_HISTORY] = 2,
    [CW_ENTITY_ORDER] = 3,
    [CW_ENTITY_PAYMENT] = 4,
    [CW_ENTITY_SHIPMENT] = 4,
    [CW_ENTITY_CUSTOMER] = 5,
    [CW_ENTITY_ADDRESS] = 6,
    [CW_ENTITY_PAYMENT_METHOD] = 6,
    [CW_ENTITY_STOCK] = 7,
    [CW_ENTITY_CATEGORY] = 8,
    [CW_ENTITY_BRAND] = 8,
    [CW_ENTITY_PRODUCT] = 8,
    [CW_ENTITY_PRODUCT_PRICE] = 8,
    [CW_ENTITY_VARIANT] = 8,
    [CW_ENTITY_FULFILMENT_CENTRE] = 8,
};

struct filling {
    const struct cw_check_database *database;
    cw_status (*fill)(void *part, const struct cw_entity *entity, struct cw_error *error);
    _Atomic uint32_t next;
    _Atomic bool failed;
    pthread_mutex_t lock; /* guards what follows */
    cw_status status;
    struct cw_error failure;
};

/* One thread's work. */
struct worker {
    struct filling *filling;
    sqlite3 *connection;
    void *part;
};

static cw_status execute(sqlite3 *connection, const char *sql, struct cw_error *error)
{
    return sqlite3_exec(connection, sql, NULL, NULL, NULL) == SQLITE_OK ? CW_OK
                                                                        : cw_check_error(connection, error);
}

/* ---- Tables ---- */

static cw_status create_table(sqlite3 *connection, const struct cw_entity *entity, struct cw_error *error)
{
    struct cw_buffer sql = {0};
    cw_status status =
        cw_buffer_format(&sql, error, "CREATE TABLE d%d.%s (", database_of[entity->id], entity->table);
    if (status == CW_OK) {
        status = cw_check_put_columns(&sql, entity, error);
    }
    if (status == CW_OK) {
        status = cw_buffer_append(&sql, ")", 2, error);
    }
    if (status == CW_OK) {
        status = execute(connection, sql.data, error);
    }
    cw_buffer_clear(&sql);
    return status;
}

static cw_status create_indexes(sqlite3 *connection, const struct cw_entity *entity, struct cw_error *error)
{
    char sql[512];
    cw_status status = CW_OK;
    const int database = database_of[entity->id];
    for (size_t i = 0; i < cw_rule_index_count && status == CW_OK; i++) {
        const struct cw_rule_index *index = &cw_rule_indexes[i];
        if (index->entity == entity->id) {
            snprintf(sql, sizeof sql, "CREATE INDEX d%d.%s ON %s (%s)", database, index->name, entity->table,
                     index->columns);
            status = execute(connection, sql, error);
        }
    }
    return status;
}

cw_status cw_check_tables_put_insert(struct cw_buffer *sql, const struct cw_entity *entity,
                                     struct cw_error *error)
{
    return cw_buffer_format(sql, error, "INSERT INTO d%d.%s", database_of[entity->id], entity->table);
}

/* ---- Filling ---- */

/* Adds all rows of an entity and makes its indexes. Every entity has its table, be it empty. */
static cw_status fill_table(const struct worker *worker, const struct cw_entity *entity,
                            struct cw_error *error)
{
    cw_status status = create_table(worker->connection, entity, error);
    if (status == CW_OK) {
        status = worker->filling->fill(worker->part, entity, error);
    }
    return status == CW_OK ? create_indexes(worker->connection, entity, error) : status;
}

static cw_status fill_database(const struct worker *worker, uint32_t database, struct cw_error *error)
{
    cw_status status = execute(worker->connection, "BEGIN", error);
    for (int e = 0; e < CW_ENTITY_COUNT && status == CW_OK; e++) {
        if (database_of[e] == database) {
            status = fill_table(worker, cw_entity_get((enum cw_entity_id)e), error);
        }
    }
    return status == CW_OK ? execute(worker->connection, "COMMIT", error) : status;
}

static void *fill_databases(void *context)
{
    const struct worker *worker = context;
    struct filling *filling = worker->filling;
    struct cw_error error = {0};
    cw_status status = CW_OK;
    while (status == CW_OK && !atomic_load(&filling->failed)) {
        const uint32_t database = atomic_fetch_add(&filling->next, 1);
        if (database >= DATABASE_COUNT) {
            break;
        }
        status = fill_database(worker, database, &error);
    }
    if (status != CW_OK) {
        pthread_mutex_lock(&filling->lock);
        if (filling->status == CW_OK) {
            filling->status = status;
            filling->failure = error;
        }
        pthread_mutex_unlock(&filling->lock);
        atomic_store(&filling->failed, true);
    }
    return NULL;
}

cw_status cw_check_tables_fill(struct cw_check_database *database, void *const *parts, uint32_t part_count,
                               cw_status (*fill)(void *part, const struct cw_entity *entity,
                                                 struct cw_error *error),
                               struct cw_error *error)
{
    struct filling filling = {.database = database, .fill = fill, .lock = PTHREAD_MUTEX_INITIALIZER};
    struct worker workers[CW_CHECK_THREADS_MAX] = {{&filling, database->connections[0], parts[0]}};
    pthread_t threads[CW_CHECK_THREADS_MAX];
    uint32_t started = 0;
    for (uint32_t i = 1; i < part_count; i++) {
        workers[i] = (struct worker){&filling, database->connections[i], parts[i]};
        /* Fewer threads do the work as well. */
        started += pthread_create(&threads[started], NULL, fill_databases, &workers[i]) == 0;
    }
    fill_databases(&workers[0]);
    for (uint32_t i = 0; i < started; i++) {
        pthread_join(threads[i], NULL);
    }
    pthread_mutex_destroy(&filling.lock);
    if (filling.status != CW_OK && error != NULL) {
        *error = filling.failure;
    }
    return filling.status;
}

/* ---- Temporary databases ---- */

const char *cw_temporary_folder(void)
{
    const char *folder = getenv("TMPDIR");
    return folder != NULL && folder[0] != '\0' ? folder : access("/var/tmp", W_OK) == 0 ? "/var/tmp" : "/tmp";
}

static cw_status attach(const struct cw_check_database *database, int number, const char *path,
                        struct cw_error *error)
{
    cw_status status = CW_OK;
    for (uint32_t i = 0; i < database->threads && status == CW_OK; i++) {
        char *sql = sqlite3_mprintf("ATTACH %Q AS d%d; PRAGMA d%d.page_size = 8192; "
                                    "PRAGMA d%d.journal_mode = OFF; PRAGMA d%d.synchronous = OFF; "
                                    "PRAGMA d%d.cache_size = -%d",
                                    path, number, number, number, number, number,
                                    CACHE_KIBIBYTES / DATABASE_COUNT / (int)database->threads);
        status = sql == NULL ? cw_error_set(error, CW_E_NO_MEMORY, NULL, "no memory for the check")
                             : execute(database->connections[i], sql, error);
        sqlite3_free(sql);
    }
    return status;
}

/* The file has no name any more once all connections have opened it, so that it goes with the process,
 * however that ends. */
static cw_status make_database(const struct cw_check_database *database, int number, struct cw_error *error)
{
    char path[PATH_SIZE];
    snprintf(path, sizeof path, "%.4000s/cartwright-check-XXXXXX", cw_temporary_folder());
    const int descriptor = mkstemp(path);
    if (descriptor < 0) {
        return cw_error_set(error, CW_E_IO, NULL, "can't make a temporary file %.300s: %s", path,
                            strerror(errno));
    }
    close(descriptor);
    const cw_status status = attach(database, number, path, error);
    unlink(path);
    return status;
}

cw_status cw_check_tables_make(struct cw_check_database *database, struct cw_error *error)
{
    cw_status status = CW_OK;
    for (uint32_t i = 0; i < database->threads && status == CW_OK; i++) {
        if (sqlite3_open_v2(":memory:", &database->connections[i],
                            SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
                            NULL) != SQLITE_OK) {
            return cw_check_error(database->connections[i], error);
        }
        sqlite3_busy_timeout(database->connections[i], 10000);
        /* The main database is empty; its cache is what sorting may use. */
        status =
            execute(database->connections[i], "PRAGMA temp_store = FILE; PRAGMA cache_size = -65536", error);
    }
    for (int i = 0; i < DATABASE_COUNT && status == CW_OK; i++) {
        status = make_database(database, i, error);
    }
    return status;
}
