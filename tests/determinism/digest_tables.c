/* Prints a digest of every table of a fixed shop in every format, made by the library alone: one line per
 * table and format, "TABLE FORMAT ROWS BYTES DIGEST". The digest is FNV-1a of 128 bits over the bytes of the
 * file.
 *
 *     digest_tables [SHAPE [THREADS [SHARDS]]]
 *
 * SHAPE is the name of one of the shapes below (default: usual). With several shards each is made by a
 * generation of its own and their rows are laid end to end; chunks end with the shards then, as each has
 * dictionaries of its own, so that Parquet files come out with other row groups. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cartwright/encode.h"
#include "cartwright/run.h"

#define FORMATS 5

static const struct {
    enum cw_format format;
    enum cw_compression compression;
    const char *name;
} formats[FORMATS] = {{CW_FORMAT_CSV, CW_COMPRESSION_NONE, "csv"},
                      {CW_FORMAT_NDJSON, CW_COMPRESSION_NONE, "ndjson"},
                      {CW_FORMAT_PARQUET, CW_COMPRESSION_NONE, "parquet"},
                      {CW_FORMAT_PARQUET, CW_COMPRESSION_SNAPPY, "parquet-snappy"},
                      {CW_FORMAT_PARQUET, CW_COMPRESSION_ZSTD, "parquet-zstd"}};

static const struct shape {
    const char *name;
    int64_t customers, products, orders;
    enum cw_behavior behavior;
    uint32_t cells;
} shapes[] = {{"usual", 6000, 400, 9000, CW_BEHAVIOR_NORMAL, 12},
              {"peak", 1500, 300, 5000, CW_BEHAVIOR_PEAK, 0},
              {"holiday", 900, 200, 3000, CW_BEHAVIOR_HOLIDAY, 7},
              {"small", 3, 2, 5, CW_BEHAVIOR_NORMAL, 0}};

/* A file under construction. */
struct output {
    struct cw_encoder *encoder;
    struct cw_chunk *chunk;
    struct cw_tail *tail;
    struct cw_buffer body, note;
    int64_t pending, rows, bytes;
    uint64_t high, low; /* digest */
    int is_first;
};

static struct output outputs[CW_ENTITY_COUNT][FORMATS];
static struct cw_error error;

static void check(cw_status status)
{
    if (status != CW_OK) {
        fprintf(stderr, "digest_tables: %s\n", error.message);
        exit(1);
    }
}

/* ---- Digest ---- */

/* Multiplies by the prime 2^88 + 0x13b of FNV for 128 bits, in 64-bit halves. */
static void add_bytes(struct output *output)
{
    for (size_t i = 0; i < output->body.size; i++) {
        uint64_t low = output->low ^ (uint8_t)output->body.data[i];
        uint64_t product = (low & 0xffffffff) * 0x13b;
        uint64_t upper = (low >> 32) * 0x13b + (product >> 32);
        output->high = output->high * 0x13b + (upper >> 32) + (low << 24);
        output->low = upper << 32 | (product & 0xffffffff);
    }
    output->bytes += (int64_t)output->body.size;
    output->body.size = 0;
}

static void begin(struct output *output, enum cw_entity_id entity, int format)
{
    const struct cw_encoder_options options = {.format = formats[format].format,
                                               .compression = formats[format].compression,
                                               .entity = cw_entity_get(entity)};
    output->high = 0x6c62272e07bb0142ULL;
    output->low = 0x62b821756295c58dULL;
    output->is_first = 1;
    check(cw_encoder_new(&options, &output->encoder, &error));
    check(cw_chunk_new(output->encoder, &output->chunk, &error));
    check(cw_tail_new(output->encoder, &output->tail, &error));
    check(cw_encoder_head(output->encoder, &output->body, &error));
    add_bytes(output);
}

static void flush(struct output *output)
{
    output->note.size = 0;
    check(cw_chunk_finish(output->chunk, output->is_first, &output->body, &output->note, &error));
    if (output->pending > 0) {
        check(cw_tail_add(output->tail, &output->note, output->bytes, &error));
        output->is_first = 0;
    }
    add_bytes(output);
    output->pending = 0;
}

static void finish(struct output *output)
{
    check(cw_tail_finish(output->tail, &output->body, &error));
    add_bytes(output);
    cw_chunk_free(output->chunk);
    cw_tail_free(output->tail);
    cw_encoder_free(output->encoder);
    cw_buffer_clear(&output->body);
    cw_buffer_clear(&output->note);
}

static void add_batch(enum cw_entity_id entity, const struct cw_batch *batch)
{
    for (int f = 0; f < FORMATS; f++) {
        struct output *output = &outputs[entity][f];
        check(cw_chunk_add(output->chunk, batch, &error));
        output->pending += batch->row_count;
        output->rows += batch->row_count;
    }
}

