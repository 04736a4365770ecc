#define _POSIX_C_SOURCE 200809L
#include "service/produce.h"

#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "engine/generation.h"
#include "service/destination.h"

/* How it runs. Threads take tasks in ascending order, as the engine wants it.
 *
 * Text is the same wherever it is cut: a thread encodes its task's rows by itself, into the task's slot of a
 * ring. Whoever completes the task that is next in the files also writes it, and all that are ready behind
 * it; so a single thread needs no other, and several keep working while one writes. A task does not begin
 * before its place in the ring is free, which bounds memory.
 *
 * Parquet is cut into groups of rows, each output by its own count, whatever the tasks: threads take turns,
 * output by output, to add a task's rows to the group that is being filled. A full one goes into a queue, for
 * any thread to encode and, in turn, write. Threads prefer that to a new task, so each output holds about one
 * group, and each thread another.
 *
 * Where rows go into a store (or to a callback), each thread waits for its turn to give them. */

/* Slots beyond one per thread: what is ready while another thread writes. */
#define MORE_SLOTS 1

/* A group that has waited for rows for so many tasks is not held in memory any longer, unless it is a small
 * part of a full one. */
#define IDLE_TASKS 64
#define IDLE_PART 4

/* The text of one output of one task. */
struct piece {
    struct cw_buffer body;
    struct cw_buffer note;
    int64_t rows;
};

struct slot {
    bool reported;        /* its row counts are known */
    bool ready;           /* its pieces are complete */
    struct piece *pieces; /* by output; NULL while its task's rows are made */
};

/* Rows of one output on their way into a Parquet row group. */
struct row_group {
    struct cw_chunk *chunk;
    size_t output;
    int64_t number; /* in the file */
    int64_t rows;
    struct row_group *next; /* in the queue */
};

/* One output and where its rows gather. */
struct lane {
    struct cw_destination to;
    int64_t first_task; /* of text: lowest task known to hold rows; INT64_MAX: none */
    /* Of Parquet: */
    int64_t group_rows; /* of a full group; 0: the output is text */
    int64_t added;      /* tasks whose rows are in */
    int64_t idle;       /* tasks since the last one with rows */
    struct row_group *open;
    struct row_group *spare; /* or NULL */
    int64_t full_groups;
    int64_t written_groups;
};

struct driver {
    const struct cw_produce_options *options;
    struct cw_generation *generation;
    struct lane *lanes;
    size_t count;
    struct slot *slots;
    int64_t slot_count;
    struct piece **free_pieces; /* a stack, so that few of them ever hold memory */
    int64_t free_piece_count;
    int64_t task_count;
    bool takes_turns; /* rows go to a store or a callback */
    pthread_mutex_t lock;
    pthread_cond_t moved;
    int64_t next_task;       /* to be begun */
    int64_t running;         /* tasks that were begun and may still fill groups */
    struct row_group *full;  /* the queue of full groups */
    struct row_group **last; /* where the next is put */
    int64_t reported_task;   /* all below have reported */
    int64_t written_task;    /* all below are written */
    bool writing;
    cw_status status; /* the first failure */
    struct cw_error error;
};

