/* Tables: pages of rows, and single rows. */
#ifndef CW_API_LIST_RESOURCE_H
#define CW_API_LIST_RESOURCE_H

#include "api/exchange.h"
#include "service/list_page.h"

cw_status cw_list_rows(struct cw_exchange *exchange, struct cw_error *error);
cw_status cw_get_row(struct cw_exchange *exchange, struct cw_error *error);

/* Reads the query into a page of exchange->entity, without the columns that the caller may not see. Texts are
 * borrowed from exchange and page. False: the answer is a problem already. */
bool cw_list_page_of(struct cw_exchange *exchange, struct cw_list_page *page);

/* Checks a query parameter that names a column of exchange->entity: "country" or "created_at[gte]". False
 * when it names none. */
bool cw_list_query_check(void *exchange, const struct cw_query_pair *pair, struct cw_field_errors *errors);

#endif
