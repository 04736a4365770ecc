"""What is said of stores that can't be opened for a reason that the user can mend."""
import os
import pathlib
import shutil
import subprocess
import tempfile

import pytest


def run(command, **identity):
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, **identity)


@pytest.mark.parametrize("setting", ["sslmode=bogus", "gssencmode=bogus", "channel_binding=bogus", "port=99999999"])
def test_settings_of_an_address_that_no_later_try_mends(cartwright, setting):
    refused = run([cartwright, "keys", "list", "--store", f"postgresql:///shop?{setting}"])
    assert refused.returncode == 2
    assert f'invalid {setting.split("=")[0]}' in refused.stderr and setting.split("=")[1] in refused.stderr


@pytest.fixture(name="open_folder")
def fixture_open_folder():
    """One that every user reaches."""
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        folder = pathlib.Path(name)
        folder.chmod(0o755)
        yield folder
        folder.chmod(0o755)


@pytest.mark.parametrize("command", [["validate"], ["keys", "list", "--store"], ["serve", "--port", "0", "--store"]])
def test_a_folder_that_can_t_be_written_to_is_told(cartwright, open_folder, command):
    # The tree itself may be in a folder that is closed to others.
    program = shutil.copy(cartwright, open_folder / "cartwright")
    store = open_folder / "shop.db"
    run([cartwright, "generate", "--customers", "5", "--quiet", "--store", store])
    store.chmod(0o666)
    open_folder.chmod(0o555)
    nobody = {"user": 65534, "group": 65534, "extra_groups": []} if os.geteuid() == 0 else {}
    refused = run([program, *command, store], **nobody)
    assert refused.returncode == 3, refused.stderr
    assert str(store) in refused.stderr and "let this user write to" in refused.stderr and "folder" in refused.stderr
