/* Groups of tasks follow one another: catalogue, customers, then each cell's opening stock, orders and
 * closing stock. */
#include "engine/generation.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "engine/catalogue_plan.h"
#include "engine/customer_plan.h"
#include "engine/draw_ahead.h"
#include "engine/order_plan.h"
#include "engine/stock_rows.h"

#define CATALOGUE_ROWS 1024
#define CUSTOMER_ROWS 2048
#define VARIANT_ROWS 4096

enum group_kind {
    GROUP_CATALOGUE, /* rows of one catalogue entity, or of products with their children */
    GROUP_CUSTOMERS,
    GROUP_OPENING,
    GROUP_ORDERS,
    GROUP_CLOSING
};

/* Tasks of one kind over rows cut into equal pieces. */
struct task_group {
    enum group_kind kind;
    uint32_t subject; /* entity or cell */
    int64_t rows;
    int64_t rows_per_task;
    int64_t first; /* tasks of this shard: [first, end) of those of the whole run */
    int64_t end;
    int64_t first_task; /* of the generation */
};

/* The stock of a cell while its tasks are made. */
struct cell_state {
    struct cw_stock *stock;
    bool is_opening; /* somebody is making it */
    int64_t next;    /* unit of the cell whose turn it is */
    int64_t left;    /* tasks of this shard that still need it */
};

struct cw_generation {
    struct cw_run_spec spec;
    const struct cw_world *world;
    struct cw_selection selection;
    uint32_t shard, shards;
    struct cw_market_tables *own_tables;
    const struct cw_market_tables *tables;
    struct cw_catalogue_plan *catalogue_plan; /* of the products this run makes */
    struct cw_catalogue own_catalogue;
    struct cw_customer_plan customers;
    bool has_customers;
    struct cw_order_plan orders;
    bool has_orders;
    uint32_t group_count;
    struct task_group *groups;
    int64_t task_count;
    int64_t unit_end; /* of the units of orders of this shard */
    struct cell_state *cells;
    struct cw_draw_ahead ahead;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    atomic_bool is_cancelled;
};

struct cw_worker {
    struct cw_generation *generation;
    struct cw_batch batches[CW_ENTITY_COUNT];
    bool past_customers; /* batches of what comes before all orders are empty */
    struct cw_order_set orders;
    struct cw_delivery_list deliveries;
};

void cw_selection_add(struct cw_selection *selection, enum cw_entity_id entity)
{
    uint32_t count = cw_entity_get(entity)->column_count;
    selection->columns[entity] = count == 64 ? UINT64_MAX : (UINT64_C(1) << count) - 1;
}

static bool wants(const struct cw_generation *generation, enum cw_entity_id entity)
{
    return generation->selection.columns[entity] != 0;
}

static bool wants_any(const struct cw_generation *generation, enum cw_entity_id first, enum cw_entity_id last)
{
    for (uint32_t e = (uint32_t)first; e <= (uint32_t)last; e++) {
        if (wants(generation, (enum cw_entity_id)e)) {
            return true;
        }
    }
    return false;
}

/* ---- Cutting the work ---- */

/* Adds the shard's part of a group. */
static void add_group(struct cw_generation *generation, enum group_kind kind, uint32_t subject, int64_t rows,
                      int64_t rows_per_task)
{
    struct task_group *group = &generation->groups[generation->group_count++];
    int64_t tasks = (rows + rows_per_task - 1) / rows_per_task;
    *group = (struct task_group){.kind = kind,
                                 .subject = subject,
                                 .rows = rows,
                                 .rows_per_task = rows_per_task,
                                 .first = tasks * generation->shard / generation->shards,
                                 .end = tasks * (generation->shard + 1) / generation->shards};
}

static void add_catalogue_groups(struct cw_generation *generation)
{
    static const enum cw_entity_id single[] = {CW_ENTITY_CATEGORY, CW_ENTITY_BRAND,
                                               CW_ENTITY_FULFILMENT_CENTRE};
    for (size_t i = 0; i < sizeof single / sizeof single[0]; i++) {
        if (wants(generation, single[i])) {
            add_group(generation, GROUP_CATALOGUE, single[i],
                      cw_catalogue_plan_rows(generation->catalogue_plan, single[i]), CATALOGUE_ROWS);
        }
    }
    if (wants(generation, CW_ENTITY_PRODUCT) || wants(generation, CW_ENTITY_PRODUCT_PRICE) ||
        wants(generation, CW_ENTITY_VARIANT)) {
        add_group(generation, GROUP_CATALOGUE, CW_ENTITY_PRODUCT, generation->spec.products, CATALOGUE_ROWS);
    }
}

