#include <stdio.h>
#include <string.h>
#include <unistd.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "cli/commands.h"
#include "cli/console.h"
#include "cli/generate_options.h"
#include "service/generate_store.h"
#include "service/values.h"

/* Of a load into a store with rows. */
#define LOAD_MEMORY_LEAST (INT64_C(128) << 20)
#define LOAD_MEMORY_MOST (INT64_C(1) << 30)

static void summarize(const char *where, const int64_t rows[CW_ENTITY_COUNT])
{
    for (int i = 0; i < CW_ENTITY_COUNT; i++) {
        if (rows[i] > 0) {
            fprintf(stderr, "  %-22s %12lld rows\n", cw_entity_get((enum cw_entity_id)i)->table,
                    (long long)rows[i]);
        }
    }
    fprintf(stderr, "%s\n", where);
}

static cw_status to_files(struct cw_generate_options *options, struct cw_progress *progress,
                          struct cw_error *error)
{
    struct cw_manifest manifest;
    const struct cw_file_run run = {.spec = &options->spec,
                                    .selection = &options->selection,
                                    .format = (enum cw_format)options->format,
                                    .compression = (enum cw_compression)options->compression,
                                    .compression_level = options->compression_level,
                                    .directory = options->out,
                                    .force = options->force,
                                    .threads = options->threads,
                                    .shard = options->shard,
                                    .shards = options->shards,
                                    .progress = progress};
    struct cw_console_progress *shown = cw_console_progress_start(progress, options->quiet);
    const cw_status status = cw_generate_files(&run, &manifest, error);
    cw_console_progress_stop(shown);
    if (status == CW_OK && !options->quiet) {
        int64_t rows[CW_ENTITY_COUNT];
        char name[64];
        char where[512];
        for (int i = 0; i < CW_ENTITY_COUNT; i++) {
            rows[i] = manifest.tables[i].rows;
        }
        cw_manifest_name(manifest.shard, manifest.shards, name, sizeof name);
        snprintf(where, sizeof where, "wrote %.400s/%s", options->out, name);
        summarize(where, rows);
    }
    return status;
}

static cw_status to_stdout(struct cw_generate_options *options, struct cw_progress *progress,
                           struct cw_error *error)
{
    static const struct cw_descriptor descriptor = {STDOUT_FILENO, "to stdout"};
    struct cw_output output = {.format = (enum cw_format)options->format,
                               .compression = (enum cw_compression)options->compression,
                               .compression_level = options->compression_level,
                               .sink = cw_descriptor_sink_get(&descriptor)};
    while (options->selection.columns[output.entity] == 0) {
        output.entity++;
    }
    output.columns = options->selection.columns[output.entity];
    const struct cw_produce_options produce = {.spec = &options->spec,
                                               .shard = options->shard,
                                               .shards = options->shards,
                                               .threads = options->threads,
                                               .outputs = &output,
                                               .output_count = 1,
                                               .progress = progress};
    /* Progress would mix with the rows where both go to the terminal. */
    struct cw_console_progress *shown =
        cw_console_progress_start(progress, options->quiet || isatty(STDOUT_FILENO) == 1);
    const cw_status status = cw_produce(&produce, error);
    cw_console_progress_stop(shown);
    return status;
}

static cw_status drop(void *context, const void *bytes, size_t size, struct cw_error *error)
{
    (void)context;
    (void)bytes;
    (void)size;
    (void)error;
    return CW_OK;
}

static cw_status to_nowhere(struct cw_generate_options *options, struct cw_progress *progress,
                            struct cw_error *error)
{
    struct cw_output outputs[CW_ENTITY_COUNT] = {0};
    size_t count = 0;
    int64_t rows[CW_ENTITY_COUNT] = {0};
    for (int i = 0; i < CW_ENTITY_COUNT; i++) {
        if (options->selection.columns[i] != 0) {
            outputs[count++] = (struct cw_output){.entity = (enum cw_entity_id)i,
                                                  .columns = options->selection.columns[i],
                                                  .format = (enum cw_format)options->format,
                                                  .compression = (enum cw_compression)options->compression,
                                                  .compression_level = options->compression_level,
                                                  .sink = {drop, NULL}};
        }
    }
    const struct cw_produce_options produce = {.spec = &options->spec,
                                               .shard = options->shard,
                                               .shards = options->shards,
                                               .threads = options->threads,
                                               .outputs = outputs,
                                               .output_count = count,
                                               .progress = progress};
    struct cw_console_progress *shown = cw_console_progress_start(progress, options->quiet);
    const cw_status status = cw_produce(&produce, error);
    cw_console_progress_stop(shown);
    int64_t bytes = 0;
    for (size_t i = 0; i < count; i++) {
        rows[outputs[i].entity] = outputs[i].rows;
        bytes += outputs[i].bytes;
    }
    if (status == CW_OK && !options->quiet) {
        char where[64];
        snprintf(where, sizeof where, "made and discarded %lld bytes", (long long)bytes);
        summarize(where, rows);
    }
    return status;
}

/* An eighth of the machine's memory, within bounds. */
static int64_t load_memory(void)
{
    const int64_t bytes = (int64_t)sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE) / 8;
    const int64_t most = bytes < LOAD_MEMORY_MOST ? bytes : LOAD_MEMORY_MOST;
    return most > LOAD_MEMORY_LEAST ? most : LOAD_MEMORY_LEAST;
}

