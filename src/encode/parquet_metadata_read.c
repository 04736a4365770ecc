#include "encode/parquet_metadata.h"

#include <stdlib.h>
#include <string.h>

/* Bits of the required fields that were seen. */
#define SEEN(id) (1u << (id))

static void read_bound(struct cw_thrift_reader *reader, enum cw_thrift_type type, uint8_t *bound,
                       uint8_t *size, unsigned *seen, int16_t id)
{
    size_t length;
    const uint8_t *bytes = cw_thrift_read_binary(reader, type, &length);
    if (bytes != NULL && length <= CW_PARQUET_STATISTIC_SIZE) {
        memcpy(bound, bytes, length);
        *size = (uint8_t)length;
        *seen |= SEEN(id);
    }
}

static void read_statistics(struct cw_thrift_reader *reader, enum cw_thrift_type type,
                            struct cw_parquet_statistics *statistics)
{
    int16_t id;
    unsigned seen = 0;
    cw_thrift_enter(reader, type);
    while (cw_thrift_read_field(reader, &id, &type)) {
        switch (id) {
        case 3:
            statistics->null_count = cw_thrift_read_int(reader, type, 0, INT64_MAX);
            break;
        case 5:
            read_bound(reader, type, statistics->max, &statistics->max_size, &seen, id);
            break;
        case 6:
            read_bound(reader, type, statistics->min, &statistics->min_size, &seen, id);
            break;
        case 7:
            statistics->max_exact = cw_thrift_read_bool(reader, type);
            break;
        case 8:
            statistics->min_exact = cw_thrift_read_bool(reader, type);
            break;
        default:
            cw_thrift_skip(reader, type);
        }
    }
    statistics->has_bounds = seen == (SEEN(5) | SEEN(6));
}

static uint32_t read_encodings(struct cw_thrift_reader *reader, enum cw_thrift_type type)
{
    uint32_t encodings = 0;
    const size_t count = cw_thrift_read_list(reader, type, CW_THRIFT_I32);
    for (size_t i = 0; i < count && !reader->failed; i++) {
        encodings |= 1u << cw_thrift_read_int(reader, CW_THRIFT_I32, 0, 31);
    }
    return encodings;
}

/* A path of more than one part is a nested column, which the schema has already refused. */
static void read_path(struct cw_thrift_reader *reader, enum cw_thrift_type type,
                      struct cw_parquet_bytes *name)
{
    const size_t count = cw_thrift_read_list(reader, type, CW_THRIFT_BINARY);
    for (size_t i = 0; i < count && !reader->failed; i++) {
        name->bytes = cw_thrift_read_binary(reader, CW_THRIFT_BINARY, &name->size);
    }
}

static void read_column_metadata(struct cw_thrift_reader *reader, enum cw_thrift_type type,
                                 struct cw_parquet_chunk *chunk)
{
    int16_t id;
    unsigned seen = 0;
    cw_thrift_enter(reader, type);
    while (cw_thrift_read_field(reader, &id, &type)) {
        seen |= id < 32 ? SEEN(id) : 0;
        switch (id) {
        case 1:
            chunk->type = (int32_t)cw_thrift_read_int(reader, type, 0, INT32_MAX);
            break;
        case 2:
            chunk->encodings = read_encodings(reader, type);
            break;
        case 3:
            read_path(reader, type, &chunk->name);
            break;
        case 4:
            chunk->codec = (int32_t)cw_thrift_read_int(reader, type, 0, INT32_MAX);
            break;
        case 5:
            chunk->value_count = cw_thrift_read_int(reader, type, 0, INT64_MAX);
            break;
        case 6:
            chunk->uncompressed_size = cw_thrift_read_int(reader, type, 0, INT64_MAX);
            break;
        case 7:
            chunk->compressed_size = cw_thrift_read_int(reader, type, 0, INT64_MAX);
            break;
        case 9:
            chunk->data_offset = cw_thrift_read_int(reader, type, 0, INT64_MAX);
            break;
        case 11:
            chunk->dictionary_offset = cw_thrift_read_int(reader, type, 0, INT64_MAX);
            break;
        case 12:
            read_statistics(reader, type, &chunk->statistics);
            break;
        default:
            cw_thrift_skip(reader, type);
        }
    }
    const unsigned wanted = SEEN(1) | SEEN(3) | SEEN(4) | SEEN(5) | SEEN(6) | SEEN(7) | SEEN(9);
    reader->failed |= (seen & wanted) != wanted;
}

