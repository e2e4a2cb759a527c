"""Request IDs: a call that is repeated gets the same IDs, over both protocols and across a crash."""
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
import pytest

import metrics
import rest
from daemon import SMALL, SMALL_BATCH, run_client, state_folder

ALLOWED = "allowed 1 to 128 printable ASCII characters"


@pytest.fixture
def state():
    with state_folder() as folder:
        yield Path(folder) / "state"


def ask(target, key, count=3, more=""):
    return rest.get(target, f"/v1/ids?count={count}{more}", {"Idempotency-Key": key})


def over_rest(target, key, count=3, more=""):
    reply = ask(target, key, count, more)
    assert reply.status == 200, reply
    return [int(one) for one in reply.json()["ids"]]


def test_both_protocols_give_the_same(shared, client):
    calls = client(shared)
    given = calls.ids(3, request_id="both")
    assert calls.ids(3, request_id="both") == given
    assert over_rest(shared, "both") == given
    assert over_rest(shared, '"both"') == given  # quoted, as the draft of the header has it
    by_parameter = rest.get(shared, "/v1/ids?count=3&requestId=both")
    assert [int(one) for one in by_parameter.json()["ids"]] == given
    runs = ask(shared, "both", more="&form=runs&format=hex").json()["runs"]
    assert int(runs[0]["first"], 16) == given[0]
    others = [over_rest(shared, "other"), calls.ids(3), calls.ids(3, request_id="another")]
    assert len({one for ids in [given, *others] for one in ids}) == 12


def test_the_client_takes_a_key(shared):
    over_grpc, over_http = (
        run_client(*server, "get", "-n", "3", "--request-id", "client key 100%&=")
        for server in (("--grpc", shared.grpc), ("--http", shared.url))
    )
    assert over_grpc.returncode == over_http.returncode == 0, (over_grpc, over_http)
    assert over_grpc.stdout == over_http.stdout
    for wrong in ("-n", "5", "--batch", "4", "--request-id", "k"), ("--request-id", ""):
        assert run_client("--grpc", shared.grpc, "get", *wrong).returncode == 2


def test_another_count_or_tag(start, client):
    target = start("--layout", "tick:41,node:8,sequence:10,tag:4")
    calls = client(target)
    given = calls.ids(3, tag=2, request_id="k")
    for fields in {"count": 4, "tag": 2}, {"count": 3, "tag": 1}:
        failure = calls.fails("GetIds", request_id="k", **fields)
        assert (failure.code, failure.reason) == (grpc.StatusCode.ALREADY_EXISTS, "request-mismatch")
        assert failure.retry_seconds is None
        ask(target, "k", fields["count"], f"&tag={fields['tag']}").is_problem(422, "request-mismatch")
    assert over_rest(target, "k", 3, "&tag=2") == given


def test_keys_that_are_refused(shared, client):
    calls = client(shared)
    longest = "~" * 128
    assert calls.ids(1, request_id=longest) == over_rest(shared, longest, 1)
    for key in longest + "~", longest * 20, "a\tb", "ä", "a\0b":
        failure = calls.fails("GetIds", count=1, request_id=key)
        assert failure.code == grpc.StatusCode.INVALID_ARGUMENT and ALLOWED in failure.message, failure
    for key in longest + "~", "", '""', "ä":
        assert ALLOWED in ask(shared, key, 1).is_problem(400, "invalid-argument")
    for key in "", "a%09b", "%c3%a4", "x" * 129:
        reply = rest.get(shared, f"/v1/ids?count=1&requestId={key}")
        assert ALLOWED in reply.is_problem(400, "invalid-argument")
    ask(shared, "k", 1, "&requestId=k").is_problem(400, "repeated-parameter")
    rest.get(shared, "/v1/id", {"Idempotency-Key": "k"}).is_problem(400, "invalid-argument")
    assert calls.ids(1, request_id="") != calls.ids(1, request_id="")  # none


