/* Health, the description of the API, and its page. */
#ifndef CW_API_SYSTEM_RESOURCE_H
#define CW_API_SYSTEM_RESOURCE_H

#include "api/exchange.h"

cw_status cw_get_health(struct cw_exchange *exchange, struct cw_error *error);
cw_status cw_get_readiness(struct cw_exchange *exchange, struct cw_error *error);
cw_status cw_get_openapi(struct cw_exchange *exchange, struct cw_error *error);
cw_status cw_get_docs(struct cw_exchange *exchange, struct cw_error *error);
cw_status cw_get_root(struct cw_exchange *exchange, struct cw_error *error);

#endif
