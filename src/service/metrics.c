#define _POSIX_C_SOURCE 200809L
#include "service/metrics.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SERIES_MAX 1000
#define LABEL_VALUE_MAX 128

struct cw_metric {
    struct cw_metric *next; /* of the family */
    const struct cw_metric_family *family;
    _Atomic int64_t value; /* counters and gauges; histograms: observations */
    _Atomic uint64_t sum;  /* histograms: the bits of a double */
    _Atomic int64_t buckets[CW_METRIC_BUCKETS_MAX];
    char values[CW_METRIC_LABELS_MAX][LABEL_VALUE_MAX];
};

struct cw_metric_family {
    struct cw_metric_family *next;
    struct cw_metrics *metrics;
    char *name;
    char *help;
    enum cw_metric_kind kind;
    char *labels[CW_METRIC_LABELS_MAX];
    uint32_t label_count;
    double buckets[CW_METRIC_BUCKETS_MAX];
    uint32_t bucket_count;
    struct cw_metric *first;
    struct cw_metric **last;
    size_t series_count;
};

struct cw_metrics {
    pthread_mutex_t lock; /* guards the lists; the numbers are atomic */
    struct cw_metric_family *first;
    struct cw_metric_family **last;
};

static void family_free(struct cw_metric_family *family)
{
    while (family->first != NULL) {
        struct cw_metric *metric = family->first;
        family->first = metric->next;
        free(metric);
    }
    for (size_t i = 0; i < CW_METRIC_LABELS_MAX; i++) {
        free(family->labels[i]);
    }
    free(family->name);
    free(family->help);
    free(family);
}

cw_status cw_metrics_new(struct cw_metrics **metrics, struct cw_error *error)
{
    struct cw_metrics *made = calloc(1, sizeof *made);
    if (made == NULL || pthread_mutex_init(&made->lock, NULL) != 0) {
        free(made);
        return cw_error_set(error, CW_E_NO_MEMORY, NULL, "no memory for the metrics");
    }
    made->last = &made->first;
    *metrics = made;
    return CW_OK;
}

void cw_metrics_free(struct cw_metrics *metrics)
{
    if (metrics == NULL) {
        return;
    }
    while (metrics->first != NULL) {
        struct cw_metric_family *family = metrics->first;
        metrics->first = family->next;
        family_free(family);
    }
    pthread_mutex_destroy(&metrics->lock);
    free(metrics);
}

static bool is_name(const char *name)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789";
    return name[0] != '\0' && strspn(name, letters) == strlen(name) && (name[0] < '0' || name[0] > '9');
}

static struct cw_metric_family *family_new(const struct cw_metric_options *options)
{
    struct cw_metric_family *family = calloc(1, sizeof *family);
    if (family == NULL) {
        return NULL;
    }
    family->name = strdup(options->name);
    family->help = strdup(options->help);
    bool whole = family->name != NULL && family->help != NULL;
    while (whole && family->label_count < CW_METRIC_LABELS_MAX &&
           options->labels[family->label_count] != NULL) {
        char *label = strdup(options->labels[family->label_count]);
        whole = label != NULL;
        family->labels[family->label_count] = label;
        family->label_count += whole ? 1 : 0;
    }
    if (!whole) {
        family_free(family);
        return NULL;
    }
    family->kind = options->kind;
    family->bucket_count = options->bucket_count;
    for (uint32_t i = 0; i < options->bucket_count; i++) {
        family->buckets[i] = options->buckets[i];
    }
    family->last = &family->first;
    return family;
}

