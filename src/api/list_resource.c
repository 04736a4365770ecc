#include "api/list_resource.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/api.h"
#include "api/caller_check.h"
#include "api/route.h"
#include "base/parse.h"

#define CURSOR_SIZE 35 /* 'c', the table's number, an id: hexadecimal */
#define DEFAULT_LIMIT 100

/* Splits "created_at[gte]" and finds column and comparison. */
static bool find_filter(const struct cw_entity *entity, const char *name, int *column,
                        enum cw_comparison *comparison)
{
    const size_t length = strcspn(name, "[");
    char operator[8];
    *comparison = CW_EQUAL;
    *column = cw_entity_column(entity, name, length);
    if (*column < 0 || name[length] == '\0') {
        return *column >= 0;
    }
    const char *end = strchr(name + length, ']');
    const size_t size = end != NULL ? (size_t)(end - name) - length - 1 : sizeof operator;
    if (size >= sizeof operator|| end[1] != '\0') {
        return false;
    }
    memcpy(operator, name + length + 1, size);
    operator[size] = '\0';
    return cw_comparison_find(operator, comparison);
}

/* A name that is no column: what it may have been meant for. */
static void add_unknown(const struct cw_exchange *exchange, const struct cw_query_pair *pair,
                        struct cw_field_errors *errors)
{
    const struct cw_entity *entity = exchange->entity;
    const char *names[CW_FIELD_NAMES_MAX];
    size_t count = cw_field_names(exchange->route->query, exchange->route->query_count, names);
    for (uint32_t i = 0; i < entity->column_count && count < CW_FIELD_NAMES_MAX; i++) {
        names[count++] = entity->columns[i].name;
    }
    json_t *value = json_string(pair->value);
    cw_field_errors_add_unknown(errors, "query parameter", pair->name, value, names, count);
    json_decref(value);
}

bool cw_list_query_check(void *context, const struct cw_query_pair *pair, struct cw_field_errors *errors)
{
    const struct cw_exchange *exchange = context;
    char expected[300];
    int column = -1;
    enum cw_comparison comparison;
    if (!find_filter(exchange->entity, pair->name, &column, &comparison)) {
        if (column < 0) {
            add_unknown(exchange, pair, errors);
            return true;
        }
        const char *name = exchange->entity->columns[column].name;
        char message[400];
        snprintf(expected, sizeof expected, "%s alone, or with [eq], [ne], [lt], [lte], [gt] or [gte]", name);
        snprintf(message, sizeof message, "\"%.90s\" is no comparison; expected %.200s", pair->name,
                 expected);
        cw_field_errors_add_message(errors, pair->name, NULL, expected, message);
        return true;
    }
    const struct cw_column_def *definition = &exchange->entity->columns[column];
    if (!cw_filter_value_is_good(definition, pair->value)) {
        cw_field_errors_add_text(errors, pair->name, pair->value, cw_filter_value_expected(definition));
    } else if (definition->values != NULL && !cw_choice_has(definition->values, pair->value)) {
        cw_choice_text(definition->values, expected, sizeof expected);
        cw_field_errors_add_text(errors, pair->name, pair->value, expected);
    }
    return true;
}

static void write_cursor(const struct cw_entity *entity, const struct cw_uuid *id,
                         char cursor[CURSOR_SIZE + 1])
{
    snprintf(cursor, CURSOR_SIZE + 1, "c%02x", (unsigned)entity->id & 0xFF);
    cw_hex_text(id->bytes, sizeof id->bytes, cursor + 3);
}

