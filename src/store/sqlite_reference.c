#include "store/sqlite_reference.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Ids remembered for each parent table: 1 MiB of them. A newer id takes the place of an older one. */
#define KNOWN_BITS 16
#define KNOWN_COUNT (1u << KNOWN_BITS)
/* References put off for each column before the whole column is checked instead. */
#define PENDING_MAX 65536u

struct known_ids {
    uint8_t (*ids)[16];
};

/* References of one column that no remembered parent answers. */
struct pending_ids {
    uint8_t (*ids)[16];
    uint32_t count;
    uint32_t capacity;
    bool whole_column;
};

struct cw_references {
    struct known_ids known[CW_ENTITY_COUNT];
    struct pending_ids *pending[CW_ENTITY_COUNT]; /* by entity, then column */
};

cw_status cw_references_new(struct cw_references **references, struct cw_error *error)
{
    struct cw_references *made = calloc(1, sizeof *made);
    if (made == NULL) {
        return cw_error_set(error, CW_E_NO_MEMORY, NULL, "out of memory: checking references");
    }
    *references = made;
    return CW_OK;
}

void cw_references_free(struct cw_references *references)
{
    if (references == NULL) {
        return;
    }
    for (int e = 0; e < CW_ENTITY_COUNT; e++) {
        free(references->known[e].ids);
        const uint32_t columns = cw_entity_get((enum cw_entity_id)e)->column_count;
        for (uint32_t c = 0; references->pending[e] != NULL && c < columns; c++) {
            free(references->pending[e][c].ids);
        }
        free(references->pending[e]);
    }
    free(references);
}

/* The last bytes of a UUID v7 are random; those of ids made from names (categories, centres) are a digest's.
 */
static uint32_t known_slot(const uint8_t *id)
{
    uint32_t bits;
    memcpy(&bits, id + 12, sizeof bits);
    return (bits * 0x9e3779b1u) >> (32 - KNOWN_BITS);
}

static bool is_known(const struct known_ids *known, const uint8_t *id)
{
    return known->ids != NULL && memcmp(known->ids[known_slot(id)], id, 16) == 0;
}

static cw_status remember(struct known_ids *known, const uint8_t *ids, int64_t count, struct cw_error *error)
{
    if (known->ids == NULL) {
        known->ids = calloc(KNOWN_COUNT, sizeof *known->ids);
        if (known->ids == NULL) {
            return cw_error_set(error, CW_E_NO_MEMORY, NULL, "out of memory: checking references");
        }
    }
    for (int64_t i = 0; i < count; i++) {
        memcpy(known->ids[known_slot(ids + i * 16)], ids + i * 16, 16);
    }
    return CW_OK;
}

static bool is_parent(enum cw_entity_id entity)
{
    for (int e = 0; e < CW_ENTITY_COUNT; e++) {
        const struct cw_entity *other = cw_entity_get((enum cw_entity_id)e);
        for (uint32_t c = 0; c < other->column_count; c++) {
            if (other->columns[c].reference == (int)entity) {
                return true;
            }
        }
    }
    return false;
}

static cw_status put_off(struct pending_ids *pending, const uint8_t *id, struct cw_error *error)
{
    if (pending->whole_column) {
        return CW_OK;
    }
    if (pending->count == PENDING_MAX) {
        pending->whole_column = true;
        pending->count = 0;
        return CW_OK;
    }
    if (pending->count == pending->capacity) {
        const uint32_t capacity = pending->capacity > 0 ? pending->capacity * 2 : 256;
        uint8_t(*grown)[16] = realloc(pending->ids, capacity * sizeof *grown);
        if (grown == NULL) {
            return cw_error_set(error, CW_E_NO_MEMORY, NULL, "out of memory: checking references");
        }
        pending->ids = grown;
        pending->capacity = capacity;
    }
    memcpy(pending->ids[pending->count++], id, 16);
    return CW_OK;
}

static cw_status id_exists(struct cw_connection *connection, const struct cw_entity *parent,
                           const uint8_t *id, bool *exists, struct cw_error *error)
{
    char sql[128];
    snprintf(sql, sizeof sql, "SELECT 1 FROM %s WHERE id = ?1", parent->table);
    sqlite3_stmt *statement;
    cw_status status = cw_connection_prepare(connection, sql, &statement, error);
    int64_t found = 0;
    if (status == CW_OK) {
        sqlite3_bind_blob(statement, 1, id, 16, SQLITE_STATIC);
        status = cw_statement_integer(connection, statement, &found, error);
    }
    *exists = found == 1;
    return status;
}

/* Looks the column's pending references up; those without a parent stay pending. */
static cw_status look_up(struct cw_references *references, struct cw_connection *connection,
                         struct pending_ids *pending, int parent, struct cw_error *error)
{
    struct known_ids *known = &references->known[parent];
    uint32_t kept = 0;
    cw_status status = CW_OK;
    for (uint32_t i = 0; status == CW_OK && i < pending->count; i++) {
        const uint8_t *id = pending->ids[i];
        if (is_known(known, id)) {
            continue;
        }
        bool exists = false;
        status = id_exists(connection, cw_entity_get((enum cw_entity_id)parent), id, &exists, error);
        if (status == CW_OK && exists) {
            status = remember(known, id, 1, error);
        } else if (status == CW_OK) {
            memmove(pending->ids[kept++], id, 16);
        }
    }
    pending->count = status == CW_OK ? kept : pending->count;
    return status;
}

