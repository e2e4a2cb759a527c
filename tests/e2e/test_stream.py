"""StreamIds by Python's grpcio."""
import queue
import time

import grpc
import pytest

import metrics
from daemon import SMALL
from ids import Failure, expand


@pytest.fixture
def calls(client, shared):
    return client(shared)


class Requests:
    """An iterator of requests that is fed while the stream is open."""

    def __init__(self):
        self._queue = queue.Queue()

    def send(self, item):
        self._queue.put(item)

    def close(self):
        self._queue.put(None)

    def __iter__(self):
        return iter(self._queue.get, None)


def failure_of(stream, types):
    with pytest.raises(grpc.RpcError) as caught:
        next(stream)
    return Failure(caught.value, types)


def test_one_reply_a_request_in_order(calls):
    counts = [1, 5000, 2, 100_000, 3] * 4
    replies = [expand(reply.runs) for reply in calls.stream(counts)]
    assert [len(ids) for ids in replies] == counts
    everything = [one for ids in replies for one in ids]
    assert everything == sorted(set(everything))


def test_replies_come_while_the_stream_is_open(calls):
    requests = Requests()
    stream = calls.stream(requests)
    last = 0
    for count in (1, 10, 100):
        requests.send(count)
        ids = expand(next(stream).runs)
        assert len(ids) == count and ids[0] > last
        last = ids[-1]
    requests.close()
    assert list(stream) == []
    assert stream.code() == grpc.StatusCode.OK


def test_half_close_without_a_request(calls):
    stream = calls.stream([])
    assert list(stream) == []
    assert stream.code() == grpc.StatusCode.OK


def test_a_bad_request_ends_the_stream_and_keeps_what_was_given(calls):
    requests = Requests()
    stream = calls.stream(requests)
    requests.send(3)
    assert len(expand(next(stream).runs)) == 3
    requests.send(0)
    failure = failure_of(stream, calls.types)
    assert (failure.code, failure.reason) == (grpc.StatusCode.OUT_OF_RANGE, "out-of-range")
    assert failure.message.startswith("count: 0 is out of range")
    requests.close()


def test_cancel_frees_the_stream(calls):
    for _ in range(120):  # more than the streams that a connection may have at a time
        requests = Requests()
        stream = calls.stream(requests)
        requests.send(1)
        next(stream)
        stream.cancel()
        requests.close()
    assert calls.call("GetId").id > 0


def test_deadline_ends_the_stream(calls):
    requests = Requests()
    stream = calls.stream(requests, timeout=1)
    requests.send(1)
    next(stream)
    assert failure_of(stream, calls.types).code == grpc.StatusCode.DEADLINE_EXCEEDED
    requests.close()


def ids_given(target):
    return metrics.read(target)["ordinal_ids_total", 'protocol="grpc"']


def settled(read, patience=30):
    """The value of `read` once it has not changed for half a second."""
    until, last, since = time.monotonic() + patience, read(), time.monotonic()
    while time.monotonic() < until:
        time.sleep(0.05)
        now = read()
        if now != last:
            last, since = now, time.monotonic()
        elif time.monotonic() - since > 0.5:
            return last
    raise AssertionError(f"still changing: {last}")


def test_a_slow_reader_slows_only_itself(start, client):
    """Each reply here is some 4 kB, and the layout has room for 4000 of them at once. A caller that does not read
    is given no more than fits the transport; others go on; what it reads later is in order."""
    target = start("--layout", "tick:50,node:2,sequence:2", "--time-unit", "10us", "--borrow", "10s")
    slow, other = client(target), client(target)
    stream = slow.stream([1000] * 3900, timeout=120)
    first = expand(next(stream).runs)
    given = settled(lambda: ids_given(target))
    assert given < 3_000_000, "replies are made although nobody reads them"
    assert other.ids(10)[0] > first[-1]

    last, read = first[-1], 1
    for reply in stream:
        ids = expand(reply.runs)
        assert len(ids) == 1000 and ids[0] > last
        last, read = ids[-1], read + 1
    assert read == 3900


def test_many_streams_at_once(calls):
    opened = []
    for _ in range(50):
        requests = Requests()
        opened.append((requests, calls.stream(requests)))
    everything = []
    for round_ in range(5):
        for requests, _ in opened:
            requests.send(10)
        for _, stream in opened:
            everything += expand(next(stream).runs)
    for requests, stream in opened:
        requests.close()
        assert list(stream) == []
    assert len(set(everything)) == 50 * 5 * 10


def test_waiting_within_a_stream(start, client):
    calls = client(start(*SMALL))
    requests = Requests()
    stream = calls.stream(requests)
    for item in [(150, 0, 0), (150, 0, 5000), (150, 0, 5000)]:
        requests.send(item)
        assert len(expand(next(stream).runs)) == 150
    requests.send((150, 0, 0))
    failure = failure_of(stream, calls.types)
    assert (failure.code, failure.reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "capacity")
    assert 0 < failure.retry_seconds <= 1.1
    requests.close()
