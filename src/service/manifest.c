#define _POSIX_C_SOURCE 200809L
#include "service/manifest.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "service/json_read.h"
#include "service/run_request.h"

#define MANIFEST_SIZE_MAX (1u << 20)
#define PATH_SIZE 4096

const char *cw_compression_name(enum cw_compression compression)
{
    static const char *const names[] = {"none", "snappy", "zstd"};
    return (size_t)compression < sizeof names / sizeof names[0] ? names[compression] : "unknown";
}

void cw_manifest_name(uint32_t shard, uint32_t shards, char *name, size_t size)
{
    if (shards <= 1) {
        snprintf(name, size, "manifest.json");
    } else {
        snprintf(name, size, "manifest-%05u-of-%05u.json", shard, shards);
    }
}

static cw_status put_columns(const struct cw_entity *entity, uint64_t columns, struct cw_buffer *out,
                             struct cw_error *error)
{
    const char *glue = "";
    cw_status status = CW_OK;
    for (uint32_t i = 0; i < entity->column_count && status == CW_OK; i++) {
        if ((columns >> i & 1) != 0) {
            status = cw_buffer_format(out, error, "%s\"%s\"", glue, entity->columns[i].name);
            glue = ", ";
        }
    }
    return status;
}

static cw_status put_table(const struct cw_entity *entity, const struct cw_manifest_table *table, bool first,
                           struct cw_buffer *out, struct cw_error *error)
{
    cw_status status = cw_buffer_format(
        out, error,
        "%s\n    \"%s\": {\n      \"file\": \"%s\",\n      \"rows\": %lld,\n      \"bytes\": %lld,\n"
        "      \"sha256\": \"%s\",\n      \"columns\": [",
        first ? "" : ",", entity->table, table->file, (long long)table->rows, (long long)table->bytes,
        table->sha256);
    if (status == CW_OK) {
        status = put_columns(entity, table->columns, out, error);
    }
    return status != CW_OK ? status : cw_buffer_format(out, error, "]\n    }");
}

cw_status cw_manifest_json(const struct cw_manifest *manifest, struct cw_buffer *out, struct cw_error *error)
{
    const size_t start = out->size;
    bool first = true;
    cw_status status = cw_buffer_format(
        out, error,
        "{\n  \"cartwright\": \"%s\",\n  \"format\": \"%s\",\n  \"compression\": \"%s\",\n"
        "  \"compression_level\": %d,\n  \"shard\": %u,\n  \"shards\": %u,\n  \"spec\": ",
        manifest->version, cw_format_name(manifest->format), cw_compression_name(manifest->compression),
        manifest->compression_level, manifest->shard, manifest->shards);
    if (status == CW_OK) {
        status = cw_run_spec_json(&manifest->spec, out, error);
    }
    if (status == CW_OK) {
        status = cw_buffer_format(out, error, ",\n  \"tables\": {");
    }
    for (int i = 0; i < CW_ENTITY_COUNT && status == CW_OK; i++) {
        if (manifest->tables[i].present) {
            status = put_table(cw_entity_get((enum cw_entity_id)i), &manifest->tables[i], first, out, error);
            first = false;
        }
    }
    if (status == CW_OK) {
        status = cw_buffer_format(out, error, "\n  }\n}\n");
    }
    if (status != CW_OK) {
        out->size = start;
    }
    return status;
}

/* ---- Reading: fields of the manifest ---- */

/* Whether text stands as it is between the quotes of JSON, and in a terminal. */
static bool is_plain(const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text < ' ' || *text > '~' || *text == '"' || *text == '\\') {
            return false;
        }
    }
    return true;
}

static cw_status read_version(const char *name, const json_t *value, void *target, struct cw_error *error)
{
    struct cw_manifest *manifest = target;
    const char *text = NULL;
    const cw_status status = cw_json_string(name, value, &text, error);
    if (status != CW_OK) {
        return status;
    }
    if (!is_plain(text) || strlen(text) >= sizeof manifest->version) {
        return cw_error_set(error, CW_E_INVALID, name, "%s is '%.60s', but must be a version such as 1.0.0",
                            name, text);
    }
    snprintf(manifest->version, sizeof manifest->version, "%s", text);
    return CW_OK;
}

