"""What README.md and docs/ show is what the program does."""
import pathlib
import re
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))

import doc_commands  # noqa: E402

DOCUMENTS = doc_commands.documents()
LINK = re.compile(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_commands_print_what_the_text_says(document, cartwright):
    differences = doc_commands.differences(document, pathlib.Path(cartwright).resolve())
    assert not differences, "\n\n".join(differences) + "\n\n(tools/doc_commands.py --update writes them anew)"


@pytest.mark.parametrize("document", [*DOCUMENTS, ROOT / "CONTRIBUTING.md", ROOT / "bench/README.md"],
                         ids=lambda path: path.name)
def test_links_lead_somewhere(document):
    targets = LINK.findall(document.read_text())
    assert [target for target in targets if not (document.parent / target).exists()] == []


def test_schema_page_is_current(cartwright):
    done = subprocess.run([sys.executable, str(ROOT / "tools/doc_schema.py"), "--check", "--program", cartwright],
                          check=False)
    assert done.returncode == 0, "run tools/doc_schema.py"


def test_ellipsis_and_exact_text():
    assert doc_commands.matches("one\n…\nthree", "one\ntwo\n2\nthree\n")
    assert doc_commands.matches("took … s", "took 0.3 s")
    assert not doc_commands.matches("one\nthree", "one\ntwo\nthree")


def test_commands_and_their_output_are_told_apart():
    steps = doc_commands.steps_of("$ a \\\n    b\nout\n$ c\n")
    assert steps == [("a \\\n    b", "out"), ("c", "")]
