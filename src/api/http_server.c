#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "api/acceptor.h"
#include "api/api_metrics.h"
#include "api/export_stream.h"
#include "api/http_call.h"
#include "service/produce.h"

#define TICK_NANOSECONDS 200000000L
#define QUEUE_LIMIT 4096
/* Workers wait for the store most of the time, and writes that wait together share one transaction. More of
 * them would make those larger, and let reads overtake writes that came before: fewer requests wait long with
 * these. */
#define WORKERS 96
/* Request line and headers have to fit; the library clears all of it for each request. */
#define CONNECTION_MEMORY 16384
/* How long closing waits for requests under way. */
#define CLOSING_SECONDS 10
/* And for how many of its pauses none must be under way. */
#define QUIET_PAUSES 5

/* ---- The ticker: deadlines, streams, gauges ---- */

static void wait_for_tick(struct cw_server *server)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += TICK_NANOSECONDS;
    if (until.tv_nsec >= 1000000000L) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000L;
    }
    pthread_mutex_lock(&server->ticker_lock);
    int waited = 0;
    while (!server->has_news && !server->ticker_ends && waited == 0) {
        waited = pthread_cond_timedwait(&server->ticker_wakes, &server->ticker_lock, &until);
    }
    server->has_news = false;
    pthread_mutex_unlock(&server->ticker_lock);
}

static void *tick(void *context)
{
    struct cw_server *server = context;
    bool ends = false;
    while (!ends) {
        wait_for_tick(server);
        const int64_t now = cw_clock_now();
        cw_watch_reap(&server->watch, now);
        cw_event_streams_tick(&server->streams, now);
        cw_api_set_queue(&server->api, cw_work_pool_waiting(server->pool));
        pthread_mutex_lock(&server->ticker_lock);
        ends = server->ticker_ends;
        pthread_mutex_unlock(&server->ticker_lock);
    }
    return NULL;
}

/* Called after every change of a job. */
static void hear_news(void *context)
{
    struct cw_server *server = context;
    pthread_mutex_lock(&server->ticker_lock);
    server->has_news = true;
    pthread_cond_signal(&server->ticker_wakes);
    pthread_mutex_unlock(&server->ticker_lock);
}

/* ---- libmicrohttpd ---- */

static void note_connection(void *context, struct MHD_Connection *connection, void **watched,
                            enum MHD_ConnectionNotificationCode what)
{
    struct cw_server *server = context;
    if (what == MHD_CONNECTION_NOTIFY_STARTED) {
        const union MHD_ConnectionInfo *info =
            MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
        const int64_t deadline = cw_clock_now() + (int64_t)server->options.timeout * 1000000;
        *watched = info != NULL ? cw_watch_add(&server->watch, info->connect_fd, deadline) : NULL;
        atomic_fetch_sub(&server->arriving, 1);
        cw_api_count_connection(&server->api, 1);
    } else {
        if (*watched != NULL) {
            cw_call_forgotten(server, *watched);
            cw_watch_remove(&server->watch, *watched);
            *watched = NULL;
        }
        cw_api_count_connection(&server->api, -1);
        cw_acceptor_make_room(server->acceptor);
    }
}

/* A connection that is just begun counts twice for a moment, never not at all. */
static int64_t find_room(void *context)
{
    struct cw_server *server = context;
    const int64_t arriving = atomic_load(&server->arriving);
    return (int64_t)server->options.connections - arriving - cw_watch_count(&server->watch);
}

static void take_connection(void *context, int descriptor, const struct sockaddr *address, socklen_t size)
{
    struct cw_server *server = context;
    atomic_fetch_add(&server->arriving, 1);
    if (MHD_add_connection(server->daemon, descriptor, address, size) != MHD_YES) {
        atomic_fetch_sub(&server->arriving, 1);
    }
}

/* Targets stay as they were sent: decoding is ours, and strict. */
static size_t keep_escapes(void *context, struct MHD_Connection *connection, char *text)
{
    (void)context;
    (void)connection;
    return strlen(text);
}

static cw_status find_address(const struct cw_server_options *options, struct sockaddr_storage *address,
                              struct cw_error *error)
{
    struct addrinfo *found = NULL;
    char port[8];
    const struct addrinfo hints = {.ai_family = AF_UNSPEC,
                                   .ai_socktype = SOCK_STREAM,
                                   .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE};
    snprintf(port, sizeof port, "%u", options->port);
    if (getaddrinfo(options->address, port, &hints, &found) != 0) {
        return cw_error_set(error, CW_E_INVALID, "address",
                            "address is '%.60s'; expected an IPv4 or IPv6 address such as 127.0.0.1",
                            options->address);
    }
    memcpy(address, found->ai_addr, found->ai_addrlen);
    freeaddrinfo(found);
    return CW_OK;
}

