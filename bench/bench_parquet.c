/* How fast rows that are ready in memory become Parquet files, one thread.
 *
 * Usage: bench_parquet [-c zstd|snappy|none] [-l LEVEL] [-r ROUNDS] FOLDER CUSTOMERS PRODUCTS ORDERS TABLE...
 *
 * Makes the rows of seed 42 and keeps the batches of the tables, as generation leaves them: columns, with
 * strings of pools as codes. Then writes FOLDER/TABLE.parquet for each, once a round, and prints a line per
 * round: wall seconds, CPU seconds, bytes, rows. Only encoding and writing are timed.
 */
#define _POSIX_C_SOURCE 200809L

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cartwright/encode.h"
#include "cartwright/run.h"

#define SEED 42

struct table {
    enum cw_entity_id entity;
    struct cw_batch *batches;
    int64_t count, capacity, rows;
};

struct request {
    struct cw_encoder_options options;
    long rounds;
    const char *folder;
    struct cw_run_spec spec;
    size_t table_count;
    struct table tables[CW_ENTITY_COUNT];
};

static struct cw_error error;

static void fail(const char *what)
{
    fprintf(stderr, "bench_parquet: %s\n", what);
    exit(EXIT_FAILURE);
}

static void expect(cw_status status)
{
    if (status != CW_OK) {
        fail(error.message);
    }
}

