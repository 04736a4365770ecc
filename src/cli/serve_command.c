#define _POSIX_C_SOURCE 200809L
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/console.h"
#include "service/json_read.h"
#include "service/server.h"
#include "service/service_manager.h"
#include "service/values.h"

#define DEFAULT_STORE "cartwright.db"
#define DEFAULT_ADDRESS "127.0.0.1"
#define DEFAULT_PORT 8080
#define DEFAULT_CONNECTIONS 4096
#define DEFAULT_TIMEOUT 30
#define DEFAULT_LARGEST_COUNT INT64_C(10000000)
#define DEFAULT_LARGEST_BODY (INT64_C(1) << 20)
/* Less than TimeoutStopSec of packaging/cartwright.service. */
#define CLOSING_SECONDS_MAX 30

/* The shop that a new store opens with. */
#define SHOP_SEED 20260101
#define SHOP_CUSTOMERS 200
#define SHOP_PRODUCTS 120
#define SHOP_ORDERS 600

static const struct cw_option serve_options[] = {
    {"store", "PATH|URI",
     "The store: a SQLite file, made when it is not there, or postgresql://...; cartwright.db by default",
     NULL},
    {"address", "IP", "Address to listen on; 127.0.0.1 by default", NULL},
    {"port", "N", "Port to listen on; 8080 by default, 0 for any free one", CW_COUNT(0, 65535)},
    {"threads", "N", "Threads that serve connections; one per processor by default", CW_COUNT(1, 64)},
    {"workers", "N", "Threads that make answers, begun as they are needed; 96 by default", CW_COUNT(1, 256)},
    {"connections", "N", "Connections at the same time; 4096 by default", CW_COUNT(1, 100000)},
    {"timeout", "SECONDS", "In which a request must arrive and an answer be read; 30 by default",
     CW_COUNT(1, 3600)},
    {"max-count", "N", "Most customers, products and orders of one request; 10M by default",
     CW_COUNT(1, INT64_C(1000000000))},
    {"max-body", "BYTES", "Largest body of a request; 1M by default, 4M at most",
     CW_COUNT(1024, CW_JSON_SIZE_MAX)},
    {"rate", "N", "Requests a minute that each caller may send; without limit by default",
     CW_COUNT(1, 1000000)},
    {"burst", "N", "How many of them may come at once; all by default", CW_COUNT(1, 1000000)},
    {"concurrency", "N", "Requests of each caller at the same time; without limit by default",
     CW_COUNT(1, 100000)},
    {"auth", NULL, "Ask for a key or token, also on loopback without any", NULL},
    {"no-auth", NULL, "Let everybody in, also where others can reach the server", NULL},
    {"jwks", "FILE", "Take JSON Web Tokens that these keys have signed (HS256, RS256, EdDSA)", NULL},
    {"jwt-secret", "FILE", "Take tokens that this secret has signed (HS256)", NULL},
    {"jwt-issuer", "TEXT", "Take tokens of this issuer only", NULL},
    {"jwt-audience", "TEXT", "Take tokens for this audience only; none by default", NULL},
    {"job-lease", "SECONDS", "After which a job is taken from a server that is silent; 30 by default",
     CW_COUNT(1, 3600)},
    {"seed-shop", NULL, "Put a small shop into an empty store; this is the default", NULL},
    {"no-seed-shop", NULL, "Leave an empty store empty", NULL},
    {"quiet", NULL, "No line per request on stderr", NULL},
    CW_CONFIG_OPTION,
};

static cw_status read_limits(const struct cw_arguments *arguments, struct cw_server_options *server,
                             struct cw_error *error)
{
    int64_t body = DEFAULT_LARGEST_BODY;
    int64_t concurrency = 0;
    int64_t lease = 0;
    cw_status status = cw_argument_count(arguments, "max-body", &body, error);
    if (status == CW_OK) {
        status = cw_argument_count(arguments, "rate", &server->rate, error);
    }
    if (status == CW_OK) {
        status = cw_argument_count(arguments, "burst", &server->burst, error);
    }
    if (status == CW_OK) {
        status = cw_argument_count(arguments, "concurrency", &concurrency, error);
    }
    if (status == CW_OK) {
        status = cw_argument_count(arguments, "job-lease", &lease, error);
    }
    server->job_lease = (uint32_t)lease;
    server->largest_body = (uint32_t)body;
    server->concurrency = (uint32_t)concurrency;
    return status;
}

