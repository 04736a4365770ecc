"""Who may ask for what: keys, tokens, scopes, limits; and every way of being refused."""
import base64
import hashlib
import hmac
import json
import socket
import subprocess
import time

import pytest

PERSONAL = {"email", "given_name", "family_name", "sex", "birth_date", "phone", "street", "city", "region",
            "postal_code", "country"}
SECRET = b"a secret of more than 32 bytes, known to both"


def make_key(cartwright, store, *options):
    made = subprocess.run([cartwright, "keys", "create", "--store", str(store), "--json", "--name", "test", *options],
                          capture_output=True, text=True, check=True)
    return json.loads(made.stdout)


def bearer(key):
    return {"headers": {"Authorization": "Bearer " + (key if isinstance(key, str) else key["key"])}}


def wait_until(condition):
    until = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.1)


@pytest.fixture(scope="module")
def keys(cartwright, tmp_path_factory):
    """Keys of a store that a server will open."""
    store = tmp_path_factory.mktemp("keys") / "shop.db"
    scopes = ["read", "generate", "admin", "personal-data", "read,personal-data", "generate,personal-data"]
    made = {scope: make_key(cartwright, store, "--scopes", scope) for scope in scopes}
    return made | {"store": store}


@pytest.fixture(scope="module")
def server(start_server, keys, tmp_path_factory):
    secret = tmp_path_factory.mktemp("secret") / "secret"
    secret.write_bytes(SECRET + b"\n")
    return start_server("--store", str(keys["store"]), "--jwt-secret", str(secret), "--jwt-issuer", "tests")


def part(value):
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def token(claims=None, header=None, secret=SECRET):
    claims = {"iss": "tests", "sub": "me", "exp": int(time.time()) + 60, "scope": "read"} | (claims or {})
    signed = part(header or {"alg": "HS256", "typ": "JWT"}) + "." + part(claims)
    return signed + "." + part(hmac.new(secret, signed.encode(), hashlib.sha256).digest())


def assert_refused(answer):
    """401, and the same words for every reason."""
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="cartwright"'
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem = answer.json()
    assert set(problem) == {"type", "title", "status", "detail", "instance", "request_id"}
    assert problem["detail"] == "this needs a valid key or token: Authorization: Bearer ..."


def test_what_is_public_stays_so(server):
    for path in ["/healthz", "/readyz", "/openapi.json", "/docs", "/"]:
        server.get(path)


def test_nobody_in_particular_is_refused(server):
    for path in ["/api/v1/customers", "/api/v1/runs", "/api/v1/jobs", "/metrics", "/nothing", "/api/v1/nothing"]:
        assert_refused(server.get(path, 401))
    assert_refused(server.post("/api/v1/generate/customers", {"count": 1}, 401))
    assert_refused(server.call("DELETE", "/healthz", 401))


def test_credentials_that_are_none(server, keys):
    good = keys["read"]["key"]
    wrong = ["", "cwk_", good[:-1], good + "A", good.upper(), good.replace("cwk_", "cwx_"), "cwk_" + "A" * 43,
             "a.b.c", "...", "é", "null", "A" * 9000]
    for value in wrong:
        assert_refused(server.get("/api/v1/runs", headers={"Authorization": f"Bearer {value}".encode()}, status=401))
        if value:
            assert_refused(server.get("/api/v1/runs", headers={"X-API-Key": value.encode()}, status=401))
    for value in [good, f"Basic {good}", f"Bearer  {good}", f"Bearer {good} x", f"Bearer {good}, Bearer {good}"]:
        assert_refused(server.get("/api/v1/runs", headers={"Authorization": value}, status=401))
    both = {"Authorization": f"Bearer {good}", "X-API-Key": good}
    assert_refused(server.get("/api/v1/runs", headers=both, status=401))


def test_both_headers_let_a_key_in(server, keys):
    server.get("/api/v1/runs", **bearer(keys["read"]))
    server.get("/api/v1/runs", headers={"Authorization": "bearer " + keys["read"]["key"]})
    server.get("/api/v1/runs", headers={"X-API-Key": keys["read"]["key"]})


