"""What must not pass: malformed framing, requests and readers without end, sizes beyond the limits."""
import json
import select
import socket
import time

import pytest


def exchange(server, data, seconds=5, shut=False):
    """Everything that comes back for raw bytes, until the server hangs up or nothing more comes."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=seconds) as link:
        received = b""
        try:
            link.sendall(data)
            if shut:
                link.shutdown(socket.SHUT_WR)
            while chunk := link.recv(65536):
                received += chunk
                if b"\r\n\r\n" in received and not shut and complete(received):
                    break
        except OSError:
            pass
        return received


def complete(received):
    head, _, body = received.partition(b"\r\n\r\n")
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return len(body) >= int(value)
    return False


def status_of(received):
    return int(received.split(b" ", 2)[1]) if received.startswith(b"HTTP/1.1 ") else None


HOST = b"Host: localhost\r\n"
BODY = b'{"count":1,"persist":false}'
POST = b"POST /api/v1/generate/customers HTTP/1.1\r\n"
JSON = b"Content-Type: application/json\r\n"


@pytest.mark.parametrize("request_bytes", [
    b"GET /healthz HTTP/1.1\r\n\r\n",
    b"GET /healthz HTTP/1.1\r\n" + HOST + HOST + b"\r\n",
    b"GET /healthz HTTP/1.1\r\nHost: a, b\r\n\r\n",
    POST + HOST + JSON + b"Content-Length: 27\r\nContent-Length: 5\r\n\r\n" + BODY,
    POST + HOST + JSON + b"Content-Length: 27\r\nContent-Length: 27\r\n\r\n" + BODY,
    POST + HOST + JSON + b"Content-Length: 27\r\nTransfer-Encoding: chunked\r\n\r\n" + BODY,
    POST + HOST + JSON + b"Transfer-Encoding: gzip, chunked\r\n\r\n" + BODY,
    POST + HOST + JSON + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    POST + HOST + JSON + b"Content-Length: -1\r\n\r\n",
    POST + HOST + JSON + b"Content-Length: 0x10\r\n\r\n",
    POST + HOST + JSON + b"Content-Length: 99999999999999999999999\r\n\r\n",
    POST + HOST + JSON + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n\r\n",
    b"GET /healthz HTTP/1.1\r\n" + HOST + b"Broken header\r\n\r\n",
    b"GET /healthz HTTP/1.1\r\n" + HOST + b"X: " + b"a" * 20000 + b"\r\n\r\n",
    b"GET /healthz HTTP/1.1\r\n" + HOST + b"".join(b"X%d: a\r\n" % i for i in range(200)) + b"\r\n",
    b"GET /" + b"a" * 20000 + b" HTTP/1.1\r\n" + HOST + b"\r\n",
    b"GET /" + b"a" * 200000 + b" HTTP/1.1\r\n" + HOST + b"\r\n",
    b"GET  HTTP/1.1\r\n" + HOST + b"\r\n",
    b"GET /api/v1/customers?city=%zz HTTP/1.1\r\n" + HOST + b"\r\n",
    b"GET /api/v1/customers?city=%ff HTTP/1.1\r\n" + HOST + b"\r\n",
    b"GET /api/v1/customers?city=%00 HTTP/1.1\r\n" + HOST + b"\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    b"\r\n\r\n\r\n garbage \x00\x01\x02\r\n\r\n",
])
def test_malformed_requests_are_refused(server, request_bytes):
    received = exchange(server, request_bytes, shut=True)
    assert status_of(received) in (None, 400, 413, 414, 431), received[:300]
    assert b"HTTP/1.1 2" not in received
    server.get("/healthz")


@pytest.mark.parametrize("query", [b"city=%FF", b"city=%zz", b"&".join([b"a=1"] * 49)])
def test_a_bad_query_is_told_and_logged_with_its_path(server, query):
    before = len(server.errors)
    received = exchange(server, b"GET /api/v1/customers?" + query + b" HTTP/1.1\r\n" + HOST + b"\r\n")
    assert status_of(received) in (400, 414)
    assert json.loads(received.partition(b"\r\n\r\n")[2])["instance"] == "/api/v1/customers"
    deadline = time.monotonic() + 5
    while not any(" path=/api/v1/customers " in line for line in server.errors[before:]):
        assert time.monotonic() < deadline
        time.sleep(0.02)


CHUNKED = POST + HOST + JSON + b"Transfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize("shut", [True, False])
@pytest.mark.parametrize("status, request_bytes", [
    (400, b"GET /healthz HTTP/1.1\r\n\r\n"),
    (400, b"GET  HTTP/1.1\r\n" + HOST + b"\r\n"),
    (400, b"GET /healthz\r\n" + HOST + b"\r\n"),
    (400, b"GET /healthz XTTP/1.1\r\n" + HOST + b"\r\n"),
    (505, b"GET /healthz HTTP/0.9\r\n" + HOST + b"\r\n"),
    (505, b"GET /healthz HTTP/9.9\r\n" + HOST + b"\r\n"),
    (505, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    (400, b"GET /healthz HTTP/1.1\r\n" + HOST + b"Broken header\r\n\r\n"),
    (400, POST + HOST + JSON + b"Content-Length: -1\r\n\r\n"),
    (400, POST + HOST + JSON + b"Content-Length: 0x10\r\n\r\n"),
    (400, POST + HOST + JSON + b"Content-Length: \r\n\r\n"),
    (413, POST + HOST + JSON + b"Content-Length: 99999999999999999999999\r\n\r\n"),
    (431, b"GET /healthz HTTP/1.1\r\n" + HOST + b"X: " + b"a" * 60000 + b"\r\n\r\n"),
    (431, b"GET /healthz HTTP/1.1\r\n" + HOST + b"".join(b"X%d: a\r\n" % i for i in range(2000)) + b"\r\n"),
    (414, b"GET /" + b"a" * 60000 + b" HTTP/1.1\r\n" + HOST + b"\r\n"),
    (431, b"GET /?" + b"a&" * 4500 + b" HTTP/1.1\r\n" + HOST + b"\r\n"),
    (414, b"GET /?" + b"a&" * 9000 + b" HTTP/1.1\r\n" + HOST + b"\r\n"),
    (414, b"A" * 40000 + b" / HTTP/1.1\r\n" + HOST + b"\r\n"),
    (400, CHUNKED + b"zz\r\n\r\n"),
    (400, CHUNKED + b"2\r\n{}xx0\r\n\r\n"),
    (413, CHUNKED + b"fffffffffffffffffffff\r\n\r\n"),
    (400, CHUNKED + b"2\r\n{}\r\n0\r\nbad\r\n\r\n"),
    (431, CHUNKED + b"2\r\n{}\r\n0\r\nX: " + b"a" * 40000 + b"\r\n\r\n"),
])
def test_what_the_http_library_refuses_is_a_problem_too(server, status, request_bytes, shut):
    """It would answer HTML, in some cases with the head sent twice."""
    received = exchange(server, request_bytes, shut=shut)
    head, _, body = received.partition(b"\r\n\r\n")
    headers = {name.lower(): value for name, _, value in
               (line.decode().partition(": ") for line in head.split(b"\r\n")[1:])}
    assert status_of(received) == status, received[:300]
    assert headers["content-type"] == "application/problem+json" and headers["connection"].lower() == "close"
    assert int(headers["content-length"]) == len(body)
    problem = json.loads(body)
    assert problem["status"] == status and problem["title"] and problem["detail"] and problem["type"] == "about:blank"


@pytest.mark.parametrize("request_bytes", [b"GET\r\n" + HOST + b"\r\n", b"GET /hea lthz HTTP/1.1\r\n" + HOST + b"\r\n",
                                           b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\n\n"])
def test_what_does_not_begin_like_a_request_is_hung_up_on(server, request_bytes):
    begun = time.monotonic()
    assert exchange(server, request_bytes) == b"" and time.monotonic() - begun < 3


def test_refusals_are_logged_and_counted(server):
    exchange(server, CHUNKED + b"zz\r\n\r\n")
    time.sleep(0.2)
    assert any("method=POST" in line and "status=400" in line and "outcome=aborted" in line for line in server.errors)


def test_refusals_of_framing_close_and_explain(server):
    received = exchange(server, POST + HOST + JSON + b"Content-Length: 27\r\nTransfer-Encoding: chunked\r\n\r\n" + BODY)
    assert status_of(received) == 400 and b"application/problem+json" in received
    assert b"connection: close" in received.lower()


LOST = [b"Content-Length:\r\n 34", b"Content-Length: 0\r\n 34", b"Transfer-Encoding: chunked\r\n ",
        b"Transfer-Encoding: chunked\0, identity", b": x\r\nContent-Length: 34", b"\0x\r\nContent-Length: 34",
        b"Content-Length: 31\0 5"]


@pytest.mark.parametrize("framing", LOST)
def test_a_body_whose_framing_is_lost_is_no_request(server, framing):
    hidden = b"GET /readyz HTTP/1.1\r\n" + HOST + b"\r\n"
    for body in (hidden, b"0\r\n\r\n" + hidden):
        for line in (POST, b"GET /healthz HTTP/1.1\r\n"):
            received = exchange(server, line + HOST + JSON + framing + b"\r\n\r\n" + body, shut=True)
            assert b"ready" not in received, (line, received)


@pytest.mark.parametrize("chunk", [b"1b;" + b"a" * 20000, b"0" * 30000 + b"1b"])
def test_chunks_with_long_lines_are_an_error_of_the_client(server, chunk):
    received = exchange(server, POST + HOST + JSON + b"Transfer-Encoding: chunked\r\n\r\n" + chunk + b"\r\n" + BODY)
    assert status_of(received) == 400


def test_paths_are_decoded_strictly(server):
    row = server.get("/api/v1/customers?limit=1").json()["data"][0]["id"]
    end = b" HTTP/1.1\r\n" + HOST + b"\r\n"
    for path in (b"/api/v1/%63ustomers/" + row.encode(), b"/api/v1/customer%73", b"/%68ealthz", b"/health%7A?"):
        assert status_of(exchange(server, b"GET " + path + end)) == 200, path
    for path in (b"/api/v1/customers%2F" + row.encode(), b"/api/v1//customers", b"/api/v1/customers/",
                 b"/API/v1/customers", b"/api/v1/customers/..", b"/api/v1/customers/%00", b"/api/v1/customer", b"/%",
                 b"/healthz%7A", b"/health%", b"/health%7", b"/healthz/", b"/api/v1/runs/{id}"):
        assert status_of(exchange(server, b"GET " + path + end)) == 404, path


def test_keep_alive_pipelining_chunks_and_old_clients(server):
    two = exchange(server, (b"GET /healthz HTTP/1.1\r\n" + HOST + b"\r\n") * 2 +
                   b"GET /healthz HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n", shut=True)
    assert two.count(b"HTTP/1.1 200") == 3
    chunked = exchange(server, POST + HOST + JSON + b"Transfer-Encoding: chunked\r\n\r\n" +
                       b"5\r\n" + BODY[:5] + b"\r\n" + b"%x\r\n" % (len(BODY) - 5) + BODY[5:] + b"\r\n0\r\n\r\n")
    assert status_of(chunked) == 200
    assert exchange(server, b"GET /healthz HTTP/1.0\r\n\r\n", shut=True).startswith(b"HTTP/1.")
    expecting = POST + HOST + JSON + b"Expect: 100-continue\r\nContent-Length: 27\r\n\r\n"
    waited = exchange(server, expecting + BODY)
    assert b"HTTP/1.1 200" in waited


@pytest.mark.parametrize("accept, status, media_type", [
    ("text/csv;q=0.1, application/json;q=0.9", 200, "application/json"),
    ("application/json;q=0, */*", 200, "application/x-ndjson"),
    ("application/json;q=0", 406, "application/problem+json"),
    ("text/*", 200, "text/csv"),
    ("application/JSON; charset=utf-8", 200, "application/json"),
    ("application/json;q=abc", 406, "application/problem+json"),
    (",;q=,,", 406, "application/problem+json"),
    ("image/png", 406, "application/problem+json"),
])
def test_accept_is_weighed(server, accept, status, media_type):
    answer = server.get("/api/v1/customers?limit=1&fields=id", status, headers={"Accept": accept})
    assert answer.headers["Content-Type"] == media_type


def test_queries_and_cursors_that_were_tampered_with(server):
    cursor = server.get("/api/v1/customers?limit=1").json()["next_cursor"]
    assert server.get(f"/api/v1/customers?limit=1&cursor={cursor}").json()["data"]
    assert server.get(f"/api/v1/customers?cursor={cursor[:3]}{'f' * 32}").json()["data"] == []
    for bad in (cursor[:-1], cursor + "0", "c" + cursor, cursor[:-1] + "-", cursor[:-1] + "%00", "%20" + cursor):
        server.get(f"/api/v1/customers?cursor={bad}", 400)
    server.get(f"/api/v1/products?cursor={cursor}", 400)
    for query in ("limit=0", "limit=-1", "limit=1001", "limit=1e2", "limit=%2B5", "limit=", "limit", "limit=1&limit=1",
                  "fields=", "fields=id,", "fields=id,id", "fields=*", "credit_limit[gt]=99999999999999999999",
                  "id[like]=a", "id[]=a", "id[eq=a", "[eq]=a", "=a"):
        server.get("/api/v1/customers?" + query, 400)
    assert server.get("/api/v1/customers?email=%27%20OR%201=1--").json()["data"] == []
    assert len(server.get("/api/v1/customers?&&limit=%31&&").json()["data"]) == 1


def test_bodies_beyond_the_limit(server):
    told = exchange(server, POST + HOST + JSON + b"Content-Length: 2000000\r\n\r\n")
    assert status_of(told) == 413 and b"application/problem+json" in told
    chunk = b"10000\r\n" + b" " * 65536 + b"\r\n"
    sent = exchange(server, POST + HOST + JSON + b"Transfer-Encoding: chunked\r\n\r\n" + chunk * 20 + b"0\r\n\r\n")
    assert status_of(sent) == 413
    server.get("/healthz")


def test_a_body_without_end_is_answered_once_and_cut(server):
    chunk = b"10000\r\n" + b" " * 65536 + b"\r\n"
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as connection:
        connection.sendall(POST + HOST + JSON + b"Transfer-Encoding: chunked\r\n\r\n")
        with pytest.raises(OSError):
            while True:
                connection.sendall(chunk)
                readable, _, _ = select.select([connection], [], [], 0)
                if readable and complete(connection.recv(65536, socket.MSG_PEEK)):
                    break
            told = connection.recv(65536)
            assert status_of(told) == 413 and b"application/problem+json" in told and b"Connection: close" in told
            while True:
                connection.sendall(chunk)
    for end in (b"0\r\n\r\nGET /healthz HTTP/1.1\r\n" + HOST + b"\r\n", b"", b"nonsense\r\n\r\n"):
        received = exchange(server, POST + HOST + JSON + b"Transfer-Encoding: chunked\r\n\r\n" + chunk * 100 + end)
        assert status_of(received) == 413 and received.count(b"HTTP/1.1 ") == 1
    server.get("/healthz")


def test_methods(server):
    for method in ("PUT", "PATCH", "DELETE", "TRACE", "BREW"):
        answer = server.call(method, "/api/v1/customers", 405)
        assert answer.headers["Allow"] == "GET, HEAD, OPTIONS"
    assert server.call("OPTIONS", "/api/v1/generate/orders", 204).headers["Allow"] == "POST, OPTIONS"
    head, get = server.call("HEAD", "/api/v1/brands", 200), server.get("/api/v1/brands")
    assert head.content == b"" and head.headers["Content-Length"] == get.headers["Content-Length"]
    assert "Access-Control-Allow-Origin" not in get.headers
    server.get("/nothing", 404)


def test_pages_of_other_sites_change_nothing(server):
    before = server.count("customers")
    server.post("/api/v1/generate/customers", {}, 403, headers={"Sec-Fetch-Site": "cross-site"})
    server.call("POST", "/api/v1/generate/customers", 403, headers={"Sec-Fetch-Site": "cross-site"})
    assert server.count("customers") == before
    server.post("/api/v1/generate/customers", {"persist": False}, 200, headers={"Sec-Fetch-Site": "same-origin"})


def test_request_ids_come_back(server):
    parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    answer = server.get("/healthz", headers={"X-Request-Id": "abc-1", "traceparent": parent})
    assert answer.headers["X-Request-Id"] == "abc-1" and answer.headers["traceparent"] == parent
    answer = server.get("/healthz", headers={"X-Request-Id": "a b\"c", "traceparent": "00-zz"})
    assert len(answer.headers["X-Request-Id"]) == 36 and "traceparent" not in answer.headers
    time.sleep(0.2)
    assert any("id=abc-1 " in line and "status=200" in line and "trace=4bf92f" in line for line in server.errors)


@pytest.fixture(scope="module")
def hasty(start_server):
    """A server that waits two seconds for anybody."""
    return start_server("--timeout", "2")


@pytest.mark.parametrize("start", [
    b"GET /hea",
    b"GET /healthz HTTP/1.1\r\nHo",
    POST + HOST + JSON + b"Content-Length: 27\r\n\r\n{",
    POST + HOST + JSON + b"Transfer-Encoding: chunked\r\n\r\n1000\r\n",
])
def test_slow_drips_are_cut_off(hasty, start):
    begun = time.monotonic()
    with socket.create_connection(("127.0.0.1", hasty.port), timeout=10) as link:
        link.sendall(start)
        try:
            while time.monotonic() - begun < 15:
                time.sleep(0.25)
                link.sendall(b" ")
                link.settimeout(0.05)
                try:
                    if link.recv(1000) == b"":
                        break
                except TimeoutError:
                    pass
        except (BrokenPipeError, ConnectionResetError):
            pass
    assert time.monotonic() - begun < 8
    hasty.get("/healthz")


def test_stalled_readers_are_dropped(hasty):
    links = []
    for _ in range(20):
        link = socket.socket()
        link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        link.connect(("127.0.0.1", hasty.port))
        link.sendall(b"GET /api/v1/order_items?limit=1000 HTTP/1.1\r\n" + HOST + b"\r\n")
        link.sendall((b"GET /openapi.json HTTP/1.1\r\n" + HOST + b"\r\n") * 50)
        links.append(link)
    until = time.monotonic() + 40
    while time.monotonic() < until:
        text = hasty.get("/metrics").text
        if int(text.split("\ncartwright_http_connections ")[1].split("\n")[0]) <= 1:
            break
        time.sleep(0.5)
    else:
        raise AssertionError("stalled readers are still connected")
    for link in links:
        link.close()
