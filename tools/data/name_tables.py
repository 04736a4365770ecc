"""What the name lists of all markets share: rank laws, screening, writing the tables."""

from pathlib import Path

from rules_common import market_file, read_tsv, write_tsv
from text_forms import to_ascii

DECADES = list(range(1930, 2020, 10))


def rank_weights(count, top, shift=2.7, exponent=1.0):
    """Zipf-Mandelbrot: weight of rank r (from 0) is top * ((1 + shift) / (r + 1 + shift)) ** exponent, at least 1."""
    return [max(1, round(top * ((1 + shift) / (rank + 1 + shift)) ** exponent)) for rank in range(count)]


def in_order(lists):
    """Names of several lists, each once: those in more lists first, then by their first place in any list."""
    places, places_in = {}, {}
    for names in lists:
        for place, name in enumerate(dict.fromkeys(names)):
            places[name] = min(place, places.get(name, place))
            places_in[name] = places_in.get(name, 0) + 1
    return sorted(places, key=lambda name: (-places_in[name], places[name], name))


class NameWriter:
    """Writes the name tables of one market, leaving out what the screen rejects."""

    def __init__(self, data, country, language, screen):
        self.data, self.country, self.language, self.screen = data, country, language, screen

    def ascii(self, name):
        return to_ascii(name, self.language)

    def _row(self, name, ascii_name):
        return name, ("" if ascii_name == name.lower() else ascii_name)

    def given(self, comments, rows):
        """rows: (name, a-z form or None, sex, weight or list of 9)."""
        out = {}
        for name, ascii_name, sex, weights in rows:
            ascii_name = ascii_name or self.ascii(name)
            weights = weights if isinstance(weights, list) else [weights]
            if len(set(weights)) == 1:
                weights = weights[:1]
            if ascii_name and not self.screen(ascii_name) and any(weights):
                out.setdefault((ascii_name, name, sex), weights)
        table = [(*self._row(name, ascii_name), sex, " ".join(map(str, weights)))
                 for (ascii_name, name, sex), weights in sorted(out.items())]
        write_tsv(market_file(self.data, self.country, "given_names.tsv"), comments,
                  ["name", "ascii", "sex", "weights"], table)
        print(self.country, "given", {s: sum(row[2] == s for row in table) for s in "fm"})

    def family(self, comments, rows):
        """rows: (name, a-z form or None, weight)."""
        out = {}
        for name, ascii_name, weight in rows:
            ascii_name = ascii_name or self.ascii(name)
            if ascii_name and not self.screen(ascii_name):
                out.setdefault((ascii_name, name), weight)
        table = [(*self._row(name, ascii_name), weight) for (ascii_name, name), weight in sorted(out.items())]
        write_tsv(market_file(self.data, self.country, "family_names.tsv"), comments, ["name", "ascii", "weight"], table)
        print(self.country, "family", len(table))


def heads(country):
    """(sex, decade) -> names in order, of name_heads.tsv."""
    rows = read_tsv(Path(__file__).with_name("name_heads.tsv"))
    return {(row["sex"], int(row["decade"])): row["names"].split(" ") for row in rows if row["country"] == country}


def decade_rows(country, sex, base):
    """Given names of a sex whose ranks by decade are known for the most given ones only.

    base: name -> weight that holds for every decade. A name of the decade's list gets 3,000 / (rank + 5) more there,
    and half of that in the decades before and after, since no name comes or goes at once.
    """
    known = heads(country)
    weights = {name: [weight] * len(DECADES) for name, weight in base.items()}
    for index, decade in enumerate(DECADES):
        for rank, name in enumerate(known[sex, decade]):
            row = weights.setdefault(name, [1] * len(DECADES))
            for near, part in ((index, 2), (index - 1, 1), (index + 1, 1)):
                if 0 <= near < len(DECADES):
                    row[near] += 1500 * part // (rank + 6)
    return [(name, None, sex, row) for name, row in sorted(weights.items())]
