"""Installs the peers into build/peers, pinned; does nothing where that was done."""
import hashlib
import os
import pathlib
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
SOURCE = ROOT / "bench/peers"
TARGET = ROOT / "build/peers"


class Peers:
    """What is there: name to command, as a list. A peer that is not has a reason instead."""

    def __init__(self):
        self.commands = {}
        self.reasons = {}

    def __contains__(self, name):
        return name in self.commands

    def command(self, name, *arguments):
        return [*self.commands[name], *(str(argument) for argument in arguments)]


def pins_of(*files):
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()


def done(folder, pins):
    stamp = folder / ".pins"
    return stamp.exists() and stamp.read_text() == pins


def run(command, **options):
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, stdout=sys.stderr, **options)


def install_python(peers):
    folder = TARGET / "python"
    pins = pins_of(SOURCE / "requirements.txt")
    python = folder / "bin/python"
    if not done(folder, pins):
        print("bench: installing peers/requirements.txt", file=sys.stderr)
        shutil.rmtree(folder, ignore_errors=True)
        run([sys.executable, "-m", "venv", folder])
        run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement",
             SOURCE / "requirements.txt"])
        (folder / ".pins").write_text(pins)
    for name in ("duckdb_customers", "duckdb_parquet", "faker_customers", "mimesis_customers"):
        peers.commands[name] = [str(python), str(SOURCE / f"{name}.py")]
    peers.commands["tpchgen"] = [str(folder / "bin/tpchgen-cli")]


def install_rust(peers):
    """Builds in a copy, so that the source tree stays as it is."""
    folder = TARGET / "fake_rs"
    sources = [SOURCE / "fake_rs" / name for name in ("Cargo.toml", "Cargo.lock", "src/main.rs")]
    pins = pins_of(*sources)
    if not done(folder, pins):
        print("bench: building peers/fake_rs", file=sys.stderr)
        shutil.copytree(SOURCE / "fake_rs", folder, dirs_exist_ok=True)
        run(["cargo", "build", "--release", "--quiet", "--locked"], cwd=folder,
            env={**os.environ, "CARGO_TARGET_DIR": str(folder / "target")})
        (folder / ".pins").write_text(pins)
    peers.commands["fake_rs"] = [str(folder / "target/release/fake_rs_customers")]


def install_node(peers):
    folder = TARGET / "faker_js"
    pins = pins_of(*(SOURCE / "faker_js" / name for name in ("package.json", "package-lock.json", "customers.js")))
    if not done(folder, pins):
        print("bench: installing peers/faker_js", file=sys.stderr)
        shutil.copytree(SOURCE / "faker_js", folder, dirs_exist_ok=True)
        run(["npm", "ci", "--silent", "--no-audit", "--no-fund"], cwd=folder)
        (folder / ".pins").write_text(pins)
    peers.commands["faker_js"] = ["node", str(folder / "customers.js")]


INSTALLERS = {
    "DuckDB, Faker, Mimesis, tpchgen-cli": (install_python, {"customers", "orders", "parquet"}),
    "fake-rs": (install_rust, {"customers"}),
    "faker-js": (install_node, {"customers"}),
}


def install(comparisons):
    """The peers that these comparisons need."""
    peers = Peers()
    TARGET.mkdir(parents=True, exist_ok=True)
    for name, (installer, needed_by) in INSTALLERS.items():
        if needed_by.isdisjoint(comparisons):
            continue
        try:
            installer(peers)
        except (OSError, subprocess.CalledProcessError) as error:
            peers.reasons[name] = str(error)
            print(f"bench: without {name}: {error}", file=sys.stderr)
    return peers
