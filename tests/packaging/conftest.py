"""What the tests of packaging share: the servers of the API's tests, and where packaging/ is."""
import importlib.util
import pathlib

import pytest

SPEC = importlib.util.spec_from_file_location("api_conftest", pathlib.Path(__file__).parents[1] / "api/conftest.py")
API = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(API)
start_server = API.start_server


@pytest.fixture(scope="session")
def packaging(source_root):
    return source_root / "packaging"
