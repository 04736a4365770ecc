"""What the benchmarks print: tables and verdicts, in Markdown."""
import dataclasses
import os
import pathlib
import platform
import subprocess
import time


@dataclasses.dataclass
class Bar:
    """What was promised and what was measured; measured is None where it could not be."""

    name: str
    wanted: str
    measured: float | None
    shown: str
    passed: bool = False
    goal: str = ""

    @property
    def missed(self):
        return self.measured is not None and not self.passed

    @property
    def verdict(self):
        return "not measured" if self.measured is None else "PASS" if self.passed else "FAIL"


@dataclasses.dataclass
class Result:
    """One comparison: rows of a table, and bars."""

    title: str
    header: list
    rows: list
    bars: list
    notes: list = dataclasses.field(default_factory=list)

    def as_json(self):
        return {"title": self.title, "header": self.header, "rows": self.rows, "notes": self.notes,
                "bars": [{**dataclasses.asdict(bar), "verdict": bar.verdict} for bar in self.bars]}


def ratio_bar(name, ratio, least, goal=None):
    """A bar on how many times as fast we are; ratio None: not measured."""
    shown = "" if ratio is None else f"{ratio:.2f}×"
    reached = "" if ratio is None or goal is None or ratio < goal else ", reached"
    return Bar(name, f"≥ {least:g}×", ratio, shown, ratio is not None and ratio >= least,
               f"{goal:g}×{reached}" if goal else "")


def cells(values):
    return "| " + " | ".join(str(value) for value in values) + " |"


def grid(header, rows):
    return "\n".join([cells(header), cells(["---"] + ["---:"] * (len(header) - 1)), *(cells(row) for row in rows)])


def table(result):
    notes = "".join(f"\n{note}\n" for note in result.notes)
    return f"\n### {result.title}\n\n{grid(result.header, result.rows)}\n{notes}"


def bars(results):
    rows = [(bar.name, bar.wanted, bar.shown, bar.verdict, bar.goal) for result in results for bar in result.bars]
    return f"\n### Bars\n\n{grid(['bar', 'wanted', 'measured', 'verdict', 'goal'], rows)}\n"


def processor():
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


def machine(program, quick, rounds):
    version = subprocess.run([program, "version"], capture_output=True, text=True, check=True).stdout.split("\n")[0]
    load = os.getloadavg()[0]
    lines = [f"{version}, {time.strftime('%Y-%m-%d', time.gmtime())}, {processor()}, {os.cpu_count()} processors, "
             f"{platform.system()} {platform.release()}, load {load:.1f}; medians of {rounds}"]
    if load > 0.5:
        lines.append("The machine is busy with something else: expect noise.")
    if quick:
        lines.append("A quick run: its figures are rough, and start-up weighs more than in a full one.")
    return "\n".join(lines)
