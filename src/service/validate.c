#define _POSIX_C_SOURCE 200809L
#include "service/validate.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "service/check_database.h"
#include "service/rule_functions.h"
#include "service/rules.h"
#include "service/values.h"

/* Rules of one entity are bits of one whole number that a single pass computes for each row. */
#define GROUP_MAX 60
#define JOINS_MAX 16

struct check {
    struct cw_check_database database;
    struct cw_rule_list list;
    struct cw_validation *validation;
    struct cw_progress *progress;
    enum cw_entity_id focus_entity; /* with focus: the row that is checked */
    const struct cw_uuid *focus;    /* NULL: everything */
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

/* ---- Building statements ---- */

static const struct cw_rule_join *find_join(enum cw_entity_id entity, const char *alias, size_t length)
{
    for (size_t i = 0; i < cw_rule_join_count; i++) {
        const struct cw_rule_join *join = &cw_rule_joins[i];
        if (join->entity == entity && strlen(join->alias) == length &&
            strncmp(join->alias, alias, length) == 0) {
            return join;
        }
    }
    return NULL;
}

/* Adds a rule's joins, and those they stand on, to a list without doubles; false for an unknown alias. */
static bool collect_joins(const struct cw_rule *rule, const struct cw_rule_join **joins, size_t *count)
{
    for (const char *at = rule->joins; *at != '\0';) {
        const size_t length = strcspn(at, " ");
        const struct cw_rule_join *wanted[2] = {NULL, find_join(rule->entity, at, length)};
        if (wanted[1] == NULL) {
            return false;
        }
        if (wanted[1]->after != NULL) {
            wanted[0] = find_join(rule->entity, wanted[1]->after, strlen(wanted[1]->after));
        }
        for (size_t i = 0; i < 2; i++) {
            bool known = wanted[i] == NULL;
            for (size_t j = 0; j < *count; j++) {
                known = known || joins[j] == wanted[i];
            }
            if (!known && *count < JOINS_MAX) {
                joins[(*count)++] = wanted[i];
            }
        }
        at += length;
        at += *at == ' ';
    }
    return true;
}

/* Which entities a rule reads. */
static uint32_t needs_of(const struct cw_rule *rule)
{
    const struct cw_rule_join *joins[JOINS_MAX];
    size_t count = 0;
    uint32_t needs = rule->needs | 1U << rule->entity;
    collect_joins(rule, joins, &count);
    for (size_t i = 0; i < count; i++) {
        needs |= joins[i]->needs;
    }
    return needs;
}

static cw_status put_from(struct cw_buffer *sql, const struct cw_rule *const *rules, size_t count,
                          struct cw_error *error)
{
    const struct cw_rule_join *joins[JOINS_MAX];
    size_t join_count = 0;
    for (size_t i = 0; i < count; i++) {
        if (!collect_joins(rules[i], joins, &join_count)) {
            return cw_error_set(error, CW_E_INTERNAL, NULL, "the rule %s joins something unknown",
                                rules[i]->name);
        }
    }
    cw_status status = cw_buffer_format(sql, error, " FROM %s t", cw_entity_get(rules[0]->entity)->table);
    for (size_t i = 0; i < join_count && status == CW_OK; i++) {
        status = cw_buffer_format(sql, error, " LEFT JOIN %s", joins[i]->sql);
    }
    return status;
}

static cw_status prepare(const struct check *check, struct cw_buffer *sql, sqlite3_stmt **statement,
                         struct cw_error *error)
{
    const cw_status status = cw_buffer_append(sql, "", 1, error);
    if (status != CW_OK) {
        return status;
    }
    if (sqlite3_prepare_v2(check->database.db, sql->data, -1, statement, NULL) != SQLITE_OK) {
        return cw_check_database_error(&check->database, error);
    }
    if (check->focus != NULL && sqlite3_bind_parameter_count(*statement) > 0) {
        sqlite3_bind_blob(*statement, 1, check->focus->bytes, sizeof check->focus->bytes, SQLITE_STATIC);
    }
    return CW_OK;
}

/* ---- Running ---- */

static void note_offender(struct cw_rule_result *result, sqlite3_stmt *statement, const char *detail)
{
    const uint8_t *id = sqlite3_column_blob(statement, 0);
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
    snprintf(offender->detail, sizeof offender->detail, "%s", detail == NULL ? "" : detail);
}

/* One pass over an entity's table for some of its rules. */
static cw_status run_group(struct check *check, const struct cw_rule *const *rules,
                           struct cw_rule_result **results, size_t count, struct cw_error *error)
{
    struct cw_buffer sql = {0};
    sqlite3_stmt *statement = NULL;
    int64_t checked = 0;
    int code = SQLITE_DONE;
    cw_status status = cw_buffer_format(&sql, error, "SELECT t.id");
    for (size_t i = 0; i < count && status == CW_OK; i++) {
        status = cw_buffer_format(&sql, error, "%s(((%s) IS TRUE) << %zu)", i == 0 ? ", " : " | ",
                                  rules[i]->violation, i);
    }
    if (status == CW_OK) {
        status = put_from(&sql, rules, count, error);
    }
    if (status == CW_OK) {
        status = cw_buffer_format(&sql, error, " WHERE %s", scope_of(check, rules[0]->entity));
    }
    if (status == CW_OK) {
        status = prepare(check, &sql, &statement, error);
    }
    while (status == CW_OK && (code = sqlite3_step(statement)) == SQLITE_ROW) {
        checked++;
        uint64_t broken = (uint64_t)sqlite3_column_int64(statement, 1);
        for (; broken != 0; broken &= broken - 1) {
            note_offender(results[__builtin_ctzll(broken)], statement, NULL);
        }
    }
    if (status == CW_OK && code != SQLITE_DONE) {
        status = cw_check_database_error(&check->database, error);
    }
    sqlite3_finalize(statement);
    cw_buffer_clear(&sql);
    for (size_t i = 0; i < count; i++) {
        results[i]->checked = checked;
    }
    return status;
}

/* Fills in the values that break a rule, for the offenders that are shown. */
static cw_status explain(struct check *check, const struct cw_rule *rule, struct cw_rule_result *result,
                         struct cw_error *error)
{
    struct cw_buffer sql = {0};
    sqlite3_stmt *statement = NULL;
    if (rule->detail == NULL || rule->query != NULL || result->offender_count == 0) {
        return CW_OK;
    }
    cw_status status = cw_buffer_format(&sql, error, "SELECT %s", rule->detail);
    if (status == CW_OK) {
        status = put_from(&sql, &rule, 1, error);
    }
    if (status == CW_OK) {
        status = cw_buffer_format(&sql, error, " WHERE t.id = ?2 AND (%s)", rule->violation);
    }
    if (status == CW_OK) {
        status = prepare(check, &sql, &statement, error);
    }
    for (uint32_t i = 0; i < result->offender_count && status == CW_OK; i++) {
        struct cw_uuid id;
        struct cw_offender *offender = &result->offenders[i];
        status = cw_value_uuid("id", offender->id, &id, error);
        sqlite3_bind_blob(statement, 2, id.bytes, sizeof id.bytes, SQLITE_TRANSIENT);
        if (status == CW_OK && sqlite3_step(statement) == SQLITE_ROW) {
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

static cw_status run_query(struct check *check, const struct cw_rule *rule, struct cw_rule_result *result,
                           struct cw_error *error)
{
    struct cw_buffer where = {0};
    struct cw_buffer sql = {0};
    sqlite3_stmt *statement = NULL;
    int code = SQLITE_DONE;
    cw_status status = CW_OK;
    if (check->focus != NULL) {
        status = put_replaced(&where, rule->where, "{scope}", scope_of(check, rule->entity), error);
    }
    if (status == CW_OK) {
        status = put_replaced(&sql, rule->query, "{where}", where.data == NULL ? "" : where.data, error);
    }
    if (status == CW_OK) {
        status = prepare(check, &sql, &statement, error);
    }
    while (status == CW_OK && (code = sqlite3_step(statement)) == SQLITE_ROW) {
        note_offender(result, statement, (const char *)sqlite3_column_text(statement, 1));
    }
    if (status == CW_OK && code != SQLITE_DONE) {
        status = cw_check_database_error(&check->database, error);
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

/* All rules of one entity, from position first to before last. */
static cw_status check_entity(struct check *check, size_t first, size_t last, struct cw_error *error)
{
    const struct cw_rule *group[GROUP_MAX];
    struct cw_rule_result *results[GROUP_MAX];
    size_t count = 0;
    int64_t checked = 0;
    cw_status status = CW_OK;
    for (size_t i = first; i < last && status == CW_OK; i++) {
        const struct cw_rule *rule = &check->list.rules[i];
        struct cw_rule_result *result = &check->validation->results[check->validation->count];
        const uint32_t needs = needs_of(rule);
        *result = (struct cw_rule_result){
            .rule = rule->name, .description = rule->description, .entity = rule->entity};
        check->validation->count++;
        if ((needs & ~check->database.present) != 0) {
            skip_rule(check, needs, result);
        } else if (rule->query != NULL) {
            status = run_query(check, rule, result, error);
        } else {
            group[count] = rule;
            results[count++] = result;
        }
        if (count == GROUP_MAX || (i + 1 == last && count > 0)) {
            status = status == CW_OK ? run_group(check, group, results, count, error) : status;
            checked = results[0]->checked;
            for (size_t j = 0; j < count && status == CW_OK; j++) {
                status = explain(check, group[j], results[j], error);
            }
            count = 0;
        }
    }
    for (size_t i = check->validation->count - (last - first);
         i < check->validation->count && status == CW_OK; i++) {
        struct cw_rule_result *result = &check->validation->results[i];
        if (check->list.rules[first + i - (check->validation->count - (last - first))].query != NULL &&
            result->outcome != CW_RULE_SKIPPED) {
            result->checked = checked;
        }
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

static cw_status run_rules(struct check *check, struct cw_error *error)
{
    const struct cw_rule_facts *shared = NULL;
    cw_status status = get_facts(&shared, error);
    if (status == CW_OK) {
        status = cw_rule_functions_register(check->database.db, shared, check->database.as_of, error);
    }
    if (status == CW_OK) {
        check->validation->results = calloc(check->list.count, sizeof *check->validation->results);
        if (check->validation->results == NULL) {
            status = cw_error_set(error, CW_E_NO_MEMORY, NULL, "no memory for the results");
        }
    }
    if (check->progress != NULL) {
        atomic_fetch_add(&check->progress->total, CW_ENTITY_COUNT);
    }
    for (size_t first = 0, last = 0; first < check->list.count && status == CW_OK; first = last) {
        const enum cw_entity_id entity = check->list.rules[first].entity;
        while (last < check->list.count && check->list.rules[last].entity == entity) {
            last++;
        }
        if (scope_of(check, entity) != NULL) {
            status = check_entity(check, first, last, error);
        }
        if (check->progress != NULL) {
            atomic_fetch_add(&check->progress->done, 1);
        }
    }
    if (status == CW_OK) {
        sum_up(check->validation);
    }
    return status;
}

/* Runs an opened check and hands its result over; the texts of the rules go with it. */
static cw_status finish_check(struct check *check, struct cw_validation *validation, struct cw_error *error)
{
    struct cw_validation made = {0};
    check->validation = &made;
    struct cw_rule_list *list = calloc(1, sizeof *list);
    cw_status status = list == NULL ? cw_error_set(error, CW_E_NO_MEMORY, NULL, "no memory for the rules")
                                    : cw_rule_list_init(&check->list, error);
    if (status == CW_OK) {
        *list = check->list;
        made.memory = list;
        status = run_rules(check, error);
    } else {
        free(list);
    }
    if (status == CW_OK) {
        *validation = made;
    } else {
        cw_validation_clear(&made);
    }
    cw_check_database_close(&check->database);
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

cw_status cw_validate_path(const char *path, struct cw_progress *progress, struct cw_validation *validation,
                           struct cw_error *error)
{
    struct check check = {.progress = progress};
    const cw_status status = cw_check_database_open(path, progress, &check.database, error);
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

cw_status cw_validate_entity(struct cw_store *store, enum cw_entity_id entity, const struct cw_uuid *id,
                             struct cw_validation *validation, struct cw_error *error)
{
    struct check check = {.focus_entity = entity, .focus = id};
    struct found found = {0};
    /* The rules need functions of their own, hence a connection of their own to the store's file. */
    cw_status status = cw_store_select(store, "SELECT file FROM pragma_database_list WHERE name = 'main'",
                                       NULL, 0, take_path, &found, error);
    if (status == CW_OK) {
        status = cw_check_database_open(found.path, NULL, &check.database, error);
    }
    if (status == CW_OK) {
        status = row_exists(&check, error);
        if (status != CW_OK) {
            cw_check_database_close(&check.database);
        }
    }
    return status != CW_OK ? status : finish_check(&check, validation, error);
}
