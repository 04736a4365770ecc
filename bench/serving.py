"""The server under full load: on PostgreSQL beside pgbench, on the built-in store, and GET /healthz beside nginx."""
import contextlib
import os
import pathlib
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from statistics import median

from measure import ROOT, Scratch
from report import Bar, Result, ratio_bar

sys.path.insert(0, str(ROOT / "tests"))

import with_postgres  # noqa: E402

CONNECTIONS = 1000
POOL = 16  # connections of the server to PostgreSQL: CW_PG_POOL_MAX
MEMORY_LIMIT = 300_000_000
COUNTERS = re.compile(r"(\w+)=([\d.]+)")
TABLES = {"customers": "id", "addresses": "customer_id", "payment_methods": "customer_id"}
# What Debian's PostgreSQL starts with, but for where it listens.
SETTINGS = {"fsync": "on", "full_page_writes": "on", "shared_buffers": "128MB", "max_connections": "100",
            "autovacuum": "on"}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def cpu_seconds(pids):
    ticks = 0
    for pid in pids:
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def children(pid):
    return [int(child) for child in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def database_cpu(server):
    """CPU seconds of a PostgreSQL server so far: of its processes, and of those that have ended."""
    if server is None:
        return 0.0
    pid = int((server.data / "postmaster.pid").read_text().split()[0])
    ended = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return cpu_seconds([pid, *children(pid)]) + (int(ended[13]) + int(ended[14])) / os.sysconf("SC_CLK_TCK")


def peak_memory(pid):
    return int(re.search(r"VmHWM:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text())[1]) * 1024


def wait_until_it_answers(url):
    until = time.monotonic() + 60
    while time.monotonic() < until:
        with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=5) as answer:
            return answer.read()
        time.sleep(0.05)
    raise RuntimeError(f"{url} does not answer")


@contextlib.contextmanager
def running(command, url, **options):
    """A program of ours or of others, until it answers and then until the end of the block."""
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL, **options)
    try:
        wait_until_it_answers(url)
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=60)


def serve(options, store, port):
    return running([str(options.program), "serve", "--quiet", "--store", store, "--port", str(port)],
                   f"http://127.0.0.1:{port}/readyz")


def load(scratch, options, store, seconds, database=None):
    """Figures of the server on a store under load, by name."""
    port = free_port()
    with serve(options, store, port) as process:
        url = f"http://127.0.0.1:{port}"
        page = wait_until_it_answers(f"{url}/api/v1/customers?fields=id&limit=200").decode()
        ids = scratch / "ids.txt"
        ids.write_text("\n".join(re.findall(r"[0-9a-f-]{36}", page)) + "\n")
        runs_before = count_runs(store)
        before = cpu_seconds([process.pid]), database_cpu(database)
        text = subprocess.run(["wrk", "-t2", f"-c{CONNECTIONS}", f"-d{seconds}s", "--timeout", "10s", "-s",
                               str(ROOT / "bench/load.lua"), url, "--", str(ids)],
                              check=True, capture_output=True, text=True).stdout
        line = next(line for line in text.splitlines() if line.startswith("load "))
        figures = {name: float(value) for name, value in COUNTERS.findall(line)}
        figures["rate"] = figures["requests"] / figures["seconds"]
        figures["memory"] = peak_memory(process.pid)
        figures["cpu"] = (cpu_seconds([process.pid]) - before[0]) / figures["requests"]
        figures["database cpu"] = (database_cpu(database) - before[1]) / figures["requests"]
        # Requests under way when wrk ends are kept too, but not acknowledged.
        figures["lost"] = max(0, figures["created"] - (count_runs(store) - runs_before))
        if figures["errors"]:
            print(text, file=sys.stderr)
    return figures


def count_runs(store):
    if store.startswith("postgresql:"):
        return int(psql(store, "SELECT count(*) FROM runs"))
    with contextlib.closing(sqlite3.connect(f"file:{store}?mode=ro", uri=True)) as connection:
        return connection.execute("SELECT count(*) FROM runs").fetchone()[0]