static void read_chunk(struct cw_thrift_reader *reader, struct cw_parquet_chunk *chunk)
{
    int16_t id;
    enum cw_thrift_type type;
    bool has_metadata = false;
    *chunk = (struct cw_parquet_chunk){.dictionary_offset = -1};
    cw_thrift_enter(reader, CW_THRIFT_STRUCT);
    while (cw_thrift_read_field(reader, &id, &type)) {
        if (id == 3) {
            read_column_metadata(reader, type, chunk);
            has_metadata = true;
        } else {
            cw_thrift_skip(reader, type);
        }
    }
    reader->failed |= !has_metadata;
}

bool cw_parquet_row_group_read(struct cw_thrift_reader *reader, struct cw_parquet_chunk *chunks,
                               uint32_t capacity, int64_t *row_count)
{
    int16_t id;
    enum cw_thrift_type type;
    unsigned seen = 0;
    while (cw_thrift_read_field(reader, &id, &type)) {
        seen |= id < 32 ? SEEN(id) : 0;
        if (id == 1) {
            const size_t count = cw_thrift_read_list(reader, type, CW_THRIFT_STRUCT);
            reader->failed |= count != capacity;
            for (uint32_t i = 0; i < capacity && !reader->failed; i++) {
                read_chunk(reader, &chunks[i]);
            }
        } else if (id == 3) {
            *row_count = cw_thrift_read_int(reader, type, 0, INT64_MAX);
        } else {
            cw_thrift_skip(reader, type);
        }
    }
    return !reader->failed && (seen & (SEEN(1) | SEEN(3))) == (SEEN(1) | SEEN(3));
}

static enum cw_parquet_logical read_timestamp(struct cw_thrift_reader *reader, enum cw_thrift_type type)
{
    int16_t id;
    enum cw_parquet_logical logical = CW_PARQUET_OTHER_LOGICAL;
    cw_thrift_enter(reader, type);
    while (cw_thrift_read_field(reader, &id, &type)) {
        if (id != 2) {
            cw_thrift_skip(reader, type);
            continue;
        }
        cw_thrift_enter(reader, type);
        while (cw_thrift_read_field(reader, &id, &type)) {
            logical = id == 2 ? CW_PARQUET_TIMESTAMP_MICROS : CW_PARQUET_OTHER_LOGICAL;
            cw_thrift_skip(reader, type);
        }
    }
    return logical;
}

static enum cw_parquet_logical read_logical(struct cw_thrift_reader *reader, enum cw_thrift_type type)
{
    int16_t id;
    enum cw_parquet_logical logical = CW_PARQUET_NO_LOGICAL;
    cw_thrift_enter(reader, type);
    while (cw_thrift_read_field(reader, &id, &type)) {
        if (id == 8) {
            logical = read_timestamp(reader, type);
            continue;
        }
        logical = id == 1    ? CW_PARQUET_STRING
                  : id == 6  ? CW_PARQUET_DATE
                  : id == 14 ? CW_PARQUET_UUID
                  : id == 10 ? CW_PARQUET_NO_LOGICAL
                             : CW_PARQUET_OTHER_LOGICAL;
        cw_thrift_skip(reader, type);
    }
    return logical;
}

/* The older annotation, which some writers give alone. */
static enum cw_parquet_logical logical_of_converted(int64_t converted)
{
    switch (converted) {
    case 0:
        return CW_PARQUET_STRING;
    case 6:
        return CW_PARQUET_DATE;
    case 10:
        return CW_PARQUET_TIMESTAMP_MICROS;
    case 17:
    case 18:
        return CW_PARQUET_NO_LOGICAL;
    default:
        return CW_PARQUET_OTHER_LOGICAL;
    }
}

