"""REST by Python's http.client and by curl."""
import gzip
import json
import re
import socket
import subprocess

import pytest

import rest
from daemon import ROOT

FORMATS = {"decimal": 0, "hex": 16, "base32": 13, "base62": 11}


def get(target, path, **headers):
    return rest.get(target, path, {name.replace("_", "-"): value for name, value in headers.items()})


def curl(*args):
    done = subprocess.run(
        ["curl", "-sS", "--max-time", "20", *args], capture_output=True, text=True, check=True
    )
    return done.stdout


def raw(target, request):
    """Sends bytes, returns all that comes until the server closes."""
    host, port = target.http.split(":")
    with socket.create_connection((host, int(port)), timeout=20) as stream:
        stream.sendall(request)
        got = b""
        while piece := stream.recv(65536):
            got += piece
    return got


# What the methods give


def test_id(shared):
    reply = get(shared, "/v1/id")
    assert (reply.status, reply.type) == (200, "application/json")
    assert reply.headers["Cache-Control"] == "no-store"
    assert list(reply.json()) == ["id"] and reply.json()["id"].isdigit()


@pytest.mark.parametrize("count", [1, 2, 1000, 100_000])
def test_ids(shared, count):
    reply = get(shared, f"/v1/ids?count={count}")
    assert reply.status == 200
    ids = [int(text) for text in reply.json()["ids"]]
    assert len(ids) == count and ids == sorted(set(ids))


def test_count_is_required(shared):
    assert "count" in get(shared, "/v1/ids").is_problem(400, "invalid-argument")


def test_runs(shared):
    reply = get(shared, "/v1/ids?count=10000&form=runs")
    runs = reply.json()["runs"]
    assert sum(run["count"] for run in runs) == 10000
    assert all(set(run) == {"first", "count", "step"} for run in runs)
    assert all(isinstance(run["first"], str) and isinstance(run["step"], str) for run in runs)


def test_a_million_ids_one_after_another(shared):
    reply = get(shared, "/v1/ids?count=1000000", Accept="text/plain")
    lines = reply.text.splitlines()
    assert len(lines) == 1_000_000 and int(lines[0]) < int(lines[-1])
    assert int(reply.headers["Content-Length"]) == len(reply.body)


def test_describe_and_bounds(shared):
    one = get(shared, "/v1/id").json()["id"]
    told = get(shared, f"/v1/ids/{one}").json()
    assert told["id"] == one and told["node"] == 7 and told["layout"]["timeUnit"] == "1ms"
    assert all(isinstance(told[name], str) for name in ("timeMs", "tick"))
    ms = int(told["timeMs"])
    bounds = get(shared, f"/v1/ids:bounds?start={ms}&end={ms + 1}").json()
    assert int(bounds["minId"]) <= int(one) <= int(bounds["maxId"])


def test_bounds_take_encoded_times(shared):
    plain = get(shared, "/v1/ids:bounds?start=2026-03-01T12:00:00Z&end=2026-03-01T13:00:00Z").json()
    coded = get(
        shared, "/v1/ids:bounds?start=2026-03-01T14%3A00%3A00%2B02%3A00&end=2026-03-01T13%3A00%3A00Z"
    ).json()
    assert plain == coded
    assert get(shared, "/v1/ids%3Abounds?start=2026-03-01T12:00:00Z&end=2026-03-01T13:00:00Z").status in (
        200,
        404,
    )


# Forms


@pytest.mark.parametrize("form", FORMATS)
def test_formats_read_back(shared, form):
    texts = get(shared, f"/v1/ids?count=5000&format={form}").json()["ids"]
    if FORMATS[form]:
        assert {len(text) for text in texts} == {FORMATS[form]}
        assert texts == sorted(texts), "text order is not that of the IDs"
    for text in (texts[0], texts[-1]):
        told = get(shared, f"/v1/ids/{text}?format={form}")
        assert told.status == 200 and told.json()["id"] == text
    decimal = [
        int(get(shared, f"/v1/ids/{text}?format={form}").json()["tick"]) for text in (texts[0], texts[-1])
    ]
    assert decimal[0] < decimal[1]


