/* Runs: what was generated into the store, and how to make it again. Also the checks of one entity's
 * relationships. */
#ifndef CW_API_RUN_RESOURCE_H
#define CW_API_RUN_RESOURCE_H

#include "api/exchange.h"

cw_status cw_list_runs(struct cw_exchange *exchange, struct cw_error *error);
cw_status cw_get_run(struct cw_exchange *exchange, struct cw_error *error);
cw_status cw_reproduce(struct cw_exchange *exchange, struct cw_error *error);
cw_status cw_validate_relationships(struct cw_exchange *exchange, struct cw_error *error);

#endif