static void read_schema_element(struct cw_thrift_reader *reader, struct cw_parquet_schema_column *column)
{
    int16_t id;
    enum cw_thrift_type type;
    enum cw_parquet_logical converted = CW_PARQUET_NO_LOGICAL;
    *column = (struct cw_parquet_schema_column){.type = -1};
    cw_thrift_enter(reader, CW_THRIFT_STRUCT);
    while (cw_thrift_read_field(reader, &id, &type)) {
        switch (id) {
        case 1:
            column->type = (int32_t)cw_thrift_read_int(reader, type, 0, INT32_MAX);
            break;
        case 2:
            column->type_length = (int32_t)cw_thrift_read_int(reader, type, 0, INT32_MAX);
            break;
        case 3: {
            const int64_t repetition = cw_thrift_read_int(reader, type, 0, 2);
            column->optional = repetition == 1;
            column->nested |= repetition == 2;
            break;
        }
        case 4:
            column->name.bytes = cw_thrift_read_binary(reader, type, &column->name.size);
            break;
        case 5:
            column->nested |= cw_thrift_read_int(reader, type, 0, INT32_MAX) > 0;
            break;
        case 6:
            converted = logical_of_converted(cw_thrift_read_int(reader, type, 0, INT32_MAX));
            break;
        case 10:
            column->logical = read_logical(reader, type);
            break;
        default:
            cw_thrift_skip(reader, type);
        }
    }
    if (column->logical == CW_PARQUET_NO_LOGICAL) {
        column->logical = converted;
    }
}

static cw_status no_memory(size_t size, struct cw_error *error)
{
    return cw_error_set(error, CW_E_NO_MEMORY, "footer", "out of memory: the footer needs %zu bytes", size);
}

/* Element 0 is the root. */
static cw_status read_schema(struct cw_thrift_reader *reader, enum cw_thrift_type type,
                             struct cw_parquet_footer *footer, struct cw_error *error)
{
    struct cw_parquet_schema_column root;
    const size_t count = cw_thrift_read_list(reader, type, CW_THRIFT_STRUCT);
    if (count == 0 || count > UINT16_MAX || footer->columns != NULL) {
        reader->failed = true;
        return CW_OK;
    }
    footer->columns = calloc(count, sizeof *footer->columns);
    if (footer->columns == NULL) {
        return no_memory(count * sizeof *footer->columns, error);
    }
    read_schema_element(reader, &root);
    for (size_t i = 1; i < count && !reader->failed; i++) {
        read_schema_element(reader, &footer->columns[i - 1]);
    }
    footer->column_count = (uint32_t)(count - 1);
    return CW_OK;
}

static cw_status read_row_groups(struct cw_thrift_reader *reader, enum cw_thrift_type type,
                                 struct cw_parquet_footer *footer, struct cw_error *error)
{
    const size_t count = cw_thrift_read_list(reader, type, CW_THRIFT_STRUCT);
    if (footer->row_groups != NULL) {
        reader->failed = true;
    }
    if (count == 0 || reader->failed) {
        return CW_OK;
    }
    footer->row_groups = calloc(count, sizeof *footer->row_groups);
    if (footer->row_groups == NULL) {
        return no_memory(count * sizeof *footer->row_groups, error);
    }
    for (size_t i = 0; i < count && !reader->failed; i++) {
        footer->row_groups[i] =
            (struct cw_parquet_bytes){.bytes = reader->next, .size = (size_t)(reader->end - reader->next)};
        cw_thrift_skip(reader, CW_THRIFT_STRUCT);
    }
    footer->row_group_count = count;
    return CW_OK;
}

cw_status cw_parquet_footer_read(const uint8_t *bytes, size_t size, struct cw_parquet_footer *footer,
                                 struct cw_error *error)
{
    struct cw_thrift_reader reader = {.next = bytes, .end = bytes + size};
    int16_t id;
    enum cw_thrift_type type;
    cw_status status = CW_OK;
    *footer = (struct cw_parquet_footer){.row_count = -1};
    while (status == CW_OK && cw_thrift_read_field(&reader, &id, &type)) {
        if (id == 2) {
            status = read_schema(&reader, type, footer, error);
        } else if (id == 3) {
            footer->row_count = cw_thrift_read_int(&reader, type, 0, INT64_MAX);
        } else if (id == 4) {
            status = read_row_groups(&reader, type, footer, error);
        } else {
            cw_thrift_skip(&reader, type);
        }
    }
    if (status == CW_OK && (reader.failed || footer->columns == NULL || footer->row_count < 0)) {
        return cw_error_set(error, CW_E_CORRUPT, "footer",
                            "the Parquet footer of %zu bytes is damaged or lacks its schema", size);
    }
    return status;
}

