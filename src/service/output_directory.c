#define _POSIX_C_SOURCE 200809L
#include "service/output_directory.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_SIZE 4096

/* What the checks of one directory share. */
struct check {
    const struct cw_file_run *run;
    struct cw_buffer spec; /* canonical JSON of the run to come */
    bool has_manifest;     /* of the same run */
    char own[PATH_SIZE];   /* the manifest that will be written again; "" when there is none */
};

static cw_status conflict(const char *directory, const char *what, struct cw_error *error)
{
    return cw_error_set(error, CW_E_CONFLICT, "out",
                        "%.200s already holds %.120s; choose another directory, or --force to replace",
                        directory, what);
}

static cw_status make_directory(const char *directory, struct cw_error *error)
{
    char path[PATH_SIZE];
    const size_t length = strlen(directory);
    if (length == 0 || length >= sizeof path) {
        return cw_error_set(error, CW_E_INVALID, "out", "the directory's name is empty or too long");
    }
    memcpy(path, directory, length + 1);
    for (size_t i = 1; i <= length; i++) {
        if (path[i] != '/' && path[i] != '\0') {
            continue;
        }
        path[i] = '\0';
        if (mkdir(path, 0777) != 0 && errno != EEXIST) {
            const int code = errno;
            const cw_status status =
                cw_error_set(error, CW_E_IO, "out", "can't make %.300s: %s", path, strerror(code));
            if (error != NULL) {
                error->native_code = code;
            }
            return status;
        }
        path[i] = directory[i];
    }
    return CW_OK;
}

static bool has_ending(const char *name, const char *ending)
{
    const size_t length = strlen(name);
    const size_t ending_length = strlen(ending);
    return length >= ending_length && strcmp(name + length - ending_length, ending) == 0;
}

static void remove_listed(const struct check *check, const char *path, const struct cw_manifest *manifest)
{
    for (int i = 0; i < CW_ENTITY_COUNT; i++) {
        char file[PATH_SIZE + 96];
        if (manifest->tables[i].present) {
            snprintf(file, sizeof file, "%s/%s", check->run->directory, manifest->tables[i].file);
            unlink(file);
        }
    }
    unlink(path);
}

/* Whether a manifest is of the run to come: another shard of it, or the same made before. */
static cw_status is_same_run(const struct check *check, const struct cw_manifest *manifest, bool *same,
                             struct cw_error *error)
{
    const struct cw_file_run *run = check->run;
    struct cw_buffer spec = {0};
    const cw_status status = cw_run_spec_json(&manifest->spec, &spec, error);
    if (status == CW_OK) {
        *same = spec.size == check->spec.size && memcmp(spec.data, check->spec.data, spec.size) == 0 &&
                manifest->format == run->format && manifest->compression == run->compression &&
                manifest->compression_level == run->compression_level &&
                manifest->shards == (run->shards == 0 ? 1 : run->shards);
    }
    for (int i = 0; i < CW_ENTITY_COUNT && status == CW_OK; i++) {
        const uint64_t columns = manifest->tables[i].present ? manifest->tables[i].columns : 0;
        *same = *same && columns == run->selection->columns[i];
    }
    cw_buffer_clear(&spec);
    return status;
}

static cw_status check_manifest(struct check *check, const char *path, struct cw_error *error)
{
    const struct cw_file_run *run = check->run;
    struct cw_manifest manifest;
    bool same = false;
    cw_status status = cw_manifest_load(path, &manifest, error);
    if (status == CW_E_CORRUPT) {
        if (!run->force) {
            return conflict(run->directory, "a manifest that can't be read", error);
        }
        unlink(path);
        return CW_OK;
    }
    if (status == CW_OK) {
        status = is_same_run(check, &manifest, &same, error);
    }
    if (status == CW_OK && !same) {
        if (!run->force) {
            return conflict(run->directory, "the manifest of another run", error);
        }
        remove_listed(check, path, &manifest);
    }
    if (status == CW_OK && same) {
        check->has_manifest = true;
        if (manifest.shard == run->shard) {
            snprintf(check->own, sizeof check->own, "%s", path);
        }
    }
    return status;
}

/* Files inside a table's folder: left-overs of an interrupted run, parts of other shards, and what a manifest
 * of the same run listed are ours. */
static cw_status check_table(const struct check *check, const char *table, struct cw_error *error)
{
    char path[PATH_SIZE];
    char shown[160];
    const struct dirent *entry = NULL;
    cw_status status = CW_OK;
    snprintf(path, sizeof path, "%.3000s/%.300s", check->run->directory, table);
    DIR *handle = opendir(path);
    if (handle == NULL) {
        snprintf(shown, sizeof shown, "'%.100s'", table);
        return conflict(check->run->directory, shown, error);
    }
    while (status == CW_OK && (entry = readdir(handle)) != NULL) {
        const bool is_part = strncmp(entry->d_name, "part-", 5) == 0;
        const bool is_ours = is_part && (check->has_manifest || check->run->shards > 1);
        if (entry->d_name[0] == '.' || is_ours || (is_part && has_ending(entry->d_name, ".partial"))) {
            continue;
        }
        snprintf(shown, sizeof shown, "%.40s/%.80s", table, entry->d_name);
        status = conflict(check->run->directory, shown, error);
    }
    closedir(handle);
    return status;
}

static cw_status check_entry(struct check *check, const char *name, bool manifests, struct cw_error *error)
{
    const struct cw_file_run *run = check->run;
    const bool is_manifest = strncmp(name, "manifest", 8) == 0 && has_ending(name, ".json");
    char shown[160];
    if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || has_ending(name, ".json.partial")) {
        return CW_OK;
    }
    if (is_manifest != manifests || (!manifests && run->force)) {
        return CW_OK;
    }
    if (is_manifest) {
        char path[PATH_SIZE];
        snprintf(path, sizeof path, "%.3700s/%.300s", run->directory, name);
        return check_manifest(check, path, error);
    }
    const struct cw_entity *entity = cw_entity_find(name, strlen(name));
    if (entity != NULL && strcmp(entity->table, name) == 0) {
        return check_table(check, name, error);
    }
    snprintf(shown, sizeof shown, "'%.120s'", name);
    return conflict(run->directory, shown, error);
}

/* Manifests first: they say which files are known. */
static cw_status check_entries(struct check *check, bool manifests, struct cw_error *error)
{
    cw_status status = CW_OK;
    const struct dirent *entry = NULL;
    DIR *handle = opendir(check->run->directory);
    if (handle == NULL) {
        return cw_error_set(error, CW_E_IO, "out", "can't read %.300s: %s", check->run->directory,
                            strerror(errno));
    }
    while (status == CW_OK && (entry = readdir(handle)) != NULL) {
        status = check_entry(check, entry->d_name, manifests, error);
    }
    closedir(handle);
    return status;
}

cw_status cw_output_directory_prepare(const struct cw_file_run *run, struct cw_error *error)
{
    struct check check = {.run = run};
    cw_status status = cw_run_spec_json(run->spec, &check.spec, error);
    if (status == CW_OK) {
        status = make_directory(run->directory, error);
    }
    if (status == CW_OK) {
        status = check_entries(&check, true, error);
    }
    if (status == CW_OK) {
        status = check_entries(&check, false, error);
    }
    if (status == CW_OK && check.own[0] != '\0') {
        unlink(check.own);
    }
    cw_buffer_clear(&check.spec);
    return status;
}
