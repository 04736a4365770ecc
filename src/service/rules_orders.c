#include "service/rule_forms.h"

/* What order items add up to. */
#define ITEMS(expression) "(SELECT " expression " FROM order_items i WHERE i.order_id = t.id)"

#define OF_ORDER_ITEMS "order_items i WHERE i.order_id = t.id"
#define OF_HISTORY "order_status_history h WHERE h.order_id = t.id"
#define OF_PAYMENTS "payments p WHERE p.order_id = t.id"
#define OF_MOVEMENTS "stock_movements m WHERE m.order_item_id = t.id"
#define OF_ORDER_HISTORY "order_status_history h WHERE h.order_id = t.order_id"

const struct cw_rule cw_order_rules[] = {
    RULE("orders.after_sign_up", ORDER, 0, "customer", "t.created_at < customer.created_at",
         "instant(t.created_at) || ', signed up ' || instant(customer.created_at)",
         "No order before the sign-up"),
    RULE("orders.id_tells_time", ORDER, 0, "", "uuid_milliseconds(t.id) <> t.created_at / 1000",
         "instant(t.created_at)", "The time part of the id is the order time"),
    RULE("orders.total_adds_up", ORDER, 0, "",
         "t.total_amount <> t.subtotal_amount - t.discount_amount + t.shipping_amount + iif(t.tax_inclusive, "
         "0, "
         "t.tax_amount)",
         "t.total_amount || ' <> ' || t.subtotal_amount || ' - ' || t.discount_amount || ' + ' || "
         "t.shipping_amount || "
         "iif(t.tax_inclusive, '', ' + ' || t.tax_amount)",
         "Total = subtotal - discount + shipping (+ exclusive tax)"),
    OVER("orders.subtotal_is_sum", ORDER, E(ORDER_ITEM), "", OF_ORDER_ITEMS,
         "t.subtotal_amount <> ifnull(sum(i.quantity * i.unit_amount), 0)",
         "t.subtotal_amount || ' <> ' || " ITEMS("ifnull(sum(i.quantity * i.unit_amount), 0)"),
         "The subtotal is the sum of the items"),
    OVER("orders.discount_is_sum", ORDER, E(ORDER_ITEM), "", OF_ORDER_ITEMS,
         "t.discount_amount <> ifnull(sum(i.discount_amount), 0)",
         "t.discount_amount || ' <> ' || " ITEMS("ifnull(sum(i.discount_amount), 0)"),
         "The discount is the sum of the items' discounts"),
    OVER("orders.tax_is_sum", ORDER, E(ORDER_ITEM), "", OF_ORDER_ITEMS,
         "t.tax_amount <> t.shipping_tax_amount + ifnull(sum(i.tax_amount), 0)",
         "t.tax_amount || ' <> ' || t.shipping_tax_amount || ' + ' || " ITEMS("ifnull(sum(i.tax_amount), 0)"),
         "The tax is the sum of the items' taxes and the shipping tax"),
    OVER("orders.item_count_is_count", ORDER, E(ORDER_ITEM), "", OF_ORDER_ITEMS, "t.item_count <> count(*)",
         "t.item_count || ' <> ' || " ITEMS("count(*)"), "item_count is the number of items, at least one"),
    RULE("orders.amounts_not_negative", ORDER, 0, "",
         "t.subtotal_amount < 0 OR t.discount_amount < 0 OR t.shipping_amount < 0 OR t.tax_amount < 0 OR "
         "t.shipping_tax_amount < 0 OR t.total_amount < 0 OR t.item_count < 1",
         "t.total_amount", "No amount is negative"),
    RULE("orders.tax_kind_of_country", ORDER, 0, "ship_to",
         "t.tax_inclusive <> tax_inclusive(ship_to.country)", "ship_to.country",
         "Tax is inclusive where the country's prices hold it"),
    RULE("orders.currency_of_customer", ORDER, 0, "customer", "t.currency <> customer.currency", "t.currency",
         "The order is in the customer's currency"),
    RULE("orders.shipping_address_of_buyer", ORDER, 0, "ship_to", "ship_to.customer_id <> t.customer_id",
         NULL, "Goods go to an address of the buyer"),
    RULE("orders.billing_address_of_buyer", ORDER, 0, "bill_to", "bill_to.customer_id <> t.customer_id", NULL,
         "The bill goes to an address of the buyer"),
    RULE("orders.addresses_existed", ORDER, 0, "ship_to bill_to",
         "ship_to.created_at > t.created_at OR bill_to.created_at > t.created_at", "instant(t.created_at)",
         "Both addresses existed at order time"),
    RULE("orders.payment_method_of_buyer", ORDER, 0, "method", "method.customer_id <> t.customer_id", NULL,
         "The payment method is the buyer's"),
    RULE("orders.payment_method_existed", ORDER, 0, "method", "method.created_at > t.created_at",
         "instant(t.created_at)", "The payment method existed at order time"),
    RULE("orders.card_not_expired", ORDER, 0, "method",
         "card_end(method.expiry_year, method.expiry_month) <= t.created_at",
         "instant(t.created_at) || ', ' || method.expiry_month || '/' || method.expiry_year",
         "A card had not expired at order time"),
    RULE("orders.within_payment_limit", ORDER, 0, "method", "t.total_amount > method.limit_amount",
         "t.total_amount || ' > ' || method.limit_amount", "The total is within the payment method's limit"),
    RULE("orders.centre_of_country", ORDER, 0, "centre ship_to",
         "centre.country <> ship_to.country OR centre.opened_at > t.created_at", "centre.code",
         "The centre serves the buyer's country and was open"),
    RULE("orders.fraud_flag_fits_score", ORDER, 0, "",
         "t.fraud_score NOT BETWEEN 0 AND 100 OR t.is_fraud_flagged <> (t.fraud_score >= 80)",
         "t.fraud_score", "Orders with a score of 80 and more are flagged"),
    RULE("orders.cancellation_reason_fits_status", ORDER, 0, "",
         "(t.status = 'cancelled') <> (t.cancellation_reason IS NOT NULL)", "t.status",
         "Cancelled orders, and only they, have a reason"),
    OVER("orders.status_is_last_of_history", ORDER, E(ORDER_STATUS_HISTORY), "", OF_HISTORY,
         "t.status IS NOT latest(h.sequence, h.status)", "t.status", "The status is the last of the history"),
    OVER(
        "orders.history_begins_at_creation", ORDER, E(ORDER_STATUS_HISTORY), "", OF_HISTORY,
        "count(*) FILTER (WHERE h.sequence = 1 AND h.status = 'created' AND h.changed_at = t.created_at) = 0",
        "instant(t.created_at)", "The history begins when the order is created"),
    OVER("orders.history_is_gapless", ORDER, E(ORDER_STATUS_HISTORY), "", OF_HISTORY,
         "NOT counts_up(h.sequence)", NULL, "The history counts 1, 2, 3, ..."),
    OVER("orders.paid_has_capture", ORDER, E(PAYMENT), "", OF_PAYMENTS,
         "t.status IN ('paid', 'confirmed', 'shipped', 'delivered') AND count(*) FILTER (WHERE p.status = "
         "'captured') = 0",
         "t.status", "Orders that were paid have a captured payment"),
    OVER("orders.called_off_keeps_no_money", ORDER, E(PAYMENT) | E(ORDER_STATUS_HISTORY), "", OF_PAYMENTS,
         "t.status IN ('created', 'cancelled', 'payment_failed') AND count(*) FILTER (WHERE p.status = "
         "'captured') > 0 AND (t.status <> 'cancelled' OR as_of() IS NOT NULL) AND NOT EXISTS (SELECT 1 FROM "
         "order_status_history h WHERE h.order_id = t.id AND h.status = 'cancelled' AND "
         "as_of_from(h.changed_at) < h.changed_at + 7 * 86400000000)",
         "t.status", "Orders that were not paid, or called off a week before as-of, keep no money"),
    OVER("orders.one_capture", ORDER, E(PAYMENT), "", OF_PAYMENTS,
         "count(*) FILTER (WHERE p.status IN ('captured', 'refunded')) > 1", NULL, "An order is paid once"),
    RULE("orders.shipment_fits_status", ORDER, E(SHIPMENT), "",
         "(t.status IN ('shipped', 'delivered')) <> EXISTS (SELECT 1 FROM shipments s WHERE s.order_id = "
         "t.id)",
         "t.status", "Shipped and delivered orders, and only they, have a parcel"),

    RULE("order_items.line_numbers", ORDER_ITEM, 0, "parent",
         "t.line_number NOT BETWEEN 1 AND parent.item_count", "t.line_number || ' of ' || parent.item_count",
         "Lines count from 1 to item_count"),
    APART("order_items.line_numbers_differ", ORDER_ITEM, "order_id, line_number",
          "(SELECT count(*) FROM order_items i WHERE i.order_id = t.order_id AND i.line_number = "
          "t.line_number) > 1",
          "t.line_number", "No two lines of an order have the same number"),
    RULE("order_items.variant_of_product", ORDER_ITEM, 0, "variant", "variant.product_id <> t.product_id",
         NULL, "The variant is the product's"),
    RULE("order_items.sku_of_variant", ORDER_ITEM, 0, "variant", "variant.sku <> t.sku",
         "t.sku || ', ' || variant.sku", "The SKU is the variant's"),
    RULE("order_items.quantity_positive", ORDER_ITEM, 0, "", "t.quantity < 1", "t.quantity",
         "At least one unit"),
    RULE("order_items.discount_in_range", ORDER_ITEM, 0, "",
         "t.discount_amount NOT BETWEEN 0 AND t.quantity * t.unit_amount", "t.discount_amount",
         "The discount is not negative and not above the line"),
    RULE("order_items.tax_recomputes", ORDER_ITEM, 0, "parent",
         "t.tax_amount <> tax(t.quantity * t.unit_amount - t.discount_amount, t.tax_rate, "
         "parent.tax_inclusive)",
         "t.tax_amount || ' <> ' || tax(t.quantity * t.unit_amount - t.discount_amount, t.tax_rate, "
         "parent.tax_inclusive)",
         "The tax follows from net amount and rate"),
    RULE("order_items.tax_rate_of_place", ORDER_ITEM, 0, "product ship_to",
         "t.tax_rate <> tax_rate(ship_to.country, ship_to.region, product.tax_class)",
         "t.tax_rate || ', ' || ship_to.country || ' ' || ifnull(ship_to.region, '') || ' ' || "
         "product.tax_class",
         "The rate is that of country, region and tax class"),
    RULE(
        "order_items.total_adds_up", ORDER_ITEM, 0, "parent",
        "t.total_amount <> t.quantity * t.unit_amount - t.discount_amount + CASE parent.tax_inclusive WHEN 1 "
        "THEN 0 WHEN 0 THEN t.tax_amount END",
        "t.total_amount", "Line total = quantity x price - discount (+ exclusive tax)"),
    RULE("order_items.price_in_force", ORDER_ITEM, E(PRODUCT_PRICE), "parent",
         "parent.id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM held_product_prices p WHERE p.product_id = "
         "t.product_id AND p.currency = "
         "parent.currency AND p.unit_amount = t.unit_amount AND p.valid_from <= parent.created_at AND "
         "(p.valid_to IS NULL OR p.valid_to > parent.created_at))",
         "t.unit_amount || ' at ' || instant(parent.created_at)",
         "The price is the one in force at order time"),
    RULE("order_items.product_active", ORDER_ITEM, 0, "parent product",
         "parent.created_at < product.launched_at OR parent.created_at >= product.retired_at",
         "instant(parent.created_at)", "The product was launched and not retired at order time"),
    RULE("order_items.sold_in_country", ORDER_ITEM, 0, "customer product",
         "product.excluded_countries IS NOT NULL AND "
         "instr(';' || product.excluded_countries || ';', ';' || customer.country || ';') > 0",
         "customer.country || ' in ' || product.excluded_countries",
         "The product is sold in the buyer's country"),
    RULE("order_items.buyer_old_enough", ORDER_ITEM, 0, "parent customer product",
         "product.minimum_age IS NOT NULL AND "
         "age(customer.birth_date, parent.created_at) < product.minimum_age",
         "'age ' || age(customer.birth_date, parent.created_at) || ', minimum ' || product.minimum_age",
         "The buyer had the minimum age at order time"),
    RULE("order_items.substitution_explained", ORDER_ITEM, 0, "",
         "(t.fulfilment = 'substituted') <> (t.requested_variant_id IS NOT NULL)", "t.fulfilment",
         "Substituted lines, and only they, name what was asked for"),
    RULE("order_items.substitute_of_same_product", ORDER_ITEM, 0, "requested",
         "requested.id = t.variant_id OR requested.product_id <> t.product_id", NULL,
         "A substitute is another variant of the same product"),
    OVER("order_items.moved_stock_once", ORDER_ITEM, E(STOCK_MOVEMENT), "parent", OF_MOVEMENTS,
         "count(*) FILTER (WHERE m.kind = 'sale') <> 1 AND NOT (t.fulfilment = 'backordered' AND "
         "parent.status NOT IN ('shipped', 'delivered') AND count(*) = 0)",
         "t.fulfilment || ', ' || parent.status", "Each line takes its goods from stock exactly once"),
    OVER("order_items.cancelled_restocked", ORDER_ITEM, E(STOCK_MOVEMENT), "parent", OF_MOVEMENTS,

         "sum(m.quantity) <> CASE WHEN parent.status IN ('cancelled', 'payment_failed') THEN 0 WHEN "
         "parent.id IS "
         "NOT NULL THEN -t.quantity END",
         "parent.status", "What was called off is back in stock, what was not is gone"),

    RULE("order_status_history.steps_allowed", ORDER_STATUS_HISTORY, 0, "before",
         "iif(t.sequence = 1, t.status <> 'created', before.sequence IS NOT NULL AND NOT "
         "step_allowed(before.status, t.status))",
         "ifnull(before.status, '') || ' > ' || t.status", "Only the steps of the order's life"),
    RULE("order_status_history.times_in_order", ORDER_STATUS_HISTORY, 0, "before",
         "t.changed_at < before.changed_at", "instant(t.changed_at) || ' < ' || instant(before.changed_at)",
         "No step before the one above"),
    RULE("order_status_history.in_business_hours", ORDER_STATUS_HISTORY, 0, "centre",
         "(t.status IN ('confirmed', 'shipped') OR (t.status = 'cancelled' AND parent.cancellation_reason <> "
         "'customer_request')) AND NOT at_work(centre.country, centre.time_zone, t.changed_at)",
         "t.status || ' ' || instant(t.changed_at) || ' ' || centre.time_zone",
         "Confirmed, shipped and called off by the shop when the centre works"),
    RULE("order_status_history.delivered_by_day", ORDER_STATUS_HISTORY, 0, "centre",
         "t.status = 'delivered' AND NOT at_delivery(centre.country, centre.time_zone, t.changed_at)",
         "instant(t.changed_at) || ' ' || centre.time_zone", "Delivered by day, not on Sundays and holidays"),

    RULE("payments.amount_is_total", PAYMENT, 0, "parent", "t.amount <> parent.total_amount",
         "t.amount || ' <> ' || parent.total_amount", "The order's total is asked for"),
    RULE("payments.currency_of_order", PAYMENT, 0, "parent", "t.currency <> parent.currency", "t.currency",
         "Paid in the order's currency"),
    RULE("payments.within_limit", PAYMENT, 0, "method", "t.amount > method.limit_amount",
         "t.amount || ' > ' || method.limit_amount", "Within the payment method's limit"),
    RULE("payments.method_of_buyer", PAYMENT, 0, "parent method", "method.customer_id <> parent.customer_id",
         NULL, "Paid by a payment method of the buyer"),
    RULE("payments.method_valid", PAYMENT, 0, "method",
         "method.created_at > t.created_at OR (t.status = 'captured' AND card_end(method.expiry_year, "
         "method.expiry_month) <= t.created_at)",
         "instant(t.created_at)", "The method existed, and a card had not expired when it paid"),
    RULE("payments.not_before_order", PAYMENT, 0, "parent", "t.created_at < parent.created_at",
         "instant(t.created_at)", "No payment before the order"),
    RULE(
        "payments.times_fit_status", PAYMENT, 0, "",
        "(t.status IN ('captured', 'refunded')) <> (t.captured_at IS NOT NULL) OR (t.status = 'refunded') <> "
        "(t.refunded_at IS NOT NULL) OR t.captured_at < t.created_at OR t.refunded_at < t.captured_at",
        "t.status", "Captured and refunded payments have their times, in order"),
    RULE("payments.failure_fits_status", PAYMENT, 0, "",
         "(t.status = 'failed') <> (t.failure_code IS NOT NULL)", "t.status",
         "Failed payments, and only they, say why"),
    RULE("payments.attempts_count_up", PAYMENT, 0, "",
         "t.attempt < 1 OR (t.attempt > 1 AND NOT EXISTS (SELECT 1 FROM payments p WHERE p.order_id = "
         "t.order_id AND "
         "p.attempt = t.attempt - 1)) OR (SELECT count(*) FROM payments p WHERE p.order_id = t.order_id AND "
         "p.attempt "
         "= t.attempt) > 1",
         "t.attempt", "Attempts count 1, 2, 3, ..."),

    RULE("shipments.centre_of_order", SHIPMENT, 0, "parent",
         "t.fulfilment_centre_id <> parent.fulfilment_centre_id", NULL, "Shipped from the order's centre"),
    RULE("shipments.service_of_order", SHIPMENT, 0, "parent", "t.service <> parent.shipping_option",
         "t.service || ', ' || parent.shipping_option", "Shipped as the order asked for"),
    OVER("shipments.only_after_payment", SHIPMENT, E(ORDER_STATUS_HISTORY), "", OF_ORDER_HISTORY,
         "count(*) FILTER (WHERE h.status = 'paid' AND h.changed_at <= t.shipped_at) = 0",
         "instant(t.shipped_at)", "Nothing leaves before it is paid"),
    OVER("shipments.shipped_as_in_history", SHIPMENT, E(ORDER_STATUS_HISTORY), "", OF_ORDER_HISTORY,
         "t.shipped_at IS NOT min(h.changed_at) FILTER (WHERE h.status = 'shipped')", "instant(t.shipped_at)",
         "shipped_at is the history's"),
    OVER("shipments.delivered_as_in_history", SHIPMENT, E(ORDER_STATUS_HISTORY), "", OF_ORDER_HISTORY,
         "t.delivered_at IS NOT min(h.changed_at) FILTER (WHERE h.status = 'delivered')",
         "ifnull(instant(t.delivered_at), '-')", "delivered_at is the history's"),
    RULE("shipments.delivered_fits_status", SHIPMENT, 0, "",
         "(t.status = 'delivered') <> (t.delivered_at IS NOT NULL) OR t.delivered_at < t.shipped_at",
         "t.status", "Delivered parcels, and only they, have a time of delivery, after they left"),
    RULE("shipments.in_business_hours", SHIPMENT, 0, "centre",
         "NOT at_work(centre.country, centre.time_zone, t.shipped_at)",
         "instant(t.shipped_at) || ' ' || centre.time_zone", "Shipped when the centre works"),
    RULE("shipments.weight_positive", SHIPMENT, 0, "", "t.weight <= 0", "t.weight",
         "Parcels weigh something"),
};

const size_t cw_order_rule_count = sizeof cw_order_rules / sizeof cw_order_rules[0];
