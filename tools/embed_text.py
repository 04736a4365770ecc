#!/usr/bin/env python3
"""Turns a text file into a C file that holds it as a string.

Usage: embed_text.py OUT.c HEADER NAME TEXT_FILE

HEADER declares NAME. The string is a list of bytes, since compilers may refuse long literals. Those above 127 are
written as characters, whose sign is the machine's.
"""
import pathlib
import sys


def main(out, header, name, path):
    content = pathlib.Path(path).read_text(encoding="utf-8").encode() + b"\0"
    rows = (", ".join(f"'\\x{byte:x}'" if byte > 127 else str(byte) for byte in content[start:start + 20])
            for start in range(0, len(content), 20))
    body = ",\n    ".join(rows)
    pathlib.Path(out).write_text(f'#include "{header}"\n\nconst char {name}[] = {{\n    {body}}};\n', encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
