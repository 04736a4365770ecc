"""Settings from a file and the environment: what goes before what, what is refused, and the schema of the file."""
import json
import os
import subprocess

import jsonschema_rs
import pytest
import yaml


def run(cartwright, *arguments, code=0, **variables):
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CARTWRIGHT_")}
    result = subprocess.run([cartwright, *map(str, arguments)], capture_output=True, text=True, timeout=60,
                            env=environment | variables)
    assert result.returncode == code, result.stderr
    return result


@pytest.fixture
def write(tmp_path):
    """Writes a configuration file."""
    def write(text):
        path = tmp_path / "cartwright.yaml"
        path.write_text(text)
        return path
    return write


@pytest.fixture(scope="module")
def schema(cartwright):
    return json.loads(run(cartwright, "config", "schema").stdout)


GOOD = [
    "",
    "# nothing yet\n",
    "store: shop.db\nserve:\ngenerate:\n",
    "store: postgresql://shop@db.example.com:5432/shop?sslmode=require\n",
    "serve:\n  address: 127.0.0.1\n  port: 8080\n  max-count: 10M\n  max-body: 4_000_000\n  rate: 600\n  auth: true\n",
    "serve: {auth: false, seed-shop: false, quiet: true, connections: 100, timeout: 5}\n",
    "generate:\n  locale: [de-DE, fr-FR=2]\n  seed: 42\n  scale: 0.5\n  price-min: 9.5\n  format: parquet\n",
    'generate:\n  from: "2025-01-01"\n  to: "2025-06-01T08:00:00Z"\n  tables: customers\n  compression: zstd:9\n',
    '{"store": "shop.db", "serve": {"port": 0}}\n',
]
# What is wrong, its line, and what the message says.
BAD = [
    ("serve:\n  # port: 1\n  prot: 80\n", 3, "unknown key 'prot' under serve; did you mean 'port'?"),
    ("store: shop.db\nsrve:\n  port: 80\n", 2, "unknown key 'srve'; did you mean 'serve'?"),
    ("\nport: 80\n", 2, "the key 'port' stands under 'serve:'"),
    ("serve:\n  store: shop.db\n", 2, "stands beside 'serve:'"),
    ("serve:\n  no-auth: true\n", 2, "write 'auth: false'"),
    ("generate:\n  seed: 1\n  force: true\n", 3, "on the command line only: --force"),
    ("serve:\n  quiet: true\n  port: 70000\n", 3, "serve.port is 70000, but must be from 0 to 65535"),
    ("serve:\n  port: eighty\n", 2, "serve.port is 'eighty', but must be a whole number"),
    ("serve:\n  port: true\n", 2, "serve.port is true or false, but must be a whole number"),
    ("serve:\n  port: [80]\n", 2, "serve.port is a list"),
    ("serve:\n  port:\n", 2, "serve.port is nothing"),
    ("serve:\n  quiet: 'yes'\n", 2, "serve.quiet is a text, but must be true or false"),
    ("serve:\n  address: 8080\n", 2, "serve.address is a number, but must be a text"),
    ("generate:\n  format: xml\n", 2, "must be one of: csv ndjson json parquet"),
    ("generate:\n  locale: [de-DE, 7]\n", 2, "generate.locale is a number"),
    ("serve:\n  - port\n", 1, "expected keys and values"),
    ("store: |\n  port: 1\n  serve: 2\ngenerate: {to: '2025-01-01',\n  from: port}\nserve: {quiet: true,\n"
     "  \"port\" : 70000}\n", 7, "serve.port is 70000"),
    ("generate:\n  locale: ['serve', # port: 3\n    'port']\n  format: csv\nserve:\n  address: 'port: 7'\n  ? port\n"
     "  : eighty\n", 7, "serve.port is 'eighty'"),
    ('{"store": "shop.db",\n "generate": {"locale": ["port"]},\n  "serve": {\n    "quiet": true, "port": 70000}}\n', 4,
     "serve.port is 70000"),
]
# What only a command can tell, not the schema.
BAD_FOR_COMMANDS = [
    ("generate:\n  seed: 1\n  locale: xx-XX\n", 3, "locale holds 'xx-XX'"),
    ('generate:\n  from: "last year"\n', 2, "from is 'last year'"),
    ("serve:\n  address: shop.example.com\n", 2, "expected an IPv4 or IPv6 address"),
    ("serve:\n  port: 80\nstore: mysql://x\n", 3, "expected a file, or an address such as postgresql://"),
    ("generate:\n  seed: 1\n  from: 2025-10-01\n  to: 2025-09-01\n", 3, "ends at least one hour after it begins"),
    ("generate:\n  price-min: 20\n  price-max: 10\n", 3, "price_range.max is 10.00; expected 20.00"),
]


