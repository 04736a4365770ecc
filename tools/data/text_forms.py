"""Text forms of names: a-z transliterations by each language's own rules, and Hepburn romanisation of kana."""

import re
import unicodedata

GERMAN = {"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"}
COMMON = {"æ": "ae", "œ": "oe", "ø": "oe", "å": "aa", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i", "ß": "ss"}


def to_ascii(text, language):
    """Lower-case letters a to z of text; apostrophes, spaces and hyphens are dropped."""
    text = unicodedata.normalize("NFC", text).lower()
    if language == "de":
        text = "".join(GERMAN.get(c, c) for c in text)
    text = "".join(COMMON.get(c, c) for c in text)
    text = unicodedata.normalize("NFD", text)
    return re.sub(r"[^a-z]", "", text)


def comparable(text):
    """A form that is equal for spellings of one place: no case, accents, punctuation, brackets or their contents."""
    text = re.sub(r"\(.*?\)|/.*", "", unicodedata.normalize("NFD", text.lower()))
    text = re.sub(r"\bst[e]?\.? ", "saint ", text)
    return re.sub(r"[^a-z0-9]", "", "".join(COMMON.get(c, c) for c in text))


_ROWS = {
    "": "あいうえお", "k": "かきくけこ", "s": "さしすせそ", "t": "たちつてと", "n": "なにぬねの", "h": "はひふへほ",
    "m": "まみむめも", "r": "らりるれろ", "g": "がぎぐげご", "z": "ざじずぜぞ", "d": "だぢづでど", "b": "ばびぶべぼ",
    "p": "ぱぴぷぺぽ",
}
_IRREGULAR = {"し": "shi", "ち": "chi", "つ": "tsu", "ふ": "fu", "じ": "ji", "ぢ": "ji", "づ": "zu",
              "や": "ya", "ゆ": "yu", "よ": "yo", "わ": "wa", "を": "o", "ん": "n", "ゐ": "i", "ゑ": "e", "ゔ": "vu"}
_SMALL = {"ゃ": "a", "ゅ": "u", "ょ": "o", "ぁ": "a", "ぃ": "i", "ぅ": "u", "ぇ": "e", "ぉ": "o"}
_KANA = {kana: row + vowel for row, line in _ROWS.items() for kana, vowel in zip(line, "aiueo")} | _IRREGULAR


def _hiragana(text):
    text = unicodedata.normalize("NFKC", text)
    return "".join(chr(ord(c) - 0x60) if "ァ" <= c <= "ヴ" else c for c in text)


def kana_to_ascii(text):
    """Hepburn romanisation without long vowels, as in passports: さとう sato, じゅんいち junichi, ほんま homma."""
    parts = []
    for c in _hiragana(text):
        if c in "ゃゅょ" and parts and parts[-1].endswith("i"):
            head = parts[-1][:-1]
            parts[-1] = head + ("" if head in ("sh", "ch", "j") else "y") + _SMALL[c]
        elif c in _SMALL and parts:
            parts[-1] = parts[-1][:-1] + _SMALL[c]
        elif c == "っ":
            parts.append("*")
        elif c in _KANA:
            parts.append(_KANA[c])
        elif c != "ー":
            raise ValueError(f"{text!r} holds {c!r}, which is no kana")
    word = re.sub(r"\*ch", "tch", "".join(parts))
    word = re.sub(r"\*([a-z])", r"\1\1", word).replace("*", "")
    word = re.sub(r"n(?=[bmp])", "m", word)
    return re.sub(r"oo|ou|uu", lambda found: found.group()[0], word)
