#!/usr/bin/env python3
"""Compiles the reference data under data/ into C source.

Usage: compile_data.py --outputs DATA    prints the names of the files that will be written, one per line
       compile_data.py --inputs DATA     prints the paths of the files that will be read, one per line
       compile_data.py OUT_DIR DATA      writes them into OUT_DIR

A market is one folder data/markets/<country>/ and one line of data/markets.tsv, whose order is the order of
cw_market_get. Every table is checked here; a mistake stops the build with file, line, value and what was expected.
Only the Python standard library is used, so a build needs no network.
"""
import datetime
import pathlib
import re
import sys

PADDING = 32  # CW_PADDING of include/cartwright/batch.h
DECADES = 9   # CW_BIRTH_DECADES of src/model/reference.h
TABLES = ("given_names family_names regions cities postal_codes streets market unit_patterns phones payment_brands "
          "email_domains companies company_suffixes holidays sales_tax").split()
OPTIONAL = {"sales_tax", "streets"}  # no sales tax where VAT applies, no street names in JP
SHARED = ("markets", "zones", "card_ranges", "fulfilment_centres", "screen")
PAYMENT_KINDS = ["card", "wallet", "bank_transfer", "direct_debit", "invoice", "cash"]
PHONE_KINDS = ["mobile", "landline"]
SEXES = ["f", "m"]  # the order of enum cw_sex
SCREEN_RULES = ["whole", "anywhere"]
POSTAL_FORMATS = {
    "US": r"\d{5}",
    "GB": r"([A-Z]{1,2}\d[A-Z\d]?) \d[ABD-HJLNP-UW-Z]{2}",
    "DE": r"\d{5}",
    "FR": r"(0[1-9]|2[AB]|[1-8]\d|9[0-8])\d{3}",
    "JP": r"\d{3}-\d{4}",
}
EPOCH = datetime.date(1970, 1, 1).toordinal()


class DataError(Exception):
    pass


class Row(dict):
    """One line of a table: column name -> text. Knows where it stands."""

    def __init__(self, place, values):
        super().__init__(values)
        self.place = place

    def fail(self, column, expected):
        raise DataError(f"{self.place}: {column} is {self.get(column, '')!r}, expected {expected}")

    def text(self, column):
        if not self[column]:
            self.fail(column, "text")
        return self[column]

    def match(self, column, pattern, expected):
        if not re.fullmatch(pattern, self[column]):
            self.fail(column, expected)
        return self[column]

    def number(self, column, low, high):
        value = int(self[column]) if re.fullmatch(r"-?\d{1,18}", self[column]) else None
        if value is None or not low <= value <= high:
            self.fail(column, f"a whole number from {low} to {high}")
        return value

    def one_of(self, column, names):
        if self[column] not in names:
            self.fail(column, "one of " + ", ".join(list(names)[:8]))
        return list(names).index(self[column])

    def boolean(self, column):
        return self.one_of(column, ["false", "true"]) == 1


def read_table(path, columns):
    """The rows of a TSV file that has at least these columns; '#' lines are comments, the first other the header."""
    try:
        text = path.read_bytes().decode("utf-8")
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: byte {error.start} is not UTF-8") from error
    header, rows = None, []
    for number, line in enumerate(text.split("\n"), 1):
        if not line or line.startswith("#"):
            continue
        place, values = f"{path}:{number}", line.split("\t")
        if header is None:
            header = values
            missing = [column for column in columns if column not in header]
            if missing:
                raise DataError(f"{place}: header is {line!r}, expected columns {', '.join(columns)}")
            continue
        if len(values) != len(header):
            raise DataError(f"{place}: {len(values)} fields, expected {len(header)}")
        if any(value != value.strip() or any(ord(c) < 32 for c in value) for value in values):
            raise DataError(f"{place}: a field begins or ends with a space or has a control character")
        rows.append(Row(place, zip(header, values)))
    if header is None:
        raise DataError(f"{path}: no header line")
    return rows


def unique(rows, key):
    """Fails when two rows have the same key(row)."""
    seen = {}
    for row in rows:
        value = key(row)
        if value in seen:
            raise DataError(f"{row.place}: {value!r} stands already in {seen[value]}")
        seen[value] = row.place
    return rows


def some(rows, path):
    if not rows:
        raise DataError(f"{path}: no rows")
    return rows


