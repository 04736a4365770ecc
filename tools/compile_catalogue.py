#!/usr/bin/env python3
"""Turns the text under data/catalogue/ into C tables for src/model/taxonomy.c.

Usage: compile_catalogue.py OUTPUT FOLDER        writes the tables
       compile_catalogue.py --inputs FOLDER      lists the files read

The layout of every file is told by its first lines. Standard library only; the output depends on the input alone.
"""
import itertools
import pathlib
import sys

FILES = ["categories.tsv", "sizes.tsv", "colours.tsv", "materials.tsv", "words.tsv", "brand_syllables.tsv",
         "blocked_names.tsv", "brand_countries.tsv", "brand_tiers.tsv", "price_endings.tsv"]
TAX = ["standard", "reduced", "zero"]
SEASONS = ["none", "spring", "summer", "autumn", "winter", "holiday"]
PATTERNS = ["style", "tech", "food", "media"]
TIERS = ["value", "mainstream", "premium", "luxury"]
OPTION_KEYS = {"sigma", "margin", "mass", "sizes", "colours", "materials", "season", "tax", "age", "excluded",
               "words", "name"}
BRAND_NAMES = 12288
SHORTEST_BRAND_NAME = 7  # shorter ones are too often real names
SEASON_CHOICES = 8
PADDING = 32


def rows(folder, name):
    lines = [line for line in (folder / name).read_text(encoding="utf-8").split("\n")
             if line and not line.startswith("#")]
    header = lines[0].split("\t")
    for number, line in enumerate(lines[1:], 2):
        cells = line.split("\t")
        if len(cells) > len(header):
            sys.exit(f"{name}: row {number} has {len(cells)} cells, expected {len(header)}")
        yield dict(zip(header, cells + [""] * (len(header) - len(cells))))


class Pool:
    """Strings in the order of their first use."""

    def __init__(self):
        self.texts = []
        self.codes = {}

    def code(self, text):
        if text not in self.codes:
            self.codes[text] = len(self.texts)
            self.texts.append(text)
        return self.codes[text]

    def add(self, text):
        self.texts.append(text)
        return len(self.texts) - 1


class Writer:
    def __init__(self):
        self.lines = ["/* Made by tools/compile_catalogue.py from data/catalogue/. */",
                      '#include "model/taxonomy_tables.h"', ""]

    def array(self, declaration, values):
        self.lines.append(f"{declaration}[] = {{")
        for start in range(0, len(values), 16):
            self.lines.append("    " + ", ".join(str(v) for v in values[start:start + 16]) + ",")
        self.lines.append("};")

    def pool(self, name, texts):
        offsets = [0]
        for text in texts:
            offsets.append(offsets[-1] + len(text.encode()))
        self.array(f"static const uint32_t {name}_offsets", offsets)
        data = "".join(texts).encode() + bytes(PADDING)
        self.array(f"static const char {name}_bytes", [b if b < 128 else f"'\\x{b:02x}'" for b in data])
        self.lines.append(f"const struct cw_pool cw_{name} = {{{len(texts)}, {name}_offsets, {name}_bytes}};")

    def structs(self, declaration, values):
        self.lines.append(f"const {declaration}[] = {{")
        self.lines.extend(f"    {{{value}}}," for value in values)
        self.lines.append("};")

    def number(self, name, value):
        self.lines.append(f"const uint32_t {name} = {value};")


def options_of(text, where):
    options = dict(part.split("=", 1) for part in text.split())
    unknown = set(options) - OPTION_KEYS
    if unknown:
        sys.exit(f"categories.tsv: {where}: unknown {', '.join(sorted(unknown))}")
    return options


def read_tree(folder):
    """The categories in preorder, each a dict with what it inherits filled in."""
    tree, stack = [], []
    for row in rows(folder, "categories.tsv"):
        depth = int(row["depth"])
        if depth > len(stack) + 1:
            sys.exit(f"categories.tsv: {row['name']} skips a level")
        del stack[depth - 1:]
        above = tree[stack[-1]] if stack else None
        options = dict(above["options"]) if above else {"tax": "standard", "season": "none", "sizes": "none",
                                                       "colours": "none", "materials": "none"}
        options.update(options_of(row["other"], row["name"]))
        tree.append({"name": row["name"], "noun": row["noun"], "depth": depth,
                     "parent": stack[-1] if stack else -1,
                     "department": stack[0] if stack else len(tree),
                     "weight": int(row["weight"] or 0),
                     "price": int(row["price"] or (above["price"] if above else 0)), "options": options,
                     "path": (above["path"] + " > " if above else "") + row["name"]})
        stack.append(len(tree) - 1)
    check_tree(tree)
    return tree


def check_tree(tree):
    paths = [node["path"].lower() for node in tree]
    if len(set(paths)) != len(paths):
        sys.exit("categories.tsv: a path stands twice")
    parents = {node["parent"] for node in tree}
    for index, node in enumerate(tree):
        if (index in parents) == bool(node["noun"]):
            sys.exit(f"categories.tsv: {node['path']} must have either a noun or categories below")
        if node["noun"] and (node["weight"] <= 0 or node["price"] <= 0):
            sys.exit(f"categories.tsv: {node['path']} needs a weight and a price")


