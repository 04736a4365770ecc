/* How fast ready-made batches become text, one thread, output kept in one recycled buffer.
 *
 * Usage: bench_encode [SECONDS [NAME]]
 *
 * SECONDS (1 by default) are spent on each line; the fastest of many rounds is shown, in CPU time. NAME picks
 * lines, such as "customers, 12 columns csv" or "csv".
 *
 * Values have the shapes of the shop's: given names from a pool of 3,000, cities of 30,000, times in order.
 */
#define _POSIX_C_SOURCE 200809L

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cartwright/encode.h"
#include "model/columns.h"

#define ROWS 4096
#define BATCHES 8

static uint64_t random_state = UINT64_C(0x9E3779B97F4A7C15);

static uint64_t next_random(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state;
}

static void fail(const struct cw_error *error)
{
    fprintf(stderr, "bench_encode: %s\n", error->message);
    exit(EXIT_FAILURE);
}

static void *allocate(size_t size)
{
    void *memory = calloc(1, size);
    if (memory == NULL) {
        fprintf(stderr, "bench_encode: out of memory\n");
        exit(EXIT_FAILURE);
    }
    return memory;
}

static struct cw_pool *pool_new(uint32_t count, uint32_t shortest, uint32_t longest)
{
    struct cw_pool *pool = allocate(sizeof *pool);
    uint32_t *offsets = allocate((count + 1) * sizeof *offsets);
    char *bytes = allocate((size_t)count * longest + CW_PADDING);
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t length = shortest + (uint32_t)(next_random() >> 33) % (longest - shortest + 1);
        for (uint32_t j = 0; j < length; j++) {
            bytes[offsets[i] + j] = (char)('a' + next_random() % 26);
        }
        offsets[i + 1] = offsets[i] + length;
    }
    *pool = (struct cw_pool){.count = count, .offsets = offsets, .bytes = bytes};
    return pool;
}

static void fill_plain(struct cw_batch *batch, uint32_t column, uint32_t shortest, uint32_t longest)
{
    struct cw_error error;
    if (cw_batch_reserve_bytes(batch, column, (size_t)ROWS * longest, &error) != CW_OK) {
        fail(&error);
    }
    struct cw_column *target = &batch->columns[column];
    int32_t *offsets = target->values;
    for (int64_t row = 0; row < ROWS; row++) {
        const uint32_t length = shortest + (uint32_t)(next_random() >> 33) % (longest - shortest + 1);
        memset(target->bytes + offsets[row], 'm', length);
        offsets[row + 1] = offsets[row] + (int32_t)length;
    }
}

static void fill_pooled(struct cw_column *target, const struct cw_pool *pool)
{
    target->pool = pool;
    for (int64_t row = 0; row < ROWS; row++) {
        ((int32_t *)target->values)[row] = (int32_t)((next_random() >> 33) % pool->count);
    }
}

static void fill_numbers(struct cw_column *target, int64_t first_row)
{
    int64_t time = INT64_C(1700000000000000) + first_row * 30000000;
    for (int64_t row = 0; row < ROWS; row++) {
        const uint64_t drawn = next_random();
        time += (int64_t)(drawn % 60000000);
        switch (target->type) {
        case CW_TYPE_BOOL:
            ((uint8_t *)target->values)[row / 8] = (uint8_t)drawn;
            break;
        case CW_TYPE_INT32:
            ((int32_t *)target->values)[row] = (int32_t)(drawn % 100);
            break;
        case CW_TYPE_DATE:
            ((int32_t *)target->values)[row] = (int32_t)(drawn % 20000);
            break;
        case CW_TYPE_INT64:
            ((int64_t *)target->values)[row] = (int64_t)(drawn >> (40 + drawn % 16));
            break;
        case CW_TYPE_TIMESTAMP:
            ((int64_t *)target->values)[row] = time;
            break;
        default:
            ((uint64_t *)target->values)[2 * row] = drawn;
            ((uint64_t *)target->values)[2 * row + 1] = next_random();
        }
    }
}

/* What a string column of the benchmark holds; all others get a pool of 8 short words. */
struct string_shape {
    const char *name;
    uint32_t pool_count; /* 0: plain strings */
    uint32_t shortest;
    uint32_t longest;
};

static const struct string_shape shapes[] = {
    {"email", 0, 18, 30},       {"phone", 0, 12, 14},         {"street", 0, 10, 24},
    {"given_name", 3000, 4, 9}, {"city", 30000, 5, 16},       {"family_name", 9000, 4, 11},
    {"region", 120, 6, 18},     {"postal_code", 40000, 5, 8}, {"sku", 100000, 12, 16},
};