void cw_parquet_footer_clear(struct cw_parquet_footer *footer)
{
    free(footer->columns);
    free(footer->row_groups);
    *footer = (struct cw_parquet_footer){0};
}

static void read_data_header(struct cw_thrift_reader *reader, enum cw_thrift_type type,
                             struct cw_parquet_page_header *header, bool is_data)
{
    int16_t id;
    unsigned seen = 0;
    cw_thrift_enter(reader, type);
    while (cw_thrift_read_field(reader, &id, &type)) {
        seen |= id < 32 ? SEEN(id) : 0;
        if (id == 1) {
            header->value_count = (int32_t)cw_thrift_read_int(reader, type, 0, INT32_MAX);
        } else if (id == 2) {
            header->encoding = (int32_t)cw_thrift_read_int(reader, type, 0, INT32_MAX);
        } else if (id == 3 && is_data) {
            header->level_encoding = (int32_t)cw_thrift_read_int(reader, type, 0, INT32_MAX);
        } else {
            cw_thrift_skip(reader, type);
        }
    }
    reader->failed |= (seen & (SEEN(1) | SEEN(2))) != (SEEN(1) | SEEN(2));
}

static void read_data_header_v2(struct cw_thrift_reader *reader, enum cw_thrift_type type,
                                struct cw_parquet_page_header *header)
{
    int16_t id;
    unsigned seen = 0;
    header->values_compressed = true;
    cw_thrift_enter(reader, type);
    while (cw_thrift_read_field(reader, &id, &type)) {
        seen |= id < 32 ? SEEN(id) : 0;
        switch (id) {
        case 1:
            header->value_count = (int32_t)cw_thrift_read_int(reader, type, 0, INT32_MAX);
            break;
        case 4:
            header->encoding = (int32_t)cw_thrift_read_int(reader, type, 0, INT32_MAX);
            break;
        case 5:
            header->definition_size = (int32_t)cw_thrift_read_int(reader, type, 0, INT32_MAX);
            break;
        case 6:
            header->repetition_size = (int32_t)cw_thrift_read_int(reader, type, 0, INT32_MAX);
            break;
        case 7:
            header->values_compressed = cw_thrift_read_bool(reader, type);
            break;
        default:
            cw_thrift_skip(reader, type);
        }
    }
    const unsigned wanted = SEEN(1) | SEEN(4) | SEEN(5) | SEEN(6);
    reader->failed |= (seen & wanted) != wanted;
}

/* Which of the three inner headers must be there. */
static int16_t inner_header(int32_t type)
{
    return type == CW_PARQUET_DATA_PAGE ? 5 : type == CW_PARQUET_DICTIONARY_PAGE ? 7 : 8;
}

bool cw_parquet_page_header_read(const uint8_t *bytes, size_t size, struct cw_parquet_page_header *header,
                                 size_t *used)
{
    struct cw_thrift_reader reader = {.next = bytes, .end = bytes + size};
    int16_t id;
    enum cw_thrift_type type;
    unsigned seen = 0;
    *header = (struct cw_parquet_page_header){0};
    while (cw_thrift_read_field(&reader, &id, &type)) {
        seen |= id < 32 ? SEEN(id) : 0;
        if (id == 1) {
            header->type = (int32_t)cw_thrift_read_int(&reader, type, 0, INT32_MAX);
        } else if (id == 2) {
            header->uncompressed_size = (int32_t)cw_thrift_read_int(&reader, type, 0, INT32_MAX);
        } else if (id == 3) {
            header->compressed_size = (int32_t)cw_thrift_read_int(&reader, type, 0, INT32_MAX);
        } else if (id == 5 || id == 7) {
            read_data_header(&reader, type, header, id == 5);
        } else if (id == 8) {
            read_data_header_v2(&reader, type, header);
        } else {
            cw_thrift_skip(&reader, type);
        }
    }
    const bool known = header->type == CW_PARQUET_DATA_PAGE || header->type == CW_PARQUET_DICTIONARY_PAGE ||
                       header->type == CW_PARQUET_DATA_PAGE_V2;
    const unsigned wanted = SEEN(1) | SEEN(2) | SEEN(3) | (known ? SEEN(inner_header(header->type)) : 0);
    *used = (size_t)(reader.next - bytes);
    return !reader.failed && (seen & wanted) == wanted;
}
