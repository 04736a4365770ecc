# The thin front of the build: what each target does is in tools/ and meson.build.
FUZZ_SECONDS ?= 60
SERVE_OPTIONS ?=
DESTDIR ?=

.PHONY: build run test test-all check format bench fuzz coverage install deb clean

build:
	tools/setup build
	tools/build release

# Starts the server with the built-in store and a small shop in it.
run:
	tools/setup build
	tools/build release cartwright
	./build/cartwright serve $(SERVE_OPTIONS)

# What every change must pass.
test:
	tools/setup test
	tools/build release
	tools/run_tests.py

# The same and what takes longer: slow tests, sanitizers, the other compiler, 64-bit ARM.
test-all:
	tools/setup slow
	tools/build release
	tools/run_tests.py --all

check:
	tools/setup check
	tools/build release
	tools/build clang
	tools/check

# Formats every C file and adds missing braces.
format:
	tools/setup check
	tools/build clang
	tools/check --fix

# Figures beside those of other generators, and of ourselves.
bench:
	tools/setup bench
	tools/build release
	meson configure build/release -Dbench=true
	tools/build release
	bench/run

# Each fuzz target for FUZZ_SECONDS; what it finds stays in build/fuzz.
fuzz:
	tools/setup slow
	tools/build fuzz
	tools/fuzz $(FUZZ_SECONDS)

coverage:
	tools/setup test
	tools/build coverage
	tools/run_tests.py --build build/coverage --unit
	.venv/bin/gcovr --root . --filter src/ build/coverage

install: build
	meson install -C build/release --no-rebuild $(if $(DESTDIR),--destdir "$(DESTDIR)")

# Debian packages in build/packages.
deb:
	tools/setup build
	tools/deb

clean:
	rm -rf build
