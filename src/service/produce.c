#define _POSIX_C_SOURCE 200809L
#include "service/produce.h"

#include <limits.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* How it runs. Threads take tasks in ascending order, as the engine wants it. Tasks are cut into spans: one
 * task each where the bytes do not depend on how rows are cut into chunks, else as many as fill a chunk (a
 * Parquet row group). A span has a slot of a ring and, while it is built, a set of chunks, one per output. A
 * thread that has made a task's rows adds them to the span's chunks when those of the task before are in; it
 * goes output by output, so that several threads add to one span at a time. Who made the last task of a span
 * finishes the chunks. Whoever completes the span that is next in the file also writes it, and all that are
 * ready behind it; so a single thread needs no other, and several keep working while one writes. A span does
 * not begin before its place in the ring is free, which bounds memory.
 *
 * Where rows go into a store (or to a callback), batches can't be laid aside: spans are then single tasks,
 * and each thread waits for its turn. */

#define SPAN_TASKS_MAX 4096
#define SLOTS_PER_THREAD 2

/* Bytes of one output in one span. */
struct piece {
    struct cw_buffer body;
    struct cw_buffer note;
    int64_t rows;
    int64_t added; /* tasks of the span whose rows are in */
};

/* The chunks of a span that is being built, one per output. */
struct chunk_set {
    struct cw_chunk **chunks;
    struct chunk_set *next; /* among those that are free */
};

struct slot {
    bool reported; /* its row counts are known */
    bool ready;    /* its pieces are complete */
    struct piece *pieces;
    struct chunk_set *set;
};

struct destination {
    struct cw_output *output;
    struct cw_encoder *encoder;
    struct cw_tail *tail;
    EVP_MD_CTX *digest;
    int64_t first_span;    /* lowest span known to hold rows; INT64_MAX: none */
    struct cw_buffer edge; /* head and tail */
};

struct driver {
    const struct cw_produce_options *options;
    struct cw_generation *generation;
    struct destination *destinations;
    size_t count;
    struct slot *slots;
    int64_t slot_count;
    int64_t task_count, span_tasks, span_count;
    bool takes_turns; /* rows go to a store or a callback */
    pthread_mutex_t lock;
    pthread_cond_t moved;
    int64_t next_task;      /* to be begun */
    struct chunk_set *sets; /* all of them */
    size_t set_count;
    struct chunk_set *free_sets;
    int64_t reported_span; /* all below have reported */
    int64_t written_span;  /* all below are written */
    bool writing;
    cw_status status; /* the first failure */
    struct cw_error error;
};

/* One thread's own things. */
struct hand {
    struct driver *driver;
    struct cw_worker *worker;
    const struct cw_batch *batches[CW_ENTITY_COUNT]; /* of the last task */
    pthread_t thread;
};

static void fail(struct driver *driver, cw_status status, const struct cw_error *error)
{
    pthread_mutex_lock(&driver->lock);
    if (driver->status == CW_OK) {
        driver->status = status;
        driver->error = *error;
        cw_generation_cancel(driver->generation);
    }
    pthread_cond_broadcast(&driver->moved);
    pthread_mutex_unlock(&driver->lock);
}

/* ---- Writing ---- */

static cw_status emit(struct destination *at, const struct cw_buffer *bytes, struct cw_error *error)
{
    cw_status status = CW_OK;
    if (bytes->size == 0) {
        return CW_OK;
    }
    if (at->digest != NULL && EVP_DigestUpdate(at->digest, bytes->data, bytes->size) != 1) {
        return cw_error_set(error, CW_E_INTERNAL, NULL, "the digest failed");
    }
    if (at->output->sink.write != NULL) {
        status = at->output->sink.write(at->output->sink.context, bytes->data, bytes->size, error);
    }
    if (status == CW_OK) {
        at->output->bytes += (int64_t)bytes->size;
    }
    return status;
}

static void count_progress(const struct driver *driver, int64_t tasks, int64_t rows, int64_t bytes)
{
    struct cw_progress *progress = driver->options->progress;
    if (progress != NULL) {
        atomic_fetch_add_explicit(&progress->done, tasks, memory_order_relaxed);
        atomic_fetch_add_explicit(&progress->rows, rows, memory_order_relaxed);
        atomic_fetch_add_explicit(&progress->bytes, bytes, memory_order_relaxed);
    }
}

