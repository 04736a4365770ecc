#include "engine/fill.h"

cw_status cw_fill_begin(struct cw_batch *batch, uint64_t columns, int64_t rows,
                        const struct cw_pool *const *pools, size_t text_bytes, struct cw_error *error)
{
    batch->row_count = 0;
    for (uint32_t c = 0; c < batch->column_count; c++) {
        if (!cw_fill_wants(columns, c))
            continue;
        struct cw_column *column = &batch->columns[c];
        column->pool = pools[c];
        column->null_count = 0;
        bool plain = column->type == CW_TYPE_STRING && column->pool == NULL;
        cw_status status = cw_batch_reserve(batch, c, rows + plain, error);
        if (status == CW_OK && plain)
            status = cw_batch_reserve_bytes(batch, c, (size_t)rows * text_bytes + CW_PADDING, error);
        if (status != CW_OK)
            return status;
    }
    return CW_OK;
}
