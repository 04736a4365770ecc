#!/usr/bin/env python3
"""Runs the commands that README.md and docs/ show, and compares what they print with what the text says.

Usage: doc_commands.py [--update] [--program PROGRAM] [FILE...]

A fenced block that begins with ```console run is run: a line that begins with "$ " is a command, the lines after it
are its output, standard error included. An ellipsis (…) stands for any text, and on a line of its own for any lines.
The blocks of one file share a fresh folder in which build/cartwright is the program. In a block that begins with
```console serve, 127.0.0.1:8080 is a server with a fresh store. --update writes what was printed into the blocks that
hold no ellipsis.
"""
import argparse
import pathlib
import re
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
ADDRESS = "127.0.0.1:8080"
BLOCK = re.compile(r"^```console (run|serve)\n(.*?)^```$", re.M | re.S)
LISTENING = re.compile(r"listens on http://(127\.0\.0\.1:\d+)")


def documents():
    return [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def steps_of(text):
    """[(command, expected output)] of a block's text."""
    steps = []
    in_command = False
    for line in text.splitlines():
        if line.startswith("$ ") and not in_command:
            steps.append([line[2:], []])
            in_command = line.endswith("\\")
        elif in_command:
            steps[-1][0] += "\n" + line
            in_command = line.endswith("\\")
        elif steps:
            steps[-1][1].append(line)
    return [(command, "\n".join(lines)) for command, lines in steps]


def matches(expected, printed):
    pattern = re.escape(expected.strip()).replace("…", r"[\s\S]*")
    return re.fullmatch(pattern, printed.strip()) is not None


class Place:
    """A folder with build/cartwright in it, and a server when one is needed."""

    def __init__(self, folder, program):
        self.folder = pathlib.Path(folder)
        self.program = program
        self.server = None
        self.address = ADDRESS
        (self.folder / "build").mkdir()
        (self.folder / "build/cartwright").symlink_to(program)

    def run(self, command):
        done = subprocess.run(["bash", "-c", command.replace(ADDRESS, self.address)], cwd=self.folder, timeout=120,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        return done.stdout.decode(errors="replace").replace(self.address, ADDRESS).rstrip()

    def serve(self):
        if self.server is not None:
            return
        with open(self.folder / ".server.log", "w") as log:
            self.server = subprocess.Popen([self.program, "serve", "--port", "0", "--quiet"], cwd=self.folder,
                                           stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        deadline = time.monotonic() + 60
        found = None
        while found is None and time.monotonic() < deadline and self.server.poll() is None:
            time.sleep(0.05)
            found = LISTENING.search((self.folder / ".server.log").read_text())
        if found is None:
            raise RuntimeError("the server did not start: " + (self.folder / ".server.log").read_text())
        self.address = found.group(1)

    def close(self):
        if self.server is not None:
            self.server.terminate()
            self.server.wait(30)


def run_document(path, program):
    """[(match of the block, [(command, expected, printed)])] of a file, in order."""
    results = []
    with tempfile.TemporaryDirectory() as folder:
        place = Place(folder, program)
        try:
            for block in BLOCK.finditer(path.read_text()):
                if block.group(1) == "serve":
                    place.serve()
                results.append((block, [(command, expected, place.run(command))
                                        for command, expected in steps_of(block.group(2))]))
        finally:
            place.close()
    return results


def differences(path, program):
    """A line for every command that prints something else."""
    return [f"{path.name}: {command}\n--- the text\n{expected}\n--- printed\n{printed}"
            for _, steps in run_document(path, program) for command, expected, printed in steps
            if not matches(expected, printed)]


def update(path, program):
    text = path.read_text()
    for block, steps in reversed(run_document(path, program)):
        if "…" not in block.group(2):
            body = "".join(f"$ {command}\n" + (f"{printed}\n" if printed else "") for command, _, printed in steps)
            text = text[:block.start(2)] + body + text[block.end(2):]
    path.write_text(text)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", 1)[0])
    parser.add_argument("--update", action="store_true", help="write what was printed into the text")
    parser.add_argument("--program", type=pathlib.Path, default=ROOT / "build/cartwright")
    parser.add_argument("files", nargs="*", type=pathlib.Path)
    options = parser.parse_args()
    found = []
    for path in options.files or documents():
        if options.update:
            update(path, options.program.resolve())
        found += differences(path, options.program.resolve())
    print("\n\n".join(found) or "every command prints what the text says")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
