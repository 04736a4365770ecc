"""The example configuration of nginx, run with a certificate of its own: requests, streams and refusals through it."""
import http.server
import json
import os
import re
import socket
import subprocess
import threading
import time

import pytest
import requests
from packaging_tools import needs, program

pytestmark = needs("nginx", "openssl", "curl")

NAME = "shop.example.com"
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class Proxy:
    """nginx with packaging/nginx.conf before one server; only places and the name of the upstream are replaced."""

    def __init__(self, text, upstream, folder):
        self.folder = folder
        self.plain, self.port = free_port(), free_port()
        self.certificate = folder / "certificate.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                        "-nodes", "-days", "2", "-subj", f"/CN={NAME}", "-addext", f"subjectAltName=DNS:{NAME}",
                        "-keyout", folder / "key.pem", "-out", self.certificate], check=True, capture_output=True)
        for old, new in ((r"listen \[::\]:\d+[^;]*;\n", "\n"),
                         (r"listen 80;", f"listen 127.0.0.1:{self.plain};"),
                         (r"listen 443 ", f"listen 127.0.0.1:{self.port} "),
                         (r"127\.0\.0\.1:8080", f"127.0.0.1:{upstream}"),
                         (r"/etc/nginx/tls/\S+\.pem", str(self.certificate)),
                         (r"/etc/nginx/tls/\S+\.key", str(folder / "key.pem")),
                         (r"/var/log/nginx/cartwright\.log", str(folder / "access.log"))):
            text, count = re.subn(old, new, text)
            assert count, old
        (folder / "cartwright.conf").write_text(text)
        kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        places = " ".join(f"{kind}_temp_path {folder}/{kind};" for kind in kinds)
        user = "user root;" if os.geteuid() == 0 else ""
        (folder / "nginx.conf").write_text(
            f"{user} daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log;\n"
            f"events {{ worker_connections 256; }}\nhttp {{ {places}\ninclude {folder}/cartwright.conf; }}\n")
        command = [program("nginx"), "-p", folder, "-c", folder / "nginx.conf"]
        tried = subprocess.run([*command, "-t"], capture_output=True, text=True)
        assert tried.returncode == 0 and "[warn]" not in tried.stderr, tried.stderr
        self.process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        for _ in range(200):
            with socket.socket() as one:
                if one.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.05)
        raise AssertionError((folder / "error.log").read_text())

    def stop(self):
        self.process.terminate()
        return self.process.wait(timeout=30)

    def curl_command(self, path, *arguments):
        return ["curl", "--silent", "--show-error", "--noproxy", "*", "--max-time", "60", "--http2", "--cacert",
                str(self.certificate), "--resolve", f"{NAME}:{self.port}:127.0.0.1", *arguments,
                f"https://{NAME}:{self.port}{path}"]

    def curl(self, path, *arguments):
        """(version of HTTP and status, {header: value}, body) of an answer."""
        done = subprocess.run(self.curl_command(path, "--include", *arguments), capture_output=True, check=False)
        assert done.returncode == 0, done.stderr
        head, _, body = done.stdout.decode().partition("\r\n\r\n")
        if " 100" in head.splitlines()[0]:
            head, _, body = body.partition("\r\n\r\n")
        lines = head.splitlines()
        return lines[0].strip(), dict(line.lower().split(": ", 1) for line in lines[1:]), body

    def access_log(self, words):
        for _ in range(100):
            text = (self.folder / "access.log").read_text()
            if words in text:
                return text
            time.sleep(0.05)
        raise AssertionError(text)


