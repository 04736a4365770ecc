#include "store/store_world.h"

#include <stdlib.h>
#include <string.h>

#include "store/store_base.h"

struct cw_store_world {
    int64_t references; /* guarded by the cache's mutex, as the parts' are */
    struct cw_store *store;
    int64_t basis[CW_ENTITY_COUNT];
    struct cw_population_part *population;
    struct cw_catalogue_part *catalogue;
    struct cw_world view;
};

static cw_status load_promise(void *context, uint32_t site, uint32_t first, uint32_t count,
                              struct cw_promise *promise, struct cw_error *error)
{
    const struct cw_store_world *world = context;
    struct cw_reader *reader;
    cw_status status = world->store->operations->reader_begin(world->store, &reader, error);
    if (status == CW_OK) {
        status = cw_promise_read(reader, world->catalogue, world->basis[CW_ENTITY_STOCK_MOVEMENT], site,
                                 first, count, promise, error);
        world->store->operations->reader_end(reader);
    }
    return status;
}

static void release_promise(void *context, struct cw_promise *promise)
{
    (void)context;
    cw_promise_clear(promise);
}

/* The mutex is held, or nobody else knows the world. */
static void world_drop(struct cw_store_world *world)
{
    if (world == NULL || --world->references > 0) {
        return;
    }
    if (world->population != NULL && --world->population->references == 0) {
        cw_population_free(world->population);
    }
    if (world->catalogue != NULL && --world->catalogue->references == 0) {
        cw_catalogue_free(world->catalogue);
    }
    free(world);
}

void cw_world_cache_clear(struct cw_store *store)
{
    world_drop(store->worlds.newest);
    store->worlds.newest = NULL;
}

static bool is_same(const int64_t *a, const int64_t *b, const enum cw_entity_id *entities, size_t count)
{
    bool same = true;
    for (size_t i = 0; i < count; i++) {
        same = same && a[entities[i]] == b[entities[i]];
    }
    return same;
}

static const enum cw_entity_id population_tables[] = {CW_ENTITY_CUSTOMER, CW_ENTITY_ADDRESS,
                                                      CW_ENTITY_PAYMENT_METHOD};
static const enum cw_entity_id catalogue_tables[] = {CW_ENTITY_PRODUCT, CW_ENTITY_VARIANT,
                                                     CW_ENTITY_PRODUCT_PRICE};

/* A part to add rows to: the newest world's own when no one but that world uses it, else a copy; an empty one
 * from the start. */
static cw_status population_to_fill(struct cw_store_world *newest, struct cw_population_part **part,
                                    struct cw_error *error)
{
    if (newest != NULL && newest->references == 1 && newest->population->references == 1) {
        *part = newest->population;
        newest->population = NULL;
        return CW_OK;
    }
    if (newest != NULL) {
        return cw_population_copy(newest->population, part, error);
    }
    *part = calloc(1, sizeof **part);
    return *part != NULL ? CW_OK
                         : cw_error_set(error, CW_E_NO_MEMORY, NULL, "out of memory: reading customers");
}

static cw_status population_fill(struct cw_reader *reader, struct cw_store_world *newest,
                                 const int64_t *basis, struct cw_population_part **part, bool *is_closed,
                                 struct cw_error *error)
{
    static const int64_t nothing[CW_ENTITY_COUNT] = {0};
    const int64_t *from = newest != NULL ? newest->basis : nothing;
    const struct cw_population_range range = {
        .customers = {from[CW_ENTITY_CUSTOMER], basis[CW_ENTITY_CUSTOMER]},
        .addresses = {from[CW_ENTITY_ADDRESS], basis[CW_ENTITY_ADDRESS]},
        .payment_methods = {from[CW_ENTITY_PAYMENT_METHOD], basis[CW_ENTITY_PAYMENT_METHOD]},
    };
    struct cw_population_part *filled = NULL;
    cw_status status = population_to_fill(newest, &filled, error);
    if (status == CW_OK) {
        status = cw_population_add(filled, reader, &range, is_closed, error);
    }
    if (status != CW_OK || !*is_closed) {
        cw_population_free(filled);
        return status;
    }
    *part = filled;
    return CW_OK;
}

static cw_status build_population(struct cw_reader *reader, struct cw_store_world *newest,
                                  struct cw_store_world *world, struct cw_error *error)
{
    if (newest != NULL && newest->population != NULL &&
        is_same(newest->basis, world->basis, population_tables, 3)) {
        world->population = newest->population;
        world->population->references++;
        return CW_OK;
    }
    /* The newest world may have lost its part to an attempt that failed; rows may also have been taken away.
     */
    bool can_add = newest != NULL && newest->population != NULL;
    for (size_t i = 0; i < 3; i++) {
        can_add = can_add && newest->basis[population_tables[i]] <= world->basis[population_tables[i]];
    }
    bool is_closed = true;
    cw_status status =
        population_fill(reader, can_add ? newest : NULL, world->basis, &world->population, &is_closed, error);
    if (status == CW_OK && !is_closed) {
        status = population_fill(reader, NULL, world->basis, &world->population, &is_closed, error);
    }
    if (status == CW_OK && world->population != NULL) {
        world->population->references = 1;
    }
    return status;
}

