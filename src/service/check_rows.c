#include "service/check_rows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "service/check_store.h"
#include "service/rule_held.h"

#define BUCKETS 1024
#define COLUMNS_MAX 32
#define KEYS_MAX CW_PARAMETERS_MAX
/* Plans of a look-up: the columns whose values are given, as bits, or this one. */
#define BY_NUMBER (-1)

struct value {
    const void *bytes; /* of UUIDs and texts */
    int64_t integer;
    uint32_t size;
    bool is_null;
};

/* Where the server keeps the row: the table or partition, and the place there. The same row is kept once. */
#define PLACE_SIZE 12
struct row {
    uint8_t place[PLACE_SIZE];
    int64_t number;   /* counts the table's rows from 1 as they come */
    struct row *next; /* of the same bucket */
    struct value values[];
};

/* Rows that were found by some values. */
struct answer {
    struct answer *next; /* of the same bucket */
    const uint8_t *key;
    size_t key_size;
    const struct row **rows;
    size_t count;
    int columns;
};

struct table {
    struct cw_check_rows *owner;
    const struct cw_entity *entity;
    struct row **rows; /* owned; by number - 1 */
    size_t count, capacity;
    struct row *row_buckets[BUCKETS];
    struct answer *answer_buckets[BUCKETS];
};

struct cw_check_rows {
    struct cw_store *store;
    struct cw_reader *reader;
    struct cw_arena arena;
    cw_status status; /* of the first fetching that failed */
    struct cw_error failure;
    struct table tables[CW_ENTITY_COUNT];
};

/* UUIDs and texts; everything else is kept as a number. */
static bool has_bytes(const struct cw_column_def *column)
{
    return column->type == CW_TYPE_UUID || column->type == CW_TYPE_STRING;
}

static uint32_t hash_bytes(const void *bytes, size_t size)
{
    /* FNV-1a (Fowler, Noll, Vo). */
    const uint8_t *at = bytes;
    uint32_t hash = 2166136261U;
    for (size_t i = 0; i < size; i++) {
        hash = (hash ^ at[i]) * 16777619U;
    }
    return (hash ^ hash >> 16) % BUCKETS;
}

static cw_status no_memory(struct cw_error *error)
{
    return cw_error_set(error, CW_E_NO_MEMORY, NULL, "no memory for the rows of the check");
}

/* ---- Fetching ---- */

static struct row *find_row(const struct table *table, const uint8_t place[PLACE_SIZE])
{
    struct row *row = table->row_buckets[hash_bytes(place, PLACE_SIZE)];
    while (row != NULL && memcmp(row->place, place, PLACE_SIZE) != 0) {
        row = row->next;
    }
    return row;
}

/* The rows of a query have their columns first, then where they lie. */
static void read_place(struct cw_cursor *cursor, const struct cw_entity *entity, uint8_t place[PLACE_SIZE])
{
    const int field = (int)entity->column_count;
    const int64_t relation = cw_cursor_integer(cursor, field);
    size_t size = 0;
    const void *bytes = cw_cursor_text(cursor, field + 1, &size);
    memset(place, 0, PLACE_SIZE);
    memcpy(place, &relation, 4);
    if (bytes != NULL) {
        memcpy(place + 4, bytes, size < PLACE_SIZE - 4 ? size : PLACE_SIZE - 4);
    }
}

/* Bytes of the texts and UUIDs of the row that the cursor stands on. */
static size_t measure_row(const struct cw_entity *entity, struct cw_cursor *cursor)
{
    size_t sum = 0;
    for (uint32_t i = 0; i < entity->column_count; i++) {
        size_t size = 0;
        if (has_bytes(&entity->columns[i]) && cw_cursor_text(cursor, (int)i, &size) != NULL) {
            sum += size + 1;
        }
    }
    return sum;
}

/* Texts are put at *room, which moves on. */
static void read_value(const struct cw_column_def *column, struct cw_cursor *cursor, int field,
                       struct value *value, char **room)
{
    size_t size = 0;
    value->is_null = cw_cursor_is_null(cursor, field);
    if (value->is_null) {
        return;
    }
    if (!has_bytes(column)) {
        value->integer = cw_cursor_integer(cursor, field);
        return;
    }
    const char *bytes = cw_cursor_text(cursor, field, &size);
    memcpy(*room, bytes, size);
    value->bytes = *room;
    value->size = (uint32_t)size;
    *room += size + 1;
}

