#include "service/table_export.h"

#include <stdlib.h>
#include <string.h>

/* Rows that are read at once. */
#define PAGE_ROWS 2048
/* Rows of a Parquet row group: enough for dictionaries and compression, few enough to wait for a reader. */
#define GROUP_ROWS 32768
/* Text of a piece's rows after which it ends early. */
#define PIECE_BYTES ((int64_t)16 << 20)

struct cw_table_export {
    struct cw_store *store;
    const struct cw_entity *entity;
    struct cw_encoder *encoder;
    struct cw_tail *tail;
    int64_t piece_rows;
    uint64_t columns; /* to read */
    struct cw_filter filters[CW_FILTERS_MAX];
    uint32_t filter_count;
    char *values;  /* of the filters, owned */
    int64_t basis; /* rows of the table when the export began */
    int64_t rows, bytes;
    bool has_begun;
    bool has_last;
    struct cw_uuid last; /* id of the last row read */
};

static cw_status copy_filters(struct cw_table_export *export, const struct cw_list_page *page,
                              struct cw_error *error)
{
    size_t size = 1;
    for (uint32_t i = 0; i < page->filter_count; i++) {
        size += strlen(page->filters[i].value) + 1;
    }
    export->values = malloc(size);
    if (export->values == NULL) {
        return cw_error_set(error, CW_E_NO_MEMORY, NULL, "no memory for an export");
    }
    char *at = export->values;
    for (uint32_t i = 0; i < page->filter_count; i++) {
        const size_t length = strlen(page->filters[i].value) + 1;
        export->filters[i] = page->filters[i];
        export->filters[i].value = memcpy(at, page->filters[i].value, length);
        at += length;
    }
    export->filter_count = page->filter_count;
    return CW_OK;
}

static void choose_columns(struct cw_table_export *export, const struct cw_list_page *page)
{
    const uint32_t all = page->entity->column_count;
    export->columns = all < 64 ? (UINT64_C(1) << all) - 1 : UINT64_MAX;
    if (page->column_count > 0) {
        export->columns = 0;
        for (uint32_t i = 0; i < page->column_count; i++) {
            export->columns |= UINT64_C(1) << page->columns[i];
        }
    }
}

static cw_status open_encoder(struct cw_table_export *export, const struct cw_list_page *page,
                              struct cw_error *error)
{
    const bool is_parquet = page->format == CW_FORMAT_PARQUET;
    const struct cw_encoder_options options = {.format = page->format,
                                               .compression =
                                                   is_parquet ? CW_COMPRESSION_ZSTD : CW_COMPRESSION_NONE,
                                               .entity = page->entity,
                                               .columns = page->column_count > 0 ? page->columns : NULL,
                                               .column_count = page->column_count};
    export->piece_rows = is_parquet ? GROUP_ROWS : PAGE_ROWS;
    const cw_status status = cw_encoder_new(&options, &export->encoder, error);
    return status != CW_OK ? status : cw_tail_new(export->encoder, &export->tail, error);
}

cw_status cw_table_export_new(struct cw_store *store, const struct cw_list_page *page,
                              struct cw_table_export **export, struct cw_error *error)
{
    int64_t rows[CW_ENTITY_COUNT];
    struct cw_table_export *made = calloc(1, sizeof *made);
    if (made == NULL) {
        return cw_error_set(error, CW_E_NO_MEMORY, NULL, "no memory for an export");
    }
    made->store = store;
    made->entity = page->entity;
    choose_columns(made, page);
    cw_status status = copy_filters(made, page, error);
    if (status == CW_OK) {
        status = open_encoder(made, page, error);
    }
    if (status == CW_OK) {
        status = cw_store_basis(store, rows, error);
    }
    if (status != CW_OK) {
        cw_table_export_free(made);
        return status;
    }
    made->basis = rows[page->entity->id];
    *export = made;
    return CW_OK;
}

