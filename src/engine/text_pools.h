/* Pools of the closed sets of values in the entity catalogue, in the order of the catalogue and of the enums.
 */
#ifndef CW_ENGINE_TEXT_POOLS_H
#define CW_ENGINE_TEXT_POOLS_H

#include "cartwright/batch.h"

extern const struct cw_pool cw_sex_pool;
extern const struct cw_pool cw_phone_kind_pool;
extern const struct cw_pool cw_segment_pool;
extern const struct cw_pool cw_channel_pool;
extern const struct cw_pool cw_address_kind_pool;
extern const struct cw_pool cw_settlement_pool;
extern const struct cw_pool cw_payment_kind_pool;
extern const struct cw_pool cw_order_status_pool;
extern const struct cw_pool cw_order_channel_pool;
extern const struct cw_pool cw_shipping_option_pool;
extern const struct cw_pool cw_cancellation_pool;
extern const struct cw_pool cw_fulfilment_pool;
extern const struct cw_pool cw_payment_status_pool;
extern const struct cw_pool cw_failure_pool;
extern const struct cw_pool cw_carrier_pool;
extern const struct cw_pool cw_shipment_status_pool;
extern const struct cw_pool cw_movement_kind_pool;

#endif