bool cw_server_is_local(const char *address)
{
    struct sockaddr_storage found;
    const struct cw_server_options options = {.address = address};
    if (find_address(&options, &found, NULL) != CW_OK) {
        return false;
    }
    if (found.ss_family == AF_INET) {
        struct sockaddr_in narrow;
        memcpy(&narrow, &found, sizeof narrow);
        return ntohl(narrow.sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
    }
    struct sockaddr_in6 wide;
    memcpy(&wide, &found, sizeof wide);
    const bool is_mapped =
        IN6_IS_ADDR_V4MAPPED(&wide.sin6_addr) && wide.sin6_addr.s6_addr[12] == IN_LOOPBACKNET;
    return IN6_IS_ADDR_LOOPBACK(&wide.sin6_addr) || is_mapped;
}

/* Finds out who may ask, which is refused when nothing says so and others can reach the server. */
static cw_status open_access(const struct cw_server_options *options, struct cw_access **access,
                             struct cw_error *error)
{
    return cw_access_new(&options->access, options->store,
                         cw_server_is_local(options->address) ? NULL : options->address, access, error);
}

cw_status cw_server_check(const struct cw_server_options *options, struct cw_error *error)
{
    struct sockaddr_storage address;
    struct cw_access *access = NULL;
    cw_status status = find_address(options, &address, error);
    if (status == CW_OK && options->store != NULL) {
        status = open_access(options, &access, error);
        cw_access_free(access);
    }
    return status;
}

/* As many descriptors as allowed: each connection needs one. */
static void raise_descriptor_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

/* The library's own limit of connections is never met: the acceptor keeps those that are too many waiting,
 * and the library would close them. */
static cw_status start_daemon(struct cw_server *server, struct cw_error *error)
{
    const struct cw_server_options *options = &server->options;
    const unsigned flags =
        MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_NO_LISTEN_SOCKET;
    errno = 0;
    server->daemon = MHD_start_daemon(
        flags, 0, NULL, NULL, cw_call_continue, server, MHD_OPTION_THREAD_POOL_SIZE, options->threads,
        MHD_OPTION_CONNECTION_LIMIT, 2 * options->connections + options->threads,
        MHD_OPTION_CONNECTION_TIMEOUT, options->timeout, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        (size_t)CONNECTION_MEMORY, MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_UNESCAPE_CALLBACK,
        keep_escapes, server, MHD_OPTION_URI_LOG_CALLBACK, cw_call_begin, server, MHD_OPTION_NOTIFY_COMPLETED,
        cw_call_end, server, MHD_OPTION_NOTIFY_CONNECTION, note_connection, server, MHD_OPTION_END);
    if (server->daemon == NULL) {
        return cw_error_set(error, CW_E_IO, NULL, "the HTTP library can't start: %s",
                            errno != 0 ? strerror(errno) : "it refused");
    }
    return CW_OK;
}

static cw_status start_listening(struct cw_server *server, struct cw_error *error)
{
    struct sockaddr_storage address = {0};
    const struct cw_server_options *options = &server->options;
    const struct cw_acceptor_user user = {server, find_room, take_connection};
    struct cw_error cause = {0};
    cw_status status = find_address(options, &address, error);
    if (status != CW_OK) {
        return status;
    }
    status = cw_acceptor_open(&address, &user, &server->acceptor, &cause);
    if (status != CW_OK) {
        cw_error_set(error, status, "port", "can't listen on %s port %u: %s", options->address, options->port,
                     cause.message);
        if (error != NULL) {
            error->native_code = cause.native_code;
        }
    }
    return status;
}

static cw_status start_ticker(struct cw_server *server, struct cw_error *error)
{
    if (pthread_create(&server->ticker, NULL, tick, server) != 0) {
        return cw_error_set(error, CW_E_NO_MEMORY, NULL, "no thread for the server");
    }
    server->has_ticker = true;
    cw_job_runner_listen(server->api.jobs, hear_news, server);
    return CW_OK;
}

static void init_locks(struct cw_server *server)
{
    pthread_condattr_t monotonic;
    pthread_mutex_init(&server->watch.lock, NULL);
    pthread_mutex_init(&server->streams.lock, NULL);
    pthread_mutex_init(&server->ticker_lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&server->ticker_wakes, &monotonic);
    pthread_condattr_destroy(&monotonic);
}

cw_status cw_server_open(const struct cw_server_options *options, struct cw_server **server,
                         struct cw_error *error)
{
    struct cw_server *made = calloc(1, sizeof *made);
    if (made == NULL) {
        return cw_error_set(error, CW_E_NO_MEMORY, NULL, "no memory for the server");
    }
    made->options = *options;
    if (made->options.threads == 0) {
        made->options.threads = cw_processor_count() < 8 ? cw_processor_count() : 8;
    }
    const uint32_t workers = options->workers != 0 ? options->workers : WORKERS;
    const int64_t lease = options->job_lease != 0 ? (int64_t)options->job_lease * 1000000 : CW_JOB_LEASE;
    init_locks(made);
    raise_descriptor_limit();
    cw_status status = cw_api_init(&made->api, options->store, options->largest_count, lease, error);
    atomic_store(&made->api.is_quiet, options->quiet);
    if (status == CW_OK) {
        status = open_access(options, &made->api.access, error);
    }
    if (status == CW_OK &&
        (options->rate + options->concurrency > 0 || cw_access_is_required(made->api.access))) {
        /* Keys may have a rate of their own. */
        const struct cw_rate_options rates = {options->rate, options->burst, options->concurrency};
        status = cw_rate_limiter_new(&rates, &made->api.limiter, error);
    }
    if (status == CW_OK) {
        status = cw_work_pool_new(workers, QUEUE_LIMIT, cw_call_work, &made->pool, error);
    }
    if (status == CW_OK) {
        status = start_ticker(made, error);
    }
    if (status == CW_OK) {
        status = start_daemon(made, error);
    }
    if (status == CW_OK) {
        status = start_listening(made, error);
    }
    if (status != CW_OK) {
        cw_server_close(made);
        return status;
    }
    *server = made;
    return CW_OK;
}

uint16_t cw_server_port(const struct cw_server *server)
{
    return cw_acceptor_port(server->acceptor);
}

bool cw_server_asks(const struct cw_server *server)
{
    return cw_access_is_required(server->api.access);
}

/* Waits until no request has been under way for a moment, or long enough. Without the moment a request would
 * be cut that a client sent on a connection of before while it did not know yet that the server stops. */
static void wait_for_calls(struct cw_server *server)
{
    const struct timespec pause = {.tv_nsec = 10000000};
    const int64_t until = cw_clock_now() + CLOSING_SECONDS * INT64_C(1000000);
    for (int quiet = 0; quiet < QUIET_PAUSES && cw_clock_now() < until;) {
        nanosleep(&pause, NULL);
        quiet = atomic_load(&server->calls) > 0 ? 0 : quiet + 1;
    }
}

static void stop_ticker(struct cw_server *server)
{
    if (!server->has_ticker) {
        return;
    }
    pthread_mutex_lock(&server->ticker_lock);
    server->ticker_ends = true;
    pthread_cond_signal(&server->ticker_wakes);
    pthread_mutex_unlock(&server->ticker_lock);
    pthread_join(server->ticker, NULL);
    server->has_ticker = false;
}

void cw_server_close(struct cw_server *server)
{
    if (server == NULL) {
        return;
    }
    atomic_store(&server->api.is_stopping, true);
    if (server->acceptor != NULL) {
        cw_acceptor_stop(server->acceptor);
    }
    if (server->daemon != NULL) {
        cw_event_streams_stop(&server->streams);
        cw_job_runner_stop(server->api.jobs);
        wait_for_calls(server);
        cw_export_streams_stop(server->api.exports);
        stop_ticker(server);
        /* The workers must have resumed every connection before the daemon stops. */
        cw_work_pool_close(server->pool);
        MHD_stop_daemon(server->daemon);
    }
    stop_ticker(server);
    cw_acceptor_free(server->acceptor);
    cw_work_pool_free(server->pool);
    cw_api_clear(&server->api);
    pthread_cond_destroy(&server->ticker_wakes);
    pthread_mutex_destroy(&server->watch.lock);
    pthread_mutex_destroy(&server->streams.lock);
    pthread_mutex_destroy(&server->ticker_lock);
    free(server);
}
