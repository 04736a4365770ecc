#include "api/openapi.h"

#include <stdio.h>
#include <string.h>

#include "api/field.h"
#include "api/route.h"
#include "cartwright/encode.h"
#include "service/program_version.h"

/* What is being described. */
struct description {
    struct cw_json_writer writer;
    struct cw_field_limits limits;
};

static void begin_parameter(struct cw_json_writer *writer, const char *name, const char *in, bool required)
{
    cw_json_open(writer, '{');
    cw_json_put_text(writer, "name", name);
    cw_json_put_text(writer, "in", in);
    if (required) {
        cw_json_put_bool(writer, "required", true);
    }
}

static void put_simple_parameter(struct cw_json_writer *writer, const char *name, const char *in,
                                 bool required, const char *schema, const char *meaning)
{
    begin_parameter(writer, name, in, required);
    if (meaning != NULL) {
        cw_json_put_text(writer, "description", meaning);
    }
    cw_json_put_quoted(writer, "schema", schema);
    cw_json_close(writer, '}');
}

/* fields=id,email: a list of columns without repetition. */
static void put_fields_parameter(struct cw_json_writer *writer, const struct cw_entity *entity)
{
    begin_parameter(writer, "fields", "query", false);
    cw_json_put_text(writer, "description", "Columns to answer, in this order; all by default");
    cw_json_put_text(writer, "style", "form");
    cw_json_put_bool(writer, "explode", false);
    cw_json_key(writer, "schema");
    cw_json_open(writer, '{');
    cw_json_put_text(writer, "type", "array");
    cw_json_put_number(writer, "minItems", 1);
    cw_json_put_bool(writer, "uniqueItems", true);
    cw_json_key(writer, "items");
    cw_json_open(writer, '{');
    cw_json_put_text(writer, "type", "string");
    cw_json_key(writer, "enum");
    cw_json_open(writer, '[');
    for (uint32_t i = 0; i < entity->column_count; i++) {
        cw_json_text(writer, entity->columns[i].name);
    }
    cw_json_close(writer, ']');
    cw_json_close(writer, '}');
    cw_json_close(writer, '}');
    cw_json_close(writer, '}');
}

static void put_filter_schema(struct cw_json_writer *writer, const struct cw_column_def *column)
{
    static const char *const schemas[] = {
        [CW_TYPE_BOOL] = "'type':'boolean'",
        [CW_TYPE_INT32] = "'type':'integer','format':'int32','minimum':-2147483648,'maximum':2147483647",
        [CW_TYPE_INT64] =
            "'type':'integer','format':'int64','minimum':-9223372036854775808,'maximum':9223372036854775807",
        [CW_TYPE_DATE] = "'type':'string','format':'date'",
        [CW_TYPE_TIMESTAMP] = "'type':'string','anyOf':[{'format':'date'},{'format':'date-time'}]",
        [CW_TYPE_UUID] = "'type':'string','format':'uuid'",
        [CW_TYPE_STRING] = "'type':'string'",
    };
    char schema[160];
    snprintf(schema, sizeof schema, "{%s}", schemas[column->type]);
    if (column->values == NULL) {
        cw_json_put_quoted(writer, "schema", schema);
        return;
    }
    cw_json_key(writer, "schema");
    cw_json_open(writer, '{');
    cw_json_put_text(writer, "type", "string");
    cw_json_put_choices(writer, column->values);
    cw_json_close(writer, '}');
}

static void put_filter(struct cw_json_writer *writer, const struct cw_column_def *column,
                       const char *operator)
{
    char name[64];
    snprintf(name, sizeof name, "%s%s", column->name, operator);
    begin_parameter(writer, name, "query", false);
    put_filter_schema(writer, column);
    cw_json_close(writer, '}');
}

/* Equality for every column, and a range for those with an order worth asking for. */
static void put_filters(struct cw_json_writer *writer, const struct cw_entity *entity)
{
    for (uint32_t i = 0; i < entity->column_count; i++) {
        const struct cw_column_def *column = &entity->columns[i];
        put_filter(writer, column, "");
        if (column->type == CW_TYPE_TIMESTAMP || column->type == CW_TYPE_DATE ||
            column->type == CW_TYPE_INT32 || column->type == CW_TYPE_INT64) {
            put_filter(writer, column, "[gte]");
            put_filter(writer, column, "[lt]");
        }
    }
}