static cw_status add_column(struct cw_references *references, struct cw_connection *connection,
                            const struct cw_batch *batch, uint32_t index, bool is_deferred,
                            struct cw_error *error)
{
    const int parent = batch->entity->columns[index].reference;
    const struct known_ids *known = &references->known[parent];
    struct pending_ids *pending = &references->pending[batch->entity->id][index];
    const struct cw_column *column = &batch->columns[index];
    const uint8_t *ids = column->values;
    const uint32_t before = pending->count;
    cw_status status = CW_OK;
    for (int64_t row = 0; status == CW_OK && row < batch->row_count; row++) {
        if (cw_column_is_valid(column, row) && !is_known(known, ids + row * 16)) {
            status = put_off(pending, ids + row * 16, error);
        }
    }
    if (status == CW_OK && !is_deferred && pending->count > before) {
        status = look_up(references, connection, pending, parent, error);
    }
    return status;
}

cw_status cw_references_add(struct cw_references *references, struct cw_connection *connection,
                            const struct cw_batch *batch, const bool is_deferred[CW_ENTITY_COUNT],
                            struct cw_error *error)
{
    const struct cw_entity *entity = batch->entity;
    if (references->pending[entity->id] == NULL) {
        references->pending[entity->id] = calloc(entity->column_count, sizeof(struct pending_ids));
        if (references->pending[entity->id] == NULL) {
            return cw_error_set(error, CW_E_NO_MEMORY, NULL, "out of memory: checking references");
        }
    }
    cw_status status = CW_OK;
    if (is_parent(entity->id)) {
        status = remember(&references->known[entity->id], batch->columns[0].values, batch->row_count, error);
    }
    for (uint32_t c = 0; status == CW_OK && c < entity->column_count; c++) {
        const int parent = entity->columns[c].reference;
        if (parent != CW_NO_REFERENCE) {
            status = add_column(references, connection, batch, c, is_deferred[parent], error);
        }
    }
    return status;
}

static void format_id(const uint8_t *id, char text[37])
{
    char *out = text;
    for (int i = 0; i < 16; i++) {
        out += snprintf(out, 4, i == 4 || i == 6 || i == 8 || i == 10 ? "-%02x" : "%02x", id[i]);
    }
}

static cw_status missing_parent(const struct cw_entity *entity, uint32_t column, const uint8_t *id,
                                struct cw_error *error)
{
    char text[37];
    format_id(id, text);
    const struct cw_column_def *definition = &entity->columns[column];
    return cw_error_set(error, CW_E_VIOLATION, definition->name,
                        "%s.%s is %s, expected the id of a row of %s", entity->table, definition->name, text,
                        cw_entity_get((enum cw_entity_id)definition->reference)->table);
}

static cw_status check_whole_column(struct cw_connection *connection, const struct cw_entity *entity,
                                    uint32_t column, struct cw_error *error)
{
    const struct cw_column_def *definition = &entity->columns[column];
    char sql[512];
    snprintf(
        sql, sizeof sql,
        "SELECT %s FROM %s AS child WHERE %s IS NOT NULL AND NOT EXISTS (SELECT 1 FROM %s AS parent WHERE "
        "parent.id = child.%s) LIMIT 1",
        definition->name, entity->table, definition->name,
        cw_entity_get((enum cw_entity_id)definition->reference)->table, definition->name);
    sqlite3_stmt *statement;
    cw_status status = cw_connection_prepare(connection, sql, &statement, error);
    if (status != CW_OK) {
        return status;
    }
    const int code = sqlite3_step(statement);
    if (code == SQLITE_ROW) {
        status = missing_parent(entity, column, sqlite3_column_blob(statement, 0), error);
    } else if (code != SQLITE_DONE) {
        status = cw_connection_error(connection, error);
    }
    cw_statement_finish(statement);
    return status;
}

static cw_status finish_column(struct cw_references *references, struct cw_connection *connection,
                               const struct cw_entity *entity, uint32_t column, struct cw_error *error)
{
    struct pending_ids *pending = &references->pending[entity->id][column];
    if (pending->whole_column) {
        return check_whole_column(connection, entity, column, error);
    }
    const cw_status status =
        look_up(references, connection, pending, entity->columns[column].reference, error);
    if (status == CW_OK && pending->count > 0) {
        return missing_parent(entity, column, pending->ids[0], error);
    }
    return status;
}

cw_status cw_references_finish(struct cw_references *references, struct cw_connection *connection,
                               struct cw_error *error)
{
    cw_status status = CW_OK;
    for (int e = 0; status == CW_OK && e < CW_ENTITY_COUNT; e++) {
        const struct cw_entity *entity = cw_entity_get((enum cw_entity_id)e);
        for (uint32_t c = 0; status == CW_OK && references->pending[e] != NULL && c < entity->column_count;
             c++) {
            if (entity->columns[c].reference != CW_NO_REFERENCE) {
                status = finish_column(references, connection, entity, c, error);
            }
        }
    }
    return status;
}
