"""A role without special rights, in a database with settings of its own, gets the same rows as anybody; rows and
indexes of a user's own are counted, used and left alone."""
import subprocess

import psycopg
import pytest
import requests
from fault_load import Server
from postgres_database import Database

SETTINGS = {
    "standard_conforming_strings": "off", "escape_string_warning": "off", "quote_all_identifiers": "on",
    "DateStyle": "SQL, DMY", "IntervalStyle": "sql_standard", "TimeZone": "Asia/Kathmandu", "client_encoding": "LATIN1",
    "bytea_output": "escape", "extra_float_digits": "-15", "array_nulls": "off", "transform_null_equals": "on",
    "default_transaction_isolation": "repeatable read", "synchronous_commit": "off", "search_path": "shop, public",
    "statement_timeout": "20s", "idle_in_transaction_session_timeout": "20s", "row_security": "off",
    "check_function_bodies": "off", "enable_seqscan": "off", "plan_cache_mode": "force_generic_plan",
}
RUNS = (["--customers", "3000", "--products", "60", "--orders", "1500"], ["--orders", "20"], ["--customers", "5"],
        ["--customers", "1500", "--orders", "400"])
TABLES = ("categories brands products product_prices variants fulfilment_centres customers addresses payment_methods "
          "orders order_items order_status_history payments shipments stock_movements stock").split()


def fill(program, uri):
    for seed, size in enumerate(RUNS, 1):
        program("generate", "--quiet", "--seed", seed, *size, "--store", uri)
    program("migrate", "check", uri)


def content(database, schema="public"):
    """A digest of each table, in words that no setting changes."""
    with psycopg.connect(database.uri, options=f"-csearch_path={schema} -cDateStyle=ISO -cTimeZone=UTC "
                                               "-cstandard_conforming_strings=on -cclient_encoding=UTF8") as connection:
        return {table: connection.execute(f"SELECT count(*), md5(string_agg(t::text, '\n' ORDER BY id)) FROM {table} t"
                                          ).fetchone() for table in TABLES}


@pytest.fixture(name="plain", scope="module")
def fixture_plain(postgres, cartwright):
    database = Database(postgres)
    for seed, size in enumerate(RUNS, 1):
        subprocess.run([cartwright, "generate", "--quiet", "--seed", str(seed), *size, "--store", database.uri],
                       check=True, stdout=subprocess.DEVNULL)
    return database


@pytest.fixture(name="odd")
def fixture_odd(database):
    """A database of a role that may do nothing elsewhere, and settings of both."""
    role = f"keeper_of_{database.name}"
    database.run(f"CREATE ROLE {role} LOGIN; ALTER DATABASE {database.name} OWNER TO {role}; "
                 f"CREATE SCHEMA shop AUTHORIZATION {role}")
    for number, (name, value) in enumerate(SETTINGS.items()):
        of = f"ROLE {role}" if number % 2 else f"DATABASE {database.name}"
        value = value if name == "search_path" else f"'{value}'"
        database.run(f"ALTER {of} SET {name} = {value}")
    database.uri_of_role = database.uri.replace("user=postgres", f"user={role}")
    return database


def test_settings_and_rights_change_no_row(program, plain, odd):
    assert odd.value("SELECT 1") == 1
    fill(program, odd.uri_of_role)
    assert content(odd, "shop") == content(plain)
    with psycopg.connect(odd.uri_of_role) as connection:
        assert connection.execute("SHOW DateStyle").fetchone() == ("SQL, DMY",)
        assert connection.execute("SELECT current_setting('is_superuser')").fetchone() == ("off",)
        assert connection.execute("SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace"
                                  ).fetchone() == (0,)


def test_settings_change_no_answer(cartwright, plain, odd, program):
    fill(program, odd.uri_of_role)
    paths = ("customers?country=DE&limit=50", "orders?created_at[gte]=2025-06-01T00:00:00Z&limit=50",
             "payment_methods?limit=50", "order_items?limit=50")
    answers = []
    for uri in (plain.uri, odd.uri_of_role):
        server = Server(cartwright, uri, "--quiet").start()
        try:
            answers.append([requests.get(f"{server.url}/api/v1/{path}", timeout=30).json() for path in paths])
        finally:
            server.stop()
    assert all(answer.get("data") for answer in answers[0]), answers[0]
    assert answers[0] == answers[1]


def test_missing_rights_are_told(program, database):
    role = f"visitor_of_{database.name}"
    database.run(f"CREATE ROLE {role} LOGIN; REVOKE ALL ON SCHEMA public FROM public")
    uri = database.uri.replace("user=postgres", f"user={role}")
    assert "no schema has been selected" in program("migrate", "up", uri, code=4).stderr
    database.run(f"GRANT USAGE ON SCHEMA public TO {role}")
    assert "permission denied for schema public" in program("migrate", "up", uri, code=6).stderr


OWN = """
INSERT INTO customers (id, created_at, email, given_name, family_name, sex, birth_date, street, city, postal_code,
    country, locale, language, currency, segment, acquisition_channel, credit_limit, marketing_consent,
    default_address_id)
SELECT ('019000000000700080000000000000' || lpad(to_hex(n), 2, '0'))::uuid, '2024-06-01', 'own' || n || '@example.com',
    'Ada', 'Own', 'female', '1990-01-01', 'Road ' || n, 'Berlin', '10115', 'DE', 'de-DE', 'de', 'EUR', 'vip', 'direct',
    100000, false, ('019000000001700080000000000000' || lpad(to_hex(n), 2, '0'))::uuid FROM generate_series(1, 50) n;
INSERT INTO addresses (id, customer_id, created_at, kind, is_default, recipient, street, city, postal_code, country,
    settlement)
SELECT default_address_id, id, created_at, 'home', true, 'Ada Own', street, city, postal_code, country, 'urban'
FROM customers WHERE family_name = 'Own';
INSERT INTO payment_methods (id, customer_id, created_at, kind, brand, currency, limit_amount, is_default)
SELECT gen_random_uuid(), id, created_at, 'invoice', 'invoice', currency, 1000000, true FROM customers
WHERE family_name = 'Own';
CREATE INDEX customers_by_city ON customers (city);
CREATE INDEX orders_by_channel ON orders (channel, created_at);
CREATE TABLE notes (customer uuid REFERENCES customers, words text);
INSERT INTO notes SELECT id, 'kept' FROM customers WHERE family_name = 'Own';
ALTER TABLE customers ADD COLUMN nickname text;
CREATE VIEW friends AS SELECT id, email FROM customers;
"""


def test_rows_and_indexes_of_the_user_live_beside_ours(program, database):
    program("generate", "--quiet", "--seed", "1", "--products", "40", "--store", database.uri)
    database.run(OWN)
    program("generate", "--quiet", "--seed", "2", "--orders", "600", "--store", database.uri)
    program("generate", "--quiet", "--seed", "3", "--customers", "2000", "--orders", "300", "--store", database.uri)
    orders, buyers = database.run("SELECT count(*), count(DISTINCT customer_id) FROM orders JOIN customers c "
                                  "ON c.id = customer_id AND family_name = 'Own'")[0]
    assert orders >= 600 and buyers > 25
    assert database.value("SELECT count(*) FROM notes") == 50
    assert {"customers_by_city", "orders_by_channel"} <= {
        row[0] for row in database.run("SELECT indexname FROM pg_indexes")}
    assert database.value("SELECT value FROM counters WHERE name = 'rows.customers'") == database.value(
        "SELECT count(*) FROM friends") == 2050
    program("migrate", "check", database.uri)
