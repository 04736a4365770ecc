#include "service/rule_held.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Columns of one held table, and the rows from which on it stays in the database. */
#define COLUMNS_MAX 8
#define KEYS_MAX 2
#define ROWS_MAX 8000000
#define NONE UINT32_MAX

/* What is held of an entity. The first `keys` columns are what rows are found by. */
struct form {
    enum cw_entity_id entity;
    const char *name;
    uint32_t keys;
    const char *columns[COLUMNS_MAX];
};

static const struct form forms[] = {
    {CW_ENTITY_PRODUCT,
     "held_products",
     1,
     {"id", "tax_class", "launched_at", "retired_at", "excluded_countries", "minimum_age", "created_at"}},
    {CW_ENTITY_PRODUCT_PRICE,
     "held_product_prices",
     2,
     {"product_id", "currency", "unit_amount", "valid_from", "valid_to"}},
    {CW_ENTITY_VARIANT, "held_variants", 1, {"id", "product_id", "sku"}},
    {CW_ENTITY_FULFILMENT_CENTRE,
     "held_fulfilment_centres",
     1,
     {"id", "country", "time_zone", "opened_at", "code"}},
    {CW_ENTITY_CUSTOMER, "held_customers", 1, {"id", "created_at", "country", "currency", "birth_date"}},
    {CW_ENTITY_ADDRESS, "held_addresses", 1, {"id", "customer_id", "created_at", "country", "region"}},
    {CW_ENTITY_PAYMENT_METHOD,
     "held_payment_methods",
     1,
     {"id", "customer_id", "created_at", "expiry_year", "expiry_month", "limit_amount"}},
    {CW_ENTITY_STOCK, "held_stock", 2, {"fulfilment_centre_id", "variant_id"}},
};

#define FORM_COUNT (sizeof forms / sizeof forms[0])

struct text {
    char *bytes; /* owned */
    uint32_t size;
};

/* Equal texts are kept once. */
struct texts {
    struct text *list;
    uint32_t count, capacity;
    uint32_t *slots; /* number of a text, or NONE */
    uint32_t slot_count;
};

struct column {
    enum cw_type type;
    uint8_t *valid; /* 0: null */
    void *values;   /* int64_t; 16 bytes of a UUID; uint32_t, the number of a text */
    struct texts texts;
};

struct table {
    const struct form *form;
    uint32_t column_count;
    uint32_t rows;
    struct column columns[COLUMNS_MAX];
    uint32_t *buckets; /* the first row of a hash, or NONE */
    uint32_t *next;    /* the next row of the same bucket, or NONE */
    uint32_t mask;
};

struct cw_rule_held {
    struct table tables[FORM_COUNT];
};

const char *cw_rule_held_name(enum cw_entity_id entity)
{
    for (size_t i = 0; i < FORM_COUNT; i++) {
        if (forms[i].entity == entity && strcmp(forms[i].columns[0], "id") == 0) {
            return forms[i].name;
        }
    }
    return NULL;
}

const char *cw_rule_held_form(size_t i, enum cw_entity_id *entity)
{
    if (i >= FORM_COUNT) {
        return NULL;
    }
    *entity = forms[i].entity;
    return forms[i].name;
}

/* ---- Texts ---- */

static uint64_t hash_bytes(uint64_t hash, const void *bytes, size_t size)
{
    const uint8_t *at = bytes;
    for (; size >= 8; size -= 8, at += 8) {
        uint64_t word;
        memcpy(&word, at, sizeof word);
        hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
        hash ^= hash >> 32;
    }
    for (; size > 0; size--, at++) {
        hash = (hash ^ *at) * UINT64_C(0x100000001b3);
    }
    hash *= UINT64_C(0x9e3779b97f4a7c15);
    return hash ^ hash >> 29;
}

static uint32_t *find_slot(const struct texts *texts, const char *bytes, uint32_t size)
{
    uint32_t at = (uint32_t)hash_bytes(0, bytes, size) & (texts->slot_count - 1);
    while (texts->slots[at] != NONE) {
        const struct text *text = &texts->list[texts->slots[at]];
        if (text->size == size && memcmp(text->bytes, bytes, size) == 0) {
            break;
        }
        at = (at + 1) & (texts->slot_count - 1);
    }
    return &texts->slots[at];
}

