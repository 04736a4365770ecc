#include "encode/text_slots.h"

#include <stdlib.h>

#include "base/arena.h"

/* Small slots are for pools of which at most one string in so many is too long for them. */
#define SMALL_SLOT_EXCEPTIONS 32

static cw_status no_memory(size_t size, struct cw_error *error)
{
    return cw_error_set(error, CW_E_NO_MEMORY, NULL, "out of memory: a pool of strings needs %zu bytes",
                        size);
}

cw_status cw_slot_shelf_init(struct cw_slot_shelf *shelf, struct cw_error *error)
{
    shelf->first = NULL;
    if (pthread_mutex_init(&shelf->lock, NULL) != 0) {
        return cw_error_set(error, CW_E_NO_MEMORY, NULL, "out of memory: no lock for an encoder");
    }
    return CW_OK;
}

void cw_slot_shelf_clear(struct cw_slot_shelf *shelf)
{
    pthread_mutex_destroy(&shelf->lock);
}

/* Sets the size of slots and the length of the longest string. */
static void measure(struct cw_text_slots *slots, size_t around)
{
    const struct cw_pool *pool = slots->pool;
    uint32_t longest = 0;
    uint32_t exceptions = 0;
    for (uint32_t i = 0; i < pool->count; i++) {
        const uint32_t length = pool->offsets[i + 1] - pool->offsets[i];
        longest = length > longest ? length : longest;
        exceptions += length + around >= CW_SMALL_SLOT;
    }
    slots->longest = longest;
    slots->size = exceptions <= pool->count / SMALL_SLOT_EXCEPTIONS ? CW_SMALL_SLOT : CW_LARGE_SLOT;
}

static cw_status slots_new(const struct cw_pool *pool, size_t around, struct cw_text_slots **out,
                           struct cw_error *error)
{
    struct cw_text_slots *slots = calloc(1, sizeof *slots);
    if (slots == NULL) {
        return no_memory(sizeof *slots, error);
    }
    slots->pool = pool;
    atomic_flag_clear(&slots->is_filled);
    measure(slots, around);
    const size_t size = ((size_t)pool->count + 2) * slots->size;
    slots->words = cw_table_alloc(size);
    if (slots->words == NULL) {
        free(slots);
        return no_memory(size, error);
    }
    *out = slots;
    return CW_OK;
}

static struct cw_text_slots *find(struct cw_text_slots *slots, uint32_t column, const struct cw_pool *pool)
{
    while (slots != NULL && (slots->column != column || slots->pool != pool)) {
        slots = slots->next;
    }
    return slots;
}

cw_status cw_text_slots_take(struct cw_slot_shelf *shelf, uint32_t column, const struct cw_pool *pool,
                             size_t around, const char *null_value, size_t null_length,
                             struct cw_text_slots **slots, struct cw_error *error)
{
    cw_status status = CW_OK;
    pthread_mutex_lock(&shelf->lock);
    struct cw_text_slots *found = find(shelf->first, column, pool);
    if (found == NULL) {
        status = slots_new(pool, around, &found, error);
        if (status == CW_OK) {
            cw_text_slots_fill(found, 0, null_value, null_length);
            found->column = column;
            found->next = shelf->first;
            shelf->first = found;
        }
    }
    if (status == CW_OK) {
        found->users++;
        *slots = found;
    }
    pthread_mutex_unlock(&shelf->lock);
    return status;
}

void cw_text_slots_release(struct cw_slot_shelf *shelf, struct cw_text_slots *slots)
{
    if (slots == NULL) {
        return;
    }
    pthread_mutex_lock(&shelf->lock);
    const bool is_unused = --slots->users == 0;
    if (is_unused) {
        struct cw_text_slots **link = &shelf->first;
        while (*link != slots) {
            link = &(*link)->next;
        }
        *link = slots->next;
    }
    pthread_mutex_unlock(&shelf->lock);
    if (is_unused) {
        cw_table_free((void *)(uintptr_t)slots->words);
        free(slots);
    }
}

void cw_text_slots_fill(struct cw_text_slots *slots, size_t number, const char *value, size_t length)
{
    char text[CW_LARGE_SLOT] = {0};
    const size_t last = slots->size / 8 - 1;
    _Atomic uint64_t *slot = slots->words + number * (slots->size / 8);
    if (length >= slots->size) {
        return;
    }
    memcpy(text, value, length);
    text[slots->size - 1] = (char)length;
    for (size_t i = 0; i < last; i++) {
        uint64_t word;
        memcpy(&word, text + i * 8, 8);
        atomic_store_explicit(&slot[i], word, memory_order_relaxed);
    }
    uint64_t end;
    memcpy(&end, text + last * 8, 8);
    atomic_store_explicit(&slot[last], end, memory_order_release);
}
