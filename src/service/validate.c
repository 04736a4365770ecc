#define _POSIX_C_SOURCE 200809L
#include "service/validate.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "service/check_database.h"
#include "service/check_rows.h"
#include "service/rule_functions.h"
#include "service/rule_held.h"
#include "service/rule_pass.h"
#include "service/rule_query.h"
#include "service/rules.h"
#include "service/values.h"

struct check {
    struct cw_check_database database;
    struct cw_rule_held *held;
    struct cw_rule_list list;
    struct cw_validation *validation;
    struct cw_progress *progress;
    enum cw_entity_id focus_entity; /* with focus: the row that is checked */
    const struct cw_uuid *focus;    /* NULL: everything */
    bool is_lost;                   /* the store went away while rows were fetched */
};

/* The rows of `entity` that hang on the row ?1 of `focus`, as a condition over t. */
struct scope {
    enum cw_entity_id focus, entity;
    const char *condition;
};

#define ORDERS_OF_CUSTOMER "(SELECT id FROM orders WHERE customer_id = ?1)"
#define ITEMS_OF_ORDER "(SELECT id FROM order_items WHERE order_id = ?1)"
#define ITEMS_OF_CUSTOMER                                                                                    \
    "(SELECT id FROM order_items WHERE order_id IN (SELECT id FROM orders WHERE customer_id = ?1))"

static const struct scope scopes[] = {
    {CW_ENTITY_CUSTOMER, CW_ENTITY_ADDRESS, "t.customer_id = ?1"},
    {CW_ENTITY_CUSTOMER, CW_ENTITY_PAYMENT_METHOD, "t.customer_id = ?1"},
    {CW_ENTITY_CUSTOMER, CW_ENTITY_ORDER, "t.customer_id = ?1"},
    {CW_ENTITY_CUSTOMER, CW_ENTITY_ORDER_ITEM, "t.order_id IN " ORDERS_OF_CUSTOMER},
    {CW_ENTITY_CUSTOMER, CW_ENTITY_ORDER_STATUS_HISTORY, "t.order_id IN " ORDERS_OF_CUSTOMER},
    {CW_ENTITY_CUSTOMER, CW_ENTITY_PAYMENT, "t.order_id IN " ORDERS_OF_CUSTOMER},
    {CW_ENTITY_CUSTOMER, CW_ENTITY_SHIPMENT, "t.order_id IN " ORDERS_OF_CUSTOMER},
    {CW_ENTITY_CUSTOMER, CW_ENTITY_STOCK_MOVEMENT, "t.order_item_id IN " ITEMS_OF_CUSTOMER},
    {CW_ENTITY_ORDER, CW_ENTITY_ORDER_ITEM, "t.order_id = ?1"},
    {CW_ENTITY_ORDER, CW_ENTITY_ORDER_STATUS_HISTORY, "t.order_id = ?1"},
    {CW_ENTITY_ORDER, CW_ENTITY_PAYMENT, "t.order_id = ?1"},
    {CW_ENTITY_ORDER, CW_ENTITY_SHIPMENT, "t.order_id = ?1"},
    {CW_ENTITY_ORDER, CW_ENTITY_STOCK_MOVEMENT, "t.order_item_id IN " ITEMS_OF_ORDER},
    {CW_ENTITY_ORDER_ITEM, CW_ENTITY_STOCK_MOVEMENT, "t.order_item_id = ?1"},
    {CW_ENTITY_PRODUCT, CW_ENTITY_PRODUCT_PRICE, "t.product_id = ?1"},
    {CW_ENTITY_PRODUCT, CW_ENTITY_VARIANT, "t.product_id = ?1"},
    {CW_ENTITY_VARIANT, CW_ENTITY_STOCK, "t.variant_id = ?1"},
    {CW_ENTITY_VARIANT, CW_ENTITY_STOCK_MOVEMENT,
     "(t.fulfilment_centre_id, t.variant_id) IN (SELECT fulfilment_centre_id, variant_id FROM stock WHERE "
     "variant_id = "
     "?1)"},
    {CW_ENTITY_STOCK, CW_ENTITY_STOCK_MOVEMENT,
     "(t.fulfilment_centre_id, t.variant_id) IN (SELECT fulfilment_centre_id, variant_id FROM stock WHERE id "
     "= ?1)"},
};

