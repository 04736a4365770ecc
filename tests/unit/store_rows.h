/* Rows for tests and benchmarks of the store: small, plain and coherent, made from row numbers. */
#ifndef TESTS_UNIT_STORE_ROWS_H
#define TESTS_UNIT_STORE_ROWS_H

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/uuid.h"
#include "cartwright/batch.h"
#include "model/columns.h"
#include "store/store.h"

#define ROWS_EPOCH INT64_C(1700000000000000) /* 2023-11-14T22:13:20Z */
#define ROWS_UNUSED __attribute__((unused)) static

ROWS_UNUSED uint64_t rows_mix(uint64_t x)
{
    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return x ^ x >> 31;
}

ROWS_UNUSED int64_t rows_time(int64_t number)
{
    return ROWS_EPOCH + number * 1000000;
}

/* The id of row `number` of an entity. */
ROWS_UNUSED struct cw_uuid rows_id(enum cw_entity_id entity, int64_t number)
{
    struct cw_uuid id = {{0}};
    cw_uuid_v7(id.bytes, rows_time(number), rows_mix((uint64_t)number * 32 + (uint64_t)entity + 1));
    return id;
}

ROWS_UNUSED void rows_must(cw_status status, const struct cw_error *error)
{
    if (status != CW_OK) {
        fprintf(stderr, "%s: %s\n", cw_status_name(status), error->message);
        abort();
    }
}

ROWS_UNUSED void rows_set_id(struct cw_batch *batch, uint32_t column, int64_t row, enum cw_entity_id entity,
                             int64_t number)
{
    const struct cw_uuid id = rows_id(entity, number);
    memcpy((uint8_t *)batch->columns[column].values + row * 16, id.bytes, 16);
    if (batch->columns[column].validity != NULL) {
        batch->columns[column].validity[row >> 3] |= (uint8_t)(1 << (row & 7));
    }
}

ROWS_UNUSED void rows_set_int(struct cw_batch *batch, uint32_t column, int64_t row, int64_t value)
{
    struct cw_column *target = &batch->columns[column];
    if (target->type == CW_TYPE_INT32 || target->type == CW_TYPE_DATE) {
        ((int32_t *)target->values)[row] = (int32_t)value;
    } else if (target->type == CW_TYPE_BOOL) {
        uint8_t *byte = (uint8_t *)target->values + (row >> 3);
        *byte = (uint8_t)(value ? *byte | 1 << (row & 7) : *byte & ~(1 << (row & 7)));
    } else {
        ((int64_t *)target->values)[row] = value;
    }
    if (target->validity != NULL) {
        target->validity[row >> 3] |= (uint8_t)(1 << (row & 7));
    }
}

/* Every row of a text column gets format with its number (first + row). Replaces what was there. */
ROWS_UNUSED void rows_set_texts(struct cw_batch *batch, uint32_t column, const char *format, int64_t first)
{
    struct cw_error error;
    struct cw_column *target = &batch->columns[column];
    int32_t *offsets = target->values;
    offsets[0] = 0;
    for (int64_t row = 0; row < batch->row_count; row++) {
        char text[128];
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        /* cppcheck-suppress wrongPrintfScanfArgNum */
        const int length = snprintf(text, sizeof text, format, first + row);
#pragma GCC diagnostic pop
        rows_must(cw_batch_reserve_bytes(batch, column, (size_t)offsets[row] + (size_t)length, &error),
                  &error);
        memcpy(target->bytes + offsets[row], text, (size_t)length);
        offsets[row + 1] = offsets[row] + length;
        if (target->validity != NULL) {
            target->validity[row >> 3] |= (uint8_t)(1 << (row & 7));
        }
    }
}

/* What a text column holds unless told otherwise: the first of its closed set, or something of the right
 * length. */
ROWS_UNUSED void rows_default_text(const struct cw_column_def *definition, char text[64])
{
    if (definition->values != NULL) {
        snprintf(text, 64, "%.*s", (int)strcspn(definition->values, "|"), definition->values);
    } else if (strcmp(definition->name, "country") == 0) {
        snprintf(text, 64, "DE");
    } else if (strcmp(definition->name, "currency") == 0) {
        snprintf(text, 64, "EUR");
    } else {
        snprintf(text, 64, definition->unique ? "%s %%" PRId64 : "%s", definition->name);
    }
}