/* Chunks end after the batches of a task, hence at the same rows with any number of threads. */
static void flush_full(int is_last)
{
    for (int e = 0; e < CW_ENTITY_COUNT; e++) {
        for (int f = 0; f < FORMATS; f++) {
            if (is_last || outputs[e][f].pending >= 5000) {
                flush(&outputs[e][f]);
            }
        }
    }
}

/* ---- Generation ---- */

struct crew {
    struct cw_generation *generation;
    pthread_mutex_t mutex;
    pthread_cond_t turned;
    int64_t next, turn, count;
};

/* Tasks are begun in order, run at the same time, and handed over in order. */
static void *work(void *context)
{
    struct crew *crew = context;
    struct cw_worker *worker;
    check(cw_worker_new(crew->generation, &worker, &error));
    for (;;) {
        pthread_mutex_lock(&crew->mutex);
        int64_t task = crew->next++;
        pthread_mutex_unlock(&crew->mutex);
        if (task >= crew->count) {
            break;
        }
        const struct cw_batch *batches[CW_ENTITY_COUNT];
        check(cw_worker_run(worker, task, batches, &error));
        pthread_mutex_lock(&crew->mutex);
        while (crew->turn != task) {
            pthread_cond_wait(&crew->turned, &crew->mutex);
        }
        for (int e = 0; e < CW_ENTITY_COUNT; e++) {
            if (batches[e] != NULL) {
                add_batch((enum cw_entity_id)e, batches[e]);
            }
        }
        flush_full(0);
        crew->turn++;
        pthread_cond_broadcast(&crew->turned);
        pthread_mutex_unlock(&crew->mutex);
    }
    cw_worker_free(worker);
    return NULL;
}

static struct cw_generation *make_shard(const struct cw_run_spec *spec, uint32_t shard, uint32_t shards,
                                        int threads)
{
    struct cw_selection selection = {0};
    for (int e = 0; e < CW_ENTITY_COUNT; e++) {
        cw_selection_add(&selection, (enum cw_entity_id)e);
    }
    struct crew crew = {.turn = 0};
    check(cw_generation_new(spec, NULL, &selection, shard, shards, &crew.generation, &error));
    crew.count = cw_generation_task_count(crew.generation);
    pthread_mutex_init(&crew.mutex, NULL);
    pthread_cond_init(&crew.turned, NULL);
    pthread_t others[64];
    for (int t = 1; t < threads; t++) {
        check(pthread_create(&others[t], NULL, work, &crew) == 0 ? CW_OK : CW_E_INTERNAL);
    }
    work(&crew);
    for (int t = 1; t < threads; t++) {
        pthread_join(others[t], NULL);
    }
    pthread_mutex_destroy(&crew.mutex);
    pthread_cond_destroy(&crew.turned);
    return crew.generation;
}

int main(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : "usual";
    int threads = argc > 2 ? (int)strtol(argv[2], NULL, 10) : 1;
    uint32_t shards = argc > 3 ? (uint32_t)strtoul(argv[3], NULL, 10) : 1;
    size_t shape = 0;
    while (shape < sizeof shapes / sizeof shapes[0] && strcmp(shapes[shape].name, name) != 0) {
        shape++;
    }
    if (shape == sizeof shapes / sizeof shapes[0] || threads < 1 || threads > 64 || shards < 1 ||
        shards > 64) {
        fprintf(stderr, "usage: digest_tables [usual|peak|holiday|small [THREADS [SHARDS]]]\n");
        return 2;
    }
    struct cw_run_spec spec;
    cw_run_spec_init(&spec);
    spec.seed = 20260101;
    spec.customers = shapes[shape].customers;
    spec.products = shapes[shape].products;
    spec.orders = shapes[shape].orders;
    spec.behavior = shapes[shape].behavior;
    spec.cells = shapes[shape].cells;
    check(cw_run_spec_resolve(&spec, &error));
    for (int e = 0; e < CW_ENTITY_COUNT; e++) {
        for (int f = 0; f < FORMATS; f++) {
            begin(&outputs[e][f], (enum cw_entity_id)e, f);
        }
    }
    struct cw_generation *generations[64];
    for (uint32_t s = 0; s < shards; s++) {
        generations[s] = make_shard(&spec, s, shards, threads);
        flush_full(1);
    }
    for (int e = 0; e < CW_ENTITY_COUNT; e++) {
        for (int f = 0; f < FORMATS; f++) {
            struct output *output = &outputs[e][f];
            finish(output);
            printf("%s %s %lld %lld %016llx%016llx\n", cw_entity_get((enum cw_entity_id)e)->table,
                   formats[f].name, (long long)output->rows, (long long)output->bytes,
                   (unsigned long long)output->high, (unsigned long long)output->low);
        }
    }
    for (uint32_t s = 0; s < shards; s++) {
        cw_generation_free(generations[s]);
    }
    return 0;
}
