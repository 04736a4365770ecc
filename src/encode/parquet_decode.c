#include "encode/parquet.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/calendar.h"
#include "base/parse.h"
#include "encode/parquet_cursor.h"

/* A row has an id of its own, which takes more than a bit: a file that claims more rows than this per byte
 * lies. */
#define ROWS_PER_BYTE 8

/* Bytes of strings that a batch may hold in one column. */
#define STRINGS_LIMIT ((uint64_t)64 << 20)

#define NO_COLUMN UINT32_MAX

struct parquet_decoder {
    struct cw_decoder base;
    const struct cw_entity *entity;
    const struct cw_input *input;
    struct cw_decompressor *decompressor;
    struct cw_buffer footer_bytes;
    struct cw_parquet_footer footer;
    uint32_t *file_column;             /* by column of the entity: its place in the file, or NO_COLUMN */
    struct cw_parquet_cursor *cursors; /* by column of the entity */
    struct cw_parquet_chunk *chunks;   /* of the row group, by place in the file */
    size_t row_group;                  /* the next one */
    int64_t left;                      /* rows of the current one */

    /* A piece of one column. */
    uint32_t levels[CW_PARQUET_READ_ROWS];
    uint32_t bits[CW_PARQUET_READ_ROWS];
    int64_t numbers[CW_PARQUET_READ_ROWS];
    uint8_t uuids[CW_PARQUET_READ_ROWS * 16];
    struct cw_parquet_bytes strings[CW_PARQUET_READ_ROWS];
};

static void decoder_close(struct cw_decoder *decoder)
{
    struct parquet_decoder *self = (struct parquet_decoder *)(void *)decoder;
    for (uint32_t i = 0; self->cursors != NULL && i < self->entity->column_count; i++) {
        cw_parquet_cursor_clear(&self->cursors[i]);
    }
    cw_decompressor_free(self->decompressor);
    cw_buffer_clear(&self->footer_bytes);
    cw_parquet_footer_clear(&self->footer);
    free(self->file_column);
    free(self->cursors);
    free(self->chunks);
    free(self);
}

static cw_status read_exactly(const struct cw_input *input, int64_t offset, void *bytes, size_t size,
                              struct cw_error *error)
{
    size_t got = 0;
    const cw_status status = input->read_at(input->context, offset, bytes, size, &got, error);
    if (status == CW_OK && got != size) {
        return cw_error_set(error, CW_E_CORRUPT, "file",
                            "the file ends at byte %" PRId64 ", expected %zu more", offset + (int64_t)got,
                            size - got);
    }
    return status;
}

/* file: "PAR1" ... footer, its size in four bytes, "PAR1" */
static cw_status read_footer(struct parquet_decoder *self, struct cw_error *error)
{
    uint8_t end[8];
    const int64_t size = self->input->size;
    if (size < 0) {
        return cw_error_set(error, CW_E_UNSUPPORTED, "input", "Parquet cannot be read from a stream");
    }
    if (size < 12) {
        return cw_error_set(error, CW_E_CORRUPT, "file",
                            "the file of %" PRId64 " bytes is not Parquet, which has at least 12", size);
    }
    cw_status status = read_exactly(self->input, size - 8, end, sizeof end, error);
    if (status != CW_OK) {
        return status;
    }
    uint32_t length;
    memcpy(&length, end, sizeof length);
    if (memcmp(end + 4, CW_PARQUET_MAGIC, CW_PARQUET_MAGIC_SIZE) != 0 || length == 0 || length > size - 12) {
        return cw_error_set(error, CW_E_CORRUPT, "file",
                            "the file does not end like Parquet: its last bytes are no size and \"PAR1\"");
    }
    status = cw_buffer_reserve(&self->footer_bytes, length, error);
    if (status == CW_OK) {
        status =
            read_exactly(self->input, size - 8 - (int64_t)length, self->footer_bytes.data, length, error);
    }
    if (status != CW_OK) {
        return status;
    }
    self->footer_bytes.size = length;
    return cw_parquet_footer_read((const uint8_t *)self->footer_bytes.data, length, &self->footer, error);
}