static cw_status build_catalogue(struct cw_reader *reader, const struct cw_store_world *newest,
                                 struct cw_store_world *world, struct cw_error *error)
{
    if (newest != NULL && is_same(newest->basis, world->basis, catalogue_tables, 3)) {
        world->catalogue = newest->catalogue;
        world->catalogue->references++;
        return CW_OK;
    }
    const cw_status status =
        cw_catalogue_read(reader, world->basis[CW_ENTITY_PRODUCT], world->basis[CW_ENTITY_VARIANT],
                          world->basis[CW_ENTITY_PRODUCT_PRICE], &world->catalogue, error);
    if (status == CW_OK) {
        world->catalogue->references = 1;
    }
    return status;
}

/* Reads what newest (may be NULL) does not have already. */
static cw_status world_build(struct cw_store *store, struct cw_reader *reader, struct cw_store_world *newest,
                             const int64_t *basis, struct cw_store_world **world, struct cw_error *error)
{
    struct cw_store_world *made = calloc(1, sizeof *made);
    if (made == NULL) {
        return cw_error_set(error, CW_E_NO_MEMORY, NULL, "out of memory: reading the shop");
    }
    made->references = 1;
    made->store = store;
    memcpy(made->basis, basis, sizeof made->basis);
    cw_status status = build_catalogue(reader, newest, made, error);
    if (status == CW_OK) {
        status = build_population(reader, newest, made, error);
    }
    if (status != CW_OK) {
        world_drop(made);
        return status;
    }
    made->view = (struct cw_world){
        .population = &made->population->data,
        .catalogue = &made->catalogue->data,
        .load_promise = load_promise,
        .release_promise = release_promise,
        .context = made,
    };
    *world = made;
    return CW_OK;
}

static bool is_usable(const struct cw_store_world *world)
{
    return world != NULL && world->population != NULL;
}

/* The mutex is held and a read transaction open. */
static cw_status refresh(struct cw_store *store, struct cw_reader *reader, struct cw_error *error)
{
    struct cw_store_world *newest = store->worlds.newest;
    int64_t basis[CW_ENTITY_COUNT] = {0};
    cw_status status = store->operations->reader_basis(reader, basis, error);
    if (status != CW_OK || (is_usable(newest) && memcmp(basis, newest->basis, sizeof basis) == 0)) {
        return status;
    }
    struct cw_store_world *world;
    status = world_build(store, reader, newest, basis, &world, error);
    if (status == CW_OK || !is_usable(newest)) {
        world_drop(newest);
        store->worlds.newest = status == CW_OK ? world : NULL;
    }
    return status;
}

cw_status cw_store_world_acquire(struct cw_store *store, struct cw_store_world **world,
                                 struct cw_error *error)
{
    /* The mutex first: those who wait for a long refresh must not hold read connections meanwhile. */
    pthread_mutex_lock(&store->worlds.mutex);
    struct cw_reader *reader;
    cw_status status = store->operations->reader_begin(store, &reader, error);
    if (status == CW_OK) {
        status = refresh(store, reader, error);
        store->operations->reader_end(reader);
    }
    if (status == CW_OK) {
        store->worlds.newest->references++;
        *world = store->worlds.newest;
    }
    pthread_mutex_unlock(&store->worlds.mutex);
    return status;
}

cw_status cw_store_world_acquire_at(struct cw_store *store, const int64_t rows[CW_ENTITY_COUNT],
                                    struct cw_store_world **world, struct cw_error *error)
{
    struct cw_reader *reader;
    cw_status status = store->operations->reader_begin(store, &reader, error);
    if (status == CW_OK) {
        status = world_build(store, reader, NULL, rows, world, error);
        store->operations->reader_end(reader);
    }
    return status;
}

const struct cw_world *cw_store_world_get(const struct cw_store_world *world)
{
    return &world->view;
}

const int64_t *cw_store_world_basis(const struct cw_store_world *world)
{
    return world->basis;
}

void cw_store_world_release(struct cw_store_world *world)
{
    if (world != NULL) {
        struct cw_store *store = world->store;
        pthread_mutex_lock(&store->worlds.mutex);
        world_drop(world);
        pthread_mutex_unlock(&store->worlds.mutex);
    }
}
