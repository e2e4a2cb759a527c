"""Named sequences over both protocols: what they promise, across stops and crashes, and every refusal word for word."""
import fcntl
import json
import os
import struct
import threading
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote, urlencode

import grpc
import pytest
from google.protobuf.json_format import MessageToDict

import ids
import metrics
import rest
from daemon import state_folder

SERVICE = "ordinal.v1.SequenceService"
BLOCK, GAPLESS = "SEQUENCE_MODE_BLOCK", "SEQUENCE_MODE_GAPLESS"
MODES = (BLOCK, GAPLESS)
MAXIMUM = 2**63 - 1
NAMES_ALLOWED = "allowed 1 to 128 of A-Z a-z 0-9 . _ - ~"


class Refused(Exception):
    """A refusal: stable code and text; the same over both protocols."""

    def __init__(self, code, text, retry):
        super().__init__(code, text)
        self.code, self.text, self.retry = code, text, retry


class OverGrpc:
    def __init__(self, target, types):
        self.client = ids.Client(target.grpc, types)
        self.types = types

    def call(self, method, **fields):
        request = self.types[f"ordinal.v1.{method}Request"](**fields)
        try:
            reply = self.client.method(method, SERVICE)(request, timeout=20)
        except grpc.RpcError as error:
            failure = ids.Failure(error, self.types)
            raise Refused(failure.reason, failure.message, failure.retry_seconds) from error
        return MessageToDict(reply, including_default_value_fields=True)

    def close(self):
        self.client.close()


class OverRest:
    ROUTES = {
        "CreateSequence": ("POST", "/v1/sequences"),
        "Next": ("POST", "/v1/sequences/{name}/next"),
        "GetSequence": ("GET", "/v1/sequences/{name}"),
        "ListSequences": ("GET", "/v1/sequences"),
        "SetSequence": ("POST", "/v1/sequences/{name}:set"),
        "DeleteSequence": ("DELETE", "/v1/sequences/{name}"),
    }

    def __init__(self, target, types):
        self.connection = rest.connect(target)

    def call(self, method, **fields):
        verb, route = self.ROUTES[method]
        fields = {camel(name): value for name, value in fields.items()}
        if "{name}" in route:
            route = route.format(name=quote(fields.pop("name"), safe=""))
        body, headers = None, {}
        if verb == "POST":
            body, headers = json.dumps(fields), {"Content-Type": "application/json"}
        elif fields:
            route += "?" + urlencode(fields)
        self.connection.request(verb, route, body, headers)
        got = self.connection.getresponse()
        reply = rest.Reply(got.status, got.headers, got.read())
        if reply.status != 200:
            problem = reply.json()
            retry = reply.headers["Retry-After"]
            raise Refused(problem["code"], problem["detail"], retry and float(retry))
        return reply.json()

    def close(self):
        self.connection.close()


def camel(name):
    first, *rest_of = name.split("_")
    return first + "".join(word.capitalize() for word in rest_of)


class Sequences:
    """Calls by name, over one of the protocols."""

    def __init__(self, over):
        self.over = over

    def create(self, name, mode=GAPLESS, **fields):
        return self.over.call("CreateSequence", name=name, mode=mode, **fields)

    def next(self, name, **fields):
        reply = self.over.call("Next", name=name, **fields)
        first, last, step = (int(reply[key]) for key in ("first", "last", "increment"))
        values = list(range(first, last + 1, step))
        assert len(values) == reply["count"] == fields.get("count", 1)
        return values

    def get(self, name):
        return self.over.call("GetSequence", name=name)["sequence"]

    def page(self, **fields):
        reply = self.over.call("ListSequences", **fields)
        return [one["name"] for one in reply["sequences"]], reply["nextPageToken"]

    def set(self, name, **fields):
        return self.over.call("SetSequence", name=name, **fields)["sequence"]

    def delete(self, name):
        return self.over.call("DeleteSequence", name=name)["sequence"]

    def refusal(self, method, **fields):
        with pytest.raises(Refused) as caught:
            self.over.call(method, **fields)
        return caught.value.code, caught.value.text