def test_the_body_of_a_stranger_is_not_read(server):
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as link:
        link.sendall(b"POST /api/v1/generate/orders HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                     b"Content-Length: 900000\r\n\r\n")
        received = b""
        while chunk := link.recv(65536):
            received += chunk
    assert received.startswith(b"HTTP/1.1 401 ")


@pytest.mark.parametrize("scope, wanted", [
    ("read", {"read"}), ("generate", {"generate"}), ("admin", {"admin"}), ("personal-data", set())])
def test_each_scope_allows_its_own(server, keys, scope, wanted):
    asked = {"read": ("GET", "/api/v1/orders?limit=1", None),
             "generate": ("POST", "/api/v1/generate/products", {"count": 1, "persist": False}),
             "admin": ("GET", "/metrics", None)}
    for name, (method, path, body) in asked.items():
        answer = server.call(method, path, json=body, **bearer(keys[scope]))
        if name in wanted:
            assert answer.status_code == 200, (scope, name)
            continue
        assert answer.status_code == 403, (scope, name)
        assert answer.headers["WWW-Authenticate"].endswith(f'error="insufficient_scope", scope="{name}"')
        assert name in answer.json()["detail"]


def test_read_covers_lists_runs_jobs_and_checks(server, keys):
    known = bearer(keys["read"])
    order = server.get("/api/v1/orders?limit=1", **known).json()["data"][0]
    server.get(f"/api/v1/orders/{order['id']}", **known)
    server.get("/api/v1/jobs", **known)
    server.get(f"/api/v1/relationships/validate?entity_type=order&entity_id={order['id']}", **known)
    server.call("POST", f"/api/v1/jobs/{order['id']}/cancel", 403, **known)


def test_personal_data_is_left_out_of_reads(server, keys):
    some, all_of_it = bearer(keys["read"]), bearer(keys["read,personal-data"])
    full = server.get("/api/v1/customers?limit=3", **all_of_it).json()["data"]
    part_of_it = server.get("/api/v1/customers?limit=3", **some).json()["data"]
    assert PERSONAL < set(full[0])
    assert [set(row) for row in part_of_it] == [set(full[0]) - PERSONAL] * 3
    assert part_of_it == [{name: row[name] for name in row if name not in PERSONAL} for row in full]
    one = server.get(f"/api/v1/customers/{full[0]['id']}", **some).json()
    assert one == part_of_it[0]
    text = server.get("/api/v1/customers?limit=3", headers={**some["headers"], "Accept": "text/csv"}).text
    assert full[0]["email"] not in text and "email" not in text
    assert "card_number" not in server.get("/api/v1/payment_methods?limit=1", **some).json()["data"][0]
    for query in ["fields=id,email", "email=" + full[0]["email"], "birth_date[lt]=1980-01-01", "country=DE"]:
        refused = server.get(f"/api/v1/customers?{query}", 403, **some)
        assert refused.headers["WWW-Authenticate"].endswith('scope="personal-data"')
        server.get(f"/api/v1/customers?{query}", 200, **all_of_it)


def test_personal_data_is_left_out_of_what_is_generated(server, keys):
    wish = {"count": 2, "seed": 5, "persist": False}
    full = server.post("/api/v1/generate/customers", wish, 200, **bearer(keys["generate,personal-data"])).json()
    some = server.post("/api/v1/generate/customers", wish, 200, **bearer(keys["generate"])).json()
    assert PERSONAL < set(full["data"]["customers"][0])
    assert not PERSONAL & set(some["data"]["customers"][0])
    assert "street" not in some["data"]["addresses"][0]
    assert [row["id"] for row in some["data"]["customers"]] == [row["id"] for row in full["data"]["customers"]]


def test_kept_answers_belong_to_their_caller(server, keys):
    wish = {"count": 1, "seed": 11}
    known = {"Idempotency-Key": "mine-1"}
    with_all = {**bearer(keys["generate,personal-data"])["headers"], **known}
    without = {**bearer(keys["generate"])["headers"], **known}
    first = server.post("/api/v1/generate/customers", wish, 201, headers=with_all)
    assert "email" in first.text
    assert server.post("/api/v1/generate/customers", wish, 201, headers=with_all).text == first.text
    server.post("/api/v1/generate/customers", wish, 422, headers=without)


def test_rows_that_are_kept_are_whole(server, keys):
    made = server.post("/api/v1/generate/customers", {"count": 1, "seed": 77}, 201, **bearer(keys["generate"])).json()
    row = server.get(f"/api/v1/customers/{made['data']['customers'][0]['id']}", **bearer(keys["read,personal-data"]))
    assert "@" in row.json()["email"]


def test_good_tokens(server):
    now = int(time.time())
    server.get("/api/v1/runs", 200, **bearer(token()))
    server.get("/api/v1/runs", 200, **bearer(token({"nbf": now - 5, "iat": now, "scope": "openid read"})))
    server.get("/api/v1/runs", 403, **bearer(token({"scope": "generate"})))
    server.get("/api/v1/runs", 403, **bearer(token({"scope": None})))
    assert "email" not in server.get("/api/v1/customers?limit=1", 200, **bearer(token())).text
    full = server.get("/api/v1/customers?limit=1", 200, **bearer(token({"scope": "read personal-data"})))
    assert "email" in full.text


def test_tokens_that_are_refused(server):
    now = int(time.time())
    wrong = [token({"exp": now - 1}), token({"exp": now}), token({"exp": None}), token({"exp": "tomorrow"}),
             token({"nbf": now + 60}), token({"iat": now + 3600}), token({"iss": "others"}), token({"iss": None}),
             token({"aud": "others"}), token(secret=b"another secret of more than 32 bytes"),
             token(header={"alg": "none"}), token(header={"alg": "none"}).rsplit(".", 1)[0] + ".",
             token(header={"alg": "HS384"}), token(header={"alg": "RS256"}), token(header={"alg": "EdDSA"}),
             token(header={"alg": "HS256", "kid": "1"}), token(header={"alg": "HS256", "crit": ["x"]}),
             token({"pad": "x" * 9000}), token() + "x", token()[:-1], token().replace(".", ""), token() + ".a"]
    for one in wrong:
        assert_refused(server.get("/api/v1/runs", 401, **bearer(one)))
    assert_refused(server.get("/api/v1/runs", 401, headers={"X-API-Key": token()}))
    assert server.call("GET", "/api/v1/runs", headers={"Authorization": "Bearer " + "x" * 40000}).status_code == 431


def test_keys_and_tokens_are_not_logged(server, keys):
    given = token()
    server.get("/api/v1/runs", 200, headers={**bearer(keys["read"])["headers"], "X-Request-Id": "look-for-me"})
    server.get("/api/v1/runs", 200, **bearer(given))
    server.get("/api/v1/runs", 401, **bearer(keys["read"]["key"][:-2] + "zz"))
    for misplaced in (keys["read"]["key"], given):
        server.call("GET", f"/api/v1/runs/{misplaced}?key={misplaced}")
        server.call("GET", f"/x{misplaced}/{misplaced}")
        server.get("/healthz", headers={"X-Request-Id": misplaced})
    wait_until(lambda: any("look-for-me" in line for line in server.errors))
    wait_until(lambda: sum("path=/x***/*** " in line for line in server.errors) == 2)
    wait_until(lambda: any("id=***" in line for line in server.errors))
    time.sleep(0.2)
    log = "".join(server.errors)
    for name, key in keys.items():
        if name != "store":
            assert key["key"] not in log and key["key"][4:40] not in log
    assert given not in log and given.split(".")[2] not in log and "cwk_" not in log
    line = next(line for line in server.errors if "look-for-me" in line)
    assert f"caller=key:{keys['read']['id']}" in line
    assert SECRET.decode() not in log
    database = keys["store"].read_bytes() + keys["store"].with_name("shop.db-wal").read_bytes()
    assert keys["read"]["key"].encode() not in database and keys["read"]["key"][4:].encode() not in database


def test_new_and_revoked_keys_are_known_to_a_running_server(cartwright, server, keys):
    key = make_key(cartwright, keys["store"])
    wait_until(lambda: server.call("GET", "/api/v1/runs", **bearer(key)).status_code == 200)
    subprocess.run([cartwright, "keys", "revoke", key["id"], "--store", str(keys["store"])], check=True,
                   capture_output=True)
    wait_until(lambda: server.call("GET", "/api/v1/runs", **bearer(key)).status_code == 401)
    assert_refused(server.get("/api/v1/runs", 401, **bearer(key)))


def test_expired_keys_are_refused(cartwright, server, keys):
    soon = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 4))
    key = make_key(cartwright, keys["store"], "--expires", soon)
    wait_until(lambda: server.call("GET", "/api/v1/runs", **bearer(key)).status_code == 200)
    wait_until(lambda: server.call("GET", "/api/v1/runs", **bearer(key)).status_code == 401)