/* Writes one span's pieces; the caller has the turn, not the lock. */
static cw_status write_span(struct driver *driver, int64_t span, struct cw_error *error)
{
    struct slot *slot = &driver->slots[span % driver->slot_count];
    int64_t rows = 0;
    int64_t bytes = 0;
    for (size_t i = 0; i < driver->count; i++) {
        struct destination *at = &driver->destinations[i];
        struct piece *piece = &slot->pieces[i];
        cw_status status = CW_OK;
        if (piece->note.size > 0 || piece->body.size > 0) {
            status = cw_tail_add(at->tail, &piece->note, at->output->bytes, error);
        }
        if (status == CW_OK) {
            status = emit(at, &piece->body, error);
        }
        if (status != CW_OK) {
            return status;
        }
        at->output->rows += piece->rows;
        rows += piece->rows;
        bytes += (int64_t)piece->body.size;
    }
    const int64_t first = span * driver->span_tasks;
    const int64_t left = driver->task_count - first;
    count_progress(driver, left < driver->span_tasks ? left : driver->span_tasks,
                   driver->options->load == NULL ? rows : 0, bytes);
    return CW_OK;
}

/* Marks a span complete, and writes it and what follows unless another thread is at it. */
static void hand_in(struct driver *driver, int64_t span)
{
    pthread_mutex_lock(&driver->lock);
    driver->slots[span % driver->slot_count].ready = true;
    while (driver->status == CW_OK && !driver->writing) {
        const int64_t next = driver->written_span;
        struct slot *slot = &driver->slots[next % driver->slot_count];
        if (next >= driver->span_count || !slot->ready) {
            break;
        }
        struct cw_error error = {0};
        driver->writing = true;
        pthread_mutex_unlock(&driver->lock);
        const cw_status status = write_span(driver, next, &error);
        if (status != CW_OK) {
            fail(driver, status, &error);
        }
        pthread_mutex_lock(&driver->lock);
        driver->writing = false;
        slot->ready = false;
        slot->reported = false;
        driver->written_span = next + 1;
        pthread_cond_broadcast(&driver->moved);
    }
    pthread_mutex_unlock(&driver->lock);
}

/* ---- Making ---- */

/* Takes the next task, or -1 at the end or after a failure. The first task of a span waits for a slot and
 * chunks. */
static int64_t begin_task(struct driver *driver)
{
    int64_t task = -1;
    pthread_mutex_lock(&driver->lock);
    while (driver->status == CW_OK && driver->next_task < driver->task_count &&
           driver->next_task % driver->span_tasks == 0 &&
           (driver->next_task / driver->span_tasks >= driver->written_span + driver->slot_count ||
            driver->free_sets == NULL)) {
        pthread_cond_wait(&driver->moved, &driver->lock);
    }
    if (driver->status == CW_OK && driver->next_task < driver->task_count) {
        task = driver->next_task++;
        if (task % driver->span_tasks == 0) {
            struct slot *slot = &driver->slots[task / driver->span_tasks % driver->slot_count];
            slot->set = driver->free_sets;
            driver->free_sets = slot->set->next;
            for (size_t i = 0; i < driver->count; i++) {
                slot->pieces[i].rows = 0;
                slot->pieces[i].added = 0;
                slot->pieces[i].body.size = 0;
                slot->pieces[i].note.size = 0;
            }
        }
    }
    pthread_mutex_unlock(&driver->lock);
    return task;
}

static cw_status stopped(struct cw_error *error)
{
    return cw_error_set(error, CW_E_CANCELLED, NULL, "the run was cancelled");
}

/* Waits until the rows of all earlier tasks of the span are in an output's chunk. False after a failure. */
static bool wait_to_add(struct driver *driver, const struct piece *piece, int64_t place)
{
    pthread_mutex_lock(&driver->lock);
    while (driver->status == CW_OK && piece->added != place) {
        pthread_cond_wait(&driver->moved, &driver->lock);
    }
    const bool goes_on = driver->status == CW_OK;
    pthread_mutex_unlock(&driver->lock);
    return goes_on;
}

