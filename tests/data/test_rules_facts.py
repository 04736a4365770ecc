"""The rules of the markets under data/ against the packages and the arithmetic that they answer to."""

import itertools
import random
import re
import sys
from datetime import UTC, date, datetime
from pathlib import Path

import holidays
import phonenumbers
import pytest
from phonenumbers import PhoneNumberType

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "data"
sys.path.insert(0, str(ROOT / "tools" / "data"))

import rules_digit_patterns as patterns  # noqa: E402
import rules_holidays  # noqa: E402
import rules_rebuild  # noqa: E402
import rules_zones  # noqa: E402
from rules_common import MARKETS, market_file, read_tsv  # noqa: E402

PAYMENT_KINDS = {"card", "wallet", "bank_transfer", "direct_debit", "invoice", "cash"}
SAMPLE = 16

every_market = pytest.mark.parametrize("country", MARKETS)


def rows_of(country, name):
    return read_tsv(market_file(DATA, country, name))


def market_values(country):
    return {row["key"]: row["value"] for row in rows_of(country, "market.tsv")}


def edge_and_random_numbers(prefix, free):
    generator = random.Random(prefix)
    yield prefix + "0" * free
    yield prefix + "9" * free
    for _ in range(SAMPLE):
        yield prefix + "".join(generator.choices("0123456789", k=free))


def test_derived_files_are_what_the_packages_give(tmp_path):
    rules_rebuild.rebuild(tmp_path)
    rebuilt = sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("*.tsv"))
    assert len(rebuilt) == 2 * len(MARKETS) + 1
    for path in rebuilt:
        assert (DATA / path).read_bytes() == (tmp_path / path).read_bytes(), path


@every_market
def test_phone_numbers_are_valid_for_their_kind(country):
    kinds = {"mobile": PhoneNumberType.MOBILE, "landline": PhoneNumberType.FIXED_LINE}
    for row in rows_of(country, "phones.tsv"):
        for text in edge_and_random_numbers(row["prefix"], int(row["digits"])):
            number = phonenumbers.parse(text)
            assert phonenumbers.is_valid_number_for_region(number, country), text
            allowed = (kinds[row["kind"]], PhoneNumberType.FIXED_LINE_OR_MOBILE)
            assert phonenumbers.number_type(number) in allowed, text
            assert phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164) == text


@every_market
def test_phone_ranges_are_many_and_unique(country):
    rows = rows_of(country, "phones.tsv")
    assert len({row["prefix"] for row in rows}) == len(rows)
    assert all(int(row["weight"]) >= 1 and row["kind"] in ("mobile", "landline") for row in rows)
    assert sum(row["kind"] == "landline" for row in rows) >= 100
    assert sum(row["kind"] == "mobile" for row in rows) >= 20
    assert 990_000 < sum(int(row["weight"]) for row in rows) < 1_010_000


def test_us_central_office_codes_are_assignable():
    for row in rows_of("US", "phones.tsv"):
        office = row["prefix"][5:]
        assert row["prefix"][:2] == "+1" and office[0] in "23456789"
        assert not re.match(r"\d11|700|95[089]|976", office)
        assert office.startswith("55501") or not office.startswith("555") and len(office) == 2


def test_digit_patterns_agree_with_regular_expressions():
    generator = random.Random(1)
    texts = [r"1(?:2[3-5]|[78]\d{2})\d?|9{2,3}", r"(?:[34]0|[68]9)\d{1,4}", r"7(?:45(?:6|7[0-57-9])|0)\d{2}"]
    for text in texts:
        for _ in range(3000):
            number = "".join(generator.choices("0123456789", k=generator.randint(1, 6)))
            cut = generator.randint(0, len(number))
            rest = patterns.after_prefix(text, number[:cut])
            for digit in number[cut:]:
                rest = patterns.after(rest, digit)
            assert patterns.holds_for_empty(rest) == bool(re.fullmatch(text, number)), (text, number)
    assert patterns.holds_for_all(patterns.after_prefix(r"[34]0\d{2}", "30"), 2)
    assert not patterns.holds_for_all(patterns.after_prefix(r"[34]0\d[0-8]", "30"), 2)
    assert not patterns.holds_for_any(patterns.after_prefix(r"[34]0\d{2}", "31"), 2)


def test_zones_agree_with_the_database():
    generator = random.Random(2)
    names = [row["zone"] for row in read_tsv(DATA / "zones.tsv")]
    assert names == rules_zones.zones_of_markets()
    for row in read_tsv(DATA / "zones.tsv"):
        zone = rules_zones.packaged_zone(row["zone"])
        pairs = [pair.split(":") for pair in row["transitions"].split(" ")]
        assert pairs[0][0] == "min"
        starts = [rules_zones.FIRST] + [int(instant) for instant, _ in pairs[1:]]
        offsets = [int(offset) for _, offset in pairs]
        assert starts == sorted(set(starts)) and all(a != b for a, b in itertools.pairwise(offsets))
        instants = [generator.randrange(rules_zones.FIRST, rules_zones.END - 86400) for _ in range(1000)]
        instants += starts + [start - 1 for start in starts[1:]]
        for instant in instants:
            expected = datetime.fromtimestamp(instant, UTC).astimezone(zone).utcoffset().total_seconds()
            held = [offset for start, offset in zip(starts, offsets) if start <= instant][-1]
            assert held == expected, (row["zone"], instant)


