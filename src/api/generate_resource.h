/* POST /api/v1/generate/... and /api/v1/bulk: rows on request, kept or only shown, at once or by a job. */
#ifndef CW_API_GENERATE_RESOURCE_H
#define CW_API_GENERATE_RESOURCE_H

#include "api/exchange.h"

/* The fields of the bodies, and of the query strings. */
extern const struct cw_field cw_customers_fields[6];
extern const struct cw_field cw_products_fields[7];
extern const struct cw_field cw_orders_fields[7];
extern const struct cw_field cw_bulk_fields[16];
extern const struct cw_field cw_customers_query[1];
extern const struct cw_field cw_products_query[1];
extern const struct cw_field cw_orders_query[1];
extern const struct cw_field cw_bulk_query[1];

cw_status cw_generate_customers(struct cw_exchange *exchange, struct cw_error *error);
cw_status cw_generate_products(struct cw_exchange *exchange, struct cw_error *error);
cw_status cw_generate_orders(struct cw_exchange *exchange, struct cw_error *error);
cw_status cw_generate_bulk(struct cw_exchange *exchange, struct cw_error *error);

#endif