@pytest.mark.parametrize("text", GOOD)
def test_good_files_are_taken_and_fit_the_schema(cartwright, schema, write, text):
    answer = run(cartwright, "config", "check", write(text))
    assert answer.stdout.endswith("can be used\n")
    jsonschema_rs.validator_for(schema).validate(yaml.safe_load(text))


def test_a_byte_order_mark_is_passed_over(cartwright, write):
    mark = "\ufeff"
    for text in ("", "# nothing yet\n", "serve:\n  port: 80\n", '{"serve": {"port": 80}}'):
        run(cartwright, "config", "check", write(mark + text))
    assert "yaml:2: unknown key 'prot'" in run(cartwright, "config", "check", write(mark + "serve:\n  prot: 80\n"),
                                               code=2).stderr


@pytest.mark.parametrize("text, line, words", BAD)
def test_bad_files_are_refused_and_do_not_fit_the_schema(cartwright, schema, write, text, line, words):
    path = write(text)
    for command in (["config", "check", path], ["config", "show", "--config", path],
                    ["serve", "--config", path, "--port", "0"], ["generate", "--config", path, "--discard"]):
        answer = run(cartwright, *command, code=2)
        assert f"{path}:{line}: " in answer.stderr and words in answer.stderr, answer.stderr
    assert not jsonschema_rs.validator_for(schema).is_valid(yaml.safe_load(text))


@pytest.mark.parametrize("text, line, words", BAD_FOR_COMMANDS)
def test_check_asks_the_commands(cartwright, write, text, line, words):
    path = write(text)
    answer = run(cartwright, "config", "check", path, code=2)
    assert f"{path}:{line}: " in answer.stderr and words in answer.stderr, answer.stderr


def test_what_is_no_configuration_is_refused(cartwright, write, tmp_path):
    assert "cartwright config check FILE" in run(cartwright, "config", "check", code=2).stderr
    run(cartwright, "config", "check", tmp_path / "none.yaml", code=4)
    run(cartwright, "serve", "--config", tmp_path / "none.yaml", code=4)
    for text in ("serve: {port: 1", "- 1\n", "text", "serve:\n  port: 1\n  port: 2\n"):
        assert "cartwright.yaml" in run(cartwright, "config", "check", write(text), code=2).stderr
    assert "expected check, show or schema" in run(cartwright, "config", "print", code=2).stderr


def test_the_schema_is_valid_and_has_every_option(cartwright, schema):
    jsonschema_rs.meta.validate(schema)
    momentary = {"serve": {"config", "store", "no-auth", "no-seed-shop"},
                 "generate": {"config", "request", "store", "customer-id", "columns", "shard", "force",
                              "discard"}}
    for command, without in momentary.items():
        text = run(cartwright, command, "--help").stdout
        options = {line.split()[0][2:] for line in text.splitlines() if line.startswith("  --")}
        assert set(schema["properties"][command]["properties"]) == options - without
        for description in schema["properties"][command]["properties"].values():
            assert description["description"]


def rows(cartwright, *arguments, **variables):
    """How many customers `generate` makes, and the first of them."""
    lines = run(cartwright, "generate", "--tables", "customers", "--out", "-", *arguments,
                **variables).stdout.splitlines()
    return len(lines) - 1, lines[1]