/* "1" when everything is checked; NULL when no row of the entity hangs on the focus. */
static const char *scope_of(const struct check *check, enum cw_entity_id entity)
{
    if (check->focus == NULL) {
        return "1";
    }
    if (entity == check->focus_entity) {
        return "t.id = ?1";
    }
    for (size_t i = 0; i < sizeof scopes / sizeof scopes[0]; i++) {
        if (scopes[i].focus == check->focus_entity && scopes[i].entity == entity) {
            return scopes[i].condition;
        }
    }
    return NULL;
}

/* ---- Facts, made once for the process ---- */

static pthread_once_t facts_once = PTHREAD_ONCE_INIT;
static struct cw_rule_facts *facts;
static struct cw_error facts_error;

static void make_facts(void)
{
    struct cw_rule_facts *made = NULL;
    if (cw_rule_facts_new(&made, &facts_error) == CW_OK) {
        facts = made;
    }
}

static cw_status get_facts(const struct cw_rule_facts **shared, struct cw_error *error)
{
    pthread_once(&facts_once, make_facts);
    if (facts == NULL) {
        return cw_error_set(error, CW_E_NO_MEMORY, NULL, "%s", facts_error.message);
    }
    *shared = facts;
    return CW_OK;
}

/* ---- Explaining ---- */

static cw_status prepare(const struct check *check, struct cw_buffer *sql, sqlite3_stmt **statement,
                         struct cw_error *error)
{
    sqlite3 *connection = check->database.connections[0];
    if (sqlite3_prepare_v2(connection, sql->data, -1, statement, NULL) != SQLITE_OK) {
        return cw_check_error(connection, error);
    }
    if (check->focus != NULL && sqlite3_bind_parameter_count(*statement) > 0) {
        sqlite3_bind_blob(*statement, 1, check->focus->bytes, sizeof check->focus->bytes, SQLITE_STATIC);
    }
    return CW_OK;
}

/* Fills in the values that break a rule, for the offenders that are shown. */
static cw_status explain(const struct check *check, const struct cw_rule *rule, struct cw_rule_result *result,
                         struct cw_error *error)
{
    struct cw_buffer sql = {0};
    sqlite3_stmt *statement = NULL;
    if (rule->detail == NULL || result->offender_count == 0) {
        return CW_OK;
    }
    cw_status status = cw_rule_detail_query(rule, &sql, error);
    if (status == CW_OK) {
        status = prepare(check, &sql, &statement, error);
    }
    for (uint32_t i = 0; i < result->offender_count && status == CW_OK; i++) {
        struct cw_offender *offender = &result->offenders[i];
        sqlite3_bind_int64(statement, 2, offender->row);
        if (sqlite3_step(statement) == SQLITE_ROW) {
            const unsigned char *text = sqlite3_column_text(statement, 0);
            snprintf(offender->detail, sizeof offender->detail, "%s", text == NULL ? "" : (const char *)text);
        }
        sqlite3_reset(statement);
    }
    sqlite3_finalize(statement);
    cw_buffer_clear(&sql);
    return status;
}

/* Replaces the first `mark` in text. */
static cw_status put_replaced(struct cw_buffer *sql, const char *text, const char *mark, const char *by,
                              struct cw_error *error)
{
    const char *at = strstr(text, mark);
    return cw_buffer_format(sql, error, "%.*s%s%s", (int)(at - text), text, by, at + strlen(mark));
}

static void note_row(struct cw_rule_result *result, sqlite3_stmt *statement)
{
    const uint8_t *id = sqlite3_column_blob(statement, 0);
    const unsigned char *detail = sqlite3_column_text(statement, 1);
    struct cw_uuid uuid = {{0}};
    result->violations++;
    if (result->offender_count == CW_OFFENDERS_MAX) {
        return;
    }
    struct cw_offender *offender = &result->offenders[result->offender_count++];
    if (id != NULL && sqlite3_column_bytes(statement, 0) == 16) {
        memcpy(uuid.bytes, id, sizeof uuid.bytes);
    }
    cw_uuid_text(&uuid, offender->id);
    snprintf(offender->detail, sizeof offender->detail, "%s", detail == NULL ? "" : (const char *)detail);
}

