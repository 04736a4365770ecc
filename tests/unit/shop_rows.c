#include "shop_rows.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "engine/generation.h"
#include "harness.h"

/* ---- Keeping rows ---- */

static void *grow(void *old, int64_t count, size_t size)
{
    void *grown = realloc(old, (size_t)count * size + 1);
    ck_assert_ptr_nonnull(grown);
    return grown;
}

static void make_room(struct shop_table *table, const struct cw_batch *batch, int64_t rows)
{
    if (table->rows + rows <= table->capacity)
        return;
    int64_t capacity = (table->rows + rows) * 2;
    for (uint32_t c = 0; c < batch->column_count; c++) {
        struct shop_column *column = &table->columns[c];
        column->nulls = grow(column->nulls, capacity, 1);
        if (batch->columns[c].type == CW_TYPE_UUID) {
            column->uuids = grow(column->uuids, capacity, 16);
        } else if (batch->columns[c].type == CW_TYPE_STRING) {
            column->offsets = grow(column->offsets, capacity, sizeof(int64_t));
        } else {
            column->numbers = grow(column->numbers, capacity, sizeof(int64_t));
        }
    }
    table->capacity = capacity;
}

static void keep_text(struct shop_column *column, const struct cw_column *source, int64_t row, int64_t at)
{
    size_t length;
    const char *text = cw_column_string(source, row, &length);
    int64_t end = column->text_size + (int64_t)length + 1;
    if (end > column->text_capacity) {
        column->text_capacity = end * 2;
        column->text = grow(column->text, column->text_capacity, 1);
    }
    memcpy(column->text + column->text_size, text, length);
    column->text[end - 1] = '\0';
    column->offsets[at] = column->text_size;
    column->text_size = end;
}

static int64_t number_of(const struct cw_column *source, int64_t row)
{
    switch (source->type) {
    case CW_TYPE_BOOL:
        return cw_column_bool(source, row);
    case CW_TYPE_INT32:
    case CW_TYPE_DATE:
        return ((const int32_t *)source->values)[row];
    default:
        return ((const int64_t *)source->values)[row];
    }
}

static void keep_batch(struct shop_table *table, const struct cw_batch *batch)
{
    make_room(table, batch, batch->row_count);
    for (uint32_t c = 0; c < batch->column_count; c++) {
        const struct cw_column *source = &batch->columns[c];
        struct shop_column *column = &table->columns[c];
        for (int64_t r = 0; r < batch->row_count; r++) {
            int64_t at = table->rows + r;
            column->nulls[at] = !cw_column_is_valid(source, r);
            if (source->type == CW_TYPE_UUID) {
                memcpy(column->uuids + 16 * at, (const uint8_t *)source->values + 16 * r, 16);
            } else if (source->type == CW_TYPE_STRING) {
                keep_text(column, source, r, at);
            } else {
                column->numbers[at] = number_of(source, r);
            }
        }
    }
    table->rows += batch->row_count;
}

/* ---- Running ---- */

/* What each task made, so that tables can be put together in order of tasks. */
struct crew {
    struct cw_generation *generation;
    struct shop *pieces;
    pthread_mutex_t mutex;
    int64_t next, count;
    struct cw_error error;
    cw_status status;
};

static void run_task(struct crew *crew, struct cw_worker *worker, int64_t task)
{
    const struct cw_batch *batches[CW_ENTITY_COUNT];
    struct cw_error error = {0};
    cw_status status = cw_worker_run(worker, task, batches, &error);
    if (status != CW_OK) {
        pthread_mutex_lock(&crew->mutex);
        if (crew->status == CW_OK) {
            crew->status = status;
            crew->error = error;
        }
        pthread_mutex_unlock(&crew->mutex);
        cw_generation_cancel(crew->generation);
        return;
    }
    for (uint32_t e = 0; e < CW_ENTITY_COUNT; e++) {
        if (batches[e] != NULL)
            keep_batch(&crew->pieces[task].tables[e], batches[e]);
    }
}

static void *work(void *context)
{
    struct crew *crew = context;
    struct cw_worker *worker = NULL;
    ck_assert_int_eq(cw_worker_new(crew->generation, &worker, NULL), CW_OK);
    for (;;) {
        pthread_mutex_lock(&crew->mutex);
        int64_t task = crew->status == CW_OK ? crew->next++ : crew->count;
        pthread_mutex_unlock(&crew->mutex);
        if (task >= crew->count)
            break;
        run_task(crew, worker, task);
    }
    cw_worker_free(worker);
    return NULL;
}

