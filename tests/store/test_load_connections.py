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
    database.run("SELECT cartwright_make_partitions('2025-01-01', '2025-04-01'); SELECT cartwright_defer(); "
                 "SELECT cartwright_set_aside()")
    database.run("INSERT INTO stock_movements SELECT overlay(gen_random_uuid()::text PLACING left(cartwright_lowest_id("
                 "'2025-03-02')::text, 13) FROM 1)::uuid, gen_random_uuid(), gen_random_uuid(), 'receipt', 5, NULL, "
                 "now()")
    assert rows(database, "stock_movements") == {"stock_movements_other": 1}
    database.run("SELECT cartwright_put_back(false)")
    assert rows(database, "stock_movements") == {"stock_movements_2025_03": 1}
    assert database.value("SELECT count(*) FROM tables_aside") == 0