def test_the_description_tells_of_authentication(server):
    api = server.get("/openapi.json").json()
    schemes = api["components"]["securitySchemes"]
    assert schemes["bearer"]["scheme"] == "bearer" and schemes["key"]["name"] == "X-API-Key"
    assert {"401", "403", "429"} <= set(api["paths"]["/api/v1/orders"]["get"]["responses"])
    assert api["paths"]["/healthz"]["get"]["security"] == []


def test_a_rate_is_kept(cartwright, start_server):
    server = start_server("--rate", "60", "--burst", "5")
    answers = [server.call("GET", "/api/v1/runs") for _ in range(7)]
    assert [answer.status_code for answer in answers[:5]] == [200] * 5
    assert [answer.headers["RateLimit"].split(";")[1] for answer in answers[:5]] == [f"r={n}" for n in (4, 3, 2, 1, 0)]
    assert answers[0].headers["RateLimit-Policy"] == '"default";q=5;w=5'
    last = answers[-1]
    assert last.status_code == 429 and int(last.headers["Retry-After"]) == 1
    assert last.headers["Content-Type"] == "application/problem+json" and last.json()["status"] == 429
    server.get("/healthz")
    wait_until(lambda: server.call("GET", "/api/v1/runs").status_code == 200)


def test_each_key_has_its_own_rate(cartwright, start_server, tmp_path):
    store = tmp_path / "shop.db"
    slow, other = make_key(cartwright, store, "--rate", "2"), make_key(cartwright, store)
    server = start_server("--store", str(store), "--no-seed-shop", "--rate", "1000")
    assert [server.call("GET", "/api/v1/runs", **bearer(slow)).status_code for _ in range(3)] == [200, 200, 429]
    assert server.get("/api/v1/runs", **bearer(other)).headers["RateLimit-Policy"] == '"default";q=1000;w=60'


