#define _POSIX_C_SOURCE 200809L
#include "service/check_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "encode/decode.h"
#include "service/manifest.h"
#include "service/rules.h"
#include "store/sqlite_batch_table.h"

#define PATH_SIZE 4096

/* SQLite attaches at most ten. Tables of one database are loaded by one thread. */
#define DATABASE_COUNT 9
/* Page caches of all connections together. */
#define CACHE_KIBIBYTES 524288

/* A file to load. */
struct source {
    const struct cw_entity *entity;
    enum cw_format format;
    char *path; /* owned */
};

struct loader {
    const char *directory;
    struct cw_progress *progress;
    struct cw_check_database *database;
    struct source *sources;
    size_t count, capacity;
    uint32_t incomplete; /* bit e: columns are missing */
    _Atomic uint32_t next;
    _Atomic bool failed;
    pthread_mutex_t lock; /* guards what follows */
    cw_status status;
    struct cw_error failure;
};

/* One thread's part. */
struct loading {
    struct loader *loader;
    struct cw_connection connection; /* the rows of cw_batch are read through it */
};

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

static cw_status execute(sqlite3 *connection, const char *sql, struct cw_error *error)
{
    return sqlite3_exec(connection, sql, NULL, NULL, NULL) == SQLITE_OK ? CW_OK
                                                                        : cw_check_error(connection, error);
}

static const char *affinity(enum cw_type type)
{
    return type == CW_TYPE_STRING ? "TEXT" : type == CW_TYPE_UUID ? "BLOB" : "INTEGER";
}

