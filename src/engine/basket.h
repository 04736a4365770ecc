/* What goes into an order: products on sale to the buyer, by popularity and season, and how many of each. */
#ifndef CW_ENGINE_BASKET_H
#define CW_ENGINE_BASKET_H

#include "engine/order_plan.h"

/* Draws the lines of an order: product, variant, quantity and price of each; no product costs more than
 * highest_price. lines has room for CW_ORDER_LINES_MAX. order->number, created_at, market and segment are
 * set. Errors: CW_E_INVALID when no product at all is on sale to the buyer. */
cw_status cw_basket_draw(const struct cw_order_plan *plan, const struct cw_buyer *buyer,
                         struct cw_order *order, struct cw_order_line *lines, int64_t highest_price,
                         struct cw_error *error);

/* Fetches the products that the order of a number will look at first if it is placed in a part of the year:
 * they lie scattered over more memory than the caches hold. */
void cw_basket_prefetch(const struct cw_order_plan *plan, uint32_t market, uint32_t part, uint64_t number);

#endif
