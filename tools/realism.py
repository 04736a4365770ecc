#!/usr/bin/env python3
"""Measures a generated shop beside public data of real shops and writes docs/realism.md.

Usage: realism.py [--program build/cartwright] [--customers 30000] [--products 3000] [--orders 100000] [--seed 1]

The figures of the real shops were measured once from the data sets themselves: UCI Online Retail (2010-2011, a British
gift shop that mostly sells to other shops), CDNOW (1997-1998, music), the online groceries that come with the R package
BTYDplus, and a sample of Olist (2016-2018, a Brazilian marketplace). They are written here as facts; no row is copied.
"""
import argparse
import pathlib
import subprocess
import tempfile

import duckdb

ROOT = pathlib.Path(__file__).resolve().parent.parent
RETAIL, CDNOW, GROCERY, OLIST = "Online Retail", "CDNOW", "groceries", "Olist"

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
    ("lines per order, mean", "SELECT avg(item_count) FROM orders", {RETAIL: 21.0, OLIST: 1.04}),
    ("units per order, median", "SELECT median(n) FROM units_of", {RETAIL: 153, CDNOW: 2}),
    ("share of lines of the best-selling 1 % of products", "SELECT top(0.01)", {RETAIL: 0.094}),
    ("share of the best-selling 5 %", "SELECT top(0.05)", {RETAIL: 0.293}),
    ("share of the best-selling 20 %", "SELECT top(0.2)", {RETAIL: 0.643}),
    ("log of the order value, standard deviation",
     "SELECT stddev_pop(ln(total_amount)) FROM orders WHERE currency = 'USD'",
     {RETAIL: 1.21, CDNOW: 0.73, OLIST: 0.80}),
    ("revenue of the best tenth of the customers", "SELECT best_tenth()", {RETAIL: 0.613, CDNOW: 0.509}),
    ("orders from 10 to 14 o'clock", "SELECT sum(share) FROM hours WHERE h BETWEEN 10 AND 13",
     {RETAIL: 0.538, OLIST: 0.260}),
    ("orders from 18 to 21 o'clock", "SELECT sum(share) FROM hours WHERE h BETWEEN 18 AND 20",
     {RETAIL: 0.018, OLIST: 0.180}),
    ("orders from 0 to 6 o'clock", "SELECT sum(share) FROM hours WHERE h < 6", {RETAIL: 0.0, OLIST: 0.048}),
    ("orders on Saturday and Sunday", "SELECT sum(share) FROM weekdays WHERE d > 5", {RETAIL: 0.111, CDNOW: 0.282}),
    ("orders on Monday", "SELECT sum(share) FROM weekdays WHERE d = 1", {RETAIL: 0.156, CDNOW: 0.153, OLIST: 0.157}),
    ("orders in November and December", "SELECT avg((month(local) > 10)::INT) FROM times", {RETAIL: 0.259}),
    ("orders cancelled", "SELECT avg((status = 'cancelled')::INT) FROM orders", {OLIST: 0.005}),
    ("days from order to delivery, median",
     "SELECT median(epoch(s.delivered_at - o.created_at)) / 86400 FROM shipments s JOIN orders o ON o.id = s.order_id",
     {OLIST: 10.2}),
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
CREATE TABLE units_of AS SELECT order_id, sum(quantity) AS n FROM order_items GROUP BY order_id;
CREATE TABLE hours AS SELECT hour(local) AS h, count(*) / sum(count(*)) OVER () AS share FROM times GROUP BY h;
CREATE TABLE weekdays AS SELECT isodow(local) AS d, count(*) / sum(count(*)) OVER () AS share FROM times GROUP BY d;
CREATE TABLE sold AS
    SELECT p.id, count(i.id) AS n,
           row_number() OVER (ORDER BY count(i.id) DESC) / count(*) OVER () AS place
    FROM products p LEFT JOIN order_items i ON i.product_id = p.id GROUP BY p.id;
CREATE MACRO top(share) AS (SELECT sum(n) FILTER (place <= share) / sum(n) FROM sold);
CREATE TABLE spent AS
    SELECT sum(total_amount) AS n, row_number() OVER (ORDER BY sum(total_amount) DESC) / count(*) OVER () AS place
    FROM orders WHERE currency = 'USD' GROUP BY customer_id;
CREATE MACRO best_tenth() AS (SELECT sum(n) FILTER (place <= 0.1) / sum(n) FROM spent);
"""

NOTES = """
## What differs, and why

- **How often people buy.** The ratio of orders to customers is what the caller asks for, so only the shape can be
  compared. Rates come from five segments of four levels each: a mixture of twenty Poisson processes, over-dispersed
  as real repeat purchases are, but with half of their variance or less, without the few who order hundreds of times,
  and with no memory: gaps do not depend on when the last order was, nobody lapses, nobody leaves after a bad parcel.
- **Baskets.** Items per order are a zero-truncated Poisson because that is what was asked for. Real baskets have a
  longer tail and many more single lines; products are drawn independently, so nothing is bought together more often
  than chance has it.
- **Money.** Order values spread more, and the best tenth of the customers brings far more of the revenue than in the
  real shops: few wholesalers buy by the dozen beside households that buy single pieces.
- **Stars.** The very best products sell half as much again as those of Online Retail.
- **Delivery.** Parcels take days, as in Europe, the United States and Japan now, not the ten of Olist's Brazil. More
  orders are cancelled than Olist shows.
- **Hours.** Two peaks, late morning and evening, as asked for. Real shops differ more from one another than from this:
  a wholesaler has office hours and no evening, a marketplace is flat from ten to ten at night.
- **Weekdays.** Monday is the weakest day and the weekend the strongest, as asked for. Most of the real shops measured
  have it the other way round.
- **Wholesalers** lift the mean of units per order far above its median, as in Online Retail, where nearly all are.
- **Products** as a whole are concentrated by construction: the best fifth sells 60 to 80 % of the lines.

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
    names = (RETAIL, CDNOW, GROCERY, OLIST)
    lines = ["# Realism, measured", "",
             f"A shop of {options.customers:,} customers, {options.products:,} products and "
             f"{options.orders:,} orders (seed {options.seed}, one year) beside public data of "
             "real shops. Written by `tools/realism.py`.", "",
             f"| figure | generated | {' | '.join(names)} |", "|---|--:|" + "--:|" * len(names)]
    for name, value, real in figures:
        lines.append(f"| {name} | {shown(value)} | {' | '.join(shown(real.get(other)) for other in names)} |")
    path.write_text("\n".join(lines) + "\n" + NOTES, encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(description="Measures a generated shop beside real ones.")
    parser.add_argument("--program", default=str(ROOT / "build/cartwright"))
    parser.add_argument("--customers", type=int, default=30000)
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
        for table in ("orders", "order_items", "products", "shipments", "fulfilment_centres"):
            connection.execute(f"CREATE TABLE {table} AS FROM '{folder}/shop/{table}/*.parquet'")
        write(options.out, measure(connection), options)


if __name__ == "__main__":
    main()
