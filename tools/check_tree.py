#!/usr/bin/env python3
"""Checks the rules of the tree that no compiler knows; prints each breach as path:line: words.

Usage: check_tree.py [--build FOLDER] [--only CHECK[,CHECK]]

  layers     a folder includes only what docs/architecture.md lets it know
  lengths    files of code up to 800 lines, functions up to 80
  banned     functions that overrun, depend on the machine or hide state
  names      file names are snake_case and unique; headers have guards, installed ones
             export what they declare
  words      no machine paths, no package hosts, no unfinished business
  symbols    the shared library exports what its headers declare, and only cw_*; the library keeps no mutable
             globals and calls nothing that does I/O or varies between machines (needs a build folder)

The last line is "N passed, N failed", one per check.
"""
import argparse
import ast
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
LONGEST_FILE = 800
LONGEST_FUNCTION = 80

LIBRARY = ("base", "model", "engine", "encode")
MAY_INCLUDE = {
    "include": set(),
    "base": {"include"},
    "model": {"base", "include"},
    "engine": {"model", "base", "include"},
    "encode": {"model", "base", "include"},
    "store": {"encode", "model", "base", "include"},
    "service": {"engine", "store", "encode", "model", "base", "include"},
    "api": {"service", "encode", "model", "base", "include"},
    "cli": {"service", "encode", "model", "base", "include"},
}
EXTERNAL = {
    "pthread.h": {"base", "encode", "engine", "store", "service", "api", "cli"},
    "zstd.h": {"encode"},
    "snappy-c.h": {"encode"},
    "sqlite3.h": {"store", "service"},
    "libpq-fe.h": {"store"},
    "microhttpd.h": {"api"},
    "jansson.h": {"service", "api", "cli"},
    "openssl/": {"store", "service", "api"},
}

BANNED = {
    "strcpy": "use memcpy with a known size", "strcat": "use memcpy with a known size",
    "sprintf": "use snprintf", "vsprintf": "use vsnprintf", "gets": "use fgets", "strtok": "use strcspn",
    "atoi": "use strtol and check", "atol": "use strtol and check", "atoll": "use strtoll and check",
    "atof": "use strtod and check", "alloca": "use the heap or a fixed array", "rand": "use base/draw.h",
    "srand": "use base/draw.h", "random": "use base/draw.h", "drand48": "use base/draw.h",
    "system": "call the function itself", "popen": "call the function itself",
    "localtime": "use the calendar of base", "localtime_r": "use the calendar of base",
    "gmtime": "use the calendar of base", "gmtime_r": "use the calendar of base",
    "mktime": "use the calendar of base", "strftime": "use the calendar of base",
    "setjmp": "return a status", "longjmp": "return a status", "tmpnam": "use mkstemp", "mktemp": "use mkstemp",
    "MHD_quiesce_daemon": "it races with the library's threads: use api/acceptor.h",
}
BANNED_IN_LIBRARY = {
    "time", "clock", "clock_gettime", "gettimeofday", "getenv", "setlocale", "exit", "abort", "printf", "puts",
    "fprintf", "fopen", "fwrite", "strtod", "isalpha", "isdigit", "isalnum", "isspace", "toupper", "tolower",
    "strcasecmp", "strcoll",
}
INEXACT = {
    "exp", "exp2", "exp10", "expm1", "log", "log2", "log10", "log1p", "pow", "sin", "cos", "tan", "asin", "acos",
    "atan", "atan2", "sinh", "cosh", "tanh", "cbrt", "hypot", "erf", "erfc", "lgamma", "tgamma",
}
BANNED_IMPORTS = (BANNED.keys() - {"strcpy", "strcat"}) | BANNED_IN_LIBRARY | INEXACT | {
    "open", "openat", "write", "read", "fputs", "fputc", "putchar", "vprintf", "vfprintf", "perror", "syslog",
    "socket", "connect", "getrandom", "rename", "unlink",
}
# abort comes with assert and the compilers' own checks.
ALLOWED_IMPORTS = {"abort"}

