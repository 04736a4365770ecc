/* What all requests of a server share. */
#ifndef CW_API_API_H
#define CW_API_API_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "cartwright/buffer.h"
#include "cartwright/error.h"
#include "service/generate_store.h"
#include "service/jobs.h"
#include "service/metrics.h"

/* Up to this many customers, products or orders are answered at once; more become a job. */
#define CW_API_DIRECT_ROWS 1000
/* The largest answer that is built in memory. */
#define CW_API_ANSWER_MAX (64u << 20)

struct cw_access;
struct cw_rate_limiter;
struct cw_idempotency;
struct cw_api_metrics;
struct cw_export_streams;
struct cw_store_probe;

struct cw_api {
    struct cw_store *store; /* borrowed */
    struct cw_job_runner *jobs;
    struct cw_idempotency *keys;
    struct cw_api_metrics *metrics;
    struct cw_export_streams *exports;
    struct cw_store_probe *probe;
    struct cw_access *access;        /* NULL: everybody is let in */
    struct cw_rate_limiter *limiter; /* NULL: nobody is limited */
    struct cw_buffer openapi;        /* /openapi.json, made once */
    int64_t largest_count;
    uint32_t threads; /* of jobs' generations; 0: one per processor */
    _Atomic bool is_stopping;
    _Atomic bool is_quiet; /* ends of jobs are not logged */
};

/* Makes everything but the store, access and limiter, which the caller may set. lease: see struct
 * cw_job_options. Errors: CW_E_NO_MEMORY, those of reading the store. */
cw_status cw_api_init(struct cw_api *api, struct cw_store *store, int64_t largest_count, int64_t lease,
                      struct cw_error *error);
/* Frees all but the store. */
void cw_api_clear(struct cw_api *api);

#endif
