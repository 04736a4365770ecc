/* How fast ready-made batches of customers become Parquet, one thread, and how large the file is.
 *
 * Usage: bench_parquet [FILE [ROWS [zstd|snappy|none [LEVEL]]]]
 *
 * FILE gets the rows, to be compared with other writers' files of the same rows ("" or none: not written).
 * The fastest of five rounds is shown, in CPU time. Values have the shapes of the shop's: names and places
 * drawn from pools with falling frequency, e-mail addresses made of the names, times in order.
 */
#define _POSIX_C_SOURCE 200809L

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cartwright/encode.h"
#include "model/columns.h"

#define BATCH_ROWS 8192
#define ROUNDS 5
#define LONGEST 64

static uint64_t random_state = UINT64_C(0x9E3779B97F4A7C15);

static uint64_t next_random(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state * UINT64_C(0x2545F4914F6CDD1D);
}

static uint32_t below(uint32_t limit)
{
    return (uint32_t)((next_random() >> 32) * limit >> 32);
}

/* Lower numbers are likelier: the density falls as the root of the number grows. */
static uint32_t skewed(uint32_t limit)
{
    const uint64_t draw = next_random() >> 32;
    return (uint32_t)((draw * draw >> 32) * limit >> 32);
}

static void fail(const char *what)
{
    fprintf(stderr, "bench_parquet: %s\n", what);
    exit(EXIT_FAILURE);
}

static void expect(cw_status status, const struct cw_error *error)
{
    if (status != CW_OK) {
        fail(error->message);
    }
}

static void *allocate(size_t size)
{
    void *memory = calloc(1, size);
    if (memory == NULL) {
        fail("out of memory");
    }
    return memory;
}

/* Made-up words: syllables, so that text has the repetitions of text. */
static struct cw_pool *words_new(uint32_t count, bool digits)
{
    static const char syllables[] = "anbelacodamerifohagijokelumanoperasitovewixyzu";
    struct cw_pool *pool = allocate(sizeof *pool);
    uint32_t *offsets = allocate((count + 1) * sizeof *offsets);
    char *bytes = allocate((size_t)count * LONGEST + CW_PADDING);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t at = offsets[i];
        if (digits) {
            at += (uint32_t)snprintf(bytes + at, LONGEST, "%05" PRIu32, (i * 7919u) % 100000u);
        } else {
            for (uint32_t part = 2 + below(3); part > 0; part--) {
                memcpy(bytes + at, syllables + 2 * below(sizeof syllables / 2), 2);
                at += 2;
            }
        }
        offsets[i + 1] = at;
    }
    pool->count = count;
    pool->offsets = offsets;
    pool->bytes = bytes;
    return pool;
}

enum { GIVEN, FAMILY, CITY, REGION, POSTAL, SMALL, POOL_COUNT };

static struct cw_pool *pools[POOL_COUNT];

static void make_pools(void)
{
    pools[GIVEN] = words_new(3000, false);
    pools[FAMILY] = words_new(8000, false);
    pools[CITY] = words_new(4000, false);
    pools[REGION] = words_new(51, false);
    pools[POSTAL] = words_new(20000, true);
    pools[SMALL] = words_new(5, false);
}

static const struct cw_pool *pool_of(uint32_t column)
{
    switch (column) {
    case CW_CUSTOMER_GIVEN_NAME:
        return pools[GIVEN];
    case CW_CUSTOMER_FAMILY_NAME:
        return pools[FAMILY];
    case CW_CUSTOMER_CITY:
        return pools[CITY];
    case CW_CUSTOMER_REGION:
        return pools[REGION];
    case CW_CUSTOMER_POSTAL_CODE:
        return pools[POSTAL];
    case CW_CUSTOMER_EMAIL:
    case CW_CUSTOMER_PHONE:
    case CW_CUSTOMER_STREET:
        return NULL;
    default:
        return pools[SMALL];
    }
}

