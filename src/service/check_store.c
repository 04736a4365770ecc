#include "service/check_store.h"

#include <string.h>

#include "service/check_tables.h"
#include "service/values.h"

/* Rows between two looks at whether the work was cancelled. */
#define ROWS_BETWEEN_LOOKS 1024

/* One thread's part. */
struct part {
    struct cw_reader *reader;
    sqlite3 *connection;
    struct cw_progress *progress;
    uint32_t present;
};

/* ---- Rows ---- */

static cw_status put_select(struct cw_buffer *sql, const struct cw_entity *entity, struct cw_error *error)
{
    cw_status status = CW_OK;
    for (uint32_t i = 0; i < entity->column_count && status == CW_OK; i++) {
        status = cw_buffer_format(sql, error, "%s%s", i == 0 ? "SELECT " : ", ", entity->columns[i].name);
    }
    if (status == CW_OK) {
        status = cw_buffer_format(sql, error, " FROM %s ORDER BY rowid", entity->table);
    }
    return status == CW_OK ? cw_buffer_append(sql, "", 1, error) : status;
}

static cw_status prepare_insert(sqlite3 *connection, const struct cw_entity *entity, sqlite3_stmt **insert,
                                struct cw_error *error)
{
    struct cw_buffer sql = {0};
    cw_status status = cw_check_tables_put_insert(&sql, entity, error);
    for (uint32_t i = 0; i < entity->column_count && status == CW_OK; i++) {
        status = cw_buffer_format(&sql, error, "%s?%u", i == 0 ? " VALUES (" : ", ", i + 1);
    }
    if (status == CW_OK) {
        status = cw_buffer_append(&sql, ")", 2, error);
    }
    if (status == CW_OK && sqlite3_prepare_v2(connection, sql.data, -1, insert, NULL) != SQLITE_OK) {
        status = cw_check_error(connection, error);
    }
    cw_buffer_clear(&sql);
    return status;
}

/* What is bound lives until the next row. */
static int bind_value(sqlite3_stmt *insert, const struct cw_entity *entity, uint32_t column,
                      struct cw_cursor *rows)
{
    const int field = (int)column;
    const int index = field + 1;
    const enum cw_type type = entity->columns[column].type;
    size_t size = 0;
    if (cw_cursor_is_null(rows, field)) {
        return sqlite3_bind_null(insert, index);
    }
    if (type != CW_TYPE_UUID && type != CW_TYPE_STRING) {
        return sqlite3_bind_int64(insert, index, cw_cursor_integer(rows, field));
    }
    const char *bytes = cw_cursor_text(rows, field, &size);
    return type == CW_TYPE_UUID ? sqlite3_bind_blob64(insert, index, bytes, size, SQLITE_STATIC)
                                : sqlite3_bind_text64(insert, index, bytes, size, SQLITE_STATIC, SQLITE_UTF8);
}

static cw_status insert_row(const struct part *part, sqlite3_stmt *insert, const struct cw_entity *entity,
                            struct cw_cursor *rows, struct cw_error *error)
{
    int code = SQLITE_OK;
    for (uint32_t i = 0; i < entity->column_count && code == SQLITE_OK; i++) {
        code = bind_value(insert, entity, i, rows);
    }
    if (code == SQLITE_OK) {
        code = sqlite3_step(insert);
        sqlite3_reset(insert);
    }
    return code == SQLITE_DONE ? CW_OK : cw_check_error(part->connection, error);
}

static cw_status insert_rows(const struct part *part, sqlite3_stmt *insert, const struct cw_entity *entity,
                             struct cw_cursor *rows, struct cw_error *error)
{
    bool has_row = true;
    int64_t count = 0;
    cw_status status = CW_OK;
    while (status == CW_OK && has_row) {
        status = rows->operations->next(rows, &has_row, error);
        if (status == CW_OK && has_row) {
            status = insert_row(part, insert, entity, rows, error);
            count++;
        }
        if (count == ROWS_BETWEEN_LOOKS || !has_row) {
            if (part->progress != NULL) {
                atomic_fetch_add(&part->progress->rows, count);
            }
            count = 0;
            if (status == CW_OK && cw_progress_is_cancelled(part->progress)) {
                status = cw_error_set(error, CW_E_CANCELLED, NULL, "the check was cancelled");
            }
        }
    }
    return status;
}

