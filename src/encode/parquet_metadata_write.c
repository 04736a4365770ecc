#include "encode/parquet_metadata.h"

#include <string.h>

static void write_statistics(struct cw_thrift_writer *writer, const struct cw_parquet_statistics *statistics)
{
    cw_thrift_write_struct(writer, 12);
    cw_thrift_write_i64(writer, 3, statistics->null_count);
    if (statistics->has_bounds) {
        cw_thrift_write_binary(writer, 5, statistics->max, statistics->max_size);
        cw_thrift_write_binary(writer, 6, statistics->min, statistics->min_size);
        cw_thrift_write_bool(writer, 7, statistics->max_exact);
        cw_thrift_write_bool(writer, 8, statistics->min_exact);
    }
    cw_thrift_write_end(writer);
}

static void write_encodings(struct cw_thrift_writer *writer, uint32_t encodings)
{
    size_t count = 0;
    for (uint32_t rest = encodings; rest != 0; rest &= rest - 1) {
        count++;
    }
    cw_thrift_write_list(writer, 2, CW_THRIFT_I32, count);
    for (int32_t i = 0; i < 32; i++) {
        if ((encodings >> i) & 1) {
            cw_thrift_element_i32(writer, i);
        }
    }
}

static void write_chunk(struct cw_thrift_writer *writer, const struct cw_parquet_chunk *chunk, int64_t base)
{
    cw_thrift_element_struct(writer);
    cw_thrift_write_i64(writer, 2, 0);
    cw_thrift_write_struct(writer, 3);
    cw_thrift_write_i32(writer, 1, chunk->type);
    write_encodings(writer, chunk->encodings);
    cw_thrift_write_list(writer, 3, CW_THRIFT_BINARY, 1);
    cw_thrift_element_binary(writer, chunk->name.bytes, chunk->name.size);
    cw_thrift_write_i32(writer, 4, chunk->codec);
    cw_thrift_write_i64(writer, 5, chunk->value_count);
    cw_thrift_write_i64(writer, 6, chunk->uncompressed_size);
    cw_thrift_write_i64(writer, 7, chunk->compressed_size);
    cw_thrift_write_i64(writer, 9, base + chunk->data_offset);
    if (chunk->dictionary_offset >= 0) {
        cw_thrift_write_i64(writer, 11, base + chunk->dictionary_offset);
    }
    write_statistics(writer, &chunk->statistics);
    cw_thrift_write_end(writer);
    cw_thrift_write_end(writer);
}

void cw_parquet_row_group_write(struct cw_thrift_writer *writer, const struct cw_parquet_chunk *chunks,
                                uint32_t count, int64_t row_count, int64_t base)
{
    int64_t uncompressed = 0;
    int64_t compressed = 0;
    cw_thrift_write_list(writer, 1, CW_THRIFT_STRUCT, count);
    for (uint32_t i = 0; i < count; i++) {
        write_chunk(writer, &chunks[i], base);
        uncompressed += chunks[i].uncompressed_size;
        compressed += chunks[i].compressed_size;
    }
    cw_thrift_write_i64(writer, 2, uncompressed);
    cw_thrift_write_i64(writer, 3, row_count);
    if (count > 0) {
        const bool has_dictionary = chunks[0].dictionary_offset >= 0;
        cw_thrift_write_i64(writer, 5,
                            base + (has_dictionary ? chunks[0].dictionary_offset : chunks[0].data_offset));
    }
    cw_thrift_write_i64(writer, 6, compressed);
    cw_thrift_write_end(writer);
}

cw_status cw_parquet_page_header_write(struct cw_buffer *out, const struct cw_parquet_page_header *header,
                                       struct cw_error *error)
{
    struct cw_thrift_writer writer = CW_THRIFT_WRITER(out, error);
    cw_thrift_write_i32(&writer, 1, header->type);
    cw_thrift_write_i32(&writer, 2, header->uncompressed_size);
    cw_thrift_write_i32(&writer, 3, header->compressed_size);
    if (header->type == CW_PARQUET_DICTIONARY_PAGE) {
        cw_thrift_write_struct(&writer, 7);
        cw_thrift_write_i32(&writer, 1, header->value_count);
        cw_thrift_write_i32(&writer, 2, header->encoding);
    } else {
        cw_thrift_write_struct(&writer, 5);
        cw_thrift_write_i32(&writer, 1, header->value_count);
        cw_thrift_write_i32(&writer, 2, header->encoding);
        cw_thrift_write_i32(&writer, 3, CW_PARQUET_RLE);
        cw_thrift_write_i32(&writer, 4, CW_PARQUET_RLE);
    }
    cw_thrift_write_end(&writer);
    cw_thrift_write_end(&writer);
    return writer.status;
}
