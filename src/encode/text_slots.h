/* Strings of a pool as finished values, for the text formats: each stands in a slot of a fixed size, which is
 * one copy of fixed width and one read within a cache line. The chunks of an encoder share them, so that
 * memory does not grow with threads. A slot is filled when its string is first met, by whichever chunk meets
 * it: what chunks write into it at the same time is the same. */
#ifndef CW_ENCODE_TEXT_SLOTS_H
#define CW_ENCODE_TEXT_SLOTS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "cartwright/batch.h"
#include "cartwright/error.h"

/* The two sizes of slots. */
#define CW_SMALL_SLOT 16
#define CW_LARGE_SLOT 32

/* The slots of one pool as it stands in one column. Slot 0 is null, slot i + 1 is string i. The last byte of
 * a slot is the length of the text before it; 0: not filled yet, or too long for a slot. */
struct cw_text_slots {
    _Atomic uint64_t *words;
    size_t size;    /* of a slot, in bytes */
    size_t longest; /* bytes of the pool's longest string */
    const struct cw_pool *pool;
    uint32_t column;
    atomic_flag is_filled; /* somebody fills all slots or has done so */
    int64_t users;         /* chunks */
    struct cw_text_slots *next;
};

/* All slots of an encoder. */
struct cw_slot_shelf {
    pthread_mutex_t lock;
    struct cw_text_slots *first;
};

/* Errors: CW_E_NO_MEMORY. */
cw_status cw_slot_shelf_init(struct cw_slot_shelf *shelf, struct cw_error *error);

/* No slots may be in use. */
void cw_slot_shelf_clear(struct cw_slot_shelf *shelf);

/* Finds or makes the slots of a pool for a column, whose values are `around` bytes longer than their text and
 * whose null is given with its length. Thread-safe. Give them back with cw_text_slots_release.
 * Errors: CW_E_NO_MEMORY. */
cw_status cw_text_slots_take(struct cw_slot_shelf *shelf, uint32_t column, const struct cw_pool *pool,
                             size_t around, const char *null_value, size_t null_length,
                             struct cw_text_slots **slots, struct cw_error *error);

/* NULL is accepted. Thread-safe. Slots that nobody uses are gone. */
void cw_text_slots_release(struct cw_slot_shelf *shelf, struct cw_text_slots *slots);

/* Fills a slot with a finished value, unless that is too long for it. */
void cw_text_slots_fill(struct cw_text_slots *slots, size_t number, const char *value, size_t length);

static inline void cw_text_slot_copy_word(char *out, _Atomic uint64_t *slot, size_t i)
{
    const uint64_t word = atomic_load_explicit(&slot[i], memory_order_relaxed);
    memcpy(out + i * 8, &word, 8);
}

/* Copies a whole slot to out and returns the length of the text in it. size is a constant where this is
 * called, CW_SMALL_SLOT or CW_LARGE_SLOT. The last word is read first and was written last. */
static inline size_t cw_text_slot_read(char *out, _Atomic uint64_t *slot, size_t size)
{
    const size_t last = size / 8 - 1;
    const uint64_t end = atomic_load_explicit(&slot[last], memory_order_acquire);
    cw_text_slot_copy_word(out, slot, 0);
    if (size == CW_LARGE_SLOT) {
        cw_text_slot_copy_word(out, slot, 1);
        cw_text_slot_copy_word(out, slot, 2);
    }
    memcpy(out + last * 8, &end, 8);
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    return (size_t)(end >> 56);
#else
    return (size_t)(end & 0xff);
#endif
}

#endif
