#define _POSIX_C_SOURCE 200809L
#include "service/reproduce.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "service/json_read.h"
#include "service/program_version.h"
#include "service/run_digests.h"
#include "service/run_request.h"
#include "service/values.h"

#define PATH_SIZE 4096
#define READ_SIZE (1u << 20)

const char *cw_file_state_text(enum cw_file_state state)
{
    static const char *const texts[] = {[CW_FILE_NOT_CHECKED] = "not checked",
                                        [CW_FILE_SAME] = "same",
                                        [CW_FILE_CHANGED] = "changed",
                                        [CW_FILE_MISSING] = "missing"};
    return texts[state];
}

/* bytes_expected: of the file; -1 where that is not known. */
static void compare_output(const struct cw_output *output, int64_t bytes_expected,
                           struct cw_reproduced_table *table)
{
    table->compared = true;
    table->rows_made = output->rows;
    cw_hex_text(output->digest, CW_DIGEST_SIZE, table->sha256_made);
    table->same = table->rows_made == table->rows_expected &&
                  (bytes_expected < 0 || output->bytes == bytes_expected) &&
                  strcmp(table->sha256_made, table->sha256_expected) == 0;
}

/* The digest of a file; status CW_E_NOT_FOUND when it is not there. */
static cw_status digest_file(const char *path, struct cw_progress *progress,
                             char text[CW_DIGEST_SIZE * 2 + 1], struct cw_error *error)
{
    uint8_t digest[CW_DIGEST_SIZE];
    cw_status status = CW_OK;
    FILE *file = fopen(path, "rbe");
    if (file == NULL) {
        return cw_error_set(error, errno == ENOENT ? CW_E_NOT_FOUND : CW_E_IO, NULL, "can't read %.300s: %s",
                            path, strerror(errno));
    }
    char *bytes = malloc(READ_SIZE);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    if (bytes == NULL || context == NULL || EVP_DigestInit_ex(context, EVP_sha256(), NULL) != 1) {
        status = cw_error_set(error, CW_E_NO_MEMORY, NULL, "no memory to read %.300s", path);
    }
    size_t got = 1;
    while (status == CW_OK && got > 0) {
        got = fread(bytes, 1, READ_SIZE, file);
        EVP_DigestUpdate(context, bytes, got);
        if (cw_progress_is_cancelled(progress)) {
            status = cw_error_set(error, CW_E_CANCELLED, NULL, "the comparison was cancelled");
        }
    }
    if (status == CW_OK && ferror(file) != 0) {
        status = cw_error_set(error, CW_E_IO, NULL, "can't read %.300s: %s", path, strerror(errno));
    }
    if (status == CW_OK) {
        EVP_DigestFinal_ex(context, digest, NULL);
        cw_hex_text(digest, sizeof digest, text);
    }
    EVP_MD_CTX_free(context);
    free(bytes);
    fclose(file);
    return status;
}

static cw_status check_file(const char *manifest_path, const struct cw_manifest_table *listed,
                            struct cw_progress *progress, struct cw_reproduced_table *table,
                            struct cw_error *error)
{
    char path[PATH_SIZE];
    char digest[CW_DIGEST_SIZE * 2 + 1];
    const char *slash = strrchr(manifest_path, '/');
    const int folder = slash == NULL ? 0 : (int)(slash - manifest_path + 1);
    if (snprintf(path, sizeof path, "%.*s%s", folder, manifest_path, listed->file) >= (int)sizeof path) {
        return cw_error_set(error, CW_E_INVALID, NULL, "the path of the manifest is too long");
    }
    const cw_status status = digest_file(path, progress, digest, error);
    if (status == CW_E_NOT_FOUND) {
        table->file = CW_FILE_MISSING;
        return CW_OK;
    }
    if (status == CW_OK) {
        table->file = strcmp(digest, listed->sha256) == 0 ? CW_FILE_SAME : CW_FILE_CHANGED;
    }
    return status;
}

/* Compares the files beside a manifest. One that came without any of its files is not wrong: the data can be
 * made again from it alone. */
