#!/usr/bin/env python3
"""Measures a generated shop beside public data of real shops and writes docs/realism.md.

Usage: realism.py [--program build/cartwright] [--customers 45000] [--products 3000] [--orders 100000] [--seed 1]

The figures of the real shops were measured once from the data sets themselves: UCI Online Retail (2010-2011, a British
gift shop that mostly sells to other shops), CDNOW (1997-1998, music), the online groceries that come with the R package
BTYDplus, a sample of Olist (2016-2018, a Brazilian marketplace), and two supermarkets: the baskets that come with the R
package arules and a sample of dunnhumby's "The Complete Journey". They are written here as facts; no row is copied.
"""
import argparse
import pathlib
import subprocess
import tempfile

import duckdb

ROOT = pathlib.Path(__file__).resolve().parent.parent
RETAIL, CDNOW, GROCERY, OLIST = "Online Retail", "CDNOW", "groceries", "Olist"
BASKETS, JOURNEY = "arules", "dunnhumby"
SHOPS = (RETAIL, CDNOW, GROCERY, OLIST, BASKETS, JOURNEY)

TABLES = ("orders", "order_items", "order_status_history", "products", "product_prices", "customers", "shipments",
          "fulfilment_centres")

# figure, SQL over the shop, what the real shops have
FIGURES = [
    ("customers with one order only, of those with any", "SELECT avg((n = 1)::INT) FROM orders_of",
     {RETAIL: 0.347, CDNOW: 0.505, GROCERY: 0.364, OLIST: 0.969}),
    ("with two orders", "SELECT avg((n = 2)::INT) FROM orders_of", {RETAIL: 0.192, CDNOW: 0.173, GROCERY: 0.125}),
    ("with more than ten", "SELECT avg((n > 10)::INT) FROM orders_of", {RETAIL: 0.077, CDNOW: 0.040, GROCERY: 0.198}),
    ("orders per customer, mean", "SELECT avg(n) FROM orders_of", {RETAIL: 4.25, CDNOW: 2.96, GROCERY: 6.87}),
    ("orders per customer, variance over mean", "SELECT var_pop(n) / avg(n) FROM orders_of",
     {RETAIL: 13.7, CDNOW: 7.59, GROCERY: 16.8}),
    ("days between two orders, median", "SELECT median(days) FROM gaps", {RETAIL: 28, CDNOW: 34, GROCERY: 21}),
    ("days between two orders, 90th percentile", "SELECT quantile_cont(days, 0.9) FROM gaps",
     {RETAIL: 111, CDNOW: 200, GROCERY: 80}),
    ("lines per order, mean", "SELECT avg(item_count) FROM orders", {RETAIL: 21.0, OLIST: 1.04, BASKETS: 4.41}),
    ("orders of one line", "SELECT avg((item_count = 1)::INT) FROM orders",
     {RETAIL: 0.081, OLIST: 0.906, BASKETS: 0.220}),
    ("lines per order of households, mean", "SELECT avg(item_count) FROM household_orders", {BASKETS: 4.41}),
    ("lines per order of households, variance", "SELECT var_pop(item_count) FROM household_orders", {BASKETS: 12.9}),
    ("units per order, median", "SELECT median(n) FROM units_of", {RETAIL: 153, CDNOW: 2}),
    ("units per order of wholesalers, median", "SELECT median(n) FROM units_of WHERE segment = 'wholesale'",
     {RETAIL: 153}),
    ("lines of one unit", "SELECT avg((quantity = 1)::INT) FROM order_items", {RETAIL: 0.283}),
    ("share of lines of the best-selling 1 % of products", "SELECT top(0.01)",
     {RETAIL: 0.094, OLIST: 0.084, BASKETS: 0.102, JOURNEY: 0.204}),
    ("share of the best-selling 5 %", "SELECT top(0.05)",
     {RETAIL: 0.293, OLIST: 0.206, BASKETS: 0.288, JOURNEY: 0.384}),
    ("share of the best-selling 20 %", "SELECT top(0.2)",
     {RETAIL: 0.643, OLIST: 0.440, BASKETS: 0.664, JOURNEY: 0.644}),
    ("revenue of the 20 % of products that bring most", "SELECT earned(0.2)", {RETAIL: 0.787}),
    ("lines, after the first order, of products bought before", "SELECT avg((first < bought_at)::INT) FROM bought "
     "WHERE bought_at > first_of_all", {RETAIL: 0.434}),
    ("log of the order value, standard deviation",
     "SELECT stddev_pop(ln(total_amount)) FROM orders WHERE currency = 'USD'",
     {RETAIL: 1.21, CDNOW: 0.73, OLIST: 0.80}),
    ("log of the products' prices, standard deviation",
     "SELECT stddev_pop(ln(unit_amount)) FROM product_prices WHERE currency = 'USD' AND reason = 'launch'",
     {RETAIL: 1.03, OLIST: 0.91}),
    ("prices of a product, mean", "SELECT count(*) / count(DISTINCT product_id) FROM product_prices "
     "WHERE currency = 'USD'", {RETAIL: 3.72}),
    ("revenue of the best hundredth of the customers", "SELECT best(0.01)", {RETAIL: 0.319, CDNOW: 0.159}),
    ("of the best twentieth", "SELECT best(0.05)", {RETAIL: 0.504, CDNOW: 0.367}),
    ("of the best tenth", "SELECT best(0.1)", {RETAIL: 0.613, CDNOW: 0.509}),
    ("of the best fifth", "SELECT best(0.2)", {RETAIL: 0.745, CDNOW: 0.678}),
    ("orders from 10 to 14 o'clock", "SELECT sum(share) FROM hours WHERE h BETWEEN 10 AND 13",
     {RETAIL: 0.538, OLIST: 0.260, JOURNEY: 0.256}),
    ("orders from 18 to 21 o'clock", "SELECT sum(share) FROM hours WHERE h BETWEEN 18 AND 20",
     {RETAIL: 0.018, OLIST: 0.180, JOURNEY: 0.242}),
    ("orders from 0 to 6 o'clock", "SELECT sum(share) FROM hours WHERE h < 6",
     {RETAIL: 0.0, OLIST: 0.048, JOURNEY: 0.016}),
    ("orders on Saturday and Sunday", "SELECT sum(share) FROM weekdays WHERE d > 5",
     {RETAIL: 0.111, CDNOW: 0.282, OLIST: 0.231, JOURNEY: 0.348}),
    ("orders on Monday", "SELECT sum(share) FROM weekdays WHERE d = 1",
     {RETAIL: 0.156, CDNOW: 0.153, OLIST: 0.157, JOURNEY: 0.144}),
    ("orders in November and December", "SELECT avg((month(local) > 10)::INT) FROM times",
     {RETAIL: 0.259, JOURNEY: 0.172}),
    ("orders a day, deviation over mean", "SELECT stddev_pop(n) / avg(n) FROM "
     "(SELECT created_at::DATE, count(*) AS n FROM orders GROUP BY ALL)", {RETAIL: 0.387}),
    ("orders cancelled", "SELECT avg((status = 'cancelled')::INT) FROM orders", {RETAIL: 0.148, OLIST: 0.005}),
    ("hours from order to payment, median", "SELECT median(epoch(paid - created_at)) / 3600 FROM steps",
     {OLIST: 0.35}),
    ("hours from payment to the carrier, median", "SELECT median(epoch(shipped_at - paid)) / 3600 FROM steps",
     {OLIST: 43.6}),
    ("days from order to delivery, median",
     "SELECT median(epoch(s.delivered_at - o.created_at)) / 86400 FROM shipments s JOIN orders o ON o.id = s.order_id",
     {OLIST: 10.2}),
    ("parcels later than promised", "SELECT avg((local > promised_on)::INT) FROM arrived", {OLIST: 0.081}),
    ("lines that met an empty shelf", "SELECT avg((fulfilment <> 'stock')::INT) FROM order_items", {}),
]

