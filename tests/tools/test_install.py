"""What is installed is enough for another C program: headers, libraries, pkg-config file, with the program,
its manual page and completion."""
import json
import os
import pathlib
import shutil
import subprocess

import pytest


@pytest.fixture(scope="module")
def installed(build_dir, tmp_path_factory):
    """A folder that the build was installed into, as if it were the root of a machine."""
    root = tmp_path_factory.mktemp("installed")
    subprocess.run(["meson", "install", "-C", build_dir, "--no-rebuild", "--quiet", "--destdir", root], check=True)
    return root


def pkg_config(root, *arguments):
    """The words that pkg-config answers for the library installed under root."""
    folder = next(root.rglob("cartwright.pc")).parent
    environment = {**os.environ, "PKG_CONFIG_PATH": str(folder), "PKG_CONFIG_SYSROOT_DIR": str(root)}
    done = subprocess.run(["pkg-config", *arguments, "cartwright"], env=environment, check=True, capture_output=True,
                          text=True)
    return done.stdout.split()


def compile_and_run(source, words, root, folder, compiler="cc"):
    program = folder / "program"
    subprocess.run([compiler, source, *words, "-o", program], check=True)
    libraries = next(root.rglob("libcartwright.so")).parent
    return subprocess.run([program], env={**os.environ, "LD_LIBRARY_PATH": str(libraries)}, check=True,
                          capture_output=True).stdout


def test_everything_is_in_its_standard_place(installed, build_dir):
    options = json.loads(subprocess.run(["meson", "introspect", "--buildoptions", build_dir], check=True,
                                        capture_output=True, text=True).stdout)
    value = {option["name"]: option["value"] for option in options}
    prefix = installed / value["prefix"].lstrip("/")
    libraries = prefix / value["libdir"]
    for path in (prefix / value["bindir"] / "cartwright", libraries / "libcartwright.a",
                 libraries / "libcartwright.so", libraries / "libcartwright.so.0",
                 libraries / "pkgconfig/cartwright.pc", prefix / value["includedir"] / "cartwright/run.h",
                 prefix / value["mandir"] / "man1/cartwright.1",
                 prefix / value["datadir"] / "bash-completion/completions/cartwright",
                 prefix / value["datadir"] / "cartwright/alembic/env.py",
                 prefix / value["datadir"] / "cartwright/alembic/versions/0001_shop.py"):
        assert path.exists(), path
    program = prefix / value["bindir"] / "cartwright"
    assert subprocess.run([program, "version"], check=True, capture_output=True).stdout
    for form, path in (("man", prefix / value["mandir"] / "man1/cartwright.1"),
                       ("bash", prefix / value["datadir"] / "bash-completion/completions/cartwright")):
        told = subprocess.run([program, "help", "--format", form], check=True, capture_output=True).stdout
        assert path.read_bytes() == told


def test_installed_completion_completes(installed):
    script = next(installed.rglob("bash-completion/completions/cartwright"))
    words = subprocess.run(["bash", "-c", f"source {script}; COMP_WORDS=(cartwright gen); COMP_CWORD=1; _cartwright; "
                            "echo ${COMPREPLY[*]}"], check=True, capture_output=True, text=True).stdout
    assert words.split() == ["generate"]


def test_pkg_config_knows_the_version(installed):
    assert pkg_config(installed, "--modversion") == ["0.1.0"]


def test_example_links_the_shared_library(installed, source_root, tmp_path):
    source = source_root / "examples/customers_to_csv.c"
    words = ["-std=c17", "-Wall", "-Wextra", "-Werror", *pkg_config(installed, "--cflags", "--libs")]
    lines = compile_and_run(source, words, installed, tmp_path).decode().splitlines()
    assert lines[0] == "id,given_name,family_name,email,city,postal_code"
    assert len(lines) == 1001
    assert len({line.split(",")[0] for line in lines}) == 1001


def test_example_links_the_static_library(installed, source_root, tmp_path):
    source = source_root / "examples/customers_to_csv.c"
    archive = next(installed.rglob("libcartwright.a"))
    flags = [word for word in pkg_config(installed, "--cflags", "--libs", "--static") if word != "-lcartwright"]
    shared = compile_and_run(source, pkg_config(installed, "--cflags", "--libs"), installed, tmp_path)
    static = compile_and_run(source, [*flags[:1], archive, *flags[1:]], installed, tmp_path)
    assert static == shared


@pytest.mark.skipif(shutil.which("c++") is None, reason="no C++ compiler")
def test_every_header_stands_alone_in_c_and_cplusplus(installed, tmp_path):
    headers = sorted(path.name for path in next(installed.rglob("include/cartwright")).glob("*.h"))
    assert "entity.h" in headers
    flags = pkg_config(installed, "--cflags")
    for header in headers:
        for compiler, standard, suffix in (("cc", "c17", "c"), ("c++", "c++17", "cpp")):
            source = pathlib.Path(tmp_path, f"only.{suffix}")
            source.write_text(f"#include <cartwright/{header}>\n")
            subprocess.run([compiler, f"-std={standard}", "-Wall", "-Wextra", "-Wpedantic", "-Werror", *flags,
                            "-fsyntax-only", source], check=True)
