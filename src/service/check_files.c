#define _POSIX_C_SOURCE 200809L
#include "service/check_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "encode/decode.h"
#include "service/manifest.h"
#include "service/rules.h"
#include "store/sqlite_batch_table.h"

#define PATH_SIZE 4096

struct loader {
    const char *directory;
    struct cw_progress *progress;
    struct cw_check_database *database;
    struct cw_connection connection; /* the rows of cw_batch are read through it */
    uint32_t incomplete;             /* bit e: columns are missing */
};

static cw_status execute(struct loader *loader, const char *sql, struct cw_error *error)
{
    return sqlite3_exec(loader->database->db, sql, NULL, NULL, NULL) == SQLITE_OK
               ? CW_OK
               : cw_check_database_error(loader->database, error);
}

static const char *affinity(enum cw_type type)
{
    return type == CW_TYPE_STRING ? "TEXT" : type == CW_TYPE_UUID ? "BLOB" : "INTEGER";
}

static cw_status create_table(struct loader *loader, const struct cw_entity *entity, struct cw_error *error)
{
    struct cw_buffer sql = {0};
    cw_status status = cw_buffer_format(&sql, error, "CREATE TABLE %s (", entity->table);
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
        status = execute(loader, sql.data, error);
    }
    cw_buffer_clear(&sql);
    return status;
}

static cw_status create_indexes(struct loader *loader, struct cw_error *error)
{
    char sql[512];
    cw_status status = CW_OK;
    for (int e = 0; e < CW_ENTITY_COUNT; e++) {
        const struct cw_entity *entity = cw_entity_get((enum cw_entity_id)e);
        for (uint32_t i = 0; i < entity->column_count && status == CW_OK; i++) {
            if (entity->columns[i].unique) {
                snprintf(sql, sizeof sql, "CREATE INDEX %s_%s ON %s (%s)", entity->table,
                         entity->columns[i].name, entity->table, entity->columns[i].name);
                status = execute(loader, sql, error);
            }
        }
    }
    for (size_t i = 0; i < cw_rule_index_count && status == CW_OK; i++) {
        const struct cw_rule_index *index = &cw_rule_indexes[i];
        snprintf(sql, sizeof sql, "CREATE INDEX %s ON %s (%s)", index->name,
                 cw_entity_get(index->entity)->table, index->columns);
        status = execute(loader, sql, error);
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
static cw_status prepare_insert(struct loader *loader, const struct cw_entity *entity, sqlite3_stmt **insert,
                                struct cw_error *error)
{
    struct cw_buffer sql = {0};
    cw_status status = cw_buffer_format(&sql, error, "INSERT INTO %s SELECT ", entity->table);
    for (uint32_t i = 0; i < entity->column_count && status == CW_OK; i++) {
        status = cw_buffer_format(&sql, error, "%sc%u", i == 0 ? "" : ", ", i);
    }
    if (status == CW_OK) {
        status = cw_buffer_append(&sql, " FROM cw_batch", 15, error);
    }
    if (status == CW_OK &&
        sqlite3_prepare_v2(loader->database->db, sql.data, -1, insert, NULL) != SQLITE_OK) {
        status = cw_check_database_error(loader->database, error);
    }
    cw_buffer_clear(&sql);
    return status;
}

static cw_status insert_rows(struct loader *loader, struct cw_decoder *decoder, struct cw_batch *batch,
                             sqlite3_stmt *insert, struct cw_error *error)
{
    for (;;) {
        if (cw_progress_is_cancelled(loader->progress)) {
            return cw_error_set(error, CW_E_CANCELLED, NULL, "the check was cancelled");
        }
        const cw_status status = cw_decoder_next(decoder, batch, error);
        if (status != CW_OK || batch->row_count == 0) {
            return status;
        }
        loader->connection.batch = batch;
        const int code = sqlite3_step(insert);
        sqlite3_reset(insert);
        if (code != SQLITE_DONE) {
            return cw_check_database_error(loader->database, error);
        }
        if (loader->progress != NULL) {
            atomic_fetch_add(&loader->progress->rows, batch->row_count);
        }
    }
}

static cw_status load_file(struct loader *loader, const struct cw_entity *entity, enum cw_format format,
                           const char *path, struct cw_error *error)
{
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
        status = cw_decoder_open(format, entity, &input, &decoder, &inner);
    }
    if (status == CW_OK) {
        status = prepare_insert(loader, entity, &insert, &inner);
    }
    if (status == CW_OK) {
        status = insert_rows(loader, decoder, &batch, insert, &inner);
    }
    sqlite3_finalize(insert);
    cw_decoder_close(decoder);
    cw_batch_clear(&batch);
    close(descriptor);
    if (status != CW_OK) {
        return cw_error_set(error, status, inner.field, "%.150s: %.280s", path, inner.message);
    }
    loader->database->present |= 1U << entity->id;
    return CW_OK;
}

/* ---- Finding ---- */

static bool is_complete(const struct cw_entity *entity, uint64_t columns)
{
    const uint64_t all = entity->column_count == 64 ? UINT64_MAX : (UINT64_C(1) << entity->column_count) - 1;
    return (columns & all) == all;
}

static cw_status load_manifest(void *context, const char *path, struct cw_error *error)
{
    struct loader *loader = context;
    struct cw_manifest manifest;
    cw_status status = cw_manifest_load(path, &manifest, error);
    if (status == CW_OK && manifest.spec.as_of != CW_UNSET && manifest.spec.as_of > loader->database->as_of) {
        loader->database->as_of = manifest.spec.as_of;
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
        status = load_file(loader, entity, manifest.format, file, error);
    }
    return status;
}

/* The format of a part's name, or -1 when it is none. */
static int part_format(const char *name)
{
    const char *dot = strrchr(name, '.');
    return strncmp(name, "part-", 5) == 0 && dot != NULL ? cw_format_find(dot + 1) : -1;
}

static cw_status load_folder(struct loader *loader, const struct cw_entity *entity, struct cw_error *error)
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
            status = load_file(loader, entity, (enum cw_format)format, file, error);
        }
    }
    closedir(handle);
    return status;
}

