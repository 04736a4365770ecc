"""Telephone number ranges of the markets from PyPI `phonenumbers` (Apache-2.0), proven valid for all their numbers.

Area codes come from the package's geocoding prefixes, mobile codes from its carrier prefixes. A range is kept only
when the plan's patterns hold for every number of it (rules_digit_patterns) and the package agrees on a sample.
"""

import random

import phonenumbers
from phonenumbers import PhoneMetadata, PhoneNumberType
from phonenumbers.carrierdata import CARRIER_DATA
from phonenumbers.geodata import GEOCODE_DATA
from rules_common import MARKETS, market_file, write_tsv
from rules_digit_patterns import after_prefix, holds_for_all, holds_for_any

COUNTRY_CODES = {"US": "1", "GB": "44", "DE": "49", "FR": "33", "JP": "81"}

# Of all weight: per mille of mobile numbers (estimate), and per mille of a kind that goes to ranges kept for fiction.
# The latter is low because those ranges are small: the more is drawn from them, the more customers share a number.
MOBILE_SHARE = {"US": 800, "GB": 850, "DE": 850, "FR": 850, "JP": 850}
FICTION_SHARE = 50
TOTAL_WEIGHT = 1_000_000

# Area codes of British cities with seven-digit local numbers.
GB_CITIES = ("113", "114", "115", "116", "117", "118", "121", "131", "141", "151", "161", "191")

# National prefixes that regulators reserve for fiction and that the plan's patterns accept, with their kind:
# Ofcom (GB), Bundesnetzagentur (DE, without its few mobile ones), Arcep (FR). US 555-01xx is derived from the area
# codes.
FICTION = {
    "GB": [(f"{area}4960", "landline", 3) for area in GB_CITIES if area not in ("115", "191")]
    + [("2079460", "landline", 3), ("1914980", "landline", 3), ("2896496", "landline", 3), ("2920180", "landline", 3)],
    "DE": [("3023125", "landline", 3), ("6990009", "landline", 3), ("4066969", "landline", 3)]
    + [("2214710", "landline", 3), ("8999998", "landline", 3)],
    "FR": [(block, "landline", 4) for block in ("19900", "26191", "35301", "46571", "53649")],
}

# French ZAB blocks of the overseas departments, which dial as other countries.
FR_OVERSEAS = {"262", "263", "269", "508", "590", "594", "596"}

OTHER_KINDS = ("premium_rate", "toll_free", "shared_cost", "voip", "personal_number", "pager", "uan", "voicemail")


def is_proven(country, prefix, kind, free):
    """Whether all numbers of a range are valid and of the kind, and of no kind that the package asks for first."""
    metadata = PhoneMetadata.metadata_for_region(country)

    def rest(description):
        if description is None or (description.possible_length and total not in description.possible_length):
            return after_prefix("", "")
        return after_prefix(description.national_number_pattern or "", prefix)

    total = len(prefix) + free
    wanted = metadata.mobile if kind == "mobile" else metadata.fixed_line
    if not (holds_for_all(rest(metadata.general_desc), free) and holds_for_all(rest(wanted), free)):
        return False
    return not any(holds_for_any(rest(getattr(metadata, other)), free) for other in OTHER_KINDS)


def agrees_on_sample(country, prefix, kind, free):
    """Whether the package itself calls the first, the last and random numbers of a range valid and of the kind."""
    generator = random.Random(prefix)
    numbers = {prefix + "0" * free, prefix + "9" * free}
    numbers.update(prefix + "".join(generator.choices("0123456789", k=free)) for _ in range(40))
    plain = PhoneNumberType.MOBILE if kind == "mobile" else PhoneNumberType.FIXED_LINE
    for national in sorted(numbers):
        number = phonenumbers.PhoneNumber(int(COUNTRY_CODES[country]), int(national))
        if not phonenumbers.is_valid_number_for_region(number, country):
            return False
        if phonenumbers.number_type(number) not in (plain, PhoneNumberType.FIXED_LINE_OR_MOBILE):
            return False
    return True


def known_prefixes(table, country, lengths):
    """National prefixes of the given lengths that a table of the package knows for a country, sorted."""
    code = COUNTRY_CODES[country]
    return sorted({key[len(code) :] for key in table if key.startswith(code) and len(key) - len(code) in lengths})


def cut_prefixes(table, country, length):
    """Prefixes of the table cut to one length, sorted."""
    longer = known_prefixes(table, country, range(length, 10))
    return sorted({prefix[:length] for prefix in longer})


def ranges_us():
    """Two mobile blocks, a landline block and 555-01xx per geographic area code; which block is ours to assign.

    Central-office codes never end in 11 and never are 555 (but for 555-01xx), 700, 950, 958, 959 or 976.
    """
    for area in range(200, 990):
        if not is_proven("US", f"{area}55501", "landline", 2):
            continue
        yield f"{area}{2 + area % 3}{2 + area % 8}", "landline", 5, 1
        yield f"{area}{6 + area % 3}{2 + area // 3 % 8}", "mobile", 5, 1
        yield f"{area}{6 + (area + 1) % 3}{2 + area // 5 % 8}", "mobile", 5, 1


def fiction_us():
    """555-01xx of every area code, alternately for either kind."""
    areas = [area for area in range(200, 990) if is_proven("US", f"{area}55501", "landline", 2)]
    return [(f"{area}55501", "mobile" if i % 2 else "landline", 2) for i, area in enumerate(areas)]