cw_status cw_metrics_add(struct cw_metrics *metrics, const struct cw_metric_options *options,
                         struct cw_metric_family **family, struct cw_error *error)
{
    if (!is_name(options->name) || options->bucket_count > CW_METRIC_BUCKETS_MAX) {
        return cw_error_set(error, CW_E_INVALID, "name",
                            "'%.60s' is no metric name, or has more than %d buckets", options->name,
                            CW_METRIC_BUCKETS_MAX);
    }
    struct cw_metric_family *made = family_new(options);
    if (made == NULL) {
        return cw_error_set(error, CW_E_NO_MEMORY, NULL, "no memory for the metric '%.60s'", options->name);
    }
    pthread_mutex_lock(&metrics->lock);
    bool taken = false;
    for (const struct cw_metric_family *at = metrics->first; at != NULL; at = at->next) {
        taken = taken || strcmp(at->name, options->name) == 0;
    }
    if (!taken) {
        made->metrics = metrics;
        *metrics->last = made;
        metrics->last = &made->next;
    }
    pthread_mutex_unlock(&metrics->lock);
    if (taken) {
        family_free(made);
        return cw_error_set(error, CW_E_CONFLICT, "name", "there is a metric '%.60s' already", options->name);
    }
    *family = made;
    return CW_OK;
}

static bool has_values(const struct cw_metric *metric, const char *const *values, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (strncmp(metric->values[i], values[i], LABEL_VALUE_MAX - 1) != 0) {
            return false;
        }
    }
    return true;
}

struct cw_metric *cw_metric_get(struct cw_metric_family *family, const char *const *values)
{
    pthread_mutex_lock(&family->metrics->lock);
    struct cw_metric *metric = family->first;
    while (metric != NULL && !has_values(metric, values, family->label_count)) {
        metric = metric->next;
    }
    if (metric == NULL && family->series_count < SERIES_MAX && (metric = calloc(1, sizeof *metric)) != NULL) {
        metric->family = family;
        for (uint32_t i = 0; i < family->label_count; i++) {
            snprintf(metric->values[i], LABEL_VALUE_MAX, "%s", values[i]);
        }
        *family->last = metric;
        family->last = &metric->next;
        family->series_count++;
    }
    pthread_mutex_unlock(&family->metrics->lock);
    return metric;
}

void cw_metric_add(struct cw_metric *metric, int64_t amount)
{
    if (metric != NULL) {
        atomic_fetch_add_explicit(&metric->value, amount, memory_order_relaxed);
    }
}

void cw_metric_set(struct cw_metric *metric, int64_t value)
{
    if (metric != NULL) {
        atomic_store_explicit(&metric->value, value, memory_order_relaxed);
    }
}

static double double_of_bits(uint64_t bits)
{
    double number = 0;
    memcpy(&number, &bits, sizeof number);
    return number;
}

void cw_metric_observe(struct cw_metric *metric, double value)
{
    if (metric == NULL) {
        return;
    }
    for (uint32_t i = 0; i < metric->family->bucket_count; i++) {
        if (value <= metric->family->buckets[i]) {
            atomic_fetch_add_explicit(&metric->buckets[i], 1, memory_order_relaxed);
            break;
        }
    }
    uint64_t bits = atomic_load_explicit(&metric->sum, memory_order_relaxed);
    uint64_t next = 0;
    do {
        const double sum = double_of_bits(bits) + value;
        memcpy(&next, &sum, sizeof next);
    } while (!atomic_compare_exchange_weak_explicit(&metric->sum, &bits, next, memory_order_relaxed,
                                                    memory_order_relaxed));
    atomic_fetch_add_explicit(&metric->value, 1, memory_order_relaxed);
}

/* Appends text with backslash, line feed and, in label values, the quote escaped. */
static cw_status put_escaped(struct cw_buffer *out, const char *text, bool quote, struct cw_error *error)
{
    cw_status status = CW_OK;
    for (; *text != '\0' && status == CW_OK; text++) {
        if (*text == '\n') {
            status = cw_buffer_append(out, "\\n", 2, error);
        } else if (*text == '\\' || (quote && *text == '"')) {
            const char pair[2] = {'\\', *text};
            status = cw_buffer_append(out, pair, 2, error);
        } else {
            status = cw_buffer_append(out, text, 1, error);
        }
    }
    return status;
}