def test_hex_is_the_number(shared):
    told = get(shared, "/v1/ids/00000000075bcd15?format=hex").json()
    plain = get(shared, "/v1/ids/123456789").json()
    assert {**told, "id": "123456789"} == plain


@pytest.mark.parametrize("form", FORMATS)
def test_formats_hold_everywhere(shared, form):
    width = FORMATS[form]
    one = get(shared, f"/v1/id?format={form}").json()["id"]
    run = get(shared, f"/v1/ids?count=2&form=runs&format={form}").json()["runs"][0]["first"]
    bounds = get(shared, f"/v1/ids:bounds?start=0&end=1&format={form}")
    assert bounds.status == 400
    bounds = get(shared, f"/v1/ids:bounds?start=1798761600000&end=1798761600001&format={form}").json()
    assert not width or {len(one), len(run), len(bounds["minId"]), len(bounds["maxId"])} == {width}


def test_text(shared):
    one = get(shared, "/v1/id", Accept="text/plain")
    assert one.type == "text/plain" and one.text == one.text.strip() + "\n" and one.text.strip().isdigit()
    many = get(shared, "/v1/ids?count=3", Accept="text/plain")
    assert len(many.text.split("\n")) == 4 and many.text.endswith("\n")
    runs = get(shared, "/v1/ids?count=3&form=runs", Accept="text/plain")
    assert all(len(line.split(" ")) == 3 for line in runs.text.splitlines())


@pytest.mark.parametrize(
    "accept, type_",
    [
        ("*/*", "application/json"),
        ("application/*", "application/json"),
        ("text/*", "text/plain"),
        ("text/plain;q=0.5, application/json", "application/json"),
        ("text/plain, application/json;q=0.9", "text/plain"),
        ("application/json;q=0, */*", "text/plain"),
        ("text/plain;q=0, */*;q=0.1", "application/json"),
        ("image/png, */*;q=0.1", "application/json"),
    ],
)
def test_accept(shared, accept, type_):
    reply = get(shared, "/v1/id", Accept=accept)
    assert (reply.status, reply.type) == (200, type_)


@pytest.mark.parametrize(
    "accept", ["image/png", "application/json;q=0, text/plain;q=0", "application/xml, text/css"]
)
def test_not_acceptable(shared, accept):
    get(shared, "/v1/id", Accept=accept).is_problem(406, "not-acceptable")


# Mistakes