/* The tasks of all cells are one list, opening, orders and closing of each cell in turn; a shard takes an
 * even stretch of it, so that it has to replay the orders of at most one cell. */
static void add_order_groups(struct cw_generation *generation)
{
    const struct cw_demand *demand = &generation->orders.demand;
    uint32_t variants = generation->orders.catalogue->variant_count;
    bool has_opening = wants(generation, CW_ENTITY_STOCK_MOVEMENT) && !generation->orders.has_world;
    int64_t opening = has_opening ? (variants + VARIANT_ROWS - 1) / VARIANT_ROWS : 0;
    int64_t closing = wants(generation, CW_ENTITY_STOCK) ? (variants + VARIANT_ROWS - 1) / VARIANT_ROWS : 0;
    int64_t total = demand->unit_count + demand->cell_count * (opening + closing);
    int64_t shard_first = total * generation->shard / generation->shards;
    int64_t shard_end = total * (generation->shard + 1) / generation->shards;
    int64_t before = 0;
    for (uint32_t c = 0; c < demand->cell_count; c++) {
        const struct {
            enum group_kind kind;
            int64_t tasks, rows, rows_per_task;
        } parts[] = {{GROUP_OPENING, opening, variants, VARIANT_ROWS},
                     {GROUP_ORDERS, demand->cells[c].unit_count, demand->cells[c].unit_count, 1},
                     {GROUP_CLOSING, closing, variants, VARIANT_ROWS}};
        for (int i = 0; i < 3; i++) {
            int64_t first = shard_first > before ? shard_first - before : 0;
            int64_t end = shard_end - before < parts[i].tasks ? shard_end - before : parts[i].tasks;
            before += parts[i].tasks;
            if (parts[i].kind == GROUP_ORDERS) {
                generation->cells[c].next = first < parts[i].tasks ? first : parts[i].tasks;
            }
            if (first >= end) {
                continue;
            }
            add_group(generation, parts[i].kind, c, parts[i].rows, parts[i].rows_per_task);
            generation->groups[generation->group_count - 1].first = first;
            generation->groups[generation->group_count - 1].end = end;
            generation->cells[c].left += parts[i].kind != GROUP_OPENING ? end - first : 0;
            if (parts[i].kind == GROUP_ORDERS) {
                generation->unit_end = demand->cells[c].first_unit + end;
            }
        }
    }
}

static cw_status cut_tasks(struct cw_generation *generation, struct cw_error *error)
{
    uint32_t cells = generation->has_orders ? generation->orders.demand.cell_count : 0;
    generation->groups = calloc(8 + 3 * (size_t)cells, sizeof *generation->groups);
    generation->cells = calloc(cells + 1, sizeof *generation->cells);
    if (generation->groups == NULL || generation->cells == NULL) {
        return cw_error_set(error, CW_E_NO_MEMORY, NULL, "no memory for the list of tasks");
    }
    if (generation->catalogue_plan != NULL) {
        add_catalogue_groups(generation);
    }
    if (generation->has_customers && wants_any(generation, CW_ENTITY_CUSTOMER, CW_ENTITY_PAYMENT_METHOD)) {
        add_group(generation, GROUP_CUSTOMERS, 0, generation->spec.customers, CUSTOMER_ROWS);
    }
    if (generation->has_orders) {
        add_order_groups(generation);
    }
    for (uint32_t g = 0; g < generation->group_count; g++) {
        generation->groups[g].first_task = generation->task_count;
        generation->task_count += generation->groups[g].end - generation->groups[g].first;
    }
    return cw_draw_ahead_init(&generation->ahead, generation->unit_end, error);
}

/* ---- Plans ---- */