static bool grow_texts(struct texts *texts)
{
    const uint32_t capacity = texts->capacity == 0 ? 64 : texts->capacity * 2;
    struct text *list = realloc(texts->list, capacity * sizeof *list);
    if (list == NULL) {
        return false;
    }
    texts->list = list;
    uint32_t *slots = malloc((size_t)capacity * 2 * sizeof *slots);
    if (slots == NULL) {
        return false;
    }
    free(texts->slots);
    texts->slots = slots;
    texts->slot_count = capacity * 2;
    texts->capacity = capacity;
    memset(slots, 0xFF, (size_t)capacity * 2 * sizeof *slots);
    for (uint32_t i = 0; i < texts->count; i++) {
        *find_slot(texts, list[i].bytes, list[i].size) = i;
    }
    return true;
}

/* The number of a text, NONE when there is no memory. */
static uint32_t keep_text(struct texts *texts, const char *bytes, uint32_t size)
{
    if (texts->count == texts->capacity && !grow_texts(texts)) {
        return NONE;
    }
    uint32_t *slot = find_slot(texts, bytes, size);
    if (*slot == NONE) {
        char *copy = malloc((size_t)size + 1);
        if (copy == NULL) {
            return NONE;
        }
        memcpy(copy, bytes, size);
        copy[size] = '\0';
        texts->list[texts->count].bytes = copy;
        texts->list[texts->count].size = size;
        *slot = texts->count++;
    }
    return *slot;
}

static void clear_texts(struct texts *texts)
{
    for (uint32_t i = 0; i < texts->count; i++) {
        free(texts->list[i].bytes);
    }
    free(texts->list);
    free(texts->slots);
}

/* ---- Rows ---- */

static size_t value_size(enum cw_type type)
{
    return type == CW_TYPE_UUID ? 16 : type == CW_TYPE_STRING ? sizeof(uint32_t) : sizeof(int64_t);
}

/* The bytes of a value, NULL for null. */
static const void *value_bytes(const struct column *column, uint32_t row, size_t *size)
{
    if (column->valid[row] == 0) {
        return NULL;
    }
    if (column->type == CW_TYPE_STRING) {
        const struct text *text = &column->texts.list[((const uint32_t *)column->values)[row]];
        *size = text->size;
        return text->bytes;
    }
    *size = value_size(column->type);
    return (const uint8_t *)column->values + row * *size;
}

static bool grow_table(struct table *table, uint32_t capacity)
{
    for (uint32_t i = 0; i < table->column_count; i++) {
        struct column *column = &table->columns[i];
        void *values = realloc(column->values, capacity * value_size(column->type));
        if (values == NULL) {
            return false;
        }
        column->values = values;
        uint8_t *valid = realloc(column->valid, capacity);
        if (valid == NULL) {
            return false;
        }
        column->valid = valid;
    }
    return true;
}

static bool put_value(struct column *column, uint32_t row, sqlite3_stmt *statement, int index)
{
    const int type = sqlite3_column_type(statement, index);
    column->valid[row] = type != SQLITE_NULL;
    if (column->type == CW_TYPE_UUID) {
        column->valid[row] = type == SQLITE_BLOB && sqlite3_column_bytes(statement, index) == 16;
        if (column->valid[row] != 0) {
            memcpy((uint8_t *)column->values + (size_t)row * 16, sqlite3_column_blob(statement, index), 16);
        }
        return true;
    }
    if (column->type == CW_TYPE_STRING) {
        const char *text = (const char *)sqlite3_column_text(statement, index);
        uint32_t *number = (uint32_t *)column->values + row;
        *number = text == NULL
                      ? 0
                      : keep_text(&column->texts, text, (uint32_t)sqlite3_column_bytes(statement, index));
        return *number != NONE;
    }
    ((int64_t *)column->values)[row] = sqlite3_column_int64(statement, index);
    return true;
}

/* Hash of a row's key; false when a part is null, for nothing equals null. */
static bool hash_row(const struct table *table, uint32_t row, uint64_t *hash)
{
    *hash = 0;
    for (uint32_t i = 0; i < table->form->keys; i++) {
        size_t size = 0;
        const void *bytes = value_bytes(&table->columns[i], row, &size);
        if (bytes == NULL) {
            return false;
        }
        *hash = hash_bytes(*hash, bytes, size);
    }
    return true;
}

static bool index_rows(struct table *table)
{
    uint32_t buckets = 64;
    while (buckets < table->rows) {
        buckets *= 2;
    }
    table->mask = buckets - 1;
    table->buckets = malloc(buckets * sizeof *table->buckets);
    table->next = malloc(((size_t)table->rows + 1) * sizeof *table->next);
    if (table->buckets == NULL || table->next == NULL) {
        return false;
    }
    memset(table->buckets, 0xFF, buckets * sizeof *table->buckets);
    for (uint32_t row = table->rows; row-- > 0;) {
        uint64_t hash;
        if (hash_row(table, row, &hash)) {
            table->next[row] = table->buckets[hash & table->mask];
            table->buckets[hash & table->mask] = row;
        }
    }
    return true;
}