static int text_of(char *text, uint32_t column)
{
    const struct cw_pool *given = pools[GIVEN];
    const struct cw_pool *family = pools[FAMILY];
    const uint32_t g = skewed(given->count);
    const uint32_t f = skewed(family->count);
    const int g_size = (int)(given->offsets[g + 1] - given->offsets[g]);
    const int f_size = (int)(family->offsets[f + 1] - family->offsets[f]);
    static const char *const domains[] = {"example.com", "example.org", "mail.example", "shop.example.net"};
    const uint32_t number = below(10000);
    const uint32_t domain = below(4);
    switch (column) {
    case CW_CUSTOMER_EMAIL:
        return snprintf(text, LONGEST, "%.*s.%.*s%" PRIu32 "@%s", g_size, given->bytes + given->offsets[g],
                        f_size, family->bytes + family->offsets[f], number % 1000, domains[domain]);
    case CW_CUSTOMER_PHONE:
        return snprintf(text, LONGEST, "+1%010" PRIu64,
                        UINT64_C(2000000000) + next_random() % UINT64_C(7000000000));
    default:
        return snprintf(text, LONGEST, "%" PRIu32 " %.*s Street", number + 1, f_size,
                        family->bytes + family->offsets[f]);
    }
}

static void fill_text(struct cw_batch *batch, uint32_t column)
{
    struct cw_column *target = &batch->columns[column];
    int32_t *offsets = target->values;
    struct cw_error error;
    expect(cw_batch_reserve_bytes(batch, column, (size_t)BATCH_ROWS * LONGEST, &error), &error);
    offsets[0] = 0;
    for (int64_t row = 0; row < batch->row_count; row++) {
        int size = 0;
        if (cw_column_is_valid(target, row)) {
            size = text_of(target->bytes + offsets[row], column);
        }
        offsets[row + 1] = offsets[row] + size;
    }
}

/* Every 16th row of a nullable column is null. */
static void fill_validity(struct cw_column *column, int64_t row_count)
{
    column->null_count = 0;
    for (int64_t i = 0; i < row_count / 8; i++) {
        column->validity[i] = i % 2 == 0 ? 0xFF : 0xDF;
        column->null_count += i % 2;
    }
}

static void fill_uuid(uint8_t *uuid, int64_t time)
{
    const uint64_t high = (uint64_t)(time / 1000) << 16 | 0x7000 | (next_random() & 0xFFF);
    const uint64_t low = UINT64_C(1) << 63 | next_random() >> 2;
    for (int i = 0; i < 8; i++) {
        uuid[i] = (uint8_t)(high >> (56 - 8 * i));
        uuid[8 + i] = (uint8_t)(low >> (56 - 8 * i));
    }
}

static void fill_column(struct cw_batch *batch, uint32_t position, const int64_t *times)
{
    struct cw_column *column = &batch->columns[position];
    const int64_t rows = batch->row_count;
    struct cw_error error;
    expect(cw_batch_reserve(batch, position, rows, &error), &error);
    if (column->validity != NULL) {
        fill_validity(column, rows);
    }
    if (column->type == CW_TYPE_STRING) {
        column->pool = pool_of(position);
        if (column->pool == NULL) {
            fill_text(batch, position);
            return;
        }
    }
    for (int64_t row = 0; row < rows; row++) {
        if (column->type == CW_TYPE_UUID) {
            fill_uuid((uint8_t *)column->values + row * 16, times[row]);
        } else if (column->type == CW_TYPE_TIMESTAMP) {
            ((int64_t *)column->values)[row] = times[row];
        } else if (column->type == CW_TYPE_DATE) {
            ((int32_t *)column->values)[row] = (int32_t)below(25000) - 10000;
        } else if (column->type == CW_TYPE_INT64) {
            ((int64_t *)column->values)[row] = 5000 * (int64_t)skewed(200);
        } else if (column->type == CW_TYPE_STRING) {
            ((int32_t *)column->values)[row] =
                cw_column_is_valid(column, row) ? (int32_t)skewed(column->pool->count) : 0;
        }
    }
    if (column->type == CW_TYPE_BOOL) {
        for (int64_t i = 0; i < rows / 8; i++) {
            ((uint8_t *)column->values)[i] = (uint8_t)next_random();
        }
    }
}

static struct cw_batch *batches_new(int64_t count)
{
    struct cw_batch *batches = allocate((size_t)count * sizeof *batches);
    int64_t *times = allocate(BATCH_ROWS * sizeof *times);
    int64_t now = INT64_C(1640995200000000);
    struct cw_error error;
    for (int64_t i = 0; i < count; i++) {
        expect(cw_batch_init(&batches[i], cw_entity_get(CW_ENTITY_CUSTOMER), &error), &error);
        batches[i].row_count = BATCH_ROWS;
        for (int64_t row = 0; row < BATCH_ROWS; row++) {
            now += below(200000000);
            times[row] = now;
        }
        for (uint32_t column = 0; column < batches[i].column_count; column++) {
            fill_column(&batches[i], column, times);
        }
    }
    free(times);
    return batches;
}

