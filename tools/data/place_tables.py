"""What the places of all markets share: choosing cities, thinning postal codes, writing the tables."""

import math

from rules_common import market_file, write_tsv

SECTIONS = {"PPLX", "PPLL", "PPLQ", "PPLH", "PPLA5"}  # GeoNames: quarters, localities, abandoned, historical
RURAL = 20000  # a place of fewer people is rural


def distance_km(a, b):
    """Distance of two places with lat and lon in degrees; flat-earth, good to a percent at these lengths."""
    x = math.radians(b["lon"] - a["lon"]) * math.cos(math.radians((a["lat"] + b["lat"]) / 2))
    y = math.radians(b["lat"] - a["lat"])
    return 6371 * math.hypot(x, y)


def evenly(items, count):
    """At most count of items, spread evenly over their order."""
    items = list(items)
    if len(items) <= count:
        return items
    return [items[index * len(items) // count] for index in range(count)]


def correct_zones(cities, known):
    """Zones at borders, where the map behind npm tz-lookup is coarse: countries of one zone get it; an American place
    with a zone of another country gets that of the nearest place of its state that has one of the known zones."""
    only = {"GB": "Europe/London", "DE": "Europe/Berlin", "FR": "Europe/Paris", "JP": "Asia/Tokyo"}
    for city in cities:
        city["zone"] = only.get(city["country"], city["zone"])
    american = {zone for zone in known if zone.startswith("America/") or zone == "Pacific/Honolulu"}
    right = [city for city in cities if city["country"] == "US" and city["zone"] in american]
    for city in cities:
        if city["country"] == "US" and city["zone"] not in american:
            near = [other for other in right if other["admin"] == city["admin"]]
            city["zone"] = min(near, key=lambda other: (distance_km(city, other), other["id"]))["zone"]
    return cities


def choose(cities, most, rural):
    """The `most` largest cities, and `rural` of the rest that are below 20,000 people, spread over their sizes."""
    cities = sorted(cities, key=lambda city: (-city["population"], city["region"], city["name"]))
    rest = [city for city in cities[most:] if city["population"] < RURAL]
    return cities[:most] + evenly(rest, rural)


def one_per_name(cities):
    """Of cities with one name in one region only the largest, which comes first."""
    seen, out = set(), []
    for city in cities:
        key = city["region"], city["name"]
        if key not in seen:
            seen.add(key)
            out.append(city)
    return out


def write_places(data, country, origin, region_names, cities):
    """Writes regions, cities and postal codes. Each city: name, region, population, zone, codes (text)."""
    cities = sorted(cities, key=lambda city: (city["region"], city["name"]))
    used = {city["region"] for city in cities}
    regions = sorted((code, name) for code, name in region_names.items() if code in used)
    write_tsv(market_file(data, country, "regions.tsv"), ["code: ISO 3166-2 after the hyphen. name: as addresses show it."],
              ["code", "name"], regions)
    write_tsv(market_file(data, country, "cities.tsv"), origin, ["name", "region", "population", "zone"],
              [(city["name"], city["region"], city["population"], city["zone"]) for city in cities])
    write_tsv(market_file(data, country, "postal_codes.tsv"), origin, ["region", "city", "codes"],
              [(city["region"], city["name"], ",".join(sorted(city["codes"]))) for city in cities])
    print(country, len(regions), "regions", len(cities), "cities", sum(len(city["codes"]) for city in cities),
          "postal codes", sum(city["population"] < RURAL for city in cities), "rural")