static void read_access(const struct cw_arguments *arguments, struct cw_access_options *access)
{
    access->is_demanded = cw_argument_given(arguments, "auth");
    access->is_off = cw_argument_given(arguments, "no-auth");
    access->jwks = cw_argument(arguments, "jwks");
    access->jwt_secret = cw_argument(arguments, "jwt-secret");
    access->jwt_issuer = cw_argument(arguments, "jwt-issuer");
    access->jwt_audience = cw_argument(arguments, "jwt-audience");
}

static cw_status read_options(const struct cw_arguments *arguments, struct cw_server_options *server,
                              struct cw_error *error)
{
    int64_t port = DEFAULT_PORT;
    int64_t threads = 0;
    int64_t workers = 0;
    int64_t connections = DEFAULT_CONNECTIONS;
    int64_t timeout = DEFAULT_TIMEOUT;
    const char *address = cw_argument(arguments, "address");
    server->largest_count = DEFAULT_LARGEST_COUNT;
    cw_status status = cw_argument_count(arguments, "port", &port, error);
    if (status == CW_OK) {
        status = cw_argument_count(arguments, "threads", &threads, error);
    }
    if (status == CW_OK) {
        status = cw_argument_count(arguments, "workers", &workers, error);
    }
    if (status == CW_OK) {
        status = cw_argument_count(arguments, "connections", &connections, error);
    }
    if (status == CW_OK) {
        status = cw_argument_count(arguments, "timeout", &timeout, error);
    }
    if (status == CW_OK) {
        status = cw_argument_count(arguments, "max-count", &server->largest_count, error);
    }
    if (status == CW_OK) {
        status = read_limits(arguments, server, error);
    }
    read_access(arguments, &server->access);
    server->address = address != NULL ? address : DEFAULT_ADDRESS;
    server->port = (uint16_t)port;
    server->threads = (uint32_t)threads;
    server->workers = (uint32_t)workers;
    server->connections = (uint32_t)connections;
    server->timeout = (uint32_t)timeout;
    server->quiet = cw_argument_given(arguments, "quiet");
    return status;
}

/* Another process that began at the same moment may have been faster. */
static cw_status must_be_first(void *context, const struct cw_store_run *run,
                               const struct cw_kept_answer **answer, struct cw_error *error)
{
    (void)context;
    (void)answer;
    return cw_priors_of(&run->spec).customer_runs == 0
               ? CW_OK
               : cw_error_set(error, CW_E_CONFLICT, "store", "the store is not empty any more");
}

/* Puts a small shop into a store without customers. */
static cw_status seed_shop(struct cw_store *store, struct cw_progress *progress, struct cw_error *error)
{
    struct cw_store_run_options run = {.progress = progress, .made = must_be_first};
    struct cw_store_run made;
    int64_t customers = 0;
    cw_status status = cw_store_count(store, CW_ENTITY_CUSTOMER, &customers, error);
    if (status != CW_OK || customers > 0) {
        return status;
    }
    cw_run_spec_init(&run.spec);
    run.spec.seed = SHOP_SEED;
    run.spec.customers = SHOP_CUSTOMERS;
    run.spec.products = SHOP_PRODUCTS;
    run.spec.orders = SHOP_ORDERS;
    status = cw_generate_store(store, &run, &made, error);
    if (status == CW_OK) {
        fprintf(stderr, "The store was empty: made a shop of %d customers, %d products and %d orders.\n",
                SHOP_CUSTOMERS, SHOP_PRODUCTS, SHOP_ORDERS);
    }
    const bool was_second = status == CW_E_CONFLICT &&
                            cw_store_count(store, CW_ENTITY_CUSTOMER, &customers, NULL) == CW_OK &&
                            customers > 0;
    return was_second ? CW_OK : status;
}

/* Says where the server is and what to try. */
static void greet(const struct cw_server_options *options, uint16_t port, bool asks_for_keys)
{
    const bool is_any = strcmp(options->address, "0.0.0.0") == 0 || strcmp(options->address, "::") == 0;
    const char *host = is_any ? "localhost" : options->address;
    const bool has_colons = strchr(host, ':') != NULL;
    char base[128];
    snprintf(base, sizeof base, "http://%s%s%s:%u", has_colons ? "[" : "", host, has_colons ? "]" : "", port);
    const char *key = asks_for_keys ? "-H \"Authorization: Bearer $CARTWRIGHT_KEY\" " : "";
    printf("Cartwright listens on %s (its API: %s/docs). Try next:\n\n"
           "  curl -s %s'%s/api/v1/customers?country=DE&limit=3'\n"
           "  curl -s %s-X POST %s/api/v1/generate/customers -H 'Content-Type: application/json' "
           "-d '{\"count\": 5, \"locale\": \"de-DE\", \"seed\": 42}'\n"
           "  curl -s %s-X POST %s/api/v1/generate/orders -H 'Content-Type: application/json' -H 'Accept: "
           "text/csv' "
           "-d '{\"count\": 10, \"behavior\": \"holiday\", \"persist\": false}'\n\n"
           "Stop it with Ctrl-C.\n",
           base, base, key, base, key, base, key, base);
    fflush(stdout);
}

