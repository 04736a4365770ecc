#include "service/schema_print.h"

#include <string.h>

#include "service/json_read.h"

static const char *const format_names[CW_SCHEMA_FORMAT_COUNT] = {"text", "json", "sql"};
static const char *const personal_names[] = {"none", "identifier", "quasi_identifier", "pseudonym"};

const char *cw_schema_format_name(enum cw_schema_format format)
{
    return (unsigned)format < CW_SCHEMA_FORMAT_COUNT ? format_names[format] : "unknown";
}

int cw_schema_format_find(const char *name)
{
    for (int i = 0; i < CW_SCHEMA_FORMAT_COUNT; i++) {
        if (strcmp(format_names[i], name) == 0) {
            return i;
        }
    }
    return -1;
}

static const char *reference_table(const struct cw_column_def *column)
{
    return column->reference == CW_NO_REFERENCE ? NULL
                                                : cw_entity_get((enum cw_entity_id)column->reference)->table;
}

static cw_status text_column(const struct cw_column_def *column, struct cw_buffer *out,
                             struct cw_error *error)
{
    const char *table = reference_table(column);
    cw_status status =
        cw_buffer_format(out, error, "  %-22s %-10s %-9s%s", column->name, cw_type_name(column->type),
                         column->nullable ? "" : "not null", column->unique ? " unique" : "");
    if (status == CW_OK && table != NULL) {
        status = cw_buffer_format(out, error, " -> %s", table);
    }
    if (status == CW_OK && column->unit[0] != '\0') {
        status = cw_buffer_format(out, error, " [%s]", column->unit);
    }
    if (status == CW_OK && column->personal != CW_PERSONAL_NONE) {
        status = cw_buffer_format(out, error, " (personal: %s)", personal_names[column->personal]);
    }
    if (status == CW_OK) {
        status = cw_buffer_format(out, error, "\n      %s", column->meaning);
    }
    if (status == CW_OK && column->values != NULL) {
        status = cw_buffer_format(out, error, ": %s", column->values);
    }
    return status != CW_OK ? status : cw_buffer_append(out, "\n", 1, error);
}

static cw_status text_entity(const struct cw_entity *entity, bool first, struct cw_buffer *out,
                             struct cw_error *error)
{
    cw_status status =
        cw_buffer_format(out, error, "%s%s: %s\n", first ? "" : "\n", entity->table, entity->meaning);
    for (uint32_t i = 0; i < entity->column_count && status == CW_OK; i++) {
        status = text_column(&entity->columns[i], out, error);
    }
    return status;
}

/* Appends "key":"text" with what stands before it. */
static cw_status put_member(struct cw_buffer *out, const char *before, const char *key, const char *text,
                            struct cw_error *error)
{
    const cw_status status = cw_buffer_format(out, error, "%s\"%s\":", before, key);
    if (status != CW_OK) {
        return status;
    }
    return text == NULL ? cw_buffer_append(out, "null", 4, error)
                        : cw_json_quote(out, text, strlen(text), error);
}

static cw_status put_values(struct cw_buffer *out, const char *values, struct cw_error *error)
{
    cw_status status = cw_buffer_format(out, error, ",\"values\":%s", values == NULL ? "null" : "[");
    const char *at = values;
    while (at != NULL && status == CW_OK) {
        const size_t length = strcspn(at, "|");
        status = cw_json_quote(out, at, length, error);
        at = at[length] == '|' ? at + length + 1 : NULL;
        if (status == CW_OK) {
            status = cw_buffer_append(out, at != NULL ? "," : "]", 1, error);
        }
    }
    return status;
}

static cw_status json_column(const struct cw_column_def *column, bool first, struct cw_buffer *out,
                             struct cw_error *error)
{
    cw_status status = put_member(out, first ? "\n    {" : ",\n    {", "name", column->name, error);
    if (status == CW_OK) {
        status = put_member(out, ",", "type", cw_type_name(column->type), error);
    }
    if (status == CW_OK) {
        status = cw_buffer_format(out, error, ",\"nullable\":%s,\"unique\":%s",
                                  column->nullable ? "true" : "false", column->unique ? "true" : "false");
    }
    if (status == CW_OK) {
        status = put_member(out, ",", "references", reference_table(column), error);
    }
    if (status == CW_OK) {
        status = put_member(out, ",", "personal_data", personal_names[column->personal], error);
    }
    if (status == CW_OK) {
        status = put_member(out, ",", "unit", column->unit[0] == '\0' ? NULL : column->unit, error);
    }
    if (status == CW_OK) {
        status = put_values(out, column->values, error);
    }
    if (status == CW_OK) {
        status = put_member(out, ",", "meaning", column->meaning, error);
    }
    return status != CW_OK ? status : cw_buffer_append(out, "}", 1, error);
}