static cw_status plan_orders(struct cw_generation *generation, uint32_t threads, struct cw_error *error)
{
    const struct cw_run_spec *spec = &generation->spec;
    const struct cw_world *world = generation->world;
    bool own_products = spec->products > 0 || world == NULL || world->catalogue == NULL;
    bool own_customers = spec->customers > 0 || world == NULL || world->population == NULL;
    struct cw_buyers buyers = {.plan = &generation->customers,
                               .population = own_customers ? NULL : world->population};
    cw_status status = CW_OK;
    if (own_products && generation->catalogue_plan != NULL) {
        status =
            cw_catalogue_plan_world(generation->catalogue_plan, threads, &generation->own_catalogue, error);
    }
    if (status != CW_OK) {
        return status;
    }
    status = cw_order_plan_init(&generation->orders, spec, &buyers,
                                own_products ? &generation->own_catalogue : world->catalogue,
                                generation->tables, !own_products, threads, error);
    generation->has_orders = status == CW_OK;
    return status;
}

static cw_status make_plans(struct cw_generation *generation, uint32_t threads, struct cw_error *error)
{
    const struct cw_run_spec *spec = &generation->spec;
    cw_status status = CW_OK;
    generation->tables = generation->world != NULL ? generation->world->market_tables : NULL;
    if (generation->tables == NULL || !cw_market_tables_suit(generation->tables, spec->as_of)) {
        status = cw_market_tables_new(spec->as_of, &generation->own_tables, error);
        generation->tables = generation->own_tables;
    }
    if (status == CW_OK && spec->products > 0) {
        status = cw_catalogue_plan_new(spec, &generation->catalogue_plan, error);
    }
    if (status == CW_OK) {
        status = cw_customer_plan_init(&generation->customers, spec, generation->tables, error);
        generation->has_customers = status == CW_OK;
    }
    bool needs_stock = spec->products > 0 && wants_any(generation, CW_ENTITY_STOCK_MOVEMENT, CW_ENTITY_STOCK);
    bool needs_orders = spec->orders > 0 && wants_any(generation, CW_ENTITY_ORDER, CW_ENTITY_STOCK);
    if (status == CW_OK && (needs_stock || needs_orders)) {
        status = plan_orders(generation, threads, error);
    }
    return status;
}

cw_status cw_generation_plan(const struct cw_run_spec *spec, const struct cw_world *world,
                             const struct cw_selection *selection, uint32_t shard, uint32_t shards,
                             uint32_t threads, struct cw_generation **out, struct cw_error *error)
{
    if (shards == 0 || shards > 1000000 || shard >= shards) {
        return cw_error_set(error, CW_E_INVALID, "shard",
                            "shard is %u/%u; expected 0 to N-1 of N, N up to 1000000", shard, shards);
    }
    struct cw_generation *generation = calloc(1, sizeof *generation);
    if (generation == NULL) {
        return cw_error_set(error, CW_E_NO_MEMORY, NULL, "no memory for a generation");
    }
    generation->spec = *spec;
    generation->world = world;
    generation->selection = *selection;
    generation->shard = shard;
    generation->shards = shards;
    pthread_mutex_init(&generation->mutex, NULL);
    pthread_cond_init(&generation->changed, NULL);
    cw_status status = make_plans(generation, threads, error);
    if (status == CW_OK) {
        status = cut_tasks(generation, error);
    }
    if (status != CW_OK) {
        cw_generation_free(generation);
        return status;
    }
    *out = generation;
    return CW_OK;
}

cw_status cw_generation_new(const struct cw_run_spec *spec, const struct cw_world *world,
                            const struct cw_selection *selection, uint32_t shard, uint32_t shards,
                            struct cw_generation **out, struct cw_error *error)
{
    return cw_generation_plan(spec, world, selection, shard, shards, 1, out, error);
}

void cw_generation_free(struct cw_generation *generation)
{
    if (generation == NULL) {
        return;
    }
    for (uint32_t c = 0;
         generation->has_orders && generation->cells != NULL && c < generation->orders.demand.cell_count;
         c++) {
        cw_stock_free(generation->cells[c].stock);
    }
    cw_draw_ahead_clear(&generation->ahead);
    if (generation->has_orders) {
        cw_order_plan_clear(&generation->orders);
    }
    if (generation->has_customers) {
        cw_customer_plan_clear(&generation->customers);
    }
    cw_catalogue_clear(&generation->own_catalogue);
    cw_catalogue_plan_free(generation->catalogue_plan);
    cw_market_tables_free(generation->own_tables);
    free(generation->groups);
    free(generation->cells);
    pthread_mutex_destroy(&generation->mutex);
    pthread_cond_destroy(&generation->changed);
    free(generation);
}