VIEWS = """
CREATE TABLE times AS
    SELECT timezone(f.time_zone, o.created_at) AS local FROM orders o
    JOIN fulfilment_centres f ON f.id = o.fulfilment_centre_id WHERE f.country <> 'US';
CREATE TABLE orders_of AS SELECT customer_id, count(*) AS n FROM orders GROUP BY customer_id;
CREATE TABLE gaps AS SELECT days FROM (
    SELECT date_diff('day', lag(created_at) OVER (PARTITION BY customer_id ORDER BY created_at), created_at) AS days
    FROM orders) WHERE days > 0;
CREATE TABLE units_of AS
    SELECT o.id, any_value(c.segment) AS segment, sum(i.quantity) AS n
    FROM order_items i JOIN orders o ON o.id = i.order_id JOIN customers c ON c.id = o.customer_id GROUP BY o.id;
CREATE VIEW household_orders AS
    SELECT o.* FROM orders o JOIN customers c ON c.id = o.customer_id
    WHERE c.segment IN ('new', 'regular', 'dormant');
CREATE TABLE bought AS
    SELECT o.created_at AS bought_at, min(o.created_at) OVER (PARTITION BY o.customer_id) AS first_of_all,
           min(o.created_at) OVER (PARTITION BY o.customer_id, i.product_id) AS first
    FROM order_items i JOIN orders o ON o.id = i.order_id;
CREATE TABLE steps AS
    SELECT o.created_at, h.changed_at AS paid, s.shipped_at
    FROM order_status_history h JOIN orders o ON o.id = h.order_id LEFT JOIN shipments s ON s.order_id = o.id
    WHERE h.status = 'paid';
CREATE TABLE arrived AS
    SELECT promised_on, timezone(f.time_zone, delivered_at)::DATE AS local
    FROM shipments s JOIN fulfilment_centres f ON f.id = s.fulfilment_centre_id WHERE delivered_at IS NOT NULL;
CREATE TABLE hours AS SELECT hour(local) AS h, count(*) / sum(count(*)) OVER () AS share FROM times GROUP BY h;
CREATE TABLE weekdays AS SELECT isodow(local) AS d, count(*) / sum(count(*)) OVER () AS share FROM times GROUP BY d;
CREATE TABLE sold AS
    SELECT p.id, count(i.id) AS n,
           row_number() OVER (ORDER BY count(i.id) DESC) / count(*) OVER () AS place
    FROM products p LEFT JOIN order_items i ON i.product_id = p.id GROUP BY p.id;
CREATE MACRO top(share) AS (SELECT sum(n) FILTER (place <= share) / sum(n) FROM sold);
CREATE TABLE revenue AS
    SELECT coalesce(sum(i.total_amount), 0) AS n,
           row_number() OVER (ORDER BY coalesce(sum(i.total_amount), 0) DESC) / count(*) OVER () AS place
    FROM products p
    LEFT JOIN (order_items i JOIN orders o ON o.id = i.order_id AND o.currency = 'USD') ON i.product_id = p.id
    GROUP BY p.id;
CREATE MACRO earned(share) AS (SELECT sum(n) FILTER (place <= share) / sum(n) FROM revenue);
CREATE TABLE spent AS
    SELECT sum(total_amount) AS n, row_number() OVER (ORDER BY sum(total_amount) DESC) / count(*) OVER () AS place
    FROM orders WHERE currency = 'USD' GROUP BY customer_id;
CREATE MACRO best(share) AS (SELECT sum(n) FILTER (place <= share) / sum(n) FROM spent);
"""

