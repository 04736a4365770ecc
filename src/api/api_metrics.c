#define _GNU_SOURCE
#include "api/api_metrics.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "api/export_stream.h"
#include "api/route.h"
#include "api/store_probe.h"
#include "base/decimal.h"
#include "service/program_version.h"

enum family {
    REQUESTS,
    LATENCY,
    ERRORS,
    ROWS,
    CHECKED,
    VIOLATIONS,
    CONNECTIONS,
    QUEUE,
    JOBS,
    JOBS_FINISHED,
    EXPORTS,
    STORE_UP,
    STORE_CONNECTIONS,
    STORE_CONNECTIONS_MAX,
    STORE_WAITING,
    MEMORY,
    DESCRIPTORS,
    DESCRIPTOR_LIMIT,
    UPTIME,
    BUILD,
    FAMILY_COUNT
};

struct cw_api_metrics {
    struct cw_metrics *registry;
    struct cw_metric_family *families[FAMILY_COUNT];
    struct cw_metric *connections, *queue, *queued_jobs, *running_jobs, *memory, *uptime;
    struct cw_metric *descriptors, *descriptor_limit;
    struct cw_metric *exports, *store_up, *store_busy, *store_idle, *store_most, *store_waiting;
    int64_t started_at;
};

static const double latency_buckets[] = {0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,
                                         0.1,    0.25,  0.5,    1,     2.5,  5,     10};
#define BUCKET_COUNT ((uint32_t)(sizeof latency_buckets / sizeof latency_buckets[0]))

static const struct cw_metric_options options[FAMILY_COUNT] = {
    [REQUESTS] = {.name = "cartwright_http_requests_total",
                  .help = "Answered requests.",
                  .kind = CW_METRIC_COUNTER,
                  .labels = {"method", "route", "status"}},
    [LATENCY] = {.name = "cartwright_http_request_duration_seconds",
                 .help = "Time from a request's headers to the end of its answer.",
                 .kind = CW_METRIC_HISTOGRAM,
                 .labels = {"method", "route"},
                 .buckets = latency_buckets,
                 .bucket_count = BUCKET_COUNT},
    [ERRORS] = {.name = "cartwright_http_errors_total",
                .help = "Answers with a status of 400 and more.",
                .kind = CW_METRIC_COUNTER,
                .labels = {"status"}},
    [ROWS] = {.name = "cartwright_records_generated_total",
              .help = "Rows made, kept or shown.",
              .kind = CW_METRIC_COUNTER,
              .labels = {"table"}},
    [CHECKED] = {.name = "cartwright_rule_checks_total",
                 .help = "Rows looked at by the rules of relationship checks.",
                 .kind = CW_METRIC_COUNTER},
    [VIOLATIONS] = {.name = "cartwright_rule_violations_total",
                    .help = "Rows that break a rule, as relationship checks found them.",
                    .kind = CW_METRIC_COUNTER,
                    .labels = {"rule"}},
    [CONNECTIONS] = {.name = "cartwright_http_connections",
                     .help = "Open connections.",
                     .kind = CW_METRIC_GAUGE},
    [QUEUE] = {.name = "cartwright_http_queue_length",
               .help = "Requests that wait for a worker.",
               .kind = CW_METRIC_GAUGE},
    [JOBS] = {.name = "cartwright_jobs",
              .help = "Jobs that wait or run.",
              .kind = CW_METRIC_GAUGE,
              .labels = {"state"}},
    [JOBS_FINISHED] = {.name = "cartwright_jobs_finished_total",
                       .help = "Jobs that ended here.",
                       .kind = CW_METRIC_COUNTER,
                       .labels = {"state"}},
    [EXPORTS] = {.name = "cartwright_exports", .help = "Exports under way.", .kind = CW_METRIC_GAUGE},
    [STORE_UP] = {.name = "cartwright_store_up",
                  .help = "1 while the store answers within 5 seconds, else 0.",
                  .kind = CW_METRIC_GAUGE},
    [STORE_CONNECTIONS] = {.name = "cartwright_store_connections",
                           .help = "Connections to the store that are in use or wait for use.",
                           .kind = CW_METRIC_GAUGE,
                           .labels = {"state"}},
    [STORE_CONNECTIONS_MAX] = {.name = "cartwright_store_connections_max",
                               .help = "Connections to the store that may be open.",
                               .kind = CW_METRIC_GAUGE},
    [STORE_WAITING] = {.name = "cartwright_store_waiting",
                       .help = "Threads that wait for a connection to the store.",
                       .kind = CW_METRIC_GAUGE},
    [MEMORY] = {.name = "process_resident_memory_bytes",
                .help = "Resident memory of the process.",
                .kind = CW_METRIC_GAUGE},
    [DESCRIPTORS] = {.name = "process_open_fds",
                     .help = "File descriptors that are open: connections, files, the store's.",
                     .kind = CW_METRIC_GAUGE},
    [DESCRIPTOR_LIMIT] = {.name = "process_max_fds",
                          .help = "File descriptors that may be open.",
                          .kind = CW_METRIC_GAUGE},
    [BUILD] = {.name = "cartwright_build_info",
               .help = "1, with the version of the program.",
               .kind = CW_METRIC_GAUGE,
               .labels = {"version"}},
    [UPTIME] = {.name = "cartwright_uptime_seconds",
                .help = "Seconds since the server started.",
                .kind = CW_METRIC_GAUGE},
};