WORDS = [
    (re.compile(r"(?<![\w.])/(?:work|root|home)/\w"), "a path of one machine"),
    (re.compile(r"/tmp/bash_jobs|/build-[a-z]+\d*/"), "a path of one machine"),
    (re.compile(r"\b(?:deb\.debian\.org|pypi\.org|files\.pythonhosted\.org|registry\.npmjs\.org|index\.crates\.io"
                r"|static\.crates\.io|proxy\.golang\.org|repo\.maven\.apache\.org)\b"), "a package host"),
    (re.compile(r"\b(?:TODO|FIXME|XXX|HACK)\b"), "unfinished business"),
    (re.compile(r"^\s*(?://|/\*|#|\*)\s*[-=*#~]{5,}"), "a decoration banner"),
    (re.compile(r"\b(?:-----BEGIN [A-Z ]*PRIVATE KEY|AKIA[0-9A-Z]{16})\b"), "a secret"),
]
TEXT_SUFFIXES = {".c", ".h", ".def", ".py", ".sh", ".md", ".build", ".txt", ".ini", ".toml", ".sql", ".json", ".yml",
                 ".yaml", ".html", ".css", ".js", ".cfg", ""}


class Breaches(list):
    def add(self, path, line, words):
        self.append(f"{path.relative_to(ROOT)}:{line}: {words}")


def tree_files():
    """What git tracks or would track: no build output, nothing ignored."""
    listed = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"], cwd=ROOT,
                            check=True, capture_output=True).stdout.decode().split("\0")
    paths = (ROOT / name for name in sorted(set(listed)) if name)
    return [path for path in paths if path.is_file() and not path.is_symlink()]


TOKEN = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)


def code_only(text):
    """C without comments and literals, lines kept."""
    def blank(match):
        token = match.group(0)
        return "\n" * token.count("\n") if token.startswith("/") else token[0] * 2
    return TOKEN.sub(blank, text)


def line_of(text, position):
    return text.count("\n", 0, position) + 1


def layer_of(path):
    parts = path.relative_to(ROOT).parts
    if parts[0] == "include":
        return "include"
    return parts[1] if parts[0] == "src" and len(parts) > 2 else None


def layer_of_include(path, name):
    if name.startswith("cartwright/"):
        return "include"
    first = name.split("/")[0]
    if first in MAY_INCLUDE and "/" in name:
        return first
    return layer_of(path)


def check_layers(files, breaches):
    for path in files:
        layer = layer_of(path)
        if layer is None or path.suffix not in (".c", ".h"):
            continue
        if layer not in MAY_INCLUDE:
            breaches.add(path, 1, f"src/{layer} is no folder of docs/architecture.md")
            continue
        for number, line in enumerate(path.read_text().splitlines(), 1):
            match = re.match(r'\s*#\s*include\s+(["<])([^">]+)[">]', line)
            if not match:
                continue
            quote, name = match.groups()
            if quote == '"':
                target = layer_of_include(path, name)
                if target != layer and target not in MAY_INCLUDE[layer]:
                    breaches.add(path, number, f"{layer} may not know {target}: {name}")
            for prefix, allowed in EXTERNAL.items():
                if name.startswith(prefix) and layer not in allowed:
                    breaches.add(path, number, f"{layer} may not use <{name}>")


def c_functions(text):
    """(line, length, name) of each function: its body stands between a lone { and } in the first column."""
    lines = text.splitlines()
    for index, line in enumerate(lines):
        if line != "{":
            continue
        start = index
        while start > 0 and lines[start - 1].strip() and not re.search(r"[;}]\s*$|^#", lines[start - 1]):
            start -= 1
        end = next((i for i in range(index, len(lines)) if lines[i].startswith("}")), len(lines) - 1)
        signature = " ".join(lines[start:index])
        name = re.search(r"(\w+)\s*\(", signature)
        yield start + 1, end - start + 1, name.group(1) if name else "?"


def python_functions(text):
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node.lineno, node.end_lineno - node.lineno + 1, node.name


def check_lengths(files, breaches):
    for path in files:
        python = path.suffix == ".py"
        if not python and path.suffix not in (".c", ".h", ".def", ".js", ".css"):
            continue
        text = path.read_text()
        count = text.count("\n")
        if count > LONGEST_FILE:
            breaches.add(path, count, f"{count} lines; the limit is {LONGEST_FILE}")
        functions = python_functions(text) if python else c_functions(code_only(text))
        if path.suffix not in (".c", ".h", ".py"):
            continue
        for line, length, name in functions:
            if length > LONGEST_FUNCTION:
                breaches.add(path, line, f"{name} has {length} lines; the limit is {LONGEST_FUNCTION}")


def check_banned(files, breaches):
    call = re.compile(r"(?<![\w.>])(" + "|".join(sorted(BANNED.keys() | BANNED_IN_LIBRARY | INEXACT)) + r")\s*\(")
    for path in files:
        if path.suffix not in (".c", ".h"):
            continue
        code = code_only(path.read_text())
        for match in call.finditer(code):
            name = match.group(1)
            if name in BANNED:
                breaches.add(path, line_of(code, match.start()), f"{name} is banned: {BANNED[name]}")
            elif layer_of(path) in LIBRARY:
                why = "its last digit varies" if name in INEXACT else "the library stays free of the machine"
                breaches.add(path, line_of(code, match.start()), f"{name} is banned in the library: {why}")


