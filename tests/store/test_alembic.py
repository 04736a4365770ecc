"""The real Alembic on a store: it reads the revision, knows the history, and leaves applying to the program."""
import os
import subprocess
import sys

import pytest


@pytest.fixture(name="alembic")
def fixture_alembic(source_root):
    """Runs Alembic with the environment that we ship, or with another one."""
    def run(*arguments, store=None, code=0, configuration=source_root / "migrations/alembic/alembic.ini"):
        environment = {key: value for key, value in os.environ.items() if key != "CARTWRIGHT_STORE"}
        named = ["-x", f"store={store.uri}"] if store else []
        done = subprocess.run([sys.executable, "-m", "alembic", "-c", str(configuration), *named, *arguments],
                              capture_output=True, text=True, check=False, env=environment, timeout=60)
        assert done.returncode == code, (done.stdout, done.stderr)
        return done.stdout + done.stderr
    return run


def ids(source_root):
    return [path.stem[:29] for path in sorted((source_root / "migrations/postgresql").glob("*.sql"))]


def test_every_migration_has_its_revision(source_root):
    done = subprocess.run([source_root / "tools/alembic_revisions.py", "--check"], capture_output=True, text=True,
                          check=False)
    assert done.returncode == 0, done.stdout


def test_history_is_that_of_the_migrations(source_root, alembic):
    lines = alembic("history").splitlines()
    assert [line.split(" -> ")[1].split()[0].rstrip(",") for line in lines] == list(reversed(ids(source_root)))
    assert lines[-1].startswith("<base> -> 0001_shop") and "(head)" in lines[0]
    assert alembic("heads").startswith(ids(source_root)[-1])


def test_current_is_what_the_program_applied(source_root, alembic, program, database):
    assert "0001_shop" not in alembic("current", store=database)
    program("migrate", "up", database.uri)
    assert alembic("current", store=database).splitlines()[-1] == f"{ids(source_root)[-1]} (head)"
    alembic("upgrade", "head", store=database)
    alembic("current", "--check-heads", store=database)
    assert "which store?" in alembic("current", code=255)
    program("migrate", "check", database.uri)


def test_applying_is_left_to_the_program(alembic, program, database):
    assert "`cartwright migrate up STORE` applies 0001_shop" in alembic("upgrade", "head", store=database, code=255)
    assert database.value("SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace") == 0
    assert "cartwright migrate up" in alembic("upgrade", "head", "--sql", store=database, code=255)
    program("migrate", "up", database.uri)
    assert "only go forward" in alembic("downgrade", "-1", store=database, code=255)
    program("migrate", "check", database.uri)
    alembic("stamp", "base", store=database)
    assert "alembic_version holds nothing" in program("migrate", "check", database.uri, code=7).stderr
    alembic("stamp", "head", store=database)
    program("migrate", "check", database.uri)


def test_revisions_of_an_application_may_stand_on_ours(source_root, alembic, program, database, tmp_path):
    ours = source_root / "migrations/alembic"
    (tmp_path / "own").mkdir()
    (tmp_path / "own/1a2b_notes.py").write_text(
        'from alembic import op\n\nrevision = "1a2b"\ndown_revision = None\nbranch_labels = ("app",)\n'
        'depends_on = "0001_shop"\n\n\ndef upgrade():\n'
        '    op.execute("CREATE TABLE notes (customer uuid REFERENCES customers, words text)")\n')
    configuration = tmp_path / "alembic.ini"
    configuration.write_text(f"[alembic]\nscript_location = {ours}\npath_separator = newline\n"
                             f"version_locations =\n    {ours}/versions\n    {tmp_path}/own\n")
    assert "`cartwright migrate up STORE` applies" in alembic("upgrade", "heads", store=database, code=255,
                                                              configuration=configuration)
    program("migrate", "up", database.uri)
    alembic("upgrade", "heads", store=database, configuration=configuration)
    assert database.value("SELECT count(*) FROM alembic_version WHERE version_num = '1a2b'") == 1
    program("migrate", "check", database.uri)
    program("generate", "--quiet", "--customers", "5", "--store", database.uri)