PROTOCOLS = {"grpc": OverGrpc, "rest": OverRest}


@pytest.fixture
def connect(types):
    opened = []

    def make(target, protocol="grpc"):
        opened.append(PROTOCOLS[protocol](target, types))
        return Sequences(opened[-1])

    yield make
    for one in opened:
        one.close()


@pytest.fixture(params=PROTOCOLS)
def calls(request, shared, connect):
    return connect(shared, request.param)


@pytest.fixture
def name(request):
    """A name of the test's own."""
    return "".join(c if c.isalnum() else "-" for c in request.node.name)[-100:]


@pytest.fixture
def state():
    with state_folder() as folder:
        yield Path(folder) / "state"


def test_what_is_created_is_told(calls, name):
    made = calls.create(name, BLOCK)
    assert made["created"]
    told = made["sequence"]
    assert told.pop("createTime").endswith("Z")
    assert told == {
        "name": name,
        "mode": BLOCK,
        "start": "1",
        "increment": "1",
        "minimum": "1",
        "maximum": str(MAXIMUM),
        "block": 10000,
        "next": "1",
        "exhausted": False,
    }
    again = calls.create(name, BLOCK)
    assert not again["created"] and again["sequence"]["name"] == name
    given = dict(start=-5, increment=3, minimum=-10, maximum=100)
    told = calls.create(name + ".other", GAPLESS, **given)["sequence"]
    assert {key: int(told[key]) for key in given} == given
    assert (told["mode"], told["block"], told["next"]) == (GAPLESS, 0, "-5")


@pytest.mark.parametrize("mode", MODES)
def test_values_rise_over_both_protocols(shared, connect, name, mode):
    over = [connect(shared, protocol) for protocol in PROTOCOLS]
    over[0].create(name, mode, increment=2, start=0, minimum=0)
    given = [value for i in range(20) for value in over[i % 2].next(name, count=i % 3 + 1)]
    assert given == [2 * i for i in range(len(given))]
    assert [one.get(name)["next"] for one in over] == [str(2 * len(given))] * 2


@pytest.mark.parametrize("mode", MODES)
def test_many_callers_share_without_gap_or_repeat(shared, connect, name, mode):
    connect(shared).create(name, mode, **({"block": 7} if mode == BLOCK else {}))

    def caller(number):
        mine = connect(shared, ("grpc", "rest")[number % 2])
        return [value for i in range(50) for value in mine.next(name, count=i % 3 + 1)]

    with ThreadPoolExecutor(8) as pool:
        given = list(pool.map(caller, range(8)))
    assert all(mine == sorted(mine) for mine in given)
    assert sorted(value for mine in given for value in mine) == list(range(1, 8 * 99 + 1))


def test_a_key_brings_the_same_values(shared, connect, name):
    over = [connect(shared, protocol) for protocol in PROTOCOLS]
    for mode in MODES:
        over[0].create(name + mode, mode)
        given = over[0].next(name + mode, count=3, request_id="k")
        over[1].next(name + mode)
        assert all(one.next(name + mode, count=3, request_id="k") == given for one in over)
        key = {"name": name + mode, "count": 2, "request_id": "k"}
        text = "request_id: it was used for count 3; allowed with the same count, or choose another"
        assert [one.refusal("Next", **key) for one in over] == [("request-mismatch", text)] * 2
    reply = rest.get(shared, f"/v1/sequences/{name}{GAPLESS}/next?count=3", {"Idempotency-Key": "k"})
    assert [reply.json()["first"], reply.json()["last"]] == ["1", "3"]


def test_bare_digits(shared, connect, name):
    connect(shared).create(name, GAPLESS, start=-1)
    plain = {"Accept": "text/plain"}
    path = f"/v1/sequences/{name}/next"
    reply = rest.get(shared, path, plain)
    assert (reply.text, reply.type) == ("-1\n", "text/plain")
    assert rest.get(shared, path + "?count=3", plain, method="POST").text == "0\n1\n2\n"
    assert reply.headers["Cache-Control"] == "no-store"
    assert rest.get(shared, path, method="HEAD").status == 405, "what is taken is not thrown away"
    assert rest.get(shared, path, plain).text == "3\n"


