"""Shared pieces of the modules that rebuild the rule files (zones, holidays, telephone ranges) under data/."""

from pathlib import Path

# The markets whose rules are built here, in their fixed order.
MARKETS = ("US", "GB", "DE", "FR", "JP")


def market_file(data_dir, country, name):
    """The path of a market's file under data/markets/<country>/."""
    return Path(data_dir) / "markets" / country.lower() / name


def write_tsv(path, comments, header, rows):
    """Write a TSV file: '#' comment lines, the header, then rows; every field checked to hold no tab or line break."""
    lines = [f"# {comment}" for comment in comments]
    lines.append("\t".join(header))
    for row in rows:
        fields = [str(field) for field in row]
        if len(fields) != len(header):
            raise ValueError(f"{path}: {fields} has {len(fields)} fields, expected {len(header)}")
        if any("\t" in field or "\n" in field for field in fields):
            raise ValueError(f"{path}: a field of {fields} holds a tab or a line break")
        lines.append("\t".join(fields))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def read_tsv(path):
    """The rows of a TSV file as dictionaries by the names of its header; '#' lines are left out."""
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]
    header = lines[0].split("\t")
    return [dict(zip(header, line.split("\t"), strict=True)) for line in lines[1:]]