static void mark_added(struct driver *driver, struct piece *piece)
{
    pthread_mutex_lock(&driver->lock);
    piece->added++;
    pthread_cond_broadcast(&driver->moved);
    pthread_mutex_unlock(&driver->lock);
}

/* Makes a task's rows and adds them to its span's chunks. */
static cw_status run_task(struct hand *hand, struct slot *slot, int64_t task, struct cw_error *error)
{
    struct driver *driver = hand->driver;
    const bool is_alone = driver->span_tasks == 1;
    if (cw_progress_is_cancelled(driver->options->progress)) {
        return stopped(error);
    }
    cw_status status = cw_worker_run(hand->worker, task, hand->batches, error);
    for (size_t i = 0; i < driver->count && status == CW_OK; i++) {
        struct piece *piece = &slot->pieces[i];
        const struct cw_batch *batch = hand->batches[driver->destinations[i].output->entity];
        if (!is_alone && !wait_to_add(driver, piece, task % driver->span_tasks)) {
            return stopped(error);
        }
        if (batch != NULL && batch->row_count > 0) {
            status = cw_chunk_add(slot->set->chunks[i], batch, error);
            piece->rows += batch->row_count;
        }
        if (!is_alone && status == CW_OK) {
            mark_added(driver, piece);
        }
    }
    return status;
}

/* Tells which outputs this span has rows for, and learns for which of them it is the first. Only the first
 * span with rows of an output waits for those before it. False after a failure elsewhere. */
static bool learn_firsts(struct driver *driver, int64_t span, const struct slot *slot, bool *is_first)
{
    pthread_mutex_lock(&driver->lock);
    driver->slots[span % driver->slot_count].reported = true;
    for (size_t i = 0; i < driver->count; i++) {
        if (slot->pieces[i].rows > 0 && driver->destinations[i].first_span > span) {
            driver->destinations[i].first_span = span;
        }
    }
    while (driver->reported_span * driver->span_tasks < driver->next_task &&
           driver->slots[driver->reported_span % driver->slot_count].reported) {
        driver->reported_span++;
    }
    pthread_cond_broadcast(&driver->moved);
    for (size_t i = 0; i < driver->count && driver->status == CW_OK; i++) {
        while (driver->status == CW_OK && slot->pieces[i].rows > 0 &&
               driver->destinations[i].first_span == span && driver->reported_span < span) {
            pthread_cond_wait(&driver->moved, &driver->lock);
        }
        is_first[i] = driver->destinations[i].first_span == span;
    }
    const bool goes_on = driver->status == CW_OK;
    pthread_mutex_unlock(&driver->lock);
    return goes_on;
}

/* Waits until all spans before this one are written. False after a failure. */
static bool wait_for_turn(struct driver *driver, int64_t span)
{
    pthread_mutex_lock(&driver->lock);
    while (driver->status == CW_OK && driver->written_span < span) {
        pthread_cond_wait(&driver->moved, &driver->lock);
    }
    const bool goes_on = driver->status == CW_OK;
    pthread_mutex_unlock(&driver->lock);
    return goes_on;
}

/* Gives the last task's batches to the store and the callback; the caller has the turn. */
static cw_status give_batches(struct hand *hand, struct cw_error *error)
{
    const struct cw_produce_options *options = hand->driver->options;
    cw_status status = CW_OK;
    int64_t rows = 0;
    for (int i = 0; i < CW_ENTITY_COUNT && status == CW_OK; i++) {
        const struct cw_batch *batch = hand->batches[i];
        if (batch == NULL || batch->row_count == 0) {
            continue;
        }
        rows += batch->row_count;
        if (options->rows != NULL) {
            options->rows[i] += batch->row_count;
        }
        if (options->load != NULL) {
            status = cw_load_add(options->load, batch, error);
        }
    }
    if (status == CW_OK && options->take != NULL) {
        status = options->take(options->take_context, hand->batches, error);
    }
    if (options->load != NULL) {
        count_progress(hand->driver, 0, rows, 0);
    }
    return status;
}