def gb_areas():
    """(area code, weight): the weight is an estimate by the plan's tiers of city sizes."""
    cities = [(area, 30) for area in GB_CITIES]
    known = cut_prefixes(GEOCODE_DATA, "GB", 4)
    towns = [(area, 3) for area in known if area[0] == "1" and area[:3] not in GB_CITIES]
    return [("20", 130), ("23", 20), ("24", 12), ("28", 30), ("29", 15), *cities, *towns]


def ranges_gb():
    """Landlines whose local part starts with 2 to 9, mobiles by the four digits that name the operator's block."""
    for area, weight in gb_areas():
        starts = [s for s in "23456789" if is_proven("GB", area + s, "landline", 9 - len(area))]
        kept = starts if len(area) == 2 else starts[:2]
        for start in kept:
            yield area + start, "landline", 9 - len(area), weight / len(kept)
    for prefix in cut_prefixes(CARRIER_DATA, "GB", 4):
        yield prefix, "mobile", 6, 1


def ranges_de():
    """Landlines by length of the area code (short ones are the largest cities), mobiles by the operators' blocks."""
    for area in known_prefixes(GEOCODE_DATA, "DE", (2, 3)):
        weight, starts = (60, "23456789") if len(area) == 2 else (10, "234")
        for start in starts:
            yield area + start, "landline", 9 - len(area), weight / len(starts)
    for area in known_prefixes(GEOCODE_DATA, "DE", (4,)):
        if area[1] != "0" and area[2] != "0" and area[3] == "1":
            yield area + "2", "landline", 4, 1
            yield area + "4", "landline", 5, 1
    for prefix in known_prefixes(CARRIER_DATA, "DE", (3, 4, 5)):
        total = 11 if prefix.startswith(("15", "176")) else 10
        yield prefix, "mobile", total - len(prefix), {3: 100, 4: 20, 5: 2}[len(prefix)]


def ranges_fr():
    """Landlines by ZAB block, mobiles by the three digits that name the operator's block."""
    for prefix in cut_prefixes(GEOCODE_DATA, "FR", 3):
        if prefix[0] in "12345" and prefix not in FR_OVERSEAS:
            yield prefix, "landline", 6, 1
    for prefix in cut_prefixes(CARRIER_DATA, "FR", 3):
        yield prefix, "mobile", 6, 1


def ranges_jp():
    """Landlines by area code and first exchange digit (2 to 9), mobiles 070, 080 and 090."""
    for start in "356":
        yield "3" + start, "landline", 7, 40
    for area in [a for a in known_prefixes(GEOCODE_DATA, "JP", (2,)) if a[0] != "6"]:
        for start in "2378":
            yield area + start, "landline", 6, 6
    for start in "467":
        yield "6" + start, "landline", 7, 18
    for area in known_prefixes(GEOCODE_DATA, "JP", (3,)):
        if GEOCODE_DATA[COUNTRY_CODES["JP"] + area].get("en"):
            for start in "23":
                yield area + start, "landline", 5, 2
    for first in ("70", "80", "90"):
        for digit in "123456789":
            yield first + digit, "mobile", 7, 1


RANGES = {"US": ranges_us, "GB": ranges_gb, "DE": ranges_de, "FR": ranges_fr, "JP": ranges_jp}


def disjoint(ranges):
    """The ranges without those that lie inside a longer range kept already or hold one."""
    kept = {}
    for prefix, kind, free, weight in ranges:
        heads = (prefix[:n] for n in range(1, len(prefix) + 1))
        if not any(head in kept and len(head) + kept[head][2] == len(prefix) + free for head in heads):
            kept[prefix] = (prefix, kind, free, weight)
    return list(kept.values())


def scaled(ranges, kind, total):
    """Ranges of a kind with whole weights of about the total, at least one each."""
    chosen = [row for row in ranges if row[1] == kind]
    whole = sum(row[3] for row in chosen)
    return [(prefix, kind, free, max(1, round(weight * total / whole))) for prefix, kind, free, weight in chosen]


def market_rows(country):
    """The rows of phones.tsv of a market, sorted by prefix."""

    def usable(row):
        return is_proven(country, *row[:3]) and agrees_on_sample(country, *row[:3])

    plain = [row for row in disjoint(RANGES[country]()) if usable(row)]
    fiction = [(*row, 1) for row in (fiction_us() if country == "US" else FICTION.get(country, []))]
    unusable = [row[0] for row in fiction if not usable(row)]
    if unusable:
        raise ValueError(f"{country}: ranges for fiction that the plan refuses: {unusable}")
    rows = []
    for kind, share in (("mobile", MOBILE_SHARE[country]), ("landline", 1000 - MOBILE_SHARE[country])):
        total = TOTAL_WEIGHT * share // 1000
        invented = scaled(fiction, kind, total * FICTION_SHARE // 1000) if kind in {row[1] for row in fiction} else []
        rows += invented + scaled(plain, kind, total - sum(row[3] for row in invented))
    code = COUNTRY_CODES[country]
    return sorted((f"+{code}{prefix}", kind, free, weight) for prefix, kind, free, weight in rows)


def rebuild(data_dir):
    """Write phones.tsv of every market."""
    for country in MARKETS:
        comments = [
            f"origin: PyPI phonenumbers {phonenumbers.__version__} (Apache-2.0): its prefixes and patterns.",
            "Every number of a range is valid for its kind by those patterns; digits is how many free digits follow.",
            f"weight: estimates; {MOBILE_SHARE[country] / 10:g} % of them on mobile numbers, the rest on landlines;",
            f"{FICTION_SHARE / 10:g} % of a kind on ranges reserved for fiction where the plan has such.",
        ]
        header = ("prefix", "kind", "digits", "weight")
        write_tsv(market_file(data_dir, country, "phones.tsv"), comments, header, market_rows(country))
