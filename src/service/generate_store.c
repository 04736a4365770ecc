#define _POSIX_C_SOURCE 200809L
#include "service/generate_store.h"

#include <string.h>
#include <time.h>

#include "service/batch_gather.h"
#include "service/json_read.h"
#include "service/run_digests.h"
#include "service/shared_tables.h"
#include "service/values.h"

/* How often the rows of a small run are made anew, the last time with others kept out, and how long it waits
 * at most before, doubled each time. */
#define CLASHES_MAX 3
#define PAUSE_NANOSECONDS 5000000L

/* What one run holds until it is over. */
struct store_run {
    struct cw_store *store;
    const struct cw_store_run_options *options;
    struct cw_run_spec spec;
    int64_t until;                 /* see store.h */
    struct cw_store_world *shared; /* or NULL: the run stands alone */
    struct cw_load *load;          /* of a large run, until it is committed */
    struct cw_world world;
    int64_t basis[CW_ENTITY_COUNT];
    bool is_alone;    /* others are kept out, though it is small */
    bool has_numbers; /* reserved */
    bool has_stock;   /* locked */
    int64_t rows[CW_ENTITY_COUNT];
    struct cw_output outputs[CW_ENTITY_COUNT * 2]; /* digests first, then what is answered */
    size_t digest_count;
    struct cw_batch gathered[CW_ENTITY_COUNT];
};

int64_t cw_run_spec_expected_rows(const struct cw_run_spec *spec)
{
    /* Usual rows of all tables: addresses and payment methods; prices, variants and opening stock; lines,
     * history, payment, parcel and movements. */
    const int64_t products = spec->category_count > 0 && spec->products == 0
                                 ? spec->products_per_category * (int64_t)spec->category_count
                                 : spec->products;
    return spec->customers * 4 + products * 30 + spec->orders * 20;
}

bool cw_run_needs_world(const struct cw_run_spec *spec)
{
    return spec->orders > 0 && (spec->customers == 0 || spec->products == 0);
}

void cw_run_world_choose(const struct cw_run_spec *spec, const struct cw_store_world *shared,
                         struct cw_world *world)
{
    *world = *cw_store_world_get(shared);
    if (spec->customers > 0) {
        world->population = NULL;
    }
    if (spec->products > 0) {
        world->catalogue = NULL;
        world->load_promise = NULL;
        world->release_promise = NULL;
    }
}

/* Orders need someone who orders and something to order. */
static cw_status check_world(const struct cw_world *world, const struct cw_run_spec *spec,
                             struct cw_error *error)
{
    if (spec->customers == 0 && (world->population == NULL || world->population->customer_count == 0)) {
        return cw_error_set(error, CW_E_NOT_FOUND, "customers",
                            "orders need customers, but the store has none; generate customers first");
    }
    if (spec->products == 0 && (world->catalogue == NULL || world->catalogue->product_count == 0)) {
        return cw_error_set(error, CW_E_NOT_FOUND, "products",
                            "orders need products, but the store has none; generate products first");
    }
    return CW_OK;
}

/* What belongs to an order may follow it by this long. */
#define ORDER_LIFETIME (INT64_C(62) * 86400 * 1000000)
/* Opening stock is on the shelves by this long before the orders begin, or when its product is launched. */
#define OPENING_LEAD (INT64_C(3600) * 1000000)

static cw_status expect_rows(const struct store_run *run, struct cw_error *error)
{
    const struct cw_run_spec *spec = &run->spec;
    const bool has_products = spec->products > 0 || spec->category_count > 0;
    const bool ends_early = !has_products && spec->to + ORDER_LIFETIME < spec->as_of;
    if (spec->orders == 0 && !has_products) {
        return CW_OK;
    }
    return cw_store_expect(run->store, has_products ? spec->from - OPENING_LEAD : spec->from,
                           ends_early ? spec->to + ORDER_LIFETIME : spec->as_of, run->until, error);
}

/* Keeps out whoever would use the same stock, then, for a large run, whoever writes: what is read after that
 * is true until the run is committed, also where other processes write. */
static cw_status begin_keeping(struct store_run *run, struct cw_error *error)
{
    cw_status status = CW_OK;
    if (cw_run_needs_world(&run->spec) && run->spec.products == 0) {
        status = cw_store_lock_stock(run->store, run->until, error);
        run->has_stock = status == CW_OK;
    }
    if (status == CW_OK) {
        status = expect_rows(run, error);
    }
    if (status != CW_OK || (!run->is_alone && cw_run_spec_expected_rows(&run->spec) <= CW_SMALL_RUN_ROWS)) {
        return status;
    }
    status = cw_load_begin(run->store, run->until, &run->load, error);
    return status == CW_OK && run->options->progress != NULL
               ? cw_load_watch(run->load, &run->options->progress->cancelled, error)
               : status;
}

