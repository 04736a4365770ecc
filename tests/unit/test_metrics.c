#include "harness.h"
#include "service/metrics.h"

#include <string.h>

START_TEST(metrics_render_as_prometheus_text)
{
    static const double buckets[] = {0.1, 1};
    struct cw_metrics *metrics = NULL;
    struct cw_metric_family *requests = NULL;
    struct cw_metric_family *latency = NULL;
    struct cw_metric_family *jobs = NULL;
    struct cw_buffer out = {0};
    ck_assert_int_eq(cw_metrics_new(&metrics, NULL), CW_OK);
    const struct cw_metric_options request_options = {
        .name = "requests_total", .help = "Requests", .kind = CW_METRIC_COUNTER, .labels = {"path", "code"}};
    const struct cw_metric_options latency_options = {.name = "latency_seconds",
                                                      .help = "Line\nbreak",
                                                      .kind = CW_METRIC_HISTOGRAM,
                                                      .buckets = buckets,
                                                      .bucket_count = 2};
    const struct cw_metric_options job_options = {.name = "jobs", .help = "Jobs", .kind = CW_METRIC_GAUGE};
    ck_assert_int_eq(cw_metrics_add(metrics, &request_options, &requests, NULL), CW_OK);
    ck_assert_int_eq(cw_metrics_add(metrics, &request_options, &requests, NULL), CW_E_CONFLICT);
    ck_assert_int_eq(cw_metrics_add(metrics, &latency_options, &latency, NULL), CW_OK);
    ck_assert_int_eq(cw_metrics_add(metrics, &job_options, &jobs, NULL), CW_OK);
    const char *const labels[] = {"/a\"b", "200"};
    cw_metric_add(cw_metric_get(requests, labels), 2);
    cw_metric_add(cw_metric_get(requests, labels), 3);
    cw_metric_observe(cw_metric_get(latency, NULL), 0.05);
    cw_metric_observe(cw_metric_get(latency, NULL), 0.5);
    cw_metric_observe(cw_metric_get(latency, NULL), 5);
    cw_metric_set(cw_metric_get(jobs, NULL), 4);
    ck_assert_int_eq(cw_metrics_render(metrics, &out, NULL), CW_OK);
    ck_assert_int_eq(cw_buffer_append(&out, "", 1, NULL), CW_OK);
    ck_assert_str_eq(out.data, "# HELP requests_total Requests\n# TYPE requests_total counter\n"
                               "requests_total{path=\"/a\\\"b\",code=\"200\"} 5\n"
                               "# HELP latency_seconds Line\\nbreak\n# TYPE latency_seconds histogram\n"
                               "latency_seconds_bucket{le=\"0.1\"} 1\nlatency_seconds_bucket{le=\"1\"} 2\n"
                               "latency_seconds_bucket{le=\"+Inf\"} 3\nlatency_seconds_sum 5.55\n"
                               "latency_seconds_count 3\n"
                               "# HELP jobs Jobs\n# TYPE jobs gauge\njobs 4\n");
    cw_buffer_clear(&out);
    cw_metrics_free(metrics);
}
END_TEST

START_TEST(bad_names_are_refused)
{
    struct cw_metrics *metrics = NULL;
    struct cw_metric_family *family = NULL;
    const struct cw_metric_options options = {.name = "9lives", .help = "", .kind = CW_METRIC_GAUGE};
    ck_assert_int_eq(cw_metrics_new(&metrics, NULL), CW_OK);
    ck_assert_int_eq(cw_metrics_add(metrics, &options, &family, NULL), CW_E_INVALID);
    cw_metric_add(NULL, 1);
    cw_metrics_free(metrics);
}
END_TEST

Suite *test_suite(void)
{
    return harness_suite("metrics", metrics_render_as_prometheus_text, bad_names_are_refused);
}