def test_names(calls):
    longest = "x" * 128
    assert calls.create(longest)["sequence"]["name"] == longest
    assert calls.create("A-z.0_9~")["sequence"]["name"] == "A-z.0_9~"
    for wrong, says in ("x" * 129, "is too long"), ("ä", "has other characters"), ("a b", "has other characters"):
        text = f"name: it {says}; {NAMES_ALLOWED}"
        for method in "Next", "GetSequence", "CreateSequence", "DeleteSequence":
            assert calls.refusal(method, name=wrong) == ("invalid-argument", text)
    assert calls.refusal("CreateSequence", name="") == ("invalid-argument", f"name: it is empty; {NAMES_ALLOWED}")
    text = "name: .. means another path in a URL; allowed is any other name"
    assert calls.refusal("CreateSequence", name="..") == ("invalid-argument", text)


def test_properties_that_cannot_be(calls, name):
    for fields, code, text in (
        ({}, "invalid-argument", "mode: it is required; allowed SEQUENCE_MODE_BLOCK, SEQUENCE_MODE_GAPLESS"),
        (
            {"mode": GAPLESS, "increment": -1},
            "out-of-range",
            f"increment: -1 is out of range; allowed 1 to {MAXIMUM}",
        ),
        (
            {"mode": GAPLESS, "start": 5, "minimum": 6},
            "out-of-range",
            "start: 5 is below the minimum 6; allowed from there to the maximum",
        ),
        (
            {"mode": GAPLESS, "start": 5, "maximum": 4},
            "out-of-range",
            "start: 5 is above the maximum 4; allowed from the minimum to there",
        ),
        (
            {"mode": GAPLESS, "block": 5},
            "out-of-range",
            "block: 5 is out of range; mode gapless has no blocks",
        ),
        (
            {"mode": BLOCK, "block": 1000001},
            "out-of-range",
            "block: 1000001 is out of range; allowed 1 to 1000000",
        ),
    ):
        assert calls.refusal("CreateSequence", name=name, **fields) == (code, text)
    assert calls.refusal("GetSequence", name=name) == ("not-found", f"name: there is no sequence {name}")


def test_refusals_of_next(calls, name):
    absent = "not-found", f"name: there is no sequence {name}"
    assert calls.refusal("Next", name=name) == absent
    calls.create(name)
    text = "count: 1000001 is out of range; allowed 1 to 1000000"
    assert calls.refusal("Next", name=name, count=1000001) == ("out-of-range", text)
    text = "request_id: it has characters that are not printable ASCII; allowed 1 to 128 printable ASCII characters"
    assert calls.refusal("Next", name=name, request_id="ä") == ("invalid-argument", text)
    assert calls.next(name) == [1]
    other = "already-exists", f"name: there is a sequence {name}, with other properties"
    assert calls.refusal("CreateSequence", name=name, mode=BLOCK) == other


@pytest.mark.parametrize("mode", MODES)
def test_the_largest_value_is_the_last(calls, name, mode):
    calls.create(name, mode, start=MAXIMUM - 4, increment=2)
    assert calls.next(name) == [MAXIMUM - 4]
    text = f"count: 3 values are not left up to the maximum {MAXIMUM}; allowed 1 to 2"
    assert calls.refusal("Next", name=name, count=3) == ("exhausted", text)
    assert calls.next(name, count=2) == [MAXIMUM - 2, MAXIMUM]
    over = "exhausted", f"no value is left up to the maximum {MAXIMUM}"
    for _ in range(3):
        assert calls.refusal("Next", name=name) == over
    assert calls.get(name)["exhausted"]