static cw_status open_run(struct store_run *run, struct cw_error *error)
{
    const bool preview = run->options->preview;
    cw_status status = cw_run_spec_resolve(&run->spec, error);
    if (status == CW_OK && !preview) {
        status = begin_keeping(run, error);
    }
    if (status != CW_OK) {
        return status;
    }
    if (preview) {
        status = cw_store_priors(run->store, &run->spec, error);
    } else {
        status = cw_store_reserve_numbers(run->store, &run->spec, run->basis, error);
        run->has_numbers = status == CW_OK;
    }
    if (status == CW_OK) {
        status = cw_run_spec_resolve(&run->spec, error);
    }
    if (status != CW_OK) {
        return status;
    }
    run->world = (struct cw_world){.market_tables = cw_shared_market_tables()};
    if (!cw_run_needs_world(&run->spec)) {
        return CW_OK;
    }
    status = cw_store_world_acquire(run->store, &run->shared, error);
    if (status == CW_OK) {
        cw_run_world_choose(&run->spec, run->shared, &run->world);
        run->world.market_tables = cw_shared_market_tables();
        memcpy(run->basis, cw_store_world_basis(run->shared), sizeof run->basis);
        status = check_world(&run->world, &run->spec, error);
    }
    return status;
}

static void close_run(struct store_run *run)
{
    cw_store_world_release(run->shared);
    cw_load_abort(&run->load);
    if (run->has_stock) {
        cw_store_unlock_stock(run->store);
    }
    if (run->has_numbers) {
        cw_store_release_numbers(run->store);
    }
    for (int i = 0; i < CW_ENTITY_COUNT; i++) {
        cw_batch_clear(&run->gathered[i]);
    }
}

static cw_status gather(void *context, const struct cw_batch *const batches[CW_ENTITY_COUNT],
                        struct cw_error *error)
{
    struct store_run *run = context;
    cw_status status = CW_OK;
    for (int i = 0; i < CW_ENTITY_COUNT && status == CW_OK; i++) {
        if (batches[i] == NULL || batches[i]->row_count == 0) {
            continue;
        }
        if (run->gathered[i].entity == NULL) {
            status = cw_batch_init(&run->gathered[i], batches[i]->entity, error);
        }
        if (status == CW_OK) {
            status = cw_batch_gather(&run->gathered[i], batches[i], error);
        }
    }
    return status;
}

/* Makes the rows; load takes them, or, without one, they are gathered unless nothing is kept. */
static cw_status make_rows(struct store_run *run, struct cw_load *load, struct cw_error *error)
{
    const struct cw_store_run_options *given = run->options;
    const bool small = load == NULL;
    if (given->output_count > CW_ENTITY_COUNT) {
        return cw_error_set(error, CW_E_LIMIT, NULL, "at most %d tables can be answered", CW_ENTITY_COUNT);
    }
    run->digest_count = given->preview ? 0 : cw_digest_outputs_init(&run->spec, run->outputs);
    struct cw_output *answered = run->outputs + run->digest_count;
    if (given->output_count > 0) {
        memcpy(answered, given->outputs, given->output_count * sizeof *answered);
    }
    const struct cw_produce_options options = {.spec = &run->spec,
                                               .world = &run->world,
                                               .threads = small && !given->preview ? 1 : given->threads,
                                               .outputs = run->outputs,
                                               .output_count = run->digest_count + given->output_count,
                                               .load = load,
                                               .take = small && !given->preview ? gather : NULL,
                                               .take_context = run,
                                               .progress = given->progress,
                                               .rows = run->rows};
    const cw_status status = cw_produce(&options, error);
    if (given->output_count > 0) {
        memcpy(given->outputs, answered, given->output_count * sizeof *answered);
    }
    return status;
}

static struct cw_store_run result_of(const struct store_run *run, const struct cw_uuid *id)
{
    struct cw_store_run result = {.id = *id, .spec = run->spec};
    memcpy(result.rows, run->rows, sizeof result.rows);
    return result;
}

static cw_status tell_made(const struct store_run *run, struct cw_run_record *record, struct cw_error *error)
{
    if (run->options->made == NULL) {
        return CW_OK;
    }
    const struct cw_store_run result = result_of(run, &record->id);
    return run->options->made(run->options->made_context, &result, &record->answer, error);
}

