/* Units whose orders are drawn before their task begins, by threads that would only wait for their turn. */
#ifndef CW_ENGINE_DRAW_AHEAD_H
#define CW_ENGINE_DRAW_AHEAD_H

#include "engine/order_plan.h"

#define CW_AHEAD_PLACES_MAX 32

/* A place for the orders of one unit. */
struct cw_ahead_place {
    int64_t unit; /* -1: the place is free */
    bool is_drawn;
    struct cw_order_set set;
};

/* Not thread-safe: the owner guards all calls by a lock, which it gives up while it draws. */
struct cw_draw_ahead {
    int64_t end;      /* of the units that may be drawn ahead */
    uint8_t *claimed; /* by unit: somebody draws it or has drawn it */
    uint32_t place_count;
    struct cw_ahead_place places[CW_AHEAD_PLACES_MAX];
};

/* For the units before end, without places. Errors: CW_E_NO_MEMORY. */
cw_status cw_draw_ahead_init(struct cw_draw_ahead *ahead, int64_t end, struct cw_error *error);
void cw_draw_ahead_clear(struct cw_draw_ahead *ahead);

/* Adds the places that one more thread may fill. */
void cw_draw_ahead_add_thread(struct cw_draw_ahead *ahead);

/* Whether the caller is to draw a unit: nobody does or did. */
bool cw_draw_ahead_claim(struct cw_draw_ahead *ahead, int64_t unit);

/* Exchanges set with the orders of a unit that were drawn ahead, if they are complete. */
bool cw_draw_ahead_take(struct cw_draw_ahead *ahead, int64_t unit, struct cw_order_set *set);

/* Claims the first unit from the given one on that nobody draws, and a place for it, which the caller may
 * fill without the lock; NULL when there is none. */
struct cw_ahead_place *cw_draw_ahead_begin(struct cw_draw_ahead *ahead, int64_t unit);

/* Says that a place is filled. After a failure its unit is left to its own task, which reports the failure,
 * and nothing from it on is drawn ahead any more. */
void cw_draw_ahead_end(struct cw_draw_ahead *ahead, struct cw_ahead_place *place, bool is_drawn);

#endif
