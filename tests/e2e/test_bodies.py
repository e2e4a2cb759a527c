"""Bodies of JSON over REST, by http.client and by curl; and what browsers of other sites may not do."""
import json
import subprocess

import pytest

import rest

JSON = {"Content-Type": "application/json"}


def curl(*args):
    done = subprocess.run(["curl", "-sS", "--max-time", "20", *args], capture_output=True, text=True)
    assert done.returncode == 0, done
    return done.stdout


@pytest.fixture(scope="module")
def commands(shared):
    """Where commands are sent, with a member who may."""
    joined = rest.post(shared, "/v1/groups/bodies/members", {"name": "first", "ttlMs": 600_000})
    assert joined.status == 200, joined
    return "/v1/groups/bodies/commands"


def text_of(reply):
    assert reply.status == 200, reply
    return reply.json()["command"]["text"]


@pytest.mark.parametrize(
    "query, body",
    [
        ("", {"name": "first", "text": "a"}),
        ("?text=a", {"name": "first"}),
        ("?name=first", {"text": "a", "sessionId": None}),
        ("", {"name": "first", "text": "a", "group": "bodies", "sessionId": "0"}),
        ("", {"name": "first", "text": "a", "sessionId": 0}),
        ("?format=hex", {"name": "first", "text": "a", "sessionId": "0" * 16}),
        ("?name=first&text=a", {}),
    ],
)
def test_fields_come_either_way(shared, commands, query, body):
    assert text_of(rest.post(shared, commands + query, body)) == "a"


@pytest.mark.parametrize(
    "query, body, code, word",
    [
        ("?text=a", {"text": "a"}, "repeated-parameter", "text"),
        ("", {"group": "other"}, "invalid-argument", "path"),
        ("", {"colour": "red"}, "unknown-parameter", "allowed group, name, sessionId, text, requestId"),
        ("", {"text": 7}, "invalid-argument", "a string"),
        ("", {"sessionId": "x"}, "invalid-argument", "sessionId"),
        ("", {"sessionId": "9223372036854775808"}, "out-of-range", "sessionId"),
        ("", [], "invalid-argument", "an object"),
    ],
)
def test_what_is_refused(shared, commands, query, body, code, word):
    assert word in rest.post(shared, commands + query, body).is_problem(400, code)


@pytest.mark.parametrize("body", ["", "{", "{} x", '{"text":"a","text":"b"}', "\0", '"\ud800"'])
def test_what_is_no_json(shared, commands, body):
    sent = body.encode("utf-8", "surrogatepass")
    reply = rest.get(shared, commands, JSON, "POST", sent)
    word = "not JSON" if body else "name: it is empty"  # an empty body is none
    assert word in reply.is_problem(400, "invalid-argument")


def test_media_types(shared, commands):
    body = json.dumps({"name": "first", "text": "a"})
    for type_ in "application/json", "Application/JSON;charset=utf-8", "application/json ; x=y":
        assert text_of(rest.get(shared, commands, {"Content-Type": type_}, "POST", body)) == "a"
    for type_ in "text/plain", "application/x-www-form-urlencoded", "application/jsonp", "":
        reply = rest.get(shared, commands, {"Content-Type": type_}, "POST", body)
        assert "application/json" in reply.is_problem(415, "unsupported-media-type")


def test_sizes(shared, commands):
    longest = "\u00fc" * 8192  # 16,384 bytes
    assert text_of(rest.post(shared, commands, {"name": "first", "text": longest})) == longest
    assert text_of(rest.post(shared, commands, {"name": "first", "text": "\n" * 16_000})) == "\n" * 16_000
    body = json.dumps({"name": "first", "text": longest}, ensure_ascii=False).encode()
    assert text_of(rest.get(shared, commands, JSON, "POST", body)) == longest
    rest.post(shared, commands, {"name": "first", "text": longest + "x"}).is_problem(413, "too-large")
    rest.post(shared, commands, {"name": "first", "text": "x" * 100_000}).is_problem(413, "too-large")
    members = commands.replace("commands", "members")
    rest.post(shared, members, {"name": "n" * 13_000}).is_problem(413, "too-large")


def test_by_curl(shared, commands, tmp_path):
    """In one piece, in chunks, and only once it is asked for."""
    body = json.dumps({"name": "first", "text": "x" * 16_000})
    file = tmp_path / "body"
    file.write_text(body)
    ways = (
        ["--data-binary", f"@{file}"],
        ["-T", str(file), "-X", "POST", "-H", "Transfer-Encoding: chunked"],
        ["--data-binary", f"@{file}", "-H", "Expect: 100-continue", "--expect100-timeout", "19"],
        ["--data-binary", f"@{file}", "--http1.0"],
    )
    for way in ways:
        told = curl(*way, "-H", "Content-Type: application/json", shared.url + commands)
        assert json.loads(told)["command"]["text"] == "x" * 16_000, way


def test_a_connection_goes_on_after_a_body(shared, commands):
    connection = rest.connect(shared)
    members = commands.replace("commands", "members")
    for _ in range(3):
        for body, status in ('{"name":"first","text":"a"}', 200), ("{", 400):
            assert rest.ask(connection, commands, JSON, "POST", body).status == status
        assert rest.ask(connection, members, JSON, "POST", "[" * 50_000).status == 413
        assert rest.ask(connection, commands, {}, "POST", "{}").status == 415
        assert rest.ask(connection, "/v1/id").status == 200
    connection.close()


def test_keys_are_the_same_over_both_ways(shared, commands):
    first = rest.post(shared, commands, {"name": "first", "text": "k", "requestId": "bodies 1"}).json()
    for reply in (
        rest.post(shared, commands, {"name": "first", "text": "k"}, {"Idempotency-Key": '"bodies 1"'}),
        rest.post(shared, commands + "?requestId=bodies%201", {"name": "first", "text": "k"}),
    ):
        assert reply.json() == {"command": first["command"], "repeat": True}
    both = rest.post(
        shared, commands, {"name": "first", "text": "k", "requestId": "k"}, {"Idempotency-Key": "k"}
    )
    both.is_problem(400, "repeated-parameter")
    other = rest.post(shared, commands, {"name": "first", "text": "l", "requestId": "bodies 1"})
    other.is_problem(422, "request-mismatch")


def test_pages_of_other_sites_change_nothing(shared, commands):
    body = {"name": "first", "text": "a"}
    for headers in {"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}:
        rest.post(shared, commands, body, headers).is_problem(403, "forbidden")
        away = rest.get(shared, "/v1/groups/bodies/members/first", headers, "DELETE")
        away.is_problem(403, "forbidden")
        assert rest.get(shared, "/v1/groups/bodies/members", headers).status == 200
    assert text_of(rest.post(shared, commands, body, {"Origin": f"http://{shared.http}"})) == "a"


def test_the_page_that_cors_allows(start):
    for origin in "https://ops.example", "*":
        target = start("--cors-origin", origin)
        headers = {"Origin": "https://ops.example", "Sec-Fetch-Site": "cross-site"}
        assert rest.post(target, "/v1/groups/g/members", {"name": "first"}, headers).status == 200
        preflight = {"Origin": "https://ops.example", "Access-Control-Request-Method": "POST"}
        told = rest.get(target, "/v1/groups/g/members", preflight, "OPTIONS").headers
        assert "Content-Type" in told["Access-Control-Allow-Headers"]
        assert "POST" in told["Access-Control-Allow-Methods"]
