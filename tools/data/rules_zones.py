"""Time zones of the markets from the IANA database (public domain) as packaged by PyPI `tzdata` (Apache-2.0)."""

import importlib.resources
import zoneinfo
from datetime import UTC, datetime
from pathlib import Path

import tzdata
from rules_common import MARKETS, write_tsv

FIRST = int(datetime(1990, 1, 1, tzinfo=UTC).timestamp())
END = int(datetime(2046, 1, 1, tzinfo=UTC).timestamp())

# No two changes of offset of these zones since 1990 lie closer than this.
STEP = 86400


def packaged_zone(name):
    """The zone from the pinned package, never from the machine's own database."""
    source = importlib.resources.files("tzdata").joinpath("zoneinfo", *name.split("/"))
    with source.open("rb") as stream:
        return zoneinfo.ZoneInfo.from_file(stream, key=name)


def zones_of_markets():
    """Names of the zones that the database lists for the markets' countries, sorted."""
    table = importlib.resources.files("tzdata").joinpath("zoneinfo", "zone.tab").read_text(encoding="utf-8")
    rows = [line.split("\t") for line in table.splitlines() if line and not line.startswith("#")]
    return sorted({row[2] for row in rows if row[0] in MARKETS})


def offset_at(zone, instant):
    """Seconds east of UTC at an instant in seconds since 1970."""
    return int(datetime.fromtimestamp(instant, tz=zone).utcoffset().total_seconds())


def change_between(zone, low, high):
    """The first second of (low, high] with the offset of high, where the offset changes once."""
    after = offset_at(zone, high)
    while high - low > 1:
        middle = (low + high) // 2
        if offset_at(zone, middle) == after:
            high = middle
        else:
            low = middle
    return high


def transitions(zone):
    """(instant or 'min', offset) pairs: the offset at the start of 1990, then each change before 2046."""
    found = [("min", offset_at(zone, FIRST))]
    for low in range(FIRST, END - STEP, STEP):
        offset = offset_at(zone, low + STEP)
        if offset != found[-1][1]:
            found.append((change_between(zone, low, low + STEP), offset))
    return found


def rebuild(data_dir):
    """Write zones.tsv."""
    rows = []
    for name in zones_of_markets():
        pairs = transitions(packaged_zone(name))
        rows.append((name, " ".join(f"{instant}:{offset}" for instant, offset in pairs)))
    comments = [
        f"origin: IANA time zone database {tzdata.IANA_VERSION} (public domain), PyPI tzdata {tzdata.__version__}.",
        "transitions: UTC second:offset in seconds east of UTC from then on; min is the offset at the start of 1990.",
        "Changes from 1990 to 2045; later ones are left out.",
    ]
    write_tsv(Path(data_dir) / "zones.tsv", comments, ("zone", "transitions"), rows)
