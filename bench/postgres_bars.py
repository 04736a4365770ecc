"""Loading into PostgreSQL beside PostgreSQL's own COPY: psql's \\copy of the same rows from ready-made binary files,
over the same socket and as many connections, keys and indexes taken away before and built after the rows, then
ANALYZE."""
import contextlib
import re
import subprocess
import sys
import tempfile

from measure import ROOT, Contender, interleave, timed
from report import Bar

sys.path.insert(0, str(ROOT / "tests"))
import with_postgres  # noqa: E402

# As someone would run it who loads much: room for the log and for sorting; synced as always.
SETTINGS = {"fsync": "on", "full_page_writes": "on", "autovacuum": "on", "shared_buffers": "1GB", "max_wal_size": "8GB",
            "checkpoint_timeout": "30min"}
# What one load sets for itself, and how it keeps the keys away; see src/store/postgres_load.c. The partitioned tables
# that have rows are shared out among three more connections.
SHARES = (("order_items",), ("stock_movements", "payments"), ("order_status_history", "orders", "shipments"))
HEAD = "\\set ON_ERROR_STOP 1\nSET client_min_messages = warning;\n"
BEFORE = HEAD + "{partitions}\nBEGIN; SELECT cartwright_mark_empty(), cartwright_defer(); COMMIT;\n"
COPY = HEAD + "BEGIN;\nSET LOCAL session_replication_role = replica;\n{copies}COMMIT;\n"
AFTER = HEAD + """SET maintenance_work_mem = '512MB';
BEGIN;
UPDATE counters SET value = given.value FROM (VALUES {counters}) AS given (name, value)
    WHERE counters.name = given.name;
SELECT cartwright_build();
COMMIT;
"""
# $1: the database; $2: the folder of the scripts.
SHELL = """set -e
psql -X -q -f "$2/before.sql" "$1"
pids=
for copy in "$2"/copy_*.sql; do
    psql -X -q -f "$copy" "$1" &
    pids="$pids $!"
done
for pid in $pids; do wait "$pid"; done
psql -X -q -f "$2/after.sql" "$1"
"""


class Database:
    """A server of our own, and databases in it."""

    def __init__(self, server, program):
        self.server, self.program = server, program
        self.make("shop_empty", "template1")
        subprocess.run([program, "migrate", "up", self.uri("shop_empty")], check=True, stdout=subprocess.DEVNULL)

    def uri(self, name):
        return self.server.uri.replace("///postgres?", f"///{name}?")

    def psql(self, name, sql):
        return subprocess.run(["psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", sql, self.uri(name)],
                              check=True, capture_output=True, text=True).stdout.strip()

    def make(self, name, template="shop_empty"):
        """Anew, with what was written before on the disk, so that nobody pays for others."""
        self.psql("postgres", f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        self.psql("postgres", f"CREATE DATABASE {name} TEMPLATE {template}")
        self.psql("postgres", "CHECKPOINT")

    def counts(self, name):
        return self.psql(name, "SELECT name, value FROM counters WHERE name LIKE 'rows.%' ORDER BY name")


@contextlib.contextmanager
def open_database(program):
    with tempfile.TemporaryDirectory(prefix="cwpg", ignore_cleanup_errors=True) as folder:
        server = with_postgres.Server(folder, SETTINGS).create()
        server.start()
        try:
            yield Database(server, str(program))
        finally:
            server.stop()


def export(database, name, folder):
    """Writes each table that has rows into a file, and the scripts that load them."""
    tables = [line.split("|")[0].removeprefix("rows.") for line in database.counts(name).splitlines()
              if not line.endswith("|0")]
    months = database.psql(name, "SELECT min(substring(relname, 8)), max(substring(relname, 8)) FROM pg_class WHERE "
                                 "relname ~ '^orders_[0-9]{4}_[0-9]{2}$'").replace("_", "-").split("|")
    partitions = f"SELECT cartwright_make_partitions('{months[0]}-01', '{months[1]}-01');" if months[0] else ""
    counters = ", ".join(f"('{line.split('|')[0]}', {line.split('|')[1]})"
                         for line in database.counts(name).splitlines())
    for table in tables:
        database.psql(name, f"\\copy (SELECT * FROM {table} ORDER BY rowid) TO '{folder}/{table}.copy' (FORMAT binary)")
    shared = [table for share in SHARES for table in share]
    shares = [[table for table in tables if table not in shared]] + [
        [table for table in share if table in tables] for share in SHARES]
    for number, share in enumerate(filter(None, shares)):
        copies = "".join(f"\\copy {table} FROM '{folder}/{table}.copy' (FORMAT binary)\n" for table in share)
        (folder / f"copy_{number}.sql").write_text(COPY.format(copies=copies))
    (folder / "before.sql").write_text(BEFORE.format(partitions=partitions))
    (folder / "after.sql").write_text(AFTER.format(counters=counters) + "".join(f"ANALYZE {table};\n"
                                                                               for table in tables))


def compare(database, rounds, folder, arguments):
    """Two contenders that took turns: ours, which makes the rows too, and psql."""
    def command(name):
        return [database.program, "generate", "--quiet", "--seed", "42", *arguments, "--store", database.uri(name)]

    def run_ours():
        database.make("shop_ours")
        return timed(command("shop_ours"))

    def run_theirs():
        database.make("shop_theirs")
        return timed(["sh", "-c", SHELL, "sh", database.uri("shop_theirs"), str(folder)])

    database.make("shop_source")
    subprocess.run(command("shop_source"), check=True, stdout=subprocess.DEVNULL)
    export(database, "shop_source", folder)
    database.psql("postgres", "DROP DATABASE shop_source")
    contenders = [Contender("Cartwright, rows made too", run_ours, True),
                  Contender("psql's \\copy of ready files", run_theirs)]
    interleave(contenders, rounds)
    if database.counts("shop_ours") != database.counts("shop_theirs"):
        raise RuntimeError("the two did not load the same rows")
    return contenders, sum(int(number) for number in re.findall(r"\|(\d+)$", database.counts("shop_ours"), re.M))


def most_bar(name, ratio, most):
    """A bar on how much longer than the other we may take; None: not measured."""
    shown = "" if ratio is None else f"{ratio:.3f}×"
    return Bar(name, f"≤ {most:g}×", ratio, shown, ratio is not None and ratio <= most)
