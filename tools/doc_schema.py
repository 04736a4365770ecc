#!/usr/bin/env python3
"""Writes docs/schema.md from `cartwright schema --format json`.

Usage: doc_schema.py [--program PROGRAM] [--check]

--check writes nothing and fails where the file says something else.
"""
import argparse
import json
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
TARGET = ROOT / "docs/schema.md"
HEAD = """# Tables and columns

Written by `tools/doc_schema.py` from `cartwright schema`; change `src/model/entities/` and run it again. Personal data:
*identifier* names a person, *quasi* identifies together with others, *pseudonym* is a key. The same as JSON or SQL:
`cartwright schema --format json`, `--format sql`.

"""


def note_of(column):
    notes = [column["meaning"]]
    if column["values"]:
        notes.append("one of " + ", ".join(f"`{value}`" for value in column["values"]))
    if column["unit"]:
        notes.append(column["unit"])
    return "; ".join(notes).replace("|", "\\|")


def type_of(column):
    words = [column["type"]]
    if column["nullable"]:
        words.append("or null")
    if column["unique"]:
        words.append("unique")
    if column["references"]:
        words.append(f"→ [{column['references']}](#{column['references']})")
    return " ".join(words)


def markdown(tables):
    parts = [HEAD]
    for name, table in tables.items():
        parts.append(f"## {name}\n\n{table['meaning']}.\n\n")
        parts.append("| column | type | personal data | meaning |\n|---|---|---|---|\n")
        for column in table["columns"]:
            personal = "" if column["personal_data"] == "none" else column["personal_data"]
            parts.append(f"| `{column['name']}` | {type_of(column)} | {personal} | {note_of(column)} |\n")
        parts.append("\n")
    return "".join(parts).rstrip() + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", 1)[0])
    parser.add_argument("--program", default=str(ROOT / "build/cartwright"))
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    printed = subprocess.run([options.program, "schema", "--format", "json"], check=True, capture_output=True)
    text = markdown(json.loads(printed.stdout))
    if options.check:
        return 0 if TARGET.exists() and TARGET.read_text() == text else 1
    TARGET.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