static struct cw_metric *get_one(struct cw_metric_family *family, const char *label)
{
    const char *values[CW_METRIC_LABELS_MAX] = {label};
    return cw_metric_get(family, values);
}

cw_status cw_api_metrics_new(struct cw_api_metrics **metrics, struct cw_error *error)
{
    struct cw_api_metrics *made = calloc(1, sizeof *made);
    if (made == NULL) {
        return cw_error_set(error, CW_E_NO_MEMORY, NULL, "no memory for the metrics");
    }
    made->started_at = cw_time_now();
    cw_status status = cw_metrics_new(&made->registry, error);
    for (int i = 0; i < FAMILY_COUNT && status == CW_OK; i++) {
        status = cw_metrics_add(made->registry, &options[i], &made->families[i], error);
    }
    if (status != CW_OK) {
        cw_api_metrics_free(made);
        return status;
    }
    made->connections = get_one(made->families[CONNECTIONS], NULL);
    made->queue = get_one(made->families[QUEUE], NULL);
    made->queued_jobs = get_one(made->families[JOBS], "queued");
    made->running_jobs = get_one(made->families[JOBS], "running");
    made->exports = get_one(made->families[EXPORTS], NULL);
    made->store_up = get_one(made->families[STORE_UP], NULL);
    made->store_busy = get_one(made->families[STORE_CONNECTIONS], "busy");
    made->store_idle = get_one(made->families[STORE_CONNECTIONS], "idle");
    made->store_most = get_one(made->families[STORE_CONNECTIONS_MAX], NULL);
    made->store_waiting = get_one(made->families[STORE_WAITING], NULL);
    made->memory = get_one(made->families[MEMORY], NULL);
    made->uptime = get_one(made->families[UPTIME], NULL);
    made->descriptors = get_one(made->families[DESCRIPTORS], NULL);
    made->descriptor_limit = get_one(made->families[DESCRIPTOR_LIMIT], NULL);
    cw_metric_set(get_one(made->families[BUILD], CW_PROGRAM_VERSION), 1);
    /* Zeros are worth showing: rates begin there. */
    for (int i = 0; i < CW_ENTITY_COUNT; i++) {
        get_one(made->families[ROWS], cw_entity_get((enum cw_entity_id)i)->table);
    }
    get_one(made->families[CHECKED], NULL);
    get_one(made->families[JOBS_FINISHED], "succeeded");
    get_one(made->families[JOBS_FINISHED], "failed");
    get_one(made->families[JOBS_FINISHED], "cancelled");
    *metrics = made;
    return CW_OK;
}

void cw_api_metrics_free(struct cw_api_metrics *metrics)
{
    if (metrics != NULL) {
        cw_metrics_free(metrics->registry);
        free(metrics);
    }
}

