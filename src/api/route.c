#include "api/route.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "api/api.h"
#include "api/caller_check.h"
#include "api/list_resource.h"
#include "api/media_type.h"
#include "base/parse.h"
#include "service/yaml_read.h"

#define SEGMENT_MAX 128

/* Takes a decoded segment for a value of the path. */
static bool take_value(struct cw_exchange *exchange, const char *name, size_t name_size, const char *segment)
{
    const size_t length = strlen(segment);
    if (name_size == 5 && memcmp(name, "table", 5) == 0) {
        exchange->entity = cw_entity_find(segment, length);
        return exchange->entity != NULL && strcmp(exchange->entity->table, segment) == 0;
    }
    if (!cw_parse_uuid(segment, length, exchange->id.bytes)) {
        return false;
    }
    cw_uuid_text(&exchange->id, exchange->id_text);
    return true;
}

/* Tells most that don't match without decoding: they differ before a value or an escape. */
static bool may_match(const char *pattern, const char *path)
{
    while (*pattern == *path && *pattern != '\0') {
        pattern++;
        path++;
    }
    return *pattern == *path || *pattern == '{' || *path == '%';
}

/* Whether a path as sent is one of a pattern; its values go into exchange. */
static bool path_matches(struct cw_exchange *exchange, const char *pattern, const char *path)
{
    char segment[SEGMENT_MAX];
    if (!may_match(pattern, path)) {
        return false;
    }
    while (*pattern == '/' && *path == '/') {
        const size_t pattern_size = strcspn(++pattern, "/");
        const size_t path_size = strcspn(++path, "/");
        size_t length = 0;
        if (path_size >= sizeof segment || !cw_uri_decode(path, path_size, false, segment, &length) ||
            strlen(segment) != length || strchr(segment, '/') != NULL) {
            return false;
        }
        if (pattern[0] == '{') {
            if (!take_value(exchange, pattern + 1, pattern_size - 2, segment)) {
                return false;
            }
        } else if (length != pattern_size || memcmp(segment, pattern, length) != 0) {
            return false;
        }
        pattern += pattern_size;
        path += path_size;
    }
    return *pattern == '\0' && *path == '\0';
}

static void add_method(char *allow, const char *method)
{
    const size_t used = strlen(allow);
    if (strstr(allow, method) == NULL) {
        snprintf(allow + used, CW_ROUTE_ALLOW_MAX - used, "%s%s", used == 0 ? "" : ", ", method);
    }
}

static enum cw_route_match list_methods(struct cw_exchange *exchange, char allow[CW_ROUTE_ALLOW_MAX])
{
    allow[0] = '\0';
    for (size_t i = 0; i < cw_route_count; i++) {
        const struct cw_route *route = &cw_routes[i];
        if (path_matches(exchange, route->path, exchange->uri.path)) {
            add_method(allow, route->method);
            if (strcmp(route->method, "GET") == 0) {
                add_method(allow, "HEAD");
            }
        }
    }
    if (allow[0] == '\0') {
        return CW_ROUTE_NO_PATH;
    }
    add_method(allow, "OPTIONS");
    return CW_ROUTE_NO_METHOD;
}

enum cw_route_match cw_route_find(struct cw_exchange *exchange, char allow[CW_ROUTE_ALLOW_MAX])
{
    const bool is_head = strcmp(exchange->method, "HEAD") == 0;
    const char *wanted = is_head ? "GET" : exchange->method;
    for (size_t i = 0; i < cw_route_count; i++) {
        const struct cw_route *route = &cw_routes[i];
        if (strcmp(route->method, wanted) == 0 && path_matches(exchange, route->path, exchange->uri.path)) {
            exchange->route = route;
            exchange->is_head = is_head;
            return CW_ROUTE_FOUND;
        }
    }
    return list_methods(exchange, allow);
}

