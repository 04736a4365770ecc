#include <stdlib.h>
#include <string.h>

#include "store/store_world.h"

/* The last bytes of our ids are random or a digest's. */
static uint32_t id_hash(const uint8_t *id)
{
    uint64_t bits;
    memcpy(&bits, id + 8, sizeof bits);
    return (uint32_t)((bits * UINT64_C(0x9e3779b97f4a7c15)) >> 32);
}

cw_status cw_id_index_init(struct cw_id_index *index, const void *ids, size_t stride, uint32_t count,
                           struct cw_error *error)
{
    uint64_t size = 16;
    while (size < (uint64_t)count * 2) {
        size *= 2;
    }
    uint32_t *slots = size <= UINT32_MAX ? calloc(size, sizeof *slots) : NULL;
    if (slots == NULL) {
        return cw_error_set(error, CW_E_NO_MEMORY, NULL, "out of memory: an index over %u ids", count);
    }
    *index = (struct cw_id_index){.ids = ids, .stride = stride, .slots = slots, .mask = (uint32_t)(size - 1)};
    for (uint32_t i = 0; i < count; i++) {
        uint32_t slot = id_hash(index->ids + i * stride) & index->mask;
        while (slots[slot] != 0) {
            slot = (slot + 1) & index->mask;
        }
        slots[slot] = i + 1;
    }
    return CW_OK;
}

void cw_id_index_clear(struct cw_id_index *index)
{
    free(index->slots);
    *index = (struct cw_id_index){0};
}

int64_t cw_id_index_find(const struct cw_id_index *index, const uint8_t *id)
{
    for (uint32_t slot = id_hash(id) & index->mask; index->slots[slot] != 0;
         slot = (slot + 1) & index->mask) {
        const uint32_t position = index->slots[slot] - 1;
        if (memcmp(index->ids + position * index->stride, id, 16) == 0) {
            return position;
        }
    }
    return -1;
}

cw_status cw_array_reserve(void **array, uint32_t *capacity, uint32_t count, size_t size,
                           struct cw_error *error)
{
    if (count <= *capacity && *array != NULL) {
        return CW_OK;
    }
    uint64_t wanted = (uint64_t)*capacity + *capacity / 2;
    wanted = wanted < count ? count : wanted;
    wanted = wanted < 16 ? 16 : wanted;
    wanted = wanted > UINT32_MAX ? UINT32_MAX : wanted;
    void *grown = realloc(*array, wanted * size);
    if (grown == NULL) {
        return cw_error_set(error, CW_E_NO_MEMORY, NULL, "out of memory: %llu bytes for the world of a run",
                            (unsigned long long)(wanted * size));
    }
    *array = grown;
    *capacity = (uint32_t)wanted;
    return CW_OK;
}