/* A rule over many rows at once, for those that hang on the focus. */
static cw_status run_query(const struct check *check, const struct cw_rule_task *task, struct cw_error *error)
{
    struct cw_buffer where = {0};
    struct cw_buffer sql = {0};
    sqlite3_stmt *statement = NULL;
    int code = SQLITE_DONE;
    const struct cw_rule *rule = task->rule;
    cw_status status = put_replaced(&where, rule->where, "{scope}", scope_of(check, rule->entity), error);
    if (status == CW_OK) {
        status = cw_buffer_append(&where, "", 1, error);
    }
    if (status == CW_OK) {
        status = put_replaced(&sql, rule->query, "{where}", where.data, error);
    }
    if (status == CW_OK) {
        status = cw_buffer_append(&sql, "", 1, error);
    }
    if (status == CW_OK) {
        status = prepare(check, &sql, &statement, error);
    }
    while (status == CW_OK && (code = sqlite3_step(statement)) == SQLITE_ROW) {
        note_row(task->result, statement);
    }
    if (status == CW_OK && code != SQLITE_DONE) {
        status = cw_check_error(check->database.connections[0], error);
    }
    sqlite3_finalize(statement);
    cw_buffer_clear(&where);
    cw_buffer_clear(&sql);
    return status;
}

/* Names the tables that a rule would need. */
static void skip_rule(const struct check *check, uint32_t needs, struct cw_rule_result *result)
{
    size_t used = 0;
    result->outcome = CW_RULE_SKIPPED;
    for (int e = 0; e < CW_ENTITY_COUNT && used < sizeof result->missing; e++) {
        if ((needs & ~check->database.present) >> e & 1) {
            used += (size_t)snprintf(result->missing + used, sizeof result->missing - used, "%s%s",
                                     used > 0 ? ", " : "", cw_entity_get((enum cw_entity_id)e)->table);
        }
    }
}

/* Makes an empty result for every rule that concerns the check, and a task for those that can be tested. */
static void list_tasks(struct check *check, struct cw_rule_task *tasks, size_t *count)
{
    *count = 0;
    for (size_t i = 0; i < check->list.count; i++) {
        const struct cw_rule *rule = &check->list.rules[i];
        const uint32_t needs = cw_rule_needs(rule);
        if (scope_of(check, rule->entity) == NULL) {
            continue;
        }
        struct cw_rule_result *result = &check->validation->results[check->validation->count++];
        *result = (struct cw_rule_result){
            .rule = rule->name, .description = rule->description, .entity = rule->entity};
        if ((needs & ~check->database.present) != 0) {
            skip_rule(check, needs, result);
        } else {
            tasks[(*count)++] = (struct cw_rule_task){rule, result};
        }
    }
}

/* Tests the rules of one entity for the rows that hang on the focus. */
static cw_status check_some(const struct check *check, const struct cw_rule_task *tasks, size_t count,
                            struct cw_error *error)
{
    struct cw_rule_task conditions[CW_RULE_GROUP_MAX];
    size_t condition_count = 0;
    const char *scope = scope_of(check, tasks[0].rule->entity);
    cw_status status = CW_OK;
    for (size_t i = 0; i < count && status == CW_OK; i++) {
        if (tasks[i].rule->query == NULL && condition_count < CW_RULE_GROUP_MAX) {
            conditions[condition_count++] = tasks[i];
        } else if (tasks[i].rule->query != NULL) {
            status = run_query(check, &tasks[i], error);
        }
    }
    if (status == CW_OK) {
        status = cw_rule_pass_some(&check->database, conditions, condition_count, scope, check->focus, error);
    }
    for (size_t i = 0; i < count && condition_count > 0; i++) {
        tasks[i].result->checked = conditions[0].result->checked;
    }
    return status;
}