static cw_status check_files_beside(const char *path, const struct cw_manifest *manifest,
                                    struct cw_progress *progress, struct cw_reproduction *made,
                                    struct cw_error *error)
{
    bool any = false;
    cw_status status = CW_OK;
    for (int i = 0; i < CW_ENTITY_COUNT && status == CW_OK; i++) {
        if (manifest->tables[i].present) {
            status = check_file(path, &manifest->tables[i], progress, &made->tables[i], error);
            any = any || made->tables[i].file != CW_FILE_MISSING;
        }
    }
    for (int i = 0; i < CW_ENTITY_COUNT && !any; i++) {
        made->tables[i].file = CW_FILE_NOT_CHECKED;
    }
    return status;
}

static bool is_made_differently(const struct cw_reproduced_table *table)
{
    return table->compared && !table->same;
}

static bool is_file_changed(const struct cw_reproduced_table *table)
{
    return table->file == CW_FILE_CHANGED;
}

static bool is_file_missing(const struct cw_reproduced_table *table)
{
    return table->file == CW_FILE_MISSING;
}

/* Appends to the difference the names of the tables that a test picks, if any: "; what: orders, shipments".
 */
static void name_tables(struct cw_reproduction *result, const char *what,
                        bool (*is_picked)(const struct cw_reproduced_table *table))
{
    const size_t size = sizeof result->difference;
    bool first = true;
    for (int i = 0; i < CW_ENTITY_COUNT; i++) {
        if (!is_picked(&result->tables[i])) {
            continue;
        }
        const size_t used = strlen(result->difference);
        snprintf(result->difference + used, size - used, "%s%s%s",
                 !first     ? ", "
                 : used > 0 ? "; "
                            : "",
                 first ? what : "", cw_entity_get((enum cw_entity_id)i)->table);
        first = false;
    }
    result->same = result->same && first;
}

/* Says in words what differs, and why that may be. version: of the program that made the data, if another. */
static void explain(struct cw_reproduction *result, const char *version)
{
    char made[160] = "made again, these tables differ: ";
    if (version != NULL) {
        snprintf(
            made, sizeof made,
            "made again by cartwright " CW_PROGRAM_VERSION " (first by %s), these tables differ: ", version);
    }
    result->same = true;
    result->difference[0] = '\0';
    name_tables(result, made, is_made_differently);
    name_tables(result, "these files were changed after they were made: ", is_file_changed);
    name_tables(result, "these files are missing: ", is_file_missing);
}

cw_status cw_reproduce_manifest(const char *path, uint32_t threads, bool check_files,
                                struct cw_progress *progress, struct cw_reproduction *result,
                                struct cw_error *error)
{
    struct cw_manifest manifest;
    struct cw_reproduction made = {0};
    struct cw_output outputs[CW_ENTITY_COUNT];
    size_t count = 0;
    cw_status status = cw_manifest_load(path, &manifest, error);
    if (status == CW_OK) {
        status = cw_run_spec_resolve(&manifest.spec, error);
    }
    for (int i = 0; i < CW_ENTITY_COUNT && status == CW_OK; i++) {
        const struct cw_manifest_table *listed = &manifest.tables[i];
        if (!listed->present) {
            continue;
        }
        outputs[count++] = (struct cw_output){.entity = (enum cw_entity_id)i,
                                              .columns = listed->columns,
                                              .format = manifest.format,
                                              .compression = manifest.compression,
                                              .compression_level = manifest.compression_level,
                                              .wants_digest = true};
        made.tables[i].rows_expected = listed->rows;
        memcpy(made.tables[i].sha256_expected, listed->sha256, sizeof listed->sha256);
    }
    if (status == CW_OK && check_files) {
        status = check_files_beside(path, &manifest, progress, &made, error);
    }
    if (status == CW_OK) {
        const struct cw_produce_options options = {.spec = &manifest.spec,
                                                   .shard = manifest.shard,
                                                   .shards = manifest.shards,
                                                   .threads = threads,
                                                   .outputs = outputs,
                                                   .output_count = count,
                                                   .progress = progress};
        status = cw_produce(&options, error);
    }
    for (size_t i = 0; i < count && status == CW_OK; i++) {
        const enum cw_entity_id entity = outputs[i].entity;
        compare_output(&outputs[i], manifest.tables[entity].bytes, &made.tables[entity]);
    }
    if (status == CW_OK) {
        explain(&made, strcmp(manifest.version, CW_PROGRAM_VERSION) == 0 ? NULL : manifest.version);
        *result = made;
    }
    return status;
}

