"""The store under kill -9, more often than the unit tests do it."""
import os
import subprocess

import pytest


@pytest.mark.slow
def test_nothing_acknowledged_is_lost_in_fifty_kills(build_dir):
    program = build_dir / "tests" / "test_store_kill"
    result = subprocess.run([str(program)], env={**os.environ, "CARTWRIGHT_KILLS": "50"}, capture_output=True,
                            text=True, timeout=280)
    assert result.returncode == 0, result.stdout
    assert "50 kills" in result.stdout