static bool type_fits(const struct cw_parquet_schema_column *column, enum cw_type type)
{
    const bool is_number = column->type == CW_PARQUET_INT32 || column->type == CW_PARQUET_INT64;
    const bool is_bare = column->logical == CW_PARQUET_NO_LOGICAL;
    switch (type) {
    case CW_TYPE_BOOL:
        return column->type == CW_PARQUET_BOOLEAN;
    case CW_TYPE_INT32:
    case CW_TYPE_INT64:
        return is_number && is_bare;
    case CW_TYPE_DATE:
        return column->type == CW_PARQUET_INT32 && column->logical == CW_PARQUET_DATE;
    case CW_TYPE_TIMESTAMP:
        return column->type == CW_PARQUET_INT64 && column->logical == CW_PARQUET_TIMESTAMP_MICROS;
    case CW_TYPE_UUID:
        return column->type == CW_PARQUET_FIXED && column->type_length == 16 &&
               (is_bare || column->logical == CW_PARQUET_UUID);
    case CW_TYPE_STRING:
        return column->type == CW_PARQUET_BYTE_ARRAY && (is_bare || column->logical == CW_PARQUET_STRING);
    }
    return false;
}

static cw_status map_column(struct parquet_decoder *self, uint32_t place, struct cw_error *error)
{
    const struct cw_parquet_schema_column *column = &self->footer.columns[place];
    const struct cw_entity *entity = self->entity;
    const int found = column->name.bytes == NULL
                          ? -1
                          : cw_entity_column(entity, (const char *)column->name.bytes, column->name.size);
    if (found < 0) {
        return cw_error_set(error, CW_E_INVALID, "schema", "%s has no column %.*s", entity->table,
                            (int)(column->name.size < 64 ? column->name.size : 64),
                            column->name.bytes != NULL ? (const char *)column->name.bytes : "");
    }
    const struct cw_column_def *def = &entity->columns[found];
    if (self->file_column[found] != NO_COLUMN) {
        return cw_error_set(error, CW_E_INVALID, def->name, "column %s stands twice in the file", def->name);
    }
    if (column->nested || !type_fits(column, def->type)) {
        return cw_error_set(error, CW_E_INVALID, def->name,
                            "column %s has Parquet type %" PRId32 ", expected one that holds %s", def->name,
                            column->type, cw_type_name(def->type));
    }
    self->file_column[found] = place;
    self->cursors[found].type = column->type;
    self->cursors[found].optional = column->optional;
    return CW_OK;
}

static cw_status map_columns(struct parquet_decoder *self, struct cw_error *error)
{
    const struct cw_entity *entity = self->entity;
    if (self->footer.column_count > entity->column_count) {
        return cw_error_set(error, CW_E_INVALID, "schema",
                            "the file has %" PRIu32 " columns, but %s only %" PRIu32,
                            self->footer.column_count, entity->table, entity->column_count);
    }
    for (uint32_t i = 0; i < self->footer.column_count; i++) {
        const cw_status status = map_column(self, i, error);
        if (status != CW_OK) {
            return status;
        }
    }
    for (uint32_t i = 0; i < entity->column_count; i++) {
        if (self->file_column[i] == NO_COLUMN && !entity->columns[i].nullable) {
            return cw_error_set(error, CW_E_INVALID, entity->columns[i].name,
                                "the file lacks column %s, which must not be null", entity->columns[i].name);
        }
    }
    return CW_OK;
}

static cw_status allocate(struct parquet_decoder *self, struct cw_error *error)
{
    const uint32_t count = self->entity->column_count;
    self->file_column = calloc(count, sizeof *self->file_column);
    self->cursors = calloc(count, sizeof *self->cursors);
    self->chunks = calloc(count, sizeof *self->chunks);
    if (self->file_column == NULL || self->cursors == NULL || self->chunks == NULL) {
        return cw_error_set(error, CW_E_NO_MEMORY, NULL, "out of memory: no decoder of %s",
                            self->entity->table);
    }
    const cw_status status = cw_decompressor_new(&self->decompressor, error);
    for (uint32_t i = 0; i < count && status == CW_OK; i++) {
        self->file_column[i] = NO_COLUMN;
        self->cursors[i].name = self->entity->columns[i].name;
        self->cursors[i].input = self->input;
        self->cursors[i].decompressor = self->decompressor;
    }
    return status;
}

