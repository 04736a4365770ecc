/* Rules over the rows of a whole table in some order, tested by one walk along it. */
#ifndef CW_SERVICE_RULE_SCAN_H
#define CW_SERVICE_RULE_SCAN_H

#include "service/check_database.h"
#include "service/rules.h"
#include "service/validate.h"

/* Checks all rows of a rule whose scan is not CW_RULE_SCAN_NONE and counts violations and offenders into
 * *result, whose other members stay. Errors: those of cw_check_error. */
cw_status cw_rule_scan_run(sqlite3 *connection, const struct cw_rule *rule, struct cw_rule_result *result,
                           struct cw_error *error);

#endif