static bool grow_rows(struct table *table)
{
    const size_t capacity = table->capacity * 2 + 16;
    struct row **grown = realloc(table->rows, capacity * sizeof *grown);
    if (grown == NULL) {
        return false;
    }
    table->rows = grown;
    table->capacity = capacity;
    return true;
}

/* The row that the cursor stands on, kept if it is new; NULL without memory. */
static struct row *keep_row(struct table *table, struct cw_cursor *cursor)
{
    uint8_t place[PLACE_SIZE];
    read_place(cursor, table->entity, place);
    struct row *row = find_row(table, place);
    if (row != NULL) {
        return row;
    }
    const struct cw_entity *entity = table->entity;
    const size_t fixed = sizeof *row + entity->column_count * sizeof row->values[0];
    row = cw_arena_alloc(&table->owner->arena, fixed + measure_row(entity, cursor));
    if (row == NULL || (table->count == table->capacity && !grow_rows(table))) {
        return NULL;
    }
    char *room = (char *)row + fixed;
    for (uint32_t i = 0; i < entity->column_count; i++) {
        read_value(&entity->columns[i], cursor, (int)i, &row->values[i], &room);
    }
    struct row **bucket = &table->row_buckets[hash_bytes(place, PLACE_SIZE)];
    memcpy(row->place, place, PLACE_SIZE);
    row->next = *bucket;
    *bucket = row;
    table->rows[table->count++] = row;
    row->number = (int64_t)table->count;
    return row;
}

/* E-mail addresses are the same in capitals. */
static cw_status put_condition(struct cw_buffer *sql, const struct cw_column_def *column, int parameter,
                               struct cw_error *error)
{
    const char *glue = parameter == 1 ? "WHERE" : "AND";
    return column->type == CW_TYPE_STRING && column->personal == CW_PERSONAL_IDENTIFIER
               ? cw_buffer_format(sql, error, " %s lower(%s) = lower(?%d::text COLLATE \"C\")", glue,
                                  column->name, parameter)
               : cw_buffer_format(sql, error, " %s %s = ?%d", glue, column->name, parameter);
}

/* "SELECT id, ..., tableoid, ctid FROM orders WHERE customer_id = ?1 AND ... ORDER BY rowid". */
static cw_status put_select(struct cw_buffer *sql, const struct cw_entity *entity, int columns,
                            struct cw_error *error)
{
    cw_status status = CW_OK;
    int parameter = 0;
    for (uint32_t i = 0; i < entity->column_count && status == CW_OK; i++) {
        status = cw_buffer_format(sql, error, "%s%s", i == 0 ? "SELECT " : ", ", entity->columns[i].name);
    }
    if (status == CW_OK) {
        status = cw_buffer_format(sql, error, ", tableoid, ctid FROM %s", entity->table);
    }
    for (uint32_t i = 0; i < entity->column_count && status == CW_OK; i++) {
        const struct cw_column_def *column = &entity->columns[i];
        if ((columns >> i & 1) != 0) {
            status = put_condition(sql, column, ++parameter, error);
        }
    }
    if (status == CW_OK) {
        status = cw_buffer_format(sql, error, " ORDER BY rowid");
    }
    return status == CW_OK ? cw_buffer_append(sql, "", 1, error) : status;
}

/* ---- Answers ---- */

/* What rows are looked up by: one value for each column of a plan. */
struct key {
    uint8_t bytes[512];
    size_t size;
    struct cw_parameter parameters[KEYS_MAX];
    uint32_t count;
};

static struct answer *find_answer(const struct table *table, int columns, const struct key *key)
{
    struct answer *answer = table->answer_buckets[hash_bytes(key->bytes, key->size)];
    while (answer != NULL && (answer->columns != columns || answer->key_size != key->size ||
                              memcmp(answer->key, key->bytes, key->size) != 0)) {
        answer = answer->next;
    }
    return answer;
}

/* The rows of a query as they come. */
struct gathering {
    struct table *table;
    const struct row **rows; /* owned */
    size_t count, capacity;
};

