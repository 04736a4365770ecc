#define _POSIX_C_SOURCE 200809L
#include "service/generate_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "service/output_directory.h"
#include "service/program_version.h"
#include "service/values.h"

#define PATH_SIZE 4096

/* One file under construction. */
struct part {
    char folder[PATH_SIZE];
    char path[PATH_SIZE];
    char partial[PATH_SIZE];
    struct cw_descriptor file; /* of the partial one; number -1 once it is closed */
    bool renamed;
};

struct parts {
    const struct cw_file_run *run;
    struct cw_output outputs[CW_ENTITY_COUNT];
    struct part parts[CW_ENTITY_COUNT];
    size_t count;
};

static cw_status io_error(const char *doing, const char *path, struct cw_error *error)
{
    const int code = errno;
    const cw_status status =
        cw_error_set(error, CW_E_IO, NULL, "can't %s %.300s: %s", doing, path, strerror(code));
    if (error != NULL) {
        error->native_code = code;
    }
    return status;
}

static cw_status sync_folder(const char *path, struct cw_error *error)
{
    const int descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0) {
        return io_error("open", path, error);
    }
    const cw_status status = fsync(descriptor) == 0 ? CW_OK : io_error("sync", path, error);
    close(descriptor);
    return status;
}

static cw_status open_part(struct parts *all, enum cw_entity_id id, struct cw_error *error)
{
    const struct cw_file_run *run = all->run;
    const char *table = cw_entity_get(id)->table;
    struct part *part = &all->parts[all->count];
    char name[32];
    const int length = snprintf(part->folder, sizeof part->folder, "%s/%s", run->directory, table);
    snprintf(name, sizeof name, "part-%05u.%s", run->shard, cw_format_name(run->format));
    if (length + (int)sizeof name + 16 > PATH_SIZE) {
        return cw_error_set(error, CW_E_INVALID, "out", "the directory's name is too long");
    }
    if (mkdir(part->folder, 0777) != 0 && errno != EEXIST) {
        return io_error("make", part->folder, error);
    }
    snprintf(part->path, sizeof part->path, "%s/%s/%s", run->directory, table, name);
    snprintf(part->partial, sizeof part->partial, "%s/%s/%s.partial", run->directory, table, name);
    part->file.name = part->partial;
    part->file.number = open(part->partial, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (part->file.number < 0) {
        return io_error("make", part->partial, error);
    }
    all->outputs[all->count] = (struct cw_output){.entity = id,
                                                  .columns = run->selection->columns[id],
                                                  .format = run->format,
                                                  .compression = run->compression,
                                                  .compression_level = run->compression_level,
                                                  .wants_digest = true,
                                                  .sink = cw_descriptor_sink_get(&part->file)};
    all->count++;
    return CW_OK;
}

static cw_status finish_part(struct part *part, struct cw_error *error)
{
    cw_status status = fsync(part->file.number) == 0 ? CW_OK : io_error("sync", part->partial, error);
    if (close(part->file.number) != 0 && status == CW_OK) {
        status = io_error("write", part->partial, error);
    }
    part->file.number = -1;
    if (status == CW_OK && rename(part->partial, part->path) != 0) {
        status = io_error("rename", part->partial, error);
    }
    if (status == CW_OK) {
        part->renamed = true;
        status = sync_folder(part->folder, error);
    }
    return status;
}

/* Removes what a failed run began; folders only when that leaves them empty. */
static void discard_parts(struct parts *all)
{
    for (size_t i = 0; i < all->count; i++) {
        struct part *part = &all->parts[i];
        if (part->file.number >= 0) {
            close(part->file.number);
        }
        unlink(part->renamed ? part->path : part->partial);
        rmdir(part->folder);
    }
    rmdir(all->run->directory);
}

static void fill_manifest(const struct parts *all, struct cw_manifest *manifest)
{
    const struct cw_file_run *run = all->run;
    *manifest = (struct cw_manifest){.version = CW_PROGRAM_VERSION,
                                     .spec = *run->spec,
                                     .format = run->format,
                                     .compression = run->compression,
                                     .compression_level = run->compression_level,
                                     .shard = run->shard,
                                     .shards = run->shards == 0 ? 1 : run->shards};
    for (size_t i = 0; i < all->count; i++) {
        const struct cw_output *output = &all->outputs[i];
        struct cw_manifest_table *table = &manifest->tables[output->entity];
        table->present = true;
        table->columns = output->columns;
        table->rows = output->rows;
        table->bytes = output->bytes;
        cw_hex_text(output->digest, sizeof output->digest, table->sha256);
        snprintf(table->file, sizeof table->file, "%s/part-%05u.%s", cw_entity_get(output->entity)->table,
                 run->shard, cw_format_name(run->format));
    }
}

static cw_status write_manifest(const struct cw_file_run *run, const struct cw_manifest *manifest,
                                struct cw_error *error)
{
    struct cw_buffer text = {0};
    char name[64];
    char path[PATH_SIZE];
    char partial[PATH_SIZE + 16];
    cw_manifest_name(manifest->shard, manifest->shards, name, sizeof name);
    snprintf(path, sizeof path, "%s/%s", run->directory, name);
    snprintf(partial, sizeof partial, "%s.partial", path);
    cw_status status = cw_manifest_json(manifest, &text, error);
    const int descriptor =
        status == CW_OK ? open(partial, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666) : -1;
    if (status == CW_OK && descriptor < 0) {
        status = io_error("make", partial, error);
    }
    if (status == CW_OK) {
        const struct cw_descriptor file = {descriptor, partial};
        const struct cw_sink sink = cw_descriptor_sink_get(&file);
        status = sink.write(sink.context, text.data, text.size, error);
    }
    if (status == CW_OK && fsync(descriptor) != 0) {
        status = io_error("sync", partial, error);
    }
    if (descriptor >= 0 && close(descriptor) != 0 && status == CW_OK) {
        status = io_error("write", partial, error);
    }
    if (status == CW_OK && rename(partial, path) != 0) {
        status = io_error("rename", partial, error);
    }
    if (status == CW_OK) {
        status = sync_folder(run->directory, error);
    } else if (descriptor >= 0) {
        unlink(partial);
    }
    cw_buffer_clear(&text);
    return status;
}

cw_status cw_generate_files(const struct cw_file_run *run, struct cw_manifest *manifest,
                            struct cw_error *error)
{
    struct parts all = {.run = run};
    struct cw_manifest made;
    cw_status status = cw_output_directory_prepare(run, error);
    if (status != CW_OK) {
        return status;
    }
    for (int i = 0; i < CW_ENTITY_COUNT && status == CW_OK; i++) {
        if (run->selection->columns[i] != 0) {
            status = open_part(&all, (enum cw_entity_id)i, error);
        }
    }
    if (status == CW_OK) {
        const struct cw_produce_options options = {.spec = run->spec,
                                                   .shard = run->shard,
                                                   .shards = run->shards,
                                                   .threads = run->threads,
                                                   .outputs = all.outputs,
                                                   .output_count = all.count,
                                                   .progress = run->progress};
        status = cw_produce(&options, error);
    }
    for (size_t i = 0; i < all.count && status == CW_OK; i++) {
        status = finish_part(&all.parts[i], error);
    }
    if (status == CW_OK) {
        fill_manifest(&all, &made);
        status = write_manifest(run, &made, error);
    }
    if (status != CW_OK) {
        discard_parts(&all);
    } else if (manifest != NULL) {
        *manifest = made;
    }
    return status;
}