int64_t cw_generation_task_count(const struct cw_generation *generation)
{
    return generation->task_count;
}

int64_t cw_generation_expected_rows(const struct cw_generation *generation, enum cw_entity_id entity)
{
    const struct cw_run_spec *spec = &generation->spec;
    int64_t shards = generation->shards;
    switch (entity) {
    case CW_ENTITY_CATEGORY:
    case CW_ENTITY_BRAND:
    case CW_ENTITY_PRODUCT:
    case CW_ENTITY_PRODUCT_PRICE:
    case CW_ENTITY_VARIANT:
    case CW_ENTITY_FULFILMENT_CENTRE:
        return generation->catalogue_plan != NULL
                   ? cw_catalogue_plan_rows(generation->catalogue_plan, entity) / shards
                   : 0;
    case CW_ENTITY_CUSTOMER:
        return spec->customers / shards;
    case CW_ENTITY_ADDRESS:
    case CW_ENTITY_PAYMENT_METHOD:
        return spec->customers * 3 / 2 / shards;
    case CW_ENTITY_ORDER:
    case CW_ENTITY_SHIPMENT:
    case CW_ENTITY_PAYMENT:
        return spec->orders / shards;
    case CW_ENTITY_ORDER_ITEM:
    case CW_ENTITY_STOCK_MOVEMENT:
        return spec->orders * 4 / shards;
    case CW_ENTITY_ORDER_STATUS_HISTORY:
        return spec->orders * 5 / shards;
    case CW_ENTITY_STOCK:
    case CW_ENTITY_COUNT:
        break;
    }
    return generation->has_orders ? (int64_t)generation->orders.catalogue->variant_count *
                                        generation->orders.demand.cell_count / shards
                                  : 0;
}

/* ---- Workers ---- */

cw_status cw_worker_new(struct cw_generation *generation, struct cw_worker **out, struct cw_error *error)
{
    struct cw_worker *worker = calloc(1, sizeof *worker);
    if (worker == NULL) {
        return cw_error_set(error, CW_E_NO_MEMORY, NULL, "no memory for a worker");
    }
    worker->generation = generation;
    for (uint32_t e = 0; e < CW_ENTITY_COUNT; e++) {
        cw_status status = cw_batch_init(&worker->batches[e], cw_entity_get((enum cw_entity_id)e), error);
        if (status != CW_OK) {
            cw_worker_free(worker);
            return status;
        }
    }
    pthread_mutex_lock(&generation->mutex);
    cw_draw_ahead_add_thread(&generation->ahead);
    pthread_mutex_unlock(&generation->mutex);
    *out = worker;
    return CW_OK;
}

void cw_worker_free(struct cw_worker *worker)
{
    if (worker == NULL) {
        return;
    }
    for (uint32_t e = 0; e < CW_ENTITY_COUNT; e++) {
        cw_batch_clear(&worker->batches[e]);
    }
    cw_order_set_clear(&worker->orders);
    free(worker->deliveries.items);
    free(worker);
}

void cw_generation_cancel(struct cw_generation *generation)
{
    pthread_mutex_lock(&generation->mutex);
    atomic_store(&generation->is_cancelled, true);
    pthread_cond_broadcast(&generation->changed);
    pthread_mutex_unlock(&generation->mutex);
}

static cw_status cancelled(struct cw_error *error)
{
    return cw_error_set(error, CW_E_CANCELLED, NULL, "the run was cancelled");
}

/* ---- Stock, in turn ---- */

/* Uses the time until something changes to draw the orders of a later unit, from the given one on, or sleeps
 * when there is none to draw. The caller holds the lock. */
static void pass_time(struct cw_generation *generation, int64_t unit)
{
    struct cw_ahead_place *place = cw_draw_ahead_begin(&generation->ahead, unit);
    if (place == NULL) {
        pthread_cond_wait(&generation->changed, &generation->mutex);
        return;
    }
    pthread_mutex_unlock(&generation->mutex);
    const cw_status status = cw_order_draw(&generation->orders, place->unit, &place->set, NULL);
    pthread_mutex_lock(&generation->mutex);
    cw_draw_ahead_end(&generation->ahead, place, status == CW_OK);
    pthread_cond_broadcast(&generation->changed);
}