def test_many_at_once_get_the_same(start, client):
    target = start()
    calls = client(target)
    keys = [f"key-{i // 8}" for i in range(160)]

    def call(i):
        return calls.ids(2, request_id=keys[i]) if i % 2 else over_rest(target, keys[i], 2)

    with ThreadPoolExecutor(32) as threads:
        given = list(threads.map(call, range(len(keys))))
    by_key = {}
    for key, ids in zip(keys, given):
        assert by_key.setdefault(key, ids) == ids
    assert len({one for ids in by_key.values() for one in ids}) == 2 * len(by_key)
    samples = metrics.read(target)
    assert samples["ordinal_requests_remembered", ""] == len(by_key)
    assert 1 <= samples["ordinal_request_commits_total", 'result="ok"'] <= len(by_key)
    assert samples["ordinal_request_commits_total", 'result="failed"'] == 0
    assert sum(samples["ordinal_ids_total", f'protocol="{one}"'] for one in ("grpc", "rest")) <= 2 * len(by_key)


def test_a_crash_in_between(state, start, client):
    where = ("--node-id", "7", "--state-dir", str(state))
    target = start(*where)
    given = {f"key {i}": client(target).ids(5, request_id=f"key {i}") for i in range(20)}
    given["rest"] = over_rest(target, "rest", 5)
    later = client(target).ids(5)
    target.kill()

    target = start(*where)
    calls = client(target)
    for key, ids in given.items():
        assert calls.ids(5, request_id=key) == ids == over_rest(target, key, 5), key
    assert calls.ids(5)[0] > later[-1]
    assert metrics.read(target)["ordinal_requests_remembered", ""] == len(given)
    target.stop()

    target = start(*where)  # a clean stop keeps them, too
    assert over_rest(target, "rest", 5) == given["rest"]


def test_a_full_table_refuses_and_forgets_nothing(state, start, client):
    where = ("--state-dir", str(state), "--request-max", "3", "--request-life", "1h")
    target = start(*where)
    given = [over_rest(target, str(i)) for i in range(3)]
    reply = ask(target, "3")
    assert "3 requests are remembered" in reply.is_problem(429, "capacity")
    assert 3500 <= int(reply.headers["Retry-After"]) <= 3600
    failure = client(target).fails("GetIds", count=3, request_id="3")
    assert failure.code == grpc.StatusCode.RESOURCE_EXHAUSTED and 3500 <= failure.retry_seconds <= 3600
    assert [over_rest(target, str(i)) for i in range(3)] == given
    assert client(target).ids(3)  # those without a key go on
    target.kill()
    target = start(*where)
    ask(target, "3").is_problem(429, "capacity")
    assert [over_rest(target, str(i)) for i in range(3)] == given


def test_a_life_that_is_over(state, start):
    where = ("--state-dir", str(state), "--request-max", "1")
    target = start(*where, "--request-life", "100ms")
    first = over_rest(target, "k", 1)
    while (again := over_rest(target, "k", 1)) == first:
        pass
    assert again[0] > first[0]
    while ask(target, "l", 1).status == 429:
        pass
    target.kill()
    target = start(*where, "--request-life", "1ms")
    assert metrics.read(target)["ordinal_requests_remembered", ""] == 0


def test_in_memory_it_lasts_as_long_as_the_process(start):
    target = start("--state", "memory")
    assert over_rest(target, "k") == over_rest(target, "k")


def test_ids_ahead_of_the_clock_are_held_back(start, client):
    target = start(*SMALL, "--node-id", "1")
    calls = client(target)
    calls.ids(SMALL_BATCH, request_id="first")
    with ThreadPoolExecutor(2) as threads:  # both wait: for the disk, then for the clock
        twins = list(threads.map(lambda _: calls.ids(SMALL_BATCH, request_id="second"), range(2)))
    assert twins[0] == twins[1]
    refused = ask(target, "third", SMALL_BATCH)
    assert refused.status == 429 and refused.headers["Retry-After"]
    waited = rest.get(target, f"/v1/ids?count={SMALL_BATCH}&requestId=third", {"Prefer": "wait=5"})
    assert waited.status == 200