static cw_status fill_record(struct store_run *run, struct cw_run_record *record, struct cw_error *error)
{
    record->id = run->options->id != NULL ? *run->options->id : cw_uuid_fresh();
    record->job = run->options->job;
    record->created_at = cw_time_now();
    record->priors = cw_priors_of(&run->spec);
    cw_status status = cw_run_spec_json(&run->spec, &record->spec, error);
    if (status == CW_OK) {
        const char *request = run->options->request;
        status = request != NULL
                     ? cw_buffer_append(&record->request, request, strlen(request), error)
                     : cw_buffer_append(&record->request, record->spec.data, record->spec.size, error);
    }
    if (status == CW_OK) {
        status = cw_digests_json(run->outputs, run->digest_count, &record->digests, error);
    }
    if (status == CW_OK) {
        status = cw_basis_json(run->basis, &record->basis, error);
    }
    return status != CW_OK ? status : tell_made(run, record, error);
}

static cw_status keep_small(struct store_run *run, struct cw_run_record *record, struct cw_error *error)
{
    const struct cw_batch *batches[CW_ENTITY_COUNT];
    cw_status status = make_rows(run, NULL, error);
    for (int i = 0; i < CW_ENTITY_COUNT; i++) {
        batches[i] = run->gathered[i].entity != NULL ? &run->gathered[i] : NULL;
    }
    if (status == CW_OK) {
        status = fill_record(run, record, error);
    }
    return status != CW_OK ? status : cw_store_write(run->store, batches, record, run->until, error);
}

static cw_status keep_large(struct store_run *run, struct cw_run_record *record, struct cw_error *error)
{
    cw_status status = make_rows(run, run->load, error);
    if (status == CW_OK) {
        status = fill_record(run, record, error);
    }
    return status == CW_OK ? cw_load_commit(&run->load, record, error) : status;
}

static cw_status generate_once(struct cw_store *store, const struct cw_store_run_options *options,
                               bool is_alone, struct cw_store_run *result, struct cw_error *error)
{
    struct store_run run = {.store = store,
                            .options = options,
                            .spec = options->spec,
                            .until = CW_WAIT_FOREVER,
                            .is_alone = is_alone};
    struct cw_run_record record = {0};
    if (options->wait_seconds > 0) {
        run.until = cw_wait_of(options->wait_seconds);
    }
    cw_status status = open_run(&run, error);
    if (status == CW_OK) {
        if (options->preview) {
            status = make_rows(&run, NULL, error);
            if (status == CW_OK) {
                status = tell_made(&run, &record, error);
            }
        } else if (run.load == NULL) {
            status = keep_small(&run, &record, error);
        } else {
            status = keep_large(&run, &record, error);
        }
    }
    if (status == CW_OK) {
        *result = result_of(&run, &record.id);
    }
    cw_run_record_clear(&record);
    close_run(&run);
    return status;
}

/* Two processes that clash once would do so again if they took the same time. */
static void pause_after_clash(int clashes)
{
    const struct cw_uuid random = cw_uuid_fresh();
    const long longest = PAUSE_NANOSECONDS << clashes;
    const struct timespec pause = {.tv_nsec = longest / 256 * random.bytes[15]};
    nanosleep(&pause, NULL);
}

/* A large run keeps others out while it reads the numbers and until it is committed. Small ones do not wait
 * for each other, and those of another process are seen at the end only. Jobs are begun again by their
 * runner. */
static bool may_be_made_anew(const struct cw_store_run_options *options, cw_status status,
                             const struct cw_error *failure)
{
    return status == CW_E_CONFLICT && failure->retryable && options->job == NULL &&
           cw_run_spec_expected_rows(&options->spec) <= CW_SMALL_RUN_ROWS;
}

cw_status cw_generate_store(struct cw_store *store, const struct cw_store_run_options *options,
                            struct cw_store_run *result, struct cw_error *error)
{
    struct cw_error failure = {0};
    cw_status status = generate_once(store, options, false, result, &failure);
    for (int clashes = 0; clashes < CLASHES_MAX && may_be_made_anew(options, status, &failure); clashes++) {
        if (options->made_anew != NULL) {
            options->made_anew(options->made_context);
        }
        pause_after_clash(clashes);
        status = generate_once(store, options, clashes == CLASHES_MAX - 1, result, &failure);
    }
    if (status != CW_OK && error != NULL) {
        *error = failure;
    }
    return status;
}