NOTES = """
## What differs, and why

- **How often people buy.** The ratio of orders to customers is what the caller asks for; it is set beside Online
  Retail's here, and so are the shares of customers with one, two and many orders and the gaps. Rates come from five
  segments of four levels each, a mixture of twenty Poisson processes, without the very few who order hundreds of times
  (hence the smaller variance) and with no memory: gaps do not depend on when the last order was, nobody lapses, nobody
  leaves after a bad parcel.
- **Baskets.** Items per order are a zero-truncated Poisson of parameter 3.5 because that is what was asked for; very
  important customers (4.2) and wholesalers (8) buy more. Real baskets have a longer tail and many more single lines.
- **The same again.** Products are drawn by popularity alone, independently of one another and of what the buyer had
  before: nothing is bought together or bought again more often than chance has it.
- **Money.** The best hundredth, twentieth, tenth and fifth of the customers bring what they bring in real shops:
  between Online Retail with its wholesalers and CDNOW without. Wholesalers, 2 % of the customers, place a tenth of the
  orders and bring a quarter of the revenue: many units of cheap goods. Very important customers buy four times as
  often, more at a time, and every other time the dearer of two.
- **Prices** spread more than in any shop measured, since everything from batteries to sofas is sold in one; a fifth of
  the products therefore brings somewhat more of the revenue. Prices change less often than Online Retail's.
- **Stars.** The best-selling products lie between those of Online Retail and of a supermarket chain; the best fifth
  sells 60 to 80 % of the lines by construction.
- **Delivery.** Payments clear in minutes, where a third of Olist's wait for bank slips. Parcels take days, as in
  Europe, the United States and Japan now, not the ten of Olist's Brazil; about one in thirteen comes later than
  promised, mostly those that wait for goods. Cancellations lie between Olist and Online Retail.
- **Accounts.** An order on invoice is charged to the customer's account at once and counts as paid, as where a payment
  service pays the shop; so no open amounts pile up, and the credit limit bounds each order on account.
- **Who calls off.** Customers cancel, and payments fail, at any hour. What the shop calls off (fraud, bad addresses,
  money that has not come in six days) it calls off when its centre works, and `validate` checks so.
- **Hours.** Two peaks, late morning and evening, as asked for. Real shops differ more from one another than from this:
  a wholesaler has office hours and no evening, a marketplace is flat from ten to ten at night.
- **Weekdays.** Monday is the weakest day and the weekend the strongest, as asked for. Supermarkets agree, most of the
  online shops measured have it the other way round.

Hours and weekdays are measured in the centres' local time and leave the United States out, where a centre serves
several time zones. Money is compared within the United States.
"""