static cw_status read_rows(struct table *table, sqlite3 *connection, sqlite3_stmt *statement,
                           struct cw_error *error)
{
    uint32_t capacity = 0;
    int code = SQLITE_DONE;
    while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
        bool good = true;
        if (table->rows == capacity) {
            capacity = capacity * 2 + 1024;
            good = grow_table(table, capacity);
        }
        for (uint32_t i = 0; i < table->column_count && good; i++) {
            good = put_value(&table->columns[i], table->rows, statement, (int)i);
        }
        if (!good) {
            return cw_error_set(error, CW_E_NO_MEMORY, NULL, "no memory for %s", table->form->name);
        }
        table->rows++;
    }
    if (code != SQLITE_DONE) {
        return cw_check_error(connection, error);
    }
    return index_rows(table)
               ? CW_OK
               : cw_error_set(error, CW_E_NO_MEMORY, NULL, "no memory for %s", table->form->name);
}

static cw_status put_select(struct cw_buffer *sql, const struct form *form, struct cw_error *error)
{
    cw_status status = CW_OK;
    for (uint32_t i = 0; i < COLUMNS_MAX && form->columns[i] != NULL && status == CW_OK; i++) {
        status = cw_buffer_format(sql, error, "%s%s", i == 0 ? "SELECT " : ", ", form->columns[i]);
    }
    if (status == CW_OK) {
        status = cw_buffer_format(sql, error, " FROM %s", cw_entity_get(form->entity)->table);
    }
    return status == CW_OK ? cw_buffer_append(sql, "", 1, error) : status;
}

static cw_status read_table(struct table *table, sqlite3 *connection, struct cw_error *error)
{
    const struct cw_entity *entity = cw_entity_get(table->form->entity);
    struct cw_buffer sql = {0};
    sqlite3_stmt *statement = NULL;
    for (uint32_t i = 0; i < COLUMNS_MAX && table->form->columns[i] != NULL; i++) {
        const char *name = table->form->columns[i];
        table->columns[table->column_count++].type =
            entity->columns[cw_entity_column(entity, name, strlen(name))].type;
    }
    cw_status status = put_select(&sql, table->form, error);
    if (status == CW_OK && sqlite3_prepare_v2(connection, sql.data, -1, &statement, NULL) != SQLITE_OK) {
        status = cw_check_error(connection, error);
    }
    if (status == CW_OK) {
        status = read_rows(table, connection, statement, error);
    }
    sqlite3_finalize(statement);
    cw_buffer_clear(&sql);
    return status;
}

/* ---- The tables of SQL ---- */

struct held_vtab {
    sqlite3_vtab base;
    const struct table *table;
};

struct held_cursor {
    sqlite3_vtab_cursor base;
    const struct table *table;
    uint32_t row;   /* NONE: at the end */
    bool walks_all; /* every row, not those of one key */
};

static int held_connect(sqlite3 *db, void *context, int argument_count, const char *const *arguments,
                        sqlite3_vtab **vtab, char **message)
{
    const struct table *table = context;
    char schema[512] = "CREATE TABLE x(";
    size_t used = strlen(schema);
    (void)argument_count;
    (void)arguments;
    (void)message;
    for (uint32_t i = 0; i < table->column_count; i++) {
        const enum cw_type type = table->columns[i].type;
        used += (size_t)snprintf(schema + used, sizeof schema - used, "%s%s %s", i == 0 ? "" : ", ",
                                 table->form->columns[i],
                                 type == CW_TYPE_STRING ? "TEXT"
                                 : type == CW_TYPE_UUID ? "BLOB"
                                                        : "INTEGER");
    }
    snprintf(schema + used, sizeof schema - used, ")");
    const int code = sqlite3_declare_vtab(db, schema);
    struct held_vtab *made = code == SQLITE_OK ? sqlite3_malloc64(sizeof *made) : NULL;
    if (made == NULL) {
        return code == SQLITE_OK ? SQLITE_NOMEM : code;
    }
    *made = (struct held_vtab){.table = table};
    *vtab = &made->base;
    return SQLITE_OK;
}

static int held_disconnect(sqlite3_vtab *vtab)
{
    sqlite3_free(vtab);
    return SQLITE_OK;
}

