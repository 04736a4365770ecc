#include "service/rule_query.h"

#include <string.h>

#define JOINS_MAX 16

struct joins {
    const struct cw_rule_join *list[JOINS_MAX];
    size_t count;
};

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

static void add_join(struct joins *joins, const struct cw_rule_join *join)
{
    bool known = join == NULL || joins->count == JOINS_MAX;
    for (size_t i = 0; i < joins->count; i++) {
        known = known || joins->list[i] == join;
    }
    if (!known) {
        joins->list[joins->count++] = join;
    }
}

/* Adds a rule's joins, and those they stand on, to a list without doubles; false for an unknown alias. */
static bool collect_joins(const struct cw_rule *rule, struct joins *joins)
{
    for (const char *at = rule->joins; *at != '\0';) {
        const size_t length = strcspn(at, " ");
        const struct cw_rule_join *wanted = find_join(rule->entity, at, length);
        if (wanted == NULL) {
            return false;
        }
        if (wanted->after != NULL) {
            add_join(joins, find_join(rule->entity, wanted->after, strlen(wanted->after)));
        }
        add_join(joins, wanted);
        at += length;
        at += *at == ' ';
    }
    return true;
}

uint32_t cw_rule_needs(const struct cw_rule *rule)
{
    struct joins joins = {.count = 0};
    uint32_t needs = rule->needs | 1U << rule->entity;
    collect_joins(rule, &joins);
    for (size_t i = 0; i < joins.count; i++) {
        needs |= joins.list[i]->needs;
    }
    return needs;
}

const struct cw_rule_driver *cw_rule_driver_of(enum cw_entity_id entity)
{
    for (size_t i = 0; i < cw_rule_driver_count; i++) {
        if (cw_rule_drivers[i].entity == entity) {
            return &cw_rule_drivers[i];
        }
    }
    return NULL;
}

static bool is_of_driver(const struct cw_rule_join *join)
{
    return join->after != NULL && strcmp(join->after, "parent") == 0;
}

/* Joins of the parent's own rows stand before the children, so that they are made once for each parent. */
static cw_status put_from(struct cw_buffer *sql, enum cw_entity_id entity, const struct joins *joins,
                          const struct cw_rule_driver *driver, struct cw_error *error)
{
    const char *table = cw_entity_get(entity)->table;
    cw_status status = driver == NULL ? cw_buffer_format(sql, error, " FROM %s t", table)
                                      : cw_buffer_format(sql, error, " FROM %s parent",
                                                         cw_entity_get(driver->parent)->table);
    for (size_t i = 0; i < joins->count && status == CW_OK && driver != NULL; i++) {
        if (is_of_driver(joins->list[i])) {
            status = cw_buffer_format(sql, error, " LEFT JOIN %s", joins->list[i]->sql);
        }
    }
    if (driver != NULL && status == CW_OK) {
        /* CROSS JOIN keeps this order. */
        status = cw_buffer_format(sql, error, " CROSS JOIN %s t ON t.%s = parent.id", table, driver->column);
    }
    for (size_t i = 0; i < joins->count && status == CW_OK; i++) {
        const struct cw_rule_join *join = joins->list[i];
        if (driver == NULL || (!is_of_driver(join) && strcmp(join->alias, "parent") != 0)) {
            status = cw_buffer_format(sql, error, " LEFT JOIN %s", join->sql);
        }
    }
    return status;
}

static bool is_over(const struct cw_rule *rule, const char *over)
{
    return (rule->over == NULL && over == NULL) ||
           (rule->over != NULL && over != NULL && strcmp(rule->over, over) == 0);
}

/* The bit of each rule over the same rows; `over` NULL picks those of the row itself. CASE leaves a condition
 * as soon as it is decided, which an operand of an operator does not. */
