#include "cartwright/encode.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/calendar.h"
#include "encode/format.h"

/* What entity.h allows an entity to have. */
#define MOST_COLUMNS 64

/* Formats keep names in storage of fixed size. */
#define LONGEST_COLUMN_NAME 64

static cw_status check_columns(const struct cw_encoder_options *options, struct cw_error *error)
{
    const struct cw_entity *entity = options->entity;
    if (entity->column_count > MOST_COLUMNS || options->column_count == 0 ||
        options->column_count > entity->column_count) {
        return cw_error_set(error, CW_E_INVALID, "columns",
                            "%" PRIu32 " columns of %s are given, but 1 to %" PRIu32 " were expected",
                            options->column_count, entity->table, entity->column_count);
    }
    uint64_t seen = 0;
    for (uint32_t i = 0; i < options->column_count; i++) {
        const uint32_t position = options->columns[i];
        if (position >= entity->column_count) {
            return cw_error_set(error, CW_E_INVALID, "columns",
                                "columns holds position %" PRIu32 ", but %s has columns 0 to %" PRIu32,
                                position, entity->table, entity->column_count - 1);
        }
        if (seen >> position & 1) {
            return cw_error_set(error, CW_E_INVALID, "columns",
                                "columns holds %s twice, but each column of %s can be chosen once",
                                entity->columns[position].name, entity->table);
        }
        if (strlen(entity->columns[position].name) > LONGEST_COLUMN_NAME) {
            return cw_error_set(error, CW_E_LIMIT, "columns", "column name %s is longer than %d bytes",
                                entity->columns[position].name, LONGEST_COLUMN_NAME);
        }
        seen |= UINT64_C(1) << position;
    }
    return CW_OK;
}

/* Copies options, with every column in the entity's order where none are chosen. */
static cw_status copy_options(struct cw_encoder_options *copy, const struct cw_encoder_options *options,
                              struct cw_error *error)
{
    *copy = *options;
    if (options->columns == NULL) {
        copy->column_count = options->entity->column_count;
    }
    uint32_t *columns = calloc((size_t)copy->column_count + 1, sizeof *columns);
    if (columns == NULL) {
        return cw_error_set(error, CW_E_NO_MEMORY, "columns",
                            "out of memory: an encoder of %s needs room for %" PRIu32 " columns",
                            options->entity->table, copy->column_count);
    }
    for (uint32_t i = 0; i < copy->column_count; i++) {
        columns[i] = options->columns != NULL ? options->columns[i] : i;
    }
    copy->columns = columns;
    return CW_OK;
}

static cw_status make_shelf(struct cw_encoder *encoder, struct cw_error *error)
{
    struct cw_slot_shelf *shelf = calloc(1, sizeof *shelf);
    if (shelf == NULL) {
        return cw_error_set(error, CW_E_NO_MEMORY, NULL, "out of memory: an encoder needs %zu bytes",
                            sizeof *shelf);
    }
    const cw_status status = cw_slot_shelf_init(shelf, error);
    if (status != CW_OK) {
        free(shelf);
        return status;
    }
    encoder->shelf = shelf;
    return CW_OK;
}

cw_status cw_encoder_new(const struct cw_encoder_options *options, struct cw_encoder **encoder,
                         struct cw_error *error)
{
    const struct cw_format_row *format = cw_format_get(options->format);
    if (format == NULL) {
        return cw_error_set(error, CW_E_INVALID, "format", "format is %d, but 0 to %d were expected",
                            (int)options->format, CW_FORMAT_COUNT - 1);
    }
    if (options->entity == NULL) {
        return cw_error_set(error, CW_E_INVALID, "entity", "entity is NULL, but an encoder needs one");
    }
    struct cw_encoder *made = calloc(1, sizeof *made);
    if (made == NULL) {
        return cw_error_set(error, CW_E_NO_MEMORY, NULL, "out of memory: an encoder needs %zu bytes",
                            sizeof *made);
    }
    cw_status status = copy_options(&made->options, options, error);
    if (status == CW_OK) {
        status = make_shelf(made, error);
    }
    if (status != CW_OK) {
        goto fail;
    }
    status = check_columns(&made->options, error);
    if (status != CW_OK) {
        goto fail;
    }
    made->format = format->encoder;
    status = made->format->check(&made->options, error);
    if (status != CW_OK) {
        goto fail;
    }
    *encoder = made;
    return CW_OK;
fail:
    cw_encoder_free(made);
    return status;
}

void cw_encoder_free(struct cw_encoder *encoder)
{
    if (encoder == NULL) {
        return;
    }
    /* cw_encoder_new made the columns; the public struct shows them as constant. */
    union {
        const uint32_t *shown;
        uint32_t *owned;
    } columns = {.shown = encoder->options.columns};
    free(columns.owned);
    if (encoder->shelf != NULL) {
        cw_slot_shelf_clear(encoder->shelf);
        free(encoder->shelf);
    }
    free(encoder);
}

int64_t cw_encoder_chunk_rows(const struct cw_encoder *encoder)
{
    return encoder->format->chunk_rows(encoder);
}

cw_status cw_encoder_head(const struct cw_encoder *encoder, struct cw_buffer *out, struct cw_error *error)
{
    return encoder->format->head(encoder, out, error);
}