def measure(connection):
    for statement in VIEWS.split(";\n"):
        if statement.strip():
            connection.execute(statement)
    return [(name, connection.execute(sql).fetchone()[0], real) for name, sql, real in FIGURES]


def shown(value):
    if value is None:
        return ""
    return f"{value:.3f}" if abs(value) < 1 else f"{value:.2f}" if abs(value) < 10 else f"{value:.0f}"


def write(path, figures, options):
    lines = ["# Realism, measured", "",
             f"A shop of {options.customers:,} customers, {options.products:,} products and "
             f"{options.orders:,} orders (seed {options.seed}, one year) beside public data of "
             "real shops. Written by `tools/realism.py`.", "",
             f"| figure | generated | {' | '.join(SHOPS)} |", "|---|--:|" + "--:|" * len(SHOPS)]
    for name, value, real in figures:
        lines.append(f"| {name} | {shown(value)} | {' | '.join(shown(real.get(other)) for other in SHOPS)} |")
    path.write_text("\n".join(lines) + "\n" + NOTES, encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(description="Measures a generated shop beside real ones.")
    parser.add_argument("--program", default=str(ROOT / "build/cartwright"))
    parser.add_argument("--customers", type=int, default=45000)
    parser.add_argument("--products", type=int, default=3000)
    parser.add_argument("--orders", type=int, default=100000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=pathlib.Path, default=ROOT / "docs/realism.md")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, duckdb.connect() as connection:
        counts = [f"--{name}={getattr(options, name)}" for name in ("seed", "customers", "products", "orders")]
        subprocess.run([options.program, "generate", "--quiet", "--format=parquet", f"--out={folder}/shop", *counts],
                       check=True)
        connection.execute("SET TimeZone = 'UTC'")
        for table in TABLES:
            connection.execute(f"CREATE TABLE {table} AS FROM '{folder}/shop/{table}/*.parquet'")
        write(options.out, measure(connection), options)


if __name__ == "__main__":
    main()