/* Produces a stored run's rows into digests. */
static cw_status make_again(struct cw_store *store, const struct cw_run_spec *spec,
                            const struct cw_run_record *record, uint32_t threads,
                            struct cw_progress *progress, struct cw_output outputs[CW_ENTITY_COUNT],
                            struct cw_error *error)
{
    struct cw_store_world *shared = NULL;
    struct cw_world world = {0};
    int64_t basis[CW_ENTITY_COUNT];
    cw_status status = CW_OK;
    cw_digest_outputs_init(NULL, outputs);
    if (cw_run_needs_world(spec)) {
        status = cw_basis_parse(&record->basis, basis, error);
        if (status == CW_OK) {
            status = cw_store_world_acquire_at(store, basis, &shared, error);
        }
        if (status == CW_OK) {
            cw_run_world_choose(spec, shared, &world);
        }
    }
    if (status == CW_OK) {
        const struct cw_produce_options options = {.spec = spec,
                                                   .world = shared != NULL ? &world : NULL,
                                                   .threads = threads,
                                                   .outputs = outputs,
                                                   .output_count = CW_ENTITY_COUNT,
                                                   .progress = progress};
        status = cw_produce(&options, error);
    }
    cw_store_world_release(shared);
    return status;
}

cw_status cw_reproduce_run(struct cw_store *store, const struct cw_uuid *id, uint32_t threads,
                           struct cw_progress *progress, struct cw_reproduction *result,
                           struct cw_error *error)
{
    struct cw_run_record record = {0};
    struct cw_run_spec spec;
    struct cw_output outputs[CW_ENTITY_COUNT];
    struct cw_reproduction made = {0};
    int64_t rows[CW_ENTITY_COUNT];
    char digests[CW_ENTITY_COUNT][CW_DIGEST_SIZE * 2 + 1];
    cw_status status = cw_store_run(store, id, &record, error);
    if (status != CW_OK) {
        return status;
    }
    cw_run_spec_init(&spec);
    status = cw_run_spec_parse(record.spec.data, record.spec.size, &spec, error);
    if (status == CW_OK) {
        status = cw_run_spec_resolve(&spec, error);
    }
    if (status == CW_OK) {
        status = cw_digests_parse(&record.digests, rows, digests, error);
    }
    if (status == CW_OK) {
        status = make_again(store, &spec, &record, threads, progress, outputs, error);
    }
    for (int i = 0; i < CW_ENTITY_COUNT && status == CW_OK; i++) {
        struct cw_reproduced_table *table = &made.tables[i];
        if (rows[i] == 0 && outputs[i].rows == 0) {
            continue;
        }
        table->rows_expected = rows[i];
        memcpy(table->sha256_expected, digests[i], sizeof digests[i]);
        compare_output(&outputs[i], -1, table);
    }
    if (status == CW_OK) {
        explain(&made, NULL);
        *result = made;
    }
    cw_run_record_clear(&record);
    return status;
}

cw_status cw_reproduction_json(const struct cw_reproduction *result, struct cw_buffer *out,
                               struct cw_error *error)
{
    const char *glue = "";
    cw_status status =
        cw_buffer_format(out, error, "{\"same\":%s,\"difference\":", result->same ? "true" : "false");
    if (status == CW_OK) {
        status = result->same ? cw_buffer_format(out, error, "null")
                              : cw_json_quote(out, result->difference, strlen(result->difference), error);
    }
    if (status == CW_OK) {
        status = cw_buffer_format(out, error, ",\"tables\":{");
    }
    for (int i = 0; i < CW_ENTITY_COUNT && status == CW_OK; i++) {
        const struct cw_reproduced_table *table = &result->tables[i];
        if (!table->compared) {
            continue;
        }
        status = cw_buffer_format(
            out, error,
            "%s\"%s\":{\"same\":%s,\"rows_expected\":%lld,\"rows_made\":%lld,\"sha256_expected\":\"%s\","
            "\"sha256_made\":\"%s\",\"file\":\"%s\"}",
            glue, cw_entity_get((enum cw_entity_id)i)->table, table->same ? "true" : "false",
            (long long)table->rows_expected, (long long)table->rows_made, table->sha256_expected,
            table->sha256_made, cw_file_state_text(table->file));
        glue = ",";
    }
    return status != CW_OK ? status : cw_buffer_append(out, "}}", 2, error);
}
