"""Proofs about the digit patterns of numbering plans: does a pattern hold for every number behind a prefix?

The patterns are regular expressions over digits with classes, groups, alternatives and counted repeats. They are
parsed into nested tuples and answered by derivatives, so that a statement covers all numbers and not a sample.
"""

from functools import cache

NOTHING = ("nothing",)
EMPTY = ("empty",)
ANY_DIGIT = frozenset("0123456789")


def sequence(first, second):
    """The pattern first followed by second."""
    if NOTHING in (first, second):
        return NOTHING
    if first == EMPTY:
        return second
    return first if second == EMPTY else ("sequence", first, second)


def either(branches):
    """The pattern that holds when one of the branches does."""
    kept = frozenset(branches) - {NOTHING}
    if len(kept) < 2:
        return next(iter(kept), NOTHING)
    return ("either", kept)


class Parser:
    """Recursive descent over one pattern; raises ValueError on syntax that numbering plans do not use."""

    def __init__(self, text):
        self.text = text
        self.at = 0

    def peek(self):
        return self.text[self.at : self.at + 1]

    def take(self, expected):
        if not self.text.startswith(expected, self.at):
            raise ValueError(f"{self.text}: {expected!r} expected at {self.at}")
        self.at += len(expected)

    def branches(self):
        found = [self.items()]
        while self.peek() == "|":
            self.take("|")
            found.append(self.items())
        return either(found)

    def items(self):
        parts = []
        while self.peek() not in ("", "|", ")"):
            parts.append(self.repeat(self.item()))
        result = EMPTY
        for part in reversed(parts):
            result = sequence(part, result)
        return result

    def item(self):
        if self.peek() == "(":
            self.take("(?:" if self.text.startswith("(?:", self.at) else "(")
            inner = self.branches()
            self.take(")")
            return inner
        if self.peek() == "[":
            return self.digit_class()
        if self.peek() == "\\":
            self.take("\\d")
            return ("digit", ANY_DIGIT)
        if not self.peek().isdigit():
            raise ValueError(f"{self.text}: digit expected at {self.at}")
        self.at += 1
        return ("digit", frozenset(self.text[self.at - 1]))

    def digit_class(self):
        end = self.text.index("]", self.at)
        inside, self.at = self.text[self.at + 1 : end], end + 1
        digits = set()
        for i, char in enumerate(inside):
            if char == "-":
                digits.update(str(d) for d in range(int(inside[i - 1]), int(inside[i + 1]) + 1))
            else:
                digits.add(char)
        return ("digit", frozenset(digits))

    def repeat(self, item):
        if self.peek() == "?":
            self.take("?")
            return either((item, EMPTY))
        if self.peek() != "{":
            return item
        end = self.text.index("}", self.at)
        low, _, high = self.text[self.at + 1 : end].partition(",")
        self.at = end + 1
        result = EMPTY
        for _ in range(int(high or low) - int(low)):
            result = either((sequence(item, result), EMPTY))
        for _ in range(int(low)):
            result = sequence(item, result)
        return result


@cache
def parse(text):
    """The pattern of a regular expression; an absent one holds for nothing."""
    if not text:
        return NOTHING
    parser = Parser(text)
    result = parser.branches()
    if parser.at != len(text):
        raise ValueError(f"{text}: unexpected {parser.peek()!r} at {parser.at}")
    return result


@cache
def holds_for_empty(pattern):
    """Whether the pattern holds for no digits at all."""
    if pattern[0] == "sequence":
        return holds_for_empty(pattern[1]) and holds_for_empty(pattern[2])
    if pattern[0] == "either":
        return any(holds_for_empty(branch) for branch in pattern[1])
    return pattern == EMPTY


@cache
def after(pattern, digit):
    """What must follow once a digit has been read."""
    if pattern[0] == "digit":
        return EMPTY if digit in pattern[1] else NOTHING
    if pattern[0] == "either":
        return either(after(branch, digit) for branch in pattern[1])
    if pattern[0] == "sequence":
        read_first = sequence(after(pattern[1], digit), pattern[2])
        return either((read_first, after(pattern[2], digit))) if holds_for_empty(pattern[1]) else read_first
    return NOTHING


@cache
def holds_for_all(pattern, free):
    """Whether the pattern holds for every string of so many digits."""
    if free == 0:
        return holds_for_empty(pattern)
    return pattern != NOTHING and all(holds_for_all(after(pattern, d), free - 1) for d in sorted(ANY_DIGIT))


@cache
def holds_for_any(pattern, free):
    """Whether the pattern holds for some string of so many digits."""
    if free == 0:
        return holds_for_empty(pattern)
    return pattern != NOTHING and any(holds_for_any(after(pattern, d), free - 1) for d in sorted(ANY_DIGIT))


def after_prefix(text, prefix):
    """What a regular expression asks for behind a prefix of digits."""
    pattern = parse(text)
    for digit in prefix:
        pattern = after(pattern, digit)
    return pattern
