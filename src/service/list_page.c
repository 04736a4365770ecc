#include "service/list_page.h"

#include <stdio.h>
#include <string.h>

#include "base/parse.h"

bool cw_comparison_find(const char *name, enum cw_comparison *comparison)
{
    static const char *const names[] = {
        [CW_EQUAL] = "eq",       [CW_NOT_EQUAL] = "ne", [CW_LESS] = "lt",
        [CW_LESS_EQUAL] = "lte", [CW_GREATER] = "gt",   [CW_GREATER_EQUAL] = "gte"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(names[i], name) == 0) {
            *comparison = (enum cw_comparison)i;
            return true;
        }
    }
    return false;
}

bool cw_filter_value_is_good(const struct cw_column_def *column, const char *text)
{
    const size_t length = strlen(text);
    union {
        uint8_t uuid[16];
        int32_t small;
        int64_t large;
        bool truth;
    } value;
    switch (column->type) {
    case CW_TYPE_BOOL:
        return cw_parse_bool(text, length, &value.truth);
    case CW_TYPE_INT32:
        return cw_parse_int32(text, length, &value.small);
    case CW_TYPE_INT64:
        return cw_parse_int64(text, length, &value.large);
    case CW_TYPE_DATE:
        return cw_parse_date(text, length, &value.small);
    case CW_TYPE_TIMESTAMP:
        return cw_parse_timestamp(text, length, &value.large) || cw_parse_date(text, length, &value.small);
    case CW_TYPE_UUID:
        return cw_parse_uuid(text, length, value.uuid);
    case CW_TYPE_STRING:
        break;
    }
    return true;
}

/* A list's filter on a time may also be a date, the beginning of which is meant. */
const char *cw_filter_value_expected(const struct cw_column_def *column)
{
    return column->type == CW_TYPE_TIMESTAMP
               ? "a date such as 2025-06-30 or a time such as 2025-06-30T18:00:00Z"
               : cw_filter_value_form(column->type);
}

cw_status cw_list_page_filter(struct cw_list_page *page, uint32_t column, enum cw_comparison comparison,
                              const char *value, struct cw_error *error)
{
    int32_t day = 0;
    if (page->filter_count == CW_FILTERS_MAX) {
        return cw_error_set(error, CW_E_LIMIT, page->entity->columns[column].name,
                            "there are more conditions than expected: at most %d", CW_FILTERS_MAX);
    }
    if (page->entity->columns[column].type == CW_TYPE_TIMESTAMP &&
        cw_parse_date(value, strlen(value), &day)) {
        char *instant = page->instants[page->filter_count];
        snprintf(instant, sizeof page->instants[0], "%.10sT00:00:00Z", value);
        value = instant;
    }
    page->filters[page->filter_count++] = (struct cw_filter){column, comparison, value};
    return CW_OK;
}

cw_status cw_batch_encode(const struct cw_batch *batch, enum cw_format format, const uint32_t *columns,
                          uint32_t column_count, struct cw_buffer *out, struct cw_error *error)
{
    const struct cw_encoder_options options = {
        .format = format,
        .compression = format == CW_FORMAT_PARQUET ? CW_COMPRESSION_ZSTD : CW_COMPRESSION_NONE,
        .entity = batch->entity,
        .columns = column_count > 0 ? columns : NULL,
        .column_count = column_count};
    struct cw_encoder *encoder = NULL;
    struct cw_chunk *chunk = NULL;
    struct cw_tail *tail = NULL;
    struct cw_buffer note = {0};
    const size_t start = out->size;
    cw_status status = cw_encoder_new(&options, &encoder, error);
    if (status == CW_OK && (status = cw_chunk_new(encoder, &chunk, error)) == CW_OK &&
        (status = cw_tail_new(encoder, &tail, error)) == CW_OK &&
        (status = cw_encoder_head(encoder, out, error)) == CW_OK && batch->row_count > 0) {
        const int64_t offset = (int64_t)(out->size - start);
        status = cw_chunk_add(chunk, batch, error);
        if (status == CW_OK) {
            status = cw_chunk_finish(chunk, true, out, &note, error);
        }
        if (status == CW_OK) {
            status = cw_tail_add(tail, &note, offset, error);
        }
    }
    if (status == CW_OK) {
        status = cw_tail_finish(tail, out, error);
    }
    cw_buffer_clear(&note);
    cw_tail_free(tail);
    cw_chunk_free(chunk);
    cw_encoder_free(encoder);
    if (status != CW_OK) {
        out->size = start;
    }
    return status;
}

/* Whether a row stands behind the page's last one. */
static cw_status look_ahead(struct cw_store *store, struct cw_list_page *page, struct cw_error *error)
{
    struct cw_batch batch = {0};
    const struct cw_query query = {.entity = page->entity->id,
                                   .columns = 1,
                                   .filters = page->filters,
                                   .filter_count = page->filter_count,
                                   .after = &page->last,
                                   .limit = 1};
    cw_status status = cw_batch_init(&batch, page->entity, error);
    if (status == CW_OK) {
        status = cw_store_read(store, &query, &batch, error);
        page->has_more = status == CW_OK && batch.row_count > 0;
    }
    cw_batch_clear(&batch);
    return status;
}

cw_status cw_list_page_read(struct cw_store *store, struct cw_list_page *page, struct cw_buffer *out,
                            struct cw_error *error)
{
    struct cw_batch batch = {0};
    const uint32_t all = page->entity->column_count;
    struct cw_query query = {.entity = page->entity->id,
                             .columns = all < 64 ? (UINT64_C(1) << all) - 1 : UINT64_MAX,
                             .filters = page->filters,
                             .filter_count = page->filter_count,
                             .after = page->has_after ? &page->after : NULL,
                             .limit = page->limit};
    if (page->column_count > 0) {
        query.columns = 0;
        for (uint32_t i = 0; i < page->column_count; i++) {
            query.columns |= UINT64_C(1) << page->columns[i];
        }
    }
    cw_status status = cw_batch_init(&batch, page->entity, error);
    if (status == CW_OK) {
        status = cw_store_read(store, &query, &batch, error);
    }
    if (status == CW_OK) {
        page->rows = batch.row_count;
        page->has_more = false;
        if (batch.row_count == page->limit) {
            memcpy(page->last.bytes, (const uint8_t *)batch.columns[0].values + (batch.row_count - 1) * 16,
                   sizeof page->last.bytes);
            status = look_ahead(store, page, error);
        }
    }
    if (status == CW_OK) {
        status = cw_batch_encode(&batch, page->format, page->columns, page->column_count, out, error);
    }
    cw_batch_clear(&batch);
    return status;
}
