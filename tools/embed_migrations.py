#!/usr/bin/env python3
"""Turns the forward-only migrations of a store into a C file, so that the program carries them.

Usage: embed_migrations.py OUT.c NAME NNNN_name.sql...

NAME is what the list is called, such as cw_migration: the array gets an s, its length a _count.

The number before the underscore is the revision; revisions are 1, 2, 3, ... without a gap.
"""
import hashlib
import pathlib
import re
import sys


def literal(text):
    quoted = (line.replace("\\", "\\\\").replace('"', '\\"') for line in text.splitlines())
    return "\n".join(f'     "{line}\\n"' for line in quoted)


def main(out, list_name, *paths):
    entries = []
    for number, path in enumerate(sorted(map(pathlib.Path, paths), key=lambda path: path.name), start=1):
        match = re.fullmatch(r"(\d{4})_(\w+)\.sql", path.name)
        if match is None or int(match[1]) != number:
            sys.exit(f"{path}: expected a name like {number:04}_word.sql")
        text = path.read_text(encoding="utf-8")
        digest = hashlib.sha256(text.encode()).hexdigest()
        entries.append(f'    {{{number}, "{match[2]}", "{digest}",\n{literal(text)}}},')
    pathlib.Path(out).write_text(
        '#include "store/migrations.h"\n\n'
        f"const struct cw_migration {list_name}s[] = {{\n" + "\n".join(entries) + "\n};\n"
        f"const int {list_name}_count = {len(entries)};\n", encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