def check_names(files, breaches):
    seen = {}
    for path in files:
        relative = path.relative_to(ROOT)
        if relative.parts[0] not in ("src", "include", "tests", "bench", "tools", "examples"):
            continue
        if path.suffix not in (".c", ".h", ".def", ".py"):
            continue
        if not re.fullmatch(r"[a-z][a-z0-9_]*|__init__", path.stem):
            breaches.add(path, 1, "file names are snake_case")
        if path.suffix in (".c", ".h", ".def"):
            if path.name in seen:
                breaches.add(path, 1, f"the name is taken by {seen[path.name]}")
            seen[path.name] = relative
        if path.suffix == ".h" and not re.search(r"^#ifndef (\w+_H)\n#define \1$", path.read_text(), re.M):
            breaches.add(path, 1, "no include guard")
        if relative.parts[0] == "include" and "#pragma GCC visibility push(default)" not in path.read_text():
            breaches.add(path, 1, "an installed header exports its functions: #pragma GCC visibility push(default)")


def check_words(files, breaches):
    for path in files:
        relative = path.relative_to(ROOT)
        if path.suffix not in TEXT_SUFFIXES or relative.name in ("LICENSE", "check_tree.py"):
            continue
        try:
            text = path.read_text()
        except UnicodeDecodeError:
            continue
        if path.stat().st_size > 2_000_000:
            continue
        for number, line in enumerate(text.splitlines(), 1):
            for pattern, words in WORDS:
                if pattern.search(line):
                    breaches.add(path, number, f"{words}: {line.strip()[:80]}")


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def declared_names():
    text = "".join(code_only(path.read_text()) for path in sorted((ROOT / "include").rglob("*.h")))
    return set(re.findall(r"\b(cw_\w+)\s*\(", text))


def check_symbols(build, breaches):
    shared = next(iter(sorted(build.glob("libcartwright.so.*.*"))), None)
    if shared is None:
        breaches.append(f"{build}: no libcartwright.so; build first")
        return
    here = build / shared.name
    declared = declared_names()
    for line in run("nm", "-D", "--defined-only", str(shared)).splitlines():
        name = line.split()[2].split("@")[0]
        if not name.startswith("cw_"):
            breaches.append(f"{here.name}: exports {name}")
        elif name not in declared:
            breaches.append(f"{here.name}: exports {name}, which no installed header declares")
    for line in run("nm", "-D", "--undefined-only", str(shared)).splitlines():
        name = line.split()[-1].split("@")[0].replace("__isoc99_", "").removesuffix("_chk").removeprefix("__")
        if name in BANNED_IMPORTS - ALLOWED_IMPORTS:
            breaches.append(f"{here.name}: calls {name}")
    for folder in sorted(build.glob("libcartwright.so.*.p")):
        for item in sorted(folder.glob("*.o")):
            check_globals(item, breaches)


def check_globals(item, breaches):
    for line in run("objdump", "-t", str(item)).splitlines():
        match = re.match(r"\S+ .{7} (\S+)\s+([0-9a-f]+)\s+(?:\.hidden )?(\S+)$", line)
        if not match:
            continue
        section, size, name = match.groups()
        if int(size, 16) > 0 and re.match(r"\.(data|bss|tdata|tbss)(?!\.rel\.ro)|\*COM\*", section):
            breaches.append(f"{item.name}: {name} is a mutable global ({section})")


def main():
    parser = argparse.ArgumentParser(description="Checks the rules of the tree that no compiler knows.")
    parser.add_argument("--build", type=pathlib.Path, help="build folder whose library is looked at")
    parser.add_argument("--only", help="names of checks, separated by commas")
    options = parser.parse_args()
    checks = {"layers": check_layers, "lengths": check_lengths, "banned": check_banned, "names": check_names,
              "words": check_words}
    if options.build:
        checks["symbols"] = lambda _, breaches: check_symbols(options.build.resolve(), breaches)
    if options.only:
        checks = {name: checks[name] for name in options.only.split(",")}
    files = tree_files()
    failed = 0
    for name, check in checks.items():
        breaches = Breaches()
        check(files, breaches)
        for breach in breaches:
            print(f"{breach} [{name}]")
        failed += bool(breaches)
    print(f"{len(checks) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
