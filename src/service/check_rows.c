#include "service/check_rows.h"

#include <stdlib.h>
#include <string.h>

#include "service/check_store.h"
#include "service/row_fetch.h"
#include "service/rule_held.h"

/* Plans of a look-up: the columns whose values are given, as bits, or this one. */
#define BY_NUMBER (-1)
#define COLUMNS_MAX 31

/* What a table of SQL stands for. */
struct origin {
    struct cw_check_rows *owner;
    const struct cw_entity *entity;
};

struct cw_check_rows {
    struct cw_row_fetch *fetch;
    cw_status status; /* of the first fetching that failed */
    struct cw_error failure;
    struct origin origins[CW_ENTITY_COUNT];
};

/* ---- The tables of SQL ---- */

struct rows_vtab {
    sqlite3_vtab base;
    const struct origin *origin;
};

struct rows_cursor {
    sqlite3_vtab_cursor base;
    const struct origin *origin;
    struct cw_fetched found;
    size_t at;
};

static int rows_connect(sqlite3 *db, void *context, int argument_count, const char *const *arguments,
                        sqlite3_vtab **vtab, char **message)
{
    const struct origin *origin = context;
    struct cw_buffer sql = {0};
    (void)argument_count;
    (void)arguments;
    (void)message;
    cw_status status = cw_buffer_format(&sql, NULL, "CREATE TABLE x(");
    if (status == CW_OK) {
        status = cw_check_put_columns(&sql, origin->entity, NULL);
    }
    if (status == CW_OK) {
        status = cw_buffer_append(&sql, ")", 2, NULL);
    }
    const int code = status == CW_OK ? sqlite3_declare_vtab(db, sql.data) : SQLITE_NOMEM;
    cw_buffer_clear(&sql);
    struct rows_vtab *made = code == SQLITE_OK ? sqlite3_malloc64(sizeof *made) : NULL;
    if (made == NULL) {
        return code == SQLITE_OK ? SQLITE_NOMEM : code;
    }
    *made = (struct rows_vtab){.origin = origin};
    *vtab = &made->base;
    return SQLITE_OK;
}

static int rows_disconnect(sqlite3_vtab *vtab)
{
    sqlite3_free(vtab);
    return SQLITE_OK;
}

/* The columns whose values are given and that rows are looked up by: the id alone, else all UUIDs, else a
 * text that is unique. */
static int choose_columns(const struct cw_entity *entity, const sqlite3_index_info *info)
{
    int uuids = 0;
    int text = 0;
    uint32_t count = 0;
    for (int i = 0; i < info->nConstraint; i++) {
        const struct sqlite3_index_constraint *constraint = &info->aConstraint[i];
        if (!constraint->usable || constraint->op != SQLITE_INDEX_CONSTRAINT_EQ || constraint->iColumn < 0) {
            continue;
        }
        const int bit = 1 << constraint->iColumn;
        const struct cw_column_def *column = &entity->columns[constraint->iColumn];
        if (column->type == CW_TYPE_UUID && (uuids & bit) == 0 && count < CW_FETCH_COLUMNS_MAX) {
            uuids |= bit;
            count++;
        } else if (column->type == CW_TYPE_STRING && column->unique) {
            text = bit;
        }
    }
    return (uuids & 1) != 0 ? 1 : uuids != 0 ? uuids : text;
}

static bool finds_by_number(const sqlite3_index_info *info, int *place)
{
    for (int i = 0; i < info->nConstraint; i++) {
        if (info->aConstraint[i].usable && info->aConstraint[i].op == SQLITE_INDEX_CONSTRAINT_EQ &&
            info->aConstraint[i].iColumn < 0) {
            *place = i;
            return true;
        }
    }
    return false;
}

/* The first usable condition on each chosen column becomes an argument. SQLite tests all conditions again. */
static void pass_arguments(sqlite3_index_info *info, int columns)
{
    int next = 1;
    for (int bit = 0; bit < COLUMNS_MAX; bit++) {
        for (int i = 0; (columns >> bit & 1) != 0 && i < info->nConstraint; i++) {
            const struct sqlite3_index_constraint *constraint = &info->aConstraint[i];
            if (constraint->usable && constraint->op == SQLITE_INDEX_CONSTRAINT_EQ &&
                constraint->iColumn == bit) {
                info->aConstraintUsage[i].argvIndex = next++;
                break;
            }
        }
    }
}