static bool read_cursor(const struct cw_entity *entity, const char *cursor, struct cw_uuid *id)
{
    char dashed[CW_UUID_TEXT];
    char start[4];
    snprintf(start, sizeof start, "c%02x", (unsigned)entity->id & 0xFF);
    if (strlen(cursor) != CURSOR_SIZE || memcmp(cursor, start, 3) != 0) {
        return false;
    }
    const char *hex = cursor + 3;
    snprintf(dashed, sizeof dashed, "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12, hex + 16, hex + 20);
    return cw_parse_uuid(dashed, strlen(dashed), id->bytes);
}

/* Says which of the names is no column, or comes twice. */
static void add_wrong_column(const struct cw_list_page *page, const char *text, const char *name, size_t size,
                             bool is_known, struct cw_field_errors *errors)
{
    static const char expected[] = "columns of the table, each once, separated by commas";
    const char *names[CW_FIELD_NAMES_MAX];
    char wrong[64];
    char message[200];
    json_t *value = json_string(text);
    for (uint32_t i = 0; i < page->entity->column_count; i++) {
        names[i] = page->entity->columns[i].name;
    }
    snprintf(wrong, sizeof wrong, "%.*s", (int)size, name);
    const char *nearest = cw_name_nearest(wrong, names, page->entity->column_count);
    if (is_known) {
        snprintf(message, sizeof message, "fields names \"%s\" twice; expected %s", wrong, expected);
    } else if (nearest != NULL) {
        snprintf(message, sizeof message, "fields names \"%s\", which is no column; did you mean \"%s\"?",
                 wrong, nearest);
    } else {
        snprintf(message, sizeof message, "fields names \"%s\", which is no column; expected %s", wrong,
                 expected);
    }
    cw_field_errors_add_message(errors, "fields", value, expected, message);
    json_decref(value);
}

/* Reads fields=id,email. */
static void read_columns(const char *text, struct cw_list_page *page, struct cw_field_errors *errors)
{
    const char *whole = text;
    uint64_t seen = 0;
    for (;;) {
        const size_t size = strcspn(text, ",");
        const int column = cw_entity_column(page->entity, text, size);
        if (column < 0 || (seen >> column & 1) != 0) {
            add_wrong_column(page, whole, text, size, column >= 0, errors);
            return;
        }
        seen |= UINT64_C(1) << column;
        page->columns[page->column_count++] = (uint32_t)column;
        if (text[size] == '\0') {
            return;
        }
        text += size + 1;
    }
}

/* Leaves the columns out that the caller may not see. One that is asked for by name, or by a condition, which
 * would tell its value as well, is refused by an answer. */
static bool hide_columns(struct cw_exchange *exchange, struct cw_list_page *page)
{
    const struct cw_entity *entity = page->entity;
    const uint64_t visible = cw_caller_columns(exchange, entity);
    uint64_t asked = 0;
    for (uint32_t i = 0; i < page->column_count; i++) {
        asked |= UINT64_C(1) << page->columns[i];
    }
    for (uint32_t i = 0; i < page->filter_count; i++) {
        asked |= UINT64_C(1) << page->filters[i].column;
    }
    for (uint32_t i = 0; i < entity->column_count; i++) {
        if ((asked & ~visible) >> i & 1) {
            char detail[160];
            snprintf(detail, sizeof detail, "%s tells of a person; the key or token lacks the scope %s",
                     entity->columns[i].name, cw_scope_name(CW_SCOPE_PERSONAL));
            cw_caller_forbid(exchange, CW_SCOPE_PERSONAL, detail);
            return false;
        }
    }
    const bool takes_all = page->column_count == 0 && !cw_caller_has(exchange, CW_SCOPE_PERSONAL);
    for (uint32_t i = 0; takes_all && i < entity->column_count; i++) {
        if (visible >> i & 1) {
            page->columns[page->column_count++] = i;
        }
    }
    return true;
}

bool cw_list_page_of(struct cw_exchange *exchange, struct cw_list_page *page)
{
    struct cw_field_errors errors = {0};
    int status = 400;
    *page =
        (struct cw_list_page){.entity = exchange->entity, .format = exchange->format, .limit = DEFAULT_LIMIT};
    for (size_t i = 0; i < exchange->uri.pair_count; i++) {
        const struct cw_query_pair *pair = &exchange->uri.pairs[i];
        int column = -1;
        enum cw_comparison comparison;
        if (strcmp(pair->name, "limit") == 0) {
            cw_parse_int64(pair->value, strlen(pair->value), &page->limit);
        } else if (strcmp(pair->name, "cursor") == 0) {
            page->has_after = read_cursor(exchange->entity, pair->value, &page->after);
            if (!page->has_after) {
                cw_field_errors_add_text(&errors, "cursor", pair->value,
                                         "the next_cursor of a page of the same table");
            }
        } else if (strcmp(pair->name, "fields") == 0) {
            read_columns(pair->value, page, &errors);
        } else if (find_filter(exchange->entity, pair->name, &column, &comparison) &&
                   cw_list_page_filter(page, (uint32_t)column, comparison, pair->value, NULL) != CW_OK) {
            cw_field_errors_add_text(&errors, pair->name, pair->value, "at most 16 conditions");
            status = 422;
        }
    }
    if (errors.count > 0) {
        cw_reply_problem(exchange, status, NULL, &errors);
    }
    return errors.count == 0 && hide_columns(exchange, page);
}

/* Appends the path and query of the next page. */
static cw_status put_next(struct cw_exchange *exchange, const char *cursor, struct cw_buffer *out,
                          struct cw_error *error)
{
    cw_status status = cw_buffer_format(out, error, "%s?", exchange->uri.path);
    for (size_t i = 0; i < exchange->uri.pair_count && status == CW_OK; i++) {
        const struct cw_query_pair *pair = &exchange->uri.pairs[i];
        if (strcmp(pair->name, "cursor") == 0) {
            continue;
        }
        char *encoded = malloc(3 * (strlen(pair->name) + strlen(pair->value)) + 2);
        if (encoded == NULL) {
            return cw_error_set(error, CW_E_NO_MEMORY, NULL, "no memory for the next page's address");
        }
        cw_uri_encode(pair->name, encoded);
        status = cw_buffer_format(out, error, "%s=", encoded);
        cw_uri_encode(pair->value, encoded);
        if (status == CW_OK) {
            status = cw_buffer_format(out, error, "%s&", encoded);
        }
        free(encoded);
    }
    return status != CW_OK ? status : cw_buffer_format(out, error, "cursor=%s", cursor);
}

static cw_status answer_page(struct cw_exchange *exchange, const struct cw_list_page *page,
                             struct cw_buffer *rows, struct cw_error *error)
{
    struct cw_reply *reply = &exchange->reply;
    struct cw_buffer next = {0};
    struct cw_buffer link = {0};
    char cursor[CURSOR_SIZE + 1] = "";
    cw_status status = CW_OK;
    if (page->has_more) {
        write_cursor(page->entity, &page->last, cursor);
        status = put_next(exchange, cursor, &next, error);
        if (status == CW_OK) {
            status = cw_buffer_append(&next, "", 1, error);
        }
        if (status == CW_OK) {
            status = cw_buffer_format(&link, error, "<%s>; rel=\"next\"", next.data);
        }
        if (status == CW_OK) {
            status = cw_buffer_append(&link, "", 1, error);
        }
        if (status == CW_OK) {
            status = cw_reply_header(reply, "Link", link.data, error);
        }
    }
    if (status == CW_OK && page->format == CW_FORMAT_JSON) {
        struct cw_json_writer writer = cw_json_writer_init(&reply->body, error);
        cw_json_open(&writer, '{');
        cw_json_put_raw(&writer, "data", rows);
        cw_json_put_text(&writer, "next", page->has_more ? next.data : NULL);
        cw_json_put_text(&writer, "next_cursor", page->has_more ? cursor : NULL);
        cw_json_close(&writer, '}');
        status = writer.status;
    } else if (status == CW_OK) {
        reply->body = *rows;
        *rows = (struct cw_buffer){0};
    }
    reply->status = 200;
    reply->media_type = cw_format_media_type(page->format);
    cw_buffer_clear(&next);
    cw_buffer_clear(&link);
    return status;
}

cw_status cw_list_rows(struct cw_exchange *exchange, struct cw_error *error)
{
    struct cw_list_page page;
    struct cw_buffer rows = {0};
    if (!cw_list_page_of(exchange, &page)) {
        return CW_OK;
    }
    cw_status status = cw_list_page_read(exchange->api->store, &page, &rows, error);
    if (status == CW_OK) {
        status = answer_page(exchange, &page, &rows, error);
    }
    cw_buffer_clear(&rows);
    return status;
}

cw_status cw_get_row(struct cw_exchange *exchange, struct cw_error *error)
{
    struct cw_list_page page;
    struct cw_buffer rows = {0};
    if (!cw_list_page_of(exchange, &page)) {
        return CW_OK;
    }
    page.limit = 1;
    const cw_status filtered = cw_list_page_filter(&page, 0, CW_EQUAL, exchange->id_text, error);
    if (filtered != CW_OK) {
        return filtered;
    }
    if (page.format == CW_FORMAT_JSON) {
        page.format = CW_FORMAT_NDJSON; /* one row is one object, not an array */
    }
    cw_status status = cw_list_page_read(exchange->api->store, &page, &rows, error);
    if (status == CW_OK && page.rows == 0) {
        status = cw_error_set(error, CW_E_NOT_FOUND, "id", "there is no %s %s", exchange->entity->name,
                              exchange->id_text);
    }
    if (status == CW_OK) {
        exchange->reply.status = 200;
        exchange->reply.media_type = cw_format_media_type(exchange->format);
        exchange->reply.body = rows;
        return CW_OK;
    }
    cw_buffer_clear(&rows);
    return status;
}