/* Gives the worker the orders of a unit, drawn by itself or by whoever waited. */
static cw_status get_orders(struct cw_worker *worker, int64_t unit, struct cw_error *error)
{
    struct cw_generation *generation = worker->generation;
    bool is_mine = false;
    bool is_drawn = false;
    pthread_mutex_lock(&generation->mutex);
    while (!is_mine && !is_drawn && !atomic_load(&generation->is_cancelled)) {
        is_mine = cw_draw_ahead_claim(&generation->ahead, unit);
        is_drawn = !is_mine && cw_draw_ahead_take(&generation->ahead, unit, &worker->orders);
        if (!is_mine && !is_drawn) {
            pass_time(generation, unit);
        }
    }
    pthread_mutex_unlock(&generation->mutex);
    if (is_mine) {
        return cw_order_draw(&generation->orders, unit, &worker->orders, error);
    }
    return is_drawn ? CW_OK : cancelled(error);
}

/* Makes the stock of a cell as it is before the shard's first unit, by taking all earlier orders out of it.
 */
static cw_status open_stock(struct cw_worker *worker, uint32_t cell, struct cw_error *error)
{
    struct cw_generation *generation = worker->generation;
    const struct cw_world *world = generation->orders.has_world ? generation->world : NULL;
    struct cw_order_set earlier = {0};
    struct cw_stock *stock;
    cw_status status = cw_stock_new(&generation->orders, world, cell, &stock, error);
    if (status != CW_OK) {
        return status;
    }
    int64_t first = generation->orders.demand.cells[cell].first_unit;
    for (int64_t u = 0; status == CW_OK && u < generation->cells[cell].next; u++) {
        if (atomic_load(&generation->is_cancelled)) {
            status = cancelled(error);
            break;
        }
        worker->deliveries.count = 0;
        status = cw_order_draw(&generation->orders, first + u, &earlier, error);
        if (status == CW_OK) {
            status = cw_stock_take(stock, &earlier, &worker->deliveries, error);
        }
    }
    cw_order_set_clear(&earlier);
    if (status != CW_OK) {
        cw_stock_free(stock);
        return status;
    }
    pthread_mutex_lock(&generation->mutex);
    generation->cells[cell].stock = stock;
    pthread_cond_broadcast(&generation->changed);
    pthread_mutex_unlock(&generation->mutex);
    return CW_OK;
}

/* Waits until it is the unit's turn (unit == unit_count: until all are done) and the stock exists, making it
 * if nobody does. */
static cw_status await_stock(struct cw_worker *worker, uint32_t cell, int64_t unit, struct cw_error *error)
{
    struct cw_generation *generation = worker->generation;
    struct cell_state *state = &generation->cells[cell];
    bool must_open = false;
    pthread_mutex_lock(&generation->mutex);
    while (!atomic_load(&generation->is_cancelled) && !must_open &&
           (state->next != unit || state->stock == NULL)) {
        if (state->next == unit && !state->is_opening) {
            state->is_opening = must_open = true;
        } else {
            pass_time(generation, generation->orders.demand.cells[cell].first_unit + unit);
        }
    }
    pthread_mutex_unlock(&generation->mutex);
    if (atomic_load(&generation->is_cancelled)) {
        return cancelled(error);
    }
    return must_open ? open_stock(worker, cell, error) : CW_OK;
}

/* Passes the turn on; the last task of a cell frees its stock. */
static void release_stock(struct cw_generation *generation, uint32_t cell, bool is_unit)
{
    struct cell_state *state = &generation->cells[cell];
    struct cw_stock *finished = NULL;
    pthread_mutex_lock(&generation->mutex);
    state->next += is_unit;
    if (--state->left == 0) {
        finished = state->stock;
        state->stock = NULL;
    }
    pthread_cond_broadcast(&generation->changed);
    pthread_mutex_unlock(&generation->mutex);
    cw_stock_free(finished);
}

/* ---- Tasks ---- */

struct task {
    struct cw_worker *worker;
    const struct task_group *group;
    int64_t index; /* among the group's tasks of the whole run */
    int64_t first; /* row */
    int64_t count;
    const struct cw_batch **batches;
};

static uint64_t columns_of(const struct task *task, enum cw_entity_id entity)
{
    return task->worker->generation->selection.columns[entity];
}