void cw_api_count_request(struct cw_api *api, const struct cw_exchange *exchange, int64_t microseconds)
{
    char status[CW_DECIMAL_SLACK + 1];
    const char *route = exchange->route != NULL ? exchange->route->path : "none";
    /* Methods from outside that no route has would make series without end. */
    const char *method = exchange->route != NULL ? exchange->route->method : "other";
    *cw_decimal_i32(status, exchange->reply.status) = '\0';
    const char *labels[CW_METRIC_LABELS_MAX] = {method, route, status};
    cw_metric_add(cw_metric_get(api->metrics->families[REQUESTS], labels), 1);
    cw_metric_observe(cw_metric_get(api->metrics->families[LATENCY], labels), (double)microseconds / 1e6);
    if (exchange->reply.status >= 400) {
        cw_metric_add(get_one(api->metrics->families[ERRORS], status), 1);
    }
}

void cw_api_count_rows(struct cw_api *api, const int64_t rows[CW_ENTITY_COUNT])
{
    for (int i = 0; i < CW_ENTITY_COUNT; i++) {
        if (rows[i] > 0) {
            cw_metric_add(get_one(api->metrics->families[ROWS], cw_entity_get((enum cw_entity_id)i)->table),
                          rows[i]);
        }
    }
}

void cw_api_count_job(struct cw_api *api, const char *state)
{
    cw_metric_add(get_one(api->metrics->families[JOBS_FINISHED], state), 1);
}

void cw_api_count_violations(struct cw_api *api, const struct cw_validation *validation)
{
    for (size_t i = 0; i < validation->count; i++) {
        const struct cw_rule_result *result = &validation->results[i];
        cw_metric_add(get_one(api->metrics->families[CHECKED], NULL), result->checked);
        if (result->violations > 0) {
            cw_metric_add(get_one(api->metrics->families[VIOLATIONS], result->rule), result->violations);
        }
    }
}

void cw_api_count_connection(struct cw_api *api, int change)
{
    cw_metric_add(api->metrics->connections, change);
}

void cw_api_set_queue(struct cw_api *api, int64_t waiting)
{
    cw_metric_set(api->metrics->queue, waiting);
}

/* Resident bytes, from the second number of /proc/self/statm; 0 when it can't be read. */
static int64_t resident_memory(void)
{
    long long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file != NULL) {
        char line[128];
        if (fgets(line, sizeof line, file) != NULL) {
            char *second = strchr(line, ' ');
            pages = second != NULL ? strtoll(second, NULL, 10) : 0;
        }
        fclose(file);
    }
    return pages * sysconf(_SC_PAGESIZE);
}

static int64_t open_descriptors(void)
{
    int64_t count = 0;
    DIR *folder = opendir("/proc/self/fd");
    while (folder != NULL && readdir(folder) != NULL) {
        count++;
    }
    if (folder != NULL) {
        closedir(folder);
    }
    /* Not itself, nor the two entries that every folder has. */
    return count > 3 ? count - 3 : 0;
}

static int64_t descriptor_limit(void)
{
    struct rlimit limit;
    return getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < INT64_MAX ? (int64_t)limit.rlim_cur : 0;
}

static void set_store_connections(struct cw_api *api)
{
    struct cw_store_connections connections;
    cw_store_count_connections(api->store, &connections);
    cw_metric_set(api->metrics->store_busy, connections.busy);
    cw_metric_set(api->metrics->store_idle, connections.idle);
    cw_metric_set(api->metrics->store_most, connections.most);
    cw_metric_set(api->metrics->store_waiting, connections.waiting);
}

cw_status cw_get_metrics(struct cw_exchange *exchange, struct cw_error *error)
{
    struct cw_api_metrics *metrics = exchange->api->metrics;
    uint32_t queued = 0;
    uint32_t running = 0;
    cw_job_counts(exchange->api->jobs, &queued, &running);
    cw_metric_set(metrics->queued_jobs, queued);
    cw_metric_set(metrics->running_jobs, running);
    cw_metric_set(metrics->exports, cw_export_streams_count(exchange->api->exports));
    cw_metric_set(metrics->store_up, cw_store_probe_is_up(exchange->api->probe) ? 1 : 0);
    set_store_connections(exchange->api);
    cw_metric_set(metrics->memory, resident_memory());
    cw_metric_set(metrics->descriptors, open_descriptors());
    cw_metric_set(metrics->descriptor_limit, descriptor_limit());
    cw_metric_set(metrics->uptime, (cw_time_now() - metrics->started_at) / 1000000);
    exchange->reply.status = 200;
    exchange->reply.media_type = "text/plain; version=0.0.4; charset=utf-8";
    return cw_metrics_render(metrics->registry, &exchange->reply.body, error);
}