static cw_status gather_row(void *context, struct cw_cursor *cursor, struct cw_error *error)
{
    struct gathering *gathering = context;
    if (gathering->count == gathering->capacity) {
        const size_t capacity = gathering->capacity * 2 + 16;
        const struct row **grown = realloc(gathering->rows, capacity * sizeof *grown);
        if (grown == NULL) {
            return no_memory(error);
        }
        gathering->rows = grown;
        gathering->capacity = capacity;
    }
    const struct row *row = keep_row(gathering->table, cursor);
    if (row == NULL) {
        return no_memory(error);
    }
    gathering->rows[gathering->count++] = row;
    return CW_OK;
}

static cw_status keep_answer(const struct gathering *gathering, int columns, const struct key *key,
                             struct answer **answer, struct cw_error *error)
{
    struct table *table = gathering->table;
    const size_t list_size = gathering->count * sizeof(const struct row *);
    struct answer *made = cw_arena_alloc(&table->owner->arena, sizeof *made + list_size + key->size);
    if (made == NULL) {
        return no_memory(error);
    }
    const struct row **list = (const struct row **)(made + 1);
    uint8_t *copy = (uint8_t *)list + list_size;
    if (list_size > 0) {
        memcpy(list, gathering->rows, list_size);
    }
    memcpy(copy, key->bytes, key->size);
    struct answer **bucket = &table->answer_buckets[hash_bytes(key->bytes, key->size)];
    *made = (struct answer){.next = *bucket,
                            .key = copy,
                            .key_size = key->size,
                            .rows = list,
                            .count = gathering->count,
                            .columns = columns};
    *bucket = made;
    *answer = made;
    return CW_OK;
}

static cw_status fetch(struct table *table, int columns, const struct key *key, struct answer **answer,
                       struct cw_error *error)
{
    struct gathering gathering = {.table = table};
    struct cw_buffer sql = {0};
    cw_status status = put_select(&sql, table->entity, columns, error);
    if (status == CW_OK) {
        status = cw_reader_each(table->owner->reader, sql.data, key->parameters, key->count, false,
                                gather_row, &gathering, error);
    }
    if (status == CW_OK) {
        status = keep_answer(&gathering, columns, key, answer, error);
    }
    free(gathering.rows);
    cw_buffer_clear(&sql);
    return status;
}

/* ---- The tables of SQL ---- */

struct rows_vtab {
    sqlite3_vtab base;
    struct table *table;
};

struct rows_cursor {
    sqlite3_vtab_cursor base;
    struct table *table;
    const struct row *const *rows;
    size_t at, count;
};