static cw_status run_catalogue(const struct task *task, struct cw_error *error)
{
    static const enum cw_entity_id children[] = {CW_ENTITY_PRODUCT, CW_ENTITY_PRODUCT_PRICE,
                                                 CW_ENTITY_VARIANT};
    enum cw_entity_id single = (enum cw_entity_id)task->group->subject;
    bool is_product = single == CW_ENTITY_PRODUCT;
    cw_status status = CW_OK;
    for (int i = 0; status == CW_OK && i < (is_product ? 3 : 1); i++) {
        enum cw_entity_id entity = is_product ? children[i] : single;
        if (columns_of(task, entity) == 0) {
            continue;
        }
        struct cw_batch *batch = &task->worker->batches[entity];
        status = cw_catalogue_plan_fill(task->worker->generation->catalogue_plan, entity, task->first,
                                        task->count, columns_of(task, entity), batch, error);
        task->batches[entity] = batch;
    }
    return status;
}

static cw_status run_customers(const struct task *task, struct cw_error *error)
{
    static const struct {
        enum cw_entity_id entity;
        cw_status (*fill)(const struct cw_customer_plan *, int64_t, int64_t, uint64_t, struct cw_batch *,
                          struct cw_error *);
    } parts[] = {{CW_ENTITY_CUSTOMER, cw_customer_fill},
                 {CW_ENTITY_ADDRESS, cw_address_fill},
                 {CW_ENTITY_PAYMENT_METHOD, cw_payment_method_fill}};
    cw_status status = CW_OK;
    for (int i = 0; status == CW_OK && i < 3; i++) {
        if (columns_of(task, parts[i].entity) == 0) {
            continue;
        }
        struct cw_batch *batch = &task->worker->batches[parts[i].entity];
        status = parts[i].fill(&task->worker->generation->customers, task->first, task->count,
                               columns_of(task, parts[i].entity), batch, error);
        task->batches[parts[i].entity] = batch;
    }
    return status;
}

static cw_status run_opening(const struct task *task, struct cw_error *error)
{
    struct cw_batch *batch = &task->worker->batches[CW_ENTITY_STOCK_MOVEMENT];
    task->batches[CW_ENTITY_STOCK_MOVEMENT] = batch;
    return cw_stock_opening_fill(&task->worker->generation->orders, task->group->subject,
                                 (uint32_t)task->first, (uint32_t)task->count,
                                 columns_of(task, CW_ENTITY_STOCK_MOVEMENT), batch, error);
}

static cw_status fill_orders(const struct task *task, struct cw_error *error)
{
    static const struct {
        enum cw_entity_id entity;
        cw_status (*fill)(const struct cw_order_set *, uint64_t, struct cw_batch *, struct cw_error *);
    } parts[] = {{CW_ENTITY_ORDER, cw_order_fill},
                 {CW_ENTITY_ORDER_ITEM, cw_order_item_fill},
                 {CW_ENTITY_ORDER_STATUS_HISTORY, cw_order_status_history_fill},
                 {CW_ENTITY_PAYMENT, cw_payment_fill},
                 {CW_ENTITY_SHIPMENT, cw_shipment_fill}};
    struct cw_worker *worker = task->worker;
    cw_status status = CW_OK;
    for (size_t i = 0; status == CW_OK && i < sizeof parts / sizeof parts[0]; i++) {
        if (columns_of(task, parts[i].entity) == 0) {
            continue;
        }
        status = parts[i].fill(&worker->orders, columns_of(task, parts[i].entity),
                               &worker->batches[parts[i].entity], error);
        task->batches[parts[i].entity] = &worker->batches[parts[i].entity];
    }
    if (status == CW_OK && columns_of(task, CW_ENTITY_STOCK_MOVEMENT) != 0) {
        struct cw_batch *batch = &worker->batches[CW_ENTITY_STOCK_MOVEMENT];
        task->batches[CW_ENTITY_STOCK_MOVEMENT] = batch;
        status = cw_stock_movement_fill(&worker->orders, &worker->deliveries,
                                        columns_of(task, CW_ENTITY_STOCK_MOVEMENT), batch, error);
    }
    return status;
}

