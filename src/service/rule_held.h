/* Rows that many others refer to, held in memory and found by a hash of their key: a look-up costs a fraction
 * of one in an index. Rules read them by the names held_customers and so on, as tables that have only the
 * columns that rules need. */
#ifndef CW_SERVICE_RULE_HELD_H
#define CW_SERVICE_RULE_HELD_H

#include "cartwright/buffer.h"
#include "cartwright/entity.h"
#include "service/check_database.h"

struct cw_rule_held;

/* "held_customers"; NULL when rows of the entity are not found by their id in memory. */
const char *cw_rule_held_name(enum cw_entity_id entity);

/* The i-th of the names, and whose rows they are; NULL after the last. */
const char *cw_rule_held_form(size_t i, enum cw_entity_id *entity);

/* Reads the tables that are present and gives every connection the names. A table too large to be held is
 * given its name as a view. Must outlive the connections' statements; immutable once made. Errors: those of
 * cw_check_error, CW_E_NO_MEMORY. */
cw_status cw_rule_held_new(const struct cw_check_database *database, struct cw_rule_held **held,
                           struct cw_error *error);
void cw_rule_held_free(struct cw_rule_held *held);

/* Gives the names to the tables as they are, where only a few rows are looked at. */
cw_status cw_rule_held_views(const struct cw_check_database *database, struct cw_error *error);

#endif