/* One thread with several workers, whose batches are thus used again in different ways. */
static void deal_out(struct crew *crew, uint32_t seed)
{
    struct cw_worker *workers[3];
    for (int w = 0; w < 3; w++)
        ck_assert_int_eq(cw_worker_new(crew->generation, &workers[w], NULL), CW_OK);
    for (int64_t task = 0; task < crew->count && crew->status == CW_OK; task++) {
        seed = seed * 1664525U + 1013904223U;
        run_task(crew, workers[(seed >> 16) % 3], task);
    }
    for (int w = 0; w < 3; w++)
        cw_worker_free(workers[w]);
}

static void append(struct shop *shop, const struct shop *piece)
{
    for (uint32_t e = 0; e < CW_ENTITY_COUNT; e++) {
        const struct shop_table *from = &piece->tables[e];
        struct shop_table *to = &shop->tables[e];
        const struct cw_entity *entity = cw_entity_get((enum cw_entity_id)e);
        if (from->rows == 0)
            continue;
        free(to->by_id);
        to->by_id = NULL;
        struct cw_batch shape;
        ck_assert_int_eq(cw_batch_init(&shape, entity, NULL), CW_OK);
        make_room(to, &shape, from->rows);
        cw_batch_clear(&shape);
        for (uint32_t c = 0; c < entity->column_count; c++) {
            const struct shop_column *source = &from->columns[c];
            struct shop_column *column = &to->columns[c];
            size_t rows = (size_t)from->rows;
            memcpy(column->nulls + to->rows, source->nulls, rows);
            if (source->uuids != NULL)
                memcpy(column->uuids + 16 * to->rows, source->uuids, 16 * rows);
            if (source->numbers != NULL)
                memcpy(column->numbers + to->rows, source->numbers, rows * sizeof(int64_t));
            if (source->offsets == NULL)
                continue;
            column->text = grow(column->text, column->text_size + source->text_size, 1);
            memcpy(column->text + column->text_size, source->text, (size_t)source->text_size);
            for (int64_t r = 0; r < from->rows; r++)
                column->offsets[to->rows + r] = column->text_size + source->offsets[r];
            column->text_size += source->text_size;
            column->text_capacity = column->text_size;
        }
        to->rows += from->rows;
    }
}

static void run_crew(struct crew *crew, const struct shop_part *part)
{
    if (part->threads <= 1 && part->seed != 0) {
        deal_out(crew, part->seed);
        return;
    }
    pthread_t threads[16];
    for (uint32_t t = 1; t < part->threads; t++)
        ck_assert_int_eq(pthread_create(&threads[t], NULL, work, crew), 0);
    work(crew);
    for (uint32_t t = 1; t < part->threads; t++)
        pthread_join(threads[t], NULL);
}

cw_status shop_make(struct shop *shop, struct cw_run_spec *spec, const struct cw_world *world,
                    const struct shop_part *part, struct cw_error *error)
{
    cw_status status = cw_run_spec_resolve(spec, error);
    if (status != CW_OK)
        return status;
    struct cw_selection selection = {0};
    for (uint32_t e = 0; e < CW_ENTITY_COUNT; e++) {
        if (part->entities == 0 || (part->entities >> e & 1))
            cw_selection_add(&selection, (enum cw_entity_id)e);
    }
    struct crew crew = {.status = CW_OK};
    status = cw_generation_plan(spec, world, &selection, part->shard, part->shards, part->threads,
                                &crew.generation, error);
    if (status != CW_OK)
        return status;
    crew.count = cw_generation_task_count(crew.generation);
    crew.pieces = calloc((size_t)crew.count + 1, sizeof *crew.pieces);
    ck_assert_ptr_nonnull(crew.pieces);
    pthread_mutex_init(&crew.mutex, NULL);
    run_crew(&crew, part);
    pthread_mutex_destroy(&crew.mutex);
    for (int64_t task = 0; task < crew.count; task++) {
        if (crew.status == CW_OK)
            append(shop, &crew.pieces[task]);
        shop_clear(&crew.pieces[task]);
    }
    free(crew.pieces);
    cw_generation_free(crew.generation);
    if (crew.status != CW_OK && error != NULL)
        *error = crew.error;
    return crew.status;
}