@pytest.mark.parametrize("mode", MODES)
def test_set_forward_and_by_force_backward(calls, name, mode):
    calls.create(name, mode, maximum=1000)
    calls.next(name, count=10)
    for next_value, at in (10, 11), (1, 11):
        text = (
            f"next: {next_value} lies below the next value {at}, so that values would come again; allowed above that, "
            "or with the sequence's name as force"
        )
        for force in "", "yes":
            refused = calls.refusal("SetSequence", name=name, next=next_value, force=force)
            assert refused == ("failed-precondition", text)
    assert calls.set(name, next=100)["next"] == "100"
    assert calls.next(name) == [100]
    assert calls.set(name, next=5, force=name)["next"] == "5"
    assert calls.next(name) == [5]
    for wrong in 0, 1001:
        text = f"next: {wrong} is out of range; allowed 1 to 1000"
        assert calls.refusal("SetSequence", name=name, next=wrong, force=name) == ("out-of-range", text)
    text = "next: it is required; give the value that comes next"
    assert calls.refusal("SetSequence", name=name) == ("invalid-argument", text)


def test_a_deleted_name_is_not_reborn_unnoticed(calls, name):
    calls.create(name)
    calls.next(name, count=3)
    assert calls.delete(name)["next"] == "4"
    gone = (
        "deleted",
        f"name: the sequence {name} was deleted; its name is taken again only by creating it with revive",
    )
    for method in "Next", "GetSequence", "DeleteSequence":
        assert calls.refusal(method, name=name) == gone
    assert calls.refusal("CreateSequence", name=name, mode=GAPLESS) == gone
    assert calls.page(prefix=name) == ([], "")
    assert calls.create(name, BLOCK, revive=True)["created"]
    assert calls.next(name) == [1]


def test_pages(calls, name):
    names = sorted(f"{name}.{i}" for i in range(25))
    for one in names:
        calls.create(one)
    assert calls.page(prefix=name + ".") == (names, "")
    found, token = [], ""
    while True:
        page, token = calls.page(prefix=name + ".", page_size=10, **({"page_token": token} if token else {}))
        found += page
        if not token:
            break
    assert found == names
    assert calls.page(prefix=name + ".24") == ([name + ".24"], "")
    text = "page_size: 1001 is out of range; allowed 1 to 1000"
    assert calls.refusal("ListSequences", page_size=1001) == ("out-of-range", text)
    text = "page_token: it cannot be read; allowed is the next_page_token of the page before"
    assert calls.refusal("ListSequences", page_token="/") == ("invalid-argument", text)
    text = "prefix: it has other characters; allowed 0 to 128 of A-Z a-z 0-9 . _ - ~"
    assert calls.refusal("ListSequences", prefix="/") == ("invalid-argument", text)


def test_a_clean_stop_skips_nothing(state, start, connect):
    expected = 1
    for run in range(3):
        target = start("--state-dir", state)
        calls = connect(target, ("grpc", "rest")[run % 2])
        for mode in MODES:
            assert calls.create(mode, mode)["created"] == (run == 0)
            assert calls.next(mode, count=5, request_id=f"run {run}") == list(range(expected, expected + 5))
            assert calls.next(mode) == [expected + 5]
        expected += 6
        target.stop()


WRITE_BYTE = 1 << 40  # of the lock file: locked for as long as a transaction takes


@contextmanager
def no_commits(state):
    """As long as a disk that hangs would: no transaction begins, while IDs go on for a while."""
    with open(f"{state}/node-0.lock", "r+b") as lock:
        fcntl.fcntl(lock, fcntl.F_OFD_SETLKW, struct.pack("hhqqi4x", fcntl.F_WRLCK, os.SEEK_SET, WRITE_BYTE, 1, 0))
        yield