# ---- writing C ----

def c_string(text):
    """text as a C string literal; bytes outside printable ASCII as octal escapes."""
    out = []
    for byte in text.encode("utf-8"):
        if 32 <= byte < 127 and chr(byte) not in '"\\?':
            out.append(chr(byte))
        else:
            out.append(f"\\{byte:03o}")
    return '"' + "".join(out) + '"'


class Writer:
    """Collects the definitions of one C file."""

    def __init__(self, *includes):
        self.parts = ["/* Made by tools/compile_data.py from the text under data/; not edited by hand. */\n"]
        self.parts += [f'#include "{name}"\n' for name in includes]

    def add(self, text):
        self.parts.append(text)

    def array(self, kind, name, values):
        """A static array and its name; NULL for an empty one, which C cannot have."""
        if not values:
            return "NULL"
        lines, line = [], ""
        for value in values:
            item = f"{value},"
            if len(line) + len(item) > 118:
                lines.append(line)
                line = ""
            line += item
        lines.append(line)
        self.add(f"\nstatic const {kind} {name}[{len(values)}] = {{\n" + "\n".join(lines) + "\n};\n")
        return name

    def pool(self, name, texts):
        """The initializer of a struct cw_pool of these texts."""
        data, offsets = bytearray(), [0]
        for text in texts:
            data += text.encode("utf-8")
            offsets.append(len(data))
        data += bytes(PADDING)
        self.array("unsigned char", f"{name}_bytes", data)
        self.array("uint32_t", f"{name}_offsets", offsets)
        return f"{{{len(texts)}, {name}_offsets, (const char *){name}_bytes}}"

    def save(self, path):
        text = "".join(self.parts)
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


# ---- the tables of a market ----

def ascii_form(row):
    """The a-z form of a name: column ascii, or, where that is empty, the lower-case name itself."""
    if not row["ascii"]:
        row["ascii"] = row["name"].lower()
    return row.match("ascii", "[a-z]+", "letters a to z")


def decade_weights(row):
    values = row["weights"].split(" ")
    if not all(re.fullmatch(r"\d{1,9}", value) for value in values) or len(values) not in (1, DECADES):
        row.fail("weights", f"1 or {DECADES} whole numbers")
    weights = [int(value) for value in values] * (DECADES if len(values) == 1 else 1)
    if not any(weights):
        row.fail("weights", "a number above 0")
    return weights


def read_given_names(path):
    rows = some(read_table(path, ["name", "ascii", "sex", "weights"]), path)
    for row in rows:
        row.text("name")
        ascii_form(row)
        row.one_of("sex", SEXES)
        row.weights = decade_weights(row)
    unique(rows, lambda row: (row["name"], row["ascii"], row["sex"]))
    for sex in SEXES:
        sums = [sum(row.weights[decade] for row in rows if row["sex"] == sex) for decade in range(DECADES)]
        if not all(0 < total < 2 ** 32 for total in sums):
            raise DataError(f"{path}: weights of sex {sex} by decade sum to {sums}, expected 1 to 2^32 - 1 each")
    rows.sort(key=lambda row: (row["ascii"], row["name"].encode("utf-8"), row["sex"]))
    return rows


def read_family_names(path):
    rows = some(read_table(path, ["name", "ascii", "weight"]), path)
    for row in rows:
        row.text("name")
        ascii_form(row)
        row.number("weight", 1, 10 ** 8)
    unique(rows, lambda row: (row["name"], row["ascii"]))
    rows.sort(key=lambda row: (row["ascii"], row["name"].encode("utf-8")))
    return rows


def read_regions(path, country, folder):
    rows = some(read_table(path, ["code", "name"]), path)
    unique(rows, lambda row: row.match("code", "[A-Z0-9]{1,3}", "the part of ISO 3166-2 after the hyphen"))
    taxes = {}
    if (folder / "sales_tax.tsv").exists():
        for row in unique(read_table(folder / "sales_tax.tsv", ["region", "rate"]), lambda row: row["region"]):
            if row["region"] not in {region["code"] for region in rows}:
                row.fail("region", f"a region code of {country}")
            taxes[row["region"]] = row.number("rate", 0, 100000)
    for row in rows:
        row.sales_tax = taxes.get(row["code"], 0)
    return rows


