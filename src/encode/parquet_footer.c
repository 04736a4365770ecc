#include "encode/parquet_footer.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "encode/parquet_metadata.h"

/* Readers look here for known faults of known writers; the form "NAME version X.Y.Z" is theirs. */
#define CREATED_BY "cartwright version 0.1.0"

#define FORMAT_VERSION 2

enum { REQUIRED = 0, OPTIONAL = 1 };

struct parquet_tail {
    struct cw_tail base;
    int64_t row_count;
    size_t row_group_count;
    struct cw_buffer row_groups; /* as elements of the footer's list */
    struct cw_parquet_chunk *chunks;
};

static struct parquet_tail *of_base(struct cw_tail *tail)
{
    return (struct parquet_tail *)(void *)tail;
}

void cw_parquet_tail_free(struct cw_tail *tail)
{
    struct parquet_tail *self = of_base(tail);
    cw_buffer_clear(&self->row_groups);
    free(self->chunks);
    free(self);
}

cw_status cw_parquet_tail_new(const struct cw_encoder *encoder, struct cw_tail **tail, struct cw_error *error)
{
    struct parquet_tail *created = calloc(1, sizeof *created);
    struct cw_parquet_chunk *chunks = calloc(encoder->options.column_count, sizeof *chunks);
    if (created == NULL || chunks == NULL) {
        free(created);
        free(chunks);
        return cw_error_set(error, CW_E_NO_MEMORY, NULL, "out of memory: no footer of %s",
                            encoder->options.entity->table);
    }
    created->chunks = chunks;
    *tail = &created->base;
    return CW_OK;
}

/* A note is a row group whose offsets count from the chunk's body. */
cw_status cw_parquet_tail_add(struct cw_tail *tail, const struct cw_buffer *note, int64_t body_offset,
                              struct cw_error *error)
{
    struct parquet_tail *self = of_base(tail);
    const uint32_t column_count = self->base.encoder->options.column_count;
    if (note->size == 0) {
        return CW_OK;
    }
    const uint8_t *bytes = (const uint8_t *)note->data;
    struct cw_thrift_reader reader = {.next = bytes, .end = bytes + note->size};
    int64_t row_count = 0;
    if (!cw_parquet_row_group_read(&reader, self->chunks, column_count, &row_count) || body_offset < 0) {
        return cw_error_set(error, CW_E_INVALID, "note",
                            "the note of %zu bytes at offset %" PRId64 " is not of this encoder", note->size,
                            body_offset);
    }
    const size_t before = self->row_groups.size;
    struct cw_thrift_writer writer = CW_THRIFT_WRITER(&self->row_groups, error);
    cw_thrift_element_struct(&writer);
    cw_parquet_row_group_write(&writer, self->chunks, column_count, row_count, body_offset);
    if (writer.status != CW_OK) {
        self->row_groups.size = before;
        return writer.status;
    }
    self->row_group_count++;
    self->row_count += row_count;
    return CW_OK;
}

struct mapping {
    int32_t physical;
    int32_t converted; /* the older annotation; -1: none */
    int16_t logical;   /* field of the union LogicalType; 0: none */
};

static struct mapping mapping_of(enum cw_type type)
{
    switch (type) {
    case CW_TYPE_BOOL:
        return (struct mapping){CW_PARQUET_BOOLEAN, -1, 0};
    case CW_TYPE_INT32:
        return (struct mapping){CW_PARQUET_INT32, -1, 0};
    case CW_TYPE_INT64:
        return (struct mapping){CW_PARQUET_INT64, -1, 0};
    case CW_TYPE_DATE:
        return (struct mapping){CW_PARQUET_INT32, 6, 6};
    case CW_TYPE_TIMESTAMP:
        return (struct mapping){CW_PARQUET_INT64, 10, 8};
    case CW_TYPE_UUID:
        return (struct mapping){CW_PARQUET_FIXED, -1, 14};
    case CW_TYPE_STRING:
        break;
    }
    return (struct mapping){CW_PARQUET_BYTE_ARRAY, 0, 1};
}