static int rows_best_index(sqlite3_vtab *vtab, sqlite3_index_info *info)
{
    const struct cw_entity *entity = ((struct rows_vtab *)vtab)->origin->entity;
    int place = 0;
    if (finds_by_number(info, &place)) {
        info->aConstraintUsage[place].argvIndex = 1;
        info->idxNum = BY_NUMBER;
        info->estimatedCost = 1;
        info->estimatedRows = 1;
        return SQLITE_OK;
    }
    const int columns = choose_columns(entity, info);
    if (columns == 0) {
        return SQLITE_CONSTRAINT;
    }
    const bool is_unique = columns == 1 || (columns & (columns - 1)) != 0;
    pass_arguments(info, columns);
    info->idxNum = columns;
    info->estimatedCost = is_unique ? 100 : 200;
    info->estimatedRows = is_unique ? 1 : 10;
    return SQLITE_OK;
}

static int rows_open(sqlite3_vtab *vtab, sqlite3_vtab_cursor **cursor)
{
    struct rows_cursor *made = sqlite3_malloc64(sizeof *made);
    if (made == NULL) {
        return SQLITE_NOMEM;
    }
    *made = (struct rows_cursor){.origin = ((struct rows_vtab *)vtab)->origin};
    *cursor = &made->base;
    return SQLITE_OK;
}

static int rows_close(sqlite3_vtab_cursor *cursor)
{
    sqlite3_free(cursor);
    return SQLITE_OK;
}

/* False when nothing can be equal to one of the values. */
static bool read_key(const struct cw_entity *entity, int columns, sqlite3_value **values,
                     struct cw_fetch_key *key)
{
    for (uint32_t i = 0; i < entity->column_count; i++) {
        if ((columns >> i & 1) == 0) {
            continue;
        }
        sqlite3_value *value = values[key->count];
        const bool is_text = entity->columns[i].type == CW_TYPE_STRING;
        if (sqlite3_value_type(value) != (is_text ? SQLITE_TEXT : SQLITE_BLOB)) {
            return false;
        }
        const void *bytes = is_text ? (const void *)sqlite3_value_text(value) : sqlite3_value_blob(value);
        const int size = sqlite3_value_bytes(value);
        if (bytes == NULL || (!is_text && size != 16)) {
            return false;
        }
        key->bytes[key->count] = bytes;
        key->sizes[key->count++] = (uint32_t)size;
    }
    return true;
}

static int fail(struct rows_cursor *cursor, cw_status status, const struct cw_error *error)
{
    struct cw_check_rows *owner = cursor->origin->owner;
    owner->status = status;
    owner->failure = *error;
    sqlite3_free(cursor->base.pVtab->zErrMsg);
    cursor->base.pVtab->zErrMsg = sqlite3_mprintf("%s", error->message);
    return SQLITE_ERROR;
}

static int rows_filter(sqlite3_vtab_cursor *base, int plan, const char *name, int argument_count,
                       sqlite3_value **values)
{
    struct rows_cursor *cursor = (struct rows_cursor *)base;
    const struct origin *origin = cursor->origin;
    struct cw_row_fetch *fetch = origin->owner->fetch;
    struct cw_fetch_key key = {.count = 0};
    (void)name;
    (void)argument_count;
    cursor->at = 0;
    cursor->found = (struct cw_fetched){.count = 0};
    if (plan == BY_NUMBER) {
        cursor->found.rows = cw_row_fetch_numbered(fetch, origin->entity->id, sqlite3_value_int64(values[0]));
        cursor->found.count = cursor->found.rows != NULL;
        return SQLITE_OK;
    }
    if (!read_key(origin->entity, plan, values, &key)) {
        return SQLITE_OK;
    }
    struct cw_error error = {0};
    const cw_status status =
        cw_row_fetch_find(fetch, origin->entity->id, (uint32_t)plan, &key, &cursor->found, &error);
    return status == CW_OK ? SQLITE_OK : fail(cursor, status, &error);
}

static int rows_next(sqlite3_vtab_cursor *cursor)
{
    ((struct rows_cursor *)cursor)->at++;
    return SQLITE_OK;
}