static cw_status read_format(const char *name, const json_t *value, void *target, struct cw_error *error)
{
    struct cw_manifest *manifest = target;
    const char *text = NULL;
    int format = 0;
    cw_status status = cw_json_string(name, value, &text, error);
    if (status == CW_OK) {
        status = cw_request_format(name, text, &format, error);
    }
    if (status == CW_OK) {
        manifest->format = (enum cw_format)format;
    }
    return status;
}

static cw_status read_compression(const char *name, const json_t *value, void *target, struct cw_error *error)
{
    struct cw_manifest *manifest = target;
    const char *text = NULL;
    int compression = 0;
    int level = 0;
    cw_status status = cw_json_string(name, value, &text, error);
    if (status == CW_OK) {
        status = cw_request_compression(name, text, &compression, &level, error);
    }
    if (status == CW_OK) {
        manifest->compression = (enum cw_compression)compression;
    }
    return status;
}

static cw_status read_level(const char *name, const json_t *value, void *target, struct cw_error *error)
{
    struct cw_manifest *manifest = target;
    int64_t level = 0;
    const cw_status status = cw_json_integer(name, value, 0, 22, &level, error);
    if (status == CW_OK) {
        manifest->compression_level = (int)level;
    }
    return status;
}

static cw_status read_shard(const char *name, const json_t *value, void *target, struct cw_error *error)
{
    struct cw_manifest *manifest = target;
    int64_t number = 0;
    const cw_status status = cw_json_integer(name, value, 0, 99999, &number, error);
    if (status == CW_OK) {
        *(strcmp(name, "shard") == 0 ? &manifest->shard : &manifest->shards) = (uint32_t)number;
    }
    return status;
}

static cw_status read_spec(const char *name, const json_t *value, void *target, struct cw_error *error)
{
    struct cw_manifest *manifest = target;
    (void)name;
    return cw_run_spec_read(value, &manifest->spec, error);
}

/* What reading one table's entry needs: its catalogue entry beside it. */
struct table_target {
    const struct cw_entity *entity;
    struct cw_manifest_table *table;
};

/* A file beside the manifest: no way up or out of the directory. */
static cw_status read_file_name(const char *name, const json_t *value, void *target, struct cw_error *error)
{
    const struct table_target *at = target;
    const char *text = NULL;
    const cw_status status = cw_json_string(name, value, &text, error);
    if (status != CW_OK) {
        return status;
    }
    if (text[0] == '/' || text[0] == '\0' || strstr(text, "..") != NULL || !is_plain(text) ||
        strlen(text) >= sizeof at->table->file) {
        return cw_error_set(error, CW_E_INVALID, name,
                            "%s is '%.60s', but must be a path inside the directory", name, text);
    }
    snprintf(at->table->file, sizeof at->table->file, "%s", text);
    return CW_OK;
}

static cw_status read_rows(const char *name, const json_t *value, void *target, struct cw_error *error)
{
    const struct table_target *at = target;
    return cw_json_integer(name, value, 0, INT64_MAX, &at->table->rows, error);
}

static cw_status read_bytes(const char *name, const json_t *value, void *target, struct cw_error *error)
{
    const struct table_target *at = target;
    return cw_json_integer(name, value, 0, INT64_MAX, &at->table->bytes, error);
}

static cw_status read_sha256(const char *name, const json_t *value, void *target, struct cw_error *error)
{
    const struct table_target *at = target;
    const char *text = NULL;
    const cw_status status = cw_json_string(name, value, &text, error);
    if (status != CW_OK) {
        return status;
    }
    if (strlen(text) != CW_DIGEST_SIZE * 2 || strspn(text, "0123456789abcdef") != CW_DIGEST_SIZE * 2) {
        return cw_error_set(error, CW_E_INVALID, name, "%s is '%.70s', but must be 64 hexadecimal digits",
                            name, text);
    }
    memcpy(at->table->sha256, text, sizeof at->table->sha256);
    return CW_OK;
}