def test_flags_go_before_the_environment_before_the_file(cartwright, write):
    path = write("generate:\n  customers: 5\n  seed: 7\n")
    assert rows(cartwright, "--config", path)[0] == 5
    assert rows(cartwright, CARTWRIGHT_CONFIG=str(path))[0] == 5
    assert rows(cartwright, "--config", path, CARTWRIGHT_CUSTOMERS="6")[0] == 6
    assert rows(cartwright, "--config", path, "--customers", 7, CARTWRIGHT_CUSTOMERS="6")[0] == 7
    assert rows(cartwright, "--config", path, CARTWRIGHT_CUSTOMERS="")[0] == 5
    assert rows(cartwright, "--config", path)[1] == rows(cartwright, "--seed", 7, "--customers", 5)[1]


def test_a_flag_that_says_much_goes_over_all_of_the_file(cartwright, write, tmp_path):
    path = write("generate:\n  customers: 5\n  seed: 7\n  locale: ja-JP\n  format: parquet\n  compression: zstd:9\n")
    assert rows(cartwright, "--config", path, "--scale", 0.1, "--format", "csv")[0] == 100
    spec = tmp_path / "spec.json"
    spec.write_text('{"seed": 3, "customers": 4, "locales": {"de-DE": 1}}')
    count, first = rows(cartwright, "--config", path, "--spec", spec, "--format", "csv")
    assert (count, first) == rows(cartwright, "--spec", spec)


def test_what_belongs_to_files_is_no_obstacle_for_a_store(cartwright, write, tmp_path):
    path = write("generate:\n  customers: 5\n  out: elsewhere\n  format: parquet\n  tables: customers\n  quiet: true\n")
    assert run(cartwright, "generate", "--config", path, "--store", tmp_path / "shop.db").stderr == ""
    assert "about files" in run(cartwright, "generate", "--config", path, "--store", tmp_path / "shop.db",
                                "--format", "csv", code=2).stderr


def test_flags_can_be_taken_back(cartwright, write):
    path = write("generate:\n  customers: 5\n  quiet: true\n")
    assert run(cartwright, "generate", "--config", path, "--discard").stderr == ""
    assert "customers" in run(cartwright, "generate", "--config", path, "--discard", "--no-quiet").stderr
    assert "customers" in run(cartwright, "generate", "--config", path, "--discard", CARTWRIGHT_QUIET="no").stderr
    assert "unknown option" in run(cartwright, "generate", "--no-seed", "7", code=2).stderr
    assert "unknown option" in run(cartwright, "schema", "--no-format", code=2).stderr


def test_the_environment_is_checked_too(cartwright):
    answer = run(cartwright, "serve", CARTWRIGHT_PORT="http", code=2)
    assert "CARTWRIGHT_PORT is 'http', but must be a whole number from 0 to 65535" in answer.stderr
    assert "CARTWRIGHT_QUIET is 'perhaps'" in run(cartwright, "serve", CARTWRIGHT_QUIET="perhaps", code=2).stderr
    assert "CARTWRIGHT_FORMAT" in run(cartwright, "generate", "--discard", CARTWRIGHT_FORMAT="xml", code=2).stderr


def test_the_store_is_shared_but_generate_must_be_told(cartwright, write, tmp_path):
    store = tmp_path / "shop.db"
    path = write(f"store: {store}\n")
    run(cartwright, "keys", "create", "--config", path, "--name", "ci")
    assert store.exists()
    assert "ci" in run(cartwright, "keys", "list", CARTWRIGHT_STORE=str(store)).stdout
    assert rows(cartwright, "--customers", 2, CARTWRIGHT_STORE=str(store))[0] == 2
    # --rate of a key is another one than that of the server.
    key = json.loads(run(cartwright, "keys", "create", "--config", path, "--name", "b", "--json",
                         CARTWRIGHT_RATE="9").stdout)
    assert "rate" not in key


