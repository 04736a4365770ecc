"""What bench/run concludes from its samples."""
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "bench"))

import comparisons  # noqa: E402
import measure  # noqa: E402
import postgres_bars  # noqa: E402
import report  # noqa: E402


def contender(name, seconds, **options):
    made = measure.Contender(name, None, **options)
    made.samples = [measure.Sample(wall=2 * value, cpu=value, size=1000, rows=100) for value in seconds]
    return made


def test_medians_do_not_mind_one_slow_round():
    ours = contender("ours", [1.0, 1.0, 50.0])
    assert (ours.cpu, ours.wall, ours.rate("rows"), ours.rate("bytes", "wall")) == (1.0, 2.0, 100.0, 500.0)


def test_the_fastest_judged_peer_is_what_counts():
    ours, slow, fast = contender("ours", [1.0]), contender("slow", [9.0]), contender("fast", [6.0])
    shown_only = contender("shown", [0.5], is_judged=False)
    assert comparisons.least_ratio([ours, slow, fast, shown_only], ours, "rows") == 6.0
    assert comparisons.least_ratio([ours, shown_only], ours, "rows") is None


def test_verdicts():
    passed, missed, unknown = (report.ratio_bar("bar", ratio, 3, 5) for ratio in (5.5, 2.9, None))
    assert (passed.verdict, passed.goal, passed.missed) == ("PASS", "5×, reached", False)
    assert (missed.verdict, missed.goal, missed.missed) == ("FAIL", "5×", True)
    assert (unknown.verdict, unknown.shown, unknown.missed) == ("not measured", "", False)


def test_interleaving_takes_turns():
    turns = []
    contenders = [measure.Contender(name, lambda name=name: turns.append(name)) for name in "ab"]
    measure.interleave(contenders, 2)
    assert turns == ["a", "b", "a", "b"]


def test_lines_of_the_store_benchmark_are_read():
    line = ("bare-log          4.37 s wall    3.09 s CPU     91444 rows/s; store is 2.47, store-closed 2.13 times as "
            "fast\n")
    assert comparisons.STORE_LINE.findall(line) == [("bare-log", "4.37", "3.09", "91444", "2.47", "2.13")]


def test_parquet_lines_compare_with_the_copy():
    trio = [contender("ready", [1.0]), contender("copy", [4.0]), contender("made too", [2.0])]
    lines = comparisons.parquet_lines(trio)
    assert [line[4:6] for line in lines] == [["4.00×", "4.00×"], ["", ""], ["2.00×", "2.00×"]]


def test_both_load_the_same_rows_into_postgresql(cartwright, tmp_path):
    with postgres_bars.open_database(cartwright) as database:
        contenders, rows = postgres_bars.compare(database, 1, tmp_path, ["--customers", "200", "--products", "20",
                                                                         "--orders", "300"])
        for table in ("orders", "stock"):
            made, copied = (database.psql(name, f"SELECT md5(string_agg(t::text, ' ' ORDER BY id)) FROM {table} t")
                            for name in ("shop_ours", "shop_theirs"))
            assert made == copied
        assert subprocess.run([cartwright, "migrate", "check", database.uri("shop_theirs")], check=False,
                              stdout=subprocess.DEVNULL).returncode == 0
    assert rows > 2000 and [contender.is_ours for contender in contenders] == [True, False]
    assert postgres_bars.most_bar("bar", 1.04, 1.05).verdict == "PASS"
    assert postgres_bars.most_bar("bar", 1.06, 1.05).missed
    assert postgres_bars.most_bar("bar", None, 1.05).verdict == "not measured"