static void put_query(struct description *about, const struct cw_route *route, const struct cw_entity *entity)
{
    struct cw_json_writer *writer = &about->writer;
    char cursor[64];
    for (size_t i = 0; i < route->query_count; i++) {
        const struct cw_field *field = &route->query[i];
        if (entity != NULL && strcmp(field->name, "fields") == 0) {
            put_fields_parameter(writer, entity);
        } else if (entity != NULL && strcmp(field->name, "cursor") == 0) {
            snprintf(cursor, sizeof cursor, "{'type':'string','pattern':'^c%02x[0-9a-f]{32}$'}",
                     (unsigned)entity->id);
            put_simple_parameter(writer, field->name, "query", false, cursor, field->meaning);
        } else {
            begin_parameter(writer, field->name, "query", field->required);
            cw_json_put_text(writer, "description", field->meaning);
            cw_json_key(writer, "schema");
            cw_field_schema(writer, field, &about->limits);
            cw_json_close(writer, '}');
        }
    }
    if ((route->flags & CW_ROUTE_FILTERED) != 0) {
        put_filters(writer, entity);
    }
}

static void put_parameters(struct description *about, const struct cw_route *route,
                           const struct cw_entity *entity)
{
    struct cw_json_writer *writer = &about->writer;
    cw_json_key(writer, "parameters");
    cw_json_open(writer, '[');
    if (strstr(route->path, "{id}") != NULL) {
        put_simple_parameter(writer, "id", "path", true, "{'type':'string','format':'uuid'}", NULL);
    }
    put_query(about, route, entity);
    if ((route->flags & CW_ROUTE_KEYED) != 0) {
        put_simple_parameter(
            writer, "Idempotency-Key", "header", false, "{'type':'string','pattern':'^[!#-Z^-~]{1,128}$'}",
            "The answer to the first request with this key is given again for a day, also after a "
            "restart of the server; another request with the same key is refused");
    }
    if ((route->flags & CW_ROUTE_ASYNC) != 0) {
        put_simple_parameter(
            writer, "Prefer", "header", false, "{'type':'string','example':'respond-async'}",
            "respond-async: answer 202 with a job at once; other preferences are passed over");
    }
    cw_json_close(writer, ']');
}

static void put_example(struct cw_json_writer *writer, const struct cw_route *route)
{
    cw_json_key(writer, "example");
    cw_json_open(writer, '{');
    for (size_t i = 0; i < route->body_count; i++) {
        if (route->body[i].example != NULL) {
            cw_json_put_quoted(writer, route->body[i].name, route->body[i].example);
        }
    }
    cw_json_close(writer, '}');
}

static void put_body_content(struct description *about, const struct cw_route *route, const char *media_type)
{
    struct cw_json_writer *writer = &about->writer;
    cw_json_key(writer, media_type);
    cw_json_open(writer, '{');
    cw_json_key(writer, "schema");
    cw_fields_schema(writer, route->body, route->body_count, &about->limits);
    put_example(writer, route);
    cw_json_close(writer, '}');
}

static void put_body(struct description *about, const struct cw_route *route)
{
    struct cw_json_writer *writer = &about->writer;
    cw_json_key(writer, "requestBody");
    cw_json_open(writer, '{');
    cw_json_key(writer, "content");
    cw_json_open(writer, '{');
    put_body_content(about, route, "application/json");
    if ((route->flags & CW_ROUTE_YAML) != 0) {
        put_body_content(about, route, "application/yaml");
    }
    cw_json_close(writer, '}');
    cw_json_close(writer, '}');
}

static void put_content(struct cw_json_writer *writer, const char *media_type, const char *schema)
{
    cw_json_key(writer, media_type);
    cw_json_open(writer, '{');
    /* A stream of events is no text to be held against a schema as a whole. */
    if (strcmp(media_type, "text/event-stream") != 0) {
        cw_json_put_quoted(writer, "schema", schema);
    }
    cw_json_close(writer, '}');
}