def sku_letters(noun, taken):
    """Three letters for a noun, its first and then consonants, unlike other nouns' where the letters allow."""
    letters = [c for c in noun.upper() if c.isascii() and c.isalpha()]
    rest = [c for c in letters[1:] if c not in "AEIOU"] + [c for c in letters[1:] if c in "AEIOU"] + ["X", "X"]
    for pair in itertools.combinations(rest, 2):
        code = letters[0] + "".join(pair)
        if code not in taken:
            break
    else:
        code = letters[0] + rest[0] + rest[1]
    taken.add(code)
    return code


def value_sets(folder, name, column):
    """Named sets of weighted values in one pool: ({set: index}, pool texts, first index by set, weights)."""
    sets, texts, first, weights = {"none": 0}, [], [0], []
    for row in rows(folder, name):
        if row["set"] not in sets:
            sets[row["set"]] = len(sets)
            first.append(len(texts))
        if sets[row["set"]] != len(sets) - 1:
            sys.exit(f"{name}: set {row['set']} is scattered")
        texts.append(row[column])
        weights.append(int(row["weight"]))
    return sets, texts, first + [len(texts)], weights


def size_systems(folder):
    systems, texts, first, bounds = {"none": 0}, [], [0], [(0, 0)]
    for row in rows(folder, "sizes.tsv"):
        systems[row["system"]] = len(systems)
        values = row["values"].split(";")
        low, high = int(row["lowest"]), int(row["highest"])
        if not 1 <= low <= high <= min(12, len(values)):
            sys.exit(f"sizes.tsv: {row['system']}: {low} to {high} of {len(values)} values")
        first.append(len(texts))
        texts.extend(values)
        bounds.append((low, high))
    return systems, texts, first + [len(texts)], bounds