def psql(uri, *statements):
    command = ["psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", uri]
    for statement in statements:
        command += ["-c", statement]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def stage(options, uri, runs):
    """Puts rows of so many runs of ten customers aside, ready to be inserted, and 20 of them into the tables."""
    subprocess.run([str(options.program), "generate", "--quiet", "--seed", "7", "--customers", str(runs * 10),
                    "--store", uri], check=True, stdout=subprocess.DEVNULL)
    psql(uri, "CREATE SCHEMA stage", "CREATE TABLE stage.run AS SELECT spec, request, digests, basis FROM runs")
    for table, owner in TABLES.items():
        psql(uri, f"CREATE TABLE stage.{table} AS SELECT (c.rowid - 1) / 10 AS run, row_number() OVER (PARTITION BY "
                  f"(c.rowid - 1) / 10 ORDER BY t.rowid) AS place, t.* FROM {table} t JOIN customers c ON c.id = "
                  f"t.{owner} ORDER BY 1, 2",
             f"CREATE INDEX ON stage.{table} (run)", f"ANALYZE stage.{table}")
    psql(uri, "TRUNCATE runs, customers, addresses, payment_methods CASCADE",
         "UPDATE counters SET value = 0 WHERE name LIKE 'rows.%'",
         *(insert_sql(uri, table).replace("= :run", "< 20") for table in TABLES),
         "CREATE TABLE stage.ids AS SELECT row_number() OVER () AS number, id FROM customers",
         "CREATE UNIQUE INDEX ON stage.ids (number)", "VACUUM ANALYZE", "CHECKPOINT")


def insert_sql(uri, table):
    """What the server runs for a table, but that the rows come from beside it instead of from parameters."""
    names = psql(uri, "SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute WHERE attrelid "
                      f"= '{table}'::regclass AND attnum > 0 AND attname <> 'rowid'")
    return (f"WITH given AS (SELECT * FROM stage.{table} WHERE run = :run), base AS (UPDATE counters SET value = "
            f"value + (SELECT count(*) FROM given) WHERE name = 'rows.{table}' RETURNING value - (SELECT count(*) FROM "
            f"given) AS first) INSERT INTO {table} ({names}, rowid) SELECT {names}, base.first + given.place FROM "
            "base, given")


def scripts(folder, uri):
    """The files of the same statements for pgbench, with their weights."""
    used = ("UPDATE counters SET value = greatest(value + used.added, used.least) FROM unnest(string_to_array("
            "'used.customers.US used.customers.GB used.customers.DE used.customers.FR used.customers.JP "
            "used.customer_runs', ' '), string_to_array('2 2 2 2 2 1', ' ')::bigint[], string_to_array('0 0 0 0 0 0', "
            "' ')::bigint[]) AS used (name, added, least) WHERE counters.name = used.name")
    write = ["\\set run 20 + :next * :clients + :client_id", "\\set next :next + 1", "\\startpipeline", "BEGIN",
             "SELECT cartwright_begin_write()", *(insert_sql(uri, table) for table in TABLES),
             "INSERT INTO runs (id, created_at, spec, request, digests, basis) SELECT gen_random_uuid(), now(), spec, "
             "request, digests, basis FROM stage.run", used, "COMMIT", "\\endpipeline"]
    chosen = "(SELECT id FROM stage.ids WHERE number = :number)"
    texts = {"write": write,
             "customer": ["\\set number random(1, 200)", f"SELECT * FROM customers WHERE id = {chosen} LIMIT 2"],
             "addresses": ["\\set number random(1, 200)",
                           f"SELECT * FROM addresses WHERE customer_id = {chosen} ORDER BY id LIMIT 101"]}
    arguments = []
    for (name, lines), weight in zip(texts.items(), (2, 1, 1)):
        file = folder / f"{name}.sql"
        file.write_text("".join(line + ("\n" if line.startswith("\\") else ";\n") for line in lines))
        arguments += ["-f", f"{file}@{weight}"]
    return arguments


def pgbench(folder, uri, seconds, runs, database):
    """Figures of pgbench on the same statements."""
    command = [with_postgres.tool("pgbench"), "-n", "-M", "prepared", "-c", str(POOL), "-j", "2", "-T", str(seconds),
               "-D", "next=0", "-D", f"clients={POOL}", *scripts(folder, uri), uri]
    before = os.times(), database_cpu(database)
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    after = os.times(), database_cpu(database)
    requests = int(re.search(r"actually processed: (\d+)", text)[1])
    own = sum(after[0][2:4]) - sum(before[0][2:4])
    written = int(psql(uri, "SELECT count(*) FROM runs"))
    if written >= runs - POOL:
        raise RuntimeError(f"pgbench wrote all of {runs} runs: too few were put aside")
    return {"rate": float(re.search(r"tps = ([\d.]+)", text)[1]), "cpu": own / requests,
            "database cpu": (after[1] - before[1]) / requests}


@contextlib.contextmanager
def postgres(folder):
    os.chmod(folder, 0o755)
    place = folder / "postgres"
    place.mkdir()
    server = with_postgres.Server(place, SETTINGS)
    server.create().start()

    def database(name):
        psql(server.uri, f"CREATE DATABASE {name}")
        return server.uri.replace("///postgres", f"///{name}")

    try:
        yield server, database
    finally:
        server.stop("fast")