static cw_status load_all(struct loader *loader, struct cw_error *error)
{
    cw_status status = cw_manifest_each(loader->directory, load_manifest, loader, error);
    if (status == CW_E_NOT_FOUND && loader->database->present == 0 && loader->incomplete == 0) {
        status = CW_OK;
        for (int e = 0; e < CW_ENTITY_COUNT && status == CW_OK; e++) {
            status = load_folder(loader, cw_entity_get((enum cw_entity_id)e), error);
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

cw_status cw_check_files_open(const char *directory, struct cw_progress *progress,
                              struct cw_check_database *database, struct cw_error *error)
{
    struct loader loader = {.directory = directory, .progress = progress, .database = database};
    /* An empty name is a temporary database on disk that SQLite removes by itself. */
    if (sqlite3_open_v2("", &database->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
                        NULL) != SQLITE_OK) {
        return cw_check_database_error(database, error);
    }
    loader.connection.db = database->db;
    cw_status status =
        execute(&loader,
                "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -524288; "
                "PRAGMA page_size = 8192; PRAGMA temp_store = FILE; PRAGMA threads = 2; BEGIN",
                error);
    if (status == CW_OK) {
        status = cw_batch_table_register(&loader.connection, error);
    }
    for (int e = 0; e < CW_ENTITY_COUNT && status == CW_OK; e++) {
        status = create_table(&loader, cw_entity_get((enum cw_entity_id)e), error);
    }
    if (status == CW_OK) {
        status = load_all(&loader, error);
    }
    if (status == CW_OK) {
        status = create_indexes(&loader, error);
    }
    /* The table of batches reads the connection above, which ends here. */
    if (status == CW_OK &&
        sqlite3_create_module_v2(database->db, "cw_batch", NULL, NULL, NULL) != SQLITE_OK) {
        status = cw_check_database_error(database, error);
    }
    return status == CW_OK ? execute(&loader, "COMMIT", error) : status;
}
