#include "service/manifest_survey.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "service/manifest.h"

struct part {
    uint32_t shards, shard;
};

struct parts {
    struct part *list;
    size_t count;
};

static cw_status add_part(void *context, const char *path, struct cw_error *error)
{
    struct parts *parts = context;
    struct cw_manifest manifest;
    const cw_status status = cw_manifest_load(path, &manifest, error);
    if (status != CW_OK) {
        return status;
    }
    struct part *grown = realloc(parts->list, (parts->count + 1) * sizeof *grown);
    if (grown == NULL) {
        return cw_error_set(error, CW_E_NO_MEMORY, NULL, "no memory for the manifests");
    }
    parts->list = grown;
    parts->list[parts->count++] = (struct part){manifest.shards, manifest.shard};
    return CW_OK;
}

static int compare_parts(const void *left, const void *right)
{
    const struct part *a = left;
    const struct part *b = right;
    return a->shards != b->shards ? (a->shards > b->shards) - (a->shards < b->shards)
                                  : (a->shard > b->shard) - (a->shard < b->shard);
}

/* Notes the shards from first up to end as missing. */
static void add_missing(struct cw_manifest_survey *survey, uint32_t first, uint32_t end, uint32_t shards)
{
    for (uint32_t shard = first; shard < end; shard++) {
        char name[64];
        const size_t used = strlen(survey->names);
        cw_manifest_name(shard, shards, name, sizeof name);
        if (used + strlen(name) + sizeof ", ..." < sizeof survey->names) {
            snprintf(survey->names + used, sizeof survey->names - used, "%s%s", used > 0 ? ", " : "", name);
        } else {
            snprintf(survey->names + used, sizeof survey->names - used, "%s",
                     survey->names[used - 1] == '.' ? "" : ", ...");
        }
    }
    survey->missing += first < end ? end - first : 0;
}

cw_status cw_manifest_survey(const char *directory, struct cw_manifest_survey *survey, struct cw_error *error)
{
    struct parts parts = {0};
    struct cw_manifest_survey made = {0};
    uint32_t expected = 0;
    const cw_status status = cw_manifest_each(directory, add_part, &parts, error);
    if (status != CW_OK) {
        free(parts.list);
        return status;
    }
    qsort(parts.list, parts.count, sizeof *parts.list, compare_parts);
    for (size_t i = 0; i < parts.count; i++) {
        const struct part *part = &parts.list[i];
        add_missing(&made, expected, part->shard, part->shards);
        expected = part->shard + 1;
        if (i + 1 == parts.count || part[1].shards != part->shards) {
            add_missing(&made, expected, part->shards, part->shards);
            expected = 0;
        }
    }
    made.count = parts.count;
    free(parts.list);
    *survey = made;
    return CW_OK;
}