static cw_status decoder_open(const struct cw_entity *entity, const struct cw_input *input,
                              struct cw_decoder **decoder, struct cw_error *error)
{
    struct parquet_decoder *created = calloc(1, sizeof *created);
    if (created == NULL) {
        return cw_error_set(error, CW_E_NO_MEMORY, NULL, "out of memory: no decoder of %s", entity->table);
    }
    created->entity = entity;
    created->input = input;
    cw_status status = allocate(created, error);
    if (status == CW_OK) {
        status = read_footer(created, error);
    }
    if (status == CW_OK) {
        status = map_columns(created, error);
    }
    if (status != CW_OK) {
        decoder_close(&created->base);
        return status;
    }
    *decoder = &created->base;
    return CW_OK;
}

/* Column chunks stand in the order of the schema. */
static cw_status open_row_group(struct parquet_decoder *self, struct cw_error *error)
{
    const struct cw_parquet_bytes *bytes = &self->footer.row_groups[self->row_group];
    struct cw_thrift_reader reader = {.next = bytes->bytes, .end = bytes->bytes + bytes->size};
    int64_t row_count = 0;
    if (!cw_parquet_row_group_read(&reader, self->chunks, self->footer.column_count, &row_count) ||
        row_count / ROWS_PER_BYTE > self->input->size) {
        return cw_error_set(error, CW_E_CORRUPT, "footer", "the description of row group %zu is damaged",
                            self->row_group);
    }
    for (uint32_t i = 0; i < self->entity->column_count; i++) {
        if (self->file_column[i] == NO_COLUMN) {
            continue;
        }
        self->cursors[i].row_group = self->row_group;
        const cw_status status = cw_parquet_cursor_open(
            &self->cursors[i], &self->chunks[self->file_column[i]], row_count, self->input->size, error);
        if (status != CW_OK) {
            return status;
        }
    }
    self->row_group++;
    self->left = row_count;
    return CW_OK;
}

static cw_status bad_value(const struct parquet_decoder *self, uint32_t position, int64_t value,
                           struct cw_error *error)
{
    const struct cw_column_def *def = &self->entity->columns[position];
    return cw_error_set(error, CW_E_INVALID, def->name,
                        "row group %zu, column %s holds %" PRId64 ", which is out of the range of %s",
                        self->cursors[position].row_group, def->name, value, cw_type_name(def->type));
}

static void range_of(enum cw_type type, int64_t *low, int64_t *high)
{
    *low = type == CW_TYPE_INT32       ? INT32_MIN
           : type == CW_TYPE_DATE      ? CW_CALENDAR_FIRST_DAY
           : type == CW_TYPE_TIMESTAMP ? CW_CALENDAR_FIRST_MICRO
                                       : INT64_MIN;
    *high = type == CW_TYPE_INT32       ? INT32_MAX
            : type == CW_TYPE_DATE      ? CW_CALENDAR_LAST_DAY
            : type == CW_TYPE_TIMESTAMP ? CW_CALENDAR_LAST_MICRO
                                        : INT64_MAX;
}

/* Where a piece of a column goes: rows [first, first + rows) of the batch, valid of them not null. */
struct piece {
    struct cw_batch *batch;
    uint32_t position;
    int64_t first;
    int64_t rows;
    int64_t valid;
};

static cw_status fill_numbers(struct parquet_decoder *self, const struct piece *piece, struct cw_error *error)
{
    struct cw_column *column = &piece->batch->columns[piece->position];
    const cw_status status = cw_parquet_cursor_numbers(&self->cursors[piece->position], self->numbers,
                                                       (size_t)piece->valid, error);
    if (status != CW_OK) {
        return status;
    }
    int64_t low;
    int64_t high;
    range_of(column->type, &low, &high);
    for (int64_t i = 0; i < piece->valid; i++) {
        if (self->numbers[i] < low || self->numbers[i] > high) {
            return bad_value(self, piece->position, self->numbers[i], error);
        }
    }
    const bool is_narrow = column->type == CW_TYPE_INT32 || column->type == CW_TYPE_DATE;
    int32_t *narrow = column->values;
    int64_t *wide = column->values;
    const int64_t *next = self->numbers;
    for (int64_t i = 0; i < piece->rows; i++) {
        const int64_t value = self->levels[i] ? *next++ : 0;
        if (is_narrow) {
            narrow[piece->first + i] = (int32_t)value;
        } else {
            wide[piece->first + i] = value;
        }
    }
    return CW_OK;
}