@every_market
def test_holidays_agree_with_the_package(country):
    rows = [(row["date"], row["name"]) for row in rows_of(country, "holidays.tsv")]
    assert [day for day, _ in rows] == sorted({day for day, _ in rows})
    calendar = holidays.country_holidays(country, years=range(2000, 2041))
    assert {date.fromisoformat(day) for day, _ in rows} == {day for day in calendar if 2000 <= day.year <= 2040}
    assert rows == rules_holidays.national_holidays(country)
    assert {day[:4] for day, _ in rows} == {str(year) for year in range(2000, 2041)}


def luhn_digit(digits):
    total = 0
    for position, char in enumerate(reversed(digits)):
        doubled = int(char) * (2 if position % 2 == 0 else 1)
        total += doubled - 9 if doubled > 9 else doubled
    return str(-total % 10)


def test_card_ranges_are_published_numbers_of_their_brand():
    starts = {
        "visa": "4",
        "mastercard": "5[1-5]|2[2-7]",
        "amex": "3[47]",
        "discover": "6011|64[4-9]|65",
        "jcb": "35|308",
        "diners": "3[0689]",
        "unionpay": "62",
        "maestro": "50|5[6-9]|6",
        "cartes_bancaires": "4|5[1-5]",
    }
    lengths = {"amex": {15}, "diners": {14, 16}, "unionpay": {16, 19}}
    rows = read_tsv(DATA / "card_ranges.tsv")
    assert [row["brand"] for row in rows] == sorted(row["brand"] for row in rows)
    assert len({(row["brand"], row["prefix"]) for row in rows}) == len(rows)
    assert {row["brand"] for row in rows} == set(starts)
    for row in rows:
        assert re.match(starts[row["brand"]], row["prefix"]), row
        assert int(row["length"]) in lengths.get(row["brand"], {16}), row
        assert len(row["prefix"]) == int(row["length"]) - 1, "a range must be one whole published number"
    numbers = {row["prefix"] + luhn_digit(row["prefix"]) for row in rows}
    assert {"4242424242424242", "5555555555554444", "378282246310005", "3566002020360505"} <= numbers


@every_market
def test_payment_brands_are_known(country):
    rows = rows_of(country, "payment_brands.tsv")
    tested = {row["brand"] for row in read_tsv(DATA / "card_ranges.tsv")}
    assert sum(int(row["weight"]) for row in rows) == 1000
    assert len({row["name"] for row in rows}) == len(rows)
    for row in rows:
        assert row["kind"] in PAYMENT_KINDS
        assert (row["kind"] == "card") == (row["name"] in tested), row


@every_market
def test_market_values_are_sane(country):
    values = market_values(country)
    assert values["country"] == country and values["locale"] == f"{values['language']}-{country}"
    assert values["currency_digits"] == ("0" if values["currency"] == "JPY" else "2")
    assert values["tax_inclusive"] == ("false" if country == "US" else "true")
    assert int(values["standard_rate"]) >= int(values["reduced_rate"]) >= int(values["zero_rate"]) >= 0
    assert int(values["standard_rate"]) < 30_000
    assert 0 < int(values["apartment_share"]) < 1000 and int(values["share"]) > 0
    assert values["family_name_first"] == ("true" if country == "JP" else "false")
    assert set(re.findall(r"{(\w+)}", values["street_format"])) <= {"number", "street", "locality", "unit"}
    assert "{number}" in values["street_format"]
    assert values["number_format"] in ("plain", "block")
    assert int(values["highest_number"]) == (9999 if country == "US" else 200)
    assert re.fullmatch(r"(\.[a-z]+)+", values["company_domain"])


def test_shares_and_rates_of_all_markets():
    values = {country: market_values(country) for country in MARKETS}
    assert sum(int(market["share"]) for market in values.values()) == 100
    assert int(values["US"]["rate"]) == 10_000
    assert values["DE"]["rate"] == values["FR"]["rate"]
    assert int(values["GB"]["rate"]) < int(values["DE"]["rate"]) < int(values["JP"]["rate"])


def test_sales_tax_names_each_state_once():
    rows = {row["region"]: int(row["rate"]) for row in rows_of("US", "sales_tax.tsv")}
    assert len(rows) == 51 and {"DC", "CA", "NY", "TX"} <= set(rows)
    assert {region for region, rate in rows.items() if rate == 0} == {"AK", "DE", "MT", "NH", "OR"}
    assert max(rows.values()) <= 7250


@every_market
def test_names_and_domains(country):
    words = rows_of(country, "companies.tsv")
    assert 150 <= len(words) <= 400
    assert len({row["ascii"] for row in words}) == len(words) == len({row["word"] for row in words})
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", row["ascii"]) for row in words)
    domains = rows_of(country, "email_domains.tsv")
    assert sum(int(row["weight"]) for row in domains) == 1000
    assert len({row["domain"] for row in domains}) == len(domains)
    assert all(re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)+", row["domain"]) for row in domains)
    assert all("{n}" in row["pattern"] for row in rows_of(country, "unit_patterns.tsv"))
    assert len(rows_of(country, "company_suffixes.tsv")) >= 3


def test_no_bank_account_numbers():
    iban = re.compile(r"\b[A-Z]{2}\d{2}(?:\s?[A-Z0-9]{4}){3,7}\b")
    files = [DATA / "zones.tsv", DATA / "card_ranges.tsv"]
    files += [path for country in MARKETS for path in market_file(DATA, country, "x").parent.glob("*.tsv")]
    assert len(files) > 40
    assert not [path for path in files if iban.search(path.read_text(encoding="utf-8"))]
