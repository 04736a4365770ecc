"""The reference data under data/, read once more and independently, as tables of a DuckDB connection."""
import datetime
import pathlib

TABLES = ("categories", "brands", "products", "product_prices", "variants", "fulfilment_centres", "customers",
          "addresses", "payment_methods", "orders", "order_items", "order_status_history", "payments", "shipments",
          "stock_movements", "stock")


def rows(path):
    """The rows of a table under data/ as dictionaries."""
    lines = [line.rstrip("\n") for line in path.open(encoding="utf-8") if not line.startswith("#")]
    head = lines[0].split("\t")
    return [dict(zip(head, line.split("\t"), strict=False)) for line in lines[1:] if line]


def fill(connection, table, columns, values):
    """Makes a table of lists of values, column by column."""
    import pyarrow

    names = [column.split()[0] for column in columns]
    lists = list(zip(*values, strict=True)) if values else [[] for _ in names]
    data = pyarrow.table({name: pyarrow.array(list(items)) for name, items in zip(names, lists, strict=True)})
    connection.register("incoming", data)
    casts = ", ".join(f"{name}::{kind} AS {name}" for name, kind in (column.split(None, 1) for column in columns))
    connection.execute(f"CREATE TABLE {table} AS SELECT {casts} FROM incoming")
    connection.unregister("incoming")


def load_market(folder):
    """Everything of one market, by table."""
    market = {row["key"]: row["value"] for row in rows(folder / "market.tsv")}
    country = market["country"]
    regions = {row["code"]: row["name"] or None for row in rows(folder / "regions.tsv")}
    facts = {"market": [(country, market["locale"], market["language"], market["currency"],
                         market["tax_inclusive"] == "true", int(market["standard_rate"]), int(market["reduced_rate"]),
                         int(market["zero_rate"]))]}
    facts["place"] = [(country, regions[row["region"]], row["city"], code.split("=")[0])
                      for row in rows(folder / "postal_codes.tsv") for code in row["codes"].split(",")]
    facts["given_name"] = [(country, row["name"], row["sex"], [int(weight) for weight in row["weights"].split()])
                           for row in rows(folder / "given_names.tsv")]
    facts["family_name"] = [(country, row["name"]) for row in rows(folder / "family_names.tsv")]
    facts["phone_range"] = [(country, row["prefix"], row["kind"], int(row["digits"]))
                            for row in rows(folder / "phones.tsv")]
    facts["payment_brand"] = [(country, row["name"], row["kind"]) for row in rows(folder / "payment_brands.tsv")]
    facts["holiday"] = [(country, datetime.date.fromisoformat(row["date"])) for row in rows(folder / "holidays.tsv")]
    sales_tax = folder / "sales_tax.tsv"
    facts["sales_tax"] = [(country, regions[row["region"]], int(row["rate"]))
                          for row in (rows(sales_tax) if sales_tax.exists() else [])]
    return facts


COLUMNS = {
    "market": ("country VARCHAR", "locale VARCHAR", "language VARCHAR", "currency VARCHAR", "tax_inclusive BOOLEAN",
               "standard_rate BIGINT", "reduced_rate BIGINT", "zero_rate BIGINT"),
    "place": ("country VARCHAR", "region VARCHAR", "city VARCHAR", "postal_code VARCHAR"),
    "given_name": ("country VARCHAR", "name VARCHAR", "sex VARCHAR", "weights BIGINT[]"),
    "family_name": ("country VARCHAR", "name VARCHAR"),
    "phone_range": ("country VARCHAR", "prefix VARCHAR", "kind VARCHAR", "digits BIGINT"),
    "payment_brand": ("country VARCHAR", "name VARCHAR", "kind VARCHAR"),
    "holiday": ("country VARCHAR", "day DATE"),
    "sales_tax": ("country VARCHAR", "region VARCHAR", "rate BIGINT"),
    "card_range": ("brand VARCHAR", "prefix VARCHAR", "length BIGINT"),
}


def load_facts(connection, data):
    """Loads data/ (a pathlib.Path) into tables of the connection."""
    facts = {name: [] for name in COLUMNS}
    for market in rows(data / "markets.tsv"):
        for name, values in load_market(data / "markets" / market["country"].lower()).items():
            facts[name] += values
    facts["card_range"] = [(row["brand"], row["prefix"], int(row["length"])) for row in rows(data / "card_ranges.tsv")]
    for name, values in facts.items():
        fill(connection, name, COLUMNS[name], values)


def load_shop(connection, folder, ending="parquet"):
    """Loads what `cartwright generate --out` wrote, a folder per table, into tables of the connection."""
    for table in TABLES:
        files = pathlib.Path(folder) / table / f"*.{ending}"
        connection.execute(f"CREATE TABLE {table} AS FROM '{files}'")


def load_run(connection, as_of, opening, first, end):
    """Notes the times of the run; texts as its manifest has them."""
    connection.execute("CREATE TABLE run AS SELECT ?::TIMESTAMPTZ AS as_of, ?::TIMESTAMPTZ AS opening, "
                       "?::TIMESTAMPTZ AS range_from, ?::TIMESTAMPTZ AS range_to", [as_of, opening, first, end])


def read_rules(path):
    """(name, statement) of every rule of an SQL file."""
    parts = path.read_text(encoding="utf-8").split("-- rule: ")[1:]
    return [tuple(part.strip() for part in rule.split("\n", 1)) for rule in parts]
