"""Names of Germany: lists of PyPI faker and mimesis and npm faker; ranks known by hand for the most frequent."""

from name_tables import NameWriter, decade_rows, heads, in_order, rank_weights
from text_forms import to_ascii

WEIGHT_BY_LISTS = {1: 2, 2: 8, 3: 30}


def clean(names):
    """Single names of Latin letters, without list artefacts such as brackets."""
    return [name for name in names if name[:1].isupper() and to_ascii(name, "de") and not set(name) & set("()/. ,0123456789")]


def given(packages, sex):
    key = {"f": "female", "m": "male"}[sex]
    lists = [clean(getattr(packages.faker_person("de_DE"), f"first_names_{key}")),
             clean(packages.faker_js_people()["de"]["first_name"][key]),
             clean(packages.mimesis("de", "person")["names"][key])]
    base = {}
    for name in sorted(set().union(*map(set, lists))):
        base[name] = WEIGHT_BY_LISTS[sum(name in names for names in lists)]
    return decade_rows("DE", sex, base)


def family(packages):
    head = heads("DE")["x", 0]
    names = in_order([clean(packages.faker_js_people()["de"]["last_name"]["generic"]),
                      clean(packages.mimesis("de", "person")["surnames"]),
                      clean(packages.faker_person("de_DE").last_names)])
    names = list(dict.fromkeys(head + names))
    return [(name, None, weight) for name, weight in zip(names, rank_weights(len(names), 9500, 5))]


def rebuild(packages, data, screen):
    writer = NameWriter(data, "DE", "de", screen)
    origin = ["origin: PyPI faker 40.54.0 de_DE, mimesis 22.2.0, npm @faker-js/faker 10.6.0 (MIT); the most frequent by hand.",
              "weights: a rank law over these, see data/README.md."]
    writer.given(origin, given(packages, "f") + given(packages, "m"))
    writer.family(origin, family(packages))