/* code: the exit code of a run that was kept; printing its id may have failed. */
static cw_status to_store(struct cw_generate_options *options, struct cw_progress *progress, int *code,
                          struct cw_error *error)
{
    struct cw_buffer out = {0};
    struct cw_store *store = NULL;
    struct cw_store_run run;
    char id[CW_UUID_TEXT];
    const struct cw_store_options location = {
        .location = options->store, .create = true, .load_memory = load_memory()};
    cw_status status = cw_store_open(&location, &store, error);
    if (status != CW_OK) {
        return status;
    }
    const struct cw_store_run_options what = {
        .spec = options->spec, .threads = options->threads, .progress = progress};
    struct cw_console_progress *shown = cw_console_progress_start(progress, options->quiet);
    status = cw_generate_store(store, &what, &run, error);
    cw_console_progress_stop(shown);
    char where[512] = "";
    if (status == CW_OK) {
        cw_uuid_text(&run.id, id);
        snprintf(where, sizeof where, "run %s in %.400s", id, cw_store_name(store));
    }
    cw_store_close(store);
    if (status != CW_OK) {
        return status;
    }
    if (!options->quiet) {
        summarize(where, run.rows);
    }
    status = cw_buffer_format(&out, error, "%s\n", id);
    *code = status == CW_OK ? cw_console_print(&out) : 0;
    return status;
}

#define LARGEST_HEAP_PIECE (32 << 20) /* the most that glibc takes for this */
#define KEPT_FREE (1 << 30)

/* The threads of a run share one heap: they take memory rarely and in large pieces, and what one gives back
 * another needs next. So it is kept rather than given to the system, which would have to clear it again. */
static void share_heap(void)
{
#ifdef __GLIBC__
    mallopt(M_ARENA_MAX, 1);
    mallopt(M_MMAP_THRESHOLD, LARGEST_HEAP_PIECE);
    mallopt(M_TRIM_THRESHOLD, KEPT_FREE);
#endif
}

static int run_generate(const struct cw_arguments *arguments)
{
    struct cw_generate_options options;
    struct cw_error error = {0};
    struct cw_progress progress = {0};
    int code = 0;
    share_heap();
    cw_status status = cw_generate_options_read(arguments, &options, &error);
    if (status == CW_OK && options.store == NULL) {
        status = cw_run_spec_resolve(&options.spec, &error);
    }
    if (status == CW_OK) {
        cw_console_watch(&progress);
        status = options.store != NULL           ? to_store(&options, &progress, &code, &error)
                 : options.discard               ? to_nowhere(&options, &progress, &error)
                 : strcmp(options.out, "-") == 0 ? to_stdout(&options, &progress, &error)
                                                 : to_files(&options, &progress, &error);
        cw_console_watch(NULL);
    }
    return status == CW_OK ? code : cw_console_fail(status, &error);
}

/* The option that sets a field of the spec. */
static const char *option_of(const char *field)
{
    static const char *const names[][2] = {{"as_of", "as-of"},
                                           {"date_range", "from"},
                                           {"date_range.from", "from"},
                                           {"date_range.to", "to"},
                                           {"price_range.max", "price-max"},
                                           {"price_range.min", "price-min"},
                                           {"products_per_category", "products-per-category"}};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(names[i][0], field) == 0) {
            return names[i][1];
        }
    }
    return field;
}

static cw_status check_generate(const struct cw_arguments *arguments, struct cw_error *error)
{
    struct cw_generate_options options;
    struct cw_error cause = {0};
    cw_status status = cw_generate_options_read(arguments, &options, error);
    if (status == CW_OK && (status = cw_run_spec_resolve(&options.spec, &cause)) != CW_OK) {
        cw_error_set(error, status, option_of(cause.field), "%s", cause.message);
    }
    return status;
}

const struct cw_command cw_command_generate = {
    .name = "generate",
    .summary = "Make a shop, or parts of it, into files, stdout or a store",
    .arguments = "",
    .text = "Makes customers, a catalogue, stock and orders that belong together. The same options give the "
            "same bytes "
            "on every machine and with any number of threads. Without counts a small shop is made, as with "
            "--scale 1, "
            "into the directory cartwright-data: DIR/<table>/part-00000.<format>, and last DIR/manifest.json "
            "with the "
            "run spec, rows and SHA-256 of every file. With --store the rows join those of a store, and the "
            "id of the "
            "run is printed. Interrupted, it leaves no file that looks whole.",
    .options = cw_generate_option_table,
    .option_count = CW_GENERATE_OPTION_COUNT,
    .examples =
        "  cartwright generate\n"
        "  cartwright generate --scale 100 --format parquet --out shop\n"
        "  cartwright generate --customers 1M --locale de-DE,fr-FR=2 --tables customers --out - | head\n"
        "  cartwright generate --orders 10K --from 2025-11-20 --to 2025-12-01 --behavior peak --store "
        "shop.db\n"
        "  cartwright generate --request shop.yaml --store shop.db\n"
        "  cartwright generate --customers 10M --shard 3/16 --out part3\n",
    .settings = "generate",
    .check = check_generate,
    .run = run_generate,
};
