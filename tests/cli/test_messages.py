"""What the command line says to the mistakes that people make: the name, the value, and what was expected."""
import subprocess

import pytest


@pytest.mark.parametrize("arguments, code, message", [
    ("genrate", 2, "unknown command 'genrate'; did you mean 'generate'?"),
    ("help genrate", 2, "unknown command 'genrate'; did you mean 'generate'?"),
    ("help zzzzzzzz", 2, "unknown command 'zzzzzzzz'; see cartwright help"),
    ("generate --sed 3", 2, "unknown option --sed; did you mean --seed?"),
    ("generate --seed", 2, "the option --seed needs a value: --seed N"),
    ("generate --seed abc", 2, "seed is 'abc', but must be a whole number from 0 to 9223372036854775807"),
    ("generate --customers ten", 2, "customers is 'ten', but must be a whole number such as 500, 10K, 1.5M or 2B"),
    ("generate --threads lots", 2, "threads is 'lots', but must be a whole number from 1 to 256"),
    ("generate --locale de-DE,de-DE --out o", 2, "locale names de-DE twice; expected each market once"),
    ("generate --tables customrs --out o", 2, "tables holds 'customrs', which is no table; did you mean 'customers'?"),
    ("generate --format xlsx --out o", 2, "format is 'xlsx', but must be csv, ndjson, json or parquet"),
    ("generate --price-min 20 --price-max 10 --out o", 2, "price_range.max is 10.00; expected 20.00 to 1000000.00"),
    ("generate --from 2025-07-01 --to 2025-06-01 --out o", 2,
     "date_range is from 2025-07-01T00:00:00Z to 2025-06-01T00:00:00Z; expected that it ends at least one hour "
     "after it begins"),
    ("serve --port x", 2, "port is 'x', but must be a whole number from 0 to 65535"),
    ("serve --address example.com", 2, "address is 'example.com'; expected an IPv4 or IPv6 address such as 127.0.0.1"),
    ("schema --format xml", 2, "format is 'xml', but must be text, json or sql"),
    ("validate /nowhere", 4, "there is no store or directory /nowhere"),
])
def test_mistakes_are_explained(cartwright, tmp_path, arguments, code, message):
    done = subprocess.run([cartwright, *arguments.split()], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == code and done.stdout == ""
    assert done.stderr.strip() == "cartwright: " + message
    assert not list(tmp_path.iterdir())
