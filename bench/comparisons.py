"""What is compared with whom. Each comparison takes the options and the peers and gives a report.Result."""
import functools
import os
import re
import subprocess

import postgres_bars
import serving
from measure import ROOT, Contender, Scratch, folder_size, interleave, peak_memory, self_timed, timed, timed_together
from report import Bar, Result, ratio_bar

COLUMNS = ("customers.id,given_name,family_name,email,phone,birth_date,street,city,region,postal_code,country,"
           "created_at")
BENCH = ROOT / "build/release/bench"
BYTES_PER_CUSTOMER = 16
MEMORY_LIMIT = 300_000_000
MEMORY_NOISE = 8_000_000  # what an allocator and timing add to equal runs


def generate(options, *arguments, threads=1):
    return [str(options.program), "generate", "--quiet", "--threads", str(threads), "--seed", "42",
            *(str(argument) for argument in arguments)]


def seconds(value):
    return f"{value:.2f}"


def rate_rows(contenders, ours, unit):
    """Table lines: name, medians, rate, and how many times as fast we are."""
    scale, digits = (1e6, 3) if unit == "rows" else (1e6, 0)
    lines = []
    for contender in contenders:
        cpu, wall = ours.rate(unit) / contender.rate(unit), ours.rate(unit, "wall") / contender.rate(unit, "wall")
        lines.append([contender.name, seconds(contender.wall), seconds(contender.cpu),
                      f"{contender.rate(unit) / scale:.{digits}f}",
                      "" if contender is ours else f"{cpu:.2f}×", "" if contender is ours else f"{wall:.2f}×"])
    return lines


def least_ratio(contenders, ours, unit):
    """How many times as fast as the fastest judged peer, by CPU time; None without one."""
    rates = [contender.rate(unit) for contender in contenders if contender.is_judged and contender is not ours]
    return ours.rate(unit) / max(rates) if rates else None


def without_setup(run_whole, run_setup):
    """A run, less the time of one that makes nearly nothing."""
    setup, whole = run_setup(), run_whole()
    whole.wall -= setup.wall
    whole.cpu -= setup.cpu
    return whole


