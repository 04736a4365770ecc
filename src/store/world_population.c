#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/calendar.h"
#include "model/reference.h"
#include "store/store_world.h"

#define CHILDREN_MAX 255 /* what a customer's counts hold; more are left out */
#define NO_OWNER UINT32_MAX
#define NO_MARKET UINT8_MAX

/* A child row as read: who owns it and whether it stands first. */
struct child_mark {
    uint32_t owner; /* position among the customers just read */
    bool is_default;
};

/* Rows just read, in their order in the store, before they are put in order. */
struct reading {
    struct cw_reader *reader;
    struct cw_known_customer *customers;
    uint32_t customer_count;
    uint32_t customer_capacity;
    struct cw_known_address *addresses;
    struct child_mark *address_marks;
    uint32_t address_count;
    uint32_t address_capacity;
    uint32_t address_mark_capacity;
    struct cw_known_payment_method *methods;
    struct child_mark *method_marks;
    uint32_t method_count;
    uint32_t method_capacity;
    uint32_t method_mark_capacity;
    struct cw_id_index index; /* made when the order of the rows does not lead to the owner */
    uint32_t last_owner;
    bool is_closed;
    char country[2]; /* of the customer before, and its market and region */
    int market;
    uint16_t region;
};

static void reading_clear(struct reading *reading)
{
    free(reading->customers);
    free(reading->addresses);
    free(reading->address_marks);
    free(reading->methods);
    free(reading->method_marks);
    cw_id_index_clear(&reading->index);
}

static bool pool_equals(const struct cw_pool *pool, uint32_t i, const char *text, size_t size)
{
    return pool->offsets[i + 1] - pool->offsets[i] == size &&
           memcmp(pool->bytes + pool->offsets[i], text, size) == 0;
}

static void find_market(struct reading *reading, struct cw_cursor *rows, int field)
{
    size_t size = 0;
    const char *text = cw_cursor_text(rows, field, &size);
    if (text == NULL || size != 2) {
        reading->market = -1;
    } else if (memcmp(text, reading->country, 2) != 0) {
        memcpy(reading->country, text, 2);
        reading->market = cw_market_find(text);
        reading->region = 0;
    }
}

static uint16_t find_region(struct reading *reading, struct cw_cursor *rows, int field)
{
    size_t size = 0;
    const char *text = cw_cursor_text(rows, field, &size);
    if (text == NULL || reading->market < 0) {
        return 0;
    }
    const struct cw_regions *regions = &cw_market_get((uint32_t)reading->market)->regions;
    if (reading->region < regions->count && pool_equals(&regions->names, reading->region, text, size)) {
        return reading->region;
    }
    for (uint32_t i = 0; i < regions->count; i++) {
        if (pool_equals(&regions->names, i, text, size)) {
            reading->region = (uint16_t)i;
            return reading->region;
        }
    }
    return 0;
}

static uint8_t find_segment(const char *text)
{
    for (int s = 0; s < CW_SEGMENT_COUNT; s++) {
        static const char *const names[] = {"new", "regular", "vip", "wholesale", "dormant"};
        if (text != NULL && strcmp(text, names[s]) == 0) {
            return (uint8_t)s;
        }
    }
    return CW_SEGMENT_REGULAR;
}

static uint8_t find_kind(const char *text)
{
    static const char *const names[] = {"card", "wallet", "bank_transfer", "direct_debit", "invoice", "cash"};
    for (int k = 0; k < CW_PAYMENT_KIND_COUNT; k++) {
        if (text != NULL && strcmp(text, names[k]) == 0) {
            return (uint8_t)k;
        }
    }
    return CW_PAYMENT_CARD;
}

static cw_status read_customer(void *context, struct cw_cursor *rows, struct cw_error *error)
{
    struct reading *reading = context;
    const cw_status status = cw_array_reserve((void **)&reading->customers, &reading->customer_capacity,
                                              reading->customer_count + 1, sizeof *reading->customers, error);
    if (status != CW_OK) {
        return status;
    }
    struct cw_known_customer *customer = &reading->customers[reading->customer_count++];
    *customer = (struct cw_known_customer){0};
    cw_cursor_uuid(rows, 0, customer->id.bytes);
    size_t size = 0;
    find_market(reading, rows, 3);
    customer->created_at = cw_cursor_integer(rows, 1);
    customer->birth_date = (int32_t)cw_cursor_integer(rows, 2);
    customer->market = reading->market < 0 ? NO_MARKET : (uint8_t)reading->market;
    customer->segment = find_segment(cw_cursor_text(rows, 4, &size));
    customer->region = find_region(reading, rows, 5);
    return CW_OK;
}

static bool is_customer(const struct reading *reading, uint32_t position, const uint8_t *id)
{
    return position < reading->customer_count && memcmp(reading->customers[position].id.bytes, id, 16) == 0;
}