def test_show_tells_sources_and_keeps_passwords(cartwright, write):
    path = write("store: postgresql://shop:s3cret@db/shop\nserve:\n  port: 80\n  rate: 10\n")
    shown = run(cartwright, "config", "show", "--config", path, CARTWRIGHT_RATE="20", CARTWRIGHT_AUTH="Yes").stdout
    assert f"port: 80 # {path}:3" in shown
    assert "rate: 20 # CARTWRIGHT_RATE" in shown
    assert "auth: true # CARTWRIGHT_AUTH" in shown
    assert yaml.safe_load(shown)["serve"] == {"port": 80, "rate": 20, "auth": True}
    assert "s3cret" not in shown
    assert "nothing is set" in run(cartwright, "config", "show").stdout


@pytest.mark.parametrize("address, shown", [
    ("postgresql://shop:s3cret@db/shop", "postgresql://shop:***@db/shop"),
    ("postgresql://shop:s3/c?r@t@db:5432/shop?sslmode=require", "postgresql://shop:***@db:5432/shop?sslmode=require"),
    ("postgresql://shop@db/shop", "postgresql://shop@db/shop"),
    ("postgresql:///shop?host=/tmp&password=s3cret&user=x", "postgresql:///shop?host=/tmp&password=***&user=x"),
    ("postgresql:///shop?pass%77ord=s3cret", "postgresql:///shop?pass%77ord=***"),
    ("postgres://db/shop?PASSWORD=s3cret", "postgres://db/shop?PASSWORD=***"),
    ("/var/lib/shop:a@b.db", "/var/lib/shop:a@b.db"),
    ("POSTGRESQL://shop:s3cret@db/shop", "POSTGRESQL://shop:***@db/shop"),
    ("postgresql:/shop:s3cret@db/shop", "postgresql:/shop:***@db/shop"),
    ("postgresql:shop:s3cret@db/shop", "postgresql:shop:***@db/shop"),
    ("shop:s3cret@db/shop", "shop:***@db/shop"),
    ("host=db password=s3cret user=shop", "host=db password=*** user=shop"),
    ("host=db Password = 's3\\' cret' user=shop", "host=db Password = *** user=shop"),
    ("password=s3\\ cret", "password=***"),
    ("password='s3cret", "password=***"),
])
def test_no_password_is_shown(cartwright, address, shown):
    assert yaml.safe_load(run(cartwright, "config", "show", CARTWRIGHT_STORE=address).stdout)["store"] == shown


@pytest.mark.parametrize("address, words", [
    ("POSTGRESQL://shop:s3cret@db/shop", "begins with 'POSTGRESQL:'"),
    ("postgresql:/shop:s3cret@db/shop", "begins with 'postgresql:'"),
    ("mysql://shop:s3cret@db/shop", "begins with 'mysql:'"),
    ("host=db password=s3cret", "written as key=value"),
    ("password = s3cret", "written as key=value"),
])
def test_what_is_no_address_of_ours_is_no_file_either(cartwright, tmp_path, monkeypatch, address, words):
    monkeypatch.chdir(tmp_path)
    for command in (["generate", "--customers", "1", "--store"], ["serve", "--store"], ["keys", "list", "--store"],
                    ["migrate", "status"], ["migrate", "up"], ["migrate", "check"], ["validate"],
                    ["keys", "create", "--name", "a", "--store"]):
        answer = run(cartwright, *command, address, code=2)
        assert words in answer.stderr and "postgresql://user@host" in answer.stderr and "s3cret" not in answer.stderr
    findings = run(cartwright, "doctor", "--port", "0", "--store", address, code=1)
    assert words in findings.stdout and "s3cret" not in findings.stdout
    assert not list(tmp_path.iterdir())


def test_the_packaged_file_is_good(cartwright, schema, source_root):
    path = source_root / "packaging/cartwright.yaml"
    run(cartwright, "config", "check", path)
    text = path.read_text()
    jsonschema_rs.validator_for(schema).validate(yaml.safe_load(text))
    # What it shows in comments is good as well.
    full = text.replace("  # auth", "  auth").replace("  # rate", "  rate").replace("  # concurrency", "  concurrency")
    assert full.count("#") < text.count("#")
    jsonschema_rs.validator_for(schema).validate(yaml.safe_load(full))