def brand_names(folder):
    """All allowed short names, and as many of the long ones, evenly picked, as are wanted; sorted."""
    parts = {"start": [], "middle": [], "end": []}
    for row in rows(folder, "brand_syllables.tsv"):
        parts[row["place"]].append(row["text"])
    blocked = list(rows(folder, "blocked_names.tsv"))
    fragments = [row["text"] for row in blocked if row["kind"] == "part"]
    whole = {row["text"] for row in blocked if row["kind"] == "whole"}

    def allowed(name):
        low = name.lower()
        return len(low) >= SHORTEST_BRAND_NAME and low not in whole and not any(f in low for f in fragments) and \
            not any(a == b == c for a, b, c in zip(low, low[1:], low[2:]))

    vowels = set("aeiou")
    short = [s + e for s in parts["start"] for e in parts["end"]]
    long = [s + m + e for s in parts["start"] for m in parts["middle"] for e in parts["end"]
            if (s[-1].lower() in vowels) != (m[0] in vowels) and (m[-1] in vowels) != (e[0] in vowels)]
    short = sorted({n for n in short if allowed(n)})
    long = sorted({n for n in long if allowed(n)} - set(short))
    wanted = BRAND_NAMES - len(short)
    if not 0 < wanted <= len(long):
        sys.exit(f"brand_syllables.tsv: {len(short)} short and {len(long)} long names, expected {BRAND_NAMES}")
    return sorted(short + [long[i * len(long) // wanted] for i in range(wanted)])


def leaf_line(node, departments, codes, pools):
    options = node["options"]
    low, high = (int(x) for x in options["mass"].split("-"))
    names = options["season"].replace("any", "none;spring;summer;autumn;winter").split(";")
    seasons = [SEASONS.index(name) for name in names]
    if len(seasons) > SEASON_CHOICES:
        sys.exit(f"categories.tsv: {node['path']}: more than {SEASON_CHOICES} seasons")
    excluded = "" if options.get("excluded", "none") == "none" else options["excluded"]
    fields = [("category", node["index"]), ("department", departments.index(node["department"])),
              ("noun", pools["nouns"].add(node["noun"])), ("demand", node["demand"]), ("price", node["price"]),
              ("sigma", options["sigma"]), ("margin", options["margin"]), ("lightest", low), ("heaviest", high),
              ("sizes", codes["sizes"][options["sizes"]]), ("colours", codes["colours"][options["colours"]]),
              ("materials", codes["materials"][options["materials"]]), ("tax_class", TAX.index(options["tax"])),
              ("minimum_age", options.get("age", 0)), ("excluded", pools["excluded"].code(excluded)),
              ("words", pools["lists"].code(options["words"])), ("pattern", PATTERNS.index(options["name"])),
              ("season_count", len(seasons)), ("seasons", "{" + ", ".join(map(str, seasons)) + "}"),
              ("sku", "{" + ", ".join(f"'{c}'" for c in node["sku"]) + "}")]
    return ", ".join(f".{key} = {value}" for key, value in fields)


def number_leaves(tree):
    leaf_count, taken = 0, set()
    for index, node in enumerate(tree):
        node["index"] = index
        node["first_leaf"] = leaf_count
        if node["noun"]:
            node["sku"] = sku_letters(node["noun"], taken)
            leaf_count += 1
    for node in tree:
        node["leaf_count"] = 1 if node["noun"] else 0
    for node in reversed(tree):
        if node["parent"] >= 0:
            tree[node["parent"]]["leaf_count"] += node["leaf_count"]
    for node in tree:
        if node["noun"]:
            inside = sum(n["weight"] for n in tree if n["noun"] and n["department"] == node["department"])
            node["demand"] = max(1, node["weight"] * tree[node["department"]]["weight"] * 1000 // inside)


def write_tree(out, folder, pools, codes):
    tree = read_tree(folder)
    number_leaves(tree)
    departments = [node["index"] for node in tree if node["parent"] < 0]
    out.pool("category_names", [node["name"] for node in tree])
    out.pool("category_paths", [node["path"] for node in tree])
    out.structs("struct cw_category cw_categories",
                [f"{n['parent']}, {n['depth']}, {n['first_leaf']}, {n['leaf_count']}, "
                 f"{'true' if n['noun'] else 'false'}"
                 for n in tree])
    out.number("cw_categories_count", len(tree))
    leaves = [node for node in tree if node["noun"]]
    out.structs("struct cw_leaf cw_leaves", [leaf_line(node, departments, codes, pools) for node in leaves])
    out.number("cw_leaves_count", len(leaves))
    out.number("cw_departments_count", len(departments))


def write_words(out, folder, pools):
    by_list = {}
    for row in rows(folder, "words.tsv"):
        by_list.setdefault((row["list"], row["kind"]), []).append(row["word"])
    texts, spans = [], []
    for name in pools["lists"].texts:
        words = by_list[(name, "adjective")]
        spans.append(f"{len(texts)}, {len(words)}")
        texts.extend(words)
    out.structs("struct cw_span cw_adjective_lists", spans)
    objects = [f"{len(texts)}, {len(by_list[('style', 'object')])}"]
    texts.extend(by_list[("style", "object")])
    objects.append(f"{len(texts)}, {len(by_list[('title', 'object')])}")
    texts.extend(by_list[("title", "object")])
    out.structs("struct cw_span cw_object_lists", objects)
    out.pool("words", texts)


def write_brands(out, folder):
    out.pool("brand_names", brand_names(folder))
    countries = list(rows(folder, "brand_countries.tsv"))
    out.pool("brand_countries", [row["country"] for row in countries])
    out.array("const uint32_t cw_brand_country_weights", [row["weight"] for row in countries])
    tiers = {row["tier"]: row for row in rows(folder, "brand_tiers.tsv")}
    if list(tiers) != TIERS:
        sys.exit("brand_tiers.tsv: expected " + ", ".join(TIERS))
    out.array("const uint32_t cw_brand_tier_weights", [tiers[t]["weight"] for t in TIERS])
    out.array("const uint32_t cw_brand_tier_prices", [tiers[t]["price"] for t in TIERS])


def write_endings(out, folder):
    endings = list(rows(folder, "price_endings.tsv"))
    for row in endings:
        if int(row["ending"]) >= int(row["step"]):
            sys.exit(f"price_endings.tsv: {row['currency']} from {row['from']}: ending not below step")
    out.structs("struct cw_price_ending cw_price_endings",
                [f"\"{r['currency']}\", {r['from']}, {r['step']}, {r['ending']}, {r['weight']}" for r in endings])
    out.number("cw_price_endings_count", len(endings))


def write_sets(out, folder):
    codes = {}
    codes["sizes"], texts, first, bounds = size_systems(folder)
    out.pool("sizes", texts)
    out.array("const uint16_t cw_sizes_first", first)
    out.array("const uint8_t cw_sizes_lowest", [low for low, _ in bounds])
    out.array("const uint8_t cw_sizes_highest", [high for _, high in bounds])
    for name, column in (("colours", "colour"), ("materials", "material")):
        codes[name], texts, first, weights = value_sets(folder, name + ".tsv", column)
        out.pool(name, texts)
        out.array(f"const uint16_t cw_{name}_first", first)
        out.array(f"const uint16_t cw_{name}_weights", weights)
    return codes


def main(arguments):
    folder = pathlib.Path(arguments[1])
    if arguments[0] == "--inputs":
        print("\n".join(str(folder / name) for name in FILES))
        return
    out = Writer()
    pools = {"nouns": Pool(), "lists": Pool(), "excluded": Pool()}
    pools["excluded"].code("")
    codes = write_sets(out, folder)
    write_tree(out, folder, pools, codes)
    write_words(out, folder, pools)
    out.pool("nouns", pools["nouns"].texts)
    out.pool("excluded_countries", pools["excluded"].texts)
    write_brands(out, folder)
    write_endings(out, folder)
    pathlib.Path(arguments[0]).write_text("\n".join(out.lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