def read_postal_codes(path, country):
    """(region code, city) -> sorted list of (code, locality)."""
    out = {}
    pattern = POSTAL_FORMATS.get(country, r"[A-Z0-9][A-Z0-9 -]{1,9}")
    rows = unique(read_table(path, ["region", "city", "codes"]), lambda row: (row["region"], row["city"]))
    for row in some(rows, path):
        codes = [tuple((code + "=").split("=")[:2]) for code in row.text("codes").split(",")]
        for code, _ in codes:
            if not re.fullmatch(pattern, code):
                raise DataError(f"{row.place}: postal code {code!r}, expected the form {pattern}")
        if len(set(codes)) != len(codes):
            row.fail("codes", "no code twice")
        out[row["region"], row["city"]] = (sorted(codes), row.place)
    return out


def read_cities(folder, country, regions, zones):
    """The cities in file order, each with region_index, zone_index and postal codes."""
    path = folder / "cities.tsv"
    postal = read_postal_codes(folder / "postal_codes.tsv", country)
    codes = [region["code"] for region in regions]
    rows = some(read_table(path, ["name", "region", "population", "zone"]), path)
    unique(rows, lambda row: (row["region"], row.text("name")))
    for row in rows:
        row.region_index = row.one_of("region", codes)
        row.zone_index = row.one_of("zone", zones)
        row.number("population", 1, 10 ** 8)
        key = row["region"], row["name"]
        if key not in postal:
            raise DataError(f"{row.place}: {row['name']!r} in {row['region']} has no line in postal_codes.tsv")
        row.postal = postal.pop(key)[0]
    for key, (_, place) in postal.items():
        raise DataError(f"{place}: {key!r} is no city of cities.tsv")
    for index, code in enumerate(codes):
        if not any(row.region_index == index for row in rows):
            raise DataError(f"{path}: region {code!r} has no city, expected at least one")
    return rows


def read_brands(path, card_brands):
    rows = some(read_table(path, ["name", "kind", "weight"]), path)
    for row in unique(rows, lambda row: row.match("name", "[a-z0-9_]+", "lower-case letters, digits, underscores")):
        row.number("weight", 1, 10 ** 8)
        if row.one_of("kind", PAYMENT_KINDS) == 0 and row["name"] not in card_brands:
            row.fail("name", "a brand of card_ranges.tsv")
    return rows


def read_phones(path):
    rows = some(read_table(path, ["prefix", "kind", "digits", "weight"]), path)
    for row in unique(rows, lambda row: row.match("prefix", r"\+[1-9]\d{1,13}", "E.164 with a plus sign")):
        row.one_of("kind", PHONE_KINDS)
        digits = row.number("digits", 0, 11)
        if len(row["prefix"]) - 1 + digits > 15:
            row.fail("digits", "at most 15 digits in all")
        row.number("weight", 1, 10 ** 8)
    for kind in PHONE_KINDS:
        if not any(row["kind"] == kind for row in rows):
            raise DataError(f"{path}: no {kind} range, expected at least one")
    return rows


def read_weighted(path, column="name"):
    rows = some(read_table(path, [column, "weight"]), path)
    for row in unique(rows, lambda row: row.text(column)):
        row.number("weight", 1, 10 ** 8)
    return rows


def read_holidays(path):
    days = []
    for row in some(read_table(path, ["date", "name"]), path):
        try:
            day = datetime.date.fromisoformat(row["date"])
        except ValueError:
            row.fail("date", "a date YYYY-MM-DD")
        if not 2000 <= day.year <= 2040:
            row.fail("date", "a date from 2000 to 2040")
        days.append(day.toordinal() - EPOCH)
    return sorted(set(days))


def read_market_facts(path, country):
    """market.tsv: one Row that maps each key to its value."""
    rows = unique(read_table(path, ["key", "value"]), lambda row: row["key"])
    facts = Row(str(path), {row["key"]: row["value"] for row in rows})
    names = ("country name locale language currency currency_digits rate share family_name_first apartment_share "
             "tax_inclusive standard_rate reduced_rate zero_rate street_format number_format highest_number "
             "company_domain").split()
    missing = [name for name in names if name not in facts]
    if missing:
        raise DataError(f"{path}: keys {', '.join(missing)} are missing")
    if facts["country"] != country:
        facts.fail("country", country)
    facts.text("name")
    facts.match("locale", "[a-z]{2}-[A-Z]{2}", "a locale such as de-DE")
    facts.match("language", "[a-z]{2}", "two letters")
    facts.match("currency", "[A-Z]{3}", "three letters")
    facts.match("company_domain", r"\.[a-z.]+", "a top-level domain with its dot")
    facts.one_of("number_format", ["plain", "block"])
    if "{number}" not in facts["street_format"]:
        facts.fail("street_format", "a pattern with {number}")
    return facts


