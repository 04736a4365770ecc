"""What every pytest suite shares: where the tree, the build and the program are."""
import os
import pathlib

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def source_root():
    """The root of the source tree."""
    return ROOT


@pytest.fixture(scope="session")
def build_dir():
    """The Meson build folder under test: CARTWRIGHT_BUILD, or build/release."""
    return pathlib.Path(os.environ.get("CARTWRIGHT_BUILD", ROOT / "build/release"))


@pytest.fixture(scope="session")
def cartwright(build_dir):
    """The path of the program under test, as a string."""
    return str(build_dir / "cartwright")