static cw_status fill_entity(void *context, const struct cw_entity *entity, struct cw_error *error)
{
    const struct part *part = context;
    struct cw_buffer sql = {0};
    struct cw_cursor *rows = NULL;
    sqlite3_stmt *insert = NULL;
    if ((part->present >> entity->id & 1) == 0) {
        return CW_OK;
    }
    cw_status status = put_select(&sql, entity, error);
    if (status == CW_OK) {
        status = prepare_insert(part->connection, entity, &insert, error);
    }
    if (status == CW_OK) {
        status = cw_reader_query(part->reader, sql.data, NULL, 0, true, &rows, error);
    }
    if (status == CW_OK) {
        status = insert_rows(part, insert, entity, rows, error);
        rows->operations->close(rows);
    }
    sqlite3_finalize(insert);
    cw_buffer_clear(&sql);
    if (status == CW_OK && part->progress != NULL) {
        atomic_fetch_add(&part->progress->done, 1);
    }
    return status;
}

/* ---- What there is ---- */

static cw_status add_time(void *context, struct cw_cursor *rows, struct cw_error *error)
{
    size_t size = 0;
    int64_t time = 0;
    const char *text = cw_cursor_text(rows, 0, &size);
    return text != NULL && cw_value_time("as_of", text, &time, NULL) == CW_OK
               ? cw_run_times_add(context, time, error)
               : CW_OK;
}

cw_status cw_check_store_times(struct cw_reader *reader, struct cw_run_times *times, struct cw_error *error)
{
    return cw_reader_each(reader, "SELECT DISTINCT spec::json ->> 'as_of' FROM runs", NULL, 0, false,
                          add_time, times, error);
}

static cw_status leave_out(void *context, struct cw_cursor *rows, struct cw_error *error)
{
    uint32_t *present = context;
    size_t size = 0;
    const char *table = cw_cursor_text(rows, 0, &size);
    const struct cw_entity *entity = cw_entity_find(table, size);
    (void)error;
    if (entity != NULL) {
        *present &= ~(1U << entity->id);
    }
    return CW_OK;
}

/* Values may be null where they should not, but are of the type that is read. */
static cw_status find_tables(struct cw_reader *reader, uint32_t *present, struct cw_error *error)
{
    *present = (1U << CW_ENTITY_COUNT) - 1;
    return cw_reader_each(
        reader,
        "SELECT DISTINCT relation FROM schema_shape AS was LEFT JOIN cartwright_shape AS now USING (kind, "
        "relation, name) WHERE kind = 'column' AND replace(now.definition, ' not null', '') IS DISTINCT FROM "
        "replace(was.definition, ' not null', '')",
        NULL, 0, false, leave_out, present, error);
}

/* ---- Parts ---- */

static cw_status fill_all(struct cw_reader *const *readers, uint32_t count, struct cw_progress *progress,
                          struct cw_check_database *database, struct cw_error *error)
{
    struct part parts[CW_CHECK_THREADS_MAX];
    void *pointers[CW_CHECK_THREADS_MAX];
    for (uint32_t i = 0; i < count; i++) {
        parts[i] = (struct part){readers[i], database->connections[i], progress, database->present};
        pointers[i] = &parts[i];
    }
    if (progress != NULL) {
        atomic_fetch_add(&progress->total, __builtin_popcount(database->present));
    }
    return cw_check_tables_fill(database, pointers, count, fill_entity, error);
}

static cw_status read_store(struct cw_store *store, struct cw_progress *progress,
                            struct cw_check_database *database, struct cw_error *error)
{
    struct cw_reader *readers[CW_CHECK_THREADS_MAX];
    uint32_t count = 0;
    cw_status status = store->operations->reader_begin(store, &readers[0], error);
    count += status == CW_OK;
    if (status == CW_OK) {
        status = find_tables(readers[0], &database->present, error);
    }
    if (status == CW_OK) {
        status = cw_check_store_times(readers[0], &database->times, error);
    }
    if (status == CW_OK) {
        status = cw_check_tables_make(database, error);
    }
    while (status == CW_OK && count < database->threads) {
        status = store->operations->reader_share(readers[0], &readers[count], error);
        count += status == CW_OK;
    }
    if (status == CW_OK) {
        status = fill_all(readers, count, progress, database, error);
    }
    while (count > 0) {
        store->operations->reader_end(readers[--count]);
    }
    return status;
}

cw_status cw_check_store_open(const char *location, struct cw_progress *progress,
                              struct cw_check_database *database, struct cw_error *error)
{
    const struct cw_store_options options = {.location = location, .read_only = true, .as_is = true};
    struct cw_store *store = NULL;
    cw_status status = cw_store_open(&options, &store, error);
    if (status == CW_OK) {
        status = read_store(store, progress, database, error);
    }
    cw_store_close(store);
    return status;
}