static cw_status read_columns(const char *name, const json_t *value, void *target, struct cw_error *error)
{
    const struct table_target *at = target;
    at->table->columns = 0;
    for (size_t i = 0; i < json_array_size(value); i++) {
        const char *column = NULL;
        const cw_status status = cw_json_string(name, json_array_get(value, i), &column, error);
        if (status != CW_OK) {
            return status;
        }
        const int index = cw_entity_column(at->entity, column, strlen(column));
        if (index < 0) {
            return cw_error_set(error, CW_E_INVALID, name, "%s has no column '%.60s'", at->entity->table,
                                column);
        }
        at->table->columns |= UINT64_C(1) << index;
    }
    return at->table->columns != 0
               ? CW_OK
               : cw_error_set(error, CW_E_INVALID, name, "%s must be a list of column names", name);
}

static cw_status read_tables(const char *name, const json_t *value, void *target, struct cw_error *error)
{
    static const struct cw_json_field fields[] = {{"file", read_file_name},
                                                  {"rows", read_rows},
                                                  {"bytes", read_bytes},
                                                  {"sha256", read_sha256},
                                                  {"columns", read_columns}};
    struct cw_manifest *manifest = target;
    size_t known = 0;
    for (int i = 0; i < CW_ENTITY_COUNT; i++) {
        const struct cw_entity *entity = cw_entity_get((enum cw_entity_id)i);
        const json_t *entry = json_object_get(value, entity->table);
        struct table_target at = {entity, &manifest->tables[i]};
        if (entry == NULL) {
            continue;
        }
        known++;
        const cw_status status =
            cw_json_read_object(entry, fields, sizeof fields / sizeof fields[0], &at, error);
        if (status != CW_OK) {
            return status;
        }
        if (json_object_size(entry) != sizeof fields / sizeof fields[0]) {
            return cw_error_set(error, CW_E_INVALID, entity->table,
                                "%s must have the members file, rows, bytes, sha256 and columns",
                                entity->table);
        }
        at.table->present = true;
    }
    if (!json_is_object(value) || known != json_object_size(value)) {
        return cw_error_set(error, CW_E_INVALID, name,
                            "%s must be an object whose keys are tables of the schema", name);
    }
    return CW_OK;
}

cw_status cw_file_read(const char *path, size_t limit, struct cw_buffer *out, struct cw_error *error)
{
    const size_t start = out->size;
    cw_status status = CW_OK;
    FILE *file = fopen(path, "rbe");
    if (file == NULL) {
        const int code = errno;
        status = cw_error_set(error, code == ENOENT ? CW_E_NOT_FOUND : CW_E_IO, NULL, "can't read %.300s: %s",
                              path, strerror(code));
        if (error != NULL) {
            error->native_code = code;
        }
        return status;
    }
    size_t got = 1;
    while (status == CW_OK && got > 0) {
        status = cw_buffer_reserve(out, 65536, error);
        if (status != CW_OK) {
            break;
        }
        got = fread(out->data + out->size, 1, 65536, file);
        out->size += got;
        if (out->size - start > limit) {
            status = cw_error_set(error, CW_E_LIMIT, NULL, "%.300s has more than %zu bytes", path, limit);
        }
    }
    if (status == CW_OK && ferror(file) != 0) {
        status = cw_error_set(error, CW_E_IO, NULL, "can't read %.300s: %s", path, strerror(errno));
    }
    fclose(file);
    if (status != CW_OK) {
        out->size = start;
    }
    return status;
}

