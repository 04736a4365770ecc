#!/usr/bin/env python3
"""Runs the tests and closes with one line, "N passed, N failed": the true sum of all test cases.

Usage: run_tests.py [--build FOLDER] [--unit] [--all] [--wrapper COMMAND] [-k EXPRESSION]

Without options: the checks of the tree, every unit test and fuzz replay of build/release, and the pytest suites
but those marked slow. --unit leaves pytest out. --all adds the slow ones, and the unit tests again under
AddressSanitizer with UndefinedBehaviorSanitizer, under ThreadSanitizer, compiled by clang, and for 64-bit ARM under
emulation.
"""
import argparse
import concurrent.futures
import json
import os
import pathlib
import re
import subprocess
import sys
import time
import xml.etree.ElementTree

ROOT = pathlib.Path(__file__).resolve().parent.parent
SUM = re.compile(r"^(\d+) passed, (\d+) failed$", re.M)
EMULATOR = ["qemu-aarch64", "-L", str(ROOT / "build/sysroot-aarch64")]
SANITIZER_OPTIONS = {
    "ASAN_OPTIONS": "abort_on_error=1:detect_stack_use_after_return=1:strict_string_checks=1",
    "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1",
    "TSAN_OPTIONS": "halt_on_error=1:second_deadlock_stack=1",
}
# Time-outs are there to end what hangs, not to fail what a busy machine, an emulator or -O0 makes slow.
PATIENCE = 4


class Total:
    """Adds up cases; a program that dies without its sum is one failed case."""

    def __init__(self):
        self.passed = 0
        self.failed = 0

    def add(self, name, passed, failed, seconds, output=""):
        self.passed += passed
        self.failed += failed
        print(f"{'ok  ' if failed == 0 else 'FAIL'} {name}: {passed} passed, {failed} failed ({seconds:.1f} s)")
        if failed:
            print(output.rstrip())
        sys.stdout.flush()

    def add_program(self, name, result):
        code, output, seconds = result
        sums = SUM.findall(output)
        if sums:
            passed, failed = (int(number) for number in sums[-1])
        else:
            passed, failed = (1, 0) if code == 0 else (0, 1)
        if code != 0 and failed == 0:
            failed = 1
        self.add(name, passed, failed, seconds, output)


def run(command, timeout, extra_environment=None):
    """(exit code, all output, seconds) of a program; 124 when it took too long."""
    start = time.monotonic()
    environment = {"CK_TIMEOUT_MULTIPLIER": str(PATIENCE), **os.environ, **SANITIZER_OPTIONS,
                   **(extra_environment or {})}
    try:
        done = subprocess.run(command, cwd=ROOT, env=environment, timeout=timeout, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
                              check=False)
        code, output = done.returncode, done.stdout
    except OSError as error:
        code, output = 127, str(error)
    except subprocess.TimeoutExpired as expired:
        code = 124
        output = (expired.stdout or b"").decode(errors="replace") + f"\ntook longer than {timeout} s\n"
        output = SUM.sub("", output)
    return code, output, time.monotonic() - start


def run_unit_tests(build, total, pattern=None, parallel=None, wrapper=()):
    listed = subprocess.run(["meson", "introspect", "--tests", str(build)], check=True, capture_output=True, text=True)
    tests = sorted(json.loads(listed.stdout), key=lambda test: test["name"])
    if pattern:
        tests = [test for test in tests if pattern in test["name"]]
    if wrapper:  # An emulator runs what was built for it, not the scripts that run such programs.
        tests = [test for test in tests if pathlib.Path(test["cmd"][0]).is_relative_to(build)]
    with concurrent.futures.ThreadPoolExecutor(parallel or os.cpu_count() or 1) as pool:
        runs = [(test["name"], pool.submit(run, [*wrapper, *test["cmd"]], test["timeout"] * PATIENCE, test["env"]))
                for test in tests]
        for name, result in runs:
            total.add_program(f"{build.name}/{name}", result.result())


def run_pytest(build, total, slow, pattern=None):
    report = build / "pytest.xml"
    report.unlink(missing_ok=True)
    command = [str(ROOT / ".venv/bin/python"), "-m", "pytest", "tests", "-q", "-rfEs", "-c", "tests/pytest.ini",
               f"--rootdir={ROOT}", f"--junitxml={report}"]
    if not slow:
        command += ["-m", "not slow"]
    if pattern:
        command += ["-k", pattern]
    start = time.monotonic()
    code = subprocess.run(command, cwd=ROOT, check=False, stdin=subprocess.DEVNULL,
                          env={**os.environ, "CARTWRIGHT_BUILD": str(build)}).returncode
    seconds = time.monotonic() - start
    if not report.exists():
        total.add("pytest", 0, 1, seconds, f"pytest ended with {code} and no report")
        return
    cases = list(xml.etree.ElementTree.parse(report).iter("testcase"))
    failed = sum(1 for case in cases if case.find("failure") is not None or case.find("error") is not None)
    skipped = sum(1 for case in cases if case.find("skipped") is not None)
    no_tests = 5
    if failed == 0 and code not in (0, no_tests):
        failed = 1
    total.add("pytest", max(len(cases) - failed - skipped, 0), failed, seconds)
    if skipped:
        print(f"     pytest: {skipped} skipped")


def run_setup(name, wrapper, total, pattern):
    """The unit tests of another set-up, one after the other; one that can't be built is a failed case."""
    start = time.monotonic()
    code = subprocess.run([str(ROOT / "tools/build"), name], cwd=ROOT, check=False).returncode
    if code != 0:
        total.add(f"{name}/build", 0, 1, time.monotonic() - start, f"tools/build {name} ended with {code}")
        return
    run_unit_tests(ROOT / "build" / name, total, pattern, parallel=1, wrapper=wrapper)


def main():
    parser = argparse.ArgumentParser(description="Runs the tests and adds them up.")
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build/release")
    parser.add_argument("--unit", action="store_true", help="unit tests and fuzz replays only")
    parser.add_argument("--all", action="store_true", help="slow tests, sanitizers and the other compiler too")
    parser.add_argument("--wrapper", default="", help="what runs the unit tests, such as an emulator")
    parser.add_argument("-k", dest="pattern", help="only tests whose name holds this")
    options = parser.parse_args()
    build = options.build.resolve()
    total = Total()
    if not options.unit and not options.pattern:
        total.add_program("check_tree", run(["tools/check_tree.py", "--build", str(build)], 120))
    run_unit_tests(build, total, options.pattern, wrapper=options.wrapper.split())
    if not options.unit:
        run_pytest(build, total, options.all, options.pattern)
    if options.all:
        for name, wrapper in (("asan", []), ("tsan", []), ("clang", []), ("aarch64", EMULATOR)):
            run_setup(name, wrapper, total, options.pattern)
    sys.stdout.flush()
    print(f"{total.passed} passed, {total.failed} failed")
    return 1 if total.failed or not total.passed else 0


if __name__ == "__main__":
    sys.exit(main())
