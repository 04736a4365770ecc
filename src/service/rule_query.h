/* The statements that test rules: one pass over an entity's table for many rules at once. */
#ifndef CW_SERVICE_RULE_QUERY_H
#define CW_SERVICE_RULE_QUERY_H

#include <stdbool.h>

#include "cartwright/buffer.h"
#include "service/rules.h"

/* Rules of one pass: each is a bit of one whole number. */
#define CW_RULE_GROUP_MAX 60

/* Which entities a rule reads, as bits. */
uint32_t cw_rule_needs(const struct cw_rule *rule);

/* The rows whose children an entity's rows are, when all of them can be found through their parent: the order
 * of a line. NULL: none. */
const struct cw_rule_driver *cw_rule_driver_of(enum cw_entity_id entity);

/* Appends "SELECT t.id, t.rowid, <bits of the broken rules> FROM ... WHERE <condition> AND <any rule is
 * broken>", with the terminating zero. The SQL function look(t.rowid) is
 * called for each row that is looked at. driver: visits the rows parent by parent (`condition` may then name
 * the alias "parent"); NULL: row by row. The rules are of one entity, at most CW_RULE_GROUP_MAX. Errors:
 * CW_E_INTERNAL for an unknown join. */
cw_status cw_rule_group_query(const struct cw_rule *const *rules, size_t count,
                              const struct cw_rule_driver *driver, const char *condition,
                              struct cw_buffer *sql, struct cw_error *error);

/* Appends "SELECT <detail> FROM ... WHERE t.rowid = ?2", with the terminating zero: the values of rows that
 * break the rule. */
cw_status cw_rule_detail_query(const struct cw_rule *rule, struct cw_buffer *sql, struct cw_error *error);

#endif
