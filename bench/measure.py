"""Runs programs and takes their time: wall and CPU seconds, bytes, peak memory."""
import dataclasses
import os
import pathlib
import shutil
import statistics
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent


@dataclasses.dataclass
class Sample:
    """One run of one contender."""

    wall: float  # seconds
    cpu: float  # seconds, user and system
    size: int = 0  # bytes written, where known
    rows: int = 0


@dataclasses.dataclass
class Contender:
    """Somebody who takes part: run() gives one Sample. What it makes is counted in rows."""

    name: str
    run: object
    is_ours: bool = False
    is_judged: bool = True  # whether a bar compares with it; others are shown for information
    samples: list = dataclasses.field(default_factory=list)

    def median(self, key):
        return statistics.median(key(sample) for sample in self.samples)

    @property
    def wall(self):
        return self.median(lambda sample: sample.wall)

    @property
    def cpu(self):
        return self.median(lambda sample: sample.cpu)

    def rate(self, unit, clock="cpu"):
        """Rows or bytes per second of CPU or wall."""
        def of(sample):
            return (sample.rows if unit == "rows" else sample.size) / max(getattr(sample, clock), 1e-9)
        return self.median(of)


def interleave(contenders, rounds):
    """Lets contenders take turns, so that a slow minute of the machine meets all of them."""
    for _ in range(rounds):
        for contender in contenders:
            contender.samples.append(contender.run())


def timed(command, rows=0, output=subprocess.DEVNULL):
    """Sample of a program from start to end; its output goes to /dev/null."""
    start = time.monotonic()
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output)
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.monotonic() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, command))} ended with {process.returncode}")
    return Sample(wall, usage.ru_utime + usage.ru_stime, rows=rows)


def timed_together(commands):
    """Sample of programs that start at once: wall until the last has ended, CPU of them all."""
    start = time.monotonic()
    processes = [subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
                 for command in commands]
    cpu = 0.0
    for process, command in zip(processes, commands):
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        cpu += usage.ru_utime + usage.ru_stime
        if process.returncode != 0:
            raise RuntimeError(f"{' '.join(map(str, command))} ended with {process.returncode}")
    return Sample(time.monotonic() - start, cpu)


def self_timed(command, rows=0):
    """Sample of a program that prints its own wall and CPU seconds, and perhaps bytes and rows."""
    line = subprocess.run(command, check=True, stdin=subprocess.DEVNULL, capture_output=True, text=True).stdout
    numbers = line.split()
    return Sample(float(numbers[0]), float(numbers[1]), int(numbers[2]) if len(numbers) > 2 else 0,
                  int(numbers[3]) if len(numbers) > 3 else rows)


def peak_memory(command):
    """Highest resident size of a program in bytes: the last VmHWM it showed before it ended."""
    peak = 0
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    status = pathlib.Path(f"/proc/{process.pid}/status")
    while process.poll() is None:
        try:
            for line in status.read_text().splitlines():
                if line.startswith("VmHWM:"):
                    peak = max(peak, int(line.split()[1]) * 1024)
        except OSError:
            pass
        time.sleep(0.005)
    if process.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, command))} ended with {process.returncode}")
    return peak


def folder_size(folder, suffix):
    return sum(file.stat().st_size for file in folder.rglob(f"*{suffix}"))


class Scratch:
    """A folder for files, gone afterwards: on memory where there is room for `need` bytes, else below build."""

    def __init__(self, need, on_disk=False):
        memory = pathlib.Path("/dev/shm")
        has_room = memory.is_dir() and shutil.disk_usage(memory).free > need + (1 << 30)
        base = ROOT / "build/bench" if on_disk or not has_room else memory
        base.mkdir(parents=True, exist_ok=True)
        self.path = base / f"cartwright-bench-{os.getpid()}"

    def __enter__(self):
        self.path.mkdir()
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.path, ignore_errors=True)

    def fresh(self, name):
        """The path of a folder that is not there."""
        shutil.rmtree(self.path / name, ignore_errors=True)
        return self.path / name
