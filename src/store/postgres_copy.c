#define _DEFAULT_SOURCE

#include "store/postgres_store.h"
#include "store/postgres_value.h"

/* A row is the number of its fields in 16 bits, then each field. */
cw_status cw_pg_copy_rows(const struct cw_batch *batch, int64_t first, struct cw_buffer *out,
                          struct cw_error *error)
{
    const uint32_t columns = batch->column_count;
    size_t size = (size_t)batch->row_count * (2 + 12);
    for (uint32_t c = 0; c < columns; c++) {
        size += cw_pg_column_bound(&batch->columns[c], batch->row_count);
    }
    const cw_status status = cw_buffer_reserve(out, size, error);
    if (status != CW_OK) {
        return status;
    }
    char *at = out->data + out->size;
    for (int64_t row = 0; row < batch->row_count; row++) {
        *at++ = 0;
        *at++ = (char)(columns + 1);
        for (uint32_t c = 0; c < columns; c++) {
            at = cw_pg_put_value(at, &batch->columns[c], row);
        }
        at = cw_pg_put64(cw_pg_put32(at, 8), (uint64_t)(first + row));
    }
    out->size = (size_t)(at - out->data);
    return CW_OK;
}