/* Plan 1 finds rows by their whole key, plan 0 walks along all. */
static int held_best_index(sqlite3_vtab *vtab, sqlite3_index_info *info)
{
    const struct table *table = ((struct held_vtab *)vtab)->table;
    int places[KEYS_MAX] = {-1, -1};
    uint32_t found = 0;
    for (int i = 0; i < info->nConstraint; i++) {
        const struct sqlite3_index_constraint *constraint = &info->aConstraint[i];
        const int column = constraint->iColumn;
        if (constraint->usable && constraint->op == SQLITE_INDEX_CONSTRAINT_EQ && column >= 0 &&
            (uint32_t)column < table->form->keys && places[column] < 0) {
            places[column] = i;
            found++;
        }
    }
    info->idxNum = found == table->form->keys;
    info->estimatedCost = info->idxNum == 1 ? 2.0 : 100.0 + table->rows;
    info->estimatedRows = info->idxNum == 1 ? 2 : (sqlite3_int64)table->rows + 1;
    for (uint32_t i = 0; info->idxNum == 1 && i < table->form->keys; i++) {
        info->aConstraintUsage[places[i]].argvIndex = (int)i + 1;
        info->aConstraintUsage[places[i]].omit = 1;
    }
    return SQLITE_OK;
}

static int held_open(sqlite3_vtab *vtab, sqlite3_vtab_cursor **cursor)
{
    struct held_cursor *made = sqlite3_malloc64(sizeof *made);
    if (made == NULL) {
        return SQLITE_NOMEM;
    }
    *made = (struct held_cursor){.table = ((struct held_vtab *)vtab)->table, .row = NONE};
    *cursor = &made->base;
    return SQLITE_OK;
}

static int held_close(sqlite3_vtab_cursor *cursor)
{
    sqlite3_free(cursor);
    return SQLITE_OK;
}

/* A key as it is asked for. */
struct key {
    const void *bytes[KEYS_MAX];
    size_t sizes[KEYS_MAX];
};

static bool read_key(const struct table *table, sqlite3_value **arguments, struct key *key, uint64_t *hash)
{
    *hash = 0;
    for (uint32_t i = 0; i < table->form->keys; i++) {
        const bool is_text = table->columns[i].type == CW_TYPE_STRING;
        if (sqlite3_value_type(arguments[i]) != (is_text ? SQLITE_TEXT : SQLITE_BLOB)) {
            return false;
        }
        key->bytes[i] =
            is_text ? (const void *)sqlite3_value_text(arguments[i]) : sqlite3_value_blob(arguments[i]);
        key->sizes[i] = (size_t)sqlite3_value_bytes(arguments[i]);
        if (key->bytes[i] == NULL) {
            return false;
        }
        *hash = hash_bytes(*hash, key->bytes[i], key->sizes[i]);
    }
    return true;
}

static bool has_key(const struct table *table, uint32_t row, const struct key *key)
{
    for (uint32_t i = 0; i < table->form->keys; i++) {
        size_t size = 0;
        const void *bytes = value_bytes(&table->columns[i], row, &size);
        if (size != key->sizes[i] || memcmp(bytes, key->bytes[i], size) != 0) {
            return false;
        }
    }
    return true;
}

static int held_filter(sqlite3_vtab_cursor *cursor, int index, const char *name, int argument_count,
                       sqlite3_value **arguments)
{
    struct held_cursor *self = (struct held_cursor *)cursor;
    const struct table *table = self->table;
    struct key key = {0};
    uint64_t hash = 0;
    (void)name;
    (void)argument_count;
    self->walks_all = index == 0;
    self->row = NONE;
    if (self->walks_all) {
        self->row = table->rows > 0 ? 0 : NONE;
    } else if (read_key(table, arguments, &key, &hash)) {
        self->row = table->buckets[hash & table->mask];
        while (self->row != NONE && !has_key(table, self->row, &key)) {
            self->row = table->next[self->row];
        }
    }
    return SQLITE_OK;
}

static int held_next(sqlite3_vtab_cursor *cursor)
{
    struct held_cursor *self = (struct held_cursor *)cursor;
    const struct table *table = self->table;
    struct key key = {0};
    if (self->walks_all) {
        self->row = self->row + 1 < table->rows ? self->row + 1 : NONE;
        return SQLITE_OK;
    }
    for (uint32_t i = 0; i < table->form->keys; i++) {
        key.bytes[i] = value_bytes(&table->columns[i], self->row, &key.sizes[i]);
    }
    do {
        self->row = table->next[self->row];
    } while (self->row != NONE && !has_key(table, self->row, &key));
    return SQLITE_OK;
}

static int held_eof(sqlite3_vtab_cursor *cursor)
{
    return ((const struct held_cursor *)cursor)->row == NONE;
}

