#define _POSIX_C_SOURCE 200809L
#include "service/check_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "encode/decode.h"
#include "service/check_tables.h"
#include "service/manifest.h"
#include "store/sqlite_batch_table.h"

#define PATH_SIZE 4096

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
};

/* One thread's part. */
struct loading {
    struct loader *loader;
    struct cw_connection connection; /* the rows of cw_batch are read through it */
};

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
    cw_status status = cw_check_tables_put_insert(&sql, entity, error);
    for (uint32_t i = 0; i < entity->column_count && status == CW_OK; i++) {
        status = cw_buffer_format(&sql, error, "%sc%u", i == 0 ? " SELECT " : ", ", i);
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
        /* What no column takes was not given by who asks for the check: the file is damaged. */
        return cw_error_set(error, status == CW_E_INVALID ? CW_E_CORRUPT : status, inner.field,
                            "%.150s: %.280s", path, inner.message);
    }
    if (loading->loader->progress != NULL) {
        atomic_fetch_add(&loading->loader->progress->done, 1);
    }
    return CW_OK;
}

static cw_status load_entity(void *part, const struct cw_entity *entity, struct cw_error *error)
{
    struct loading *loading = part;
    cw_status status = CW_OK;
    for (size_t i = 0; i < loading->loader->count && status == CW_OK; i++) {
        if (loading->loader->sources[i].entity == entity) {
            status = load_file(loading, &loading->loader->sources[i], error);
        }
    }
    return status;
}

/* The table of batches reads a part's batch, which ends with the loading. */
static cw_status forget_batches(const struct loading *loading, struct cw_error *error)
{
    sqlite3 *connection = loading->connection.db;
    return sqlite3_create_module_v2(connection, "cw_batch", NULL, NULL, NULL) == SQLITE_OK
               ? CW_OK
               : cw_check_error(connection, error);
}

static cw_status load_sources(struct loader *loader, struct cw_error *error)
{
    const uint32_t count = loader->database->threads;
    void *parts[CW_CHECK_THREADS_MAX];
    struct loading *loadings = calloc(count, sizeof *loadings);
    cw_status status = CW_OK;
    if (loadings == NULL) {
        return cw_error_set(error, CW_E_NO_MEMORY, NULL, "no memory to load files");
    }
    if (loader->progress != NULL) {
        atomic_fetch_add(&loader->progress->total, (int64_t)loader->count);
    }
    for (uint32_t i = 0; i < count && status == CW_OK; i++) {
        loadings[i].loader = loader;
        loadings[i].connection.db = loader->database->connections[i];
        parts[i] = &loadings[i];
        status = cw_batch_table_register(&loadings[i].connection, error);
    }
    if (status == CW_OK) {
        status = cw_check_tables_fill(loader->database, parts, count, load_entity, error);
    }
    for (uint32_t i = 0; i < count && status == CW_OK; i++) {
        status = forget_batches(&loadings[i], error);
    }
    free(loadings);
    return status;
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

cw_status cw_check_files_open(const char *directory, struct cw_progress *progress,
                              struct cw_check_database *database, struct cw_error *error)
{
    struct loader loader = {.directory = directory, .progress = progress, .database = database};
    cw_status status = list_all(&loader, error);
    if (status == CW_OK) {
        status = cw_check_tables_make(database, error);
    }
    if (status == CW_OK) {
        status = load_sources(&loader, error);
    }
    for (size_t i = 0; i < loader.count; i++) {
        free(loader.sources[i].path);
    }
    free(loader.sources);
    return status;
}
