#include <stdlib.h>
#include <string.h>

#include "base/calendar.h"
#include "engine/catalogue_plan.h"
#include "harness.h"
#include "model/columns.h"
#include "model/reference.h"
#include "shop_rows.h"

static void *new_array(int64_t count, size_t size)
{
    void *array = calloc((size_t)count + 1, size);
    ck_assert_ptr_nonnull(array);
    return array;
}

/* ---- Customers ---- */

/* Children stand customer by customer, the default one first. */
static void fill_addresses(struct cw_population *population, const struct shop *shop)
{
    population->address_count = (uint32_t)shop_rows(shop, CW_ENTITY_ADDRESS);
    population->addresses = new_array(population->address_count, sizeof *population->addresses);
    int64_t customer = 0;
    for (int64_t r = 0; r < shop_rows(shop, CW_ENTITY_ADDRESS); r++) {
        const uint8_t *owner = shop_uuid(shop, CW_ENTITY_ADDRESS, CW_ADDRESS_CUSTOMER_ID, r);
        while (memcmp(population->customers[customer].id.bytes, owner, 16) != 0)
            customer++;
        if (population->customers[customer].address_count++ == 0)
            population->customers[customer].first_address = (uint32_t)r;
        memcpy(population->addresses[r].id.bytes, shop_uuid(shop, CW_ENTITY_ADDRESS, CW_ADDRESS_ID, r), 16);
        population->addresses[r].created_at = shop_number(shop, CW_ENTITY_ADDRESS, CW_ADDRESS_CREATED_AT, r);
    }
}

static uint8_t kind_of(const char *name)
{
    static const char *const names[CW_PAYMENT_KIND_COUNT] = {"card",         "wallet",  "bank_transfer",
                                                             "direct_debit", "invoice", "cash"};
    uint8_t kind = 0;
    while (strcmp(names[kind], name) != 0)
        kind++;
    return kind;
}

static void fill_methods(struct cw_population *population, const struct shop *shop)
{
    const enum cw_entity_id entity = CW_ENTITY_PAYMENT_METHOD;
    population->payment_method_count = (uint32_t)shop_rows(shop, entity);
    population->payment_methods =
        new_array(population->payment_method_count, sizeof *population->payment_methods);
    int64_t customer = 0;
    for (int64_t r = 0; r < shop_rows(shop, entity); r++) {
        struct cw_known_payment_method *method = &population->payment_methods[r];
        const uint8_t *owner = shop_uuid(shop, entity, CW_PAYMENT_METHOD_CUSTOMER_ID, r);
        while (memcmp(population->customers[customer].id.bytes, owner, 16) != 0)
            customer++;
        if (population->customers[customer].payment_method_count++ == 0)
            population->customers[customer].first_payment_method = (uint32_t)r;
        memcpy(method->id.bytes, shop_uuid(shop, entity, CW_PAYMENT_METHOD_ID, r), 16);
        method->created_at = shop_number(shop, entity, CW_PAYMENT_METHOD_CREATED_AT, r);
        method->limit_amount = shop_number(shop, entity, CW_PAYMENT_METHOD_LIMIT_AMOUNT, r);
        method->kind = kind_of(shop_text(shop, entity, CW_PAYMENT_METHOD_KIND, r));
        method->expires_at = INT64_MAX;
        if (method->kind == CW_PAYMENT_CARD) {
            int64_t month = shop_number(shop, entity, CW_PAYMENT_METHOD_EXPIRY_MONTH, r) % 12 + 1;
            int64_t year = shop_number(shop, entity, CW_PAYMENT_METHOD_EXPIRY_YEAR, r) + (month == 1);
            method->expires_at = cw_date_to_days((int32_t)year, (int32_t)month, 1) * SHOP_DAY;
        }
    }
}

static uint16_t region_of(const struct cw_market *market, const char *name)
{
    for (uint16_t i = 0; i < market->regions.count; i++) {
        const struct cw_pool *names = &market->regions.names;
        size_t length = names->offsets[i + 1] - names->offsets[i];
        if (length == strlen(name) && memcmp(names->bytes + names->offsets[i], name, length) == 0)
            return i;
    }
    return 0;
}

static void fill_population(struct cw_population *population, const struct shop *shop)
{
    population->customer_count = (uint32_t)shop_rows(shop, CW_ENTITY_CUSTOMER);
    population->customers = new_array(population->customer_count, sizeof *population->customers);
    for (int64_t r = 0; r < shop_rows(shop, CW_ENTITY_CUSTOMER); r++) {
        struct cw_known_customer *customer = &population->customers[r];
        memcpy(customer->id.bytes, shop_uuid(shop, CW_ENTITY_CUSTOMER, CW_CUSTOMER_ID, r), 16);
        customer->created_at = shop_number(shop, CW_ENTITY_CUSTOMER, CW_CUSTOMER_CREATED_AT, r);
        customer->birth_date = (int32_t)shop_number(shop, CW_ENTITY_CUSTOMER, CW_CUSTOMER_BIRTH_DATE, r);
        int market = cw_market_find(shop_text(shop, CW_ENTITY_CUSTOMER, CW_CUSTOMER_COUNTRY, r));
        customer->market = (uint8_t)market;
        customer->region = region_of(cw_market_get((uint32_t)market),
                                     shop_text(shop, CW_ENTITY_CUSTOMER, CW_CUSTOMER_REGION, r));
        for (int s = 0; s < CW_SEGMENT_COUNT; s++) {
            if (strcmp(cw_segment_name((enum cw_segment)s),
                       shop_text(shop, CW_ENTITY_CUSTOMER, CW_CUSTOMER_SEGMENT, r)) == 0)
                customer->segment = (uint8_t)s;
        }
    }
    fill_addresses(population, shop);
    fill_methods(population, shop);
}