/* Reads and checks what is inside a manifest. */
static cw_status read_manifest(const char *text, size_t size, struct cw_manifest *manifest,
                               struct cw_error *error)
{
    static const struct cw_json_field fields[] = {{"cartwright", read_version},
                                                  {"format", read_format},
                                                  {"compression", read_compression},
                                                  {"compression_level", read_level},
                                                  {"shard", read_shard},
                                                  {"shards", read_shard},
                                                  {"spec", read_spec},
                                                  {"tables", read_tables}};
    json_t *object = NULL;
    cw_run_spec_init(&manifest->spec);
    cw_status status = cw_json_parse(text, size, &object, error);
    if (status == CW_OK) {
        status = cw_json_read_object(object, fields, sizeof fields / sizeof fields[0], manifest, error);
    }
    if (status == CW_OK &&
        (json_object_get(object, "spec") == NULL || json_object_get(object, "tables") == NULL)) {
        status = cw_error_set(error, CW_E_INVALID, "spec", "a manifest has the members spec and tables");
    }
    if (status == CW_OK && manifest->shard >= manifest->shards) {
        status = cw_error_set(error, CW_E_INVALID, "shard", "shard is %u of %u, but must be below it",
                              manifest->shard, manifest->shards);
    }
    json_decref(object);
    return status;
}

cw_status cw_manifest_parse(const char *path, const char *text, size_t size, struct cw_manifest *manifest,
                            struct cw_error *error)
{
    struct cw_manifest read = {.shards = 1};
    struct cw_error inner = {0};
    const cw_status status = read_manifest(text, size, &read, &inner);
    if (status != CW_OK) {
        return cw_error_set(error, CW_E_CORRUPT, inner.field, "%.150s is no manifest: %.250s", path,
                            inner.message);
    }
    *manifest = read;
    return CW_OK;
}

cw_status cw_manifest_load(const char *path, struct cw_manifest *manifest, struct cw_error *error)
{
    struct cw_buffer text = {0};
    cw_status status = cw_file_read(path, MANIFEST_SIZE_MAX, &text, error);
    if (status == CW_OK) {
        status = cw_manifest_parse(path, text.data, text.size, manifest, error);
    }
    cw_buffer_clear(&text);
    return status;
}

static int compare_names(const void *left, const void *right)
{
    return strcmp(*(char *const *)left, *(char *const *)right);
}

static int is_manifest_name(const char *name)
{
    const size_t length = strlen(name);
    return strncmp(name, "manifest", 8) == 0 && length > 5 && strcmp(name + length - 5, ".json") == 0;
}

cw_status cw_manifest_each(const char *directory,
                           cw_status (*each)(void *context, const char *path, struct cw_error *error),
                           void *context, struct cw_error *error)
{
    char **names = NULL;
    size_t count = 0;
    cw_status status = CW_OK;
    DIR *handle = opendir(directory);
    if (handle == NULL) {
        return cw_error_set(error, errno == ENOENT ? CW_E_NOT_FOUND : CW_E_IO, NULL, "can't read %.300s: %s",
                            directory, strerror(errno));
    }
    const struct dirent *entry = NULL;
    while (status == CW_OK && (entry = readdir(handle)) != NULL) {
        if (!is_manifest_name(entry->d_name)) {
            continue;
        }
        char **grown = realloc(names, (count + 1) * sizeof *names);
        char *name = strdup(entry->d_name);
        if (grown != NULL) {
            names = grown;
        }
        if (grown == NULL || name == NULL) {
            free(name);
            status =
                cw_error_set(error, CW_E_NO_MEMORY, NULL, "no memory for the names in %.300s", directory);
            break;
        }
        names[count++] = name;
    }
    closedir(handle);
    if (status == CW_OK && count == 0) {
        status = cw_error_set(error, CW_E_NOT_FOUND, NULL, "there is no manifest.json in %.300s", directory);
    }
    if (count > 0) {
        qsort(names, count, sizeof *names, compare_names);
    }
    for (size_t i = 0; i < count; i++) {
        char path[PATH_SIZE];
        if (status == CW_OK && snprintf(path, sizeof path, "%s/%s", directory, names[i]) < (int)sizeof path) {
            status = each(context, path, error);
        }
        free(names[i]);
    }
    free(names);
    return status;
}
