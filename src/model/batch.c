#include "cartwright/batch.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Arrow recommends 64 bytes: a cache line, and the widest vector register. */
#define BUFFER_ALIGNMENT 64

/* Arrow's 32-bit string offsets end here; it also keeps every size below far from overflow. */
#define HIGHEST_ROW_COUNT INT32_MAX
#define HIGHEST_STRING_BYTES INT32_MAX

/* Grows *buffer to hold size bytes and CW_PADDING more; *capacity is what may be used without the padding. At
 * least doubles, so that filling a buffer piece by piece stays linear. New bytes are zero. */
static bool buffer_grow(void **buffer, size_t *capacity, size_t size)
{
    if (*buffer != NULL && size <= *capacity) {
        return true;
    }
    size_t wanted = *capacity * 2 > size ? *capacity * 2 : size;
    wanted = (wanted + CW_PADDING + BUFFER_ALIGNMENT - 1) / BUFFER_ALIGNMENT * BUFFER_ALIGNMENT;
    char *grown = aligned_alloc(BUFFER_ALIGNMENT, wanted);
    if (grown == NULL) {
        return false;
    }
    const size_t kept = *buffer != NULL ? *capacity : 0;
    if (kept > 0) {
        memcpy(grown, *buffer, kept);
    }
    memset(grown + kept, 0, wanted - kept);
    free(*buffer);
    *buffer = grown;
    *capacity = wanted - CW_PADDING;
    return true;
}

static size_t bitmap_size(size_t rows)
{
    return (rows + 7) / 8;
}

static size_t values_size(enum cw_type type, size_t rows)
{
    switch (type) {
    case CW_TYPE_BOOL:
        return bitmap_size(rows);
    case CW_TYPE_INT32:
    case CW_TYPE_DATE:
        return rows * sizeof(int32_t);
    case CW_TYPE_INT64:
    case CW_TYPE_TIMESTAMP:
        return rows * sizeof(int64_t);
    case CW_TYPE_UUID:
        return rows * 16;
    case CW_TYPE_STRING:
        break;
    }
    return (rows + 1) * sizeof(int32_t);
}

static cw_status check_column(const struct cw_batch *batch, uint32_t column, struct cw_error *error)
{
    if (column >= batch->column_count) {
        return cw_error_set(error, CW_E_INVALID, "column",
                            "column is %" PRIu32 ", but %s has columns 0 to %" PRIu32, column,
                            batch->entity->table, batch->column_count - 1);
    }
    return CW_OK;
}

static cw_status no_memory(const struct cw_batch *batch, uint32_t column, size_t size, struct cw_error *error)
{
    return cw_error_set(error, CW_E_NO_MEMORY, batch->entity->columns[column].name,
                        "out of memory: column %s.%s needs %zu bytes", batch->entity->table,
                        batch->entity->columns[column].name, size);
}

cw_status cw_batch_init(struct cw_batch *batch, const struct cw_entity *entity, struct cw_error *error)
{
    struct cw_column *columns = calloc(entity->column_count, sizeof *columns);
    if (columns == NULL) {
        return cw_error_set(error, CW_E_NO_MEMORY, entity->table,
                            "out of memory: a batch of %s needs %zu bytes", entity->table,
                            entity->column_count * sizeof *columns);
    }
    for (uint32_t i = 0; i < entity->column_count; i++) {
        columns[i].type = entity->columns[i].type;
    }
    *batch = (struct cw_batch){.entity = entity, .column_count = entity->column_count, .columns = columns};
    return CW_OK;
}

void cw_batch_clear(struct cw_batch *batch)
{
    if (batch == NULL) {
        return;
    }
    for (uint32_t i = 0; i < batch->column_count; i++) {
        free(batch->columns[i].validity);
        free(batch->columns[i].values);
        free(batch->columns[i].bytes);
    }
    free(batch->columns);
    *batch = (struct cw_batch){0};
}

cw_status cw_batch_reserve(struct cw_batch *batch, uint32_t column, int64_t rows, struct cw_error *error)
{
    const cw_status status = check_column(batch, column, error);
    if (status != CW_OK) {
        return status;
    }
    if (rows < 0 || rows > HIGHEST_ROW_COUNT) {
        return cw_error_set(error, CW_E_INVALID, "rows",
                            "rows is %" PRId64 ", but a batch holds 0 to %d rows", rows, HIGHEST_ROW_COUNT);
    }
    struct cw_column *target = &batch->columns[column];
    if (batch->entity->columns[column].nullable) {
        void *validity = target->validity;
        const size_t size = bitmap_size((size_t)rows);
        if (!buffer_grow(&validity, &target->validity_capacity, size)) {
            return no_memory(batch, column, size, error);
        }
        target->validity = validity;
    }
    const size_t size = values_size(target->type, (size_t)rows);
    if (!buffer_grow(&target->values, &target->values_capacity, size)) {
        return no_memory(batch, column, size, error);
    }
    return CW_OK;
}

cw_status cw_batch_reserve_bytes(struct cw_batch *batch, uint32_t column, size_t size, struct cw_error *error)
{
    const cw_status status = check_column(batch, column, error);
    if (status != CW_OK) {
        return status;
    }
    struct cw_column *target = &batch->columns[column];
    if (target->type != CW_TYPE_STRING) {
        return cw_error_set(
            error, CW_E_INVALID, "column", "column %s.%s is of type %s, but string bytes were reserved",
            batch->entity->table, batch->entity->columns[column].name, cw_type_name(target->type));
    }
    if (size > HIGHEST_STRING_BYTES) {
        return cw_error_set(error, CW_E_LIMIT, "size",
                            "size is %zu, but a string column of a batch holds up to %d bytes", size,
                            HIGHEST_STRING_BYTES);
    }
    void *bytes = target->bytes;
    if (!buffer_grow(&bytes, &target->bytes_capacity, size)) {
        return no_memory(batch, column, size, error);
    }
    target->bytes = bytes;
    return CW_OK;
}
