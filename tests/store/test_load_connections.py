"""A large load fills the months of its tables over several connections, aside; readers see all of it or nothing."""
import contextlib
import subprocess
import time

import psycopg
import pytest
import with_postgres
from fault_load import check, validate
from postgres_database import Database

LOAD = ["--customers", "3000", "--products", "60", "--orders", "8000"]
ASIDE = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'COPY %\\_aside\\_%'"
LEFT = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND state = 'idle in transaction'"
UNAVAILABLE = 10
# What a load that was killed leaves.
PUT_ASIDE = ("SELECT cartwright_make_partitions('2025-01-01', '2025-04-01'); SELECT cartwright_mark_empty(), "
             "cartwright_defer(); SELECT cartwright_set_aside()")
OWN_ID = "overlay(gen_random_uuid()::text PLACING left(cartwright_lowest_id('2025-03-02')::text, 13) FROM 1)::uuid"
OWN_MOVEMENT = (f"INSERT INTO stock_movements SELECT {OWN_ID}, gen_random_uuid(), gen_random_uuid(), 'receipt', 5, "
                "NULL, now()")
OWN_ORDER = f"""INSERT INTO orders SELECT {OWN_ID}, c.id, '2025-03-02', 'created', 'EUR', 0, 0, 0, 0, 0, true, 0, 1,
    'web', 'standard', a.id, a.id, p.id, (SELECT id FROM fulfilment_centres LIMIT 1), 0, false, NULL FROM customers c
    JOIN addresses a ON a.customer_id = c.id JOIN payment_methods p ON p.customer_id = c.id LIMIT 1"""
OWN_CUSTOMER = """INSERT INTO customers (id, created_at, email, given_name, family_name, sex, birth_date, street, city,
    postal_code, country, locale, language, currency, segment, acquisition_channel, credit_limit, marketing_consent,
    default_address_id) SELECT gen_random_uuid(), '2020-01-01', 'own@example.com', 'A', 'B', 'female', '1990-01-01',
    'S', 'C', 'P', 'DE', 'de-DE', 'de', 'EUR', 'vip', 'direct', 0, false, default_address_id FROM customers LIMIT 1"""


