#include "store/sqlite_insert.h"

#include <stdio.h>
#include <string.h>

#include "model/columns.h"

#define INSERT_SQL_MAX 4096

/* Text of bounded size put together piece by piece. */
struct sql_text {
    char text[INSERT_SQL_MAX];
    size_t length;
};

static void sql_add(struct sql_text *sql, const char *piece)
{
    const size_t size = strlen(piece);
    if (sql->length + size < sizeof sql->text) {
        memcpy(sql->text + sql->length, piece, size + 1);
        sql->length += size;
    }
}

static void sql_add_columns(struct sql_text *sql, const struct cw_entity *entity)
{
    for (uint32_t c = 0; c < entity->column_count; c++) {
        sql_add(sql, c > 0 ? ", " : "");
        sql_add(sql, entity->columns[c].name);
    }
}

static const char *on_clash(enum cw_entity_id entity, bool bulk)
{
    if (entity == CW_ENTITY_CATEGORY || entity == CW_ENTITY_FULFILMENT_CENTRE) {
        return " ON CONFLICT (id) DO NOTHING";
    }
    if (entity == CW_ENTITY_STOCK && bulk) {
        return " ON CONFLICT (fulfilment_centre_id, variant_id) DO UPDATE SET on_hand = on_hand + "
               "excluded.on_hand, stockouts = stockouts + excluded.stockouts, reorder_point = "
               "excluded.reorder_point, reorder_quantity = excluded.reorder_quantity, lead_time = "
               "excluded.lead_time, updated_at = max(updated_at, excluded.updated_at)";
    }
    return "";
}

static void sql_add_target(struct sql_text *sql, const struct cw_entity *entity)
{
    sql_add(sql, entity->table);
    sql_add(sql, " (");
    sql_add_columns(sql, entity);
    sql_add(sql, ") ");
}

/* All rows of the table cw_batch. */
static void bulk_sql(struct sql_text *sql, const struct cw_entity *entity)
{
    sql_add(sql, "INSERT OR ROLLBACK INTO ");
    sql_add_target(sql, entity);
    sql_add(sql, "SELECT c0");
    for (uint32_t c = 1; c < entity->column_count; c++) {
        char name[16];
        snprintf(name, sizeof name, ", c%u", c);
        sql_add(sql, name);
    }
    /* WHERE keeps ON CONFLICT from being read as a join's ON. */
    sql_add(sql, " FROM cw_batch WHERE true");
    sql_add(sql, on_clash(entity->id, true));
}

/* One row, whose values are bound. */
static void row_sql(struct sql_text *sql, const struct cw_entity *entity)
{
    sql_add(sql, "INSERT INTO ");
    sql_add_target(sql, entity);
    sql_add(sql, "VALUES (?");
    for (uint32_t c = 1; c < entity->column_count; c++) {
        sql_add(sql, ", ?");
    }
    sql_add(sql, ")");
    sql_add(sql, on_clash(entity->id, false));
}

static cw_status highest_rowid(struct cw_connection *connection, const char *table, int64_t *rowid,
                               struct cw_error *error)
{
    char sql[128];
    snprintf(sql, sizeof sql, "SELECT max(rowid) FROM %s", table);
    sqlite3_stmt *statement;
    const cw_status status = cw_connection_prepare(connection, sql, &statement, error);
    return status == CW_OK ? cw_statement_integer(connection, statement, rowid, error) : status;
}

static int32_t stock_number(const struct cw_batch *batch, uint32_t column, int64_t row)
{
    return ((const int32_t *)batch->columns[column].values)[row];
}

static const uint8_t *uuid_at(const struct cw_batch *batch, uint32_t column, int64_t row)
{
    return (const uint8_t *)batch->columns[column].values + row * 16;
}

static void bind_stock(sqlite3_stmt *statement, const struct cw_batch *batch, int64_t row)
{
    sqlite3_bind_blob(statement, 1, uuid_at(batch, CW_STOCK_ID, row), 16, SQLITE_STATIC);
    sqlite3_bind_blob(statement, 2, uuid_at(batch, CW_STOCK_FULFILMENT_CENTRE_ID, row), 16, SQLITE_STATIC);
    sqlite3_bind_blob(statement, 3, uuid_at(batch, CW_STOCK_VARIANT_ID, row), 16, SQLITE_STATIC);
    sqlite3_bind_int(statement, 4, stock_number(batch, CW_STOCK_ON_HAND, row));
    sqlite3_bind_int(statement, 5, stock_number(batch, CW_STOCK_REORDER_POINT, row));
    sqlite3_bind_int(statement, 6, stock_number(batch, CW_STOCK_REORDER_QUANTITY, row));
    sqlite3_bind_int(statement, 7, stock_number(batch, CW_STOCK_LEAD_TIME, row));
    sqlite3_bind_int(statement, 8, stock_number(batch, CW_STOCK_STOCKOUTS, row));
    sqlite3_bind_int64(statement, 9, ((const int64_t *)batch->columns[CW_STOCK_UPDATED_AT].values)[row]);
}

static cw_status insert_stock(struct cw_connection *connection, const struct cw_batch *batch, int64_t row,
                              struct cw_error *error)
{
    sqlite3_stmt *statement;
    const cw_status status = cw_connection_prepare(
        connection, "INSERT INTO stock VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)", &statement, error);
    if (status != CW_OK) {
        return status;
    }
    bind_stock(statement, batch, row);
    return cw_statement_run(connection, statement, error);
}