class Upstream(http.server.ThreadingHTTPServer):
    """Tells the headers it got; a stream sends its second half only once it is told to."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.go_on = threading.Event()
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        if self.path.startswith("/headers"):
            self.put(json.dumps({name.lower(): value for name, value in self.headers.items()}))
        else:
            self.put("first\n")
            self.server.go_on.wait(30)
            self.put("second\n")
        self.wfile.write(b"0\r\n\r\n")

    def put(self, text):
        self.wfile.write(f"{len(text):x}\r\n{text}\r\n".encode())
        self.wfile.flush()

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def configuration(packaging):
    return (packaging / "nginx.conf").read_text()


@pytest.fixture(scope="module")
def server(start_server):
    return start_server()


@pytest.fixture(scope="module")
def proxy(configuration, server, tmp_path_factory):
    proxy = Proxy(configuration, server.port, tmp_path_factory.mktemp("nginx"))
    yield proxy
    assert proxy.stop() == 0
    told = (proxy.folder / "error.log").read_text()
    assert "[emerg]" not in told and "[crit]" not in told, told


@pytest.fixture(scope="module")
def upstream():
    upstream = Upstream()
    yield upstream
    upstream.shutdown()


@pytest.fixture(scope="module")
def before_upstream(configuration, upstream, tmp_path_factory):
    proxy = Proxy(configuration, upstream.server_port, tmp_path_factory.mktemp("nginx"))
    yield proxy
    proxy.stop()


def test_requests_go_through_with_one_id(proxy, server):
    status, headers, body = proxy.curl("/api/v1/customers?limit=2", "--header", f"traceparent: {TRACE}")
    assert status == "HTTP/2 200" and len(json.loads(body)["data"]) == 2
    assert headers["strict-transport-security"] and headers["traceparent"] == TRACE
    request_id = headers["x-request-id"]
    assert f"id={request_id} trace={TRACE}" in proxy.access_log(request_id)
    line = next(line for line in server.errors if f"id={request_id} " in line)
    assert f"trace={TRACE.split('-')[1]}" in line
    assert proxy.curl("/healthz", "--header", "X-Request-Id: mine-1")[1]["x-request-id"] == "mine-1"


def test_queries_are_not_logged(proxy):
    path = "/api/v1/customers?limit=1&email=someone@example.com"
    status, headers, _ = proxy.curl(path)
    assert status == "HTTP/2 200"
    plain = requests.get(f"http://127.0.0.1:{proxy.plain}{path}", allow_redirects=False, timeout=30,
                         headers={"Host": NAME, "X-Request-Id": "plain-1"})
    assert plain.status_code == 308
    for request_id, code in ((headers["x-request-id"], 200), ("plain-1", 308)):
        assert f'"GET /api/v1/customers" {code} ' in proxy.access_log(f"id={request_id} ")
    assert "someone" not in proxy.access_log("plain-1")


def test_rows_are_made_and_refusals_come_whole(proxy):
    made = ["--header", "Content-Type: application/json", "--data", '{"count": 3, "seed": 1}']
    assert proxy.curl("/api/v1/generate/customers", *made)[0] == "HTTP/2 201"
    status, headers, body = proxy.curl("/api/v1/customers?limit=no")
    assert status == "HTTP/2 400" and headers["content-type"] == "application/problem+json"
    assert json.loads(body)["errors"]


def test_plain_http_is_sent_to_tls(proxy):
    answer = requests.get(f"http://127.0.0.1:{proxy.plain}/api/v1/orders?limit=1", allow_redirects=False, timeout=30,
                          headers={"Host": NAME})
    assert answer.status_code == 308
    assert answer.headers["Location"] == f"https://{NAME}/api/v1/orders?limit=1"


@pytest.mark.parametrize("options, works", [
    (["--tlsv1.2", "--tls-max", "1.2"], True), (["--tlsv1.3"], True),
    (["--tlsv1.0", "--tls-max", "1.1", "--ciphers", "DEFAULT:@SECLEVEL=0"], False)])
def test_tls_is_new_enough(proxy, options, works):
    done = subprocess.run(proxy.curl_command("/healthz", *options), capture_output=True, check=False)
    assert (done.returncode == 0) == works


def test_large_bodies_are_refused(proxy, tmp_path):
    path = tmp_path / "large.json"
    path.write_text('{"count": 1' + " " * 1_100_000 + "}")
    status, headers, body = proxy.curl("/api/v1/generate/customers", "--header", "Content-Type: application/json",
                                       "--header", "Expect:", "--data-binary", f"@{path}")
    assert status == "HTTP/2 413" and headers["content-type"] == "application/problem+json"
    assert json.loads(body)["status"] == 413


def test_events_of_a_job_come_as_they_happen(proxy):
    status, headers, body = proxy.curl("/api/v1/generate/customers", "--header", "Content-Type: application/json",
                                       "--header", "Prefer: respond-async", "--data", '{"count": 2000000, "seed": 3}')
    assert status == "HTTP/2 202", body
    place = headers["location"]
    command = proxy.curl_command(f"{place}/events", "--no-buffer")
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as events:
        first = [events.stdout.readline() for _ in range(2)]
        assert any(line.startswith("data: ") for line in first), first
        state = json.loads(proxy.curl(place)[2])["state"]
        assert state in ("queued", "running")
        assert proxy.curl(f"{place}/cancel", "--request", "POST")[0] == "HTTP/2 200"
        assert "cancelled" in events.stdout.read()
    assert events.returncode == 0


def test_metrics_are_for_this_machine(proxy, configuration):
    assert proxy.curl("/metrics")[0] == "HTTP/2 200"
    block = configuration[configuration.index("location = /metrics"):]
    assert re.search(r"allow 127\.0\.0\.1;\s+allow ::1;\s+deny all;", block[:block.index("}")])


def test_headers_are_passed_on(before_upstream):
    given = {"authorization": "Bearer secret", "idempotency-key": "k-1", "prefer": "respond-async",
             "traceparent": TRACE, "x-request-id": "mine-2", "accept": "text/csv"}
    words = [word for name, value in given.items() for word in ("--header", f"{name}: {value}")]
    body = json.loads(before_upstream.curl("/headers", *words, "--header", "X-Forwarded-For: 203.0.113.9")[2])
    assert {name: body[name] for name in given} == given
    assert body["x-forwarded-for"] == "203.0.113.9, 127.0.0.1"
    assert body["x-forwarded-proto"] == "https" and body["host"] == NAME
    assert "secret" not in before_upstream.access_log("mine-2")


@pytest.mark.parametrize("path", ["/api/v1/jobs/01890a5d-ac96-774b-bcce-b302099a8057/events",
                                  "/api/v1/exports/orders?format=csv"])
def test_streams_are_not_held_back(before_upstream, upstream, path):
    upstream.go_on.clear()
    command = before_upstream.curl_command(path, "--no-buffer")
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as reader:
        # The second half is not sent before the first was read.
        assert reader.stdout.readline() == "first\n"
        upstream.go_on.set()
        assert reader.stdout.read() == "second\n"
    assert reader.returncode == 0


def test_a_server_that_is_away_is_told_as_a_problem(configuration, tmp_path):
    proxy = Proxy(configuration, free_port(), tmp_path)
    try:
        status, headers, body = proxy.curl("/api/v1/orders")
        assert status == "HTTP/2 503" and headers["retry-after"] == "2"
        assert headers["content-type"] == "application/problem+json" and json.loads(body)["status"] == 503
    finally:
        proxy.stop()
