#include <stdlib.h>

#include "encode/parquet_metadata.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MOST_CHUNKS 8

/* The first byte picks what the rest is read as. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t nothing = 0;
    const uint8_t *bytes = size > 1 ? data + 1 : &nothing;
    const size_t length = size > 1 ? size - 1 : 0;
    struct cw_thrift_reader reader = {.next = bytes, .end = bytes + length};
    struct cw_parquet_chunk chunks[MOST_CHUNKS] = {{0}};
    struct cw_parquet_page_header header;
    struct cw_parquet_footer footer;
    int64_t rows = 0;
    size_t used;
    switch (size > 0 ? data[0] % 4 : 0) {
    case 0:
        cw_thrift_skip(&reader, CW_THRIFT_STRUCT);
        break;
    case 1:
        (void)cw_parquet_footer_read(bytes, length, &footer, NULL);
        cw_parquet_footer_clear(&footer);
        break;
    case 2:
        if (cw_parquet_page_header_read(bytes, length, &header, &used) && used > length) {
            abort();
        }
        break;
    default:
        (void)cw_parquet_row_group_read(&reader, chunks, 1 + size % MOST_CHUNKS, &rows);
    }
    return reader.next <= reader.end ? 0 : (abort(), 0);
}