/* Turns a span's chunks into bytes and gives the chunks back. */
static cw_status finish_span(struct hand *hand, int64_t span, bool *is_first, struct cw_error *error)
{
    struct driver *driver = hand->driver;
    struct slot *slot = &driver->slots[span % driver->slot_count];
    cw_status status = CW_OK;
    if (!learn_firsts(driver, span, slot, is_first)) {
        return stopped(error);
    }
    for (size_t i = 0; i < driver->count && status == CW_OK; i++) {
        struct piece *piece = &slot->pieces[i];
        if (piece->rows > 0) {
            status = cw_chunk_finish(slot->set->chunks[i], is_first[i], &piece->body, &piece->note, error);
        }
    }
    if (status == CW_OK && driver->takes_turns) {
        status = wait_for_turn(driver, span) ? give_batches(hand, error) : stopped(error);
    }
    pthread_mutex_lock(&driver->lock);
    slot->set->next = driver->free_sets;
    driver->free_sets = slot->set;
    slot->set = NULL;
    pthread_cond_broadcast(&driver->moved);
    pthread_mutex_unlock(&driver->lock);
    return status;
}

static void *work(void *context)
{
    struct hand *hand = context;
    struct driver *driver = hand->driver;
    bool *is_first = calloc(driver->count + 1, sizeof *is_first);
    struct cw_error error = {0};
    if (is_first == NULL) {
        fail(driver, cw_error_set(&error, CW_E_NO_MEMORY, NULL, "no memory for a thread"), &error);
    }
    for (int64_t task = begin_task(driver); task >= 0; task = begin_task(driver)) {
        const int64_t span = task / driver->span_tasks;
        const bool is_last = (task + 1) % driver->span_tasks == 0 || task + 1 == driver->task_count;
        cw_status status = run_task(hand, &driver->slots[span % driver->slot_count], task, &error);
        if (status == CW_OK && is_last) {
            status = finish_span(hand, span, is_first, &error);
        }
        if (status != CW_OK) {
            fail(driver, status, &error);
            break;
        }
        if (is_last) {
            hand_in(driver, span);
        }
    }
    free(is_first);
    return NULL;
}

/* ---- Setting up ---- */

static void select_columns(const struct cw_produce_options *options, struct cw_selection *selection)
{
    memset(selection, 0, sizeof *selection);
    for (int i = 0; i < CW_ENTITY_COUNT && (options->load != NULL || options->take != NULL); i++) {
        cw_selection_add(selection, (enum cw_entity_id)i);
    }
    for (size_t i = 0; i < options->output_count; i++) {
        const struct cw_output *output = &options->outputs[i];
        if (output->columns == 0) {
            cw_selection_add(selection, output->entity);
        } else {
            selection->columns[output->entity] |= output->columns;
        }
    }
}

static cw_status open_destination(struct destination *at, struct cw_output *output, struct cw_error *error)
{
    const struct cw_entity *entity = cw_entity_get(output->entity);
    uint32_t columns[64];
    uint32_t count = 0;
    for (uint32_t i = 0; i < entity->column_count; i++) {
        if (output->columns == 0 || (output->columns >> i & 1) != 0) {
            columns[count++] = i;
        }
    }
    const struct cw_encoder_options options = {.format = output->format,
                                               .compression = output->compression,
                                               .compression_level = output->compression_level,
                                               .entity = entity,
                                               .columns = columns,
                                               .column_count = count};
    output->rows = 0;
    output->bytes = 0;
    at->output = output;
    at->first_span = INT64_MAX;
    cw_status status = cw_encoder_new(&options, &at->encoder, error);
    if (status == CW_OK) {
        status = cw_tail_new(at->encoder, &at->tail, error);
    }
    if (status == CW_OK && output->wants_digest) {
        at->digest = EVP_MD_CTX_new();
        if (at->digest == NULL || EVP_DigestInit_ex(at->digest, EVP_sha256(), NULL) != 1) {
            status = cw_error_set(error, CW_E_NO_MEMORY, NULL, "no memory for a digest");
        }
    }
    if (status == CW_OK && (status = cw_encoder_head(at->encoder, &at->edge, error)) == CW_OK) {
        status = emit(at, &at->edge, error);
    }
    return status;
}