/* Closing waits for what is under way, and that for the store. One that hangs must not keep the process:
 * everything is kept as if it had been killed, whole or not at all. */
static void *end_in_any_case(void *unused)
{
    const struct timespec patience = {.tv_sec = CLOSING_SECONDS_MAX};
    (void)unused;
    nanosleep(&patience, NULL);
    fprintf(stderr, "the store has not answered for %d seconds: ended without it\n", CLOSING_SECONDS_MAX);
    _exit(cw_status_exit_code(CW_E_UNAVAILABLE));
}

/* Serves until SIGINT or SIGTERM, which all threads of the server have blocked. */
static cw_status serve(const struct cw_server_options *options, struct cw_error *error)
{
    struct cw_server *server = NULL;
    sigset_t signals;
    int number = 0;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    const cw_status status = cw_server_open(options, &server, error);
    if (status != CW_OK) {
        return status;
    }
    greet(options, cw_server_port(server), cw_server_asks(server));
    cw_manager_notify("READY=1");
    sigwait(&signals, &number);
    cw_manager_notify("STOPPING=1");
    fprintf(stderr, "stopping: requests under way are finished, jobs go on when a server starts\n");
    pthread_t watchdog;
    if (pthread_create(&watchdog, NULL, end_in_any_case, NULL) == 0) {
        pthread_detach(watchdog);
    }
    cw_server_close(server);
    return CW_OK;
}

/* Opens the store. Where only its keys can say who may ask, it must be there already. A signal that comes
 * meanwhile ends the process at once: a database may let it wait. */
static cw_status open_store(const char *path, struct cw_server_options *server, struct cw_error *error)
{
    const struct cw_access_options *access = &server->access;
    const bool needs_keys = !cw_server_is_local(server->address) && !access->is_off && !access->is_demanded &&
                            access->jwks == NULL && access->jwt_secret == NULL;
    const struct cw_store_options options = {.location = path != NULL ? path : DEFAULT_STORE,
                                             .create = !needs_keys};
    const cw_status status = cw_store_open(&options, &server->store, error);
    if (status == CW_E_NOT_FOUND && needs_keys) {
        return cw_access_refuse(server->address, error);
    }
    return status == CW_OK ? cw_server_check(server, error) : status;
}

static int run_serve(const struct cw_arguments *arguments)
{
    struct cw_server_options server = {0};
    struct cw_progress progress = {0};
    struct cw_error error = {0};
    cw_status status = read_options(arguments, &server, &error);
    if (status == CW_OK) {
        status = cw_server_check(&server, &error);
    }
    if (status == CW_OK) {
        status = open_store(cw_argument(arguments, "store"), &server, &error);
    }
    if (status == CW_OK && !cw_argument_given(arguments, "no-seed-shop")) {
        cw_console_watch(&progress);
        status = seed_shop(server.store, &progress, &error);
        cw_console_watch(NULL);
    }
    if (status == CW_OK) {
        signal(SIGPIPE, SIG_IGN);
        status = serve(&server, &error);
    }
    cw_store_close(server.store);
    return status == CW_OK ? 0 : cw_console_fail(status, &error);
}

static cw_status check_serve(const struct cw_arguments *arguments, struct cw_error *error)
{
    struct cw_server_options server = {0};
    const cw_status status = read_options(arguments, &server, error);
    return status == CW_OK ? cw_server_check(&server, error) : status;
}

const struct cw_command cw_command_serve = {
    .name = "serve",
    .summary = "Answer requests over HTTP, upon a store",
    .arguments = "",
    .text =
        "Opens the store, made when it is not there, and listens. An empty store gets a small shop first. "
        "The API "
        "describes itself at /openapi.json and /docs; metrics are at /metrics. Each request is one line on "
        "stderr. Ctrl-C or SIGTERM stops it: requests under way are finished, jobs wait for the next server.",
    .options = serve_options,
    .option_count = sizeof serve_options / sizeof serve_options[0],
    .fewest = 0,
    .most = 0,
    .examples = "  cartwright serve\n"
                "  cartwright serve --store shop.db --port 9000 --quiet\n",
    .settings = "serve",
    .check = check_serve,
    .run = run_serve,
};