/* Children mostly follow their owners in the owners' order. */
static cw_status find_owner(struct reading *reading, const uint8_t *id, uint32_t *owner,
                            struct cw_error *error)
{
    if (!is_customer(reading, reading->last_owner, id)) {
        if (is_customer(reading, reading->last_owner + 1, id)) {
            reading->last_owner++;
        } else if (reading->index.slots == NULL) {
            const cw_status status =
                cw_id_index_init(&reading->index, reading->customers, sizeof *reading->customers,
                                 reading->customer_count, error);
            if (status != CW_OK) {
                return status;
            }
        }
    }
    if (!is_customer(reading, reading->last_owner, id)) {
        const int64_t found = cw_id_index_find(&reading->index, id);
        if (found < 0) {
            reading->is_closed = false;
            *owner = NO_OWNER;
            return CW_OK;
        }
        reading->last_owner = (uint32_t)found;
    }
    *owner = reading->last_owner;
    return CW_OK;
}

static cw_status read_mark(struct reading *reading, struct cw_cursor *rows, struct child_mark *mark,
                           struct cw_error *error)
{
    uint8_t owner_id[16];
    cw_cursor_uuid(rows, 1, owner_id);
    mark->is_default = cw_cursor_integer(rows, 3) != 0;
    return find_owner(reading, owner_id, &mark->owner, error);
}

static cw_status read_address(void *context, struct cw_cursor *rows, struct cw_error *error)
{
    struct reading *reading = context;
    const uint32_t at = reading->address_count;
    cw_status status = cw_array_reserve((void **)&reading->addresses, &reading->address_capacity, at + 1,
                                        sizeof *reading->addresses, error);
    if (status == CW_OK) {
        status = cw_array_reserve((void **)&reading->address_marks, &reading->address_mark_capacity, at + 1,
                                  sizeof *reading->address_marks, error);
    }
    if (status == CW_OK) {
        status = read_mark(reading, rows, &reading->address_marks[at], error);
    }
    if (status == CW_OK) {
        cw_cursor_uuid(rows, 0, reading->addresses[at].id.bytes);
        reading->addresses[at].created_at = cw_cursor_integer(rows, 2);
        reading->address_count++;
    }
    return status;
}

/* A card is valid through its month's end; the first moment after it is taken in UTC. */
static int64_t expiry_moment(struct cw_cursor *rows, int month_field, int year_field)
{
    if (cw_cursor_is_null(rows, month_field) || cw_cursor_is_null(rows, year_field)) {
        return INT64_MAX;
    }
    const int month = (int32_t)cw_cursor_integer(rows, month_field);
    const int year = (int32_t)cw_cursor_integer(rows, year_field);
    if (year < 1 || year >= 9999 || month < 1 || month > 12) {
        return INT64_MAX;
    }
    const int32_t day = month == 12 ? cw_date_to_days(year + 1, 1, 1) : cw_date_to_days(year, month + 1, 1);
    return day * CW_MICROS_PER_DAY;
}

static cw_status read_method(void *context, struct cw_cursor *rows, struct cw_error *error)
{
    struct reading *reading = context;
    const uint32_t at = reading->method_count;
    cw_status status = cw_array_reserve((void **)&reading->methods, &reading->method_capacity, at + 1,
                                        sizeof *reading->methods, error);
    if (status == CW_OK) {
        status = cw_array_reserve((void **)&reading->method_marks, &reading->method_mark_capacity, at + 1,
                                  sizeof *reading->method_marks, error);
    }
    if (status == CW_OK) {
        status = read_mark(reading, rows, &reading->method_marks[at], error);
    }
    if (status == CW_OK) {
        struct cw_known_payment_method *method = &reading->methods[at];
        cw_cursor_uuid(rows, 0, method->id.bytes);
        method->created_at = cw_cursor_integer(rows, 2);
        size_t size = 0;
        method->kind = find_kind(cw_cursor_text(rows, 4, &size));
        method->limit_amount = cw_cursor_integer(rows, 5);
        method->expires_at = expiry_moment(rows, 6, 7);
        reading->method_count++;
    }
    return status;
}

static cw_status read_table(struct reading *reading, const char *sql, const int64_t range[2],
                            cw_status (*read)(void *, struct cw_cursor *, struct cw_error *),
                            struct cw_error *error)
{
    const struct cw_parameter parameters[] = {{.kind = CW_PARAMETER_INTEGER, .integer = range[0]},
                                              {.kind = CW_PARAMETER_INTEGER, .integer = range[1]}};
    reading->last_owner = 0;
    return cw_reader_each(reading->reader, sql, parameters, 2, true, read, reading, error);
}

