"""The Debian packages: what is in them, what they need, what lintian says, and that the program in them runs."""
import hashlib
import re
import subprocess

import pytest
from packaging_tools import needs

pytestmark = needs("dpkg-deb", "dpkg-shlibdeps", "meson")


def make(source_root, output, *options):
    done = subprocess.run([source_root / "tools/deb", "--output", output, *map(str, options)], capture_output=True,
                          text=True, timeout=1500)
    assert done.returncode == 0, done.stderr[-2000:]
    return {path.name.split("_")[0]: path for path in output.glob("*.deb")}


@pytest.fixture(scope="module")
def packages(source_root, build_dir, tmp_path_factory):
    """{name: path} of the packages made of the build under test."""
    return make(source_root, tmp_path_factory.mktemp("packages"), "--build", build_dir)


@pytest.fixture(scope="module")
def root(packages, tmp_path_factory):
    """A folder into which all of them are unpacked."""
    folder = tmp_path_factory.mktemp("root")
    for path in packages.values():
        subprocess.run(["dpkg-deb", "--extract", path, folder], check=True)
    return folder


def field(path, name):
    done = subprocess.run(["dpkg-deb", "--field", path, name], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_names_versions_and_dependencies(packages, cartwright):
    assert set(packages) == {"cartwright", "libcartwright0", "libcartwright-dev"}
    version = subprocess.run([cartwright, "version"], capture_output=True, text=True, check=True).stdout.split()[1]
    assert {field(path, "Version") for path in packages.values()} == {version}
    needed = {word.split()[0] for word in field(packages["cartwright"], "Depends").split(", ")}
    for library in ("libc6", "libjansson4", "libmicrohttpd12", "libpq5", "libsnappy1v5", "libsqlite3-0", "libssl3",
                    "libyaml-0-2", "libzstd1"):
        assert any(name.startswith(library) for name in needed), (library, needed)
    assert f"libcartwright0 (= {version})" in field(packages["libcartwright-dev"], "Depends")
    of_library = {word.split()[0] for word in field(packages["libcartwright0"], "Depends").split(", ")}
    assert not of_library & {"libpq5", "libsqlite3-0", "libmicrohttpd12"}


def test_files_are_where_they_belong(root):
    for name in ("usr/bin/cartwright", "lib/systemd/system/cartwright.service", "etc/cartwright/cartwright.yaml",
                 "usr/share/man/man1/cartwright.1.gz", "usr/share/bash-completion/completions/cartwright",
                 "usr/share/cartwright/config.schema.json", "usr/share/cartwright/prometheus/alerts.yaml",
                 "usr/share/cartwright/grafana/cartwright.json", "usr/share/doc/cartwright/copyright",
                 "usr/share/doc/cartwright/examples/nginx.conf", "usr/share/doc/cartwright/reference-data.md.gz",
                 "usr/include/cartwright/run.h"):
        assert (root / name).is_file(), name
    assert not list(root.glob("usr/local/*"))
    assert next(root.glob("usr/lib/*/libcartwright.so.0")).resolve().is_file()
    assert next(root.glob("usr/lib/*/pkgconfig/cartwright.pc")).read_text().startswith("prefix=/usr\n")
    unit = (root / "lib/systemd/system/cartwright.service").read_text()
    started, configuration = re.search(r"^ExecStart=(\S+) serve --config (\S+)$", unit, re.M).groups()
    assert (root / started[1:]).is_file() and (root / configuration[1:]).is_file()


def test_the_program_runs(root, tmp_path):
    program = root / "usr/bin/cartwright"
    out = tmp_path / "shop"
    subprocess.run([program, "generate", "--scale", "0.1", "--quiet", "--out", out], check=True)
    assert "0 violations" in subprocess.run([program, "validate", out, "--quiet"], capture_output=True, text=True,
                                            check=True).stdout
    subprocess.run([program, "config", "check", root / "etc/cartwright/cartwright.yaml"], check=True,
                   stdout=subprocess.DEVNULL)
    schema = subprocess.run([program, "config", "schema"], capture_output=True, check=True).stdout
    assert (root / "usr/share/cartwright/config.schema.json").read_bytes() == schema


def test_files_belong_to_root_and_digests_agree(packages, root):
    for path in packages.values():
        listed = subprocess.run(["dpkg-deb", "--contents", path], capture_output=True, text=True, check=True).stdout
        assert {line.split()[1] for line in listed.splitlines()} == {"root/root"}
        sums = subprocess.run(["dpkg-deb", "--ctrl-tarfile", path], capture_output=True, check=True).stdout
        text = subprocess.run(["tar", "-xO", "./md5sums"], input=sums, capture_output=True, check=True).stdout.decode()
        for line in text.splitlines():
            digest, name = line.split("  ", 1)
            assert hashlib.md5((root / name).read_bytes()).hexdigest() == digest, name


@needs("lintian")
def test_lintian_finds_nothing(packages):
    done = subprocess.run(["lintian", "--allow-root", "--fail-on", "error,warning", *packages.values()],
                          capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout


def test_the_same_build_gives_the_same_packages(packages, source_root, build_dir, tmp_path):
    again = make(source_root, tmp_path, "--build", build_dir)
    for name, path in packages.items():
        assert path.read_bytes() == again[name].read_bytes(), name


def test_wrong_use_is_told(source_root):
    done = subprocess.run([source_root / "tools/deb", "--fast", "x"], capture_output=True, text=True)
    assert done.returncode == 2 and "deb [--build FOLDER]" in done.stderr


@pytest.mark.slow
@pytest.mark.timeout(1800)
@needs("readelf")
def test_a_package_of_its_own_build_is_hardened(source_root, tmp_path):
    packages = make(source_root, tmp_path / "packages")
    subprocess.run(["dpkg-deb", "--extract", packages["cartwright"], tmp_path / "root"], check=True)
    program = tmp_path / "root/usr/bin/cartwright"
    told = subprocess.run(["readelf", "--wide", "--dynamic", "--symbols", "--program-headers", program],
                          capture_output=True, text=True, check=True).stdout
    assert "BIND_NOW" in told and "GNU_RELRO" in told
    assert "__stack_chk_fail" in told and "_chk@" in told
    assert subprocess.run([program, "version"], check=True, capture_output=True).stdout
