"""More than the layout gives: refused at once with a hint, or waited for by callers that have the time."""
import time

import grpc
import pytest

import rest
from daemon import SMALL, SMALL_BATCH as BATCH


@pytest.fixture
def small(start):
    return start(*SMALL)


def test_without_a_deadline_a_call_is_refused_at_once(small, client):
    calls = client(small)
    calls.call("GetIds", count=BATCH, timeout=None)
    begun = time.monotonic()
    failure = calls.fails("GetIds", count=BATCH, timeout=None)
    assert time.monotonic() - begun < 3, "it waited"
    assert (failure.code, failure.reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "capacity")
    assert 0 < failure.retry_seconds <= 1.1


def test_the_hint_is_true(small, client):
    calls = client(small)
    calls.call("GetIds", count=BATCH, timeout=None)
    failure = calls.fails("GetIds", count=BATCH, timeout=None)
    until = time.monotonic() + failure.retry_seconds
    while time.monotonic() < until:
        time.sleep(until - time.monotonic() + 0.001)
    calls.call("GetIds", count=BATCH, timeout=None)


def test_with_a_deadline_a_call_waits(small, client):
    calls = client(small)
    first = calls.ids(BATCH, timeout=5)
    begun = time.monotonic()
    second = calls.ids(BATCH, timeout=5)
    assert time.monotonic() - begun > 0.2
    assert first[-1] < second[0]


def test_waiting_holds_nobody_else_up(small, client):
    waiting, other = client(small), client(small)
    waiting.ids(BATCH, timeout=5)
    request = waiting.request("GetIds", count=BATCH)
    futures = [waiting.method("GetIds").future(request, timeout=20) for _ in range(4)]  # the last waits for 3 s
    other.check()
    other.call("DescribeId", id=1)
    rest.get(small, "/livez")
    assert not all(future.done() for future in futures), "others had to wait, too"
    assert [sum(run.count for run in future.result().runs) for future in futures] == [BATCH] * 4


def test_a_deadline_too_near_is_refused_at_once(small, client):
    calls = client(small)
    calls.ids(BATCH, timeout=5)
    failure = calls.fails("GetIds", count=BATCH, timeout=0.5)
    assert failure.code == grpc.StatusCode.RESOURCE_EXHAUSTED and failure.reason == "capacity", failure


def test_more_than_can_ever_be_had_is_out_of_range(small, client):
    failure = client(small).fails("GetIds", count=1000, timeout=5)
    assert failure.code == grpc.StatusCode.OUT_OF_RANGE
    assert failure.message.startswith("count: 1000 is out of range; allowed 1 to ")


def test_rest_is_refused_with_retry_after(small):
    assert rest.get(small, f"/v1/ids?count={BATCH}").status == 200
    reply = rest.get(small, f"/v1/ids?count={BATCH}")
    reply.is_problem(429, "capacity")
    assert reply.headers["Retry-After"] in ("1", "2")


def test_rest_waits_when_it_is_preferred(small):
    assert rest.get(small, f"/v1/ids?count={BATCH}").status == 200
    begun = time.monotonic()
    reply = rest.get(small, f"/v1/ids?count={BATCH}", {"Prefer": "wait=3"})
    assert reply.status == 200 and len(reply.json()["ids"]) == BATCH
    assert time.monotonic() - begun > 0.2


def test_both_front_ends_share_one_budget(small, client):
    client(small).call("GetIds", count=BATCH, timeout=None)
    rest.get(small, f"/v1/ids?count={BATCH}").is_problem(429, "capacity")
