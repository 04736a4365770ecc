/* Rows of stock and of its movements. */
#ifndef CW_ENGINE_STOCK_ROWS_H
#define CW_ENGINE_STOCK_ROWS_H

#include "engine/stock_pass.h"

/* Movements of a unit: deliveries asked for, sales and what was taken back. */
cw_status cw_stock_movement_fill(const struct cw_order_set *set, const struct cw_delivery_list *deliveries,
                                 uint64_t columns, struct cw_batch *batch, struct cw_error *error);

/* Opening stock of variants [first, first + count) in a cell. */
cw_status cw_stock_opening_fill(const struct cw_order_plan *plan, uint32_t cell, uint32_t first,
                                uint32_t count, uint64_t columns, struct cw_batch *batch,
                                struct cw_error *error);

/* Stock at as-of of variants [first, first + count) in a cell that has taken all its orders. Variants that
 * had no movement are left out. */
cw_status cw_stock_fill(const struct cw_order_plan *plan, uint32_t cell, const struct cw_stock_item *items,
                        uint32_t first, uint32_t count, uint64_t columns, struct cw_batch *batch,
                        struct cw_error *error);

#endif