/* ---- What can be promised ---- */

struct change {
    int64_t time;
    int64_t quantity;
};

static int compare_changes(const void *a, const void *b)
{
    const struct change *x = a;
    const struct change *y = b;
    return x->time < y->time ? -1 : x->time > y->time;
}

static int64_t list_changes(const struct shop *shop, const uint8_t *site, const uint8_t *variant,
                            struct change *changes)
{
    int64_t count = 0;
    for (int64_t r = 0; r < shop_rows(shop, CW_ENTITY_STOCK_MOVEMENT); r++) {
        if (memcmp(shop_uuid(shop, CW_ENTITY_STOCK_MOVEMENT, CW_STOCK_MOVEMENT_VARIANT_ID, r), variant, 16) !=
                0 ||
            memcmp(shop_uuid(shop, CW_ENTITY_STOCK_MOVEMENT, CW_STOCK_MOVEMENT_FULFILMENT_CENTRE_ID, r), site,
                   16) != 0)
            continue;
        changes[count].time = shop_number(shop, CW_ENTITY_STOCK_MOVEMENT, CW_STOCK_MOVEMENT_OCCURRED_AT, r);
        changes[count++].quantity =
            shop_number(shop, CW_ENTITY_STOCK_MOVEMENT, CW_STOCK_MOVEMENT_QUANTITY, r);
    }
    qsort(changes, (size_t)count, sizeof *changes, compare_changes);
    return count;
}

/* From each change on: the lowest level from there to the end. */
static void add_steps(struct cw_promise *promise, uint32_t *steps, const struct change *changes,
                      int64_t count)
{
    int64_t level = 0;
    for (int64_t i = 0; i < count; i++)
        level += changes[i].quantity;
    int64_t lowest = INT64_MAX;
    for (int64_t i = count - 1; i >= 0; i--) {
        bool is_last_of_instant = i == count - 1 || changes[i].time < changes[i + 1].time;
        if (is_last_of_instant && level < lowest)
            lowest = level;
        promise->times[*steps + i] = changes[i].time;
        promise->available[*steps + i] = (int32_t)lowest;
        level -= changes[i].quantity;
    }
    *steps += (uint32_t)count;
}

static cw_status load_promise(void *context, uint32_t site, uint32_t first, uint32_t count,
                              struct cw_promise *promise, struct cw_error *error)
{
    (void)error;
    const struct shop_world *world = context;
    const struct shop *shop = world->shop;
    int64_t movements = shop_rows(shop, CW_ENTITY_STOCK_MOVEMENT);
    uint8_t site_id[16];
    cw_fulfilment_id(site, site_id);
    struct change *changes = new_array(movements, sizeof *changes);
    promise->first_step = new_array(count + 1, sizeof *promise->first_step);
    promise->times = new_array(movements, sizeof *promise->times);
    promise->available = new_array(movements, sizeof *promise->available);
    uint32_t steps = 0;
    for (uint32_t v = 0; v < count; v++) {
        promise->first_step[v] = steps;
        int64_t found = list_changes(shop, site_id, world->catalogue.variant_ids[first + v].bytes, changes);
        add_steps(promise, &steps, changes, found);
    }
    promise->first_step[count] = steps;
    free(changes);
    return CW_OK;
}

static void release_promise(void *context, struct cw_promise *promise)
{
    (void)context;
    free(promise->first_step);
    free(promise->times);
    free(promise->available);
}

void shop_world_init(struct shop_world *world, const struct shop *shop, const struct cw_run_spec *spec)
{
    memset(world, 0, sizeof *world);
    world->shop = shop;
    ck_assert_int_eq(cw_catalogue_plan_new(spec, &world->plan, NULL), CW_OK);
    ck_assert_int_eq(cw_catalogue_plan_world(world->plan, 1, &world->catalogue, NULL), CW_OK);
    fill_population(&world->population, shop);
    world->world = (struct cw_world){.population = &world->population,
                                     .catalogue = &world->catalogue,
                                     .load_promise = load_promise,
                                     .release_promise = release_promise,
                                     .context = world};
}

void shop_world_clear(struct shop_world *world)
{
    free(world->population.customers);
    free(world->population.addresses);
    free(world->population.payment_methods);
    cw_catalogue_clear(&world->catalogue);
    cw_catalogue_plan_free(world->plan);
}
