#include "engine/draw_ahead.h"

#include <stdlib.h>

/* Enough for the time in which a fulfilment centre's stock is opened. */
#define PLACES_PER_THREAD 2

cw_status cw_draw_ahead_init(struct cw_draw_ahead *ahead, int64_t end, struct cw_error *error)
{
    *ahead = (struct cw_draw_ahead){.end = end, .claimed = calloc((size_t)end + 1, 1)};
    if (ahead->claimed == NULL) {
        return cw_error_set(error, CW_E_NO_MEMORY, NULL, "no memory for %lld units of orders",
                            (long long)end);
    }
    return CW_OK;
}

void cw_draw_ahead_clear(struct cw_draw_ahead *ahead)
{
    for (uint32_t i = 0; i < ahead->place_count; i++) {
        cw_order_set_clear(&ahead->places[i].set);
    }
    free(ahead->claimed);
    *ahead = (struct cw_draw_ahead){0};
}

void cw_draw_ahead_add_thread(struct cw_draw_ahead *ahead)
{
    for (int i = 0; i < PLACES_PER_THREAD && ahead->place_count < CW_AHEAD_PLACES_MAX; i++) {
        ahead->places[ahead->place_count++].unit = -1;
    }
}

bool cw_draw_ahead_claim(struct cw_draw_ahead *ahead, int64_t unit)
{
    const bool is_free = !ahead->claimed[unit];
    ahead->claimed[unit] = true;
    return is_free;
}

bool cw_draw_ahead_take(struct cw_draw_ahead *ahead, int64_t unit, struct cw_order_set *set)
{
    for (uint32_t i = 0; i < ahead->place_count; i++) {
        struct cw_ahead_place *place = &ahead->places[i];
        if (place->unit == unit && place->is_drawn) {
            const struct cw_order_set drawn = place->set;
            place->set = *set;
            place->unit = -1;
            *set = drawn;
            return true;
        }
    }
    return false;
}

struct cw_ahead_place *cw_draw_ahead_begin(struct cw_draw_ahead *ahead, int64_t unit)
{
    struct cw_ahead_place *place = NULL;
    for (uint32_t i = 0; i < ahead->place_count && place == NULL; i++) {
        place = ahead->places[i].unit < 0 ? &ahead->places[i] : NULL;
    }
    while (unit < ahead->end && ahead->claimed[unit]) {
        unit++;
    }
    if (place == NULL || unit >= ahead->end) {
        return NULL;
    }
    ahead->claimed[unit] = true;
    place->unit = unit;
    place->is_drawn = false;
    return place;
}

void cw_draw_ahead_end(struct cw_draw_ahead *ahead, struct cw_ahead_place *place, bool is_drawn)
{
    place->is_drawn = is_drawn;
    if (!is_drawn) {
        ahead->claimed[place->unit] = false;
        ahead->end = place->unit < ahead->end ? place->unit : ahead->end;
        place->unit = -1;
    }
}