static cw_status read_all(struct reading *reading, const struct cw_population_range *range,
                          struct cw_error *error)
{
    cw_status status =
        read_table(reading,
                   "SELECT id, created_at, birth_date, country, segment, region FROM customers "
                   "WHERE rowid > ?1 AND rowid <= ?2 ORDER BY rowid",
                   range->customers, read_customer, error);
    if (status == CW_OK) {
        status = read_table(reading,
                            "SELECT id, customer_id, created_at, is_default FROM addresses WHERE rowid > ?1 "
                            "AND rowid <= ?2 ORDER BY rowid",
                            range->addresses, read_address, error);
    }
    if (status == CW_OK) {
        status = read_table(reading,
                            "SELECT id, customer_id, created_at, is_default, kind, limit_amount, "
                            "expiry_month, expiry_year FROM payment_methods WHERE rowid > ?1 AND rowid <= ?2 "
                            "ORDER BY rowid",
                            range->payment_methods, read_method, error);
    }
    return status;
}

static bool takes_child(const struct child_mark *mark, uint8_t count)
{
    return mark->owner != NO_OWNER && count < CHILDREN_MAX;
}

/* Where each child goes once children of one owner stand together: the default one first, then as they came.
 * targets[i] is NO_OWNER for those left out. Sets the owners' first and count fields; they are addressed by
 * the offsets of those fields in struct cw_known_customer. */
static void place_children(struct reading *reading, const struct child_mark *marks, uint32_t count,
                           size_t first_field, size_t count_field, uint32_t base, uint32_t *targets)
{
    char *owners = (char *)reading->customers;
    const size_t stride = sizeof *reading->customers;
#define FIRST_OF(owner) ((uint32_t *)(void *)(owners + (owner)*stride + first_field))
#define COUNT_OF(owner) ((uint8_t *)(owners + (owner)*stride + count_field))
    for (uint32_t i = 0; i < count; i++) {
        targets[i] = takes_child(&marks[i], marks[i].owner != NO_OWNER ? *COUNT_OF(marks[i].owner) : 0)
                         ? (*COUNT_OF(marks[i].owner))++
                         : NO_OWNER;
    }
    uint32_t next = base;
    for (uint32_t owner = 0; owner < reading->customer_count; owner++) {
        *FIRST_OF(owner) = next;
        next += *COUNT_OF(owner);
    }
    for (uint32_t i = 0; i < count; i++) {
        targets[i] = targets[i] == NO_OWNER ? NO_OWNER : *FIRST_OF(marks[i].owner) + targets[i];
    }
#undef FIRST_OF
#undef COUNT_OF
}

/* Puts children at their targets and the default one of each owner first. */
static void move_children(struct reading *reading, const uint32_t *address_targets,
                          const uint32_t *method_targets, struct cw_population *data)
{
    for (uint32_t i = 0; i < reading->address_count; i++) {
        if (address_targets[i] != NO_OWNER) {
            data->addresses[address_targets[i]] = reading->addresses[i];
        }
    }
    for (uint32_t i = 0; i < reading->method_count; i++) {
        if (method_targets[i] != NO_OWNER) {
            data->payment_methods[method_targets[i]] = reading->methods[i];
        }
    }
    for (uint32_t i = 0; i < reading->address_count; i++) {
        if (address_targets[i] != NO_OWNER && reading->address_marks[i].is_default) {
            struct cw_known_address *first =
                &data->addresses[reading->customers[reading->address_marks[i].owner].first_address];
            data->addresses[address_targets[i]] = *first;
            *first = reading->addresses[i];
        }
    }
    for (uint32_t i = 0; i < reading->method_count; i++) {
        if (method_targets[i] != NO_OWNER && reading->method_marks[i].is_default) {
            struct cw_known_payment_method *first =
                &data->payment_methods[reading->customers[reading->method_marks[i].owner]
                                           .first_payment_method];
            data->payment_methods[method_targets[i]] = *first;
            *first = reading->methods[i];
        }
    }
}

static int by_time(const void *a, const void *b)
{
    const struct cw_known_customer *x = a;
    const struct cw_known_customer *y = b;
    if (x->created_at != y->created_at) {
        return x->created_at < y->created_at ? -1 : 1;
    }
    return memcmp(x->id.bytes, y->id.bytes, 16);
}

static void sort_customers(struct cw_known_customer *customers, uint32_t count)
{
    bool in_order = true;
    for (uint32_t i = 1; in_order && i < count; i++) {
        in_order = by_time(&customers[i - 1], &customers[i]) <= 0;
    }
    if (!in_order) {
        qsort(customers, count, sizeof *customers, by_time);
    }
}

/* Merges sorted newcomers into sorted customers from the end, in place. */
static void merge_customers(struct cw_population *data, const struct cw_known_customer *newcomers,
                            uint32_t count)
{
    uint32_t old = data->customer_count;
    uint32_t at = old + count;
    while (count > 0) {
        if (old > 0 && by_time(&data->customers[old - 1], &newcomers[count - 1]) > 0) {
            data->customers[--at] = data->customers[--old];
        } else {
            data->customers[--at] = newcomers[--count];
        }
    }
}

