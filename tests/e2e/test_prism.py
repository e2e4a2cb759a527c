"""Every reply of REST against openapi.yaml, by Prism as a proxy that reports what does not fit."""
import json
import random
import subprocess
import urllib.parse

import pytest
import yaml

import rest
from daemon import NODE, ROOT, environment

pytestmark = pytest.mark.slow_client
SEED = 20260301


class Proxy:
    """Prism before an ordinald; `http` is where it listens."""

    def __init__(self, target, port):
        self.http = f"127.0.0.1:{port}"
        self.lines = []
        command = [NODE / "node_modules/.bin/prism", "proxy", ROOT / "openapi.yaml", target.url, "--errors"]
        command += ["--host", "127.0.0.1", "--port", str(port), "--validate-request", "false"]
        self.process = subprocess.Popen(
            command, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        for line in self.process.stdout:
            self.lines.append(line)
            if "is listening" in line:
                return
        raise AssertionError("prism did not start:\n" + "".join(self.lines))

    def stop(self):
        self.process.terminate()
        self.process.communicate(timeout=20)


@pytest.fixture(scope="module")
def proxy(shared, free_port):
    proxy = Proxy(shared, free_port())
    yield proxy
    proxy.stop()


GROUPS, MEMBERS = ("prism", "prism.2"), ("first", "second", "third")


@pytest.fixture
def known(shared):
    """What a good request may name: members of groups, and commands that were sent to some of them."""
    commands = []
    for group in GROUPS:
        for name in MEMBERS:
            joined = rest.post(shared, f"/v1/groups/{group}/members", {"name": name, "ttlMs": 600_000})
            assert joined.status == 200, joined
        sent = rest.post(shared, f"/v1/groups/{group}/commands", {"name": MEMBERS[0], "text": "x"})
        commands.append(sent.json()["command"]["id"])
    for name in MEMBERS:
        sequence = {"name": name, "mode": "SEQUENCE_MODE_BLOCK", "revive": True}
        assert rest.post(shared, "/v1/sequences", sequence).status == 200
    return {"commandId": commands}


GOOD = {
    "count": lambda r: r.choice([1, 2, 3, r.randint(1, 500)]),
    "tag": lambda r: 0,
    "form": lambda r: r.choice(["ids", "runs"]),
    "format": lambda r: r.choice(["decimal", "hex", "base32", "base62"]),
    "id": lambda r: r.choice([0, 1, 2**62, 2**63 - 1, r.getrandbits(63)]),
    "start": lambda r: r.choice(["2026-03-01T12:00:00Z", "2026-03-01T12:00:00.123456+05:30", "1772366400000"]),
    "end": lambda r: r.choice(["2027-03-01T12:00:00Z", "2027-03-01T12:00:00-08:00", "1804902400000"]),
    "requestId": lambda r: f"parameter {r.getrandbits(64)}",
    "Idempotency-Key": lambda r: f'"header {r.getrandbits(64)}"',
    "Prefer": lambda r: r.choice(["wait=0.01", "respond-async", "wait=1, x=y"]),
    "group": lambda r: r.choice(GROUPS),
    "name": lambda r: r.choice(MEMBERS),
    "sessionId": lambda r: 0,
    "ttlMs": lambda r: r.randint(2000, 600_000),
    "callbackUrl": lambda r: "http://127.0.0.1:9/commands",
    "text": lambda r: r.choice(["x", "go \u00fc", "a\nb"]),
    "pageSize": lambda r: r.choice([1, 2, 1000]),
    "pageToken": lambda r: "",
    "prefix": lambda r: r.choice(["", "f"]),
    "mode": lambda r: "SEQUENCE_MODE_BLOCK",
    "increment": lambda r: "1",
    "minimum": lambda r: "1",
    "maximum": lambda r: str(2**63 - 1),
    "block": lambda r: 10000,
    "revive": lambda r: True,
    "next": lambda r: str(r.getrandbits(50)),
    "force": lambda r: r.choice(MEMBERS),
    "maxCommands": lambda r: r.choice([1, 1000]),
    "maxDeliveries": lambda r: r.choice([0, 2, 10_000]),
}
# Fields of bodies that mean something else in a query.
GOOD_BODY = {"start": lambda r: "1"}
BAD = [
    "",
    "x",
    "-1",
    "0",
    "99999999999999999999",
    "1e3",
    "1.0",
    " 1",
    "\u00fc",
    "%",
    "\0",
    "null",
    "a" * 300,
    "1970-01-01",
    "9999999",
]
ACCEPT = [
    None,
    None,
    None,
    "*/*",
    "application/json",
    "text/plain",
    "text/html",
    "image/png",
    "text/plain;q=0.1, application/json",
    "nonsense",
]


def document():
    return yaml.safe_load((ROOT / "openapi.yaml").read_text())


def parameters(whole, operation):
    for parameter in operation.get("parameters", []):
        if "$ref" in parameter:
            parameter = whole["components"]["parameters"][parameter["$ref"].split("/")[-1]]
        yield parameter


def body_of(whole, operation, chance, spoil):
    """The fields of a JSON body, or None."""
    if "requestBody" not in operation:
        return None
    name = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"].split("/")[-1]
    schema = whole["components"]["schemas"][name]
    fields = {}
    for name in schema["properties"]:
        if name not in schema["required"] and chance.random() < 0.5 or spoil and chance.random() < 0.1:
            continue
        fields[name] = {**GOOD, **GOOD_BODY}[name](chance)
        if spoil and chance.random() < 0.3:
            fields[name] = chance.choice([*BAD, 0, -1, 1.5, None, [], {}])
    if spoil and chance.random() < 0.1:
        fields["unknown"] = 1
    return fields


def request(whole, path, operation, chance, spoil, known):
    """A path, headers and a body for an operation; with `spoil` something in them may be wrong."""
    query, headers = [], {}
    body = body_of(whole, operation, chance, spoil)
    for parameter in parameters(whole, operation):
        name, place = parameter["name"], parameter["in"]
        if not parameter.get("required") and chance.random() < 0.5 or spoil and chance.random() < 0.1:
            if place != "path":
                continue
        keys = [given for given, _ in query] + list(body or ())
        if name == "Idempotency-Key" and not spoil and "requestId" in keys:
            continue  # one of the two
        value = str(chance.choice(known[name]) if name in known else GOOD[name](chance))
        if spoil and chance.random() < 0.4:
            value = chance.choice(BAD)
        if place == "path":
            path = path.replace(f"{{{name}}}", urllib.parse.quote(value or "x", safe=""))
        elif place == "query":
            query.append((name, value))
        else:
            headers[name] = value.encode("latin-1", "replace").decode("latin-1").replace("\0", "")
    if spoil and chance.random() < 0.2:
        query.append(chance.choice(query) if query and chance.random() < 0.5 else ("unknown", "1"))
    accept = chance.choice(ACCEPT)
    if accept:
        headers["Accept"] = accept
    if body is not None:
        headers["Content-Type"] = "text/plain" if spoil and chance.random() < 0.1 else "application/json"
        body = json.dumps(body)
    text = urllib.parse.urlencode(query, quote_via=urllib.parse.quote)
    return path + ("?" + text if text else ""), headers, body


def violations(reply):
    """What Prism has to say against a reply, or nothing."""
    told = reply.headers.get_all("sl-violations") or []
    found = [one for text in told for one in json.loads(text) if one.get("location", [""])[0] == "response"]
    if "VIOLATIONS" in reply.text[:400] and reply.type == "application/problem+json":
        found.append(reply.json())
    return found


def ends(operation):
    """Not so event streams, for whose end the proxy would wait."""
    return "text/event-stream" not in operation["responses"]["200"]["content"]


@pytest.mark.parametrize("spoil", [False, True])
@pytest.mark.parametrize(
    "path, verb",
    [
        (path, verb)
        for path, item in document()["paths"].items()
        for verb, operation in item.items()
        if ends(operation)
    ],
)
def test_replies_fit(proxy, known, path, verb, spoil):
    whole = document()
    chance = random.Random(f"{SEED}{path}{verb}{spoil}")
    connection = rest.connect(proxy)
    statuses = set()
    operation = whole["paths"][path][verb]
    for _ in range(40 if operation.get("parameters") else 8):
        target, headers, body = request(whole, path, operation, chance, spoil, known)
        reply = rest.ask(connection, target, headers, verb.upper(), body)
        assert violations(reply) == [], f"{verb} {target} {headers} {body}: {reply.status} {reply.text[:300]}"
        statuses.add(reply.status)
    # The shared ordinald's clock has made no step to decide on.
    good = 409 if path.startswith("/v1/clock:") else 200
    assert good in statuses or spoil, statuses
    connection.close()


def test_a_planted_violation_is_reported(start, free_port, tmp_path):
    """The proxy is shown to see: against a document that promises another field, the reply does not fit."""
    text = (ROOT / "openapi.yaml").read_text()
    wrong = text.replace("required: [id]\n", "required: [id, colour]\n")
    assert wrong != text
    (tmp_path / "openapi.yaml").write_text(wrong)
    target = start()
    port = free_port()
    command = [NODE / "node_modules/.bin/prism", "proxy", tmp_path / "openapi.yaml", target.url, "--errors"]
    process = subprocess.Popen(
        [*command, "--port", str(port)], env=environment(), stdout=subprocess.PIPE, text=True
    )
    try:
        next(line for line in process.stdout if "is listening" in line)
        proxy = type("Proxy", (), {"http": f"127.0.0.1:{port}"})
        assert violations(rest.get(proxy, "/v1/id")) != []
    finally:
        process.terminate()
        process.communicate(timeout=20)