static void put_good_content(struct cw_json_writer *writer, const struct cw_route *route,
                             const struct cw_entity *entity, int status)
{
    char schema[120];
    const char *name = status == 202 ? "Job" : route->schema;
    if (name != NULL) {
        snprintf(schema, sizeof schema, "{'$ref':'#/components/schemas/%s'}", name);
    } else if (entity != NULL) {
        const bool is_list = (route->flags & (CW_ROUTE_FILTERED | CW_ROUTE_FILE)) == CW_ROUTE_FILTERED;
        const bool is_file = (route->flags & CW_ROUTE_FILE) != 0;
        snprintf(schema, sizeof schema, "%s{'$ref':'#/components/schemas/%s%s'}%s",
                 is_file ? "{'type':'array','items':" : "", is_list ? entity->table : entity->name,
                 is_list ? "_page" : "", is_file ? "}" : "");
    } else {
        snprintf(schema, sizeof schema, "{'type':'string'}");
    }
    cw_json_key(writer, "content");
    cw_json_open(writer, '{');
    put_content(writer, route->media_type != NULL && status != 202 ? route->media_type : "application/json",
                schema);
    if ((route->flags & CW_ROUTE_ROWS) != 0 && status != 202) {
        put_content(writer, cw_format_media_type(CW_FORMAT_NDJSON), "{'type':'string'}");
        put_content(writer, cw_format_media_type(CW_FORMAT_CSV), "{'type':'string'}");
        put_content(writer, cw_format_media_type(CW_FORMAT_PARQUET),
                    "{'type':'string','contentMediaType':'application/vnd.apache.parquet'}");
    }
    cw_json_close(writer, '}');
}

static void put_response(struct cw_json_writer *writer, const struct cw_route *route,
                         const struct cw_entity *entity, int status)
{
    char code[12];
    snprintf(code, sizeof code, "%d", status);
    cw_json_key(writer, code);
    if (status >= 400) {
        char reference[80];
        snprintf(reference, sizeof reference, "{\"$ref\":\"#/components/responses/%d\"}", status);
        cw_json_raw(writer, reference, strlen(reference));
        return;
    }
    cw_json_open(writer, '{');
    cw_json_put_text(writer, "description", cw_http_reason(status));
    put_good_content(writer, route, entity, status);
    cw_json_close(writer, '}');
}

static void put_responses(struct cw_json_writer *writer, const struct cw_route *route,
                          const struct cw_entity *entity)
{
    static const int usual[] = {400, 406, 500};
    bool has_unavailable = false;
    cw_json_key(writer, "responses");
    cw_json_open(writer, '{');
    for (size_t i = 0; i < CW_ROUTE_STATUSES_MAX && route->statuses[i] != 0; i++) {
        put_response(writer, route, entity, route->statuses[i]);
        has_unavailable |= route->statuses[i] == 503;
    }
    for (size_t i = 0; i < sizeof usual / sizeof usual[0]; i++) {
        put_response(writer, route, entity, usual[i]);
    }
    if (route->body != NULL) {
        put_response(writer, route, entity, 413);
        put_response(writer, route, entity, 415);
    }
    if (!has_unavailable) {
        put_response(writer, route, entity, 503);
    }
    for (size_t i = 0; i < 3 && (route->flags & CW_ROUTE_PUBLIC) == 0; i++) {
        static const int guarded[] = {401, 403, 429};
        put_response(writer, route, entity, guarded[i]);
    }
    cw_json_close(writer, '}');
}

static void put_operation(struct description *about, const struct cw_route *route,
                          const struct cw_entity *entity)
{
    struct cw_json_writer *writer = &about->writer;
    char text[160];
    char method[16] = "";
    for (size_t i = 0; route->method[i] != '\0' && i + 1 < sizeof method; i++) {
        method[i] = (char)(route->method[i] | 0x20);
    }
    cw_json_key(writer, method);
    cw_json_open(writer, '{');
    snprintf(text, sizeof text, "%s%s%s", route->operation, entity != NULL ? "_" : "",
             entity != NULL ? entity->table : "");
    cw_json_put_text(writer, "operationId", text);
    cw_json_key(writer, "tags");
    cw_json_open(writer, '[');
    cw_json_text(writer, entity != NULL ? entity->table : route->tag);
    cw_json_close(writer, ']');
    cw_json_put_text(writer, "summary", route->summary);
    if ((route->flags & CW_ROUTE_FILTERED) != 0) {
        cw_json_put_text(
            writer, "description",
            "Conditions are joined by AND. Each column can be compared: column=value or column[eq], and "
            "column[ne], [lt], [lte], [gt], [gte].");
    }
    if ((route->flags & CW_ROUTE_PUBLIC) != 0) {
        cw_json_put_quoted(writer, "security", "[]");
    }
    put_parameters(about, route, entity);
    if (route->body != NULL) {
        put_body(about, route);
    }
    put_responses(writer, route, entity);
    cw_json_close(writer, '}');
}