class Market:
    """All tables of one market, read and checked."""

    def __init__(self, data, country, zones, card_brands):
        folder = data / "markets" / country.lower()
        self.country = country
        self.symbol = f"cw_market_{country.lower()}"
        self.facts = read_market_facts(folder / "market.tsv", country)
        self.given_names = read_given_names(folder / "given_names.tsv")
        self.family_names = read_family_names(folder / "family_names.tsv")
        self.regions = read_regions(folder / "regions.tsv", country, folder)
        self.cities = read_cities(folder, country, self.regions, zones)
        streets = folder / "streets.tsv"
        self.streets = read_weighted(streets) if streets.exists() else []
        if not self.streets and "{street}" in self.facts["street_format"]:
            raise DataError(f"{streets}: no street, but street_format has {{street}}")
        self.phones = read_phones(folder / "phones.tsv")
        self.brands = read_brands(folder / "payment_brands.tsv", card_brands)
        self.domains = read_weighted(folder / "email_domains.tsv", "domain")
        self.companies = some(read_table(folder / "companies.tsv", ["word", "ascii"]), folder / "companies.tsv")
        unique(self.companies, lambda row: row.text("word"))
        for row in self.companies:
            row.match("ascii", "[a-z][a-z-]*[a-z]", "letters a to z and hyphens")
        self.suffixes = read_table(folder / "company_suffixes.tsv", ["suffix"])
        self.units = read_table(folder / "unit_patterns.tsv", ["pattern"])
        for row in self.units:
            if "{n}" not in row["pattern"]:
                row.fail("pattern", "a pattern with {n}")
        self.holidays = read_holidays(folder / "holidays.tsv")

    def find_city(self, name, region, code):
        """Whether the market has this city in this region with this postal code."""
        names = {row["name"] or row["code"]: row["code"] for row in self.regions}
        return any(city["name"] == name and city["region"] == names.get(region) and
                   any(postal == code for postal, _ in city.postal) for city in self.cities)


# ---- C of a market ----

def write_names(out, market, sharing):
    given, family = market.given_names, market.family_names
    g_native = out.pool("given", [row["name"] for row in given])
    g_ascii = out.pool("given_ascii", [row["ascii"] for row in given])
    sex = out.array("uint8_t", "given_sex", [SEXES.index(row["sex"]) for row in given])
    weights = out.array("uint32_t", "given_weights", [weight for row in given for weight in row.weights])
    f_native = out.pool("family", [row["name"] for row in family])
    f_ascii = out.pool("family_ascii", [row["ascii"] for row in family])
    f_weights = out.array("uint32_t", "family_weights", [row["weight"] for row in family])
    places = [sharing[row["ascii"]] for row in family]
    shares = out.array("uint8_t", "family_sharing", [len(place) for place in places])
    ranks = out.array("uint8_t", "family_rank", [place.index(market.country) for place in places])
    return (f"    .given_names = {{{len(given)}, {g_native}, {g_ascii}, {sex}, {weights}}},\n"
            f"    .family_names = {{{len(family)}, {f_native}, {f_ascii}, {f_weights}, {shares}, {ranks}}},\n")


def write_places(out, market):
    regions, cities = market.regions, market.cities
    postal, first = [], [0]
    for city in cities:
        postal += city.postal
        first.append(len(postal))
    region_part = (f"{{{len(regions)}, {out.pool('region', [row['name'] for row in regions])}, "
                   f"{out.pool('region_code', [row['code'] for row in regions])}, "
                   f"{out.array('uint32_t', 'region_tax', [row.sales_tax for row in regions])}}}")
    city_part = (f"{{{len(cities)}, {out.pool('city', [row['name'] for row in cities])}, "
                 f"{out.array('uint16_t', 'city_region', [row.region_index for row in cities])}, "
                 f"{out.array('uint16_t', 'city_zone', [row.zone_index for row in cities])}, "
                 f"{out.array('uint32_t', 'city_population', [row['population'] for row in cities])}, "
                 f"{out.array('uint32_t', 'city_first_postal', first)}}}")
    postal_part = (f"{{{len(postal)}, {out.pool('postal', [code for code, _ in postal])}, "
                   f"{out.pool('locality', [locality for _, locality in postal])}}}")
    return f"    .regions = {region_part},\n    .cities = {city_part},\n    .postal_codes = {postal_part},\n"