void cw_table_export_free(struct cw_table_export *export)
{
    if (export != NULL) {
        cw_tail_free(export->tail);
        cw_encoder_free(export->encoder);
        free(export->values);
        free(export);
    }
}

/* Bytes of the texts of a batch. */
static int64_t count_text(const struct cw_batch *batch)
{
    int64_t bytes = 0;
    for (uint32_t c = 0; c < batch->column_count; c++) {
        const struct cw_column *column = &batch->columns[c];
        if (column->type == CW_TYPE_STRING && column->values != NULL && column->pool == NULL) {
            bytes += ((const int32_t *)column->values)[batch->row_count];
        }
    }
    return bytes;
}

/* Reads the rows of a piece into a chunk. *is_last: no row of the table is left. */
static cw_status read_piece(struct cw_table_export *export, struct cw_chunk *chunk, bool *is_last,
                            struct cw_error *error)
{
    struct cw_batch batch = {0};
    int64_t bytes = 0;
    /* The first piece is made at once when it is asked for, by as many as ask; so it is small. */
    const int64_t wanted = export->has_last ? export->piece_rows : PAGE_ROWS;
    int64_t left = wanted;
    cw_status status = cw_batch_init(&batch, export->entity, error);
    *is_last = export->basis == 0;
    while (status == CW_OK && !*is_last && left > 0 && bytes < PIECE_BYTES) {
        const struct cw_query query = {.entity = export->entity->id,
                                       .columns = export->columns,
                                       .filters = export->filters,
                                       .filter_count = export->filter_count,
                                       .after = export->has_last ? &export->last : NULL,
                                       .limit = left < PAGE_ROWS ? left : PAGE_ROWS,
                                       .basis = export->basis,
                                       .is_sequel = export->has_last};
        status = cw_store_read(export->store, &query, &batch, error);
        if (status == CW_OK && batch.row_count > 0) {
            status = cw_chunk_add(chunk, &batch, error);
            memcpy(export->last.bytes, (const uint8_t *)batch.columns[0].values + (batch.row_count - 1) * 16,
                   sizeof export->last.bytes);
            export->has_last = true;
            bytes += count_text(&batch);
        }
        *is_last = batch.row_count < query.limit;
        left -= batch.row_count;
    }
    cw_batch_clear(&batch);
    export->rows += wanted - left;
    return status;
}

/* Appends the rows of a piece. */
static cw_status put_piece(struct cw_table_export *export, size_t start, struct cw_buffer *out, bool *is_last,
                           struct cw_error *error)
{
    struct cw_chunk *chunk = NULL;
    struct cw_buffer note = {0};
    const int64_t rows = export->rows;
    cw_status status = cw_chunk_new(export->encoder, &chunk, error);
    if (status == CW_OK) {
        status = read_piece(export, chunk, is_last, error);
    }
    if (status == CW_OK && export->rows > rows) {
        const int64_t offset = export->bytes + (int64_t)(out->size - start);
        status = cw_chunk_finish(chunk, rows == 0, out, &note, error);
        if (status == CW_OK) {
            status = cw_tail_add(export->tail, &note, offset, error);
        }
    }
    cw_buffer_clear(&note);
    cw_chunk_free(chunk);
    return status;
}

cw_status cw_table_export_next(struct cw_table_export *export, struct cw_buffer *out, bool *is_last,
                               struct cw_error *error)
{
    const size_t start = out->size;
    bool is_over = false;
    cw_status status = export->has_begun ? CW_OK : cw_encoder_head(export->encoder, out, error);
    export->has_begun = true;
    if (status == CW_OK) {
        status = put_piece(export, start, out, &is_over, error);
    }
    if (status == CW_OK && is_over) {
        status = cw_tail_finish(export->tail, out, error);
    }
    if (status != CW_OK) {
        out->size = start;
        return status;
    }
    export->bytes += (int64_t)(out->size - start);
    *is_last = is_over;
    return CW_OK;
}

int64_t cw_table_export_rows(const struct cw_table_export *export)
{
    return export->rows;
}