@pytest.mark.parametrize(
    "path, status, code, word",
    [
        ("/v1/ids?count=0", 400, "out-of-range", "allowed 1 to 1000000"),
        ("/v1/ids?count=1000001", 400, "out-of-range", "1000001"),
        ("/v1/ids?count=4294967297", 400, "out-of-range", "count"),
        ("/v1/ids?count=-1", 400, None, "count"),
        ("/v1/ids?count=many", 400, "invalid-argument", "count"),
        ("/v1/ids?count=", 400, "invalid-argument", "count"),
        ("/v1/ids?count=1.5", 400, "invalid-argument", "count"),
        ("/v1/ids?count=%31%00", 400, None, ""),
        ("/v1/ids?count=%zz", 400, "invalid-argument", ""),
        ("/v1/ids?count=1&tag=1", 400, "out-of-range", "tag"),
        ("/v1/ids?count=1&count=1", 400, "repeated-parameter", "count"),
        ("/v1/ids?count=1&format=hex&format=hex", 400, "repeated-parameter", "format"),
        ("/v1/ids?count=1&colour=red", 400, "unknown-parameter", "colour"),
        ("/v1/ids?Count=1", 400, "unknown-parameter", "Count"),
        ("/v1/id?count=1", 400, "unknown-parameter", "count"),
        ("/v1/id?format=octal", 400, "invalid-argument", "base62"),
        ("/v1/ids?count=1&form=rows", 400, "invalid-argument", "runs"),
        ("/v1/ids/x", 400, "invalid-argument", "x"),
        ("/v1/ids/-1", 400, None, ""),
        ("/v1/ids/9223372036854775808", 400, "out-of-range", ""),
        ("/v1/ids/1?id=2", 400, None, "id"),
        ("/v1/ids/zzzzzzzzzzz?format=base62", 400, "out-of-range", ""),
        ("/v1/ids/abc?format=hex", 400, "invalid-argument", ""),
        ("/v1/ids:bounds", 400, "invalid-argument", "start"),
        ("/v1/ids:bounds?start=2026-03-01T12:00:00Z", 400, "invalid-argument", "end"),
        ("/v1/ids:bounds?start=x&end=y", 400, "invalid-argument", "start"),
        ("/v1/ids:bounds?start=1798761600000&end=1798761600000", 400, "out-of-range", "end"),
        ("/v1", 404, "not-found", ""),
        ("/v1/", 404, "not-found", ""),
        ("/v1/idx", 404, "not-found", ""),
        ("/v1/id/", 404, "not-found", ""),
        ("/v1/ids/1/2", 404, "not-found", ""),
        ("/v1/ids/", 404, "not-found", ""),
        ("/v2/id", 404, "not-found", ""),
        ("/livezz", 404, "not-found", ""),
        ("/docs/../etc/passwd", 404, "not-found", ""),
        ("/favicon.icon", 404, "not-found", ""),
    ],
)
def test_mistakes(shared, path, status, code, word):
    reply = get(shared, path)
    detail = reply.is_problem(status, code or reply.json()["code"])
    assert word in detail


@pytest.mark.parametrize(
    "path", ["/v1/id", "/v1/ids?count=1", "/v1/ids/1", "/", "/docs", "/openapi.yaml", "/livez", "/metrics"]
)
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_other_methods_are_not_allowed(shared, path, method):
    reply = rest.get(shared, path, method=method)
    assert reply.status == 405
    assert {word.strip() for word in reply.headers["Allow"].split(",")} == {"GET", "HEAD", "OPTIONS"}
    if reply.type:
        reply.is_problem(405, "method-not-allowed")


@pytest.mark.parametrize("method", ["TRACE", "CONNECT", "BREW", "get"])
def test_methods_that_are_none_of_ours(shared, method):
    """The library below refuses some of them before the path is looked at; nothing is echoed."""
    got = raw(
        shared, f"{method} /v1/id HTTP/1.1\r\nHost: x\r\nX-Secret: 7\r\nConnection: close\r\n\r\n".encode()
    )
    assert got.split()[1] in (b"400", b"405", b"501") and b"X-Secret" not in got


def test_uri_too_long(shared):
    get(shared, "/v1/ids?count=1&format=" + "x" * 6000).is_problem(414, "uri-too-long")


def test_headers_too_large(shared):
    get(shared, "/v1/id", X_Long="x" * 12_000).is_problem(431, "headers-too-large")


def test_headers_far_too_large(shared):
    try:
        assert get(shared, "/v1/id", X_Long="x" * 1_000_000).status in (400, 431)
    except OSError:
        pass  # refused while it was still being sent
    assert get(shared, "/v1/id").status == 200


@pytest.mark.parametrize(
    "noise",
    [
        b"\r\n\r\n",
        b"GET\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        b"GET /v1/id HTTP/9.9\r\n\r\n",
    ],
)
def test_noise(shared, noise):
    try:
        got = raw(shared, noise)
    except ConnectionResetError:
        got = b""
    assert not got or got.startswith(b"HTTP/1.1 4") or got.startswith(b"HTTP/1.1 505"), got[:100]
    assert get(shared, "/v1/id").status == 200


