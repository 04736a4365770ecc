/* Writes 1,000 German and French customers as CSV to standard output, using nothing but the installed
 * library:
 *
 *     cc customers_to_csv.c $(pkg-config --cflags --libs cartwright) -o customers_to_csv
 *
 * A row depends on the spec alone: run it twice, or on another machine, and compare. */
#include <stdio.h>
#include <string.h>

#include <cartwright/encode.h>
#include <cartwright/run.h>

#define CUSTOMERS 1000

/* The positions of a few columns of the customer entity, found by their names. */
static uint32_t choose_columns(const struct cw_entity *entity, uint32_t *columns,
                               struct cw_selection *selection)
{
    static const char *const names[] = {"id", "given_name", "family_name", "email", "city", "postal_code"};
    uint32_t count = 0;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const int column = cw_entity_column(entity, names[i], strlen(names[i]));
        if (column >= 0) {
            columns[count++] = (uint32_t)column;
            selection->columns[entity->id] |= UINT64_C(1) << column;
        }
    }
    return count;
}

/* Makes every task's rows and appends their text to out. */
static cw_status write_rows(struct cw_generation *generation, const struct cw_encoder *encoder,
                            enum cw_entity_id entity, struct cw_buffer *out, struct cw_error *error)
{
    struct cw_worker *worker = NULL;
    struct cw_chunk *chunk = NULL;
    struct cw_buffer note = {0};
    cw_status status = cw_encoder_head(encoder, out, error);
    if (status == CW_OK) {
        status = cw_worker_new(generation, &worker, error);
    }
    if (status == CW_OK) {
        status = cw_chunk_new(encoder, &chunk, error);
    }
    const int64_t tasks = cw_generation_task_count(generation);
    for (int64_t task = 0; task < tasks && status == CW_OK; task++) {
        const struct cw_batch *batches[CW_ENTITY_COUNT];
        status = cw_worker_run(worker, task, batches, error);
        if (status == CW_OK && batches[entity] != NULL) {
            status = cw_chunk_add(chunk, batches[entity], error);
        }
    }
    if (status == CW_OK) {
        status = cw_chunk_finish(chunk, true, out, &note, error);
    }
    cw_buffer_clear(&note);
    cw_chunk_free(chunk);
    cw_worker_free(worker);
    return status;
}

int main(void)
{
    const struct cw_entity *entity = cw_entity_get(CW_ENTITY_CUSTOMER);
    struct cw_error error;
    struct cw_run_spec spec;
    struct cw_selection selection = {0};
    struct cw_generation *generation = NULL;
    struct cw_encoder *encoder = NULL;
    struct cw_buffer out = {0};
    uint32_t columns[64];

    cw_run_spec_init(&spec);
    spec.seed = 42;
    spec.customers = CUSTOMERS;
    spec.market_shares[2] = 1; /* DE */
    spec.market_shares[3] = 1; /* FR */
    const struct cw_encoder_options options = {
        .format = CW_FORMAT_CSV,
        .entity = entity,
        .columns = columns,
        .column_count = choose_columns(entity, columns, &selection),
    };
    cw_status status = cw_run_spec_resolve(&spec, &error);
    if (status == CW_OK) {
        status = cw_generation_new(&spec, NULL, &selection, 0, 1, &generation, &error);
    }
    if (status == CW_OK) {
        status = cw_encoder_new(&options, &encoder, &error);
    }
    if (status == CW_OK) {
        status = write_rows(generation, encoder, entity->id, &out, &error);
    }
    if (status == CW_OK) {
        fwrite(out.data, 1, out.size, stdout);
    } else {
        fprintf(stderr, "customers_to_csv: %s\n", error.message);
    }
    cw_buffer_clear(&out);
    cw_encoder_free(encoder);
    cw_generation_free(generation);
    return cw_status_exit_code(status);
}