static struct cw_batch *batches_new(const struct cw_entity *entity)
{
    struct cw_batch *batches = allocate(BATCHES * sizeof *batches);
    const struct cw_pool *pools[64] = {0};
    struct cw_error error;
    for (int i = 0; i < BATCHES; i++) {
        struct cw_batch *batch = &batches[i];
        if (cw_batch_init(batch, entity, &error) != CW_OK) {
            fail(&error);
        }
        batch->row_count = ROWS;
        for (uint32_t c = 0; c < entity->column_count; c++) {
            if (cw_batch_reserve(batch, c, ROWS, &error) != CW_OK) {
                fail(&error);
            }
            if (batch->columns[c].validity != NULL) {
                memset(batch->columns[c].validity, 0xFF, ROWS / 8);
            }
            struct string_shape shape = {"", 8, 3, 9};
            for (size_t s = 0; s < sizeof shapes / sizeof shapes[0]; s++) {
                shape = strcmp(shapes[s].name, entity->columns[c].name) == 0 ? shapes[s] : shape;
            }
            if (entity->columns[c].type != CW_TYPE_STRING) {
                fill_numbers(&batch->columns[c], (int64_t)i * ROWS);
            } else if (shape.pool_count == 0) {
                fill_plain(batch, c, shape.shortest, shape.longest);
            } else {
                pools[c] =
                    pools[c] != NULL ? pools[c] : pool_new(shape.pool_count, shape.shortest, shape.longest);
                fill_pooled(&batch->columns[c], pools[c]);
            }
        }
    }
    return batches;
}

static double cpu_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static const char *wanted = "";

static void measure(const char *name, const struct cw_batch *batches, struct cw_encoder_options options,
                    double seconds)
{
    struct cw_encoder *encoder;
    struct cw_chunk *chunk;
    struct cw_error error;
    char line[80];
    snprintf(line, sizeof line, "%s %s", name, cw_format_name(options.format));
    if (strstr(line, wanted) == NULL) {
        return;
    }
    options.entity = batches[0].entity;
    if (cw_encoder_new(&options, &encoder, &error) != CW_OK ||
        cw_chunk_new(encoder, &chunk, &error) != CW_OK) {
        fail(&error);
    }
    struct cw_buffer body = {0};
    struct cw_buffer note = {0};
    const double start = cpu_seconds();
    double best = 1e9;
    int64_t bytes = 0;
    while (cpu_seconds() - start < seconds) {
        const double round_start = cpu_seconds();
        bytes = 0;
        for (int i = 0; i < BATCHES; i++) {
            body.size = 0;
            if (cw_chunk_add(chunk, &batches[i], &error) != CW_OK ||
                cw_chunk_finish(chunk, false, &body, &note, &error) != CW_OK) {
                fail(&error);
            }
            bytes += (int64_t)body.size;
        }
        const double taken = cpu_seconds() - round_start;
        best = taken < best ? taken : best;
    }
    const double rows = (double)ROWS * BATCHES;
    printf("%-30s %7.2f M rows/s %7.1f ns/row %7.0f MB/s %6.1f bytes/row\n", line, rows / best / 1e6,
           best / rows * 1e9, (double)bytes / best / 1e6, (double)bytes / rows);
    cw_buffer_clear(&body);
    cw_buffer_clear(&note);
    cw_chunk_free(chunk);
    cw_encoder_free(encoder);
}

int main(int argc, char **argv)
{
    static const uint32_t customer_columns[] = {
        CW_CUSTOMER_ID,     CW_CUSTOMER_GIVEN_NAME,  CW_CUSTOMER_FAMILY_NAME, CW_CUSTOMER_EMAIL,
        CW_CUSTOMER_PHONE,  CW_CUSTOMER_BIRTH_DATE,  CW_CUSTOMER_STREET,      CW_CUSTOMER_CITY,
        CW_CUSTOMER_REGION, CW_CUSTOMER_POSTAL_CODE, CW_CUSTOMER_COUNTRY,     CW_CUSTOMER_CREATED_AT,
    };
    const double seconds = argc > 1 ? strtod(argv[1], NULL) : 1;
    wanted = argc > 2 ? argv[2] : "";
    const struct cw_batch *customers = batches_new(cw_entity_get(CW_ENTITY_CUSTOMER));
    const struct cw_batch *orders = batches_new(cw_entity_get(CW_ENTITY_ORDER));
    const struct cw_batch *items = batches_new(cw_entity_get(CW_ENTITY_ORDER_ITEM));
    for (int format = CW_FORMAT_CSV; format <= CW_FORMAT_JSON; format++) {
        struct cw_encoder_options options = {.format = (enum cw_format)format};
        measure("orders", orders, options, seconds);
        measure("order_items", items, options, seconds);
        measure("customers, all columns", customers, options, seconds);
        options.columns = customer_columns;
        options.column_count = sizeof customer_columns / sizeof customer_columns[0];
        measure("customers, 12 columns", customers, options, seconds);
    }
    return EXIT_SUCCESS;
}
