#!/usr/bin/env python3
"""Writes migrations/alembic/versions: for each migration of the PostgreSQL store the revision that Alembic knows it by.

Usage: alembic_revisions.py [--check]

Run it after adding migrations/postgresql/NNNN_subject.sql; with --check nothing is written, and what is missing, left
over or differs is told (exit code 1). The id of a revision is what the program writes into alembic_version: the
number and at most 24 bytes of the subject.
"""
import argparse
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
SOURCES = ROOT / "migrations/postgresql"
REVISIONS = ROOT / "migrations/alembic/versions"
LABEL = 'branch_labels = ("cartwright",)\n'
REVISION = '''"""{title}

Stands for migrations/postgresql/{name}.sql; written by tools/alembic_revisions.py.
"""
from alembic.util import CommandError

revision = "{id}"
down_revision = {before}
{label}

def upgrade():
    raise CommandError(f"`cartwright migrate up STORE` applies {{revision}}: it locks and checks the store first")


def downgrade():
    raise CommandError(f"{{revision}} can't be taken back: migrations of Cartwright only go forward")
'''


def title_of(path):
    """The first sentence of the comment at the file's top, in one line."""
    words = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if not line.startswith("--"):
            break
        words.append(line.removeprefix("--").strip())
    sentence = re.split(r"[.:](?:\s|$)", " ".join(words))[0]
    return sentence.replace("\\", "").replace('"', "'")[:100] or path.stem


def id_of(path):
    number, subject = path.stem.split("_", 1)
    return f"{number}_{subject[:24]}"


def revisions():
    """{file name: text}"""
    made, before = {}, None
    for path in sorted(SOURCES.glob("*.sql")):
        made[f"{path.stem}.py"] = REVISION.format(
            title=title_of(path), name=path.stem, id=id_of(path), before=f'"{before}"' if before else None,
            label=LABEL if before is None else "")
        before = id_of(path)
    return made


def main():
    parser = argparse.ArgumentParser(description="Writes a revision of Alembic for each migration.")
    parser.add_argument("--check", action="store_true", help="only tell what differs")
    options = parser.parse_args()
    wanted = revisions()
    there = {path.name: path.read_text(encoding="utf-8") for path in REVISIONS.glob("*.py")}
    differing = sorted(name for name in wanted.keys() | there.keys() if wanted.get(name) != there.get(name))
    for name in differing:
        path = REVISIONS / name
        if options.check:
            print(f"{path.relative_to(ROOT)} is not as tools/alembic_revisions.py writes it; run that")
        elif name in wanted:
            path.write_text(wanted[name], encoding="utf-8")
        else:
            path.unlink()
    return 1 if options.check and differing else 0


if __name__ == "__main__":
    sys.exit(main())