cw_status cw_chunk_new(const struct cw_encoder *encoder, struct cw_chunk **chunk, struct cw_error *error)
{
    struct cw_chunk *made;
    const cw_status status = encoder->format->chunk_new(encoder, &made, error);
    if (status != CW_OK) {
        return status;
    }
    made->encoder = encoder;
    made->has_rows = false;
    *chunk = made;
    return CW_OK;
}

void cw_chunk_free(struct cw_chunk *chunk)
{
    if (chunk != NULL) {
        chunk->encoder->format->chunk_free(chunk);
    }
}

static cw_status out_of_calendar(const struct cw_batch *batch, uint32_t position, int64_t value,
                                 struct cw_error *error)
{
    const struct cw_column_def *def = &batch->entity->columns[position];
    return cw_error_set(error, CW_E_INVALID, def->name,
                        "column %s.%s holds the %s %" PRId64 ", which lies outside the years 1 to 9999",
                        batch->entity->table, def->name, cw_type_name(def->type), value);
}

/* Times are written with four digits of year. The first pass has no branch per row. */
static cw_status check_dates(const struct cw_batch *batch, uint32_t position, struct cw_error *error)
{
    const int32_t *values = batch->columns[position].values;
    int32_t lowest = 0;
    int32_t highest = 0;
    for (int64_t row = 0; row < batch->row_count; row++) {
        lowest = values[row] < lowest ? values[row] : lowest;
        highest = values[row] > highest ? values[row] : highest;
    }
    if (lowest < CW_CALENDAR_FIRST_DAY || highest > CW_CALENDAR_LAST_DAY) {
        return out_of_calendar(batch, position, lowest < CW_CALENDAR_FIRST_DAY ? lowest : highest, error);
    }
    return CW_OK;
}

static cw_status check_timestamps(const struct cw_batch *batch, uint32_t position, struct cw_error *error)
{
    const int64_t *values = batch->columns[position].values;
    int64_t lowest = 0;
    int64_t highest = 0;
    for (int64_t row = 0; row < batch->row_count; row++) {
        lowest = values[row] < lowest ? values[row] : lowest;
        highest = values[row] > highest ? values[row] : highest;
    }
    if (lowest < CW_CALENDAR_FIRST_MICRO || highest > CW_CALENDAR_LAST_MICRO) {
        return out_of_calendar(batch, position, lowest < CW_CALENDAR_FIRST_MICRO ? lowest : highest, error);
    }
    return CW_OK;
}

static cw_status check_batch(const struct cw_encoder *encoder, const struct cw_batch *batch,
                             struct cw_error *error)
{
    if (batch->entity != encoder->options.entity) {
        return cw_error_set(error, CW_E_INVALID, "batch", "the batch is one of %s, but the encoder writes %s",
                            batch->entity->table, encoder->options.entity->table);
    }
    for (uint32_t i = 0; i < encoder->options.column_count; i++) {
        const uint32_t position = encoder->options.columns[i];
        const struct cw_column *column = &batch->columns[position];
        if (column->values == NULL) {
            return cw_error_set(error, CW_E_INVALID, batch->entity->columns[position].name,
                                "column %s.%s was chosen, but the batch does not hold it",
                                batch->entity->table, batch->entity->columns[position].name);
        }
        cw_status status = CW_OK;
        if (column->type == CW_TYPE_DATE) {
            status = check_dates(batch, position, error);
        } else if (column->type == CW_TYPE_TIMESTAMP) {
            status = check_timestamps(batch, position, error);
        }
        if (status != CW_OK) {
            return status;
        }
    }
    return CW_OK;
}

cw_status cw_chunk_add(struct cw_chunk *chunk, const struct cw_batch *batch, struct cw_error *error)
{
    if (batch->row_count <= 0) {
        return CW_OK;
    }
    cw_status status = check_batch(chunk->encoder, batch, error);
    if (status == CW_OK) {
        status = chunk->encoder->format->chunk_add(chunk, batch, error);
    }
    chunk->has_rows = chunk->has_rows || status == CW_OK;
    return status;
}

cw_status cw_chunk_finish(struct cw_chunk *chunk, bool is_first, struct cw_buffer *body,
                          struct cw_buffer *note, struct cw_error *error)
{
    if (!chunk->has_rows) {
        return CW_OK;
    }
    const cw_status status = chunk->encoder->format->chunk_finish(chunk, is_first, body, note, error);
    if (status == CW_OK) {
        chunk->has_rows = false;
    }
    return status;
}

cw_status cw_tail_new(const struct cw_encoder *encoder, struct cw_tail **tail, struct cw_error *error)
{
    struct cw_tail *made;
    const cw_status status = encoder->format->tail_new(encoder, &made, error);
    if (status != CW_OK) {
        return status;
    }
    made->encoder = encoder;
    *tail = made;
    return CW_OK;
}

void cw_tail_free(struct cw_tail *tail)
{
    if (tail != NULL) {
        tail->encoder->format->tail_free(tail);
    }
}

cw_status cw_tail_add(struct cw_tail *tail, const struct cw_buffer *note, int64_t body_offset,
                      struct cw_error *error)
{
    return tail->encoder->format->tail_add(tail, note, body_offset, error);
}

cw_status cw_tail_finish(struct cw_tail *tail, struct cw_buffer *out, struct cw_error *error)
{
    return tail->encoder->format->tail_finish(tail, out, error);
}