def test_requests_at_the_same_time_are_limited(start_server):
    server = start_server("--concurrency", "1")
    job = server.post("/api/v1/generate/customers", {"count": 200000, "seed": 1}, 202).json()
    events = server.get(f"/api/v1/jobs/{job['id']}/events", stream=True)
    assert server.call("GET", "/api/v1/runs").status_code == 429
    server.get("/healthz")
    events.close()
    wait_until(lambda: server.call("GET", "/api/v1/runs").status_code == 200)
    server.call("POST", f"/api/v1/jobs/{job['id']}/cancel", 200)


def test_bodies_are_limited(start_server):
    server = start_server("--max-body", "2K", "--no-seed-shop")
    server.post("/api/v1/generate/products", {"count": 1, "persist": False}, 200)
    answer = server.call("POST", "/api/v1/generate/products", 413, data=b" " * 3000,
                         headers={"Content-Type": "application/json"})
    assert "2048" in answer.json()["detail"] or "2000" in answer.json()["detail"]


def refuse(cartwright, *options):
    done = subprocess.run([cartwright, "serve", "--port", "0", *map(str, options)], capture_output=True, text=True,
                          timeout=20, check=False)
    assert done.returncode == 2, done.stderr
    return done.stderr


def test_a_server_that_others_reach_needs_keys(cartwright, start_server, tmp_path):
    store = tmp_path / "shop.db"
    for address in ["0.0.0.0", "::", "192.0.2.1"]:
        message = refuse(cartwright, "--store", store, "--address", address)
        assert address in message and "cartwright keys create" in message and "--no-auth" in message
    assert not store.exists()
    subprocess.run([cartwright, "generate", "--store", store, "--products", "1", "--quiet"], check=True,
                   capture_output=True)
    assert "--no-auth" in refuse(cartwright, "--store", store, "--address", "0.0.0.0")
    make_key(cartwright, store)
    refuse(cartwright, "--store", store, "--auth", "--no-auth")
    refuse(cartwright, "--store", store, "--jwt-issuer", "x")
    refuse(cartwright, "--store", store, "--no-auth", "--jwt-secret", store)