static cw_status fill_bools(struct parquet_decoder *self, const struct piece *piece, struct cw_error *error)
{
    uint8_t *bitmap = piece->batch->columns[piece->position].values;
    const cw_status status =
        cw_parquet_cursor_bools(&self->cursors[piece->position], self->bits, (size_t)piece->valid, error);
    if (status != CW_OK) {
        return status;
    }
    const uint32_t *next = self->bits;
    for (int64_t i = 0; i < piece->rows; i++) {
        const int64_t row = piece->first + i;
        const uint32_t value = self->levels[i] ? *next++ : 0;
        bitmap[row / 8] = (uint8_t)((bitmap[row / 8] & ~(1u << (row % 8))) | value << (row % 8));
    }
    return CW_OK;
}

static cw_status fill_uuids(struct parquet_decoder *self, const struct piece *piece, struct cw_error *error)
{
    uint8_t *values = (uint8_t *)piece->batch->columns[piece->position].values + piece->first * 16;
    const cw_status status =
        cw_parquet_cursor_uuids(&self->cursors[piece->position], self->uuids, (size_t)piece->valid, error);
    if (status != CW_OK) {
        return status;
    }
    const uint8_t *next = self->uuids;
    for (int64_t i = 0; i < piece->rows; i++) {
        if (self->levels[i]) {
            memcpy(values + i * 16, next, 16);
            next += 16;
        } else {
            memset(values + i * 16, 0, 16);
        }
    }
    return CW_OK;
}

static cw_status check_text(const struct parquet_decoder *self, const struct piece *piece,
                            const struct cw_parquet_bytes *string, struct cw_error *error)
{
    if (string->size > 0 && !cw_parse_is_utf8((const char *)string->bytes, string->size)) {
        return cw_error_set(error, CW_E_INVALID, self->cursors[piece->position].name,
                            "row group %zu, column %s holds text of %zu bytes that is not UTF-8",
                            self->cursors[piece->position].row_group, self->cursors[piece->position].name,
                            string->size);
    }
    return CW_OK;
}

static cw_status fill_strings(struct parquet_decoder *self, const struct piece *piece, struct cw_error *error)
{
    struct cw_column *column = &piece->batch->columns[piece->position];
    int32_t *offsets = column->values;
    cw_status status = cw_parquet_cursor_strings(&self->cursors[piece->position], self->strings,
                                                 (size_t)piece->valid, error);
    if (piece->first == 0) {
        offsets[0] = 0;
    }
    uint64_t size = (uint64_t)offsets[piece->first];
    for (int64_t i = 0; i < piece->valid && status == CW_OK; i++) {
        size += self->strings[i].size;
        status = check_text(self, piece, &self->strings[i], error);
    }
    if (status == CW_OK && size > STRINGS_LIMIT) {
        status = cw_error_set(error, CW_E_LIMIT, self->cursors[piece->position].name,
                              "row group %zu, column %s holds %" PRIu64
                              " bytes in %d rows, expected at most %" PRIu64,
                              self->cursors[piece->position].row_group, self->cursors[piece->position].name,
                              size, CW_PARQUET_READ_ROWS, STRINGS_LIMIT);
    }
    if (status == CW_OK) {
        status = cw_batch_reserve_bytes(piece->batch, piece->position, (size_t)size, error);
    }
    const struct cw_parquet_bytes *next = self->strings;
    int32_t at = offsets[piece->first];
    for (int64_t i = 0; i < piece->rows && status == CW_OK; i++) {
        if (self->levels[i]) {
            if (next->size > 0) {
                memcpy(column->bytes + at, next->bytes, next->size);
            }
            at += (int32_t)next->size;
            next++;
        }
        offsets[piece->first + i + 1] = at;
    }
    return status;
}

