"""/metrics is in order, and its numbers move with what happens."""
import subprocess
import time

import metrics
import rest
from daemon import SMALL, SMALL_BATCH


def moved(before, after):
    return {key: after[key] - before.get(key, 0) for key in after if after[key] != before.get(key, 0)}


def test_promtool_has_no_complaint(shared, client):
    calls = client(shared)
    calls.call("GetId")
    calls.fails("GetIds", count=0)
    rest.get(shared, "/v1/id")
    rest.get(shared, "/nowhere")
    reply = rest.get(shared, "/metrics")
    assert reply.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    done = subprocess.run(
        ["promtool", "check", "metrics"], input=reply.text, capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_calls_are_counted_once(start, client):
    target = start()
    calls = client(target)
    before = metrics.read(target)
    for _ in range(3):
        calls.call("GetId")
    calls.ids(100)
    calls.fails("GetIds", count=0)
    assert len(list(calls.stream([5, 6]))) == 2
    calls.call("DescribeId", id=1)
    for _ in range(2):
        rest.get(target, "/v1/id")
    rest.get(target, "/v1/ids?count=7")
    rest.get(target, "/v1/ids?count=0")
    rest.get(target, "/v1/ids/1", {"Accept": "image/png"})
    calls.raw("/no.Such/Method", b"")

    def one(protocol, method, code="ok"):
        return ("ordinal_calls_total", f'protocol="{protocol}",method="{method}",code="{code}"')

    def counted(after):
        return {key: value for key, value in moved(before, after).items() if key[0] == "ordinal_calls_total"}

    expected = {
        one("grpc", "GetId"): 3,
        one("grpc", "GetIds"): 1,
        one("grpc", "GetIds", "out-of-range"): 1,
        one("grpc", "StreamIds"): 2,  # each reply is one
        one("grpc", "DescribeId"): 1,
        one("grpc", "unknown", "unimplemented"): 1,
        one("rest", "GetId"): 2,
        one("rest", "GetIds"): 1,
        one("rest", "GetIds", "out-of-range"): 1,
        one("rest", "DescribeId", "not-acceptable"): 1,
    }
    assert counted(metrics.wait(target, lambda samples: counted(samples) == expected)) == expected
    after = metrics.wait(target, lambda samples: samples["ordinal_ids_total", 'protocol="rest"'] == 9)
    assert after["ordinal_ids_total", 'protocol="grpc"'] == 3 + 100 + 11
    assert after["ordinal_ids_total", 'protocol="rest"'] == 2 + 7
    count = ("ordinal_call_duration_seconds_count", 'protocol="grpc",method="GetId"')
    assert after[count] - before[count] == 3


def test_what_is_refused_gives_no_ids(start):
    target = start(*SMALL)
    rest.get(target, f"/v1/ids?count={SMALL_BATCH}")
    rest.get(target, f"/v1/ids?count={SMALL_BATCH}").is_problem(429, "capacity")

    def both(samples):
        return [metrics.calls(samples, "rest", "GetIds", code) for code in ("ok", "capacity")] == [1, 1]

    after = metrics.wait(target, both)
    assert both(after)
    assert metrics.wait(target, given)["ordinal_ids_total", 'protocol="rest"'] == SMALL_BATCH


def given(samples):
    return samples["ordinal_ids_total", 'protocol="rest"'] > 0


def test_probes_and_pages_are_no_calls(start):
    target = start()
    before = metrics.read(target)
    for path in ("/livez", "/readyz", "/docs", "/openapi.yaml", "/metrics"):
        rest.get(target, path)
    after = metrics.read(target)
    assert not [key for key in moved(before, after) if key[0] == "ordinal_calls_total"]


def test_ahead_and_reserved(start, client):
    target = start(*SMALL)
    assert metrics.read(target)["ordinal_ahead_seconds", ""] <= 0.1
    client(target).ids(SMALL_BATCH)
    after = metrics.read(target)
    assert 0.1 < after["ordinal_ahead_seconds", ""] <= 1.1
    assert after["ordinal_reserved_seconds", ""] > 0
    assert after["ordinal_ready", ""] == 1
    assert after["ordinal_clock_quarantined", ""] == 0


def test_the_end_of_the_layout(shared):
    samples = metrics.read(shared)
    end = samples["ordinal_layout_end_timestamp_seconds", ""]
    told = rest.get(shared, "/v1/ids/1").json()["layout"]["end"]
    assert time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(end)) == told[:19]


def test_info(start):
    samples = metrics.read(start("--node-id", "12", "--worker", "2/4"))
    (labels,) = [labels for name, labels in samples if name == "ordinal_info"]
    assert 'node="12"' in labels and 'worker="2"' in labels and 'workers="4"' in labels
    assert 'layout="tick:41,node:10,sequence:12"' in labels