static void write_logical(struct cw_thrift_writer *writer, int16_t logical)
{
    cw_thrift_write_struct(writer, 10);
    cw_thrift_write_struct(writer, logical);
    if (logical == 8) {
        cw_thrift_write_bool(writer, 1, true);
        cw_thrift_write_struct(writer, 2);
        cw_thrift_write_struct(writer, 2);
        cw_thrift_write_end(writer);
        cw_thrift_write_end(writer);
    }
    cw_thrift_write_end(writer);
    cw_thrift_write_end(writer);
}

static void write_column(struct cw_thrift_writer *writer, const struct cw_column_def *column)
{
    const struct mapping mapping = mapping_of(column->type);
    cw_thrift_element_struct(writer);
    cw_thrift_write_i32(writer, 1, mapping.physical);
    if (mapping.physical == CW_PARQUET_FIXED) {
        cw_thrift_write_i32(writer, 2, 16);
    }
    cw_thrift_write_i32(writer, 3, column->nullable ? OPTIONAL : REQUIRED);
    cw_thrift_write_binary(writer, 4, column->name, strlen(column->name));
    if (mapping.converted >= 0) {
        cw_thrift_write_i32(writer, 6, mapping.converted);
    }
    if (mapping.logical != 0) {
        write_logical(writer, mapping.logical);
    }
    cw_thrift_write_end(writer);
}

static void write_schema(struct cw_thrift_writer *writer, const struct cw_encoder_options *options)
{
    cw_thrift_write_list(writer, 2, CW_THRIFT_STRUCT, options->column_count + 1);
    cw_thrift_element_struct(writer);
    cw_thrift_write_i32(writer, 3, REQUIRED);
    cw_thrift_write_binary(writer, 4, options->entity->table, strlen(options->entity->table));
    cw_thrift_write_i32(writer, 5, (int32_t)options->column_count);
    cw_thrift_write_end(writer);
    for (uint32_t i = 0; i < options->column_count; i++) {
        write_column(writer, &options->entity->columns[options->columns[i]]);
    }
}

/* Every column's statistics are in the order that its type defines. */
static void write_orders(struct cw_thrift_writer *writer, uint32_t column_count)
{
    cw_thrift_write_list(writer, 7, CW_THRIFT_STRUCT, column_count);
    for (uint32_t i = 0; i < column_count; i++) {
        cw_thrift_element_struct(writer);
        cw_thrift_write_struct(writer, 1);
        cw_thrift_write_end(writer);
        cw_thrift_write_end(writer);
    }
}

cw_status cw_parquet_tail_finish(struct cw_tail *tail, struct cw_buffer *out, struct cw_error *error)
{
    struct parquet_tail *self = of_base(tail);
    const struct cw_encoder_options *options = &self->base.encoder->options;
    const size_t before = out->size;
    struct cw_thrift_writer writer = CW_THRIFT_WRITER(out, error);
    cw_thrift_write_i32(&writer, 1, FORMAT_VERSION);
    write_schema(&writer, options);
    cw_thrift_write_i64(&writer, 3, self->row_count);
    cw_thrift_write_list(&writer, 4, CW_THRIFT_STRUCT, self->row_group_count);
    if (writer.status == CW_OK) {
        writer.status = cw_buffer_append(out, self->row_groups.data, self->row_groups.size, error);
    }
    cw_thrift_write_binary(&writer, 6, CREATED_BY, strlen(CREATED_BY));
    write_orders(&writer, options->column_count);
    cw_thrift_write_end(&writer);
    cw_status status = writer.status;
    const size_t size = out->size - before;
    if (status == CW_OK && size > INT32_MAX) {
        status = cw_error_set(error, CW_E_LIMIT, "footer", "the footer holds %zu bytes, expected at most %d",
                              size, INT32_MAX);
    }
    if (status == CW_OK) {
        const uint32_t length = (uint32_t)size;
        status = cw_buffer_append(out, &length, sizeof length, error);
    }
    if (status == CW_OK) {
        status = cw_buffer_append(out, CW_PARQUET_MAGIC, CW_PARQUET_MAGIC_SIZE, error);
    }
    if (status != CW_OK) {
        out->size = before;
    }
    return status;
}