def write_weighted(out, name, rows, column="name"):
    pool = out.pool(name, [row[column] for row in rows])
    return f"{{{len(rows)}, {pool}, {out.array('uint32_t', name + '_weights', [row['weight'] for row in rows])}}}"


def write_rules(out, market, first_ranges):
    phones, brands = market.phones, market.brands
    phone_part = (f"{{{len(phones)}, {out.pool('phone', [row['prefix'] for row in phones])}, "
                  f"{out.array('uint8_t', 'phone_kind', [PHONE_KINDS.index(row['kind']) for row in phones])}, "
                  f"{out.array('uint8_t', 'phone_digits', [row['digits'] for row in phones])}, "
                  f"{out.array('uint32_t', 'phone_weights', [row['weight'] for row in phones])}}}")
    kinds = [PAYMENT_KINDS.index(row["kind"]) for row in brands]
    brand_part = (f"{{{len(brands)}, {out.pool('brand', [row['name'] for row in brands])}, "
                  f"{out.array('uint8_t', 'brand_kind', kinds)}, "
                  f"{out.array('uint32_t', 'brand_weights', [row['weight'] for row in brands])}, "
                  f"{out.array('uint16_t', 'brand_first_range', first_ranges)}}}")
    return (f"    .streets = {write_weighted(out, 'street', market.streets)},\n"
            f"    .phones = {phone_part},\n    .payment_brands = {brand_part},\n"
            f"    .email_domains = {write_weighted(out, 'domain', market.domains, 'domain')},\n"
            f"    .company_words = {out.pool('company', [row['word'] for row in market.companies])},\n"
            f"    .company_ascii = {out.pool('company_ascii', [row['ascii'] for row in market.companies])},\n"
            f"    .company_suffixes = {out.pool('suffix', [row['suffix'] for row in market.suffixes])},\n"
            f"    .holidays = {{{len(market.holidays)}, {out.array('int32_t', 'holiday', market.holidays)}}},\n")


def write_facts(out, market):
    facts = market.facts
    strings = "".join(f"    .{name} = {c_string(facts[name])},\n"
                      for name in ("country", "name", "locale", "language", "currency", "company_domain"))
    numbers = "".join(f"    .{name} = {facts.number(name, low, high)},\n" for name, low, high in (
        ("currency_digits", 0, 4), ("rate", 1, 10 ** 9), ("share", 1, 10 ** 8), ("apartment_share", 0, 1000)))
    rates = ", ".join(str(facts.number(name, 0, 100000)) for name in ("standard_rate", "reduced_rate", "zero_rate"))
    inclusive = str(facts.boolean("tax_inclusive")).lower()
    units = out.pool("unit", [row["pattern"] for row in market.units])
    return (strings + numbers +
            f"    .family_name_first = {str(facts.boolean('family_name_first')).lower()},\n"
            f"    .tax = {{{inclusive}, {rates}}},\n"
            f"    .address = {{{c_string(facts['street_format'])}, {c_string(facts['number_format'])}, "
            f"{facts.number('highest_number', 1, 99999)}, {units}}},\n")


def write_market(path, market, sharing, first_ranges):
    out = Writer("reference_tables.h")
    body = (write_facts(out, market) + write_names(out, market, sharing) + write_places(out, market) +
            write_rules(out, market, first_ranges))
    out.add(f"\nconst struct cw_market {market.symbol} = {{\n{body}}};\n")
    out.save(path)


# ---- what all markets share ----