static int rows_connect(sqlite3 *db, void *context, int argument_count, const char *const *arguments,
                        sqlite3_vtab **vtab, char **message)
{
    struct table *table = context;
    struct cw_buffer sql = {0};
    (void)argument_count;
    (void)arguments;
    (void)message;
    cw_status status = cw_buffer_format(&sql, NULL, "CREATE TABLE x(");
    if (status == CW_OK) {
        status = cw_check_put_columns(&sql, table->entity, NULL);
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
    *made = (struct rows_vtab){.table = table};
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
        if (column->type == CW_TYPE_UUID && (uuids & bit) == 0 && count < KEYS_MAX) {
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
    const struct cw_entity *entity = ((struct rows_vtab *)vtab)->table->entity;
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
    *made = (struct rows_cursor){.table = ((struct rows_vtab *)vtab)->table};
    *cursor = &made->base;
    return SQLITE_OK;
}

static int rows_close(sqlite3_vtab_cursor *cursor)
{
    sqlite3_free(cursor);
    return SQLITE_OK;
}

/* False when nothing can be equal to one of the values. */
static bool read_key(const struct cw_entity *entity, int columns, sqlite3_value **values, struct key *key)
{
    for (uint32_t i = 0; i < entity->column_count; i++) {
        if ((columns >> i & 1) == 0) {
            continue;
        }
        sqlite3_value *value = values[key->count];
        const bool is_text = entity->columns[i].type == CW_TYPE_STRING;
        const void *bytes = is_text ? (const void *)sqlite3_value_text(value) : sqlite3_value_blob(value);
        const size_t size = (size_t)sqlite3_value_bytes(value);
        if (sqlite3_value_type(value) != (is_text ? SQLITE_TEXT : SQLITE_BLOB) || bytes == NULL ||
            (!is_text && size != 16) || size > sizeof key->bytes - key->size) {
            return false;
        }
        memcpy(key->bytes + key->size, bytes, size);
        key->size += size;
        key->parameters[key->count++] =
            (struct cw_parameter){.kind = is_text ? CW_PARAMETER_TEXT : CW_PARAMETER_UUID, .bytes = bytes};
    }
    return true;
}

static int fail(struct rows_cursor *cursor, cw_status status, const struct cw_error *error)
{
    struct cw_check_rows *owner = cursor->table->owner;
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
    struct table *table = cursor->table;
    struct key key = {.size = 0};
    (void)name;
    (void)argument_count;
    cursor->at = cursor->count = 0;
    if (plan == BY_NUMBER) {
        const int64_t number = sqlite3_value_int64(values[0]);
        if (number >= 1 && (uint64_t)number <= table->count) {
            cursor->rows = (const struct row *const *)&table->rows[number - 1];
            cursor->count = 1;
        }
        return SQLITE_OK;
    }
    if (!read_key(table->entity, plan, values, &key)) {
        return SQLITE_OK;
    }
    struct answer *answer = find_answer(table, plan, &key);
    if (answer == NULL) {
        struct cw_error error = {0};
        const cw_status status = fetch(table, plan, &key, &answer, &error);
        if (status != CW_OK) {
            return fail(cursor, status, &error);
        }
    }
    cursor->rows = answer->rows;
    cursor->count = answer->count;
    return SQLITE_OK;
}

static int rows_next(sqlite3_vtab_cursor *cursor)
{
    ((struct rows_cursor *)cursor)->at++;
    return SQLITE_OK;
}

static int rows_eof(sqlite3_vtab_cursor *base)
{
    const struct rows_cursor *cursor = (const struct rows_cursor *)base;
    return cursor->at >= cursor->count;
}

static int rows_column(sqlite3_vtab_cursor *base, sqlite3_context *context, int index)
{
    const struct rows_cursor *cursor = (const struct rows_cursor *)base;
    const struct value *value = &cursor->rows[cursor->at]->values[index];
    const enum cw_type type = cursor->table->entity->columns[index].type;
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
    *rowid = cursor->rows[cursor->at]->number;
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
        rows->tables[e].owner = rows;
        rows->tables[e].entity = cw_entity_get((enum cw_entity_id)e);
        code = sqlite3_create_module_v2(connection, rows->tables[e].entity->table, &rows_module,
                                        &rows->tables[e], NULL);
    }
    for (size_t i = 0; cw_rule_held_form(i, &entity) != NULL && code == SQLITE_OK; i++) {
        code = sqlite3_create_module_v2(connection, cw_rule_held_form(i, &entity), &rows_module,
                                        &rows->tables[entity], NULL);
    }
    return code == SQLITE_OK ? CW_OK : cw_check_error(connection, error);
}

cw_status cw_check_rows_open(struct cw_store *store, struct cw_check_database *database,
                             struct cw_error *error)
{
    struct cw_check_database made = {.threads = 1, .present = (1U << CW_ENTITY_COUNT) - 1};
    struct cw_check_rows *rows = calloc(1, sizeof *rows);
    if (rows == NULL) {
        return no_memory(error);
    }
    made.rows = rows;
    rows->store = store;
    cw_status status = store->operations->reader_begin(store, &rows->reader, error);
    if (status == CW_OK) {
        status = cw_check_store_times(rows->reader, &made.times, error);
    }
    if (status == CW_OK && sqlite3_open_v2(":memory:", &made.connections[0],
                                           SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK) {
        status = cw_check_error(made.connections[0], error);
    }
    if (status == CW_OK) {
        status = name_tables(rows, made.connections[0], error);
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
    if (rows == NULL) {
        return;
    }
    if (rows->reader != NULL) {
        rows->store->operations->reader_end(rows->reader);
    }
    for (int e = 0; e < CW_ENTITY_COUNT; e++) {
        free(rows->tables[e].rows);
    }
    cw_arena_clear(&rows->arena);
    free(rows);
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
