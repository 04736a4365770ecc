"""Public holidays of whole markets, 2000 to 2040, from the PyPI package `holidays` (MIT)."""

import holidays
from rules_common import MARKETS, market_file, write_tsv

FIRST_YEAR = 2000
LAST_YEAR = 2040

# Countries whose names the package gives in another language unless asked.
ENGLISH_NAMES = {"DE": "en_US", "FR": "en_US", "JP": "en_US"}


def national_holidays(country):
    """(ISO date, name) of each holiday that all of the country keeps, substitute days included, ascending."""
    years = range(FIRST_YEAR, LAST_YEAR + 1)
    calendar = holidays.country_holidays(country, years=years, language=ENGLISH_NAMES.get(country))
    return [(day.isoformat(), name) for day, name in sorted(calendar.items()) if day.year in years]


def rebuild(data_dir):
    """Write holidays.tsv of every market."""
    for country in MARKETS:
        comments = [
            f"origin: PyPI holidays {holidays.__version__} (MIT), national holidays and their substitute days.",
            "Days that only parts of the country keep are left out. Future years follow today's law.",
        ]
        path = market_file(data_dir, country, "holidays.tsv")
        write_tsv(path, comments, ("date", "name"), national_holidays(country))
