#!/usr/bin/env python3
"""Lists the C sources (or headers) of a folder, one path relative to the folder per line, in a fixed order.

Usage: list_sources.py [--headers] FOLDER [LEFT_OUT...]

meson.build calls it, so that adding a source file needs no line in a build file; tools/build configures again
when the answer has changed. LEFT_OUT are paths, relative to the root of the tree, whose files are not listed.
"""
import pathlib
import sys


def main(arguments):
    pattern = "*.c"
    if arguments and arguments[0] == "--headers":
        pattern = "*.h"
        arguments = arguments[1:]
    folder = pathlib.Path(arguments[0]).resolve()
    root = pathlib.Path(__file__).resolve().parent.parent
    left_out = [root / path for path in arguments[1:]]
    for path in sorted(folder.rglob(pattern)):
        if not any(path == out or out in path.parents for out in left_out):
            print(path.relative_to(folder).as_posix())


if __name__ == "__main__":
    main(sys.argv[1:])