static cw_status put_bits(struct cw_buffer *sql, const struct cw_rule *const *rules, size_t count,
                          const char *over, struct cw_error *error)
{
    cw_status status = cw_buffer_format(sql, error, "0");
    for (size_t i = 0; i < count && status == CW_OK; i++) {
        if (is_over(rules[i], over)) {
            status = cw_buffer_format(sql, error, " | CASE WHEN %s THEN %lld ELSE 0 END", rules[i]->violation,
                                      1LL << i);
        }
    }
    return status;
}

/* Whether any rule over the same rows is broken. */
static cw_status put_any(struct cw_buffer *sql, const struct cw_rule *const *rules, size_t count,
                         const char *over, struct cw_error *error)
{
    cw_status status = cw_buffer_format(sql, error, "0");
    for (size_t i = 0; i < count && status == CW_OK; i++) {
        if (is_over(rules[i], over)) {
            status = cw_buffer_format(sql, error, " OR (%s)", rules[i]->violation);
        }
    }
    return status;
}

static bool is_first_over(const struct cw_rule *const *rules, size_t at)
{
    for (size_t i = 0; i < at; i++) {
        if (rules[i]->over != NULL && strcmp(rules[i]->over, rules[at]->over) == 0) {
            return false;
        }
    }
    return true;
}

/* Puts what `put` makes of the row's own rules, then of those over each kind of other rows, with `glue`
 * between them. */
static cw_status put_all(struct cw_buffer *sql, const struct cw_rule *const *rules, size_t count,
                         cw_status (*put)(struct cw_buffer *, const struct cw_rule *const *, size_t,
                                          const char *, struct cw_error *),
                         const char *glue, struct cw_error *error)
{
    cw_status status = put(sql, rules, count, NULL, error);
    for (size_t i = 0; i < count && status == CW_OK; i++) {
        if (rules[i]->over == NULL || !is_first_over(rules, i)) {
            continue;
        }
        status = cw_buffer_format(sql, error, " %s (SELECT ", glue);
        if (status == CW_OK) {
            status = put(sql, rules, count, rules[i]->over, error);
        }
        if (status == CW_OK) {
            status = cw_buffer_format(sql, error, " FROM %s)", rules[i]->over);
        }
    }
    return status;
}

cw_status cw_rule_group_query(const struct cw_rule *const *rules, size_t count,
                              const struct cw_rule_driver *driver, const char *condition,
                              struct cw_buffer *sql, struct cw_error *error)
{
    struct joins joins = {.count = 0};
    for (size_t i = 0; i < count; i++) {
        if (!collect_joins(rules[i], &joins)) {
            return cw_error_set(error, CW_E_INTERNAL, NULL, "the rule %s joins something unknown",
                                rules[i]->name);
        }
    }
    cw_status status = cw_buffer_format(sql, error, "SELECT t.id, t.rowid, ");
    if (status == CW_OK) {
        status = put_all(sql, rules, count, put_bits, "|", error);
    }
    if (status == CW_OK) {
        status = put_from(sql, rules[0]->entity, &joins, driver, error);
    }
    if (status == CW_OK) {
        /* Nearly all rows end in this condition, which stops at the first term that is true. */
        status = cw_buffer_format(sql, error, " WHERE (%s) AND look(t.rowid) AND (", condition);
    }
    if (status == CW_OK) {
        status = put_all(sql, rules, count, put_any, "OR", error);
    }
    return status != CW_OK ? status : cw_buffer_append(sql, ")", 2, error);
}

cw_status cw_rule_detail_query(const struct cw_rule *rule, struct cw_buffer *sql, struct cw_error *error)
{
    struct joins joins = {.count = 0};
    if (!collect_joins(rule, &joins)) {
        return cw_error_set(error, CW_E_INTERNAL, NULL, "the rule %s joins something unknown", rule->name);
    }
    cw_status status = cw_buffer_format(sql, error, "SELECT %s", rule->detail);
    if (status == CW_OK) {
        status = put_from(sql, rule->entity, &joins, NULL, error);
    }
    if (status == CW_OK) {
        status = cw_buffer_format(sql, error, " WHERE t.rowid = ?2");
    }
    return status != CW_OK ? status : cw_buffer_append(sql, "", 1, error);
}