/* A batch of `rows` rows numbered from first: ids and unique texts by number, instants in order, numbers 1,
 * nullable columns null. References are left zero. */
ROWS_UNUSED void rows_init(struct cw_batch *batch, enum cw_entity_id id, int64_t first, int64_t rows)
{
    struct cw_error error;
    const struct cw_entity *entity = cw_entity_get(id);
    rows_must(cw_batch_init(batch, entity, &error), &error);
    batch->row_count = rows;
    for (uint32_t c = 0; c < entity->column_count; c++) {
        struct cw_column *column = &batch->columns[c];
        rows_must(cw_batch_reserve(batch, c, rows, &error), &error);
        if (column->validity != NULL) {
            memset(column->validity, 0, (size_t)(rows + 7) / 8);
            column->null_count = rows;
            if (column->type == CW_TYPE_STRING) {
                memset(column->values, 0, (size_t)(rows + 1) * 4);
            }
            continue;
        }
        if (column->type == CW_TYPE_STRING) {
            char text[64];
            rows_default_text(&entity->columns[c], text);
            rows_set_texts(batch, c, text, first);
        }
        for (int64_t row = 0; row < rows && column->type != CW_TYPE_STRING; row++) {
            if (column->type == CW_TYPE_UUID && c == 0) {
                rows_set_id(batch, c, row, id, first + row);
            } else if (column->type == CW_TYPE_TIMESTAMP) {
                rows_set_int(batch, c, row, rows_time(first + row));
            } else if (column->type != CW_TYPE_UUID) {
                rows_set_int(batch, c, row, 1);
            }
        }
    }
}

ROWS_UNUSED void rows_set_reference(struct cw_batch *batch, uint32_t column, enum cw_entity_id entity,
                                    int64_t first, int64_t children)
{
    for (int64_t row = 0; row < batch->row_count; row++) {
        rows_set_id(batch, column, row, entity, (first + row) / children);
    }
}

/* Customers first .. first + rows - 1; each has the address and the payment method of its number. */
ROWS_UNUSED void rows_customers(struct cw_batch batches[CW_ENTITY_COUNT], int64_t first, int64_t rows)
{
    struct cw_batch *customers = &batches[CW_ENTITY_CUSTOMER];
    rows_init(customers, CW_ENTITY_CUSTOMER, first, rows);
    rows_set_texts(customers, CW_CUSTOMER_EMAIL, "customer.%" PRId64 "@example.com", first);
    rows_set_reference(customers, CW_CUSTOMER_DEFAULT_ADDRESS_ID, CW_ENTITY_ADDRESS, first, 1);
    rows_init(&batches[CW_ENTITY_ADDRESS], CW_ENTITY_ADDRESS, first, rows);
    rows_set_reference(&batches[CW_ENTITY_ADDRESS], CW_ADDRESS_CUSTOMER_ID, CW_ENTITY_CUSTOMER, first, 1);
    rows_init(&batches[CW_ENTITY_PAYMENT_METHOD], CW_ENTITY_PAYMENT_METHOD, first, rows);
    rows_set_reference(&batches[CW_ENTITY_PAYMENT_METHOD], CW_PAYMENT_METHOD_CUSTOMER_ID, CW_ENTITY_CUSTOMER,
                       first, 1);
}

ROWS_UNUSED void rows_clear(struct cw_batch batches[CW_ENTITY_COUNT])
{
    for (int e = 0; e < CW_ENTITY_COUNT; e++) {
        cw_batch_clear(&batches[e]);
    }
}

ROWS_UNUSED struct cw_run_record rows_run(int64_t number)
{
    struct cw_error error;
    struct cw_run_record run = {.created_at = rows_time(number)};
    const uint64_t random = rows_mix((uint64_t)number + 77);
    cw_uuid_v7(run.id.bytes, run.created_at, random);
    rows_must(cw_buffer_format(&run.spec, &error, "{\"number\":%" PRId64 "}", number), &error);
    rows_must(cw_buffer_format(&run.request, &error, "{}"), &error);
    rows_must(cw_buffer_format(&run.digests, &error, "{}"), &error);
    rows_must(cw_buffer_format(&run.basis, &error, "{}"), &error);
    return run;
}

#endif
