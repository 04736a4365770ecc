#include "engine/text_pools.h"

/* Each text is followed by CW_PADDING bytes that copies of fixed width may read. */
#define PADDING "                                "

static const uint32_t sex_offsets[] = {0, 6, 10};
const struct cw_pool cw_sex_pool = {2, sex_offsets,
                                    "female"
                                    "male" PADDING};

static const uint32_t phone_kind_offsets[] = {0, 6, 14};
const struct cw_pool cw_phone_kind_pool = {2, phone_kind_offsets,
                                           "mobile"
                                           "landline" PADDING};

static const uint32_t segment_offsets[] = {0, 3, 10, 13, 22, 29};
const struct cw_pool cw_segment_pool = {5, segment_offsets,
                                        "new"
                                        "regular"
                                        "vip"
                                        "wholesale"
                                        "dormant" PADDING};

static const uint32_t channel_offsets[] = {0, 14, 25, 31, 36, 44, 50, 59, 70};
const struct cw_pool cw_channel_pool = {8, channel_offsets,
                                        "organic_search"
                                        "paid_search"
                                        "social"
                                        "email"
                                        "referral"
                                        "direct"
                                        "affiliate"
                                        "marketplace" PADDING};

static const uint32_t address_kind_offsets[] = {0, 4, 8, 13};
const struct cw_pool cw_address_kind_pool = {3, address_kind_offsets,
                                             "home"
                                             "work"
                                             "other" PADDING};

static const uint32_t settlement_offsets[] = {0, 5, 10};
const struct cw_pool cw_settlement_pool = {2, settlement_offsets,
                                           "urban"
                                           "rural" PADDING};

static const uint32_t payment_kind_offsets[] = {0, 4, 10, 23, 35, 42, 46};
const struct cw_pool cw_payment_kind_pool = {6, payment_kind_offsets,
                                             "card"
                                             "wallet"
                                             "bank_transfer"
                                             "direct_debit"
                                             "invoice"
                                             "cash" PADDING};

static const uint32_t order_status_offsets[] = {0, 7, 11, 20, 27, 36, 45, 59};
const struct cw_pool cw_order_status_pool = {7, order_status_offsets,
                                             "created"
                                             "paid"
                                             "confirmed"
                                             "shipped"
                                             "delivered"
                                             "cancelled"
                                             "payment_failed" PADDING};

static const uint32_t order_channel_offsets[] = {0, 3, 13, 16, 21};
const struct cw_pool cw_order_channel_pool = {4, order_channel_offsets,
                                              "web"
                                              "mobile_web"
                                              "app"
                                              "phone" PADDING};

static const uint32_t shipping_option_offsets[] = {0, 8, 15, 23, 29};
const struct cw_pool cw_shipping_option_pool = {4, shipping_option_offsets,
                                                "standard"
                                                "express"
                                                "next_day"
                                                "pickup" PADDING};

static const uint32_t cancellation_offsets[] = {0, 16, 31, 36, 51};
const struct cw_pool cw_cancellation_pool = {4, cancellation_offsets,
                                             "customer_request"
                                             "payment_timeout"
                                             "fraud"
                                             "address_problem" PADDING};

static const uint32_t fulfilment_offsets[] = {0, 5, 16, 27};
const struct cw_pool cw_fulfilment_pool = {3, fulfilment_offsets,
                                           "stock"
                                           "substituted"
                                           "backordered" PADDING};

static const uint32_t payment_status_offsets[] = {0, 7, 15, 21, 29};
const struct cw_pool cw_payment_status_pool = {4, payment_status_offsets,
                                               "pending"
                                               "captured"
                                               "failed"
                                               "refunded" PADDING};

static const uint32_t failure_offsets[] = {0, 18, 31, 43, 64, 80};
const struct cw_pool cw_failure_pool = {5, failure_offsets,
                                        "insufficient_funds"
                                        "card_declined"
                                        "expired_card"
                                        "authentication_failed"
                                        "processing_error" PADDING};

static const uint32_t carrier_offsets[] = {0, 16, 26, 39, 54, 70};
const struct cw_pool cw_carrier_pool = {5, carrier_offsets,
                                        "Northline Parcel"
                                        "Swiftwagon"
                                        "Bluebird Post"
                                        "Harbour Express"
                                        "Meridian Freight" PADDING};

static const uint32_t shipment_status_offsets[] = {0, 10, 19};
const struct cw_pool cw_shipment_status_pool = {2, shipment_status_offsets,
                                                "in_transit"
                                                "delivered" PADDING};

static const uint32_t movement_kind_offsets[] = {0, 7, 14, 18, 30};
const struct cw_pool cw_movement_kind_pool = {4, movement_kind_offsets,
                                              "opening"
                                              "receipt"
                                              "sale"
                                              "cancellation" PADDING};