def test_only_so_many_wait_and_others_are_served(state, start, connect):
    target = start("--state-dir", state, "--http-threads", "4")  # a quarter of which may wait
    calls = connect(target, "rest")
    for name, mode in (("invoices", GAPLESS), ("orders", BLOCK)):
        calls.create(name, mode)
        assert calls.next(name) == [1]
    with ThreadPoolExecutor() as pool:
        with no_commits(state):
            both = [pool.submit(rest.get, target, "/v1/sequences/invoices/next") for _ in range(2)]
            (refused,), (waiting,) = wait(both, rest.TIMEOUT, FIRST_COMPLETED)
            assert refused.result().is_problem(503, "unavailable") == "too many requests are waiting already"
            assert refused.result().headers["Retry-After"] == "1"
            assert calls.next("orders") == [2]
            assert rest.get(target, "/v1/id").status == 200
        assert waiting.result().json()["first"] == "2"
    assert calls.next("invoices") == [3]


def test_after_a_crash(state, start, connect):
    """Gapless: the callers retry by their keys until they are answered, and then there is no hole. Block: no repeat,
    and at most one block is skipped."""
    given = {mode: [] for mode in MODES}
    lock = threading.Lock()
    lost = {}

    def caller(calls, number):
        try:
            for i in range(100000):
                for mode in MODES:
                    key = f"{number} {i} {len(lost)}"
                    lost[number] = mode, key
                    values = calls.next(mode, **({"request_id": key} if mode == GAPLESS else {}))
                    with lock:
                        given[mode] += values
                    lost.pop(number)
        except (Refused, OSError, rest.http.client.HTTPException):
            return

    first = start("--state-dir", state)
    calls = connect(first)
    calls.create(BLOCK, BLOCK, block=50)
    calls.create(GAPLESS)
    with ThreadPoolExecutor(6) as pool:
        running = [
            pool.submit(caller, connect(first, ("grpc", "rest")[number % 2]), number) for number in range(6)
        ]
        while len(given[GAPLESS]) < 200:
            running[0].done() or threading.Event().wait(0.01)
        first.kill()
    second = connect(start("--state-dir", state), "rest")
    for mode, key in lost.values():
        if mode == GAPLESS:
            given[GAPLESS] += second.next(GAPLESS, request_id=key)
    given[GAPLESS] += second.next(GAPLESS)
    assert sorted(given[GAPLESS]) == list(range(1, len(given[GAPLESS]) + 1))
    last = max(given[BLOCK])
    assert last < second.next(BLOCK)[0] <= last + 50 + 6
    assert len(set(given[BLOCK])) == len(given[BLOCK])


def test_a_node_of_several_workers_has_none(start, connect):
    target = start("--worker", "0/2")
    text = (
        "this node is split among 2 workers, which could not keep one order of a sequence; sequences are allowed on "
        "nodes with one (--worker 0/1)"
    )
    for protocol in PROTOCOLS:
        refusal = connect(target, protocol).refusal("CreateSequence", name="a", mode=GAPLESS)
        assert refusal == ("failed-precondition", text)


def test_metrics_count_by_mode_and_by_name_if_asked(start, connect):
    named = {'name="a",mode="gapless"': 4, 'name="b",mode="block"': 5}
    for option, expected in ((), {}), (("--sequence-metrics", "name"), named):
        target = start("--state", "memory", *option)
        calls = connect(target)
        calls.create("a", GAPLESS)
        calls.create("b", BLOCK)
        calls.next("a", count=3)
        calls.next("a", request_id="k")
        calls.next("b", count=5)
        samples = metrics.wait(target, lambda now: now["ordinal_sequence_values_total", 'mode="block"'] == 5)
        assert samples["ordinal_sequence_values_total", 'mode="gapless"'] == 4
        assert samples["ordinal_sequence_values_total", 'mode="block"'] == 5
        assert samples["ordinal_sequence_commits_total", 'result="ok"'] >= 5
        assert samples["ordinal_sequence_commits_total", 'result="failed"'] == 0
        assert samples["ordinal_sequences_loaded", ""] == 2
        assert samples["ordinal_sequence_requests_remembered", ""] == 1
        by_name = {
            labels: value for (one, labels), value in samples.items() if one.endswith("values_by_name_total")
        }
        assert by_name == expected
        target.stop()
