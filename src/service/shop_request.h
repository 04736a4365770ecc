/* A whole shop in one document, JSON or YAML: what POST /api/v1/bulk takes, and `cartwright generate
 * --request`.
 *
 *     customers, products, orders       how many to make; what is left out comes from the store
 *     locale, segment                   of the customers
 *     categories, products_per_category, price_range {min, max}, attributes    of the products
 *     date_range {from, to}, behavior, customer_id, cells                      of the orders
 *     seed, as_of, persist              of all */
#ifndef CW_SERVICE_SHOP_REQUEST_H
#define CW_SERVICE_SHOP_REQUEST_H

#include <jansson.h>
#include <stdbool.h>

#include "cartwright/error.h"
#include "cartwright/run.h"

struct cw_shop_request {
    struct cw_run_spec spec; /* not resolved */
    bool persist;
};

/* Reads a document; what it leaves out gets its default. The same document gives the same request, and with
 * the same seed upon the same store the same rows, wherever it comes from. Errors: CW_E_INVALID naming the
 * field, the value and what was expected; also when nothing is asked for. */
cw_status cw_shop_request_read(const json_t *document, struct cw_shop_request *request,
                               struct cw_error *error);

/* The same from a file of at most 1 MiB, in the language that cw_document_parse finds. Errors name the file;
 * CW_E_NOT_FOUND, CW_E_IO. */
cw_status cw_shop_request_load(const char *path, struct cw_shop_request *request, struct cw_error *error);

#endif