static double seconds(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* ---- Rows ---- */

static size_t values_size(const struct cw_column *column, int64_t rows)
{
    const size_t count = (size_t)rows;
    switch (column->type) {
    case CW_TYPE_BOOL:
        return (count + 7) / 8;
    case CW_TYPE_INT64:
    case CW_TYPE_TIMESTAMP:
        return count * 8;
    case CW_TYPE_UUID:
        return count * 16;
    case CW_TYPE_STRING:
        return (count + (column->pool == NULL)) * 4;
    case CW_TYPE_INT32:
    case CW_TYPE_DATE:
        break;
    }
    return count * 4;
}

static void copy_column(struct cw_batch *batch, uint32_t position, const struct cw_column *source)
{
    struct cw_column *column = &batch->columns[position];
    const int64_t rows = batch->row_count;
    expect(cw_batch_reserve(batch, position, rows, &error));
    column->pool = source->pool;
    column->null_count = source->null_count;
    memcpy(column->values, source->values, values_size(source, rows));
    if (source->validity != NULL) {
        memcpy(column->validity, source->validity, (size_t)(rows + 7) / 8);
    }
    if (column->type == CW_TYPE_STRING && column->pool == NULL) {
        const size_t size = (size_t)((const int32_t *)source->values)[rows];
        expect(cw_batch_reserve_bytes(batch, position, size, &error));
        if (size > 0) {
            memcpy(column->bytes, source->bytes, size);
        }
    }
}

static void keep(struct table *table, const struct cw_batch *source)
{
    if (table->count == table->capacity) {
        table->capacity = table->capacity * 2 + 64;
        struct cw_batch *grown = realloc(table->batches, (size_t)table->capacity * sizeof *grown);
        if (grown == NULL) {
            fail("out of memory");
        }
        table->batches = grown;
    }
    struct cw_batch *batch = &table->batches[table->count++];
    expect(cw_batch_init(batch, source->entity, &error));
    batch->row_count = source->row_count;
    table->rows += source->row_count;
    for (uint32_t i = 0; i < source->column_count; i++) {
        copy_column(batch, i, &source->columns[i]);
    }
}

/* Generation and worker stay: pools are theirs. */
static void make_rows(struct request *request, struct cw_generation **generation, struct cw_worker **worker)
{
    struct cw_selection selection = {0};
    for (size_t i = 0; i < request->table_count; i++) {
        cw_selection_add(&selection, request->tables[i].entity);
    }
    expect(cw_run_spec_resolve(&request->spec, &error));
    expect(cw_generation_new(&request->spec, NULL, &selection, 0, 1, generation, &error));
    expect(cw_worker_new(*generation, worker, &error));
    const int64_t tasks = cw_generation_task_count(*generation);
    for (int64_t task = 0; task < tasks; task++) {
        const struct cw_batch *batches[CW_ENTITY_COUNT];
        expect(cw_worker_run(*worker, task, batches, &error));
        for (size_t i = 0; i < request->table_count; i++) {
            const struct cw_batch *batch = batches[request->tables[i].entity];
            if (batch != NULL && batch->row_count > 0) {
                keep(&request->tables[i], batch);
            }
        }
    }
}

/* ---- Files ---- */

static int64_t write_out(struct cw_buffer *buffer, FILE *file)
{
    const int64_t size = (int64_t)buffer->size;
    if (size > 0 && fwrite(buffer->data, 1, buffer->size, file) != buffer->size) {
        fail("the file could not be written");
    }
    buffer->size = 0;
    return size;
}

/* Adds batches to the chunk as long as another one like the last would still fit. */
static int64_t fill_chunk(struct cw_chunk *chunk, const struct table *table, int64_t from, int64_t limit)
{
    int64_t rows = 0;
    int64_t next = from;
    do {
        expect(cw_chunk_add(chunk, &table->batches[next], &error));
        rows += table->batches[next].row_count;
        next++;
    } while (next < table->count && rows + table->batches[next - 1].row_count <= limit);
    return next;
}

static int64_t write_table(const struct request *request, const struct table *table)
{
    struct cw_encoder_options options = request->options;
    struct cw_encoder *encoder = NULL;
    struct cw_chunk *chunk = NULL;
    struct cw_tail *tail = NULL;
    struct cw_buffer body = {0};
    struct cw_buffer note = {0};
    char path[4096];
    options.entity = cw_entity_get(table->entity);
    snprintf(path, sizeof path, "%s/%s.parquet", request->folder, options.entity->table);
    FILE *file = fopen(path, "wb");
    if (file == NULL) {
        fail("the file could not be made");
    }
    setvbuf(file, NULL, _IONBF, 0);
    expect(cw_encoder_new(&options, &encoder, &error));
    expect(cw_chunk_new(encoder, &chunk, &error));
    expect(cw_tail_new(encoder, &tail, &error));
    expect(cw_encoder_head(encoder, &body, &error));
    int64_t size = write_out(&body, file);
    for (int64_t next = 0; next < table->count;) {
        const bool is_first = next == 0;
        next = fill_chunk(chunk, table, next, cw_encoder_chunk_rows(encoder));
        note.size = 0;
        expect(cw_chunk_finish(chunk, is_first, &body, &note, &error));
        expect(cw_tail_add(tail, &note, size, &error));
        size += write_out(&body, file);
    }
    expect(cw_tail_finish(tail, &body, &error));
    size += write_out(&body, file);
    if (fclose(file) != 0) {
        fail("the file could not be written");
    }
    cw_buffer_clear(&body);
    cw_buffer_clear(&note);
    cw_chunk_free(chunk);
    cw_tail_free(tail);
    cw_encoder_free(encoder);
    return size;
}

static void run_round(const struct request *request)
{
    const double wall = seconds(CLOCK_MONOTONIC);
    const double cpu = seconds(CLOCK_PROCESS_CPUTIME_ID);
    int64_t size = 0;
    int64_t rows = 0;
    for (size_t i = 0; i < request->table_count; i++) {
        size += write_table(request, &request->tables[i]);
        rows += request->tables[i].rows;
    }
    printf("%.6f %.6f %" PRId64 " %" PRId64 "\n", seconds(CLOCK_MONOTONIC) - wall,
           seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu, size, rows);
}

/* ---- What is asked for ---- */

static int64_t read_number(const char *text, long least, long most)
{
    char *end;
    const long number = strtol(text, &end, 10);
    if (*text == '\0' || *end != '\0' || number < least || number > most) {
        fprintf(stderr, "bench_parquet: \"%s\" is not a number from %ld to %ld\n", text, least, most);
        exit(EXIT_FAILURE);
    }
    return number;
}

static enum cw_compression read_codec(const char *text)
{
    if (strcmp(text, "zstd") == 0) {
        return CW_COMPRESSION_ZSTD;
    }
    if (strcmp(text, "snappy") != 0 && strcmp(text, "none") != 0) {
        fail("the codec is none of zstd, snappy, none");
    }
    return strcmp(text, "snappy") == 0 ? CW_COMPRESSION_SNAPPY : CW_COMPRESSION_NONE;
}

static void read_request(struct request *request, int argc, char **argv)
{
    request->options.format = CW_FORMAT_PARQUET;
    request->options.compression = CW_COMPRESSION_ZSTD;
    request->rounds = 1;
    for (int option; (option = getopt(argc, argv, "c:l:r:")) != -1;) {
        if (option == 'c') {
            request->options.compression = read_codec(optarg);
        } else if (option == 'l') {
            request->options.compression_level = (int)read_number(optarg, -50, 22);
        } else if (option == 'r') {
            request->rounds = read_number(optarg, 1, 1000);
        } else {
            exit(EXIT_FAILURE);
        }
    }
    if (argc - optind < 5 || argc - optind - 4 > CW_ENTITY_COUNT) {
        fail("a folder, three counts and tables are expected");
    }
    request->folder = argv[optind];
    cw_run_spec_init(&request->spec);
    request->spec.seed = SEED;
    request->spec.customers = read_number(argv[optind + 1], 0, 100000000);
    request->spec.products = read_number(argv[optind + 2], 0, 1000000);
    request->spec.orders = read_number(argv[optind + 3], 0, 100000000);
    for (int i = optind + 4; i < argc; i++) {
        const struct cw_entity *entity = cw_entity_find(argv[i], strlen(argv[i]));
        if (entity == NULL) {
            fail("there is no such table");
        }
        request->tables[request->table_count++].entity = entity->id;
    }
}

int main(int argc, char **argv)
{
    static struct request request;
    struct cw_generation *generation;
    struct cw_worker *worker;
    read_request(&request, argc, argv);
    make_rows(&request, &generation, &worker);
    for (long round = 0; round < request.rounds; round++) {
        run_round(&request);
    }
    for (size_t i = 0; i < request.table_count; i++) {
        for (int64_t j = 0; j < request.tables[i].count; j++) {
            cw_batch_clear(&request.tables[i].batches[j]);
        }
        free(request.tables[i].batches);
    }
    cw_worker_free(worker);
    cw_generation_free(generation);
    return EXIT_SUCCESS;
}
