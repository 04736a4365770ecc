/* Runs rules over a database, on as many threads as it has connections. */
#ifndef CW_SERVICE_RULE_PASS_H
#define CW_SERVICE_RULE_PASS_H

#include "service/check_database.h"
#include "service/rules.h"
#include "service/validate.h"

/* A rule whose tables are all there, and where its result goes. */
struct cw_rule_task {
    const struct cw_rule *rule;
    struct cw_rule_result *result;
};

/* Checks every row of the database. tasks: those of an entity stand together, entities in their order. Fills
 * in checked, violations and offenders (without the details of conditions). Errors: those of
 * cw_check_error, CW_E_NO_MEMORY. */
cw_status cw_rule_pass_all(const struct cw_check_database *database, const struct cw_rule_task *tasks,
                           size_t count, struct cw_progress *progress, struct cw_error *error);

/* Checks the rows t of one entity that fulfil `condition`, in which ?1 is focus. All tasks are of one
 * entity. */
cw_status cw_rule_pass_some(const struct cw_check_database *database, const struct cw_rule_task *tasks,
                            size_t count, const char *condition, const struct cw_uuid *focus,
                            struct cw_error *error);

#endif