static double cpu_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static int64_t write_out(struct cw_buffer *buffer, FILE *file)
{
    const int64_t size = (int64_t)buffer->size;
    if (file != NULL && buffer->size > 0 && fwrite(buffer->data, 1, buffer->size, file) != buffer->size) {
        fail("the file could not be written");
    }
    buffer->size = 0;
    return size;
}

/* One whole file; returns the CPU seconds of encoding alone. */
static double encode(const struct cw_encoder *encoder, const struct cw_batch *batches, int64_t count,
                     FILE *file, int64_t *size)
{
    struct cw_error error;
    struct cw_chunk *chunk = NULL;
    struct cw_tail *tail = NULL;
    struct cw_buffer body = {0};
    struct cw_buffer note = {0};
    double spent = 0;
    expect(cw_chunk_new(encoder, &chunk, &error), &error);
    expect(cw_tail_new(encoder, &tail, &error), &error);
    expect(cw_encoder_head(encoder, &body, &error), &error);
    *size = write_out(&body, file);
    const int64_t step = cw_encoder_chunk_rows(encoder) / BATCH_ROWS;
    for (int64_t from = 0; from < count; from += step) {
        const double start = cpu_seconds();
        for (int64_t i = from; i < from + step && i < count; i++) {
            expect(cw_chunk_add(chunk, &batches[i], &error), &error);
        }
        note.size = 0;
        expect(cw_chunk_finish(chunk, from == 0, &body, &note, &error), &error);
        expect(cw_tail_add(tail, &note, *size, &error), &error);
        spent += cpu_seconds() - start;
        *size += write_out(&body, file);
    }
    expect(cw_tail_finish(tail, &body, &error), &error);
    *size += write_out(&body, file);
    cw_buffer_clear(&body);
    cw_buffer_clear(&note);
    cw_chunk_free(chunk);
    cw_tail_free(tail);
    return spent;
}

int main(int argc, char **argv)
{
    const char *path = argc > 1 ? argv[1] : "";
    const int64_t rows = argc > 2 ? strtoll(argv[2], NULL, 10) : 524288;
    const char *codec = argc > 3 ? argv[3] : "zstd";
    const int64_t count = (rows + BATCH_ROWS - 1) / BATCH_ROWS;
    const struct cw_encoder_options options = {
        .format = CW_FORMAT_PARQUET,
        .compression = strcmp(codec, "zstd") == 0     ? CW_COMPRESSION_ZSTD
                       : strcmp(codec, "snappy") == 0 ? CW_COMPRESSION_SNAPPY
                                                      : CW_COMPRESSION_NONE,
        .compression_level = argc > 4 ? (int)strtol(argv[4], NULL, 10) : 0,
        .entity = cw_entity_get(CW_ENTITY_CUSTOMER),
    };
    struct cw_error error;
    struct cw_encoder *encoder = NULL;
    make_pools();
    struct cw_batch *batches = batches_new(count);
    expect(cw_encoder_new(&options, &encoder, &error), &error);
    FILE *file = path[0] != '\0' ? fopen(path, "wb") : NULL;
    int64_t size = 0;
    double best = encode(encoder, batches, count, file, &size);
    for (int round = 1; round < ROUNDS; round++) {
        const double spent = encode(encoder, batches, count, NULL, &size);
        best = spent < best ? spent : best;
    }
    if (file != NULL && fclose(file) != 0) {
        fail("the file could not be written");
    }
    printf("customers, %d columns, parquet %s: %.2f M rows/s, %.1f bytes a row\n", CW_CUSTOMER_COLUMN_COUNT,
           codec, (double)(count * BATCH_ROWS) / best / 1e6, (double)size / (double)(count * BATCH_ROWS));
    cw_encoder_free(encoder);
    for (int64_t i = 0; i < count; i++) {
        cw_batch_clear(&batches[i]);
    }
    free(batches);
    for (int i = 0; i < POOL_COUNT; i++) {
        free(pools[i]);
    }
    return EXIT_SUCCESS;
}
