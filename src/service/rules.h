/* The business rules, as data. Each is a condition over one row `t` of an entity that holds where the rule is
 * broken; a null condition is not a violation. All rules of an entity are tested in one pass over its table.
 */
#ifndef CW_SERVICE_RULES_H
#define CW_SERVICE_RULES_H

#include <stddef.h>
#include <stdint.h>

#include "cartwright/buffer.h"
#include "cartwright/entity.h"
#include "cartwright/error.h"

enum cw_rule_scan {
    CW_RULE_SCAN_NONE,
    CW_RULE_SCAN_UNIQUE, /* equal neighbours in the order of some columns */
    CW_RULE_SCAN_LEDGER  /* the running sum of stock movements, place by place in the order of time */
};

/* Times: microseconds; ids: 16-byte blobs; dates: days; booleans: 0 and 1; as in the built-in store. */
struct cw_rule {
    const char *name; /* "orders.total_adds_up" */
    enum cw_entity_id entity;
    uint32_t needs;          /* bit e: reads entity e besides its own and those of its joins */
    const char *joins;       /* aliases of joined rows, separated by spaces: see cw_rule_joins */
    const char *violation;   /* SQL condition */
    const char *detail;      /* SQL expression of text that shows the offending values; NULL: none */
    const char *description; /* what holds where the rule is kept */
    /* A whole query of (id, detail) instead of a condition, for rules over many rows at once. It holds one
     * "{where}": nothing when all rows are checked, else `where`, in which "{scope}" is the condition that
     * picks rows `t`. */
    const char *query;
    const char *where;
    /* "rows r WHERE r.x = t.y": the condition is one over aggregates of these rows. Rules with the same text
     * are tested in one visit of the rows. NULL: a condition over t and its joins alone. */
    const char *over;
    /* How all rows are checked, where a sorted scan is faster than the condition or query above; those are
     * then for single rows. */
    enum cw_rule_scan scan;
    const char *columns; /* of CW_RULE_SCAN_UNIQUE: no two rows share their values; separated by ", " */
};

/* Rows of an entity that are all found through `column`, which holds the id of a row of `parent`; there, the
 * joins call that row "parent". */
struct cw_rule_driver {
    enum cw_entity_id entity, parent;
    const char *column;
};

/* A row that belongs to t: LEFT JOIN sql. */
struct cw_rule_join {
    enum cw_entity_id entity; /* of t */
    const char *alias;
    uint32_t needs;
    const char *after;  /* alias that must be joined before; NULL: none */
    const char *column; /* of t, when the join is by the id that it holds; NULL: by something else */
    const char *sql;
};

extern const struct cw_rule cw_shop_rules[]; /* customers, catalogue and stock */
extern const size_t cw_shop_rule_count;
extern const struct cw_rule cw_order_rules[];
extern const size_t cw_order_rule_count;
extern const struct cw_rule_join cw_rule_joins[];
extern const size_t cw_rule_join_count;
extern const struct cw_rule_driver cw_rule_drivers[];
extern const size_t cw_rule_driver_count;

/* A list of rules, those above and those derived from the catalogue: required columns, closed sets,
 * references, unique columns, nothing after as-of (which reads the SQL function as_of()). Rules that compare
 * with a run's as-of use as_of_from(), for a later run into the same store may have a later one. Texts belong
 * to the list. */
struct cw_rule_list {
    struct cw_rule *rules;
    size_t count;
    void *memory; /* owned */
};
cw_status cw_rule_list_init(struct cw_rule_list *list, struct cw_error *error);
void cw_rule_list_clear(struct cw_rule_list *list);

/* Indexes that the rules look rows up by. What is found by its id in held rows (rule_held.h) needs none. */
struct cw_rule_index {
    enum cw_entity_id entity;
    const char *name;
    const char *columns;
};
extern const struct cw_rule_index cw_rule_indexes[];
extern const size_t cw_rule_index_count;

#endif