static cw_status part_reserve(struct cw_population_part *part, const struct reading *reading,
                              struct cw_error *error)
{
    struct cw_population *data = &part->data;
    cw_status status =
        cw_array_reserve((void **)&data->customers, &part->customer_capacity,
                         data->customer_count + reading->customer_count, sizeof *data->customers, error);
    if (status == CW_OK) {
        status =
            cw_array_reserve((void **)&data->addresses, &part->address_capacity,
                             data->address_count + reading->address_count, sizeof *data->addresses, error);
    }
    if (status == CW_OK) {
        status = cw_array_reserve((void **)&data->payment_methods, &part->payment_method_capacity,
                                  data->payment_method_count + reading->method_count,
                                  sizeof *data->payment_methods, error);
    }
    return status;
}

static cw_status take_in(struct cw_population_part *part, struct reading *reading, struct cw_error *error)
{
    cw_status status = part_reserve(part, reading, error);
    uint32_t *targets = calloc((size_t)reading->address_count + reading->method_count + 1, sizeof *targets);
    if (status == CW_OK && targets == NULL) {
        status = cw_error_set(error, CW_E_NO_MEMORY, NULL, "out of memory: reading customers");
    }
    if (status != CW_OK) {
        free(targets);
        return status;
    }
    struct cw_population *data = &part->data;
    uint32_t *method_targets = targets + reading->address_count;
    place_children(reading, reading->address_marks, reading->address_count,
                   offsetof(struct cw_known_customer, first_address),
                   offsetof(struct cw_known_customer, address_count), data->address_count, targets);
    place_children(reading, reading->method_marks, reading->method_count,
                   offsetof(struct cw_known_customer, first_payment_method),
                   offsetof(struct cw_known_customer, payment_method_count), data->payment_method_count,
                   method_targets);
    move_children(reading, targets, method_targets, data);
    free(targets);
    for (uint32_t i = 0; i < reading->customer_count; i++) {
        data->address_count += reading->customers[i].address_count;
        data->payment_method_count += reading->customers[i].payment_method_count;
        if (reading->customers[i].market == NO_MARKET) {
            /* Without an address it cannot order. */
            reading->customers[i].market = 0;
            reading->customers[i].address_count = 0;
        }
    }
    sort_customers(reading->customers, reading->customer_count);
    merge_customers(data, reading->customers, reading->customer_count);
    data->customer_count += reading->customer_count;
    return CW_OK;
}

cw_status cw_population_add(struct cw_population_part *part, struct cw_reader *reader,
                            const struct cw_population_range *range, bool *is_closed, struct cw_error *error)
{
    struct reading reading = {.reader = reader, .is_closed = true, .market = -1};
    cw_status status = read_all(&reading, range, error);
    /* Reading from the start there is nobody outside: a stray child is left out. */
    const bool usable = reading.is_closed || range->customers[0] == 0;
    if (status == CW_OK && usable) {
        status = take_in(part, &reading, error);
    }
    reading_clear(&reading);
    if (status == CW_OK) {
        *is_closed = usable;
    }
    return status;
}

static void *copy_array(const void *array, uint32_t count, size_t size)
{
    void *copy = malloc((count > 0 ? count : 1) * size);
    if (copy != NULL && count > 0) {
        memcpy(copy, array, count * size);
    }
    return copy;
}

cw_status cw_population_copy(const struct cw_population_part *part, struct cw_population_part **copy,
                             struct cw_error *error)
{
    struct cw_population_part *made = calloc(1, sizeof *made);
    if (made != NULL) {
        const struct cw_population *data = &part->data;
        made->data = *data;
        made->data.customers = copy_array(data->customers, data->customer_count, sizeof *data->customers);
        made->data.addresses = copy_array(data->addresses, data->address_count, sizeof *data->addresses);
        made->data.payment_methods =
            copy_array(data->payment_methods, data->payment_method_count, sizeof *data->payment_methods);
        made->customer_capacity = data->customer_count;
        made->address_capacity = data->address_count;
        made->payment_method_capacity = data->payment_method_count;
    }
    if (made == NULL || made->data.customers == NULL || made->data.addresses == NULL ||
        made->data.payment_methods == NULL) {
        cw_population_free(made);
        return cw_error_set(error, CW_E_NO_MEMORY, NULL, "out of memory: copying %u customers",
                            part->data.customer_count);
    }
    *copy = made;
    return CW_OK;
}

void cw_population_free(struct cw_population_part *part)
{
    if (part != NULL) {
        free(part->data.customers);
        free(part->data.addresses);
        free(part->data.payment_methods);
        free(part);
    }
}
