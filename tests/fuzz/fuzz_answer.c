#define _POSIX_C_SOURCE 200809L
/* Requests through their handlers, against a store with a small shop: filters, cursors, columns, run specs
 * made of JSON bodies, checks of one row. Nothing is kept and no more than a few rows are made, so that one
 * input does not change what the next one meets. */
#include <dirent.h>
#include <stdio.h>
#include <unistd.h>

#include "http_target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MOST_ROWS 3

static struct cw_api api;
static struct cw_store *store;
static char folder[64];

static void require(bool condition)
{
    if (!condition) {
        abort();
    }
}

static void close_shop(void)
{
    char path[400];
    cw_api_clear(&api);
    cw_store_close(store);
    DIR *listing = opendir(folder);
    if (listing == NULL) {
        return;
    }
    for (const struct dirent *entry = readdir(listing); entry != NULL; entry = readdir(listing)) {
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        unlink(path);
    }
    closedir(listing);
    rmdir(folder);
}

static void open_shop(void)
{
    char path[96];
    struct cw_store_run_options run = {.threads = 1};
    struct cw_store_run made;
    snprintf(folder, sizeof folder, "/tmp/cartwright_fuzz_XXXXXX");
    require(mkdtemp(folder) != NULL);
    snprintf(path, sizeof path, "%s/shop.db", folder);
    const struct cw_store_options options = {.location = path, .create = true};
    require(cw_store_open(&options, &store, NULL) == CW_OK);
    require(cw_api_init(&api, store, MOST_ROWS, CW_JOB_LEASE, NULL) == CW_OK);
    require(atexit(close_shop) == 0);
    cw_run_spec_init(&run.spec);
    run.spec.seed = 1;
    run.spec.customers = 20;
    run.spec.products = 20;
    run.spec.orders = 30;
    require(cw_generate_store(store, &run, &made, NULL) == CW_OK);
}

/* A GET, or a generation that keeps nothing. The seed is fixed so that an input always does the same. */
static bool may_run(struct cw_exchange *exchange)
{
    if (strcmp(exchange->route->method, "GET") == 0) {
        return true;
    }
    const bool is_bulk = strcmp(exchange->route->path, "/api/v1/bulk") == 0;
    if (!is_bulk && strncmp(exchange->route->path, "/api/v1/generate/", 17) != 0) {
        return false;
    }
    json_object_set_new(exchange->json, "persist", json_false());
    if (!is_bulk) {
        json_object_set_new(exchange->json, "count", json_integer(MOST_ROWS));
    }
    if (json_object_get(exchange->json, "seed") == NULL) {
        json_object_set_new(exchange->json, "seed", json_integer(1));
    }
    return true;
}

static void check_answer(const struct cw_exchange *exchange)
{
    const struct cw_reply *reply = &exchange->reply;
    require(reply->status >= 200 && reply->status < 600 && reply->status != 500);
    if (reply->status >= 400) {
        fuzz_check_problem(exchange);
    } else if (reply->body.size > 0 && reply->media_type != NULL &&
               strcmp(reply->media_type, "application/json") == 0) {
        json_t *json = json_loadb(reply->body.data, reply->body.size, JSON_REJECT_DUPLICATES, NULL);
        require(json != NULL);
        json_decref(json);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cw_exchange exchange = {.api = &api};
    char *text = fuzz_text(data, size);
    if (text == NULL) {
        return 0;
    }
    if (store == NULL) {
        open_shop();
    }
    if (fuzz_prepare(&exchange, text, size) && may_run(&exchange)) {
        cw_route_run(&exchange);
        check_answer(&exchange);
    }
    cw_exchange_clear(&exchange);
    free(text);
    return 0;
}
