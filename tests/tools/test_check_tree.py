"""The checks of the tree see what they are there to see."""
import importlib.util
import pathlib
import subprocess
import sys

import pytest


@pytest.fixture
def checker(source_root, tmp_path, monkeypatch):
    """tools/check_tree.py as a module, over an empty tree."""
    spec = importlib.util.spec_from_file_location("check_tree", source_root / "tools/check_tree.py")
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "check_tree", module)
    spec.loader.exec_module(module)
    module.ROOT = tmp_path
    return module


def breaches(checker, check, path, text):
    """What check says about one file."""
    file = checker.ROOT / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    found = checker.Breaches()
    getattr(checker, f"check_{check}")([file], found)
    return list(found)


@pytest.mark.parametrize("path, include", [
    ("src/engine/a.c", '"encode/format.h"'), ("src/encode/a.c", '"engine/demand.h"'),
    ("src/base/a.c", '"model/zone.h"'), ("src/api/a.c", '"cli/command.h"'), ("src/cli/a.c", '"api/server.h"'),
    ("src/store/a.c", '"engine/demand.h"'), ("src/engine/a.c", "<sqlite3.h>"), ("src/cli/a.c", "<microhttpd.h>"),
])
def test_forbidden_arrows_are_seen(checker, path, include):
    assert len(breaches(checker, "layers", path, f"#include {include}\n")) == 1


@pytest.mark.parametrize("path, include", [
    ("src/engine/a.c", '"model/zone.h"'), ("src/service/a.c", '"engine/demand.h"'), ("src/api/a.c", "<microhttpd.h>"),
    ("src/engine/a.c", '"cartwright/run.h"'), ("src/engine/a.c", '"sibling.h"'), ("src/base/a.c", "<pthread.h>"),
])
def test_allowed_arrows_pass(checker, path, include):
    assert breaches(checker, "layers", path, f"#include {include}\n") == []


def test_long_files_and_functions_are_seen(checker):
    body = "    x++;\n"
    assert breaches(checker, "lengths", "src/base/a.c", "int f(void)\n{\n" + body * 77 + "}\n") == []
    found = breaches(checker, "lengths", "src/base/a.c", "int f(int a,\n      int b)\n{\n" + body * 77 + "}\n")
    assert found == ["src/base/a.c:1: f has 81 lines; the limit is 80"]
    assert len(breaches(checker, "lengths", "src/base/a.c", "int a;\n" * 801)) == 1


def test_banned_calls_are_seen_in_code_only(checker):
    assert len(breaches(checker, "banned", "src/api/a.c", "int f(void) { return atoi(text); }\n")) == 1
    assert len(breaches(checker, "banned", "src/engine/a.c", "double f(void) { return log(2); }\n")) == 1
    assert breaches(checker, "banned", "src/api/a.c", "double f(void) { return log(2); }\n") == []
    assert breaches(checker, "banned", "src/api/a.c", '/* atoi(x) */ const char *s = "strcpy(a, b)";\n') == []
    assert breaches(checker, "banned", "src/api/a.c", "store->system(x); my_rand(); cw_time(1);\n") == []


def test_names_and_guards_are_seen(checker):
    assert len(breaches(checker, "names", "src/base/CamelCase.c", "")) == 1
    assert len(breaches(checker, "names", "src/base/a.h", "int x;\n")) == 1
    assert breaches(checker, "names", "src/base/b.h", "#ifndef CW_B_H\n#define CW_B_H\n#endif\n") == []


@pytest.mark.parametrize("text", [
    "see /ho" + "me/someone/x", "TO" + "DO: later", "/* ---" + "------- */", "https://py" + "pi.org/simple",
])
def test_words_that_do_not_belong_are_seen(checker, text):
    assert len(breaches(checker, "words", "docs/a.md", text + "\n")) == 1


def test_globals_of_the_library_are_seen(checker, tmp_path):
    source = pathlib.Path(tmp_path, "globals.c")
    source.write_text("int counter; static int started = 1; extern const char *const names[];\n"
                      'const char *const names[] = {"a"}; int f(void); int f(void) { return counter += started++; }\n')
    item = source.with_suffix(".o")
    subprocess.run(["cc", "-fPIC", "-c", source, "-o", item], check=True)
    found = checker.Breaches()
    checker.check_globals(item, found)
    assert sorted(line.split()[1] for line in found) == ["counter", "started"]