def nginx(folder, port):
    configuration = folder / "nginx.conf"
    configuration.write_text(f"""daemon off; pid {folder}/nginx.pid; error_log {folder}/nginx.log; worker_processes 2;
events {{ worker_connections 4096; }}
http {{ access_log off; keepalive_requests 100000000;
server {{ listen 127.0.0.1:{port} backlog=1024; location / {{ return 200 "ok"; }} }} }}
""")
    return running(["nginx", "-p", str(folder), "-c", str(configuration)], f"http://127.0.0.1:{port}/healthz")


def cost(process, port, seconds):
    """CPU seconds of a server, kernel included, per GET /healthz."""
    pids = [process.pid, *children(process.pid)]
    before = cpu_seconds(pids)
    text = subprocess.run(["wrk", "-t1", "-c64", f"-d{seconds}s", f"http://127.0.0.1:{port}/healthz"], check=True,
                          capture_output=True, text=True).stdout
    if "Non-2xx" in text or "Socket errors" in text:
        raise RuntimeError(text)
    return (cpu_seconds(pids) - before) / int(re.search(r"(\d+) requests in", text)[1])


def health(folder, options, rounds, seconds):
    """Medians of CPU seconds per request, ours and nginx's, and of ours in nginx's, of the same round."""
    ours, theirs = [], []
    ports = free_port(), free_port()
    with serve(options, str(folder / "health.db"), ports[0]) as server, nginx(folder, ports[1]) as other:
        for _ in range(rounds):
            ours.append(cost(server, ports[0], seconds))
            theirs.append(cost(other, ports[1], seconds))
    return median(ours), median(theirs), median(mine / other for mine, other in zip(ours, theirs))


def load_row(name, figures):
    return [name, f"{figures['rate']:.0f}", f"{figures['p50']:.3f}", f"{figures['p99']:.3f}",
            f"{figures['longest']:.3f}", f"{figures['errors']:.0f}", f"{figures['memory'] / 1e6:.0f}",
            f"{figures['cpu'] * 1e6:.0f}", f"{figures['database cpu'] * 1e6:.0f}"]


def load_bars(name, figures):
    wrong = figures["errors"] + figures["lost"]
    return [Bar(f"{name}: errors and lost rows", "0", wrong, f"{wrong:.0f}", wrong == 0),
            Bar(f"{name}: p99", "< 1 s", figures["p99"], f"{figures['p99']:.2f} s", figures["p99"] < 1),
            Bar(f"{name}: memory", "< 300 MB", figures["memory"], f"{figures['memory'] / 1e6:.0f} MB",
                figures["memory"] < MEMORY_LIMIT)]


def serving(options, _):
    """The server at full load."""
    seconds = 10 if options.quick else 60
    runs = seconds * 2000
    title = f"Serving {CONNECTIONS:,} connections for {seconds} s: half make and keep 10 customers, half read"
    header = ["server", "requests/s", "p50 s", "p99 s", "longest s", "errors", "peak MB", "CPU µs per request",
              "of the database"]
    missing = [name for name in ("wrk", "nginx", "psql") if shutil.which(name) is None]
    if missing or with_postgres.tool("pgbench") is None:
        return Result(title, header, [], [ratio_bar("serving, of pgbench", None, 0.6)],
                      [f"Not measured without {', '.join(missing) or 'pgbench'}: see tools/packages.txt."])
    with Scratch(0, on_disk=True) as scratch, postgres(scratch.path) as (server, database):
        staged = database("staged")
        stage(options, staged, runs)
        theirs = pgbench(scratch.path, staged, seconds, runs, server)
        ours = load(scratch.path, options, database("shop"), seconds, server)
        builtin = load(scratch.path, options, str(scratch.path / "shop.db"), seconds)
        costs = health(scratch.path, options, options.rounds, 3 if options.quick else 8)
    ratio = costs[2]
    return Result(title, header,
                  [load_row("Cartwright on PostgreSQL", ours), load_row("Cartwright on its own store", builtin),
                   [f"pgbench, {POOL} connections", f"{theirs['rate']:.0f}", "", "", "", "", "",
                    f"{theirs['cpu'] * 1e6:.0f}", f"{theirs['database cpu'] * 1e6:.0f}"],
                   ["Cartwright, GET /healthz", "", "", "", "", "", "", f"{costs[0] * 1e6:.1f}", ""],
                   ["nginx, return 200", "", "", "", "", "", "", f"{costs[1] * 1e6:.1f}", ""]],
                  [ratio_bar("serving on PostgreSQL, of pgbench", ours["rate"] / theirs["rate"], 0.6),
                   *load_bars("PostgreSQL", ours), *load_bars("own store", builtin),
                   Bar("GET /healthz, CPU of nginx", "≤ 1.3×", ratio, f"{ratio:.2f}×", ratio <= 1.3)],
                  ["pgbench runs the same statements, prepared and in pipelines, one transaction for each ten "
                   "customers; their rows wait in tables beside, so it makes none and sends none. CPU is that of the "
                   "program alone, the kernel's part included, and beside it that of PostgreSQL."])