static cw_status create_table(sqlite3 *connection, const struct cw_entity *entity, struct cw_error *error)
{
    struct cw_buffer sql = {0};
    cw_status status =
        cw_buffer_format(&sql, error, "CREATE TABLE d%d.%s (", database_of[entity->id], entity->table);
    for (uint32_t i = 0; i < entity->column_count && status == CW_OK; i++) {
        const struct cw_column_def *column = &entity->columns[i];
        const bool is_email = column->unique && column->personal == CW_PERSONAL_IDENTIFIER;
        status = cw_buffer_format(&sql, error, "%s%s %s%s", i == 0 ? "" : ", ", column->name,
                                  affinity(column->type), is_email ? " COLLATE NOCASE" : "");
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

/* ---- Reading ---- */

static cw_status read_file_at(void *context, int64_t offset, void *bytes, size_t size, size_t *got,
                              struct cw_error *error)
{
    const int descriptor = *(int *)context;
    size_t done = 0;
    while (done < size) {
        const ssize_t count = pread(descriptor, (char *)bytes + done, size - done, offset + (int64_t)done);
        if (count == 0) {
            break;
        }
        if (count < 0 && errno != EINTR) {
            return cw_error_set(error, CW_E_IO, NULL, "can't read: %s", strerror(errno));
        }
        done += count > 0 ? (size_t)count : 0;
    }
    *got = done;
    return CW_OK;
}

/* The statement that takes every row of the connection's batch. */
static cw_status prepare_insert(struct loading *loading, const struct cw_entity *entity,
                                sqlite3_stmt **insert, struct cw_error *error)
{
    struct cw_buffer sql = {0};
    cw_status status =
        cw_buffer_format(&sql, error, "INSERT INTO d%d.%s SELECT ", database_of[entity->id], entity->table);
    for (uint32_t i = 0; i < entity->column_count && status == CW_OK; i++) {
        status = cw_buffer_format(&sql, error, "%sc%u", i == 0 ? "" : ", ", i);
    }
    if (status == CW_OK) {
        status = cw_buffer_append(&sql, " FROM cw_batch", 15, error);
    }
    if (status == CW_OK &&
        sqlite3_prepare_v2(loading->connection.db, sql.data, -1, insert, NULL) != SQLITE_OK) {
        status = cw_check_error(loading->connection.db, error);
    }
    cw_buffer_clear(&sql);
    return status;
}

static cw_status insert_rows(struct loading *loading, struct cw_decoder *decoder, struct cw_batch *batch,
                             sqlite3_stmt *insert, struct cw_error *error)
{
    struct cw_progress *progress = loading->loader->progress;
    for (;;) {
        if (cw_progress_is_cancelled(progress)) {
            return cw_error_set(error, CW_E_CANCELLED, NULL, "the check was cancelled");
        }
        const cw_status status = cw_decoder_next(decoder, batch, error);
        if (status != CW_OK || batch->row_count == 0) {
            return status;
        }
        loading->connection.batch = batch;
        const int code = sqlite3_step(insert);
        sqlite3_reset(insert);
        if (code != SQLITE_DONE) {
            return cw_check_error(loading->connection.db, error);
        }
        if (progress != NULL) {
            atomic_fetch_add(&progress->rows, batch->row_count);
        }
    }
}

static cw_status load_file(struct loading *loading, const struct source *source, struct cw_error *error)
{
    const struct cw_entity *entity = source->entity;
    const char *path = source->path;
    struct cw_decoder *decoder = NULL;
    struct cw_batch batch = {0};
    sqlite3_stmt *insert = NULL;
    struct cw_error inner = {0};
    struct stat about;
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0 || fstat(descriptor, &about) != 0) {
        const int code = errno;
        if (descriptor >= 0) {
            close(descriptor);
        }
        return cw_error_set(error, code == ENOENT ? CW_E_NOT_FOUND : CW_E_IO, NULL, "can't read %.300s: %s",
                            path, strerror(code));
    }
    const struct cw_input input = {read_file_at, &descriptor, about.st_size};
    cw_status status = cw_batch_init(&batch, entity, &inner);
    if (status == CW_OK) {
        status = cw_decoder_open(source->format, entity, &input, &decoder, &inner);
    }
    if (status == CW_OK) {
        status = prepare_insert(loading, entity, &insert, &inner);
    }
    if (status == CW_OK) {
        status = insert_rows(loading, decoder, &batch, insert, &inner);
    }
    sqlite3_finalize(insert);
    cw_decoder_close(decoder);
    cw_batch_clear(&batch);
    close(descriptor);
    if (status != CW_OK) {
        return cw_error_set(error, status, inner.field, "%.150s: %.280s", path, inner.message);
    }
    if (loading->loader->progress != NULL) {
        atomic_fetch_add(&loading->loader->progress->done, 1);
    }
    return CW_OK;
}

/* Loads all files of an entity and makes its indexes. Every entity has its table, be it empty. */
static cw_status load_table(struct loading *loading, const struct cw_entity *entity, struct cw_error *error)
{
    sqlite3 *connection = loading->connection.db;
    cw_status status = create_table(connection, entity, error);
    for (size_t i = 0; i < loading->loader->count && status == CW_OK; i++) {
        if (loading->loader->sources[i].entity == entity) {
            status = load_file(loading, &loading->loader->sources[i], error);
        }
    }
    return status == CW_OK ? create_indexes(connection, entity, error) : status;
}

static cw_status load_database(struct loading *loading, uint32_t database, struct cw_error *error)
{
    sqlite3 *connection = loading->connection.db;
    cw_status status = execute(connection, "BEGIN", error);
    for (int e = 0; e < CW_ENTITY_COUNT && status == CW_OK; e++) {
        if (database_of[e] == database) {
            status = load_table(loading, cw_entity_get((enum cw_entity_id)e), error);
        }
    }
    return status == CW_OK ? execute(connection, "COMMIT", error) : status;
}

static void *load_databases(void *context)
{
    struct loading *loading = context;
    struct loader *loader = loading->loader;
    struct cw_error error = {0};
    cw_status status = cw_batch_table_register(&loading->connection, &error);
    while (status == CW_OK && !atomic_load(&loader->failed)) {
        const uint32_t database = atomic_fetch_add(&loader->next, 1);
        if (database >= DATABASE_COUNT) {
            break;
        }
        status = load_database(loading, database, &error);
    }
    /* The table of batches reads this thread's batch, which ends here. */
    if (status == CW_OK &&
        sqlite3_create_module_v2(loading->connection.db, "cw_batch", NULL, NULL, NULL) != SQLITE_OK) {
        status = cw_check_error(loading->connection.db, &error);
    }
    if (status != CW_OK) {
        pthread_mutex_lock(&loader->lock);
        if (loader->status == CW_OK) {
            loader->status = status;
            loader->failure = error;
        }
        pthread_mutex_unlock(&loader->lock);
        atomic_store(&loader->failed, true);
    }
    return NULL;
}

static cw_status load_sources(struct loader *loader, struct cw_error *error)
{
    pthread_t threads[CW_CHECK_THREADS_MAX];
    struct loading *parts = calloc(loader->database->threads, sizeof *parts);
    uint32_t started = 0;
    if (parts == NULL) {
        return cw_error_set(error, CW_E_NO_MEMORY, NULL, "no memory to load files");
    }
    if (loader->progress != NULL) {
        atomic_fetch_add(&loader->progress->total, (int64_t)loader->count);
    }
    for (uint32_t i = 0; i < loader->database->threads; i++) {
        parts[i].loader = loader;
        parts[i].connection.db = loader->database->connections[i];
    }
    for (uint32_t i = 1; i < loader->database->threads; i++) {
        /* Fewer threads do the work as well. */
        started += pthread_create(&threads[started], NULL, load_databases, &parts[i]) == 0;
    }
    load_databases(&parts[0]);
    for (uint32_t i = 0; i < started; i++) {
        pthread_join(threads[i], NULL);
    }
    free(parts);
    if (loader->status != CW_OK && error != NULL) {
        *error = loader->failure;
    }
    return loader->status;
}

/* ---- Finding ---- */

static bool is_complete(const struct cw_entity *entity, uint64_t columns)
{
    const uint64_t all = entity->column_count == 64 ? UINT64_MAX : (UINT64_C(1) << entity->column_count) - 1;
    return (columns & all) == all;
}

static cw_status add_source(struct loader *loader, const struct cw_entity *entity, enum cw_format format,
                            const char *path, struct cw_error *error)
{
    if (loader->count == loader->capacity) {
        const size_t capacity = loader->capacity * 2 + 32;
        struct source *grown = realloc(loader->sources, capacity * sizeof *grown);
        if (grown == NULL) {
            return cw_error_set(error, CW_E_NO_MEMORY, NULL, "no memory for the list of files");
        }
        loader->sources = grown;
        loader->capacity = capacity;
    }
    char *copy = strdup(path);
    if (copy == NULL) {
        return cw_error_set(error, CW_E_NO_MEMORY, NULL, "no memory for the list of files");
    }
    struct source *source = &loader->sources[loader->count++];
    source->entity = entity;
    source->format = format;
    source->path = copy;
    loader->database->present |= 1U << entity->id;
    return CW_OK;
}

static cw_status list_manifest(void *context, const char *path, struct cw_error *error)
{
    struct loader *loader = context;
    struct cw_manifest manifest;
    cw_status status = cw_manifest_load(path, &manifest, error);
    if (status == CW_OK && manifest.spec.as_of != CW_UNSET) {
        status = cw_run_times_add(&loader->database->times, manifest.spec.as_of, error);
    }
    for (int e = 0; e < CW_ENTITY_COUNT && status == CW_OK; e++) {
        const struct cw_entity *entity = cw_entity_get((enum cw_entity_id)e);
        const struct cw_manifest_table *table = &manifest.tables[e];
        char file[PATH_SIZE];
        if (!table->present) {
            continue;
        }
        if (!is_complete(entity, table->columns)) {
            loader->incomplete |= 1U << e;
            continue;
        }
        snprintf(file, sizeof file, "%.3900s/%s", loader->directory, table->file);
        status = add_source(loader, entity, manifest.format, file, error);
    }
    return status;
}

/* The format of a part's name, or -1 when it is none. */
static int part_format(const char *name)
{
    const char *dot = strrchr(name, '.');
    return strncmp(name, "part-", 5) == 0 && dot != NULL ? cw_format_find(dot + 1) : -1;
}

static cw_status list_folder(struct loader *loader, const struct cw_entity *entity, struct cw_error *error)
{
    char folder[PATH_SIZE];
    char file[PATH_SIZE + 300];
    const struct dirent *entry = NULL;
    cw_status status = CW_OK;
    snprintf(folder, sizeof folder, "%.3900s/%s", loader->directory, entity->table);
    DIR *handle = opendir(folder);
    if (handle == NULL) {
        return errno == ENOENT || errno == ENOTDIR
                   ? CW_OK
                   : cw_error_set(error, CW_E_IO, NULL, "can't read %.300s: %s", folder, strerror(errno));
    }
    /* The order of the parts does not matter to any rule. */
    while (status == CW_OK && (entry = readdir(handle)) != NULL) {
        const int format = part_format(entry->d_name);
        if (format >= 0) {
            snprintf(file, sizeof file, "%s/%s", folder, entry->d_name);
            status = add_source(loader, entity, (enum cw_format)format, file, error);
        }
    }
    closedir(handle);
    return status;
}

static cw_status list_all(struct loader *loader, struct cw_error *error)
{
    cw_status status = cw_manifest_each(loader->directory, list_manifest, loader, error);
    if (status == CW_E_NOT_FOUND && loader->database->present == 0 && loader->incomplete == 0) {
        status = CW_OK;
        for (int e = 0; e < CW_ENTITY_COUNT && status == CW_OK; e++) {
            status = list_folder(loader, cw_entity_get((enum cw_entity_id)e), error);
        }
    }
    loader->database->present &= ~loader->incomplete;
    if (status == CW_OK && loader->database->present == 0) {
        status = cw_error_set(
            error, CW_E_NOT_FOUND, NULL,
            "%.300s holds no generated tables with all their columns (<table>/part-00000.<format>)",
            loader->directory);
    }
    return status;
}

/* ---- Temporary databases ---- */

static const char *temporary_folder(void)
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
    snprintf(path, sizeof path, "%.4000s/cartwright-check-XXXXXX", temporary_folder());
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

static cw_status make_databases(struct cw_check_database *database, struct cw_error *error)
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

cw_status cw_check_files_open(const char *directory, struct cw_progress *progress,
                              struct cw_check_database *database, struct cw_error *error)
{
    struct loader loader = {.directory = directory,
                            .progress = progress,
                            .database = database,
                            .lock = PTHREAD_MUTEX_INITIALIZER};
    cw_status status = list_all(&loader, error);
    if (status == CW_OK) {
        status = make_databases(database, error);
    }
    if (status == CW_OK) {
        status = load_sources(&loader, error);
    }
    for (size_t i = 0; i < loader.count; i++) {
        free(loader.sources[i].path);
    }
    free(loader.sources);
    pthread_mutex_destroy(&loader.lock);
    return status;
}