static cw_status close_destination(struct destination *at, struct cw_error *error)
{
    at->edge.size = 0;
    cw_status status = cw_tail_finish(at->tail, &at->edge, error);
    if (status == CW_OK) {
        status = emit(at, &at->edge, error);
    }
    if (status == CW_OK && at->digest != NULL &&
        EVP_DigestFinal_ex(at->digest, at->output->digest, NULL) != 1) {
        status = cw_error_set(error, CW_E_INTERNAL, NULL, "the digest failed");
    }
    return status;
}

/* How many tasks fill the largest chunk; of the spec and the formats alone, never of the threads. Text is the
 * same wherever it is cut. */
static int64_t choose_span(const struct driver *driver)
{
    int64_t tasks = 0;
    for (size_t i = 0; i < driver->count && !driver->takes_turns; i++) {
        const struct destination *at = &driver->destinations[i];
        if (at->output->format != CW_FORMAT_PARQUET) {
            continue;
        }
        const int64_t chunk = cw_encoder_chunk_rows(at->encoder);
        const int64_t rows = cw_generation_expected_rows(driver->generation, at->output->entity);
        const int64_t per_task = rows / (driver->task_count > 0 ? driver->task_count : 1) + 1;
        const int64_t needed = (chunk + per_task - 1) / per_task;
        tasks = tasks == 0 || needed < tasks ? needed : tasks;
    }
    return tasks < 1 ? 1 : tasks > SPAN_TASKS_MAX ? SPAN_TASKS_MAX : tasks;
}

/* As many sets of chunks as threads: each may finish one span while the others build the next. */
static cw_status open_sets(struct driver *driver, size_t count, struct cw_error *error)
{
    driver->sets = calloc(count, sizeof *driver->sets);
    cw_status status = driver->sets != NULL ? CW_OK : CW_E_NO_MEMORY;
    while (status == CW_OK && driver->set_count < count) {
        struct chunk_set *set = &driver->sets[driver->set_count++];
        set->chunks = calloc(driver->count + 1, sizeof(struct cw_chunk *));
        status = set->chunks != NULL ? CW_OK : CW_E_NO_MEMORY;
        for (size_t i = 0; i < driver->count && status == CW_OK; i++) {
            status = cw_chunk_new(driver->destinations[i].encoder, &set->chunks[i], error);
        }
        set->next = driver->free_sets;
        driver->free_sets = set;
    }
    return status == CW_OK ? CW_OK
                           : cw_error_set(error, CW_E_NO_MEMORY, NULL, "no memory for %zu spans", count);
}

static cw_status open_slots(struct driver *driver, uint32_t threads, struct cw_error *error)
{
    const size_t count = (size_t)threads * SLOTS_PER_THREAD;
    driver->slots = calloc(count, sizeof *driver->slots);
    while (driver->slots != NULL && (size_t)driver->slot_count < count) {
        struct slot *slot = &driver->slots[driver->slot_count];
        slot->pieces = calloc(driver->count + 1, sizeof(struct piece));
        if (slot->pieces == NULL) {
            break;
        }
        driver->slot_count++;
    }
    if ((size_t)driver->slot_count < count) {
        return cw_error_set(error, CW_E_NO_MEMORY, NULL, "no memory for %u threads", threads);
    }
    return open_sets(driver, threads, error);
}

static cw_status open_driver(struct driver *driver, uint32_t threads, struct cw_error *error)
{
    const struct cw_produce_options *options = driver->options;
    struct cw_selection selection;
    select_columns(options, &selection);
    cw_status status =
        cw_generation_new(options->spec, options->world, &selection, options->shard,
                          options->shards == 0 ? 1 : options->shards, &driver->generation, error);
    driver->destinations = calloc(options->output_count + 1, sizeof *driver->destinations);
    if (status == CW_OK && driver->destinations == NULL) {
        status = cw_error_set(error, CW_E_NO_MEMORY, NULL, "no memory for the outputs");
    }
    for (; driver->count < options->output_count && status == CW_OK; driver->count++) {
        status =
            open_destination(&driver->destinations[driver->count], &options->outputs[driver->count], error);
    }
    if (status != CW_OK) {
        return status;
    }
    driver->takes_turns = options->load != NULL || options->take != NULL || options->rows != NULL;
    driver->task_count = cw_generation_task_count(driver->generation);
    driver->span_tasks = choose_span(driver);
    driver->span_count = (driver->task_count + driver->span_tasks - 1) / driver->span_tasks;
    if (options->progress != NULL) {
        atomic_fetch_add(&options->progress->total, driver->task_count);
    }
    return open_slots(driver, threads, error);
}