/* What may have been meant by /api/v1/NAME/ID, as both come from people. */
static void explain_path(const char *path, char *detail, size_t size)
{
    static const char root[] = "/api/v1/";
    enum { GENERATE, RELATIONSHIPS, BULK, EXPORTS, JOBS, RUNS, TABLES };
    const char *names[TABLES + CW_ENTITY_COUNT] = {[GENERATE] = "generate", [RELATIONSHIPS] = "relationships",
                                                   [BULK] = "bulk",         [EXPORTS] = "exports",
                                                   [JOBS] = "jobs",         [RUNS] = "runs"};
    char name[64];
    for (int i = 0; i < CW_ENTITY_COUNT; i++) {
        names[TABLES + i] = cw_entity_get((enum cw_entity_id)i)->table;
    }
    const bool is_ours = strncmp(path, root, sizeof root - 1) == 0;
    const char *first = is_ours ? path + sizeof root - 1 : "";
    const size_t length = strcspn(first, "/");
    snprintf(name, sizeof name, "%.*s", (int)length, first);
    const char *nearest = cw_name_nearest(name, names, TABLES + CW_ENTITY_COUNT);
    uint8_t id[16];
    const char *rest = first + length + (first[length] == '/');
    const size_t rest_length = strcspn(rest, "/");
    const bool has_ids =
        nearest == names[JOBS] || nearest == names[RUNS] || cw_entity_find(name, length) != NULL;
    if (nearest != NULL && strcmp(nearest, name) != 0) {
        snprintf(detail, size, "there is nothing at this path; did you mean %s%s?", root, nearest);
    } else if (nearest == names[EXPORTS]) {
        snprintf(name, sizeof name, "%.*s", (int)rest_length, rest);
        nearest = cw_name_nearest(name, names + TABLES, CW_ENTITY_COUNT);
        snprintf(detail, size, "there is nothing at this path; expected %sexports/%s", root,
                 nearest != NULL ? nearest : "TABLE");
    } else if (has_ids && rest_length > 0 && !cw_parse_uuid(rest, rest_length, id)) {
        snprintf(detail, size, "there is nothing at this path; expected a UUID after %s%s/", root, nearest);
    } else {
        snprintf(detail, size, "there is nothing at this path; see /openapi.json for what there is");
    }
}

/* Answers what no route does. */
static void answer_unrouted(struct cw_exchange *exchange, enum cw_route_match match, const char *allow)
{
    char detail[160];
    if (match == CW_ROUTE_NO_PATH) {
        explain_path(exchange->uri.path, detail, sizeof detail);
        cw_reply_problem(exchange, 404, detail, NULL);
        return;
    }
    cw_reply_header(&exchange->reply, "Allow", allow, NULL);
    if (strcmp(exchange->method, "OPTIONS") == 0) {
        exchange->reply.status = 204;
        return;
    }
    snprintf(detail, sizeof detail, "the method %s is not known here; expected %s", exchange->method, allow);
    cw_reply_problem(exchange, 405, detail, NULL);
}

static bool negotiate(struct cw_exchange *exchange)
{
    const struct cw_route *route = exchange->route;
    if ((route->flags & CW_ROUTE_ROWS) != 0) {
        static const enum cw_format formats[] = {CW_FORMAT_JSON, CW_FORMAT_NDJSON, CW_FORMAT_CSV,
                                                 CW_FORMAT_PARQUET};
        const char *offered[4];
        for (size_t i = 0; i < 4; i++) {
            offered[i] = cw_format_media_type(formats[i]);
        }
        const int choice = cw_media_type_choose(exchange->accept, offered, 4);
        exchange->format = choice >= 0 ? formats[choice] : CW_FORMAT_JSON;
        if (choice < 0) {
            cw_reply_problem(exchange, 406,
                             "this path answers application/json, application/x-ndjson, text/csv or "
                             "application/vnd.apache.parquet",
                             NULL);
        }
        return choice >= 0;
    }
    const char *offered = route->media_type != NULL ? route->media_type : "application/json";
    if (cw_media_type_choose(exchange->accept, &offered, 1) >= 0) {
        return true;
    }
    char detail[128];
    snprintf(detail, sizeof detail, "this path answers %.*s", (int)strcspn(offered, ";"), offered);
    cw_reply_problem(exchange, 406, detail, NULL);
    return false;
}

