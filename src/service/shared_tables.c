#include "service/shared_tables.h"

#include <pthread.h>

#include "cartwright/run.h"

static struct cw_market_tables *tables;

/* For the as-of time of runs that name none. */
static void make_tables(void)
{
    struct cw_run_spec spec;
    cw_run_spec_init(&spec);
    if (cw_run_spec_resolve(&spec, NULL) != CW_OK ||
        cw_market_tables_new(spec.as_of, &tables, NULL) != CW_OK) {
        tables = NULL;
    }
}

const struct cw_market_tables *cw_shared_market_tables(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, make_tables);
    return tables;
}