static int rows_eof(sqlite3_vtab_cursor *base)
{
    const struct rows_cursor *cursor = (const struct rows_cursor *)base;
    return cursor->at >= cursor->found.count;
}

static int rows_column(sqlite3_vtab_cursor *base, sqlite3_context *context, int index)
{
    const struct rows_cursor *cursor = (const struct rows_cursor *)base;
    const struct cw_fetched_value *value = &cursor->found.rows[cursor->at]->values[index];
    const enum cw_type type = cursor->origin->entity->columns[index].type;
    if (value->is_null) {
        return SQLITE_OK;
    }
    if (type == CW_TYPE_UUID) {
        sqlite3_result_blob(context, value->bytes, (int)value->size, SQLITE_STATIC);
    } else if (type == CW_TYPE_STRING) {
        sqlite3_result_text(context, value->bytes, (int)value->size, SQLITE_STATIC);
    } else {
        sqlite3_result_int64(context, value->integer);
    }
    return SQLITE_OK;
}

static int rows_rowid(sqlite3_vtab_cursor *base, sqlite3_int64 *rowid)
{
    const struct rows_cursor *cursor = (const struct rows_cursor *)base;
    *rowid = cursor->found.rows[cursor->at]->number;
    return SQLITE_OK;
}

/* No xCreate: the table is there under the module's name, in no schema. */
static const sqlite3_module rows_module = {
    .xConnect = rows_connect,
    .xBestIndex = rows_best_index,
    .xDisconnect = rows_disconnect,
    .xOpen = rows_open,
    .xClose = rows_close,
    .xFilter = rows_filter,
    .xNext = rows_next,
    .xEof = rows_eof,
    .xColumn = rows_column,
    .xRowid = rows_rowid,
};

/* ---- Opening ---- */

static cw_status name_tables(struct cw_check_rows *rows, sqlite3 *connection, struct cw_error *error)
{
    enum cw_entity_id entity = CW_ENTITY_CATEGORY;
    int code = SQLITE_OK;
    for (int e = 0; e < CW_ENTITY_COUNT && code == SQLITE_OK; e++) {
        rows->origins[e] = (struct origin){rows, cw_entity_get((enum cw_entity_id)e)};
        code = sqlite3_create_module_v2(connection, rows->origins[e].entity->table, &rows_module,
                                        &rows->origins[e], NULL);
    }
    for (size_t i = 0; cw_rule_held_form(i, &entity) != NULL && code == SQLITE_OK; i++) {
        code = sqlite3_create_module_v2(connection, cw_rule_held_form(i, &entity), &rows_module,
                                        &rows->origins[entity], NULL);
    }
    return code == SQLITE_OK ? CW_OK : cw_check_error(connection, error);
}

cw_status cw_check_rows_open(struct cw_store *store, struct cw_check_database *database,
                             struct cw_error *error)
{
    struct cw_check_database made = {.threads = 1, .present = (1U << CW_ENTITY_COUNT) - 1};
    made.rows = calloc(1, sizeof *made.rows);
    if (made.rows == NULL) {
        return cw_error_set(error, CW_E_NO_MEMORY, NULL, "no memory for the check");
    }
    cw_status status = cw_row_fetch_new(store, &made.rows->fetch, error);
    if (status == CW_OK) {
        status = cw_check_store_times(cw_row_fetch_reader(made.rows->fetch), &made.times, error);
    }
    if (status == CW_OK && sqlite3_open_v2(":memory:", &made.connections[0],
                                           SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK) {
        status = cw_check_error(made.connections[0], error);
    }
    if (status == CW_OK) {
        status = name_tables(made.rows, made.connections[0], error);
    }
    if (status != CW_OK) {
        cw_check_database_close(&made);
        return status;
    }
    *database = made;
    return CW_OK;
}

void cw_check_rows_free(struct cw_check_rows *rows)
{
    if (rows != NULL) {
        cw_row_fetch_free(rows->fetch);
        free(rows);
    }
}

void cw_check_rows_gather(struct cw_check_rows *rows, bool gathers)
{
    cw_row_fetch_gather(rows->fetch, gathers);
}

cw_status cw_check_rows_failure(const struct cw_check_rows *rows, cw_status status, struct cw_error *error)
{
    if (rows == NULL || rows->status == CW_OK) {
        return status;
    }
    if (error != NULL) {
        *error = rows->failure;
    }
    return rows->status;
}