static cw_status fill_values(struct parquet_decoder *self, const struct piece *piece, struct cw_error *error)
{
    switch (self->entity->columns[piece->position].type) {
    case CW_TYPE_BOOL:
        return fill_bools(self, piece, error);
    case CW_TYPE_UUID:
        return fill_uuids(self, piece, error);
    case CW_TYPE_STRING:
        return fill_strings(self, piece, error);
    default:
        return fill_numbers(self, piece, error);
    }
}

static cw_status fill_validity(struct parquet_decoder *self, const struct piece *piece,
                               struct cw_error *error)
{
    struct cw_column *column = &piece->batch->columns[piece->position];
    if (!self->entity->columns[piece->position].nullable) {
        return piece->valid == piece->rows
                   ? CW_OK
                   : cw_error_set(error, CW_E_INVALID, self->cursors[piece->position].name,
                                  "row group %zu, column %s holds a null, expected none",
                                  self->cursors[piece->position].row_group,
                                  self->cursors[piece->position].name);
    }
    for (int64_t i = 0; i < piece->rows; i++) {
        const int64_t row = piece->first + i;
        column->validity[row / 8] =
            (uint8_t)((column->validity[row / 8] & ~(1u << (row % 8))) | self->levels[i] << (row % 8));
    }
    column->null_count += piece->rows - piece->valid;
    return CW_OK;
}

/* A column that the file lacks. */
static void fill_nulls(struct cw_column *column, int64_t rows)
{
    memset(column->validity, 0, (size_t)(rows + 7) / 8);
    if (column->type == CW_TYPE_BOOL) {
        memset(column->values, 0, (size_t)(rows + 7) / 8);
    } else if (column->type == CW_TYPE_STRING) {
        memset(column->values, 0, (size_t)(rows + 1) * sizeof(int32_t));
    } else if (column->type == CW_TYPE_UUID) {
        memset(column->values, 0, (size_t)rows * 16);
    } else {
        const bool is_narrow = column->type == CW_TYPE_INT32 || column->type == CW_TYPE_DATE;
        memset(column->values, 0, (size_t)rows * (is_narrow ? 4 : 8));
    }
    column->null_count = rows;
}

static cw_status fill_column(struct parquet_decoder *self, struct cw_batch *batch, uint32_t position,
                             int64_t rows, struct cw_error *error)
{
    struct cw_column *column = &batch->columns[position];
    struct piece piece = {.batch = batch, .position = position};
    cw_status status = cw_batch_reserve(batch, position, rows, error);
    if (status == CW_OK && column->type == CW_TYPE_STRING) {
        status = cw_batch_reserve_bytes(batch, position, 0, error);
    }
    if (status != CW_OK) {
        return status;
    }
    column->pool = NULL;
    column->null_count = 0;
    if (self->file_column[position] == NO_COLUMN) {
        fill_nulls(column, rows);
        return CW_OK;
    }
    while (piece.first < rows && status == CW_OK) {
        status = cw_parquet_cursor_load(&self->cursors[position], rows - piece.first, &piece.rows, error);
        if (status == CW_OK) {
            status = cw_parquet_cursor_levels(&self->cursors[position], piece.rows, self->levels,
                                              &piece.valid, error);
        }
        if (status == CW_OK) {
            status = fill_validity(self, &piece, error);
        }
        if (status == CW_OK) {
            status = fill_values(self, &piece, error);
        }
        piece.first += piece.rows;
    }
    return status;
}

static cw_status decoder_next(struct cw_decoder *decoder, struct cw_batch *batch, struct cw_error *error)
{
    struct parquet_decoder *self = (struct parquet_decoder *)(void *)decoder;
    cw_status status = CW_OK;
    while (self->left == 0 && self->row_group < self->footer.row_group_count && status == CW_OK) {
        status = open_row_group(self, error);
    }
    batch->row_count = 0;
    const int64_t rows = self->left < CW_PARQUET_READ_ROWS ? self->left : CW_PARQUET_READ_ROWS;
    for (uint32_t i = 0; i < self->entity->column_count && rows > 0 && status == CW_OK; i++) {
        status = fill_column(self, batch, i, rows, error);
    }
    if (status == CW_OK) {
        self->left -= rows;
        batch->row_count = rows;
    }
    return status;
}

const struct cw_format_decoder cw_parquet_decoder = {
    .open = decoder_open,
    .close = decoder_close,
    .next = decoder_next,
};