# HTTP


@pytest.mark.parametrize(
    "path", ["/v1/id", "/v1/ids?count=3", "/v1/ids/1", "/", "/docs", "/openapi.yaml", "/metrics", "/livez"]
)
def test_head_is_get_without_a_body(shared, path):
    head, whole = rest.get(shared, path, method="HEAD"), get(shared, path)
    assert (head.status, head.type, head.body) == (whole.status, whole.type, b"")
    assert "Content-Length" in head.headers


def test_head_of_a_problem(shared):
    head = rest.get(shared, "/v1/ids?count=0", method="HEAD")
    assert (head.status, head.type, head.body) == (400, "application/problem+json", b"")


@pytest.mark.parametrize("path", ["/v1/id", "/v1/ids", "/"])
def test_options(shared, path):
    reply = rest.get(shared, path, method="OPTIONS")
    assert reply.status in (200, 204) and reply.body == b""
    assert {word.strip() for word in reply.headers["Allow"].split(",")} == {"GET", "HEAD", "OPTIONS"}
    assert "Access-Control-Allow-Origin" not in reply.headers


def test_keep_alive(shared):
    connection = rest.connect(shared)
    sockets = set()
    for path in ["/v1/id"] * 5 + ["/v1/ids?count=0", "/nowhere", "/v1/ids?count=20000"] + ["/v1/id"] * 3:
        rest.ask(connection, path)
        sockets.add(connection.sock and connection.sock.getsockname())
    rest.ask(connection, "/v1/id", method="HEAD")
    assert rest.ask(connection, "/v1/id").status == 200
    assert len(sockets) == 1 and None not in sockets, "the connection did not stay"
    connection.close()