def begin(cartwright, uri, seed=1):
    return subprocess.Popen([cartwright, "generate", "--quiet", "--seed", str(seed), *LOAD, "--store", uri],
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def end(load):
    _, errors = load.communicate(timeout=100)
    assert load.returncode == 0, errors


def rows(database, table="orders"):
    return dict(database.run(f"SELECT tableoid::regclass::text, count(*) FROM {table} GROUP BY 1 ORDER BY 1"))


def content(database):
    """Every row of the tables that are partitioned, and where it is."""
    return {table: database.run("SELECT count(*), md5(string_agg(tableoid::regclass::text || t::text, ',' ORDER BY id"
                                f")) FROM {table} t")
            for table in ("orders", "order_items", "order_status_history", "payments", "shipments", "stock_movements")}


@pytest.fixture(name="plain", scope="module")
def fixture_plain(postgres, cartwright):
    database = Database(postgres)
    end(begin(cartwright, database.uri))
    return database


def test_readers_see_all_or_nothing_of_what_several_connections_fill(cartwright, database):
    subprocess.run([cartwright, "migrate", "up", database.uri], check=True, stdout=subprocess.DEVNULL)
    load, filling, seen = begin(cartwright, database.uri), set(), set()
    with psycopg.connect(database.uri, autocommit=True) as watch:
        while load.poll() is None:
            filling.update(pid for pid, in watch.execute(ASIDE))
            seen.add(watch.execute("SELECT (SELECT count(*) FROM orders), (SELECT count(*) > 0 FROM payments), "
                                   "(SELECT count(*) FROM customers)").fetchone())
    assert load.returncode == 0, load.stderr.read()
    assert len(filling) > 1
    assert seen <= {(0, False, 0), (8000, True, 3000)}
    check_whole(cartwright, database)
    assert not any(name.endswith("_other") for name in rows(database))
    months = database.value("SELECT count(*) FROM pg_inherits WHERE inhparent = 'orders'::regclass")
    assert database.run("SELECT count(*), count(*) FILTER (WHERE indisvalid) FROM pg_inherits JOIN pg_index ON "
                        "indrelid = inhrelid WHERE inhparent = 'orders'::regclass") == [(2 * months, 2 * months)]


def others(database):
    return {table: database.value(f"SELECT count(*) FROM {table}_other") for table in (
        "orders", "order_items", "order_status_history", "payments", "shipments", "stock_movements")}


def test_every_row_is_in_its_month_whatever_comes_first(cartwright, database, plain):
    assert not any(others(plain).values())
    for part in (["--products", "60"], ["--customers", "100"], ["--orders", "400"],
                 ["--orders", "50", "--from", "2025-03-01", "--to", "2025-04-01"]):
        subprocess.run([cartwright, "generate", "--quiet", *part, "--store", database.uri], check=True,
                       stdout=subprocess.DEVNULL)
    assert not any(others(database).values()) and len(rows(database, "stock_movements")) > 12
    validate(cartwright, database.uri)


def test_rows_that_were_there_before_move_into_their_month_where_nothing_refers_to_them(cartwright, database):
    subprocess.run([cartwright, "generate", "--quiet", "--customers", "5", "--products", "5", "--orders", "20",
                    "--from", "2025-06-01", "--store", database.uri], check=True, stdout=subprocess.DEVNULL)
    database.run(f"INSERT INTO stock_movements SELECT {OWN_ID}, f.id, v.id, 'receipt', 5, NULL, now() FROM "
                 "fulfilment_centres f, variants v LIMIT 1")
    database.run(OWN_ORDER)
    assert others(database)["stock_movements"] == others(database)["orders"] == 1
    subprocess.run([cartwright, "generate", "--quiet", "--orders", "20", "--from", "2025-03-01", "--to", "2025-04-01",
                    "--store", database.uri], check=True, stdout=subprocess.DEVNULL)
    assert others(database)["stock_movements"] == 0 and rows(database, "stock_movements")["stock_movements_2025_03"] > 1
    assert others(database)["orders"] == 21 and "orders_2025_03" not in rows(database)
    assert database.value("SELECT count(*) FROM pg_index WHERE indrelid = 'stock_movements_2025_03'::regclass") == \
        database.value("SELECT count(*) FROM pg_index WHERE indrelid = 'stock_movements_2025_04'::regclass")
    subprocess.run([cartwright, "migrate", "check", database.uri], check=True, stdout=subprocess.DEVNULL)


def test_of_many_months_the_last_240_are_made(cartwright, database):
    subprocess.run([cartwright, "generate", "--quiet", "--customers", "20", "--products", "5", "--orders", "60",
                    "--from", "2004-06-01", "--store", database.uri], check=True, stdout=subprocess.DEVNULL)
    months = database.run("SELECT count(*), min(inhrelid::regclass::text) FROM pg_inherits WHERE inhparent = "
                          "'orders'::regclass AND inhrelid <> 'orders_other'::regclass")
    assert months == [(240, "orders_2006_02")]


def test_autovacuum_is_told_of_every_table_that_loads_fill(plain):
    told = dict(plain.run("SELECT relname::text, reloptions FROM pg_class WHERE relkind = 'r' AND relnamespace = "
                          "'public'::regnamespace AND reloptions::text LIKE '%autovacuum%'"))
    months = [name for name, in plain.run("SELECT inhrelid::regclass::text FROM pg_inherits JOIN pg_class ON "
                                          "pg_class.oid = inhrelid WHERE relkind = 'r'")]
    assert len(months) > 6 * 12 and set(months) <= set(told)
    assert {"customers", "addresses", "payment_methods", "products", "stock", "counters", "jobs"} <= set(told)


def check_whole(cartwright, database):
    runs = [str(run) for run, in database.run("SELECT id FROM runs")]
    check(cartwright, database.uri, [], runs)
    validate(cartwright, database.uri)


def strike_program(load, _):
    load.kill()


def strike_own(_, database):
    database.run(f"SELECT pg_terminate_backend(pid) FROM ({LEFT}) AS own")


def strike_helper(_, database):
    database.run(f"SELECT pg_terminate_backend(pid) FROM ({ASIDE} LIMIT 1) AS helper")


@pytest.mark.parametrize("strike", [strike_program, strike_own, strike_helper])
def test_what_a_load_left_aside_counts_for_nothing(cartwright, database, plain, strike):
    subprocess.run([cartwright, "migrate", "up", database.uri], check=True, stdout=subprocess.DEVNULL)
    load = begin(cartwright, database.uri)
    while not rows_aside(database):
        assert load.poll() is None, load.stderr.read()
        time.sleep(0.01)
    strike(load, database)
    load.communicate(timeout=100)
    assert load.returncode in (-9, UNAVAILABLE)
    check_whole(cartwright, database)
    assert database.value("SELECT count(*) FROM orders") == 0
    end(begin(cartwright, database.uri))
    assert content(database) == content(plain)


def rows_aside(database):
    with contextlib.suppress(psycopg.errors.UndefinedTable):
        for name, in database.run("SELECT name FROM tables_aside"):
            if database.value(f"SELECT count(*) FROM {name}") > 0:
                return True
    return False


def test_a_server_without_connections_to_spare_gets_the_same_rows(cartwright, database, plain):
    database.run(f"CREATE ROLE few_{database.name} LOGIN CONNECTION LIMIT 2; "
                 f"ALTER DATABASE {database.name} OWNER TO few_{database.name}")
    uri = database.uri.replace("user=postgres", f"user=few_{database.name}")
    end(begin(cartwright, uri))
    assert content(database) == content(plain)
    check_whole(cartwright, database)


def test_triggers_see_every_row(cartwright, database):
    subprocess.run([cartwright, "migrate", "up", database.uri], check=True, stdout=subprocess.DEVNULL)
    database.run("CREATE TABLE noticed (id uuid); CREATE FUNCTION notice() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN "
                 "INSERT INTO noticed VALUES (NEW.id); RETURN NULL; END$$; CREATE TRIGGER notice AFTER INSERT ON "
                 "payments FOR EACH ROW EXECUTE FUNCTION notice(); ALTER TABLE payments ENABLE ALWAYS TRIGGER notice")
    end(begin(cartwright, database.uri))
    assert database.value("SELECT count(*) FROM noticed") == database.value("SELECT count(*) FROM payments") > 8000


def test_a_change_feed_sees_every_row_by_its_table(cartwright, plain):
    with with_postgres.running({"wal_level": "logical"}) as server:
        database = Database(server)
        subprocess.run([cartwright, "migrate", "up", database.uri], check=True, stdout=subprocess.DEVNULL)
        database.run("SELECT pg_create_logical_replication_slot('feed', 'test_decoding')")
        end(begin(cartwright, database.uri))
        assert content(database) == content(plain)
        assert database.run("SELECT substring(data, 'table public.([a-z_0-9]+): INSERT'), count(*) FROM "
                            "pg_logical_slot_get_changes('feed', NULL, NULL) WHERE data LIKE 'table public.orders_2%' "
                            "GROUP BY 1 ORDER BY 1") == list(rows(database).items())


def test_a_table_whose_partition_for_other_times_is_gone_is_filled_all_the_same(cartwright, database):
    subprocess.run([cartwright, "migrate", "up", database.uri], check=True, stdout=subprocess.DEVNULL)
    database.run("SELECT cartwright_make_partitions('2023-01-01', '2027-01-01'); DROP TABLE payments_other; "
                 "ALTER TABLE shipments_other RENAME TO shipments_rest")
    end(begin(cartwright, database.uri))
    check_whole(cartwright, database)


def test_a_row_that_came_meanwhile_is_put_into_its_month(program, database):
    program("migrate", "up", database.uri)
    database.run(PUT_ASIDE)
    database.run(OWN_MOVEMENT)
    assert rows(database, "stock_movements") == {"stock_movements_other": 1}
    database.run("SELECT cartwright_put_back(false)")
    assert rows(database, "stock_movements") == {"stock_movements_2025_03": 1}
    assert database.value("SELECT count(*) FROM tables_aside") == 0


def wait_for(database, load, query):
    """Until a statement of the load's own connection is like this."""
    sql = ("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = "
           f"'cartwright' AND query LIKE '%{query}%'")
    while database.value(sql) == 0:
        assert load.poll() is None, load.stderr.read()
        time.sleep(0.01)


def test_rows_that_others_commit_while_a_load_begins_stay(cartwright, program, database):
    program("generate", "--quiet", "--customers", 100, "--products", 20, "--orders", 0, "--store", database.uri)
    database.run("SELECT cartwright_make_partitions('2023-01-01', '2027-01-01')")
    with psycopg.connect(database.uri) as own:
        own.execute(OWN_ORDER)
        load = begin(cartwright, database.uri)
        wait_for(database, load, "LOCK TABLE")
        own.commit()
    asides = set()
    while load.poll() is None:
        asides.update(name for name, in database.run("SELECT relation FROM tables_aside"))
    end(load)
    assert "payments" in asides and "orders" not in asides
    assert database.run("SELECT count(*), count(*) FILTER (WHERE total_amount = 0) FROM orders") == [(8001, 1)]


OWN_COLUMNS = {
    "net bigint GENERATED ALWAYS AS (total_amount - tax_amount) STORED": "net = total_amount - tax_amount",
    "imported_at timestamptz NOT NULL DEFAULT now()": "imported_at > '2026-01-01'",
    "origin text DEFAULT 'load'": "origin = 'load'",
}


@pytest.mark.parametrize("column", OWN_COLUMNS)
def test_columns_of_others_are_filled_as_their_owner_says(cartwright, program, database, column):
    program("migrate", "up", database.uri)
    database.run(f"ALTER TABLE orders ADD COLUMN {column}")
    end(begin(cartwright, database.uri))
    assert database.value(f"SELECT count(*) FILTER (WHERE {OWN_COLUMNS[column]}) FROM orders") == 8000
    check_whole(cartwright, database)


@pytest.mark.parametrize("change", ["ALTER TABLE orders ADD COLUMN note text",
                                    "ALTER TABLE orders ADD CONSTRAINT own CHECK (total_amount >= 0)",
                                    "DROP TABLE {aside}",
                                    "CREATE INDEX own ON payments (amount)"])
def test_what_is_aside_does_not_stand_in_the_way_of_changes(cartwright, program, database, change):
    program("migrate", "up", database.uri)
    database.run(PUT_ASIDE)
    database.run(change.format(aside=database.value("SELECT name FROM tables_aside WHERE relation = 'orders'")))
    end(begin(cartwright, database.uri))
    check_whole(cartwright, database)
    assert database.value("SELECT count(*) FROM tables_aside") == 0
    assert database.value("SELECT count(*) FROM pg_class WHERE relname LIKE '%\\_aside\\_%' AND relkind = 'p'") == 0


def test_who_reads_one_month_makes_nobody_else_wait(cartwright, program, database):
    program("migrate", "up", database.uri)
    load = begin(cartwright, database.uri)
    while not rows_aside(database):
        assert load.poll() is None, load.stderr.read()
    with psycopg.connect(database.uri) as dump:
        month = dump.execute("SELECT relname FROM pg_class WHERE relname LIKE 'orders_2025%' AND relkind = 'r' LIMIT 1")
        dump.execute(f"LOCK TABLE {month.fetchone()[0]} IN ACCESS SHARE MODE")
        wait_for(database, load, "_aside_[0-9]%LOCK TABLE")
        for _ in range(20):
            database.run("SET statement_timeout = '5s'; SELECT count(*) FROM customers")
            assert load.poll() is None, load.stderr.read()
            time.sleep(0.1)
        dump.rollback()
    end(load)
    check_whole(cartwright, database)


def test_a_reader_of_what_foreign_keys_tie_to_empty_tables_is_let_go_first(cartwright, program, database):
    program("generate", "--quiet", "--customers", 100, "--products", 20, "--orders", 0, "--store", database.uri)
    with psycopg.connect(database.uri) as reader:
        reader.execute("SELECT count(*) FROM customers")
        load = begin(cartwright, database.uri)
        wait_for(database, load, "LOCK TABLE")
        time.sleep(1.5)
        for table in ("orders", "payments", "stock", "variants"):
            reader.execute(f"SELECT count(*) FROM {table}")
        reader.rollback()
    end(load)
    check_whole(cartwright, database)


def test_rows_of_others_and_of_a_load_are_counted_once(cartwright, program, database):
    program("generate", "--quiet", "--customers", 100, "--products", 20, "--orders", 100, "--store", database.uri)
    load = begin(cartwright, database.uri, seed=2)
    wait_for(database, load, "COPY")
    database.run(OWN_CUSTOMER)
    end(load)
    assert database.run("SELECT count(*), count(DISTINCT rowid), max(rowid) FROM customers") == [(3101, 3101, 3101)]
    assert database.value("SELECT value FROM counters WHERE name = 'rows.customers'") == 3101