def customers(options, peers):
    """Customers as CSV to /dev/null, one thread."""
    count = 100_000 if options.quick else 1_000_000
    slow = 10 if options.quick else 1

    def ours_of(rows):
        return generate(options, "--customers", rows, "--tables", "customers", "--columns", COLUMNS, "--out", "-")

    def run(command_of, rows):
        return functools.partial(without_setup, lambda: timed(command_of(rows), rows), lambda: timed(command_of(1)))

    ours = Contender("Cartwright", run(ours_of, count), True)
    contenders = [ours]
    with Scratch(1 << 26) as scratch:
        pool = scratch.fresh("pool")
        subprocess.run(generate(options, "--customers", "200K", "--columns", COLUMNS, "--out", pool), check=True)
        if "fake_rs" in peers:
            contenders.append(Contender("fake-rs", run(functools.partial(peers.command, "fake_rs"), count)))
        if "duckdb_customers" in peers:
            command = peers.command("duckdb_customers", count, pool / "customers/part-00000.csv")
            contenders.append(Contender("DuckDB SQL", functools.partial(self_timed, command, count)))
        for name, title, rows in (("faker_js", "faker-js", 50_000), ("mimesis_customers", "Mimesis", 50_000),
                                  ("faker_customers", "Faker", 10_000)):
            if name in peers:
                made = run(functools.partial(peers.command, name), rows // slow)
                contenders.append(Contender(f"{title} ({rows // slow:,} rows)", made, is_judged=False))
        interleave(contenders, options.rounds)
    judged = sum(contender.is_judged for contender in contenders) > 2
    ratio = least_ratio(contenders, ours, "rows") if judged else None
    return Result(f"Customers, 12 columns, CSV to /dev/null, one thread, {count:,} rows",
                  ["generator", "wall s", "CPU s", "M rows per CPU s", "we are, by CPU", "by wall"],
                  rate_rows(contenders, ours, "rows"),
                  [ratio_bar("customers CSV, of the faster of fake-rs and DuckDB", ratio, 6, 10)],
                  ["Set-up is not counted, for anybody: of DuckDB the query alone is timed, of the others the time of "
                   "a run of one row is taken off."])


def run_into_folder(scratch, command, is_made_before=False):
    """Runs a command whose last argument is to be a folder, and removes the folder."""
    folder = scratch.fresh("made")
    if is_made_before:
        folder.mkdir()
    sample = timed([*command, str(folder)])
    sample.size = folder_size(folder, "")
    scratch.fresh("made")
    return sample


def tpch_contenders(peers, scratch, scale):
    def command(of_scale, *arguments):
        return peers.command("tpchgen", "csv", "-s", of_scale, "-T", "orders,lineitem", "-n", 1, "-q", *arguments)

    def run_files(of_scale):
        return run_into_folder(scratch, command(of_scale, "-o"), is_made_before=True)

    def run_stream():
        sample = without_setup(lambda: timed(command(scale, "--stdout")), lambda: timed(command(0.001, "--stdout")))
        sample.size = files.samples[-1].size
        return sample

    def run_files_only():
        return without_setup(lambda: run_files(scale), lambda: run_files(0.001))

    files = Contender("tpchgen-cli, to files", run_files_only, is_judged=False)
    return [files, Contender("tpchgen-cli, to /dev/null", run_stream)]


def orders(options, peers):
    """Orders with their items as CSV, stock pass included, one thread, to nowhere and into files."""
    count = 100_000 if options.quick else 1_000_000
    scale = 0.05 if options.quick else 1
    made = ["--customers", count // 5, "--products", count // 50, "--orders", count, "--tables", "orders,order_items"]
    with Scratch(5_000_000_000) as scratch:
        files = Contender("Cartwright, to files",
                          lambda: run_into_folder(scratch, generate(options, *made, "--out")), True, is_judged=False)

        def run_discard():
            sample = timed(generate(options, *made, "--discard"))
            sample.size = files.samples[-1].size
            return sample

        ours = Contender("Cartwright, to nowhere", run_discard, True)
        contenders = [files, ours]
        if "tpchgen" in peers:
            contenders += tpch_contenders(peers, scratch, scale)
        interleave(contenders, options.rounds)
        where = scratch.path.parent
    return Result(f"Orders with their items, CSV, one thread, {count:,} orders; files in {where}",
                  ["generator", "wall s", "CPU s", "MB per CPU s", "we (to nowhere) are, by CPU", "by wall"],
                  rate_rows(contenders, ours, "bytes"),
                  [ratio_bar("orders and items CSV, of tpchgen-cli", least_ratio(contenders, ours, "bytes"), 3, 5)],
                  ["tpchgen-cli makes orders and lineitem; its set-up (a pool of text) is not counted. Ours draws "
                   "customers and products too and lets orders meet stock in order of time: all of it is timed. "
                   "Into files, ours also takes their SHA-256 and syncs them."])


def parquet_case(options, peers, scratch, name, tables, counts):
    """Three contenders (ours of ready rows, DuckDB's COPY of the same, ours with making the rows), and how large our
    files are beside DuckDB's."""
    folder = scratch.fresh(name)
    arguments = [word for key, count in counts.items() for word in (f"--{key}", count)]
    command = generate(options, *arguments, "--tables", ",".join(tables), "--format", "parquet", "--out")
    subprocess.run([*command, str(folder)], check=True)
    bench = [BENCH / "bench_parquet", scratch.path, *(str(count) for count in counts.values()), *tables]
    ours = Contender(f"Cartwright, {name}", functools.partial(self_timed, bench), True)
    theirs = Contender(f"DuckDB COPY, {name}",
                       functools.partial(self_timed, peers.command("duckdb_parquet", folder, *tables)))

    def run_whole():
        made = run_into_folder(scratch, command)
        made.rows = ours.samples[-1].rows
        made.size = ours.samples[-1].size
        return made

    whole = Contender(f"Cartwright, {name}, rows made too", run_whole, True, is_judged=False)
    contenders = [ours, theirs, whole]
    interleave(contenders, options.rounds)
    return contenders, folder_size(folder, "part-00000.parquet") / theirs.samples[-1].size


def parquet_lines(contenders):
    """Table lines: ours of ready rows and ours with making them, each beside DuckDB's."""
    _, theirs, _ = contenders
    lines = []
    for contender in contenders:
        ratios = [contender.rate("rows", clock) / theirs.rate("rows", clock) for clock in ("cpu", "wall")]
        lines.append([contender.name, seconds(contender.wall), seconds(contender.cpu),
                      f"{contender.rate('rows') / 1e6:.3f}",
                      *("" if contender is theirs else f"{ratio:.2f}×" for ratio in ratios),
                      f"{contender.samples[-1].size / 1e6:.1f}"])
    return lines


def parquet(options, peers):
    """Parquet with zstd, one thread: the same rows, ready in memory; and making and writing them."""
    count = 100_000 if options.quick else 1_000_000
    header = ["writer", "wall s", "CPU s", "M rows per CPU s", "of DuckDB, by CPU", "by wall", "MB"]
    rows, bars = [], []
    cases = (("customers", ["customers"], {"customers": count, "products": 0, "orders": 0}),
             ("orders and items", ["orders", "order_items"],
              {"customers": count // 10, "products": count // 100, "orders": count // 4}))
    if "duckdb_parquet" not in peers or not (BENCH / "bench_parquet").exists():
        return Result("Parquet", header, [], [ratio_bar("customers Parquet, of DuckDB's COPY", None, 3)],
                      ["DuckDB is not installed, or bench_parquet is not built: use make bench."])
    with Scratch(4_000_000_000) as scratch:
        for name, tables, counts in cases:
            contenders, size = parquet_case(options, peers, scratch, name, tables, counts)
            ours = contenders[0]
            rows += parquet_lines(contenders)
            bars += [ratio_bar(f"{name} Parquet, of DuckDB's COPY", least_ratio(contenders, ours, "rows"), 3),
                     Bar(f"{name} Parquet, size of DuckDB's files", "≤ 1×", size, f"{size:.3f}×", size <= 1.0)]
    return Result(f"Parquet with zstd, one thread: {count:,} customers, {count // 4:,} orders with items, all columns",
                  header, rows, bars,
                  ["Both write the same rows, ready in memory: ours as generation leaves them, in batches where a "
                   "string of a pool is a code; DuckDB's as its tables. Where rows are made too, ours is timed from "
                   "start to end, and also takes the files' SHA-256 and syncs them."])


def threads(options, _):
    """Two threads against one, by wall time, beside what two programs of one thread each get from this machine."""
    count = 200_000 if options.quick else 10_000_000
    cases = {
        "customers CSV to /dev/null": lambda number: generate(
            options, "--customers", count, "--tables", "customers", "--columns", COLUMNS, "--out", "-",
            threads=number),
        "orders and items CSV, discarded": lambda number: generate(
            options, "--customers", count // 20, "--products", count // 200, "--orders", count * 2 // 5,
            "--tables", "orders,order_items", "--discard", threads=number),
    }
    rows, bars = [], []
    for name, command in cases.items():
        one = Contender("1", functools.partial(timed, command(1)))
        two = Contender("2", functools.partial(timed, command(2)))
        apart = Contender("1 + 1", functools.partial(timed_together, [command(1)] * 2))
        interleave([one, two, apart], options.rounds)
        faster = one.wall / two.wall
        rows.append([name, seconds(one.wall), seconds(two.wall), seconds(one.cpu), seconds(two.cpu),
                     f"{faster:.2f}×", f"{2 * one.wall / apart.wall:.2f}×"])
        bars.append(ratio_bar(f"two threads, {name}", faster, 1.8))
    return Result("Two threads and one",
                  ["what", "1: wall s", "2: wall s", "1: CPU s", "2: CPU s", "faster", "two programs"], rows, bars,
                  ["Two programs: how much more two separate runs of one thread, side by side, get done than one "
                   "alone. That is what this machine has to give; where it is below 2, processors share something."])


def memory(options, _):
    """Peak memory of a run and of one twice as long, all tables, Parquet, one thread per processor."""
    base = 250_000 if options.quick else 10_000_000
    peaks = []
    with Scratch(0, on_disk=True) as scratch:
        for count in (base, base * 2):
            folder = scratch.fresh("shop")
            arguments = ["--customers", count // 5, "--products", "50K", "--orders", count, "--format", "parquet"]
            peaks.append(peak_memory(generate(options, *arguments, "--out", folder, threads=os.cpu_count())))
            scratch.fresh("shop")
    allowed = peaks[0] + BYTES_PER_CUSTOMER * (base // 5) + MEMORY_NOISE
    rows = [[f"{base * (i + 1):,} orders", f"{base * (i + 1) // 5:,}", f"{peak / 1e6:.0f}"]
            for i, peak in enumerate(peaks)]
    bars = [Bar(f"peak memory, {base:,} orders", f"< {MEMORY_LIMIT // 1_000_000} MB", peaks[0],
                f"{peaks[0] / 1e6:.0f} MB", peaks[0] < MEMORY_LIMIT),
            Bar("peak memory of twice the orders", f"≤ {allowed / 1e6:.0f} MB", peaks[1], f"{peaks[1] / 1e6:.0f} MB",
                peaks[1] <= allowed)]
    return Result("Peak memory, all tables, Parquet, a thread per processor", ["run", "customers", "MB"], rows, bars,
                  [f"Twice the orders may take {BYTES_PER_CUSTOMER} bytes per additional customer more, and "
                   f"{MEMORY_NOISE // 1_000_000} MB of noise."])


STORE_LINE = re.compile(r"^(\S+) +([\d.]+) s wall +([\d.]+) s CPU +(\d+) rows/s; store is ([\d.]+), "
                        r"store-closed ([\d.]+) times", re.M)


def store(options, _):
    """The built-in store beside a bare loop of prepared inserts; bench_store.c takes turns by itself."""
    program = BENCH / "bench_store"
    count = 50_000 if options.quick else 1_000_000
    header = ["loader", "wall s", "CPU s", "M rows per s", "store is", "store closed is"]
    name = "store, loaded and closed, of a bare loop with log and indexes"
    title = f"Loading {count:,} customers with addresses and payment methods"
    if not program.exists():
        return Result(title, header, [], [ratio_bar(name, None, 0.8)], ["bench_store is not built: use make bench."])
    with Scratch(0, on_disk=True) as scratch:
        text = subprocess.run([program, scratch.path, str(count), str(options.rounds)], check=True,
                              capture_output=True, text=True).stdout
    lines = STORE_LINE.findall(text)
    rows = [[line[0], line[1], line[2], f"{int(line[3]) / 1e6:.3f}", f"{line[4]}×", f"{line[5]}×"] for line in lines]
    ratio = next((float(line[5]) for line in lines if line[0] == "bare-log"), None)
    return Result(title, header, rows, [ratio_bar(name, ratio, 0.8)],
                  ["bare-log keeps a write-ahead log, syncs, and builds indexes after the rows; bare-in-place keeps "
                   "indexes while it inserts; bare-reckless and bare-unchecked are not safe against a crash."])


def postgres(options, _):
    """PostgreSQL: customers with addresses and payment methods, and orders with all their tables, beside \\copy."""
    count = 50_000 if options.quick else 1_000_000
    cases = (("customers with addresses and payment methods", 1.05, ["--customers", str(count)]),
             ("orders with all their tables", 1.1, ["--customers", str(count // 5), "--products", str(count // 50),
                                                    "--orders", str(count)]))
    header = ["loader", "wall s", "client's CPU s", "M rows per s", "of psql's time"]
    title = f"Into PostgreSQL, keys and indexes at the end: {count:,} customers; {count:,} orders"
    rows, bars = [], []
    if postgres_bars.with_postgres.tool("initdb") is None:
        return Result(title, header, [], [postgres_bars.most_bar(f"PostgreSQL, {name}, of psql's time", None, most)
                                          for name, most, _ in cases], ["PostgreSQL is not installed."])
    with postgres_bars.open_database(options.program) as database, Scratch(0, on_disk=True) as scratch:
        for name, most, arguments in cases:
            folder = scratch.fresh("files")
            folder.mkdir()
            contenders, made = postgres_bars.compare(database, options.rounds, folder, arguments)
            ours, theirs = contenders
            rows += [[f"{one.name}, {name}", seconds(one.wall), seconds(one.cpu), f"{made / one.wall / 1e6:.3f}",
                      "" if one is theirs else f"{ours.wall / theirs.wall:.3f}×"] for one in contenders]
            bars.append(postgres_bars.most_bar(f"PostgreSQL, {name}, of psql's time", ours.wall / theirs.wall, most))
            if name.startswith("customers"):
                bars.append(Bar(f"PostgreSQL, {count:,} customers", "≤ 30 s", ours.wall, f"{ours.wall:.1f} s",
                                ours.wall <= 30))
    return Result(title, header, rows, bars,
                  ["Both use as many connections (one for customers, four for orders), take keys and indexes away, "
                   "copy in binary, build them and ANALYZE. Ours makes the rows meanwhile and their digests, and shows "
                   "them all at once; psql reads them from files, which the system holds in memory where it has the "
                   "room, and commits each connection's rows on its own."])


ALL = {"customers": customers, "orders": orders, "parquet": parquet, "threads": threads, "memory": memory,
       "store": store, "postgres": postgres, "serve": serving.serving}