/* *on_hand: what is there afterwards; 0 when the variant is not in stock there yet. */
static cw_status change_stock(struct cw_connection *connection, const struct cw_batch *batch, int64_t row,
                              int64_t *on_hand, struct cw_error *error)
{
    sqlite3_stmt *statement;
    const cw_status status = cw_connection_prepare(
        connection,
        "UPDATE stock SET on_hand = on_hand + ?4, reorder_point = ?5, reorder_quantity = ?6, lead_time = ?7, "
        "stockouts = stockouts + ?8, updated_at = max(updated_at, ?9) WHERE fulfilment_centre_id = ?2 AND "
        "variant_id = ?3 RETURNING on_hand",
        &statement, error);
    if (status != CW_OK) {
        return status;
    }
    bind_stock(statement, batch, row);
    return cw_statement_integer(connection, statement, on_hand, error);
}

/* A row is a change to what is there, and what is there when nothing was. */
static cw_status merge_stock(struct cw_connection *connection, const struct cw_batch *batch, int64_t *added,
                             struct cw_error *error)
{
    cw_status status = CW_OK;
    for (int64_t row = 0; status == CW_OK && row < batch->row_count; row++) {
        int64_t on_hand = 0;
        status = change_stock(connection, batch, row, &on_hand, error);
        if (status == CW_OK && sqlite3_changes(connection->db) == 0) {
            on_hand = stock_number(batch, CW_STOCK_ON_HAND, row);
            status = insert_stock(connection, batch, row, error);
            *added += status == CW_OK;
        }
        if (status == CW_OK && on_hand < 0) {
            status = cw_error_set(error, CW_E_VIOLATION, "on_hand",
                                  "stock.on_hand would be %lld in row %lld, expected 0 and more",
                                  (long long)on_hand, (long long)row);
        }
    }
    return status;
}

static cw_status insert_bulk(struct cw_connection *connection, const struct cw_batch *batch,
                             struct cw_error *error)
{
    struct sql_text sql = {.length = 0};
    bulk_sql(&sql, batch->entity);
    sqlite3_stmt *statement;
    cw_status status = cw_connection_prepare(connection, sql.text, &statement, error);
    if (status == CW_OK) {
        connection->batch = batch;
        status = cw_statement_run(connection, statement, error);
        connection->batch = NULL;
    }
    return status;
}

static void bind_value(sqlite3_stmt *statement, int place, const struct cw_column *column, int64_t row)
{
    size_t length;
    if (!cw_column_is_valid(column, row)) {
        sqlite3_bind_null(statement, place);
        return;
    }
    switch (column->type) {
    case CW_TYPE_BOOL:
        sqlite3_bind_int(statement, place, cw_column_bool(column, row));
        break;
    case CW_TYPE_INT32:
    case CW_TYPE_DATE:
        sqlite3_bind_int(statement, place, ((const int32_t *)column->values)[row]);
        break;
    case CW_TYPE_INT64:
    case CW_TYPE_TIMESTAMP:
        sqlite3_bind_int64(statement, place, ((const int64_t *)column->values)[row]);
        break;
    case CW_TYPE_UUID:
        sqlite3_bind_blob(statement, place, (const uint8_t *)column->values + row * 16, 16, SQLITE_STATIC);
        break;
    case CW_TYPE_STRING: {
        const char *text = cw_column_string(column, row, &length);
        sqlite3_bind_text(statement, place, length > 0 ? text : "", (int)length, SQLITE_STATIC);
        break;
    }
    }
}

/* A statement for each row: one for all of them would copy each page of table and indexes that it changes, to
 * be able to undo half of itself. *added: rows that were not there. */
static cw_status insert_rows(struct cw_connection *connection, const struct cw_batch *batch, int64_t *added,
                             struct cw_error *error)
{
    struct sql_text sql = {.length = 0};
    row_sql(&sql, batch->entity);
    sqlite3_stmt *statement = NULL;
    cw_status status = cw_connection_prepare(connection, sql.text, &statement, error);
    for (int64_t row = 0; status == CW_OK && row < batch->row_count; row++) {
        for (uint32_t c = 0; c < batch->column_count; c++) {
            bind_value(statement, (int)c + 1, &batch->columns[c], row);
        }
        if (sqlite3_step(statement) != SQLITE_DONE) {
            status = cw_connection_error(connection, error);
        }
        *added += status == CW_OK ? sqlite3_changes(connection->db) : 0;
        sqlite3_reset(statement);
    }
    if (statement != NULL) {
        cw_statement_finish(statement);
    }
    return status;
}

cw_status cw_batch_insert(struct cw_connection *connection, const struct cw_batch *batch, int64_t *added,
                          struct cw_error *error)
{
    int64_t count = 0;
    const cw_status status = batch->entity->id == CW_ENTITY_STOCK
                                 ? merge_stock(connection, batch, &count, error)
                                 : insert_rows(connection, batch, &count, error);
    if (status == CW_OK) {
        *added = count;
    }
    return status;
}

cw_status cw_batch_insert_bulk(struct cw_connection *connection, const struct cw_batch *batch, int64_t *added,
                               struct cw_error *error)
{
    int64_t before = 0;
    int64_t after = 0;
    cw_status status = highest_rowid(connection, batch->entity->table, &before, error);
    if (status == CW_OK) {
        status = insert_bulk(connection, batch, error);
    }
    if (status == CW_OK) {
        status = highest_rowid(connection, batch->entity->table, &after, error);
    }
    if (status == CW_OK) {
        *added = after - before;
    }
    return status;
}
