/* What /metrics shows. */
#ifndef CW_API_API_METRICS_H
#define CW_API_API_METRICS_H

#include "api/api.h"
#include "api/exchange.h"
#include "service/validate.h"

cw_status cw_api_metrics_new(struct cw_api_metrics **metrics, struct cw_error *error);
void cw_api_metrics_free(struct cw_api_metrics *metrics);

/* A job ended in this state. */
void cw_api_count_job(struct cw_api *api, const char *state);

/* Notes an answered request. */
void cw_api_count_request(struct cw_api *api, const struct cw_exchange *exchange, int64_t microseconds);
/* Notes the rows that a run has made. */
void cw_api_count_rows(struct cw_api *api, const int64_t rows[CW_ENTITY_COUNT]);
void cw_api_count_violations(struct cw_api *api, const struct cw_validation *validation);

/* Gauges that the server keeps. */
void cw_api_count_connection(struct cw_api *api, int change);
void cw_api_set_queue(struct cw_api *api, int64_t waiting);

/* GET /metrics */
cw_status cw_get_metrics(struct cw_exchange *exchange, struct cw_error *error);

#endif
