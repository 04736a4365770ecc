#define _POSIX_C_SOURCE 200809L
#include "service/reproduce.h"

#include <stdio.h>
#include <sys/stat.h>

#include "cli/commands.h"
#include "cli/console.h"
#include "service/manifest_survey.h"
#include "service/values.h"

struct work {
    uint32_t threads;
    bool as_json;
    bool is_one;      /* one thing is compared, not a set of manifests */
    size_t differing; /* what was not the same */
    struct cw_progress progress;
    struct cw_buffer out;
};

static cw_status print_text(struct work *work, const char *what, const struct cw_reproduction *result,
                            struct cw_error *error)
{
    struct cw_buffer *out = &work->out;
    static const char *const file_texts[] = {[CW_FILE_NOT_CHECKED] = "",
                                             [CW_FILE_SAME] = ", file same",
                                             [CW_FILE_CHANGED] = ", file CHANGED",
                                             [CW_FILE_MISSING] = ", file MISSING"};
    cw_status status = cw_buffer_format(out, error, "%s\n", what);
    for (int i = 0; i < CW_ENTITY_COUNT && status == CW_OK; i++) {
        const struct cw_reproduced_table *table = &result->tables[i];
        if (!table->compared) {
            continue;
        }
        status = cw_buffer_format(out, error, "  %-22s %12lld rows  %s%s\n",
                                  cw_entity_get((enum cw_entity_id)i)->table, (long long)table->rows_made,
                                  table->same ? "same" : "DIFFERENT", file_texts[table->file]);
    }
    if (status == CW_OK) {
        status = cw_buffer_format(out, error, "%s\n",
                                  !result->same  ? result->difference
                                  : work->is_one ? "everything is the same"
                                                 : "everything of this manifest is the same");
    }
    return status;
}

static cw_status print_json(struct work *work, const struct cw_reproduction *result, struct cw_error *error)
{
    const cw_status status = cw_reproduction_json(result, &work->out, error);
    return status != CW_OK ? status : cw_buffer_append(&work->out, "\n", 1, error);
}

static cw_status print_result(struct work *work, const char *what, const struct cw_reproduction *result,
                              struct cw_error *error)
{
    work->differing += !result->same;
    return work->as_json ? print_json(work, result, error) : print_text(work, what, result, error);
}

static cw_status reproduce_manifest(void *context, const char *path, struct cw_error *error)
{
    struct work *work = context;
    struct cw_reproduction result;
    const cw_status status =
        cw_reproduce_manifest(path, work->threads, true, &work->progress, &result, error);
    return status != CW_OK ? status : print_result(work, path, &result, error);
}

/* What the manifests of a directory are together. In JSON each line is of one manifest, and one more tells
 * which are missing. */
static cw_status print_survey(struct work *work, const struct cw_manifest_survey *survey,
                              struct cw_error *error)
{
    struct cw_reproduction together = {.same = survey->missing == 0};
    if (!together.same) {
        snprintf(together.difference, sizeof together.difference, "these manifests are missing: %s",
                 survey->names);
    }
    if (work->as_json) {
        return together.same ? CW_OK : print_json(work, &together, error);
    }
    if (work->differing > 0) {
        return cw_buffer_format(&work->out, error, "%zu of %zu manifests: something differs%s%s\n",
                                work->differing, survey->count, together.same ? "" : "; ",
                                together.difference);
    }
    return together.same ? cw_buffer_format(&work->out, error, "all %zu manifests: everything is the same\n",
                                            survey->count)
                         : cw_buffer_format(&work->out, error, "%s\n", together.difference);
}

static cw_status reproduce_directory(struct work *work, const char *path, struct cw_error *error)
{
    struct cw_manifest_survey survey;
    cw_status status = cw_manifest_survey(path, &survey, error);
    if (status != CW_OK) {
        return status;
    }
    work->is_one = survey.count == 1 && survey.missing == 0;
    status = cw_manifest_each(path, reproduce_manifest, work, error);
    if (status == CW_OK && !work->is_one) {
        status = print_survey(work, &survey, error);
        work->differing += survey.missing;
    }
    return status;
}

static cw_status reproduce_run(struct work *work, const char *location, const char *run,
                               struct cw_error *error)
{
    struct cw_store *store = NULL;
    struct cw_uuid id;
    struct cw_reproduction result;
    cw_status status = cw_value_uuid("run", run, &id, error);
    if (status == CW_OK) {
        const struct cw_store_options options = {.location = location, .read_only = true};
        status = cw_store_open(&options, &store, error);
    }
    if (status == CW_OK) {
        status = cw_reproduce_run(store, &id, work->threads, &work->progress, &result, error);
        cw_store_close(store);
    }
    return status != CW_OK ? status : print_result(work, run, &result, error);
}

static int run_reproduce(const struct cw_arguments *arguments)
{
    struct work work = {.as_json = cw_argument_given(arguments, "json"), .is_one = true};
    struct cw_error error = {0};
    struct stat about;
    int64_t threads = 0;
    cw_status status = CW_OK;
    const char *store = cw_argument(arguments, "store");
    const char *path = arguments->values[0];
    if (cw_argument_given(arguments, "threads")) {
        status =
            cw_value_count("threads", cw_argument(arguments, "threads"), 1, CW_THREADS_MAX, &threads, &error);
        work.threads = (uint32_t)threads;
    }
    cw_console_watch(&work.progress);
    struct cw_console_progress *shown =
        cw_console_progress_start(&work.progress, cw_argument_given(arguments, "quiet"));
    if (status == CW_OK && store != NULL) {
        status = reproduce_run(&work, store, path, &error);
    } else if (status == CW_OK && stat(path, &about) == 0 && S_ISDIR(about.st_mode)) {
        status = reproduce_directory(&work, path, &error);
    } else if (status == CW_OK) {
        status = reproduce_manifest(&work, path, &error);
    }
    cw_console_progress_stop(shown);
    if (status != CW_OK) {
        cw_buffer_clear(&work.out);
        return cw_console_fail(status, &error);
    }
    const int code = cw_console_print(&work.out);
    return code != 0 ? code : work.differing > 0 ? cw_status_exit_code(CW_E_VIOLATION) : 0;
}

static const struct cw_option options[] = {
    {"store", "PATH|URI", "Make a run of this store again; the argument is then the run's id", NULL},
    {"threads", "N", "Threads; one per processor by default. The data does not depend on it", NULL},
    {"json", NULL, "Print the result as JSON", NULL},
    {"quiet", NULL, "Show no progress", NULL},
};

const struct cw_command cw_command_reproduce = {
    .name = "reproduce",
    .summary = "Make data again from its manifest and compare",
    .arguments = "MANIFEST|DIR|RUN",
    .text =
        "Makes the data of a manifest (or of all manifests of a directory) again, without writing it, and "
        "compares "
        "the SHA-256 of every file: with what the manifest says and with the file itself. Exit code 1 when "
        "something differs, or when the manifest of a shard is missing in the directory.",
    .options = options,
    .option_count = sizeof options / sizeof options[0],
    .fewest = 1,
    .most = 1,
    .examples = "  cartwright reproduce cartwright-data/manifest.json\n"
                "  cartwright reproduce --store shop.db 01890a5d-ac96-774b-bcce-b302099a8057\n",
    .run = run_reproduce,
};