static cw_status run_orders(const struct task *task, struct cw_error *error)
{
    struct cw_worker *worker = task->worker;
    struct cw_generation *generation = worker->generation;
    uint32_t cell = task->group->subject;
    int64_t unit = generation->orders.demand.cells[cell].first_unit + task->index;
    /* Before the turn, so that only the stock itself is in turn. */
    cw_status status = get_orders(worker, unit, error);
    if (status == CW_OK) {
        status = await_stock(worker, cell, task->index, error);
    }
    if (status != CW_OK) {
        return status;
    }
    worker->deliveries.count = 0;
    status = cw_stock_take(generation->cells[cell].stock, &worker->orders, &worker->deliveries, error);
    if (status != CW_OK) {
        return status;
    }
    release_stock(generation, cell, true);
    for (int64_t o = 0; o < worker->orders.order_count; o++) {
        cw_order_timeline(&generation->orders, cell, &worker->orders.orders[o]);
    }
    return fill_orders(task, error);
}

static cw_status run_closing(const struct task *task, struct cw_error *error)
{
    struct cw_generation *generation = task->worker->generation;
    uint32_t cell = task->group->subject;
    cw_status status =
        await_stock(task->worker, cell, generation->orders.demand.cells[cell].unit_count, error);
    if (status != CW_OK) {
        return status;
    }
    struct cw_batch *batch = &task->worker->batches[CW_ENTITY_STOCK];
    task->batches[CW_ENTITY_STOCK] = batch;
    status = cw_stock_fill(&generation->orders, cell, cw_stock_items(generation->cells[cell].stock),
                           (uint32_t)task->first, (uint32_t)task->count, columns_of(task, CW_ENTITY_STOCK),
                           batch, error);
    if (status == CW_OK) {
        release_stock(generation, cell, false);
    }
    return status;
}

/* Gives back the memory of the batches that only tasks before the first orders fill: some are the largest. */
static cw_status leave_customers(struct cw_worker *worker, struct cw_error *error)
{
    static const enum cw_entity_id entities[] = {CW_ENTITY_PRODUCT, CW_ENTITY_PRODUCT_PRICE,
                                                 CW_ENTITY_VARIANT, CW_ENTITY_CUSTOMER,
                                                 CW_ENTITY_ADDRESS, CW_ENTITY_PAYMENT_METHOD};
    cw_status status = CW_OK;
    for (size_t i = 0; i < sizeof entities / sizeof *entities && status == CW_OK; i++) {
        cw_batch_clear(&worker->batches[entities[i]]);
        status = cw_batch_init(&worker->batches[entities[i]], cw_entity_get(entities[i]), error);
    }
    worker->past_customers = status == CW_OK;
    return status;
}

static const struct task_group *find_group(const struct cw_generation *generation, int64_t task)
{
    uint32_t g = 0;
    while (g + 1 < generation->group_count && generation->groups[g + 1].first_task <= task) {
        g++;
    }
    return &generation->groups[g];
}

cw_status cw_worker_run(struct cw_worker *worker, int64_t index,
                        const struct cw_batch *batches[CW_ENTITY_COUNT], struct cw_error *error)
{
    static cw_status (*const runners[])(const struct task *,
                                        struct cw_error *) = {[GROUP_CATALOGUE] = run_catalogue,
                                                              [GROUP_CUSTOMERS] = run_customers,
                                                              [GROUP_OPENING] = run_opening,
                                                              [GROUP_ORDERS] = run_orders,
                                                              [GROUP_CLOSING] = run_closing};
    struct cw_generation *generation = worker->generation;
    if (index < 0 || index >= generation->task_count) {
        return cw_error_set(error, CW_E_INVALID, "task", "task is %lld; expected 0 to %lld", (long long)index,
                            (long long)generation->task_count - 1);
    }
    if (atomic_load(&generation->is_cancelled)) {
        return cancelled(error);
    }
    for (uint32_t e = 0; e < CW_ENTITY_COUNT; e++) {
        batches[e] = NULL;
    }
    const struct task_group *group = find_group(generation, index);
    struct task task = {.worker = worker, .group = group, .batches = batches};
    task.index = group->first + index - group->first_task;
    task.first = task.index * group->rows_per_task;
    int64_t rest = group->rows - task.first;
    task.count = rest < group->rows_per_task ? rest : group->rows_per_task;
    if (group->kind > GROUP_CUSTOMERS && !worker->past_customers) {
        const cw_status status = leave_customers(worker, error);
        if (status != CW_OK) {
            return status;
        }
    }
    return runners[group->kind](&task, error);
}
