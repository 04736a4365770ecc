/* Manifests, and the JSON that a store keeps with a run. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "service/manifest.h"
#include "service/run_digests.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
    if (!condition) {
        abort();
    }
}

static void check_tables(const struct cw_manifest *manifest)
{
    for (int i = 0; i < CW_ENTITY_COUNT; i++) {
        const struct cw_manifest_table *table = &manifest->tables[i];
        const uint32_t columns = cw_entity_get((enum cw_entity_id)i)->column_count;
        require(table->columns >> columns == 0);
        require(table->rows >= 0 && table->bytes >= 0);
        require(table->file[0] != '/' && strstr(table->file, "..") == NULL);
        require(table->sha256[0] == '\0' || strlen(table->sha256) == CW_DIGEST_SIZE * 2);
    }
}

static void check_written(const struct cw_manifest *manifest)
{
    struct cw_manifest resolved = *manifest;
    struct cw_manifest again;
    struct cw_buffer text = {0};
    if (cw_run_spec_resolve(&resolved.spec, NULL) == CW_OK) {
        require(cw_manifest_json(&resolved, &text, NULL) == CW_OK);
        require(cw_manifest_parse("again", text.data, text.size, &again, NULL) == CW_OK);
        require(again.shards == manifest->shards && again.format == manifest->format);
    }
    cw_buffer_clear(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cw_manifest manifest;
    struct cw_buffer json = {0};
    int64_t rows[CW_ENTITY_COUNT];
    char digests[CW_ENTITY_COUNT][CW_DIGEST_SIZE * 2 + 1];
    const char *text = size > 0 ? (const char *)data : "";
    if (cw_manifest_parse("fuzz", text, size, &manifest, NULL) == CW_OK) {
        check_tables(&manifest);
        check_written(&manifest);
    }
    if (cw_buffer_append(&json, text, size, NULL) == CW_OK) {
        (void)cw_digests_parse(&json, rows, digests, NULL);
        (void)cw_basis_parse(&json, rows, NULL);
    }
    cw_buffer_clear(&json);
    return 0;
}
