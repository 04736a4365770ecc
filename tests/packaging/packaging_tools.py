"""Shorthands of the tests of packaging."""
import shutil

import pytest

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def program(name):
    """Where a program is; services often are where only root looks."""
    return shutil.which(name) or shutil.which(name, path=PATH)


def needs(*programs):
    """Skips where one of the programs is not installed; `tools/setup test` installs all of them."""
    missing = [name for name in programs if program(name) is None]
    return pytest.mark.skipif(bool(missing), reason=f"not installed: {', '.join(missing)}")
