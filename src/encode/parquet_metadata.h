/* The metadata of Parquet files (https://github.com/apache/parquet-format, parquet.thrift): what a footer,
 * the head of a page and the note of a chunk hold. A note is a RowGroup whose offsets count from the chunk's
 * body. */
#ifndef CW_ENCODE_PARQUET_METADATA_H
#define CW_ENCODE_PARQUET_METADATA_H

#include <stdbool.h>
#include <stdint.h>

#include "cartwright/buffer.h"
#include "encode/thrift_compact.h"

/* Parquet is little-endian; pages and batches are copied as they are. */
#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "the Parquet encoder needs a little-endian machine"
#endif

#define CW_PARQUET_MAGIC "PAR1"
#define CW_PARQUET_MAGIC_SIZE 4

enum cw_parquet_type {
    CW_PARQUET_BOOLEAN = 0,
    CW_PARQUET_INT32 = 1,
    CW_PARQUET_INT64 = 2,
    CW_PARQUET_BYTE_ARRAY = 6,
    CW_PARQUET_FIXED = 7
};

enum cw_parquet_encoding {
    CW_PARQUET_PLAIN = 0,
    CW_PARQUET_PLAIN_DICTIONARY = 2,
    CW_PARQUET_RLE = 3,
    CW_PARQUET_DELTA_BINARY_PACKED = 5,
    CW_PARQUET_DELTA_LENGTH_BYTE_ARRAY = 6,
    CW_PARQUET_DELTA_BYTE_ARRAY = 7,
    CW_PARQUET_RLE_DICTIONARY = 8
};

enum cw_parquet_codec { CW_PARQUET_UNCOMPRESSED = 0, CW_PARQUET_SNAPPY = 1, CW_PARQUET_ZSTD = 6 };

enum cw_parquet_page_type {
    CW_PARQUET_DATA_PAGE = 0,
    CW_PARQUET_DICTIONARY_PAGE = 2,
    CW_PARQUET_DATA_PAGE_V2 = 3
};

/* The meaning of a column beyond its physical type. */
enum cw_parquet_logical {
    CW_PARQUET_NO_LOGICAL,
    CW_PARQUET_STRING,
    CW_PARQUET_DATE,
    CW_PARQUET_TIMESTAMP_MICROS,
    CW_PARQUET_UUID,
    CW_PARQUET_OTHER_LOGICAL
};

/* Bytes borrowed from the metadata that was read, or from the column that is written. */
struct cw_parquet_bytes {
    const uint8_t *bytes;
    size_t size;
};

struct cw_parquet_schema_column {
    int32_t type;        /* enum cw_parquet_type, or another that is not supported */
    int32_t type_length; /* of CW_PARQUET_FIXED */
    bool optional;
    bool nested; /* a group, or repeated: not supported */
    enum cw_parquet_logical logical;
    struct cw_parquet_bytes name;
};

#define CW_PARQUET_STATISTIC_SIZE 64

struct cw_parquet_statistics {
    int64_t null_count;
    bool has_bounds;
    bool min_exact, max_exact; /* else a bound that no value passes */
    uint8_t min_size, max_size;
    uint8_t min[CW_PARQUET_STATISTIC_SIZE];
    uint8_t max[CW_PARQUET_STATISTIC_SIZE];
};

struct cw_parquet_chunk {
    int32_t type;
    uint32_t encodings; /* bit set of enum cw_parquet_encoding */
    int32_t codec;
    int64_t value_count; /* nulls included */
    int64_t uncompressed_size;
    int64_t compressed_size;
    int64_t data_offset;
    int64_t dictionary_offset; /* -1: none */
    struct cw_parquet_bytes name;
    struct cw_parquet_statistics statistics; /* bounds longer than the arrays are dropped */
};

/* Appends a RowGroup with its columns, offsets moved by base; as the field or element that writer stands in.
 */
void cw_parquet_row_group_write(struct cw_thrift_writer *writer, const struct cw_parquet_chunk *chunks,
                                uint32_t count, int64_t row_count, int64_t base);

/* Reads a RowGroup, as the struct that reader has just entered, into at most capacity chunks; names point
 * into the input. False when it is damaged, lacks something or holds another number of columns than capacity.
 */
bool cw_parquet_row_group_read(struct cw_thrift_reader *reader, struct cw_parquet_chunk *chunks,
                               uint32_t capacity, int64_t *row_count);

/* What a footer says. */
struct cw_parquet_footer {
    int64_t row_count;
    struct cw_parquet_schema_column *columns;
    uint32_t column_count;
    struct cw_parquet_bytes *row_groups; /* each from its first field to the end of the footer */
    size_t row_group_count;
};

/* Reads a FileMetaData; names and row groups point into bytes. The caller clears *footer, after failure as
 * well. Errors: CW_E_CORRUPT, CW_E_NO_MEMORY. */
cw_status cw_parquet_footer_read(const uint8_t *bytes, size_t size, struct cw_parquet_footer *footer,
                                 struct cw_error *error);
void cw_parquet_footer_clear(struct cw_parquet_footer *footer);

struct cw_parquet_page_header {
    int32_t type; /* enum cw_parquet_page_type, or another, to be skipped */
    int32_t uncompressed_size;
    int32_t compressed_size;
    int32_t value_count; /* nulls included */
    int32_t encoding;
    int32_t level_encoding;  /* version 1 */
    int32_t definition_size; /* version 2, bytes */
    int32_t repetition_size; /* version 2, bytes */
    bool values_compressed;  /* version 2 */
};

/* Appends a page's header: version 1 data pages and dictionary pages. Errors: CW_E_NO_MEMORY. */
cw_status cw_parquet_page_header_write(struct cw_buffer *out, const struct cw_parquet_page_header *header,
                                       struct cw_error *error);

/* Reads a page header at bytes; *used gets its length. False when it is damaged or cut. */
bool cw_parquet_page_header_read(const uint8_t *bytes, size_t size, struct cw_parquet_page_header *header,
                                 size_t *used);

#endif
