/* GET /api/v1/exports/{table}: all rows that meet the conditions, as one file. */
#ifndef CW_API_EXPORT_RESOURCE_H
#define CW_API_EXPORT_RESOURCE_H

#include "api/exchange.h"

cw_status cw_export_rows(struct cw_exchange *exchange, struct cw_error *error);

#endif
