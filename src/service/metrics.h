/* Counters, gauges and histograms, rendered as Prometheus text (exposition format 0.0.4). Counting takes no
 * lock. */
#ifndef CW_SERVICE_METRICS_H
#define CW_SERVICE_METRICS_H

#include <stdint.h>

#include "cartwright/buffer.h"
#include "cartwright/error.h"

#define CW_METRIC_LABELS_MAX 4
#define CW_METRIC_BUCKETS_MAX 24

enum cw_metric_kind { CW_METRIC_COUNTER, CW_METRIC_GAUGE, CW_METRIC_HISTOGRAM };

struct cw_metrics;       /* the registry; thread-safe */
struct cw_metric_family; /* one name; owned by the registry */
struct cw_metric;        /* one time series; owned by the registry */

cw_status cw_metrics_new(struct cw_metrics **metrics, struct cw_error *error);
void cw_metrics_free(struct cw_metrics *metrics);

struct cw_metric_options {
    const char *name; /* "cartwright_http_requests_total"; names and help are copied */
    const char *help;
    enum cw_metric_kind kind;
    const char *labels[CW_METRIC_LABELS_MAX]; /* label names, NULL past the last */
    const double *buckets; /* histograms: upper bounds, ascending, in the unit of the name */
    uint32_t bucket_count;
};

/* Registers a name. Errors: CW_E_CONFLICT when it is taken, CW_E_INVALID for a name Prometheus refuses. */
cw_status cw_metrics_add(struct cw_metrics *metrics, const struct cw_metric_options *options,
                         struct cw_metric_family **family, struct cw_error *error);

/* The series with these label values (as many as labels), made on first use. Takes a lock: keep the answer
 * where it is used often. NULL when memory is out, or beyond 1000 series of a family. */
struct cw_metric *cw_metric_get(struct cw_metric_family *family, const char *const *values);

/* Counters (amount >= 0) and gauges; NULL is ignored. */
void cw_metric_add(struct cw_metric *metric, int64_t amount);
/* Gauges. */
void cw_metric_set(struct cw_metric *metric, int64_t value);
/* Histograms. */
void cw_metric_observe(struct cw_metric *metric, double value);

/* Appends all families in order of registration. */
cw_status cw_metrics_render(struct cw_metrics *metrics, struct cw_buffer *out, struct cw_error *error);

#endif