/* Writes a path's name with the table filled in. */
static void put_path_key(struct cw_json_writer *writer, const char *path, const struct cw_entity *entity)
{
    char text[128];
    const char *mark = strstr(path, "{table}");
    if (mark == NULL || entity == NULL) {
        cw_json_key(writer, path);
        return;
    }
    snprintf(text, sizeof text, "%.*s%s%s", (int)(mark - path), path, entity->table,
             mark + strlen("{table}"));
    cw_json_key(writer, text);
}

static bool is_first_of_path(size_t index)
{
    for (size_t i = 0; i < index; i++) {
        if (strcmp(cw_routes[i].path, cw_routes[index].path) == 0) {
            return false;
        }
    }
    return (cw_routes[index].flags & CW_ROUTE_HIDDEN) == 0;
}

/* All operations of the path of a route. */
static void put_path(struct description *about, size_t first, const struct cw_entity *entity)
{
    put_path_key(&about->writer, cw_routes[first].path, entity);
    cw_json_open(&about->writer, '{');
    for (size_t i = first; i < cw_route_count; i++) {
        if (strcmp(cw_routes[i].path, cw_routes[first].path) == 0) {
            put_operation(about, &cw_routes[i], entity);
        }
    }
    cw_json_close(&about->writer, '}');
}

static void put_paths(struct description *about)
{
    cw_json_key(&about->writer, "paths");
    cw_json_open(&about->writer, '{');
    for (size_t i = 0; i < cw_route_count; i++) {
        if (!is_first_of_path(i)) {
            continue;
        }
        if ((cw_routes[i].flags & CW_ROUTE_PER_TABLE) == 0) {
            put_path(about, i, NULL);
            continue;
        }
        for (int e = 0; e < CW_ENTITY_COUNT; e++) {
            put_path(about, i, cw_entity_get((enum cw_entity_id)e));
        }
    }
    cw_json_close(&about->writer, '}');
}

static void put_components(struct description *about)
{
    static const int statuses[] = {400, 401, 403, 404, 406, 409, 413, 415, 422, 429, 500, 503};
    struct cw_json_writer *writer = &about->writer;
    cw_json_key(writer, "components");
    cw_json_open(writer, '{');
    cw_json_key(writer, "responses");
    cw_json_open(writer, '{');
    for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++) {
        char code[12];
        snprintf(code, sizeof code, "%d", statuses[i]);
        cw_json_key(writer, code);
        cw_json_open(writer, '{');
        cw_json_put_text(writer, "description", cw_http_reason(statuses[i]));
        cw_json_put_quoted(writer, "content",
                           "{'application/problem+json':{'schema':{'$ref':'#/components/schemas/Problem'}}}");
        cw_json_close(writer, '}');
    }
    cw_json_close(writer, '}');
    cw_json_put_quoted(
        writer, "securitySchemes",
        "{'bearer':{'type':'http','scheme':'bearer','description':'A key (cwk_...) or a JSON Web Token'},"
        "'key':{'type':'apiKey','in':'header','name':'X-API-Key','description':'A key (cwk_...)'}}");
    cw_json_key(writer, "schemas");
    cw_json_open(writer, '{');
    cw_openapi_schemas(writer);
    cw_json_close(writer, '}');
    cw_json_close(writer, '}');
}

cw_status cw_openapi_write(int64_t largest_count, struct cw_buffer *out, struct cw_error *error)
{
    struct description about = {cw_json_writer_init(out, error), {.count = largest_count}};
    struct cw_json_writer *writer = &about.writer;
    cw_json_open(writer, '{');
    cw_json_put_text(writer, "openapi", "3.1.0");
    cw_json_key(writer, "info");
    cw_json_open(writer, '{');
    cw_json_put_text(writer, "title", "Cartwright");
    cw_json_put_text(writer, "version", CW_PROGRAM_VERSION);
    cw_json_put_text(
        writer, "description",
        "Makes an online shop that never existed: customers, catalogue, stock, orders, payments and "
        "parcels that belong together. A value of the wrong kind is answered by 400; one of the right "
        "kind that does not fit the data by 422; both name the field and what was expected.");
    cw_json_put_quoted(writer, "license", "{'name':'Apache-2.0','identifier':'Apache-2.0'}");
    cw_json_close(writer, '}');
    cw_json_put_quoted(writer, "servers", "[{'url':'/'}]");
    /* The empty one: a server that listens on loopback only may ask nobody. */
    cw_json_put_quoted(writer, "security", "[{},{'bearer':[]},{'key':[]}]");
    put_paths(&about);
    put_components(&about);
    cw_json_close(writer, '}');
    return writer->status;
}