def test_requests_one_after_another_without_waiting(shared):
    request = b"GET /v1/id HTTP/1.1\r\nHost: x\r\n\r\n"
    got = raw(shared, request * 4 + b"GET /v1/id HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert got.count(b"HTTP/1.1 200") == 5


def test_http_1_0(shared):
    got = raw(shared, b"GET /v1/id HTTP/1.0\r\n\r\n")
    assert got.split(b"\r\n")[0].endswith(b"200 OK") and b'{"id":"' in got
    assert b"chunked" not in got.lower()


def test_a_body_on_get_does_no_harm(shared):
    got = raw(shared, b"GET /v1/id HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello")
    assert got.startswith(b"HTTP/1.1 ") and got.count(b"HTTP/1.1 ") == 1


def test_a_refused_post_does_not_confuse_the_connection(shared):
    post = (
        b"POST /v1/id HTTP/1.1\r\nHost: x\r\nContent-Length: 33\r\n\r\nGET /v1/smuggled HTTP/1.1\r\n\r\n12345"
    )
    got = raw(shared, post + b"GET /v1/id HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert b"405" in got.split(b"\r\n")[0] and b"404" not in got


def test_request_ids_come_back_with_the_debug_log(start):
    target = start("--log-level", "debug")
    assert get(target, "/v1/id", X_Request_Id="abc-123").headers["X-Request-Id"] == "abc-123"
    assert get(target, "/v1/id").headers["X-Request-Id"]
    got = raw(target, b"GET /v1/id HTTP/1.1\r\nHost: x\r\nX-Request-Id: a\x01b<>\r\nConnection: close\r\n\r\n")
    assert b"\x01" not in got and b"<" not in got


# Cross origin


def test_cors_is_off(shared):
    for method in ("GET", "OPTIONS"):
        headers = {"Origin": "https://example.org", "Access-Control-Request-Method": "GET"}
        reply = rest.get(shared, "/v1/id", headers, method)
        assert not [name for name in reply.headers if name.lower().startswith("access-control")]


@pytest.mark.parametrize("origin", ["https://example.org", "*"])
def test_cors_on(start, origin):
    target = start("--cors-origin", origin)
    reply = get(target, "/v1/id", Origin="https://example.org")
    assert reply.headers["Access-Control-Allow-Origin"] == origin
    preflight = rest.get(
        target, "/v1/id", {"Origin": "https://example.org", "Access-Control-Request-Method": "GET"}, "OPTIONS"
    )
    assert preflight.status in (200, 204)
    assert preflight.headers["Access-Control-Allow-Origin"] == origin
    assert "GET" in preflight.headers["Access-Control-Allow-Methods"]
    assert (
        get(target, "/v1/ids?count=0", Origin="https://example.org").headers["Access-Control-Allow-Origin"]
        == origin
    )


# Pages


def test_root_gives_curl_an_id(shared):
    text = curl(shared.url)
    assert text.endswith("\n") and text.strip().isdigit()
    assert int(curl(shared.url)) > int(text)


def test_root_gives_a_browser_a_page(shared):
    accept = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"
    reply = get(shared, "/", Accept=accept)
    assert (reply.status, reply.type) == (200, "text/html")
    assert "Accept" in reply.headers["Vary"]
    policy = reply.headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy and "unsafe" not in policy and "data:" not in policy


def test_root_gives_json_on_request(shared):
    assert get(shared, "/", Accept="application/json").json()["id"].isdigit()


def test_openapi_is_the_file(shared):
    reply = get(shared, "/openapi.yaml")
    assert reply.body == (ROOT / "openapi.yaml").read_bytes()
    assert "yaml" in reply.type


def assets(target):
    page = get(target, "/docs", Accept="text/html")
    if page.status in (301, 302, 307, 308):
        page = get(target, page.headers["Location"], Accept="text/html")
    assert (page.status, page.type) == (200, "text/html")
    return [name for name in re.findall(r'(?:src|href)="([^"]+)"', page.text) if not name.startswith("data:")]


def test_docs_load_nothing_from_elsewhere(shared):
    names = assets(shared)
    assert names and not [name for name in names if "//" in name]


def asset(target):
    names = [name for name in assets(target) if "bundle" in name]
    assert names, "no bundle of Swagger UI on the page"
    return names[0] if names[0].startswith("/") else f"/docs/{names[0].removeprefix('./')}"


def test_assets_are_cached_by_etag(shared):
    path = asset(shared)
    first = get(shared, path)
    etag = first.headers["ETag"]
    assert first.status == 200 and etag
    for value in (etag, f'"other", W/{etag.removeprefix("W/")}', "*"):
        again = get(shared, path, If_None_Match=value)
        assert (again.status, again.body) == (304, b"") and again.headers["ETag"]
    assert get(shared, path, If_None_Match='"other"').status == 200


def test_assets_come_packed_or_plain(shared):
    path = asset(shared)
    packed = get(shared, path, Accept_Encoding="gzip")
    plain = get(shared, path, Accept_Encoding="identity")
    none = get(shared, path)
    refused = get(shared, path, Accept_Encoding="gzip;q=0")
    assert packed.headers["Content-Encoding"] == "gzip" and "Content-Encoding" not in plain.headers
    assert gzip.decompress(packed.body) == plain.body == refused.body
    assert none.body in (plain.body, packed.body)
    assert "Accept-Encoding" in packed.headers["Vary"] and "Accept-Encoding" in plain.headers["Vary"]


def test_curl_shows_a_problem_with_its_status(shared):
    out = curl("-w", "\n%{http_code} %{content_type}", f"{shared.url}/v1/ids?count=0")
    body, last = out.rsplit("\n", 1)
    assert last.startswith("400 application/problem+json")
    assert json.loads(body)["detail"] == "count: 0 is out of range; allowed 1 to 1000000"


def test_curl_unpacks_docs(shared):
    assert "<html" in curl("-L", "--compressed", "-H", "Accept: text/html", f"{shared.url}/docs").lower()