/* Looks for the rows of an entity that hang on the focus. */
static cw_status gather(const struct check *check, enum cw_entity_id entity, struct cw_error *error)
{
    struct cw_buffer sql = {0};
    sqlite3_stmt *statement = NULL;
    cw_status status = cw_buffer_format(&sql, error, "SELECT count(*) FROM %s t WHERE %s",
                                        cw_entity_get(entity)->table, scope_of(check, entity));
    if (status == CW_OK) {
        status = cw_buffer_append(&sql, "", 1, error);
    }
    if (status == CW_OK) {
        status = prepare(check, &sql, &statement, error);
    }
    if (status == CW_OK && sqlite3_step(statement) != SQLITE_ROW) {
        status = cw_check_error(check->database.connections[0], error);
    }
    sqlite3_finalize(statement);
    cw_buffer_clear(&sql);
    return status;
}

/* Where rows are fetched one by one, those that the check is about come first, parents before children. */
static cw_status gather_all(const struct check *check, struct cw_error *error)
{
    cw_status status = gather(check, check->focus_entity, error);
    for (size_t i = 0; i < sizeof scopes / sizeof scopes[0] && status == CW_OK; i++) {
        if (scopes[i].focus == check->focus_entity) {
            status = gather(check, scopes[i].entity, error);
        }
    }
    return status;
}

static cw_status check_focus(const struct check *check, const struct cw_rule_task *tasks, size_t count,
                             struct cw_error *error)
{
    cw_status status = CW_OK;
    if (check->database.rows != NULL) {
        cw_check_rows_gather(check->database.rows, true);
        status = gather_all(check, error);
        cw_check_rows_gather(check->database.rows, false);
    }
    for (size_t first = 0, last = 0; first < count && status == CW_OK; first = last) {
        while (last < count && tasks[last].rule->entity == tasks[first].rule->entity) {
            last++;
        }
        status = check_some(check, tasks + first, last - first, error);
    }
    return status;
}

static void sum_up(struct cw_validation *validation)
{
    for (size_t i = 0; i < validation->count; i++) {
        struct cw_rule_result *result = &validation->results[i];
        validation->violations += result->violations;
        validation->rules_violated += result->violations > 0;
        validation->rules_skipped += result->outcome == CW_RULE_SKIPPED;
        if (result->violations > 0) {
            result->outcome = CW_RULE_VIOLATED;
        }
    }
}

static cw_status register_functions(const struct check *check, struct cw_error *error)
{
    const struct cw_rule_facts *shared = NULL;
    cw_status status = get_facts(&shared, error);
    for (uint32_t i = 0; i < check->database.threads && status == CW_OK; i++) {
        status =
            cw_rule_functions_register(check->database.connections[i], shared, &check->database.times, error);
    }
    return status;
}

static cw_status run_rules(struct check *check, struct cw_error *error)
{
    size_t count = 0;
    struct cw_rule_task *tasks = calloc(check->list.count, sizeof *tasks);
    check->validation->results = calloc(check->list.count, sizeof *check->validation->results);
    cw_status status = tasks == NULL || check->validation->results == NULL
                           ? cw_error_set(error, CW_E_NO_MEMORY, NULL, "no memory for the results")
                           : register_functions(check, error);
    if (status == CW_OK) {
        status = check->focus == NULL           ? cw_rule_held_new(&check->database, &check->held, error)
                 : check->database.rows == NULL ? cw_rule_held_views(&check->database, error)
                                                : CW_OK;
    }
    if (status == CW_OK) {
        list_tasks(check, tasks, &count);
        status = check->focus == NULL
                     ? cw_rule_pass_all(&check->database, tasks, count, check->progress, error)
                     : check_focus(check, tasks, count, error);
    }
    for (size_t i = 0; i < count && status == CW_OK; i++) {
        status = explain(check, tasks[i].rule, tasks[i].result, error);
    }
    if (status == CW_OK) {
        sum_up(check->validation);
    }
    free(tasks);
    return status;
}

/* What became of the check where its tables fetch rows. */
static cw_status settle(struct check *check, cw_status status, struct cw_error *error)
{
    const cw_status settled = cw_check_rows_failure(check->database.rows, status, error);
    check->is_lost = check->database.rows != NULL && settled == CW_E_UNAVAILABLE;
    return settled;
}

