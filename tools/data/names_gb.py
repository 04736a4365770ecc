"""Names of Great Britain: lists of PyPI faker and mimesis and npm faker, ordered by how many of them hold a name."""

import re

from name_tables import NameWriter, decade_rows, rank_weights
from names_us import spelled

TAIL_GIVEN = 350  # names of a sex beyond PyPI faker's
TAIL_FAMILY = 1500
# Endings and beginnings of surnames that come from the British Isles.
BRITISH = re.compile(r"(son|ton|ley|ham|ford|well|wood|worth|bury|field|land|combe|cott|den|don|by|gate|wick|brook|more|"
                     r"ridge|man|smith|wright|ward|ler|kins|cock|ing|ings|shaw|hurst|thwaite|dale|stone|way|hill|low)$|"
                     r"^(Mc|Mac|O'|Fitz)")


def given(packages, sex):
    key = {"f": "female", "m": "male"}[sex]
    head = list(dict.fromkeys(getattr(packages.faker_person("en_GB"), f"first_names_{key}")))
    js = packages.faker_js_people()["en_GB"]["first_name"][key]
    tail = set(packages.mimesis("en-gb", "person")["names"][key]) & set(js)
    births = packages.us_births()
    by_births = sorted(tail - set(head), key=lambda n: (-sum(births[n, sex, d] for d in range(1930, 2020, 10)), n))
    base = dict.fromkeys(head, 30)
    base.update(zip(by_births[:TAIL_GIVEN], rank_weights(TAIL_GIVEN, 25, 60)))
    return decade_rows("GB", sex, base)


def family(packages):
    """PyPI faker's 500 with its weights, then British-looking names of the US census below the last of these."""
    head = dict(packages.faker_person("en_GB").last_names)
    least = min(head.values())
    scale = 50000 / sum(head.values())
    rows = [(name, None, max(2, round(weight * scale))) for name, weight in head.items()]
    tail = []
    for upper, _, share in packages.us_surnames()[:8000]:
        name = spelled(upper)
        if name not in head and share >= 90 and BRITISH.search(name):
            tail.append(name)
    top = max(2, round(least * scale))
    return rows + [(name, None, weight) for name, weight in zip(tail[:TAIL_FAMILY], rank_weights(TAIL_FAMILY, top, 600))]


def rebuild(packages, data, screen):
    writer = NameWriter(data, "GB", "en", screen)
    writer.given(["origin: PyPI faker 40.54.0 en_GB, mimesis 22.2.0, npm @faker-js/faker 10.6.0 (MIT); the most given names of",
                  "each decade by hand. weights: a rank law over these, see data/README.md."],
                 given(packages, "f") + given(packages, "m"))
    writer.family(["origin: PyPI faker 40.54.0 en_GB (MIT) with its weights; the rest: names of British form in the 2010 census",
                   "of the US (public domain), by a rank law."], family(packages))