void shop_make_all(struct shop *shop, struct cw_run_spec *spec, const struct cw_world *world)
{
    struct cw_error error = {0};
    const struct shop_part whole = {.threads = 1, .shards = 1};
    cw_status status = shop_make(shop, spec, world, &whole, &error);
    ck_assert_msg(status == CW_OK, "%s", error.message);
}

void shop_clear(struct shop *shop)
{
    for (uint32_t e = 0; e < CW_ENTITY_COUNT; e++) {
        struct shop_table *table = &shop->tables[e];
        for (uint32_t c = 0; c < 64; c++) {
            free(table->columns[c].numbers);
            free(table->columns[c].uuids);
            free(table->columns[c].nulls);
            free(table->columns[c].text);
            free(table->columns[c].offsets);
        }
        free(table->by_id);
    }
    memset(shop, 0, sizeof *shop);
}

/* ---- Reading ---- */

int64_t shop_rows(const struct shop *shop, enum cw_entity_id entity)
{
    return shop->tables[entity].rows;
}

int64_t shop_number(const struct shop *shop, enum cw_entity_id entity, uint32_t column, int64_t row)
{
    return shop->tables[entity].columns[column].numbers[row];
}

const uint8_t *shop_uuid(const struct shop *shop, enum cw_entity_id entity, uint32_t column, int64_t row)
{
    return shop->tables[entity].columns[column].uuids + 16 * row;
}

const char *shop_text(const struct shop *shop, enum cw_entity_id entity, uint32_t column, int64_t row)
{
    const struct shop_column *texts = &shop->tables[entity].columns[column];
    return texts->text + texts->offsets[row];
}

bool shop_is_null(const struct shop *shop, enum cw_entity_id entity, uint32_t column, int64_t row)
{
    return shop->tables[entity].columns[column].nulls[row] != 0;
}

static int compare_ids(const void *a, const void *b)
{
    return memcmp(*(const uint8_t *const *)a, *(const uint8_t *const *)b, 16);
}

int64_t shop_find(struct shop *shop, enum cw_entity_id entity, const uint8_t *id)
{
    struct shop_table *table = &shop->tables[entity];
    const uint8_t *ids = table->columns[0].uuids;
    if (table->by_id == NULL && table->rows > 0) {
        table->by_id = grow(NULL, table->rows, sizeof *table->by_id);
        for (int64_t r = 0; r < table->rows; r++)
            table->by_id[r] = ids + 16 * r;
        qsort(table->by_id, (size_t)table->rows, sizeof *table->by_id, compare_ids);
    }
    int64_t low = 0;
    int64_t high = table->rows;
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        int order = memcmp(table->by_id[middle], id, 16);
        if (order == 0)
            return (table->by_id[middle] - ids) / 16;
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return -1;
}

static uint64_t add_bytes(uint64_t digest, const void *bytes, size_t size)
{
    const uint8_t *byte = bytes;
    for (size_t i = 0; i < size; i++)
        digest = (digest ^ byte[i]) * 0x100000001b3ULL;
    return digest;
}

uint64_t shop_digest(const struct shop *shop, enum cw_entity_id entity)
{
    const struct shop_table *table = &shop->tables[entity];
    uint64_t digest = 0xcbf29ce484222325ULL;
    size_t rows = (size_t)table->rows;
    digest = add_bytes(digest, &table->rows, sizeof table->rows);
    for (uint32_t c = 0; rows > 0 && c < cw_entity_get(entity)->column_count; c++) {
        const struct shop_column *column = &table->columns[c];
        digest = add_bytes(digest, column->nulls, rows);
        if (column->uuids != NULL) {
            digest = add_bytes(digest, column->uuids, 16 * rows);
        } else if (column->numbers != NULL) {
            digest = add_bytes(digest, column->numbers, rows * sizeof(int64_t));
        } else {
            digest = add_bytes(digest, column->text, (size_t)column->text_size);
        }
    }
    return digest;
}

void shop_assert_same(const struct shop *one, const struct shop *other, const char *what)
{
    for (uint32_t e = 0; e < CW_ENTITY_COUNT; e++) {
        enum cw_entity_id entity = (enum cw_entity_id)e;
        ck_assert_msg(shop_digest(one, entity) == shop_digest(other, entity),
                      "%s differ: %s (%lld and %lld rows)", cw_entity_get(entity)->table, what,
                      (long long)shop_rows(one, entity), (long long)shop_rows(other, entity));
    }
}
