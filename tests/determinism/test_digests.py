"""The same bytes for every table and format: with any number of threads and shards, from both compilers, with and
without optimization, and on 64-bit ARM. tools/update_goldens writes the digests kept under tests/golden anew."""
import os
import subprocess

import pytest

SHAPES = ("usual", "peak", "holiday", "small")
# How well these compress is the business of zstd and snappy, and may change with their versions.
COMPRESSED = ("parquet-snappy", "parquet-zstd")


def digests(program, shape, threads=1, shards=1, wrapper=()):
    """{(table, format): the rest of its line} as digest_tables prints them."""
    done = subprocess.run([*wrapper, str(program), shape, str(threads), str(shards)], check=True, capture_output=True,
                          text=True)
    lines = [line.split(" ", 2) for line in done.stdout.splitlines()]
    return {(table, name): rest for table, name, rest in lines}


def golden(root, shape):
    lines = [line.split(" ", 2) for line in (root / f"tests/golden/{shape}.txt").read_text().splitlines()
             if not line.startswith("#")]
    return {(table, name): rest for table, name, rest in lines}


def plain(found):
    return {key: rest for key, rest in found.items() if key[1] not in COMPRESSED}


def by_row(found):
    """What does not depend on where chunks end."""
    return {key: rest for key, rest in found.items() if key[1] in ("csv", "ndjson")}


@pytest.fixture(scope="module", name="program")
def fixture_program(build_dir):
    return build_dir / "tests/digest_tables"


@pytest.mark.parametrize("shape", SHAPES)
def test_digests_are_the_known_ones(program, source_root, shape):
    assert plain(digests(program, shape)) == plain(golden(source_root, shape))


@pytest.mark.parametrize("threads", [2, 7])
@pytest.mark.parametrize("shape", SHAPES)
def test_threads_change_nothing(program, shape, threads):
    assert digests(program, shape, threads) == digests(program, shape)


@pytest.mark.parametrize("shards", [3, 16])
@pytest.mark.parametrize("shape", SHAPES)
def test_shards_laid_end_to_end_are_the_whole(program, shape, shards):
    assert by_row(digests(program, shape, 2, shards)) == by_row(digests(program, shape))


def build(root, setup, *options):
    subprocess.run([root / "tools/build", setup, "tests/digest_tables"], check=True, cwd=root,
                   env={**os.environ, "MESON_ARGS": " ".join(options)})
    return root / "build" / setup / "tests/digest_tables"


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("setup", ["debug", "clang"])
def test_compilers_and_levels_change_nothing(program, source_root, setup):
    other = build(source_root, setup)
    for shape in SHAPES:
        assert digests(other, shape) == digests(program, shape)


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_clang_without_optimization_changes_nothing(program, source_root, tmp_path):
    subprocess.run(["meson", "setup", tmp_path, source_root, "-Dprogram=false", "-Doptimization=0"], check=True,
                   env={**os.environ, "CC": "clang"})
    subprocess.run(["ninja", "-C", tmp_path, "tests/digest_tables"], check=True)
    for shape in SHAPES:
        assert digests(tmp_path / "tests/digest_tables", shape) == digests(program, shape)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_arm_makes_the_same(program, source_root):
    other = build(source_root, "aarch64")
    wrapper = ["qemu-aarch64", "-L", str(source_root / "build/sysroot-aarch64")]
    for shape in SHAPES:
        assert digests(other, shape, 2, 1, wrapper) == digests(program, shape)
