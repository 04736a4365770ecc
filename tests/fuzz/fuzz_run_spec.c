/* Run specs as JSON, such as a manifest's. What is accepted must resolve to a spec that writes itself as JSON
 * which reads as the same spec; and a small run of it must be made or refused, never break. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cartwright/run.h"
#include "service/run_request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MOST_PEOPLE 20
#define MOST_PRODUCTS 20
#define MOST_ORDERS 20

static void require(bool condition)
{
    if (!condition) {
        abort();
    }
}

static void check_again(const struct cw_run_spec *spec)
{
    struct cw_run_spec again;
    struct cw_buffer first = {0};
    struct cw_buffer second = {0};
    cw_run_spec_init(&again);
    require(cw_run_spec_json(spec, &first, NULL) == CW_OK);
    require(cw_run_spec_parse(first.data, first.size, &again, NULL) == CW_OK);
    require(cw_run_spec_resolve(&again, NULL) == CW_OK);
    require(cw_run_spec_json(&again, &second, NULL) == CW_OK);
    require(first.size == second.size && memcmp(first.data, second.data, first.size) == 0);
    cw_buffer_clear(&first);
    cw_buffer_clear(&second);
}

static void make(const struct cw_run_spec *spec)
{
    struct cw_selection selection = {{0}};
    struct cw_generation *generation = NULL;
    struct cw_worker *worker = NULL;
    const struct cw_batch *batches[CW_ENTITY_COUNT];
    for (int i = 0; i < CW_ENTITY_COUNT; i++) {
        cw_selection_add(&selection, (enum cw_entity_id)i);
    }
    if (cw_generation_new(spec, NULL, &selection, 0, 1, &generation, NULL) == CW_OK &&
        cw_worker_new(generation, &worker, NULL) == CW_OK) {
        const int64_t tasks = cw_generation_task_count(generation);
        for (int64_t task = 0; task < tasks; task++) {
            if (cw_worker_run(worker, task, batches, NULL) != CW_OK) {
                break;
            }
        }
    }
    cw_worker_free(worker);
    cw_generation_free(generation);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cw_run_spec spec;
    cw_run_spec_init(&spec);
    if (cw_run_spec_parse((const char *)data, size, &spec, NULL) != CW_OK ||
        cw_run_spec_resolve(&spec, NULL) != CW_OK) {
        return 0;
    }
    check_again(&spec);
    if (spec.customers <= MOST_PEOPLE && spec.products <= MOST_PRODUCTS && spec.orders <= MOST_ORDERS) {
        make(&spec);
    }
    return 0;
}
