"""The offensive words that names, e-mail addresses and invented brands must not say."""

import re

from rules_common import write_tsv
from text_forms import to_ascii

LANGUAGES = ("en", "de", "fr")
LONG_ENOUGH = 5  # a shorter token is looked for only as a whole word
# Words of the source that ordinary people's names, places or goods also are.
INNOCENT = set("""peter popel bander boner folle etron bourre conne bitte cul gerbe gerber orgy erotic bondage incest intercourse figging ecchi bourree gouine popen domination escort raging swastika strip upskirt women yellow dp snatch sucks suck sex sexy sexo busty
genital genitals taste tight twink ethical bi babe anal bangbros kinky panty panties lingerie nude nudity butt poof
black white girl girls boobs licked rapping pisser mick mong dick willy randy bender tosser fanny hooker roman gay
lesbian homo baiser bloody ass arsch mule ribaldry enfer con pine prick bite chatte foune pede
queue sauter schwul lutscher lolita cornhole doggystyle eunuch
fecal horny hot missionary octopussy paki playboy pubes queen santorum sadism semen shota spic splooge
tit tits topless towelhead vibrator voyeur xx xxx zoophilia""".split()) - {
    "anal", "dick", "tit", "tits", "semen", "spic", "paki", "towelhead", "boobs", "homo", "pede", "arsch", "ass", "lolita",
    "xxx", "sex", "sexy", "nude", "horny", "prick", "sucks", "pisser", "fecal", "pubes", "splooge", "vibrator", "chatte"}
# Names of people that are offensive words elsewhere: allowed as names, screened in addresses and brands.
PEOPLE_MAY_BE_CALLED = {"dick", "cox", "randy", "fanny", "gaylord", "sex", "homo", "cock", "nazi", "lolita", "pine"}
# Full names that are jokes.
JOKES = ["mikehunt", "mikehawk", "bendover", "hughjass", "seymourbutts", "moelester", "dickhead", "jackmehoff", "philmccrack",
         "dixienormous", "harrybutts", "harrydick", "cravenmorehead", "heywoodjablome", "amandahump", "opheliaballs"]
MORE_ANYWHERE = ["fuck", "cunt", "nigger", "faggot", "hitler", "shithead", "whore", "porno"]
MORE_WHOLE = ["nazi", "nazis", "isis", "kkk", "adolf", "hitler", "shit", "fag", "rape", "raper", "rapist", "fuk", "fck", "wtf",
              "hure", "nutte", "fotze", "ficken", "fick", "sieg", "heil", "pute", "putain", "merde", "salope", "encule",
              "baka", "aho", "kuso", "manko", "chinko", "unko", "penis", "vagina", "anus", "poop", "piss", "crap", "damn",
              "tits", "boobs", "slut", "sluts", "hoe", "hoes", "dyke", "coon", "wop", "gook", "kike", "chink", "jap", "japs",
              "nig", "nigga", "negro", "negre", "bitch", "bastard", "wank", "wanker", "twat", "bollocks", "arse", "cum"]


def tokens_of(packages):
    words = set()
    for language in LANGUAGES:
        for entry in packages.json_file(f"naughty-words/{language}.json"):
            word = to_ascii(entry, "de" if language == "de" else "en")
            if len(word) >= 3 and not re.search(r"[^\x00-\u024f]", entry):
                words.add(word)
    for entry in packages.json_file("naughty-words/ja.json"):
        if re.fullmatch("[a-z ]{4,}", entry):
            words.add(entry.replace(" ", ""))
    return (words - INNOCENT) | set(MORE_WHOLE)


class Screen:
    """Decides about names, and writes data/screen.tsv for the program."""

    def __init__(self, packages):
        self.tokens = tokens_of(packages)
        self.anywhere = set(MORE_ANYWHERE + JOKES)

    def rejects_name(self, ascii_name):
        if ascii_name in PEOPLE_MAY_BE_CALLED:
            return False
        return ascii_name in self.tokens or any(token in ascii_name for token in self.anywhere)

    def write(self, data, innocent_texts):
        """A long token may be looked for anywhere when no innocent text (a name, a company word) holds it."""
        whole_text = "\n".join(sorted(innocent_texts))
        tokens = self.tokens | self.anywhere
        anywhere = {token for token in tokens if token not in whole_text
                    and (len(token) >= LONG_ENOUGH or token in self.anywhere)}
        rows = sorted([(token, "anywhere") for token in anywhere] + [(token, "whole") for token in tokens - anywhere])
        write_tsv(data / "screen.tsv", ["origin: npm naughty-words 1.2.0 (CC BY 4.0; Shutterstock's list), thinned and added to by hand.",
                                        "whole: a word of its own; anywhere: also inside a word, where no innocent word holds it."],
                  ["token", "rule"], rows)
        print("screen", len(rows), "tokens", len(anywhere), "anywhere")