/* Runs an opened check and hands its result over; the texts of the rules go with it. */
static cw_status finish_check(struct check *check, struct cw_validation *validation, struct cw_error *error)
{
    struct cw_validation made = {0};
    /* Only until this function returns. */
    /* cppcheck-suppress autoVariables */
    check->validation = &made;
    struct cw_rule_list *list = calloc(1, sizeof *list);
    cw_status status = list == NULL ? cw_error_set(error, CW_E_NO_MEMORY, NULL, "no memory for the rules")
                                    : cw_rule_list_init(&check->list, error);
    if (status == CW_OK) {
        *list = check->list;
        made.memory = list;
        status = settle(check, run_rules(check, error), error);
    } else {
        free(list);
    }
    if (status == CW_OK) {
        *validation = made;
    } else {
        cw_validation_clear(&made);
    }
    cw_check_database_close(&check->database);
    cw_rule_held_free(check->held);
    return status;
}

void cw_validation_clear(struct cw_validation *validation)
{
    if (validation == NULL) {
        return;
    }
    free(validation->results);
    if (validation->memory != NULL) {
        cw_rule_list_clear(validation->memory);
        free(validation->memory);
    }
    *validation = (struct cw_validation){0};
}

cw_status cw_validate_path(const char *path, uint32_t threads, struct cw_progress *progress,
                           struct cw_validation *validation, struct cw_error *error)
{
    struct check check = {.progress = progress};
    const cw_status status = cw_check_database_open(path, threads, progress, &check.database, error);
    return status != CW_OK ? status : finish_check(&check, validation, error);
}

/* ---- One row of a store ---- */

struct found {
    char path[4096];
};

static bool take_path(void *context, int columns, const char *const *values)
{
    struct found *found = context;
    if (columns == 1 && values[0] != NULL) {
        snprintf(found->path, sizeof found->path, "%s", values[0]);
    }
    return false;
}

static cw_status row_exists(const struct check *check, struct cw_error *error)
{
    struct cw_buffer sql = {0};
    sqlite3_stmt *statement = NULL;
    char id[CW_UUID_TEXT];
    const struct cw_entity *entity = cw_entity_get(check->focus_entity);
    cw_status status = cw_buffer_format(&sql, error, "SELECT 1 FROM %s t WHERE t.id = ?1", entity->table);
    if (status == CW_OK) {
        status = cw_buffer_append(&sql, "", 1, error);
    }
    if (status == CW_OK) {
        status = prepare(check, &sql, &statement, error);
    }
    if (status == CW_OK && sqlite3_step(statement) != SQLITE_ROW) {
        cw_uuid_text(check->focus, id);
        status = cw_error_set(error, CW_E_NOT_FOUND, "entity_id", "there is no %s %s", entity->name, id);
    }
    sqlite3_finalize(statement);
    cw_buffer_clear(&sql);
    return status;
}

/* The rules need functions of their own, hence a connection of their own to the store's file. */
static cw_status open_beside(struct cw_store *store, struct cw_check_database *database,
                             struct cw_error *error)
{
    struct found found = {0};
    const cw_status status =
        cw_store_select(store, "SELECT file FROM pragma_database_list WHERE name = 'main'", NULL, 0,
                        take_path, &found, error);
    return status == CW_OK ? cw_check_database_open(found.path, 1, NULL, database, error) : status;
}

static cw_status check_entity(struct check *check, struct cw_store *store, struct cw_validation *validation,
                              struct cw_error *error)
{
    cw_status status = cw_store_is_server(cw_store_name(store))
                           ? cw_check_rows_open(store, &check->database, error)
                           : open_beside(store, &check->database, error);
    if (status == CW_OK) {
        status = settle(check, row_exists(check, error), error);
        if (status != CW_OK) {
            cw_check_database_close(&check->database);
        }
    }
    return status != CW_OK ? status : finish_check(check, validation, error);
}

/* Looking is safe to be done again. */
cw_status cw_validate_entity(struct cw_store *store, enum cw_entity_id entity, const struct cw_uuid *id,
                             struct cw_validation *validation, struct cw_error *error)
{
    struct check check = {.focus_entity = entity, .focus = id};
    cw_status status = check_entity(&check, store, validation, error);
    if (check.is_lost) {
        check = (struct check){.focus_entity = entity, .focus = id};
        status = check_entity(&check, store, validation, error);
    }
    return status;
}