def read_zones(path):
    rows = some(read_table(path, ["zone", "transitions"]), path)
    for row in unique(rows, lambda row: row.text("zone")):
        parts = [part.split(":") for part in row["transitions"].split(" ")]
        try:
            times = [int(time) for time, _ in parts[1:]]
            row.offsets = [int(offset) for _, offset in parts]
        except ValueError:
            row.fail("transitions", "min:OFFSET SECOND:OFFSET ...")
        if parts[0][0] != "min" or times != sorted(set(times)) or any(abs(o) > 50400 for o in row.offsets):
            row.fail("transitions", "min first, then ascending seconds, offsets within 14 hours")
        row.times = ["INT64_MIN"] + [f"INT64_C({time})" for time in times]
    return rows


def write_zones(out, zones):
    items = []
    for index, row in enumerate(zones):
        times = out.array("int64_t", f"zone_times_{index}", row.times)
        offsets = out.array("int32_t", f"zone_offsets_{index}", row.offsets)
        items.append(f"    {{{c_string(row['zone'])}, {len(row.times)}, {times}, {offsets}}},\n")
    out.add("\nconst struct cw_zone cw_reference_zones[] = {\n" + "".join(items) + "};\n"
            f"const uint32_t cw_reference_zone_count = {len(items)};\n")


def read_card_ranges(path):
    """brand -> list of (prefix, length)."""
    ranges = {}
    for row in some(read_table(path, ["brand", "prefix", "length"]), path):
        length = row.number("length", 12, 19)
        if not re.fullmatch(r"\d{4,18}", row["prefix"]) or len(row["prefix"]) > length - 1:
            row.fail("prefix", "4 digits or more, at least one less than length")
        ranges.setdefault(row["brand"], []).append((row["prefix"], length))
    return ranges


def lay_out_ranges(markets, ranges):
    """One table in which each market's card brands follow one another in the market's order, so that
    [first[i], first[i + 1]) are the ranges of brand i: ([(prefix, length)], {country: first})."""
    table, firsts = [], {}
    for market in markets:
        first = [len(table)]
        for row in market.brands:
            table += ranges[row["name"]] if row["kind"] == "card" else []
            first.append(len(table))
        firsts[market.country] = first
    return table, firsts


def read_sites(path, markets, zones):
    columns = ["code", "name", "country", "city", "region", "postal_code", "zone", "opened"]
    rows = some(read_table(path, columns), path)
    countries = [market.country for market in markets]
    for row in unique(rows, lambda row: row.match("code", "[A-Z0-9-]+", "capital letters, digits, hyphens")):
        row.market = row.one_of("country", countries)
        row.zone_index = row.one_of("zone", zones)
        if not markets[row.market].find_city(row.text("city"), row["region"], row["postal_code"]):
            row.fail("postal_code", f"a postal code of {row['city']!r} in region {row['region']!r}")
        try:
            row.opened = datetime.date.fromisoformat(row["opened"]).toordinal() - EPOCH
        except ValueError:
            row.fail("opened", "a date YYYY-MM-DD")
        row.text("name")
    for index, country in enumerate(countries):
        if not any(row.market == index for row in rows):
            raise DataError(f"{path}: no site in {country}, expected at least one")
    rows.sort(key=lambda row: row.market)
    return rows


def write_sites(out, sites):
    items = [f"    {{{c_string(row['code'])}, {c_string(row['name'])}, {row.market}, {c_string(row['city'])}, "
             f"{c_string(row['region'])}, {c_string(row['postal_code'])}, {row.zone_index}, {row.opened}}},\n"
             for row in sites]
    out.add("\nconst struct cw_fulfilment_site cw_reference_sites[] = {\n" + "".join(items) + "};\n"
            f"const uint32_t cw_reference_site_count = {len(items)};\n")


def write_screen(out, path):
    rows = some(read_table(path, ["token", "rule"]), path)
    unique(rows, lambda row: row.match("token", "[a-z]{2,}", "letters a to z"))
    for rule in SCREEN_RULES:
        tokens = sorted(row["token"] for row in rows if SCREEN_RULES[row.one_of("rule", SCREEN_RULES)] == rule)
        pairs = [(ord(token[0]) - 97) * 26 + ord(token[1]) - 97 for token in tokens]
        first = [sum(pair < index for pair in pairs) for index in range(26 * 26 + 1)]
        texts = "".join(f"    {c_string(token)},\n" for token in tokens)
        name = f"cw_reference_screen_{rule}"
        out.add(f"\nstatic const char *const {rule}_tokens[] = {{\n{texts}    NULL}};\n")
        firsts = out.array("uint16_t", f"{rule}_first", first)
        out.add(f"\nconst struct cw_reference_screen {name} = {{{rule}_tokens, {firsts}}};\n")