def test_loopback_alone_decides_what_is_asked(cartwright, start_server, tmp_path):
    store = tmp_path / "shop.db"
    demanding = start_server("--auth", "--no-seed-shop")
    assert_refused(demanding.get("/api/v1/runs", 401))
    key = make_key(cartwright, store, "--expires", "1d")
    subprocess.run([cartwright, "keys", "revoke", key["id"], "--store", store], check=True, capture_output=True)
    closed = start_server("--store", str(store), "--no-seed-shop")
    assert "$CARTWRIGHT_KEY" in closed.greeting
    assert_refused(closed.get("/api/v1/runs", 401, **bearer(key)))
    closed.stop()
    opened = start_server("--store", str(store), "--no-seed-shop", "--no-auth")
    opened.get("/api/v1/runs", 200)


def test_the_last_use_is_noted(cartwright, start_server, tmp_path):
    store = tmp_path / "shop.db"
    key = make_key(cartwright, store)
    server = start_server("--store", str(store), "--no-seed-shop")
    server.get("/api/v1/runs", 200, **bearer(key))
    server.stop()
    listed = subprocess.run([cartwright, "keys", "list", "--json", "--store", store], capture_output=True, text=True,
                            check=True).stdout
    assert json.loads(listed)["used_at"] is not None and key["key"] not in listed


def test_public_keys_of_a_file(cartwright, start_server, tmp_path):
    """EdDSA, signed by the command line of OpenSSL."""
    pair, data = tmp_path / "pair.pem", tmp_path / "data"
    subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", pair], check=True)
    public = subprocess.run(["openssl", "pkey", "-in", pair, "-pubout", "-outform", "DER"], check=True,
                            capture_output=True).stdout[-32:]
    jwks = tmp_path / "jwks.json"
    jwks.write_text(json.dumps({"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": "k1", "x": part(public)}]}))
    server = start_server("--jwks", str(jwks), "--jwt-audience", "shop", "--no-seed-shop")
    claims = {"exp": int(time.time()) + 60, "aud": ["shop"], "scope": "read"}
    data.write_text(part({"alg": "EdDSA", "kid": "k1"}) + "." + part(claims))
    signature = subprocess.run(["openssl", "pkeyutl", "-sign", "-inkey", pair, "-rawin", "-in", data], check=True,
                               capture_output=True).stdout
    good = data.read_text() + "." + part(signature)
    server.get("/api/v1/runs", 200, **bearer(good))
    assert_refused(server.get("/api/v1/runs", 401, **bearer(good[:-4] + "AAAA")))
    header = part({"alg": "HS256", "kid": "k1"})
    signed = header + "." + part(claims)
    confused = signed + "." + part(hmac.new(public, signed.encode(), hashlib.sha256).digest())
    assert_refused(server.get("/api/v1/runs", 401, **bearer(confused)))


def test_a_key_has_its_own_rate_where_nobody_else_is_limited(cartwright, start_server, tmp_path):
    store = tmp_path / "shop.db"
    limited, free = make_key(cartwright, store, "--rate", "3"), make_key(cartwright, store)
    server = start_server("--store", str(store), "--no-seed-shop")
    codes = [server.call("GET", "/api/v1/runs", **bearer(limited)).status_code for _ in range(5)]
    assert codes == [200, 200, 200, 429, 429]
    assert {server.call("GET", "/api/v1/runs", **bearer(free)).status_code for _ in range(8)} == {200}