/* One thread's own things. */
struct hand {
    struct driver *driver;
    struct cw_worker *worker;
    const struct cw_batch *batches[CW_ENTITY_COUNT]; /* of the last task */
    struct cw_chunk **chunks;                        /* by output; NULL for Parquet */
    bool *is_first;                                  /* by output */
    struct piece group;                              /* the last row group's bytes */
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

static void count_progress(const struct driver *driver, int64_t tasks, int64_t rows, int64_t bytes)
{
    struct cw_progress *progress = driver->options->progress;
    if (progress != NULL) {
        atomic_fetch_add_explicit(&progress->done, tasks, memory_order_relaxed);
        atomic_fetch_add_explicit(&progress->rows, rows, memory_order_relaxed);
        atomic_fetch_add_explicit(&progress->bytes, bytes, memory_order_relaxed);
    }
}

/* Writes what an output has got next; the caller has the turn, not the lock. */
static cw_status write_piece(const struct driver *driver, struct lane *at, const struct piece *piece,
                             struct cw_error *error)
{
    const cw_status status = cw_destination_add(&at->to, &piece->body, &piece->note, piece->rows, error);
    if (status == CW_OK) {
        count_progress(driver, 0, driver->options->load == NULL ? piece->rows : 0, (int64_t)piece->body.size);
    }
    return status;
}

static cw_status write_slot(struct driver *driver, const struct slot *slot, struct cw_error *error)
{
    cw_status status = CW_OK;
    for (size_t i = 0; i < driver->count && status == CW_OK; i++) {
        if (driver->lanes[i].group_rows == 0) {
            status = write_piece(driver, &driver->lanes[i], &slot->pieces[i], error);
        }
    }
    if (status == CW_OK) {
        count_progress(driver, 1, 0, 0);
    }
    return status;
}

/* Text that is written gives its memory back: the next one is of another output, or of another thread. */
static void empty_slot(const struct driver *driver, const struct slot *slot)
{
    for (size_t i = 0; i < driver->count; i++) {
        cw_buffer_clear(&slot->pieces[i].body);
    }
}

/* Marks a task complete, and writes it and what follows unless another thread is at it. */
static void hand_in(struct driver *driver, int64_t task)
{
    pthread_mutex_lock(&driver->lock);
    driver->slots[task % driver->slot_count].ready = true;
    driver->running--;
    pthread_cond_broadcast(&driver->moved);
    while (driver->status == CW_OK && !driver->writing) {
        const int64_t next = driver->written_task;
        struct slot *slot = &driver->slots[next % driver->slot_count];
        if (next >= driver->task_count || !slot->ready) {
            break;
        }
        struct cw_error error = {0};
        driver->writing = true;
        pthread_mutex_unlock(&driver->lock);
        const cw_status status = write_slot(driver, slot, &error);
        if (status != CW_OK) {
            fail(driver, status, &error);
        }
        empty_slot(driver, slot);
        pthread_mutex_lock(&driver->lock);
        driver->writing = false;
        slot->ready = false;
        slot->reported = false;
        driver->free_pieces[driver->free_piece_count++] = slot->pieces;
        slot->pieces = NULL;
        driver->written_task = next + 1;
        pthread_cond_broadcast(&driver->moved);
    }
    pthread_mutex_unlock(&driver->lock);
}

/* ---- Waiting ---- */

static cw_status stopped(struct cw_error *error)
{
    return cw_error_set(error, CW_E_CANCELLED, NULL, "the run was cancelled");
}

/* Waits until a counter, which the lock guards, has come to a value. False after a failure. */
static bool wait_for(struct driver *driver, const int64_t *counter, int64_t value)
{
    pthread_mutex_lock(&driver->lock);
    while (driver->status == CW_OK && *counter < value) {
        pthread_cond_wait(&driver->moved, &driver->lock);
    }
    const bool goes_on = driver->status == CW_OK;
    pthread_mutex_unlock(&driver->lock);
    return goes_on;
}

/* What a thread does next: a full group, or else a task. */
struct work {
    struct row_group *group;
    int64_t task;
};

static void begin_task(struct driver *driver, struct work *work)
{
    work->task = driver->next_task++;
    driver->running++;
}

static void take_group(struct driver *driver, struct work *work)
{
    work->group = driver->full;
    driver->full = work->group->next;
    if (driver->full == NULL) {
        driver->last = &driver->full;
    }
}

/* False at the end and after a failure. */
static bool find_work(struct driver *driver, struct work *work)
{
    bool found = false;
    *work = (struct work){0};
    pthread_mutex_lock(&driver->lock);
    while (driver->status == CW_OK && !found) {
        const bool has_tasks = driver->next_task < driver->task_count;
        if (driver->full != NULL) {
            take_group(driver, work);
            found = true;
        } else if (has_tasks && driver->next_task < driver->written_task + driver->slot_count) {
            begin_task(driver, work);
            found = true;
        } else if (has_tasks || driver->running > 0) {
            pthread_cond_wait(&driver->moved, &driver->lock);
        } else {
            break;
        }
    }
    pthread_mutex_unlock(&driver->lock);
    return found;
}

/* ---- Row groups ---- */

static void free_group(struct row_group *group)
{
    if (group != NULL) {
        cw_chunk_free(group->chunk);
        free(group);
    }
}

/* Makes sure that an output has an open group; the caller has its turn. */
static cw_status open_group(struct driver *driver, size_t output, struct cw_error *error)
{
    struct lane *at = &driver->lanes[output];
    if (at->open != NULL) {
        return CW_OK;
    }
    pthread_mutex_lock(&driver->lock);
    struct row_group *group = at->spare;
    at->spare = NULL;
    at->open = group;
    pthread_mutex_unlock(&driver->lock);
    if (group != NULL) {
        return CW_OK;
    }
    group = calloc(1, sizeof *group);
    if (group == NULL) {
        return cw_error_set(error, CW_E_NO_MEMORY, NULL, "no memory for a row group");
    }
    group->output = output;
    const cw_status status = cw_chunk_new(at->to.encoder, &group->chunk, error);
    if (status != CW_OK) {
        free(group);
        return status;
    }
    pthread_mutex_lock(&driver->lock);
    at->open = group;
    pthread_mutex_unlock(&driver->lock);
    return CW_OK;
}

/* Passes the turn on, and the open group into the queue when it is full. Groups of an output are queued in
 * the order of the file, so that one that waits to be written waits for one that is being encoded. */
static void pass_turn(struct driver *driver, struct lane *at, bool queues)
{
    pthread_mutex_lock(&driver->lock);
    if (queues) {
        struct row_group *group = at->open;
        at->open = NULL;
        group->number = at->full_groups++;
        group->next = NULL;
        *driver->last = group;
        driver->last = &group->next;
    }
    at->added++;
    pthread_cond_broadcast(&driver->moved);
    pthread_mutex_unlock(&driver->lock);
}

/* Whether the open group is to be written: another task like this one would be too much, or none seems to
 * come. This depends on tasks alone, never on threads. */
static bool is_full(const struct driver *driver, const struct lane *at, int64_t task, int64_t rows)
{
    if (at->open == NULL) {
        return false;
    }
    return task + 1 == driver->task_count || at->open->rows + rows > at->group_rows ||
           (at->idle >= IDLE_TASKS && at->open->rows >= at->group_rows / IDLE_PART);
}

/* Adds a task's rows to an output's open group, in turn. */
static cw_status add_rows(struct driver *driver, size_t output, int64_t task, const struct cw_batch *batch,
                          struct cw_error *error)
{
    struct lane *at = &driver->lanes[output];
    const int64_t rows = batch != NULL ? batch->row_count : 0;
    cw_status status = CW_OK;
    if (!wait_for(driver, &at->added, task)) {
        return stopped(error);
    }
    if (rows > 0) {
        status = open_group(driver, output, error);
        if (status == CW_OK) {
            status = cw_chunk_add(at->open->chunk, batch, error);
        }
        if (status == CW_OK) {
            at->open->rows += rows;
        }
    }
    if (status == CW_OK) {
        at->idle = rows > 0 ? 0 : at->idle + 1;
        pass_turn(driver, at, is_full(driver, at, task, rows));
    }
    return status;
}

/* Gives an empty group back to its output, which keeps one when it has none open. */
static void give_back(struct driver *driver, struct row_group *group)
{
    struct lane *at = &driver->lanes[group->output];
    group->rows = 0;
    pthread_mutex_lock(&driver->lock);
    if (at->open == NULL && at->spare == NULL) {
        at->spare = group;
        group = NULL;
    }
    pthread_mutex_unlock(&driver->lock);
    free_group(group);
}

/* Turns a full group into bytes and writes them when all before it in the file are. */
static cw_status run_group(struct hand *hand, struct row_group *group, struct cw_error *error)
{
    struct driver *driver = hand->driver;
    struct lane *at = &driver->lanes[group->output];
    struct piece *piece = &hand->group;
    const int64_t number = group->number;
    piece->rows = group->rows;
    piece->note.size = 0;
    cw_status status = cw_chunk_finish(group->chunk, number == 0, &piece->body, &piece->note, error);
    give_back(driver, group);
    if (status == CW_OK && !wait_for(driver, &at->written_groups, number)) {
        status = stopped(error);
    }
    if (status == CW_OK) {
        status = write_piece(driver, at, piece, error);
    }
    cw_buffer_clear(&piece->body);
    if (status == CW_OK) {
        pthread_mutex_lock(&driver->lock);
        at->written_groups++;
        pthread_cond_broadcast(&driver->moved);
        pthread_mutex_unlock(&driver->lock);
    }
    return status;
}

/* ---- Text ---- */

/* Tells which outputs this task has text for, and learns for which of them it is the first. Only the first
 * task with rows of an output waits for those before it. False after a failure elsewhere. */
static bool learn_firsts(struct driver *driver, int64_t task, const struct slot *slot, bool *is_first)
{
    pthread_mutex_lock(&driver->lock);
    driver->slots[task % driver->slot_count].reported = true;
    for (size_t i = 0; i < driver->count; i++) {
        if (slot->pieces[i].rows > 0 && driver->lanes[i].first_task > task) {
            driver->lanes[i].first_task = task;
        }
    }
    while (driver->reported_task < driver->next_task &&
           driver->slots[driver->reported_task % driver->slot_count].reported) {
        driver->reported_task++;
    }
    pthread_cond_broadcast(&driver->moved);
    for (size_t i = 0; i < driver->count && driver->status == CW_OK; i++) {
        while (driver->status == CW_OK && slot->pieces[i].rows > 0 && driver->lanes[i].first_task == task &&
               driver->reported_task < task) {
            pthread_cond_wait(&driver->moved, &driver->lock);
        }
        is_first[i] = driver->lanes[i].first_task == task;
    }
    const bool goes_on = driver->status == CW_OK;
    pthread_mutex_unlock(&driver->lock);
    return goes_on;
}

static struct piece *take_pieces(struct driver *driver)
{
    pthread_mutex_lock(&driver->lock);
    struct piece *pieces = driver->free_pieces[--driver->free_piece_count];
    pthread_mutex_unlock(&driver->lock);
    for (size_t i = 0; i < driver->count; i++) {
        pieces[i].rows = 0;
        pieces[i].note.size = 0;
    }
    return pieces;
}

/* Encodes a task's rows of all outputs that are text. The pieces are taken last: their memory is what the
 * next task's text will be written into. */
static cw_status write_texts(struct hand *hand, int64_t task, struct cw_error *error)
{
    struct driver *driver = hand->driver;
    struct slot *slot = &driver->slots[task % driver->slot_count];
    cw_status status = CW_OK;
    for (size_t i = 0; i < driver->count && status == CW_OK; i++) {
        const struct cw_batch *batch = hand->batches[driver->lanes[i].to.output->entity];
        if (hand->chunks[i] != NULL && batch != NULL && batch->row_count > 0) {
            status = cw_chunk_add(hand->chunks[i], batch, error);
        }
    }
    if (status != CW_OK) {
        return status;
    }
    slot->pieces = take_pieces(driver);
    for (size_t i = 0; i < driver->count; i++) {
        const struct cw_batch *batch = hand->batches[driver->lanes[i].to.output->entity];
        slot->pieces[i].rows = hand->chunks[i] != NULL && batch != NULL ? batch->row_count : 0;
    }
    if (!learn_firsts(driver, task, slot, hand->is_first)) {
        status = stopped(error);
    }
    for (size_t i = 0; i < driver->count && status == CW_OK; i++) {
        struct piece *piece = &slot->pieces[i];
        if (piece->rows > 0) {
            status = cw_chunk_finish(hand->chunks[i], hand->is_first[i], &piece->body, &piece->note, error);
        }
    }
    return status;
}

/* ---- Tasks ---- */

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

/* Makes a task's rows and brings them where they belong. */
static cw_status run_task(struct hand *hand, int64_t task, struct cw_error *error)
{
    struct driver *driver = hand->driver;
    if (cw_progress_is_cancelled(driver->options->progress)) {
        return stopped(error);
    }
    cw_status status = cw_worker_run(hand->worker, task, hand->batches, error);
    for (size_t i = 0; i < driver->count && status == CW_OK; i++) {
        if (driver->lanes[i].group_rows > 0) {
            status = add_rows(driver, i, task, hand->batches[driver->lanes[i].to.output->entity], error);
        }
    }
    if (status == CW_OK) {
        status = write_texts(hand, task, error);
    }
    if (status == CW_OK && driver->takes_turns) {
        status = wait_for(driver, &driver->written_task, task) ? give_batches(hand, error) : stopped(error);
    }
    return status;
}

static void *work(void *context)
{
    struct hand *hand = context;
    struct driver *driver = hand->driver;
    struct cw_error error = {0};
    struct work work;
    while (find_work(driver, &work)) {
        const cw_status status =
            work.group != NULL ? run_group(hand, work.group, &error) : run_task(hand, work.task, &error);
        if (status != CW_OK) {
            fail(driver, status, &error);
            break;
        }
        if (work.group == NULL) {
            hand_in(driver, work.task);
        }
    }
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

static cw_status open_lane(struct lane *at, struct cw_output *output, struct cw_error *error)
{
    at->first_task = INT64_MAX;
    const cw_status status = cw_destination_open(&at->to, output, error);
    if (status == CW_OK && output->format == CW_FORMAT_PARQUET) {
        at->group_rows = cw_encoder_chunk_rows(at->to.encoder);
    }
    return status;
}

static cw_status open_slots(struct driver *driver, uint32_t threads, struct cw_error *error)
{
    const size_t count = (size_t)threads + MORE_SLOTS;
    driver->slots = calloc(count, sizeof *driver->slots);
    driver->free_pieces = calloc(count, sizeof(struct piece *));
    driver->slot_count = driver->slots != NULL ? (int64_t)count : 0;
    while (driver->free_pieces != NULL && driver->free_piece_count < driver->slot_count) {
        struct piece *pieces = calloc(driver->count + 1, sizeof *pieces);
        if (pieces == NULL) {
            break;
        }
        driver->free_pieces[driver->free_piece_count++] = pieces;
    }
    if ((size_t)driver->free_piece_count < count) {
        return cw_error_set(error, CW_E_NO_MEMORY, NULL, "no memory for %u threads", threads);
    }
    return CW_OK;
}

static cw_status open_driver(struct driver *driver, uint32_t threads, struct cw_error *error)
{
    const struct cw_produce_options *options = driver->options;
    struct cw_selection selection;
    select_columns(options, &selection);
    cw_status status =
        cw_generation_plan(options->spec, options->world, &selection, options->shard,
                           options->shards == 0 ? 1 : options->shards, threads, &driver->generation, error);
    driver->lanes = calloc(options->output_count + 1, sizeof *driver->lanes);
    if (status == CW_OK && driver->lanes == NULL) {
        status = cw_error_set(error, CW_E_NO_MEMORY, NULL, "no memory for the outputs");
    }
    for (; driver->count < options->output_count && status == CW_OK; driver->count++) {
        status = open_lane(&driver->lanes[driver->count], &options->outputs[driver->count], error);
    }
    if (status != CW_OK) {
        return status;
    }
    driver->takes_turns = options->load != NULL || options->take != NULL || options->rows != NULL;
    driver->task_count = cw_generation_task_count(driver->generation);
    if (options->progress != NULL) {
        atomic_fetch_add(&options->progress->total, driver->task_count);
    }
    return open_slots(driver, threads, error);
}

static cw_status open_hand(struct hand *hand, struct driver *driver, struct cw_error *error)
{
    hand->driver = driver;
    hand->chunks = calloc(driver->count + 1, sizeof(struct cw_chunk *));
    hand->is_first = calloc(driver->count + 1, sizeof *hand->is_first);
    if (hand->chunks == NULL || hand->is_first == NULL) {
        return cw_error_set(error, CW_E_NO_MEMORY, NULL, "no memory for a thread");
    }
    cw_status status = cw_worker_new(driver->generation, &hand->worker, error);
    for (size_t i = 0; i < driver->count && status == CW_OK; i++) {
        if (driver->lanes[i].group_rows == 0) {
            status = cw_chunk_new(driver->lanes[i].to.encoder, &hand->chunks[i], error);
        }
    }
    return status;
}

static void close_hand(struct hand *hand)
{
    for (size_t i = 0; hand->chunks != NULL && i < hand->driver->count; i++) {
        cw_chunk_free(hand->chunks[i]);
    }
    free(hand->chunks);
    free(hand->is_first);
    cw_buffer_clear(&hand->group.body);
    cw_buffer_clear(&hand->group.note);
    cw_worker_free(hand->worker);
}

static void free_pieces(struct driver *driver, struct piece *pieces)
{
    for (size_t i = 0; pieces != NULL && i < driver->count; i++) {
        cw_buffer_clear(&pieces[i].body);
        cw_buffer_clear(&pieces[i].note);
    }
    free(pieces);
}

static void close_driver(struct driver *driver)
{
    for (int64_t i = 0; i < driver->slot_count; i++) {
        free_pieces(driver, driver->slots[i].pieces);
    }
    for (int64_t i = 0; i < driver->free_piece_count; i++) {
        free_pieces(driver, driver->free_pieces[i]);
    }
    free(driver->slots);
    free(driver->free_pieces);
    for (struct work work = {0}; driver->full != NULL;) {
        take_group(driver, &work);
        free_group(work.group);
    }
    /* The one that failed to open stands behind the count. */
    for (size_t i = 0; driver->lanes != NULL && i <= driver->count && i < driver->options->output_count;
         i++) {
        struct lane *at = &driver->lanes[i];
        free_group(at->open);
        free_group(at->spare);
        cw_destination_clear(&at->to);
    }
    free(driver->lanes);
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
        status = cw_destination_finish(&driver->lanes[i].to, error);
    }
    return status;
}

cw_status cw_produce(const struct cw_produce_options *options, struct cw_error *error)
{
    uint32_t threads = options->threads == 0 ? cw_processor_count() : options->threads;
    threads = threads > CW_THREADS_MAX ? CW_THREADS_MAX : threads;
    struct driver driver = {.options = options};
    driver.last = &driver.full;
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
        status = open_hand(&hands[i], &driver, error);
    }
    if (status == CW_OK) {
        status = run_hands(&driver, hands, threads, error);
    }
    for (uint32_t i = 0; i < threads && hands != NULL; i++) {
        close_hand(&hands[i]);
    }
    free(hands);
    close_driver(&driver);
    pthread_cond_destroy(&driver.moved);
    pthread_mutex_destroy(&driver.lock);
    return status;
}