static cw_status json_entity(const struct cw_entity *entity, bool first, struct cw_buffer *out,
                             struct cw_error *error)
{
    cw_status status = put_member(out, first ? "" : ",\n  ", entity->table, NULL, error);
    if (status != CW_OK) {
        return status;
    }
    out->size -= strlen("null");
    status = put_member(out, "{", "entity", entity->name, error);
    if (status == CW_OK) {
        status = put_member(out, ",", "meaning", entity->meaning, error);
    }
    if (status == CW_OK) {
        status = cw_buffer_format(out, error, ",\"columns\":[");
    }
    for (uint32_t i = 0; i < entity->column_count && status == CW_OK; i++) {
        status = json_column(&entity->columns[i], i == 0, out, error);
    }
    return status != CW_OK ? status : cw_buffer_append(out, "]}", 2, error);
}

static const char *sql_type(const struct cw_column_def *column)
{
    static const char *const names[] = {
        [CW_TYPE_BOOL] = "boolean", [CW_TYPE_INT32] = "integer",
        [CW_TYPE_INT64] = "bigint", [CW_TYPE_DATE] = "date",
        [CW_TYPE_UUID] = "uuid",    [CW_TYPE_TIMESTAMP] = "timestamp with time zone",
        [CW_TYPE_STRING] = "text",
    };
    return names[column->type];
}

static cw_status sql_check(const struct cw_column_def *column, struct cw_buffer *out, struct cw_error *error)
{
    cw_status status = cw_buffer_format(out, error, " CHECK (%s IN (", column->name);
    const char *at = column->values;
    while (at != NULL && status == CW_OK) {
        const size_t length = strcspn(at, "|");
        status = cw_buffer_format(out, error, "'%.*s'", (int)length, at);
        at = at[length] == '|' ? at + length + 1 : NULL;
        if (status == CW_OK) {
            status = cw_buffer_format(out, error, "%s", at != NULL ? ", " : "))");
        }
    }
    return status;
}

static cw_status sql_column(const struct cw_entity *entity, uint32_t index, struct cw_buffer *out,
                            struct cw_error *error)
{
    const struct cw_column_def *column = &entity->columns[index];
    const char *table = reference_table(column);
    cw_status status = cw_buffer_format(out, error, "    %s %s%s", column->name, sql_type(column),
                                        index == 0         ? " PRIMARY KEY"
                                        : column->nullable ? ""
                                                           : " NOT NULL");
    if (status == CW_OK && index != 0 && column->unique) {
        status = cw_buffer_format(out, error, " UNIQUE");
    }
    if (status == CW_OK && table != NULL) {
        status = cw_buffer_format(out, error, " REFERENCES %s (id)", table);
    }
    if (status == CW_OK && column->values != NULL) {
        status = sql_check(column, out, error);
    }
    const char *comma = index + 1 < entity->column_count ? "," : "";
    return status != CW_OK ? status : cw_buffer_format(out, error, "%s -- %s\n", comma, column->meaning);
}

static cw_status sql_entity(const struct cw_entity *entity, bool first, struct cw_buffer *out,
                            struct cw_error *error)
{
    cw_status status = cw_buffer_format(out, error, "%s-- %s\nCREATE TABLE %s (\n", first ? "" : "\n",
                                        entity->meaning, entity->table);
    for (uint32_t i = 0; i < entity->column_count && status == CW_OK; i++) {
        status = sql_column(entity, i, out, error);
    }
    return status != CW_OK ? status : cw_buffer_format(out, error, ");\n");
}

cw_status cw_schema_print(enum cw_schema_format format, uint32_t entities, struct cw_buffer *out,
                          struct cw_error *error)
{
    static cw_status (*const printers[])(const struct cw_entity *, bool, struct cw_buffer *,
                                         struct cw_error *) = {text_entity, json_entity, sql_entity};
    const size_t start = out->size;
    bool first = true;
    cw_status status = format == CW_SCHEMA_JSON ? cw_buffer_format(out, error, "{\n  ") : CW_OK;
    for (int i = 0; i < CW_ENTITY_COUNT && status == CW_OK; i++) {
        if ((entities >> i & 1) != 0) {
            status = printers[format](cw_entity_get((enum cw_entity_id)i), first, out, error);
            first = false;
        }
    }
    if (status == CW_OK && format == CW_SCHEMA_JSON) {
        status = cw_buffer_format(out, error, "\n}\n");
    }
    if (status != CW_OK) {
        out->size = start;
    }
    return status;
}