/* Appends name{label="value",...}; le, unless NULL, is the bucket label. */
static cw_status put_series(struct cw_buffer *out, const struct cw_metric *metric, const char *suffix,
                            const char *le, struct cw_error *error)
{
    const struct cw_metric_family *family = metric->family;
    const char *glue = "{";
    cw_status status = cw_buffer_format(out, error, "%s%s", family->name, suffix);
    for (uint32_t i = 0; i < family->label_count && status == CW_OK; i++) {
        status = cw_buffer_format(out, error, "%s%s=\"", glue, family->labels[i]);
        if (status == CW_OK) {
            status = put_escaped(out, metric->values[i], true, error);
        }
        if (status == CW_OK) {
            status = cw_buffer_append(out, "\"", 1, error);
        }
        glue = ",";
    }
    if (le != NULL && status == CW_OK) {
        status = cw_buffer_format(out, error, "%sle=\"%s\"", glue, le);
        glue = ",";
    }
    return status != CW_OK ? status : cw_buffer_append(out, "}", glue[0] == ',' ? 1 : 0, error);
}

static cw_status put_histogram(struct cw_buffer *out, struct cw_metric *metric, struct cw_error *error)
{
    int64_t below = 0;
    /* The total is read first: later observations then only make buckets larger, never the sum of them too
     * small. */
    int64_t total = atomic_load_explicit(&metric->value, memory_order_acquire);
    const double sum = double_of_bits(atomic_load_explicit(&metric->sum, memory_order_relaxed));
    cw_status status = CW_OK;
    for (uint32_t i = 0; i < metric->family->bucket_count && status == CW_OK; i++) {
        char bound[32];
        snprintf(bound, sizeof bound, "%g", metric->family->buckets[i]);
        below += atomic_load_explicit(&metric->buckets[i], memory_order_relaxed);
        status = put_series(out, metric, "_bucket", bound, error);
        if (status == CW_OK) {
            status = cw_buffer_format(out, error, " %lld\n", (long long)below);
        }
    }
    total = total < below ? below : total;
    if (status == CW_OK && (status = put_series(out, metric, "_bucket", "+Inf", error)) == CW_OK) {
        status = cw_buffer_format(out, error, " %lld\n", (long long)total);
    }
    if (status == CW_OK && (status = put_series(out, metric, "_sum", NULL, error)) == CW_OK) {
        status = cw_buffer_format(out, error, " %.9g\n", sum);
    }
    if (status == CW_OK && (status = put_series(out, metric, "_count", NULL, error)) == CW_OK) {
        status = cw_buffer_format(out, error, " %lld\n", (long long)total);
    }
    return status;
}

static cw_status put_family(struct cw_buffer *out, const struct cw_metric_family *family,
                            struct cw_error *error)
{
    static const char *const kinds[] = {"counter", "gauge", "histogram"};
    cw_status status = cw_buffer_format(out, error, "# HELP %s ", family->name);
    if (status == CW_OK) {
        status = put_escaped(out, family->help, false, error);
    }
    if (status == CW_OK) {
        status = cw_buffer_format(out, error, "\n# TYPE %s %s\n", family->name, kinds[family->kind]);
    }
    for (struct cw_metric *metric = family->first; metric != NULL && status == CW_OK; metric = metric->next) {
        if (family->kind == CW_METRIC_HISTOGRAM) {
            status = put_histogram(out, metric, error);
        } else if ((status = put_series(out, metric, "", NULL, error)) == CW_OK) {
            status = cw_buffer_format(out, error, " %lld\n",
                                      (long long)atomic_load_explicit(&metric->value, memory_order_relaxed));
        }
    }
    return status;
}

cw_status cw_metrics_render(struct cw_metrics *metrics, struct cw_buffer *out, struct cw_error *error)
{
    cw_status status = CW_OK;
    const size_t start = out->size;
    pthread_mutex_lock(&metrics->lock);
    for (const struct cw_metric_family *at = metrics->first; at != NULL && status == CW_OK; at = at->next) {
        status = put_family(out, at, error);
    }
    pthread_mutex_unlock(&metrics->lock);
    if (status != CW_OK) {
        out->size = start;
    }
    return status;
}
