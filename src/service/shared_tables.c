#include "service/shared_tables.h"

#include <pthread.h>

static struct cw_market_tables *tables;

static void make_tables(void)
{
    struct cw_error ignored;
    if (cw_market_tables_new(&tables, &ignored) != CW_OK) {
        tables = NULL;
    }
}

const struct cw_market_tables *cw_shared_market_tables(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, make_tables);
    return tables;
}