def write_header(path, markets):
    out = Writer()
    out.add("#ifndef CW_MODEL_REFERENCE_TABLES_H\n#define CW_MODEL_REFERENCE_TABLES_H\n\n#include <stddef.h>\n\n"
            '#include "model/reference.h"\n\n')
    for market in markets:
        out.add(f"extern const struct cw_market {market.symbol};\n")
    out.add("extern const struct cw_market *const cw_reference_markets[];\n"
            "extern const uint32_t cw_reference_market_count;\n"
            "extern const struct cw_zone cw_reference_zones[];\n"
            "extern const uint32_t cw_reference_zone_count;\n"
            "extern const struct cw_card_ranges cw_reference_card_ranges;\n"
            "extern const struct cw_fulfilment_site cw_reference_sites[];\n"
            "extern const uint32_t cw_reference_site_count;\n"
            "\n/* Tokens by their first two letters: those of letters a and b are tokens[first[26 * a + b]] up to\n"
            " * tokens[first[26 * a + b + 1]]. */\n"
            "struct cw_reference_screen {\n    const char *const *tokens;\n    const uint16_t *first;\n};\n\n")
    for rule in SCREEN_RULES:
        out.add(f"extern const struct cw_reference_screen cw_reference_screen_{rule};\n")
    out.add("\n#endif\n")
    out.save(path)


def market_countries(data):
    path = data / "markets.tsv"
    rows = some(read_table(path, ["country"]), path)
    unique(rows, lambda row: row.match("country", "[A-Z]{2}", "two capital letters"))
    return [row["country"] for row in rows]


def compile_data(target, data):
    zone_rows = read_zones(data / "zones.tsv")
    zones = [row["zone"] for row in zone_rows]
    ranges = read_card_ranges(data / "card_ranges.tsv")
    markets = [Market(data, country, zones, ranges) for country in market_countries(data)]
    sharing = {}
    for market in markets:
        for ascii_name in sorted({row["ascii"] for row in market.family_names}):
            sharing.setdefault(ascii_name, []).append(market.country)
    table, firsts = lay_out_ranges(markets, ranges)
    sites = read_sites(data / "fulfilment_centres.tsv", markets, zones)
    target.mkdir(parents=True, exist_ok=True)
    for market in markets:
        write_market(target / f"market_{market.country.lower()}.c", market, sharing, firsts[market.country])
    write_header(target / "reference_tables.h", markets)
    out = Writer("reference_tables.h")
    out.add("\nconst struct cw_market *const cw_reference_markets[] = {\n" +
            "".join(f"    &{market.symbol},\n" for market in markets) + "};\n"
            f"const uint32_t cw_reference_market_count = {len(markets)};\n")
    write_zones(out, zone_rows)
    prefixes = out.pool("card_prefix", [prefix for prefix, _ in table])
    lengths = out.array("uint8_t", "card_length", [length for _, length in table])
    out.add(f"\nconst struct cw_card_ranges cw_reference_card_ranges = {{{len(table)}, {prefixes}, {lengths}}};\n")
    write_sites(out, sites)
    write_screen(out, data / "screen.tsv")
    out.save(target / "reference_tables.c")


def output_names(data):
    return [f"market_{country.lower()}.c" for country in market_countries(data)] + ["reference_tables.c",
                                                                                     "reference_tables.h"]


def input_paths(data):
    paths = [data / f"{name}.tsv" for name in SHARED]
    for country in market_countries(data):
        folder = data / "markets" / country.lower()
        paths += [folder / f"{name}.tsv" for name in TABLES
                  if name not in OPTIONAL or (folder / f"{name}.tsv").exists()]
    return paths


def main(arguments):
    if len(arguments) != 2:
        sys.exit(__doc__)
    data = pathlib.Path(arguments[1])
    try:
        if arguments[0] == "--outputs":
            print("\n".join(output_names(data)))
        elif arguments[0] == "--inputs":
            print("\n".join(str(path) for path in input_paths(data)))
        else:
            compile_data(pathlib.Path(arguments[0]), data)
    except DataError as error:
        sys.exit(f"compile_data: {error}")


if __name__ == "__main__":
    main(sys.argv[1:])