static void close_driver(struct driver *driver)
{
    for (int64_t i = 0; i < driver->slot_count; i++) {
        for (size_t j = 0; j < driver->count; j++) {
            cw_buffer_clear(&driver->slots[i].pieces[j].body);
            cw_buffer_clear(&driver->slots[i].pieces[j].note);
        }
        free(driver->slots[i].pieces);
    }
    free(driver->slots);
    for (size_t i = 0; i < driver->set_count; i++) {
        for (size_t j = 0; driver->sets[i].chunks != NULL && j < driver->count; j++) {
            cw_chunk_free(driver->sets[i].chunks[j]);
        }
        free(driver->sets[i].chunks);
    }
    free(driver->sets);
    /* The one that failed to open stands behind the count. */
    for (size_t i = 0;
         driver->destinations != NULL && i <= driver->count && i < driver->options->output_count; i++) {
        struct destination *at = &driver->destinations[i];
        EVP_MD_CTX_free(at->digest);
        cw_tail_free(at->tail);
        cw_encoder_free(at->encoder);
        cw_buffer_clear(&at->edge);
    }
    free(driver->destinations);
    cw_generation_free(driver->generation);
}

/* Runs all hands, the first on the calling thread. */
static cw_status run_hands(struct driver *driver, struct hand *hands, uint32_t threads,
                           struct cw_error *error)
{
    uint32_t started = 1;
    while (started < threads && pthread_create(&hands[started].thread, NULL, work, &hands[started]) == 0) {
        started++;
    }
    /* Fewer threads than asked for do the same work. */
    work(&hands[0]);
    for (uint32_t i = 1; i < started; i++) {
        pthread_join(hands[i].thread, NULL);
    }
    cw_status status = driver->status;
    if (status != CW_OK && error != NULL) {
        *error = driver->error;
    }
    for (size_t i = 0; i < driver->count && status == CW_OK; i++) {
        status = close_destination(&driver->destinations[i], error);
    }
    return status;
}

cw_status cw_produce(const struct cw_produce_options *options, struct cw_error *error)
{
    uint32_t threads = options->threads == 0 ? cw_processor_count() : options->threads;
    threads = threads > CW_THREADS_MAX ? CW_THREADS_MAX : threads;
    struct driver driver = {.options = options};
    struct hand *hands = NULL;
    if (pthread_mutex_init(&driver.lock, NULL) != 0) {
        return cw_error_set(error, CW_E_NO_MEMORY, NULL, "no memory for a lock");
    }
    if (pthread_cond_init(&driver.moved, NULL) != 0) {
        pthread_mutex_destroy(&driver.lock);
        return cw_error_set(error, CW_E_NO_MEMORY, NULL, "no memory for a lock");
    }
    cw_status status = open_driver(&driver, threads, error);
    if (status == CW_OK && driver.task_count < threads) {
        threads = driver.task_count < 1 ? 1 : (uint32_t)driver.task_count;
    }
    if (status == CW_OK && (hands = calloc(threads, sizeof *hands)) == NULL) {
        status = cw_error_set(error, CW_E_NO_MEMORY, NULL, "no memory for %u threads", threads);
    }
    for (uint32_t i = 0; i < threads && status == CW_OK; i++) {
        hands[i].driver = &driver;
        status = cw_worker_new(driver.generation, &hands[i].worker, error);
    }
    if (status == CW_OK) {
        status = run_hands(&driver, hands, threads, error);
    }
    for (uint32_t i = 0; i < threads && hands != NULL; i++) {
        cw_worker_free(hands[i].worker);
    }
    free(hands);
    close_driver(&driver);
    pthread_cond_destroy(&driver.moved);
    pthread_mutex_destroy(&driver.lock);
    return status;
}
