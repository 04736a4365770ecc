/* The tables of the reference data, made once per process: they take longer than a small run. */
#ifndef CW_SERVICE_SHARED_TABLES_H
#define CW_SERVICE_SHARED_TABLES_H

#include "engine/market_tables.h"

/* The tables, made by the first call; NULL when there is no memory, then every run makes its own. They live
 * as long as the process. Thread-safe. */
const struct cw_market_tables *cw_shared_market_tables(void);

#endif