static bool check_parameters(struct cw_exchange *exchange)
{
    const struct cw_route *route = exchange->route;
    struct cw_field_errors errors = {0};
    const bool filtered = (route->flags & CW_ROUTE_FILTERED) != 0;
    cw_query_check(route->query, route->query_count, &exchange->uri, filtered ? cw_list_query_check : NULL,
                   exchange, &errors);
    if (errors.count > 0) {
        cw_reply_problem(exchange, 400, NULL, &errors);
    }
    return errors.count == 0;
}

/* Without room for errors, which takes as long to clear as to find a route, where there is nothing to check.
 */
static bool check_query(struct cw_exchange *exchange)
{
    const bool has_nothing = exchange->route->query_count == 0 && exchange->uri.pair_count == 0;
    return has_nothing || check_parameters(exchange);
}

static bool parse_body(struct cw_exchange *exchange)
{
    const struct cw_route *route = exchange->route;
    struct cw_field_errors errors = {0};
    struct cw_error error = {0};
    const bool has_body = exchange->body.size > 0;
    const bool takes_yaml = (route->flags & CW_ROUTE_YAML) != 0;
    const char *type = exchange->content_type;
    const bool is_yaml = takes_yaml && type != NULL && cw_media_type_is(type, "application/yaml");
    if (type == NULL ? has_body : !is_yaml && !cw_media_type_is(type, "application/json")) {
        cw_reply_header(&exchange->reply, "Accept-Post",
                        takes_yaml ? "application/json, application/yaml" : "application/json", NULL);
        cw_reply_problem(exchange, 415,
                         takes_yaml ? "the body must be application/json or application/yaml"
                                    : "the body must be application/json",
                         NULL);
        return false;
    }
    if (has_body && exchange->content_encoding != NULL &&
        strcasecmp(exchange->content_encoding, "identity") != 0) {
        cw_reply_header(&exchange->reply, "Accept-Encoding", "identity", NULL);
        cw_reply_problem(exchange, 415, "a body is taken as it is; expected no Content-Encoding", NULL);
        return false;
    }
    if (!has_body) {
        exchange->json = json_object();
    } else if ((is_yaml ? cw_yaml_parse : cw_json_parse)(exchange->body.data, exchange->body.size,
                                                         &exchange->json, &error) != CW_OK) {
        cw_reply_error(exchange, 400, &error);
        return false;
    }
    const struct cw_field_limits limits = {.count = exchange->api->largest_count};
    cw_fields_check(route->body, route->body_count, &limits, exchange->json, "", &errors);
    if (errors.count > 0) {
        cw_reply_problem(exchange, 400, NULL, &errors);
    }
    return errors.count == 0;
}

static bool read_body(struct cw_exchange *exchange)
{
    if (exchange->route->body != NULL) {
        return parse_body(exchange);
    }
    if (exchange->body.size > 0) {
        cw_reply_problem(exchange, 400, "this request takes no body", NULL);
    }
    return exchange->body.size == 0;
}

bool cw_route_prepare(struct cw_exchange *exchange)
{
    char allow[CW_ROUTE_ALLOW_MAX];
    const enum cw_route_match match = cw_route_find(exchange, allow);
    if (!cw_caller_check(exchange)) {
        return false;
    }
    if (match != CW_ROUTE_FOUND) {
        answer_unrouted(exchange, match, allow);
        return false;
    }
    /* Any web page can have a browser send it a POST without a body; that must not change the shop. */
    if (exchange->is_cross_site && strcmp(exchange->route->method, "GET") != 0) {
        cw_reply_problem(exchange, 403, "pages of other sites may not change anything here", NULL);
        return false;
    }
    if (exchange->idempotency_key != NULL && !cw_request_id_is_good(exchange->idempotency_key)) {
        cw_reply_problem(exchange, 400,
                         "Idempotency-Key must be 1 to 128 visible ASCII characters without quotes", NULL);
        return false;
    }
    return negotiate(exchange) && check_query(exchange) && read_body(exchange);
}

void cw_route_run(struct cw_exchange *exchange)
{
    struct cw_error error = {0};
    const cw_status status = exchange->route->handler(exchange, &error);
    if (status != CW_OK) {
        error.code = status;
        exchange->reply.headers.size = 0; /* they told of a success */
        cw_reply_error(exchange, 0, &error);
    }
}