static int held_column(sqlite3_vtab_cursor *cursor, sqlite3_context *context, int index)
{
    const struct held_cursor *self = (const struct held_cursor *)cursor;
    const struct column *column = &self->table->columns[index];
    size_t size = 0;
    const void *bytes = value_bytes(column, self->row, &size);
    if (bytes == NULL) {
        return SQLITE_OK;
    }
    if (column->type == CW_TYPE_UUID) {
        sqlite3_result_blob(context, bytes, (int)size, SQLITE_STATIC);
    } else if (column->type == CW_TYPE_STRING) {
        sqlite3_result_text(context, bytes, (int)size, SQLITE_STATIC);
    } else {
        sqlite3_result_int64(context, ((const int64_t *)column->values)[self->row]);
    }
    return SQLITE_OK;
}

static int held_rowid(sqlite3_vtab_cursor *cursor, sqlite3_int64 *rowid)
{
    *rowid = ((const struct held_cursor *)cursor)->row;
    return SQLITE_OK;
}

/* No xCreate: the table is there under the module's name, in no schema. */
static const sqlite3_module held_module = {
    .xConnect = held_connect,
    .xBestIndex = held_best_index,
    .xDisconnect = held_disconnect,
    .xOpen = held_open,
    .xClose = held_close,
    .xFilter = held_filter,
    .xNext = held_next,
    .xEof = held_eof,
    .xColumn = held_column,
    .xRowid = held_rowid,
};

/* ---- Making ---- */

static cw_status make_view(sqlite3 *connection, const struct form *form, struct cw_error *error)
{
    struct cw_buffer sql = {0};
    cw_status status = cw_buffer_format(&sql, error, "CREATE TEMP VIEW %s AS ", form->name);
    if (status == CW_OK) {
        status = put_select(&sql, form, error);
    }
    if (status == CW_OK && sqlite3_exec(connection, sql.data, NULL, NULL, NULL) != SQLITE_OK) {
        status = cw_check_error(connection, error);
    }
    cw_buffer_clear(&sql);
    return status;
}

static cw_status count_rows(sqlite3 *connection, const struct form *form, int64_t *rows,
                            struct cw_error *error)
{
    char sql[96];
    snprintf(sql, sizeof sql, "SELECT count(*) FROM %s", cw_entity_get(form->entity)->table);
    return cw_check_numbers(connection, sql, rows, 1, error);
}

static cw_status hold(const struct cw_check_database *database, struct table *table, struct cw_error *error)
{
    int64_t rows = 0;
    cw_status status = count_rows(database->connections[0], table->form, &rows, error);
    const bool fits = rows <= ROWS_MAX;
    if (status == CW_OK && fits) {
        status = read_table(table, database->connections[0], error);
    }
    for (uint32_t i = 0; i < database->threads && status == CW_OK; i++) {
        sqlite3 *connection = database->connections[i];
        if (!fits) {
            status = make_view(connection, table->form, error);
        } else if (sqlite3_create_module_v2(connection, table->form->name, &held_module, table, NULL) !=
                   SQLITE_OK) {
            status = cw_check_error(connection, error);
        }
    }
    return status;
}

cw_status cw_rule_held_new(const struct cw_check_database *database, struct cw_rule_held **held,
                           struct cw_error *error)
{
    struct cw_rule_held *made = calloc(1, sizeof *made);
    cw_status status =
        made == NULL ? cw_error_set(error, CW_E_NO_MEMORY, NULL, "no memory for the check") : CW_OK;
    for (size_t i = 0; i < FORM_COUNT && status == CW_OK; i++) {
        made->tables[i].form = &forms[i];
        if ((database->present >> forms[i].entity & 1) != 0) {
            status = hold(database, &made->tables[i], error);
        }
    }
    if (status != CW_OK) {
        cw_rule_held_free(made);
        return status;
    }
    *held = made;
    return CW_OK;
}

void cw_rule_held_free(struct cw_rule_held *held)
{
    if (held == NULL) {
        return;
    }
    for (size_t i = 0; i < FORM_COUNT; i++) {
        struct table *table = &held->tables[i];
        for (uint32_t j = 0; j < table->column_count; j++) {
            free(table->columns[j].valid);
            free(table->columns[j].values);
            clear_texts(&table->columns[j].texts);
        }
        free(table->buckets);
        free(table->next);
    }
    free(held);
}

cw_status cw_rule_held_views(const struct cw_check_database *database, struct cw_error *error)
{
    cw_status status = CW_OK;
    for (size_t i = 0; i < FORM_COUNT && status == CW_OK; i++) {
        if ((database->present >> forms[i].entity & 1) != 0) {
            status = make_view(database->connections[0], &forms[i], error);
        }
    }
    return status;
}
